//! A whole migration as an administrator runs it: again and again, with changes on either side in between.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::ferry::{counts, ferry, ferry_json, items};
use support::tree::{compare_snapshots, set_date};
use support::{Comparison, Example, snapshot};

#[test]
fn a_run_brings_everything_and_a_second_one_copies_nothing() {
    let example = Example::copy("harbour");
    let before = snapshot(&example.path().join("backup"), Comparison::MessageDates);
    let (exit, first, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0, "{stderr}{first:#}");
    let source = counts(&first)["source"];
    assert!(source > 150, "{source}");
    assert_eq!(counts(&first)["copied"], source);

    let placed = snapshot(&example.new_home(), Comparison::MessageDates);
    let (exit, second, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0);
    assert_eq!(counts(&second).get("copied"), None, "{second:#}");
    assert_eq!(counts(&second)["unchanged"], source);
    let again = snapshot(&example.new_home(), Comparison::MessageDates);
    assert_eq!(compare_snapshots(&placed, &again), [""; 0]);
    let text = ferry(&["run"], &example.plan_file());
    assert!(text.stdout.contains("nothing to do"), "{}", text.stdout);

    let (exit, proof, _) = ferry_json(&["verify"], &example.plan_file());
    assert_eq!(exit, 0, "{proof:#}");
    assert_eq!(counts(&proof)["unchanged"], source);
    let after = snapshot(&example.path().join("backup"), Comparison::MessageDates);
    assert_eq!(compare_snapshots(&before, &after), [""; 0], "the source is never written to");
}

