//! The laws of the format, F1 to F6, as properties.

#![allow(clippy::unwrap_used)]

use ldif::{
    Attribute, Change, ChangeRecord, Control, Description, Directory, Entry, Error, ModRdn, Modification,
    Operation, Placed, Reader, Record, Stream, write_record,
};
use proptest::prelude::*;

type Read = Result<Placed<Record>, Error>;

fn read(bytes: &[u8]) -> Vec<Read> {
    Reader::new("file", bytes).collect()
}

fn write(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    records.iter().for_each(|record| write_record(record, &mut out));
    out
}

fn good(records: Vec<Read>) -> Vec<Record> {
    records.into_iter().filter_map(Result::ok).map(|placed| placed.value).collect()
}

fn size(record: &Record) -> usize {
    let values = |attributes: &[Attribute]| attributes.iter().map(|it| it.value.len()).sum::<usize>();
    let change = match record {
        Record::Content(entry) => values(&entry.attributes),
        Record::Change(record) => match &record.change {
            Change::Add(attributes) => values(attributes),
            Change::Delete => 0,
            Change::ModRdn(change) => change.new_rdn.len(),
            Change::Modify(steps) => steps.iter().flat_map(|step| &step.values).map(Vec::len).sum(),
        },
    };
    record.dn().len() + change
}

/// Bytes of every kind, in lines that often mean something.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "dn: cn=a",
        "dn:: Y249YQ==",
        "dn: cn=\u{e5}",
        "cn: a",
        "cn;lang-de: a",
        "cn:: YQ==",
        "cn:: !",
        "cn:< file:///a",
        "cn:",
        "cn: a ",
        " b",
        "  b",
        " ",
        "\tb",
        "",
        "",
        "# c",
        "version: 1",
        "changetype: add",
        "changetype: delete",
        "changetype: modify",
        "changetype: modrdn",
        "newrdn: cn=b",
        "deleteoldrdn: 1",
        "newsuperior: dc=b",
        "add: cn",
        "replace: cn",
        "-",
        "control: 1.2.3 true",
        "control: 1.2.3: a",
        "\u{feff}",
    ]);
    let line = prop_oneof![
        12 => known.prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    let end = prop_oneof![4 => Just(&b"\n"[..]), 1 => Just(&b"\r\n"[..]), 1 => Just(&b""[..])];
    prop::collection::vec((line, end), 0..40)
        .prop_map(|lines| lines.into_iter().flat_map(|(line, end)| [line, end.to_vec()].concat()).collect())
}

fn description() -> impl Strategy<Value = Description> {
    "[a-zA-Z][a-zA-Z0-9-]{0,9}(;[a-z0-9-]{1,5}){0,2}"
        .prop_filter("no keyword", |name| !["changetype", "control"].contains(&name.to_lowercase().as_str()))
        .prop_map(|name| name.parse().unwrap())
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ -~]{0,200}".prop_map(String::into_bytes),
        any::<String>().prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let attribute =
        (description(), value()).prop_map(|(description, value)| Attribute::new(description, value));
    prop::collection::vec(attribute, 0..6)
}

