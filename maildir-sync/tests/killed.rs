//! Runs that are killed, that meet other writers, or that fill the disk.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use maildir_sync::{
    Error, Finding, FolderName, Listing, MaildirTarget, Message, Options, Policy, Reason, Result, Source,
    State, Target, Unique, Verdict,
};
use tempfile::TempDir;
use tree::{Pair, furnish, make_folder, put, run, texts, tree};

/// Stops answering after so many calls, as a killed process does.
struct Dying {
    target: MaildirTarget,
    left: usize,
}

impl Dying {
    fn step(&mut self) -> Result<&mut MaildirTarget> {
        let dead = || Error::disk(Path::new("target"), "go on with", std::io::Error::other("killed"));
        self.left = self.left.checked_sub(1).ok_or_else(dead)?;
        Ok(&mut self.target)
    }
}

impl Source for Dying {
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        self.target.folders()
    }

    fn list(&mut self, folder: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        self.target.list(folder)
    }

    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        self.target.open(folder, message)
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        self.target.subscriptions()
    }
}

impl Target for Dying {
    fn create_folder(&mut self, folder: &FolderName) -> Result<()> {
        self.step()?.create_folder(folder)
    }

    fn prepare(&mut self, folder: &FolderName, keywords: &[String]) -> Result<Vec<String>> {
        self.step()?.prepare(folder, keywords)
    }

    fn deliver(&mut self, folder: &FolderName, message: &Message, body: &mut dyn Read) -> Result<u64> {
        self.step()?.deliver(folder, message, body)
    }

    fn set_state(&mut self, folder: &FolderName, unique: &Unique, state: &State) -> Result<()> {
        self.step()?.set_state(folder, unique, state)
    }

    fn settle(&mut self, folder: &FolderName) -> Result<Vec<(Unique, Error)>> {
        self.step()?.settle(folder)
    }

    fn batch_len(&self) -> usize {
        2
    }

    fn subscribe(&mut self, folders: &[FolderName]) -> Result<usize> {
        self.step()?.subscribe(folders)
    }
}

/// A small file system of its own, where mounting is allowed.
struct Mount(TempDir);

impl Mount {
    fn small() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(dir.path());
        let mounted = mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then(|| Self(dir))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        std::process::Command::new("umount").arg(self.0.path()).status().ok();
    }
}

#[test]
fn a_killed_run_leaves_nothing_behind_that_the_next_does_not_clear() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,S"), "one", 1);
    make_folder(&pair.target());
    put(pair.target().join("tmp/1.a.mailferry"), "o", 9);
    put(pair.target().join("tmp/9.gone.mailferry"), "half", 9);
    put(pair.target().join("tmp/someone-else"), "not ours", 9);
    put(pair.target().join("dovecot-keywords.mailferry"), "0 ha", 9);
    assert_eq!(pair.run().count(Verdict::Copied), 1);
    let files: Vec<_> = tree(&pair.target()).into_iter().filter(|(_, (body, ..))| !body.is_empty()).collect();
    let names: Vec<_> = files.iter().map(|(path, _)| path.to_str().unwrap()).collect();
    assert_eq!(names, ["cur/1.a:2,S", "tmp/someone-else"]);
}

#[test]
fn l3_interruptible() {
    let mut whole = Pair::new();
    furnish(&whole.source());
    whole.run();
    let expected = tree(&whole.target());
    let mut cut_short = 0;
    for left in 0..40 {
        for remember in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let options = Options::default().with_durable(false);
            let mut facts = BTreeMap::new();
            let mut dying = Dying { target: MaildirTarget::new(root.path().join("m"), options), left };
            let first = run(&whole.source(), &mut dying, &mut facts, &Policy::default());
            cut_short += usize::from(!first.is_ok_and(|report| report.is_good()));
            if !remember {
                facts.clear();
            }
            let mut target = MaildirTarget::new(root.path().join("m"), options);
            let report = run(&whole.source(), &mut target, &mut facts, &Policy::default()).unwrap();
            assert!(report.is_good(), "{report:?}");
            assert_eq!(tree(&root.path().join("m")), expected, "killed after {left} steps");
        }
    }
    assert!(cut_short > 40, "{cut_short}");
}

