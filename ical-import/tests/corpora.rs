//! Real files, when `MAILFERRY_CORPORA` names the folder that holds them: none may panic, and component counts must be
//! those that independent parsers agree on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ical_import::{Calendar, Component, parse, write};

#[test]
fn component_counts_are_those_that_others_find() {
    let Some(root) = corpora() else { return };
    let expected = std::fs::read_to_string(root.join("EXPECTED.tsv")).expect("EXPECTED.tsv");
    let (mut equal, mut wrong, mut excused) = (0, vec![], 0);
    for row in expected.lines().filter(|row| row.starts_with("ics/")) {
        let columns: Vec<&str> = row.split('\t').collect();
        if columns[2].is_empty() {
            continue;
        }
        let bytes = std::fs::read(root.join(columns[0])).expect(columns[0]);
        let found = counts(&bytes);
        match EXCEPTIONS.iter().any(|(file, _)| *file == columns[0]) {
            _ if found == columns[2] => equal += 1,
            true => excused += 1,
            false => wrong.push(format!("{}: {found}, expected {}", columns[0], columns[2])),
        }
    }
    println!("{equal} files have the expected counts, {excused} are excused");
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(equal > 600);
}

#[test]
fn every_file_is_read_and_written_again() {
    let Some(root) = corpora() else { return };
    let mut files = vec![];
    for kind in ["ics", "fuzz", "rrule", "tz"] {
        collect(&root.join(kind), &mut files);
    }
    for file in &files {
        let bytes = std::fs::read(file).expect("a file");
        check(&bytes, file);
    }
    println!("{} files read", files.len());
    assert!(files.len() > 1000);
}

/// Real files with a few bytes changed, dropped or doubled: closer to what breaks than random bytes are.
#[test]
fn damaged_files_are_read_and_written_again() {
    let Some(root) = corpora() else { return };
    let mut files = vec![];
    collect(&root.join("ics"), &mut files);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for file in files {
        let mut bytes = std::fs::read(&file).expect("a file");
        bytes.truncate(8_000);
        for _ in 0..4 {
            let mut next = |below: usize| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as usize % below.max(1)
            };
            let at = next(bytes.len());
            let end = (at + next(40)).min(bytes.len());
            match next(4) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
                2 => bytes.insert(at.min(bytes.len()), b"\r\n :;=\"\x00\xff,"[next(10)]),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << next(8)),
            }
            check(&bytes, &file);
        }
    }
}

/// What is written is read back the same.
fn check(bytes: &[u8], file: &Path) {
    let (calendar, _) = Calendar::read("x.ics", bytes);
    for object in &calendar.objects {
        let written = object.to_ics();
        let (again, _) = Calendar::read("y.ics", &written);
        assert_eq!(again.objects.len(), 1, "{} {}", file.display(), object.key());
        assert_eq!(again.objects[0].digest(), object.digest(), "{} {}", file.display(), object.key());
        assert_eq!(again.objects[0].to_ics(), written, "{} {}", file.display(), object.key());
    }
    let (roots, _) = parse("x.ics", bytes);
    let written: Vec<u8> = roots.iter().flat_map(write).collect();
    assert_eq!(parse("y.ics", &written).0, roots, "{}", file.display());
}

fn corpora() -> Option<PathBuf> {
    std::env::var_os("MAILFERRY_CORPORA").map(PathBuf::from)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}

/// The counts as EXPECTED.tsv writes them.
fn counts(bytes: &[u8]) -> String {
    let mut counts = BTreeMap::new();
    parse("x.ics", bytes).0.iter().for_each(|root| count(root, &mut counts));
    let counts = KINDS.iter().filter_map(|kind| counts.get(*kind).map(|count| format!("{kind}={count}")));
    let counts: Vec<String> = counts.collect();
    if counts.is_empty() { "(none)".into() } else { counts.join(" ") }
}

fn count(component: &Component, counts: &mut BTreeMap<String, usize>) {
    *counts.entry(component.name.to_ascii_uppercase()).or_default() += 1;
    component.components.iter().for_each(|inner| count(inner, counts));
}

const KINDS: [&str; 6] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VALARM"];

/// Files whose counts differ, and why.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("ics/collective+icalendar/src/icalendar/tests/alarms/start_date.ics", "an alarm alone is no calendar"),
    ("ics/stalwartlabs+calcard/resources/ical/068.ics", "an alarm alone is no calendar"),
    (
        "ics/collective+icalendar/src/icalendar/tests/calendars/issue_178_custom_component_contains_other.ics",
        "an unknown component alone is no calendar",
    ),
    ("ics/stalwartlabs+calcard/resources/ical/093.ics", "an unknown component alone is no calendar"),
];
