//! The engine's laws, with accounts in memory.
#![allow(clippy::unwrap_used)]

mod fake;

use fake::{Account, Fake, FakeMemory, Fuse, Mail, Rowed, StopAfter, block_on};
use imap_sync::{
    Facts, FolderName, Header, ItemKey, Listing, Policy, Reason, Report, Source, Unwatched, Verdict,
    candidates, plan, plan_all, run, verify,
};
use proptest::prelude::*;

/// Both sides and what is remembered.
#[derive(Clone, Debug)]
struct World {
    source: Account,
    target: Account,
    rows: Rowed,
    tells_keys: bool,
    /// What would be left of the target after a power loss, since the last run.
    durable: Option<Account>,
}

impl World {
    fn run(&mut self, fuse: &Fuse, policy: &Policy) -> Option<Report> {
        self.watched(fuse, policy, &mut Unwatched)
    }

    fn watched(&mut self, fuse: &Fuse, policy: &Policy, watch: &mut dyn imap_sync::Watch) -> Option<Report> {
        let mut source = Fake::new(self.source.clone(), fuse);
        let mut target = Fake::new(self.target.clone(), fuse);
        target.tells_keys = self.tells_keys;
        let mut memory = FakeMemory::new(self.rows.clone(), fuse);
        let report = block_on(run(&mut source, &mut target, &mut memory, policy, watch));
        assert_eq!(source.account, self.source, "the source is never touched");
        (self.target, self.rows) = (target.account, memory.rows);
        self.durable = Some(target.durable);
        report.ok()
    }

