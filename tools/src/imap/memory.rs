//! The journal as the memory of an IMAP engine.

use std::collections::BTreeMap;

use imap_sync::{Change, Error, FolderName, Head, Intent, ItemKey, Memory, Row};
use mailferry_journal::{Fact, Journal, Scope};

/// What the journal knows of one account's folders. Without a journal nothing is known and nothing can be recorded.
#[derive(Debug)]
pub struct JournalMemory<'a> {
    journal: Option<&'a Journal>,
    account: &'a str,
}

impl<'a> JournalMemory<'a> {
    /// The facts and intents recorded under `account`.
    pub fn new(journal: Option<&'a Journal>, account: &'a str) -> Self {
        Self { journal, account }
    }

    fn scope(&self, folder: &FolderName) -> Scope {
        Scope::new(self.account, "mail", collection(folder))
    }
}

impl Memory for JournalMemory<'_> {
    fn heads(&self) -> Result<BTreeMap<FolderName, Head>, Error> {
        let Some(journal) = self.journal else { return Ok(BTreeMap::new()) };
        let rows = journal.facts_of_key(self.account, "mail", b"").map_err(Error::memory)?;
        let heads = rows.into_iter().filter_map(|(name, fact)| Some((folder(&name)?, fact)));
        heads.map(|(name, fact)| Ok((name, Head::from_row(&fact.source, &fact.target)?))).collect()
    }

    fn intents(&self, folder: &FolderName) -> Result<Vec<Intent>, Error> {
        let Some(journal) = self.journal else { return Ok(Vec::new()) };
        let rows = journal.intents(&self.scope(folder)).map_err(Error::memory)?;
        rows.iter().map(|row| Intent::from_row(&row.key, &row.detail)).collect()
    }

    fn facts(
        &self,
        folder: &FolderName,
        from: ItemKey,
        to: ItemKey,
        each: &mut dyn FnMut(ItemKey, imap_sync::Fact),
    ) -> Result<(), Error> {
        let Some(journal) = self.journal else { return Ok(()) };
        let (scope, mut from, to) = (self.scope(folder), from.to_bytes(), to.to_bytes());
        loop {
            let rows = journal.facts_between(&scope, &from, &to, PAGE).map_err(Error::memory)?;
            for row in &rows {
                let (key, fact) = imap_sync::Fact::from_row(&row.key, &row.source, &row.target)?;
                each(key, fact);
            }
            match rows.last() {
                // The least of the keys that are greater.
                Some(last) if rows.len() == PAGE as usize => from = [last.key.as_slice(), b"\0"].concat(),
                _ => return Ok(()),
            }
        }
    }

    fn rename(&self, from: &FolderName, to: &FolderName, head: &Head) -> Result<(), Error> {
        let journal = self.journal.ok_or_else(|| Error::memory("there is no journal to record in"))?;
        let head = change(Change::Head(Box::new(head.clone())).row());
        journal.rename(&self.scope(from), &self.scope(to), &[head]).map_err(Error::memory)
    }

    fn record(&self, changes: &[(&FolderName, Vec<Change>)]) -> Result<(), Error> {
        let journal = self.journal.ok_or_else(|| Error::memory("there is no journal to record in"))?;
        let rows = |changes: &[Change]| changes.iter().map(|it| change(it.row())).collect();
        let changes: Vec<_> =
            changes.iter().map(|(folder, changes)| (self.scope(folder), rows(changes))).collect();
        journal.record_all(&changes).map_err(Error::memory)
    }
}

/// The name of a folder for the journal: readable, with a slash before each part, which sets it apart from the names that
/// the Maildir engine keeps under the same account.
fn collection(folder: &FolderName) -> Vec<u8> {
    let mut name = Vec::new();
    for part in folder.parts() {
        name.push(b'/');
        for &byte in part {
            match byte {
                b'/' | b'\\' => name.extend_from_slice(format!("\\{byte:02x}").as_bytes()),
                byte => name.push(byte),
            }
        }
    }
    name
}

/// The folder that is kept under a name, if it is one of an IMAP engine.
fn folder(collection: &[u8]) -> Option<FolderName> {
    let parts = collection.strip_prefix(b"/")?.split(|&byte| byte == b'/');
    let parts: Option<Vec<Vec<u8>>> = parts.map(unescape).collect();
    Some(FolderName::from_wire_exactly(parts?))
}

