//! What clients remember stays true: a Maildir that `imap-sync` filled, under a Dovecot that is closed, open or in the way.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use imap_source::{Tool, account, count};
use serde_json::Value;
use support::programs::Program;
use support::{Dovecot, run};

#[test]
fn a_new_server_shows_the_uids_of_the_old_one() {
    let (old, tool) = (old_server(), Tool::new());
    uids("gaps", &old, &[]);
    let home = home(&tool, "new");
    let pair = Pair::new(&old, &tool, &home.join(MAILDIR));
    tool.succeed(&pair.with("run"));
    let before = state(&old);
    assert!(
        before["folders"]["Empty"]["next"] == 1
            && before["folders"]["Sent"]["messages"] == Value::from([0; 0])
    );
    let new = served(&home);
    assert_eq!(state(&new), before);
    assert_eq!(complaints(&new), [""; 0]);

    account("change", old.port(), ANNA, PASSWORD, &[]);
    let document = tool.succeed(&pair.with("run"));
    assert_eq!(count(&document, "copied"), 2);
    let tree = support::snapshot(&home.join(MAILDIR), support::Comparison::MessageDates);
    tool.succeed(&pair.with("run"));
    let again = support::snapshot(&home.join(MAILDIR), support::Comparison::MessageDates);
    assert_eq!(support::tree::compare_snapshots(&tree, &again), [""; 0]);
    drop(new);
    let new = served(&home);
    assert_eq!(state(&new), state(&old), "and what came later too");
    assert_eq!(complaints(&new), [""; 0]);
}

