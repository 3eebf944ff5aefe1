//! What `imap-sync` removes when it is asked to, and how closely it compares, with two Dovecots.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use imap_source::{Tool, account, count};
use serde_json::Value;
use support::{Dovecot, Look};

#[test]
fn a_mirror_removes_what_the_source_lost_and_never_what_users_got() {
    let pair = Pair::new();
    assert_eq!(pair.run("run", &[]).0, 0);
    let whole = messages(&pair.target());
    // What came to the new server meanwhile.
    account("few", pair.new.port(), ANNA, PASSWORD, &[]);
    let came = messages(&pair.target()) - whole;
    let lost = pair.lose();
    assert!(lost > 0 && came > 0);

    let (exit, document) = pair.run("run", &["--mirror", "--max-delete", "0"]);
    assert_eq!((exit, count(&document, "skipped")), (1, lost), "{document:#}");
    assert_eq!(messages(&pair.target()), whole + came, "past the ceiling nothing is removed");

    let (exit, document) = pair.run("plan", &["--mirror"]);
    assert_eq!(exit, 0, "{document:#}");
    assert!(document["notes"].to_string().contains("would be removed"), "{document:#}");
    assert_eq!(messages(&pair.target()), whole + came, "a plan removes nothing");

    let (exit, document) = pair.run("run", &["--mirror"]);
    assert_eq!(exit, 0, "{document:#}");
    assert_eq!(messages(&pair.target()), whole + came - lost, "{document:#}");
    let (exit, document) = pair.run("run", &["--mirror"]);
    assert_eq!((exit, count(&document, "copied")), (0, 0));
    assert_eq!(messages(&pair.target()), whole + came - lost, "l2_idempotent");
}

#[test]
fn what_is_removed_can_be_kept() {
    let pair = Pair::new();
    pair.run("run", &[]);
    let whole = messages(&pair.target());
    let lost = pair.lose();
    let (exit, document) = pair.run("run", &["--mirror", "--trash-folder", "Gone"]);
    assert_eq!(exit, 1, "there is no such folder: {document:#}");
    assert_eq!(messages(&pair.target()), whole);
    pair.new.doveadm(&["mailbox", "create", "-u", ANNA, "Gone"]).expect_success("doveadm mailbox create");
    let (exit, document) = pair.run("run", &["--mirror", "--trash-folder", "Gone"]);
    assert_eq!(exit, 0, "{document:#}");
    let target = pair.target();
    let kept = target.folders.iter().find(|folder| folder.name == "Gone").unwrap();
    assert_eq!((kept.messages.len() as u64, messages(&target)), (lost, whole));
}

#[test]
fn a_comparison_is_as_close_as_asked_for() {
    let pair = Pair::new();
    pair.run("run", &[]);
    for level in ["all", "counts", "envelopes", "sample=50%"] {
        let (exit, document) = pair.run("verify", &["--level", level]);
        assert_eq!((exit, count(&document, "failed")), (0, 0), "{level}: {document:#}");
        if level != "counts" {
            assert_eq!(document["digests"]["source"], document["digests"]["target"], "{level}");
        }
    }
    pair.new.doveadm(&["expunge", "-u", ANNA, "mailbox", "INBOX", "1"]).expect_success("doveadm expunge");
    for level in ["all", "counts", "envelopes"] {
        let (exit, document) = pair.run("verify", &["--level", level]);
        assert_eq!((exit, count(&document, "failed")), (1, 1), "{level}: {document:#}");
    }
}

#[test]
fn mistakes_in_these_options_are_told_before_anything_is_attempted() {
    let tool = Tool::new();
    let both = ["imaps://a@127.0.0.1:1", "imaps://b@127.0.0.1:1"];
    for wrong in [
        &["run", "--mirror", "--max-delete", "101%"][..],
        &["run", "--max-delete", "5"],
        &["run", "--trash-folder", "x"],
        &["verify", "--level", "sample"],
        &["verify", "--mirror"],
    ] {
        let (exit, document, _) = tool.json(&[wrong, &both].concat());
        assert_eq!(exit, 2, "{wrong:?}: {document:#}");
    }
}

struct Pair {
    old: Dovecot,
    new: Dovecot,
    tool: Tool,
    password: String,
}

impl Pair {
    fn new() -> Self {
        let server = || Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
        let (old, new) = (server(), server());
        account("fill", old.port(), ANNA, PASSWORD, &[]);
        let tool = Tool::new();
        let password = tool.password("anna.pw", PASSWORD);
        Self { old, new, tool, password }
    }

    fn run(&self, command: &str, more: &[&str]) -> (i32, Value) {
        let [source, target] =
            [&self.old, &self.new].map(|server| format!("imap://{ANNA}@127.0.0.1:{}", server.port()));
        let files = ["--source-password-file", &self.password, "--target-password-file", &self.password];
        let both = [command, &source, &target, "--allow-plaintext"];
        let (exit, document, _) = self.tool.json(&[&both, &files[..], more].concat());
        (exit, document)
    }

    /// Some messages of the source go; how many.
    fn lose(&self) -> u64 {
        let before = messages(&self.old.look(ANNA, PASSWORD).unwrap());
        self.old
            .doveadm(&["expunge", "-u", ANNA, "mailbox", "INBOX", "1:3"])
            .expect_success("doveadm expunge");
        before - messages(&self.old.look(ANNA, PASSWORD).unwrap())
    }

    fn target(&self) -> Look {
        self.new.look(ANNA, PASSWORD).unwrap()
    }
}

fn messages(look: &Look) -> u64 {
    look.folders.iter().map(|folder| folder.messages.len() as u64).sum()
}

const ANNA: &str = "anna@example.test";
const PASSWORD: &str = "anna's password";
