//! A whole migration: what a plan file says, account by account.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};
use crate::files::home::{Home, Standing};
use crate::job::{Job, Mode, Writer};
use crate::options::Accepted;
use crate::plan_file::{Mail, PlanFile, Selection};
use crate::report::{Report, Step, Verdict};
use crate::steps::calendars::Calendars;
use crate::steps::collections;
use crate::steps::contacts::Contacts;
use crate::steps::provisioning::{Source, provision};
use crate::steps::shelf::Kind;
use crate::steps::{imap, mail};
use crate::template::Template;
use ldif::Address;

/// A migration on its way.
pub struct Migration<'a> {
    plan: &'a PlanFile,
    source: Source,
    resources: BTreeSet<Address>,
    shared: BTreeSet<PathBuf>,
    home: Home,
    found: [AtomicUsize; 2],
}

impl<'a> Migration<'a> {
    /// Reads the directory of the source.
    pub fn new(plan: &'a PlanFile) -> Self {
        let source = Source::read(&plan.ldif);
        let resources = source.resources();
        let shared = shared_places(plan, &source);
        Self { plan, source, resources, shared, home: Home::at(&plan.files), found: Default::default() }
    }

    /// Does what the job says for all accounts, `workers` at a time.
    pub fn carry_out(&self, job: &Job<'_>, accepted: &Accepted, workers: usize) -> Result<Report> {
        let old = match &self.plan.mail {
            Some(mail) => imap::Old::open(mail, job.console)?,
            None => None,
        };
        self.keep_apart()?;
        if job.mode == Mode::Run {
            self.home.claim()?;
        } else if job.mode != Mode::Check {
            self.home.standing()?;
        }
        let mut whole = self.directory(job);
        finish(job, accepted, &mut whole);
        let accounts = self.source.accounts(&self.plan.selection);
        let bar = job.console.bar("accounts", accounts.len() as u64);
        let (next, collected) = (AtomicUsize::new(0), Mutex::new(whole));
        std::thread::scope(|scope| {
            for _ in 0..workers.min(accounts.len()) {
                scope.spawn(|| {
                    while let Some(account) = accounts.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let mut report = self.account(job, account, old.as_ref());
                        finish(job, accepted, &mut report);
                        job.console.done(&format!("{account}: {}", job.mode.summary(&report)));
                        collected.lock().unwrap_or_else(std::sync::PoisonError::into_inner).merge(report);
                        bar.inc(1);
                    }
                });
            }
        });
        bar.finish_and_clear();
        let mut whole = collected.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.suspect_templates(job, accounts.len(), &mut whole);
        self.suspect_selection(job, &mut whole);
        whole.sort();
        Ok(whole)
    }

    /// The source is never written to, so the destination cannot lie in it.
    fn keep_apart(&self) -> Result<()> {
        let Some(Mail::Maildir(template)) = &self.plan.mail else { return Ok(()) };
        let resolve = |path: &Path| {
            std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or(path.to_owned())
        };
        let destination = resolve(self.home.root());
        for account in self.source.accounts(&self.plan.selection) {
            let source = resolve(&template.path(account.as_str()));
            if destination.starts_with(&source) {
                let (destination, source) = (destination.display(), source.display());
                return Err(Error::Usage(format!(
                    "{destination} lies in {source}, which is a source and never written to"
                )));
            }
        }
        Ok(())
    }

    /// The directory; when it cannot be brought, the accounts are all the same.
    fn directory(&self, job: &Job<'_>) -> Report {
        let lease = lease(job, DIRECTORY);
        let brought =
            lease.and_then(|_lease| provision(job, &self.source, &self.plan.selection, Some(&self.home)));
        brought.unwrap_or_else(|error| {
            let mut report = job.report();
            let mut writer = Writer { step: Step::Provisioning, account: "", report: &mut report };
            writer.line(
                Verdict::Failed,
                "directory",
                self.plan.files.display().to_string(),
                error.to_string(),
            );
            report
        })
    }

    /// One account; its errors are its own.
    fn account(&self, job: &Job<'_>, account: &Address, old: Option<&imap::Old>) -> Report {
        let mut report = job.report();
        let name = account.folded();
        if job.stop.requested() {
            let mut writer = Writer { step: Step::Mail, account: name, report: &mut report };
            writer.line(Verdict::Pending, "account", "", "interrupted before it was begun");
            return report;
        }
        match lease(job, name) {
            Ok(_lease) => {
                self.mail(job, account, old, &mut report);
                self.collections::<Calendars>(job, account, name, self.plan.calendars.as_ref(), &mut report);
                self.collections::<Contacts>(job, account, name, self.plan.contacts.as_ref(), &mut report);
            }
            Err(error) => fail_account(Step::Mail, name, &error, &mut report),
        }
        report
    }

    fn mail(&self, job: &Job<'_>, account: &Address, old: Option<&imap::Old>, report: &mut Report) {
        let name = account.folded();
        let target = self.home.maildir(account);
        let done = match &self.plan.mail {
            None => Ok(()),
            Some(Mail::Maildir(template)) => {
                let place = template.path(account.as_str());
                if self.shared.contains(&place) {
                    return fail_shared(Step::Mail, name, &place, report);
                }
                // What cannot be looked at is there.
                if place.try_exists().unwrap_or(true) || !self.resources.contains(account) {
                    mail::bring(job, name, &place, Some(&target), report)
                } else {
                    let mut writer = Writer { step: Step::Mail, account: name, report };
                    writer.line(
                        Verdict::Excluded,
                        "Maildir",
                        place.display().to_string(),
                        "a resource without mail",
                    );
                    Ok(())
                }
            }
            Some(Mail::Imap { .. }) => {
                old.map_or(Ok(()), |old| imap::bring(job, account, old, &target, report))
            }
        };
        if let Err(error) = done {
            fail_account(Step::Mail, name, &error, report);
        }
    }

    fn collections<K: Kind>(
        &self,
        job: &Job<'_>,
        account: &Address,
        name: &str,
        template: Option<&Template>,
        report: &mut Report,
    ) {
        let Some(template) = template else { return };
        report.touch(K::STEP);
        let place = template.path(account.as_str());
        if self.shared.contains(&place) {
            return fail_shared(K::STEP, name, &place, report);
        }
        match collections::bring_all::<K>(job, name, &place, &self.home.collections(account), report) {
            Ok(true) => {
                let found = &self.found[usize::from(K::STEP == Step::Contacts)];
                found.fetch_add(1, Ordering::Relaxed);
            }
            Ok(false) => {}
            Err(error) => fail_account(K::STEP, name, &error, report),
        }
    }

    /// A selection that names nobody is a slip of the pen, and would look like success.
    fn suspect_selection(&self, job: &Job<'_>, report: &mut Report) {
        let all = self.source.accounts(&Selection::default());
        let all: Vec<&str> = all.iter().map(Address::as_str).collect();
        for name in self.plan.selection.unknown(&all) {
            let text =
                format!("{}: accounts names {name:?}, which is none of them", self.plan.path.display());
            job.console.error(&text);
            report.error(text);
        }
    }

    /// An account without a calendar is nothing strange; a template that fits no account at all is.
    fn suspect_templates(&self, job: &Job<'_>, accounts: usize, report: &mut Report) {
        let templates = [("calendars", &self.plan.calendars), ("contacts", &self.plan.contacts)];
        for ((key, template), found) in templates.into_iter().zip(&self.found) {
            if let Some(template) = template
                && accounts > 0
                && found.load(Ordering::Relaxed) == 0
                && !job.stop.requested()
            {
                let path = self.plan.path.display();
                let text =
                    format!("{path}: source.{key} = {:?} fits no file of any account", template.as_str());
                job.console.error(&text);
                report.error(text);
            }
        }
    }
}

