//! Files that are cut short: what is left must never take the place of what is whole.

use ical_import::*;

fn read(lines: &str) -> (Calendar, Vec<String>) {
    let (calendar, findings) = Calendar::read("a.ics", lines.replace('\n', "\r\n").as_bytes());
    let failures = findings.iter().filter(|finding| finding.severity == Severity::Failure);
    (calendar, failures.map(ToString::to_string).collect())
}

fn keys(calendar: &Calendar) -> Vec<String> {
    calendar.objects.iter().map(|object| object.key().to_string()).collect()
}

/// The lines of the file up to where this text ends.
fn cut_behind(end: &str) -> String {
    let whole = whole(ZONE, "");
    let at = whole.find(end).expect("a text of the file");
    whole[..at + end.len()].to_owned()
}

fn whole(before: &str, behind: &str) -> String {
    format!("{HEAD}{before}{ENTRIES}{behind}END:VCALENDAR\n")
}

#[test]
fn half_an_event_took_the_place_of_a_whole_series() {
    for (end, place) in [
        ("ATTENDEE:mailto:b", "a.ics:23:1 (series): Crew"),
        ("TRIGGER:-PT15M\nEND:VALARM\n", "a.ics:23:1 (series): Crew"),
        ("ACTION:DIS", "a.ics:23:1 (series): Crew"),
        ("RECURRENCE-ID:20260308T1000", "a.ics:36:1 (series): series"),
        ("SUMMARY:Crew, late\n", "a.ics:36:1 (series): Crew, late"),
    ] {
        let (calendar, failures) = read(&cut_behind(end));
        assert_eq!(keys(&calendar), ["event fair", "todo series"], "{end}");
        let why = "the file ends within this VEVENT, it may be cut short: nothing of the same UID is carried";
        assert_eq!(failures, [format!("{place}: {why}")], "{end}");
    }
}

#[test]
fn todos_and_journals_are_no_better() {
    for kind in ["VTODO", "VJOURNAL"] {
        let whole = format!("BEGIN:{kind}\nUID:1\nDTSTAMP:20260101T000000Z\nSUMMARY:Tides\nEND:{kind}\n");
        let half = format!(
            "BEGIN:{kind}\nUID:1\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID:20260308T100000Z\nSUMMARY:Ti"
        );
        let (calendar, failures) = read(&format!("{HEAD}{whole}{half}"));
        assert_eq!(keys(&calendar), [""; 0]);
        let why = format!(
            "the file ends within this {kind}, it may be cut short: nothing of the same UID is carried"
        );
        assert_eq!(failures, [format!("a.ics:9:1 (1): Ti: {why}")]);
    }
}

#[test]
fn a_calendar_that_is_not_ended_was_only_noted() {
    let why = "the calendar ends without END:VCALENDAR: the file may be cut short";
    for (end, line, count) in [
        ("END:VTIMEZONE\n", 11, 0),
        ("SUMMARY:Fair\nEND:VEVENT", 17, 1),
        ("Crew, late\nEND:VEVENT\n", 42, 3),
        ("Crew, late\nEND:VEVENT\nEND:VCAL", 43, 3),
    ] {
        let (calendar, failures) = read(&cut_behind(end));
        assert_eq!(calendar.objects.len(), count, "{end}");
        assert_eq!(failures, [format!("a.ics:{line}:1: {why}")], "{end}");
    }
}

#[test]
fn an_end_that_is_missing_in_the_middle_is_mended_as_ever() {
    let whole = whole(ZONE, "");
    let second = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nEND:VCALENDAR\n";
    for lines in [whole.replace("END:VCALENDAR\n", second), whole.replace("END:VALARM\n", "")] {
        let (calendar, failures) = read(&lines);
        assert_eq!(keys(&calendar), ["event fair", "todo series", "event series"]);
        assert_eq!(failures, [""; 0]);
    }
    // What never was a whole calendar is not cut, either.
    assert_eq!(read(ENTRIES).1, [""; 0]);
}

/// A time zone behind the events that use it is lost with the end of the file; half of one tells other times.
#[test]
fn a_time_zone_that_was_cut_off_changed_the_events_that_use_it() {
    let whole = whole("", ZONE);
    for (end, told) in [
        (
            "Crew, late\nEND:VEVENT\n",
            "a.ics:34:1: the calendar ends without END:VCALENDAR: the file may be cut short",
        ),
        (
            "TZID:Quay\nBEGIN:STANDARD\n",
            "a.ics:35:1: the file ends within this VTIMEZONE, it may be cut short: the definition is left out",
        ),
    ] {
        let cut = &whole[..whole.rfind(end).expect("a text of the file") + end.len()];
        let (calendar, failures) = read(cut);
        assert_eq!(keys(&calendar), ["todo series", "event series"], "{end}");
        let lost =
            "the time zone \"Quay\" is not defined in what there is of the file, and no such zone is known";
        assert_eq!(failures, [format!("a.ics:4:1 (fair): Fair: {lost}"), told.to_owned()], "{end}");
        // A zone that everybody knows is written from what is known.
        let (calendar, failures) = read(&cut.replace("Quay", "Europe/Berlin"));
        assert_eq!(keys(&calendar), ["event fair", "todo series", "event series"], "{end}");
        assert_eq!(failures, [told.to_owned()], "{end}");
    }
}

/// Wherever a file is cut: it is said, and what is carried is what the whole file holds.
#[test]
fn cut_at_every_byte() {
    for whole in [whole(ZONE, ""), whole("", ZONE)] {
        let full = read(&whole).0.listing();
        // Nobody can see that there are exceptions behind the cut before one of them tells its UID.
        let exception = whole.find("RECURRENCE-ID").expect("an exception");
        for at in 1..whole.len() - 1 {
            let (calendar, failures) = read(&whole[..at]);
            assert!(!failures.is_empty(), "{:?}", &whole[..at]);
            for object in &calendar.objects {
                let same = full.get(&object.key()).is_some_and(|item| item.digest == object.digest());
                let early = object.uid == "series" && object.kind == ObjectKind::Event && at <= exception;
                assert!(same || early, "{} of {:?}", object.key(), &whole[..at]);
            }
        }
        assert_eq!(read(whole.trim_end()).1, [""; 0]);
    }
}

const HEAD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example.com//tests//EN\n";

const ZONE: &str = "\
BEGIN:VTIMEZONE
TZID:Quay
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0017
TZOFFSETTO:+0017
END:STANDARD
END:VTIMEZONE
";

const ENTRIES: &str = "\
BEGIN:VEVENT
UID:fair
DTSTAMP:20260101T000000Z
DTSTART;TZID=Quay:20260301T100000
SUMMARY:Fair
END:VEVENT
BEGIN:VTODO
UID:series
DTSTAMP:20260101T000000Z
SUMMARY:Rope
END:VTODO
BEGIN:VEVENT
UID:series
DTSTAMP:20260101T000000Z
DTSTART:20260301T100000Z
RRULE:FREQ=WEEKLY
SUMMARY:Crew
ATTENDEE:mailto:a@example.com
ATTENDEE:mailto:b@example.com
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-PT15M
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:series
DTSTAMP:20260101T000000Z
RECURRENCE-ID:20260308T100000Z
DTSTART:20260308T120000Z
SUMMARY:Crew, late
END:VEVENT
";
