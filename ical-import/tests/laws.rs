//! The laws of the engine, on a target that lives in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use ical_import::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// A calendar store in memory. It writes things its own way, as real ones do: what it holds has another digest.
#[derive(Clone, Debug, Default, PartialEq)]
struct Store {
    items: Listing,
    writes: usize,
    rewrites: bool,
}

impl Store {
    fn observe(&self) -> Listing {
        self.items.clone()
    }

    fn put(&mut self, key: &Key, source: Digest) -> Digest {
        let digest = if self.rewrites { Digest::of(source.as_bytes()) } else { source };
        self.items.insert(key.clone(), item(digest, "target"));
        self.writes += 1;
        digest
    }
}

/// A source that counts its writes. That the engine takes a listing by reference is what keeps it from writing.
#[derive(Clone, Debug)]
struct Source {
    items: Listing,
    writes: usize,
}

fn item(digest: Digest, file: &str) -> Item {
    let place = Place { file: Arc::from(file), line: 1, column: 1, uid: None };
    Item { digest, place, summary: String::new() }
}

/// A run: plans, applies at most `steps` actions with `width` at a time, and tells what became of it.
///
/// With `lose_last` the process dies after its last effect, before the fact of it is kept.
fn run(
    source: &Listing,
    store: &mut Store,
    facts: &mut Facts,
    policy: &Policy,
    (steps, width, lose_last): (usize, usize, bool),
) -> Report {
    let mut apply = Apply::new(plan(source, &store.observe(), facts, policy));
    let (mut running, mut changes, mut done) = (vec![], vec![], 0);
    loop {
        while running.len() < width && done + running.len() < steps {
            match apply.start() {
                Some(action) => running.push(action),
                None => break,
            }
        }
        // The youngest ends first, so that the order of ends is not that of starts.
        let Some(action) = running.pop() else { break };
        let target = match &action {
            Action::Adopt { target, .. } => *target,
            Action::Create { key, source, .. } | Action::Update { key, source, .. } => {
                store.put(key, *source)
            }
            Action::Forget { .. } => Digest::of(b""),
        };
        done += 1;
        match apply.finish(action, Outcome::Done { target }) {
            Next::Record(change) => changes.push(change),
            next => panic!("{next:?} after success"),
        }
    }
    if lose_last {
        changes.pop();
    }
    changes.into_iter().for_each(|change| facts.apply(change));
    apply.into_report()
}

const WHOLE: (usize, usize, bool) = (usize::MAX, 3, false);

fn key(number: u8) -> Key {
    let kind = [ObjectKind::Event, ObjectKind::Journal, ObjectKind::Todo][usize::from(number) % 3];
    Key::new(kind, format!("{number}@example.com"))
}

fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

/// Few keys and few digests, so that they meet.
fn listings() -> impl Strategy<Value = Listing> {
    vec((0..12u8, 0..4u8), 0..12)
        .prop_map(|items| items.into_iter().map(|(k, d)| (key(k), item(digest(d), "source"))).collect())
}

fn facts() -> impl Strategy<Value = Facts> {
    vec((0..12u8, 0..4u8, 0..4u8), 0..12).prop_map(|facts| {
        facts.into_iter().map(|(k, s, t)| (key(k), Fact { source: digest(s), target: digest(t) })).collect()
    })
}

fn stores() -> impl Strategy<Value = Store> {
    listings().prop_map(|items| Store { items, writes: 0, rewrites: false })
}

fn policies() -> impl Strategy<Value = Policy> {
    any::<bool>().prop_map(|restore| Policy::default().with_restore(restore))
}

