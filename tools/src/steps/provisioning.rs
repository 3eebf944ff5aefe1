//! Provisioning: what the LDIF files say, brought into a `files:` destination.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ldif::{Address, Directory, Finding, Key, Kind, Severity};
use mailferry_journal::{Change, Scope};

use crate::error::Result;
use crate::files::directory as target;
use crate::files::home::{Home, Standing};
use crate::files::render::{Holding, render};
use crate::job::{Job, Mode, Writer};
use crate::plan_file::Selection;
use crate::report::{Report, Step, Verdict};
use crate::steps::carry::{Carried, Failure, carry};

crate::engine!(Entries, ldif, usize::MAX, true);

/// What the LDIF files of a source hold.
#[derive(Default)]
pub struct Source {
    /// All of them together.
    pub directory: Directory,
    findings: Vec<Finding>,
    unreadable: Vec<(PathBuf, String)>,
}

impl Source {
    /// Reads the files; what cannot be read is kept to be reported.
    pub fn read(files: &[PathBuf]) -> Self {
        let mut source = Self::default();
        let mut contents = Vec::new();
        for path in files {
            match std::fs::read(path) {
                Ok(bytes) if bytes.trim_ascii().is_empty() => {
                    source.unreadable.push((path.clone(), "the file is empty".to_owned()));
                }
                Ok(bytes) => contents.push((path.display().to_string(), bytes)),
                Err(error) => source.unreadable.push((path.clone(), error.to_string())),
            }
        }
        let named = contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        (source.directory, source.findings) = Directory::read(named);
        source
    }

    /// The addresses of which something is lost: what the findings say, and those whose class of service was placed once and is
    /// not in the source any more.
    fn doubtful(&self, placed: &BTreeSet<Key>) -> BTreeSet<String> {
        let failures = self.findings.iter().filter(|finding| finding.severity == Severity::Failure);
        let mut doubtful: BTreeSet<String> = failures.map(|finding| finding.item.to_lowercase()).collect();
        let classes: BTreeSet<Key> =
            self.directory.classes.iter().map(|class| Key::new(Kind::Class, &class.name)).collect();
        if placed.iter().any(|key| key.kind() == Kind::Class && !classes.contains(key)) {
            let accounts = self.directory.accounts.iter().map(|account| (&account.address, &account.class));
            let resources =
                self.directory.resources.iter().map(|resource| (&resource.address, &resource.class));
            let unclassed = accounts.chain(resources).filter(|(_, class)| {
                class.as_ref().is_none_or(|class| !classes.contains(&Key::new(Kind::Class, class)))
            });
            doubtful.extend(unclassed.map(|(address, _)| address.folded().to_owned()));
        }
        doubtful
    }

    /// What was placed whole and is told only in part now: it must not take anything away.
    fn spoiled(
        &self,
        job: &Job<'_>,
        wanted: &BTreeMap<Key, Holding>,
        placed: &BTreeSet<Key>,
    ) -> BTreeSet<Key> {
        if matches!(job.mode, Mode::Verify { .. }) {
            return BTreeSet::new();
        }
        let doubtful = self.doubtful(placed);
        let spoiled = wanted.keys().filter(|key| placed.contains(key) && doubtful.contains(key.name()));
        spoiled.cloned().collect()
    }

    /// Lines for the spoiled items of which no finding speaks.
    fn untold(&self, wanted: &BTreeMap<Key, Holding>, spoiled: &BTreeSet<Key>) -> Vec<Carried<Key>> {
        let told: BTreeSet<&str> = self.findings.iter().map(|finding| finding.item.as_str()).collect();
        let reason = "its class of service was there before, and is not there now; left as it is";
        let untold = wanted.iter().filter(|(key, _)| spoiled.contains(key) && !told.contains(key.name()));
        untold.map(|(key, holding)| line(key, holding, Verdict::Failed, reason)).collect()
    }

    /// What is wrong with the files.
    pub fn findings(&self) -> Report {
        let mut report = Report::new(false);
        find(self, &[], &mut report);
        report
    }

    /// The accounts and resources that are asked for, in the order of their addresses.
    pub fn accounts(&self, selection: &Selection) -> Vec<Address> {
        let accounts = self.directory.accounts.iter().map(|account| &account.address);
        let resources = self.directory.resources.iter().map(|resource| &resource.address);
        let all: BTreeSet<Address> = accounts.chain(resources).cloned().collect();
        all.into_iter().filter(|address| selection.includes(address.as_str())).collect()
    }

