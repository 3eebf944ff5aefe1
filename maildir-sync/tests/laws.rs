//! The laws of the engine, over a source and a target in memory.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod fake;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use fake::{Disk, FakeSource, FakeTarget, dying_pass, pass};
use maildir_sync::{
    Fact, Facts, Flags, FolderName, Listing, Message, Plan, Policy, State, Unique, Verdict, apply, plan,
    verify,
};
use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;

/// What one name may be: on either side, and remembered.
type Cell = (Option<(State, u8)>, Option<(State, u8)>, Option<(State, State)>);

#[derive(Clone, Debug)]
struct World {
    source: FakeSource,
    disk: Disk,
    facts: Facts,
}

fn state() -> impl Strategy<Value = State> {
    let keywords = btree_set(prop::sample::select(vec!["Junk", "Work", "$Forwarded"]), 0..3);
    (0u8..64, keywords, 0i64..3).prop_map(|(bits, keywords, date)| State {
        flags: Flags::from_bits(bits & 0b100010).unwrap(),
        keywords: keywords.into_iter().map(str::to_owned).collect(),
        date,
    })
}

fn cell() -> impl Strategy<Value = Cell> {
    let side = || option::weighted(0.7, (state(), prop::sample::select(vec![0u8, 0, 0, 0, 0, 1])));
    (side(), side(), option::of((state(), state())))
}

fn cells() -> impl Strategy<Value = BTreeMap<u8, Cell>> {
    btree_map(0u8..20, cell(), 0..12)
}

fn world() -> impl Strategy<Value = World> {
    cells().prop_map(|cells| build(&cells))
}

/// A target that holds nothing yet, and no facts.
fn fresh_world() -> impl Strategy<Value = World> {
    cells().prop_map(|cells| {
        build(&cells.into_iter().map(|(name, (source, _, _))| (name, (source, None, None))).collect())
    })
}

fn build(cells: &BTreeMap<u8, Cell>) -> World {
    let keywords = || ["Work", "$Forwarded", "Junk"].map(str::to_owned).to_vec();
    let mut source = FakeSource { keywords: keywords(), ..FakeSource::default() };
    let mut disk = Disk::default();
    let mut facts = Facts::new();
    for (&name, (s, t, f)) in cells {
        if let Some((state, body)) = s {
            let (message, body) = message(name, state, *body);
            source.put(message, body);
        }
        if let Some((state, body)) = t {
            let (message, body) = message(name, state, *body);
            let new: Vec<_> =
                state.keywords.iter().filter(|name| !disk.table.contains(name)).cloned().collect();
            disk.table.extend(new);
            disk.bodies.insert(message.unique.clone(), (message, body));
        }
        if let Some((source, target)) = f {
            // What we once left on the target had a letter, and letters stay.
            let mut target = target.clone();
            target.keywords.retain(|name| source.keywords.contains(name));
            let new: Vec<_> =
                target.keywords.iter().filter(|name| !disk.table.contains(name)).cloned().collect();
            disk.table.extend(new);
            facts.insert(unique(name), Fact { source: source.clone(), target });
        }
    }
    World { source, disk, facts }
}

fn unique(name: u8) -> Unique {
    Unique::new(format!("{}.M1P2.mail.example.com", 100 + u32::from(name))).unwrap()
}

/// The body depends on the name, and a second one is longer: the same name with another size is another message.
fn message(name: u8, state: &State, body: u8) -> (Message, Vec<u8>) {
    let body = vec![name; 1 + usize::from(name) + 40 * usize::from(body)];
    (Message::new(unique(name), 0, body.len() as u64).with_state(state.clone()), body)
}

fn policy() -> impl Strategy<Value = Policy> {
    any::<bool>().prop_map(|restore| Policy::default().with_restore(restore))
}

