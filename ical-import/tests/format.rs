//! The laws of the parser.

use ical_import::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Text that may stand in a value, awkward parts more often than chance would have it.
fn text() -> impl Strategy<Value = String> {
    let awkward = select(vec![
        "\\n",
        "\\,",
        "\\",
        ":",
        ";",
        ",",
        "\"",
        "=",
        "^n",
        "\u{e4}\u{20ac}\u{1f600}",
        " ",
        "\t",
        "x",
    ]);
    vec(prop_oneof![3 => "[a-z0-9]{1,12}", 2 => awkward.prop_map(str::to_owned)], 0..20)
        .prop_map(|parts| parts.concat())
}

fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
    let value = prop_oneof!["[a-z/=^-]{0,8}", "\"[a-z:;, ]{0,8}\"", "[a-z]{1,3},\"[a-z,]{1,3}\"", "\u{e4}"];
    let parameter = ("X-[A-Z]{1,5}", proptest::option::of(value));
    vec(parameter.prop_map(|(name, value)| Parameter { name, value }), 0..3)
}

fn properties() -> impl Strategy<Value = Vec<Property>> {
    let name = prop_oneof![
        select(vec!["SUMMARY", "dtstart", "RRULE", "UID", "X-Unknown", "ATTENDEE"]).prop_map(str::to_owned),
        "[A-Z]{1,3}-[A-Z0-9]{1,5}",
    ];
    let property = (name, parameters(), text());
    vec(property.prop_map(|(name, parameters, value)| Property { name, parameters, value, line: 0 }), 0..6)
}

/// A calendar as it may be, entries in calendars and other components in entries.
fn calendars() -> impl Strategy<Value = Component> {
    let inner = (select(vec!["VALARM", "X-INNER", "vlocation"]), properties());
    let inner = inner.prop_map(|(name, properties)| Component { properties, ..Component::new(name) });
    let entry = (select(vec!["VEVENT", "VTODO", "VTIMEZONE", "X-OUTER"]), properties(), vec(inner, 0..3));
    let entry = entry.prop_map(|(name, properties, components)| Component {
        properties,
        components,
        ..Component::new(name)
    });
    (properties(), vec(entry, 0..4)).prop_map(|(properties, components)| Component {
        properties,
        components,
        ..Component::new("VCALENDAR")
    })
}

/// Bytes that nearly are a calendar.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let lines = select(LINES.to_vec()).prop_map(|line| line.as_bytes().to_vec());
    let part = prop_oneof![
        12 => lines,
        1 => vec(any::<u8>(), 0..20),
        1 => text().prop_map(String::into_bytes),
    ];
    let ending = prop_oneof![8 => Just("\r\n"), 2 => Just("\n"), 1 => Just("\r"), 1 => Just("\r\n "), 1 => Just("\r\r\n")];
    vec((part, ending), 0..40).prop_map(|parts| {
        let parts = parts.into_iter().flat_map(|(part, ending)| [part, ending.as_bytes().to_vec()]);
        parts.collect::<Vec<_>>().concat()
    })
}

proptest! {
    #[test]
    fn f1_any_bytes(random in vec(any::<u8>(), 0..400), near in bytes()) {
        for bytes in [random, near] {
            let (calendar, findings) = Calendar::read("a.ics", &bytes);
            calendar.objects.iter().for_each(|object| drop((object.appointment(), object.file_stem())));
            // A line makes one finding at most, but for what one END closes and one entry lacks.
            prop_assert!(findings.len() <= 20 + 4 * bytes.len());
        }
    }

    #[test]
    fn f2_write_then_parse(calendar in calendars()) {
        let (parsed, findings) = parse("a.ics", &write(&calendar));
        prop_assert_eq!(findings, vec![]);
        prop_assert_eq!(parsed, vec![calendar]);
    }

    #[test]
    fn f3_fixed_point(bytes in bytes()) {
        let (roots, _) = parse("a.ics", &bytes);
        let written: Vec<u8> = roots.iter().flat_map(write).collect();
        let (again, _) = parse("a.ics", &written);
        prop_assert_eq!(&again, &roots);
        prop_assert_eq!(again.iter().flat_map(write).collect::<Vec<u8>>(), written);
    }

    /// What is written for a store is read back as the same object, without a failure, and written the same again.
    #[test]
    fn f3_fixed_point_of_objects(bytes in bytes()) {
        let (calendar, _) = Calendar::read("a.ics", &bytes);
        for object in &calendar.objects {
            let written = object.to_ics();
            let (again, findings) = Calendar::read("a.ics", &written);
            prop_assert!(findings.iter().all(|finding| finding.severity == Severity::Note), "{:?}", findings);
            prop_assert_eq!(again.objects.len(), 1);
            prop_assert_eq!(again.objects[0].key(), object.key());
            prop_assert_eq!(again.objects[0].digest(), object.digest());
            prop_assert_eq!(again.objects[0].to_ics(), written);
        }
    }

    /// Wherever a file is cut into lines, it reads the same.
    #[test]
    fn f4_chunked(calendar in calendars(), cuts in vec(1..30usize, 1..20), fold in select(vec!["\r\n ", "\n ", "\r\n\t", "\r "])) {
        let mut cuts = cuts.into_iter().cycle();
        let mut folded = vec![];
        let written = write(&calendar);
        let whole = String::from_utf8(written.clone()).expect("text").replace("\r\n ", "");
        for line in whole.split_inclusive("\r\n") {
            let mut rest = line.trim_end_matches(['\r', '\n']).as_bytes();
            while let Some((head, tail)) = rest.split_at_checked(cuts.next().unwrap_or(1)).filter(|(_, tail)| !tail.is_empty()) {
                folded.extend_from_slice(head);
                folded.extend_from_slice(fold.as_bytes());
                rest = tail;
            }
            folded.extend_from_slice(rest);
            folded.extend_from_slice(b"\r\n");
        }
        prop_assert_eq!(parse("a.ics", &folded).0, parse("a.ics", &written).0);
    }

    #[test]
    fn f5_placed(bytes in bytes()) {
        let lines = 1 + bytes.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count() as u64;
        let (calendar, findings) = Calendar::read("a.ics", &bytes);
        let places = findings.iter().map(|finding| &finding.place).chain(calendar.objects.iter().map(|o| &o.place));
        for place in places {
            prop_assert_eq!(&*place.file, "a.ics");
            prop_assert!((1..=lines).contains(&place.line) && place.column >= 1, "{}", place);
        }
        prop_assert!(findings.is_sorted_by_key(|finding| finding.place.line));
    }

    /// What nobody knows survives into the object, in order.
    #[test]
    fn f6_kept(properties in properties()) {
        let mut event = Component::new("VEVENT");
        event.properties = vec![Property::new("UID", "1"), Property::new("DTSTART", "20260301T100000Z"), Property::new("DTSTAMP", "20260301T100000Z")];
        let known = ["UID", "DTSTART", "RRULE"];
        event.properties.extend(properties.into_iter().filter(|p| !known.iter().any(|name| p.is(name))));
        let root = Component { components: vec![event.clone()], ..Component::new("VCALENDAR") };
        let (calendar, _) = Calendar::read("a.ics", &write(&root));
        prop_assert_eq!(&calendar.objects[0].components, &[event]);
        let text = String::from_utf8(calendar.objects[0].to_ics()).expect("text").replace("\r\n ", "");
        prop_assert!(calendar.objects[0].components[0].properties.iter().all(|property| text.contains(&property.value)));
    }
}

