//! Mail from an IMAP server into Maildirs, or from any mailbox into any other.

use std::path::Path;
use std::sync::Arc;

use imap_sync::{Credentials, Endpoint, Guarded, Policy};
use ldif::Address;
use maildir_sync::{Finding, Severity};

use crate::console::Console;
use crate::error::{Error, Result};
use crate::imap::connect::{Mailbox, Sides};
use crate::imap::memory::JournalMemory;
use crate::imap::password::Password;
use crate::imap::servers::Servers;
use crate::imap::watch::Progress;
use crate::job::{Job, Mode, Writer};
use crate::plan_file::Mail;
use crate::report::{Digests, Report, Step, Verdict};
use crate::steps::imap_check::check;

/// The old server, and the administrator who logs in there for every account.
#[derive(Debug)]
pub struct Old {
    /// Of nobody yet.
    endpoint: Endpoint,
    credentials: Arc<dyn Credentials>,
    means: Means,
}

/// How accounts are brought: what is wished for all of them, and what they share.
#[derive(Debug, Default)]
pub struct Means {
    /// What is wished.
    pub policy: Policy,
    /// Their servers.
    pub servers: Servers,
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
pub fn bring(job: &Job<'_>, account: &Address, old: &Old, target: &Path, report: &mut Report) -> Result<()> {
    let name = account.folded();
    if job.is_gone(target, |journal| Ok(!journal.collections(name, "mail")?.is_empty()))? {
        Writer { step: Step::Mail, account: name, report }.gone(target);
        return Ok(());
    }
    let source = old.mailbox(account.as_str());
    let target = Mailbox::Maildir(target.to_owned());
    let target = (job.mode != Mode::Check).then_some(&target);
    transfer(job, &Pair { account: name, scope: name, source: &source, target }, &old.means, report)
}

/// Checks, plans, applies or verifies one account. What a server refuses is the report's.
pub fn transfer(job: &Job<'_>, pair: &Pair<'_>, means: &Means, report: &mut Report) -> Result<()> {
    report.touch(Step::Mail);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::Usage(format!("the network cannot be used: {e}")))?;
    let place = pair.source.to_string();
    let writer = Writer { step: Step::Mail, account: pair.account, report };
    let mut work = Work { job, pair, means, place, writer };
    if let Err(error) = runtime.block_on(work.begin()) {
        work.writer.line(Verdict::Failed, "account", work.place.clone(), error.to_string());
    }
    Ok(())
}

impl Old {
    /// The server that a plan file names, if it names one: `imaps://HOST[:PORT]` or `imap://HOST[:PORT]`. Finds out before
    /// anything is attempted whether its URL and password can be used.
    pub fn open(mail: &Mail, console: &Console) -> Result<Option<Self>> {
        let Mail::Imap { url, admin, password_file, cafile, allow_plaintext } = mail else { return Ok(None) };
        let endpoint = match url.split_once("://") {
            Some((scheme, host)) if !host.contains('@') => {
                Endpoint::parse(&format!("{scheme}://anybody@{host}"), *allow_plaintext)
            }
            _ => return Err(Error::Usage(format!("{url}: imaps://HOST was expected"))),
        };
        let endpoint = endpoint.map_err(|e| Error::Usage(format!("{url}: {e}")))?;
        let password = Password::File(password_file.clone());
        let credentials = Arc::new(Guarded::new(password.read()?));
        if let Some(warning) = password.warning() {
            console.warn(&warning);
        }
        let endpoint = endpoint.with_admin(Some(admin.clone())).with_cafile(cafile.clone());
        Ok(Some(Self { endpoint, credentials, means: Means::default() }))
    }

    fn mailbox(&self, user: &str) -> Mailbox {
        let mut endpoint = self.endpoint.clone();
        user.clone_into(&mut endpoint.user);
        Mailbox::Imap(endpoint, self.credentials.clone())
    }
}

struct Work<'a> {
    job: &'a Job<'a>,
    pair: &'a Pair<'a>,
    means: &'a Means,
    place: String,
    writer: Writer<'a>,
}

impl Work<'_> {
    async fn begin(&mut self) -> Done {
        let Pair { source, target, scope, account } = *self.pair;
        let Job { mode, restore, journal, .. } = *self.job;
        let sides = Sides::new(source, target.unwrap_or(source), &self.means.servers);
        let policy = self.means.policy.clone().with_restore(restore);
        let (memory, watch) = (JournalMemory::new(journal, scope), Progress::new(self.job, account));
        let (sides, report) = match mode {
            Mode::Check => {
                let writer = &mut self.writer;
                let done = check(&sides, target.is_some(), &memory, &policy, &watch, writer).await;
                self.find(sides.from.take(), Verdict::Failed);
                return done;
            }
            Mode::Plan => {
                let report = imap_sync::plan_all(&sides, &memory, &policy, &watch).await;
                (sides, report)
            }
            Mode::Run => {
                let report = imap_sync::run(&sides, &memory, &policy, &watch).await;
                (sides, report)
            }
            Mode::Verify { live } => {
                let sides = sides.as_served();
                let report = imap_sync::verify(&sides, &memory, &policy, live, &watch).await;
                (sides, report)
            }
        };
        self.find(sides.from.take(), Verdict::Failed);
        self.find(sides.to.take(), Verdict::Extra);
        for (folder, key) in sides.changed.take() {
            let reason =
                "it holds line feeds without a carriage return: compared as a server over a Maildir gives it";
            self.writer.note(format!("{folder}/UID {key}"), self.place.clone(), reason);
        }
        self.take(report?);
        Ok(())
    }

    fn take(&mut self, report: imap_sync::Report) {
        let mut counts = report.counts();
        for line in report.lines {
            counts.take(&line);
            let verdict = crate::verdict!(line.verdict, imap_sync);
            let id = line.message_id.map(|id| format!(" {id}")).unwrap_or_default();
            let item = match line.key {
                Some(key) => format!("{}/UID {key}{id}", line.folder),
                None => line.folder.to_string(),
            };
            let reason = line.reason.map(|reason| reason.to_string()).unwrap_or_default();
            let place = format!("{} {}", self.place, line.place);
            self.writer.lines(verdict, line.count, item, place, reason);
        }
        for (verdict, number) in [
            (Verdict::Adopted, counts.adopted),
            (Verdict::Copied, counts.copied),
            (Verdict::Unchanged, counts.unchanged),
        ] {
            self.writer.count(verdict, number);
        }
        for note in report.notes {
            let item = match note.key {
                Some(key) => format!("{}/UID {key}", note.folder),
                None => note.folder.to_string(),
            };
            self.writer.note(item, self.place.clone(), note.text);
        }
        for (folder, source, target) in report.digests {
            self.writer.report.digest(Digests {
                account: self.pair.account.to_owned(),
                folder: folder.to_string(),
                source: source.to_string(),
                target: target.to_string(),
            });
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
