//! The target's items without a fact: among them may be equals of the source's.

use std::collections::BTreeSet;

use crate::keys::KeySet;
use crate::model::ItemKey;
use crate::store::Items;

/// What a message looks like from outside: size, and INTERNALDATE in seconds of the Unix epoch.
pub(crate) type Outline = (u64, i64);

/// Items by their outlines, 24 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Loose {
    outlines: Vec<(Outline, ItemKey)>,
    free: KeySet,
}

impl Loose {
    /// Of these keys, nothing else being known yet.
    pub(crate) fn new(free: KeySet) -> Self {
        Self { outlines: Vec::new(), free }
    }

    /// Learns what some of them look like.
    pub(crate) fn learn(&mut self, items: &Items) {
        let outlines = items.iter().filter(|(key, _)| self.free.contains(**key));
        self.outlines.extend(outlines.filter_map(|(&key, item)| Some((item.outline()?, key))));
    }

    /// All has been learnt.
    pub(crate) fn sort(&mut self) {
        self.outlines.sort_unstable();
    }

    /// Those that look like one of `outlines`, as many as there are.
    pub(crate) fn like(&self, outlines: &BTreeSet<Outline>) -> KeySet {
        let mut alike = KeySet::new();
        for outline in outlines {
            let begin = self.outlines.partition_point(|(it, _)| it < outline);
            let those = self.outlines[begin..].iter().take_while(|(it, _)| it == outline);
            alike.extend(those.map(|(_, key)| *key).filter(|key| self.free.contains(*key)));
        }
        alike
    }

    /// One is loose no more.
    pub(crate) fn take(&mut self, key: ItemKey) {
        self.free.remove(key);
    }

    pub(crate) fn keys(&self) -> &KeySet {
        &self.free
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.free.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::Item;

    #[test]
    fn what_looks_alike_is_found_until_it_is_taken() {
        let item = |size, date| Item {
            size: Some(size),
            date: DateTime::from_timestamp(date, 0).map(|date| date.fixed_offset()),
            ..Item::default()
        };
        let mut loose = Loose::new([1, 2, 3].into_iter().map(ItemKey).collect());
        let items =
            [(1, item(5, 9)), (2, item(6, 9)), (3, item(5, 9)), (4, item(5, 9)), (5, Item::default())];
        loose.learn(&items.into_iter().map(|(key, item)| (ItemKey(key), item)).collect());
        loose.sort();
        let like = |loose: &Loose| loose.like(&[(5, 9), (7, 9)].into()).to_string();
        assert_eq!(like(&loose), "1,3");
        loose.take(ItemKey(1));
        assert_eq!((like(&loose), loose.keys().to_string()), ("3".into(), "2:3".into()));
    }
}
