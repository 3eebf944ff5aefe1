//! The servers that tests use, each over a tiny tree made by hand: the support itself works.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::programs::Program;
use support::{Comparison, Dovecot, Example, Look, Postfix, Radicale, apply_dates, differences};

#[test]
fn dovecot_shows_what_lies_in_the_maildir() {
    let tree = tree();
    let dovecot = Dovecot::over(tree.path());
    let seen = dovecot.look("anna@example.test", "anna's password").unwrap();

    let on_disk = Look::maildir(&tree.path().join("mail/example.test/anna/Maildir"));
    assert_eq!(seen.contents(), on_disk.contents());
    assert_eq!(seen.subscribed, ["Arbeit/Größe"]);
    let [message] = seen.folder("INBOX").messages.as_slice() else { panic!("{seen:?}") };
    assert_eq!(message.date, 1_000_000_000);
    assert_eq!(message.flags, ["\\Flagged", "\\Seen"]);
    assert_eq!(message.keywords, ["$Work"]);
    assert_eq!(seen.folder("Arbeit/Größe").messages.len(), 2, "equal messages stay two");
}

#[test]
fn dovecot_refuses_a_wrong_password_and_knows_quotas() {
    let dovecot = Dovecot::over(tree().path());
    let error = dovecot.look("anna@example.test", "guessed").unwrap_err();
    assert!(error.contains("AUTHENTICATIONFAILED"), "{error}");

    dovecot.doveadm(&["auth", "test", "bert@example.test", "bert"]).expect_success("a hashed password");
    let quota =
        dovecot.doveadm(&["-f", "tab", "quota", "get", "-u", "anna@example.test"]).expect_success("quota");
    assert!(quota.contains("User quota\tSTORAGE\t1\t1024\t"), "{quota}");
}

#[test]
fn dovecot_lets_an_administrator_in_and_offers_tls() {
    let dovecot = Dovecot::with_accounts(&[("carl@example.test", "carl")]);
    let (administrator, password) = dovecot.administrator();
    let seen = dovecot.look(&format!("carl@example.test*{administrator}"), password).unwrap();
    assert!(seen.folder("INBOX").messages.is_empty());

    let mut client = Command::new(Program::Openssl.path());
    client.args(["s_client", "-verify_return_error", "-CAfile"]).arg(dovecot.cafile());
    client.args(["-verify_hostname", "localhost", "-connect", &format!("127.0.0.1:{}", dovecot.tls_port())]);
    support::run(&mut client, Duration::from_secs(20)).expect_success("a certificate that verifies");
}

#[test]
fn dovecot_leaves_the_tree_alone() {
    let (tree, before) = (tree(), tree());
    drop(Dovecot::over(tree.path()).look("anna@example.test", "anna's password").unwrap());
    assert_eq!(differences(before.path(), tree.path(), Comparison::MessageDates), [""; 0]);
}

#[test]
fn radicale_shows_events_and_contacts() {
    let tree = tree();
    let radicale = Radicale::over(tree.path());
    let seen = radicale.look("anna@example.test");
    let found: Vec<_> =
        seen.iter().map(|c| (c.kind.as_str(), c.name.as_str(), c.display_name.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("calendar", "calendar", Some("Anna's days")),
            ("addressbook", "contacts", Some("anna@example.test/contacts"))
        ]
    );
    assert_eq!(seen[0].items[0].name, "one@example.test.ics");
    assert!(seen[0].items[0].body.contains("SUMMARY:Ebb tide"), "{seen:?}");
    assert!(seen[1].items[0].body.contains("FN:Bert"), "{seen:?}");
    assert!(Radicale::empty().look("anna@example.test").is_empty());
}

#[test]
fn postfix_reads_the_maps() {
    let tree = tree();
    let postfix = Postfix::over(tree.path());
    assert_eq!(postfix.alias("team@example.test"), ["anna@example.test", "bert@example.test"]);
    assert_eq!(postfix.alias("Team@Example.test"), ["anna@example.test", "bert@example.test"]);
    assert_eq!(postfix.alias("nobody@example.test"), [""; 0]);
    assert_eq!(
        postfix.lookup("virtual_mailboxes", "anna@example.test").as_deref(),
        Some("example.test/anna/Maildir/")
    );
}

