//! What is to be done: pure, total, deterministic.

use crate::facts::{Fact, Facts};
use crate::flags::Flags;
use crate::model::{Folder, FolderName, ItemKey, Listing};
use crate::report::{Reason, Verdict};

/// What the user wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Bring back what was removed on the target, and undo what was changed there.
    pub restore: bool,
}

impl Policy {
    /// The same with `restore`.
    pub fn with_restore(mut self, restore: bool) -> Self {
        self.restore = restore;
        self
    }
}

/// One thing to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The equal is there: only the fact is put down. Needs no effect.
    Adopt {
        /// The source's key.
        source: ItemKey,
        /// What is to be known.
        fact: Fact,
    },
    /// Add the message to the target.
    Append {
        /// The source's key.
        source: ItemKey,
        /// The flags to set, as the target can keep them.
        flags: Flags,
    },
    /// Neither side has it any more: the fact, or the open intent, goes. Needs no effect.
    Forget {
        /// The source's key.
        source: ItemKey,
    },
    /// Bring the target's flags up to date.
    SetFlags {
        /// The source's key.
        source: ItemKey,
        /// The flags to add.
        add: Flags,
        /// The flags to remove.
        remove: Flags,
        /// What is to be known afterwards.
        fact: Fact,
    },
}

impl Action {
    /// The source's key.
    pub fn key(&self) -> ItemKey {
        match self {
            Self::Adopt { source, .. }
            | Self::Append { source, .. }
            | Self::Forget { source }
            | Self::SetFlags { source, .. } => *source,
        }
    }
}

/// An item for which nothing is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The source's key; for `Extra` the target's.
    pub key: ItemKey,
    /// What is said of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
}

/// What is to be done in a folder, in executable order, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// To be done, in this order: forgotten first, then adopted and brought up to date, then appended by source key.
    pub actions: Vec<Action>,
    /// Nothing to be done.
    pub settled: Vec<Settled>,
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

/// What is to be done to the folders of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderPlan {
    /// To be made, parents first.
    pub create: Vec<FolderName>,
    /// To be subscribed to.
    pub subscribe: Vec<FolderName>,
}
