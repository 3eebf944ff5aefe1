//! Mail from an IMAP server into Maildirs, or from any mailbox into any other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use imap_sync::{Credentials, Endpoint, Guarded, Policy, Source, Target};
use ldif::Address;
use maildir_sync::{Finding, Severity};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::console::Console;
use crate::error::{Error, Result};
use crate::imap::maildir::Maildir;
use crate::imap::memory::JournalMemory;
use crate::imap::password::Password;
use crate::imap::served::AsServed;
use crate::imap::watch::Progress;
use crate::job::{Job, Mode, Writer};
use crate::plan_file::Mail;
use crate::report::{Report, Step, Verdict};

/// The old server, and who logs in there for every account.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// `imaps://HOST[:PORT]` or `imap://HOST[:PORT]`.
    pub url: &'a str,
    /// The administrator whose password is used for every account.
    pub admin: &'a str,
    /// Where that password is.
    pub password_file: &'a Path,
    /// A CA certificate to trust.
    pub cafile: Option<&'a Path>,
    /// Speak plain text.
    pub allow_plaintext: bool,
}

/// One side: where mail is.
#[derive(Clone, Debug)]
pub enum Mailbox {
    /// On a server.
    Imap(Endpoint, Arc<dyn Credentials>),
    /// In a Maildir.
    Maildir(PathBuf),
}

/// From where to where.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// How the report names the account.
    pub account: &'a str,
    /// Under which name the journal knows what was done.
    pub scope: &'a str,
    /// What is read.
    pub source: &'a Mailbox,
    /// What is written, or with [`Mode::Check`] only looked for.
    pub target: Option<&'a Mailbox>,
}

/// Checks, plans, applies or verifies one account's mail from an IMAP server into the Maildir at `target`.
pub fn bring(
    job: &Job<'_>,
    account: &Address,
    server: &Server<'_>,
    target: &Path,
    report: &mut Report,
) -> Result<()> {
    let name = account.folded();
    if job.is_gone(target, |journal| Ok(!journal.collections(name, "mail")?.is_empty()))? {
        Writer { step: Step::Mail, account: name, report }.gone(target);
        return Ok(());
    }
    let credentials = Arc::new(Guarded::new(server.password().read()?));
    let source = Mailbox::Imap(server.endpoint(account.as_str())?, credentials);
    let target = Mailbox::Maildir(target.to_owned());
    let target = (job.mode != Mode::Check).then_some(&target);
    transfer(job, &Pair { account: name, scope: name, source: &source, target }, report)
}

/// Checks, plans, applies or verifies one account. What a server refuses is the report's.
pub fn transfer(job: &Job<'_>, pair: &Pair<'_>, report: &mut Report) -> Result<()> {
    report.touch(Step::Mail);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::Usage(format!("the network cannot be used: {e}")))?;
    let place = pair.source.to_string();
    let writer = Writer { step: Step::Mail, account: pair.account, report };
    let mut work = Work { job, pair, place, writer };
    if let Err(error) = runtime.block_on(work.begin()) {
        work.writer.line(Verdict::Failed, "account", work.place.clone(), error.to_string());
    }
    Ok(())
}

impl<'a> Server<'a> {
    /// The server that a plan file names, if it names one.
    pub fn of(mail: &'a Mail) -> Option<Self> {
        match mail {
            Mail::Imap { url, admin, password_file, cafile, allow_plaintext } => Some(Self {
                url,
                admin,
                password_file,
                cafile: cafile.as_deref(),
                allow_plaintext: *allow_plaintext,
            }),
            Mail::Maildir(_) => None,
        }
    }

    /// Finds out before anything is attempted whether its URL and password can be used.
    pub fn check(&self, console: &Console) -> Result<()> {
        self.endpoint("anybody")?;
        self.password().read()?;
        if let Some(warning) = self.password().warning() {
            console.warn(&warning);
        }
        Ok(())
    }

    fn password(&self) -> Password {
        Password::File(self.password_file.to_owned())
    }

    fn endpoint(&self, user: &str) -> Result<Endpoint> {
        let user = utf8_percent_encode(user, NON_ALPHANUMERIC);
        let url = match self.url.split_once("://") {
            Some((scheme, host)) if !host.contains('@') => format!("{scheme}://{user}@{host}"),
            _ => return Err(Error::Usage(format!("{}: imaps://HOST was expected", self.url))),
        };
        let endpoint = Endpoint::parse(&url, self.allow_plaintext);
        let endpoint = endpoint.map_err(|e| Error::Usage(format!("{}: {e}", self.url)))?;
        Ok(endpoint.with_admin(Some(self.admin.to_owned())).with_cafile(self.cafile.map(Path::to_owned)))
    }
}

impl std::fmt::Display for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Imap(endpoint, _) => write!(f, "{}@{}", endpoint.user, endpoint.host),
            Self::Maildir(path) => write!(f, "{}", path.display()),
        }
    }
}