    /// The resources among them: they need not have mail.
    pub fn resources(&self) -> BTreeSet<Address> {
        self.directory.resources.iter().map(|resource| resource.address.clone()).collect()
    }
}

/// Checks, plans, applies or verifies provisioning. `home` is `None` when only the source is checked.
pub fn provision(
    job: &Job<'_>,
    source: &Source,
    selection: &Selection,
    home: Option<&Home>,
) -> Result<Report> {
    let mut report = job.report();
    report.touch(Step::Provisioning);
    let (desired, rendered) = render(&source.directory);
    find(source, &rendered, &mut report);
    let left_out = left_out(&source.directory, selection);
    let (left_out, wanted): (BTreeMap<_, _>, BTreeMap<_, _>) =
        desired.into_iter().partition(|(key, _)| left_out.contains(key));
    let mut lines = match home {
        Some(home) if job.mode != Mode::Check => bring(job, home, &wanted, &left_out, source)?,
        _ => wanted.iter().map(|(key, holding)| line(key, holding, Verdict::Unchanged, "")).collect(),
    };
    lines.extend(left_out.iter().map(|(key, holding)| line(key, holding, Verdict::Excluded, "not selected")));
    for line in lines {
        let account = if is_mailbox(&line.key) { line.key.name().to_owned() } else { String::new() };
        let mut writer = Writer { step: Step::Provisioning, account: &account, report: &mut report };
        writer.line(line.verdict, line.key.to_string(), line.place, line.reason);
    }
    Ok(report)
}

fn bring(
    job: &Job<'_>,
    home: &Home,
    wanted: &BTreeMap<Key, Holding>,
    left_out: &BTreeMap<Key, Holding>,
    source: &Source,
) -> Result<Vec<Carried<Key>>> {
    let scope = Scope::new("", "directory", "");
    let Remembered { begun, placed } = Remembered::of(job, &scope)?;
    if let Some(lost) = lost_files(job, home, &placed) {
        return Ok(vec![lost]);
    }
    let mut all = wanted.clone();
    all.extend(left_out.clone());
    let mut observed = match home.standing()? {
        Standing::Ours => target::Directory::observe(home, &all, &placed)?,
        Standing::Vacant => target::Directory::vacant(home),
    };
    let spoiled = source.spoiled(job, wanted, &placed);
    // What was begun is ours, and is written again whatever it looks like.
    let keep = |key: &Key| !left_out.contains_key(key) && !begun.contains(key) && !spoiled.contains(key);
    let there = observed.listing();
    let there = there.iter().filter(|(key, _)| keep(key)).map(|(key, item)| (key.clone(), item.clone()));
    let asked = wanted.iter().filter(|(key, _)| !spoiled.contains(*key));
    let asked = asked.map(|(key, holding)| (key.clone(), holding.to_item(key))).collect();
    let mut write = |items: &[(Key, ldif::Digest)]| write(job, &scope, &mut observed, wanted, items);
    let mut lines = carry::<Entries>(job, &scope, &asked, &there.collect(), &keep, &mut write)?;
    lines.extend(source.untold(wanted, &spoiled));
    if job.mode == Mode::Run {
        close(job, &scope, begun.iter().filter(|key| !wanted.contains_key(key)))?;
        // Those of the files that nothing goes into yet.
        observed.write()?;
    }
    Ok(lines)
}

/// What the journal tells of the directory.
struct Remembered {
    /// Announced, and not seen to be done: several files hold one item, and a run was killed between them.
    begun: BTreeSet<Key>,
    /// Placed.
    placed: BTreeSet<Key>,
}

impl Remembered {
    fn of(job: &Job<'_>, scope: &Scope) -> Result<Self> {
        let Some(journal) = job.journal else {
            return Ok(Self { begun: BTreeSet::new(), placed: BTreeSet::new() });
        };
        let begun =
            journal.intents(scope)?.into_iter().filter_map(|intent| Key::from_bytes(&intent.key)).collect();
        let placed =
            journal.facts(scope)?.into_iter().filter_map(|fact| Key::from_bytes(&fact.key)).collect();
        Ok(Self { begun, placed })
    }
}

