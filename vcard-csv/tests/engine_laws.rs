//! The laws of the engine, over an address book in memory whose cards are really written and read again.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use vcard_csv::{
    Action, AddressBook, Apply, Digest, Fact, FactChange, Facts, Item, Key, Listing, Next, Outcome, Place,
    Plan, Policy, Reason, Report, Verdict, Version, plan, verify,
};

/// People by number, each with a telephone number that changes.
type People = BTreeMap<u8, u8>;

/// The source: a CSV file.
struct Source {
    file: Vec<u8>,
}

impl Source {
    fn new(people: &People) -> Self {
        let row = |(who, number): (&u8, &u8)| format!("Person {who},p{who}@example.com,+1 {number}\r\n");
        let rows: String = people.iter().map(row).collect();
        Self { file: format!("Display Name,Primary Email,Work Phone\r\n{rows}").into_bytes() }
    }

    fn book(&self) -> AddressBook {
        AddressBook::read("source.csv", &self.file).0
    }
}

/// The target: a folder of cards that counts what is written to it.
#[derive(Clone, Default, PartialEq)]
struct Folder {
    cards: BTreeMap<String, Vec<u8>>,
    writes: u32,
}

impl Folder {
    fn listing(&self) -> Listing {
        let mut listing = Listing::new();
        for (name, card) in &self.cards {
            for (key, item) in AddressBook::read(name, card).0.listing().iter() {
                listing.insert(key.clone(), item.clone());
            }
        }
        listing
    }

    fn put(&mut self, book: &AddressBook, key: &Key) -> Digest {
        let contact =
            book.contacts.iter().find(|contact| contact.key() == *key).expect("planned from this book");
        let (card, _) = contact.to_vcard(Version::V3);
        let written = AddressBook::read("written.vcf", &card).0.contacts[0].digest();
        self.cards.insert(format!("{}.vcf", contact.file_stem()), card);
        self.writes += 1;
        written
    }

    /// What users do: remove, change, add.
    fn used(&mut self, doings: &[(u8, u8)]) {
        for &(who, what) in doings {
            let people = People::from([(who, 200 + what)]);
            let book = Source::new(&people).book();
            let name = format!("{}.vcf", book.contacts[0].file_stem());
            match what % 3 {
                0 => {
                    self.cards.remove(&name);
                }
                _ => {
                    self.cards.insert(name, book.contacts[0].to_vcard(Version::V4).0);
                }
            }
        }
    }
}

/// Applies a plan, stopping after so many effects; the fact of the last one may be lost.
fn run(
    plan: Plan,
    book: &AddressBook,
    target: &mut Folder,
    facts: &mut Facts,
    stop: usize,
    lose: bool,
) -> Report {
    let mut apply = Apply::new(plan);
    let mut done = 0;
    while done < stop {
        let Some(action) = apply.start() else { break };
        done += 1;
        let digest = match &action {
            Action::Create { key, .. } | Action::Update { key, .. } => target.put(book, key),
            Action::Adopt { target, .. } => *target,
            Action::Forget { .. } => Digest::of(b""),
        };
        let next = apply.finish(action, Outcome::Done { target: digest });
        if lose && done == stop {
            break;
        }
        match next {
            Next::Record(FactChange::Put(key, fact)) => drop(facts.insert(key, fact)),
            Next::Record(FactChange::Remove(key)) => drop(facts.remove(&key)),
            Next::Again(_) | Next::Settled => unreachable!("nothing failed"),
        }
    }
    apply.into_report()
}

fn whole(plan: Plan, book: &AddressBook, target: &mut Folder, facts: &mut Facts) -> Report {
    run(plan, book, target, facts, usize::MAX, false)
}

/// A source, a target with a history, and the facts of that history.
#[derive(Debug)]
struct History {
    people: People,
    before: People,
    strangers: Vec<(u8, u8)>,
    doings: Vec<(u8, u8)>,
    forgotten: Vec<u8>,
    restore: bool,
}

