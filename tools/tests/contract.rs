//! What every command promises: exit codes, one JSON document, FAIL lines, and nothing harmed.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::path::Path;

use mailferry_journal::Journal;
use support::ferry::{counts, ferry, ferry_json, items, tool};
use support::tree::compare_snapshots;
use support::{Comparison, Example, snapshot};

#[test]
fn what_cannot_be_meant_is_refused_with_exit_code_2() {
    let example = Example::copy("harbour");
    let plan = example.plan_file();
    for arguments in [&["run", "--no-such-flag"][..], &["sail"], &[], &["run", "--jobs", "0"]] {
        assert_eq!(ferry(arguments, &plan).code(), Some(2), "{arguments:?}");
    }
    assert_eq!(ferry(&["run"], Path::new("/nowhere/plan.toml")).code(), Some(2));
    let (exit, document, stderr) = ferry_json(&["run"], Path::new("/nowhere/plan.toml"));
    assert_eq!(exit, 2);
    assert!(document["error"].as_str().unwrap().contains("/nowhere/plan.toml"), "{document}");
    assert!(stderr.contains("ERROR"), "{stderr}");
    let (exit, document, _) = ferry_json(&["run", "--no-such-flag"], &plan);
    assert_eq!((exit, document["error"].is_string()), (2, true));
    assert!(!example.new_home().exists(), "nothing was attempted");
}

#[test]
fn an_unknown_key_is_refused_by_name_and_line() {
    let example = Example::copy("harbour");
    let text = fs::read_to_string(example.plan_file()).unwrap();
    let line = text.lines().position(|line| line.starts_with("contacts")).unwrap() + 1;
    fs::write(example.plan_file(), text.replace("contacts ", "contakts ")).unwrap();
    let finished = ferry(&["run"], &example.plan_file());
    assert_eq!(finished.code(), Some(2));
    assert!(finished.stderr.contains(&format!("migration.toml:{line}: ")), "{}", finished.stderr);
    assert!(finished.stderr.contains("contakts"), "{}", finished.stderr);
}

#[test]
fn a_destination_that_is_not_ours_is_left_alone() {
    let example = Example::copy("harbour");
    fs::create_dir(example.new_home()).unwrap();
    fs::write(example.new_home().join("theirs"), "precious").unwrap();
    for command in ["run", "plan", "verify"] {
        let finished = ferry(&[command], &example.plan_file());
        assert_eq!(finished.code(), Some(2), "{command}: {}", finished.stderr);
        assert!(finished.stderr.contains("not made by mailferry"), "{}", finished.stderr);
    }
    let left = snapshot(&example.new_home(), Comparison::NoDates);
    assert_eq!(left.into_keys().collect::<Vec<_>>(), [Path::new("theirs")]);
}

#[test]
fn the_faults_are_named_with_their_places_and_the_rest_goes_on() {
    let example = Example::copy("harbour-faults");
    let faults = fs::read_to_string(example.path().join("FAULTS.tsv")).unwrap();
    let faults: Vec<&str> = faults
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert!(faults.len() >= 6, "{faults:?}");
    let mut held = None;
    for command in ["check", "run", "run", "verify"] {
        let (exit, document, stderr) = ferry_json(&[command], &example.plan_file());
        assert_eq!(exit, 1, "{command}: {stderr}");
        let log: Vec<&str> = stderr.lines().filter(|line| line.starts_with("FAIL")).collect();
        for fault in &faults {
            if command == "check" && fault.ends_with("Maildir") {
                continue;
            }
            assert!(log.iter().any(|line| line.contains(fault)), "{command}: {fault}\n{stderr}");
        }
        let counts = counts(&document);
        let failed = counts.get("failed").unwrap_or(&0) + counts.get("skipped").unwrap_or(&0);
        assert_eq!(log.len() as u64, failed, "{command}: {stderr}");
        if command == "run" {
            let now = snapshot(&example.new_home(), Comparison::MessageDates);
            assert!(now.len() > 20, "the rest goes on");
            if let Some(before) = held.replace(now) {
                assert_eq!(compare_snapshots(&before, held.as_ref().unwrap()), [""; 0]);
            }
        }
    }
}

#[test]
fn known_exceptions_are_accepted() {
    let example = Example::copy("harbour-faults");
    let log = example.path().join("run.log");
    let finished = ferry(&["run", "--log", log.to_str().unwrap()], &example.plan_file());
    assert_eq!(finished.code(), Some(1));
    let (exit, document, _) = ferry_json(&["run", "--accept", log.to_str().unwrap()], &example.plan_file());
    assert_eq!(exit, 0, "{document:#}");
    assert_eq!(items(&document, "failed").len(), 0);
}