fn write(
    job: &Job<'_>,
    scope: &Scope,
    observed: &mut target::Directory<'_>,
    wanted: &BTreeMap<Key, Holding>,
    items: &[(Key, ldif::Digest)],
) -> Vec<std::result::Result<ldif::Digest, Failure>> {
    let written = announce(job, scope, items).and_then(|()| {
        let held = items.iter().filter_map(|(key, _)| Some((key, wanted.get(key)?)));
        held.for_each(|(key, held)| observed.put(key, held));
        observed.write()
    });
    let failure = written.err().map(|error| Failure { reason: error.to_string(), transient: false });
    items.iter().map(|(_, digest)| failure.clone().map_or(Ok(*digest), Err)).collect()
}

/// The files of a destination do not go one by one: a part that is gone as a whole is a fault, not somebody's wish.
fn lost_files(job: &Job<'_>, home: &Home, placed: &BTreeSet<Key>) -> Option<Carried<Key>> {
    let may_be_lost = !placed.is_empty() && job.minds_losses();
    let missing = if may_be_lost { target::Directory::missing(home) } else { Vec::new() };
    let first = missing.first()?;
    Some(Carried {
        key: Key::new(Kind::Other, first),
        verdict: Verdict::Failed,
        reason: format!("gone as a whole: {}; --restore writes it again", missing.join(", ")),
        place: home.root().join(first).display().to_string(),
    })
}

fn announce(job: &Job<'_>, scope: &Scope, items: &[(Key, ldif::Digest)]) -> Result<()> {
    let open =
        |(key, _): &(Key, ldif::Digest)| Change::OpenIntent { key: key.to_bytes(), detail: Vec::new() };
    let intents: Vec<Change> = items.iter().map(open).collect();
    match job.journal {
        Some(journal) => Ok(journal.record(scope, &intents)?),
        None => Ok(()),
    }
}

/// What was begun and is not asked for any more will never be finished.
fn close<'a>(job: &Job<'_>, scope: &Scope, keys: impl Iterator<Item = &'a Key>) -> Result<()> {
    let closed: Vec<Change> = keys.map(|key| Change::CloseIntent { key: key.to_bytes() }).collect();
    match job.journal {
        Some(journal) if !closed.is_empty() => Ok(journal.record(scope, &closed)?),
        _ => Ok(()),
    }
}

/// What the user's selection leaves out: accounts, and the aliases and lists of addresses that are not selected.
fn left_out(directory: &Directory, selection: &Selection) -> BTreeSet<Key> {
    let out = |address: &Address| !selection.includes(address.as_str());
    let accounts =
        directory.accounts.iter().map(|account| (Kind::Account, &account.address, out(&account.address)));
    let resources = directory
        .resources
        .iter()
        .map(|resource| (Kind::Resource, &resource.address, out(&resource.address)));
    let aliases = directory.aliases.iter().map(|alias| (Kind::Alias, &alias.address, out(&alias.target)));
    let lists = directory.lists.iter().map(|list| (Kind::List, &list.address, out(&list.address)));
    let all = accounts.chain(resources).chain(aliases).chain(lists);
    all.filter(|(_, _, out)| *out).map(|(kind, address, _)| Key::new(kind, address.as_str())).collect()
}

fn find(source: &Source, rendered: &[Finding], report: &mut Report) {
    let mut writer = Writer { step: Step::Provisioning, account: "", report };
    for (path, reason) in &source.unreadable {
        let path = path.display().to_string();
        writer.line(Verdict::Failed, path.clone(), path, reason.clone());
    }
    for finding in source.findings.iter().chain(rendered) {
        let (item, place) = (finding.item.clone(), finding.place.to_string());
        match finding.severity {
            Severity::Failure => writer.line(Verdict::Failed, item, place, finding.reason.clone()),
            Severity::Note => writer.note(item, place, finding.reason.clone()),
            Severity::Skip => writer.line(Verdict::Excluded, item, place, finding.reason.clone()),
        }
    }
}

fn line(key: &Key, holding: &Holding, verdict: Verdict, reason: &str) -> Carried<Key> {
    Carried { key: key.clone(), verdict, reason: reason.to_owned(), place: holding.place.to_string() }
}

fn is_mailbox(key: &Key) -> bool {
    matches!(key.kind(), Kind::Account | Kind::Resource)
}
