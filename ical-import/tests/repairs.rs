//! Faults of real exporters: what is repaired and said, and what cannot be carried.

use ical_import::*;

/// Reads lines as one event of a whole calendar.
fn event(lines: &str) -> (Calendar, Vec<Finding>) {
    calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

/// Reads lines as the entries of a calendar; the first is line 4.
fn calendar(lines: &str) -> (Calendar, Vec<Finding>) {
    file(&format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example.com//tests//EN\n{lines}\nEND:VCALENDAR\n"))
}

fn file(lines: &str) -> (Calendar, Vec<Finding>) {
    Calendar::read("a.ics", lines.replace('\n', "\r\n").as_bytes())
}

fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{:?} {finding}", finding.severity)).collect()
}

const HEAD: &str = "UID:1\nDTSTAMP:20260101T000000Z";

#[test]
fn repairs_are_made_and_named() {
    for (lines, property, note) in [
        (
            "DTSTART:20260301",
            "DTSTART;VALUE=DATE:20260301",
            "DTSTART holds a date and is not marked as VALUE=DATE; marked",
        ),
        (
            "DTSTART;VALUE=DATE-TIME:20260301",
            "DTSTART;VALUE=DATE:20260301",
            "DTSTART holds a date and is not marked as VALUE=DATE; marked",
        ),
        (
            "DTSTART:2026-03-01T10:00:00Z",
            "DTSTART:20260301T100000Z",
            "DTSTART \"2026-03-01T10:00:00Z\" is written as RFC 5545 has it: 20260301T100000Z",
        ),
        (
            "DTSTART:20260301T1000",
            "DTSTART:20260301T100000",
            "DTSTART \"20260301T1000\" is written as RFC 5545 has it: 20260301T100000",
        ),
        (
            "DTSTART;VALUE=DATE:20260301T000000",
            "DTSTART;VALUE=DATE:20260301",
            "DTSTART \"20260301T000000\" is written as RFC 5545 has it: 20260301",
        ),
        (
            "DTSTART:20260301T100000Z\nDTEND:20260301T090000Z",
            "DTEND:20260301T090000Z",
            "DTEND is before DTSTART; kept as it is",
        ),
        ("DTSTART:20260301T100000Z\nRRULE:", "DTSTART:20260301T100000Z", "an empty RRULE, left out"),
        (
            "DTSTART:20260301T100000Z\nEXDATE:20260308",
            "EXDATE;VALUE=DATE:20260308",
            "EXDATE holds a date and is not marked as VALUE=DATE; marked",
        ),
        (
            "DTSTART:20260301T100000Z\nEXDATE:soon",
            "EXDATE:soon",
            "EXDATE is \"soon\", which cannot be read; kept as it is",
        ),
        (
            "DTSTART:20260301T100000Z\nSUMMARY;ENCODING=QUOTED-PRINTABLE:Fr=C3=BCh=\nst=C3=BCck",
            "SUMMARY:Fr\u{fc}hst\u{fc}ck",
            "SUMMARY in quoted-printable, decoded",
        ),
        (
            "DTSTART:20260301T100000Z\nDESCRIPTION:one\ntwo and\n\nthree",
            "DESCRIPTION:one\\ntwo and\\nthree",
            "2 line(s) that are no property, taken as more of DESCRIPTION: \"two and\"",
        ),
        (
            "DTSTART:20260301T100000Z\nATTACH;ENCODING=BASE64;VALUE=BINARY:QUJD\nREVG",
            "ATTACH;ENCODING=BASE64;VALUE=BINARY:QUJDREVG",
            "1 line(s) that are no property, taken as more of ATTACH: \"REVG\"",
        ),
        (
            "DTSTART:20260301T100000Z\nSEQUENCE:1\nwhat is this",
            "SEQUENCE:1",
            "1 line(s) that are no property, left out: \"what is this\"",
        ),
        (
            "DTSTART:20260301T100000Z\nBEGIN:VALARM\nACTION:AUDIO",
            "ACTION:AUDIO",
            "VALARM without its END; closed here",
        ),
        (
            "DTSTART:20260301T100000Z\nEND:VALARM",
            "DTSTART:20260301T100000Z",
            "END:VALARM of nothing that is open, left out",
        ),
        (
            "DTSTART:20260301T100000Z\nBEGIN:VALARM\nACTION:AUDIO\nEND:VALRM",
            "ACTION:AUDIO",
            "END:VALRM where VALARM is open; read as its END",
        ),
        (
            "DTSTART;TZID=(UTC+00:00) Dublin, Edinburgh, Lisbon, London:20260301T100000",
            "DTSTART;TZID=\"(UTC+00:00) Dublin, Edinburgh, Lisbon, London\":20260301T100000",
            "a parameter of DTSTART is put in quotes",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20260301T100000",
            "TZID:Europe/Berlin",
            "the file does not define the time zone \"Europe/Berlin\"; definition of Europe/Berlin added",
        ),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260301T100000",
            "TZID:W. Europe Standard Time",
            "the file does not define the time zone \"W. Europe Standard Time\"; definition of Europe/Berlin added",
        ),
        (
            "DTSTART;TZID=Mars/Olympus:20260301T100000",
            "DTSTART;TZID=Mars/Olympus:20260301T100000",
            "the file does not define the time zone \"Mars/Olympus\" and no such zone is known; kept as it is, programs will take it as local time",
        ),
    ] {
        let (calendar, findings) = event(&format!("{HEAD}\n{lines}"));
        assert_eq!(calendar.objects.len(), 1, "{lines}");
        let text = String::from_utf8(calendar.objects[0].to_ics()).expect("text").replace("\r\n ", "");
        assert!(text.contains(&format!("\r\n{property}\r\n")), "{lines}\n{text}");
        assert!(
            findings.iter().any(|f| f.severity == Severity::Note && f.reason == note),
            "{lines}\n{findings:#?}"
        );
        assert!(
            findings.iter().all(|f| f.severity == Severity::Note && f.place.uid.as_deref() == Some("1")),
            "{findings:#?}"
        );
        let (_, again) = Calendar::read("b.ics", &calendar.objects[0].to_ics());
        let kept = ["kept as it is"];
        assert!(again.iter().all(|f| kept.iter().any(|word| f.reason.contains(word))), "{lines}: {again:#?}");
    }
}

