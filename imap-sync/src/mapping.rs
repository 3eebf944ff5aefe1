//! Where each folder of the source goes on the target: pure, total, deterministic, and found before anything is written.
//!
//! The first rule that applies to a folder gives it its place:
//!
//! 1. *known*: where it was copied before, whatever rules and folders are now.
//! 2. *table*: where the user's table says. Two folders in one are allowed only to folders that are both in the table.
//! 3. *inbox*: `INBOX` goes to `INBOX`.
//! 4. *special use*: the source's `\Sent` goes to the target's `\Sent`, whatever they are called (see [`Automap`](crate::Automap)).
//! 5. *renamed*: what the user's renamings make of its path, without the source's prefix.
//! 6. *own*: its path without the source's prefix. Children of a folder that went elsewhere by 1 or 4 follow it.
//!
//! The target's prefix is put before, and what the target cannot hold is escaped (see [`mod@crate::escape`]). No two folders get
//! one place. When the user's rules would have it so, it is a collision and none of them goes anywhere; when it comes of
//! the target (which knows no case, or has that name taken) the one whose turn is later gets a mark.
//!
//! ```
//! use imap_sync::{FolderName, Profile, Rules, SourceFolder, SpecialUse, TargetFolder, TargetSide, map_folders};
//!
//! let folder = |path: &str, special| {
//!     SourceFolder { name: imap_sync::path::read(path), special, selectable: true, subscribed: false }
//! };
//! let source = [folder("INBOX", None), folder("Sent", Some(SpecialUse::Sent)), folder("Sent/2019", None), folder("v1.2", None)];
//! let sent = TargetFolder {
//!     name: FolderName::from_text(["Gesendet"]),
//!     special: Some(SpecialUse::Sent),
//!     selectable: true,
//! };
//! let target = TargetSide { separator: Some(b'.'), folders: vec![sent], profile: Profile::MAILDIR, ..Default::default() };
//! let mapping = map_folders(&source, &target, &Rules::default(), &Default::default());
//! let targets: Vec<String> = source.iter().map(|it| mapping.target(&it.name).unwrap().to_string()).collect();
//! assert_eq!(targets, ["INBOX", "Gesendet", "Gesendet/2019", "v1=2E2"]);
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::fit::{Fitted, Room};
use crate::model::FolderName;
use crate::path;
use crate::place::{Collision, Creation, Exclusion, How, Mapped, Mapping, Place, Remark};
use crate::rules::{Rules, SourceFolder, TargetSide};
use crate::spelling::{Key, Levels, Spelling};
use crate::uses::Uses;

/// Where each folder of the source goes. `known` are the places recorded before: source and target.
pub fn map_folders(
    source: &[SourceFolder],
    target: &TargetSide,
    rules: &Rules,
    known: &BTreeMap<FolderName, FolderName>,
) -> Mapping {
    let source = merge(source);
    let mut mapper = Mapper::new(&source, target, rules, known);
    mapper.place_known();
    let wishes = mapper.wishes();
    mapper.place_by_user(&wishes);
    mapper.place_by_use(&wishes);
    mapper.place_own(&wishes);
    mapper.finish()
}

/// Each name once, whatever the order and however often it is listed.
fn merge(source: &[SourceFolder]) -> BTreeMap<&FolderName, SourceFolder> {
    let mut merged: BTreeMap<&FolderName, SourceFolder> = BTreeMap::new();
    for folder in source {
        let entry = merged.entry(&folder.name).or_insert_with(|| folder.clone());
        entry.selectable |= folder.selectable;
        entry.subscribed |= folder.subscribed;
        entry.special = entry.special.into_iter().chain(folder.special).min();
    }
    merged
}

struct Mapper<'a> {
    source: &'a BTreeMap<&'a FolderName, SourceFolder>,
    target: &'a TargetSide,
    rules: &'a Rules,
    known: &'a BTreeMap<FolderName, FolderName>,
    room: Room<'a>,
    uses: Uses,
    /// Who has a place of the target, or would have.
    taken: BTreeMap<Key, BTreeSet<FolderName>>,
    spelling: Spelling,
    mapping: Mapping,
}

