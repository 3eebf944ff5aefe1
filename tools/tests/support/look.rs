//! What `look.py` saw: an account over IMAP or on disk, the collections of a DAV home.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::command::run;
use super::programs::Program;

/// One account's mail. Two of one account are equal when nothing was written between them.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Look {
    pub folders: Vec<Folder>,
    /// Names as in [`Folder::name`].
    pub subscribed: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Folder {
    pub attributes: Vec<String>,
    /// In the order of their UIDs, on disk of their file names.
    pub messages: Vec<Message>,
    /// Decoded, with `/` between its parts.
    pub name: String,
    /// How many messages no client has seen yet; the look itself does not change it.
    pub recent: Option<u64>,
    pub selectable: bool,
    pub uidnext: Option<u64>,
    pub uidvalidity: Option<u64>,
}

/// A message as far as it can be compared from server to server.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// Of the body with LF line ends, as is `size`.
    pub sha256: String,
    /// INTERNALDATE in seconds since 1970.
    pub date: i64,
    /// Of the body as it came over IMAP.
    pub exact: Option<String>,
    /// System flags but `\Recent`, sorted.
    pub flags: Vec<String>,
    /// Sorted.
    pub keywords: Vec<String>,
    pub size: u64,
    /// RFC822.SIZE.
    pub told: Option<u64>,
    /// None on disk.
    pub uid: Option<u32>,
}

/// A calendar or an address book.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Collection {
    pub display_name: Option<String>,
    pub items: Vec<Resource>,
    /// `calendar` or `addressbook`.
    pub kind: String,
    pub name: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Resource {
    pub body: String,
    /// The last part of its address, decoded.
    pub name: String,
}

impl Look {
    /// Logs in as an ordinary client and examines every folder, or says why it could not.
    pub fn imap(port: u16, user: &str, password: &str) -> Result<Self, String> {
        look(&["imap", &port.to_string(), user], password)
    }

    /// A Maildir++ on disk, read by no code of ours.
    #[track_caller]
    pub fn maildir(root: &Path) -> Self {
        let root = root.to_str().expect("tests have readable paths");
        look(&["maildir", root], "").unwrap_or_else(|error| panic!("{root}: {error}"))
    }

    #[track_caller]
    pub fn folder(&self, name: &str) -> &Folder {
        let found = self.folders.iter().find(|folder| folder.name == name);
        found.unwrap_or_else(|| panic!("no folder {name:?} in {:?}", self.contents().keys()))
    }

    /// Each folder's messages as a sorted multiset, without UIDs: equal for two accounts of equal content.
    pub fn contents(&self) -> BTreeMap<&str, Vec<Message>> {
        self.folders
            .iter()
            .filter(|folder| folder.selectable)
            .map(|f| (f.name.as_str(), f.contents()))
            .collect()
    }
}

impl Folder {
    /// The messages as a sorted multiset, without UIDs.
    pub fn contents(&self) -> Vec<Message> {
        let mut messages: Vec<_> = self.messages.iter().map(|m| m.plain()).collect();
        messages.sort();
        messages
    }
}

impl Message {
    /// As far as a message on disk and one over IMAP can be compared.
    fn plain(&self) -> Self {
        Self { exact: None, told: None, uid: None, ..self.clone() }
    }
}

/// The calendars and address books of a DAV home, or why they cannot be had.
pub fn dav(url: &str, user: &str, password: &str) -> Result<Vec<Collection>, String> {
    look(&["dav", url, user], password)
}

fn look<T: DeserializeOwned>(arguments: &[&str], password: &str) -> Result<T, String> {
    let mut python = Command::new(Program::Python.path());
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/look.py")).args(arguments);
    python.env("LOOK_PASSWORD", password).env("PYTHONDONTWRITEBYTECODE", "1");
    let finished = run(&mut python, Duration::from_secs(60));
    if !finished.status.success() {
        return Err(finished.stderr);
    }
    serde_json::from_str(&finished.stdout).map_err(|error| format!("{error}: {}", finished.stdout))
}