#[test]
fn differences_between_trees_are_named() {
    let (left, right) = (tree(), tree());
    assert_eq!(differences(left.path(), right.path(), Comparison::MessageDates), [""; 0]);
    let message = "mail/example.test/anna/Maildir/cur/1000000000.M1P1.old:2,FSa";
    support::tree::set_date(&right.path().join(message), 1).unwrap();
    fs::write(right.path().join("postfix/virtual_domains"), "example.test").unwrap();
    fs::remove_file(right.path().join("mail/example.test/anna/Maildir/subscriptions")).unwrap();
    let found = differences(left.path(), right.path(), Comparison::MessageDates);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].ends_with("date Some(1000000000) and Some(1)"), "{found:?}");
    assert_eq!(found[1], "mail/example.test/anna/Maildir/subscriptions: only in the first");
    assert!(found[2].starts_with("postfix/virtual_domains: bytes differ"), "{found:?}");
    assert_eq!(differences(left.path(), right.path(), Comparison::NoDates).len(), 2);
}

#[test]
fn an_example_is_copied_with_its_dates() {
    let (one, other) = (Example::copy("harbour"), Example::copy("harbour"));
    assert_eq!(differences(&one.path(), &other.path(), Comparison::MessageDates), [""; 0]);
    let maildirs =
        fs::read_dir(one.path().join("backup")).unwrap().map(|entry| entry.unwrap().path().join("Maildir"));
    let dates: Vec<_> =
        maildirs.flat_map(|path| Look::maildir(&path).folders).flat_map(|f| f.messages).collect();
    assert!(dates.len() > 10 && dates.iter().all(|message| message.date < 1_795_000_000), "{dates:?}");
    assert!(one.passwords().iter().all(|(address, password)| address.contains('@') && !password.is_empty()));
    assert!(!one.passwords().is_empty() && one.plan_file().exists() && !one.new_home().exists());
}

/// A whole destination of two accounts.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).unwrap();
        fs::write(path, text).unwrap();
    }
    dates(tree.path());
    tree
}

fn dates(tree: &Path) {
    let manifest = tempfile::NamedTempFile::new().unwrap();
    let lines: String = FILES
        .iter()
        .filter(|(path, _)| path.contains("/cur/"))
        .map(|(path, _)| format!("{path}\t1000000000\n"))
        .collect();
    fs::write(manifest.path(), lines).unwrap();
    assert_eq!(apply_dates(tree, manifest.path()), 3);
}

const FILES: [(&str, &str); 14] = [
    (
        "dovecot/users",
        "anna@example.test:{PLAIN}anna's password::::::userdb_quota_rule=*:storage=1M\n\
         bert@example.test:{SHA256}Mph8S3qfuQ5ylCX8Y+e7gc4ssfgBQN3t3JaKp5o06Pg=::::::\n",
    ),
    ("postfix/virtual_domains", "example.test OK\n"),
    ("postfix/virtual_mailboxes", "anna@example.test example.test/anna/Maildir/\n"),
    ("postfix/virtual_aliases", "team@example.test anna@example.test, bert@example.test\n"),
    ("mail/example.test/anna/Maildir/cur/1000000000.M1P1.old:2,FSa", "Subject: Salt\n\nwind\n"),
    ("mail/example.test/anna/Maildir/dovecot-keywords", "0 $Work\n"),
    ("mail/example.test/anna/Maildir/subscriptions", "Arbeit.Gr&APYA3w-e\n"),
    (
        "mail/example.test/anna/Maildir/.Arbeit.Gr&APYA3w-e/cur/1000000000.M2P1.old:2,",
        "Subject: Twice\n\nsame\n",
    ),
    (
        "mail/example.test/anna/Maildir/.Arbeit.Gr&APYA3w-e/cur/1000000000.M3P1.old:2,",
        "Subject: Twice\n\nsame\n",
    ),
    ("mail/example.test/anna/Maildir/.Arbeit.Gr&APYA3w-e/maildirfolder", ""),
    (
        "dav/collection-root/anna@example.test/calendar/.Radicale.props",
        "{\"D:displayname\": \"Anna's days\", \"tag\": \"VCALENDAR\"}",
    ),
    (
        "dav/collection-root/anna@example.test/calendar/one@example.test.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VEVENT\r\nUID:one@example.test\r\n\
         DTSTAMP:20240101T000000Z\r\nDTSTART:20240102T100000Z\r\nSUMMARY:Ebb tide\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ),
    ("dav/collection-root/anna@example.test/contacts/.Radicale.props", "{\"tag\": \"VADDRESSBOOK\"}"),
    (
        "dav/collection-root/anna@example.test/contacts/bert.vcf",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bert\r\nFN:Bert\r\nN:Bert;;;;\r\nEND:VCARD\r\n",
    ),
];
