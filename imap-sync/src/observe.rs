//! What a pass looks at: all of a folder, or what changed in it, and pieces of it planned.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join;

use crate::digest::Digest;
use crate::error::Error;
use crate::facts::{Change, Facts, Intent};
use crate::head::{Seen, Tally};
use crate::keys::KeySet;
use crate::loose::{Loose, Outline};
use crate::model::{Item, ItemKey, Listing, State};
use crate::pass::Pass;
use crate::plan::{Action, Plan, Settled, candidates, plan};
use crate::report::{Reason, Verdict};
use crate::store::{Items, Selected, Source, Target};

impl<S: Source, T: Target> Pass<'_, S, T> {
    /// Does all of it. False when it was stopped before its end.
    pub(crate) async fn run(&mut self) -> Result<bool, Error> {
        // What is still on its way has to be there before anything is looked for.
        let late = self.take_late();
        let waits = !self.intents.is_empty() && self.act && self.to.is_some();
        let still = !waits || self.target.is_still().await?;
        let mut touched = self.look().await?;
        let doubtful = self.doubtful(&touched);
        if !doubtful.is_empty() && !still {
            let reason = Reason::Other("the target may still be writing it for an earlier run".into());
            let keys = doubtful.iter();
            keys.for_each(|key| self.ledger.settle(pending(key, &reason), self.watch));
            touched = touched.minus(&doubtful);
        } else {
            touched = touched.minus(&doubtful);
            let intents = self.intents.clone();
            intents.iter().for_each(|intent| self.doubtful.open(*intent));
            if !self.pieces(doubtful.clone(), &touched).await? {
                return Ok(false);
            }
            for intent in intents {
                // What was sent once more may land twice, should the first session live on.
                let again = doubtful.iter().any(|key| intent.covers(key) && self.ledger.is_copied(key));
                self.changes.push(match again {
                    true => Change::OpenIntent(Intent { late: true, ..intent }),
                    false => Change::CloseIntent(intent),
                });
            }
            self.intents.clear();
        }
        self.remove_twins(&late).await?;
        let finished = self.pieces(touched, &KeySet::new()).await?;
        if finished {
            self.finish();
        }
        Ok(finished)
    }

    /// Does items piece by piece. False when it was stopped: the rest of them is pending then, and those for `later`.
    async fn pieces(&mut self, mut keys: KeySet, later: &KeySet) -> Result<bool, Error> {
        while !keys.is_empty() {
            let mut unsettled = 0;
            if self.watch.go_on() {
                let piece = keys.split_off_first(WINDOW);
                if self.piece(&piece).await? {
                    continue;
                }
                let begun = piece.iter().filter(|&key| self.piece.get(key).is_some());
                unsettled = begun.filter(|&key| !self.ledger.has(key)).count() as u64;
            }
            let left = keys.union(later);
            for keys in left.chunks(WINDOW) {
                self.load(&keys)?;
            }
            self.ledger.many(Verdict::Pending, unsettled + left.len(), None, self.watch);
            self.ledger.rest(self.rest, self.watch);
            return Ok(false);
        }
        Ok(true)
    }

    /// What is left over is only counted, or told where it is not much.
    fn finish(&mut self) {
        if let Some(loose) = &self.loose {
            self.head.tally.others = loose.keys().len();
            self.rest.others = 0;
            if loose.keys().len() > MANY {
                self.rest.others = loose.keys().len();
            } else {
                let extra = |key| Settled { key, verdict: Verdict::Extra, reason: Some(Reason::NotOurs) };
                loose.keys().iter().for_each(|key| self.ledger.settle(extra(key), self.watch));
            }
        }
        self.ledger.rest(self.rest, self.watch);
    }

    /// The items that an earlier run may have sent without being told of it.
    fn doubtful(&self, touched: &KeySet) -> KeySet {
        let mut covered = KeySet::new();
        self.intents.iter().for_each(|intent| covered.insert_range(intent.first..=intent.last));
        touched.intersection(&covered)
    }

    /// The source's keys that have to be looked at: all, or those with which something has happened on either side.
    async fn look(&mut self) -> Result<KeySet, Error> {
        // To restore or to choose, all has to be looked at.
        let choosy = self.policy.selection.is_choosy();
        let whole = self.head.whole && !self.twins && self.to.is_some() && !self.policy.restore && !choosy;
        let changed = if whole { self.changed_at_source().await? } else { None };
        let mut touched = match &changed {
            Some(changed) => changed.union(&self.head.undone),
            None => self.source.keys().await?,
        };
        let still = self.to.as_ref().is_some_and(|to| to.state.is_still(&self.head.target));
        let fresh = touched.last().is_some_and(|last| last >= self.head.source.next);
        if changed.is_some() && still && (self.head.tally.others == 0 || !fresh) {
            self.rest = self.head.tally;
            return Ok(touched);
        }
        let there = match &self.to {
            Some(to) if to.state.count > 0 || !self.intents.is_empty() => self.target.keys().await?,
            _ => KeySet::new(),
        };
        let moved = match (changed.is_some(), still) {
            (true, true) => KeySet::new(),
            (true, false) => self.changed_on_target().await?.unwrap_or_else(|| there.clone()),
            (false, _) => KeySet::new(),
        };
        let scan = self.scan(changed.is_some(), &there, &moved)?;
        touched = touched.union(&scan.touched);
        self.head.tally = scan.tally;
        self.rest = if changed.is_some() { scan.tally } else { Tally::default() };
        self.find_loose(there.minus(&scan.placed)).await?;
        self.head.tally.others = 0;
        Ok(touched)
    }

    async fn changed_at_source(&mut self) -> Result<Option<KeySet>, Error> {
        let before = self.head.source;
        if self.from.state.is_still(&before) {
            return Ok(Some(KeySet::new()));
        }
        if before.mark == 0 || self.from.state.mark == 0 {
            return Ok(None);
        }
        let Some(changes) = self.source.changes(&before).await? else { return Ok(None) };
        let fresh = changes.changed.ranges().filter(|range| *range.end() >= before.next);
        let fresh: u64 = fresh.map(|range| range.end().0 - range.start().0.max(before.next.0) + 1).sum();
        let known = match changes.vanished {
            Some(vanished) => self.known_in(&vanished)?,
            None if self.from.state.count == before.count + fresh => KeySet::new(),
            None => {
                let all = self.source.keys().await?;
                let mut everything = KeySet::new();
                everything.insert_range(ItemKey(0)..=ItemKey(u64::MAX));
                self.known_in(&everything)?.minus(&all)
            }
        };
        Ok(Some(changes.changed.union(&known)))
    }

    /// The keys of a set of which something is known, but not that the source lacks them.
    fn known_in(&self, keys: &KeySet) -> Result<KeySet, Error> {
        let mut known = KeySet::new();
        for range in keys.ranges() {
            self.recall(*range.start(), *range.end(), &mut |key, fact| {
                if fact.seen != Seen::Target {
                    known.insert(key);
                }
            })?;
        }
        Ok(known)
    }

    async fn changed_on_target(&mut self) -> Result<Option<KeySet>, Error> {
        let before = self.head.target;
        let to = self.to.as_ref().map(|to| to.state).unwrap_or_default();
        if before.mark == 0 || to.mark == 0 {
            return Ok(None);
        }
        Ok(self.target.changes(&before).await?.map(|changes| changes.changed))
    }

    /// Goes through all facts: what is placed where, and which of them have to be looked at.
    fn scan(&self, delta: bool, there: &KeySet, moved: &KeySet) -> Result<Scan, Error> {
        let mut scan = Scan::default();
        self.recall(ItemKey(0), ItemKey(u64::MAX), &mut |key, fact| {
            scan.placed.insert(fact.target);
            *scan.tally.of(fact.seen) += 1;
            let is_there = there.contains(fact.target);
            if !delta || is_there == (fact.seen == Seen::Source) || moved.contains(fact.target) {
                scan.touched.insert(key);
            }
        })?;
        Ok(scan)
    }

    /// The intents whose messages were sent once more.
    fn take_late(&mut self) -> Vec<Intent> {
        let (late, open): (Vec<Intent>, Vec<Intent>) = self.intents.iter().partition(|intent| intent.late);
        self.intents = open;
        self.twins = !late.is_empty();
        late
    }

    /// What landed after it had been sent once more is ours, and goes.
    async fn remove_twins(&mut self, late: &[Intent]) -> Result<(), Error> {
        let late = if self.act && self.to.is_some() { late } else { &[] };
        for intent in late {
            let mut prints: BTreeMap<u64, u64> = BTreeMap::new();
            self.recall(intent.first, intent.last, &mut |_, fact| {
                *prints.entry(fact.print).or_default() += 1;
            })?;
            let mut since = self.loose.as_ref().map(|loose| loose.keys().clone()).unwrap_or_default();
            if intent.next.0 > 0 {
                since.remove_range(ItemKey(0)..=ItemKey(intent.next.0 - 1));
            }
            let (items, headers) =
                (self.target.items(&since, true).await?, headers(self.target, &since).await?);
            let mut twins = KeySet::new();
            for (key, header) in headers {
                let item = items.get(&key).cloned().unwrap_or_default();
                let print = Item { header: Some(header), ..item }.fingerprint().map(|print| print.short());
                if let Some(count) =
                    print.and_then(|print| prints.get_mut(&print)).filter(|count| **count > 0)
                {
                    *count -= 1;
                    twins.insert(key);
                }
            }
            self.remove_those(&twins).await?;
            self.changes.push(Change::CloseIntent(*intent));
        }
        Ok(())
    }

    async fn remove_those(&mut self, twins: &KeySet) -> Result<(), Error> {
        if twins.is_empty() {
            return Ok(());
        }
        let what = format!("{} messages landed twice after a broken connection", twins.len());
        match self.target.remove(twins, None).await {
            Ok(()) => {
                self.wrote = true;
                twins.iter().for_each(|key| self.loose.iter_mut().for_each(|loose| loose.take(key)));
                self.ledger.note(None, format!("{what}: the second ones are removed"));
                Ok(())
            }
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                self.ledger.note(None, format!("{what} (UIDs {twins}), and cannot be removed: {error}"));
                Ok(())
            }
        }
    }

    async fn find_loose(&mut self, free: KeySet) -> Result<(), Error> {
        let mut loose = Loose::new(free.clone());
        for keys in free.chunks(PAGE) {
            let items = self.target.items(&keys, true).await?;
            loose.learn(&items);
        }
        loose.sort();
        self.loose = Some(loose);
        Ok(())
    }

    /// Observes some items, plans and carries out. False when it was stopped before its end.
    async fn piece(&mut self, keys: &KeySet) -> Result<bool, Error> {
        self.load(keys)?;
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
            merge(&mut from, self.source.items(&missing, true).await?);
        }
        let mut to = self.listing(to);
        let outlines: BTreeSet<Outline> =
            fresh.iter().chain(missing.iter()).filter_map(|key| from.get(&key)?.outline()).collect();
        let alike = self.loose.as_ref().map(|loose| loose.like(&outlines)).unwrap_or_default();
        if !alike.is_empty() {
            let items = self.target.items(&alike, true).await?;
            items
                .into_iter()
                .filter(|(key, _)| alike.contains(*key))
                .for_each(|(key, item)| drop(to.insert(key, item)));
        }
        self.piece =
            Listing::new(self.from.state.validity, self.from.state.next, self.from.permanent.clone());
        from.into_iter()
            .filter(|(key, _)| keys.contains(*key))
            .for_each(|(key, item)| drop(self.piece.insert(key, item)));
        self.choose().await?;
        let plan = self.plan(&mut to).await?;
        self.carry_out(plan).await
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
    fn load(&mut self, keys: &KeySet) -> Result<(), Error> {
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

/// What all facts come to.
#[derive(Default)]
struct Scan {
    placed: KeySet,
    touched: KeySet,
    tally: Tally,
}

async fn look_at(source: &mut impl Source, known: &KeySet, fresh: &KeySet) -> Result<Items, Error> {
    let mut items = if known.is_empty() { Items::new() } else { source.items(known, false).await? };
    if !fresh.is_empty() {
        merge(&mut items, source.items(fresh, true).await?);
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

fn merge(items: &mut Items, more: Items) {
    items.extend(more);
}

async fn headers(store: &mut impl Source, keys: &KeySet) -> Result<BTreeMap<ItemKey, Digest>, Error> {
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

fn pending(key: ItemKey, reason: &Reason) -> Settled {
    Settled { key, verdict: Verdict::Pending, reason: Some(reason.clone()) }
}

/// How many items are planned at a time.
const WINDOW: u64 = 1000;
/// How many items without a fact are told of one by one.
const MANY: u64 = 1000;
/// How many loose items are looked at in one breath.
const PAGE: u64 = 5000;