proptest! {
    #[test]
    fn l1_converged(s in listings(), mut t in stores(), mut f in facts(), p in policies(), rewrites: bool) {
        t.rewrites = rewrites;
        run(&s, &mut t, &mut f, &p, WHOLE);
        prop_assert!(plan(&s, &t.observe(), &f, &p).is_empty());
        if p.restore {
            for (key, item) in s.iter().filter(|(key, _)| f.get(key).is_some()) {
                prop_assert_eq!(f.get(key).map(|fact| fact.source), Some(item.digest));
                prop_assert_eq!(f.get(key).map(|fact| fact.target), t.items.get(key).map(|item| item.digest));
            }
        }
    }

    #[test]
    fn l2_idempotent(s in listings(), mut t in stores(), mut f in facts(), p in policies(), rewrites: bool) {
        t.rewrites = rewrites;
        run(&s, &mut t, &mut f, &p, WHOLE);
        let (before, facts) = (t.clone(), f.clone());
        run(&s, &mut t, &mut f, &p, WHOLE);
        prop_assert_eq!(t, before);
        prop_assert_eq!(f, facts);
    }

    #[test]
    fn l3_interruptible(s in listings(), t in stores(), f in facts(), p in policies(), k in 0..14usize, lose: bool) {
        let (mut whole, mut whole_facts) = (t.clone(), f.clone());
        run(&s, &mut whole, &mut whole_facts, &p, WHOLE);
        let (mut parted, mut parted_facts) = (t, f);
        run(&s, &mut parted, &mut parted_facts, &p, (k, 1, lose));
        run(&s, &mut parted, &mut parted_facts, &p, WHOLE);
        prop_assert_eq!(parted.items, whole.items);
        prop_assert_eq!(parted_facts, whole_facts);
    }

    #[test]
    fn l4_deterministic(s in vec((0..12u8, 0..4u8), 0..12), t in stores(), f in facts(), p in policies()) {
        // The last of one key counts; the order of the others must not.
        let forward: Listing = s.iter().map(|(k, d)| (key(*k), item(digest(*d), "source"))).collect();
        let mut shuffled: Vec<(Key, Item)> = forward.iter().map(|(k, i)| (k.clone(), i.clone())).collect();
        shuffled.reverse();
        let backward: Listing = shuffled.into_iter().collect();
        let planned = plan(&forward, &t.items, &f, &p);
        prop_assert_eq!(&planned, &plan(&backward, &t.items, &f, &p));
        let keys: Vec<_> = planned.actions.iter().map(Action::key).collect();
        prop_assert!(keys.is_sorted());
    }

    #[test]
    fn l5_source_untouched(s in listings(), mut t in stores(), mut f in facts(), p in policies()) {
        let source = Source { items: s.clone(), writes: 0 };
        run(&source.items, &mut t, &mut f, &p, WHOLE);
        prop_assert_eq!((source.items, source.writes), (s, 0));
    }

    #[test]
    fn l6_accounted(s in listings(), mut t in stores(), mut f in facts(), p in policies(), k in 0..14usize) {
        let extra = t.items.iter().filter(|(key, _)| s.get(key).is_none()).count();
        let report = run(&s, &mut t, &mut f, &p, (k, 2, false));
        let of_source: Vec<_> = report.lines.iter().filter(|line| line.verdict != Verdict::Extra).map(|l| &l.key).collect();
        prop_assert_eq!(of_source.iter().collect::<BTreeSet<_>>().len(), of_source.len());
        prop_assert_eq!(of_source, s.iter().map(|(key, _)| key).collect::<Vec<_>>());
        prop_assert_eq!(report.count(Verdict::Extra), extra);
        prop_assert_eq!(report.counts().values().sum::<usize>(), report.lines.len());
    }

    #[test]
    fn l7_delta_is_full(s in listings(), changed in listings(), mut t in stores(), mut f in facts(), p in policies()) {
        run(&s, &mut t, &mut f, &p, WHOLE);
        // Observed as changes on top of what was known, and observed afresh.
        let mut delta = s;
        let gone: Vec<Key> = delta.iter().map(|(key, _)| key.clone()).filter(|key| changed.get(key).is_none()).collect();
        gone.iter().for_each(|key| drop(delta.remove(key)));
        changed.iter().for_each(|(key, item)| drop(delta.insert(key.clone(), item.clone())));
        prop_assert_eq!(plan(&delta, &t.items, &f, &p), plan(&changed, &t.items, &f, &p));
    }

    /// After a run that may restore, verify finds nothing wrong but what is the target's own.
    #[test]
    fn verify_agrees_after_a_run(s in listings(), mut t in stores(), f in vec((0..12u8, 0..4u8), 0..12)) {
        let placed = f.into_iter().map(|(k, d)| (key(k), Fact { source: digest(d), target: digest(d) }));
        let mut f: Facts = placed.collect();
        let report = run(&s, &mut t, &mut f, &Policy::default().with_restore(true), WHOLE);
        let verified = verify(&s, &t.items, &f, false);
        prop_assert_eq!(verified.count(Verdict::Failed), report.count(Verdict::Skipped));
        prop_assert_eq!(verified.count(Verdict::Unchanged) + verified.count(Verdict::Failed), s.len());
    }
}