#[test]
fn the_log_has_one_line_a_failure_and_grep_finds_nothing_else() {
    let example = Example::copy("harbour-faults");
    let maildirs = fs::read_dir(example.path().join("backup")).unwrap();
    let maildir =
        maildirs.map(|entry| entry.unwrap().path().join("Maildir")).find(|path| path.is_dir()).unwrap();
    std::os::unix::fs::symlink("nowhere", maildir.join("cur/1.FAIL.ERROR:2,S")).unwrap();
    let log = example.path().join("run.log");
    let (_, document, _) = ferry_json(&["run", "-v", "--log", log.to_str().unwrap()], &example.plan_file());
    let text = fs::read_to_string(log).unwrap();
    let found = text.lines().filter(|line| line.contains("FAIL") || line.contains("ERROR")).count() as u64;
    assert_eq!(found, counts(&document)["failed"] + counts(&document).get("skipped").unwrap_or(&0), "{text}");
    assert!(text.contains("1.F%41IL.E%52ROR"), "{text}");
}

#[test]
fn the_json_document_has_its_fields() {
    let example = Example::copy("harbour");
    for command in ["check", "plan", "run", "verify"] {
        let (_, document, _) = ferry_json(&[command], &example.plan_file());
        assert_eq!(document["schema"], 1);
        assert_eq!(document["command"], command);
        assert!(document["error"].is_null());
        let names: Vec<&String> = document["counts"].as_object().unwrap().keys().collect();
        let expected =
            ["source", "copied", "adopted", "unchanged", "skipped", "failed", "excluded", "pending", "extra"];
        assert_eq!(names, expected);
        for item in document["items"].as_array().unwrap() {
            for field in ["verdict", "account", "item", "place", "reason"] {
                assert!(item[field].is_string(), "{item}");
            }
        }
    }
    for command in ["status", "report"] {
        let (exit, document, _) = ferry_json(&[command], &example.plan_file());
        assert_eq!((exit, &document["schema"]), (0, &serde_json::json!(1)));
    }
}

#[test]
fn no_password_hash_reaches_report_or_log() {
    let example = Example::copy("harbour");
    let log = example.path().join("run.log");
    let mut said = String::new();
    for command in ["check", "plan", "run", "verify"] {
        let finished = ferry(&[command, "-v", "--log", log.to_str().unwrap()], &example.plan_file());
        said += &finished.stdout;
        said += &finished.stderr;
    }
    said += &fs::read_to_string(log).unwrap();
    let users = fs::read_to_string(example.new_home().join("dovecot/users")).unwrap();
    let hashes: Vec<&str> = users
        .lines()
        .filter_map(|line| line.split(['}', ':']).nth(2))
        .filter(|hash| hash.len() > 8)
        .collect();
    assert!(hashes.len() > 5, "{hashes:?}");
    assert!(hashes.iter().all(|hash| !said.contains(hash)));
}

#[test]
fn an_account_in_use_by_another_run_fails_and_the_others_go_on() {
    let example = Example::copy("harbour");
    ferry(&["run"], &example.plan_file());
    let journal = Journal::open(&example.path().join("migration.state")).unwrap();
    let lease = journal.lease("bert.odell@harbour.test").unwrap();
    let (exit, document, stderr) = ferry_json(&["run"], &example.plan_file());
    assert_eq!(exit, 1);
    assert_eq!(counts(&document)["failed"], 1, "{stderr}");
    let in_use = format!("in use by {}", std::process::id());
    assert!(stderr.contains("FAIL") && stderr.contains(&in_use), "{stderr}");
    drop(lease);
    drop(journal);
    assert_eq!(ferry(&["run"], &example.plan_file()).code(), Some(0));
}

#[test]
fn a_template_that_fits_no_file_is_an_error() {
    let example = Example::copy("harbour");
    let text = fs::read_to_string(example.plan_file()).unwrap();
    fs::write(example.plan_file(), text.replace("export/{account}.ics", "exports/{account}.ics")).unwrap();
    let finished = ferry(&["run"], &example.plan_file());
    assert_eq!(finished.code(), Some(1));
    assert!(
        finished.stderr.lines().any(|line| line.starts_with("ERROR") && line.contains("source.calendars"))
    );
}

#[test]
fn every_binary_says_its_help_and_version_and_refuses_a_wrong_flag() {
    let state = tempfile::tempdir().unwrap();
    for program in [
        env!("CARGO_BIN_EXE_ical-import"),
        env!("CARGO_BIN_EXE_imap-sync"),
        env!("CARGO_BIN_EXE_ldif-provision"),
        env!("CARGO_BIN_EXE_maildir-sync"),
        env!("CARGO_BIN_EXE_mailferry"),
        env!("CARGO_BIN_EXE_vcard-csv"),
    ] {
        let help = tool(program, state.path(), &["--help"]);
        assert_eq!(help.code(), Some(0), "{program}");
        assert!(help.stdout.contains("Examples:"), "{program}: {}", help.stdout);
        assert_eq!(tool(program, state.path(), &["--version"]).code(), Some(0), "{program}");
        assert_eq!(tool(program, state.path(), &["--wrong"]).code(), Some(2), "{program}");
    }
}

