//! The journal's file: what is refused, what is left alone, what is named.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use mailferry_journal::{Change, Error, Fact, Journal, Scope};
use rusqlite::Connection;

/// SQLite's page, the piece in which damage is seen.
const PAGE: usize = 4096;

fn inbox() -> Scope {
    Scope::new("anna@example.com", "mail", "INBOX")
}

fn facts(count: u32) -> Vec<Change> {
    let fact = |number: u32| Fact {
        key: format!("{number:08}").into_bytes(),
        source: vec![b's'; 40],
        target: vec![b't'; 40],
    };
    (0..count).map(|number| Change::Put(fact(number))).collect()
}

/// What a look could have changed in a directory. (To read an open journal's files here would end its locks.)
fn trace(folder: &Path) -> BTreeMap<String, (u64, i64, i64)> {
    let entry = |entry: fs::DirEntry| {
        let metadata = entry.metadata().expect("its metadata");
        let name = entry.file_name().into_string().expect("a name of ours");
        (name, (metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
    };
    fs::read_dir(folder).expect("a directory").map(|found| entry(found.expect("an entry"))).collect()
}

#[test]
fn a_look_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Journal::open_existing(&folder.path().join("none.state")).unwrap().is_none());
    assert!(Journal::open_existing(&folder.path().join("no/such/folder.state")).unwrap().is_none());
    assert_eq!(trace(folder.path()).len(), 0);
    fs::write(folder.path().join("empty.state"), "").unwrap();
    assert!(Journal::open_existing(&folder.path().join("empty.state")).unwrap().is_none());
    assert_eq!(trace(folder.path()).len(), 1);
}

#[test]
fn a_look_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a look? at 100% #1 Größe.state");
    Journal::open(&path).unwrap().record(&inbox(), &facts(100)).unwrap();
    let before = trace(folder.path());
    assert_eq!(before.len(), 1, "a journal at rest is one file");
    let looked = Journal::open_existing(&path).unwrap().unwrap();
    assert_eq!(looked.facts(&inbox()).unwrap().len(), 100);
    assert!(matches!(looked.record(&inbox(), &[]), Err(Error::ReadOnly { .. })));
    assert!(matches!(looked.lease("anna@example.com"), Err(Error::ReadOnly { .. })));
    drop(looked);
    assert_eq!(trace(folder.path()), before);
}

#[test]
fn a_look_beside_a_writer_sees_what_it_recorded_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("beside.state");
    let writer = Journal::open(&path).unwrap();
    writer.record(&inbox(), &facts(10)).unwrap();
    let looked = Journal::open_existing(&path).unwrap().unwrap();
    assert_eq!(looked.facts(&inbox()).unwrap().len(), 10);
    writer.record(&inbox(), &facts(20)).unwrap();
    let before = trace(folder.path());
    assert_eq!(looked.facts(&inbox()).unwrap().len(), 20);
    assert_eq!(trace(folder.path()), before);
    drop(writer);
    assert_eq!(looked.facts(&inbox()).unwrap().len(), 20);
    assert_eq!(trace(folder.path()).len(), 1);
}

#[test]
fn the_file_is_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mode.state");
    let _journal = Journal::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn files_of_others_are_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("letter.txt");
    fs::write(&text, "Dear Anna, this is a letter and not a journal.\n".repeat(100)).unwrap();
    let other = folder.path().join("other.sqlite");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE fact (key); INSERT INTO fact VALUES (1)")
        .unwrap();
    let marked = folder.path().join("marked.sqlite");
    Connection::open(&marked).unwrap().pragma_update(None, "application_id", 7).unwrap();
    let before = trace(folder.path());
    for path in [&text, &other, &marked] {
        for error in [Journal::open(path).unwrap_err(), Journal::open_existing(path).unwrap_err()] {
            assert!(matches!(&error, Error::Foreign { path: named } if named == path), "{error}");
            assert!(error.to_string().contains(path.to_str().unwrap()));
        }
    }
    assert_eq!(trace(folder.path()), before);
}

#[test]
fn a_newer_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.state");
    drop(Journal::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    for error in [Journal::open(&path).unwrap_err(), Journal::open_existing(&path).unwrap_err()] {
        assert!(matches!(error, Error::Newer { found: 99, known: 1, .. }), "{error}");
    }
}

#[test]
fn a_damaged_journal_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.state");
    Journal::open(&path).unwrap().record(&inbox(), &facts(5000)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / PAGE * PAGE;
    bytes[middle..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let journal = Journal::open(&path).unwrap();
    let outcome = journal.facts(&inbox());
    let error = outcome.map(|facts| facts.len()).unwrap_err();
    assert!(matches!(&error, Error::Damaged { path: named, .. } if *named == path), "{error}");
    assert!(error.to_string().contains("move it away"));
}

#[test]
fn a_truncated_journal_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.state");
    Journal::open(&path).unwrap().record(&inbox(), &facts(5000)).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 3]).unwrap();
    let outcome = Journal::open(&path).and_then(|journal| journal.facts(&inbox())).map(|facts| facts.len());
    assert!(matches!(outcome, Err(Error::Damaged { .. })), "{outcome:?}");
}

#[test]
fn a_missing_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/folder.state");
    let error = Journal::open(&path).unwrap_err();
    assert!(matches!(&error, Error::Disk { path: named, .. } if *named == path), "{error}");
}

/// Only where a small file system may be mounted; elsewhere the page limit test inside the package stands alone.
#[test]
fn a_full_file_system_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"])
        .arg(folder.path())
        .stderr(std::process::Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return;
    }
    let outcome = std::panic::catch_unwind(|| {
        let path = folder.path().join("full.state");
        let journal = Journal::open(&path).unwrap();
        journal.record(&inbox(), &facts(100)).unwrap();
        let error = journal.record(&inbox(), &facts(20_000)).unwrap_err();
        assert!(matches!(error, Error::Full { .. }), "{error}");
        assert_eq!(journal.facts(&inbox()).unwrap().len(), 100);
    });
    let _ = Command::new("umount").arg("-l").arg(folder.path()).status();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn two_may_create_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.state");
    std::thread::scope(|threads| {
        for number in 0..4_u8 {
            let path = &path;
            threads.spawn(move || {
                let journal = Journal::open(path).unwrap();
                let scope = Scope::new("anna@example.com", "mail", [number]);
                journal.record(&scope, &facts(3)).unwrap();
            });
        }
    });
    let journal = Journal::open(&path).unwrap();
    assert_eq!(journal.collections("anna@example.com", "mail").unwrap().len(), 4);
}
