//! A Maildir on either side of the IMAP engine, against a server that is made up.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use chrono::DateTime;
use imap_sync::{
    Change, Changes, Connect, Error, Fact, Flags, Folder, FolderName, Head, Header, Intent, Item, ItemKey,
    Items, KeySet, Memory, Opened, Permanent, Policy, Report, Selected, Source, State, Target, Unwatched,
    Validity, Verdict, Watch,
};
use mailferry_tools::imap::maildir::{Findings, Maildir};
use mailferry_tools::imap::served::{AsServed, Changed};
use proptest::prelude::*;

#[test]
fn messages_are_kept_as_dovecot_keeps_them() {
    let mut server =
        Server::of(&[("INBOX", &[(7, "\\Seen $Work", 1_000_000_000, "Subject: a\r\n\r\nb\r\n")])]);
    let home = Home::new();
    let counts = home.run(&mut server).counts();
    assert_eq!((counts.copied, counts.failed), (1, 0));
    let [file] = home.files(".").try_into().unwrap();
    assert_eq!(file, "cur/7.V9.mailferry,S=14,W=17:2,Sa");
    let path = home.root.join(&file);
    assert_eq!(fs::read(&path).unwrap(), b"Subject: a\n\nb\n");
    assert_eq!(seconds(&path), 1_000_000_000);
    assert_eq!(fs::read(home.root.join("dovecot-keywords")).unwrap(), b"0 $Work\n");
    assert_eq!(home.list("."), "3 V9 N8\n7 :7.V9.mailferry,S=14,W=17\n");
}

#[test]
fn l1_converged_l2_idempotent() {
    let mut server = large();
    let home = Home::new();
    assert_eq!(home.run(&mut server).counts().copied, 5);
    let tree = home.tree();
    let again = home.run(&mut server);
    assert_eq!((again.counts().copied, again.counts().unchanged), (0, 5));
    assert_eq!(home.tree(), tree);
    let verified = home.verify(&mut server);
    assert_eq!((verified.counts().unchanged, verified.counts().failed, verified.counts().extra), (5, 0, 0));
    assert_eq!(home.plan(&mut server).counts().copied, 0);
}

#[test]
fn equal_messages_stay_as_many_as_they_are() {
    let home = Home::new();
    home.run(&mut large());
    assert_eq!(home.files(".Arbeit.Gr&APYA3w-e").len(), 2);
    assert_eq!(fs::read(home.root.join("subscriptions")).unwrap(), b"V\t2\n\nArbeit\tGr&APYA3w-e\n");
}

#[test]
fn a_message_that_landed_without_a_fact_is_not_doubled() {
    let mut server = large();
    let home = Home::new();
    home.run(&mut server);
    let tree = home.tree();
    let mut forgetful = Home { memory: Kept::default(), ..home };
    let counts = forgetful.run(&mut server).counts();
    assert_eq!((counts.copied, counts.adopted), (0, 5));
    assert_eq!(forgetful.tree(), tree);
    forgetful.memory = Kept::default();
    let removed = forgetful.root.join(&forgetful.files(".")[0]);
    fs::remove_file(&removed).unwrap();
    forgetful.run(&mut server);
    assert_eq!(forgetful.tree(), tree);

    let home = Home::new();
    home.run(&mut odd());
    let forgetful = Home { memory: Kept::default(), ..home };
    let counts = forgetful.run(&mut odd()).counts();
    assert_eq!((counts.copied, counts.adopted), (1, 1), "the one with a bare LF is met by its name");
    assert_eq!(forgetful.files(".").len(), 2);
}

#[test]
fn l3_interruptible() {
    let whole = Home::new();
    whole.run(&mut large());
    for stop in 0..9 {
        for lost in [false, true] {
            let home = Home::new();
            home.memory.refuse_after(stop, lost);
            home.run(&mut large());
            home.memory.heal();
            home.run(&mut large());
            assert_eq!(home.tree(), whole.tree(), "stopped after {stop}, the last change lost: {lost}");
            assert_eq!(home.run(&mut large()).counts().copied, 0);
        }
    }
}