#[test]
fn a_folder_made_by_half_is_completed() {
    let mut pair = Pair::new();
    make_folder(&pair.source().join(".A"));
    fs::create_dir_all(pair.target().join(".A/tmp")).unwrap();
    put(pair.target().join(".A/maildirfolder"), "", 0);
    assert!(pair.run().is_good());
    assert!(pair.target().join(".A/cur").is_dir() && pair.target().join(".A/new").is_dir());
}

#[test]
fn a_full_disk_fails_the_rest_and_leaves_no_half_message() {
    let Some(mount) = Mount::small() else {
        eprintln!("not run: mounting is not allowed here");
        return;
    };
    let mut pair = Pair::new();
    for index in 0..9 {
        put(pair.source().join(format!("cur/{index}.a:2,S")), &"x".repeat(60_000), 1);
    }
    let root = mount.0.path().join("Maildir");
    let mut target = MaildirTarget::new(&root, Options::default());
    let report = run(&pair.source(), &mut target, &mut pair.facts, &Policy::default()).unwrap();
    let copied = report.count(Verdict::Copied);
    assert!(copied > 0 && report.count(Verdict::Failed) == 9 - copied, "{:?}", texts(&report));
    let reason = report.lines[copied].reason_text().unwrap();
    assert!(reason.ends_with("No space left on device (os error 28)"), "{reason}");
    assert!(report.lines[8].reason_text().unwrap().starts_with("not tried: "));
    assert_eq!(fs::read_dir(root.join("tmp")).unwrap().count(), 0);
    let whole = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().metadata().unwrap().len() == 60_000;
    assert!(fs::read_dir(root.join("cur")).unwrap().all(whole));
}

#[test]
fn nothing_is_ever_written_over() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,S"), "Message-ID: <source@example.com>\n\nours", 1);
    put(pair.target().join("cur/1.a:2,F"), "theirs, and longer", 2);
    let before = fs::read(pair.target().join("cur/1.a:2,F")).unwrap();
    let report = pair.run();
    assert_eq!(report.lines[0].verdict, Verdict::Skipped);
    assert_eq!(report.lines[0].reason, Some(Reason::OccupiedOnTarget));
    assert_eq!(report.lines[0].message_id.as_deref(), Some("source@example.com"));
    assert_eq!(fs::read(pair.target().join("cur/1.a:2,F")).unwrap(), before);

    // Whatever its flags: two files of one name would be two messages.
    let mut target = MaildirTarget::new(pair.target(), Options::default());
    let inbox = FolderName::inbox();
    let same_name = Message::new(Unique::new("1.a").unwrap(), 3, 4);
    assert!(matches!(target.deliver(&inbox, &same_name, &mut &b"ours"[..]), Err(Error::Occupied { .. })));

    // Someone delivers the same name while our batch waits in tmp.
    let message = Message::new(Unique::new("2.a").unwrap(), 3, 4);
    target.deliver(&inbox, &message, &mut &b"ours"[..]).unwrap();
    assert!(matches!(target.deliver(&inbox, &message, &mut &b"ours"[..]), Err(Error::Occupied { .. })));
    put(pair.target().join("cur/2.a:2,"), "theirs", 4);
    let refused = target.settle(&inbox).unwrap();
    assert!(matches!(&refused[..], [(_, Error::Occupied { .. })]), "{refused:?}");
    assert_eq!(fs::read_to_string(pair.target().join("cur/2.a:2,")).unwrap(), "theirs");
    assert_eq!(fs::read_dir(pair.target().join("tmp")).unwrap().count(), 0);
}
