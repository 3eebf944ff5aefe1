//! The laws of the engine, L1 to L7, as properties, and its tables.

#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use ldif::{
    Action, Apply, Change, Digest, Entry, Fact, FactChange, Facts, Item, Key, Kind, Listing, Next, Operation,
    Outcome, Place, Plan, Policy, Reason, Report, Verdict, difference, next_step, plan, verify,
};
use proptest::prelude::*;

/// A side of the migration that counts what is written to it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Side {
    entries: BTreeMap<Key, Entry>,
    writes: Cell<u64>,
}

impl Side {
    fn listing(&self) -> Listing {
        self.entries.iter().map(|(key, entry)| (key.clone(), Item::new(entry.clone(), place(key)))).collect()
    }

    fn write(&mut self, key: &Key, entry: Entry) -> Digest {
        self.writes.set(self.writes.get() + 1);
        self.entries.insert(key.clone(), entry.clone());
        Item::new(entry, Place::default()).digest
    }
}

fn place(key: &Key) -> Place {
    Place { file: "side".into(), line: 1, byte: 0, dn: Some(key.name().to_owned()) }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct World {
    source: Side,
    target: Side,
    facts: Facts,
}

impl World {
    fn plan(&self, policy: &Policy) -> Plan {
        plan(&self.source.listing(), &self.target.listing(), &self.facts, policy)
    }

    /// Carries out at most `limit` actions, `width` at a time; with `lose` the last fact is not kept.
    fn apply(&mut self, policy: &Policy, limit: usize, width: usize, lose: bool) -> Report {
        let mut apply = Apply::new(self.plan(policy));
        let (mut done, mut flying) = (0, Vec::new());
        loop {
            while flying.len() < width && done + flying.len() < limit {
                let Some(action) = apply.start() else { break };
                flying.push(action);
            }
            let Some(action) = flying.pop() else { return apply.into_report() };
            let target = self.carry_out(&action);
            done += 1;
            match apply.finish(action, Outcome::Done { target }) {
                Next::Record(_) if lose && done == limit => {}
                Next::Record(FactChange::Put(key, fact)) => {
                    self.facts.insert(key, fact);
                }
                Next::Record(FactChange::Remove(key)) => {
                    self.facts.remove(&key);
                }
                Next::Again(_) | Next::Settled => panic!("it was done"),
            }
        }
    }

    fn carry_out(&mut self, action: &Action) -> Digest {
        match action {
            Action::Adopt { target, .. } => *target,
            Action::Forget { .. } => Digest::of(b""),
            Action::Create { key, .. } | Action::Update { key, .. } => {
                let entry = self.source.entries[key].clone();
                self.target.write(key, entry)
            }
        }
    }

    fn run(&mut self, policy: &Policy) -> Report {
        self.apply(policy, usize::MAX, 3, false)
    }
}

fn entry(key: &Key, value: u8) -> Entry {
    let mut entry = Entry::new(format!("cn={}", key.name()));
    entry.push("description", vec![value]).unwrap();
    entry
}

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

/// Source, target, fact of the source then, fact of the target then: values by which entries differ.
type Cell4 = (Option<u8>, Option<u8>, Option<(u8, u8)>);

fn cell((source, target, fact): Cell4) -> World {
    let key = Key::new(Kind::Account, "anna@example.com");
    let mut world = World::default();
    world.source.entries.extend(source.map(|value| (key.clone(), entry(&key, value))));
    world.target.entries.extend(target.map(|value| (key.clone(), entry(&key, value))));
    if let Some((source, target)) = fact {
        let digest = |value| Item::new(entry(&key, value), Place::default()).digest;
        world.facts.insert(key.clone(), Fact { source: digest(source), target: digest(target) });
    }
    world
}

fn decision(plan: &Plan) -> String {
    let action = plan.actions.first().map(|action| match action {
        Action::Adopt { .. } => "adopt".to_owned(),
        Action::Create { .. } => "create".to_owned(),
        Action::Forget { .. } => "forget".to_owned(),
        Action::Update { .. } => "update".to_owned(),
    });
    let settled = plan.settled.first().map(|it| match &it.reason {
        Some(reason) => format!("{} {reason:?}", it.verdict),
        None => it.verdict.to_string(),
    });
    action.or(settled).unwrap_or_else(|| "nothing".to_owned())
}

#[test]
fn the_whole_table() {
    let table: &[(Cell4, &str, &str)] = &[
        ((None, None, None), "nothing", "nothing"),
        ((Some(1), None, None), "create", "create"),
        ((Some(1), None, Some((1, 1))), "excluded RemovedOnTarget", "create"),
        ((Some(1), Some(1), None), "adopt", "adopt"),
        ((Some(1), Some(2), None), "skipped OccupiedOnTarget", "skipped OccupiedOnTarget"),
        ((Some(1), Some(1), Some((1, 1))), "unchanged", "unchanged"),
        ((Some(1), Some(2), Some((1, 2))), "unchanged", "unchanged"),
        ((Some(2), Some(1), Some((1, 1))), "update", "update"),
        ((Some(2), Some(2), Some((1, 2))), "adopt", "adopt"),
        ((Some(1), Some(2), Some((1, 1))), "excluded ChangedOnTarget", "update"),
        ((Some(1), Some(1), Some((1, 2))), "adopt", "adopt"),
        ((Some(2), Some(3), Some((1, 1))), "skipped ChangedOnBoth", "update"),
        ((Some(2), Some(2), Some((1, 1))), "adopt", "adopt"),
        ((None, Some(1), Some((1, 1))), "extra GoneFromSource", "extra GoneFromSource"),
        ((None, Some(1), None), "extra NotOurs", "extra NotOurs"),
        ((None, None, Some((1, 1))), "forget", "forget"),
    ];
    for (state, plain, restoring) in table {
        let world = cell(*state);
        assert_eq!(decision(&world.plan(&Policy::default())), *plain, "{state:?}");
        assert_eq!(
            decision(&world.plan(&Policy::default().with_restore(true))),
            *restoring,
            "{state:?} restoring"
        );
    }
}

#[test]
fn the_table_of_verification() {
    use Verdict::{Excluded, Extra, Failed, Unchanged};
    let table: &[(Cell4, Verdict, Verdict, Option<Reason>)] = &[
        ((Some(1), Some(1), None), Unchanged, Unchanged, None),
        ((Some(1), Some(1), Some((2, 3))), Unchanged, Unchanged, None),
        ((Some(1), None, None), Failed, Failed, Some(Reason::Missing)),
        ((Some(1), None, Some((1, 1))), Failed, Excluded, Some(Reason::RemovedOnTarget)),
        ((Some(1), Some(2), None), Failed, Failed, Some(Reason::Different)),
        ((Some(1), Some(2), Some((1, 1))), Failed, Excluded, Some(Reason::ChangedOnTarget)),
        ((Some(1), Some(2), Some((1, 2))), Failed, Failed, Some(Reason::Different)),
        ((Some(2), Some(1), Some((1, 1))), Failed, Failed, Some(Reason::Different)),
        ((None, Some(1), None), Extra, Extra, Some(Reason::NotOurs)),
        ((None, Some(1), Some((1, 1))), Extra, Extra, Some(Reason::GoneFromSource)),
    ];
    for (state, strict, live, reason) in table {
        let world = cell(*state);
        for (live, verdict) in [(false, strict), (true, live)] {
            let report = verify(&world.source.listing(), &world.target.listing(), &world.facts, live);
            let line = &report.lines[0];
            assert_eq!((&line.verdict, &line.reason), (verdict, reason), "{state:?} live {live}");
        }
    }
}

#[test]
fn what_depends_waits() {
    let mut world = World::default();
    for (kind, name) in [(Kind::List, "l"), (Kind::Account, "a"), (Kind::Account, "b"), (Kind::Class, "c")] {
        let key = Key::new(kind, name);
        world.source.entries.insert(key.clone(), entry(&key, 1));
    }
    let mut apply = Apply::new(world.plan(&Policy::default()));
    let done = || Outcome::Done { target: Digest::of(b"") };
    let class = apply.start().unwrap();
    assert_eq!(class.key().to_string(), "class c");
    assert_eq!(apply.start(), None, "accounts wait for their class");
    apply.finish(class, done());
    let (a, b) = (apply.start().unwrap(), apply.start().unwrap());
    assert_eq!(apply.start(), None, "a list waits for its members");
    let again = Outcome::Failed { reason: "busy".to_owned(), transient: true };
    assert_eq!(apply.finish(b.clone(), again), Next::Again(b.clone()));
    apply.finish(a, done());
    assert_eq!(apply.start(), None, "one account is being tried again");
    apply.finish(b, Outcome::Failed { reason: "refused".to_owned(), transient: false });
    assert_eq!(apply.start().unwrap().key().to_string(), "list l");
    let report = apply.into_report();
    let lines: Vec<_> = report.lines.iter().map(|line| format!("{} {}", line.key, line.verdict)).collect();
    assert_eq!(lines, ["class c copied", "account a copied", "account b failed", "list l pending"]);
    assert_eq!(report.lines[2].reason, Some(Reason::Other("refused".to_owned())));
    assert_eq!(&*report.lines[2].place.file, "side");
    assert!(!report.is_clean());
}

#[test]
fn the_next_step() {
    let key = Key::new(Kind::Account, "anna@example.com");
    let (source, target) = (Digest::of(b"source"), Digest::of(b"target"));
    let create = Action::Create { key: key.clone(), source };
    let failed = |transient| Outcome::Failed { reason: "no".to_owned(), transient };
    assert_eq!(next_step(&create, 1, &failed(true)), Next::Again(create.clone()));
    assert_eq!(next_step(&create, 2, &failed(true)), Next::Again(create.clone()));
    assert_eq!(next_step(&create, 3, &failed(true)), Next::Settled);
    assert_eq!(next_step(&create, 1, &failed(false)), Next::Settled);
    let fact = Fact { source, target };
    assert_eq!(
        next_step(&create, 1, &Outcome::Done { target }),
        Next::Record(FactChange::Put(key.clone(), fact))
    );
    let forget = Action::Forget { key: key.clone() };
    assert_eq!(next_step(&forget, 1, &Outcome::Done { target }), Next::Record(FactChange::Remove(key)));
}

#[test]
fn the_plan_as_change_records() {
    let mut world = cell((Some(2), Some(1), Some((1, 1))));
    let new = Key::new(Kind::Class, "crew");
    world.source.entries.insert(new.clone(), entry(&new, 7));
    let plan = world.plan(&Policy::default());
    let records = plan.change_records(&world.source.listing(), &world.target.listing());
    let mut out = Vec::new();
    records.iter().for_each(|record| ldif::write_change(record, &mut out));
    let expected = "dn: cn=crew\nchangetype: add\ndescription: \u{7}\n\n\
                    dn: cn=anna@example.com\nchangetype: modify\nreplace: description\ndescription: \u{2}\n-\n\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert!(matches!(records[0].change, Change::Add(_)));
}

#[test]
fn the_digest_is_of_the_content() {
    let digest = |text: &str| {
        let placed = ldif::Reader::new("x", text.as_bytes()).next().unwrap().unwrap();
        let ldif::Record::Content(entry) = placed.value else { panic!() };
        Item::new(entry, placed.place).digest
    };
    let one = digest("dn: cn=a\ncn: a\nsn: b\nsn: c\n");
    assert_eq!(one, digest("dn: cn=a\nSN: c\nsn: b\nCN:: YQ==\n"), "order, case and encoding do not matter");
    for other in
        ["dn: cn=b\ncn: a\nsn: b\nsn: c\n", "dn: cn=a\ncn: a\nsn: b\n", "dn: cn=a\ncn: a\nsn: b\nsn: C\n"]
    {
        assert_ne!(one, digest(other), "{other}");
    }
    assert_ne!(digest("dn: cn=a\nsn: bc\n"), digest("dn: cn=a\nsn: b\nc:\n"));
    assert_eq!(one.to_string().len(), 32);
    assert_eq!(Digest::from_bytes(*one.as_bytes()), one);
}