#[test]
fn what_users_do_on_the_target_stays() {
    let mut server = large();
    let home = Home::new();
    home.run(&mut server);
    let file = home.root.join("cur/1.V9.mailferry,S=4,W=5:2,S");
    fs::rename(&file, home.root.join("cur/1.V9.mailferry,S=4,W=5:2,FS")).unwrap();
    fs::remove_file(home.root.join("cur/2.V9.mailferry,S=4,W=5:2,")).unwrap();
    let report = home.run(&mut server);
    assert_eq!((report.counts().unchanged, report.counts().excluded, report.counts().copied), (4, 1, 0));

    server.change("INBOX", 1, "\\Seen \\Answered");
    assert_eq!(home.run(&mut server).counts().copied, 1);
    assert!(home.root.join("cur/1.V9.mailferry,S=4,W=5:2,FRS").exists(), "{:?}", home.files("."));
    assert_eq!(home.verify(&mut server).counts().failed, 2);

    let counts = home.run_with(&mut server, &Policy::default().with_restore(true)).counts();
    assert_eq!(counts.copied, 2);
    assert_eq!(home.verify(&mut server).counts().failed, 0);
}

#[test]
fn uids_that_cannot_be_kept_are_told_once_for_a_folder() {
    let home = Home::new();
    fs::create_dir_all(home.root.join("cur")).unwrap();
    fs::write(home.root.join("cur/1.M1P1.x:2,"), "x").unwrap();
    fs::write(home.root.join("dovecot-uidlist"), "3 V8 N2\n1 :1.M1P1.x\n").unwrap();
    let (report, findings) = home.run_and_find(&mut large(), &Policy::default());
    assert_eq!(report.counts().copied, 5);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(
        findings[0].starts_with("3 messages have") && findings[0].ends_with("UIDVALIDITY, 8"),
        "{findings:?}"
    );
    assert_eq!(home.list("."), "3 V8 N2\n1 :1.M1P1.x\n");
    assert_eq!(home.list(".Arbeit.Gr&APYA3w-e").lines().count(), 3);
}

#[test]
fn messages_that_a_killed_run_left_without_a_record_get_theirs() {
    let home = Home::new();
    home.run(&mut large());
    let list = home.list(".");
    fs::remove_file(home.root.join("dovecot-uidlist")).unwrap();
    for memory in [true, false] {
        if !memory {
            *home.memory.0.lock().unwrap() = Known::default();
        }
        home.run(&mut large());
        assert_eq!(home.list("."), list, "the facts are kept: {memory}");
        fs::write(home.root.join("dovecot-uidlist"), &list[..list.len() - 4]).unwrap();
    }
}

#[test]
fn keywords_beyond_the_letters_are_told() {
    let names: Vec<String> = (0..30).map(|number| format!("k{number:02}")).collect();
    let mut server = Server::of(&[("INBOX", &[(1, &names.join(" "), 1, "a\r\n")])]);
    let home = Home::new();
    let (report, findings) = home.run_and_find(&mut server, &Policy::default());
    assert_eq!(report.counts().copied, 1);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains("k26 k27 k28 k29"), "{findings:?}");
    assert_eq!(home.run(&mut server).counts().unchanged, 1);
    assert_eq!(home.verify(&mut server).counts().failed, 0);
}

#[test]
fn a_bare_line_feed_is_told() {
    let home = Home::new();
    let (_, findings) = home.run_and_find(&mut odd(), &Policy::default());
    assert_eq!(findings.len(), 1);
    assert!(findings[0].contains("1 line feeds"), "{findings:?}");

    assert_eq!(home.verify(&mut odd()).counts().failed, 1, "byte for byte it differs");
    let changed = Changed::default();
    let sides = Sides(|| AsServed::new(odd(), &changed), home.target());
    let report =
        block_on(imap_sync::verify(&sides, &home.memory, &Policy::default(), false, &Unwatched)).unwrap();
    assert_eq!((report.counts().unchanged, report.counts().failed), (2, 0), "{:#?}", report.lines);
    assert_eq!(changed.take(), [(FolderName::inbox(), ItemKey(4))]);
}

