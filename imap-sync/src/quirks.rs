//! What servers do that they should not, and what they do not that they should: as data.
//!
//! A server is recognised by its `ID` (RFC 2971), its greeting, its capabilities or its host. One that is not known has no quirks.
//! Sources: imapsync's presets and FAQ, reports in public trackers; as of 2026-11. The quirks that no profile has are those for which
//! Dovecot's `imapc_features` has switches without naming servers: probes and users switch them on.

use std::collections::BTreeSet;

/// What is known of a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Server<'a> {
    /// Its host's name.
    pub host: &'a str,
    /// The values of `name` and `vendor` in its `ID`.
    pub id: &'a [&'a str],
    /// The text of its greeting.
    pub greeting: &'a str,
    /// Its capabilities, in upper case.
    pub capabilities: &'a [&'a str],
}

/// One of the things that are not as the standard has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Quirk {
    /// A message whose body is empty though it has a size is one that is gone.
    EmptyFetchIsExpunged,
    /// INTERNALDATE of APPEND is not kept.
    IgnoresInternalDate,
    /// UIDs are listed of messages that are not there.
    ListsPhantomUids,
    /// LITERAL+ is offered and does not work.
    LiteralPlusBroken,
    /// MULTIAPPEND is offered and does not work.
    MultiappendBroken,
    /// EXAMINE does not work, or marks as read: there is no way to look without it.
    NoExamine,
    /// RFC822.SIZE is not the size of the body.
    NoFetchSize,
    /// INBOX has no children.
    NoInboxChildren,
    /// MODSEQ is offered and is not to be trusted.
    NoModseq,
    /// SEARCH leaves messages out.
    NoSearch,
    /// Keywords are refused, or dropped without a word.
    RefusesKeywords,
    /// Message-ID, Received or lines are rewritten: what was appended is not what is read.
    RewritesMessages,
}

/// A server that has quirks.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// What people call it.
    pub name: &'static str,
    /// The quirks.
    pub quirks: &'static [Quirk],
    /// Top-level folders that users cannot have.
    pub reserved: &'static [&'static str],
    /// The largest message it takes, where it does not say itself (APPENDLIMIT, RFC 7889).
    pub max_append: Option<u64>,
    /// The longest line it takes.
    pub max_line: Option<u64>,
    /// By what it is known; one is enough.
    marks: &'static [Mark],
}

/// What gives a server away, in lower case.
#[derive(Clone, Copy, Debug)]
enum Mark {
    /// A capability, whole.
    Capability(&'static str),
    /// Within the greeting.
    Greeting(&'static str),
    /// The end of the host's name.
    Host(&'static str),
    /// Within a value of the `ID`.
    Id(&'static str),
}

impl Profile {
    /// The quirks of all profiles that fit: a server may be a Zimbra at a host that has a limit of its own.
    pub fn of<'a>(server: &'a Server<'_>) -> impl Iterator<Item = &'static Self> + use<'a> {
        PROFILES.iter().filter(|profile| profile.marks.iter().any(|mark| mark.fits(server)))
    }

    /// The profile of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name.eq_ignore_ascii_case(name))
    }
}

/// The quirks of a server, from whatever profiles fit, and switched on and off by users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    set: BTreeSet<Quirk>,
    /// Top-level folders that users cannot have.
    pub reserved: BTreeSet<&'static str>,
    /// The largest message, where known.
    pub max_append: Option<u64>,
    /// The longest line, where known.
    pub max_line: Option<u64>,
}

impl Quirks {
    /// Of this server.
    pub fn of(server: &Server<'_>) -> Self {
        let mut quirks = Self::default();
        for profile in Profile::of(server) {
            quirks.set.extend(profile.quirks);
            quirks.reserved.extend(profile.reserved);
            quirks.max_append = least(quirks.max_append, profile.max_append);
            quirks.max_line = least(quirks.max_line, profile.max_line);
        }
        quirks
    }

    /// Whether the server has it.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.set.contains(&quirk)
    }