#[test]
fn a_dry_run_writes_nothing_and_foresees_the_run() {
    let example = Example::copy("harbour");
    let before = snapshot(&example.path(), Comparison::MessageDates);
    let (_, planned, _) = ferry_json(&["plan"], &example.plan_file());
    let (_, dry, _) = ferry_json(&["run", "-n"], &example.plan_file());
    let after = snapshot(&example.path(), Comparison::MessageDates);
    assert_eq!(compare_snapshots(&before, &after), [""; 0]);
    let (_, done, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(counts(&planned), counts(&done));
    assert_eq!(counts(&dry), counts(&done));
}

#[test]
fn a_run_without_its_journal_adopts_what_is_there() {
    let example = Example::copy("harbour");
    let (_, first, _) = ferry_json(&["run"], &example.plan_file());
    let placed = snapshot(&example.new_home(), Comparison::MessageDates);
    for name in ["migration.state", "migration.state-wal", "migration.state-shm"] {
        let _ = fs::remove_file(example.path().join(name));
    }
    let (exit, again, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0);
    assert_eq!(counts(&again)["adopted"], counts(&first)["source"]);
    assert_eq!(counts(&again).get("copied"), None);
    let now = snapshot(&example.new_home(), Comparison::MessageDates);
    assert_eq!(compare_snapshots(&placed, &now), [""; 0]);
}

#[test]
fn a_new_destination_is_filled_though_the_journal_remembers_the_old_one() {
    let example = Example::copy("harbour");
    ferry_json(&["run"], &example.plan_file());
    let placed = snapshot(&example.new_home(), Comparison::MessageDates);
    fs::remove_dir_all(example.new_home()).unwrap();
    let (exit, again, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0);
    assert!(stderr.contains("placed again"), "{stderr}");
    assert_eq!(counts(&again)["copied"], counts(&again)["source"]);
    let now = snapshot(&example.new_home(), Comparison::MessageDates);
    assert_eq!(compare_snapshots(&placed, &now), [""; 0]);
}

#[test]
fn each_change_at_the_source_is_carried_over_alone() {
    let example = Example::copy("harbour");
    ferry_json(&["run"], &example.plan_file());
    let mut held = snapshot(&example.new_home(), Comparison::MessageDates);
    let maildir = example.path().join("backup/bert.odell@harbour.test/Maildir");

    let changes: [Change<'_>; 5] = [
        ("a new message", &|| new_message(&maildir), &["1799999999.M1P1.mail.harbour.test"]),
        ("a changed flag", &|| flag_a_message(&maildir), &[":2,"]),
        ("a moved event", &|| move_an_event(&example.path()), &["bert.odell@harbour.test/calendar/"]),
        ("a new contact", &|| add_a_contact(&example.path()), &["/contacts/"]),
        (
            "a new account",
            &|| add_an_account(&example.path()),
            &["nora.new", "accounts.ldif", "virtual_", "users"],
        ),
    ];
    for (name, change, expected) in changes {
        change();
        let (exit, report, stderr) = ferry_json(&["run"], &example.plan_file());
        assert_eq!(exit, 0, "{name}: {stderr}");
        assert_eq!(counts(&report)["copied"], 1, "{name}: {report:#}");
        let now = snapshot(&example.new_home(), Comparison::MessageDates);
        let differences = compare_snapshots(&held, &now);
        assert!(!differences.is_empty(), "{name}");
        for line in &differences {
            assert!(expected.iter().any(|part| line.contains(part)), "{name}: {line}");
        }
        held = now;
    }
    let (exit, proof, _) = ferry_json(&["verify"], &example.plan_file());
    assert_eq!(exit, 0, "{proof:#}");
}

#[test]
fn what_a_user_removed_is_named_and_only_brought_back_when_asked_for() {
    let example = Example::copy("harbour");
    ferry_json(&["run"], &example.plan_file());
    let message = first_message(&example.new_home().join("mail"));
    let name = message.file_name().unwrap().to_string_lossy().into_owned();
    let unique = name.split(':').next().unwrap();
    fs::remove_file(&message).unwrap();

    let (exit, proof, stderr) = ferry_json(&["verify"], &example.plan_file());
    assert_eq!(exit, 1);
    let failed = items(&proof, "failed");
    assert_eq!(failed.len(), 1, "{proof:#}");
    assert!(failed[0]["item"].as_str().unwrap().contains(unique), "{proof:#}");
    assert!(failed[0]["reason"].as_str().unwrap().contains("removed"), "{proof:#}");
    assert_eq!(stderr.lines().filter(|line| line.contains("FAIL")).count(), 1, "{stderr}");

    let (exit, live, _) = ferry_json(&["verify", "--live"], &example.plan_file());
    assert_eq!(exit, 0);
    assert_eq!(
        items(&live, "excluded")
            .iter()
            .filter(|item| item["reason"].as_str().unwrap().contains("removed"))
            .count(),
        1
    );

    let (exit, run, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0);
    assert!(!message.exists(), "what a user removed stays removed");
    assert!(
        items(&run, "excluded").iter().any(|item| item["item"].as_str().unwrap().contains(unique)),
        "{run:#}"
    );

    let (exit, restored, _) = ferry_json(&["run", "--restore"], &example.plan_file());
    assert_eq!((exit, counts(&restored)["copied"]), (0, 1));
    assert!(message.exists());
    assert_eq!(ferry(&["verify"], &example.plan_file()).code(), Some(0));
}

#[test]
fn a_folder_that_a_user_removed_is_not_made_again_unasked() {
    let example = Example::copy("harbour");
    let source = example.path().join("backup/bert.odell@harbour.test/Maildir");
    fs::create_dir_all(source.join(".Plans/cur")).unwrap();
    ferry_json(&["run"], &example.plan_file());
    let plans = example.new_home().join("mail/harbour.test/bert.odell/Maildir/.Plans");
    assert!(plans.join("cur").exists());
    fs::remove_dir_all(&plans).unwrap();
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(0));
    assert!(!plans.exists());
    let message = source.join(".Plans/cur/1799999999.M1P1.mail.harbour.test:2,");
    fs::write(&message, "Subject: new\n\n").unwrap();
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(0));
    assert!(plans.join("cur").exists(), "what came since is carried over");
}

