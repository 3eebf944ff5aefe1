//! How the target compares and spells names: of what it has, and of what is to be made.

use std::collections::{BTreeMap, BTreeSet};

use crate::fit::Fitted;
use crate::model::FolderName;
use crate::path;
use crate::place::Remark;
use crate::rules::TargetSide;

/// Levels of a name.
pub(crate) type Levels = Vec<Vec<u8>>;

/// A name as the target compares it.
pub(crate) type Key = Levels;

/// The spellings of names.
pub(crate) struct Spelling {
    case_insensitive: bool,
    known: BTreeMap<Key, FolderName>,
}

impl Spelling {
    /// What the target has. Of names that are one to it the first speaks for all.
    pub(crate) fn of(target: &TargetSide) -> Self {
        let mut spelling = Self { case_insensitive: target.profile.case_insensitive, known: BTreeMap::new() };
        let names: BTreeSet<&FolderName> = target.folders.iter().map(|folder| &folder.name).collect();
        for name in names {
            spelling.known.entry(spelling.key(name)).or_insert_with(|| name.clone());
        }
        spelling
    }

    /// Whether there is such a name.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.known.contains_key(key)
    }

    /// Keeps how a name is spelled, and its parents.
    pub(crate) fn learn(&mut self, name: &FolderName) {
        let (key, levels) = (self.key(name), name.parts().collect::<Vec<_>>());
        for end in 1..=levels.len() {
            let spelled = || FolderName::from_wire(levels[..end].iter().copied());
            self.known.entry(key[..end].to_vec()).or_insert_with(spelled);
        }
    }

    /// The same name as the target spells it, or at least the parent.
    pub(crate) fn spell(&self, fitted: Fitted) -> Fitted {
        if !self.case_insensitive {
            return fitted;
        }
        let (key, parts) = (self.key(&fitted.name), fitted.name.parts().collect::<Vec<_>>());
        let known = (1..=key.len()).rev().find_map(|end| Some((end, self.known.get(&key[..end])?)));
        let Some((end, known)) = known else { return fitted };
        let name = FolderName::from_wire(known.parts().chain(parts[end..].iter().copied()));
        let mut remarks = fitted.remarks;
        if name != fitted.name {
            remarks.insert(Remark::Respelled);
        }
        Fitted { name, remarks }
    }

    /// A name as the target compares it.
    pub(crate) fn key(&self, name: &FolderName) -> Key {
        let fold = |level: &[u8]| match path::level_text(level) {
            Some(text) => text.to_lowercase().into_bytes(),
            None => level.to_ascii_lowercase(),
        };
        name.parts().map(|level| if self.case_insensitive { fold(level) } else { level.to_vec() }).collect()
    }
}
