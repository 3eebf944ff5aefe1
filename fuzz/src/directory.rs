use ldif::{Address, Description, Directory, Reader, Record, write_record};

/// Any bytes are read to their end: every record and every error has its place, and there are no more of them than
/// there are lines.
pub fn ldif_read(data: &[u8]) {
    let lines = 1 + data.iter().filter(|&&byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    let mut count = 0;
    for record in Reader::new("any.ldif", data) {
        let place = match record {
            Ok(record) => record.place,
            Err(error) => error.place,
        };
        assert!(
            &*place.file == "any.ldif" && (1..=lines).contains(&place.line),
            "{place:?} of {lines} lines"
        );
        assert!(place.byte <= data.len() as u64, "{place:?}");
        count += 1;
        assert!(count <= lines, "more records than lines");
    }
    let (_, findings) = Directory::read([("any.ldif", data)]);
    for finding in findings {
        assert_eq!(&*finding.place.file, "any.ldif");
        assert!(!finding.reason.is_empty(), "{finding:?}");
    }
}

/// What was read can be written, reads back as the same record, and is written the same again.
pub fn ldif_round_trip(data: &[u8]) {
    for record in Reader::new("any.ldif", data).flatten().map(|placed| placed.value) {
        let mut written = Vec::new();
        write_record(&record, &mut written);
        let mut again = Reader::new("written.ldif", &written);
        let read = again.next().map(|read| read.map(|placed| placed.value));
        assert_eq!(read.as_ref().map(Result::as_ref), Some(Ok(&record)), "{}", written.escape_ascii());
        assert!(again.next().is_none(), "one record became two: {}", written.escape_ascii());
        assert!(written.split(|&byte| byte == b'\n').all(|line| line.len() <= 76), "a line is too long");
    }
    let written = |records: &mut dyn Iterator<Item = Record>| {
        let mut out = Vec::new();
        records.for_each(|record| write_record(&record, &mut out));
        out
    };
    let once = written(&mut Reader::new("any.ldif", data).flatten().map(|placed| placed.value));
    let twice = written(&mut Reader::new("once.ldif", &once).flatten().map(|placed| placed.value));
    assert_eq!(once.escape_ascii().to_string(), twice.escape_ascii().to_string());
}

/// An address and an attribute's description mean the same when they are read back.
pub fn ldif_names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string().parse(), Ok(address.clone()));
        assert_eq!(address.as_str(), format!("{}@{}", address.local(), address.domain()));
    }
    if let Ok(description) = text.parse::<Description>() {
        assert_eq!(description.as_str().parse(), Ok(description.clone()));
        assert!(description.matches(&description) && !description.name().is_empty());
    }
}