#[test]
fn what_was_edited_on_the_target_is_named() {
    let example = Example::copy("harbour");
    ferry_json(&["run"], &example.plan_file());
    let dav = example.new_home().join("dav/collection-root/bert.odell@harbour.test");
    let event = first_with(&dav.join("calendar"), "ics", "END:VEVENT");
    edit(&event, "END:VEVENT", "COMMENT:edited\r\nEND:VEVENT");
    let card = first_with(&dav.join("contacts"), "vcf", "END:VCARD");
    edit(&card, "END:VCARD", "NICKNAME:edited\r\nEND:VCARD");
    let users = example.new_home().join("dovecot/users");
    edit(&users, "chloe.martin@harbour.test:", "chloe.martin@harbour.test:{PLAIN}");

    let (exit, proof, _) = ferry_json(&["verify"], &example.plan_file());
    assert_eq!(exit, 1);
    let failed: Vec<String> = items(&proof, "failed").iter().map(|item| item.to_string()).collect();
    assert_eq!(failed.len(), 3, "{failed:#?}");
    assert!(failed.iter().any(|item| item.contains("account chloe.martin@harbour.test")), "{failed:#?}");
    assert!(failed.iter().all(|item| item.contains("changed on the target")), "{failed:#?}");
    assert_eq!(ferry(&["verify", "--live"], &example.plan_file()).code(), Some(0));

    let edited = fs::read(&event).unwrap();
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(0));
    assert_eq!(fs::read(&event).unwrap(), edited, "what a user edited stays so");
    assert_eq!(ferry(&["run", "--restore"], &example.plan_file()).code(), Some(0));
    assert_eq!(ferry(&["verify"], &example.plan_file()).code(), Some(0));
}

#[test]
fn what_vanished_as_a_whole_on_either_side_is_a_failure() {
    let example = Example::copy("harbour");
    ferry_json(&["run"], &example.plan_file());
    fs::remove_dir_all(example.new_home().join("mail/harbour.test/bert.odell")).unwrap();
    fs::remove_file(example.path().join("export/anna.berg@harbour.test.ics")).unwrap();
    fs::remove_dir_all(example.path().join("backup/chloe.martin@harbour.test")).unwrap();
    let (exit, report, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1);
    let failed: Vec<String> = items(&report, "failed").iter().map(|item| item.to_string()).collect();
    assert_eq!(failed.len(), 3, "{failed:#?}");
    assert!(
        failed.iter().any(|item| item.contains("bert.odell") && item.contains("gone as a whole")),
        "{failed:#?}"
    );
    assert!(
        failed.iter().any(|item| item.contains("anna.berg") && item.contains("was there before")),
        "{failed:#?}"
    );
    assert!(failed.iter().any(|item| item.contains("chloe.martin")), "{failed:#?}");
    let kept = example.new_home().join("mail/harbour.test/chloe.martin/Maildir/cur");
    assert!(fs::read_dir(kept).unwrap().count() > 0, "a source that vanished takes nothing with it");

    ferry_json(&["run", "--restore"], &example.plan_file());
    assert!(example.new_home().join("mail/harbour.test/bert.odell/Maildir/cur").exists());
}

#[test]
fn only_the_selected_accounts_are_brought() {
    let example = Example::copy("harbour");
    let plan = example.plan_file();
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, format!("{text}\n[accounts]\ndomains = [\"lighthouse.test\"]\n")).unwrap();
    let (exit, report, stderr) = ferry_json(&["run"], &plan);
    assert_eq!(exit, 0, "{stderr}");
    assert!(!example.new_home().join("mail/harbour.test").exists());
    assert!(items(&report, "excluded").iter().any(|item| item["reason"] == "not selected"));
    assert_eq!(ferry(&["verify"], &plan).code(), Some(0));
    fs::write(&plan, text).unwrap();
    assert_eq!(ferry(&["run"], &plan).code(), Some(0));
    let whole = Example::copy("harbour");
    ferry(&["run"], &whole.plan_file());
    assert_eq!(
        support::differences(&whole.new_home(), &example.new_home(), Comparison::MessageDates),
        [""; 0]
    );
}

