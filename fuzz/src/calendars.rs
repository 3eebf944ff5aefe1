use ical_import::{Calendar, parse};

/// Any bytes are read to their end: every finding has its place, every object its identity.
pub fn ics_read(data: &[u8]) {
    let (_, findings) = parse("any.ics", data);
    let (calendar, more) = Calendar::read("any.ics", data);
    for finding in findings.iter().chain(&more) {
        assert_eq!(&*finding.place.file, "any.ics", "{finding:?}");
        assert!(finding.place.line >= 1 && !finding.reason.is_empty(), "{finding:?}");
    }
    for object in &calendar.objects {
        assert!(!object.uid.is_empty() && !object.components.is_empty());
        let stem = object.file_stem();
        assert!(
            !stem.is_empty() && stem.len() <= 250 && !stem.starts_with('.') && !stem.contains(['/', '\0']),
            "{stem}"
        );
        object.appointment();
    }
    assert_eq!(calendar.listing().len(), calendar.objects.len(), "two objects have one identity");
}

/// An object that was written is read as itself, needs no repair any more, and is written the same again.
pub fn ics_round_trip(data: &[u8]) {
    for object in Calendar::read("any.ics", data).0.objects {
        let written = object.to_ics();
        let (again, findings) = Calendar::read("written.ics", &written);
        let shown = written.escape_ascii();
        let [read] = again.objects.as_slice() else {
            panic!("{} objects of one: {shown}\n{findings:?}", again.objects.len())
        };
        assert_eq!(read.key(), object.key(), "{shown}");
        assert_eq!(read.digest(), object.digest(), "{shown}\n{findings:?}");
        assert_eq!(read.file_stem(), object.file_stem());
        assert_eq!(read.to_ics().escape_ascii().to_string(), shown.to_string());
        let lines = written.split(|&byte| byte == b'\n');
        assert!(lines.into_iter().all(|line| line.len() <= 76), "a line is too long: {shown}");
    }
}
