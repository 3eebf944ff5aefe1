//! Where folders go: tables of named cases, then the laws.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use imap_sync::{
    Automap, Exclusion, FolderName, How, Mapping, Place, Profile, Remark, Rename, Rules, SourceFolder,
    SpecialUse, TargetFolder, TargetSide, escape, map_folders, path,
};
use proptest::prelude::*;

type Known = BTreeMap<FolderName, FolderName>;

/// `Sent \Sent`, `Parent \Noselect`, `Plain`.
fn source(line: &str) -> SourceFolder {
    let (name, special, selectable) = folder(line);
    SourceFolder { name, special, selectable, subscribed: false }
}

fn target(line: &str) -> TargetFolder {
    let (name, special, selectable) = folder(line);
    TargetFolder { name, special, selectable }
}

fn folder(line: &str) -> (FolderName, Option<SpecialUse>, bool) {
    let (path, attribute) = line.split_once(" \\").map_or((line, None), |(path, name)| (path, Some(name)));
    let special = attribute.and_then(|name| SpecialUse::from_attribute(&format!("\\{name}")));
    (path::read(path), special, attribute != Some("Noselect"))
}

#[derive(Debug)]
struct Case {
    source: Vec<SourceFolder>,
    target: TargetSide,
    rules: Rules,
    known: Known,
}

fn case(folders: &[&str]) -> Case {
    let source = folders.iter().map(|line| source(line)).collect();
    let target = TargetSide { separator: Some(b'/'), ..TargetSide::default() };
    Case { source, target, rules: Rules::default(), known: Known::new() }
}

