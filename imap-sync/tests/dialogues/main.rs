//! What is said with what a server can do, and what comes of its answers: in pieces of every size.
#![allow(clippy::unwrap_used)]

#[path = "../fake/mod.rs"]
mod fake;
#[path = "../script/mod.rs"]
mod script;

mod opening;
mod changes;
mod listing;
mod making;
mod appending;
mod runs;

use fake::{FakeMemory, Fuse, Rowed, block_on, date};
use imap_sync::session::Session;
use imap_sync::{
    Appended, Body, Changes, Error, Flags, Folder, FolderName, ImapStore, ImapTarget, ItemKey, KeySet,
    Message, Policy, Refused, Report, Source, SpecialUse, State, Target, Unwatched, Validity, run,
};
use script::{PIECES, Script, Scripts, can};

/// As a source, over each size of pieces.
fn source(words: &str, script: &str, test: impl AsyncFn(ImapStore<Script>)) {
    for piece in PIECES {
        let session = Session::new(Script::new(script, piece), can(words), 0);
        block_on(test(ImapStore::new(session)));
    }
}

/// As a target, over each size of pieces.
fn target(words: &str, script: &str, test: impl AsyncFn(ImapTarget<Script>)) {
    for piece in PIECES {
        let session = Session::new(Script::new(script, piece), can(words), 0);
        block_on(test(ImapTarget::new(session)));
    }
}

/// Copies by scripts, a pair of them for each connection, over each size of pieces: always the same.
fn copied(words: &str, pairs: &[(&'static str, &'static str)], rows: &Rowed) -> (Report, Rowed) {
    let copy = |piece| {
        let memory = FakeMemory::new(rows.clone(), &Fuse::never());
        let scripts = Scripts::new(words, piece, pairs);
        let report = block_on(run(&scripts, &memory, &Policy::default(), &Unwatched)).unwrap();
        assert!(report.error.is_none(), "{:?}", report.error);
        (report, memory.rows())
    };
    let first = copy(PIECES[0]);
    for piece in PIECES {
        let (report, rows) = copy(piece);
        assert_eq!((report.counts(), &report.lines, &rows), (first.0.counts(), &first.0.lines, &first.1));
    }
    first
}

fn keys(keys: &[u64]) -> KeySet {
    keys.iter().copied().map(ItemKey).collect()
}

struct Bytes(Option<Vec<u8>>);

impl Body for Bytes {
    fn size(&self) -> u64 {
        self.0.as_ref().map_or(0, Vec::len) as u64
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.take())
    }
}

/// Appends messages to the open folder; what became of them.
async fn append(target: &mut ImapTarget<Script>, bodies: &[&str], alone: bool) -> Vec<Appended> {
    for body in bodies {
        let (flags, validity) = (Flags::new(), Validity(7));
        let message = Message {
            key: ItemKey(1),
            validity,
            flags,
            date: date(1_025_484_265),
            alone,
            binary: false,
            undated: false,
        };
        target.append(&message, &mut Bytes(Some(body.as_bytes().to_vec()))).await.unwrap();
    }
    target.appended().await.unwrap()
}

fn landed(keys: &[u64]) -> Vec<Appended> {
    keys.iter().map(|&key| Appended::Landed(Some(ItemKey(key)))).collect()
}

async fn open(store: &mut impl Source) -> imap_sync::Selected {
    store.select(&FolderName::inbox(), false).await.unwrap()
}

const SELECTED: &str = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 SELECT \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: m2 OK
";

const EXAMINED: &str = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 EXAMINE \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: m2 OK
";
