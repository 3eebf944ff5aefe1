//! The laws of reading and writing, for any input.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use vcard_csv::{AddressBook, Contact, Finding, Form, Severity, Version};

const VERSIONS: [Version; 2] = [Version::V3, Version::V4];

fn read(bytes: &[u8]) -> Vec<Contact> {
    AddressBook::read("any.vcf", bytes).0.contacts
}

fn written(contact: &Contact, version: Version) -> Vec<u8> {
    contact.to_vcard(version).0
}

/// Pieces of which cards are made, and what breaks them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\n ".to_owned()),
        Just("=\n".to_owned()),
        prop::sample::select(vec![
            "BEGIN:VCARD\n",
            "END:VCARD\n",
            "VERSION:2.1\n",
            "VERSION:3.0\n",
            "VERSION:4.0\n",
            "FN:",
            "N:",
            "ORG:",
            "ADR;",
            "TEL;",
            "EMAIL;",
            "PHOTO;",
            "KEY;",
            "BDAY:",
            "BDAY;",
            "GEO:",
            "IMPP:",
            "URL:",
            "NOTE:",
            "UID:",
            "X-A:",
            "AGENT:",
            "item1.",
            "item1.X-ABLabel:",
            "RELATED;",
            "GENDER:",
            "CATEGORIES:",
            "NICKNAME:",
            "ANNIVERSARY:",
            "MEMBER:",
            "TYPE=home",
            "TYPE=pref",
            "PREF=1",
            "PREF=7",
            "X-PREF=1",
            "TYPE=\"a,b\"",
            "VALUE=uri",
            "VALUE=text",
            "VALUE=date",
            "ENCODING=b",
            "ENCODING=QUOTED-PRINTABLE",
            "BASE64",
            "JPEG",
            "CHARSET=iso-8859-1",
            "X-APPLE-OMIT-YEAR=1604",
            "SORT-AS=\"x^ny\"",
            "LABEL=",
            "ALTID=1",
            ":",
            ";",
            ",",
            "\"",
            "\\",
            "^",
            "=",
            "=C3=A4",
            "=0D=0A",
            "tel:+1-2",
            "data:image/png;base64,AAEC",
            "data:;base64,AAEC",
            "AAEC",
            "geo:1.5,2.5",
            "1.5;2.5",
            "1604-04-12",
            "--0412",
            "1985-04-12T10:00:00Z",
            "1985",
            "male",
            "\\n",
            "\\,",
            "\\;",
            "urn:uuid:",
            "a",
            " ",
        ])
        .prop_map(str::to_owned),
        "[a-zA-ZäöüßЖ日 \t^\\\\\"]{0,12}",
    ]
}

/// Something like a vCard file.
fn card_like() -> impl Strategy<Value = String> {
    vec(piece(), 0..60).prop_map(|pieces| format!("BEGIN:VCARD\n{}\nEND:VCARD\n", pieces.concat()))
}

