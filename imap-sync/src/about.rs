//! What servers tell of themselves, and what is done without what they lack.

use crate::dialogue::Wire;
use crate::error::Error;
use crate::identity::{Account, Identity, ServerId};
use crate::session::Session;
use crate::wire::{Capabilities, Quota};

/// What a server tells of itself and of the account.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What it calls itself.
    pub server: ServerId,
    /// Whether the mailbox is the one that was asked for.
    pub identity: Identity,
    /// What it can do.
    pub can: Capabilities,
    /// What may be kept in `INBOX` (RFC 9208), where it tells.
    pub quotas: Vec<Quota>,
}

/// An extension that makes a copy faster or surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Any of these capabilities will do.
    pub names: &'static [&'static str],
    /// What is done without it.
    pub without: &'static str,
    /// Whether it matters at the source, and on the target.
    pub matters: (bool, bool),
}

impl About {
    /// Asks a session that was just entered. A server that does not tell its quota has none.
    pub async fn ask<W: Wire>(session: &mut Session<W>, account: Account) -> Result<Self, Error> {
        let quotas = if session.can("QUOTA") { session.quotas(b"INBOX").await? } else { Vec::new() };
        let can = session.capabilities().clone();
        Ok(Self { server: account.server, identity: account.identity, can, quotas })
    }

    /// The extensions that matter on this side and are not there.
    pub fn lacks(&self, is_target: bool) -> impl Iterator<Item = &'static Extension> {
        let matters = move |it: &&Extension| if is_target { it.matters.1 } else { it.matters.0 };
        let has = |it: &Extension| it.names.iter().any(|name| self.can.has(name));
        EXTENSIONS.iter().filter(matters).filter(move |it| !has(it))
    }
}

/// What makes a copy faster or surer, by what is done without it.
pub static EXTENSIONS: [Extension; 9] = [
    Extension {
        names: &["LITERAL+", "LITERAL-", "IMAP4REV2"],
        without: "each message waits until the server asks for it",
        matters: (false, true),
    },
    Extension {
        names: &["UIDPLUS", "IMAP4REV2"],
        without: "what was placed is looked for to learn its UID",
        matters: (false, true),
    },
    Extension {
        names: &["MULTIAPPEND"],
        without: "each message is a command of its own",
        matters: (false, true),
    },
    Extension {
        names: &["CONDSTORE", "QRESYNC"],
        without: "folders are listed whole to find out what changed",
        matters: (true, true),
    },
    Extension {
        names: &["QRESYNC"],
        without: "what was removed is found by listing what is left",
        matters: (true, true),
    },
    Extension {
        names: &["LIST-STATUS", "IMAP4REV2"],
        without: "each folder is asked for its numbers by itself",
        matters: (true, true),
    },
    Extension {
        names: &["SPECIAL-USE", "XLIST", "IMAP4REV2"],
        without: "what folders are for is not known, unless --automap tells it from their names",
        matters: (true, true),
    },
    Extension {
        names: &["NAMESPACE", "IMAP4REV2"],
        without: "a prefix of all names is not known, unless --source-prefix and --target-prefix tell it",
        matters: (true, true),
    },
    Extension {
        names: &["COMPRESS=DEFLATE"],
        without: "all is sent uncompressed, however long the way",
        matters: (true, true),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Response;

    #[test]
    fn what_matters_and_is_not_there() {
        let lacks = |words: &str, is_target| -> Vec<&str> {
            let Response::Capability(can) = Response::parse(format!("* CAPABILITY {words}").as_bytes())
            else {
                panic!("{words}")
            };
            let about = About { can, ..About::default() };
            about.lacks(is_target).map(|lacks| lacks.names[0]).collect()
        };
        let most = "IMAP4rev1 QRESYNC LIST-STATUS SPECIAL-USE NAMESPACE COMPRESS=DEFLATE";
        for (name, words, is_target, expected) in [
            ("nothing that a source needs", most, false, &[][..]),
            ("a target needs more", most, true, &["LITERAL+", "UIDPLUS", "MULTIAPPEND"]),
            (
                "IMAP4rev2 has much in it",
                "IMAP4rev2 CONDSTORE",
                true,
                &["MULTIAPPEND", "QRESYNC", "COMPRESS=DEFLATE"],
            ),
        ] {
            assert_eq!(lacks(words, is_target), expected, "{name}");
        }
    }
}