#[test]
fn depth_is_bounded() {
    let deep = "BEGIN:X-A\r\n".repeat(100_000);
    let file = format!("BEGIN:VCALENDAR\r\n{deep}{}END:VCALENDAR\r\n", "END:X-A\r\n".repeat(100_000));
    let (roots, findings) = parse("a.ics", file.as_bytes());
    assert_eq!(roots.len(), 1);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].reason.contains("nested deeper than 16"), "{}", findings[0]);
}

#[test]
fn long_files_take_time_in_proportion() {
    for line in [
        "X;A=(UTC;B=\"c:",
        "X;A=\"b\";",
        "a\r\n",
        "BEGIN:VEVENT\r\n",
        "END:VEVENT\r\n",
        "\r\n",
        " x\r\n",
        "X=\r\n",
        "DTSTART;TZID=a:20260301T1000\r\n",
    ] {
        // In time that grows with the square of the size, this would not come to its end.
        let file = format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{}", line.repeat(400_000 / line.len()));
        let (calendar, findings) = Calendar::read("a.ics", file.as_bytes());
        assert!(calendar.objects.is_empty() && !findings.is_empty(), "{line:?}");
    }
}

const LINES: &[&str] = &[
    "BEGIN:VCALENDAR",
    "END:VCALENDAR",
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260301T100000Z\r\nEND:VEVENT",
    "BEGIN:VEVENT\r\nDTSTART:20260301T100000Z",
    "BEGIN:VTODO",
    "END:VTODO",
    "BEGIN:VALARM",
    "END:VALARM",
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nEND:VTIMEZONE",
    "BEGIN:VTIMEZONE\r\nTZID:custom",
    "END:VTIMEZONE",
    "BEGIN:",
    "BEGIN:X Y",
    "END:X",
    "END:VEVNET",
    "UID:a",
    "UID:b/c",
    "UID:",
    "DTSTAMP:20260301T100000Z",
    "DTSTAMP:never",
    "DTSTART:20260301T100000Z",
    "DTSTART;TZID=Europe/Berlin:20260301T100000",
    "DTSTART;TZID=custom:20260301T1000",
    "DTSTART;TZID=(UTC+01:00) Amsterdam, Berlin:20260301T100000",
    "DTSTART:20260301",
    "DTSTART:2026-03-01",
    "DTSTART:never",
    "DTEND:20250301T100000Z",
    "DTEND;VALUE=DATE:20260302T000000",
    "RECURRENCE-ID;TZID=W. Europe Standard Time:20260308T100000",
    "RECURRENCE-ID:20260308T100000Z",
    "RRULE:FREQ=WEEKLY",
    "RRULE:",
    "EXDATE:20260308",
    "EXDATE:20260308T100000Z,20260315T100000Z",
    "SEQUENCE:2",
    "SUMMARY:Lunch\\, perhaps",
    "SUMMARY;ENCODING=QUOTED-PRINTABLE:Fr=C3=BChst=\r\n=C3=BCck",
    "X;QUOTED-PRINTABLE:a=",
    "DESCRIPTION:a text",
    "that goes on without folding",
    "METHOD:REQUEST",
    "VERSION:2.0",
    "VERSION:1.0",
    "CALSCALE:GREGORIAN",
    "X-LONG;X-P=\"a:b\":\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}=========",
    "\u{feff}BEGIN:VCALENDAR",
    "",
    " ",
    "\u{e4}",
];