#[test]
fn missing_stamps_and_uids_are_given_without_a_clock() {
    for (lines, stamp, from) in [
        (
            "DTSTART:20260301T100000Z\nCREATED:20250102T030405Z\nLAST-MODIFIED:20250203T040506Z",
            "20250203T040506Z",
            "LAST-MODIFIED",
        ),
        ("DTSTART:20260301T100000Z\nCREATED:20250102T030405Z", "20250102T030405Z", "CREATED"),
        ("DTSTART;VALUE=DATE:20260301", "20260301T000000Z", "DTSTART"),
        ("DTSTART;VALUE=DATE:20260301\nDTSTAMP:now", "20260301T000000Z", "DTSTART"),
    ] {
        let (calendar, findings) = event(lines);
        let component = &calendar.objects[0].components[0];
        assert_eq!(component.property("DTSTAMP").map(|stamp| stamp.value.as_str()), Some(stamp), "{lines}");
        let reasons: Vec<&str> = findings.iter().map(|finding| finding.reason.as_str()).collect();
        let stamped = format!("no DTSTAMP that can be read; taken from {from}");
        assert_eq!(reasons, ["no UID; given one made from the contents", &stamped], "{lines}");
        // The same contents get the same UID, in any order; others get another.
        let uid = &calendar.objects[0].uid;
        let reversed: Vec<&str> = lines.lines().rev().collect();
        assert_eq!(&event(&reversed.join("\n")).0.objects[0].uid, uid);
        assert_ne!(&event(&format!("{lines}\nSUMMARY:x")).0.objects[0].uid, uid);
    }
}

