//! Verify where the sides are not alike.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, ErrorKind, Read};
use std::os::unix::fs::symlink;
use std::path::Path;

use maildir_sync::{
    Error, Fact, Facts, Finding, FolderName, Listing, MaildirSource, MaildirTarget, Message, Options, Reason,
    Report, Result, Source, Unique, Verdict, verify,
};
use tree::{Pair, make_folder, put, texts};

/// A folder in memory that counts how often each body is opened. A body that is `None` cannot be read.
#[derive(Default)]
struct Counting {
    bodies: BTreeMap<Unique, Option<Vec<u8>>>,
    opened: BTreeMap<Unique, usize>,
}

impl Counting {
    fn of(bodies: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let body = |(name, body): (String, Option<String>)| {
            (Unique::new(name).unwrap(), body.map(String::into_bytes))
        };
        Self { bodies: bodies.into_iter().map(body).collect(), ..Self::default() }
    }

    fn most_opened(&self) -> usize {
        self.opened.values().copied().max().unwrap_or_default()
    }
}

impl Source for Counting {
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        Ok((vec![FolderName::inbox()], Vec::new()))
    }

    fn list(&mut self, _: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        let mut listing = Listing::new();
        for (unique, body) in &self.bodies {
            let size = body.as_ref().map_or(SIZE, Vec::len) as u64;
            listing.insert(Message::new(unique.clone(), 1, size));
        }
        Ok((listing, Vec::new()))
    }

    fn open(&mut self, _: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        *self.opened.entry(message.unique.clone()).or_default() += 1;
        let refused = || Error::disk(Path::new("body"), "open", ErrorKind::PermissionDenied.into());
        Ok(Box::new(Cursor::new(self.bodies[&message.unique].clone().ok_or_else(refused)?)))
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        Ok(None)
    }
}

/// What an unreadable body's listing tells.
const SIZE: usize = 6;

fn compare(source: &mut Counting, target: &mut Counting) -> Report {
    verify(&FolderName::inbox(), source, target, &Facts::new(), false).unwrap()
}

fn of_folder(pair: &Pair, name: &str) -> Result<Report> {
    let mut source = MaildirSource::new(pair.source());
    let mut target = MaildirTarget::new(pair.target(), Options::default());
    verify(&FolderName::new(name).unwrap(), &mut source, &mut target, &Facts::new(), false)
}

#[test]
fn a_folder_that_one_side_lacks_is_an_empty_one() {
    let pair = Pair::new();
    make_folder(&pair.target());
    put(pair.target().join(".Theirs/cur/1.a:2,S"), "one", 1);
    put(pair.source().join(".Ours/cur/2.a:2,S"), "two", 1);
    let report = of_folder(&pair, "Theirs").unwrap();
    assert_eq!(texts(&report), ["extra .Theirs/cur/1.a:2,S"]);
    assert!(report.is_good());
    let report = of_folder(&pair, "Ours").unwrap();
    assert_eq!(texts(&report), ["failed .Ours/cur/2.a:2,S"]);
    assert_eq!(report.lines[0].reason, Some(Reason::Missing));
    assert_eq!(of_folder(&pair, "Nobodys").unwrap(), Report::default());
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_not_an_empty_one() {
    let pair = Pair::new();
    make_folder(&pair.target());
    put(pair.dir.path().join("other/cur/1.a:2,"), "one", 1);
    for (index, root) in [pair.source(), pair.target()].iter().enumerate() {
        let name = format!("Behind{index}");
        symlink(pair.dir.path().join("other"), root.join(format!(".{name}"))).unwrap();
        assert!(matches!(of_folder(&pair, &name), Err(Error::Disk { .. })), "{name}");
        let name = format!("Unmounted{index}");
        symlink("/nowhere/at/all", root.join(format!(".{name}"))).unwrap();
        assert!(matches!(of_folder(&pair, &name), Err(Error::Disk { .. })), "{name}");
    }
}

#[test]
fn a_source_that_is_gone_as_a_whole_is_an_error() {
    let pair = Pair::new();
    make_folder(&pair.target());
    put(pair.target().join(".Theirs/cur/1.a:2,S"), "one", 1);
    fs::remove_dir_all(pair.source()).unwrap();
    for name in ["", "Theirs"] {
        assert!(matches!(of_folder(&pair, name), Err(Error::NotMaildir { .. })), "{name}");
    }
}

#[test]
fn thousands_of_renamed_messages_of_one_size_are_read_once_each() {
    const MANY: usize = 6000;
    let bodies = |name: fn(usize) -> usize| {
        (0..MANY).map(move |index| (format!("{:05}.a", name(index)), Some(format!("{index:SIZE$}"))))
    };
    // In the opposite order, under names of their own.
    let (mut source, mut target) =
        (Counting::of(bodies(|index| index)), Counting::of(bodies(|index| 99_999 - index)));
    let report = compare(&mut source, &mut target);
    assert_eq!((report.count(Verdict::Unchanged), report.lines.len()), (MANY, MANY));
    assert_eq!((source.most_opened(), target.most_opened()), (1, 1));
}

#[test]
fn a_body_is_read_once_though_its_name_bears_another() {
    let bodies = |shift: usize| {
        (0..9).map(move |index| (format!("{index}.a"), Some(format!("{:SIZE$}", (index + shift) % 9))))
    };
    let (mut source, mut target) = (Counting::of(bodies(0)), Counting::of(bodies(4)));
    let report = compare(&mut source, &mut target);
    assert_eq!((report.count(Verdict::Unchanged), report.lines.len()), (9, 9));
    assert_eq!((source.most_opened(), target.most_opened()), (1, 1));
}

#[test]
fn one_of_equal_messages_is_paired_with_one_only() {
    let bodies = |names: &[&str]| {
        Counting::of(names.iter().map(|name| ((*name).to_owned(), Some("equal!".to_owned()))))
    };
    let report = compare(&mut bodies(&["1.a", "2.a", "3.a"]), &mut bodies(&["3.a", "4.b"]));
    assert_eq!(texts(&report), ["unchanged cur/1.a", "failed cur/2.a", "unchanged cur/3.a"]);
    let report = compare(&mut bodies(&["3.a", "4.b"]), &mut bodies(&["1.a", "2.a", "3.a"]));
    assert_eq!(texts(&report), ["extra cur/2.a", "unchanged cur/3.a", "unchanged cur/4.b"]);
}

#[test]
fn a_message_that_may_be_behind_one_that_cannot_be_read_was_not_removed_by_its_user() {
    let mut source = Counting::of([("1.a".to_owned(), Some("equal!".to_owned()))]);
    let mut target = Counting::of([("2.b".to_owned(), None)]);
    let state = Message::new(Unique::new("1.a").unwrap(), 1, SIZE as u64).state();
    let mut facts = Facts::new();
    facts.insert(Unique::new("1.a").unwrap(), Fact { source: state.clone(), target: state });
    let report = verify(&FolderName::inbox(), &mut source, &mut target, &facts, true).unwrap();
    assert_eq!(texts(&report), ["failed cur/1.a", "extra cur/2.b"]);
    let reason = report.lines[0].reason_text().unwrap();
    assert!(reason.contains("cannot open"), "{reason}");
}