#[test]
fn each_row_of_the_table() {
    use Verdict::*;
    let (a, b, c) = (digest(1), digest(2), digest(3));
    let excluded = |reason| (None, Some((Excluded, Some(reason))));
    // Source, target, fact; what is done or what it is; with restore where that differs.
    for (s, t, f, expected, restored) in [
        (Some(a), None, None, (Some("create"), None), None),
        (Some(a), None, Some((a, a)), excluded(Reason::RemovedOnTarget), Some("create")),
        (Some(a), Some(a), None, (Some("adopt"), None), None),
        (Some(a), Some(b), None, (None, Some((Skipped, Some(Reason::OccupiedOnTarget)))), None),
        (Some(a), Some(b), Some((a, b)), (None, Some((Unchanged, None))), None),
        (Some(b), Some(a), Some((a, a)), (Some("update"), None), None),
        (Some(b), Some(b), Some((a, b)), (Some("adopt"), None), None),
        (Some(a), Some(b), Some((a, a)), excluded(Reason::ChangedOnTarget), Some("update")),
        (Some(a), Some(a), Some((a, b)), (Some("adopt"), None), None),
        (
            Some(b),
            Some(c),
            Some((a, a)),
            (None, Some((Skipped, Some(Reason::ChangedOnBoth)))),
            Some("update"),
        ),
        (Some(b), Some(b), Some((a, a)), (Some("adopt"), None), None),
        (None, Some(a), Some((a, a)), (None, Some((Extra, Some(Reason::GoneFromSource)))), None),
        (None, Some(a), None, (None, Some((Extra, Some(Reason::NotOurs)))), None),
        (None, None, Some((a, a)), (Some("forget"), None), None),
    ] {
        let one = |digest: Option<Digest>| {
            digest.map(|digest| (key(0), item(digest, "x"))).into_iter().collect::<Listing>()
        };
        let facts: Facts = f.map(|(source, target)| (key(0), Fact { source, target })).into_iter().collect();
        let planned = |restore| plan(&one(s), &one(t), &facts, &Policy::default().with_restore(restore));
        let name = |plan: &Plan| {
            plan.actions.first().map(|action| match action {
                Action::Adopt { .. } => "adopt",
                Action::Create { .. } => "create",
                Action::Forget { .. } => "forget",
                Action::Update { .. } => "update",
            })
        };
        let plain = planned(false);
        let settled = plain.settled.first().map(|settled| (settled.verdict, settled.reason.clone()));
        assert_eq!((name(&plain), settled), expected, "{s:?} {t:?} {f:?}");
        assert_eq!(name(&planned(true)), restored.or(expected.0), "{s:?} {t:?} {f:?} with restore");
    }
}

#[test]
fn verify_pairs_afresh_and_explains() {
    use Verdict::*;
    let (a, b) = (digest(1), digest(2));
    for (s, t, f, expected, live) in [
        (Some(a), Some(a), None, (Unchanged, None), Unchanged),
        (Some(a), Some(a), Some((b, b)), (Unchanged, None), Unchanged),
        (Some(a), None, None, (Failed, Some(Reason::Missing)), Failed),
        (Some(a), None, Some((a, a)), (Failed, Some(Reason::RemovedOnTarget)), Excluded),
        (Some(a), Some(b), None, (Failed, Some(Reason::Different)), Failed),
        (Some(a), Some(b), Some((a, a)), (Failed, Some(Reason::ChangedOnTarget)), Excluded),
        (Some(a), Some(b), Some((b, b)), (Failed, Some(Reason::Different)), Failed),
        (None, Some(a), None, (Extra, Some(Reason::NotOurs)), Extra),
        (None, Some(a), Some((a, a)), (Extra, Some(Reason::GoneFromSource)), Extra),
    ] {
        let one = |digest: Option<Digest>| {
            digest.map(|digest| (key(0), item(digest, "x"))).into_iter().collect::<Listing>()
        };
        let facts: Facts = f.map(|(source, target)| (key(0), Fact { source, target })).into_iter().collect();
        let report = verify(&one(s), &one(t), &facts, false);
        assert_eq!((report.lines[0].verdict, report.lines[0].reason.clone()), expected, "{s:?} {t:?} {f:?}");
        assert_eq!(verify(&one(s), &one(t), &facts, true).lines[0].verdict, live, "{s:?} {t:?} {f:?} live");
    }
}

#[test]
fn transient_failures_are_tried_three_times() {
    let source: Listing = [(key(0), item(digest(0), "x"))].into_iter().collect();
    for (transient, tries) in [(true, 3), (false, 1)] {
        let mut apply = Apply::new(plan(&source, &Listing::new(), &Facts::new(), &Policy::default()));
        let mut action = apply.start().expect("one action");
        let mut tried = 1;
        while let Next::Again(again) =
            apply.finish(action, Outcome::Failed { reason: "busy".into(), transient })
        {
            (action, tried) = (again, tried + 1);
        }
        let report = apply.into_report();
        assert_eq!(tried, tries);
        assert_eq!(report.lines[0].verdict, Verdict::Failed);
        assert_eq!(report.lines[0].reason, Some(Reason::Other("busy".into())));
        assert!(!report.is_clean());
    }
}

#[test]
fn what_is_not_finished_is_pending() {
    let source: Listing = (0..3).map(|number| (key(number), item(digest(number), "x"))).collect();
    let mut apply = Apply::new(plan(&source, &Listing::new(), &Facts::new(), &Policy::default()));
    let first = apply.start().expect("the first");
    let _running = apply.start().expect("the second");
    apply.finish(first, Outcome::Done { target: digest(0) });
    let report = apply.into_report();
    assert_eq!((report.count(Verdict::Copied), report.count(Verdict::Pending)), (1, 2));
}
