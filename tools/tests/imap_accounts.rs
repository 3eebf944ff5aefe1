//! `imap-sync --accounts` against real IMAP servers.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use imap_source::{Tool, account, count};
use mailferry_journal::Journal;
use serde_json::Value;
use support::ferry::items;
use support::{Dovecot, free_port};

const USERS: [&str; 5] = ["anna", "bert", "carla", "dirk", "emil"];

#[test]
fn all_accounts_of_a_table_are_brought_whatever_becomes_of_some() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    USERS.iter().for_each(|user| fill(&old, user));
    let bad = tool.password("bad", "guessed");
    let mut table = table(&tool);
    table.push_str("bert,bert,file:bad,file:new.pw,\n");
    table.push_str(&format!("carla,carla,file:old.pw,file:new.pw,127.0.0.1:{}\n", free_port()));
    for user in ["anna", "dirk", "emil"] {
        table.push_str(&format!("{user},{user},file:old.pw,file:new.pw,\n"));
    }
    fs::write(tool.path().join("accounts.csv"), table).unwrap();
    let run = arguments("run", &old, &new, &tool);
    let run: Vec<&str> = run.iter().map(String::as_str).collect();

    // One account is in the hands of another run.
    let state = tool.path().join("a.state");
    let journal = Journal::open(&state).unwrap();
    let scope = format!("dirk@127.0.0.1:{} dirk@127.0.0.1:{}", old.port(), new.port());
    let lease = journal.lease(&scope).unwrap();
    let (exit, document, log) = tool.json(&run);
    assert_eq!((exit, count(&document, "failed")), (1, 3), "{log}{document:#}");
    let failed: BTreeMap<&str, &str> = items(&document, "failed")
        .into_iter()
        .map(|item| (item["account"].as_str().unwrap(), item["reason"].as_str().unwrap()))
        .collect();
    assert!(failed["bert"].contains("may not log in"), "{failed:?}");
    assert!(failed["carla"].contains("connecting"), "{failed:?}");
    assert!(failed["dirk"].contains("in use by"), "{failed:?}");
    assert_eq!(log.lines().filter(|line| line.starts_with("FAIL ")).count(), 3, "{log}");
    assert!(!log.contains("guessed") && !document.to_string().contains("guessed"));
    for user in ["anna", "emil"] {
        assert_eq!(contents(&new, user), contents(&old, user), "{user}");
    }
    assert!(contents(&new, "dirk").values().all(Vec::is_empty));

    drop(lease);
    drop(journal);
    fs::write(&bad, "old\n").unwrap();
    let again = fs::read_to_string(tool.path().join("accounts.csv")).unwrap();
    let again: Vec<&str> =
        again.lines().map(|line| line.rsplit_once(",127.").map_or(line, |(row, _)| row)).collect();
    fs::write(tool.path().join("accounts.csv"), again.join("\n")).unwrap();
    let document = tool.succeed(&run);
    let all: u64 =
        USERS.iter().map(|user| contents(&old, user).values().map(Vec::len).sum::<usize>() as u64).sum();
    assert_eq!(count(&document, "source"), all, "{document:#}");
    for user in USERS {
        assert_eq!(contents(&new, user), contents(&old, user), "{user}");
    }
    assert_eq!(count(&tool.succeed(&run), "copied"), 0);
    let verify = arguments("verify", &old, &new, &tool);
    tool.succeed(&verify.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn an_administrator_who_is_refused_three_times_is_not_tried_for_the_others() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    tool.password("boss.pw", "guessed");
    let mut table = "source_user,target_user,target_password\n".to_owned();
    USERS.iter().for_each(|user| table.push_str(&format!("{user},{user},file:new.pw\n")));
    tool.password("new.pw", "new");
    fs::write(tool.path().join("accounts.csv"), table).unwrap();
    let mut run = arguments("run", &old, &new, &tool);
    let boss = tool.path().join("boss.pw").display().to_string();
    run.extend(["--source-admin", old.administrator().0, "--source-password-file", &boss].map(str::to_owned));
    run.extend(["--jobs", "5"].map(str::to_owned));
    let (exit, document, log) = tool.json(&run.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((exit, count(&document, "failed")), (1, 5), "{log}{document:#}");
    let spared = items(&document, "failed")
        .into_iter()
        .filter(|item| item["reason"].as_str().unwrap().contains("not tried again"))
        .count();
    assert_eq!(spared, 2, "{document:#}");
}

#[test]
fn few_places_at_a_server_are_shared() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    let mut rows = table(&tool);
    for user in USERS {
        fill(&old, user);
        rows.push_str(&format!("{user},{user},file:old.pw,file:new.pw,\n"));
    }
    fs::write(tool.path().join("accounts.csv"), rows).unwrap();
    for (places, each) in [("1", "4"), ("3", "auto")] {
        let mut run = arguments("run", &old, &new, &tool);
        run.extend(["--host-connections", places, "--connections", each, "--jobs", "5"].map(str::to_owned));
        tool.succeed(&run.iter().map(String::as_str).collect::<Vec<_>>());
    }
    for user in USERS {
        assert_eq!(contents(&new, user), contents(&old, user), "{user}");
    }
}

