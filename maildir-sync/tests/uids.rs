//! Messages that keep the UIDs which they had where they come from.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::time::Duration;

use maildir_sync::{
    FolderName, Left, MaildirTarget, Message, Numbers, Options, Result, State, Target, Unique,
};
use tempfile::TempDir;

struct Folder {
    dir: TempDir,
    target: MaildirTarget,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = Self { target: Self::opened(&dir), dir };
        folder.target.create_folder(&FolderName::inbox()).unwrap();
        folder
    }

    /// As the next process sees it.
    fn again(self) -> Self {
        Self { target: Self::opened(&self.dir), ..self }
    }

    fn opened(dir: &TempDir) -> MaildirTarget {
        let options = Options::default().with_durable(false).with_patience(Duration::ZERO);
        MaildirTarget::new(dir.path(), options)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn deliver(&mut self, uids: &[u32]) {
        for uid in uids {
            let message = Message::new(unique(*uid), 1, 1);
            self.target.deliver(&FolderName::inbox(), &message, &mut &b"x"[..]).unwrap();
        }
    }

    fn settle(&mut self, next: Option<u32>, uids: &[u32]) -> Result<Left> {
        self.target.settle_with_uids(&FolderName::inbox(), &numbers(next, uids))
    }
}

fn unique(uid: u32) -> Unique {
    Unique::new(format!("{uid}.a")).unwrap()
}

fn numbers(next: Option<u32>, uids: &[u32]) -> Numbers {
    let uids: BTreeMap<_, _> = uids.iter().map(|uid| (unique(*uid), *uid)).collect();
    Numbers { validity: NonZeroU32::new(7).unwrap(), next, uids }
}

#[test]
fn messages_and_their_uids_arrive_together() {
    let mut folder = Folder::new();
    folder.deliver(&[3, 5]);
    assert!(!folder.path("cur/3.a:2,").exists());
    let (refused, others) = folder.settle(None, &[3, 5]).unwrap();
    assert!(refused.is_empty() && others.is_empty());
    assert!(folder.path("cur/3.a:2,").exists() && !folder.path("dovecot-uidlist.lock").exists());
    assert_eq!(folder.text("dovecot-uidlist"), "3 V7 N6\n3 :3.a\n5 :5.a\n");
    assert_eq!(folder.path("dovecot-uidlist").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    folder.deliver(&[8]);
    folder.settle(None, &[8]).unwrap();
    folder.settle(Some(20), &[]).unwrap();
    assert_eq!(folder.text("dovecot-uidlist"), "3 V7 N20\n3 :3.a\n5 :5.a\n8 :8.a\n");
}

#[test]
fn l2_idempotent() {
    let mut folder = Folder::new();
    folder.deliver(&[3]);
    folder.settle(Some(9), &[3]).unwrap();
    let date = || folder.path("dovecot-uidlist").metadata().unwrap().modified().unwrap();
    let before = date();
    let mut folder = folder.again();
    let (refused, others) = folder.settle(Some(9), &[3]).unwrap();
    assert!(refused.is_empty() && others.is_empty());
    assert_eq!(folder.path("dovecot-uidlist").metadata().unwrap().modified().unwrap(), before);
}

#[test]
fn a_run_killed_before_the_list_was_written_is_made_good() {
    let mut folder = Folder::new();
    folder.deliver(&[3, 5]);
    folder.target.settle(&FolderName::inbox()).unwrap();
    fs::write(folder.path("dovecot-uidlist.mailferry"), "3 V7").unwrap();
    let mut folder = folder.again();
    let (_, others) = folder.settle(None, &[3, 5, 6]).unwrap();
    assert!(others.is_empty());
    assert_eq!(folder.text("dovecot-uidlist"), "3 V7 N6\n3 :3.a\n5 :5.a\n", "6 has no file");
    assert!(!folder.path("dovecot-uidlist.mailferry").exists());
}

#[test]
fn nothing_appears_while_somebody_else_holds_the_lock() {
    let mut folder = Folder::new();
    fs::write(folder.path("dovecot-uidlist.lock"), "1:elsewhere.example.com").unwrap();
    folder.deliver(&[3]);
    let error = folder.settle(None, &[3]).unwrap_err().to_string();
    assert!(error.contains("dovecot-uidlist.lock: held by 1:elsewhere.example.com"), "{error}");
    assert!(!folder.path("cur/3.a:2,").exists() && !folder.path("dovecot-uidlist").exists());
    fs::remove_file(folder.path("dovecot-uidlist.lock")).unwrap();
    folder.settle(None, &[3]).unwrap();
    assert!(folder.path("cur/3.a:2,").exists());
}

#[test]
fn a_message_that_is_not_put_in_place_gets_no_record() {
    let mut folder = Folder::new();
    folder.deliver(&[3, 5]);
    fs::write(folder.path("cur/3.a:2,"), "other").unwrap();
    let (refused, _) = folder.settle(None, &[3, 5]).unwrap();
    assert_eq!(refused.len(), 1);
    assert_eq!(folder.text("dovecot-uidlist"), "3 V7 N6\n5 :5.a\n");
}

#[test]
fn the_mail_comes_even_where_its_uids_cannot() {
    for list in ["3 V8 N2\n1 :x\n", "damaged"] {
        let mut folder = Folder::new();
        fs::write(folder.path("dovecot-uidlist"), list).unwrap();
        folder.deliver(&[3, 5]);
        let (refused, others) = folder.settle(Some(9), &[3, 5]).unwrap();
        assert_eq!((refused.len(), others.len()), (0, 2));
        assert!(folder.path("cur/3.a:2,").exists());
        assert_eq!(folder.text("dovecot-uidlist"), list);
    }
}

#[test]
fn a_list_that_is_replaced_stays_as_readable_as_it_was() {
    let mut folder = Folder::new();
    let list = folder.path("dovecot-uidlist");
    fs::write(&list, "3 V7 N2 G0123456789abcdef0123456789abcdef\n").unwrap();
    fs::set_permissions(&list, fs::Permissions::from_mode(0o640)).unwrap();
    folder.settle(Some(9), &[]).unwrap();
    assert_eq!(folder.text("dovecot-uidlist"), "3 V7 N9 G0123456789abcdef0123456789abcdef\n");
    assert_eq!(list.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_list_belongs_to_whom_the_folder_belongs() {
    let mut folder = Folder::new();
    let before = folder.dir.path().metadata().unwrap();
    if chown(folder.dir.path(), Some(before.uid() + 1), Some(before.gid() + 1)).is_err() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    folder.deliver(&[3]);
    for next in [None, Some(9)] {
        folder.settle(next, &[3]).unwrap();
        let list = folder.path("dovecot-uidlist").metadata().unwrap();
        assert_eq!((list.uid(), list.gid()), (before.uid() + 1, before.gid() + 1));
    }
}

#[test]
fn a_keyword_that_a_server_added_meanwhile_keeps_its_letter() {
    let mut folder = Folder::new();
    folder.deliver(&[3]);
    fs::write(folder.path("dovecot-keywords"), "0 theirs\n").unwrap();
    let state = State { keywords: ["ours".to_owned()].into(), ..State::default() };
    let message = Message::new(unique(5), 1, 1).with_state(state);
    folder.target.deliver(&FolderName::inbox(), &message, &mut &b"x"[..]).unwrap();
    folder.settle(None, &[3, 5]).unwrap();
    assert_eq!(folder.text("dovecot-keywords"), "0 theirs\n1 ours\n");
    assert!(folder.path("cur/5.a:2,b").exists());
}
