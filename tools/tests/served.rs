//! The destination served by real servers: what the accounts of the old server find on the new one.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use support::ferry::ferry;
use support::{Dovecot, Example, Look, Postfix, Radicale};

#[test]
fn dovecot_lets_every_account_in_with_its_old_password_and_shows_all_its_mail() {
    let example = harbour();
    let dovecot = Dovecot::over(&example.new_home());
    let mut logged_in = 0;
    for (address, password) in example.passwords() {
        let seen = match dovecot.look(&address, &password) {
            Ok(seen) => seen,
            Err(error) if is_locked(&example, &address) => {
                assert!(
                    error.contains("AUTHENTICATIONFAILED")
                        || error.contains("UNAVAILABLE")
                        || error.contains("disabled"),
                    "{address}: {error}"
                );
                continue;
            }
            Err(error) => panic!("{address}: {error}"),
        };
        let source = Look::maildir(&example.path().join("backup").join(&address).join("Maildir"));
        assert_eq!(seen.contents(), source.contents(), "{address}");
        let subscribed: BTreeSet<String> = seen.subscribed.into_iter().collect();
        let expected =
            courier(&example, &address).unwrap_or_else(|| source.subscribed.iter().cloned().collect());
        assert_eq!(subscribed, expected, "{address}");
        assert!(dovecot.look(&address, "guessed").is_err(), "{address}");
        logged_in += 1;
    }
    assert!(logged_in >= 10, "{logged_in}");
}

#[test]
fn dovecot_knows_the_quotas() {
    let example = harbour();
    let dovecot = Dovecot::over(&example.new_home());
    let users = fs::read_to_string(example.new_home().join("dovecot/users")).unwrap();
    let rules: BTreeMap<&str, u64> = users
        .lines()
        .filter_map(|line| {
            let (address, rest) = line.split_once(':')?;
            let bytes = rest.split("userdb_quota_rule=*:bytes=").nth(1)?.split(' ').next()?;
            Some((address, bytes.parse().ok()?))
        })
        .collect();
    assert!(rules.values().collect::<BTreeSet<_>>().len() >= 3, "own and inherited quotas: {rules:?}");
    for (address, bytes) in rules {
        let quota = dovecot.doveadm(&["-f", "tab", "quota", "get", "-u", address]).expect_success("quota");
        assert!(quota.contains(&format!("\t{}\t", bytes / 1024)), "{address}: {quota}");
    }
}

#[test]
fn radicale_shows_every_event_and_contact() {
    let example = harbour();
    let radicale = Radicale::over(&example.new_home());
    let (mut events, mut cards) = (0, 0);
    let homes = example.new_home().join("dav/collection-root");
    for entry in fs::read_dir(&homes).unwrap() {
        let home = entry.unwrap().path();
        let address = home.file_name().unwrap().to_string_lossy().into_owned();
        for collection in radicale.look(&address) {
            let on_disk = files(&home.join(&collection.name));
            let shown: BTreeSet<String> = collection.items.iter().map(|item| item.name.clone()).collect();
            assert_eq!(shown, on_disk, "{address}/{}", collection.name);
            for item in &collection.items {
                match collection.kind.as_str() {
                    "calendar" => {
                        events += 1;
                        assert!(
                            item.body.contains("BEGIN:VEVENT")
                                || item.body.contains("BEGIN:VTODO")
                                || item.body.contains("BEGIN:VJOURNAL"),
                            "{}",
                            item.body
                        );
                    }
                    _ => {
                        cards += 1;
                        assert!(
                            item.body.contains("BEGIN:VCARD") && item.body.contains("\nFN"),
                            "{}",
                            item.body
                        );
                    }
                }
            }
        }
    }
    assert!(events > 30 && cards > 30, "{events} events, {cards} cards");
    let log = radicale.log();
    let complaints: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("ERROR") || line.contains(".ics") || line.contains(".vcf"))
        .collect();
    assert!(complaints.is_empty(), "{log}");
}

#[test]
fn postfix_answers_for_every_address() {
    let example = harbour();
    let postfix = Postfix::over(&example.new_home());
    let mut asked = 0;
    for address in addresses(&example.path().join("export")) {
        let (_, domain) = address.split_once('@').unwrap();
        let known =
            postfix.lookup("virtual_domains", domain).or(postfix.lookup("virtual_alias_domains", domain));
        if known.is_none() {
            continue;
        }
        asked += 1;
        let mailboxes = deliver(&postfix, &address, 0);
        assert!(!mailboxes.is_empty(), "{address} leads nowhere");
        if address.ends_with("@harbour.test") {
            let local = address.split('@').next().unwrap();
            let there = postfix.alias(&format!("{local}@harbor.test"));
            assert!(!there.is_empty(), "{local} in the alias domain");
        }
    }
    assert!(asked > 20, "{asked}");
    assert_eq!(postfix.lookup("virtual_mailboxes", "nobody@harbour.test"), None);
    assert_eq!(
        postfix.lookup("virtual_aliases", "nobody@harbor.test"),
        None,
        "unknown recipients are refused there too"
    );
}

/// Where mail to an address ends: mailboxes here, and addresses elsewhere.
fn deliver(postfix: &Postfix, address: &str, depth: usize) -> BTreeSet<String> {
    assert!(depth < 10, "{address} goes round in a circle");
    let mut ends = BTreeSet::new();
    for target in postfix.alias(address).into_iter().filter(|target| target != address) {
        let (_, domain) = target.split_once('@').unwrap();
        match postfix.lookup("virtual_domains", domain) {
            Some(_) => ends.extend(deliver(postfix, &target, depth + 1)),
            None => {
                ends.insert(target);
            }
        }
    }
    ends.extend(postfix.lookup("virtual_mailboxes", address));
    ends
}

/// Every address that the export claims, read by no code of ours.
fn addresses(export: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(export).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ext| ext != "ldif") {
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        for record in text.replace("\r\n", "\n").split("\n\n") {
            let system = record.contains("zimbraIsSystemAccount: TRUE")
                || record.contains("galsync.")
                || record.contains("uid=spam.");
            let lines = record.lines().filter(|_| !system);
            let values = lines.filter_map(|line| {
                let (name, value) = line.split_once(": ")?;
                ["mail", "zimbraMailAlias", "zimbraMailDeliveryAddress"]
                    .contains(&name)
                    .then(|| value.trim().to_lowercase())
            });
            found.extend(values.filter(|value| value.contains('@')));
        }
    }
    found
}

fn files(folder: &Path) -> BTreeSet<String> {
    let names =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// What Courier's file says, where there is one.
fn courier(example: &Example, address: &str) -> Option<BTreeSet<String>> {
    let maildir = example.path().join("backup").join(address).join("Maildir");
    let text = fs::read_to_string(maildir.join("courierimapsubscribed")).ok()?;
    let name = |line: &str| match line.strip_prefix("INBOX.") {
        Some(folder) => folder.replace('.', "/"),
        None => line.to_owned(),
    };
    Some(text.lines().map(name).collect())
}

fn is_locked(example: &Example, address: &str) -> bool {
    let users = fs::read_to_string(example.new_home().join("dovecot/users")).unwrap();
    users.lines().any(|line| line.starts_with(&format!("{address}:")) && line.contains("nologin"))
}

fn harbour() -> Example {
    let example = Example::copy("harbour");
    let finished = ferry(&["run"], &example.plan_file());
    assert_eq!(finished.code(), Some(0), "{}{}", finished.stdout, finished.stderr);
    example
}
