//! The examples of RFC 5545, as they stand there.

use ical_import::*;

/// Reads one file of lines, each ended as the standard wants it.
fn read(lines: &str) -> (Calendar, Vec<Finding>) {
    Calendar::read("rfc.ics", lines.replace('\n', "\r\n").as_bytes())
}

fn properties(lines: &str) -> Component {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
    let (mut roots, findings) = parse("rfc.ics", text.replace('\n', "\r\n").as_bytes());
    assert_eq!(findings, [], "{lines}");
    roots[0].components.remove(0)
}

/// Section 4: the first example, a three-day conference.
const CONFERENCE: &str = "BEGIN:VCALENDAR
PRODID:-//xyz Corp//NONSGML PDA Calendar Version 1.0//EN
VERSION:2.0
BEGIN:VEVENT
DTSTAMP:19960704T120000Z
UID:uid1@example.com
ORGANIZER:mailto:jsmith@example.com
DTSTART:19960918T143000Z
DTEND:19960920T220000Z
STATUS:CONFIRMED
CATEGORIES:CONFERENCE
SUMMARY:Networld+Interop Conference
DESCRIPTION:Networld+Interop Conference
  and Exhibit\\nAtlanta World Congress Center\\n
 Atlanta\\, Georgia
END:VEVENT
END:VCALENDAR
";

/// Section 4: a group meeting in a time zone.
const MEETING: &str = "BEGIN:VCALENDAR
PRODID:-//RDU Software//NONSGML HandCal//EN
VERSION:2.0
BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:STANDARD
DTSTART:19981025T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19990404T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
DTSTAMP:19980309T231000Z
UID:guid-1.example.com
ORGANIZER:mailto:mrbig@example.com
ATTENDEE;RSVP=TRUE;ROLE=REQ-PARTICIPANT;CUTYPE=GROUP:
 mailto:employee-A@example.com
DESCRIPTION:Project XYZ Review Meeting
CATEGORIES:MEETING
CLASS:PUBLIC
CREATED:19980309T130000Z
SUMMARY:XYZ Project Review
DTSTART;TZID=America/New_York:19980312T083000
DTEND;TZID=America/New_York:19980312T093000
LOCATION:1CP Conference Room 4350
END:VEVENT
END:VCALENDAR
";

/// Section 4: a to-do with an audio alarm.
const TODO: &str = "BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ABC Corporation//NONSGML My Product//EN
BEGIN:VTODO
DTSTAMP:19980130T134500Z
SEQUENCE:2
UID:uid4@example.com
ORGANIZER:mailto:unclesam@example.com
ATTENDEE;PARTSTAT=ACCEPTED:mailto:jqpublic@example.com
DUE:19980415T000000
STATUS:NEEDS-ACTION
SUMMARY:Submit Income Taxes
BEGIN:VALARM
ACTION:AUDIO
TRIGGER:19980403T120000Z
ATTACH;FMTTYPE=audio/basic:http://example.com/pub/audio-
 files/ssbanner.aud
REPEAT:4
DURATION:PT1H
END:VALARM
END:VTODO
END:VCALENDAR
";

/// Section 4: a journal entry.
const JOURNAL: &str = "BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ABC Corporation//NONSGML My Product//EN
BEGIN:VJOURNAL
DTSTAMP:19970324T120000Z
UID:uid5@example.com
ORGANIZER:mailto:jsmith@example.com
STATUS:DRAFT
CLASS:PUBLIC
CATEGORIES:Project Report,XYZ,Weekly Meeting
DESCRIPTION:Project xyz Review Meeting Minutes\\n
 Agenda\\n1. Review of project version 1.0 requirements.\\n2.
  Definition
 of project processes.\\n3. Review of project schedule.\\n
 Participants: John Smith\\, Jane Doe\\, Jim Dandy\\n-It was
  decided that the requirements need to be signed off by
  product marketing.\\n-Project processes were accepted.\\n
 -Project schedule needs to account for scheduled holidays
  and employee vacation time. Check with HR for specific
  dates.\\n-New schedule will be distributed by Friday.\\n-
 Next weeks meeting is cancelled. No meeting until 3/23.