#[test]
fn what_cannot_be_carried_fails_alone() {
    let good = "BEGIN:VEVENT\nUID:good\nDTSTAMP:20260101T000000Z\nDTSTART:20260301T100000Z\nEND:VEVENT";
    for (bad, failure) in [
        ("BEGIN:VEVENT\nUID:2\nSUMMARY:Lunch\nEND:VEVENT", "a.ics:4:1 (2): Lunch: VEVENT without DTSTART"),
        (
            "BEGIN:VEVENT\nUID:2\nDTSTART:tomorrow\nEND:VEVENT",
            "a.ics:6:1 (2): 2: DTSTART is \"tomorrow\", expected a date or a date and time",
        ),
        (
            "BEGIN:VEVENT\nUID:2\nDTSTART:20260301\nDTEND:20260231\nEND:VEVENT",
            "a.ics:7:1 (2): 2: DTEND is \"20260231\", expected a date or a date and time",
        ),
        (
            "BEGIN:VEVENT\nUID:2\nDTSTART:20260301\nRECURRENCE-ID:x\nEND:VEVENT",
            "a.ics:7:1 (2): 2: RECURRENCE-ID is \"x\", expected a date or a date and time",
        ),
        (
            "BEGIN:VEVENT\nUID:2\nDTSTART:20260301\nRRULE:FREQ=SOMETIMES\nEND:VEVENT",
            "a.ics:7:1 (2): 2: RRULE is \"FREQ=SOMETIMES\", expected FREQ of SECONDLY to YEARLY",
        ),
        (
            "BEGIN:VEVENT\nUID:2\nDTSTART:20260301\nDURATION:P1H\nEND:VEVENT",
            "a.ics:7:1 (2): 2: DURATION is \"P1H\", expected a duration such as PT1H30M",
        ),
        (
            "BEGIN:VEVENT\nUID:2\nDTSTART:20260301\nSUMMARY:Lunch",
            "a.ics:4:1 (2): Lunch: VEVENT is not closed: another one begins at line 8 before its END",
        ),
        ("BEGIN:VPOLL\nUID:2\nEND:VPOLL", "a.ics:4:1 (2): 2: a VPOLL is nothing that a calendar store keeps"),
    ] {
        let (calendar, findings) = calendar(&format!("{bad}\n{good}"));
        assert_eq!(
            calendar.objects.iter().map(|object| object.uid.as_str()).collect::<Vec<_>>(),
            ["good"],
            "{bad}"
        );
        let failures: Vec<_> =
            findings.iter().filter(|finding| finding.severity == Severity::Failure).collect();
        assert_eq!(
            failures.iter().map(|failure| failure.to_string()).collect::<Vec<_>>(),
            [failure],
            "{bad}"
        );
    }
}

#[test]
fn what_is_no_calendar_is_told() {
    for (lines, expected) in [
        ("", "Note a.ics:1:1: the file is empty"),
        ("\n\n", "Note a.ics:1:1: the file is empty"),
        ("<html>\n<body>", "Failure a.ics:1:1: no calendar: the file holds no BEGIN:VCALENDAR"),
        ("BEGIN:VCARD\nEND:VCARD\n", "Failure a.ics:1:1: a VCARD is nothing that a calendar store keeps"),
    ] {
        let (calendar, findings) = file(lines);
        assert!(calendar.objects.is_empty());
        assert!(said(&findings).contains(&expected.to_owned()), "{findings:?}");
    }
}

