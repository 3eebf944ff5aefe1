//! What the user wishes: where folders go, what is taken, what is removed, how closely is compared.

use crate::model::FolderName;
use crate::profile::Profile;
use crate::rules::Rules;
use crate::selection::Selection;

/// What the user wishes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Policy {
    /// Bring back what was removed on the target, and undo what was changed there.
    pub restore: bool,
    /// Where folders go.
    pub rules: Rules,
    /// Which folders and items are taken.
    pub selection: Selection,
    /// What the target takes as a name, where the user knows better than the server tells.
    pub profile: Option<Profile>,
    /// Remove on the target what we placed there and the source has no more.
    pub mirror: Option<Mirror>,
    /// How closely both sides are compared.
    pub level: Level,
}

impl Policy {
    /// The same with `restore`.
    pub fn with_restore(mut self, restore: bool) -> Self {
        self.restore = restore;
        self
    }

    /// The same with places for folders.
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// The same with a selection.
    pub fn with_selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// The same with removals.
    pub fn with_mirror(mut self, mirror: Option<Mirror>) -> Self {
        self.mirror = mirror;
        self
    }

    /// The same with another comparison.
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same with what the target takes as a name.
    pub fn with_profile(mut self, profile: Option<Profile>) -> Self {
        self.profile = profile;
        self
    }
}

/// How what the source has no more is removed on the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirror {
    /// How many at most.
    pub ceiling: Ceiling,
    /// The folder of the target that keeps them.
    pub keep: Option<FolderName>,
}

/// How many messages of an account may be removed in one run. More are not removed in part, but not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ceiling {
    /// So many.
    Count(u64),
    /// 50, or a quarter of what was placed, whichever is more.
    #[default]
    Default,
    /// So much of what was placed.
    Percent(u8),
}

impl Ceiling {
    /// The number, when so many were placed.
    pub fn of(self, placed: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Default => (placed / 4).max(50),
            Self::Percent(percent) => (u128::from(placed) * u128::from(percent) / 100) as u64,
        }
    }
}

/// How closely two sides are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// Every byte of every message.
    #[default]
    All,
    /// How many messages there are in each folder.
    Counts,
    /// Sizes, dates, headers and flags.
    Envelopes,
    /// As envelopes, and so many of a hundred messages byte by byte: those whose digests fall so, the same on both sides.
    Sample(u8),
}