END:VJOURNAL
END:VCALENDAR
";

#[test]
fn section_4_conference() {
    let (calendar, findings) = read(CONFERENCE);
    assert_eq!(findings, []);
    let event = calendar.objects[0].appointment().expect("an event");
    assert_eq!(event.uid, "uid1@example.com");
    assert_eq!(event.summary, "Networld+Interop Conference");
    let text = "Networld+Interop Conference and Exhibit\nAtlanta World Congress Center\nAtlanta, Georgia";
    assert_eq!(event.description.as_deref(), Some(text));
    assert_eq!(event.start.to_string(), "1996-09-18T14:30:00Z");
    assert_eq!(event.end.map(|end| end.to_string()).as_deref(), Some("1996-09-20T22:00:00Z"));
    assert_eq!(event.categories, ["CONFERENCE"]);
    assert_eq!(event.status.as_deref(), Some("CONFIRMED"));
    assert_eq!(event.organizer.map(|person| person.address).as_deref(), Some("jsmith@example.com"));
    assert!(!event.all_day && !event.cancelled);
}

#[test]
fn section_4_meeting_in_a_zone() {
    let (calendar, findings) = read(MEETING);
    assert_eq!(findings, []);
    let object = &calendar.objects[0];
    assert_eq!(object.zones.len(), 1);
    let event = object.appointment().expect("an event");
    assert_eq!(event.start.to_string(), "1998-03-12T08:30:00[America/New_York]");
    assert_eq!(event.attendees.len(), 1);
    let attendee = &event.attendees[0];
    assert_eq!(attendee.person.address, "employee-A@example.com");
    assert_eq!(
        (attendee.kind.as_str(), attendee.answer.as_str(), attendee.rsvp),
        ("GROUP", "NEEDS-ACTION", true)
    );
    // What is written is what was there, under our PRODID and with the zone first.
    let written = String::from_utf8(object.to_ics()).expect("text");
    let ours = MEETING.replace("PRODID:-//RDU Software//NONSGML HandCal//EN\nVERSION:2.0\n", "");
    let ours = ours.replace("CUTYPE=GROUP:\n mailto:empl", "CUTYPE=GROUP:mailto:empl");
    let ours = ours.replace(
        "ATTENDEE;RSVP=TRUE;ROLE=REQ-PARTICIPANT;CUTYPE=GROUP:mailto:employee-A@example.com",
        "ATTENDEE;RSVP=TRUE;ROLE=REQ-PARTICIPANT;CUTYPE=GROUP:mailto:employee-A@exam\n ple.com",
    );
    let head = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//mailferry//ical-import//EN\n";
    assert_eq!(written, ours.replacen("BEGIN:VCALENDAR\n", head, 1).replace('\n', "\r\n"));
}

#[test]
fn section_4_todo_and_journal() {
    let (calendar, findings) = read(TODO);
    assert_eq!(findings, []);
    assert_eq!(calendar.objects[0].kind, ObjectKind::Todo);
    let alarm = &calendar.objects[0].components[0].components[0];
    assert_eq!(
        alarm.property("ATTACH").expect("ATTACH").value,
        "http://example.com/pub/audio-files/ssbanner.aud"
    );
    assert_eq!(calendar.objects[0].appointment(), None);

    let (calendar, findings) = read(JOURNAL);
    assert_eq!(findings, []);
    let journal = &calendar.objects[0].components[0];
    assert_eq!(
        journal.property("CATEGORIES").expect("CATEGORIES").texts(),
        ["Project Report", "XYZ", "Weekly Meeting"]
    );
    let text = journal.text("DESCRIPTION").expect("DESCRIPTION");
    assert!(text.contains("2. Definitionof project processes.\n3. Review"), "{text}");
    assert!(text.ends_with("-Next weeks meeting is cancelled. No meeting until 3/23."));
}