#[test]
fn every_wrong_row_of_a_table_of_accounts_is_named_and_nothing_is_attempted() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("accounts.csv");
    fs::write(
        &table,
        "source_user,target_user,source_password\nanna,anna,hunter2\n\nbert,bert,env:NO_SUCH\ncarl,,\n",
    )
    .unwrap();
    let (state, password) = (folder.path().join("a.state"), folder.path().join("new.pw"));
    fs::write(&password, "secret\n").unwrap();
    let [table, state, password] = [&table, &state, &password].map(|path| path.display().to_string());
    let arguments = [
        "run",
        "imaps://old.example.com",
        "imaps://new.example.com",
        "--accounts",
        &table,
        "--target-password-file",
        &password,
        "--state",
        &state,
    ];
    let program = env!("CARGO_BIN_EXE_imap-sync");
    let finished = tool(program, folder.path(), &arguments);
    assert_eq!(finished.code(), Some(2), "{}", finished.stderr);
    for line in [2, 4, 5] {
        let start = format!("ERROR {table}:{line}: ");
        assert!(finished.stderr.lines().any(|said| said.starts_with(&start)), "{line}: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
    assert!(!Path::new(&state).exists(), "nothing was attempted");
    let finished = tool(program, folder.path(), &[&arguments[..], &["--json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(document["error"].as_str().unwrap().lines().count(), 4, "{document:#}");
}

#[test]
fn show_names_what_it_cannot_show() {
    let example = Example::copy("harbour-faults");
    let export = |name: &str| example.path().join("export").join(name).display().to_string();
    for (program, file) in [
        (env!("CARGO_BIN_EXE_ldif-provision"), "breakwater.test.ldif"),
        (env!("CARGO_BIN_EXE_ical-import"), "oda@breakwater.test.ics"),
        (env!("CARGO_BIN_EXE_vcard-csv"), "per@breakwater.test.csv"),
    ] {
        let shown = tool(program, &example.path(), &["show", &export(file)]);
        assert_eq!(shown.code(), Some(1), "{program}");
        assert!(!shown.stdout.is_empty() && shown.stderr.starts_with("FAIL "), "{program}: {}", shown.stderr);
    }
}

#[test]
fn each_tool_does_its_step_alone() {
    let example = Example::copy("harbour");
    let state = example.path().join("state");
    let to = |scheme: &str, name: &str| format!("{scheme}:{}", example.path().join(name).display());
    let export = |name: &str| example.path().join("export").join(name).display().to_string();
    let mut ldif: Vec<String> = fs::read_dir(example.path().join("export"))
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.ends_with(".ldif"))
        .collect();
    ldif.sort();
    let jobs = [
        (env!("CARGO_BIN_EXE_ldif-provision"), ldif, to("files", "home")),
        (
            env!("CARGO_BIN_EXE_ical-import"),
            vec![export("bert.odell@harbour.test.ics")],
            to("vdir", "calendars"),
        ),
        (env!("CARGO_BIN_EXE_vcard-csv"), vec![export("chloe.martin@harbour.test.csv")], to("vdir", "books")),
    ];
    for (program, files, target) in &jobs {
        for (command, word) in [
            ("check", "all good"),
            ("plan", "would be copied"),
            ("apply", "done:"),
            ("apply", "nothing to do"),
            ("verify", "equal on both sides"),
        ] {
            let mut arguments = vec![command];
            arguments.extend(files.iter().map(String::as_str));
            if command != "check" {
                arguments.extend(["--to", target]);
            }
            let finished = tool(program, &state, &arguments);
            assert_eq!(finished.code(), Some(0), "{program} {command}: {}", finished.stderr);
            assert!(finished.stdout.contains(word), "{program} {command}: {}", finished.stdout);
        }
        let wrong = tool(program, &state, &["apply", &files[0], "--to", "ldap://example.com"]);
        assert_eq!(wrong.code(), Some(2), "{program}: {}", wrong.stderr);
    }
    let backup = example.path().join("backup").display().to_string();
    let copy = example.path().join("copy").display().to_string();
    let maildir_sync = env!("CARGO_BIN_EXE_maildir-sync");
    for (arguments, word) in [
        (&["-n", &backup, &copy][..], "would be copied"),
        (&[&backup, &copy], "done:"),
        (&[&backup, &copy], "nothing to do"),
        (&["--verify", &backup, &copy], "equal on both sides"),
    ] {
        let finished = tool(maildir_sync, &state, arguments);
        assert_eq!(finished.code(), Some(0), "{arguments:?}: {}", finished.stderr);
        assert!(finished.stdout.contains(word), "{arguments:?}: {}", finished.stdout);
    }
}
