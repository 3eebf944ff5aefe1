//! The laws of the engine, L1 to L7, as properties.

#![allow(clippy::unwrap_used)]

mod world;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use ldif::{
    Apply, Digest, Entry, Fact, FactChange, Item, Key, Kind, Listing, Next, Operation, Outcome, Place,
    Policy, Verdict, difference, plan, verify,
};
use proptest::prelude::*;
use world::{Side, World, entry};

fn key() -> impl Strategy<Value = Key> {
    let kind = prop::sample::select(vec![Kind::Class, Kind::Domain, Kind::Account, Kind::List]);
    (kind, 0..3u8).prop_map(|(kind, name)| Key::new(kind, &format!("{name}@example.com")))
}

fn side() -> impl Strategy<Value = Side> {
    prop::collection::btree_map(key(), 0..3u8, 0..8).prop_map(|map| {
        let entries = map.into_iter().map(|(key, value)| (key.clone(), entry(&key, value))).collect();
        Side { entries, writes: Cell::new(0) }
    })
}

/// Any source, any target, and facts that may be true, stale or about nothing.
fn world() -> impl Strategy<Value = World> {
    let facts = prop::collection::btree_map(key(), (0..3u8, 0..3u8), 0..8).prop_map(|map| {
        let digest = |key: &Key, value| Item::new(entry(key, value), Place::default()).digest;
        let fact = |(key, (source, target)): (Key, (u8, u8))| {
            let fact = Fact { source: digest(&key, source), target: digest(&key, target) };
            (key, fact)
        };
        map.into_iter().map(fact).collect()
    });
    (side(), side(), facts).prop_map(|(source, target, facts)| World { source, target, facts })
}

