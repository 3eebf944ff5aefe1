//! `imap-sync` and `mailferry` against real IMAP servers, judged by Python's own IMAP client and Maildir reader.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use imap_source::{Tool, account, count};
use serde_json::Value;
use support::ferry::{counts, ferry_json, items};
use support::tree::compare_snapshots;
use support::{Comparison, Dovecot, Example, Look, differences, snapshot};

#[test]
fn an_account_is_brought_into_a_maildir_that_shows_the_same() {
    let (old, tool) = (old_server(), Tool::new());
    let home = tool.path().join("new");
    let maildir = home.join("mail/example.test/anna/Maildir");
    fs::create_dir_all(maildir.parent().unwrap()).unwrap();
    let pair = Sides::new(&old, &tool, &format!("maildir:{}", maildir.display()));
    add_odd_line_ends(&old);
    let before = look(&old, ANNA);

    let (exit, document, log) = tool.json(&pair.with("check"));
    assert_eq!(
        (exit, count(&document, "source")),
        (0, before.contents().values().map(Vec::len).sum::<usize>() as u64),
        "{log}"
    );
    let (exit, document, log) = tool.json(&pair.with("plan"));
    assert_eq!(exit, 0, "{log}");
    assert!(!maildir.exists(), "a plan writes nothing");
    let planned = count(&document, "copied");
    let (exit, document, log) = tool.json(&pair.with("run"));
    assert_eq!((exit, count(&document, "copied")), (0, planned), "{log}{document:#}");
    assert!(planned > 40);

    let on_disk = Look::maildir(&maildir);
    assert_eq!(on_disk.contents(), before.contents());
    assert_eq!(on_disk.subscribed, before.subscribed);
    assert_eq!(look(&old, ANNA).contents(), before.contents(), "the source is left alone");
    let new = served(&home);
    assert_eq!(in_order(&new), in_order(&old), "the same bytes, sizes, dates and flags in the same order");
    assert!(!new.log().contains("Error"), "{}", new.log());

    let placed = snapshot(&maildir, Comparison::MessageDates);
    let (exit, document, _) = tool.json(&pair.with("run"));
    assert_eq!(
        (exit, count(&document, "copied"), count(&document, "unchanged")),
        (0, 0, planned),
        "{document:#}"
    );
    assert_eq!(compare_snapshots(&placed, &snapshot(&maildir, Comparison::MessageDates)), [""; 0]);
    let (exit, document, log) = tool.json(&pair.with("verify"));
    assert_eq!((exit, count(&document, "unchanged")), (0, planned), "{log}");
}

