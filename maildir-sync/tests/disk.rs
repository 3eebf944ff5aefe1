//! Real Maildirs on a real disk: what is carried over, and what verify says of it.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use maildir_sync::{
    Error, Flags, FolderName, MaildirTarget, Message, Options, Policy, Reason, Source, State, Target, Unique,
    Verdict,
};
use tree::{Pair, furnish, make_folder, put, set_date, texts, traces, tree};

#[test]
fn a_maildir_is_carried_over_whole_and_the_second_run_writes_nothing() {
    let mut pair = Pair::new();
    furnish(&pair.source());
    let before = traces(&pair.source());
    let report = pair.run_durably();
    assert!(report.is_good(), "{report:?}");
    let notes: Vec<_> = report.notes.iter().map(|note| note.file.as_str()).collect();
    assert_eq!(notes, ["cur/a b\\nc:2,T"]);
    assert_eq!(report.count(Verdict::Copied), 11);

    let (old, new) = (tree(&pair.source()), tree(&pair.target()));
    let messages = |tree: &BTreeMap<PathBuf, (Vec<u8>, i64, u32)>| {
        let messages = tree.iter().filter(|(path, _)| {
            path.parent().is_some_and(|dir| dir.ends_with("cur") || dir.ends_with("new"))
        });
        let renamed = |path: &Path| match path.to_str() {
            // Letters follow the target's own table, and what is seen goes to cur.
            Some("cur/3.M1P1.host:2,Sac") => "cur/3.M1P1.host:2,Sab".into(),
            Some("new/5.M1P1.host:2,S") => "cur/5.M1P1.host:2,S".into(),
            _ => path.to_owned(),
        };
        messages
            .map(|(path, (body, date, _))| (renamed(path), (body.clone(), *date)))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(messages(&new), messages(&old));
    assert_eq!(fs::read_to_string(pair.target().join("dovecot-keywords")).unwrap(), "0 $Forwarded\n1 Work\n");
    assert_eq!(fs::read_to_string(pair.target().join(".Sent/dovecot-keywords")).unwrap(), "0 Work\n");
    assert_eq!(
        fs::read_to_string(pair.target().join("subscriptions")).unwrap(),
        "V\t2\n\nSent\nArbeit\tGr&APYA3w-e\n"
    );
    for folder in [".Sent", ".Arbeit.Gr&APYA3w-e", ".Empty"] {
        assert_eq!(fs::metadata(pair.target().join(folder).join("maildirfolder")).unwrap().len(), 0);
    }
    assert!(!new.contains_key(Path::new("maildirfolder")));
    assert!(!new.values().any(|(body, ..)| body == b"never copied"), "{:?}", new.keys());
    for (path, (_, _, mode)) in &new {
        let expected = if pair.target().join(path).is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{path:?}");
    }

    let after_first = traces(&pair.target());
    let report = pair.run();
    assert_eq!(report.count(Verdict::Unchanged), 11);
    assert_eq!(report.lines.len(), 11);
    assert_eq!(traces(&pair.target()), after_first);
    let report = pair.verify(false);
    assert_eq!((report.count(Verdict::Unchanged), report.lines.len()), (11, 11));
    assert_eq!(traces(&pair.source()), before, "the source is never touched");
}

#[test]
fn a_changed_flag_is_a_rename_and_costs_no_body() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,"), "one", 1);
    put(pair.source().join("new/2.a"), "two", 2);
    pair.run();
    let inode = fs::metadata(pair.target().join("cur/1.a:2,")).unwrap().ino();
    fs::rename(pair.source().join("cur/1.a:2,"), pair.source().join("cur/1.a:2,RS")).unwrap();
    fs::rename(pair.source().join("new/2.a"), pair.source().join("cur/2.a:2,S")).unwrap();
    put(pair.source().join("new/3.a"), "three", 3);
    let report = pair.run();
    assert_eq!(texts(&report), ["copied cur/1.a:2,RS", "copied cur/2.a:2,S", "copied new/3.a"]);
    assert_eq!(fs::metadata(pair.target().join("cur/1.a:2,RS")).unwrap().ino(), inode);
    assert_eq!(fs::read_dir(pair.target().join("cur")).unwrap().count(), 2);
    assert_eq!(pair.run().count(Verdict::Unchanged), 3);
}