    /// Power fails after so many steps: what was not settled is lost. Whether it failed.
    fn lose_power(&mut self, steps: usize) -> bool {
        let fuse = Fuse::of(steps);
        let mut source = Fake::new(self.source.clone(), &fuse);
        let mut target = Fake::new(self.target.clone(), &fuse);
        target.tells_keys = self.tells_keys;
        target.durable = self.durable.take().unwrap_or(target.durable);
        let mut memory = FakeMemory::new(self.rows.clone(), &fuse);
        let policy = Policy::default();
        let _ = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched));
        (self.target, self.rows) = (target.durable, memory.rows);
        fuse.is_burnt()
    }

    fn full(&mut self) -> Report {
        let report = self.run(&Fuse::never(), &Policy::default()).expect("nothing is cut off");
        assert!(report.error.is_none());
        report
    }

    fn dry(&self, policy: &Policy) -> Report {
        let fuse = Fuse::never();
        let mut source = Fake::new(self.source.clone(), &fuse);
        let mut target = Fake::new(self.target.clone(), &fuse);
        let mut memory = FakeMemory::new(self.rows.clone(), &fuse);
        let report =
            block_on(plan_all(&mut source, &mut target, &mut memory, policy, &mut Unwatched)).unwrap();
        assert_eq!(
            (&source.account, &target.account, &memory.rows),
            (&self.source, &self.target, &self.rows)
        );
        report
    }

    fn verify(&self, live: bool) -> Report {
        let fuse = Fuse::never();
        let mut source = Fake::new(self.source.clone(), &fuse);
        let mut target = Fake::new(self.target.clone(), &fuse);
        let mut memory = FakeMemory::new(self.rows.clone(), &fuse);
        let report = block_on(verify(&mut source, &mut target, &mut memory, live, &mut Unwatched)).unwrap();
        assert_eq!(
            (&source.account, &target.account, &memory.rows),
            (&self.source, &self.target, &self.rows)
        );
        report
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
    fn world()(source in account(3), target in account(2), tells_keys: bool) -> World {
        World { source, target, rows: Rowed::default(), tells_keys, durable: None }
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

fn listing(account: &Account, name: &FolderName, headers: bool) -> Listing {
    let mut fake = Fake::new(account.clone(), &Fuse::never());
    let plain = block_on(fake.list(name)).unwrap();
    if !headers {
        return plain;
    }
    let mut full = Listing::new(plain.validity, plain.next, plain.permanent.clone());
    for (key, item) in plain.iter() {
        let header = Header::of(&account.folders[name].mails[&key.0].body).digest;
        full.insert(key, imap_sync::Item { header: Some(header), ..item.clone() });
    }
    full
}

fn facts(world: &World, name: &FolderName) -> Facts {
    use imap_sync::Memory;
    FakeMemory::new(world.rows.clone(), &Fuse::never()).load(name).unwrap()
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
        let report = stopped.watched(&Fuse::never(), &Policy::default(), &mut StopAfter(stop)).unwrap();
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
            let (from, to) = (listing(&world.source, name, true), listing(&world.target, name, true));
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
        for report in reports.into_iter().flatten().chain([cut.full(), dry, verified]) {
            for (name, folder) in &world.source.folders {
                let unvisited = |line: &&imap_sync::Line| line.folder == *name && line.key.is_none()
                    && line.verdict == Verdict::Pending;
                if report.lines.iter().any(|line| unvisited(&line)) {
                    continue;
                }
                let mut keys: Vec<u64> = report.lines.iter()
                    .filter(|line| line.folder == *name && line.verdict != Verdict::Extra)
                    .filter_map(|line| line.key).map(|key| key.0).collect();
                keys.sort_unstable();
                prop_assert_eq!(keys, folder.mails.keys().copied().collect::<Vec<_>>());
            }
        }
    }

    /// Headers are asked only for candidates; the plan is the same as with all headers.
    #[test]
    fn l7_delta_is_full(mut world in world(), steps in 0..40usize, uses in uses()) {
        world.run(&Fuse::of(steps), &Policy::default());
        use_target(&mut world, &uses);
        for name in world.source.folders.keys().filter(|name| world.target.folders.contains_key(*name)) {
            let (full_from, full_to) = (listing(&world.source, name, true), listing(&world.target, name, true));
            let known = facts(&world, name).under(full_from.validity, full_to.validity).0;
            let (from, to) = (listing(&world.source, name, false), listing(&world.target, name, false));
            let (ask_from, ask_to) = candidates(&from, &to, &known);
            let fill = |listing: &Listing, full: &Listing, ask: &[ItemKey]| {
                let mut filled = listing.clone();
                ask.iter().for_each(|key| drop(filled.insert(*key, full.get(*key).unwrap().clone())));
                filled
            };
            let (from, to) = (fill(&from, &full_from, &ask_from), fill(&to, &full_to, &ask_to));
            let policy = Policy::default();
            prop_assert_eq!(plan(&from, &to, &known, &policy), plan(&full_from, &full_to, &known, &policy));
        }
    }
}

fn small() -> World {
    let mut source = Account::default();
    let inbox = source.folder("INBOX");
    inbox.add(Mail::new("Message-ID: <1@example.com>\r\n\r\none", 1, &["\\Seen"]));
    inbox.add(Mail::new("Message-ID: <2@example.com>\r\n\r\ntwo", 2, &[]));
    World { source, target: Account::default(), rows: Rowed::default(), tells_keys: true, durable: None }
}

fn verdicts(report: &Report) -> Vec<(Verdict, Option<Reason>)> {
    report.lines.iter().map(|line| (line.verdict, line.reason.clone())).collect()
}

#[test]
fn removed_on_target_stays_removed_unless_restored() {
    let mut world = small();
    world.full();
    world.target.folder("INBOX").mails.remove(&1);
    let lines = |report: &Report| verdicts(report)[0].clone();
    assert_eq!(lines(&world.full()), (Verdict::Excluded, Some(Reason::RemovedOnTarget)));
    assert_eq!(lines(&world.verify(false)), (Verdict::Failed, Some(Reason::RemovedOnTarget)));
    assert_eq!(lines(&world.verify(true)), (Verdict::Excluded, Some(Reason::RemovedOnTarget)));
    assert_eq!(world.verify(false).lines[0].message_id.as_deref(), Some("1@example.com"));
    let restored = world.run(&Fuse::never(), &Policy::default().with_restore(true)).unwrap();
    assert_eq!(lines(&restored), (Verdict::Copied, None));
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
        let open = facts(&cut, &name).intents().count();
        let landed = cut.target.folders.get(&name).map_or(0, |folder| folder.mails.len());
        ours += usize::from(open > 0 && landed > 0);
        cut.full();
        assert!(facts(&cut, &name).iter().all(|(_, fact)| fact.ours), "cut after {steps} steps");
    }
    assert!(ours > 0, "an append was in doubt");
    world.target = world.source.clone();
    world.full();
    assert!(facts(&world, &name).iter().all(|(_, fact)| !fact.ours), "what was there before us is not ours");
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
    let report = world.full();
    assert_eq!(verdicts(&report)[0], (Verdict::Unchanged, Some(Reason::ChangedOnTarget)));
    world.source.folder("INBOX").mails.get_mut(&1).unwrap().flags = b"$Work".to_vec();
    assert_eq!(verdicts(&world.full())[0], (Verdict::Copied, None));
    assert_eq!(world.target.folder("INBOX").mails[&1].flags, b"$Work \\Flagged");
    assert_eq!(verdicts(&world.verify(false))[0], (Verdict::Failed, Some(Reason::ChangedOnTarget)));
    assert_eq!(verdicts(&world.verify(true))[0], (Verdict::Excluded, Some(Reason::ChangedOnTarget)));
    world.run(&Fuse::never(), &Policy::default().with_restore(true));
    assert_eq!(world.target.folder("INBOX").mails[&1].flags, b"$Work");
}