#[test]
fn large_messages_pass_through_a_file() {
    let line = "0123456789abcdef0123456789abcdef\r\n";
    let body = format!("Subject: large\r\n\r\n{}", line.repeat(100_000));
    let mut server = Server::of(&[("INBOX", &[(1, "", 1, &body)])]);
    let home = Home::new();
    assert_eq!(home.run(&mut server).counts().copied, 1);
    assert_eq!(fs::read(home.root.join(&home.files(".")[0])).unwrap(), body.replace("\r\n", "\n").as_bytes());
    assert_eq!(home.verify(&mut server).counts().unchanged, 1);
    assert!(fs::read_dir(home.root.join("tmp")).unwrap().next().is_none());
}

#[test]
fn a_parent_without_messages_is_subscribed_to_before_there_is_a_maildir() {
    let home = Home::new();
    let mut target = home.target()();
    assert!(block_on(target.subscribe(&[named("A")])).unwrap()[0].is_ok());
    assert_eq!(fs::read(home.root.join("subscriptions")).unwrap(), b"V\t2\n\nA\n");
    let folders = block_on(target.folders()).unwrap();
    let seen: Vec<_> = folders.iter().map(|it| (it.name.to_string(), it.selectable, it.subscribed)).collect();
    assert_eq!(seen, [("A".to_owned(), false, true), ("INBOX".to_owned(), true, false)]);
}

#[test]
fn a_full_disk_is_named_and_a_larger_one_is_filled() {
    let home = Home::new();
    fs::create_dir_all(&home.root).unwrap();
    let Some(_disk) = Disk::at(&home.root) else {
        eprintln!("skipped: a small disk can be mounted by root only");
        return;
    };
    let body = format!("Subject: much\r\n\r\n{}", "0123456789abcdef\r\n".repeat(1500));
    let messages: Vec<_> = (1..31).map(|uid| (uid, "", 1, body.as_str())).collect();
    let mut server = Server::of(&[("INBOX", &messages)]);
    let report = home.run(&mut server);
    let counts = report.counts();
    assert!(
        report.error.is_none() && counts.copied > 3 && counts.failed > 3,
        "{counts:?} {:?}",
        report.error
    );
    assert_eq!(counts.source, 30);
    let failed = report.lines.iter().filter(|line| line.verdict == Verdict::Failed);
    for reason in failed.map(|line| line.reason.as_ref().unwrap().to_string()) {
        assert!(reason.contains("No space left"), "{reason}");
    }
    assert!(mount(&["-o", "remount,size=8m"], &home.root));
    let again = home.run(&mut server).counts();
    assert_eq!((again.copied, again.unchanged), (counts.failed, counts.copied));
    assert_eq!(home.verify(&mut server).counts().unchanged, 30);
    assert_eq!(fs::read_dir(home.root.join("tmp")).unwrap().count(), 0);
    assert_eq!(home.list(".").lines().count(), 31, "the list of UIDs too is made good");
}

/// A small disk, for as long as it lives.
struct Disk(PathBuf);

