//! `imap-sync map`: which UID of the source became which of the target, as the journal knows it.

use std::fmt::Write as _;

use imap_sync::{Head, ItemKey, Memory, Seen, path};
use mailferry_journal::Journal;

use crate::commands::accounts::{Account, Accounts};
use crate::commands::outcome::{Outcome, write_out};
use crate::commands::sides::Sides;
use crate::error::{Error, Result};
use crate::imap::connect::Mailbox;
use crate::imap::memory::JournalMemory;
use crate::options::Options;

/// Prints the map, folder by folder. Needs neither a connection nor a password.
pub(super) fn command(sides: &Sides, common: &Options) -> Result<Outcome> {
    let accounts = Accounts::names(sides)?;
    let is_maildir = |account: &Account| {
        [&account.source, &account.target].into_iter().any(|side| matches!(side, Mailbox::Maildir(_)))
    };
    if accounts.all.iter().any(is_maildir) {
        return Err(Error::Usage("a Maildir has no UIDs: a map needs servers on both sides".to_owned()));
    }
    let state = common.state_path("imap-sync", &accounts.sides.0, &accounts.sides.1)?;
    let none = || Error::Usage(format!("{}: there is no journal; nothing has been run yet", state.display()));
    let journal = Journal::open_existing(&state)?.ok_or_else(none)?;
    let mut map = Map { json: common.json, many: sides.accounts.is_some(), folders: 0, exit: 0 };
    map.begin();
    for account in &accounts.all {
        map.account(&journal, account)?;
    }
    map.end();
    Ok(Outcome::Silent { exit: map.exit })
}

/// A map on its way to standard output.
struct Map {
    json: bool,
    /// Whether the account is told with each line.
    many: bool,
    folders: u64,
    exit: u8,
}

impl Map {
    fn begin(&mut self) {
        if self.json {
            self.write("{\"schema\":1,\"command\":\"map\",\"folders\":[");
        }
    }

    fn end(&mut self) {
        if self.json {
            self.write("],\"error\":null}\n");
        }
    }

    fn account(&mut self, journal: &Journal, account: &Account) -> Result<()> {
        let memory = JournalMemory::new(Some(journal), &account.scope);
        let wrong = |error: imap_sync::Error| Error::Usage(format!("{}: {error}", account.name));
        for (folder, head) in memory.heads().map_err(wrong)? {
            let mut pairs = Vec::new();
            let mut each = |key: ItemKey, fact: imap_sync::Fact| {
                if fact.seen != Seen::Source {
                    pairs.push((key.0, fact.target.0));
                }
            };
            memory.facts(&folder, ItemKey(0), ItemKey(u64::MAX), &mut each).map_err(wrong)?;
            self.folder(&account.name, &path::write(&folder), &head, &pairs);
        }
        Ok(())
    }

    fn folder(&mut self, account: &str, source: &str, head: &Head, pairs: &[(u64, u64)]) {
        let (target, validities) =
            (path::write(&head.place), [head.source.validity.0, head.target.validity.0]);
        let text = match self.json {
            true => {
                let comma = if self.folders > 0 { "," } else { "" };
                let document = serde_json::json!({
                    "account": account, "source": source, "source_validity": validities[0],
                    "target": target, "target_validity": validities[1], "uids": pairs,
                });
                format!("{comma}{document}")
            }
            false => {
                let account = if self.many { format!("{}\t", plain(account)) } else { String::new() };
                let (source, target) = (plain(source), plain(&target));
                let [old, new] = validities;
                let mut text = format!("# {account}{source}\t{old}\t{target}\t{new}\n");
                for (old, new) in pairs {
                    let _ = writeln!(text, "{account}{source}\t{old}\t{target}\t{new}");
                }
                text
            }
        };
        self.folders += 1;
        self.write(&text);
    }

    fn write(&mut self, text: &str) {
        self.exit = self.exit.max(write_out(text.as_bytes()));
    }
}

/// Without what separates columns and lines.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_control() { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}