/// The place a folder would have if it were alone.
struct Wish {
    how: How,
    fitted: Fitted,
    /// The levels from which it is made, below the target's prefix.
    levels: Levels,
}

type Wishes = BTreeMap<FolderName, Wish>;

impl<'a> Mapper<'a> {
    fn new(
        source: &'a BTreeMap<&'a FolderName, SourceFolder>,
        target: &'a TargetSide,
        rules: &'a Rules,
        known: &'a BTreeMap<FolderName, FolderName>,
    ) -> Self {
        Self {
            source,
            target,
            rules,
            known,
            room: Room::of(target, rules),
            uses: Uses::of(source, target, rules, &known.values().collect()),
            taken: BTreeMap::new(),
            spelling: Spelling::of(target),
            mapping: Mapping::default(),
        }
    }

    fn place_known(&mut self) {
        for (source, target) in self.known {
            self.taken.entry(self.spelling.key(target)).or_default().insert(source.clone());
            if !self.source.get(source).is_some_and(|folder| folder.selectable) {
                continue;
            }
            let mut remarks = BTreeSet::new();
            if self.rules.table.get(source).is_some_and(|wanted| self.table_name(wanted).name != *target) {
                remarks.insert(Remark::Recorded);
            }
            let mapped = Mapped { target: target.clone(), how: How::Known, remarks };
            self.mapping.places.insert(source.clone(), Place::Mapped(mapped));
        }
    }

    /// What each of the other folders would have; those that can have nothing are excluded.
    fn wishes(&mut self) -> Wishes {
        let mut wishes = Wishes::new();
        for (&name, folder) in self.source {
            let wish = match self.mapping.places.contains_key(name) {
                true => continue,
                false if !folder.selectable => Err(Exclusion::NotSelectable),
                false => self.wish(name),
            };
            match wish {
                Ok(wish) => drop(wishes.insert(name.clone(), wish)),
                Err(exclusion) => self.exclude(name, exclusion),
            }
        }
        wishes
    }

    fn wish(&self, name: &FolderName) -> Result<Wish, Exclusion> {
        if let Some(wanted) = self.rules.table.get(name) {
            let levels = self.room.below_prefix(wanted).into_iter().map(<[u8]>::to_vec).collect();
            return Ok(Wish { how: How::Table, fitted: self.table_name(wanted), levels });
        }
        if let Some((there, special, guessed)) = self.uses.place(name) {
            let (levels, _) = self.own_levels(name)?;
            let how = How::SpecialUse { special, guessed };
            return Ok(Wish {
                how,
                fitted: Fitted { name: there.clone(), remarks: BTreeSet::new() },
                levels,
            });
        }
        let (levels, how) = self.own_levels(name)?;
        let fitted = self.fit(&[], &levels, 0);
        Ok(Wish { how, fitted, levels })
    }

    fn table_name(&self, wanted: &FolderName) -> Fitted {
        if wanted.is_inbox() {
            return Fitted { name: FolderName::inbox(), remarks: BTreeSet::new() };
        }
        self.spelling.spell(self.room.fit(&[], &self.room.below_prefix(wanted), 0))
    }

    /// The levels that a folder would have below the target's prefix.
    fn own_levels(&self, name: &FolderName) -> Result<(Levels, How), Exclusion> {
        let own = match name.is_inbox() {
            true => name.clone(),
            false => name.without_prefix(self.rules.source_prefix.as_ref()),
        };
        let path = path::write(&own);
        let renames = if name.is_inbox() { &[][..] } else { &self.rules.renames[..] };
        let renamed = renames.iter().try_fold(path.clone(), |path, rename| rename.apply(&path));
        let renamed = renamed.filter(|path| !path.is_empty()).ok_or(Exclusion::Unnamed)?;
        let how = match renamed == path {
            true if name.is_inbox() => How::Inbox,
            true => How::Own,
            false => How::Renamed,
        };
        let below = self.rules.below.iter().flat_map(FolderName::parts);
        let renamed = if renamed == path { own } else { path::read(&renamed) };
        Ok((below.chain(renamed.parts()).map(<[u8]>::to_vec).collect(), how))
    }