impl Disk {
    fn at(place: &Path) -> Option<Self> {
        let options = ["-t", "tmpfs", "-o", "size=400k,mode=700", "tmpfs"];
        mount(&options, place).then(|| Self(place.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let mut mount = std::process::Command::new("mount");
    mount.args(arguments).arg(place).stderr(std::process::Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[test]
fn a_folder_that_no_maildir_can_hold_gets_another_name() {
    let mut server = large();
    server.folders.insert(FolderName::from_wire(["a", ""]), vec![message(1, "", 1, "a\r\n")]);
    let report = Home::new().run(&mut server);
    assert_eq!((report.counts().copied, report.counts().failed), (6, 0));
    let told = report.notes.iter().any(|note| note.text.starts_with("goes to a/="));
    assert!(told && report.error.is_none(), "{:?}", report.notes);
}

#[test]
fn a_maildir_is_read_as_a_server_would_show_it() {
    let home = Home::new();
    home.run(&mut large());
    let foreign = "1000000000.M5P1.host,S=7:2,FP";
    fs::write(home.root.join("cur").join(foreign), "s: x\n\ny").unwrap();
    fs::write(home.root.join("cur/1000000001.M5P1.host,S=9:2,"), "s: x\n\ny").unwrap();
    fs::create_dir_all(home.root.join(".INBOX/cur")).unwrap();

    let other = Home::new();
    let found = Findings::default();
    let sides = Sides(|| Maildir::source(&home.root, &found), other.target());
    let report = block_on(imap_sync::run(&sides, &other.memory, &Policy::default(), &Unwatched)).unwrap();
    assert_eq!((report.counts().copied, report.counts().failed), (6, 1), "{:#?}", report.lines);
    let findings: Vec<String> = found.take().into_iter().map(|finding| finding.reason).collect();
    assert!(findings.iter().any(|reason| reason.contains("second INBOX")), "{findings:?}");
    assert!(findings.iter().any(|reason| reason.contains("not what its name tells")), "{findings:?}");
    let mut server = large();
    server.add(
        "INBOX",
        message(99, "\\Flagged $Forwarded", seconds(&home.root.join("cur").join(foreign)), "s: x\r\n\r\ny"),
    );
    let report = other.verify(&mut server);
    assert_eq!(report.counts().failed, 0, "{:#?}", report.lines);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn l6_accounted(bodies in prop::collection::vec("[ab\r\n]{0,12}", 0..8), stop in 0usize..6) {
        let messages = bodies.iter().enumerate().map(|(at, body)| message(at as u64 + 1, "", at as i64 % 2, body));
        let mut server = Server { folders: BTreeMap::from([(FolderName::inbox(), messages.collect())]), ..Server::default() };
        let home = Home::new();
        home.memory.refuse_after(stop, true);
        for _ in 0..2 {
            let report = home.run(&mut server);
            // A folder in which the memory broke is told of as a whole.
            if report.error.is_none() {
                prop_assert_eq!(report.counts().source, bodies.len() as u64);
            }
            home.memory.heal();
        }
        prop_assert!(home.run(&mut server).error.is_none());
        prop_assert_eq!(home.files(".").len(), bodies.len());
    }
}

/// One message holds a bare LF.
fn odd() -> Server {
    Server::of(&[("INBOX", &[(4, "", 7, "bare\nfeed\r\n"), (5, "", 7, "a\r\n")])])
}

fn large() -> Server {
    let mut server = Server::of(&[
        (
            "INBOX",
            &[
                (1, "\\Seen", 2_000_000_000, "a:b\r\n"),
                (2, "", 1_000_000_000, "a:c\r\n"),
                (3, "\\Deleted \\Draft $Junk", -5, "a\r\r\n\r\nb"),
            ],
        ),
        ("Arbeit/Größe", &[(1, "", 5, "same\r\n"), (2, "", 5, "same\r\n")]),
    ]);
    server.subscribed = vec![FolderName::from_text(["Arbeit", "Größe"])];
    server
}

/// A Maildir to be filled, and what is remembered of that.
struct Home {
    _directory: tempfile::TempDir,
    root: PathBuf,
    memory: Kept,
    found: Findings,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("anna/Maildir");
        Self { _directory: directory, root, memory: Kept::default(), found: Findings::default() }
    }

    fn run(&self, server: &mut Server) -> Report {
        self.run_with(server, &Policy::default())
    }

    fn run_with(&self, server: &mut Server, policy: &Policy) -> Report {
        self.run_and_find(server, policy).0
    }

    fn run_and_find(&self, server: &mut Server, policy: &Policy) -> (Report, Vec<String>) {
        let report = self.watched(server, policy, &Unwatched);
        (report, self.found.take().into_iter().map(|finding| finding.reason).collect())
    }

    fn watched(&self, server: &Server, policy: &Policy, watch: &dyn Watch) -> Report {
        let sides = Sides(|| server.clone(), self.target());
        block_on(imap_sync::run(&sides, &self.memory, policy, watch)).unwrap()
    }

    fn plan(&self, server: &mut Server) -> Report {
        let sides = Sides(|| server.clone(), self.target());
        block_on(imap_sync::plan_all(&sides, &self.memory, &Policy::default(), &Unwatched)).unwrap()
    }

    fn verify(&self, server: &mut Server) -> Report {
        let sides = Sides(|| server.clone(), self.target());
        block_on(imap_sync::verify(&sides, &self.memory, &Policy::default(), false, &Unwatched)).unwrap()
    }

    /// What opens the Maildir to be filled.
    fn target(&self) -> impl Fn() -> Maildir<maildir_sync::MaildirTarget> {
        || Maildir::target(&self.root, &self.found)
    }

    /// A directory's list of UIDs.
    fn list(&self, directory: &str) -> String {
        fs::read_to_string(self.root.join(directory).join("dovecot-uidlist")).unwrap_or_default()
    }

    /// The messages of a directory, in order.
    fn files(&self, directory: &str) -> Vec<String> {
        let mut files = Vec::new();
        for part in ["cur", "new"] {
            for entry in fs::read_dir(self.root.join(directory).join(part)).unwrap() {
                files.push(format!("{part}/{}", entry.unwrap().file_name().to_str().unwrap()));
            }
        }
        files.sort();
        files
    }

    /// Names, bytes and, of messages, dates.
    fn tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, i64)> {
        let (mut tree, mut directories) = (BTreeMap::new(), vec![self.root.clone()]);
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    tree.insert(path.clone(), Default::default());
                    directories.push(path);
                } else {
                    let date = if directory.ends_with("cur") { seconds(&path) } else { 0 };
                    tree.insert(path.clone(), (fs::read(&path).unwrap(), date));
                }
            }
        }
        tree.into_iter()
            .map(|(path, found)| (path.strip_prefix(&self.root).unwrap().to_owned(), found))
            .collect()
    }
}

