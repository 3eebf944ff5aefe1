//! The engine's laws, with accounts in memory.
#![allow(clippy::unwrap_used)]

mod fake;

use std::collections::BTreeMap;

use fake::{Account, FakeMemory, Fuse, Mail, Manner, Rowed, Sides, StopAfter, block_on, date};
use imap_sync::{
    Ceiling, Fact, FolderName, Header, Intent, Item, ItemKey, Level, Listing, Memory, Mirror, Permanent,
    Policy, Reason, Report, Rules, Selection, Unwatched, Validity, Verdict, Watch, plan, plan_all, run,
    verify,
};
use proptest::prelude::*;

/// Both sides and what is remembered.
#[derive(Clone, Debug)]
struct World {
    source: Account,
    target: Account,
    rows: Rowed,
    /// How both servers behave.
    manner: Manner,
    /// How many connections work side by side.
    limit: usize,
    /// What would be left of the target after a power loss, since the last run.
    durable: Option<Account>,
}

impl World {
    fn sides(&self, fuse: &Fuse) -> Sides {
        let sides = Sides::new(self.source.clone(), self.target.clone(), fuse);
        sides.source_manner(|manner| {
            *manner = Manner {
                no_marks: self.manner.no_marks,
                no_vanished: self.manner.no_vanished,
                ..Manner::default()
            };
        });
        sides.target_manner(|manner| *manner = self.manner.clone());
        Sides { limit: self.limit, ..sides }
    }

    fn run(&mut self, fuse: &Fuse, policy: &Policy) -> Option<Report> {
        self.watched(fuse, policy, &Unwatched)
    }

    fn watched(&mut self, fuse: &Fuse, policy: &Policy, watch: &dyn Watch) -> Option<Report> {
        let (sides, memory) = (self.sides(fuse), FakeMemory::new(self.rows.clone(), fuse));
        let report = block_on(run(&sides, &memory, policy, watch));
        assert_eq!(sides.source(), self.source, "the source is never touched");
        // What a server knows of changes stays with it.
        self.source = sides.source();
        (self.target, self.rows) = (sides.target(), memory.rows());
        self.durable = Some(sides.durable());
        report.ok()
    }

    /// Power fails after so many steps: what was not settled is lost. Whether it failed.
    fn lose_power(&mut self, steps: usize) -> bool {
        let fuse = Fuse::of(steps);
        let (sides, memory) = (self.sides(&fuse), FakeMemory::new(self.rows.clone(), &fuse));
        if let Some(durable) = self.durable.take() {
            sides.target.lock().unwrap().durable = durable;
        }
        let _ = block_on(run(&sides, &memory, &Policy::default(), &Unwatched));
        (self.target, self.rows) = (sides.durable(), memory.rows());
        fuse.is_burnt()
    }

    fn full(&mut self) -> Report {
        let report = self.run(&Fuse::never(), &Policy::default()).expect("nothing is cut off");
        assert!(report.error.is_none());
        report
    }

    fn dry(&self, policy: &Policy) -> Report {
        let fuse = Fuse::never();
        let (sides, memory) = (self.sides(&fuse), FakeMemory::new(self.rows.clone(), &fuse));
        let report = block_on(plan_all(&sides, &memory, policy, &Unwatched)).unwrap();
        assert_eq!((sides.source(), sides.target(), memory.rows()), self.all());
        report
    }

    fn verify(&self, live: bool) -> Report {
        let fuse = Fuse::never();
        let (sides, memory) = (self.sides(&fuse), FakeMemory::new(self.rows.clone(), &fuse));
        let report = block_on(verify(&sides, &memory, &Policy::default(), live, &Unwatched)).unwrap();
        assert_eq!((sides.source(), sides.target(), memory.rows()), self.all());
        report
    }

    fn all(&self) -> (Account, Account, Rowed) {
        (self.source.clone(), self.target.clone(), self.rows.clone())
    }
}

/// Few different mails, so that there are many equal ones.
fn mail() -> impl Strategy<Value = Mail> {
    let flags = prop::sample::subsequence(vec!["\\Seen", "\\Deleted", "$Work"], 0..3);
    (0..3u8, 0..2i64, flags).prop_map(|(which, date, flags)| {
        let body = format!("Message-ID: <{which}@example.com>\r\n\r\nbody\r\n");
        Mail::new(if which == 0 { "no header" } else { &body }, 1_000 + date, &flags)
    })
}

fn account(folders: usize) -> impl Strategy<Value = Account> {
    let mails = prop::collection::vec(mail(), 0..5);
    let folder = (mails, any::<bool>(), any::<bool>());
    prop::collection::vec(folder, folders).prop_map(|folders| {
        let mut account = Account::default();
        for ((mails, subscribed, gap), name) in
            folders.into_iter().zip(["INBOX", "Gr\u{f6}\u{df}e", "INBOX/b"])
        {
            let folder = account.folder(name);
            folder.subscribed = subscribed;
            for mail in mails {
                folder.next = folder.next.max(1) + u64::from(gap);
                folder.add(mail);
            }
        }
        account
    })
}

