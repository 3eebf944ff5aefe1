//! Which UIDs a folder's list can take over from where its messages came from. Pure.
//!
//! A UID can be taken over if clients of this folder could not have learnt anything else: it is of the folder's own
//! UIDVALIDITY, nobody has it, and it is not below one that was promised as the next. The last may be waived as long as
//! nobody has read the folder: a Dovecot that has takes a new message below its next UID for one that was expunged,
//! complains, and gives it another. For the same reason the next UID is raised to that of the source last of all, when
//! no message is still to come.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use crate::uidlist::{Record, UidList, is_uid};
use crate::unique::Unique;

/// The UIDs which messages had where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The UIDVALIDITY there.
    pub validity: NonZeroU32,
    /// The next UID there, once no more messages are to come for now.
    pub next: Option<u32>,
    /// The UID of each message.
    pub uids: BTreeMap<Unique, u32>,
}

/// What is to become of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// The records to add. All of them stand in the file before it is relied on.
    pub records: BTreeMap<u32, Unique>,
    /// The folder gets this UIDVALIDITY.
    pub validity: Option<NonZeroU32>,
    /// The next UID is at least this.
    pub next: Option<u32>,
    /// It takes more than records at the end of the file.
    pub whole: bool,
    /// Messages which do not have their UID, and why.
    pub others: Vec<(Unique, Obstacle)>,
}

/// Why a message cannot have the UID it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Dovecot will throw the folder's list away.
    Broken,
    /// The folder's messages have UIDs of another UIDVALIDITY.
    Foreign(NonZeroU32),
    /// No room is left for the list; it can be made good once there is.
    Full,
    /// It was given this one already.
    Numbered(u32),
    /// Clients expect it no more: this is the next.
    Passed(u32),
    /// Another message has it.
    Taken,
    /// It is no UID, or the file's name cannot stand in the list.
    Unfit,
}

/// Decides what a folder's list takes over. `intact` tells whether Dovecot would believe the list as it is, `read` whether
/// it has read the folder before.
pub fn plan(list: Option<&UidList>, wanted: &Numbers, intact: bool, read: bool) -> Merge {
    let known = list.filter(|list| list.validity() == wanted.validity);
    let obstacle = match list {
        _ if !intact => Some(Obstacle::Broken),
        Some(list) if known.is_none() && !list.is_empty() => Some(Obstacle::Foreign(list.validity())),
        _ => None,
    };
    let mut merge = Merge::default();
    if let Some(obstacle) = obstacle {
        merge.others = wanted.uids.keys().map(|unique| (unique.clone(), obstacle)).collect();
        return merge;
    }
    let mut by_uid: Vec<_> = wanted.uids.iter().map(|(unique, uid)| (*uid, unique)).collect();
    by_uid.sort_unstable();
    for (uid, unique) in by_uid {
        match place(known, &merge, uid, unique, read) {
            Place::At => drop(merge.records.insert(uid, unique.clone())),
            Place::Has => {}
            Place::Not(obstacle) => merge.others.push((unique.clone(), obstacle)),
        }
    }
    let next = known.map_or(1, UidList::next);
    let above = merge.above(next);
    // Until a server has read it, the list is left as if written at once, however often runs were killed.
    let told = known.map_or(0, |list| if read { above } else { list.told_next() });
    merge.next = wanted.next.map(|wanted| wanted.max(above)).filter(|wanted| *wanted > told);
    let begins = known.is_none() && !(merge.records.is_empty() && merge.next.is_none());
    merge.validity = Some(wanted.validity).filter(|_| begins);
    let first = merge.records.first_key_value().map_or(next, |(first, _)| *first);
    merge.whole = begins || merge.next.is_some() || first < next;
    merge
}