proptest! {
    #[test]
    fn l1_converged(world in world(), policy in policy(), letters in 0usize..4) {
        let World { mut source, disk, mut facts } = world;
        let mut target = FakeTarget { letters, ..FakeTarget::new(disk) };
        let (_, report) = pass(&mut source, &mut target, &mut facts, &policy);
        prop_assert_eq!(report.count(Verdict::Failed), 0, "{:?}", report);
        prop_assert_eq!(target.unsettled, 0);
        let again = plan(&source.listing(), &target.listing(), &facts, &policy);
        prop_assert!(again.is_empty(), "{:?}", again.actions);
    }

    #[test]
    fn l2_idempotent(world in world(), policy in policy(), letters in 0usize..4) {
        let World { mut source, disk, mut facts } = world;
        let mut target = FakeTarget { letters, ..FakeTarget::new(disk) };
        pass(&mut source, &mut target, &mut facts, &policy);
        target.writes = 0;
        let (disk, before) = (target.disk.clone(), facts.clone());
        let (_, report) = pass(&mut source, &mut target, &mut facts, &policy);
        prop_assert_eq!(target.writes, 0);
        prop_assert_eq!(target.disk, disk);
        prop_assert_eq!(facts, before);
        prop_assert_eq!(report.count(Verdict::Copied) + report.count(Verdict::Adopted), 0);
    }

    #[test]
    fn l3_interruptible(world in world(), keep: bool, letters in 0usize..4) {
        let World { source, disk, facts } = world;
        let fresh = FakeTarget { letters, ..FakeTarget::new(disk) };
        let (mut whole, mut known) = (fresh.clone(), facts.clone());
        pass(&mut source.clone(), &mut whole, &mut known, &Policy::default());
        for steps in 0..40 {
            let (mut source, mut target, mut facts) = (source.clone(), fresh.clone(), facts.clone());
            dying_pass(&mut source, &mut target, &mut facts, steps, keep);
            pass(&mut source, &mut target, &mut facts, &Policy::default());
            prop_assert_eq!(&target.disk, &whole.disk, "killed after {} steps", steps);
            prop_assert_eq!(&facts, &known, "killed after {} steps", steps);
        }
    }

    #[test]
    fn l3_interruptible_again_and_again(world in world(), steps in 1usize..6) {
        let World { mut source, disk, mut facts } = world;
        let mut target = FakeTarget::new(disk);
        let (mut whole, mut known) = (target.clone(), facts.clone());
        pass(&mut source.clone(), &mut whole, &mut known, &Policy::default());
        for lives in 0..60 {
            dying_pass(&mut source, &mut target, &mut facts, steps + lives, lives % 2 == 0);
        }
        prop_assert_eq!(target.disk, whole.disk);
    }

    #[test]
    fn l4_deterministic(world in world(), policy in policy()) {
        let World { source, disk, facts } = world;
        let target = FakeTarget::new(disk).listing();
        let source = source.listing();
        let backwards = |listing: &Listing| {
            let mut other = Listing { keywords: listing.keywords.clone(), ..Listing::default() };
            let messages: Vec<_> = listing.iter().cloned().collect();
            messages.into_iter().rev().for_each(|message| { other.insert(message); });
            other
        };
        let reversed: Vec<_> = facts.iter().map(|(unique, fact)| (unique.clone(), fact.clone())).collect();
        let reversed: Facts = reversed.into_iter().rev().collect();
        prop_assert_eq!(
            plan(&source, &target, &facts, &policy),
            plan(&backwards(&source), &backwards(&target), &reversed, &policy)
        );
    }

    #[test]
    fn l5_source_untouched(world in world(), policy in policy()) {
        let World { mut source, disk, mut facts } = world;
        let before = source.clone();
        pass(&mut source, &mut FakeTarget::new(disk), &mut facts, &policy);
        prop_assert_eq!(source, before);
    }

    #[test]
    fn l6_accounted(world in world(), policy in policy(), broken in btree_set(0u8..20, 0..4), room in option::of(0usize..9)) {
        let World { mut source, disk, mut facts } = world;
        source.unreadable = broken.into_iter().map(unique).collect();
        let mut target = FakeTarget { room, ..FakeTarget::new(disk) };
        let (_, report) = pass(&mut source, &mut target, &mut facts, &policy);
        let at_source = |name: &Unique| source.bodies.contains_key(name);
        let accounted: Vec<_> = report.lines.iter().filter(|line| line.verdict.is_accounted()).collect();
        prop_assert!(accounted.iter().all(|line| at_source(&line.unique)));
        let excluded = report.lines.iter().filter(|line| line.verdict == Verdict::Excluded).count();
        prop_assert_eq!(report.source() + excluded, source.bodies.len(), "{:?}", report.lines);
        let names: BTreeSet<_> = report.lines.iter().map(|line| &line.unique).collect();
        prop_assert_eq!(names.len(), report.lines.len(), "one line a message");
        for line in &report.lines {
            prop_assert!(!line.verdict.is_bad() || line.reason.is_some(), "{:?}", line);
        }
    }

    /// A folder planned in pieces, name range by name range, is the folder planned whole.
    #[test]
    fn l7_delta_is_full(world in world(), policy in policy(), cut in 0u8..21) {
        let World { source, disk, facts } = world;
        let (source, target) = (source.listing(), FakeTarget::new(disk).listing());
        let whole = plan(&source, &target, &facts, &policy);
        let cut = unique(cut);
        let side = |low: bool| {
            let keep = |name: &Unique| (*name < cut) == low;
            let part = |listing: &Listing| {
                let mut part = listing.clone();
                part.messages.retain(|name, _| keep(name));
                part
            };
            let known: Facts =
                facts.iter().filter(|(name, _)| keep(name)).map(|(name, fact)| (name.clone(), fact.clone())).collect();
            plan(&part(&source), &part(&target), &known, &policy)
        };
        let (low, high) = (side(true), side(false));
        prop_assert_eq!([low.actions, high.actions].concat(), whole.actions);
        prop_assert_eq!([low.settled, high.settled].concat(), whole.settled);
    }

    /// Carrying changes over to a copy gives what copying the changed source afresh gives.
    #[test]
    fn l7_delta_is_full_over_time(before in fresh_world(), after in fresh_world()) {
        let World { mut source, disk, mut facts } = before;
        let mut target = FakeTarget::new(disk);
        pass(&mut source, &mut target, &mut facts, &Policy::default());
        // Names only ever join: what left the source stays on the target.
        let mut changed = after.source;
        for (name, (message, body)) in &source.bodies {
            let state = changed.bodies.get(name).map_or_else(|| message.state(), |(message, _)| message.state());
            changed.put(message.clone().with_state(state), body.clone());
        }
        pass(&mut changed, &mut target, &mut facts, &Policy::default());
        let mut fresh = FakeTarget::new(Disk::default());
        pass(&mut changed.clone(), &mut fresh, &mut Facts::new(), &Policy::default());
        prop_assert_eq!(&target.disk.bodies, &fresh.disk.bodies);
        prop_assert_eq!(target.disk.bodies, changed.bodies);
    }

    #[test]
    fn what_was_copied_verifies(world in fresh_world()) {
        let World { mut source, disk, mut facts } = world;
        let mut target = FakeTarget::new(disk);
        pass(&mut source, &mut target, &mut facts, &Policy::default());
        let report = verify(&FolderName::inbox(), &mut source, &mut target, &Facts::new(), false).unwrap();
        prop_assert_eq!(report.count(Verdict::Unchanged), source.bodies.len());
        prop_assert_eq!(report.lines.len(), source.bodies.len());
    }

    /// Whatever a user does to the target, verify tells it, and only --live lets it pass.
    #[test]
    fn what_users_changed_is_told(world in fresh_world(), pick: prop::sample::Index, remove: bool) {
        let World { mut source, disk, mut facts } = world;
        prop_assume!(!source.bodies.is_empty());
        let mut target = FakeTarget::new(disk);
        pass(&mut source, &mut target, &mut facts, &Policy::default());
        let name = pick.get(&source.bodies.keys().cloned().collect::<Vec<_>>()).clone();
        if remove {
            target.disk.bodies.remove(&name);
        } else {
            let (message, _) = target.disk.bodies.get_mut(&name).unwrap();
            message.flags = message.flags.with(b'F', !message.flags.has(b'F'));
        }
        for (live, expected) in [(false, Verdict::Failed), (true, Verdict::Excluded)] {
            let report = verify(&FolderName::inbox(), &mut source, &mut target, &facts, live).unwrap();
            prop_assert_eq!(report.count(expected), 1);
            prop_assert_eq!(report.count(Verdict::Unchanged), source.bodies.len() - 1);
            prop_assert_eq!(report.is_good(), live);
        }
        // And the next run does not undo it unasked.
        target.writes = 0;
        pass(&mut source, &mut target, &mut facts, &Policy::default());
        prop_assert_eq!(target.writes, 0);
        pass(&mut source, &mut target, &mut facts, &Policy::default().with_restore(true));
        prop_assert_eq!(target.disk.bodies, source.bodies);
    }
}

