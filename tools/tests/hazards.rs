//! What could be taken for something else: a folder that cannot be seen for one that is gone, a broken file for a removed item.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use support::Example;
use support::ferry::{counts, ferry, ferry_json, items, tool};

#[test]
fn an_event_file_that_cannot_be_read_is_not_taken_for_a_removed_one() {
    let example = brought();
    let event = first(&calendar(&example), "ics");
    fs::write(&event, "").unwrap();
    for command in ["run", "verify"] {
        let (exit, document, _) = ferry_json(&[command], &example.plan_file());
        assert_eq!(exit, 1, "{command}: {document:#}");
        let failed = items(&document, "failed");
        assert_eq!(failed.len(), 1, "{document:#}");
        assert!(failed[0]["reason"].as_str().unwrap().contains("cannot be read"), "{document:#}");
    }
    assert_eq!(fs::read(&event).unwrap(), b"", "what is there is left alone");
}

#[test]
fn an_update_never_destroys_the_other_items_of_a_file() {
    let example = brought();
    let events: Vec<PathBuf> = all(&calendar(&example), "ics");
    let (one, other) = (fs::read_to_string(&events[0]).unwrap(), fs::read_to_string(&events[1]).unwrap());
    let component = &other[other.find("BEGIN:VEVENT").unwrap()..other.rfind("END:VCALENDAR").unwrap()];
    fs::remove_file(&events[1]).unwrap();
    fs::write(&events[0], one.replace("END:VCALENDAR", &format!("{component}END:VCALENDAR"))).unwrap();
    let export = example.path().join("export/bert.odell@harbour.test.ics");
    let text = String::from_utf8(fs::read(&export).unwrap()).unwrap();
    fs::write(&export, text.replace("END:VEVENT", "COMMENT:changed\r\nEND:VEVENT")).unwrap();
    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1, "{document:#}");
    assert!(fs::read_to_string(&events[0]).unwrap().contains(component), "the other event is still there");
    assert!(
        items(&document, "failed")
            .iter()
            .any(|item| item["reason"].as_str().unwrap().contains("other items"))
    );
}

#[test]
fn what_cannot_be_looked_at_is_not_absent() {
    let example = brought();
    let export = example.path().join("export/bert.odell@harbour.test.ics");
    fs::remove_file(&export).unwrap();
    symlink(&export, &export).unwrap();
    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1, "{document:#}");
    assert!(items(&document, "failed").iter().any(|item| item["step"] == "calendars"), "{document:#}");
}

#[test]
fn a_lasting_conflict_does_not_make_other_items_be_written_again() {
    let example = Example::copy("harbour");
    let plan = example.plan_file();
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, format!("{text}\n[accounts]\nexcept = [\"bert.odell@harbour.test\"]\n")).unwrap();
    ferry(&["run"], &plan);
    // A row of the administrator's own for an account that we have not brought yet.
    let users = example.new_home().join("dovecot/users");
    let rows = fs::read_to_string(&users).unwrap();
    fs::write(&users, format!("{rows}bert.odell@harbour.test:{{PLAIN}}theirs::::::\n")).unwrap();
    fs::write(&plan, &text).unwrap();
    let (exit, document, _) = ferry_json(&["run"], &plan);
    assert_eq!((exit, items(&document, "skipped").len()), (1, 1), "{document:#}");

    let changed = fs::read_to_string(&users)
        .unwrap()
        .replace("chloe.martin@harbour.test:", "chloe.martin@harbour.test:{PLAIN}new");
    fs::write(&users, &changed).unwrap();
    let (_, again, _) = ferry_json(&["run"], &plan);
    assert_eq!(counts(&again).get("copied"), None, "{again:#}");
    assert_eq!(fs::read_to_string(&users).unwrap(), changed, "the administrator's new password stays");
}

#[test]
fn a_selection_that_names_nobody_is_an_error() {
    let example = Example::copy("harbour");
    let text = fs::read_to_string(example.plan_file()).unwrap();
    fs::write(example.plan_file(), format!("{text}\n[accounts]\nonly = [\"ana@harbour.test\"]\n")).unwrap();
    let finished = ferry(&["run"], &example.plan_file());
    assert_eq!(finished.code(), Some(1), "{}", finished.stdout);
    assert!(
        finished.stderr.contains("ERROR") && finished.stderr.contains("ana@harbour.test"),
        "{}",
        finished.stderr
    );
}

#[test]
fn an_absolute_pattern_is_taken_as_it_is() {
    let example = Example::copy("harbour");
    let text = fs::read_to_string(example.plan_file()).unwrap();
    let absolute = format!("\"{}/export/*.ldif\"", example.path().display());
    fs::write(example.plan_file(), text.replace("\"export/*.ldif\"", &absolute)).unwrap();
    assert_eq!(ferry(&["check"], &example.plan_file()).code(), Some(0));
}

