//! The engine's decisions, case by case.

#![allow(clippy::unwrap_used)]

mod world;

use ldif::{
    Action, Apply, Change, Digest, Fact, FactChange, Item, Key, Kind, Next, Outcome, Place, Plan, Policy,
    Reason, Verdict, next_step, verify,
};
use world::{World, entry};

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
    let expected = "dn: cn=crew\nchangetype: add\ndescription: \u{7}\nobjectClass: top\n\n\
                    dn: cn=anna@example.com\nchangetype: modify\nreplace: description\ndescription: \u{2}\n-\n\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    assert!(matches!(records[0].change, Change::Add(_)));
}

/// What is written for one account, known by its address, when its entry changes.
fn changes(current: &str, desired: &str) -> String {
    let key = Key::new(Kind::Account, "anna@example.com");
    let side = |text: &str| {
        let placed = ldif::Reader::new("x", text.as_bytes()).next().unwrap().unwrap();
        let ldif::Record::Content(entry) = placed.value else { panic!() };
        let mut side = world::Side::default();
        side.entries.insert(key.clone(), entry);
        side
    };
    let mut world = World { source: side(desired), target: side(current), ..World::default() };
    let target = world.target.listing().get(&key).unwrap().digest;
    world.facts.insert(key.clone(), Fact { source: target, target });
    let plan = world.plan(&Policy::default());
    let mut out = Vec::new();
    for record in plan.change_records(&world.source.listing(), &world.target.listing()) {
        ldif::write_change(&record, &mut out);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn an_entry_with_another_name_is_renamed_before_it_is_modified() {
    let table = [
        (
            "another RDN",
            "dn: uid=anna,ou=people,dc=example\nuid: anna\nmail: anna@example.com\n",
            "dn: uid=berg,ou=people,dc=example\nuid: berg\nmail: anna@example.com\n",
            "dn: uid=anna,ou=people,dc=example\nchangetype: modrdn\nnewrdn: uid=berg\ndeleteoldrdn: 1\n\n",
        ),
        (
            "another RDN, the old value stays, and more",
            "dn: uid=anna,ou=people,dc=example\nuid: anna\nsn: a\n",
            "dn: uid=berg,ou=people,dc=example\nuid: berg\nuid: anna\nsn: b\n",
            "dn: uid=anna,ou=people,dc=example\nchangetype: modrdn\nnewrdn: uid=berg\ndeleteoldrdn: 1\n\n\
             dn: uid=berg,ou=people,dc=example\nchangetype: modify\nreplace: sn\nsn: b\n-\n\
             replace: uid\nuid: berg\nuid: anna\n-\n\n",
        ),
        (
            "elsewhere",
            "dn: uid=anna,ou=people,dc=example\nuid: anna\n",
            "dn: uid=anna,ou=staff,dc=example\nuid: anna\n",
            "dn: uid=anna,ou=people,dc=example\nchangetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\n\
             newsuperior: ou=staff,dc=example\n\n",
        ),
        (
            "the same name in other spelling",
            "dn: uid=anna, ou=People, dc=example\nuid: anna\nsn: a\n",
            "dn: uid=anna,ou=people,dc=example\nuid: anna\nsn: b\n",
            "dn: uid=anna, ou=People, dc=example\nchangetype: modify\nreplace: sn\nsn: b\n-\n\n",
        ),
    ];
    for (name, current, desired, expected) in table {
        assert_eq!(changes(current, desired), expected, "{name}");
    }
}

#[test]
fn a_modify_of_nothing_is_not_written() {
    let (current, desired) = ("dn: cn=a, dc=b\ncn: a\n", "dn: cn=a,dc=b\ncn: a\n");
    assert_eq!(changes(current, desired), "");
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