#[test]
fn section_3_6_1_events() {
    let (calendar, findings) = read(
        "BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.com//tests//EN
BEGIN:VEVENT
UID:19970901T130000Z-123401@example.com
DTSTAMP:19970901T130000Z
DTSTART:19970903T163000Z
DTEND:19970903T190000Z
SUMMARY:Annual Employee Review
CLASS:PRIVATE
CATEGORIES:BUSINESS,HUMAN RESOURCES
END:VEVENT
BEGIN:VEVENT
UID:19970901T130000Z-123402@example.com
DTSTAMP:19970901T130000Z
DTSTART:19970401T163000Z
DTEND:19970402T010000Z
SUMMARY:Laurel is in sensitivity awareness class.
CLASS:PUBLIC
CATEGORIES:BUSINESS,HUMAN RESOURCES
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:19970901T130000Z-123403@example.com
DTSTAMP:19970901T130000Z
DTSTART;VALUE=DATE:19971102
SUMMARY:Our Blissful Anniversary
TRANSP:TRANSPARENT
CLASS:CONFIDENTIAL
CATEGORIES:ANNIVERSARY,PERSONAL,SPECIAL OCCASION
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:20070423T123432Z-541111@example.com
DTSTAMP:20070423T123432Z
DTSTART;VALUE=DATE:20070628
DTEND;VALUE=DATE:20070709
SUMMARY:Festival International de Jazz de Montreal
TRANSP:TRANSPARENT
END:VEVENT
END:VCALENDAR
",
    );
    assert_eq!(findings, []);
    let events: Vec<Appointment> = calendar.objects.iter().filter_map(Object::appointment).collect();
    let seen: Vec<_> = events.iter().map(|event| (event.class, event.busy, event.all_day)).collect();
    assert_eq!(
        seen,
        [
            (Class::Private, Busy::Busy, false),
            (Class::Public, Busy::Free, false),
            (Class::Confidential, Busy::Free, true),
            (Class::Public, Busy::Free, true),
        ]
    );
    assert_eq!(events[2].rules, ["FREQ=YEARLY"]);
    assert_eq!(events[3].end.as_ref().map(When::to_string).as_deref(), Some("2007-07-09"));
}

#[test]
fn section_3_1_folding() {
    let plain = properties("DESCRIPTION:This is a long description that exists on a long line.");
    let folded = properties("DESCRIPTION:This is a lo\n ng description\n  that exists on a long line.");
    assert_eq!(plain, folded);
}

#[test]
fn section_3_2_parameters() {
    for (line, name, value) in [
        (
            "DESCRIPTION;ALTREP=\"cid:part1.0001@example.org\":The Fall'98 Wild Wizards Conference",
            "ALTREP",
            "cid:part1.0001@example.org",
        ),
        ("ORGANIZER;CN=\"John Smith\":mailto:jsmith@example.com", "CN", "John Smith"),
        (
            "ATTENDEE;DELEGATED-FROM=\"mailto:jsmith@example.com\":mailto:jdoe@example.com",
            "DELEGATED-FROM",
            "mailto:jsmith@example.com",
        ),
        (
            "ORGANIZER;DIR=\"ldap://example.com:6666/o=ABC%20Industries,c=US???(cn=Jim%20Dolittle)\":mailto:jimdo@example.com",
            "DIR",
            "ldap://example.com:6666/o=ABC%20Industries,c=US???(cn=Jim%20Dolittle)",
        ),
        ("FREEBUSY;FBTYPE=BUSY:19980415T133000Z/19980415T170000Z", "FBTYPE", "BUSY"),
        ("RECURRENCE-ID;RANGE=THISANDFUTURE:19980401T133000Z", "RANGE", "THISANDFUTURE"),
        ("DTSTART;TZID=America/New_York:19980119T020000", "TZID", "America/New_York"),
    ] {
        assert_eq!(properties(line).properties[0].parameter(name).as_deref(), Some(value), "{line}");
    }
    let delegated = properties(
        "ATTENDEE;DELEGATED-TO=\"mailto:jdoe@example.com\",\"mailto:jqpublic@example.com\":mailto:jsmith@example.com",
    );
    let values = delegated.properties[0].parameters[0].values();
    assert_eq!(values, ["mailto:jdoe@example.com", "mailto:jqpublic@example.com"]);
    // RFC 6868 section 4.
    let quoted = properties("ATTENDEE;CN=George Herman ^'Babe^' Ruth:mailto:babe@example.com");
    assert_eq!(quoted.properties[0].parameter("CN").as_deref(), Some("George Herman \"Babe\" Ruth"));
}

