//! A piece of a folder: observed on both sides, planned, and carried out.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;

use crate::digest::Digest;
use crate::error::Error;
use crate::facts::Facts;
use crate::keys::KeySet;
use crate::loose::Outline;
use crate::model::{Item, ItemKey, Listing, State};
use crate::pass::Pass;
use crate::plan::{Action, Plan, Settled, candidates, plan};
use crate::report::{Reason, Verdict};
use crate::store::{Items, Selected, Source, Target};

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// Observes some items, plans and carries out. False when it was stopped before its end.
    pub(crate) async fn piece(&mut self, keys: &KeySet) -> Result<bool, Error> {
        self.load(keys)?;
        let mut to = self.observe(keys).await?;
        self.choose().await?;
        let plan = self.plan(&mut to).await?;
        self.carry_out(plan).await
    }

    /// Looks at both sides: the source's items become the piece at hand, the target's are given back.
    async fn observe(&mut self, keys: &KeySet) -> Result<Listing, Error> {
        let known: KeySet = self.facts.iter().map(|(key, _)| key).collect();
        let fresh = keys.minus(&known);
        let places: KeySet = self.facts.iter().map(|(_, fact)| fact.target).collect();
        let absent = self.to.is_none();
        let (from, to) =
            join(look_at(self.source, &known, &fresh), placed(self.target, &places, absent)).await;
        let (mut from, to) = (from?, to?);
        add_untold(self.source, &fresh, &mut from).await?;
        let missing: KeySet = self
            .facts
            .iter()
            .filter(|(key, fact)| from.contains_key(key) && !to.contains_key(&fact.target))
            .map(|(key, _)| key)
            .collect();
        if !missing.is_empty()
            && (self.policy.restore || self.loose.as_ref().is_some_and(|loose| !loose.is_empty()))
        {
            from.extend(self.source.items(&missing, true).await?);
        }
        let mut to = self.listing(to);
        let outlines: BTreeSet<Outline> =
            fresh.iter().chain(missing.iter()).filter_map(|key| from.get(&key)?.outline()).collect();
        self.add_alike(&outlines, &mut to).await?;
        self.piece =
            Listing::new(self.from.state.validity, self.from.state.next, self.from.permanent.clone());
        from.into_iter()
            .filter(|(key, _)| keys.contains(*key))
            .for_each(|(key, item)| drop(self.piece.insert(key, item)));
        Ok(to)
    }

    /// Adds the target's items without a fact that may be equal to something.
    async fn add_alike(&mut self, outlines: &BTreeSet<Outline>, to: &mut Listing) -> Result<(), Error> {
        let alike = self.loose.as_ref().map(|loose| loose.like(outlines)).unwrap_or_default();
        if !alike.is_empty() {
            let items = self.target.items(&alike, true).await?;
            items
                .into_iter()
                .filter(|(key, _)| alike.contains(*key))
                .for_each(|(key, item)| drop(to.insert(key, item)));
        }
        Ok(())
    }

    /// Leaves out what the user does not want. What was placed before stays looked after.
    async fn choose(&mut self) -> Result<(), Error> {
        let selection = &self.policy.selection;
        if !selection.is_choosy() {
            return Ok(());
        }
        let found = match &selection.search {
            Some(wanted) => Some(self.source.search(wanted).await?.ok_or_else(|| {
                Error::store(self.folder.to_string(), "the source cannot search for what is asked for")
            })?),
            None => None,
        };
        let mut piece = Listing::new(self.piece.validity, self.piece.next, self.piece.permanent.clone());
        for (key, item) in self.piece.iter() {
            let sought = found.as_ref().is_none_or(|found| found.contains(key));
            let unwanted = selection.item(item).map(|why| why.to_string());
            let unwanted = unwanted.or_else(|| (!sought).then(|| "the search does not find it".to_owned()));
            match unwanted.filter(|_| self.facts.get(key).is_none()) {
                None => drop(piece.insert(key, item.clone())),
                Some(why) => {
                    let reason = Some(Reason::Other(why));
                    self.ledger.settle(Settled { key, verdict: Verdict::Excluded, reason }, self.watch);
                }
            }
        }
        self.piece = piece;
        Ok(())
    }

    /// Loads what is known of some items.
    pub(crate) fn load(&mut self, keys: &KeySet) -> Result<(), Error> {
        let mut facts = Facts::new();
        self.intents.iter().for_each(|intent| facts.open(*intent));
        let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(()) };
        let mut rest = self.rest;
        self.recall(first, last, &mut |key, fact| {
            if keys.contains(key) {
                let rest = rest.of(fact.seen);
                *rest = rest.saturating_sub(1);
                facts.put(key, fact);
            }
        })?;
        (self.facts, self.rest) = (facts, rest);
        Ok(())
    }

    async fn plan(&mut self, to: &mut Listing) -> Result<Plan, Error> {
        let (ask_from, ask_to) = candidates(&self.piece, to, &self.facts);
        let (from, there) = join(
            headers(self.source, &ask_from.into_iter().collect()),
            headers(self.target, &ask_to.into_iter().collect()),
        )
        .await;
        note_headers(&mut self.piece, from?);
        note_headers(to, there?);
        let mut plan = plan(&self.piece, to, &self.facts, self.policy);
        // Of the loose ones only those were looked at that may be equal to something.
        plan.settled.retain(|it| it.verdict != Verdict::Extra || it.reason != Some(Reason::NotOurs));
        if self.to.is_none() && self.head.was_there() && !self.policy.restore {
            skip_appends(&mut plan);
        }
        self.note_lost_flags(&plan);
        for settled in std::mem::take(&mut plan.settled) {
            self.ledger.settle(settled, self.watch);
        }
        Ok(plan)
    }

    fn listing(&self, items: Items) -> Listing {
        let Selected { state: State { validity, next, .. }, permanent } = self.to.clone().unwrap_or_default();
        let mut listing = Listing::new(validity, next, permanent);
        items.into_iter().for_each(|(key, item)| drop(listing.insert(key, item)));
        listing
    }

    fn note_lost_flags(&mut self, plan: &Plan) {
        let permanent = self.permanent();
        let keys: BTreeSet<ItemKey> =
            plan.actions.iter().filter(|it| it.is_effect()).map(Action::key).collect();
        for key in keys {
            if let Some(flags) = self.piece.get(key).and_then(|item| item.flags.as_ref()) {
                let lost = flags.minus(&permanent.keep(flags));
                if !lost.is_empty() {
                    self.ledger.note(Some(key), format!("the target cannot keep these flags: {lost}"));
                }
            }
        }
    }
}