impl Merge {
    /// Nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && !self.whole
    }

    /// The list as it is to be, of the one that was planned with.
    pub fn apply(&self, list: Option<UidList>) -> Option<UidList> {
        let mut list = match (list, self.validity) {
            (Some(list), None) => list,
            (Some(list), Some(validity)) => list.begun_anew(validity),
            (None, validity) => UidList::new(validity?),
        };
        list.raise_next(self.next.unwrap_or(1));
        for (uid, unique) in &self.records {
            list.insert(*uid, Record::new(unique.clone())).ok()?;
        }
        Some(list)
    }

    /// The lines for the end of the file.
    pub fn to_lines(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        self.records.iter().for_each(|(uid, unique)| Record::new(unique.clone()).write(*uid, &mut lines));
        lines
    }

    fn above(&self, next: u32) -> u32 {
        self.records.last_key_value().map_or(next, |(last, _)| next.max(last + 1))
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken => {
                f.write_str("the folder's dovecot-uidlist is damaged, Dovecot will begin a new one")
            }
            Self::Foreign(validity) => {
                write!(f, "the folder holds messages of another UIDVALIDITY, {validity}")
            }
            Self::Full => f.write_str("no room is left for the folder's dovecot-uidlist"),
            Self::Numbered(uid) => write!(f, "Dovecot gave it UID {uid} before"),
            Self::Passed(next) => write!(f, "the folder's next UID is {next} already"),
            Self::Taken => f.write_str("another message of the folder has it"),
            Self::Unfit => f.write_str("it cannot stand in a dovecot-uidlist"),
        }
    }
}

enum Place {
    At,
    Has,
    Not(Obstacle),
}

