//! What is known of a folder as a whole.

use crate::error::Error;
use crate::keys::KeySet;
use crate::model::{FolderName, ItemKey, State, Validity};
use crate::packed::{Reader, put_bytes, put_number};

/// What is known of a folder as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// How the source stood when it was last looked at.
    pub source: State,
    /// How the target stood when it was last written.
    pub target: State,
    /// Whether the folder was subscribed to on the target for the source's sake.
    pub subscribed: bool,
    /// Whether all of the folder was looked at, so that changes since are enough the next time.
    pub whole: bool,
    /// What the facts come to.
    pub tally: Tally,
    /// The source's items that could not be carried over.
    pub undone: KeySet,
    /// The folder of the target.
    pub place: FolderName,
    /// Under which the source knows the folder whatever its name.
    pub id: Option<String>,
}

impl Head {
    /// Reads the row with the empty key.
    pub fn from_row(source: &[u8], target: &[u8]) -> Result<Self, Error> {
        Self::read(source, target).ok_or_else(|| Error::memory("what is known of a folder cannot be read"))
    }

    /// Whether the target had the folder when it was last looked at.
    pub fn was_there(&self) -> bool {
        self.target.validity.0 != 0
    }

    /// The source's part and the target's part of the row.
    pub(crate) fn to_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut source, mut target) = (vec![VERSION], Vec::new());
        put_state(&mut source, &self.source);
        source.push(u8::from(self.subscribed) | u8::from(self.whole) << 1);
        let Tally { placed, removed, orphaned, others } = self.tally;
        [placed, removed, orphaned, others].into_iter().for_each(|number| put_number(&mut source, number));
        put_bytes(&mut source, self.undone.to_string().as_bytes());
        source.extend_from_slice(self.id.as_deref().unwrap_or_default().as_bytes());
        put_state(&mut target, &self.target);
        target.extend_from_slice(&self.place.to_bytes());
        (source, target)
    }

    fn read(source: &[u8], target: &[u8]) -> Option<Self> {
        let (mut from, mut to) = (Reader(source), Reader(target));
        (from.byte()? == VERSION).then_some(())?;
        let source = read_state(&mut from)?;
        let marks = from.byte()?;
        let mut number = || from.number();
        let tally = Tally { placed: number()?, removed: number()?, orphaned: number()?, others: number()? };
        let undone = match from.bytes()? {
            b"" => KeySet::new(),
            set => KeySet::parse(set)?,
        };
        let id = String::from_utf8(from.0.to_vec()).ok().filter(|id| !id.is_empty());
        let target = read_state(&mut to)?;
        let place = FolderName::from_bytes(to.0)?;
        let (subscribed, whole) = (marks & 1 != 0, marks & 2 != 0);
        Some(Self { source, target, subscribed, whole, tally, undone, place, id })
    }
}

/// How many items of a folder are in which case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Placed, and on both sides.
    pub placed: u64,
    /// Placed, and removed on the target since.
    pub removed: u64,
    /// Placed, and gone from the source since.
    pub orphaned: u64,
    /// On the target only, and not placed by us.
    pub others: u64,
}

impl Tally {
    /// The number that counts items seen so.
    pub(crate) fn of(&mut self, seen: Seen) -> &mut u64 {
        match seen {
            Seen::Both => &mut self.placed,
            Seen::Source => &mut self.removed,
            Seen::Target => &mut self.orphaned,
        }
    }
}

/// On which sides an item was when it was last looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seen {
    /// On both.
    #[default]
    Both,
    /// On the source only.
    Source,
    /// On the target only.
    Target,
}

fn put_state(bytes: &mut Vec<u8>, state: &State) {
    let State { validity, next, count, mark } = state;
    [validity.0, next.0, *count, *mark].into_iter().for_each(|number| put_number(bytes, number));
}

fn read_state(reader: &mut Reader<'_>) -> Option<State> {
    let mut number = || reader.number();
    let (validity, next, count, mark) = (number()?, number()?, number()?, number()?);
    Some(State { validity: Validity(validity), next: ItemKey(next), count, mark })
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state() -> impl Strategy<Value = State> {
        any::<[u64; 4]>().prop_map(|[validity, next, count, mark]| State {
            validity: Validity(validity),
            next: ItemKey(next),
            count,
            mark,
        })
    }

    prop_compose! {
        fn head()(
            source in state(), target in state(), marks: [bool; 2], tally: [u64; 4],
            undone in prop::collection::btree_set(1u64..50, 0..9), id in "[a-z]{0,3}",
        ) -> Head {
            let [placed, removed, orphaned, others] = tally;
            Head {
                source, target, subscribed: marks[0], whole: marks[1],
                tally: Tally { placed, removed, orphaned, others },
                undone: undone.into_iter().map(ItemKey).collect(),
                place: FolderName::from_text(["a", "\u{e4}"]),
                id: Some(id).filter(|id| !id.is_empty()),
            }
        }
    }

    proptest! {
        #[test]
        fn a_head_survives_a_store_of_rows(head in head()) {
            let (source, target) = head.to_bytes();
            prop_assert_eq!(Head::from_row(&source, &target).unwrap(), head);
        }

        #[test]
        fn f1_any_bytes(source: Vec<u8>, target: Vec<u8>) {
            let _ = Head::from_row(&source, &target);
        }
    }
}
