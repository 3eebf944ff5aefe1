//! Real Maildirs on a real disk.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use maildir_sync::{
    Error, FactChange, Facts, Finding, Flags, FolderName, Listing, MaildirSource, MaildirTarget, Message,
    Options, Policy, Reason, Report, Result, Severity, Source, State, Target, Unique, Verdict, apply, plan,
    plan_folders, verify,
};
use tempfile::TempDir;

/// Two Maildirs and what is remembered about them.
struct Pair {
    dir: TempDir,
    facts: BTreeMap<FolderName, Facts>,
}

impl Pair {
    fn new() -> Self {
        let pair = Self { dir: tempfile::tempdir().unwrap(), facts: BTreeMap::new() };
        make_folder(&pair.source());
        pair
    }

    fn source(&self) -> PathBuf {
        self.dir.path().join("old/Maildir")
    }

    fn target(&self) -> PathBuf {
        self.dir.path().join("new/Maildir")
    }

    fn run(&mut self) -> Report {
        self.run_with(&Policy::default())
    }

    fn run_with(&mut self, policy: &Policy) -> Report {
        let mut target = MaildirTarget::new(self.target(), Options::default());
        run(&self.source(), &mut target, &mut self.facts, policy).unwrap()
    }

    fn verify(&self, live: bool) -> Report {
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
fn run<T: Target>(
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

fn make_folder(dir: &Path) {
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(dir.join(name)).unwrap();
    }
}

fn put(path: impl AsRef<Path>, body: &str, date: u64) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, body).unwrap();
    set_date(path, date);
}

