//! Pairs of real Maildirs.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use maildir_sync::{
    FactChange, Facts, Finding, FolderName, Line, Listing, MaildirSource, MaildirTarget, Options, Policy,
    Report, Result, Severity, Source, Target, apply, plan, plan_folders, verify,
};
use tempfile::TempDir;

/// Two Maildirs and what is remembered about them.
pub struct Pair {
    pub dir: TempDir,
    pub facts: BTreeMap<FolderName, Facts>,
}

impl Pair {
    pub fn new() -> Self {
        let pair = Self { dir: tempfile::tempdir().unwrap(), facts: BTreeMap::new() };
        make_folder(&pair.source());
        pair
    }

    pub fn source(&self) -> PathBuf {
        self.dir.path().join("old/Maildir")
    }

    pub fn target(&self) -> PathBuf {
        self.dir.path().join("new/Maildir")
    }

    pub fn run(&mut self) -> Report {
        self.run_with(&Policy::default())
    }

    /// As `run`, through to the disk.
    pub fn run_durably(&mut self) -> Report {
        let mut target = MaildirTarget::new(self.target(), Options::default());
        run(&self.source(), &mut target, &mut self.facts, &Policy::default()).unwrap()
    }

    pub fn run_with(&mut self, policy: &Policy) -> Report {
        let mut target = MaildirTarget::new(self.target(), Options::default().with_durable(false));
        run(&self.source(), &mut target, &mut self.facts, policy).unwrap()
    }

    pub fn verify(&self, live: bool) -> Report {
        let mut source = MaildirSource::new(self.source());
        let mut target = MaildirTarget::new(self.target(), Options::default());
        let mut report = Report::default();
        for folder in source.folders().unwrap().0 {
            let facts = self.facts.get(&folder).cloned().unwrap_or_default();
            report.extend(verify(&folder, &mut source, &mut target, &facts, live).unwrap());
        }
        report
    }
}

/// A whole Maildir, as a program would do it.
pub fn run<T: Target>(
    root: &Path,
    target: &mut T,
    facts: &mut BTreeMap<FolderName, Facts>,
    policy: &Policy,
) -> Result<Report> {
    let mut source = MaildirSource::new(root);
    let (folders, findings) = source.folders()?;
    let mut report = Report::default();
    report.add_findings(findings);
    for folder in plan_folders(&folders, &target.folders()?.0) {
        target.create_folder(&folder)?;
    }
    for folder in &folders {
        let (ours, findings) = source.list(folder)?;
        let (theirs, _) = target.list(folder)?;
        report.add_findings(findings);
        let known = facts.entry(folder.clone()).or_default();
        let plan = plan(&ours, &theirs, known, policy);
        let mut record = |changes: &[FactChange]| {
            changes.iter().cloned().for_each(|change| known.change(change));
            Ok::<_, Infallible>(())
        };
        report.extend(apply(&plan, folder, &mut source, target, &mut record, &|| true, &mut |_| ()));
    }
    if let Some(subscribed) = source.subscriptions()? {
        target.subscribe(&subscribed)?;
    }
    Ok(report)
}

pub fn make_folder(dir: &Path) {
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
}

pub fn put(path: impl AsRef<Path>, body: &str, date: u64) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, body).unwrap();
    set_date(path, date);
}

pub fn set_date(path: &Path, date: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(date);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Every path below, with its bytes, its date when it is a message, and its mode.
pub fn tree(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, i64, u32)> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let message = dir.ends_with("cur") || dir.ends_with("new");
            let body = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            let date = if message { metadata.mtime() } else { 0 };
            found.insert(path.strip_prefix(root).unwrap().to_owned(), (body, date, metadata.mode()));
            if metadata.is_dir() {
                left.push(path);
            }
        }
    }
    found
}

/// Every path with its change time and inode: what a write, a rename or a touch would show in.
pub fn traces(root: &Path) -> Vec<(PathBuf, i64, i64, u64)> {
    let trace = |path: &PathBuf| {
        let metadata = fs::symlink_metadata(root.join(path)).unwrap();
        (path.clone(), metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
    };
    tree(root).keys().map(trace).chain([trace(&PathBuf::new())]).collect()
}

pub fn texts(report: &Report) -> Vec<String> {
    let line = |line: &Line| format!("{} {}", line.verdict, line.place);
    report.lines.iter().map(line).collect()
}

pub fn reasons(findings: &[Finding], severity: Severity) -> Vec<String> {
    let chosen = findings.iter().filter(|finding| finding.severity == severity);
    chosen.map(|finding| format!("{}: {}", finding.file, finding.reason)).collect()
}

pub fn list(root: &Path) -> (Listing, Vec<Finding>) {
    MaildirSource::new(root).list(&FolderName::inbox()).unwrap()
}

/// A Maildir with a bit of everything that is carried over.
pub fn furnish(root: &Path) {
    put(root.join("cur/1.M1P1.host:2,FS"), "Message-ID: <1@example.com>\n\none\n", 1_000_000_000);
    put(root.join("cur/2.M1P1.host,S=0:2,"), "", 1);
    put(root.join("cur/3.M1P1.host:2,Sac"), "three", 3);
    put(root.join("new/4.M1P1.host"), "four", 4);
    put(root.join("new/5.M1P1.host:2,S"), "seen, but nobody has moved it", 5);
    put(root.join("dovecot-keywords"), "0 $Forwarded\n1 unused\n2 Work\n", 0);
    put(root.join("subscriptions"), "Sent\nArbeit.Gr&APYA3w-e\n", 0);
    for (index, name) in [&b"-rf"[..], b"a b\nc", b"caf\xe9", b"q'\"$x"].into_iter().enumerate() {
        put(root.join("cur").join(OsStr::from_bytes(&[name, b":2,T"].concat())), "odd", 100 + index as u64);
    }
    for folder in [".Sent", ".Arbeit.Gr&APYA3w-e", ".Empty"] {
        make_folder(&root.join(folder));
    }
    put(root.join(".Sent/cur/6.M1P1.host:2,Sa"), "six", 6);
    put(root.join(".Sent/dovecot-keywords"), "0 Work\n", 0);
    put(root.join(".Arbeit.Gr&APYA3w-e/cur/7.M1P1.host:2,"), "seven", 7);
    for name in ["dovecot.index.log", "dovecot-uidlist", "maildirsize", "tmp/half.a.message"] {
        put(root.join(name), "never copied", 0);
    }
}
