//! Runs that are killed, interrupted, or run out of room, and go on.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::ferry::{command, counts, ferry, ferry_json, items};
use support::random::{Random, setting};
use support::tree::set_date;
use support::{Comparison, Example, differences};

/// `MAILFERRY_KILLS` sets how many runs are killed; `MAILFERRY_SEED` repeats an order of moments.
#[test]
fn runs_killed_at_any_moment_end_in_the_same_tree() {
    let reference = Example::copy("harbour");
    let begun = Instant::now();
    assert_eq!(ferry(&["run"], &reference.plan_file()).code(), Some(0));
    let whole = begun.elapsed();
    let mut random = Random::new();
    let example = Example::copy("harbour");
    let kills = setting("MAILFERRY_KILLS").unwrap_or(20);
    let mut in_the_middle = 0;
    let mut killed = 0;
    while killed < kills {
        let _ = fs::remove_dir_all(example.new_home());
        remove_journal(&example.path());
        for _ in 0..1 + random.below(3) {
            let mut child = command(&["run"], &example.plan_file())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            sleep(whole.mul_f64(random.fraction() * 1.1));
            in_the_middle += u64::from(matches!(child.try_wait(), Ok(None)));
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        let resumed = ferry(&["run"], &example.plan_file());
        assert_eq!(resumed.code(), Some(0), "{}{}", resumed.stdout, resumed.stderr);
        let found = differences(&reference.new_home(), &example.new_home(), Comparison::MessageDates);
        assert_eq!(found, [""; 0], "seed {}, kill {killed}", random.seed());
        let (_, again, _) = ferry_json(&["run"], &example.plan_file());
        assert_eq!(counts(&again).get("copied"), None, "seed {}, kill {killed}", random.seed());
    }
    println!("{killed} kills, {in_the_middle} of them while the run was going on");
    assert!(in_the_middle > 0, "every run was over before it was killed");
}

#[test]
fn ctrl_c_ends_in_good_order_and_says_how_to_go_on() {
    let example = Example::copy("harbour");
    add_messages(&example.path(), 3000);
    let child = start(&example.plan_file());
    let mail = example.new_home().join("mail/harbour.test/bert.odell");
    wait_until(|| mail.exists());
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("the same command goes on from here"), "{stderr}");
    assert!(stdout.contains("pending"), "{stdout}");
    assert!(stderr.lines().any(|line| line.starts_with("FAIL") && line.contains("pending")), "{stderr}");

    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0);
    assert_eq!(items(&document, "pending").len(), 0);
    assert_eq!(ferry(&["verify"], &example.plan_file()).code(), Some(0));
}

#[test]
fn a_full_disk_is_named_and_a_larger_one_is_filled() {
    let reference = Example::copy("harbour");
    ferry(&["run"], &reference.plan_file());
    let example = Example::copy("harbour");
    let disk = example.path().join("disk");
    let Some(_mounted) = Mounted::at(&disk, "size=400k") else {
        eprintln!("skipped: a small disk can be mounted by root only");
        return;
    };
    let text = fs::read_to_string(example.plan_file()).unwrap();
    fs::write(example.plan_file(), text.replace("\"new-home\"", "\"disk/new-home\"")).unwrap();
    let (exit, document, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1, "{stderr}");
    let failed = items(&document, "failed");
    assert!(
        failed.len() > 5
            && failed.iter().all(|item| item["reason"].as_str().unwrap().contains("No space left")),
        "{document:#}"
    );
    assert_eq!(counts(&document)["source"], total(&document), "every item is accounted for");

    assert!(mount(&["-o", "remount,size=64m"], &disk));
    let (exit, document, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0, "{stderr}{document:#}");
    let found = differences(&reference.new_home(), &disk.join("new-home"), Comparison::MessageDates);
    assert_eq!(found, [""; 0]);
}

fn start(plan: &Path) -> Child {
    command(&["run"], plan)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came about");
        sleep(Duration::from_millis(1));
    }
}

/// Enough mail for one account that a signal comes in the middle of it.
fn add_messages(example: &Path, number: u32) {
    let folder = example.join("backup/bert.odell@harbour.test/Maildir/cur");
    for message in 0..number {
        let path = folder.join(format!("17{message:08}.M1P1.mail.harbour.test:2,S"));
        fs::write(&path, format!("From: a@example.com\nSubject: {message}\n\nbody\n")).unwrap();
        set_date(&path, 1_700_000_000).unwrap();
    }
}

fn remove_journal(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains(".state") {
            fs::remove_file(path).unwrap();
        }
    }
}

fn total(document: &serde_json::Value) -> u64 {
    let counts = counts(document);
    let of = |name: &str| counts.get(name).copied().unwrap_or_default();
    ["copied", "adopted", "unchanged", "skipped", "failed", "pending"].iter().map(|name| of(name)).sum()
}

struct Mounted(PathBuf);

impl Mounted {
    fn at(path: &Path, options: &str) -> Option<Self> {
        fs::create_dir(path).unwrap();
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], path).then(|| Self(path.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(arguments).arg(path).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}