/// Its name, the change, and parts of the names of all files that may differ after it.
type Change<'a> = (&'a str, &'a dyn Fn(), &'a [&'a str]);

fn new_message(maildir: &Path) {
    let path = maildir.join("cur/1799999999.M1P1.mail.harbour.test:2,");
    fs::write(&path, "From: a@example.com\nSubject: new\n\nbody\n").unwrap();
    set_date(&path, 1_700_000_000).unwrap();
}

fn flag_a_message(maildir: &Path) {
    let old = first_message(maildir);
    let name = old.file_name().unwrap().to_string_lossy().into_owned();
    let (unique, flags) = name.split_once(":2,").unwrap();
    assert!(!flags.contains('T'));
    let keywords: String = flags.chars().filter(char::is_ascii_lowercase).collect();
    let system: String = flags.chars().filter(char::is_ascii_uppercase).collect();
    fs::rename(&old, old.with_file_name(format!("{unique}:2,{system}T{keywords}"))).unwrap();
}

/// The first event begins five minutes past the hour from now on.
fn move_an_event(example: &Path) {
    let path = example.join("export/bert.odell@harbour.test.ics");
    let mut text = fs::read(&path).unwrap();
    let event = find(&text, b"BEGIN:VEVENT").expect("an event");
    let start = event + find(&text[event..], b"\nDTSTART").unwrap();
    let value = start + find(&text[start..], b":2").unwrap();
    assert_eq!(text[value + 9], b'T');
    text[value + 12..value + 14].copy_from_slice(b"05");
    fs::write(&path, text).unwrap();
}

fn add_a_contact(example: &Path) {
    let path = example.join("export/chloe.martin@harbour.test.csv");
    let text = fs::read_to_string(&path).unwrap();
    let header = text.lines().next().unwrap().to_owned();
    assert!(header.starts_with("First Name,Last Name,Display Name"), "{header}");
    fs::write(&path, format!("{}\r\nNew,Person,New Person\r\n", text.trim_end())).unwrap();
}

fn add_an_account(example: &Path) {
    let text = "version: 1\n\ndn: uid=nora.new,ou=people,dc=harbour,dc=test\nobjectClass: inetOrgPerson\n\
                objectClass: zimbraAccount\nuid: nora.new\nmail: nora.new@harbour.test\nsn: New\ncn: Nora New\n\
                zimbraMailDeliveryAddress: nora.new@harbour.test\nzimbraId: 00000000-0000-4000-8000-000000000001\n\
                zimbraAccountStatus: active\nuserPassword: {SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    fs::write(example.join("export/new.ldif"), text).unwrap();
    // Nothing yet, but a Maildir: an account without one is a failure.
    fs::create_dir_all(example.join("backup/nora.new@harbour.test/Maildir/cur")).unwrap();
}

fn first_message(folder: &Path) -> PathBuf {
    let mut found: Vec<PathBuf> = snapshot(folder, Comparison::NoDates)
        .into_keys()
        .filter(|path| path.to_string_lossy().contains("cur/") && path.to_string_lossy().contains(":2,"))
        .map(|path| folder.join(path))
        .collect();
    found.sort();
    found.into_iter().next().expect("a message")
}

fn first_with(folder: &Path, extension: &str, text: &str) -> PathBuf {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let fits = |path: &PathBuf| {
        path.extension().is_some_and(|ext| ext == extension)
            && fs::read_to_string(path).unwrap().contains(text)
    };
    files.into_iter().find(fits).expect("such a file")
}

fn edit(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(path, text.replacen(old, new, 1)).unwrap();
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
