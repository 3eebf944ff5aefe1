//! `imap-sync` while others change the source, after servers have lost their numbering, into a mailbox that is full,
//! and from servers that mean harm.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::sleep;
use std::time::{Duration, Instant};

use imap_source::{Tool, account, client, count};
use serde_json::Value;
use support::ferry::items;
use support::hostile::{Attack, hostile};
use support::same::{Difference, assert_same, assert_same_unordered};
use support::{Dovecot, Look};

#[test]
fn a_source_that_others_change_meanwhile_is_equal_after_one_more_pass() {
    let pair = Pair::new("many", &["60"], "");
    let mut others = client("live", pair.old.port(), ANNA, PASSWORD, &["6"]);
    let mut others = others.stdout(Stdio::null()).spawn().unwrap();
    let mut passes = 0;
    while matches!(others.try_wait(), Ok(None)) {
        let (exit, document, log) = pair.json("run");
        assert!(matches!(exit, 0 | 1), "{log}{document:#}");
        passes += 1;
    }
    assert!(others.wait().unwrap().success() && passes > 0);
    pair.succeed("run");
    let (source, target) = (pair.source(), pair.target());
    let difference = Difference::between(&source, &target);
    assert_eq!(
        (difference.folders, difference.missing),
        (vec![], vec![]),
        "after {passes} passes and one more"
    );
    for folder in &target.folders {
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        folder.messages.iter().for_each(|message| *times.entry(message.sha256.as_str()).or_default() += 1);
        assert!(times.values().all(|times| *times == 1), "{}: doubled", folder.name);
    }
    assert_eq!(count(&pair.succeed("run"), "copied"), 0, "l2_idempotent");
}

#[test]
fn a_new_uidvalidity_at_the_source_copies_nothing_again() {
    renumbered(|pair| number_anew(&pair.old, "INBOX"));
}

#[test]
fn a_new_uidvalidity_on_the_target_copies_nothing_again() {
    renumbered(|pair| number_anew(&pair.new, "INBOX"));
}

#[test]
fn a_new_uidvalidity_on_both_sides_copies_nothing_again() {
    renumbered(|pair| {
        number_anew(&pair.old, "INBOX");
        number_anew(&pair.new, "INBOX");
    });
}

#[test]
fn a_folder_that_was_made_anew_at_the_source_is_not_copied_again() {
    renumbered(|pair| {
        account("again", pair.old.port(), ANNA, PASSWORD, &[]);
    });
}

