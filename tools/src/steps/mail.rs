//! Mail straight from Maildirs into Maildirs.

use std::collections::BTreeSet;
use std::path::Path;

use maildir_sync::target::Options;
use maildir_sync::{
    Fact, FactChange, Facts, FolderName, Listing, MaildirSource, MaildirTarget, Policy, Source as _,
    Target as _, Unique,
};
use mailferry_journal::{Change, Scope};

use crate::error::Result;
use crate::job::{Job, Mode, Writer};
use crate::report::{Report, Step, Verdict};
use crate::steps::subscriptions;

/// Checks, plans, applies or verifies one account's Maildir. `target` is `None` when only the source is checked.
pub fn bring(
    job: &Job<'_>,
    account: &str,
    source: &Path,
    target: Option<&Path>,
    report: &mut Report,
) -> Result<()> {
    report.touch(Step::Mail);
    let mut writer = Writer { step: Step::Mail, account, report };
    let place = source.display().to_string();
    if let Some(target) = target
        && job.is_gone(target, |journal| Ok(!journal.collections(account, "mail")?.is_empty()))?
    {
        writer.gone(target);
        return Ok(());
    }
    if by_imap(job, account)? {
        let reason = "this account's mail was brought by IMAP, under other names; from the Maildir it would come twice";
        writer.line(Verdict::Failed, "Maildir", place, reason);
        return Ok(());
    }
    let mut source = MaildirSource::new(source);
    let (folders, findings) = match source.folders() {
        Ok(found) => found,
        Err(error) => {
            writer.line(Verdict::Failed, "Maildir", place, error.to_string());
            return Ok(());
        }
    };
    let mut mailbox = Mailbox {
        job,
        place,
        source,
        target: target.map(open),
        folders: folders.into_iter().collect(),
        unseen: failed_folders(&findings).collect(),
        writer,
    };
    mailbox.find(findings);
    mailbox.bring()
}

/// The IMAP engine keeps its folders under names that begin with a slash.
fn by_imap(job: &Job<'_>, account: &str) -> Result<bool> {
    let Some(journal) = job.journal else { return Ok(false) };
    Ok(journal.collections(account, "mail")?.iter().any(|name| name.starts_with(b"/")))
}

fn open(path: &Path) -> MaildirTarget {
    MaildirTarget::new(path, Options::default())
}

struct Mailbox<'a> {
    job: &'a Job<'a>,
    place: String,
    source: MaildirSource,
    target: Option<MaildirTarget>,
    folders: BTreeSet<FolderName>,
    unseen: BTreeSet<FolderName>,
    writer: Writer<'a>,
}

/// How a folder of the source stands on the target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    New,
    Removed,
    There,
}

