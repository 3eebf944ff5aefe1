//! `imap-sync` between servers that lack extensions: the same mailbox comes over, and nothing is said that the
//! server has not announced.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use imap_source::{Tool, account, count};
use support::same::{Difference, assert_same};
use support::{Dovecot, Proxy};

#[test]
fn all_extensions_together() {
    without(&[&[]]);
}

#[test]
fn one_extension_after_the_other_taken_away() {
    let first: Vec<&[&str]> = TAKEN_AWAY[..TAKEN_AWAY.len() / 2].to_vec();
    without(&first);
}

#[test]
fn one_extension_after_the_other_taken_away_the_second_half() {
    let second: Vec<&[&str]> = TAKEN_AWAY[TAKEN_AWAY.len() / 2..].to_vec();
    without(&second);
}

#[test]
fn nothing_but_imap4rev1_left() {
    let all: Vec<&str> = EXTENSIONS.iter().map(|extension| extension.name).chain(UNUSED).collect();
    without(&[&all]);
}

/// Brings an account over for each of these sets, between servers that lack it.
#[track_caller]
fn without(sets: &[&[&str]]) {
    let names: Vec<String> = (0..sets.len()).map(|number| format!("anna{number}@example.test")).collect();
    let accounts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PASSWORD)).collect();
    let (old, new) = (Dovecot::with_accounts(&accounts), Dovecot::with_accounts(&accounts));
    for (user, taken) in names.iter().zip(sets) {
        let proxies = [Proxy::without(old.port(), taken), Proxy::without(new.port(), taken)];
        let tool = Tool::new();
        account("rich", old.port(), user, PASSWORD, &[]);
        let password = tool.password("anna.pw", PASSWORD);
        let urls = proxies.each_ref().map(|proxy| format!("imap://{user}@127.0.0.1:{}", proxy.port()));
        let sides = [&urls[0], &urls[1], "--allow-plaintext", "--source-password-file", &password];
        let sides = [&sides[..], &["--target-password-file", &password]].concat();
        let succeed = |command| tool.succeed(&[&[command], &sides[..]].concat());
        let look = |server: &Dovecot| server.look(user, PASSWORD).unwrap();

        let before = look(&old);
        succeed("run");
        assert_eq!(look(&old), before, "l5_source_untouched without {taken:?}");
        assert_same(&before, &look(&new), &format!("without {taken:?}"));
        account("delta", old.port(), user, PASSWORD, &[]);
        succeed("run");
        let difference = Difference::between(&look(&old), &look(&new));
        assert_eq!((difference.folders, difference.missing), (vec![], vec![]), "without {taken:?}");
        assert_eq!(difference.extra.len(), 2, "expunged and moved; without {taken:?}");
        let placed = look(&new);
        assert_eq!(count(&succeed("run"), "copied"), 0, "l2_idempotent without {taken:?}");
        assert_eq!(look(&new), placed, "l2_idempotent without {taken:?}");
        succeed("verify");
        for command in proxies.iter().flat_map(Proxy::said) {
            let unannounced = EXTENSIONS.iter().filter(|extension| taken.contains(&extension.name));
            for extension in unannounced {
                assert!(!(extension.uses)(&command), "{command:?} without {}", extension.name);
            }
        }
    }
}

struct Extension {
    name: &'static str,
    /// Whether a command needs it.
    uses: fn(&str) -> bool,
}

fn has(command: &str, word: &str) -> bool {
    // Names of folders and the like are no words of the protocol.
    let outside = command.split('"').step_by(2).collect::<String>();
    outside.to_ascii_uppercase().contains(word)
}

fn starts(command: &str, word: &str) -> bool {
    let mut words = command.split(' ');
    let first = words.next().unwrap_or_default();
    let verb = if first.eq_ignore_ascii_case("UID") { words.next().unwrap_or_default() } else { first };
    verb.eq_ignore_ascii_case(word)
}