#[test]
fn what_users_did_on_the_target_stays_while_the_source_moves_on() {
    let mut pair = Pair::new();
    put(pair.source().join("dovecot-keywords"), "0 Work\n", 0);
    put(pair.source().join("new/1.a"), "one", 1);
    put(pair.source().join("cur/2.a:2,a"), "two", 2);
    pair.run();
    // A reader on the target: moves, flags, and names a keyword of its own.
    fs::rename(pair.target().join("new/1.a"), pair.target().join("cur/1.a:2,Fb")).unwrap();
    put(pair.target().join("dovecot-keywords"), "0 Work\n1 Own\n", 0);
    fs::remove_file(pair.target().join("cur/2.a:2,a")).unwrap();
    // And one on the source.
    fs::rename(pair.source().join("new/1.a"), pair.source().join("cur/1.a:2,Sa")).unwrap();
    let report = pair.run();
    assert!(pair.target().join("cur/1.a:2,FSab").exists(), "{:?}", tree(&pair.target()).keys());
    assert_eq!(texts(&report), ["copied cur/1.a:2,Sa", "excluded cur/2.a:2,a"]);
    let report = pair.run();
    assert_eq!(report.lines[0].reason, Some(Reason::ChangedOnTarget));
    assert_eq!(report.lines[0].verdict, Verdict::Unchanged);

    for (live, verdict) in [(false, "failed"), (true, "excluded")] {
        let told = pair.verify(live);
        assert_eq!(texts(&told), [format!("{verdict} cur/1.a:2,Sa"), format!("{verdict} cur/2.a:2,a")]);
        let reason = told.lines[0].reason_text().unwrap();
        assert!(reason.ends_with("flag F only on the target; keyword Own only on the target"), "{reason}");
        assert_eq!(told.lines[1].reason, Some(Reason::RemovedOnTarget));
    }
    pair.run_with(&Policy::default().with_restore(true));
    assert!(pair.verify(false).is_good());
    assert!(pair.target().join("cur/1.a:2,Sa").exists());
}

#[test]
fn a_change_that_was_not_carried_over_yet_is_nobodys_exception() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,"), "one", 1);
    pair.run();
    fs::rename(pair.source().join("cur/1.a:2,"), pair.source().join("cur/1.a:2,S")).unwrap();
    for live in [false, true] {
        let report = pair.verify(live);
        assert_eq!(report.lines[0].verdict, Verdict::Failed);
        assert_eq!(
            report.lines[0].reason_text().unwrap(),
            "differs from the source: flag S only at the source"
        );
    }
}

#[test]
fn a_message_made_by_a_caller_is_delivered() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("deep/Maildir");
    let mut target = MaildirTarget::new(&root, Options::default().with_modes(0o770, 0o660));
    let folder = FolderName::from_path_parts(&["Entwürfe"]).unwrap();
    target.create_folder(&FolderName::inbox()).unwrap();
    target.create_folder(&folder).unwrap();
    let state =
        State { flags: Flags::parse(b"DS"), keywords: ["Work", "Junk"].map(str::to_owned).into(), date: -1 };
    let message =
        Message::new(Unique::new("uid-77.v1.old.example.com").unwrap(), 0, 4).with_state(state.clone());
    assert_eq!(target.deliver(&folder, &message, &mut &b"body"[..]).unwrap(), 4);
    let short = Message::new(Unique::new("uid-78").unwrap(), 0, 9);
    for body in [&b"too short"[..8], b"far too long"] {
        assert!(matches!(target.deliver(&folder, &short, &mut &*body), Err(Error::Size { expected: 9, .. })));
    }
    let endless = target.deliver(&folder, &short, &mut std::io::repeat(b'x'));
    assert!(matches!(endless, Err(Error::Size { expected: 9, .. })));
    target.settle(&folder).unwrap();
    let path = root.join(".Entw&APw-rfe/cur/uid-77.v1.old.example.com:2,DSab");
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.len(), metadata.mtime(), metadata.permissions().mode() & 0o777), (4, -1, 0o660));
    assert_eq!(fs::metadata(root.join("cur")).unwrap().permissions().mode() & 0o777, 0o770);
    let (listing, _) = target.list(&folder).unwrap();
    assert_eq!(listing.get(&message.unique).unwrap().state(), state);
    assert_eq!(fs::read_dir(root.join(".Entw&APw-rfe/tmp")).unwrap().count(), 0);
    let long = Message::new(Unique::new("x".repeat(250)).unwrap(), 1, 0);
    target.deliver(&folder, &long, &mut &b""[..]).unwrap();
    target.settle(&folder).unwrap();
    assert_eq!(target.list(&folder).unwrap().0.len(), 2);
}

