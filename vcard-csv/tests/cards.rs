//! Cards of real programs' kinds, one matter each.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use vcard_csv::{AddressBook, Contact, Finding, Severity, Version};

fn read(bytes: &[u8]) -> (Vec<Contact>, Vec<Finding>) {
    let (book, findings) = AddressBook::read("book.vcf", bytes);
    (book.contacts, findings)
}

fn one(lines: &str) -> Contact {
    read(format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n").as_bytes()).0.remove(0)
}

#[test]
fn version_2_1() {
    let card = one("VERSION:2.1
N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg;;Dr.
FN;CHARSET=UTF-8;QUOTED-PRINTABLE:J=C3=B6rg M=C3=BCller
TEL;HOME;VOICE;PREF:+49 30 1
TEL;CELL:+49 170 1
NOTE;ENCODING=QUOTED-PRINTABLE:first=0D=0A=
second; third
ADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Gasse 1=0AHof;Wien;;1010;
PHOTO;JPEG;ENCODING=BASE64:
 AAEC
 AwQF

BDAY:19800304
X-ODD;ENCODING=QUOTED-PRINTABLE:a=3Db");
    assert_eq!(card.name().family, "Müller");
    assert_eq!(card.display_name(), "Jörg Müller");
    assert_eq!(card.name().prefixes, "Dr.");
    let phones = card.phones();
    assert_eq!((phones[0].types.join(","), phones[0].preferred), ("home,voice".into(), true));
    assert_eq!(phones[1].types, ["cell"]);
    assert_eq!(card.notes(), ["first\nsecond; third"]);
    assert_eq!(card.addresses()[0].street, "Gasse 1\nHof");
    assert_eq!(card.photo().as_deref(), Some("data:image/jpeg;base64,AAECAwQF"));
    assert_eq!(card.others().map(|other| other.text()).collect::<Vec<_>>(), ["a=b"]);
    let written = String::from_utf8(card.to_vcard(Version::V3).0).unwrap();
    assert!(written.contains("\r\nN:Müller;Jörg;;Dr.;\r\n"), "{written}");
    assert!(written.contains("\r\nBDAY:1980-03-04\r\n"));
    assert!(written.contains("\r\nNOTE:first\\nsecond\\; third\r\n"));
}

#[test]
fn the_user_s_own_labels() {
    let card = one(
        "VERSION:3.0\nFN:A\nitem1.TEL:1\nitem1.X-ABLabel:_$!<Assistant>!$_\nitem2.EMAIL;type=INTERNET:a@example.com\nitem2.X-ABLabel:Club",
    );
    assert_eq!(card.phones()[0].label.as_deref(), Some("_$!<Assistant>!$_"));
    assert_eq!(card.emails()[0].label.as_deref(), Some("Club"));
    // The names of groups are nobody's content, the labels are.
    let renamed = one(
        "VERSION:3.0\nFN:A\ng.EMAIL;type=INTERNET:a@example.com\ng.X-ABLabel:Club\nh.TEL:1\nh.X-ABLABEL:_$!<Assistant>!$_",
    );
    assert_eq!(renamed.digest(), card.digest());
    let relabelled = one(
        "VERSION:3.0\nFN:A\ng.EMAIL;type=INTERNET:a@example.com\ng.X-ABLabel:Work\nh.TEL:1\nh.X-ABLABEL:_$!<Assistant>!$_",
    );
    assert_ne!(relabelled.digest(), card.digest());
}

/// Each property once looked through the whole card for the label of its group, which took minutes here.
#[test]
fn a_card_of_many_groups_takes_time_in_proportion() {
    let groups: String = (0..50_000)
        .map(|at| format!("item{at}.URL:http://{at}.test\nitem{at}.X-ABLabel:no. {at}\n"))
        .collect();
    let card = one(&format!("VERSION:3.0\nFN:A\n{groups}"));
    let last = card.urls().pop().unwrap();
    assert_eq!((&*last.value, last.label.as_deref()), ("http://49999.test", Some("no. 49999")));
    let again = read(&card.to_vcard(Version::V4).0).0.remove(0);
    assert_eq!(again.digest(), card.digest());
    assert_eq!(again.urls().len(), 50_000);
}

#[test]
fn equal_content_has_one_digest() {
    let card = one(
        "VERSION:3.0\nFN:Anna\nN:Berg;Anna;;;\nTEL;TYPE=home,pref:1\nBDAY:1980-03-04\nX-GENDER:female\nGEO:1.5;2.5",
    );
    for (name, lines) in [
        (
            "order",
            "VERSION:3.0\nTEL;TYPE=pref,home:1\nGEO:1.5;2.5\nX-GENDER:female\nBDAY:1980-03-04\nN:Berg;Anna;;;\nFN:Anna",
        ),
        (
            "folding",
            "VERSION:3.0\nFN:An\n na\nN:Berg;Anna\nTEL;TYPE=home;TYPE=PREF:1\nBDAY:19800304\nX-GENDER:female\nGEO:1.5;2.5",
        ),
        (
            "version",
            "VERSION:4.0\nFN:Anna\nN:Berg;Anna;;;\nTEL;VALUE=uri;TYPE=home;PREF=1:tel:1\nBDAY:19800304\nGENDER:F\nGEO:geo:1.5,2.5",
        ),
        (
            "who wrote it when",
            "VERSION:3.0\nPRODID:-//x//y\nREV:20200101T000000Z\nFN:Anna\nN:Berg;Anna;;;\nTEL;TYPE=home,pref:1\nBDAY:1980-03-04\nX-GENDER:female\nGEO:1.5;2.5\nUID:other\nNOTE:",
        ),
        (
            "2.1",
            "VERSION:2.1\nFN:Anna\nN:Berg;Anna\nTEL;HOME;PREF:1\nBDAY:1980-03-04\nX-GENDER:female\nGEO:1.5;2.5",
        ),
    ] {
        assert_eq!(one(lines).digest(), card.digest(), "{name}");
    }
    for (name, lines) in [
        (
            "another number",
            "VERSION:3.0\nFN:Anna\nN:Berg;Anna;;;\nTEL;TYPE=home,pref:2\nBDAY:1980-03-04\nX-GENDER:female\nGEO:1.5;2.5",
        ),
        (
            "one number twice",
            "VERSION:3.0\nFN:Anna\nN:Berg;Anna;;;\nTEL;TYPE=home,pref:1\nTEL;TYPE=home,pref:1\nBDAY:1980-03-04\nX-GENDER:female\nGEO:1.5;2.5",
        ),
        (
            "another kind",
            "VERSION:3.0\nFN:Anna\nN:Berg;Anna;;;\nTEL;TYPE=work,pref:1\nBDAY:1980-03-04\nX-GENDER:female\nGEO:1.5;2.5",
        ),
    ] {
        assert_ne!(one(lines).digest(), card.digest(), "{name}");
    }
}

#[test]
fn a_broken_card_is_named_and_the_rest_goes_on() {
    let (contacts, findings) = read(b"junk\nmore junk\nBEGIN:VCARD\nVERSION:3.0\nFN:Anna\nBEGIN:VCARD\nVERSION:3.0\nFN:Bert\nno property\nEND:VCARD\n\
        BEGIN:VCARD\nVERSION:9\nFN:Carl\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Dora\n");
    assert_eq!(contacts.iter().map(Contact::display_name).collect::<Vec<_>>(), ["Bert"]);
    let said: Vec<String> =
        findings.iter().map(|f| format!("{:?} {} {} {}", f.severity, f.place, f.item, f.reason)).collect();
    assert_eq!(
        said,
        [
            "Note book.vcf:1  text outside of any card is left out: `junk`",
            "Failure book.vcf:3 Anna the card is not closed: expected END:VCARD before the next BEGIN:VCARD",
            "Note book.vcf:9 Bert a line that is no property is left out: `no property`",
            "Failure book.vcf:11 Carl unknown version `9`: expected 2.1, 3.0 or 4.0",
            "Failure book.vcf:15  the card is empty",
            "Failure book.vcf:17 Dora the card is not closed: expected END:VCARD before the end of the file",
        ]
    );
}

#[test]
fn files_in_other_charsets() {
    let text = "\u{feff}BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=ISO-8859-1:Jörg\r\nEND:VCARD\r\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&utf16).0[0].display_name(), "Jörg");
    let (contacts, findings) =
        read(b"BEGIN:VCARD\nVERSION:3.0\nFN:J\xf6rg M\xfcller\nNOTE:Stra\xdfe\nEND:VCARD\n");
    assert_eq!(contacts[0].display_name(), "Jörg Müller");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].reason, "not UTF-8, and no charset is given: read as windows-1252");
    let (contacts, findings) = read(b"BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=ISO-8859-1:J\xf6rg\nEND:VCARD\n");
    assert_eq!((contacts[0].display_name().as_str(), findings.len()), ("Jörg", 0));
}