fn change() -> impl Strategy<Value = Change> {
    let operation = prop::sample::select(vec![
        Operation::Add,
        Operation::Delete,
        Operation::Increment,
        Operation::Replace,
    ]);
    let step = (operation, description(), prop::collection::vec(value(), 0..3))
        .prop_map(|(operation, description, values)| Modification { operation, description, values });
    let rename = (any::<String>(), any::<bool>(), any::<Option<String>>())
        .prop_map(|(new_rdn, delete_old, new_superior)| ModRdn { new_rdn, delete_old, new_superior });
    prop_oneof![
        attributes().prop_map(Change::Add),
        Just(Change::Delete),
        rename.prop_map(Change::ModRdn),
        prop::collection::vec(step, 0..4).prop_map(Change::Modify),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let control = ("[0-9]{1,3}(\\.[0-9]{1,3}){0,4}", any::<bool>(), prop::option::of(value()))
        .prop_map(|(oid, critical, value)| Control { oid, critical, value });
    let content = (any::<String>(), attributes()).prop_map(|(dn, attributes)| Entry { dn, attributes });
    let change = (any::<String>(), prop::collection::vec(control, 0..3), change())
        .prop_map(|(dn, controls, change)| ChangeRecord { dn, controls, change });
    prop_oneof![content.prop_map(Record::Content), change.prop_map(Record::Change)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No panic, an end, and no more memory than the input accounts for (Latin-1 doubles).
    #[test]
    fn f1_any_bytes(bytes in prop_oneof![soup(), prop::collection::vec(any::<u8>(), 0..400)]) {
        let records = read(&bytes);
        prop_assert!(records.len() <= bytes.len());
        let kept: usize = records.iter().flatten().map(|placed| size(&placed.value)).sum();
        prop_assert!(kept <= 2 * bytes.len(), "{kept} bytes out of {}", bytes.len());
        let _ = Directory::read([("file", bytes.as_slice())]);
    }

    #[test]
    fn f2_write_then_parse(records in prop::collection::vec(record(), 0..4)) {
        let written = write(&records);
        let back = read(&written);
        prop_assert!(back.iter().all(|read| read.as_ref().is_ok_and(|placed| placed.findings.is_empty())), "{back:?}");
        prop_assert_eq!(good(back), records);
        for line in written.split(|&byte| byte == b'\n') {
            prop_assert!(line.len() <= 76 && line.iter().all(|byte| (1..0x80).contains(byte)));
        }
    }

    #[test]
    fn f3_fixed_point(bytes in soup()) {
        let first = write(&good(read(&bytes)));
        let again = write(&good(read(&first)));
        prop_assert_eq!(String::from_utf8(first), String::from_utf8(again));
    }

    #[test]
    fn f4_chunked(bytes in soup(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut stream = Stream::new("file");
        let mut pieces: Vec<Read> = Vec::new();
        for pair in cuts.windows(2) {
            pieces.extend(stream.push(&bytes[pair[0]..pair[1]]));
        }
        pieces.extend(stream.finish());
        prop_assert_eq!(pieces, read(&bytes));
    }

    /// Every place names the file, and its offset is the beginning of its line, which is not blank.
    #[test]
    fn f5_placed(bytes in soup()) {
        let (_, findings) = Directory::read([("file", bytes.as_slice())]);
        let records = read(&bytes);
        let of_records = records.iter().map(|read| match read {
            Ok(placed) => &placed.place,
            Err(error) => &error.place,
        });
        for place in of_records.chain(findings.iter().map(|finding| &finding.place)) {
            prop_assert_eq!(&*place.file, "file");
            let before = &bytes[..usize::try_from(place.byte).unwrap()];
            let lines = before.iter().filter(|byte| **byte == b'\n').count() as u64;
            prop_assert_eq!(place.line, lines + 1);
            prop_assert!(before.is_empty() || before.ends_with(b"\n") || before == b"\xEF\xBB\xBF");
        }
        for error in records.iter().filter_map(|read| read.as_ref().err()) {
            let rest = &bytes[usize::try_from(error.place.byte).unwrap()..];
            prop_assert!(!rest.starts_with(b"\n") && !rest.starts_with(b"\r\n") && !rest.is_empty());
        }
    }

    /// Attributes that nobody knows stay in an account, in order, with their options and as often as they are there.
    #[test]
    fn f6_kept(
        before in prop::collection::vec(("x-[a-z]{1,3}(;x-[a-z]{1,2})?", value()), 0..5),
        after in prop::collection::vec(("x-[a-z]{1,3}(;x-[a-z]{1,2})?", value()), 0..5),
    ) {
        let mut entry = Entry::new("uid=anna,dc=example,dc=com");
        for (name, value) in &before {
            entry.push(name, value.clone()).unwrap();
        }
        entry.push("objectClass", "inetOrgPerson").unwrap();
        entry.push("mail", "anna@example.com").unwrap();
        for (name, value) in &after {
            entry.push(name, value.clone()).unwrap();
        }
        let written = write(&[Record::Content(entry.clone())]);
        let (directory, _) = Directory::read([("file", written.as_slice())]);
        prop_assert_eq!(&directory.accounts[0].entry, &entry);
    }
}