#[test]
fn a_full_disk_fails_the_rest_without_trying_it() {
    let mut source = FakeSource::default();
    for name in 0..9 {
        let (message, body) = message(name, &State::default(), 0);
        source.put(message, body);
    }
    let mut target = FakeTarget { room: Some(3), ..FakeTarget::new(Disk::default()) };
    let mut facts = Facts::new();
    let (_, report) = pass(&mut source, &mut target, &mut facts, &Policy::default());
    assert_eq!(report.count(Verdict::Copied), 3);
    assert_eq!(report.count(Verdict::Failed), 6);
    assert_eq!(target.deliveries, 4);
    assert_eq!((facts.len(), target.disk.bodies.len()), (3, 3));
    let reason = report.lines[5].reason_text().unwrap();
    assert!(reason.starts_with("not tried: target: cannot write: "), "{reason}");
    target.room = None;
    let (_, report) = pass(&mut source, &mut target, &mut facts, &Policy::default());
    assert_eq!(report.count(Verdict::Copied), 6);
}

#[test]
fn an_interrupt_finishes_and_records_what_is_in_flight() {
    let mut source = FakeSource::default();
    for name in 0..9 {
        let (message, body) = message(name, &State::default(), 0);
        source.put(message, body);
    }
    let mut target = FakeTarget::new(Disk::default());
    let plan: Plan = plan(&source.listing(), &target.listing(), &Facts::new(), &Policy::default());
    let left = std::cell::Cell::new(4);
    let go_on = || left.replace(left.get() - 1) > 0;
    let mut recorded = 0;
    let mut record = |changes: &[_]| {
        recorded += changes.len();
        Ok::<_, Infallible>(())
    };
    let mut seen = Vec::new();
    let report =
        apply(&plan, &FolderName::inbox(), &mut source, &mut target, &mut record, &go_on, &mut |line| {
            seen.push(line.verdict);
        });
    assert_eq!(report.count(Verdict::Copied), 4);
    assert_eq!(report.count(Verdict::Pending), 5);
    assert_eq!((recorded, target.disk.bodies.len(), seen.len()), (4, 4, 9));
    assert!(!report.is_good());
}

