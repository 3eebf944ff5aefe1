//! `imap-sync` from each kind of server to each other over TLS: a rich mailbox, what changes on either side, and a
//! comparison by Python's own IMAP client.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use imap_source::{Tool, account, count};
use serde_json::Value;
use support::ferry::items;
use support::run;
use support::same::{Difference, Only, assert_same};
use support::{Courier, Cyrus, Dovecot, Look};

#[test]
fn from_dovecot_to_dovecot() {
    let mut pair = Pair::new(Place::dovecot(), Place::dovecot(), Odd::Held);
    pair.whole_migration();
}

#[test]
fn from_dovecot_to_cyrus() {
    let mut pair = Pair::new(Place::dovecot(), Place::cyrus(), Odd::None);
    pair.whole_migration();
}

#[test]
fn from_cyrus_to_dovecot() {
    let mut pair = Pair::new(Place::cyrus(), Place::dovecot(), Odd::None);
    pair.whole_migration();
}

#[test]
fn from_a_maildir_to_dovecot() {
    let mut pair = Pair::new(Place::maildir(), Place::dovecot(), Odd::Held);
    pair.whole_migration();
}

#[test]
fn from_dovecot_to_a_maildir() {
    let mut pair = Pair::new(Place::dovecot(), Place::maildir(), Odd::Held);
    pair.whole_migration();
}

#[test]
fn from_a_maildir_to_cyrus() {
    let mut pair = Pair::new(Place::maildir(), Place::cyrus(), Odd::None);
    pair.whole_migration();
}

#[test]
fn from_courier_to_dovecot() {
    let mut pair = Pair::new(Place::courier(), Place::dovecot(), Odd::None);
    pair.whole_migration();
}

#[test]
fn from_dovecot_to_courier() {
    let mut pair = Pair::new(Place::dovecot(), Place::courier(), Odd::None);
    pair.whole_migration();
}

#[test]
fn what_a_strict_server_refuses_is_told_and_nothing_else_is_missing() {
    let pair = Pair::new(Place::dovecot(), Place::cyrus(), Odd::Held);
    let (exit, document, log) = pair.json("run");
    let (source, target) = (pair.source.look(), pair.target.look());
    let difference = Difference::between(&source, &target);
    let failed = items(&document, "failed");
    let renamed = |side: &str| difference.folders.iter().filter(|line| line.starts_with(side)).count();
    assert!(renamed("only in the source") <= 4, "names that Cyrus knows not: {:?}", difference.folders);
    assert!(renamed("only on the target") <= renamed("only in the source"), "{:?}", difference.folders);
    assert!(difference.missing.iter().all(is_odd), "{:?}", difference.missing);
    assert!(difference.extra.iter().all(is_odd), "{:?}", difference.extra);
    assert_eq!(failed.len() + difference.extra.len(), difference.missing.len(), "{log}{document:#}");
    assert_eq!(exit, i32::from(!failed.is_empty()));
    assert!(!difference.missing.is_empty(), "Cyrus has become lenient");
    assert_eq!(log.lines().filter(|line| line.starts_with("FAIL ")).count(), failed.len(), "{log}");
    for item in failed {
        assert!(!item["reason"].as_str().unwrap().is_empty(), "{item}");
    }
    let (_, again, log) = pair.json("run");
    assert_eq!(count(&again, "copied"), 0, "{log}");
    assert_eq!(pair.target.look(), target, "a second run writes nothing");
}

#[test]
fn a_nul_in_a_maildir_is_told_or_brought_over() {
    let pair = Pair::new(Place::maildir(), Place::dovecot(), Odd::None);
    let Kind::Maildir(server) = &pair.source.kind else { unreachable!("it was made so") };
    let file = maildir_of(server).join("cur/473385600.M1P1.old:2,S");
    fs::write(&file, b"Subject: nul\n\none\0two\n").unwrap();
    support::tree::set_date(&file, 473_385_600).unwrap();
    pair.source.settle();
    let (exit, document, log) = pair.json("run");
    let (source, target) = (pair.source.look(), pair.target.look());
    let difference = Difference::between(&source, &target);
    let failed = items(&document, "failed").len();
    assert_eq!(exit, i32::from(failed > 0), "{log}");
    assert!(difference.missing.len() <= 1 && difference.missing.iter().all(is_odd), "{difference:?}");
    assert_eq!(failed + difference.extra.len(), difference.missing.len(), "{log}{document:#}");
    assert_eq!(difference.folders, [""; 0]);
}

