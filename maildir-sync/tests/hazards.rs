//! What real and live Maildirs have in store.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod tree;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};
use std::time::Duration;

use maildir_sync::{
    Error, Flags, FolderName, MaildirSource, MaildirTarget, Options, Severity, Source, State, Target, Unique,
    Verdict,
};
use tree::{Pair, list, put, reasons, texts};

#[test]
fn a_source_with_cur_alone_is_a_maildir_and_one_with_neither_is_none() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path().join("bare/cur/1.a:2,"), "one", 1);
    fs::create_dir_all(dir.path().join("other/tmp")).unwrap();
    assert_eq!(list(&dir.path().join("bare")).0.len(), 1);
    for name in ["other", "not-there"] {
        let mut source = MaildirSource::new(dir.path().join(name));
        assert!(matches!(source.folders(), Err(Error::NotMaildir { .. })), "{name}");
        assert!(matches!(source.list(&FolderName::inbox()), Err(Error::NotMaildir { .. })), "{name}");
        let mut target = MaildirTarget::new(dir.path().join(name), Options::default());
        assert_eq!(target.folders().unwrap().0, []);
        assert!(target.list(&FolderName::inbox()).unwrap().0.is_empty());
    }
}

#[test]
fn the_root_may_be_reached_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path().join("real/cur/1.a:2,"), "one", 1);
    symlink("real", dir.path().join("link")).unwrap();
    let mut source = MaildirSource::new(dir.path().join("link"));
    assert_eq!(source.folders().unwrap().0, [FolderName::inbox()]);
    assert_eq!(list(&dir.path().join("link")).0.len(), 1);
}

#[test]
fn what_is_no_message_is_named_and_not_followed() {
    let mut pair = Pair::new();
    let cur = pair.source().join("cur");
    put(pair.dir.path().join("secret"), "not mail", 1);
    put(cur.join("0.good:2,"), "good", 1);
    symlink("nowhere", cur.join("1.dangling:2,S")).unwrap();
    symlink(pair.dir.path().join("secret"), cur.join("2.outside:2,")).unwrap();
    fs::create_dir(cur.join("3.directory")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, cur.join("4.pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    put(cur.join(".hidden"), "", 1);
    put(cur.join(":2,S"), "nameless", 1);
    symlink(pair.dir.path(), pair.source().join(".Away")).unwrap();
    fs::create_dir(pair.dir.path().join("cur")).unwrap();
    fs::create_dir(pair.source().join(".spamassassin")).unwrap();
    fs::create_dir_all(pair.source().join("Sent/cur")).unwrap();

    let report = pair.run();
    let notes: Vec<_> = report.notes.iter().map(|note| note.file.as_str()).collect();
    assert_eq!(notes, [".spamassassin", "cur/.hidden"]);
    let mut lines = texts(&report);
    lines.sort();
    assert_eq!(
        lines,
        [
            "copied cur/0.good:2,",
            "failed .Away",
            "failed Sent",
            "failed cur/1.dangling:2,S",
            "failed cur/2.outside:2,",
            "failed cur/3.directory",
            "failed cur/4.pipe",
            "failed cur/:2,S",
        ]
    );
    assert_eq!(fs::read_dir(pair.target().join("cur")).unwrap().count(), 1);
    let told = pair.verify(false);
    assert_eq!(told.count(Verdict::Failed), 5);
    assert_eq!(told.count(Verdict::Unchanged), 1);
}

#[test]
fn what_is_odd_about_a_message_is_a_note() {
    let pair = Pair::new();
    let cur = pair.source().join("cur");
    put(cur.join("1.a,S=3,W=4:2,S"), "four", 1);
    put(cur.join("2.a,S=3:2,S"), "\x1f\u{8b} is compressed", 1);
    fs::write(cur.join("2.a,S=3:2,S"), b"\x1f\x8b compressed").unwrap();
    put(cur.join("3.a,S=4:2,Sb"), "four", 1);
    put(cur.join("4.a:1,S"), "four", 1);
    put(cur.join("5.a:2,SX,kept"), "four", 1);
    let (listing, findings) = list(&pair.source());
    assert_eq!(listing.len(), 5);
    assert_eq!(reasons(&findings, Severity::Failed), [""; 0]);
    assert_eq!(
        reasons(&findings, Severity::Note),
        [
            "cur/1.a,S=3,W=4:2,S: its name tells 3 bytes, the file has 4",
            "cur/3.a,S=4:2,Sb: the keyword letter `b` has no name in dovecot-keywords and is not carried over",
            "cur/4.a:1,S: `1,S` after the colon is not understood and not carried over",
            "cur/5.a:2,SX,kept: `X,kept` after the colon is not understood and not carried over",
        ]
    );
}

#[test]
fn two_messages_of_one_name_stay_two() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a,S=3:2,S"), "old", 1);
    put(pair.source().join("new/1.a,S=3"), "new", 2);
    put(pair.source().join("cur/2.a:2,"), "same", 1);
    put(pair.source().join("cur/2.a:2,S"), "same", 1);
    let report = pair.run();
    assert_eq!(report.count(Verdict::Copied), 4);
    assert_eq!(report.notes.len(), 2);
    let bodies = |dir: &str| {
        let dir = fs::read_dir(pair.target().join(dir)).unwrap();
        let mut bodies: Vec<_> =
            dir.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
        bodies.sort();
        bodies
    };
    assert_eq!(
        (bodies("cur"), bodies("new")),
        (vec!["old".into(), "same".into(), "same".into()], vec!["new".into()])
    );
    assert_eq!(fs::read_to_string(pair.target().join("cur/1.a,S=3:2,S")).unwrap(), "old");
    // They keep the names they got, whatever becomes of their flags.
    fs::rename(pair.source().join("new/1.a,S=3"), pair.source().join("cur/1.a,S=3:2,F")).unwrap();
    let report = pair.run();
    assert_eq!((report.count(Verdict::Copied), report.count(Verdict::Unchanged)), (1, 3));
    assert_eq!(fs::read_dir(pair.target().join("cur")).unwrap().count(), 4);
    assert!(pair.verify(false).is_good());
}

#[test]
fn the_oldest_of_one_name_keeps_it() {
    let mut pair = Pair::new();
    for index in 0..8 {
        put(pair.source().join(format!("new/{index}.a")), &format!("young {index}"), 20);
        put(pair.source().join(format!("cur/{index}.a:2,S")), &format!("old {index}"), 10);
    }
    assert_eq!(pair.run().count(Verdict::Copied), 16);
    for index in 0..8 {
        let body = fs::read_to_string(pair.target().join(format!("cur/{index}.a:2,S"))).unwrap();
        assert_eq!(body, format!("old {index}"));
    }
}

#[test]
fn a_folder_listed_while_a_reader_moves_its_mail_misses_nothing() {
    let pair = Pair::new();
    let root = pair.source();
    for index in 0..300 {
        put(root.join(format!("new/{index:03}.a")), "one", 1);
    }
    std::thread::scope(|scope| {
        let moving = scope.spawn(|| {
            for index in 0..300 {
                let new = root.join(format!("new/{index:03}.a"));
                fs::rename(new, root.join(format!("cur/{index:03}.a:2,S"))).unwrap();
                std::thread::sleep(Duration::from_micros(100));
            }
        });
        while !moving.is_finished() {
            let (listing, findings) = list(&root);
            assert_eq!((listing.len(), findings.len()), (300, 0));
        }
    });
}

#[test]
fn a_message_that_became_a_link_is_not_read() {
    let pair = Pair::new();
    put(pair.source().join("cur/1.a:2,"), "one", 1);
    put(pair.dir.path().join("secret"), "not mail", 1);
    let mut source = MaildirSource::new(pair.source());
    let inbox = FolderName::inbox();
    let (listing, _) = source.list(&inbox).unwrap();
    fs::remove_file(pair.source().join("cur/1.a:2,")).unwrap();
    symlink(pair.dir.path().join("secret"), pair.source().join("cur/1.a:2,")).unwrap();
    assert!(matches!(source.open(&inbox, listing.iter().next().unwrap()), Err(Error::Disk { .. })));
}

#[test]
fn what_was_not_understood_on_the_target_is_kept() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,F"), "one", 1);
    put(pair.source().join("cur/2.a:2,F"), "two", 1);
    put(pair.target().join("cur/1.a:2,Sqx,mine"), "one", 1);
    put(pair.target().join("cur/2.a:1,other"), "two", 1);
    let report = pair.run();
    assert_eq!(texts(&report), ["adopted cur/1.a:2,F", "failed cur/2.a:2,F"]);
    assert!(report.lines[1].reason_text().unwrap().contains("left alone"));
    assert!(pair.target().join("cur/1.a:2,Fqx,mine").exists());
    assert!(pair.target().join("cur/2.a:1,other").exists());
}