prop_compose! {
    fn world()(
        source in account(3), target in account(2), manner: [bool; 4], limit in 1..3usize,
    ) -> World {
        let [hides_keys, no_marks, no_vanished, together] = manner;
        let manner = Manner { hides_keys, no_marks, no_vanished, together, ..Manner::default() };
        World { source, target, rows: Rowed::default(), manner, limit, durable: None }
    }
}

/// What must be on the target after a full run: of each mail the greater number of both sides.
fn expected(world: &World) -> Vec<(String, Vec<Vec<u8>>)> {
    let (mut source, mut target) = (world.source.clone(), world.target.clone());
    for name in source.folders.keys().cloned().collect::<Vec<_>>() {
        target.folder(&name.to_string());
    }
    let mut all = Vec::new();
    for name in target.folders.keys().map(ToString::to_string).collect::<Vec<_>>() {
        let prints = |account: &mut Account| -> Vec<(Vec<u8>, i64)> {
            account.folder(&name).mails.values().map(|mail| (mail.body.clone(), mail.date)).collect()
        };
        let (from, mut to) = (prints(&mut source), prints(&mut target));
        let mut left = to.clone();
        for print in from {
            match left.iter().position(|it| *it == print) {
                Some(at) => drop(left.remove(at)),
                None => to.push(print),
            }
        }
        to.sort();
        all.push((name, to.into_iter().map(|(body, _)| body).collect()));
    }
    all
}

fn bodies(account: &Account) -> Vec<(String, Vec<Vec<u8>>)> {
    let sorted = |mails: Vec<Mail>| {
        let mut all: Vec<(Vec<u8>, i64)> = mails.into_iter().map(|mail| (mail.body, mail.date)).collect();
        all.sort();
        all.into_iter().map(|(body, _)| body).collect()
    };
    account.contents().into_iter().map(|(name, mails)| (name, sorted(mails))).collect()
}

/// All of a folder, headers too.
fn listing(account: &Account, name: &FolderName) -> Listing {
    let folder = &account.folders[name];
    let mut listing = Listing::new(Validity(folder.validity), ItemKey(folder.next), Permanent::All);
    for (&key, mail) in &folder.mails {
        let (size, header) = (Some(mail.body.len() as u64), Some(Header::of(&mail.body).digest));
        let item =
            Item { flags: Some(mail.flags()), date: Some(date(mail.date)), size, header, content: None };
        listing.insert(ItemKey(key), item);
    }
    listing
}

fn known(world: &World, name: &FolderName) -> (BTreeMap<ItemKey, Fact>, Vec<Intent>) {
    let memory = FakeMemory::new(world.rows.clone(), &Fuse::never());
    let mut facts = BTreeMap::new();
    let mut each = |key, fact| drop(facts.insert(key, fact));
    memory.facts(name, ItemKey(0), ItemKey(u64::MAX), &mut each).unwrap();
    (facts, memory.intents(name).unwrap())
}

fn facts(world: &World, name: &FolderName) -> imap_sync::Facts {
    let (all, intents) = known(world, name);
    let mut facts = imap_sync::Facts::new();
    all.into_iter().for_each(|(key, fact)| facts.put(key, fact));
    intents.into_iter().for_each(|intent| facts.open(intent));
    facts
}

/// Removes and marks some mails of the target, as its user might.
fn use_target(world: &mut World, choices: &[(usize, bool)]) {
    for folder in world.target.folders.values_mut() {
        for &(at, remove) in choices {
            let Some(&key) = folder.mails.keys().nth(at) else { continue };
            if remove {
                folder.mails.remove(&key);
            } else if let Some(mail) = folder.mails.get_mut(&key) {
                mail.flags = b"\\Flagged".to_vec();
            }
        }
    }
}

