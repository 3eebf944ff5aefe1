//! The source's UIDs, kept in a Maildir as Dovecot's own list has them.
//!
//! Messages that came from a server bear their UID and UIDVALIDITY there in their names ([`keys`]). With each batch the folder's
//! list gets the records of its messages; with the first, and when the folder is done with, also those of messages that a
//! killed run left without one. The next UID is raised last of all (why: [`maildir_sync::uidlist_plan`]).

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use imap_sync::{ItemKey, Validity};
use maildir_sync::{Numbers, Obstacle, Unique};

use crate::imap::keys;

/// What is known of the UIDs of a folder's messages.
#[derive(Debug, Default)]
pub struct Uids {
    validity: Option<NonZeroU32>,
    /// Those that the list has to hold yet.
    open: BTreeMap<Unique, u32>,
    /// Those that cannot keep theirs.
    others: BTreeMap<Unique, Obstacle>,
    seen: bool,
}

/// What a list says of a folder that is still empty.
pub fn begin(validity: Validity) -> Option<Numbers> {
    let validity = u32::try_from(validity.0).ok().and_then(NonZeroU32::new)?;
    Some(Numbers { validity, next: Some(1), uids: BTreeMap::new() })
}

impl Uids {
    /// A message that came from a source.
    pub fn add(&mut self, unique: &Unique, validity: Validity) {
        self.source(validity);
        self.open.extend(self.own(unique).map(|uid| (unique.clone(), uid)));
    }

    /// Which source it is that messages come from.
    pub fn source(&mut self, validity: Validity) {
        let validity = u32::try_from(validity.0).ok().and_then(NonZeroU32::new);
        if self.validity != validity {
            *self = Self { validity, ..Self::default() };
        }
    }

    /// What to have the list say; of the messages that are there only once, or when all is done. A source that has no UIDs, being
    /// no server, has none to keep.
    pub fn take<'a>(
        &mut self,
        there: impl Iterator<Item = &'a Unique>,
        next: Option<ItemKey>,
    ) -> Option<Numbers> {
        let validity = self.validity?;
        if !self.seen || next.is_some() {
            let missing: Vec<_> =
                there.filter_map(|unique| Some((unique.clone(), self.own(unique)?))).collect();
            self.open.extend(missing);
        }
        self.seen = true;
        let next = next.and_then(|next| u32::try_from(next.0).ok());
        Some(Numbers { validity, next, uids: std::mem::take(&mut self.open) })
    }

    /// Keeps in mind what could not be; a sentence about all of it.
    pub fn lack(&mut self, others: Vec<(Unique, Obstacle)>) -> Option<String> {
        if others.is_empty() {
            return None;
        }
        self.others.extend(others);
        let (unique, obstacle) = self.others.first_key_value()?;
        Some(format!(
            "{} messages have no longer the UIDs that they had, and clients will get them again; of {unique}: {obstacle}",
            self.others.len()
        ))
    }

    fn own(&self, unique: &Unique) -> Option<u32> {
        let (uid, validity) = keys::origin(unique)?;
        u32::try_from(uid)
            .ok()
            .filter(|_| self.validity.is_some_and(|ours| u64::from(ours.get()) == validity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(uid: u64, validity: u64) -> Unique {
        Unique::new(format!("{uid}.V{validity}.mailferry,S=1,W=1")).unwrap()
    }

    fn uids(numbers: Option<Numbers>) -> Vec<u32> {
        numbers.map(|numbers| numbers.uids.into_values().collect()).unwrap_or_default()
    }

    #[test]
    fn what_a_killed_run_left_goes_with_the_first_batch_and_the_last() {
        let (mut known, there) = (Uids::default(), [unique(1, 9), unique(2, 8), unique(3, 9)]);
        assert_eq!(known.take(there.iter(), None), None, "nobody knows yet where they come from");
        known.add(&unique(4, 9), Validity(9));
        assert_eq!(uids(known.take(there.iter(), None)), [1, 3, 4]);
        known.add(&unique(5, 9), Validity(9));
        assert_eq!(uids(known.take(there.iter(), None)), [5]);
        let last = known.take(there.iter(), Some(ItemKey(7)));
        assert_eq!(last.as_ref().and_then(|numbers| numbers.next), Some(7));
        assert_eq!(uids(last), [1, 3]);
    }

    #[test]
    fn a_source_without_uids_has_none_to_keep() {
        let mut known = Uids::default();
        known.add(&unique(1 << 40, 9), Validity(9));
        known.add(&Unique::new("1.M1P1.a").unwrap(), Validity(9));
        assert_eq!(uids(known.take([].into_iter(), None)), [0; 0]);
        known.add(&unique(1, 1 << 40), Validity(1 << 40));
        assert_eq!(known.take([].into_iter(), None), None);
    }

    #[test]
    fn what_could_not_be_kept_is_one_sentence() {
        let mut known = Uids::default();
        assert_eq!(known.lack(Vec::new()), None);
        known.lack(vec![(unique(2, 9), Obstacle::Taken)]);
        let text =
            known.lack(vec![(unique(3, 9), Obstacle::Taken), (unique(2, 9), Obstacle::Taken)]).unwrap();
        assert!(text.starts_with("2 messages have") && text.contains("2.V9.mailferry"), "{text}");
    }
}
