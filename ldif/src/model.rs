//! What a mail directory holds, typed: classes of service, domains, accounts, aliases, lists, resources.
//!
//! All of it serialises, without the entries and without any secret.

use std::fmt;

use serde::Serialize;

use crate::address::Address;
use crate::entry::Entry;
use crate::error::Place;
use crate::password::Password;

/// Everything that the files say, in file order within each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Directory {
    /// Classes of service.
    pub classes: Vec<ClassOfService>,
    /// Domains and alias domains.
    pub domains: Vec<Domain>,
    /// People's accounts; system accounts are left out.
    pub accounts: Vec<Account>,
    /// Second addresses of accounts and resources, each once.
    pub aliases: Vec<Alias>,
    /// Distribution lists.
    pub lists: Vec<List>,
    /// Rooms and equipment.
    pub resources: Vec<Resource>,
    /// Entries that the model has no type for.
    pub others: Vec<Other>,
}

/// A class of service: what many accounts have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassOfService {
    /// Its name.
    pub name: String,
    /// The id by which accounts refer to it.
    pub id: Option<String>,
    /// Bytes for each account's mail; `Some(0)` is unlimited.
    pub quota: Option<u64>,
    /// The whole entry, without operational attributes.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}

/// A mail domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Domain {
    /// Its name, in lower case.
    pub name: String,
    /// Whether it has accounts of its own.
    pub kind: DomainKind,
    /// The account that gets mail for unknown addresses.
    pub catch_all: Option<Address>,
    /// The whole entry, without operational attributes.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}

/// Whether a domain has accounts of its own or is another name of one that has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DomainKind {
    /// Another name of `target`.
    Alias {
        /// The domain's name that is meant.
        target: String,
    },
    /// It has accounts of its own.
    Local,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The primary address.
    pub address: Address,
    /// The name of its class of service: its own, its domain's default, or the directory's.
    pub class: Option<String>,
    /// The password's hash.
    pub password: Option<Password>,
    /// Whether it may be used.
    pub status: Status,
    /// Its own quota or that of its class.
    pub quota: Quota,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// Where the user has mail forwarded to.
    pub forward: Vec<Address>,
    /// Where the administrator has mail forwarded to, unseen by the user.
    pub hidden_forward: Vec<Address>,
    /// Whether forwarded mail also stays here.
    pub keep_copy: bool,
    /// The whole entry, without operational attributes.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}

/// Room for mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Quota {
    /// Bytes; `None` is unlimited, and zero never occurs.
    pub bytes: Option<u64>,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// In use.
    #[default]
    Active,
    /// No login, and mail is refused.
    Closed,
    /// No login; mail still arrives.
    Locked,
    /// Locked after too many failed logins.
    #[serde(rename = "lockout")]
    LockedOut,
    /// No login and mail is held, for a time.
    Maintenance,
    /// Not yet in use.
    Pending,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Closed => "closed",
            Self::Locked => "locked",
            Self::LockedOut => "lockout",
            Self::Maintenance => "maintenance",
            Self::Pending => "pending",
        })
    }
}

/// A second address of an account or resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alias {
    /// The second address.
    pub address: Address,
    /// The primary one that gets its mail.
    pub target: Address,
    /// Its own entry, or one made up when only the target's entry names it.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}

/// A distribution list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct List {
    /// The primary address.
    pub address: Address,
    /// Its further addresses.
    pub aliases: Vec<Address>,
    /// Who gets its mail: accounts, other lists, and addresses elsewhere.
    pub members: Vec<Address>,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// The whole entry, without operational attributes.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}

/// A calendar resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// The primary address.
    pub address: Address,
    /// A room or a thing.
    pub kind: ResourceKind,
    /// The name of its class of service.
    pub class: Option<String>,
    /// The password's hash.
    pub password: Option<Password>,
    /// Whether it may be used.
    pub status: Status,
    /// Its own quota or that of its class.
    pub quota: Quota,
    /// The name shown to people.
    pub display_name: Option<String>,
    /// The whole entry, without operational attributes.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}

/// What a calendar resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// A thing, such as a projector.
    Equipment,
    /// A room.
    Location,
}

/// An entry that the model has no type for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Other {
    /// What it is, for people: `signature`, `dynamic list`, `entry`.
    pub what: String,
    /// The whole entry, without operational attributes.
    #[serde(skip)]
    pub entry: Entry,
    /// Where it was read.
    pub place: Place,
}