#[test]
fn ctrl_c_leaves_accounts_pending_and_the_next_run_goes_on() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    let mut rows = table(&tool);
    for user in USERS {
        account("many", old.port(), user, "old", &["300"]);
        rows.push_str(&format!("{user},{user},file:old.pw,file:new.pw,\n"));
    }
    fs::write(tool.path().join("accounts.csv"), rows).unwrap();
    let mut run = arguments("run", &old, &new, &tool);
    run.extend(["--jobs", "1", "--progress", "lines"].map(str::to_owned));
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let child = tool.command(&run).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !USERS.iter().any(|user| contents(&new, user).values().any(|folder| !folder.is_empty())) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came about");
        sleep(Duration::from_millis(1));
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("interrupted before it was begun"), "{log}");
    assert!(log.contains("the same command goes on from here"), "{log}");
    tool.succeed(&run);
    for user in USERS {
        assert_eq!(contents(&new, user), contents(&old, user), "{user}");
    }
}

#[test]
fn the_map_tells_which_uid_became_which() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    fill(&old, "anna");
    let sides = |command: &str| {
        let url = |server: &Dovecot| format!("imap://anna@127.0.0.1:{}", server.port());
        [command.to_owned(), url(&old), url(&new), "--allow-plaintext".to_owned()]
    };
    let map = sides("map");
    let map: Vec<&str> = map.iter().map(String::as_str).collect();
    let unborn = tool.run(&map);
    assert_eq!(unborn.code(), Some(2), "{}", unborn.stderr);
    let passwords = [tool.password("old.pw", "old"), tool.password("new.pw", "new")];
    let mut run = sides("run").to_vec();
    run.extend(
        ["--source-password-file", &passwords[0], "--target-password-file", &passwords[1]].map(str::to_owned),
    );
    tool.succeed(&run.iter().map(String::as_str).collect::<Vec<_>>());

    let text = tool.run(&map).expect_success("map");
    let (old_uids, new_uids) = (uids(&old, "anna"), uids(&new, "anna"));
    let mut pairs = BTreeSet::new();
    let mut folders = BTreeSet::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_start_matches("# ").split('\t').collect();
        let [from, old_number, to, new_number] = cells[..] else { panic!("{line}") };
        if line.starts_with('#') {
            folders.insert(from.to_owned());
            continue;
        }
        let message = old_uids.get(&(from.to_owned(), old_number.to_owned()));
        assert!(message.is_some(), "{line} {old_uids:?}");
        assert_eq!(message, new_uids.get(&(to.to_owned(), new_number.to_owned())), "{line}");
        pairs.insert((from.to_owned(), old_number.to_owned()));
    }
    assert_eq!(pairs.len(), old_uids.len(), "every message has its line once");
    assert!(old_uids.keys().all(|(folder, _)| folders.contains(folder)));
    let (exit, document, _) = tool.json(&map);
    assert_eq!((exit, document["command"].as_str()), (0, Some("map")));
    let told: usize = list(&document["folders"]).iter().map(|folder| list(&folder["uids"]).len()).sum();
    assert_eq!(told, pairs.len());
}

#[test]
fn a_check_says_who_the_servers_are_and_what_goes_where() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    let mut rows = table(&tool);
    for user in ["anna", "bert"] {
        account("fill", old.port(), user, "old", &[]);
        rows.push_str(&format!("{user},{user},file:old.pw,file:new.pw,\n"));
    }
    fs::write(tool.path().join("accounts.csv"), rows).unwrap();
    let check = arguments("check", &old, &new, &tool);
    let check: Vec<&str> = check.iter().map(String::as_str).collect();
    let before = contents(&old, "anna");
    let messages = before.values().map(Vec::len).sum::<usize>() as u64;
    let document = tool.succeed(&check);
    assert_eq!((count(&document, "source"), count(&document, "unchanged")), (2 * messages, 2 * messages));
    let [anna, bert] = &list(&document["check"])[..] else { panic!("{document:#}") };
    assert_eq!((anna["account"].as_str(), bert["account"].as_str()), (Some("anna"), Some("bert")));
    assert_eq!(anna["source"]["server"].as_str(), Some("Dovecot"), "{anna:#}");
    assert_eq!((anna["messages"].as_u64(), anna["target_messages"].as_u64()), (Some(messages), Some(0)));
    assert!(anna["bytes"].as_u64().unwrap() > 0 && anna["estimated_seconds"].is_u64(), "{anna:#}");
    assert_eq!(list(&anna["folders"]).len(), before.len());
    let text = tool.run(&check).expect_success("check");
    assert!(text.contains("INBOX") && text.contains("a guess"), "{text}");
    assert!(!tool.path().join("a.state").exists(), "a check writes nothing");
    assert!(contents(&new, "anna").values().all(Vec::is_empty));

    let largest = [&check[..], &["--max-size", "1", "--rename-folder", "s/.*/One/"]].concat();
    let (exit, document, log) = tool.json(&largest);
    assert_eq!(exit, 1, "folders that would all go to one place are failures: {log}");
    assert!(
        items(&document, "failed")
            .iter()
            .all(|item| item["reason"].as_str().unwrap().contains("same folder"))
    );
    assert!(count(&document, "excluded") > 0);
}