#[test]
fn the_file_as_a_whole_is_told_once() {
    let event = "BEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nDTSTART:20260301T100000Z\nSUMMARY:Gr\u{fc}\u{df}e\nEND:VEVENT";
    let whole = format!("BEGIN:VCALENDAR\nMETHOD:PUBLISH\n{event}\nEND:VCALENDAR\n");
    let latin: Vec<u8> = whole.chars().map(|c| c as u8).collect();
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(whole.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let always = [
        "Note a.ics:1:1: lines end in a bare LF",
        "Note a.ics:1:1: the calendar has no PRODID",
        "Note a.ics:1:1: the calendar has no VERSION",
        "Note a.ics:2:1: METHOD:PUBLISH removed: this is a calendar, not a message",
    ];
    for (bytes, note) in [
        (
            latin,
            "Note a.ics:7:1: 1 line(s) with bytes that are not UTF-8, from here on; these bytes are read as Windows-1252",
        ),
        (utf16, "Note a.ics:1:1: a UTF-16 text, read as such"),
        (
            [b"\xef\xbb\xbf", whole.as_bytes()].concat(),
            "Note a.ics:1:1: a UTF-8 byte order mark, read as such",
        ),
        (
            whole.replace("\nEND:VCALENDAR\n", "").into_bytes(),
            "Failure a.ics:8:1: the calendar ends without END:VCALENDAR: the file may be cut short",
        ),
        (
            format!("x:y\n{whole}").into_bytes(),
            "Note a.ics:1:1: 1 line(s) outside of the calendar, from here on, left out: \"x:y\"",
        ),
    ] {
        let (calendar, findings) = Calendar::read("a.ics", &bytes);
        assert_eq!(calendar.objects[0].summary(), "Gr\u{fc}\u{df}e");
        assert!(!String::from_utf8(calendar.objects[0].to_ics()).expect("text").contains("METHOD"));
        let said = said(&findings);
        assert!(said.contains(&note.to_owned()), "{said:#?}");
        assert_eq!(said.len(), always.len() + 1, "{said:#?}");
    }
    let (calendar, findings) = file(event);
    assert_eq!(calendar.objects.len(), 1);
    assert_eq!(findings[0].reason, "no BEGIN:VCALENDAR before BEGIN:VEVENT; read as if it were there");
}

#[test]
fn one_uid_is_one_object() {
    let part =
        |lines: &str| format!("BEGIN:VEVENT\nUID:series\nDTSTAMP:20260101T000000Z\n{lines}\nEND:VEVENT\n");
    let entries = [
        part(
            "RECURRENCE-ID;TZID=Europe/Berlin:20260315T100000\nDTSTART;TZID=Europe/Berlin:20260315T120000\nSUMMARY:later",
        ),
        "BEGIN:VTODO\nUID:series\nDTSTAMP:20260101T000000Z\nSUMMARY:a todo\nEND:VTODO\n".to_owned(),
        part("DTSTART;TZID=Europe/Berlin:20260301T100000\nRRULE:FREQ=WEEKLY\nSUMMARY:series"),
        part(
            "RECURRENCE-ID;TZID=Europe/Berlin:20260308T100000\nDTSTART;TZID=Europe/Berlin:20260308T100000\nSTATUS:CANCELLED",
        ),
    ];
    let (calendar, findings) = calendar(&entries.concat());
    assert_eq!(findings.len(), 1, "{findings:?}");
    let keys: Vec<String> = calendar.objects.iter().map(|object| object.key().to_string()).collect();
    assert_eq!(keys, ["event series", "todo series"]);
    let stems: Vec<String> = calendar.objects.iter().map(Object::file_stem).collect();
    assert_eq!(stems, ["series", "series=todo"]);
    assert_eq!(calendar.objects[0].zones.len(), 1);
    assert_eq!(calendar.objects[1].zones.len(), 0);

    let series = calendar.objects[0].appointment().expect("an event");
    assert_eq!(series.recurrence, None);
    assert_eq!(series.rules, ["FREQ=WEEKLY"]);
    let overrides: Vec<_> = series
        .overrides
        .iter()
        .map(|o| (o.recurrence.clone().expect("an id").value(), o.cancelled))
        .collect();
    assert_eq!(overrides, [("20260308T100000".to_owned(), true), ("20260315T100000".to_owned(), false)]);

    let listing = calendar.listing();
    assert_eq!(listing.len(), 2);
    let item = listing.get(&Key::new(ObjectKind::Event, "series")).expect("listed");
    assert_eq!((item.summary.as_str(), item.digest), ("series", calendar.objects[0].digest()));
}

#[test]
fn an_override_without_its_master_stays() {
    let (calendar, findings) =
        event(&format!("{HEAD}\nRECURRENCE-ID:20260308T100000Z\nDTSTART:20260308T120000Z"));
    assert_eq!(findings, []);
    let event = calendar.objects[0].appointment().expect("an event");
    assert_eq!(event.recurrence.map(|id| id.value()).as_deref(), Some("20260308T100000Z"));
}

#[test]
fn of_two_with_one_identity_the_newer_is_kept() {
    let part = |sequence: u8, stamp: &str, summary: &str| {
        format!(
            "BEGIN:VEVENT\nUID:1\nDTSTAMP:{stamp}\nSEQUENCE:{sequence}\nDTSTART:20260301T100000Z\nSUMMARY:{summary}\nEND:VEVENT\n"
        )
    };
    let (old, new) = ("20260101T000000Z", "20260102T000000Z");
    for (first, second, kept, finding) in [
        (
            part(1, new, "a"),
            part(2, old, "b"),
            "b",
            "Failure a.ics:4:1 (1): a: VEVENT of the same UID again, with other contents; the one at line 11 is kept",
        ),
        (
            part(1, new, "a"),
            part(1, old, "b"),
            "a",
            "Failure a.ics:11:1 (1): b: VEVENT of the same UID again, with other contents; the one at line 4 is kept",
        ),
        (
            part(1, old, "a"),
            part(1, old, "b"),
            "a",
            "Failure a.ics:11:1 (1): b: VEVENT of the same UID again, with other contents; the one at line 4 is kept",
        ),
        (
            part(1, old, "a"),
            part(1, old, "a"),
            "a",
            "Note a.ics:11:1 (1): a: the same VEVENT stands at line 4 already",
        ),
        (
            part(1, old, "a"),
            part(1, new, "a"),
            "a",
            "Note a.ics:11:1 (1): a: the same VEVENT stands at line 4 already",
        ),
    ] {
        let (calendar, findings) = calendar(&[first, second].concat());
        assert_eq!(calendar.objects.len(), 1);
        assert_eq!(calendar.objects[0].summary(), kept);
        assert_eq!(said(&findings), [finding]);
    }
}

#[test]
fn the_zone_of_the_file_wins_and_each_calendar_has_its_own() {
    let zone = |offset: &str| {
        format!(
            "BEGIN:VTIMEZONE\nTZID:Here\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
        )
    };
    let event = |uid: &str| {
        format!(
            "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Here:20260301T100000\nEND:VEVENT\n"
        )
    };
    let whole = |inner: String| format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{inner}END:VCALENDAR\n");
    let two = [whole(event("1") + &zone("+0100")), whole(zone("-0700") + &event("2"))].concat();
    let (calendar, findings) = file(&two);
    assert_eq!(findings, []);
    let offset = |object: &Object| {
        object.zones[0].components[0].property("TZOFFSETTO").map(|offset| offset.value.clone())
    };
    assert_eq!(calendar.objects.iter().filter_map(offset).collect::<Vec<_>>(), ["+0100", "-0700"]);

    let (calendar, findings) = file(&whole(zone("+0100") + &zone("-0700") + &event("1")));
    assert_eq!(calendar.objects.iter().filter_map(offset).collect::<Vec<_>>(), ["+0100"]);
    assert_eq!(
        said(&findings),
        ["Note a.ics:12:1: the time zone \"Here\" is defined twice and differently; the first is kept"]
    );
}

#[test]
fn the_calendar_itself_is_described() {
    let (calendar, _) = calendar(
        "X-WR-CALNAME:Harbour\\, all\nX-APPLE-CALENDAR-COLOR:#112233\nX-WR-CALDESC:Tides\nX-WR-TIMEZONE:Europe/Berlin",
    );
    assert_eq!(calendar.name.as_deref(), Some("Harbour, all"));
    assert_eq!(calendar.color.as_deref(), Some("#112233"));
    assert_eq!(calendar.description.as_deref(), Some("Tides"));
    let names: Vec<&str> = calendar.properties.iter().map(|property| property.name.as_str()).collect();
    assert_eq!(
        names,
        ["VERSION", "PRODID", "X-WR-CALNAME", "X-APPLE-CALENDAR-COLOR", "X-WR-CALDESC", "X-WR-TIMEZONE"]
    );
}

#[test]
fn what_outlook_says_is_understood() {
    for (lines, busy, all_day) in [
        ("", Busy::Busy, false),
        ("TRANSP:TRANSPARENT", Busy::Free, false),
        ("STATUS:TENTATIVE", Busy::Tentative, false),
        ("TRANSP:OPAQUE\nX-MICROSOFT-CDO-BUSYSTATUS:OOF", Busy::OutOfOffice, false),
        ("X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", Busy::Free, true),
    ] {
        let (calendar, _) = event(&format!("{HEAD}\nDTSTART:20260301T000000Z\n{lines}"));
        let event = calendar.objects[0].appointment().expect("an event");
        assert_eq!((event.busy, event.all_day), (busy, all_day), "{lines}");
    }
}

/// The midnight after the last day of the year 9999 cannot be written: a year has four digits (RFC 5545 3.3.4).
#[test]
fn a_time_after_the_year_9999_is_not_written_in_a_form_that_cannot_be_read() {
    for line in ["DTSTART:99991231T240000Z", "DTSTART:20260301T100000Z\nDTEND:99991231T240000Z"] {
        let (calendar, findings) = event(&format!("{HEAD}\n{line}"));
        assert!(calendar.objects.is_empty(), "{line}");
        assert!(said(&findings).concat().contains("99991231T240000Z"), "{findings:?}");
    }
    for lines in [
        "DTSTART:20260301T100000Z\nCREATED:99991231T240000Z",
        "DTSTART:20260301T100000Z\nDTEND:99991231T235960Z",
        "DTSTART:99991230T240000Z",
    ] {
        let (calendar, _) = event(&format!("{HEAD}\n{lines}"));
        let [object] = &calendar.objects[..] else { panic!("{lines}") };
        let (again, findings) = Calendar::read("a.ics", &object.to_ics());
        assert_eq!(findings, [], "{lines}");
        assert_eq!(again.objects[0].digest(), object.digest(), "{lines}");
    }
}