fn uses() -> impl Strategy<Value = Vec<(usize, bool)>> {
    prop::collection::vec((0..6usize, any::<bool>()), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn l1_converged(mut world in world(), uses in uses()) {
        world.full();
        prop_assert_eq!(world.dry(&Policy::default()).counts().unchanged, world.dry(&Policy::default()).counts().source);
        use_target(&mut world, &uses);
        world.full();
        for policy in [Policy::default(), Policy::default().with_restore(true)] {
            prop_assert!(world.run(&Fuse::never(), &policy).is_some());
            let counts = world.dry(&policy).counts();
            prop_assert_eq!((counts.copied, counts.adopted, counts.failed), (0, 0, 0));
        }
        prop_assert_eq!(world.verify(false).counts().failed, 0);
    }

    #[test]
    fn l2_idempotent(mut world in world()) {
        world.full();
        let before = world.clone();
        world.full();
        prop_assert_eq!(before.target, world.target);
        prop_assert_eq!(before.rows, world.rows);
    }

    #[test]
    fn l3_interruptible(world in world()) {
        let wanted = expected(&world);
        for steps in 0.. {
            let (mut cut, fuse) = (world.clone(), Fuse::of(steps));
            cut.run(&fuse, &Policy::default());
            let burnt = fuse.is_burnt();
            cut.full();
            prop_assert_eq!(&bodies(&cut.target), &wanted, "cut after {} steps", steps);
            let counts = cut.dry(&Policy::default()).counts();
            prop_assert_eq!((counts.copied, counts.adopted), (0, 0));
            prop_assert_eq!(cut.verify(false).counts().failed, 0);
            if !burnt {
                break;
            }
        }
    }

    #[test]
    fn l3_power_loss(world in world(), before in 0..40usize) {
        let wanted = expected(&world);
        for steps in 0.. {
            // Once killed, then without power.
            let mut cut = world.clone();
            cut.run(&Fuse::of(before), &Policy::default());
            let burnt = cut.lose_power(steps);
            cut.full();
            prop_assert_eq!(&bodies(&cut.target), &wanted, "without power after {} steps", steps);
            prop_assert_eq!(cut.verify(false).counts().failed, 0);
            if !burnt {
                break;
            }
        }
    }

    #[test]
    fn l3_stopped_by_a_person(world in world(), stop in 0..12usize) {
        let mut stopped = world.clone();
        let report = stopped.watched(&Fuse::never(), &Policy::default(), &StopAfter::new(stop)).unwrap();
        prop_assert!(report.error.is_none());
        prop_assert!(stopped.rows.intents.values().all(|intents| intents.is_empty()));
        stopped.full();
        prop_assert_eq!(bodies(&stopped.target), expected(&world));
    }

    #[test]
    fn l3_restore_interruptible(mut world in world(), uses in uses()) {
        world.full();
        let wanted = bodies(&world.target);
        use_target(&mut world, &uses);
        let restore = Policy::default().with_restore(true);
        for steps in 0.. {
            let (mut cut, fuse) = (world.clone(), Fuse::of(steps));
            cut.run(&fuse, &restore);
            let burnt = fuse.is_burnt();
            cut.run(&Fuse::never(), &restore).expect("nothing is cut off");
            // What the target had of its own and its user removed is not ours to restore.
            let now = bodies(&cut.target);
            prop_assert!(now.iter().zip(&wanted).all(|(now, wanted)| now.1.len() <= wanted.1.len()));
            prop_assert_eq!(cut.verify(false).counts().failed, 0);
            if !burnt {
                break;
            }
        }
    }

    #[test]
    fn l4_deterministic(world in world(), seed: u64) {
        for name in world.source.folders.keys().filter(|name| world.target.folders.contains_key(*name)) {
            let (from, to) = (listing(&world.source, name), listing(&world.target, name));
            let known = facts(&world, name);
            let mut items: Vec<_> = from.iter().collect();
            let middle = (seed as usize).checked_rem(items.len()).unwrap_or(0);
            items.rotate_left(middle);
            let mut shuffled = Listing::new(from.validity, from.next, from.permanent.clone());
            items.into_iter().rev().for_each(|(key, item)| drop(shuffled.insert(key, item.clone())));
            let policy = Policy::default();
            prop_assert_eq!(plan(&from, &to, &known, &policy), plan(&shuffled, &to, &known, &policy));
        }
    }

    #[test]
    fn l5_source_untouched(mut world in world()) {
        // `World` compares the source before and after each run; a source that is written to counts it.
        world.full();
        prop_assert_eq!(world.source.writes, 0);
    }

    #[test]
    fn l6_accounted(world in world(), steps in 0..60usize, uses in uses()) {
        let mut cut = world.clone();
        let reports = [cut.run(&Fuse::of(steps), &Policy::default()), Some(cut.full())];
        use_target(&mut cut, &uses);
        let dry = cut.dry(&Policy::default());
        let verified = cut.verify(false);
        let there: u64 = world.source.folders.values().map(|folder| folder.mails.len() as u64).sum();
        for report in reports.into_iter().flatten().chain([cut.full(), dry, verified]) {
            // A folder whose turn did not come counts as what it is known to hold, or as one.
            let unvisited = report.lines.iter().any(|line| line.key.is_none() && line.verdict == Verdict::Pending);
            if unvisited || report.error.is_some() {
                continue;
            }
            let folders = |line: &&imap_sync::Line| line.key.is_none() && line.count == 1
                && matches!(line.verdict, Verdict::Failed);
            let whole = report.lines.iter().filter(folders).count() as u64;
            prop_assert_eq!(report.counts().source - whole, there);
        }
    }

    /// What changed since the last pass leads to the same as a look at everything.
    #[test]
    fn l7_delta_is_full(mut world in world(), steps in 0..60usize, uses in uses(), more in account(3), changes in uses()) {
        world.run(&Fuse::of(steps), &Policy::default());
        world.full();
        use_target(&mut world, &uses);
        change_source(&mut world, &changes, &more);
        let mut full = world.clone();
        full.manner.no_marks = true;
        prop_assert_eq!(counts(&world.dry(&Policy::default())), counts(&full.dry(&Policy::default())));
        for policy in [Policy::default(), Policy::default().with_restore(true)] {
            let (delta, whole) = (world.run(&Fuse::never(), &policy), full.run(&Fuse::never(), &policy));
            prop_assert_eq!(counts(&delta.unwrap()), counts(&whole.unwrap()));
            prop_assert_eq!(world.target.contents(), full.target.contents());
            prop_assert_eq!(world.target.folders.len(), full.target.folders.len());
            for name in world.source.folders.keys() {
                prop_assert_eq!(known(&world, name), known(&full, name));
            }
        }
    }
}

fn counts(report: &Report) -> imap_sync::Counts {
    report.counts()
}

/// Mail arrives, is marked and removed.
fn change_source(world: &mut World, choices: &[(usize, bool)], more: &Account) {
    for (name, folder) in &mut world.source.folders {
        for &(at, remove) in choices {
            let Some(&key) = folder.mails.keys().nth(at) else { continue };
            if remove {
                folder.mails.remove(&key);
            } else if let Some(mail) = folder.mails.get_mut(&key) {
                mail.flags = b"\\Answered".to_vec();
            }
        }
        let more = more.folders.get(name).cloned().unwrap_or_default();
        more.mails.into_values().for_each(|mail| {
            folder.add(mail);
        });
    }
}

fn small() -> World {
    let mut source = Account::default();
    let inbox = source.folder("INBOX");
    inbox.add(Mail::new("Message-ID: <1@example.com>\r\n\r\nvirus one", 1, &["\\Seen"]));
    inbox.add(Mail::new("Message-ID: <2@example.com>\r\n\r\ntwo", 2, &[]));
    let (target, rows, manner) = Default::default();
    World { source, target, rows, manner, limit: 1, durable: None }
}

/// How it went with the first mail of a folder's two, by a look at everything.
fn first(report: &Report) -> (Verdict, Option<Reason>) {
    let line = report.lines.iter().find(|line| line.key == Some(ItemKey(1)));
    line.map_or((Verdict::Unchanged, None), |line| (line.verdict, line.reason.clone()))
}

#[test]
fn removed_on_target_stays_removed_unless_restored() {
    let mut world = small();
    world.full();
    world.target.folder("INBOX").mails.remove(&1);
    let excluded = (Verdict::Excluded, Some(Reason::RemovedOnTarget));
    assert_eq!(first(&world.full()), excluded);
    assert_eq!(first(&world.verify(false)), (Verdict::Failed, Some(Reason::RemovedOnTarget)));
    assert_eq!(first(&world.verify(true)), excluded);
    assert_eq!(world.verify(false).lines[0].message_id.as_deref(), Some("1@example.com"));
    let again = world.full();
    assert_eq!((again.counts().excluded, again.counts().unchanged), (1, 1), "without another look");
    assert_eq!((again.lines[0].key, &again.lines[0].reason), (None, &Some(Reason::RemovedOnTarget)));
    let restored = world.run(&Fuse::never(), &Policy::default().with_restore(true)).unwrap();
    assert_eq!(restored.counts().copied, 1);
    assert_eq!(world.verify(false).counts().failed, 0);
}

#[test]
fn what_landed_unseen_is_ours() {
    let mut world = small();
    let name = FolderName::inbox();
    let mut ours = 0;
    for steps in 0..40 {
        let mut cut = world.clone();
        cut.run(&Fuse::of(steps), &Policy::default());
        let open = known(&cut, &name).1.len();
        let landed = cut.target.folders.get(&name).map_or(0, |folder| folder.mails.len());
        ours += usize::from(open > 0 && landed > 0);
        cut.full();
        assert!(known(&cut, &name).0.values().all(|fact| fact.ours), "cut after {steps} steps");
    }
    assert!(ours > 0, "an append was in doubt");
    world.target = world.source.clone();
    world.full();
    assert!(known(&world, &name).0.values().all(|fact| !fact.ours), "what was there before us is not ours");
}

#[test]
fn a_parent_that_becomes_a_mailbox_is_made() {
    let mut world = small();
    let parent = world.source.folder("Parent");
    (parent.parent_only, parent.subscribed) = (true, true);
    let parent = world.target.folder("Parent");
    parent.parent_only = true;
    world.full();
    assert!(world.target.folder("Parent").subscribed);
    let parent = world.source.folder("Parent");
    parent.parent_only = false;
    parent.add(Mail::new("now", 1, &[]));
    world.full();
    assert_eq!(world.target.folder("Parent").mails.len(), 1);
}

#[test]
fn flags_are_merged_three_ways() {
    let mut world = small();
    world.full();
    world.target.folder("INBOX").mails.get_mut(&1).unwrap().flags = b"\\Flagged \\Seen".to_vec();
    assert_eq!(first(&world.full()), (Verdict::Unchanged, Some(Reason::ChangedOnTarget)));
    world.source.folder("INBOX").mails.get_mut(&1).unwrap().flags = b"$Work".to_vec();
    assert_eq!(world.full().counts().copied, 1);
    assert_eq!(world.target.folder("INBOX").mails[&1].flags, b"$Work \\Flagged");
    assert_eq!(first(&world.verify(false)), (Verdict::Failed, Some(Reason::ChangedOnTarget)));
    assert_eq!(first(&world.verify(true)), (Verdict::Excluded, Some(Reason::ChangedOnTarget)));
    world.run(&Fuse::never(), &Policy::default().with_restore(true));
    assert_eq!(world.target.folder("INBOX").mails[&1].flags, b"$Work");
}

/// A run in which a server behaves in some way.
fn with(world: &mut World, manner: impl FnOnce(&Sides)) -> Report {
    let fuse = Fuse::never();
    let (sides, memory) = (world.sides(&fuse), FakeMemory::new(world.rows.clone(), &fuse));
    manner(&sides);
    let report = block_on(run(&sides, &memory, &Policy::default(), &Unwatched)).unwrap();
    (world.target, world.rows) = (sides.target(), memory.rows());
    report
}

fn no_intent_is_open(world: &World) -> bool {
    world.rows.intents.values().all(|intents| intents.is_empty())
}

#[test]
fn flags_that_cannot_be_read_are_never_cleared() {
    let mut world = small();
    world.manner.no_marks = true;
    world.full();
    let before = world.target.clone();
    let report = with(&mut world, |sides| sides.source_manner(|manner| manner.unread = vec![1]));
    assert_eq!(first(&report), (Verdict::Failed, Some(Reason::Unread("flags"))));
    assert_eq!(world.target, before);
}

#[test]
fn refusals_are_tried_again_only_when_they_may_pass() {
    for together in [false, true] {
        let mut world = small();
        let refuse = vec![("virus one", false), ("two", true)];
        let report = with(&mut world, |sides| {
            sides.target_manner(|manner| (manner.refuse, manner.together) = (refuse, together));
        });
        assert_eq!(first(&report), (Verdict::Failed, Some(Reason::Other("no virus one here".into()))));
        assert_eq!(report.counts().copied, 1);
        assert!(no_intent_is_open(&world));
        assert_eq!(world.full().counts().copied, 1, "what was refused is tried again");
    }
}

#[test]
fn what_is_known_is_recorded_also_when_the_rest_cannot_be_looked_for() {
    let mut world = small();
    world.target.folder("INBOX").add(Mail::new("there before", 3, &[]));
    let report = with(&mut world, |sides| {
        sides.target_manner(|manner| {
            (manner.refuse, manner.hides_keys, manner.blind) = (vec![("virus one", false)], true, true);
        });
    });
    assert_eq!(first(&report), (Verdict::Failed, Some(Reason::Other("no virus one here".into()))));
    assert!(!no_intent_is_open(&world), "the other one is in doubt");
    assert_eq!((world.full().counts().adopted, world.target.folder("INBOX").mails.len()), (1, 3));
}

#[test]
fn what_the_source_refuses_to_give_fails_with_its_words() {
    let mut world = small();
    let reason = "the source refuses to give it: its file is broken";
    let refused = (Verdict::Failed, Some(Reason::Other(reason.into())));
    let withhold = |sides: &Sides| sides.source_manner(|manner| manner.withheld = vec![1]);
    let report = with(&mut world, withhold);
    assert_eq!((first(&report), report.counts().copied), (refused.clone(), 1));
    assert!(no_intent_is_open(&world));
    let fuse = Fuse::never();
    let (sides, memory) = (world.sides(&fuse), FakeMemory::new(world.rows.clone(), &fuse));
    withhold(&sides);
    let report = block_on(verify(&sides, &memory, &Policy::default(), false, &Unwatched)).unwrap();
    assert_eq!((first(&report), report.counts().unchanged), (refused, 1));
}

#[test]
fn a_folder_removed_on_the_target_is_not_made_again() {
    let mut world = small();
    world.source.folder("Old").add(Mail::new("a", 1, &[]));
    world.full();
    world.target.folders.remove(&FolderName::from_text(["Old"]));
    world.source.folder("Old").add(Mail::new("b", 2, &[]));
    for _ in 0..2 {
        let report = world.full();
        let old: Vec<_> = report.lines.iter().filter(|line| line.folder.to_string() == "Old").collect();
        assert_eq!((old[0].verdict, &old[0].reason), (Verdict::Excluded, &Some(Reason::RemovedOnTarget)));
        assert_eq!(
            (old[1].verdict, &old[1].reason),
            (Verdict::Skipped, &Some(Reason::FolderRemovedOnTarget))
        );
        assert!(!world.target.folders.contains_key(&FolderName::from_text(["Old"])));
    }
    world.run(&Fuse::never(), &Policy::default().with_restore(true));
    assert_eq!(world.target.folder("Old").mails.len(), 2);
    assert_eq!(world.verify(false).counts().failed, 0);
}

#[test]
fn parents_without_messages_are_not_made_and_empty_folders_are() {
    let mut world = small();
    world.source.folder("Parent").parent_only = true;
    world.source.folder("Parent/empty").subscribed = true;
    world.full();
    let names: Vec<String> = world.target.folders.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["INBOX", "Parent/empty"]);
    assert!(world.target.folder("Parent/empty").subscribed);
    world.target.folder("Parent/empty").subscribed = false;
    world.full();
    assert!(!world.target.folder("Parent/empty").subscribed, "a user's choice stays");
    assert_eq!(world.verify(false).counts().failed, 1);
    assert_eq!(world.verify(true).counts().failed, 0);
}