/// A card of properties in which nearly everything is well formed.
fn card() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "FN",
        "N",
        "ORG",
        "ADR",
        "TEL",
        "EMAIL",
        "PHOTO",
        "KEY",
        "SOUND",
        "BDAY",
        "GEO",
        "IMPP",
        "URL",
        "NOTE",
        "UID",
        "X-A",
        "item1.EMAIL",
        "item1.X-ABLabel",
        "item2.X-ABLabel",
        "RELATED",
        "GENDER",
        "CATEGORIES",
        "NICKNAME",
        "ANNIVERSARY",
        "MEMBER",
        "KIND",
        "REV",
        "PRODID",
        "X-ADDRESSBOOKSERVER-KIND",
        "TZ",
        "LANG",
        "DEATHDATE",
    ]);
    let parameter = prop::sample::select(vec![
        "",
        "",
        "",
        ";TYPE=home",
        ";TYPE=pref,work",
        ";PREF=1",
        ";PREF=3",
        ";VALUE=uri",
        ";VALUE=text",
        ";VALUE=date",
        ";ENCODING=b",
        ";TYPE=JPEG",
        ";TYPE=png;PREF=1",
        ";ALTID=1;ALTID=2",
        ";SORT-AS=\"a,b\"",
        ";X-LABEL=\"x^ny:^'z\"",
        ";LANGUAGE=de",
        ";X-APPLE-OMIT-YEAR=1604",
        ";HOME;VOICE",
        ";TYPE=\"a,b\";TYPE=c",
        ";MEDIATYPE=image/png",
        ";PREF=\"1,2\"",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "Müller;Anna;;;",
            "a\\,b,c;d\\;e\\nf",
            "http\\://example.com/a,b;c",
            "data:image/png;base64,AAEC",
            "AAEC",
            "data:;base64,AAEC",
            "1985-04-12",
            "16040412",
            "--0412",
            "1985-04",
            "10.5;11",
            "geo:1,2",
            "geo:1,2;u=3",
            "tel:+1;ext=5",
            "male",
            "M",
            "not a date",
            "urn:uuid:F81D4FAE-7dec-11d0-a765-00a0c91e6bf6",
            "19850412T101112Z",
            "C:\\temp\\new",
            "",
        ])
        .prop_map(str::to_owned),
        "[ -~äß日\u{2028}\u{1}]{0,100}",
    ];
    let line = (name, parameter, value)
        .prop_map(|(name, parameter, value)| format!("{name}{parameter}:{value}\r\n"));
    let version = prop::sample::select(vec!["VERSION:2.1\r\n", "VERSION:3.0\r\n", "VERSION:4.0\r\n", ""]);
    (version, vec(line, 0..12))
        .prop_map(|(version, lines)| format!("BEGIN:VCARD\r\n{version}{}END:VCARD\r\n", lines.concat()))
}

fn sheet() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "First Name,Last Name,E-mail Address,Birthday,Notes,Colour",
        "firstName,lastName,email,workPhone,homeStreet,dlist",
        "Name,Given Name,Phone 1 - Type,Phone 1 - Value,E-mail 1 - Type,E-mail 1 - Value",
        "Vorname,Nachname,Anzeigename,Geburtsjahr,Geburtsmonat,Geburtstag",
        "First Name,Photo,Gender,Anniversary,Categories,Web Page",
    ]);
    let cell = prop_oneof![
        prop::sample::select(vec![
            "",
            "",
            "Anna",
            "Müller",
            "04/03/1980",
            "31/12/1980",
            "a@example.com",
            "a ::: b",
            "* Home",
            "x;y",
            "1"
        ])
        .prop_map(str::to_owned),
        "[ -~ä]{0,9}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
        "[ -~\n]{0,6}",
    ];
    let row = vec(cell, 0..8).prop_map(|cells| cells.join(","));
    (header, vec(row, 0..8)).prop_map(|(header, rows)| format!("{header}\r\n{}\r\n", rows.join("\r\n")))
}

/// What was read comes back from either version, and a second writing changes nothing.
fn round_trip(contact: &Contact) -> Result<(), TestCaseError> {
    for version in VERSIONS {
        let bytes = written(contact, version);
        let again = read(&bytes);
        prop_assert_eq!(again.len(), 1, "{}", String::from_utf8_lossy(&bytes));
        prop_assert_eq!(again[0].key(), contact.key());
        prop_assert_eq!(again[0].digest(), contact.digest(), "{}", String::from_utf8_lossy(&bytes));
        prop_assert_eq!(again[0].display_name(), contact.display_name());
        let twice = written(&again[0], version);
        prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&bytes));
        for line in bytes.split(|&byte| byte == b'\n') {
            prop_assert!(line.len() <= 76 && std::str::from_utf8(line).is_ok());
        }
    }
    Ok(())
}

fn placed(findings: &[Finding], lines: u64) -> Result<(), TestCaseError> {
    for finding in findings {
        prop_assert_eq!(&*finding.place.file, "any.csv");
        prop_assert!(finding.place.line <= lines, "{:?}", finding);
        prop_assert!(finding.place.line > 0 || finding.severity == Severity::Note, "{:?}", finding);
        prop_assert!(!finding.reason.is_empty());
    }
    Ok(())
}