/// Dovecot puts its own date in place of one that is to come.
#[test]
fn a_date_that_the_target_does_not_keep_is_told() {
    let pair = Pair::new(Place::cyrus(), Place::dovecot(), Odd::None);
    pair.source.account("future", &[]);
    let (exit, document, log) = pair.json("run");
    let difference = Difference::between(&pair.source.look(), &pair.target.look());
    assert_eq!((difference.missing.len(), difference.extra.len()), (1, 1), "Dovecot has come to keep it");
    let notes = document["notes"].as_array().unwrap();
    let told = notes
        .iter()
        .chain(items(&document, "failed"))
        .filter(|item| item["item"].to_string().contains("INBOX"));
    assert_eq!(told.count(), 1, "exit {exit}: {log}{document:#}");
}

/// Whether the source holds messages that strict servers refuse.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Odd {
    Held,
    None,
}

/// The odd ones are dated 1985.
fn is_odd(only: &Only) -> bool {
    (473_385_600..504_921_600).contains(&only.message.date)
}

struct Pair {
    tool: Tool,
    source: Place,
    target: Place,
    sides: Vec<String>,
}

impl Pair {
    #[track_caller]
    fn new(source: Place, target: Place, odd: Odd) -> Self {
        let tool = Tool::new();
        let more: &[&str] = if odd == Odd::Held { &["ODD"] } else { &[] };
        source.account("rich", more);
        let password = tool.password("anna.pw", PASSWORD);
        let mut sides = vec![source.url(), target.url()];
        for (option, place) in [("--source-password-file", &source), ("--target-password-file", &target)] {
            if place.is_served() {
                sides.extend([option.to_owned(), password.clone()]);
            }
        }
        let joint = tool.path().join("joint.pem");
        fs::write(&joint, [fs::read(source.cafile()).unwrap(), fs::read(target.cafile()).unwrap()].concat())
            .unwrap();
        sides.extend(["--cafile".to_owned(), joint.display().to_string()]);
        Self { tool, source, target, sides }
    }

    #[track_caller]
    fn json(&self, command: &str) -> (i32, Value, String) {
        let mut arguments = command.split(' ').collect::<Vec<_>>();
        arguments.extend(self.sides.iter().map(String::as_str));
        let answer = self.tool.json(&arguments);
        self.target.settle();
        answer
    }

    #[track_caller]
    fn succeed(&self, command: &str) -> Value {
        let (exit, document, log) = self.json(command);
        assert_eq!(exit, 0, "{command}: {log}{document:#}");
        document
    }

    /// The first run, one that has nothing to do, one for what came since, and what users do meanwhile.
    #[track_caller]
    fn whole_migration(&mut self) {
        self.first_run_brings_everything();
        self.second_run_writes_nothing();
        self.changes_at_the_source_follow();
        self.what_users_do_on_the_target_stays();
    }

    #[track_caller]
    fn first_run_brings_everything(&self) {
        let before = self.source.look();
        let document = self.succeed("run");
        let messages = before.folders.iter().map(|folder| folder.messages.len()).sum::<usize>();
        assert_eq!(count(&document, "source"), messages as u64);
        assert_eq!(self.source.look(), before, "l5_source_untouched: not even \\Recent and \\Seen");
        assert_same(&before, &self.target.look(), "after the first run");
    }

    #[track_caller]
    fn second_run_writes_nothing(&self) {
        let before = self.target.look();
        let document = self.succeed("run");
        assert_eq!(count(&document, "copied") + count(&document, "adopted"), 0, "l2_idempotent");
        assert_eq!(self.target.look(), before, "l2_idempotent");
        self.succeed("verify");
        assert_eq!(self.target.look(), before, "verify writes nothing");
    }

    #[track_caller]
    fn changes_at_the_source_follow(&self) {
        self.source.account("delta", &[]);
        let before = self.source.look();
        self.succeed("run");
        assert_eq!(self.source.look(), before, "l5_source_untouched");
        let difference = Difference::between(&before, &self.target.look());
        assert_eq!((difference.folders, difference.missing), (vec![], vec![]), "after changes at the source");
        let left: Vec<&str> = difference.extra.iter().map(|only| only.folder.as_str()).collect();
        assert_eq!(left, ["INBOX"; 2], "what was expunged and moved stays without --mirror");
        assert_eq!(count(&self.succeed("run"), "copied"), 0);
        // Parents that the target made of itself may be counted too.
        assert!(count(&self.succeed("verify"), "extra") >= 2);
    }