#[test]
fn section_3_8_5_rules_and_dates() {
    for rule in [
        "FREQ=DAILY;COUNT=10",
        "FREQ=DAILY;UNTIL=19971224T000000Z",
        "FREQ=DAILY;INTERVAL=10;COUNT=5",
        "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "FREQ=MONTHLY;BYMONTHDAY=-3",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z",
        "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
    ] {
        let (calendar, findings) = read(&format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:19970901T130000Z\n\
             DTSTART:19970902T090000\nRRULE:{rule}\nEND:VEVENT\nEND:VCALENDAR\n"
        ));
        assert_eq!(findings, [], "{rule}");
        assert_eq!(calendar.objects[0].appointment().expect("an event").rules, [rule]);
    }
    for (line, dates) in [
        ("EXDATE:19960402T010000Z,19960403T010000Z,19960404T010000Z", 3),
        ("RDATE:19970714T123000Z", 1),
        ("RDATE;TZID=America/New_York:19970714T083000", 1),
        ("RDATE;VALUE=PERIOD:19960403T020000Z/19960403T040000Z,\n 19960404T010000Z/PT3H", 2),
        (
            "RDATE;VALUE=DATE:19970101,19970120,19970217,19970421,19970526,19970704,\n 19970901,19971014,19971128,19971129,19971225",
            11,
        ),
    ] {
        let property = &properties(line).properties[0];
        assert_eq!(When::read_list(property).expect("dates").len(), dates, "{line}");
    }
}

#[test]
fn section_3_6_6_alarms() {
    let event = "BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:1
DTSTAMP:19970901T130000Z
DTSTART:19970902T090000
BEGIN:VALARM
TRIGGER;VALUE=DATE-TIME:19970317T133000Z
REPEAT:4
DURATION:PT15M
ACTION:AUDIO
ATTACH;FMTTYPE=audio/basic:ftp://example.com/pub/
 sounds/bell-01.aud
END:VALARM
BEGIN:VALARM
TRIGGER:-PT30M
REPEAT:2
DURATION:PT15M
ACTION:DISPLAY
DESCRIPTION:Breakfast meeting with executive\\n
 team at 8:30 AM EST.
END:VALARM
BEGIN:VALARM
TRIGGER;RELATED=END:-P2D
ACTION:EMAIL
ATTENDEE:mailto:john_doe@example.com
SUMMARY:*** REMINDER: SEND AGENDA FOR WEEKLY STAFF MEETING ***
DESCRIPTION:A draft agenda needs to be sent out to the attendees
  to the weekly managers meeting (MGR-LIST). Attached is a
  pointer the document template for the agenda file.
ATTACH;FMTTYPE=application/msword:http://example.com/
 templates/agenda.doc
END:VALARM
END:VEVENT
END:VCALENDAR
";
    let (calendar, findings) = read(event);
    assert_eq!(findings, []);
    let alarms = calendar.objects[0].appointment().expect("an event").alarms;
    assert_eq!(
        alarms.iter().map(|alarm| alarm.action.as_str()).collect::<Vec<_>>(),
        ["AUDIO", "DISPLAY", "EMAIL"]
    );
    assert!(
        matches!(&alarms[0].trigger, Some(Trigger::At(when)) if when.to_string() == "1997-03-17T13:30:00Z")
    );
    assert_eq!(alarms[1].trigger, Some(Trigger::Start(Span { days: 0, seconds: -1800 })));
    assert_eq!(
        alarms[1].description.as_deref(),
        Some("Breakfast meeting with executive\nteam at 8:30 AM EST.")
    );
    assert_eq!(alarms[2].trigger, Some(Trigger::End(Span { days: -2, seconds: 0 })));
}