#[test]
fn new_validity_binds_again_without_copying() {
    let mut world = small();
    world.source.folder("INBOX").add(Mail::new("Message-ID: <3@example.com>\r\n\r\nthree", 3, &[]));
    world.full();
    world.target.folder("INBOX").mails.remove(&3);
    world.target.folder("INBOX").mails.get_mut(&1).unwrap().flags = b"\\Flagged".to_vec();
    world.full();
    let inbox = world.source.folder("INBOX");
    inbox.validity = 8;
    inbox.mails = std::mem::take(&mut inbox.mails).into_iter().map(|(key, mail)| (key + 10, mail)).collect();
    inbox.next += 10;
    let report = world.full();
    let counts = report.counts();
    assert_eq!((counts.unchanged, counts.excluded, counts.copied, report.notes.len()), (2, 1, 0, 1));
    assert!(known(&world, &FolderName::inbox()).0.values().all(|fact| fact.ours), "what was ours stays ours");
    world.target.folder("INBOX").validity = 9;
    let counts = world.full().counts();
    assert_eq!((counts.unchanged, counts.copied), (2, 1), "what a new folder lacks is placed again");
    assert_eq!(world.target.folder("INBOX").mails[&1].flags, b"\\Flagged", "a user's flags stay");
    (world.source.folder("INBOX").validity, world.target.folder("INBOX").validity) = (10, 10);
    assert_eq!(world.full().counts().adopted, 3);
    assert_eq!(world.target.folder("INBOX").mails.len(), 3);
}