/// Places that the plan's templates give to more than one account: what lies there would be brought twice, once to somebody else.
fn shared_places(plan: &PlanFile, source: &Source) -> BTreeSet<PathBuf> {
    let mail = match &plan.mail {
        Some(Mail::Maildir(template)) => Some(template),
        _ => None,
    };
    let accounts = source.accounts(&plan.selection);
    let mut shared = BTreeSet::new();
    for template in [mail, plan.calendars.as_ref(), plan.contacts.as_ref()].into_iter().flatten() {
        let mut seen = BTreeSet::new();
        let paths = accounts.iter().map(|account| template.path(account.as_str()));
        shared.extend(paths.filter(|path| !seen.insert(path.clone())));
    }
    shared
}

/// Whether the plan's destination is yet to be made.
pub fn is_vacant(plan: &PlanFile) -> Result<bool> {
    Ok(Home::at(&plan.files).standing()? == Standing::Vacant)
}

fn lease<'a>(job: &Job<'a>, account: &str) -> Result<Option<mailferry_journal::Lease<'a>>> {
    match (job.mode, job.journal) {
        (Mode::Run, Some(journal)) => Ok(Some(journal.lease(account)?)),
        _ => Ok(None),
    }
}

fn finish(job: &Job<'_>, accepted: &Accepted, report: &mut Report) {
    report.sort();
    accepted.apply(report);
    job.console.tell(report);
}

fn fail_shared(step: Step, account: &str, place: &Path, report: &mut Report) {
    let mut writer = Writer { step, account, report };
    let reason = "the plan file gives this place to more than one account";
    writer.line(Verdict::Failed, "account", place.display().to_string(), reason);
}

fn fail_account(step: Step, account: &str, error: &Error, report: &mut Report) {
    let mut writer = Writer { step, account, report };
    writer.line(Verdict::Failed, "account", "", error.to_string());
}

/// The lease under which the directory is changed; no account has this name.
const DIRECTORY: &str = "(directory)";