#[test]
fn flags_that_cannot_be_read_are_never_cleared() {
    let mut world = small();
    world.full();
    let fuse = Fuse::never();
    let mut source = Fake::new(world.source.clone(), &fuse);
    source.unread = vec![1];
    let mut target = Fake::new(world.target.clone(), &fuse);
    let mut memory = FakeMemory::new(world.rows.clone(), &fuse);
    let report =
        block_on(run(&mut source, &mut target, &mut memory, &Policy::default(), &mut Unwatched)).unwrap();
    assert_eq!(verdicts(&report)[0], (Verdict::Failed, Some(Reason::Unread("flags"))));
    assert_eq!(target.account, world.target);
}

#[test]
fn refusals_are_tried_again_only_when_they_may_pass() {
    let mut world = small();
    let fuse = Fuse::never();
    let mut source = Fake::new(world.source.clone(), &fuse);
    let mut target = Fake::new(Account::default(), &fuse);
    target.refuse = vec![("one", false), ("two", true)];
    let mut memory = FakeMemory::new(Rowed::default(), &fuse);
    let policy = Policy::default();
    let report = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched)).unwrap();
    let refused = (Verdict::Failed, Some(Reason::Other("no one here".into())));
    assert_eq!(verdicts(&report), [refused, (Verdict::Copied, None)]);
    assert!(memory.rows.intents.values().all(|intents| intents.is_empty()));
    (world.target, world.rows) = (target.account, memory.rows);
    assert_eq!(world.full().counts().copied, 1);
}

#[test]
fn what_is_known_is_recorded_also_when_the_rest_cannot_be_looked_for() {
    let mut world = small();
    world.target.folder("INBOX").add(Mail::new("there before", 3, &[]));
    let fuse = Fuse::never();
    let mut source = Fake::new(world.source.clone(), &fuse);
    let mut target = Fake::new(world.target.clone(), &fuse);
    (target.refuse, target.tells_keys, target.blind) = (vec![("one", false)], false, true);
    let mut memory = FakeMemory::new(Rowed::default(), &fuse);
    let policy = Policy::default();
    let report = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched)).unwrap();
    let refused = (Verdict::Failed, Some(Reason::Other("no one here".into())));
    assert_eq!(verdicts(&report)[0], refused);
    let open: Vec<_> = memory.rows.intents.values().flatten().map(|(key, _)| key.clone()).collect();
    assert_eq!(open, [ItemKey(2).to_bytes()], "that of the message that was refused is closed");
    (world.target, world.rows) = (target.account, memory.rows);
    assert_eq!((world.full().counts().adopted, world.target.folder("INBOX").mails.len()), (1, 3));
}