#[test]
fn order_of_uids_is_kept() {
    let mut world = small();
    for at in 0..2_500 {
        world.source.folder("INBOX").add(Mail::new(&format!("mail {at}"), 10_000 - at, &[]));
    }
    world.full();
    let bodies = |account: &mut Account| -> Vec<Vec<u8>> {
        account.folder("INBOX").mails.values().map(|mail| mail.body.clone()).collect()
    };
    assert_eq!(bodies(&mut world.source), bodies(&mut world.target));
}

#[test]
fn f5_placed() {
    let mut world = small();
    world.source.folder("Gr\u{f6}\u{df}e").add(Mail::new("a", 1, &["\\Odd"]));
    let report = with(&mut world, |sides| {
        sides.source_manner(|manner| manner.unread = vec![2]);
        sides.target_manner(|manner| manner.refuse = vec![("virus one", false)]);
    });
    let failed: Vec<_> = report.lines.iter().filter(|line| line.verdict == Verdict::Failed).collect();
    let places: Vec<&str> = failed.iter().map(|line| line.place.as_str()).collect();
    assert_eq!(places, ["INBOX UID 1", "INBOX UID 2"]);
    assert!(failed.iter().all(|line| line.reason.is_some() && line.message_id.is_some()));
    let note = &report.notes[0];
    assert_eq!((note.folder.to_string().as_str(), note.key.map(|key| key.0)), ("Gr\u{f6}\u{df}e", Some(1)));
}

