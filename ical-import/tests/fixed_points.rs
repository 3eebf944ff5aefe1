//! Objects that once changed when they were written and read again, each named after what went wrong.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use ical_import::{Calendar, Object};

fn one(lines: &str) -> (Object, Vec<String>) {
    let calendar = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20240101T000000Z\r\n\
         DTSTART:20240102T000000\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let (mut calendar, findings) = Calendar::read("any.ics", calendar.as_bytes());
    assert_eq!(calendar.objects.len(), 1, "{findings:?}");
    (calendar.objects.remove(0), findings.into_iter().map(|finding| finding.reason).collect())
}

/// The object without its folds, after it was found to come back with nothing left to repair.
fn settled(object: &Object) -> String {
    let written = object.to_ics();
    let shown = String::from_utf8_lossy(&written);
    let (again, findings) = Calendar::read("written.ics", &written);
    assert_eq!(findings, [], "{shown}");
    assert_eq!(again.objects.len(), 1, "{shown}");
    assert_eq!(
        (again.objects[0].key(), again.objects[0].digest()),
        (object.key(), object.digest()),
        "{shown}"
    );
    assert_eq!(String::from_utf8_lossy(&again.objects[0].to_ics()), shown);
    shown.replace("\r\n ", "")
}

#[test]
fn a_quote_that_only_a_later_line_would_close() {
    for (lines, written) in [
        ("DESCRIPTION;=\":\r\n\"", "DESCRIPTION;=^':\\n\""),
        ("DESCRIPTION;X=\"a:b\r\n\":c", "DESCRIPTION;X=^'a:b\\n\":c"),
        ("DESCRIPTION;X=a,\"b;Y=\"c:d\r\n\";Z=\":e", "DESCRIPTION;X=a,\"b;Y=\"c:d\\n\";Z=\":e"),
        ("DESCRIPTION;X=\"a;QUOTED-PRINTABLE:b=22:c", "DESCRIPTION;X=^'a:b\":c"),
    ] {
        let (event, reasons) = one(lines);
        let all = settled(&event);
        assert!(all.contains(&format!("\r\n{written}\r\n")), "{all}");
        let told =
            "a parameter of DESCRIPTION begins with a quote that is never closed; the quote is written as ^'";
        assert_eq!(reasons.contains(&told.to_owned()), written.contains('^'), "{reasons:?}");
    }
}

#[test]
fn an_open_quote_keeps_its_meaning() {
    let (event, _) = one("ATTENDEE;CN=\"Anna:mailto:anna@example.com");
    let attendee = event.components[0].property("ATTENDEE").unwrap();
    assert_eq!(
        (attendee.parameter("CN").as_deref(), &*attendee.value),
        (Some("\"Anna"), "mailto:anna@example.com")
    );
    assert!(settled(&event).contains("\r\nATTENDEE;CN=^'Anna:mailto:anna@example.com\r\n"));
}
