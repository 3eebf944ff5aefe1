//! What servers take as a folder's name: data, a profile for each family.
//!
//! | profile | where it is from |
//! |---|---|
//! | [`Profile::ANY`] | RFC 9051 section 5.1: no control characters, no separator inside a level |
//! | [`Profile::CYRUS`] | the characters of its `mboxname_policycheck`, probed, 3.6: older ones refuse brackets too |
//! | [`Profile::DOVECOT`], [`Profile::MAILDIR`] | probed, 2.3.19: dbox and `LAYOUT=fs`, Maildir++ under `.` and `/`; Courier is as the latter |
//! | [`Profile::EXCHANGE`] | its default folders, which hold no mail and are hidden from IMAP; `Files` |
//! | [`Profile::GMAIL`] | system labels are reserved, label names are compared without case, 225 characters |
//! | [`Profile::ZIMBRA`] | Zimbra and Carbonio: `:`, `/`, `"`; folders of other kinds share the tree |

use crate::model::FolderName;

/// What a server takes as a name. Characters are those of the text, not of its modified UTF-7.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Its name, for options and reports.
    pub name: &'static str,
    /// Characters that no level can hold, beside control characters and the separator.
    pub forbidden: &'static str,
    /// Characters that no level can begin with.
    pub forbidden_first: &'static str,
    /// Characters that no level can end with.
    pub forbidden_last: &'static str,
    /// Characters that no path can begin with.
    pub forbidden_root: &'static str,
    /// Names of the top level that are taken by something else than mail, compared without case.
    pub reserved: &'static [&'static str],
    /// Names that no level can have, compared as they are.
    pub reserved_levels: &'static [&'static str],
    /// Whether names that differ in case alone are the same mailbox.
    pub case_insensitive: bool,
    /// How many levels a path can have.
    pub depth: usize,
    /// How many bytes a level can have, in modified UTF-7.
    pub level_bytes: usize,
    /// How many bytes a path can have, in modified UTF-7, with its separators.
    pub path_bytes: usize,
    /// Whether a mailbox with a special use can have children.
    pub special_parents: bool,
}

impl Profile {
    /// A server that nothing is known of.
    pub const ANY: Self = Self {
        name: "any",
        forbidden: "",
        forbidden_first: "",
        forbidden_last: "",
        forbidden_root: "",
        reserved: &[],
        reserved_levels: &[],
        case_insensitive: false,
        depth: 20,
        level_bytes: 200,
        path_bytes: 1000,
        special_parents: true,
    };

    /// Cyrus.
    pub const CYRUS: Self = Self {
        name: "cyrus",
        forbidden: "!\"%*/;<>?\\^`{|}",
        forbidden_root: "~",
        reserved: &["user", "DELETED", "Other Users", "Shared Folders"],
        path_bytes: 400,
        ..Self::ANY
    };

    /// Dovecot over dbox, or any storage with `LAYOUT=fs`.
    pub const DOVECOT: Self = Self {
        name: "dovecot",
        forbidden_root: "~",
        reserved_levels: &["cur", "new", "tmp", "dbox-Mails"],
        level_bytes: 255,
        ..Self::ANY
    };

    /// Exchange, on premises and online.
    pub const EXCHANGE: Self = Self {
        name: "exchange",
        forbidden_first: " ",
        forbidden_last: " ",
        reserved: &[
            "Calendar",
            "Contacts",
            "Conversation Action Settings",
            "Files",
            "Journal",
            "Notes",
            "Outbox",
            "Quick Step Settings",
            "RSS Feeds",
            "RSS Subscriptions",
            "Suggested Contacts",
            "Sync Issues",
            "Tasks",
            "Yammer Root",
        ],
        case_insensitive: true,
        level_bytes: 250,
        ..Self::ANY
    };

    /// Gmail.
    pub const GMAIL: Self = Self {
        name: "gmail",
        forbidden_first: " ",
        forbidden_last: " ",
        reserved: &[
            "All Mail",
            "Bin",
            "Chat",
            "Chats",
            "Drafts",
            "Important",
            "Muted",
            "Scheduled",
            "Sent",
            "Sent Mail",
            "Snoozed",
            "Spam",
            "Starred",
            "Trash",
            "Unread",
            "[Gmail]",
            "[Google Mail]",
        ],
        case_insensitive: true,
        level_bytes: 220,
        path_bytes: 220,
        special_parents: false,
        ..Self::ANY
    };