#[test]
fn a_target_whose_index_was_lost_is_not_filled_again() {
    renumbered(|pair| {
        let maildir = pair.new.tree().join("mail/example.test/anna/Maildir");
        for folder in ["", ".Sub"] {
            for entry in fs::read_dir(maildir.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                // Keywords stay: the letters in the names of files mean nothing without them.
                if name.starts_with("dovecot") && name != "dovecot-keywords" {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        // UIDVALIDITY is the time in seconds.
        sleep(Duration::from_millis(1100));
    });
}

#[test]
fn a_full_mailbox_is_told_and_filled_when_it_is_larger() {
    let pair = Pair::new("few", &[], "plugin {\n  quota_rule = *:storage=60K\n}\n");
    let (exit, document, log) = pair.json("run");
    let failed = items(&document, "failed");
    assert_eq!(exit, 1, "{log}");
    assert!(!failed.is_empty() && count(&document, "copied") > 0, "{log}{document:#}");
    for item in &failed {
        assert!(item["reason"].as_str().unwrap().to_lowercase().contains("quota"), "{item}");
    }
    let left = count(&document, "failed") + count(&document, "pending");
    assert_eq!(Difference::between(&pair.source(), &pair.target()).missing.len() as u64, left, "{log}");
    pair.new.reconfigure("plugin {\n  quota_rule = *:storage=100M\n}\n");
    pair.succeed("run");
    assert_same_unordered(&pair.source(), &pair.target(), "after the quota was raised");
    assert_eq!(count(&pair.succeed("run"), "copied"), 0, "l2_idempotent");
}

#[test]
fn hostile_servers_cost_no_memory_and_are_told() {
    let wrong: Vec<String> =
        attacks().into_iter().flat_map(|(name, attack)| under_attack(name, attack)).collect();
    assert_eq!(wrong, [""; 0]);
}

/// What went wrong under this attack: a line for each.
#[track_caller]
fn under_attack(name: &str, attack: Attack) -> Vec<String> {
    let (port, struck) = hostile(attack);
    let (tool, begun) = (Tool::new(), Instant::now());
    let password = tool.password("anna.pw", PASSWORD);
    let source = format!("imap://{ANNA}@127.0.0.1:{port}");
    let target = format!("maildir:{}", tool.path().join("anna").display());
    let sides = ["run", &source, &target, "--allow-plaintext", "--source-password-file", &password];
    let (exit, peak, log) = watched(&tool, &sides);
    println!("{name}: {exit:?}, {} MB, {:?}, {}", peak >> 10, begun.elapsed(), log.trim_end());
    let told = log.lines().any(|line| line.starts_with("FAIL ") || line.starts_with("ERROR "));
    let held = fs::read_dir(tool.path().join("anna/cur")).map_or(0, Iterator::count);
    let kind = name == KIND;
    let rules = [
        (kind || struck.load(SeqCst), "it never came to it"),
        (exit == Some(i32::from(!kind)), "another exit code"),
        (told != kind, "told or not"),
        (peak < MOST_KILOBYTES, "too much memory"),
        (!log.contains("panicked"), "a panic"),
        (held == if kind { 2 } else { 0 }, "messages that there are not"),
    ];
    let broken = rules.iter().filter(|(kept, _)| !kept);
    broken.map(|(_, rule)| format!("{name}: {rule}: {exit:?} {peak} KB {held} {log}")).collect()
}

/// Runs it and gives its exit code, the most memory it held in kilobytes, and its log.
#[track_caller]
fn watched(tool: &Tool, arguments: &[&str]) -> (Option<i32>, u64, String) {
    let log = tool.path().join("log");
    let mut command = tool.command(arguments);
    command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
    let mut child = command.spawn().unwrap();
    let (begun, mut peak) = (Instant::now(), 0);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        peak = peak.max(high_water(child.id()).unwrap_or(0));
        if begun.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        sleep(Duration::from_millis(5));
    };
    (status.code(), peak, fs::read_to_string(log).unwrap())
}

fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn attacks() -> Vec<(&'static str, Attack)> {
    let attack = |at, first, endless, answers| Attack { at, first, endless, answers };
    vec![
        (KIND, attack("LOGOUT", "", "", true)),
        ("an endless greeting", attack("", "* OK ", "xxxxxxxxxxxxxxxx", false)),
        ("an endless line for LIST", attack("LIST", "* LIST () \"/\" \"", "xxxxxxxxxxxxxxxx", false)),
        ("endless parentheses", attack("LIST", "* LIST (", "((((((((((((((((", false)),
        ("endless folders", attack("LIST", "", "* LIST () \"/\" \"folder #\"\r\n", false)),
        ("endless answers that nobody asked for", attack("EXAMINE", "", "* # EXISTS\r\n", false)),
        ("endless flags", attack("EXAMINE", "* FLAGS (", "keyword# ", false)),
        ("a folder of four thousand million", attack("EXAMINE", "* 4294967295 EXISTS\r\n", "", false)),
        ("endless messages", attack("FETCH", "", "* # FETCH (UID # FLAGS (k#) RFC822.SIZE 9)\r\n", false)),
        (
            "endless text within one answer",
            attack("FETCH", "* 1 FETCH (UID 1 X \"", "yyyyyyyyyyyyyyyyy", false),
        ),
        ("an absurd literal", attack("FETCH", "* 1 FETCH (UID 1 BODY[] {99999999999}\r\n", "", false)),
        (
            "a literal beyond 64 bits",
            attack("FETCH", "* 1 FETCH (UID 1 X {99999999999999999999999}\r\n", "", false),
        ),
        (
            "an absurd literal for a name",
            attack("LIST", "* LIST () \"/\" {99999999999}\r\n", "zzzzzzzzzzzzzzzz", false),
        ),
        (
            "an absurd literal with its bytes",
            attack(
                "FETCH BODY",
                "* 1 FETCH (UID 1 BODY[] {99999999999}\r\n",
                "zzzzzzzzzzzzzzzzzzzzzzz",
                false,
            ),
        ),
        (
            "no body",
            attack(
                "FETCH BODY",
                "* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] NIL)\r\n",
                "",
                true,
            ),
        ),
        ("no answer for a body", attack("FETCH BODY", "", "", true)),
        ("a body cut short", attack("FETCH BODY", "* 1 FETCH (UID 1 BODY[] {600}\r\na: b\r\n", "", false)),
    ]
}

/// Brings it over, has the numbering changed, and expects that nothing is appended again and that new mail is.
#[track_caller]
fn renumbered(change: impl FnOnce(&Pair)) {
    let pair = Pair::new("few", &[], "");
    pair.succeed("run");
    change(&pair);
    assert_same(&pair.source(), &pair.target(), "the test changes no messages");
    let next = |look: &Look| look.folders.iter().map(|folder| folder.uidnext).collect::<Vec<_>>();
    let before = next(&pair.target());
    let document = pair.succeed("run");
    let target = pair.target();
    assert_same_unordered(&pair.source(), &target, "after the numbering changed");
    assert_eq!(next(&target), before, "nothing was appended: {document:#}");
    account("change", pair.old.port(), ANNA, PASSWORD, &[]);
    pair.succeed("run");
    assert_same_unordered(&pair.source(), &pair.target(), "with what came since");
    assert_eq!(count(&pair.succeed("run"), "copied"), 0, "l2_idempotent");
    pair.succeed("verify");
}

#[track_caller]
fn number_anew(server: &Dovecot, folder: &str) {
    let update = ["mailbox", "update", "--uid-validity", "1234567890", "-u", ANNA, folder];
    server.doveadm(&update).expect_success("doveadm mailbox update");
}

/// Two servers, and one account that goes from one to the other.
struct Pair {
    old: Dovecot,
    new: Dovecot,
    tool: Tool,
    password: String,
}

impl Pair {
    /// The account is filled so, and the new server has these settings.
    #[track_caller]
    fn new(fill: &str, more: &[&str], settings: &str) -> Self {
        let old = Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
        let new = Dovecot::with_settings(&[(ANNA, PASSWORD)], settings);
        account(fill, old.port(), ANNA, PASSWORD, more);
        let tool = Tool::new();
        let password = tool.password("anna.pw", PASSWORD);
        Self { old, new, tool, password }
    }

    #[track_caller]
    fn json(&self, command: &str) -> (i32, Value, String) {
        let [source, target] =
            [&self.old, &self.new].map(|server| format!("imap://{ANNA}@127.0.0.1:{}", server.port()));
        let files = ["--source-password-file", &self.password, "--target-password-file", &self.password];
        self.tool.json(&[&[command, &source, &target, "--allow-plaintext"], &files[..]].concat())
    }

    #[track_caller]
    fn succeed(&self, command: &str) -> Value {
        let (exit, document, log) = self.json(command);
        assert_eq!(exit, 0, "{command}: {log}{document:#}");
        document
    }

    fn source(&self) -> Look {
        self.old.look(ANNA, PASSWORD).unwrap()
    }

    fn target(&self) -> Look {
        self.new.look(ANNA, PASSWORD).unwrap()
    }
}

const ANNA: &str = "anna@example.test";
const PASSWORD: &str = "anna's password";
/// The attack that is none, which shows that the others fail for what they do.
const KIND: &str = "a kind answer";
const MOST_KILOBYTES: u64 = 64 << 10;
