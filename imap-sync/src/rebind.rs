//! When UIDVALIDITY has changed, pairs are bound again by fingerprints: headers are read, bodies are not moved.

use std::collections::BTreeMap;

use crate::digest::fingerprint;
use crate::error::Error;
use crate::facts::{Change, Fact};
use crate::head::{Head, Seen, Tally};
use crate::keys::KeySet;
use crate::model::{ItemKey, State};
use crate::pass::Pass;
use crate::store::{Source, Target};

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// Makes the facts hold under the validities as they are now. With a new source, what is known of an item stays
    /// known; on a new target what is not found has to be placed again, whoever removed it. Where both are new, or
    /// nothing may be written, all pairs go, and equals are adopted.
    pub(crate) async fn rebind(&mut self) -> Result<(), Error> {
        let (from, to) = (self.from.state, self.to.as_ref().map(|to| to.state));
        let new_source = self.head.source.validity.0 != 0 && self.head.source.validity != from.validity;
        let new_target =
            self.head.was_there() && to.is_some_and(|to| to.validity != self.head.target.validity);
        if !new_source && !new_target {
            return Ok(());
        }
        self.ledger.note(None, "UIDVALIDITY has changed: what is equal is found again by fingerprint".into());
        self.head =
            Head { whole: false, tally: Tally::default(), undone: KeySet::new(), ..self.head.clone() };
        if !self.act {
            self.forgotten = true;
            return Ok(());
        }
        let mut old = Vec::new();
        self.memory
            .facts(self.folder, ItemKey(0), ItemKey(u64::MAX), &mut |key, fact| old.push((key, fact)))?;
        let mut changes: Vec<Change> = self.intents.drain(..).map(Change::CloseIntent).collect();
        changes.extend(old.iter().map(|(key, _)| Change::Remove { key: *key }));
        let bound = match (new_source, new_target) {
            (true, true) => Vec::new(),
            (true, false) => {
                let prints = prints(self.source).await?;
                bind(old.into_iter().map(|(_, fact)| (fact.print, fact)), prints)
            }
            _ => {
                let prints = prints(self.target).await?;
                let there = old.into_iter().filter(|(_, fact)| fact.seen != Seen::Source);
                let bound = bind(there.map(|(key, fact)| (fact.print, (key, fact))), prints);
                bound.into_iter().map(|(target, (key, fact))| (key, Fact { target, ..fact })).collect()
            }
        };
        changes.extend(bound.into_iter().map(|(key, fact)| Change::Put { key, fact }));
        let target = to.map(|to| State { mark: 0, ..to }).unwrap_or(self.head.target);
        self.head = Head { source: State { mark: 0, ..from }, target, ..self.head.clone() };
        changes.push(Change::Head(Box::new(self.head.clone())));
        self.recorded = true;
        self.memory.record(&[(self.folder, changes)])
    }
}

/// The fingerprints of all items of the open folder.
async fn prints(store: &mut impl Source) -> Result<Vec<(u64, ItemKey)>, Error> {
    let mut prints = Vec::new();
    for keys in store.keys().await?.chunks(PAGE) {
        let items = store.items(&keys, true).await?;
        for (key, header) in store.headers(&keys).await? {
            let Some(item) = items.get(&key) else { continue };
            if let (Some(size), Some(date)) = (item.size, item.date) {
                prints.push((fingerprint(size, &date, &header.digest).short(), key));
            }
        }
    }
    Ok(prints)
}

/// Gives each of the old, which come in order, one of the keys with the same print, the first first.
fn bind<X>(old: impl Iterator<Item = (u64, X)>, prints: Vec<(u64, ItemKey)>) -> Vec<(ItemKey, X)> {
    let mut keys: BTreeMap<u64, Vec<ItemKey>> = BTreeMap::new();
    prints.into_iter().rev().for_each(|(print, key)| keys.entry(print).or_default().push(key));
    old.filter_map(|(print, it)| Some((keys.get_mut(&print)?.pop()?, it))).collect()
}

const PAGE: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_are_bound_in_order_and_each_once() {
        let prints = [(7, 1), (8, 2), (7, 3)].map(|(print, key)| (print, ItemKey(key))).to_vec();
        let bound = bind([(7, 'a'), (9, 'b'), (7, 'c'), (7, 'd')].into_iter(), prints);
        assert_eq!(bound, [(ItemKey(1), 'a'), (ItemKey(3), 'c')]);
    }
}
