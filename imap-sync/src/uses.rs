//! Which folder is for what, on either side.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::FolderName;
use crate::place::Remark;
use crate::rules::{Automap, Rules, SourceFolder, TargetFolder, TargetSide};
use crate::special::SpecialUse;

/// What folders are for, as announced or guessed.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    source: BTreeMap<SpecialUse, Holder>,
    target: BTreeMap<SpecialUse, Holder>,
    remarks: BTreeMap<FolderName, BTreeSet<Remark>>,
}

/// The folder for a use.
#[derive(Debug)]
struct Holder {
    name: FolderName,
    guessed: bool,
}

impl Uses {
    /// `source` in the order of names, each once. Folders of the target that are recorded as places are not guessed at:
    /// some of them we made ourselves.
    pub(crate) fn of(
        source: &BTreeMap<&FolderName, SourceFolder>,
        target: &TargetSide,
        rules: &Rules,
        recorded: &BTreeSet<&FolderName>,
    ) -> Self {
        let mut uses = Self::default();
        if rules.automap == Automap::Off || rules.below.is_some() {
            return uses;
        }
        let prefix = rules.target_prefix.as_ref().or(target.prefix.as_ref());
        let free = target.folders.iter().filter(|folder| !recorded.contains(&folder.name));
        let mut free: Vec<&TargetFolder> = free.collect();
        free.sort_by_key(|folder| &folder.name);
        for special in SpecialUse::EVERY {
            uses.announced(special, source, &target.folders);
            if rules.automap == Automap::Guessed {
                uses.guess(special, source, rules.source_prefix.as_ref(), &free, prefix);
            }
        }
        uses
    }

    /// Where a folder goes for what it is for, and whether that was guessed.
    pub(crate) fn place(&self, source: &FolderName) -> Option<(&FolderName, SpecialUse, bool)> {
        let (special, holder) = self.source.iter().find(|(_, holder)| holder.name == *source)?;
        let there = self.target.get(special)?;
        Some((&there.name, *special, holder.guessed || there.guessed))
    }

    /// What the folder made for a source's folder is to be for, when the target has none for it.
    pub(crate) fn to_create(&self, source: &FolderName) -> Option<SpecialUse> {
        let (special, _) = self.source.iter().find(|(_, holder)| holder.name == *source)?;
        (!special.is_view() && !self.target.contains_key(special)).then_some(*special)
    }

    /// What is to be known of a source's folder.
    pub(crate) fn remarks(&self, source: &FolderName) -> BTreeSet<Remark> {
        self.remarks.get(source).cloned().unwrap_or_default()
    }

    fn announced(
        &mut self,
        special: SpecialUse,
        source: &BTreeMap<&FolderName, SourceFolder>,
        target: &[TargetFolder],
    ) {
        let mut holders =
            source.values().filter(|folder| folder.special == Some(special) && folder.selectable);
        if let Some(first) = holders.next() {
            self.source.insert(special, Holder { name: first.name.clone(), guessed: false });
        }
        for other in holders {
            self.remark(&other.name, Remark::NotTheFirst(special));
        }
        let there = target.iter().filter(|folder| folder.special == Some(special) && folder.selectable);
        if let Some(first) = there.map(|folder| &folder.name).min() {
            self.target.insert(special, Holder { name: first.clone(), guessed: false });
        }
    }

    /// Fills in by name what nobody announced. Of several names one is taken only if both sides have it.
    fn guess(
        &mut self,
        special: SpecialUse,
        source: &BTreeMap<&FolderName, SourceFolder>,
        source_prefix: Option<&FolderName>,
        target: &[&TargetFolder],
        target_prefix: Option<&FolderName>,
    ) {
        let looks = |name: &FolderName, announced: Option<SpecialUse>, prefix: Option<&FolderName>| {
            let alone = name.without_prefix(prefix);
            (announced.is_none() && SpecialUse::guess(&alone) == Some(special))
                .then_some((alone, name.clone()))
        };
        let here = source.values().filter(|folder| folder.selectable);
        let here: BTreeMap<_, _> =
            here.filter_map(|folder| looks(&folder.name, folder.special, source_prefix)).collect();
        let there = target.iter().filter(|folder| folder.selectable);
        let there: BTreeMap<_, _> =
            there.filter_map(|folder| looks(&folder.name, folder.special, target_prefix)).collect();
        if !self.source.contains_key(&special) {
            let wanted = self.target.get(&special).map(|holder| holder.name.without_prefix(target_prefix));
            let wanted =
                wanted.map_or_else(|| there.keys().cloned().collect(), |name| BTreeSet::from([name]));
            match choose(&here, &wanted) {
                Some(name) => drop(self.source.insert(special, Holder { name, guessed: true })),
                None => here.values().for_each(|name| self.remark(name, Remark::Ambiguous(special))),
            }
        }
        if !self.target.contains_key(&special) {
            let wanted = self.source.get(&special).map(|holder| holder.name.without_prefix(source_prefix));
            if let Some(name) = choose(&there, &wanted.into_iter().collect()) {
                self.target.insert(special, Holder { name, guessed: true });
            }
        }
    }

    fn remark(&mut self, name: &FolderName, remark: Remark) {
        self.remarks.entry(name.clone()).or_default().insert(remark);
    }
}

/// The only one, or the only one that is wanted.
fn choose(names: &BTreeMap<FolderName, FolderName>, wanted: &BTreeSet<FolderName>) -> Option<FolderName> {
    let mut of_both = names.iter().filter(|(name, _)| wanted.contains(name));
    match (names.len(), of_both.next(), of_both.next()) {
        (1, ..) => names.values().next().cloned(),
        (_, Some((_, name)), None) => Some(name.clone()),
        _ => None,
    }
}