proptest! {
    #[test]
    fn f1_any_bytes(bytes in vec(any::<u8>(), 0..400), text in card_like()) {
        for input in [&bytes[..], text.as_bytes()] {
            for name in ["any.vcf", "any.csv"] {
                let (book, _) = AddressBook::read(name, input);
                for contact in &book.contacts {
                    round_trip(contact)?;
                    prop_assert!(!contact.file_stem().contains('/'));
                    prop_assert!(contact.file_stem().len() <= 120 && !contact.file_stem().starts_with('.'));
                }
                prop_assert_eq!(book.listing().len(), book.contacts.len());
            }
        }
    }

    #[test]
    fn f2_write_then_parse(text in card(), other in card_like(), sheet in sheet()) {
        for text in [text, other, sheet] {
            for contact in AddressBook::read("any", text.as_bytes()).0.contacts {
                round_trip(&contact)?;
                // From one version to the other and back.
                let three = read(&written(&contact, Version::V3)).remove(0);
                let four = read(&written(&three, Version::V4)).remove(0);
                prop_assert_eq!(four.digest(), contact.digest());
            }
        }
    }

    #[test]
    fn f3_fixed_point(text in card()) {
        for contact in read(text.as_bytes()) {
            for version in VERSIONS {
                let once = written(&contact, version);
                prop_assert_eq!(&written(&read(&once)[0], version), &once);
            }
        }
    }

    /// Wherever a card's lines are folded, and whatever ends them, it is the same card.
    #[test]
    fn f4_chunked(text in card(), every in 1_usize..40, crlf in any::<bool>()) {
        for contact in read(text.as_bytes()) {
            let card = String::from_utf8(written(&contact, Version::V4)).expect("cards are UTF-8");
            let end = if crlf { "\r\n" } else { "\n" };
            let mut folded = String::new();
            for line in card.replace("\r\n ", "").lines() {
                for (at, character) in line.chars().enumerate() {
                    // Marks are not folded, as nobody folds them.
                    if at > 0 && at % every == 0 && !line.ends_with(":VCARD") && !line.starts_with("VERSION") {
                        folded.push_str(end);
                        folded.push('\t');
                    }
                    folded.push(character);
                }
                folded.push_str(end);
            }
            let again = read(folded.as_bytes());
            prop_assert_eq!(again.len(), 1);
            let plain = read(card.as_bytes());
            prop_assert_eq!(again[0].properties(), plain[0].properties());
        }
    }

    #[test]
    fn f5_placed(text in card_like(), sheet in sheet(), bytes in vec(any::<u8>(), 0..200)) {
        for input in [text.as_bytes(), sheet.as_bytes(), &bytes] {
            let (_, findings) = AddressBook::read("any.csv", input);
            let lines = input.iter().filter(|&&byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
            placed(&findings, lines)?;
        }
        // Every row is a contact or a failure.
        let (book, findings) = AddressBook::read("any.csv", sheet.as_bytes());
        if let Form::Csv(_) = book.form {
            let failures = findings.iter().filter(|finding| finding.severity == Severity::Failure).count();
            let mut rows: Vec<u64> = book.contacts.iter().filter_map(|contact| contact.place().row).collect();
            rows.extend(findings.iter().filter(|f| f.severity == Severity::Failure).filter_map(|f| f.place.row));
            prop_assert_eq!(rows.len(), book.contacts.len() + failures);
            rows.sort_unstable();
            rows.dedup();
            prop_assert_eq!(rows.len(), book.contacts.len() + failures);
        }
    }

    /// What nobody knows comes back to the letter and in order.
    #[test]
    fn f6_kept(values in vec(("X-[A-Z]{1,8}", "[ -~äß]{0,90}"), 0..10)) {
        // These stand for properties of 4.0.
        let known = ["X-N", "X-GENDER", "X-LANG", "X-XML", "X-RELATED"];
        let values: Vec<_> = values.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        let lines: String = values.iter().map(|(name, value)| format!("{name};X-Q=\"1;2\":{value}\r\n")).collect();
        let card = format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:A\r\n{lines}END:VCARD\r\n");
        for version in VERSIONS {
            let again = read(&written(&read(card.as_bytes())[0], version));
            let kept: Vec<(String, String)> =
                again[0].others().map(|property| (property.name.clone(), property.value.clone())).collect();
            prop_assert_eq!(&kept, &values);
        }
    }
}