#[test]
fn keywords_that_the_target_refuses_are_noted() {
    let mut world = small();
    world.source.folder("INBOX").mails.get_mut(&1).unwrap().flags = b"$Work \\Seen".to_vec();
    let seen = ["\\Seen"].into_iter().collect();
    world.manner.permanent = Permanent::Only { flags: seen, keywords: false };
    let report = world.full();
    assert_eq!((report.counts().copied, report.notes.len()), (2, 1));
    let report = world.full();
    assert_eq!((report.counts().unchanged, report.notes.len()), (2, 0));
    assert_eq!(world.verify(false).counts().failed, 0);
}

#[test]
fn a_pass_over_nothing_new_opens_no_folder() {
    let mut world = small();
    world.full();
    let (fuse, watch) = (Fuse::of(2), &Unwatched);
    let report = world.watched(&fuse, &Policy::default(), watch).expect("two listings of folders are enough");
    assert_eq!((report.counts().unchanged, report.error.is_none()), (2, true));
    assert!(fuse.is_burnt());
}

fn mirrored() -> Policy {
    Policy::default().with_mirror(Some(Mirror::default()))
}

#[test]
fn a_mirror_removes_what_we_placed_and_nothing_else() {
    for no_marks in [false, true] {
        let mut world = small();
        world.manner.no_marks = no_marks;
        world.source.folder("Gone").add(Mail::new("Message-ID: <3@example.com>\r\n\r\nthree", 3, &[]));
        world.target.folder("INBOX").add(Mail::new("not ours", 9, &[]));
        // It was there before us, so that it is not ours either.
        let twin = world.source.folder("INBOX").mails[&2].clone();
        world.target.folder("INBOX").add(twin);
        world.full();
        world.source.folder("INBOX").mails.clear();
        world.source.folders.remove(&FolderName::from_text(["Gone"]));
        let dry = world.dry(&mirrored());
        assert!(dry.notes.iter().any(|note| note.text.contains("would be removed")), "{:?}", dry.notes);
        let report = world.run(&Fuse::never(), &mirrored()).unwrap();
        assert_eq!((report.counts().failed, report.counts().skipped), (0, 0), "{:?}", report.lines);
        let left: Vec<u64> = world.target.folder("INBOX").mails.keys().copied().collect();
        assert_eq!(left, [1, 2], "what was there before stays");
        assert!(world.target.folder("Gone").mails.is_empty());
        let before = world.target.clone();
        world.run(&Fuse::never(), &mirrored());
        assert_eq!(world.target, before);
    }
}

