//! The plan's table, cell by cell.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use maildir_sync::{
    Action, Fact, Facts, Flags, FolderName, Listing, Message, Policy, Reason, State, Unique, Verdict, plan,
    plan_folders,
};

/// A message of the size and with the state that a short text tells: `5 FS Work,Junk @9`.
fn message(text: &str) -> Message {
    let (size, rest) = text.split_once(' ').unwrap_or((text, ""));
    Message::new(Unique::new("1.a").unwrap(), 0, size.parse().unwrap()).with_state(state(rest))
}

fn state(text: &str) -> State {
    let mut state = State::default();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if let Some(date) = word.strip_prefix('@') {
            state.date = date.parse().unwrap();
        } else if word.bytes().all(|byte| Flags::LETTERS.contains(&byte)) {
            state.flags = Flags::parse(word.as_bytes());
        } else {
            state.keywords = word.split(',').map(str::to_owned).collect();
        }
    }
    state
}

fn text(state: &State) -> String {
    let keywords: Vec<_> = state.keywords.iter().cloned().collect();
    let mut words = vec![state.flags.to_string(), keywords.join(",")];
    words.push(if state.date == 0 { String::new() } else { format!("@{}", state.date) });
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn listing(text: &str) -> Listing {
    let mut listing = Listing::new();
    if text != "-" {
        listing.insert(message(text));
    }
    listing
}

/// What the plan says about one message, in one line.
fn decide(source: &str, target: &str, fact: Option<(&str, &str)>, restore: bool) -> String {
    let mut facts = Facts::new();
    if let Some((source, target)) = fact {
        facts.insert(Unique::new("1.a").unwrap(), Fact { source: state(source), target: state(target) });
    }
    let plan = plan(&listing(source), &listing(target), &facts, &Policy::default().with_restore(restore));
    let remember = |fact: &Fact| format!("{{{} | {}}}", text(&fact.source), text(&fact.target));
    match (&plan.actions[..], &plan.settled[..]) {
        ([Action::Adopt { state: None, fact, .. }], []) => format!("adopt {}", remember(fact)),
        ([Action::Adopt { state: Some(state), fact, .. }], []) => {
            format!("adopt [{}] {}", text(state), remember(fact))
        }
        ([Action::Copy { message }], []) => format!("copy {}", text(&message.state())),
        ([Action::Forget { .. }], []) => "forget".to_owned(),
        ([Action::SetState { state, fact, .. }], []) => format!("set [{}] {}", text(state), remember(fact)),
        ([], [settled]) => match &settled.reason {
            Some(reason) => format!("{} {reason:?}", settled.verdict),
            None => settled.verdict.to_string(),
        },
        other => panic!("one message, one decision: {other:?}"),
    }
}

#[test]
fn every_cell() {
    let s = Some(("S", "S"));
    for (name, source, target, fact, expected, restored) in [
        ("new", "5 S", "-", None, "copy S", "copy S"),
        ("removed by a user", "5 S", "-", s, "excluded RemovedOnTarget", "copy S"),
        ("there already", "5 S", "5 S", None, "adopt {S | S}", "adopt {S | S}"),
        ("there already, other state", "5 S", "5 F", None, "adopt [S] {S | S}", "adopt [S] {S | S}"),
        ("another of that name", "5 S", "6 S", None, "skipped OccupiedOnTarget", "skipped OccupiedOnTarget"),
        (
            "another of that name, known",
            "5 S",
            "6 S",
            s,
            "skipped OccupiedOnTarget",
            "skipped OccupiedOnTarget",
        ),
        ("nothing new", "5 S", "5 S", s, "unchanged", "unchanged"),
        ("flagged at the source", "5 FS", "5 S", s, "set [FS] {FS | FS}", "set [FS] {FS | FS}"),
        ("unflagged at the source", "5", "5 S", s, "set [] { | }", "set [] { | }"),
        ("flagged on the target", "5 S", "5 FS", s, "unchanged ChangedOnTarget", "set [S] {S | S}"),
        ("unflagged on the target", "5 S", "5", s, "unchanged ChangedOnTarget", "set [S] {S | S}"),
        ("both, one flag each", "5 RS", "5 FS", s, "set [FRS] {RS | RS}", "set [RS] {RS | RS}"),
        ("both, the same flag", "5 FS", "5 FS", s, "adopt {FS | FS}", "adopt {FS | FS}"),
        ("dropped at the source", "-", "5 S", s, "extra GoneFromSource", "extra GoneFromSource"),
        ("never ours", "-", "5 S", None, "extra NotOurs", "extra NotOurs"),
        ("dropped on both", "-", "-", s, "forget", "forget"),
    ] {
        assert_eq!(decide(source, target, fact, false), expected, "{name}");
        assert_eq!(decide(source, target, fact, true), restored, "{name}, with restore");
    }
}

#[test]
fn keywords_and_dates_merge_one_by_one() {
    for (name, source, target, fact, expected) in [
        (
            "a keyword on each side",
            "5 One,Ours",
            "5 One,Theirs",
            ("One", "One"),
            "set [One,Ours,Theirs] {One,Ours | One,Ours}",
        ),
        ("a keyword taken away", "5", "5 One,Theirs", ("One", "One"), "set [Theirs] { | }"),
        ("the same in another case", "5 Junk", "5 junk", ("Junk", "Junk"), "unchanged"),
        ("no letter for it then", "5 One,Two", "5 One", ("One,Two", "One"), "unchanged"),
        (
            "no letter for it, and more to do",
            "5 F One,Two",
            "5 One",
            ("One,Two", "One"),
            "set [F One] {F One,Two | F One}",
        ),
        ("a date at the source", "5 @7", "5 @1", ("@1", "@1"), "set [@7] {@7 | @7}"),
        ("a date on the target", "5 @1", "5 @7", ("@1", "@1"), "unchanged ChangedOnTarget"),
        ("a date on both", "5 @2", "5 @3", ("@1", "@1"), "unchanged ChangedOnTarget"),
        ("a date on both, and a flag", "5 S @2", "5 @3", ("@1", "@1"), "set [S @3] {S @1 | S @1}"),
    ] {
        assert_eq!(decide(source, target, Some(fact), false), expected, "{name}");
    }
    assert_eq!(decide("5 @2", "5 @3", Some(("@1", "@1")), true), "set [@2] {@2 | @2}");
}

#[test]
fn a_date_changed_on_both_sides_is_said_each_time() {
    let mut facts = Facts::new();
    facts.insert(Unique::new("1.a").unwrap(), Fact { source: state("@1"), target: state("@1") });
    let plan = plan(&listing("5 @2"), &listing("5 @3"), &facts, &Policy::default());
    let detail = plan.settled[0].detail.as_deref();
    assert_eq!(detail, Some("the date changed on both sides; the target's stays"));
}

#[test]
fn keywords_are_wanted_in_the_order_of_the_source_once() {
    let mut source = Listing { keywords: ["Z", "unused", "A"].map(str::to_owned).to_vec(), ..Listing::new() };
    for (name, keywords) in [("1", "A,Z"), ("2", "z"), ("3", "M")] {
        let unique = Unique::new(name).unwrap();
        source.insert(Message::new(unique, 0, 1).with_state(state(keywords)));
    }
    let plan = plan(&source, &Listing::new(), &Facts::new(), &Policy::default());
    assert_eq!(plan.keywords, ["Z", "A", "M"]);
}

#[test]
fn folders_come_with_their_parents_first() {
    let folders =
        |names: &[&str]| names.iter().map(|name| FolderName::new(*name).unwrap()).collect::<Vec<_>>();
    let source = folders(&["A.B.C", "", "A-B", "A", "Z", "A.B", "A"]);
    assert_eq!(plan_folders(&source, &folders(&["Z", "Q"])), folders(&["", "A", "A-B", "A.B", "A.B.C"]));
    assert_eq!(plan_folders(&source, &source), []);
}

#[test]
fn a_dry_run_says_what_a_run_would() {
    let mut source = listing("5 S");
    source.insert(Message::new(Unique::new("0.b").unwrap(), 0, 3));
    let plan = plan(&source, &listing("6"), &Facts::new(), &Policy::default());
    let preview = plan.preview(&FolderName::new("Sent").unwrap());
    let lines: Vec<_> = preview.lines.iter().map(|line| (line.verdict, line.place.as_str())).collect();
    assert_eq!(lines, [(Verdict::Copied, ".Sent/cur/0.b"), (Verdict::Skipped, ".Sent/cur/1.a")]);
    assert_eq!(preview.lines[1].reason, Some(Reason::OccupiedOnTarget));
    let text = preview.lines[1].reason_text().unwrap();
    assert!(text.ends_with("5 bytes at the source, 6 on the target"), "{text}");
    assert_eq!((preview.source(), preview.is_good()), (2, false));
}
