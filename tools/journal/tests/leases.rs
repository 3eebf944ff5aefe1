//! One account, one worker.

use std::sync::atomic::{AtomicU32, Ordering};

use mailferry_journal::{Error, Journal};

#[test]
fn a_lease_excludes_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("one.state")).unwrap();
    let lease = journal.lease("anna@example.com").unwrap();
    let error = journal.lease("anna@example.com").unwrap_err();
    assert!(matches!(&error, Error::InUse { pid, .. } if *pid == std::process::id()), "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("anna@example.com: in use by {} on ", std::process::id())), "{text}");
    drop(journal.lease("bert@example.com").unwrap());
    assert_eq!(lease.account(), "anna@example.com");
    drop(lease);
    journal.lease("anna@example.com").unwrap();
}

#[test]
fn two_journals_of_one_file_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.state");
    let (first, second) = (Journal::open(&path).unwrap(), Journal::open(&path).unwrap());
    let lease = first.lease("anna@example.com").unwrap();
    assert!(matches!(second.lease("anna@example.com"), Err(Error::InUse { .. })));
    drop(lease);
    drop(first);
    second.lease("anna@example.com").unwrap();
}

#[test]
fn threads_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("threads.state")).unwrap();
    let (inside, taken) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..40 {
                    match journal.lease("anna@example.com") {
                        Ok(_lease) => {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            taken.fetch_add(1, Ordering::SeqCst);
                            std::thread::yield_now();
                            inside.fetch_sub(1, Ordering::SeqCst);
                        }
                        Err(Error::InUse { .. }) => std::thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert!(taken.into_inner() > 0);
}