#[test]
fn convert_writes_a_bare_name_never_its_source_and_nothing_on_a_dry_run() {
    let example = Example::copy("harbour");
    let export = example.path().join("export");
    let convert = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_vcard-csv"));
        command.args(["convert", "--to", "vcard4"]).args(arguments).current_dir(&export);
        support::run(&mut command, std::time::Duration::from_secs(30))
    };
    assert_eq!(convert(&["-n", "chloe.martin@harbour.test.csv", "chloe.vcf"]).code(), Some(0));
    assert!(!export.join("chloe.vcf").exists());
    assert_eq!(convert(&["chloe.martin@harbour.test.csv", "chloe.vcf"]).code(), Some(0));
    let written = fs::read(export.join("chloe.vcf")).unwrap();
    assert!(written.starts_with(b"BEGIN:VCARD"));
    assert_eq!(convert(&["chloe.vcf", "./chloe.vcf"]).code(), Some(2));
    assert_eq!(fs::read(export.join("chloe.vcf")).unwrap(), written);
}

#[test]
fn files_of_one_name_are_not_poured_into_one_collection() {
    let example = Example::copy("harbour");
    let (one, other) = (example.path().join("one"), example.path().join("other"));
    for folder in [&one, &other] {
        fs::create_dir(folder).unwrap();
        fs::copy(example.path().join("export/bert.odell@harbour.test.ics"), folder.join("work.ics")).unwrap();
    }
    let target = format!("vdir:{}", example.path().join("calendars").display());
    let files = [one.join("work.ics").display().to_string(), other.join("work.ics").display().to_string()];
    let program = env!("CARGO_BIN_EXE_ical-import");
    let finished = tool(program, &example.path(), &["apply", &files[0], &files[1], "--to", &target]);
    assert_eq!(finished.code(), Some(2), "{}", finished.stderr);
    assert!(!example.path().join("calendars").exists());
}

#[test]
fn standard_output_that_cannot_be_written_is_an_error_and_a_reader_who_left_is_none() {
    let example = Example::copy("harbour");
    let check = |output: &str| {
        let program = env!("CARGO_BIN_EXE_mailferry");
        let script = format!("'{program}' check -q '{}' {output}", example.plan_file().display());
        support::run(
            std::process::Command::new("bash").args(["-c", &script]),
            std::time::Duration::from_secs(30),
        )
    };
    assert_eq!(check("> /dev/full").code(), Some(1));
    assert_eq!(check("| true; exit ${PIPESTATUS[0]}").code(), Some(0));
}

#[test]
fn a_journal_of_another_destination_is_not_believed() {
    let example = brought();
    let plan = example.plan_file();
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("\"new-home\"", "\"other-home\"")).unwrap();
    ferry(&["run"], &plan);
    let message = example.path().join("backup/bert.odell@harbour.test/Maildir/cur/1799999999.M1P1.x:2,");
    fs::write(&message, "Subject: new\n\n").unwrap();
    assert_eq!(ferry(&["run"], &plan).code(), Some(0));
    fs::write(&plan, &text).unwrap();
    let (exit, document, _) = ferry_json(&["run"], &plan);
    assert_eq!((exit, counts(&document)["copied"]), (0, 1), "{document:#}");
    assert_eq!(ferry(&["verify"], &plan).code(), Some(0));
}

#[test]
fn two_accounts_never_share_a_source() {
    let example = Example::copy("harbour");
    let text = fs::read_to_string(example.plan_file()).unwrap();
    let shared = text.replace("backup/{account}/Maildir", "backup/bert.odell@harbour.test/Maildir");
    fs::write(example.plan_file(), shared).unwrap();
    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1);
    assert!(items(&document, "failed").len() >= 12, "{document:#}");
    assert!(!example.new_home().join("mail/harbour.test").exists(), "nobody gets somebody else's mail");
}

