//! What cannot be seen is never taken for what is not there.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod tree;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use maildir_sync::{
    Error, FolderName, Listing, MaildirSource, MaildirTarget, Options, Policy, Severity, Source, Verdict,
    apply, plan,
};
use tree::{Pair, furnish, make_folder, put, reasons};

fn folder(name: &str) -> FolderName {
    FolderName::new(name).unwrap()
}

fn target(root: &Path) -> MaildirTarget {
    MaildirTarget::new(root, Options::default().with_durable(false))
}

/// Takes away every directory that holds nothing, as some backups do.
fn drop_empty_directories(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            drop_empty_directories(&path);
            fs::remove_dir(&path).ok();
        }
    }
}

#[test]
fn a_target_folder_that_lost_its_empty_directories_did_not_lose_its_mail() {
    let mut pair = Pair::new();
    furnish(&pair.source());
    put(pair.source().join(".Fresh/new/8.M1P1.host"), "eight", 8);
    assert_eq!(pair.run().count(Verdict::Copied), 12);
    drop_empty_directories(&pair.target());
    assert!(!pair.target().join(".Sent/tmp").exists() && !pair.target().join(".Fresh/cur").exists());
    let (folders, _) = target(&pair.target()).folders().unwrap();
    for name in ["", "Sent", "Fresh"] {
        assert!(folders.contains(&folder(name)), "{name}: {folders:?}");
    }
    put(pair.source().join(".Fresh/cur/9.M1P1.host:2,S"), "nine", 9);
    let report = pair.run();
    assert_eq!((report.count(Verdict::Unchanged), report.count(Verdict::Copied)), (12, 1));
    assert!(pair.target().join(".Fresh/cur/9.M1P1.host:2,S").exists());
    assert!(pair.verify(false).is_good());
}

#[test]
fn folders_are_seen_where_the_inbox_lost_all_its_directories() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path().join(".Sent/cur/1.a:2,S"), "one", 1);
    assert_eq!(target(dir.path()).folders().unwrap().0, [folder("Sent")]);
    let source = MaildirSource::new(dir.path()).folders();
    assert!(matches!(source, Err(Error::NotMaildir { .. })), "{source:?}");
}

#[test]
fn what_a_folder_held_that_both_sides_dropped_is_forgotten_without_making_it_again() {
    let mut pair = Pair::new();
    put(pair.source().join(".Old/cur/1.a:2,S"), "one", 1);
    pair.run();
    for root in [pair.source(), pair.target()] {
        fs::remove_dir_all(root.join(".Old")).unwrap();
    }
    let (mut source, mut target) = (MaildirSource::new(pair.source()), target(&pair.target()));
    let old = folder("Old");
    let facts = pair.facts.get_mut(&old).unwrap();
    let plan = plan(&Listing::new(), &Listing::new(), facts, &Policy::default());
    assert!(!plan.is_empty() && !plan.touches_target());
    let mut record = |changes: &[_]| {
        changes.iter().cloned().for_each(|change| facts.change(change));
        Ok::<_, String>(())
    };
    apply(&plan, &old, &mut source, &mut target, &mut record, &|| true, &mut |_| ());
    assert!(facts.is_empty());
    assert!(!pair.target().join(".Old").exists());
}

#[test]
fn a_folder_made_by_half_counts_as_not_made() {
    let dir = tempfile::tempdir().unwrap();
    make_folder(dir.path());
    fs::create_dir_all(dir.path().join(".Half/new")).unwrap();
    assert_eq!(target(dir.path()).folders().unwrap().0, [FolderName::inbox()]);
    put(dir.path().join(".Half/new/1.a"), "one", 1);
    assert_eq!(target(dir.path()).folders().unwrap().0, [FolderName::inbox(), folder("Half")]);
}

#[test]
fn a_folder_that_cannot_be_looked_at_is_a_failed_finding_about_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    make_folder(root);
    put(root.join("real/cur/1.a:2,"), "one", 1);
    make_folder(&root.join(".Linked"));
    fs::remove_dir(root.join(".Linked/cur")).unwrap();
    symlink(root.join("real/cur"), root.join(".Linked/cur")).unwrap();
    symlink("real", root.join(".Behind")).unwrap();
    symlink(".Loop", root.join(".Loop")).unwrap();
    symlink("/nowhere/at/all", root.join(".Unmounted")).unwrap();
    put(root.join(".Filed/cur"), "a file", 1);
    // What is no folder, and can be seen to be none.
    symlink("dovecot-keywords", root.join(".link-to-a-file")).unwrap();
    put(root.join("dovecot-keywords"), "", 1);
    symlink("nowhere", root.join("lock")).unwrap();
    put(root.join(".profile"), "", 1);
    fs::remove_dir_all(root.join("real")).unwrap();
    put(root.join("real.elsewhere/new/1.a"), "one", 1);

    for findings in [target(root).folders().unwrap().1, MaildirSource::new(root).folders().unwrap().1] {
        let failed = findings.iter().filter(|finding| finding.severity == Severity::Failed);
        let folders: Vec<_> = failed.map(|finding| finding.folder.to_string()).collect();
        assert_eq!(folders, ["Behind", "Filed", "Linked", "Loop", "Unmounted", "INBOX"], "{findings:?}");
    }
}

#[test]
fn a_folder_without_permission_is_not_an_absent_one() {
    let pair = Pair::new();
    let root = pair.source();
    make_folder(&root.join(".Sent"));
    fs::create_dir(root.join("hidden")).unwrap();
    for name in [".Sent", "hidden"] {
        fs::set_permissions(root.join(name), Permissions::from_mode(0o000)).unwrap();
    }
    // The superuser sees it all the same.
    let seen = fs::read_dir(root.join(".Sent")).is_ok();
    let found = target(&root).folders();
    let listed = target(&root).list(&folder("Sent"));
    for name in [".Sent", "hidden"] {
        fs::set_permissions(root.join(name), Permissions::from_mode(0o700)).unwrap();
    }
    if !seen {
        let (folders, findings) = found.unwrap();
        assert_eq!(folders, [FolderName::inbox()]);
        assert_eq!(reasons(&findings, Severity::Failed).len(), 2, "{findings:?}");
        assert!(matches!(listed, Err(Error::Disk { .. })));
    }
}

#[test]
fn a_folder_behind_a_link_is_not_listed_by_name_either() {
    let pair = Pair::new();
    put(pair.dir.path().join("other/cur/1.a:2,"), "one", 1);
    symlink(pair.dir.path().join("other"), pair.source().join(".Away")).unwrap();
    symlink("/nowhere/at/all", pair.source().join(".Unmounted")).unwrap();
    for name in ["Away", "Unmounted"] {
        let listed = target(&pair.source()).list(&folder(name));
        assert!(matches!(listed, Err(Error::Disk { .. })), "{name}: {listed:?}");
    }
}

#[test]
fn a_root_that_is_no_directory_is_an_error_and_one_that_is_missing_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path().join("file"), "", 1);
    assert!(target(&dir.path().join("file")).folders().is_err());
    assert!(target(&dir.path().join("file")).is_there().is_err());
    assert!(!target(&dir.path().join("missing")).is_there().unwrap());
    assert!(target(dir.path()).is_there().unwrap());
}

#[test]
fn what_is_never_copied_is_not_taken_for_a_folder() {
    let pair = Pair::new();
    make_folder(&pair.source().join("fts-flatcurve"));
    make_folder(&pair.source().join("tmp"));
    assert_eq!(MaildirSource::new(pair.source()).folders().unwrap().1, []);
}