    /// Says that it has it, or that it has not: a user knows better, or a probe has shown it.
    #[must_use]
    pub fn with(mut self, quirk: Quirk, present: bool) -> Self {
        if present {
            self.set.insert(quirk)
        } else {
            self.set.remove(&quirk)
        };
        self
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Quirk> {
        self.set.iter().copied()
    }

    /// Whether users cannot have a top-level folder of this name.
    pub fn is_reserved(&self, name: &str) -> bool {
        self.reserved.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
    }
}

impl Mark {
    fn fits(self, server: &Server<'_>) -> bool {
        let within = |text: &str, mark: &str| text.to_ascii_lowercase().contains(mark);
        match self {
            Self::Capability(mark) => server.capabilities.iter().any(|name| name.eq_ignore_ascii_case(mark)),
            Self::Greeting(mark) => within(server.greeting, mark),
            Self::Host(mark) => {
                let host = server.host.trim_end_matches('.').to_ascii_lowercase();
                host.strip_suffix(mark).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Id(mark) => server.id.iter().any(|value| within(value, mark)),
        }
    }
}

fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

const MIB: u64 = 1024 * 1024;

static PROFILES: &[Profile] = &[
    Profile { name: "Cyrus", marks: &[Mark::Id("cyrus"), Mark::Greeting("cyrus imap")], ..PLAIN },
    Profile {
        name: "Domino",
        marks: &[Mark::Id("domino"), Mark::Greeting("domino imap")],
        quirks: &[Quirk::NoInboxChildren, Quirk::RewritesMessages],
        ..PLAIN
    },
    Profile {
        name: "Exchange",
        marks: &[Mark::Greeting("microsoft exchange")],
        quirks: &[Quirk::NoFetchSize, Quirk::RefusesKeywords, Quirk::RewritesMessages],
        max_line: Some(10_239),
        ..PLAIN
    },
    Profile {
        name: "Gmail",
        marks: &[Mark::Capability("X-GM-EXT-1"), Mark::Id("gimap"), Mark::Host("gmail.com")],
        reserved: &["[Gmail]", "[Google Mail]"],
        max_append: Some(25 * MIB),
        ..PLAIN
    },
    Profile {
        name: "iCloud",
        marks: &[Mark::Host("mail.me.com"), Mark::Capability("XAPPLEPUSHSERVICE")],
        quirks: &[Quirk::ListsPhantomUids],
        ..PLAIN
    },
    Profile {
        name: "Office 365",
        marks: &[Mark::Host("office365.com"), Mark::Host("outlook.com")],
        quirks: &[Quirk::NoFetchSize, Quirk::RefusesKeywords, Quirk::RewritesMessages],
        reserved: &["Files"],
        max_append: Some(45 * MIB),
        max_line: Some(10_239),
    },
    Profile {
        name: "Purelymail",
        marks: &[Mark::Host("purelymail.com")],
        quirks: &[Quirk::IgnoresInternalDate],
        ..PLAIN
    },
    Profile {
        name: "Zimbra",
        marks: &[Mark::Id("zimbra"), Mark::Greeting("zimbra")],
        reserved: &["Calendar", "Chats", "Contacts", "Emailed Contacts", "Tasks"],
        ..PLAIN
    },
];

const PLAIN: Profile =
    Profile { name: "", quirks: &[], reserved: &[], max_append: None, max_line: None, marks: &[] };

#[cfg(test)]
mod tests {
    use super::*;

    fn names(server: &Server<'_>) -> Vec<&'static str> {
        Profile::of(server).map(|profile| profile.name).collect()
    }

    #[test]
    fn servers_are_recognised() {
        let none = Server::default();
        let greeting = |greeting| Server { greeting, ..none };
        let host = |host| Server { host, ..none };
        for (server, expected) in [
            (greeting("imap.example.com Cyrus IMAP 3.8.1 server ready"), "Cyrus"),
            (Server { id: &["Cyrus IMAPD", "Project Cyrus"], ..none }, "Cyrus"),
            (greeting("Domino IMAP4 Server Release 9.0 ready"), "Domino"),
            (greeting("Microsoft Exchange Server 2003 IMAP4rev1 server ready"), "Exchange"),
            (greeting("The Microsoft Exchange IMAP4 service is ready."), "Exchange"),
            (Server { capabilities: &["IMAP4REV1", "X-GM-EXT-1"], ..none }, "Gmail"),
            (Server { id: &["GImap", "Google, Inc."], ..none }, "Gmail"),
            (host("imap.mail.me.com"), "iCloud"),
            (host("p07-imap.mail.me.com."), "iCloud"),
            (host("Outlook.Office365.com"), "Office 365"),
            (host("imap.purelymail.com"), "Purelymail"),
            (Server { id: &["Zimbra", "8.8.15_GA_4059"], ..none }, "Zimbra"),
        ] {
            assert_eq!(names(&server), [expected], "{server:?}");
        }
    }

    #[test]
    fn unknown_servers_have_no_quirks() {
        for server in [
            Server::default(),
            Server {
                host: "mail.example.com",
                greeting: "Dovecot ready.",
                id: &["Dovecot"],
                capabilities: &["IMAP4REV1"],
            },
            Server { host: "notgmail.com", ..Server::default() },
            Server { host: "gmail.com.example.com", ..Server::default() },
        ] {
            assert_eq!(Quirks::of(&server), Quirks::default(), "{server:?}");
        }
    }

    #[test]
    fn quirks_of_all_profiles_that_fit_are_joined() {
        let exchange = "The Microsoft Exchange IMAP4 service is ready.";
        let quirks =
            Quirks::of(&Server { host: "outlook.office365.com", greeting: exchange, ..Server::default() });
        assert!(quirks.has(Quirk::RewritesMessages) && !quirks.has(Quirk::NoExamine));
        assert!(quirks.is_reserved("files") && !quirks.is_reserved("INBOX"));
        assert_eq!((quirks.max_append, quirks.max_line), (Some(45 * MIB), Some(10_239)));
    }

    #[test]
    fn users_switch_quirks_on_and_off() {
        let icloud = Quirks::of(&Server { host: "imap.mail.me.com", ..Server::default() });
        let switched = icloud.with(Quirk::ListsPhantomUids, false).with(Quirk::NoExamine, true);
        assert_eq!(switched.iter().collect::<Vec<_>>(), [Quirk::NoExamine]);
        assert!(Profile::named("ZIMBRA").is_some() && Profile::named("x").is_none());
    }

    #[test]
    fn profiles_are_named_once_and_in_order() {
        let names: Vec<String> = PROFILES.iter().map(|profile| profile.name.to_ascii_lowercase()).collect();
        assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
        assert!(PROFILES.iter().all(|profile| !profile.marks.is_empty()));
    }
}