    fn fit(&self, parent: &[Vec<u8>], levels: &[Vec<u8>], marks: usize) -> Fitted {
        if let ([], [inbox], 0) = (parent, levels, marks)
            && inbox == b"INBOX"
        {
            return Fitted { name: FolderName::inbox(), remarks: BTreeSet::new() };
        }
        let name = FolderName::from_wire(levels.iter().cloned());
        let levels = match parent {
            [] => self.room.below_prefix(&name),
            _ => name.parts().collect(),
        };
        self.spelling.spell(self.room.fit(parent, &levels, marks))
    }

    /// Places that a table or a renaming asks for: alone, or all of them by the table.
    fn place_by_user(&mut self, wishes: &Wishes) {
        let mut groups: BTreeMap<Key, Vec<&FolderName>> = BTreeMap::new();
        for (source, wish) in wishes {
            groups.entry(self.spelling.key(&wish.fitted.name)).or_default().push(source);
        }
        for (key, sources) in groups {
            if !sources.iter().any(|source| matches!(wishes[*source].how, How::Renamed | How::Table)) {
                continue;
            }
            let holders = self.taken.get(&key).cloned().unwrap_or_default();
            let by_table = sources.iter().all(|source| wishes[*source].how == How::Table)
                && holders.iter().all(|holder| self.agrees(holder, &key));
            if by_table || sources.len() == 1 && holders.is_empty() {
                sources
                    .into_iter()
                    .for_each(|source| self.place(source, wishes[source].how, wishes[source].fitted.clone()));
            } else {
                self.collide(&wishes[sources[0]].fitted.name, &sources, holders);
            }
        }
    }

    /// Whether one that has a place already shares it by the table, or is gone from the source.
    fn agrees(&self, holder: &FolderName, key: &Key) -> bool {
        let wanted =
            self.rules.table.get(holder).map(|wanted| self.spelling.key(&self.table_name(wanted).name));
        !self.source.contains_key(holder) || wanted.as_ref() == Some(key)
    }

    fn collide(&mut self, target: &FolderName, sources: &[&FolderName], holders: BTreeSet<FolderName>) {
        sources.iter().for_each(|source| self.exclude(source, Exclusion::Collision));
        let mut all = holders;
        all.extend(sources.iter().copied().cloned());
        self.taken.entry(self.spelling.key(target)).or_default().extend(all.iter().cloned());
        let sources = all.into_iter().collect();
        self.mapping.collisions.push(Collision { target: target.clone(), sources });
    }

    /// `INBOX`, and what goes by its use: announced ones first, then guessed ones.
    fn place_by_use(&mut self, wishes: &Wishes) {
        for (inbox, guesses) in [(true, false), (false, false), (false, true)] {
            for (source, wish) in self.open(wishes) {
                let turn = match wish.how {
                    How::Inbox => inbox,
                    How::SpecialUse { guessed, .. } => !inbox && guessed == guesses,
                    _ => false,
                };
                if turn && !self.taken.contains_key(&self.spelling.key(&wish.fitted.name)) {
                    self.place(source, wish.how, wish.fitted.clone());
                }
            }
        }
    }

    /// All others, parents first; with as many marks as it takes.
    fn place_own(&mut self, wishes: &Wishes) {
        let claims = self.claims(wishes);
        // How many marks the last twin needed: fewer need not be tried again.
        let mut used: BTreeMap<Key, usize> = BTreeMap::new();
        for (source, wish) in self.open(wishes) {
            let (parent, levels) = self.followed(source).unwrap_or_else(|| (Vec::new(), wish.levels.clone()));
            let is_free = |fitted: &Fitted| {
                let key = self.spelling.key(&fitted.name);
                let yields = fitted.remarks.contains(&Remark::Respelled) && claims.contains(&key);
                !yields && !self.taken.contains_key(&key)
            };
            // One of so many marks must be free: each place that is taken stands in the way of one.
            let plain = self.fit(&parent, &levels, 0);
            let last = used.entry(self.spelling.key(&plain.name)).or_insert(1);
            let more = (*last..=*last + self.taken.len() + claims.len())
                .map(|marks| (marks, self.fit(&parent, &levels, marks)));
            match std::iter::once((0, plain)).chain(more).find(|(_, fitted)| is_free(fitted)) {
                Some((marks, mut fitted)) => {
                    *last = marks.max(*last);
                    fitted.remarks.extend((marks > 0).then_some(Remark::Taken));
                    let how = if let How::Renamed = wish.how { How::Renamed } else { How::Own };
                    self.place(source, how, fitted);
                }
                None => self.exclude(source, Exclusion::Unwritable),
            }
        }
    }