#[test]
fn facts_that_cannot_be_recorded_stop_the_folder_and_lose_nothing() {
    let mut source = FakeSource::default();
    let (one, body) = message(1, &State::default(), 0);
    source.put(one, body);
    let mut target = FakeTarget::new(Disk::default());
    let plan = plan(&source.listing(), &target.listing(), &Facts::new(), &Policy::default());
    let mut record = |_: &[_]| Err("the journal is locked");
    let inbox = FolderName::inbox();
    let report = apply(&plan, &inbox, &mut source, &mut target, &mut record, &|| true, &mut |_| ());
    let reason = report.lines[0].reason_text().unwrap();
    assert_eq!(reason, "done, but it could not be recorded: the journal is locked");
    let (_, report) = pass(&mut source, &mut target, &mut Facts::new(), &Policy::default());
    assert_eq!(report.count(Verdict::Adopted), 1);
}

#[test]
fn a_keyword_without_a_letter_is_said_and_not_tried_again() {
    let keywords = ["A", "B"].map(str::to_owned);
    let mut source = FakeSource { keywords: keywords.to_vec(), ..FakeSource::default() };
    let state = State { keywords: keywords.into(), ..State::default() };
    let (one, body) = message(1, &state, 0);
    source.put(one, body);
    let mut target = FakeTarget { letters: 1, ..FakeTarget::new(Disk::default()) };
    let mut facts = Facts::new();
    let (_, report) = pass(&mut source, &mut target, &mut facts, &Policy::default());
    assert_eq!(report.notes.len(), 1);
    assert!(report.notes[0].reason.contains("keyword `B`"), "{:?}", report.notes);
    assert_eq!(report.lines[0].detail.as_deref(), Some("without the keywords B"));
    for restore in [false, true] {
        let (plan, _) = pass(&mut source, &mut target, &mut facts, &Policy::default().with_restore(restore));
        assert!(plan.is_empty());
    }
    let told = verify(&FolderName::inbox(), &mut source, &mut target, &facts, false).unwrap();
    assert_eq!(told.lines[0].verdict, Verdict::Excluded);
    assert!(told.lines[0].reason_text().unwrap().ends_with("keyword B only at the source"));
}