#[test]
fn a_new_server_that_is_open_meanwhile_shows_no_other_uid_at_any_time() {
    let (old, tool) = (old_server(), Tool::new());
    account("many", old.port(), ANNA, PASSWORD, &["700"]);
    let live = Live::new(&old, &tool);
    let done = tool.path().join("done");
    let watchers = ["Many", "INBOX", "Many"].map(|folder| live.watch(folder, &done));
    let finished = live.run();
    fs::write(&done, "").unwrap();
    assert!(finished, "{}", live.new.log());
    let subjects = subjects(&old, tool.path());
    for watcher in watchers {
        let seen: Value = serde_json::from_slice(&watcher.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(seen["changed"], Value::from([0; 0]));
        let other = seen["seen"].as_object().unwrap().iter().find(|(uid, text)| {
            !["INBOX", "Many"].iter().any(|folder| subjects[*folder].get(*uid) == Some(*text))
        });
        assert_eq!(other, None);
    }
    assert_eq!(state(&live.new), state(&old));
    let complaints = complaints(&live.new);
    let other = complaints.iter().find(|line| {
        // An empty folder that it made or opened before us had a UIDVALIDITY of its own.
        !line.contains("UIDVALIDITY changed") && !line.contains("view is now inconsistent")
    });
    assert_eq!(other, None);

    account("change", old.port(), ANNA, PASSWORD, &[]);
    assert!(live.run());
    assert_eq!(state(&live.new), state(&old), "{}", live.new.log());
}

#[test]
fn runs_killed_at_any_moment_end_with_the_uids_of_the_source() {
    let (old, tool) = (old_server(), Tool::new());
    account("many", old.port(), ANNA, PASSWORD, &["400"]);
    let before = state(&old);
    let begun = Instant::now();
    tool.succeed(&Pair::new(&old, &tool, &tool.path().join("reference")).with("run"));
    let whole = begun.elapsed();
    for round in 0..6 {
        let home = home(&tool, &format!("killed{round}"));
        let pair = Pair::new(&old, &tool, &home.join(MAILDIR));
        for kill in 1..4 {
            let mut command = tool.command(&pair.with("run"));
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            sleep(whole.mul_f64(0.05 * f64::from(round) + 0.17 * f64::from(kill)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        tool.succeed(&pair.with("run"));
        let new = served(&home);
        assert_eq!(state(&new), before, "round {round}");
        assert_eq!(complaints(&new), [""; 0]);
    }
}

#[test]
fn mail_that_came_to_the_new_server_first_keeps_its_uids() {
    let new = new_server();
    uids("append", &new, &["INBOX", "3"]);
    // A folder's UIDVALIDITY is the second in which it was made.
    sleep(Duration::from_millis(1100));
    let (old, tool) = (old_server(), Tool::new());
    let live = Live::over(new, &old, &tool);
    let before = state(&live.new)["folders"]["INBOX"].clone();
    let document = live.document();
    let notes = document["notes"].as_array().unwrap().iter().filter_map(|item| item["reason"].as_str());
    let notes: Vec<&str> = notes.filter(|reason| reason.contains("UID")).collect();
    assert_eq!(notes.len(), 1, "{document:#}");
    assert!(notes[0].contains("another UIDVALIDITY") && notes[0].starts_with("37 messages"), "{notes:?}");
    let (from, to) = (state(&old), state(&live.new));
    let inbox = &to["folders"]["INBOX"];
    assert_eq!(inbox["validity"], before["validity"]);
    assert_eq!(inbox["messages"].as_array().unwrap()[..3], before["messages"].as_array().unwrap()[..]);
    assert_eq!(inbox["messages"].as_array().unwrap().len(), 40);
    for folder in ["Sent", "INBOX.Below", "Empty"] {
        assert_eq!(to["folders"][folder], from["folders"][folder], "{folder}");
    }
}

#[test]
fn mail_that_comes_to_the_new_server_meanwhile_costs_a_few_uids_and_no_mail() {
    let (old, tool) = (old_server(), Tool::new());
    account("many", old.port(), ANNA, PASSWORD, &["500"]);
    let live = Live::new(&old, &tool);
    let done = tool.path().join("done");
    let mut command = live.command();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let list = live.new.tree().join(MAILDIR).join(".Many/dovecot-uidlist");
    let begun = Instant::now();
    while !list.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came about");
        sleep(Duration::from_millis(1));
    }
    let watcher = live.watch("Many", &done);
    uids("append", &live.new, &["Many", "3"]);
    child.kill().unwrap();
    child.wait().unwrap();
    uids("append", &live.new, &["Many", "1"]);
    let finished = live.run();
    fs::write(&done, "").unwrap();
    assert!(finished, "{}", live.new.log());
    let seen: Value = serde_json::from_slice(&watcher.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((&seen["changed"], seen["validities"].as_array().unwrap().len()), (&Value::from([0; 0]), 1));
    let (from, to) = (messages(&old, "Many"), messages(&live.new, "Many"));
    assert_eq!(to.len(), from.len() + 4);
    let hashes = |all: &[Value]| -> Vec<String> {
        let mut hashes: Vec<_> = all.iter().map(|message| message["sha256"].to_string()).collect();
        hashes.sort();
        hashes
    };
    let (mut left, theirs) = (hashes(&to), hashes(&from));
    left.retain(|hash| theirs.binary_search(hash).is_err());
    assert_eq!(left.len(), 4, "nothing is lost or doubled");
    // Those whose UIDs the new mail has, and those of which Dovecot had given them others before their own turn came.
    let kept = from.iter().filter(|message| to.contains(message)).count();
    assert!(kept >= from.len() - 4 * 6, "{kept} of {}", from.len());
    let wrong = complaints(&live.new)
        .into_iter()
        .find(|line| line.contains("reappeared") || line.contains("uidlist"));
    assert_eq!(wrong, None);
}

/// A new server that is running, over an account that is being filled.
struct Live<'a> {
    new: Dovecot,
    tool: &'a Tool,
    pair: Pair,
}

impl<'a> Live<'a> {
    fn new(old: &Dovecot, tool: &'a Tool) -> Self {
        Self::over(new_server(), old, tool)
    }

    fn over(new: Dovecot, old: &Dovecot, tool: &'a Tool) -> Self {
        let pair = Pair::new(old, tool, &new.tree().join(MAILDIR));
        Self { new, tool, pair }
    }

    /// As the user whose mail it is, to whom all that the tool needs is given.
    fn command(&self) -> Command {
        let owner = fs::metadata(self.new.tree().join("mail")).unwrap();
        let mut command = self.tool.command(&self.pair.with("run"));
        if rustix::process::geteuid().is_root() {
            let files = [self.tool.path().to_owned(), PathBuf::from(&self.pair.password)];
            files.iter().for_each(|file| chown(file, Some(owner.uid()), Some(owner.gid())).unwrap());
            command.uid(owner.uid()).gid(owner.gid());
        }
        command.arg("--json");
        command
    }

    fn run(&self) -> bool {
        run(&mut self.command(), Duration::from_secs(120)).status.success()
    }

    fn document(&self) -> Value {
        let finished = run(self.command().arg("-v"), Duration::from_secs(120));
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {}", finished.stderr))
    }

    fn watch(&self, folder: &str, until: &Path) -> Child {
        let mut python = script("watch", &self.new, &[folder, until.to_str().unwrap()]);
        python.stdout(Stdio::piped()).spawn().unwrap()
    }
}

/// An account on a server, and the Maildir where it goes.
struct Pair {
    source: String,
    target: String,
    password: String,
}

impl Pair {
    fn new(server: &Dovecot, tool: &Tool, maildir: &Path) -> Self {
        Self {
            source: format!("imap://{ANNA}@127.0.0.1:{}", server.port()),
            target: format!("maildir:{}", maildir.display()),
            password: tool.password("anna.pw", PASSWORD),
        }
    }

    fn with<'a>(&'a self, command: &'a str) -> Vec<&'a str> {
        let Self { source, target, password } = self;
        vec![command, source, target, "--source-password-file", password, "--allow-plaintext"]
    }
}

fn new_server() -> Dovecot {
    Dovecot::with_accounts(&[(ANNA, PASSWORD)])
}

fn old_server() -> Dovecot {
    let old = Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
    account("fill", old.port(), ANNA, PASSWORD, &[]);
    old
}

/// A destination of one account.
fn home(tool: &Tool, name: &str) -> PathBuf {
    let home = tool.path().join(name);
    fs::create_dir_all(home.join(MAILDIR).parent().unwrap()).unwrap();
    home
}

/// A Dovecot over a destination of one account.
fn served(home: &Path) -> Dovecot {
    fs::create_dir_all(home.join("dovecot")).unwrap();
    fs::write(home.join("dovecot/users"), format!("{ANNA}:{{PLAIN}}{PASSWORD}::::::\n")).unwrap();
    Dovecot::over(home)
}

fn script(what: &str, server: &Dovecot, more: &[&str]) -> Command {
    let mut python = Command::new(Program::Python.path());
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/imap_uids.py"));
    python.args([what, &server.port().to_string(), ANNA]).args(more);
    python.env("LOOK_PASSWORD", PASSWORD).env("PYTHONDONTWRITEBYTECODE", "1");
    python
}

#[track_caller]
fn uids(what: &str, server: &Dovecot, more: &[&str]) -> String {
    run(&mut script(what, server, more), Duration::from_secs(120)).expect_success(what)
}

#[track_caller]
fn state(server: &Dovecot) -> Value {
    serde_json::from_str(&uids("state", server, &[])).unwrap()
}

fn messages(server: &Dovecot, folder: &str) -> Vec<Value> {
    state(server)["folders"][folder]["messages"].as_array().unwrap().clone()
}

/// Which message has which UID at the source.
fn subjects(old: &Dovecot, scratch: &Path) -> BTreeMap<String, serde_json::Map<String, Value>> {
    let now = scratch.join("now");
    fs::write(&now, "").unwrap();
    let folder = |folder: &str| {
        let seen = uids("watch", old, &[folder, now.to_str().unwrap()]);
        let mut seen: Value = serde_json::from_str(&seen).unwrap();
        let Value::Object(seen) = seen["seen"].take() else { panic!("{folder}") };
        (folder.to_owned(), seen)
    };
    ["INBOX", "Many"].into_iter().map(folder).collect()
}

/// What the server has to say against what it found.
fn complaints(server: &Dovecot) -> Vec<String> {
    let log = server.log();
    let bad = |line: &&str| ["Error", "Warning", "Panic"].iter().any(|word| line.contains(word));
    log.lines().filter(bad).map(str::to_owned).collect()
}

const ANNA: &str = "anna@example.test";
const PASSWORD: &str = "anna's password";
const MAILDIR: &str = "mail/example.test/anna/Maildir";