#[test]
fn a_mirror_removes_nothing_past_its_ceiling_or_while_something_fails() {
    let mut world = small();
    world.full();
    world.source.folder("INBOX").mails.remove(&1);
    let few = Mirror { ceiling: Ceiling::Count(0), ..Mirror::default() };
    let report = world.run(&Fuse::never(), &Policy::default().with_mirror(Some(few))).unwrap();
    assert_eq!((report.counts().skipped, world.target.folder("INBOX").mails.len()), (1, 2));
    world.source.folder("INBOX").add(Mail::new("virus refused", 1, &[]));
    let fuse = Fuse::never();
    let (sides, memory) = (world.sides(&fuse), FakeMemory::new(world.rows.clone(), &fuse));
    sides.target_manner(|manner| manner.refuse = vec![("virus refused", false)]);
    let report = block_on(run(&sides, &memory, &mirrored(), &Unwatched)).unwrap();
    assert_eq!((report.counts().failed, report.counts().skipped), (1, 1));
    assert_eq!(sides.target().folder("INBOX").mails.len(), 2);
}

#[test]
fn a_mirror_keeps_what_it_removes_where_it_is_told() {
    let mut world = small();
    world.full();
    world.source.folder("INBOX").mails.remove(&1);
    let keep = Some(FolderName::from_text(["Trash"]));
    let policy = Policy::default().with_mirror(Some(Mirror { keep, ..Mirror::default() }));
    world.run(&Fuse::never(), &policy);
    assert_eq!((world.target.folder("INBOX").mails.len(), world.target.folder("Trash").mails.len()), (1, 1));
}

#[test]
fn a_renamed_folder_is_renamed_and_not_copied() {
    let mut world = small();
    for (name, validity) in [("Work", 11), ("Work/old", 12)] {
        let folder = world.source.folder(name);
        folder.validity = validity;
        folder.add(Mail::new("a", 1, &[]));
    }
    world.full();
    for (from, to) in [("Work", "Arbeit"), ("Work/old", "Arbeit/old")] {
        let name = |path: &str| FolderName::from_text(path.split('/'));
        let folder = world.source.folders.remove(&name(from)).unwrap();
        world.source.folders.insert(name(to), folder);
    }
    for steps in 0.. {
        let (mut cut, fuse) = (world.clone(), Fuse::of(steps));
        cut.run(&fuse, &Policy::default());
        let burnt = fuse.is_burnt();
        let report = cut.full();
        assert_eq!(
            (report.counts().copied, report.counts().extra),
            (0, 0),
            "cut after {steps} steps: {:?}",
            report.lines
        );
        let names: Vec<String> = cut.target.folders.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["Arbeit", "Arbeit/old", "INBOX"]);
        if !burnt {
            break;
        }
    }
}

#[test]
fn what_is_not_selected_is_excluded_and_taken_later() {
    let mut world = small();
    world.source.folder("Junk").add(Mail::new("j", 1, &[]));
    let selection =
        Selection { exclude: vec!["Junk".parse().unwrap()], min_size: Some(1_000), ..Selection::default() };
    world.source.folder("INBOX").add(Mail::new(&"long ".repeat(300), 1, &[]));
    let counts = world.run(&Fuse::never(), &Policy::default().with_selection(selection)).unwrap().counts();
    assert_eq!((counts.copied, counts.excluded), (1, 3));
    assert!(!world.target.folders.contains_key(&FolderName::from_text(["Junk"])));
    assert_eq!(world.full().counts().copied, 3);
    assert_eq!(world.verify(false).counts().failed, 0);
}

#[test]
fn a_comparison_is_as_close_as_asked_for() {
    let mut world = small();
    world.full();
    let compared = |world: &World, level| {
        let fuse = Fuse::never();
        let (sides, memory) = (world.sides(&fuse), FakeMemory::new(world.rows.clone(), &fuse));
        let policy = Policy::default().with_level(level);
        let report = block_on(verify(&sides, &memory, &policy, false, &Unwatched)).unwrap();
        let equal = report.digests.iter().all(|(_, source, target)| source == target);
        (report.counts().failed, report.counts().unchanged, equal)
    };
    for level in [Level::All, Level::Counts, Level::Envelopes, Level::Sample(50), Level::Sample(100)] {
        assert_eq!(compared(&world, level), (0, 2, true), "{level:?}");
    }
    // One byte of a body is another.
    world.target.folder("INBOX").mails.get_mut(&1).unwrap().body =
        b"Message-ID: <1@example.com>\r\n\r\nvirus ONE".to_vec();
    for (level, failed) in [
        (Level::All, 1),
        (Level::Counts, 0),
        (Level::Envelopes, 0),
        (Level::Sample(0), 0),
        (Level::Sample(100), 1),
    ] {
        let (found, _, equal) = compared(&world, level);
        assert_eq!((found, equal), (failed, failed == 0), "{level:?}");
    }
}