#[test]
fn what_the_source_refuses_to_give_fails_with_its_words() {
    let world = small();
    let fuse = Fuse::never();
    let mut source = Fake::new(world.source, &fuse);
    let mut target = Fake::new(Account::default(), &fuse);
    source.withheld = vec![1];
    let mut memory = FakeMemory::new(Rowed::default(), &fuse);
    let policy = Policy::default();
    let reason = "the source refuses to give it: its file is broken";
    let refused = (Verdict::Failed, Some(Reason::Other(reason.into())));
    let report = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched)).unwrap();
    assert_eq!(verdicts(&report), [refused.clone(), (Verdict::Copied, None)]);
    assert!(memory.rows.intents.values().all(|intents| intents.is_empty()));
    let report = block_on(verify(&mut source, &mut target, &mut memory, false, &mut Unwatched)).unwrap();
    assert_eq!(verdicts(&report), [refused, (Verdict::Unchanged, None)]);
}

#[test]
fn a_folder_removed_on_the_target_is_not_made_again() {
    let mut world = small();
    world.source.folder("Old").add(Mail::new("a", 1, &[]));
    world.full();
    world.target.folders.remove(&FolderName::from_text(["Old"]));
    world.source.folder("Old").add(Mail::new("b", 2, &[]));
    let report = world.full();
    let old: Vec<_> = report.lines.iter().filter(|line| line.folder.to_string() == "Old").collect();
    assert_eq!(old[0].reason, Some(Reason::RemovedOnTarget));
    assert_eq!((old[1].verdict, &old[1].reason), (Verdict::Skipped, &Some(Reason::FolderRemovedOnTarget)));
    assert!(!world.target.folders.contains_key(&FolderName::from_text(["Old"])));
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
    world.full();
    world.source.folder("INBOX").validity = 8;
    assert_eq!(world.full().counts().adopted, 2);
    world.target.folder("INBOX").validity = 9;
    let report = world.full();
    assert_eq!((report.counts().adopted, report.notes.len()), (2, 1));
    assert_eq!(world.target.folder("INBOX").mails.len(), 2);
}

#[test]
fn order_of_uids_is_kept() {
    let mut world = small();
    for at in 0..250 {
        world.source.folder("INBOX").add(Mail::new(&format!("mail {at}"), 1_000 - at, &[]));
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
    let fuse = Fuse::never();
    let mut source = Fake::new(world.source.clone(), &fuse);
    let mut target = Fake::new(Account::default(), &fuse);
    (source.unread, target.refuse) = (vec![2], vec![("one", false)]);
    let mut memory = FakeMemory::new(Rowed::default(), &fuse);
    let policy = Policy::default();
    let report = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched)).unwrap();
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
    let fuse = Fuse::never();
    let mut source = Fake::new(world.source.clone(), &fuse);
    let mut target = Fake::new(Account::default(), &fuse);
    let seen = ["\\Seen"].into_iter().collect();
    target.permanent = imap_sync::Permanent::Only { flags: seen, keywords: false };
    let mut memory = FakeMemory::new(Rowed::default(), &fuse);
    let policy = Policy::default();
    let report = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched)).unwrap();
    assert_eq!((report.counts().copied, report.notes.len()), (2, 1));
    let report = block_on(run(&mut source, &mut target, &mut memory, &policy, &mut Unwatched)).unwrap();
    assert_eq!((report.counts().unchanged, report.notes.len()), (2, 0));
    let report = block_on(verify(&mut source, &mut target, &mut memory, false, &mut Unwatched)).unwrap();
    assert_eq!(report.counts().failed, 0);
}