fn policy() -> impl Strategy<Value = Policy> {
    any::<bool>().prop_map(|restore| Policy::default().with_restore(restore))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn l1_converged(mut world in world(), policy in policy()) {
        world.run(&policy);
        prop_assert!(world.plan(&policy).is_empty());
    }

    #[test]
    fn l2_idempotent(mut world in world(), policy in policy()) {
        world.run(&policy);
        let (before, writes) = (world.clone(), world.target.writes.get());
        let report = world.run(&policy);
        prop_assert_eq!(world.target.writes.get(), writes);
        prop_assert_eq!(&world, &before);
        prop_assert_eq!(report.count(Verdict::Copied) + report.count(Verdict::Adopted), 0);
    }

    #[test]
    fn l3_interruptible(start in world(), policy in policy(), width in 1..5usize) {
        let mut whole = start.clone();
        whole.run(&policy);
        for (stop, lose) in (0..=start.plan(&policy).actions.len()).flat_map(|stop| [(stop, false), (stop, true)]) {
            let mut cut = start.clone();
            cut.apply(&policy, stop, width, lose);
            cut.run(&policy);
            prop_assert_eq!(&cut.target.entries, &whole.target.entries, "stopped after {}", stop);
            prop_assert_eq!(&cut.facts, &whole.facts, "stopped after {}", stop);
            prop_assert_eq!(cut.target.writes.get(), whole.target.writes.get(), "nothing is written twice");
        }
    }

    #[test]
    fn l4_deterministic(world in world(), policy in policy(), shift in any::<prop::sample::Index>()) {
        let shuffled = |listing: Listing| {
            let mut items: Vec<_> = listing.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
            items.reverse();
            let middle = if items.is_empty() { 0 } else { shift.index(items.len()) };
            items.rotate_left(middle);
            let mut listing = Listing::new();
            for (key, item) in items {
                let mut entry = item.entry;
                entry.attributes.reverse();
                listing.insert(key, Item::new(entry, item.place));
            }
            listing
        };
        let (source, target) = (world.source.listing(), world.target.listing());
        let again = plan(&shuffled(source), &shuffled(target), &world.facts, &policy);
        prop_assert_eq!(again, world.plan(&policy));
    }

    #[test]
    fn l5_source_untouched(mut world in world(), policy in policy()) {
        let before = world.source.clone();
        world.run(&policy);
        let _ = verify(&world.source.listing(), &world.target.listing(), &world.facts, false);
        prop_assert_eq!(world.source.writes.get(), 0);
        prop_assert_eq!(world.source, before);
    }

    /// Also when actions fail, pass, are tried again, or are never started.
    #[test]
    fn l6_accounted(
        world in world(),
        policy in policy(),
        fates in prop::collection::vec(prop::option::of(any::<bool>()), 0..40),
    ) {
        let plan = world.plan(&policy);
        let mut apply = Apply::new(plan);
        let (mut attempts, mut recorded) = (BTreeMap::<Key, u32>::new(), BTreeSet::new());
        let mut fates = fates.into_iter();
        while let Some(fate) = fates.next() {
            let Some(mut action) = apply.start() else { break };
            let mut fate = fate;
            loop {
                *attempts.entry(action.key().clone()).or_default() += 1;
                let outcome = match fate {
                    None => Outcome::Done { target: Digest::of(b"") },
                    Some(transient) => Outcome::Failed { reason: "refused".to_owned(), transient },
                };
                match apply.finish(action, outcome) {
                    Next::Again(same) => {
                        action = same;
                        fate = fates.next().flatten();
                    }
                    Next::Record(FactChange::Put(key, _) | FactChange::Remove(key)) => {
                        recorded.insert(key);
                        break;
                    }
                    Next::Settled => break,
                }
            }
        }
        prop_assert!(attempts.values().all(|count| (1..=3).contains(count)));
        let report = apply.into_report();
        let mut lines = BTreeMap::<&Key, Verdict>::new();
        for line in &report.lines {
            prop_assert!(lines.insert(&line.key, line.verdict).is_none(), "two lines for {}", line.key);
        }
        for key in world.source.entries.keys() {
            prop_assert!(lines.remove(key).is_some_and(|verdict| verdict != Verdict::Extra), "{key} is not accounted for");
        }
        prop_assert!(lines.values().all(|verdict| *verdict == Verdict::Extra), "{lines:?}");
        let settled = [Verdict::Adopted, Verdict::Copied];
        let kept = report.lines.iter().filter(|line| settled.contains(&line.verdict)).count() as u64;
        prop_assert_eq!(kept + report.forgotten, recorded.len() as u64);
    }

    #[test]
    fn l7_delta_is_full(earlier in side(), mut world in world(), policy in policy()) {
        let (mut merged, full) = (earlier.listing(), world.source.listing());
        let changed: Listing = full
            .iter()
            .filter(|(key, item)| merged.get(key).is_none_or(|old| old.digest != item.digest))
            .map(|(key, item)| (key.clone(), item.clone()))
            .collect();
        let gone: Vec<Key> = merged.iter().map(|(key, _)| key.clone()).filter(|key| full.get(key).is_none()).collect();
        merged.update(changed, &gone);
        let target = world.target.listing();
        prop_assert_eq!(plan(&merged, &target, &world.facts, &policy), world.plan(&policy));
        world.run(&policy);
    }

    /// What is there after a run that restores is what verification asks for, except for what is not ours.
    #[test]
    fn a_run_that_restores_leaves_nothing_to_verify(mut world in world()) {
        world.target.entries.clear();
        world.run(&Policy::default().with_restore(true));
        let report = verify(&world.source.listing(), &world.target.listing(), &world.facts, false);
        prop_assert!(report.is_clean(), "{report:?}");
    }

    #[test]
    fn the_difference_makes_one_entry_into_the_other(
        current in prop::collection::vec(("[a-cA-C]", 0..3u8), 0..6),
        desired in prop::collection::vec(("[a-cA-C]", 0..3u8), 0..6),
    ) {
        let build = |values: &[(String, u8)]| {
            let mut entry = Entry::new("cn=x");
            for (name, value) in values {
                entry.push(name, vec![*value]).unwrap();
            }
            entry
        };
        let (current, desired) = (build(&current), build(&desired));
        let mut state = sets(&current);
        for step in difference(&current, &desired) {
            let name = step.description.folded();
            match step.operation {
                Operation::Add => prop_assert!(state.insert(name, step.values.into_iter().collect()).is_none()),
                Operation::Delete => prop_assert!(step.values.is_empty() && state.remove(&name).is_some()),
                Operation::Replace => prop_assert!(state.insert(name, step.values.into_iter().collect()).is_some()),
                Operation::Increment => prop_assert!(false, "nothing is counted"),
            }
        }
        prop_assert_eq!(state, sets(&desired));
        prop_assert!(difference(&desired, &desired).is_empty());
    }

    #[test]
    fn keys_are_kept_and_read_back(key in key(), name in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..9)) {
        prop_assert_eq!(Key::from_bytes(&key.to_bytes()), Some(key.clone()));
        let other = Key::new(key.kind(), &name);
        prop_assert_eq!(Key::from_bytes(&other.to_bytes()), Some(other));
        prop_assert!(Key::from_bytes(&bytes).is_none_or(|key| key.to_bytes() == bytes));
    }
}

fn sets(entry: &Entry) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    let mut sets: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for attribute in &entry.attributes {
        sets.entry(attribute.description.folded()).or_default().insert(attribute.value.clone());
    }
    sets
}
