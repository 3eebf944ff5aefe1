//! What can go wrong, where, and whose fault it is.

use std::error::Error as StdError;

/// Why a run, a session or a piece of it could not go on.
///
/// No variant ever holds a credential: what the client sent while it logged in is not part of any text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server did not let the user in. It is not asked again, so that no account is locked.
    #[error("{user} may not log in to {host}: {reason}")]
    Authentication {
        /// The server asked.
        host: String,
        /// The mailbox's owner.
        user: String,
        /// The server's words.
        reason: String,
    },
    /// The connection could not be made, broke, or stood still for too long.
    #[error("{host}: {doing}: {reason}")]
    Connection {
        /// The server asked.
        host: String,
        /// What was being done.
        doing: &'static str,
        /// What happened.
        reason: String,
    },
    /// The target's mailbox takes no more.
    #[error("{what}: {reason}")]
    Full {
        /// The folder.
        what: String,
        /// The server's words.
        reason: String,
    },
    /// What the caller gave cannot be used: an URL, a name, a CA file.
    #[error("{what}: {reason}")]
    Input {
        /// What was given.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The memory of facts and intents failed.
    #[error("the record of what was done: {0}")]
    Memory(#[source] Box<dyn StdError + Send + Sync>),
    /// The server spoke, but not IMAP, or more than is bearable.
    #[error("{host}: {reason}")]
    Protocol {
        /// The server asked.
        host: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// The server refused a command.
    #[error("{host}: {command} refused: {reason}")]
    Refused {
        /// The server asked.
        host: String,
        /// The command's name, never its arguments.
        command: &'static str,
        /// The server's words.
        reason: String,
    },
    /// The connection is not safe, and plain text was not allowed.
    #[error("{host}: no safe connection: {reason}")]
    Security {
        /// The server asked.
        host: String,
        /// What made it unsafe.
        reason: String,
    },
    /// A store that is not IMAP failed.
    #[error("{what}: {reason}")]
    Store {
        /// The folder, file or item.
        what: String,
        /// What happened to it.
        reason: String,
        /// Whether the store is of no more use: the run then ends.
        fatal: bool,
    },
}

impl Error {
    /// A fault of a store that is not IMAP, after which the other folders can still be done.
    // Callers hand over errors and strings alike.
    #[allow(clippy::needless_pass_by_value)]
    pub fn store(what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Store { what: what.into(), reason: reason.to_string(), fatal: false }
    }

    /// A fault of the caller's memory.
    pub fn memory(fault: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Memory(fault.into())
    }

    /// What it ends.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Input { .. } | Self::Refused { .. } => Scope::Folder,
            Self::Store { fatal, .. } if !fatal => Scope::Folder,
            Self::Connection { .. } | Self::Protocol { .. } => Scope::Session,
            _ => Scope::Account,
        }
    }

    /// Whether nothing more can be done after it with the same stores. What is not fatal concerns one folder or one message.
    pub fn is_fatal(&self) -> bool {
        self.scope() != Scope::Folder
    }
}

/// How much an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of the account.
    Account,
    /// One folder, or one message of it.
    Folder,
    /// The connection: with a new one the work can go on.
    Session,
}