impl Case {
    fn onto(mut self, folders: &[&str]) -> Self {
        self.target.folders = folders.iter().map(|line| target(line)).collect();
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn table(self, pairs: &[(&str, &str)]) -> Self {
        self.with(|case| {
            case.rules.table = pairs.iter().map(|(from, to)| (path::read(from), path::read(to))).collect();
        })
    }

    fn known(self, pairs: &[(&str, &str)]) -> Self {
        self.with(|case| {
            case.known = pairs.iter().map(|(from, to)| (path::read(from), path::read(to))).collect();
        })
    }

    fn profile(self, profile: Profile) -> Self {
        self.with(|case| case.target.profile = profile)
    }

    fn map(&self) -> Mapping {
        map_folders(&self.source, &self.target, &self.rules, &self.known)
    }

    /// In the order of the source's names; `-` for what goes nowhere.
    fn targets(&self) -> Vec<String> {
        let mapping = self.map();
        let target = |name| mapping.target(name).map_or_else(|| "-".to_owned(), path::write);
        mapping.places.keys().map(target).collect()
    }
}

#[test]
fn folders_keep_their_names_where_they_can() {
    let case = case(&["INBOX", "INBOX/sub", "Arbeit", "Arbeit/Größe", "Parent \\Noselect", "Parent/child"]);
    assert_eq!(case.targets(), ["Arbeit", "Arbeit/Größe", "INBOX", "INBOX/sub", "-", "Parent/child"]);
    assert_eq!(case.map().notes().count(), 0);
    let created: Vec<String> = case.map().creations.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(created, ["Arbeit", "Arbeit/Größe", "INBOX/sub", "Parent/child"]);
}

#[test]
fn prefixes_of_namespaces() {
    let folders = ["INBOX", "INBOX/Sent", "INBOX/Sent/old", "Public/x"];
    let plain = case(&folders).with(|case| case.rules.source_prefix = Some(FolderName::inbox()));
    assert_eq!(plain.targets(), ["INBOX", "Sent", "Sent/old", "Public/x"]);
    let courier = case(&["INBOX", "INBOX/own", "Sent", "own"])
        .with(|case| case.target.prefix = Some(FolderName::inbox()));
    assert_eq!(courier.targets(), ["INBOX", "INBOX/own", "INBOX/Sent", "INBOX/own="]);
    let both = courier.with(|case| case.rules.target_prefix = Some(path::read("Mail")));
    assert_eq!(both.targets(), ["INBOX", "Mail/INBOX/own", "Mail/Sent", "Mail/own"]);
    let below = case(&["INBOX", "Sent \\Sent", "a"]).onto(&["Gesendet \\Sent"]);
    let below = below.with(|case| case.rules.below = Some(path::read("Old/2019")));
    assert_eq!(below.targets(), ["Old/2019/INBOX", "Old/2019/Sent", "Old/2019/a"]);
}

#[test]
fn special_uses_that_both_announce() {
    let case = case(&["Sent \\Sent", "Sent/2019", "Papierkorb \\Trash", "Archiv", "Entwürfe \\Drafts"])
        .onto(&["Gesendet \\Sent", "Trash \\Trash", "Archive \\Archive"]);
    assert_eq!(case.targets(), ["Archiv", "Entwürfe", "Trash", "Gesendet", "Gesendet/2019"]);
    let mapping = case.map();
    let drafts = mapping.creations.iter().find(|it| it.name == path::read("Entwürfe")).unwrap();
    assert_eq!(drafts.special, Some(SpecialUse::Drafts));
    assert_eq!(mapping.creations.iter().filter(|it| it.special.is_some()).count(), 1);
    let note = |name| mapping.notes().find(|(source, _)| **source == path::read(name)).map(|(_, note)| note);
    assert_eq!(note("Sent").as_deref(), Some("goes to Gesendet: the folder for sent"));
    assert_eq!(note("Archiv"), None);
    let off = case.with(|case| case.rules.automap = Automap::Off);
    assert_eq!(off.targets(), ["Archiv", "Entwürfe", "Papierkorb", "Sent", "Sent/2019"]);
}

#[test]
fn special_uses_guessed_by_name() {
    let guessed = |case: Case| case.with(|case| case.rules.automap = Automap::Guessed);
    for (name, from, onto, targets) in [
        ("only here", &["Gesendet"][..], &["Sent \\Sent"][..], &["Sent"][..]),
        ("only there", &["Sent \\Sent"], &["Gesendete Objekte"], &["Gesendete Objekte"]),
        ("on both", &["INBOX/Papierkorb"], &["Trash"], &["Trash"]),
        ("several, one is on both", &["Sent", "Sent Items"], &["Sent Items"], &["Sent", "Sent Items"]),
        ("several", &["Sent", "Sent Items"], &["Gesendet \\Sent"], &["Sent", "Sent Items"]),
        ("announced is better", &["Sent", "Sent Items \\Sent"], &["Gesendet \\Sent"], &["Sent", "Gesendet"]),
        ("not so deep", &["Work/Sent"], &["Gesendet \\Sent"], &["Work/Sent"]),
    ] {
        assert_eq!(guessed(case(from).onto(onto)).targets(), targets, "{name}");
    }
    let several = guessed(case(&["Sent", "Sent Items"]).onto(&["Gesendet \\Sent"])).map();
    assert!(several.notes().all(|(_, note)| note.contains("several look like the folder for sent")));
    assert_eq!(several.notes().count(), 2);
}

#[test]
fn the_name_of_a_special_folder_is_taken() {
    let case = case(&["Sent", "Sent/a", "Sent Items \\Sent", "Sent Items/b"]).onto(&["Sent \\Sent"]);
    assert_eq!(case.targets(), ["Sent=", "Sent=/a", "Sent", "Sent/b"]);
    let two = self::case(&["A \\Junk", "B \\Junk"]).onto(&["Spam \\Junk"]);
    assert_eq!(two.targets(), ["Spam", "B"]);
    assert!(two.map().notes().any(|(_, note)| note.contains("another is the folder for junk")));
}

#[test]
fn the_table_is_the_last_word() {
    let case = case(&["Sent \\Sent", "a", "a/b"]).onto(&["Gesendet \\Sent"]).table(&[
        ("Sent", "Alt/Gesendet"),
        ("a", "INBOX"),
        ("mistyped", "x"),
    ]);
    assert_eq!(case.targets(), ["Alt/Gesendet", "-", "a/b"].map(|it| it.replace('-', "INBOX")));
    assert_eq!(case.map().unused, [path::read("mistyped")]);
}

#[test]
fn a_merge_must_be_asked_for() {
    let folders = ["Sent", "Sent Items", "other"];
    let merged = case(&folders).table(&[("Sent", "Sent"), ("Sent Items", "Sent")]);
    assert_eq!(merged.targets(), ["Sent", "Sent", "other"]);
    assert!(merged.map().collisions.is_empty());
    let half = case(&folders).table(&[("Sent Items", "Sent")]);
    assert_eq!(half.targets(), ["-", "-", "other"]);
    let mapping = half.map();
    assert_eq!(mapping.collisions.len(), 1);
    assert_eq!(mapping.collisions[0].to_string(), "Sent, Sent Items would all go to Sent");
    assert!(mapping.creations.iter().all(|it| it.name == path::read("other")));
    let recorded = half.known(&[("Sent", "Sent")]);
    assert_eq!(recorded.targets(), ["Sent", "-", "other"]);
}

#[test]
fn renamings_in_their_order() {
    let rules =
        |renames: &[&str]| -> Vec<Rename> { renames.iter().map(|text| text.parse().unwrap()).collect() };
    for (name, renames, targets) in [
        (
            "one after the other",
            &["s/^Old/New/", "s/^New/Newer/"][..],
            &["INBOX", "Newer", "Newer/x", "Other"][..],
        ),
        ("levels made and removed", &["s,^Old/,,", "s,^Other,a/b,"], &["INBOX", "Old", "x", "a/b"]),
        ("two to one", &["s/^Old$/Other/"], &["INBOX", "-", "Old/x", "-"]),
        ("to nothing", &["s/^Other$//"], &["INBOX", "Old", "Old/x", "-"]),
        ("not INBOX", &["s/INBOX/x/"], &["INBOX", "Old", "Old/x", "Other"]),
    ] {
        let case = case(&["INBOX", "Old", "Old/x", "Other"]).with(|case| case.rules.renames = rules(renames));
        assert_eq!(case.targets(), targets, "{name}");
    }
    let nothing = case(&["x"]).with(|case| case.rules.renames = rules(&["s/x//"]));
    assert_eq!(nothing.map().places[&path::read("x")], Place::Excluded(Exclusion::Unnamed));
}

#[test]
fn twins_in_case_alone() {
    let twins = ["Work", "Work/a", "work", "work/a", "work/b"];
    let apart = case(&twins).profile(Profile::ZIMBRA);
    assert_eq!(apart.targets(), ["Work", "Work/a", "work=", "work=/a", "work=/b"]);
    assert_eq!(case(&twins).targets(), twins);
    let other_is_there = case(&twins).profile(Profile::ZIMBRA).onto(&["work"]);
    assert_eq!(other_is_there.targets(), ["Work=", "Work=/a", "work", "work/a", "work/b"]);
    let spelled = case(&["work", "work/a"]).profile(Profile::EXCHANGE).onto(&["Work"]);
    assert_eq!(spelled.targets(), ["Work", "Work/a"]);
    let created: Vec<String> = spelled.map().creations.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(created, ["Work/a"]);
    let children = case(&["ÄRGER/x", "ärger/X"]).profile(Profile::GMAIL);
    assert_eq!(children.targets(), ["ÄRGER/x", "ÄRGER/X="]);
}

#[test]
fn what_a_target_keeps_for_itself() {
    let zimbra =
        case(&["Contacts", "Contacts/a", "Emailed Contacts", "Work/Contacts"]).profile(Profile::ZIMBRA);
    assert_eq!(zimbra.targets(), ["Contacts=", "Contacts=/a", "Emailed Contacts=", "Work/Contacts"]);
    let gmail =
        case(&["Sent \\Sent", "Sent/2019", "[Gmail] \\Noselect", "a "]).onto(&["[Gmail]/Sent Mail \\Sent"]);
    assert_eq!(gmail.profile(Profile::GMAIL).targets(), ["[Gmail]/Sent Mail", "Sent=/2019", "-", "a=20"]);
    let exchange = case(&["Files"]).profile(Profile::EXCHANGE);
    assert_eq!(exchange.targets(), ["Files="]);
    let reserved = &exchange.map().places[&path::read("Files")];
    assert!(matches!(reserved, Place::Mapped(mapped) if mapped.remarks.contains(&Remark::Reserved)));
}

#[test]
fn an_escaped_name_and_one_that_looks_like_it() {
    let case = case(&["a.b", "a=2Eb"]).profile(Profile::MAILDIR);
    assert_eq!(case.targets(), ["a=2Eb", "a=3D2Eb"]);
    let raw = [FolderName::from_wire(["gr\u{fc}n".as_bytes()]), FolderName::from_text(["gr\u{fc}n"])];
    let mut case = self::case(&[]);
    case.source =
        raw.map(|name| SourceFolder { name, special: None, selectable: true, subscribed: false }).to_vec();
    assert_eq!(case.targets(), ["grün", "grün="]);
    assert!(case.map().notes().any(|(_, note)| note.contains("no modified UTF-7")));
}

#[test]
fn places_recorded_are_kept() {
    let case = case(&["Sent \\Sent", "Sent/new", "a", "b", "gone"])
        .onto(&["Gesendet \\Sent"])
        .table(&[("a", "elsewhere")])
        .known(&[("Sent", "Sent Items"), ("a", "A"), ("vanished", "b")]);
    assert_eq!(case.targets(), ["Sent Items", "Sent Items/new", "A", "b=", "gone"]);
    let mapping = case.map();
    let Place::Mapped(a) = &mapping.places[&path::read("a")] else { panic!("a place") };
    assert_eq!((a.how, a.remarks.contains(&Remark::Recorded)), (How::Known, true));
}

#[test]
fn depth_and_separators() {
    let deep = case(&["a/b/c/d", "a/b/c=-d"]).with(|case| case.rules.depth = Some(2));
    assert_eq!(deep.targets(), ["a/b=-c=-d", "a/b=-c=3D-d"]);
    let flat = case(&["INBOX", "a/b", "c"]).with(|case| case.target.separator = None);
    assert_eq!(flat.targets(), ["INBOX", "a=-b", "c"]);
    let dot = case(&["a/v1.2", "a/v1"]).with(|case| case.target.separator = Some(b'.'));
    assert_eq!(dot.targets(), ["a/v1", "a/v1=2E2"]);
}

#[test]
fn every_name_of_the_same_places_in_any_spelling_ends() {
    let many: Vec<String> = (0..200).map(|at| format!("a{}", "=".repeat(at))).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let case = case(&names).profile(Profile::ZIMBRA);
    assert_eq!(case.targets().into_iter().collect::<BTreeSet<_>>().len(), 200);
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let level = prop_oneof![
        Just("INBOX".to_owned()),
        Just("Sent".to_owned()),
        Just("sent".to_owned()),
        Just("Contacts".to_owned()),
        Just("Gesendet".to_owned()),
        "[aAä=.~ -]{0,3}",
    ];
    prop::collection::vec(prop::collection::vec(level, 1..4).prop_map(|levels| levels.join("/")), 0..12)
}

fn cases() -> impl Strategy<Value = Case> {
    let special = || prop::option::weighted(0.2, prop::sample::select(SpecialUse::EVERY.to_vec()));
    let marks = || prop::collection::vec((special(), prop::bool::weighted(0.9)), 12);
    let separator = prop::sample::select(vec![Some(b'/'), Some(b'.'), Some(b'-'), None]);
    let renames = prop::sample::subsequence(vec!["s/a/b/g", "s,^Sent/,,", "s/^A$/INBOX/i"], 0..3);
    let prefixes = prop::collection::vec(prop::option::weighted(0.2, names()), 4);
    let automap = prop::sample::select(vec![Automap::Announced, Automap::Guessed, Automap::Off]);
    let profile = prop::sample::select(Profile::EVERY.to_vec());
    let rules = (renames, prefixes, automap, prop::option::weighted(0.2, 1usize..3), names(), names());
    (names(), marks(), names(), marks(), separator, profile, rules).prop_map(
        |(
            from,
            marks,
            onto,
            there,
            separator,
            profile,
            (renames, prefixes, automap, depth, table, wanted),
        )| {
            let prefix = |at: usize| {
                prefixes[at].as_ref().and_then(|names: &Vec<String>| names.first()).map(|it| path::read(it))
            };
            let source = from.iter().zip(marks).map(|(path, (special, selectable))| SourceFolder {
                name: path::read(path),
                special,
                selectable,
                subscribed: false,
            });
            let folders = onto.iter().zip(there).map(|(path, (special, selectable))| TargetFolder {
                name: path::read(path),
                special,
                selectable,
            });
            let folders = folders.filter(|it| it.name.join(separator).is_some());
            let rules = Rules {
                automap,
                source_prefix: prefix(0),
                target_prefix: prefix(1),
                below: prefix(2),
                table: table
                    .iter()
                    .zip(&wanted)
                    .take(2)
                    .map(|(from, to)| (path::read(from), path::read(to)))
                    .collect(),
                renames: renames.into_iter().map(|text| text.parse().unwrap()).collect(),
                depth,
            };
            let target = TargetSide {
                separator,
                prefix: prefix(3),
                folders: folders.collect(),
                profile: profile.clone(),
            };
            Case { source: source.collect(), target, rules, known: Known::new() }
        },
    )
}

/// As the target compares names.
fn folded(case: &Case, name: &FolderName) -> String {
    let path = path::write(name);
    if case.target.profile.case_insensitive { path.to_lowercase() } else { path }
}

#[test]
fn the_order_of_the_targets_folders_does_not_matter_to_a_guess() {
    let folder = |path: &str| TargetFolder { name: path::read(path), special: None, selectable: true };
    let name = FolderName::from_text(["Sent"]);
    let source = [SourceFolder { name: name.clone(), special: None, selectable: true, subscribed: false }];
    let rules = Rules { automap: Automap::Guessed, ..Rules::default() };
    let place = |folders: Vec<TargetFolder>| {
        let prefix = Some(FolderName::from_text(["sent"]));
        let target = TargetSide { separator: Some(b'/'), prefix, folders, ..TargetSide::default() };
        map_folders(&source, &target, &rules, &BTreeMap::new()).target(&name).cloned()
    };
    let (one, other) = (folder("sent/Gesendet"), folder("Gesendet"));
    assert_eq!(place(vec![one.clone(), other.clone()]), place(vec![other, one]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn l4_deterministic(case in cases(), turn in 0usize..12) {
        let mut other = Case { source: case.source.clone(), target: case.target.clone(), rules: case.rules.clone(), known: Known::new() };
        let (sources, targets) = (other.source.len().max(1), other.target.folders.len().max(1));
        other.source.rotate_left(turn % sources);
        other.source.reverse();
        other.target.folders.rotate_left(turn % targets);
        prop_assert_eq!(case.map(), other.map());
    }

    #[test]
    fn l6_accounted(case in cases()) {
        let mapping = case.map();
        let names: BTreeSet<&FolderName> = case.source.iter().map(|folder| &folder.name).collect();
        prop_assert_eq!(mapping.places.keys().collect::<BTreeSet<_>>(), names);
        for (source, place) in &mapping.places {
            let in_collision = mapping.collisions.iter().any(|it| it.sources.contains(source));
            prop_assert_eq!(*place == Place::Excluded(Exclusion::Collision), in_collision, "{}", source);
        }
    }

    #[test]
    fn no_two_in_one_place_unless_the_table_says_so(case in cases()) {
        let mapping = case.map();
        let mut seen: BTreeMap<String, &FolderName> = BTreeMap::new();
        for (source, place) in &mapping.places {
            let Place::Mapped(mapped) = place else { continue };
            prop_assert!(mapped.target.join(case.target.separator).is_some());
            if let Some(other) = seen.insert(folded(&case, &mapped.target), source) {
                let asked = [source, other].into_iter().all(|it| case.rules.table.contains_key(it));
                prop_assert!(asked, "{} and {} both go to {}", other, source, mapped.target);
            }
        }
    }

    #[test]
    fn l2_idempotent(case in cases()) {
        let first = case.map();
        let places = || first.places.keys().filter_map(|name| Some((name.clone(), first.target(name)?.clone())));
        let made = first.creations.iter().map(|it| TargetFolder { name: it.name.clone(), special: it.special, selectable: true });
        let folders = case.target.folders.iter().filter(|it| first.creations.iter().all(|made| made.name != it.name)).cloned().chain(made);
        let target = TargetSide { folders: folders.collect(), ..case.target.clone() };
        let again = Case { target, known: places().collect(), ..case };
        let second = again.map();
        for (source, target) in places() {
            prop_assert_eq!(second.target(&source), Some(&target));
        }
        prop_assert_eq!(second.creations, vec![]);
    }

    #[test]
    fn f2_write_then_parse(case in cases()) {
        let rules = Rules { automap: Automap::Off, depth: case.rules.depth, ..Rules::default() };
        let target = TargetSide { prefix: None, folders: Vec::new(), ..case.target };
        let case = Case { rules, target, ..case };
        for (source, place) in case.map().places {
            let Place::Mapped(mapped) = place else { continue };
            let plain = escape::unescape(&mapped.target).unwrap();
            prop_assert_eq!(folded(&case, &plain), folded(&case, &source));
        }
    }

    #[test]
    fn parents_are_made_first(case in cases()) {
        let created: Vec<FolderName> = case.map().creations.into_iter().map(|it| it.name).collect();
        prop_assert!(created.is_sorted());
    }
}
