//! Removes on the target what we placed there and the source has no more: at the end of a run, when all else is done.
//!
//! Only what we put there ourselves; only what a second listing of the source lacks as well; all of it or, past a ceiling,
//! nothing: a source that suddenly looks short is no reason to empty a mailbox.

use crate::error::Error;
use crate::facts::{Change, Fact};
use crate::head::{Head, Seen};
use crate::keys::KeySet;
use crate::model::{FolderName, ItemKey};
use crate::policy::{Ceiling, Mirror};
use crate::store::{Memory, Source, Target};

/// What one folder has to lose.
#[derive(Clone, Debug)]
pub(crate) struct Orphans {
    pub(crate) folder: FolderName,
    pub(crate) head: Head,
    /// Whether the source still has the folder.
    pub(crate) there: bool,
    facts: Vec<(ItemKey, ItemKey)>,
}

impl Orphans {
    /// Those of a folder that are known to be gone from the source and were put on the target by us.
    pub(crate) fn of(
        memory: &dyn Memory,
        folder: &FolderName,
        head: &Head,
        there: bool,
    ) -> Result<Self, Error> {
        let mut facts = Vec::new();
        if head.tally.orphaned > 0 || !there {
            memory.facts(folder, ItemKey(0), ItemKey(u64::MAX), &mut |key, fact: Fact| {
                let gone = fact.seen == Seen::Target || !there && fact.seen == Seen::Both;
                if fact.ours && gone {
                    facts.push((key, fact.target));
                }
            })?;
        }
        Ok(Self { folder: folder.clone(), head: head.clone(), there, facts })
    }

    pub(crate) fn len(&self) -> u64 {
        self.facts.len() as u64
    }

    /// The target's keys.
    pub(crate) fn targets(&self) -> KeySet {
        self.facts.iter().map(|(_, target)| *target).collect()
    }

    /// Looks at the source once more: what it has after all is no orphan.
    pub(crate) async fn confirm(&mut self, source: &mut impl Source) -> Result<(), Error> {
        if !self.there {
            return Ok(());
        }
        let selected = source.select(&self.folder, false).await?;
        let keys = source.keys().await?;
        let same = selected.state.validity == self.head.source.validity;
        let complete = keys.len() >= selected.state.count;
        self.facts.retain(|(key, _)| same && complete && !keys.contains(*key));
        Ok(())
    }

    /// Removes them, and what is known of them. Those that are not there any more need no removing.
    pub(crate) async fn remove(
        &self,
        target: &mut impl Target,
        memory: &dyn Memory,
        mirror: &Mirror,
    ) -> Result<u64, Error> {
        let selected = target.select(&self.head.place, false).await?;
        if selected.state.validity != self.head.target.validity {
            return Ok(0);
        }
        let keys = self.targets().intersection(&target.keys().await?);
        let keep = mirror.keep.as_ref().filter(|keep| **keep != self.head.place);
        target.remove(&keys, keep).await?;
        target.settle().await?;
        let changes = self.facts.iter().map(|(key, _)| Change::Remove { key: *key }).collect();
        memory.record(&[(&self.folder, changes)])?;
        Ok(keys.len())
    }
}

/// Whether so many may be removed where so many were placed; else why not.
pub(crate) fn allow(ceiling: Ceiling, orphans: u64, placed: u64) -> Result<(), String> {
    let most = ceiling.of(placed);
    if orphans <= most {
        return Ok(());
    }
    Err(format!("{orphans} messages would be removed, and not more than {most} may be: nothing is removed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings() {
        for (name, ceiling, orphans, placed, allowed) in [
            ("few of few", Ceiling::Default, 50, 60, true),
            ("too many of few", Ceiling::Default, 51, 60, false),
            ("a quarter of many", Ceiling::Default, 250, 1000, true),
            ("more than a quarter", Ceiling::Default, 251, 1000, false),
            ("as many as the user says", Ceiling::Count(3), 3, 1000, true),
            ("one more", Ceiling::Count(3), 4, 1000, false),
            ("all of it", Ceiling::Percent(100), 1000, 1000, true),
            ("a percentage", Ceiling::Percent(10), 101, 1000, false),
        ] {
            assert_eq!(allow(ceiling, orphans, placed).is_ok(), allowed, "{name}");
        }
    }
}
