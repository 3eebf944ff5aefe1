//! Folders as a store shows them.

use crate::model::{FolderName, State};
use crate::profile::Profile;
use crate::special::SpecialUse;

/// A folder of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: FolderName,
    /// Whether it can hold messages, or is only the parent of others (`\Noselect`).
    pub selectable: bool,
    /// Whether the user has subscribed to it.
    pub subscribed: bool,
    /// What it is for, as the store says (RFC 6154).
    pub special: Option<SpecialUse>,
    /// How it stands, where the store tells it without opening the folder.
    pub state: Option<State>,
    /// Under which it is known whatever its name (MAILBOXID, RFC 8474).
    pub id: Option<String>,
}

impl Folder {
    /// A folder of which nothing more is known.
    pub fn new(name: FolderName) -> Self {
        Self { name, selectable: true, subscribed: false, special: None, state: None, id: None }
    }
}

/// How a store makes names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What separates the levels; `None` when there are none.
    pub separator: Option<u8>,
    /// The prefix of the user's own folders (RFC 2342).
    pub prefix: Option<FolderName>,
    /// What it takes as a name.
    pub profile: Profile,
}

impl Default for Shape {
    fn default() -> Self {
        Self { separator: Some(b'/'), prefix: None, profile: Profile::ANY }
    }
}