    /// Places that the target has in just the case that one of the source's folders has, too: its twins yield.
    fn claims(&self, wishes: &Wishes) -> BTreeSet<Key> {
        let exact = wishes.values().filter(|wish| !wish.fitted.remarks.contains(&Remark::Respelled));
        let keys = exact.map(|wish| self.spelling.key(&wish.fitted.name));
        keys.filter(|key| self.spelling.has(key)).collect()
    }

    /// The levels of the nearest parent that went elsewhere and takes its children along, and those below it.
    fn followed(&self, source: &FolderName) -> Option<(Levels, Levels)> {
        let levels: Vec<&[u8]> = source.parts().collect();
        let nearest = (1..levels.len()).rev().find_map(|end| {
            let parent = FolderName::from_wire(levels[..end].iter().copied());
            match self.mapping.places.get(&parent)? {
                Place::Mapped(mapped) => Some((end, self.leads(&parent, mapped).then_some(mapped)?)),
                Place::Excluded(_) => None,
            }
        });
        let (end, mapped) = nearest?;
        let own = |levels: &[&[u8]]| levels.iter().map(|level| level.to_vec()).collect();
        Some((own(&self.room.below_prefix(&mapped.target)), own(&levels[end..])))
    }

    /// Whether the children of a folder follow it. Where it went by the user's rules, these speak for the children too.
    fn leads(&self, source: &FolderName, mapped: &Mapped) -> bool {
        match mapped.how {
            How::Own => mapped.remarks.contains(&Remark::Taken),
            How::SpecialUse { .. } => self.target.profile.special_parents,
            How::Known => {
                let own = self.own_levels(source).is_ok_and(|(_, how)| how == How::Own);
                own && !self.rules.table.contains_key(source) && self.target.profile.special_parents
            }
            How::Inbox | How::Renamed | How::Table => false,
        }
    }

    fn finish(mut self) -> Mapping {
        let there = self.target.folders.iter().filter(|folder| folder.selectable);
        let there: BTreeSet<Key> = there.map(|folder| self.spelling.key(&folder.name)).collect();
        let mut creations: BTreeMap<&FolderName, Option<_>> = BTreeMap::new();
        for (source, place) in &self.mapping.places {
            if let Place::Mapped(Mapped { target, .. }) = place
                && !target.is_inbox()
                && !there.contains(&self.spelling.key(target))
            {
                let special = creations.entry(target).or_default();
                *special = special.or(self.uses.to_create(source));
            }
        }
        let creations = creations.into_iter().map(|(name, special)| Creation { name: name.clone(), special });
        self.mapping.creations = creations.collect();
        let unused = self.rules.table.keys().filter(|name| !self.source.contains_key(name));
        self.mapping.unused = unused.cloned().collect();
        self.mapping
    }

    /// Those that have no place yet, in order.
    fn open<'w>(&self, wishes: &'w Wishes) -> Vec<(&'w FolderName, &'w Wish)> {
        wishes.iter().filter(|(source, _)| !self.mapping.places.contains_key(source)).collect()
    }

    fn place(&mut self, source: &FolderName, how: How, fitted: Fitted) {
        let Fitted { name: target, mut remarks } = fitted;
        if target.join(self.target.separator).is_none() {
            return self.exclude(source, Exclusion::Unwritable);
        }
        self.spelling.learn(&target);
        self.taken.entry(self.spelling.key(&target)).or_default().insert(source.clone());
        remarks.extend(self.uses.remarks(source));
        self.mapping.places.insert(source.clone(), Place::Mapped(Mapped { target, how, remarks }));
    }

    fn exclude(&mut self, source: &FolderName, exclusion: Exclusion) {
        self.mapping.places.insert(source.clone(), Place::Excluded(exclusion));
    }
}