    #[track_caller]
    fn what_users_do_on_the_target_stays(&self) {
        self.target.account("user", &[]);
        self.target.settle();
        let before = self.target.look();
        let (exit, document, log) = self.json("run");
        assert_eq!((exit, count(&document, "copied")), (0, 0), "{log}{document:#}");
        assert_eq!(self.target.look(), before, "what users do on the target stays");
        let (exit, document, log) = self.json("verify");
        assert_eq!(
            (exit, items(&document, "failed").len()),
            (1, 2),
            "one removed, one changed: {log}{document:#}"
        );
        self.succeed("verify --live");
        self.succeed("run --restore");
        let difference = Difference::between(&self.source.look(), &self.target.look());
        assert_eq!((difference.folders, difference.missing), (vec![], vec![]), "after --restore");
    }
}

/// Where an account is, and how an ordinary client comes to it.
struct Place {
    kind: Kind,
}

enum Kind {
    Courier(Courier),
    Cyrus(Cyrus),
    Dovecot(Dovecot),
    /// The account's Maildir is given by its path; the server shows it to the other client.
    Maildir(Dovecot),
}

impl Place {
    fn courier() -> Self {
        Self { kind: Kind::Courier(Courier::with_accounts(&[(CYRUS_ANNA, PASSWORD)])) }
    }

    fn cyrus() -> Self {
        Self { kind: Kind::Cyrus(Cyrus::with_accounts(&[(CYRUS_ANNA, PASSWORD)])) }
    }

    fn dovecot() -> Self {
        Self { kind: Kind::Dovecot(Dovecot::with_accounts(&[(ANNA, PASSWORD)])) }
    }

    fn maildir() -> Self {
        Self { kind: Kind::Maildir(Dovecot::with_accounts(&[(ANNA, PASSWORD)])) }
    }

    fn is_served(&self) -> bool {
        !matches!(self.kind, Kind::Maildir(_))
    }

    fn user(&self) -> &'static str {
        if matches!(self.kind, Kind::Courier(_) | Kind::Cyrus(_)) { CYRUS_ANNA } else { ANNA }
    }

    fn port(&self) -> u16 {
        match &self.kind {
            Kind::Courier(server) => server.port(),
            Kind::Cyrus(server) => server.port(),
            Kind::Dovecot(server) | Kind::Maildir(server) => server.port(),
        }
    }

    fn url(&self) -> String {
        let port = match &self.kind {
            Kind::Courier(server) => server.tls_port(),
            Kind::Cyrus(server) => server.tls_port(),
            Kind::Dovecot(server) => server.tls_port(),
            Kind::Maildir(server) => return format!("maildir:{}", maildir_of(server).display()),
        };
        format!("imaps://{}@localhost:{port}", self.user())
    }

    fn cafile(&self) -> PathBuf {
        match &self.kind {
            Kind::Courier(server) => server.cafile(),
            Kind::Cyrus(server) => server.cafile(),
            Kind::Dovecot(server) | Kind::Maildir(server) => server.cafile(),
        }
    }

    #[track_caller]
    fn look(&self) -> Look {
        Look::imap(self.port(), self.user(), PASSWORD).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn account(&self, what: &str, more: &[&str]) {
        account(what, self.port(), self.user(), PASSWORD, more);
    }

    /// Files that were written by path are given to the user whom the server reads them as.
    #[track_caller]
    fn settle(&self) {
        let Kind::Maildir(server) = &self.kind else { return };
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let mut chown = Command::new("chown");
        chown.args(["-hR", "mail:mail"]).arg(server.tree().join("mail"));
        run(&mut chown, Duration::from_secs(60)).expect_success("chown");
    }
}

fn maildir_of(server: &Dovecot) -> PathBuf {
    let home = server.tree().join("mail/example.test/anna");
    fs::create_dir_all(&home).unwrap();
    home.join("Maildir")
}

const ANNA: &str = "anna@example.test";
/// A name without a domain.
const CYRUS_ANNA: &str = "anna";
const PASSWORD: &str = "anna's password";