async fn look_at(source: &mut impl Source, known: &KeySet, fresh: &KeySet) -> Result<Items, Error> {
    let mut items = if known.is_empty() { Items::new() } else { source.items(known, false).await? };
    if !fresh.is_empty() {
        items.extend(source.items(fresh, true).await?);
    }
    Ok(items)
}

/// Items that were listed and of which then nothing was told are gone, or cannot be read.
pub(crate) async fn add_untold(
    store: &mut impl Source,
    asked: &KeySet,
    items: &mut Items,
) -> Result<(), Error> {
    let untold: KeySet = asked.iter().filter(|key| !items.contains_key(key)).collect();
    if !untold.is_empty() {
        let there = store.keys().await?.intersection(&untold);
        items.extend(there.iter().map(|key| (key, Item::default())));
    }
    Ok(())
}

async fn placed(target: &mut impl Target, keys: &KeySet, absent: bool) -> Result<Items, Error> {
    if absent || keys.is_empty() { Ok(Items::new()) } else { target.items(keys, false).await }
}

/// The digests of headers.
pub(crate) async fn headers(
    store: &mut impl Source,
    keys: &KeySet,
) -> Result<BTreeMap<ItemKey, Digest>, Error> {
    if keys.is_empty() {
        return Ok(Default::default());
    }
    Ok(store.headers(keys).await?.into_iter().map(|(key, header)| (key, header.digest)).collect())
}

fn note_headers(listing: &mut Listing, headers: BTreeMap<ItemKey, Digest>) {
    for (key, digest) in headers {
        listing.get_mut(key).into_iter().for_each(|item: &mut Item| item.header = Some(digest));
    }
}

/// New messages of a folder that somebody removed on the target.
fn skip_appends(plan: &mut Plan) {
    let (appends, others): (Vec<Action>, Vec<Action>) =
        std::mem::take(&mut plan.actions).into_iter().partition(|it| matches!(it, Action::Append { .. }));
    plan.actions = others;
    plan.settled.extend(appends.iter().map(|action| Settled {
        key: action.key(),
        verdict: Verdict::Skipped,
        reason: Some(Reason::FolderRemovedOnTarget),
    }));
}
