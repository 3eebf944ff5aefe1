//! What commands are given, where it is more than a word.

use chrono::{DateTime, FixedOffset};

use crate::flags::Flags;
use crate::keys::KeySet;
use crate::model::ItemKey;

/// A message to be appended, but for its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Appending<'a> {
    /// Its flags.
    pub flags: &'a Flags,
    /// Its INTERNALDATE; without one it is the time at which it comes.
    pub date: Option<&'a DateTime<FixedOffset>>,
    /// Its size.
    pub size: u64,
    /// Whether it holds zero bytes: it goes as a `literal8` (RFC 3516, RFC 9051), if the server knows such.
    pub binary: bool,
}

/// What is done with flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// These are added.
    Add,
    /// These are removed.
    Remove,
    /// There are no others.
    Replace,
}

/// Which mailboxes `LIST` gives (RFC 5258, RFC 6154).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Only {
    Remote,
    SpecialUse,
    Subscribed,
}

/// What is known of a mailbox from earlier (RFC 7162 section 3.2.5).
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// UIDVALIDITY.
    pub validity: u64,
    /// The modification sequence up to which everything is known.
    pub modseq: u64,
    /// The UIDs known, if the server shall not think of all.
    pub uids: Option<&'a KeySet>,
}

/// How a mailbox is selected.
#[derive(Clone, Copy, Debug)]
pub enum Select<'a> {
    /// As ever.
    Plain,
    /// With modification sequences (RFC 7162).
    Condstore,
    /// With what changed since; `QRESYNC` must have been enabled.
    Qresync(Known<'a>),
}

/// What `LIST` tells besides (RFC 5258, RFC 5819, RFC 6154, RFC 8440).
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum Tell<'a> {
    Children,
    MyRights,
    SpecialUse,
    Status(&'a [StatusItem]),
    Subscribed,
}

/// A number of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StatusItem {
    AppendLimit,
    Deleted,
    HighestModseq,
    MailboxId,
    Messages,
    Size,
    UidNext,
    UidValidity,
    Unseen,
}

/// What `SEARCH` answers (RFC 4731); by default all that was found, in one set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// How many were found.
    pub count: bool,
    /// The highest.
    pub max: bool,
    /// The lowest.
    pub min: bool,
    /// Those found. `ALL` and `PARTIAL` cannot be asked for together (RFC 9394 section 3.1).
    pub window: Option<Window>,
}

/// Which of those found are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Window {
    All,
    /// From the first place to the last, counted from 1, from the end or not (RFC 9394).
    Partial {
        from_end: bool,
        first: u64,
        last: u64,
    },
}

/// Which messages a `UID FETCH` is about.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// These.
    Keys(&'a KeySet),
    /// This one and all above it; the server also gives the last one below.
    Since(ItemKey),
}

/// Since when a `UID FETCH` tells changes (RFC 7162).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// The modification sequence.
    pub modseq: u64,
    /// Whether also what vanished; `QRESYNC` must have been enabled.
    pub vanished: bool,
}

impl Only {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Remote => "REMOTE",
            Self::SpecialUse => "SPECIAL-USE",
            Self::Subscribed => "SUBSCRIBED",
        }
    }
}

impl Tell<'_> {
    pub(super) fn written(&self) -> String {
        match self {
            Self::Children => "CHILDREN".into(),
            Self::MyRights => "MYRIGHTS".into(),
            Self::SpecialUse => "SPECIAL-USE".into(),
            Self::Status(items) => format!("STATUS {}", StatusItem::list(items)),
            Self::Subscribed => "SUBSCRIBED".into(),
        }
    }
}

impl StatusItem {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AppendLimit => "APPENDLIMIT",
            Self::Deleted => "DELETED",
            Self::HighestModseq => "HIGHESTMODSEQ",
            Self::MailboxId => "MAILBOXID",
            Self::Messages => "MESSAGES",
            Self::Size => "SIZE",
            Self::UidNext => "UIDNEXT",
            Self::UidValidity => "UIDVALIDITY",
            Self::Unseen => "UNSEEN",
        }
    }

    pub(super) fn list(items: &[Self]) -> String {
        let names: Vec<&str> = items.iter().map(|item| item.name()).collect();
        format!("({})", names.join(" "))
    }
}

impl Results {
    pub(super) fn written(self) -> String {
        let mut words: Vec<String> = Vec::new();
        for (asked, word) in [(self.min, "MIN"), (self.max, "MAX"), (self.count, "COUNT")] {
            words.extend(asked.then(|| word.to_owned()));
        }
        words.extend(self.window.map(|window| match window {
            Window::All => "ALL".to_owned(),
            Window::Partial { from_end: false, first, last } => format!("PARTIAL {first}:{last}"),
            Window::Partial { from_end: true, first, last } => format!("PARTIAL -{first}:-{last}"),
        }));
        words.join(" ")
    }
}