fn seconds(path: &Path) -> i64 {
    std::os::unix::fs::MetadataExt::mtime(&fs::metadata(path).unwrap())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// What makes either side.
struct Sides<F, G>(F, G);

impl<S: Source, T: Target, F: Fn() -> S, G: Fn() -> T> Connect for Sides<F, G> {
    type Source = S;
    type Target = T;

    async fn connect(&self, _: u32) -> Result<(S, T), Error> {
        Ok((self.0(), self.1()))
    }
}

/// Remembers in memory, and may break after a number of records: the one after is refused, or kept and yet called refused.
#[derive(Default)]
struct Kept(Mutex<Known>);

#[derive(Default)]
struct Known {
    heads: BTreeMap<FolderName, Head>,
    intents: BTreeMap<FolderName, Vec<Intent>>,
    facts: BTreeMap<FolderName, BTreeMap<ItemKey, Fact>>,
    left: Option<usize>,
    lost: bool,
}

impl Kept {
    fn refuse_after(&self, records: usize, lost: bool) {
        let mut known = self.0.lock().unwrap();
        (known.left, known.lost) = (Some(records), lost);
    }

    fn heal(&self) {
        self.0.lock().unwrap().left = None;
    }
}

impl Known {
    fn apply(&mut self, folder: &FolderName, change: Change) {
        let facts = self.facts.entry(folder.clone()).or_default();
        let intents = self.intents.entry(folder.clone()).or_default();
        match change {
            Change::CloseIntent(closed) => intents.retain(|it| it.first != closed.first),
            Change::Head(head) => drop(self.heads.insert(folder.clone(), *head)),
            Change::OpenIntent(intent) => intents.push(intent),
            Change::Put { key, fact } => drop(facts.insert(key, fact)),
            Change::Remove { key } => drop(facts.remove(&key)),
        }
    }
}

impl Memory for Kept {
    fn heads(&self) -> Result<BTreeMap<FolderName, Head>, Error> {
        Ok(self.0.lock().unwrap().heads.clone())
    }

    fn intents(&self, folder: &FolderName) -> Result<Vec<Intent>, Error> {
        Ok(self.0.lock().unwrap().intents.get(folder).cloned().unwrap_or_default())
    }

    fn facts(
        &self,
        folder: &FolderName,
        from: ItemKey,
        to: ItemKey,
        each: &mut dyn FnMut(ItemKey, Fact),
    ) -> Result<(), Error> {
        let facts = self.0.lock().unwrap().facts.get(folder).cloned().unwrap_or_default();
        facts.range(from..=to).for_each(|(key, fact)| each(*key, fact.clone()));
        Ok(())
    }

    fn rename(&self, _: &FolderName, _: &FolderName, _: &Head) -> Result<(), Error> {
        panic!("no folder is renamed here")
    }

    fn record(&self, changes: &[(&FolderName, Vec<Change>)]) -> Result<(), Error> {
        let mut known = self.0.lock().unwrap();
        let broken = known.left == Some(0);
        if !broken || !known.lost {
            for (folder, changes) in changes {
                changes.iter().for_each(|change| known.apply(folder, change.clone()));
            }
        }
        known.left = known.left.map(|left| left.saturating_sub(1));
        if broken { Err(Error::memory("broken")) } else { Ok(()) }
    }
}

#[derive(Clone, Debug)]
struct Mail {
    uid: u64,
    flags: Flags,
    date: i64,
    body: Vec<u8>,
}

fn message(uid: u64, flags: &str, date: i64, body: &str) -> Mail {
    Mail { uid, flags: flags.split_whitespace().collect(), date, body: body.into() }
}

/// A server of UIDVALIDITY 9.
#[derive(Clone, Debug, Default)]
struct Server {
    folders: BTreeMap<FolderName, Vec<Mail>>,
    subscribed: Vec<FolderName>,
    open: Vec<Mail>,
    begun: VecDeque<(ItemKey, Vec<u8>)>,
    pieces: VecDeque<Vec<u8>>,
}

type Written<'a> = (&'a str, &'a [(u64, &'a str, i64, &'a str)]);

impl Server {
    fn of(folders: &[Written<'_>]) -> Self {
        let mail = |&(uid, flags, date, body): &(u64, &str, i64, &str)| message(uid, flags, date, body);
        let folder = |(name, mails): &Written<'_>| (named(name), mails.iter().map(mail).collect());
        Self { folders: folders.iter().map(folder).collect(), ..Self::default() }
    }

    fn among(&self, keys: &KeySet) -> impl Iterator<Item = &Mail> {
        self.open.iter().filter(|mail| keys.contains(ItemKey(mail.uid)))
    }

    fn add(&mut self, folder: &str, mail: Mail) {
        self.folders.get_mut(&named(folder)).unwrap().push(mail);
    }

    fn change(&mut self, folder: &str, uid: u64, flags: &str) {
        let mails = self.folders.get_mut(&named(folder)).unwrap();
        let mail = mails.iter_mut().find(|mail| mail.uid == uid).unwrap();
        mail.flags = flags.split_whitespace().collect();
    }
}

fn named(name: &str) -> FolderName {
    FolderName::from_text(name.split('/'))
}

impl Source for Server {
    async fn folders(&mut self) -> Result<Vec<Folder>, Error> {
        let folder = |name: &FolderName| Folder {
            subscribed: self.subscribed.contains(name),
            ..Folder::new(name.clone())
        };
        Ok(self.folders.keys().map(folder).collect())
    }

    async fn select(&mut self, folder: &FolderName, _: bool) -> Result<Selected, Error> {
        self.open = self.folders[folder].clone();
        let next = self.open.iter().map(|mail| mail.uid + 1).max().unwrap_or(1);
        let count = self.open.len() as u64;
        let state = State { validity: Validity(9), next: ItemKey(next), count, mark: 0 };
        Ok(Selected { state, permanent: Permanent::All })
    }

    async fn keys(&mut self) -> Result<KeySet, Error> {
        Ok(self.open.iter().map(|mail| ItemKey(mail.uid)).collect())
    }

    async fn changes(&mut self, _: &State) -> Result<Option<Changes>, Error> {
        Ok(None)
    }

    async fn items(&mut self, keys: &KeySet, _: bool) -> Result<Items, Error> {
        let item = |mail: &Mail| {
            let date = DateTime::from_timestamp(mail.date, 0).unwrap().fixed_offset();
            let size = Some(mail.body.len() as u64);
            Item { flags: Some(mail.flags.clone()), date: Some(date), size, ..Item::default() }
        };
        Ok(self.among(keys).map(|mail| (ItemKey(mail.uid), item(mail))).collect())
    }

    async fn headers(&mut self, keys: &KeySet) -> Result<BTreeMap<ItemKey, Header>, Error> {
        Ok(self.among(keys).map(|mail| (ItemKey(mail.uid), Header::of(&mail.body))).collect())
    }

    async fn open(&mut self, keys: &KeySet) -> Result<(), Error> {
        self.begun = self.among(keys).map(|mail| (ItemKey(mail.uid), mail.body.clone())).collect();
        Ok(())
    }

    async fn next(&mut self) -> Result<Option<Opened>, Error> {
        let Some((key, body)) = self.begun.pop_front() else { return Ok(None) };
        self.pieces = body.chunks(7_000).map(<[u8]>::to_vec).collect();
        Ok(Some(Opened { key, size: body.len() as u64 }))
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.pieces.pop_front())
    }
}

/// Says no after some steps, as a person does with Ctrl-C.
struct Stopped(AtomicUsize);

impl Watch for Stopped {
    fn go_on(&self) -> bool {
        self.0.try_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

#[test]
fn an_interrupted_run_ends_with_what_was_begun() {
    let mut cut = 0;
    for steps in 0..40 {
        let home = Home::new();
        let run = home.watched(&large(), &Policy::default(), &Stopped(steps.into()));
        let counts = run.counts();
        assert!(run.error.is_none() && counts.failed == 0, "{steps}: {:#?}", run.lines);
        assert!(counts.pending > 0 || counts.copied == 5, "{steps}: {counts:?}");
        cut += usize::from(counts.copied > 0 && counts.pending > 0);
        assert_eq!(home.run(&mut large()).counts().copied, 5 - counts.copied, "{steps}: {:#?}", run.lines);
    }
    assert!(cut > 3, "it was never stopped in its middle");
}

#[test]
fn what_an_interrupted_run_did_not_come_to_is_pending() {
    let mut server = large();
    server.folders.retain(|name, _| name.is_inbox());
    for steps in 1..20 {
        let home = Home::new();
        let counts = home.watched(&server, &Policy::default(), &Stopped(steps.into())).counts();
        assert_eq!((counts.copied + counts.pending, counts.source), (3, 3), "{steps}: {counts:?}");
    }
}

#[test]
fn what_is_there_under_the_same_uid_is_never_written_over() {
    let home = Home::new();
    home.run(&mut large());
    let (from, to) = ("cur/2.V9.mailferry,S=4,W=5:2,", "cur/2.V9.mailferry,S=4,W=6:2,");
    fs::rename(home.root.join(from), home.root.join(to)).unwrap();
    let mut target = home.target()();
    assert_eq!(block_on(target.select(&FolderName::inbox(), true)).unwrap().state.count, 3);
    drop(target);
    let forgetful = Home { memory: Kept::default(), ..home };
    let report = forgetful.run(&mut large());
    assert_eq!(report.counts().failed, 1, "{:#?}", report.lines);
    assert!(forgetful.root.join(to).exists());
    let subscribed = block_on(forgetful.target()().subscribe(&[FolderName::inbox()])).unwrap();
    assert!(subscribed[0].is_ok());
}
