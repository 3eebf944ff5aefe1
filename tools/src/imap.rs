//! What joins `imap-sync` to the rest: the journal as its memory, a Maildir on either side, options about folders, passwords, progress.

pub mod names;
pub mod folders;
pub mod keys;
pub mod uids;
pub mod flags;
pub mod lines;
pub mod maildir;
pub mod delivery;
pub mod served;
pub mod side;
pub mod servers;
pub mod connect;
pub mod memory;
pub mod password;
pub mod token;
pub mod table;
pub mod watch;