#[test]
fn the_target_keeps_its_own_letters() {
    let mut pair = Pair::new();
    put(pair.source().join("dovecot-keywords"), "0 One\n1 Two\n2 Junk\n", 0);
    put(pair.source().join("cur/1.a:2,abc"), "one", 1);
    make_folder(&pair.target());
    put(pair.target().join("dovecot-keywords"), "1 junk\n5 Other\n", 0);
    pair.run();
    assert_eq!(
        fs::read_to_string(pair.target().join("dovecot-keywords")).unwrap(),
        "1 junk\n5 Other\n6 One\n7 Two\n"
    );
    assert!(pair.target().join("cur/1.a:2,bgh").exists());
    assert!(pair.verify(false).is_good());
    assert_eq!(pair.run().count(Verdict::Unchanged), 1);
}

#[test]
fn a_maildir_that_was_copied_by_other_means_is_adopted() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,S"), "one", 1);
    put(pair.source().join("cur/2.a:2,"), "two", 2);
    put(pair.target().join("cur/1.a:2,S"), "one", 1);
    put(pair.target().join("new/2.a"), "two", 9);
    put(pair.target().join("new/3.a"), "three", 3);
    let report = pair.run();
    assert_eq!(texts(&report), ["adopted cur/1.a:2,S", "adopted cur/2.a:2,", "extra new/3.a"]);
    assert_eq!(fs::metadata(pair.target().join("new/2.a")).unwrap().mtime(), 2);
    assert_eq!(pair.run().count(Verdict::Unchanged), 2);
}

#[test]
fn verify_pairs_by_content_and_names_what_is_missing() {
    let mut pair = Pair::new();
    put(pair.source().join("cur/1.a:2,S"), "Message-ID: <lost@example.com>\n\n", 1);
    put(pair.source().join("cur/2.a:2,S"), "twice", 2);
    put(pair.source().join("cur/3.a:2,S"), "twice", 2);
    put(pair.source().join("cur/4.a:2,S"), "four", 4);
    pair.run();
    pair.facts.clear();
    let cur = pair.target().join("cur");
    fs::remove_file(cur.join("1.a:2,S")).unwrap();
    fs::rename(cur.join("2.a:2,S"), cur.join("other-name:2,S")).unwrap();
    put(cur.join("4.a:2,S"), "FOUR", 4);
    let report = pair.verify(false);
    assert_eq!(
        texts(&report),
        ["failed cur/1.a:2,S", "unchanged cur/2.a:2,S", "unchanged cur/3.a:2,S", "failed cur/4.a:2,S"]
    );
    assert_eq!(report.lines[0].reason, Some(Reason::Missing));
    assert_eq!(report.lines[0].message_id.as_deref(), Some("lost@example.com"));
    assert_eq!(report.lines[3].reason_text().unwrap(), "differs from the source: other content");
    set_date(&cur.join("3.a:2,S"), 1_000_000_000);
    let report = pair.verify(false);
    let reason = report.lines[2].reason_text().unwrap();
    assert!(
        reason.ends_with("date 1970-01-01 00:00:02 UTC at the source, 2001-09-09 01:46:40 UTC on the target")
    );
    // One of two equal messages is one too few.
    fs::remove_file(cur.join("3.a:2,S")).unwrap();
    assert_eq!(pair.verify(false).count(Verdict::Failed), 3);
}