struct Work<'a> {
    job: &'a Job<'a>,
    pair: &'a Pair<'a>,
    place: String,
    writer: Writer<'a>,
}

impl Work<'_> {
    async fn begin(&mut self) -> Done {
        match self.pair.source {
            Mailbox::Imap(endpoint, credentials) => {
                let mut source = imap_sync::connect(endpoint, credentials).await?;
                self.from(&mut source).await?;
                source.close().await;
                Ok(())
            }
            Mailbox::Maildir(path) => {
                let mut source = Maildir::source(path);
                let done = self.from(&mut source).await;
                self.find(source.into_findings(), Verdict::Failed);
                done
            }
        }
    }

    async fn from<S: Source>(&mut self, source: &mut S) -> Done {
        let Some(target) = self.pair.target else { return self.check(source).await };
        match target {
            Mailbox::Imap(endpoint, credentials) => {
                let mut target = imap_sync::connect_target(endpoint, credentials).await?;
                self.to(source, &mut target).await?;
                target.close().await;
                Ok(())
            }
            Mailbox::Maildir(path) => {
                let mut target = Maildir::target(path);
                let done = match self.job.mode {
                    Mode::Verify { .. } => self.compare(source, &mut target).await,
                    _ => self.to(source, &mut target).await,
                };
                self.find(target.into_findings(), Verdict::Extra);
                done
            }
        }
    }

    /// With a Maildir, out of which every line end comes as CRLF.
    async fn compare<S: Source, T: Target>(&mut self, source: &mut S, target: &mut T) -> Done {
        let mut served = AsServed::new(source);
        let done = self.to(&mut served, target).await;
        for (folder, key) in served.into_changed() {
            let reason =
                "it holds line feeds without a carriage return: compared as a server over a Maildir gives it";
            self.writer.note(format!("{folder}/UID {key}"), self.place.clone(), reason);
        }
        done
    }

    async fn to<S: Source, T: Target>(&mut self, source: &mut S, target: &mut T) -> Done {
        let Job { mode, restore, journal, .. } = *self.job;
        let mut memory = JournalMemory::new(journal, self.pair.scope);
        let mut watch = Progress::new(self.job, self.pair.account);
        let policy = Policy::default().with_restore(restore);
        let report = match mode {
            Mode::Check => return self.check(source).await,
            Mode::Plan => imap_sync::plan_all(source, target, &mut memory, &policy, &mut watch).await?,
            Mode::Run => imap_sync::run(source, target, &mut memory, &policy, &mut watch).await?,
            Mode::Verify { live } => imap_sync::verify(source, target, &mut memory, live, &mut watch).await?,
        };
        self.take(report);
        Ok(())
    }

    /// Only what the source holds.
    async fn check(&mut self, source: &mut impl Source) -> Done {
        for folder in source.folders().await?.into_iter().filter(|folder| folder.selectable) {
            match source.list(&folder.name).await {
                Ok(listing) => {
                    for (key, item) in listing.iter() {
                        let unread = item.flags.is_none() || item.date.is_none() || item.size.is_none();
                        let (verdict, reason) = match unread {
                            true => (Verdict::Failed, "its flags, date or size cannot be read"),
                            false => (Verdict::Unchanged, ""),
                        };
                        let item = format!("{}/UID {key}", folder.name);
                        self.writer.line(verdict, item, self.place.clone(), reason);
                    }
                }
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => {
                    self.writer.line(
                        Verdict::Failed,
                        folder.name.to_string(),
                        self.place.clone(),
                        error.to_string(),
                    );
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, report: imap_sync::Report) {
        for line in report.lines {
            let verdict = crate::verdict!(line.verdict, imap_sync);
            let id = line.message_id.map(|id| format!(" {id}")).unwrap_or_default();
            let item = match line.key {
                Some(key) => format!("{}/UID {key}{id}", line.folder),
                None => line.folder.to_string(),
            };
            let reason = line.reason.map(|reason| reason.to_string()).unwrap_or_default();
            self.writer.line(verdict, item, format!("{} {}", self.place, line.place), reason);
        }
        for note in report.notes {
            let item = match note.key {
                Some(key) => format!("{}/UID {key}", note.folder),
                None => note.folder.to_string(),
            };
            self.writer.note(item, self.place.clone(), note.text);
        }
        if let Some(error) = report.error {
            self.writer.report.error(format!("{}: {error}", self.pair.account));
        }
    }

    /// What is wrong with a Maildir: at the source a failure, on the target a note.
    fn find(&mut self, findings: Vec<Finding>, grave: Verdict) {
        for finding in findings {
            let item = format!("{}/{}", finding.folder, finding.file);
            match (finding.severity, grave) {
                (Severity::Failed, Verdict::Failed) => {
                    self.writer.line(Verdict::Failed, item, self.place.clone(), finding.reason);
                }
                _ => self.writer.note(item, self.place.clone(), finding.reason),
            }
        }
    }
}

type Done = std::result::Result<(), imap_sync::Error>;