#[test]
fn a_row_becomes_a_maildir_where_its_user_belongs() {
    let (old, tool) = (server("old"), Tool::new());
    fill(&old, "anna");
    table(&tool);
    let rows = "source_user,target_user,source_password\nanna,anna@new.test,file:old.pw\n";
    fs::write(tool.path().join("accounts.csv"), rows).unwrap();
    let target = format!("maildir:{}/new/{{domain}}/{{user}}/Maildir", tool.path().display());
    let (source, table) = (format!("imap://127.0.0.1:{}", old.port()), tool.path().join("accounts.csv"));
    for command in ["check", "plan", "run", "verify"] {
        let table = table.display().to_string();
        tool.succeed(&[command, &source, &target, "--accounts", &table, "--allow-plaintext"]);
    }
    let there = support::Look::maildir(&tool.path().join("new/new.test/anna/Maildir"));
    assert_eq!(there.contents(), old.look("anna", "old").unwrap().contents());
}

#[test]
fn folders_that_are_left_out_are_left_out_everywhere() {
    let (old, new, tool) = (server("old"), server("new"), Tool::new());
    fill(&old, "anna");
    let rows = table(&tool) + "anna,anna,file:old.pw,file:new.pw,\n";
    fs::write(tool.path().join("accounts.csv"), rows).unwrap();
    let mut excluded = Vec::new();
    for command in ["check", "plan", "run", "verify"] {
        let mut arguments = arguments(command, &old, &new, &tool);
        arguments.extend(["--exclude-folder", "INBOX", "--below", "Old"].map(str::to_owned));
        let document = tool.succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        excluded.push(count(&document, "excluded"));
    }
    assert!(excluded[0] > 0 && excluded.iter().all(|count| *count == excluded[0]), "{excluded:?}");
    let there = contents(&new, "anna");
    assert!(there["INBOX"].is_empty() && there.keys().any(|name| name.starts_with("Old/")), "{there:?}");
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// The message at each UID of each folder.
fn uids(server: &Dovecot, user: &str) -> BTreeMap<(String, String), String> {
    let password = password_of(server, user);
    let user = ["-u", user];
    let fetch = |fields: &str| {
        let arguments = [&["-f", "tab", "fetch"], &user[..], &[fields, "ALL"]].concat();
        server.doveadm(&arguments).expect_success("doveadm fetch")
    };
    assert!(!password.is_empty());
    let text = fetch("mailbox uid hdr.subject");
    let rows = text.lines().skip(1).map(|line| line.splitn(3, '\t').map(str::to_owned).collect::<Vec<_>>());
    rows.map(|row| ((row[0].clone(), row[1].clone()), row[2].clone())).collect()
}

/// A server whose accounts all have one password.
fn server(password: &str) -> Dovecot {
    Dovecot::with_accounts(&USERS.map(|user| (user, password)))
}

fn password_of(server: &Dovecot, user: &str) -> String {
    let known = ["old", "new"].into_iter().find(|password| server.look(user, password).is_ok());
    known.unwrap_or_default().to_owned()
}

fn fill(server: &Dovecot, user: &str) {
    account("few", server.port(), user, "old", &[]);
}

/// The head of a table, and the passwords it names.
fn table(tool: &Tool) -> String {
    tool.password("old.pw", "old");
    tool.password("new.pw", "new");
    "source_user,target_user,source_password,target_password,source_host\n".to_owned()
}

fn arguments(command: &str, old: &Dovecot, new: &Dovecot, tool: &Tool) -> Vec<String> {
    let url = |server: &Dovecot| format!("imap://127.0.0.1:{}", server.port());
    let path = |name: &str| tool.path().join(name).display().to_string();
    let all = [command, &url(old), &url(new), "--accounts", &path("accounts.csv"), "--allow-plaintext"];
    let state = ["--state", &path("a.state")].map(str::to_owned);
    all.map(str::to_owned).into_iter().chain(state).collect()
}

fn contents(server: &Dovecot, user: &str) -> BTreeMap<String, Vec<String>> {
    let look = ["old", "new"].into_iter().find_map(|password| server.look(user, password).ok()).unwrap();
    let mut contents = BTreeMap::new();
    for (folder, messages) in look.contents() {
        contents.insert(folder.to_owned(), messages.iter().map(|message| format!("{message:?}")).collect());
    }
    contents
}
