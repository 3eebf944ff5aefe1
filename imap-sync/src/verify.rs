//! Reads two folders whole and compares them.

use crate::compare::compare;
use crate::digest::ContentScan;
use crate::error::Error;
use crate::facts::{Facts, Head};
use crate::ledger::Ledger;
use crate::model::{FolderName, ItemKey, Listing};
use crate::report::{Reason, Verdict};
use crate::store::{Source, Watch};

/// Reads every item of an open folder and notes the digests. False when it was stopped before the end.
pub(crate) async fn observe_contents(
    store: &mut impl Source,
    folder: &FolderName,
    listing: &mut Listing,
    watch: &mut dyn Watch,
) -> Result<bool, Error> {
    let keys: Vec<ItemKey> = listing.iter().map(|(key, _)| key).collect();
    for keys in keys.chunks(PAGE) {
        if !watch.go_on() {
            return Ok(false);
        }
        store.open(folder, keys).await?;
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
    }
    Ok(true)
}

/// One line for each item, as `compare` judges; of what could not be read with the source's words, if it said why.
pub(crate) fn settle_folder(
    source: &impl Source,
    from: &Listing,
    to: &Listing,
    facts: &Facts,
    live: bool,
    ledger: &mut Ledger,
    watch: &mut dyn Watch,
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
pub(crate) fn folder_verdict(
    head: Option<Head>,
    missing: bool,
    unsubscribed: bool,
    empty: bool,
    live: bool,
) -> Option<(Verdict, Reason)> {
    let (reason, users) = match (missing, head) {
        (true, _) if !empty => return None,
        (true, Some(head)) if head.was_there() => (Reason::FolderRemovedOnTarget, true),
        (true, _) => (Reason::Missing, false),
        (false, _) if !unsubscribed => return None,
        (false, head) => {
            (Reason::Different("it is not subscribed to".into()), head.is_some_and(|head| head.subscribed))
        }
    };
    Some((if live && users { Verdict::Excluded } else { Verdict::Failed }, reason))
}

const PAGE: usize = 500;