#[test]
fn a_card_without_a_name_gets_one_and_says_so() {
    for (lines, name) in [
        ("VERSION:3.0\nN:Berg;Anna;Maria;Dr.;", "Dr. Anna Maria Berg"),
        ("VERSION:3.0\nORG:Example Ltd;Sales", "Example Ltd"),
        ("VERSION:3.0\nFN: \nEMAIL:a@example.com", "a@example.com"),
        ("VERSION:3.0\nTEL:1", "1"),
        ("VERSION:3.0\nNOTE:x", "(no name)"),
    ] {
        let (contacts, findings) = read(format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n").as_bytes());
        assert_eq!(contacts[0].display_name(), name);
        assert_eq!(findings[0].reason, format!("no display name (FN): `{name}` is shown"));
        assert_eq!(findings[0].severity, Severity::Note);
    }
}

#[test]
fn uids_are_found_or_made() {
    let twins = "BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nEMAIL:a@example.com\nEND:VCARD\n".repeat(3);
    let (contacts, _) = read(twins.as_bytes());
    let (again, _) = read(twins.as_bytes());
    let uids: Vec<&str> = contacts.iter().map(Contact::uid).collect();
    assert_eq!(uids, again.iter().map(Contact::uid).collect::<Vec<_>>());
    assert!(uids[0] != uids[1] && uids[1] != uids[2] && uids[0] != uids[2]);
    assert!(uids[0].starts_with("urn:uuid:") && uids[0].len() == 45);

    let identity = |lines: &str| one(&format!("VERSION:3.0\n{lines}")).key();
    for (name, one, other, same) in [
        (
            "a corrected number",
            "FN:Anna\nEMAIL:a@example.com\nTEL:1",
            "FN:Anna\nEMAIL:a@example.com\nTEL:2",
            true,
        ),
        ("case and spacing", "FN:Anna  Berg\nEMAIL:a@example.com", "FN:anna berg\nEMAIL:A@example.com", true),
        ("another address", "FN:Anna\nEMAIL:a@example.com", "FN:Anna\nEMAIL:b@example.com", false),
        ("no address, another note", "FN:Anna\nORG:X\nTEL:1", "FN:Anna\nORG:X\nTEL:1\nNOTE:y", true),
        ("no address, another number", "FN:Anna\nORG:X\nTEL:1", "FN:Anna\nORG:X\nTEL:2", false),
        ("nothing but content", "FN:Anna\nNOTE:x", "FN:Anna\nNOTE:y", false),
    ] {
        assert_eq!(identity(one) == identity(other), same, "{name}");
    }
}

#[test]
fn cards_that_share_a_uid_stay_apart() {
    let (contacts, findings) = read(b"BEGIN:VCARD\nVERSION:3.0\nUID:u\nFN:A\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nUID:u\nFN:B\nEND:VCARD\n");
    assert_eq!(contacts[0].uid(), "u");
    assert_ne!(contacts[1].key(), contacts[0].key());
    assert_eq!(findings[0].reason, "the UID u is taken by an earlier card: this one gets its own");
}

#[test]
fn file_names_are_safe() {
    for (uid, stem) in [
        ("3e7f0a52-1111-4222-8333-944445555666", Some("3e7f0a52-1111-4222-8333-944445555666")),
        ("anna@example.com", Some("anna@example.com")),
        ("../../etc/passwd", None),
        (".hidden", None),
        ("a b", None),
        (&"x".repeat(300), None),
    ] {
        let found = one(&format!("VERSION:3.0\nFN:A\nUID:{uid}")).file_stem();
        match stem {
            Some(stem) => assert_eq!(found, stem),
            None => {
                assert!(found.len() == 32 && found.bytes().all(|byte| byte.is_ascii_hexdigit()), "{found}");
            }
        }
    }
}

#[test]
fn long_lines_are_folded_between_characters() {
    let card = one(&format!("VERSION:3.0\nFN:{}\nNOTE:{}", "ä".repeat(60), "日本語,".repeat(50)));
    for version in [Version::V3, Version::V4] {
        let (bytes, _) = card.to_vcard(version);
        for line in bytes.split(|&byte| byte == b'\n') {
            assert!(line.len() <= 76, "75 octets and the CR");
            assert!(std::str::from_utf8(line).is_ok());
        }
    }
}

#[test]
fn a_file_that_only_calls_itself_a_vcard() {
    let (contacts, findings) = read(b"hello\nworld\n");
    assert!(contacts.is_empty());
    assert_eq!(findings[1].reason, "no card: expected BEGIN:VCARD");
    assert!(read(b"").1.is_empty());
}

#[test]
fn agents_and_lists_of_old_programs() {
    let card = one("VERSION:2.1\nFN:Boss\nAGENT:\nBEGIN:VCARD\nVERSION:2.1\nFN:Aide\nEND:VCARD\nTEL:1");
    assert_eq!(card.display_name(), "Boss");
    assert_eq!(card.phones().len(), 1);
    let agent = card.others().next().unwrap();
    assert_eq!((&*agent.name, agent.text().contains("FN:Aide")), ("AGENT", true));
}

/// They stand in journals and on servers: what changes here makes every contact of everybody a new one.
#[test]
fn identities_and_digests_outlive_this_version() {
    let card = one(
        "VERSION:3.0\nFN:Anna Berg\nN:Berg;Anna;;;\nEMAIL;TYPE=home,pref:anna@example.com\nitem1.TEL:1\nitem1.X-ABLabel:Boat\nBDAY:1980-03-04",
    );
    assert_eq!(card.uid(), "urn:uuid:a4b2e4b6-2db0-8a82-af2c-5ee962193cfd");
    assert_eq!(card.digest().to_string(), "3b933cfb1bf0c78cfc735dfcd95f7ed9");
}

/// What was once not a fixed point.
#[test]
fn odd_encodings_come_back() {
    for lines in [
        "N;ENCODING=b:\u{2028}",
        "ORG:\\;",
        "BDAY;ENCODING=b:no base64!",
        "GEO;VALUE=text:somewhere",
        "PHOTO;ENCODING=b;TYPE=JPEG:%%%",
    ] {
        let card = one(&format!("VERSION:3.0\nFN:A\n{lines}"));
        for version in [Version::V3, Version::V4] {
            let (written, _) = card.to_vcard(version);
            let again = read(&written).0.remove(0);
            assert_eq!(again.digest(), card.digest(), "{lines}");
            assert_eq!(again.to_vcard(version).0, written, "{lines}");
        }
    }
}