fn place(list: Option<&UidList>, merge: &Merge, uid: u32, unique: &Unique, read: bool) -> Place {
    let has = list.and_then(|list| list.uid(unique));
    let next = list.map_or(1, UidList::next);
    if has == Some(uid) {
        Place::Has
    } else if let Some(has) = has {
        Place::Not(Obstacle::Numbered(has))
    } else if !is_uid(uid) || unique.as_bytes().iter().any(|byte| b"\r\n".contains(byte)) {
        Place::Not(Obstacle::Unfit)
    } else if merge.records.contains_key(&uid) || list.is_some_and(|list| list.get(uid).is_some()) {
        Place::Not(Obstacle::Taken)
    } else if uid < next && read {
        Place::Not(Obstacle::Passed(next))
    } else {
        Place::At
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unique(name: &str) -> Unique {
        Unique::new(name).unwrap()
    }

    fn numbers(validity: u32, next: Option<u32>, uids: &[(&str, u32)]) -> Numbers {
        let uids = uids.iter().map(|(name, uid)| (unique(name), *uid)).collect();
        Numbers { validity: NonZeroU32::new(validity).unwrap(), next, uids }
    }

    fn list(text: &str) -> Option<UidList> {
        (!text.is_empty()).then(|| UidList::parse(text.as_bytes()).unwrap().0)
    }

    /// The list after the plan, and what could not be.
    fn merged(before: &str, wanted: &Numbers, read: bool) -> (String, Vec<String>) {
        let before_list = list(before);
        let merge = plan(before_list.as_ref(), wanted, true, read);
        let others = merge.others.iter().map(|(unique, why)| format!("{unique}: {why}")).collect();
        if merge.is_empty() {
            return (before.to_owned(), others);
        }
        if !merge.whole {
            return (before.to_owned() + str::from_utf8(&merge.to_lines()).unwrap(), others);
        }
        (String::from_utf8(merge.apply(before_list).unwrap().to_bytes()).unwrap(), others)
    }

    #[test]
    fn a_list_takes_over_what_contradicts_nothing() {
        for (what, before, wanted, after) in [
            ("a new folder", "", numbers(7, None, &[("b", 5), ("a", 9)]), "3 V7 N10\n5 :b\n9 :a\n"),
            ("an empty folder's validity", "", numbers(7, Some(4), &[]), "3 V7 N4\n"),
            ("nothing to say yet", "", numbers(7, None, &[]), ""),
            ("more at the end", "3 V7 N2\n5 :b\n", numbers(7, None, &[("c", 6)]), "3 V7 N2\n5 :b\n6 :c\n"),
            (
                "the next UID comes last",
                "3 V7 N2 P%u\n5 W3 :b\n",
                numbers(7, Some(9), &[]),
                "3 V7 N9 P%u\n5 W3 :b\n",
            ),
            ("it never falls", "3 V7 N20\n5 :b\n", numbers(7, Some(9), &[("b", 5)]), "3 V7 N20\n5 :b\n"),
            ("a gap nobody saw", "3 V7 N7\n6 :b\n", numbers(7, None, &[("c", 4)]), "3 V7 N7\n4 :c\n6 :b\n"),
            (
                "a folder without a message",
                "3 V8 N40 Gx P%u\n",
                numbers(7, Some(6), &[("c", 5)]),
                "3 V7 N6 P%u\n5 :c\n",
            ),
        ] {
            assert_eq!(merged(before, &wanted, false), (after.to_owned(), Vec::new()), "{what}");
        }
    }

    #[test]
    fn what_clients_know_stays() {
        let all = [("a", 5), ("b", 6), ("c", 9)];
        for (what, before, read, after, others) in [
            (
                "another validity",
                "3 V8 N2\n1 :x\n",
                false,
                "",
                &["a: the folder holds messages of another UIDVALIDITY, 8"][..],
            ),
            (
                "a new message came between",
                "3 V7 N6\n5 :x\n",
                true,
                "3 V7 N6\n5 :x\n6 :b\n9 :c\n",
                &["a: another message of the folder has it"],
            ),
            (
                "Dovecot was faster",
                "3 V7 N2\n8 :a\n",
                true,
                "3 V7 N2\n8 :a\n9 :c\n",
                &["a: Dovecot gave it UID 8 before", "b: the folder's next UID is 9 already"],
            ),
        ] {
            let (list, why) = merged(before, &numbers(7, None, &all), read);
            assert_eq!(list, if after.is_empty() { before } else { after }, "{what}");
            assert_eq!(why[..others.len()], *others, "{what}");
        }
    }

    #[test]
    fn what_no_list_can_hold_is_told() {
        let wanted = numbers(7, None, &[("a", 0), ("b", u32::MAX), ("c\nd", 3), ("e", 4), ("f", 4)]);
        let (list, why) = merged("", &wanted, false);
        assert_eq!((list.as_str(), why.len()), ("3 V7 N5\n4 :e\n", 4), "{why:?}");
        let broken = plan(None, &wanted, false, false);
        assert!(broken.is_empty() && broken.others.len() == 5);
    }

    fn lists() -> impl Strategy<Value = Option<UidList>> {
        let records = prop::collection::btree_map(1..12u32, "[a-d]", 0..4);
        prop::option::of((7..9u32, 1..12u32, records).prop_map(|(validity, next, records)| {
            let mut list = UidList::new(NonZeroU32::new(validity).unwrap());
            list.raise_next(next);
            for (uid, name) in records {
                list.insert(uid, Record::new(unique(&name))).ok();
            }
            list
        }))
    }

    proptest! {
        #[test]
        fn l1_converged(before in lists(), next in prop::option::of(1..14u32), read: bool,
            uids in prop::collection::btree_map("[a-f]", 0..14u32, 0..6)) {
            let uids: Vec<_> = uids.iter().map(|(name, uid)| (name.as_str(), *uid)).collect();
            let wanted = numbers(7, next, &uids);
            let merge = plan(before.as_ref(), &wanted, true, read);
            prop_assert_eq!(merge.others.len() + merge.records.len() + wanted.uids.iter().filter(|(name, uid)| {
                before.as_ref().is_some_and(|list| list.validity().get() == 7 && list.uid(name) == Some(**uid))
            }).count(), wanted.uids.len(), "each is accounted for");
            if merge.is_empty() {
                return Ok(());
            }
            let after = merge.apply(before.clone()).unwrap();
            prop_assert!(plan(Some(&after), &wanted, true, true).is_empty());
            if let Some(before) = before.filter(|list| !list.is_empty()) {
                prop_assert_eq!(before.validity(), after.validity());
                prop_assert!(after.next() >= before.next());
                prop_assert!(before.records().all(|(uid, record)| after.get(uid) == Some(record)));
                let appended = [before.to_bytes(), merge.to_lines()].concat();
                let (read, faults) = UidList::parse(&appended).unwrap();
                prop_assert!(merge.whole || read.to_bytes() == after.to_bytes() && faults.is_empty());
            }
        }
    }
}