    /// Maildir++, as Courier and Dovecot keep it: the whole path is one file name, in which dots separate.
    pub const MAILDIR: Self = Self {
        name: "maildir",
        forbidden: "./",
        forbidden_root: "~",
        level_bytes: 230,
        path_bytes: 230,
        ..Self::ANY
    };

    /// Zimbra and Carbonio.
    pub const ZIMBRA: Self = Self {
        name: "zimbra",
        forbidden: ":/\"",
        forbidden_last: " ",
        reserved: &["Briefcase", "Calendar", "Chats", "Contacts", "Emailed Contacts", "Notebook", "Tasks"],
        case_insensitive: true,
        ..Self::ANY
    };

    /// All of them.
    pub const EVERY: [&'static Self; 7] = [
        &Self::ANY,
        &Self::CYRUS,
        &Self::DOVECOT,
        &Self::EXCHANGE,
        &Self::GMAIL,
        &Self::MAILDIR,
        &Self::ZIMBRA,
    ];

    /// A mailbox that nobody has. Asked for its STATUS, a Dovecot that keeps Maildir++ under the separator `/` answers
    /// `NO [CANNOT]`, any other that it does not exist: then [`Profile::MAILDIR`] is the one to take.
    pub const PROBE: &'static str = "mailferry.probe";

    /// The profile of that name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::EVERY.into_iter().find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    /// The profile that a server's own words speak for: its greeting, its ID (RFC 2971) and its capabilities together.
    ///
    /// ```
    /// use imap_sync::Profile;
    /// assert_eq!(Profile::guess("* OK [CAPABILITY IMAP4rev1] Dovecot ready.", Some(b'/')).name, "dovecot");
    /// assert_eq!(Profile::guess("* OK Dovecot (Debian) ready.", Some(b'.')).name, "maildir");
    /// ```
    pub fn guess(words: &str, separator: Option<u8>) -> &'static Self {
        let words = words.to_ascii_lowercase();
        let found = SIGNS.iter().find(|(sign, _)| words.contains(sign)).map(|(_, profile)| *profile);
        match found {
            Some(profile) if *profile == Self::DOVECOT && separator == Some(b'.') => &Self::MAILDIR,
            found => found.unwrap_or(&Self::ANY),
        }
    }

    /// Whether a folder of that path, without the namespace's prefix, is taken by something else than mail.
    pub fn is_reserved(&self, name: &FolderName) -> bool {
        let first = name.text().and_then(|levels| levels.into_iter().next());
        first.is_some_and(|first| self.reserves(&first))
    }

    pub(crate) fn reserves(&self, first: &str) -> bool {
        let folded = first.to_lowercase();
        self.reserved.iter().any(|reserved| reserved.to_lowercase() == folded)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::ANY
    }
}

/// Words of a server, in lower case. The first that is found decides.
const SIGNS: [(&str, &Profile); 9] = [
    ("x-gm-ext-1", &Profile::GMAIL),
    ("gimap", &Profile::GMAIL),
    ("carbonio", &Profile::ZIMBRA),
    ("zimbra", &Profile::ZIMBRA),
    ("microsoft exchange", &Profile::EXCHANGE),
    ("microsoft.exchange", &Profile::EXCHANGE),
    ("cyrus", &Profile::CYRUS),
    ("courier", &Profile::MAILDIR),
    ("dovecot", &Profile::DOVECOT),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_by_their_own_words() {
        for (words, separator, name) in [
            ("* OK Gimap ready for requests from 192.0.2.1", b'/', "gmail"),
            ("* OK The Microsoft Exchange IMAP4 service is ready.", b'/', "exchange"),
            ("* OK mail.example.com Zimbra IMAP4rev1 server ready", b'/', "zimbra"),
            ("* OK Courier-IMAP ready.", b'.', "maildir"),
            ("* OK [CAPABILITY IMAP4rev1] server ready ID (\"name\" \"Cyrus IMAPD\")", b'.', "cyrus"),
            ("* OK IMAP4rev1 Service Ready", b'.', "any"),
        ] {
            assert_eq!(Profile::guess(words, Some(separator)).name, name, "{words}");
        }
    }

    #[test]
    fn profiles_are_found_by_name() {
        for profile in Profile::EVERY {
            assert_eq!(Profile::find(profile.name), Some(profile));
            assert!(
                profile.depth > 0
                    && profile.level_bytes > 40
                    && profile.path_bytes >= profile.level_bytes.min(200)
            );
            assert!(!profile.forbidden.contains(['=', '-']), "escapes are written with them");
        }
        assert_eq!(Profile::find("nothing"), None);
        assert!(Profile::ZIMBRA.is_reserved(&FolderName::from_text(["emailed contacts", "x"])));
    }
}