fn set_date(path: &Path, date: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(date);
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Every path below, with its bytes, its date when it is a message, and its mode.
fn tree(root: &Path) -> BTreeMap<PathBuf, (Vec<u8>, i64, u32)> {
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
fn traces(root: &Path) -> Vec<(PathBuf, i64, i64, u64)> {
    let trace = |path: &PathBuf| {
        let metadata = fs::symlink_metadata(root.join(path)).unwrap();
        (path.clone(), metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
    };
    tree(root).keys().map(trace).chain([trace(&PathBuf::new())]).collect()
}

fn texts(report: &Report) -> Vec<String> {
    let line = |line: &maildir_sync::Line| format!("{} {}", line.verdict, line.place);
    report.lines.iter().map(line).collect()
}

fn reasons(findings: &[Finding], severity: Severity) -> Vec<String> {
    let chosen = findings.iter().filter(|finding| finding.severity == severity);
    chosen.map(|finding| format!("{}: {}", finding.file, finding.reason)).collect()
}

fn list(root: &Path) -> (Listing, Vec<Finding>) {
    MaildirSource::new(root).list(&FolderName::inbox()).unwrap()
}

/// A Maildir with a bit of everything that is carried over.
fn furnish(root: &Path) {
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

#[test]
fn a_maildir_is_carried_over_whole_and_the_second_run_writes_nothing() {
    let mut pair = Pair::new();
    furnish(&pair.source());
    let before = traces(&pair.source());
    let report = pair.run();
    assert!(report.is_good() && report.notes.is_empty(), "{report:?}");
    assert_eq!(report.count(Verdict::Copied), 11);

    let (old, new) = (tree(&pair.source()), tree(&pair.target()));
    let messages = |tree: &BTreeMap<PathBuf, (Vec<u8>, i64, u32)>| {
        let messages = tree.iter().filter(|(path, _)| {
            path.parent().is_some_and(|dir| dir.ends_with("cur") || dir.ends_with("new"))
        });
        let renamed = |path: &Path| match path.to_str() {
            // Letters follow the target's own table, and what is seen goes to cur.
            Some("cur/3.M1P1.host:2,Sac") => "cur/3.M1P1.host:2,Sab".into(),
            Some("new/5.M1P1.host:2,S") => "cur/5.M1P1.host:2,S".into(),
            _ => path.to_owned(),
        };
        messages
            .map(|(path, (body, date, _))| (renamed(path), (body.clone(), *date)))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(messages(&new), messages(&old));
    assert_eq!(fs::read_to_string(pair.target().join("dovecot-keywords")).unwrap(), "0 $Forwarded\n1 Work\n");
    assert_eq!(fs::read_to_string(pair.target().join(".Sent/dovecot-keywords")).unwrap(), "0 Work\n");
    assert_eq!(
        fs::read_to_string(pair.target().join("subscriptions")).unwrap(),
        "V\t2\n\nSent\nArbeit\tGr&APYA3w-e\n"
    );
    for folder in [".Sent", ".Arbeit.Gr&APYA3w-e", ".Empty"] {
        assert_eq!(fs::metadata(pair.target().join(folder).join("maildirfolder")).unwrap().len(), 0);
    }
    assert!(!new.contains_key(Path::new("maildirfolder")));
    assert!(!new.values().any(|(body, ..)| body == b"never copied"), "{:?}", new.keys());
    for (path, (_, _, mode)) in &new {
        let expected = if pair.target().join(path).is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{path:?}");
    }

    let after_first = traces(&pair.target());
    let report = pair.run();
    assert_eq!(report.count(Verdict::Unchanged), 11);
    assert_eq!(report.lines.len(), 11);
    assert_eq!(traces(&pair.target()), after_first);
    let report = pair.verify(false);
    assert_eq!((report.count(Verdict::Unchanged), report.lines.len()), (11, 11));
    assert_eq!(traces(&pair.source()), before, "the source is never touched");
}

#[test]
fn a_changed_flag_is_a_rename_and_costs_no_body() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,"), "one", 1);
    put(pair.source().join("new/2.a"), "two", 2);
    pair.run();
    let inode = fs::metadata(pair.target().join("cur/1.a:2,")).unwrap().ino();
    fs::rename(pair.source().join("cur/1.a:2,"), pair.source().join("cur/1.a:2,RS")).unwrap();
    fs::rename(pair.source().join("new/2.a"), pair.source().join("cur/2.a:2,S")).unwrap();
    put(pair.source().join("new/3.a"), "three", 3);
    let report = pair.run();
    assert_eq!(texts(&report), ["copied cur/1.a:2,RS", "copied cur/2.a:2,S", "copied new/3.a"]);
    assert_eq!(fs::metadata(pair.target().join("cur/1.a:2,RS")).unwrap().ino(), inode);
    assert_eq!(fs::read_dir(pair.target().join("cur")).unwrap().count(), 2);
    assert_eq!(pair.run().count(Verdict::Unchanged), 3);
}

#[test]
fn what_users_did_on_the_target_stays_while_the_source_moves_on() {
    let mut pair = Pair::new();
    put(pair.source().join("dovecot-keywords"), "0 Work\n", 0);
    put(pair.source().join("new/1.a"), "one", 1);
    put(pair.source().join("cur/2.a:2,a"), "two", 2);
    pair.run();
    // A reader on the target: moves, flags, and names a keyword of its own.
    fs::rename(pair.target().join("new/1.a"), pair.target().join("cur/1.a:2,Fb")).unwrap();
    put(pair.target().join("dovecot-keywords"), "0 Work\n1 Own\n", 0);
    fs::remove_file(pair.target().join("cur/2.a:2,a")).unwrap();
    // And one on the source.
    fs::rename(pair.source().join("new/1.a"), pair.source().join("cur/1.a:2,Sa")).unwrap();
    let report = pair.run();
    assert!(pair.target().join("cur/1.a:2,FSab").exists(), "{:?}", tree(&pair.target()).keys());
    assert_eq!(texts(&report), ["copied cur/1.a:2,Sa", "excluded cur/2.a:2,a"]);
    let report = pair.run();
    assert_eq!(report.lines[0].reason, Some(Reason::ChangedOnTarget));
    assert_eq!(report.lines[0].verdict, Verdict::Unchanged);

    for (live, verdict) in [(false, "failed"), (true, "excluded")] {
        let told = pair.verify(live);
        assert_eq!(texts(&told), [format!("{verdict} cur/1.a:2,Sa"), format!("{verdict} cur/2.a:2,a")]);
        let reason = told.lines[0].reason_text().unwrap();
        assert!(reason.ends_with("flag F only on the target; keyword Own only on the target"), "{reason}");
        assert_eq!(told.lines[1].reason, Some(Reason::RemovedOnTarget));
    }
    pair.run_with(&Policy::default().with_restore(true));
    assert!(pair.verify(false).is_good());
    assert!(pair.target().join("cur/1.a:2,Sa").exists());
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
fn a_source_with_cur_alone_is_a_maildir_and_one_with_neither_is_none() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path().join("bare/cur/1.a:2,"), "one", 1);
    fs::create_dir_all(dir.path().join("other/tmp")).unwrap();
    assert_eq!(list(&dir.path().join("bare")).0.len(), 1);
    for name in ["other", "not-there"] {
        let mut source = MaildirSource::new(dir.path().join(name));
        assert!(matches!(source.folders(), Err(Error::NotMaildir { .. })), "{name}");
        assert!(matches!(source.list(&FolderName::inbox()), Err(Error::NotMaildir { .. })), "{name}");
        let mut target = MaildirTarget::new(dir.path().join(name), Options::default());
        assert_eq!(target.folders().unwrap().0, []);
        assert!(target.list(&FolderName::inbox()).unwrap().0.is_empty());
    }
}

#[test]
fn the_root_may_be_reached_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path().join("real/cur/1.a:2,"), "one", 1);
    symlink("real", dir.path().join("link")).unwrap();
    let mut source = MaildirSource::new(dir.path().join("link"));
    assert_eq!(source.folders().unwrap().0, [FolderName::inbox()]);
    assert_eq!(list(&dir.path().join("link")).0.len(), 1);
}

#[test]
fn what_is_no_message_is_named_and_not_followed() {
    let mut pair = Pair::new();
    let cur = pair.source().join("cur");
    put(pair.dir.path().join("secret"), "not mail", 1);
    put(cur.join("0.good:2,"), "good", 1);
    symlink("nowhere", cur.join("1.dangling:2,S")).unwrap();
    symlink(pair.dir.path().join("secret"), cur.join("2.outside:2,")).unwrap();
    fs::create_dir(cur.join("3.directory")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, cur.join("4.pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    put(cur.join(".hidden"), "", 1);
    put(cur.join(":2,S"), "nameless", 1);
    symlink(pair.dir.path(), pair.source().join(".Away")).unwrap();
    fs::create_dir(pair.dir.path().join("cur")).unwrap();
    fs::create_dir(pair.source().join(".spamassassin")).unwrap();
    fs::create_dir_all(pair.source().join("Sent/cur")).unwrap();

    let report = pair.run();
    let notes: Vec<_> = report.notes.iter().map(|note| note.file.as_str()).collect();
    assert_eq!(notes, [".spamassassin", "cur/.hidden"]);
    let mut lines = texts(&report);
    lines.sort();
    assert_eq!(
        lines,
        [
            "copied cur/0.good:2,",
            "failed .Away",
            "failed Sent",
            "failed cur/1.dangling:2,S",
            "failed cur/2.outside:2,",
            "failed cur/3.directory",
            "failed cur/4.pipe",
            "failed cur/:2,S",
        ]
    );
    assert_eq!(fs::read_dir(pair.target().join("cur")).unwrap().count(), 1);
    let told = pair.verify(false);
    assert_eq!(told.count(Verdict::Failed), 5);
    assert_eq!(told.count(Verdict::Unchanged), 1);
}

#[test]
fn what_is_odd_about_a_message_is_a_note() {
    let pair = Pair::new();
    let cur = pair.source().join("cur");
    put(cur.join("1.a,S=3,W=4:2,S"), "four", 1);
    put(cur.join("2.a,S=3:2,S"), "\x1f\u{8b} is compressed", 1);
    fs::write(cur.join("2.a,S=3:2,S"), b"\x1f\x8b compressed").unwrap();
    put(cur.join("3.a,S=4:2,Sb"), "four", 1);
    put(cur.join("4.a:1,S"), "four", 1);
    put(cur.join("5.a:2,SX,kept"), "four", 1);
    let (listing, findings) = list(&pair.source());
    assert_eq!(listing.len(), 5);
    assert_eq!(reasons(&findings, Severity::Failed), [""; 0]);
    assert_eq!(
        reasons(&findings, Severity::Note),
        [
            "cur/1.a,S=3,W=4:2,S: its name tells 3 bytes, the file has 4",
            "cur/3.a,S=4:2,Sb: the keyword letter `b` has no name in dovecot-keywords and is not carried over",
            "cur/4.a:1,S: `1,S` after the colon is not understood and not carried over",
            "cur/5.a:2,SX,kept: `X,kept` after the colon is not understood and not carried over",
        ]
    );
}

#[test]
fn two_messages_of_one_name_stay_two() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a,S=3:2,S"), "old", 1);
    put(pair.source().join("new/1.a,S=3"), "new", 2);
    put(pair.source().join("cur/2.a:2,"), "same", 1);
    put(pair.source().join("cur/2.a:2,S"), "same", 1);
    let report = pair.run();
    assert_eq!(report.count(Verdict::Copied), 4);
    assert_eq!(report.notes.len(), 2);
    let bodies = |dir: &str| {
        let dir = fs::read_dir(pair.target().join(dir)).unwrap();
        let mut bodies: Vec<_> =
            dir.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
        bodies.sort();
        bodies
    };
    assert_eq!(
        (bodies("cur"), bodies("new")),
        (vec!["old".into(), "same".into(), "same".into()], vec!["new".into()])
    );
    // They keep the names they got, whatever becomes of their flags.
    fs::rename(pair.source().join("new/1.a,S=3"), pair.source().join("cur/1.a,S=3:2,F")).unwrap();
    let report = pair.run();
    assert_eq!((report.count(Verdict::Copied), report.count(Verdict::Unchanged)), (1, 3));
    assert_eq!(fs::read_dir(pair.target().join("cur")).unwrap().count(), 4);
    assert!(pair.verify(false).is_good());
}

#[test]
fn a_message_renamed_after_the_listing_is_found_again() {
    let pair = Pair::new();
    put(pair.source().join("new/1.a"), "one", 1);
    let mut source = MaildirSource::new(pair.source());
    let inbox = FolderName::inbox();
    let (listing, _) = source.list(&inbox).unwrap();
    let message = listing.iter().next().unwrap();
    fs::rename(pair.source().join("new/1.a"), pair.source().join("cur/1.a:2,S")).unwrap();
    let mut body = String::new();
    source.open(&inbox, message).unwrap().read_to_string(&mut body).unwrap();
    assert_eq!(body, "one");
    fs::remove_file(pair.source().join("cur/1.a:2,S")).unwrap();
    assert!(matches!(source.open(&inbox, message), Err(Error::Vanished { .. })));
}

#[test]
fn a_target_renamed_under_us_gets_its_flags_all_the_same() {
    let mut pair = Pair::new();
    put(pair.source().join("new/1.a"), "one", 1);
    pair.run();
    let mut target = MaildirTarget::new(pair.target(), Options::default());
    let inbox = FolderName::inbox();
    target.prepare(&inbox, &[]).unwrap();
    fs::rename(pair.target().join("new/1.a"), pair.target().join("cur/1.a:2,F")).unwrap();
    let state = State { flags: Flags::parse(b"S"), date: 5, ..State::default() };
    let unique = Unique::new("1.a").unwrap();
    target.set_state(&inbox, &unique, &state).unwrap();
    assert_eq!(target.settle(&inbox).unwrap().len(), 0);
    assert_eq!(fs::metadata(pair.target().join("cur/1.a:2,S")).unwrap().mtime(), 5);
    fs::remove_file(pair.target().join("cur/1.a:2,S")).unwrap();
    assert!(matches!(target.set_state(&inbox, &unique, &state), Err(Error::Vanished { .. })));
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

    // Someone delivers the same name while our batch waits in tmp.
    let mut target = MaildirTarget::new(pair.target(), Options::default());
    let inbox = FolderName::inbox();
    let message = Message::new(Unique::new("2.a").unwrap(), 3, 4);
    target.deliver(&inbox, &message, &mut &b"ours"[..]).unwrap();
    assert!(matches!(target.deliver(&inbox, &message, &mut &b"ours"[..]), Err(Error::Occupied { .. })));
    put(pair.target().join("cur/2.a:2,"), "theirs", 4);
    let refused = target.settle(&inbox).unwrap();
    assert!(matches!(&refused[..], [(_, Error::Occupied { .. })]), "{refused:?}");
    assert_eq!(fs::read_to_string(pair.target().join("cur/2.a:2,")).unwrap(), "theirs");
    assert_eq!(fs::read_dir(pair.target().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_message_made_by_a_caller_is_delivered() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("deep/Maildir");
    let mut target = MaildirTarget::new(&root, Options::default().with_modes(0o770, 0o660));
    let folder = FolderName::from_path_parts(&["Entwürfe"]).unwrap();
    target.create_folder(&FolderName::inbox()).unwrap();
    target.create_folder(&folder).unwrap();
    let state =
        State { flags: Flags::parse(b"DS"), keywords: ["Work", "Junk"].map(str::to_owned).into(), date: -1 };
    let message =
        Message::new(Unique::new("uid-77.v1.old.example.com").unwrap(), 0, 4).with_state(state.clone());
    assert_eq!(target.deliver(&folder, &message, &mut &b"body"[..]).unwrap(), 4);
    let short = Message::new(Unique::new("uid-78").unwrap(), 0, 9);
    for body in [&b"too short"[..8], b"far too long"] {
        assert!(matches!(target.deliver(&folder, &short, &mut &*body), Err(Error::Size { expected: 9, .. })));
    }
    target.settle(&folder).unwrap();
    let path = root.join(".Entw&APw-rfe/cur/uid-77.v1.old.example.com:2,DSab");
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.len(), metadata.mtime(), metadata.permissions().mode() & 0o777), (4, -1, 0o660));
    assert_eq!(fs::metadata(root.join("cur")).unwrap().permissions().mode() & 0o777, 0o770);
    let (listing, _) = target.list(&folder).unwrap();
    assert_eq!(listing.get(&message.unique).unwrap().state(), state);
    assert_eq!(fs::read_dir(root.join(".Entw&APw-rfe/tmp")).unwrap().count(), 0);
    let long = Message::new(Unique::new("x".repeat(250)).unwrap(), 1, 0);
    target.deliver(&folder, &long, &mut &b""[..]).unwrap();
    target.settle(&folder).unwrap();
    assert_eq!(target.list(&folder).unwrap().0.len(), 2);
}

#[test]
fn the_target_keeps_its_own_letters() {
    let mut pair = Pair::new();
    put(pair.source().join("dovecot-keywords"), "0 One\n1 Two\n2 Junk\n", 0);
    put(pair.source().join("cur/1.a:2,abc"), "one", 1);
    make_folder(&pair.target());
    put(pair.target().join("dovecot-keywords"), "1 junk\n5 Other\n", 0);
    pair.run();
    assert_eq!(
        fs::read_to_string(pair.target().join("dovecot-keywords")).unwrap(),
        "1 junk\n5 Other\n6 One\n7 Two\n"
    );
    assert!(pair.target().join("cur/1.a:2,bgh").exists());
    assert!(pair.verify(false).is_good());
    assert_eq!(pair.run().count(Verdict::Unchanged), 1);
}

#[test]
fn a_maildir_that_was_copied_by_other_means_is_adopted() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,S"), "one", 1);
    put(pair.source().join("cur/2.a:2,"), "two", 2);
    put(pair.target().join("cur/1.a:2,S"), "one", 1);
    put(pair.target().join("new/2.a"), "two", 9);
    put(pair.target().join("new/3.a"), "three", 3);
    let report = pair.run();
    assert_eq!(texts(&report), ["adopted cur/1.a:2,S", "adopted cur/2.a:2,", "extra new/3.a"]);
    assert_eq!(fs::metadata(pair.target().join("new/2.a")).unwrap().mtime(), 2);
    assert_eq!(pair.run().count(Verdict::Unchanged), 2);
}

#[test]
fn verify_pairs_by_content_and_names_what_is_missing() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,S"), "Message-ID: <lost@example.com>\n\n", 1);
    put(pair.source().join("cur/2.a:2,S"), "twice", 2);
    put(pair.source().join("cur/3.a:2,S"), "twice", 2);
    put(pair.source().join("cur/4.a:2,S"), "four", 4);
    pair.run();
    pair.facts.clear();
    let cur = pair.target().join("cur");
    fs::remove_file(cur.join("1.a:2,S")).unwrap();
    fs::rename(cur.join("2.a:2,S"), cur.join("other-name:2,S")).unwrap();
    put(cur.join("4.a:2,S"), "FOUR", 4);
    let report = pair.verify(false);
    assert_eq!(
        texts(&report),
        ["failed cur/1.a:2,S", "unchanged cur/2.a:2,S", "unchanged cur/3.a:2,S", "failed cur/4.a:2,S"]
    );
    assert_eq!(report.lines[0].reason, Some(Reason::Missing));
    assert_eq!(report.lines[0].message_id.as_deref(), Some("lost@example.com"));
    assert_eq!(report.lines[3].reason_text().unwrap(), "differs from the source: other content");
    set_date(&cur.join("3.a:2,S"), 1_000_000_000);
    let report = pair.verify(false);
    let reason = report.lines[2].reason_text().unwrap();
    assert!(
        reason.ends_with("date 1970-01-01 00:00:02 UTC at the source, 2001-09-09 01:46:40 UTC on the target")
    );
    // One of two equal messages is one too few.
    fs::remove_file(cur.join("3.a:2,S")).unwrap();
    assert_eq!(pair.verify(false).count(Verdict::Failed), 3);
}