#[test]
fn what_changes_at_the_source_is_carried_over_alone() {
    let (old, tool) = (old_server(), Tool::new());
    let maildir = tool.path().join("anna");
    let pair = Sides::new(&old, &tool, &format!("maildir:{}", maildir.display()));
    tool.succeed(&pair.with("run"));
    account("change", old.port(), ANNA, PASSWORD, &[]);
    let (exit, document, log) = tool.json(&pair.with("run"));
    assert_eq!((exit, count(&document, "copied")), (0, 4), "{log}{document:#}");
    assert_eq!(Look::maildir(&maildir).contents(), look(&old, ANNA).contents());

    let gone = fs::read_dir(maildir.join(".Fresh/cur")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(gone).unwrap();
    let (exit, document, _) = tool.json(&pair.with("verify"));
    assert_eq!((exit, count(&document, "failed")), (1, 1));
    let reason = items(&document, "failed")[0]["reason"].as_str().unwrap();
    assert!(reason.contains("removed on the target"), "{reason}");
    let (exit, document, _) = tool.json(&[&pair.with("verify")[..], &["--live"]].concat());
    assert_eq!((exit, count(&document, "excluded")), (0, 1));
    let (exit, document, _) = tool.json(&pair.with("run"));
    assert_eq!((exit, count(&document, "copied"), count(&document, "excluded")), (0, 0, 1));
    let (exit, document, _) = tool.json(&[&pair.with("run")[..], &["--restore"]].concat());
    assert_eq!((exit, count(&document, "copied")), (0, 1), "{document:#}");
    tool.succeed(&pair.with("verify"));
}

#[test]
fn an_account_is_brought_to_another_server_by_administrators() {
    let (old, tool) = (old_server(), Tool::new());
    let new = Dovecot::with_accounts(&[("bert@example.test", "bert's")]);
    let (administrator, password) = new.administrator();
    let file = tool.password("administrator", password);
    let source = format!("imap://anna%40example.test@127.0.0.1:{}", old.port());
    let target = format!("imaps://bert@example.test@localhost:{}", new.tls_port());
    let cafile = joint_cafile(&tool, &old, &new);
    let sides = [
        &source,
        &target,
        "--source-admin",
        administrator,
        "--source-password-file",
        &file,
        "--target-admin",
        administrator,
        "--target-password-file",
        &file,
        "--cafile",
        &cafile,
    ];
    let (exit, document, log) = tool.json(&[&["run"], &sides[..]].concat());
    assert_eq!(exit, 0, "{log}{document:#}");
    assert!(!log.contains("warning") && log.contains("INBOX: copied 37 of 37"), "{log}");
    let seen = new.look("bert@example.test", "bert's").unwrap();
    assert_eq!(seen.contents(), look(&old, ANNA).contents());
    assert_eq!(seen.subscribed, look(&old, ANNA).subscribed);
    assert_eq!(order(&new, "bert@example.test", "bert's"), in_order(&old));
    let (exit, document, log) = tool.json(&[&["run"], &sides[..]].concat());
    assert_eq!((exit, count(&document, "copied")), (0, 0), "{log}");
    tool.succeed(&[&["verify"], &sides[..]].concat());
}

#[test]
fn a_maildir_is_brought_to_a_server() {
    let (old, tool) = (old_server(), Tool::new());
    let maildir = tool.path().join("anna");
    tool.succeed(&Sides::new(&old, &tool, &format!("maildir:{}", maildir.display())).with("run"));
    let before = snapshot(&maildir, Comparison::MessageDates);

    let new = Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
    let source = format!("maildir:{}", maildir.display());
    let target = format!("imaps://{ANNA}@localhost:{}", new.tls_port());
    let (cafile, password) = (new.cafile().display().to_string(), tool.password("anna.pw", PASSWORD));
    let sides = [&source, &target, "--target-password-file", &password, "--cafile", &cafile];
    let (exit, document, log) = tool.json(&[&["run"], &sides[..]].concat());
    assert_eq!(exit, 0, "{log}{document:#}");
    assert_eq!(in_order(&new), in_order(&old));
    assert_eq!(compare_snapshots(&before, &snapshot(&maildir, Comparison::MessageDates)), [""; 0]);
    tool.succeed(&[&["verify"], &sides[..]].concat());
}

#[test]
fn runs_killed_at_any_moment_end_in_the_same_maildir() {
    let (old, tool) = (old_server(), Tool::new());
    account("many", old.port(), ANNA, PASSWORD, &["400"]);
    let reference = tool.path().join("reference");
    let begun = Instant::now();
    tool.succeed(&Sides::new(&old, &tool, &format!("maildir:{}", reference.display())).with("run"));
    let whole = begun.elapsed();
    let mut in_the_middle = 0;
    for round in 0..7 {
        let maildir = tool.path().join(format!("killed{round}"));
        let pair = Sides::new(&old, &tool, &format!("maildir:{}", maildir.display()));
        for kill in 1..4 {
            let mut command = tool.command(&pair.with("run"));
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            sleep(whole.mul_f64(0.04 * f64::from(round) + 0.2 * f64::from(kill)));
            in_the_middle += u32::from(matches!(child.try_wait(), Ok(None)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let (exit, document, log) = tool.json(&pair.with("run"));
        assert_eq!(exit, 0, "{log}{document:#}");
        assert_eq!(differences(&reference, &maildir, Comparison::MessageDates), [""; 0], "round {round}");
        assert_eq!(count(&tool.json(&pair.with("run")).1, "copied"), 0);
    }
    assert!(in_the_middle > 0, "every run was over before it was killed");
}

#[test]
fn ctrl_c_ends_in_good_order_and_says_how_to_go_on() {
    let (old, tool) = (old_server(), Tool::new());
    account("many", old.port(), ANNA, PASSWORD, &["600"]);
    let maildir = tool.path().join("anna");
    let pair = Sides::new(&old, &tool, &format!("maildir:{}", maildir.display()));
    let mut command = tool.command(&pair.with("run"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while fs::read_dir(maildir.join(".Many/cur")).map_or(0, Iterator::count) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came about");
        sleep(Duration::from_millis(1));
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("the same command goes on from here"), "{log}");
    assert!(log.lines().any(|line| line.starts_with("FAIL mail pending")), "{log}");
    tool.succeed(&pair.with("run"));
    assert_eq!(Look::maildir(&maildir).contents(), look(&old, ANNA).contents());
}

#[test]
fn a_run_killed_between_two_servers_doubles_and_loses_nothing() {
    let (old, tool) = (old_server(), Tool::new());
    account("many", old.port(), ANNA, PASSWORD, &["200"]);
    let new = Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
    let password = tool.password("anna.pw", PASSWORD);
    let (source, target) = (url(&old), url(&new));
    let sides = [
        "run",
        &source,
        &target,
        "--allow-plaintext",
        "--source-password-file",
        &password,
        "--target-password-file",
        &password,
    ];
    for milliseconds in [300, 600, 900, 1200, 700, 1500] {
        let mut child = tool.command(&sides).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (exit, document, log) = tool.json(&sides);
    assert_eq!(exit, 0, "{log}{document:#}");
    assert_eq!(look(&new, ANNA).contents(), look(&old, ANNA).contents());
}

#[test]
fn a_whole_migration_takes_its_mail_from_a_server() {
    let reference = Example::copy("harbour");
    assert_eq!(ferry_json(&["run"], &reference.plan_file()).0, 0);
    // An account that is closed lets nobody in; here the old server still does.
    let users = reference.new_home().join("dovecot/users");
    let open = fs::read_to_string(&users).unwrap().replace("nologin=y", "");
    fs::write(&users, open).unwrap();
    let old = Dovecot::over(&reference.new_home());
    let example = Example::copy("harbour");
    let (administrator, password) = old.administrator();
    let file = example.path().join("old.pw");
    fs::write(&file, format!("{password}\n")).unwrap();
    let mail = format!(
        "mail = {{ imap = \"imaps://localhost:{}\", admin = \"{administrator}\", password_file = \"old.pw\", cafile = \"{}\" }}",
        old.tls_port(),
        old.cafile().display()
    );
    let plan = fs::read_to_string(example.plan_file()).unwrap();
    let plan: Vec<&str> =
        plan.lines().map(|line| if line.starts_with("mail ") { &mail } else { line }).collect();
    fs::write(example.plan_file(), plan.join("\n")).unwrap();

    let (exit, _, log) = ferry_json(&["check"], &example.plan_file());
    assert_eq!(exit, 0, "{log}{}", old.log());
    let (exit, document, log) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0, "{log}{document:#}");
    assert_eq!(log.matches("others may read").count(), 1, "{log}");
    let copied = document["steps"]["mail"]["copied"].as_u64().unwrap();
    assert!(copied > 20, "{copied}");
    let notes = document["notes"].as_array().unwrap().iter().map(|note| note["reason"].as_str().unwrap());
    let lost: Vec<&str> = notes.filter(|note| note.contains("cannot keep these flags")).collect();
    assert!(
        !lost.is_empty() && lost.iter().all(|note| !note.is_ascii()),
        "keywords that are no atoms: {lost:?}"
    );
    for (address, _) in example.passwords() {
        let (local, domain) = address.split_once('@').unwrap();
        let mail = format!("mail/{domain}/{local}/Maildir");
        let (was, is) = (Look::maildir(&reference.new_home().join(&mail)), example.new_home().join(&mail));
        let is = Look::maildir(&is);
        assert_eq!(is.contents(), as_imap_can_tell(&was), "{address}");
        assert_eq!(is.subscribed, was.subscribed, "{address}");
    }
    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!((exit, counts(&document).get("copied")), (0, None), "{document:#}");
    assert_eq!(ferry_json(&["verify"], &example.plan_file()).0, 0);

    fs::write(&file, "guessed\n").unwrap();
    let (exit, document, log) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1);
    let failed = items(&document, "failed");
    assert!(failed.iter().all(|item| item["step"] == "mail"), "{document:#}");
    assert_eq!(log.lines().filter(|line| line.starts_with("FAIL")).count(), failed.len());
    assert!(!log.contains("guessed") && !document.to_string().contains("guessed"));

    fs::remove_file(&file).unwrap();
    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 2, "without a password nothing is attempted");
    assert!(document["error"].as_str().unwrap().contains("old.pw"), "{document:#}");
}

#[test]
fn who_cannot_be_reached_or_logged_in_to_is_one_failed_item() {
    let (old, tool) = (Dovecot::with_accounts(&[(ANNA, PASSWORD)]), Tool::new());
    let target = format!("maildir:{}", tool.path().join("anna").display());
    let wrong = tool.password("wrong", "guessed");
    let refused = ["run", &url(&old), &target, "--allow-plaintext", "--source-password-file", &wrong];
    let nobody = format!("imaps://{ANNA}@127.0.0.1:{}", support::free_port());
    let unreachable = ["run", &nobody, &target, "--source-password-file", &wrong];
    let tls = format!("imaps://{ANNA}@localhost:{}", old.tls_port());
    let untrusted = ["run", &tls, &target, "--source-password-file", &wrong];
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = format!("imap://{ANNA}@127.0.0.1:{}", silent.local_addr().unwrap().port());
    std::thread::spawn(move || {
        use std::io::Write;
        for stream in silent.incoming() {
            stream.unwrap().write_all(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n").unwrap();
        }
    });
    let stripped = ["run", &plain, &target, "--source-password-file", &wrong];
    for arguments in [&refused[..], &unreachable, &untrusted, &stripped] {
        let (exit, document, log) = tool.json(arguments);
        assert_eq!((exit, count(&document, "failed")), (1, 1), "{arguments:?} {log}{document:#}");
        assert_eq!(log.lines().filter(|line| line.starts_with("FAIL ")).count(), 1, "{log}");
        assert!(!log.contains("guessed") && !document.to_string().contains("guessed"));
        assert!(!tool.path().join("anna").exists(), "nothing was begun");
    }
}

#[test]
fn a_wrong_command_line_attempts_nothing() {
    let tool = Tool::new();
    let password = tool.password("anna.pw", PASSWORD);
    let (server, maildir) = ("imaps://anna@mail.example.test", "maildir:/nowhere/at/all");
    for (arguments, words) in [
        (&["run", server, maildir][..], "--source-password-file"),
        (&["verify", server, maildir, "--mirror"], "--mirror"),
        (&["run", server], "TARGET"),
        (&["verify", server, maildir, "--restore"], "--restore"),
        (&["run", "http://a@b", maildir, "--source-password-file", &password], "imaps://"),
        (
            &["run", "imaps://a:hunter2@b", maildir, "--source-password-file", &password],
            "password does not belong",
        ),
        (&["run", maildir, "maildir:/elsewhere"], "maildir-sync"),
        (&["run", "maildir:", server], "no path"),
        (&["run", server, maildir, "--source-password-file", "/nowhere.pw"], "/nowhere.pw"),
        (
            &[
                "run",
                server,
                server,
                "--source-password-file",
                &password,
                "--target-password-file",
                &password,
            ],
            "same mailbox",
        ),
        (
            &["run", server, maildir, "--source-password-file", &password, "--source-password-env", "X"],
            "cannot be used with",
        ),
    ] {
        let finished = tool.run(arguments);
        assert_eq!(finished.code(), Some(2), "{arguments:?} {}{}", finished.stdout, finished.stderr);
        assert!(finished.stderr.contains(words), "{arguments:?} {}", finished.stderr);
        assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    }
    let help = tool.run(&["--help"]).expect_success("help");
    assert!(help.contains("Examples:") && help.contains("verify"), "{help}");
}

const ANNA: &str = "anna@example.test";
const PASSWORD: &str = "anna's password";

/// A server with one account that is full of everything.
fn old_server() -> Dovecot {
    let old = Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
    account("fill", old.port(), ANNA, PASSWORD, &[]);
    old
}

/// A message whose line ends Dovecot would not store itself, but serves.
fn add_odd_line_ends(old: &Dovecot) {
    let file = old.tree().join("mail/example.test/anna/Maildir/cur/1100000000.M1P1.old:2,S");
    fs::write(&file, "Subject: odd\r\n\r\nline\r\r\nends\r\n").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    support::tree::set_date(&file, 1_100_000_000).unwrap();
}

/// What a Maildir holds, but for keywords that are no atoms: IMAP has no way to write those.
fn as_imap_can_tell(look: &Look) -> BTreeMap<&str, Vec<support::Message>> {
    let mut contents = look.contents();
    for message in contents.values_mut().flatten() {
        message.keywords.retain(|keyword| keyword.is_ascii());
    }
    contents
}

fn look(server: &Dovecot, user: &str) -> Look {
    server.look(user, PASSWORD).unwrap()
}

fn in_order(server: &Dovecot) -> BTreeMap<String, Value> {
    order(server, ANNA, PASSWORD)
}

fn order(server: &Dovecot, user: &str, password: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(&account("order", server.port(), user, password, &[])).unwrap()
}

/// A Dovecot over a destination of one account.
fn served(home: &Path) -> Dovecot {
    fs::create_dir_all(home.join("dovecot")).unwrap();
    fs::write(home.join("dovecot/users"), format!("{ANNA}:{{PLAIN}}{PASSWORD}::::::\n")).unwrap();
    Dovecot::over(home)
}

fn url(server: &Dovecot) -> String {
    format!("imap://{ANNA}@127.0.0.1:{}", server.port())
}

/// Both servers' authorities in one file.
fn joint_cafile(tool: &Tool, old: &Dovecot, new: &Dovecot) -> String {
    let joint = tool.path().join("joint.pem");
    let both = [fs::read(old.cafile()).unwrap(), fs::read(new.cafile()).unwrap()].concat();
    fs::write(&joint, both).unwrap();
    joint.display().to_string()
}

/// An account on a server, and where it goes.
struct Sides {
    source: String,
    target: String,
    cafile: String,
    password: String,
}

impl Sides {
    fn new(server: &Dovecot, tool: &Tool, target: &str) -> Self {
        Self {
            source: format!("imaps://{ANNA}@localhost:{}", server.tls_port()),
            target: target.to_owned(),
            cafile: server.cafile().display().to_string(),
            password: tool.password("anna.pw", PASSWORD),
        }
    }

    fn with<'a>(&'a self, command: &'a str) -> Vec<&'a str> {
        let Self { source, target, cafile, password } = self;
        vec![command, source, target, "--source-password-file", password, "--cafile", cafile]
    }
}