#[test]
fn what_the_target_refuses_is_repaired_and_known_from_then_on() {
    for hides_keys in [false, true] {
        let mut world = small();
        world.manner.hides_keys = hides_keys;
        world.manner.refuse = vec![("\0", false)];
        let sick = "Message-ID: <0@example.com>\r\nSubject: s\r\n\r\nzero \0 zero\r\n";
        world.source.folder("INBOX").add(Mail::new(sick, 5, &["\\Seen", "$Work"]));
        for steps in 0.. {
            let (mut cut, fuse) = (world.clone(), Fuse::of(steps));
            let first = cut.run(&fuse, &Policy::default());
            let burnt = fuse.is_burnt();
            let report = cut.full();
            let inbox = cut.target.folder("INBOX").clone();
            assert_eq!(inbox.mails.len(), 3, "cut after {steps} steps, {report:?}");
            assert!(
                inbox.mails.values().any(|mail| mail.flags == b"$Work \\Seen" && !mail.body.contains(&0))
            );
            assert_eq!(cut.full().counts().unchanged, 3);
            let verified = cut.verify(false);
            assert_eq!((verified.counts().failed, verified.counts().extra), (0, 0), "{:?}", verified.lines);
            if !burnt {
                let notes = first.unwrap().notes;
                assert!(notes.iter().any(|note| note.key == Some(ItemKey(3))), "{notes:?}");
                break;
            }
        }
    }
}

#[test]
fn a_message_that_lands_twice_is_removed_once() {
    let mut world = small();
    world.full();
    // It was sent once more, and the first session was slow.
    let twin = world.target.folder("INBOX").mails[&1].clone();
    let not_ours = Mail::new("of somebody", 9, &[]);
    world.target.folder("INBOX").add(twin);
    world.target.folder("INBOX").add(not_ours);
    let intent = Intent { first: ItemKey(1), last: ItemKey(2), next: ItemKey(1), late: true };
    let imap_sync::Row::OpenIntent { key, detail } = imap_sync::Change::OpenIntent(intent).row() else {
        panic!()
    };
    world.rows.intents.entry(FolderName::inbox()).or_default().insert(key, detail);
    let report = world.full();
    let left: Vec<u64> = world.target.folder("INBOX").mails.keys().copied().collect();
    assert_eq!(
        (left, report.counts().extra, report.notes.len()),
        (vec![1, 2, 4], 1, 1),
        "{:?}",
        report.notes
    );
    assert!(no_intent_is_open(&world));
}

#[test]
fn a_folder_that_the_target_does_not_rename_keeps_its_name_there() {
    let mut world = small();
    world.source.folder("Work").validity = 11;
    world.source.folder("Work").add(Mail::new("a", 1, &[]));
    world.full();
    let folder = world.source.folders.remove(&FolderName::from_text(["Work"])).unwrap();
    world.source.folders.insert(FolderName::from_text(["Arbeit"]), folder);
    world.source.folder("Arbeit").add(Mail::new("b", 2, &[]));
    world.manner.fixed_names = true;
    for copied in [1, 0] {
        let report = world.full();
        assert_eq!((report.counts().copied, report.counts().failed), (copied, 0), "{:?}", report.lines);
        let names: Vec<String> = world.target.folders.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["INBOX", "Work"]);
    }
    assert_eq!(world.target.folder("Work").mails.len(), 2);
}

#[test]
fn a_plan_foresees_what_becomes_of_a_renamed_folder_and_its_subscription_follows() {
    let mut world = small();
    let work = world.source.folder("Work");
    (work.validity, work.subscribed) = (11, true);
    work.add(Mail::new("a", 1, &[]));
    world.full();
    let folder = world.source.folders.remove(&FolderName::from_text(["Work"])).unwrap();
    world.source.folders.insert(FolderName::from_text(["Arbeit"]), folder);
    let counts = world.dry(&Policy::default()).counts();
    assert_eq!((counts.copied, counts.adopted, counts.unchanged, counts.extra), (0, 0, 3, 0));
    // A server leaves the subscription with the old name.
    world.target.folder("Work").subscribed = false;
    assert_eq!(world.full().counts(), counts);
    assert!(world.target.folder("Arbeit").subscribed);
    assert_eq!(world.verify(false).counts().failed, 0);
}

#[test]
fn what_was_asked_for_and_is_not_there_is_told() {
    let mut world = small();
    let include = vec!["Nowhere".parse().unwrap(), "INBOX".parse().unwrap()];
    let policy = Policy::default().with_selection(Selection { include, ..Selection::default() });
    let report = world.run(&Fuse::never(), &policy).unwrap();
    assert_eq!((report.counts().copied, report.counts().failed), (2, 1), "{:?}", report.lines);
}

#[test]
fn a_folder_that_stays_where_it_was_placed_is_told_when_another_place_is_asked_for() {
    let mut world = small();
    world.source.folder("Lists").add(Mail::new("a", 1, &[]));
    world.full();
    let rules = Rules { renames: vec!["s/Lists/Listen/".parse().unwrap()], ..Rules::default() };
    let policy = Policy::default().with_rules(rules);
    let report = world.run(&Fuse::never(), &policy).unwrap();
    assert!(report.notes.iter().any(|note| note.text.contains("stays at Lists")), "{:?}", report.notes);
    assert_eq!(report.counts().copied, 0);
}

#[test]
fn what_was_not_reached_is_counted() {
    let mut world = small();
    for at in 0..30 {
        world.source.folder("INBOX").add(Mail::new(&format!("mail {at}"), at, &[]));
    }
    let report = with(&mut world, |sides| sides.target_manner(|manner| manner.full_after = Some(5)));
    let counts = report.counts();
    assert_eq!((counts.source, counts.copied, counts.failed), (32, 5, 1), "{:?}", report.lines);
    assert!(report.error.is_some());
    assert_eq!(world.full().counts().copied, 27);
}
