//! The journal as the memory of an IMAP engine.

use imap_sync::{Change, Error, Facts, FolderName, Memory, Row};
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
    fn load(&mut self, folder: &FolderName) -> Result<Facts, Error> {
        let Some(journal) = self.journal else { return Ok(Facts::new()) };
        let scope = self.scope(folder);
        let facts = journal.facts(&scope).map_err(Error::memory)?;
        let intents = journal.intents(&scope).map_err(Error::memory)?;
        Facts::from_rows(
            facts.into_iter().map(|fact| (fact.key, fact.source, fact.target)),
            intents.into_iter().map(|intent| (intent.key, intent.detail)),
        )
    }

    fn record(&mut self, folder: &FolderName, changes: &[Change]) -> Result<(), Error> {
        let journal = self.journal.ok_or_else(|| Error::memory("there is no journal to record in"))?;
        let rows: Vec<_> = changes.iter().flat_map(Change::rows).map(change).collect();
        journal.record(&self.scope(folder), &rows).map_err(Error::memory)
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

fn change(row: Row) -> mailferry_journal::Change {
    match row {
        Row::CloseIntent { key } => mailferry_journal::Change::CloseIntent { key },
        Row::OpenIntent { key, detail } => mailferry_journal::Change::OpenIntent { key, detail },
        Row::Put { key, source, target } => mailferry_journal::Change::Put(Fact { key, source, target }),
        Row::Remove { key } => mailferry_journal::Change::Remove { key },
    }
}

#[cfg(test)]
mod tests {
    use imap_sync::{Digest, Flags, Head, Intent, ItemKey, Validity};

    use super::*;

    #[test]
    fn what_was_recorded_is_known_to_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.state");
        let inbox = FolderName::inbox();
        let fact = imap_sync::Fact {
            target: ItemKey(9),
            source_flags: ["\\Seen"].into_iter().collect(),
            target_flags: Flags::new(),
            fingerprint: Digest::of(b"x"),
            ours: true,
        };
        let intent = Intent { next: ItemKey(3), size: 5, date: -1 };
        let head = Head { source: Validity(1), target: Validity(2), subscribed: true };
        let changes = [
            Change::Head(head),
            Change::OpenIntent { key: ItemKey(1), intent: intent.clone() },
            Change::OpenIntent { key: ItemKey(2), intent },
            Change::Put { key: ItemKey(1), fact },
        ];
        let mut expected = Facts::new();
        changes.iter().cloned().for_each(|change| expected.apply(change));
        let journal = Journal::open(&path).unwrap();
        JournalMemory::new(Some(&journal), "anna@example.com").record(&inbox, &changes).unwrap();
        drop(journal);

        let journal = Journal::open_existing(&path).unwrap().unwrap();
        let mut memory = JournalMemory::new(Some(&journal), "anna@example.com");
        assert_eq!(memory.load(&inbox).unwrap(), expected);
        assert!(memory.load(&FolderName::from_text(["Sent"])).unwrap().is_empty());
        assert!(JournalMemory::new(Some(&journal), "b").load(&inbox).unwrap().is_empty());
        assert!(memory.record(&inbox, &changes).is_err(), "it was opened for reading");
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
            let folder = FolderName::from_text(parts.iter().copied());
            assert_eq!(collection(&folder), name.as_bytes(), "{folder}");
            assert!(maildir_sync::FolderName::new(name).is_err(), "{name} is no Maildir's folder");
        }
    }

    #[test]
    fn without_a_journal_nothing_is_known_and_nothing_can_be_recorded() {
        let mut memory = JournalMemory::new(None, "a");
        assert!(memory.load(&FolderName::inbox()).unwrap().is_empty());
        assert!(memory.record(&FolderName::inbox(), &[]).is_err());
    }
}