#[test]
fn an_address_that_changed_is_a_new_account_and_the_old_one_stays() {
    let example = brought();
    let ldif = example.path().join("export/lighthouse.test.ldif");
    let text = String::from_utf8_lossy(&fs::read(&ldif).unwrap()).into_owned();
    fs::write(&ldif, text.replace("liam.byrne@lighthouse.test", "liam.b@lighthouse.test")).unwrap();
    for kind in ["ics", "csv"] {
        let name = |user: &str| example.path().join(format!("export/{user}@lighthouse.test.{kind}"));
        fs::rename(name("liam.byrne"), name("liam.b")).unwrap();
    }
    let backup = example.path().join("backup");
    fs::rename(backup.join("liam.byrne@lighthouse.test"), backup.join("liam.b@lighthouse.test")).unwrap();
    let (exit, document, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0, "{stderr}");
    assert!(
        items(&document, "extra").iter().any(|item| item["item"] == "account liam.byrne@lighthouse.test"),
        "{document:#}"
    );
    let users = fs::read_to_string(example.new_home().join("dovecot/users")).unwrap();
    assert!(users.contains("\nliam.b@lighthouse.test:"), "{users}");
    let (exit, again, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!((exit, counts(&again).get("copied")), (0, None), "{again:#}");
}

#[test]
fn a_part_of_the_destination_that_is_gone_as_a_whole_is_a_failure() {
    for part in ["dovecot/users", "postfix/virtual_aliases", "directory/accounts.ldif"] {
        let example = brought();
        let file = example.new_home().join(part);
        let text = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let finished = ferry(&["run"], &example.plan_file());
        assert_eq!(finished.code(), Some(1), "{part}: {}", finished.stdout);
        assert!(finished.stderr.contains(part), "{}", finished.stderr);
        assert!(!file.exists(), "{part}: an empty one would be worse than none");
        assert_eq!(ferry(&["run", "--restore"], &example.plan_file()).code(), Some(0));
        assert_eq!(fs::read(&file).unwrap(), text, "{part}");
    }
    let example = brought();
    fs::remove_dir_all(example.new_home().join("mail")).unwrap();
    for arguments in [&["run"][..], &["verify"], &["verify", "--live"]] {
        assert_eq!(ferry(arguments, &example.plan_file()).code(), Some(1), "{arguments:?}");
    }
    let example = brought();
    fs::remove_dir_all(calendar(&example)).unwrap();
    assert_eq!(ferry(&["verify", "--live"], &example.plan_file()).code(), Some(1));
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(1));
    assert_eq!(ferry(&["run", "--restore"], &example.plan_file()).code(), Some(0));
    assert_eq!(ferry(&["verify"], &example.plan_file()).code(), Some(0));
}

#[test]
fn a_source_that_lost_its_classes_takes_no_quota_away() {
    let example = brought();
    let users = fs::read_to_string(example.new_home().join("dovecot/users")).unwrap();
    fs::write(example.path().join("export/cos.ldif"), "version: 1\n").unwrap();
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(1));
    assert_eq!(fs::read_to_string(example.new_home().join("dovecot/users")).unwrap(), users);
}

#[test]
fn an_emptied_file_is_no_export() {
    let example = brought();
    fs::write(example.path().join("export/harbour.test.ldif"), "").unwrap();
    fs::write(example.path().join("export/bert.odell@harbour.test.ics"), "").unwrap();
    let (exit, document, _) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1);
    let failed: Vec<String> = items(&document, "failed").iter().map(|item| item.to_string()).collect();
    assert!(failed.iter().any(|item| item.contains("harbour.test.ldif")), "{failed:#?}");
}

#[test]
fn a_calendar_that_no_server_would_show_is_not_equal() {
    let example = brought();
    fs::remove_file(calendar(&example).join(".Radicale.props")).unwrap();
    let finished = ferry(&["verify"], &example.plan_file());
    assert_eq!(finished.code(), Some(1), "{}", finished.stdout);
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(0));
    assert_eq!(ferry(&["verify"], &example.plan_file()).code(), Some(0));
}

#[test]
fn files_that_are_no_calendars_are_named() {
    let example = Example::copy("harbour");
    let export = example.path().join("export");
    let folder = export.join("bert.odell@harbour.test.d");
    fs::create_dir(&folder).unwrap();
    fs::rename(export.join("bert.odell@harbour.test.ics"), folder.join("work.ics")).unwrap();
    fs::write(folder.join("old.ics.gz"), "packed").unwrap();
    fs::rename(&folder, export.join("bert.odell@harbour.test.ics")).unwrap();
    let (exit, document, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 0, "{stderr}");
    let excluded = items(&document, "excluded");
    assert!(
        excluded.iter().any(|item| item["item"].as_str().unwrap().ends_with("old.ics.gz")),
        "{document:#}"
    );
}

#[test]
fn the_destination_never_lies_in_a_source() {
    let example = Example::copy("harbour");
    let text = fs::read_to_string(example.plan_file()).unwrap();
    let inside = "\"backup/bert.odell@harbour.test/Maildir/.New\"";
    fs::write(example.plan_file(), text.replace("\"new-home\"", inside)).unwrap();
    let finished = ferry(&["run"], &example.plan_file());
    assert_eq!(finished.code(), Some(2), "{}", finished.stdout);
    assert!(!example.path().join("backup/bert.odell@harbour.test/Maildir/.New").exists());
}

fn brought() -> Example {
    let example = Example::copy("harbour");
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(0));
    example
}

fn calendar(example: &Example) -> PathBuf {
    example.new_home().join("dav/collection-root/bert.odell@harbour.test/calendar")
}

fn first(folder: &Path, extension: &str) -> PathBuf {
    all(folder, extension).remove(0)
}

fn all(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ext| ext == extension)).collect();
    files.sort();
    files
}