#[test]
fn a_message_renamed_after_the_listing_is_found_again() {
    let pair = Pair::new();
    put(pair.source().join("new/1.a"), "one", 1);
    let mut source = MaildirSource::new(pair.source());
    let inbox = FolderName::inbox();
    let (listing, _) = source.list(&inbox).unwrap();
    let message = listing.iter().next().unwrap();
    fs::rename(pair.source().join("new/1.a"), pair.source().join("cur/1.a:2,S")).unwrap();
    let mut body = String::new();
    source.open(&inbox, message).unwrap().read_to_string(&mut body).unwrap();
    assert_eq!(body, "one");
    fs::remove_file(pair.source().join("cur/1.a:2,S")).unwrap();
    assert!(matches!(source.open(&inbox, message), Err(Error::Vanished { .. })));
}

#[test]
fn a_target_renamed_under_us_gets_its_flags_all_the_same() {
    let mut pair = Pair::new();
    put(pair.source().join("new/1.a"), "one", 1);
    pair.run();
    let mut target = MaildirTarget::new(pair.target(), Options::default());
    let inbox = FolderName::inbox();
    target.prepare(&inbox, &[]).unwrap();
    fs::rename(pair.target().join("new/1.a"), pair.target().join("cur/1.a:2,F")).unwrap();
    let state = State { flags: Flags::parse(b"S"), date: 5, ..State::default() };
    let unique = Unique::new("1.a").unwrap();
    target.set_state(&inbox, &unique, &state).unwrap();
    assert_eq!(target.settle(&inbox).unwrap().len(), 0);
    assert_eq!(fs::metadata(pair.target().join("cur/1.a:2,S")).unwrap().mtime(), 5);
    fs::remove_file(pair.target().join("cur/1.a:2,S")).unwrap();
    assert!(matches!(target.set_state(&inbox, &unique, &state), Err(Error::Vanished { .. })));
}