const EXTENSIONS: &[Extension] = &[
    Extension { name: "BINARY", uses: |c| has(c, "BINARY") || has(c, "~{") },
    Extension { name: "CATENATE", uses: |c| has(c, "CATENATE") },
    Extension {
        name: "CONDSTORE",
        uses: |c| ["CONDSTORE", "MODSEQ", "CHANGEDSINCE"].iter().any(|word| has(c, word)),
    },
    Extension { name: "ENABLE", uses: |c| starts(c, "ENABLE") },
    Extension { name: "ESEARCH", uses: |c| starts(c, "SEARCH") && has(c, "RETURN") },
    Extension { name: "ID", uses: |c| starts(c, "ID") },
    Extension { name: "IDLE", uses: |c| starts(c, "IDLE") },
    Extension {
        name: "LIST-EXTENDED",
        uses: |c| starts(c, "LIST") && (has(c, "RETURN") || has(c, "LIST (")),
    },
    Extension { name: "LIST-STATUS", uses: |c| starts(c, "LIST") && has(c, "STATUS") },
    Extension { name: "LITERAL+", uses: |c| has(c, "+}") },
    Extension { name: "MOVE", uses: |c| starts(c, "MOVE") },
    Extension { name: "MULTIAPPEND", uses: |c| starts(c, "APPEND") && c.matches('{').count() > 1 },
    Extension { name: "NAMESPACE", uses: |c| starts(c, "NAMESPACE") },
    Extension { name: "NOTIFY", uses: |c| starts(c, "NOTIFY") },
    Extension { name: "PREVIEW", uses: |c| has(c, "PREVIEW") },
    Extension { name: "QRESYNC", uses: |c| has(c, "QRESYNC") || has(c, "VANISHED") },
    Extension { name: "SASL-IR", uses: |c| starts(c, "AUTHENTICATE") && c.split(' ').count() > 2 },
    Extension { name: "SAVEDATE", uses: |c| has(c, "SAVEDATE") },
    Extension { name: "SEARCHRES", uses: |c| has(c, "SAVE)") || has(c, " $ ") },
    Extension { name: "SORT", uses: |c| starts(c, "SORT") },
    Extension { name: "SPECIAL-USE", uses: |c| has(c, "SPECIAL-USE") || has(c, "(USE ") },
    Extension { name: "STATUS=SIZE", uses: |c| has(c, "STATUS") && has(c, "SIZE") && !starts(c, "FETCH") },
    Extension { name: "UIDPLUS", uses: |c| c.to_ascii_uppercase().starts_with("UID EXPUNGE") },
    Extension { name: "UNSELECT", uses: |c| starts(c, "UNSELECT") },
    Extension { name: "WITHIN", uses: |c| has(c, "OLDER") || has(c, "YOUNGER") },
];

/// What one extension builds upon goes with it.
const TAKEN_AWAY: &[&[&str]] = &[
    &["BINARY"],
    &["CONDSTORE", "QRESYNC"],
    &["QRESYNC"],
    &["ENABLE", "QRESYNC"],
    &["ESEARCH", "SEARCHRES"],
    &["ID"],
    &["LIST-EXTENDED", "LIST-STATUS"],
    &["LIST-STATUS"],
    &["LITERAL+"],
    &["MOVE"],
    &["MULTIAPPEND"],
    &["NAMESPACE"],
    &["SASL-IR"],
    &["SPECIAL-USE"],
    &["STATUS=SIZE"],
    &["UIDPLUS"],
    &["UNSELECT"],
    &["UIDPLUS", "LITERAL+", "CONDSTORE", "QRESYNC", "MULTIAPPEND"],
];

/// Announced by Dovecot and of no use to a copy.
const UNUSED: [&str; 13] = [
    "LOGIN-REFERRALS",
    "SORT=DISPLAY",
    "THREAD=REFERENCES",
    "THREAD=REFS",
    "THREAD=ORDEREDSUBJECT",
    "URL-PARTIAL",
    "CHILDREN",
    "I18NLEVEL=1",
    "ESORT",
    "CONTEXT=SEARCH",
    "SNIPPET=FUZZY",
    "PREVIEW=FUZZY",
    "QUOTA",
];

const PASSWORD: &str = "anna's password";
