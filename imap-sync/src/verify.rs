//! Reads two folders whole and compares them.

use crate::compare::compare;
use crate::digest::ContentScan;
use crate::error::Error;
use crate::facts::Facts;
use crate::keys::KeySet;
use crate::ledger::Ledger;
use crate::model::Listing;
use crate::piece::add_untold;
use crate::policy::Level;
use crate::report::{Reason, Verdict};
use crate::store::{Selected, Source, Watch};
use crate::structure::Task;

/// Lists an open folder and reads its items as closely as was asked for. `None` when it was stopped before the end.
pub(crate) async fn observe_contents(
    store: &mut impl Source,
    selected: Selected,
    level: Level,
    watch: &dyn Watch,
) -> Result<Option<Listing>, Error> {
    let Selected { state, permanent } = selected;
    let mut listing = Listing::new(state.validity, state.next, permanent);
    for keys in store.keys().await?.chunks(PAGE) {
        if !watch.go_on() {
            return Ok(None);
        }
        let mut items = store.items(&keys, true).await?;
        add_untold(store, &keys, &mut items).await?;
        for (key, item) in items.into_iter().filter(|(key, _)| keys.contains(*key)) {
            listing.insert(key, item);
        }
        let keys = match level {
            Level::All => keys,
            _ => envelopes(store, &keys, level, &mut listing).await?,
        };
        read(store, &keys, &mut listing, watch).await?;
    }
    Ok(Some(listing))
}

/// Takes fingerprints for contents; gives back those to be read whole, which are the same on both sides.
async fn envelopes(
    store: &mut impl Source,
    keys: &KeySet,
    level: Level,
    listing: &mut Listing,
) -> Result<KeySet, Error> {
    let mut whole = KeySet::new();
    for (key, header) in store.headers(keys).await? {
        let Some(item) = listing.get_mut(key) else { continue };
        item.header = Some(header.digest);
        item.content = item.fingerprint();
        let drawn = header.digest.short() % 100;
        if matches!(level, Level::Sample(percent) if drawn < u64::from(percent)) {
            item.content = None;
            whole.insert(key);
        }
    }
    Ok(whole)
}

async fn read(
    store: &mut impl Source,
    keys: &KeySet,
    listing: &mut Listing,
    watch: &dyn Watch,
) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    store.open(keys).await?;
    while let Some(opened) = store.next().await? {
        let (mut scan, mut size) = (ContentScan::default(), 0);
        while let Some(chunk) = store.chunk().await? {
            size += chunk.len() as u64;
            scan.push(&chunk);
        }
        watch.bytes(size);
        let item = listing.get_mut(opened.key).filter(|_| size == opened.size);
        item.into_iter().for_each(|item| item.content = Some(scan.finish()));
    }
    Ok(())
}

/// Compares how many there are.
pub(crate) fn settle_counts(from: u64, to: u64, ledger: &mut Ledger, watch: &dyn Watch) {
    ledger.many(Verdict::Unchanged, from.min(to), None, watch);
    ledger.many(Verdict::Failed, from.saturating_sub(to), Some(Reason::Missing), watch);
    ledger.many(Verdict::Extra, to.saturating_sub(from), Some(Reason::NotOurs), watch);
}

/// One line for each item, as `compare` judges; of what could not be read with the source's words, if it said why.
pub(crate) fn settle_folder(
    source: &impl Source,
    from: &Listing,
    to: &Listing,
    facts: &Facts,
    live: bool,
    ledger: &mut Ledger,
    watch: &dyn Watch,
) {
    for mut settled in compare(from, to, facts, live) {
        if settled.reason == Some(Reason::Unread("the message itself"))
            && let Some(words) = source.refusal(settled.key)
        {
            settled.reason = Some(Reason::Other(format!("the source refuses to give it: {words}")));
        }
        ledger.settle(settled, watch);
    }
}

/// What is to be said of the folder itself, beside its items.
pub(crate) fn folder_verdict(task: &Task, empty: bool, live: bool) -> Option<(Verdict, Reason)> {
    let head = task.head.as_ref();
    let (reason, users) = match (task.is_missing(), head) {
        (true, _) if !empty => return None,
        (true, Some(head)) if head.was_there() => (Reason::FolderRemovedOnTarget, true),
        (true, _) => (Reason::Missing, false),
        (false, _) if !task.is_unsubscribed() => return None,
        (false, head) => {
            (Reason::Different("it is not subscribed to".into()), head.is_some_and(|head| head.subscribed))
        }
    };
    Some((if live && users { Verdict::Excluded } else { Verdict::Failed }, reason))
}

const PAGE: u64 = 500;