impl Mailbox<'_> {
    fn bring(&mut self) -> Result<()> {
        let Some(mut target) = self.target.take().filter(|_| self.job.mode != Mode::Check) else {
            return self.check();
        };
        let there: BTreeSet<FolderName> = match target.folders() {
            Ok((folders, findings)) => {
                self.unseen.extend(failed_folders(&findings));
                self.find(findings);
                folders.into_iter().collect()
            }
            Err(error) => {
                self.writer.line(Verdict::Failed, "Maildir", self.place.clone(), error.to_string());
                return Ok(());
            }
        };
        let mut all: BTreeSet<FolderName> = self.folders.union(&there).cloned().collect();
        all.extend(self.remembered_folders()?);
        let made = self.made_folders()?;
        // What cannot be seen is neither there nor gone.
        let seen: Vec<FolderName> = all.difference(&self.unseen).cloned().collect();
        for folder in seen {
            if self.job.mode == Mode::Run && self.job.stop.requested() {
                self.writer.line(Verdict::Pending, folder.to_string(), self.place.clone(), "interrupted");
                continue;
            }
            let standing = match (there.contains(&folder), made.contains(&folder)) {
                (true, _) => Standing::There,
                (false, true) => Standing::Removed,
                (false, false) => Standing::New,
            };
            self.folder(&folder, &mut target, standing)?;
        }
        self.remember_folders(&made)?;
        subscriptions::bring(self.job, &mut self.source, &mut target, &self.place, &mut self.writer)
    }

    /// Only what the source holds.
    fn check(&mut self) -> Result<()> {
        for folder in self.folders.clone() {
            for message in self.listing(&folder).unwrap_or_default().iter() {
                let item = name(&folder, &message.unique, None);
                self.writer.line(Verdict::Unchanged, item, self.place.clone(), "");
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: &FolderName, target: &mut MaildirTarget, standing: Standing) -> Result<()> {
        let exists = standing == Standing::There;
        let scope = self.scope(folder);
        let facts = self.facts(&scope)?;
        if let Mode::Verify { live } = self.job.mode {
            return self.verify(folder, target, &facts, live);
        }
        let Some(source) = self.listing(folder) else { return Ok(()) };
        let held = match exists.then(|| target.list(folder)) {
            None => Listing::default(),
            Some(Ok((listing, _))) => listing,
            Some(Err(error)) => {
                self.writer.line(Verdict::Failed, folder.to_string(), self.place.clone(), error.to_string());
                return Ok(());
            }
        };
        let plan =
            maildir_sync::plan(&source, &held, &facts, &Policy::default().with_restore(self.job.restore));
        let Some(journal) = self.job.journal.filter(|_| self.job.mode == Mode::Run) else {
            let report = plan.preview(folder);
            self.take(report);
            return Ok(());
        };
        // A folder that we made and that is gone was removed by its user.
        let is_new = standing == Standing::New || self.job.restore;
        let wanted = self.folders.contains(folder) && (is_new || plan.touches_target());
        if wanted
            && !exists
            && let Err(error) = target.create_folder(folder)
        {
            self.unseen.insert(folder.clone());
            let items: Vec<String> = match source.is_empty() {
                true => vec![folder.to_string()],
                false => source.iter().map(|message| name(folder, &message.unique, None)).collect(),
            };
            for item in items {
                self.writer.line(Verdict::Failed, item, self.place.clone(), error.to_string());
            }
            return Ok(());
        }
        let title = format!("{} {folder}", self.writer.account);
        let counter = self.job.console.bar(&title, plan.actions.len() as u64);
        let report = maildir_sync::apply(
            &plan,
            folder,
            &mut self.source,
            target,
            &mut |changes| journal.record(&scope, &changes.iter().map(change).collect::<Vec<_>>()),
            &|| !self.job.stop.requested(),
            &mut |_| counter.inc(1),
        );
        counter.finish_and_clear();
        self.take(report);
        Ok(())
    }

    fn verify(
        &mut self,
        folder: &FolderName,
        target: &mut MaildirTarget,
        facts: &Facts,
        live: bool,
    ) -> Result<()> {
        match maildir_sync::verify(folder, &mut self.source, target, facts, live) {
            Ok(report) => self.take(report),
            Err(error) => {
                self.writer.line(Verdict::Failed, folder.to_string(), self.place.clone(), error.to_string());
            }
        }
        Ok(())
    }

    /// What a folder of the source holds; `None` when it cannot be seen, which is reported.
    fn listing(&mut self, folder: &FolderName) -> Option<Listing> {
        if !self.folders.contains(folder) {
            return Some(Listing::default());
        }
        match self.source.list(folder) {
            Ok((listing, findings)) => {
                self.find(findings);
                Some(listing)
            }
            Err(error) => {
                self.writer.line(Verdict::Failed, folder.to_string(), self.place.clone(), error.to_string());
                None
            }
        }
    }

    fn remembered_folders(&self) -> Result<Vec<FolderName>> {
        let Some(journal) = self.job.journal else { return Ok(Vec::new()) };
        let collections = journal.collections(self.writer.account, "mail")?;
        Ok(collections.into_iter().filter_map(|name| FolderName::new(name).ok()).collect())
    }

    /// The folders that were made for this account.
    fn made_folders(&self) -> Result<BTreeSet<FolderName>> {
        let Some(journal) = self.job.journal else { return Ok(BTreeSet::new()) };
        let facts = journal.facts(&Scope::new(self.writer.account, "folders", ""))?;
        Ok(facts.into_iter().filter_map(|fact| FolderName::new(fact.key).ok()).collect())
    }

    /// Remembers the folders that a run went through to its end.
    fn remember_folders(&self, made: &BTreeSet<FolderName>) -> Result<()> {
        let Some(journal) = self.job.journal.filter(|_| self.job.mode == Mode::Run) else { return Ok(()) };
        if self.job.stop.requested() {
            return Ok(());
        }
        let key = |folder: &FolderName| folder.as_bytes().to_vec();
        let new = self.folders.difference(made).filter(|folder| !self.unseen.contains(folder));
        let put = |folder| {
            Change::Put(mailferry_journal::Fact { key: key(folder), source: vec![], target: vec![] })
        };
        let changes: Vec<Change> = new.map(put).collect();
        if !changes.is_empty() {
            journal.record(&Scope::new(self.writer.account, "folders", ""), &changes)?;
        }
        Ok(())
    }

    fn facts(&self, scope: &Scope) -> Result<Facts> {
        let Some(journal) = self.job.journal else { return Ok(Facts::new()) };
        let kept = journal.facts(scope)?;
        let known = kept.into_iter().filter_map(|fact| {
            Some((Unique::new(fact.key).ok()?, Fact::from_bytes(&fact.source, &fact.target)?))
        });
        Ok(known.collect())
    }

    fn scope(&self, folder: &FolderName) -> Scope {
        Scope::new(self.writer.account, "mail", folder.as_bytes())
    }

    fn take(&mut self, report: maildir_sync::Report) {
        for line in report.lines {
            let item = name(&line.folder, &line.unique, line.message_id.as_deref());
            let verdict = crate::verdict!(line.verdict, maildir_sync);
            let reason = line.reason_text().unwrap_or_default();
            self.writer.line(verdict, item, format!("{}/{}", self.place, line.place), reason);
        }
        self.find(report.notes);
    }

    fn find(&mut self, findings: impl IntoIterator<Item = maildir_sync::Finding>) {
        for finding in findings {
            let item = format!("{}/{}", finding.folder, finding.file);
            let place = format!("{}/{}", self.place, finding.file);
            match finding.severity {
                maildir_sync::Severity::Failed => {
                    self.writer.line(Verdict::Failed, item, place, finding.reason);
                }
                maildir_sync::Severity::Note => self.writer.note(item, place, finding.reason),
            }
        }
    }
}

/// The folders that could not be looked at.
fn failed_folders(findings: &[maildir_sync::Finding]) -> impl Iterator<Item = FolderName> {
    let failed = findings.iter().filter(|finding| finding.severity == maildir_sync::Severity::Failed);
    failed.map(|finding| finding.folder.clone())
}

fn name(folder: &FolderName, unique: &Unique, message_id: Option<&str>) -> String {
    match message_id {
        Some(id) => format!("{folder}/{unique} {id}"),
        None => format!("{folder}/{unique}"),
    }
}

fn change(change: &FactChange) -> Change {
    match change {
        FactChange::Put(unique, fact) => {
            let (source, target) = fact.to_bytes();
            Change::Put(mailferry_journal::Fact { key: unique.as_bytes().to_vec(), source, target })
        }
        FactChange::Remove(unique) => Change::Remove { key: unique.as_bytes().to_vec() },
    }
}