impl History {
    fn replay(&self) -> (Source, Folder, Facts, Policy) {
        let (mut target, mut facts) = (Folder::default(), Facts::new());
        target.used(&self.strangers);
        let book = Source::new(&self.before).book();
        let first = plan(&book.listing(), &target.listing(), &facts, &Policy::default());
        whole(first, &book, &mut target, &mut facts);
        target.used(&self.doings);
        for who in &self.forgotten {
            facts.remove(&Source::new(&People::from([(*who, 0)])).book().contacts[0].key());
        }
        target.writes = 0;
        (Source::new(&self.people), target, facts, Policy::default().with_restore(self.restore))
    }
}

fn history() -> impl Strategy<Value = History> {
    let people = || btree_map(0..8_u8, 0..3_u8, 0..8);
    let doings = || vec((0..8_u8, 0..3_u8), 0..4);
    (people(), people(), doings(), doings(), vec(0..8_u8, 0..3), any::<bool>()).prop_map(
        |(people, before, strangers, doings, forgotten, restore)| History {
            people,
            before,
            strangers,
            doings,
            forgotten,
            restore,
        },
    )
}

fn cases() -> ProptestConfig {
    ProptestConfig { cases: 96, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn l1_converged(history in history()) {
        let (source, mut target, mut facts, policy) = history.replay();
        let book = source.book();
        whole(plan(&book.listing(), &target.listing(), &facts, &policy), &book, &mut target, &mut facts);
        prop_assert!(plan(&book.listing(), &target.listing(), &facts, &policy).is_empty());
    }

    #[test]
    fn l2_idempotent(history in history()) {
        let (source, mut target, mut facts, policy) = history.replay();
        let book = source.book();
        whole(plan(&book.listing(), &target.listing(), &facts, &policy), &book, &mut target, &mut facts);
        let writes = target.writes;
        whole(plan(&book.listing(), &target.listing(), &facts, &policy), &book, &mut target, &mut facts);
        prop_assert_eq!(target.writes, writes);
    }

    #[test]
    fn l3_interruptible(history in history(), lose in any::<bool>()) {
        let (source, target, facts, policy) = history.replay();
        let book = source.book();
        let mut straight = (target.clone(), facts.clone());
        let actions = plan(&book.listing(), &target.listing(), &facts, &policy);
        let count = actions.actions.len();
        whole(actions, &book, &mut straight.0, &mut straight.1);
        for stop in 0..=count {
            let (mut target, mut facts) = (target.clone(), facts.clone());
            run(plan(&book.listing(), &target.listing(), &facts, &policy), &book, &mut target, &mut facts, stop, lose);
            whole(plan(&book.listing(), &target.listing(), &facts, &policy), &book, &mut target, &mut facts);
            prop_assert_eq!(&target.cards, &straight.0.cards);
            prop_assert_eq!(&facts, &straight.1);
        }
    }

    #[test]
    fn l4_deterministic(history in history(), turn in 0_usize..8) {
        let (source, target, facts, policy) = history.replay();
        let listing = source.book().listing();
        let mut items: Vec<_> = listing.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
        let turns = turn.min(items.len());
        items.rotate_left(turns);
        items.reverse();
        let mut turned = Listing::new();
        for (key, item) in items {
            turned.insert(key, item);
        }
        let planned = plan(&listing, &target.listing(), &facts, &policy);
        prop_assert_eq!(plan(&turned, &target.listing(), &facts, &policy), planned);
    }

    /// Nothing in the engine is handed more than a listing of the source.
    #[test]
    fn l5_source_untouched(history in history()) {
        let (source, mut target, mut facts, policy) = history.replay();
        let before = source.file.clone();
        let book = source.book();
        whole(plan(&book.listing(), &target.listing(), &facts, &policy), &book, &mut target, &mut facts);
        prop_assert_eq!(source.file, before);
    }

    #[test]
    fn l6_accounted(history in history(), stop in 0_usize..9) {
        let (source, mut target, mut facts, policy) = history.replay();
        let book = source.book();
        let planned = plan(&book.listing(), &target.listing(), &facts, &policy);
        let report = run(planned, &book, &mut target, &mut facts, stop, false);
        let mut keys: Vec<&Key> = report.lines.iter().map(|line| &line.key).collect();
        keys.dedup();
        prop_assert_eq!(keys.len(), report.lines.len(), "one line each");
        let of_source = report.lines.iter().filter(|line| line.verdict != Verdict::Extra);
        prop_assert_eq!(of_source.count(), book.contacts.len());
        let counted: usize = [
            Verdict::Adopted, Verdict::Copied, Verdict::Excluded, Verdict::Failed, Verdict::Pending, Verdict::Skipped,
            Verdict::Unchanged,
        ].into_iter().map(|verdict| report.count(verdict)).sum();
        prop_assert_eq!(counted, book.contacts.len());
        for line in &report.lines {
            let explained = matches!(
                line.verdict,
                Verdict::Adopted | Verdict::Copied | Verdict::Pending | Verdict::Unchanged
            );
            prop_assert_eq!(line.reason.is_none(), explained);
        }
    }

    /// A listing that is carried on with what changed is the listing read anew.
    #[test]
    fn l7_delta_is_full(history in history(), doings in vec((0..8_u8, 0..3_u8), 0..4)) {
        let (source, mut target, facts, policy) = history.replay();
        let book = source.book();
        let mut known = target.listing();
        let before = target.cards.clone();
        target.used(&doings);
        for (name, card) in &before {
            if target.cards.get(name) != Some(card) {
                for (key, _) in AddressBook::read(name, card).0.listing().iter() {
                    known.remove(key);
                }
            }
        }
        for (name, card) in &target.cards {
            if before.get(name) != Some(card) {
                for (key, item) in AddressBook::read(name, card).0.listing().iter() {
                    known.insert(key.clone(), item.clone());
                }
            }
        }
        let full = plan(&book.listing(), &target.listing(), &facts, &policy);
        prop_assert_eq!(plan(&book.listing(), &known, &facts, &policy), full);
    }

    /// What `verify` calls unchanged is equal, and after a run without strangers everything is.
    #[test]
    fn verify_proves(people in btree_map(0..8_u8, 0..3_u8, 0..8), doings in vec((0..8_u8, 0..3_u8), 0..4)) {
        let (mut target, mut facts) = (Folder::default(), Facts::new());
        let book = Source::new(&people).book();
        whole(plan(&book.listing(), &target.listing(), &facts, &Policy::default()), &book, &mut target, &mut facts);
        let report = verify(&book.listing(), &target.listing(), &facts, false);
        prop_assert_eq!(report.count(Verdict::Unchanged), book.contacts.len());
        target.used(&doings);
        let strict = verify(&book.listing(), &target.listing(), &facts, false);
        let live = verify(&book.listing(), &target.listing(), &facts, true);
        prop_assert_eq!(live.count(Verdict::Failed), 0);
        prop_assert_eq!(strict.count(Verdict::Failed), live.count(Verdict::Excluded));
    }
}

/// Listings of one item: whose content is `a`, `b`, `c`; none is `-`.
fn one(content: char) -> Listing {
    let mut listing = Listing::new();
    if content != '-' {
        let digest = Digest::of(&[content as u8]);
        listing.insert(Key::of_uid("x"), Item { digest, place: Place::default(), name: "X".into() });
    }
    listing
}

fn fact(of: &str) -> Facts {
    let mut facts = Facts::new();
    if let [source, target] = of.as_bytes() {
        facts.insert(
            Key::of_uid("x"),
            Fact { source: Digest::of(&[*source]), target: Digest::of(&[*target]) },
        );
    }
    facts
}

fn decided(plan: &Plan) -> String {
    match (plan.actions.first(), plan.settled.first()) {
        (Some(Action::Adopt { .. }), None) => "adopt".into(),
        (Some(Action::Create { .. }), None) => "create".into(),
        (Some(Action::Forget { .. }), None) => "forget".into(),
        (Some(Action::Update { .. }), None) => "update".into(),
        (None, Some(settled)) => match &settled.reason {
            Some(reason) => format!("{} {reason:?}", settled.verdict),
            None => settled.verdict.to_string(),
        },
        (None, None) => "nothing".into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_whole_table() {
    for (source, target, facts, expected, restored) in [
        ('-', '-', "", "nothing", "nothing"),
        ('a', '-', "", "create", "create"),
        ('a', '-', "aa", "excluded RemovedOnTarget", "create"),
        ('b', '-', "aa", "excluded RemovedOnTarget", "create"),
        ('a', 'a', "", "adopt", "adopt"),
        ('a', 'b', "", "skipped OccupiedOnTarget", "skipped OccupiedOnTarget"),
        ('a', 'a', "aa", "unchanged", "unchanged"),
        ('a', 'b', "ab", "unchanged", "unchanged"),
        ('b', 'a', "aa", "update", "update"),
        ('b', 'b', "ab", "adopt", "adopt"),
        ('a', 'c', "aa", "excluded ChangedOnTarget", "update"),
        ('a', 'a', "ab", "adopt", "adopt"),
        ('b', 'c', "aa", "skipped ChangedOnBoth", "update"),
        ('b', 'b', "aa", "adopt", "adopt"),
        ('-', 'a', "aa", "extra GoneFromSource", "extra GoneFromSource"),
        ('-', 'a', "", "extra NotOurs", "extra NotOurs"),
        ('-', '-', "aa", "forget", "forget"),
    ] {
        for (restore, expected) in [(false, expected), (true, restored)] {
            let policy = Policy::default().with_restore(restore);
            let decision = decided(&plan(&one(source), &one(target), &fact(facts), &policy));
            assert_eq!(
                decision, expected,
                "source {source} target {target} facts {facts:?} restore {restore}"
            );
        }
    }
}

#[test]
fn verify_explains() {
    for (source, target, facts, strict, live) in [
        ('a', 'a', "", "unchanged", "unchanged"),
        ('a', '-', "", "failed Missing", "failed Missing"),
        ('a', '-', "aa", "failed RemovedOnTarget", "excluded RemovedOnTarget"),
        ('a', 'b', "", "failed Different", "failed Different"),
        ('a', 'b', "aa", "failed ChangedOnTarget", "excluded ChangedOnTarget"),
        ('b', 'a', "aa", "failed Different", "failed Different"),
        ('-', 'a', "", "extra NotOurs", "extra NotOurs"),
        ('-', 'a', "aa", "extra GoneFromSource", "extra GoneFromSource"),
    ] {
        for (is_live, expected) in [(false, strict), (true, live)] {
            let report = verify(&one(source), &one(target), &fact(facts), is_live);
            let line = &report.lines[0];
            let reason = line.reason.as_ref().map(|reason| format!(" {reason:?}")).unwrap_or_default();
            assert_eq!(format!("{}{reason}", line.verdict), expected, "{source} {target} {facts} {is_live}");
        }
    }
}

#[test]
fn a_failure_that_may_pass_is_tried_three_times() {
    let failed = |transient| Outcome::Failed { reason: "busy".into(), transient };
    let start = || {
        let mut apply = Apply::new(plan(&one('a'), &one('-'), &Facts::new(), &Policy::default()));
        let action = apply.start().unwrap();
        (apply, action)
    };
    let (mut apply, mut action) = start();
    for _ in 0..2 {
        let Next::Again(again) = apply.finish(action, failed(true)) else { panic!("given up early") };
        action = again;
    }
    assert_eq!(apply.finish(action, failed(true)), Next::Settled);
    let report = apply.into_report();
    assert_eq!(report.lines[0].verdict, Verdict::Failed);
    assert_eq!(report.lines[0].reason, Some(Reason::Other("busy".into())));

    let (mut apply, action) = start();
    assert_eq!(apply.finish(action, failed(false)), Next::Settled);

    let (apply, _in_flight) = start();
    assert_eq!(apply.into_report().lines[0].verdict, Verdict::Pending);
}