fn unescape(mut part: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    while let Some((&byte, rest)) = part.split_first() {
        part = rest;
        if byte == b'\\' {
            let (digits, rest) = part.split_first_chunk::<2>()?;
            name.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            part = rest;
        } else {
            name.push(byte);
        }
    }
    Some(name)
}

fn change(row: Row) -> mailferry_journal::Change {
    match row {
        Row::CloseIntent { key } => mailferry_journal::Change::CloseIntent { key },
        Row::OpenIntent { key, detail } => mailferry_journal::Change::OpenIntent { key, detail },
        Row::Put { key, source, target } => mailferry_journal::Change::Put(Fact { key, source, target }),
        Row::Remove { key } => mailferry_journal::Change::Remove { key },
    }
}

const PAGE: u32 = 10_000;

#[cfg(test)]
mod tests {
    use imap_sync::{Seen, State, Validity};

    use super::*;

    #[test]
    fn what_was_recorded_is_known_to_the_next_process() {
        let file = tempfile::tempdir().unwrap();
        let path = file.path().join("a.state");
        let (inbox, sent) = (FolderName::inbox(), FolderName::from_text(["Sent"]));
        let fact = |target| imap_sync::Fact {
            target: ItemKey(target),
            source_flags: ["\\Seen"].into_iter().collect(),
            target_flags: Default::default(),
            print: target,
            ours: true,
            seen: Seen::Both,
            repaired: false,
        };
        let intent = Intent { first: ItemKey(3), last: ItemKey(5), next: ItemKey(30), late: false };
        let state = State { validity: Validity(1), ..State::default() };
        let head = Head { source: state, place: sent.clone(), ..Head::default() };
        let mut changes = vec![Change::Head(Box::new(head.clone())), Change::OpenIntent(intent)];
        let keys = || (1..PAGE as u64 * 2 + 5).step_by(2);
        changes.extend(keys().map(|key| Change::Put { key: ItemKey(key), fact: fact(key) }));
        let journal = Journal::open(&path).unwrap();
        let memory = JournalMemory::new(Some(&journal), "anna@example.com");
        memory.record(&[(&inbox, changes), (&sent, vec![Change::CloseIntent(intent)])]).unwrap();
        drop(journal);

        let journal = Journal::open_existing(&path).unwrap().unwrap();
        let memory = JournalMemory::new(Some(&journal), "anna@example.com");
        assert_eq!(memory.heads().unwrap(), BTreeMap::from([(inbox.clone(), head)]));
        assert_eq!(memory.intents(&inbox).unwrap(), [intent]);
        let known = |folder, from, to| {
            let mut known = Vec::new();
            memory
                .facts(folder, ItemKey(from), ItemKey(to), &mut |key, fact| known.push((key, fact)))
                .unwrap();
            known
        };
        assert_eq!(known(&inbox, 0, u64::MAX).len(), keys().count());
        assert_eq!(known(&inbox, 3, 6), [(ItemKey(3), fact(3)), (ItemKey(5), fact(5))]);
        assert!(known(&sent, 0, u64::MAX).is_empty());
        assert!(JournalMemory::new(Some(&journal), "b").heads().unwrap().is_empty());
        assert!(
            memory.record(&[(&inbox, vec![Change::CloseIntent(intent)])]).is_err(),
            "it was opened for reading"
        );
    }

    #[test]
    fn folders_have_names_of_their_own() {
        for (parts, name) in [
            (&["INBOX"][..], "/INBOX"),
            (&["Arbeit", "Größe"], "/Arbeit/Gr&APYA3w-e"),
            (&["a/b"], "/a\\2fb"),
            (&["a\\2fb"], "/a\\5c2fb"),
            (&["a", "b"], "/a/b"),
        ] {
            let name_of = FolderName::from_text(parts.iter().copied());
            assert_eq!(collection(&name_of), name.as_bytes(), "{name_of}");
            assert_eq!(folder(name.as_bytes()), Some(name_of));
            assert!(maildir_sync::FolderName::new(name).is_err(), "{name} is no Maildir's folder");
        }
        assert_eq!((folder(b"INBOX"), folder(b"/a\\2"), folder(b"/a\\zz")), (None, None, None));
    }

    #[test]
    fn without_a_journal_nothing_is_known_and_nothing_can_be_recorded() {
        let memory = JournalMemory::new(None, "a");
        assert!(memory.heads().unwrap().is_empty());
        assert!(memory.record(&[]).is_err());
    }
}
