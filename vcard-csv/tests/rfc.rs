//! The examples of the RFCs, to the letter.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use vcard_csv::{AddressBook, Contact, Name, Property, Severity, Version};

fn cards(text: &str) -> Vec<Contact> {
    let (book, findings) = AddressBook::read("rfc.vcf", text.replace('\n', "\r\n").as_bytes());
    let failures: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Failure).collect();
    assert!(failures.is_empty(), "{failures:?}");
    book.contacts
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// A line in a 4.0 card, read.
fn line(line: &str) -> Property {
    let card = format!("BEGIN:VCARD\nVERSION:4.0\nFN:x\nN:x;;;;\n{line}\nEND:VCARD\n");
    let contact = cards(&card).remove(0);
    contact.properties().last().expect("the line is there").clone()
}

/// RFC 6350 section 8.
const PERREAULT: &str = "BEGIN:VCARD
VERSION:4.0
FN:Simon Perreault
N:Perreault;Simon;;;ing. jr,M.Sc.
BDAY:--0203
ANNIVERSARY:20090808T1430-0500
GENDER:M
LANG;PREF=1:fr
LANG;PREF=2:en
ORG;TYPE=work:Viagenie
ADR;TYPE=work:;Suite D2-630;2875 Laurier;
 Quebec;QC;G1V 2M2;Canada
TEL;VALUE=uri;TYPE=\"work,voice\";PREF=1:tel:+1-418-656-9254;ext=102
TEL;VALUE=uri;TYPE=\"work,cell,voice,video,text\":tel:+1-418-262-6501
EMAIL;TYPE=work:simon.perreault@viagenie.ca
GEO;TYPE=work:geo:46.772673,-71.282945
KEY;TYPE=work;VALUE=uri:
 http://www.viagenie.ca/simon.perreault/simon.asc
TZ:-0500
URL;TYPE=home:http://nomis80.org
END:VCARD
";

#[test]
fn rfc6350_section_8() {
    let contact = &cards(PERREAULT)[0];
    assert_eq!(contact.display_name(), "Simon Perreault");
    let name = contact.name();
    assert_eq!((&*name.family, &*name.given, &*name.suffixes), ("Perreault", "Simon", "ing. jr,M.Sc."));
    assert_eq!(contact.birthday().as_deref(), Some("--0203"));
    assert_eq!(contact.anniversary().as_deref(), Some("20090808T1430-0500"));
    assert_eq!(contact.organisation(), ["Viagenie"]);
    let address = &contact.addresses()[0];
    assert_eq!((&*address.extended, &*address.street), ("Suite D2-630", "2875 Laurier"));
    assert_eq!((&*address.city, &*address.region, &*address.code), ("Quebec", "QC", "G1V 2M2"));
    let phones = contact.phones();
    assert_eq!(phones[0].value, "+1-418-656-9254;ext=102");
    assert_eq!(phones[0].types, ["work", "voice"]);
    assert!(phones[0].preferred && !phones[1].preferred);
    assert_eq!(phones[1].types, ["work", "cell", "voice", "video", "text"]);
    assert_eq!(contact.emails()[0].value, "simon.perreault@viagenie.ca");
    assert_eq!(contact.urls()[0].value, "http://nomis80.org");
}

#[test]
fn rfc6350_section_8_as_3_0() {
    let (card, findings) = cards(PERREAULT)[0].to_vcard(Version::V3);
    let text = String::from_utf8(card).unwrap();
    for expected in [
        "\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-02-03\r\n",
        "\r\nX-ANNIVERSARY;VALUE=text:20090808T1430-0500\r\n",
        "\r\nX-GENDER:male\r\n",
        "\r\nX-LANG;X-PREF=2:en\r\n",
        "\r\nTEL;TYPE=work,voice,pref:+1-418-656-9254\\;ext=102\r\n",
        "\r\nGEO;TYPE=work:46.772673;-71.282945\r\n",
        "\r\nKEY;TYPE=work;VALUE=uri:http://www.viagenie.ca/simon.perreault/simon.asc\r\n",
        "\r\nADR;TYPE=work:;Suite D2-630;2875 Laurier;Quebec;QC;G1V 2M2;Canada\r\n",
    ] {
        assert!(text.contains(expected), "{expected:?} in {text}");
    }
    let said: Vec<&str> = findings.iter().map(|finding| finding.reason.as_str()).collect();
    assert_eq!(
        said,
        [
            "ANNIVERSARY is a date in part: 3.0 gets it as text",
            "ANNIVERSARY is not in 3.0: written as X-ANNIVERSARY",
            "BDAY without a year: 3.0 gets 1604 and X-APPLE-OMIT-YEAR",
            "GENDER is not in 3.0: written as X-GENDER",
            "LANG is not in 3.0: written as X-LANG",
            "parameter PREF is not in 3.0: written as X-PREF",
        ]
    );
}

#[test]
fn rfc6350_section_6_1_4_group() {
    let contact = &cards(
        "BEGIN:VCARD
VERSION:4.0
KIND:group
FN:The Doe family
MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af
MEMBER:urn:uuid:b8767877-b4a1-4c70-9acc-505d3819e519
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:John Doe
UID:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af
END:VCARD
",
    );
    assert_eq!(contact.len(), 2);
    assert_eq!(contact[0].members()[1], "urn:uuid:b8767877-b4a1-4c70-9acc-505d3819e519");
    assert_eq!(contact[1].uid(), "urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af");
    assert_eq!(contact[1].file_stem(), "03a0e51f-d1aa-4385-8a53-e29025acd8af");
    let (card, _) = contact[0].to_vcard(Version::V3);
    let text = String::from_utf8(card).unwrap();
    assert!(text.contains("X-ADDRESSBOOKSERVER-KIND:group\r\n"));
    assert!(text.contains("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af\r\n"));
}

#[test]
fn rfc6350_lines() {
    for (given, components) in [
        ("N:Public;John;Quinlan;Mr.;Esq.", &["Public", "John", "Quinlan", "Mr.", "Esq."][..]),
        (
            "N:Stevenson;John;Philip,Paul;Dr.;Jr.,M.D.,A.C.P.",
            &["Stevenson", "John", "Philip,Paul", "Dr.", "Jr.,M.D.,A.C.P."],
        ),
        (
            "ORG:ABC\\, Inc.;North American Division;Marketing",
            &["ABC, Inc.", "North American Division", "Marketing"],
        ),
        ("GENDER:M;Fellow", &["M", "Fellow"]),
        (
            "ADR;GEO=\"geo:12.3457,78.910\";LABEL=\"Mr. John Q. Public, Esq.\\nMail Drop: TNE QB\\n123 Main Street\\nAny\
             Town, CA  91921-1234\\nU.S.A.\":;;123 Main Street;Any Town;CA;91921-1234;U.S.A.",
            &["", "", "123 Main Street", "Any Town", "CA", "91921-1234", "U.S.A."],
        ),
    ] {
        assert_eq!(line(given).components(), components, "{given}");
    }
    for (given, text) in [
        (
            "NOTE:This fax number is operational 0800 to 1715 \n EST\\, Mon-Fri.",
            "This fax number is operational 0800 to 1715 EST, Mon-Fri.",
        ),
        ("BDAY:19960415", "19960415"),
        ("BDAY:--0415", "--0415"),
        ("BDAY;VALUE=text:circa 1800", "circa 1800"),
        ("TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5555", "+1-555-555-5555;ext=5555"),
        ("TITLE:Research Scientist", "Research Scientist"),
        ("IMPP;PREF=1:xmpp:alice@example.com", "xmpp:alice@example.com"),
        (
            "PHOTO:http://www.example.com/pub/photos/jqpublic.gif",
            "http://www.example.com/pub/photos/jqpublic.gif",
        ),
        (
            "URL:http://example.org/restaurant.french/~chezchic.html",
            "http://example.org/restaurant.french/~chezchic.html",
        ),
        (
            "RELATED;TYPE=friend:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ),
        (
            "RELATED;TYPE=co-worker;VALUE=text:Please contact my assistant Jane Doe for any inquiries.",
            "Please contact my assistant Jane Doe for any inquiries.",
        ),
    ] {
        assert_eq!(line(given).text(), text, "{given}");
    }
    assert_eq!(line("CATEGORIES:INTERNET,IETF,INDUSTRY,INFORMATION TECHNOLOGY").list().len(), 4);
    assert_eq!(line("NICKNAME:Jim,Jimmie").list(), ["Jim", "Jimmie"]);
    // RFC 6868 section 3.2.
    let related = line("X-A;LABEL=\"George Herman ^'Babe^' Ruth\":x");
    assert_eq!(related.first("LABEL"), Some("George Herman \"Babe\" Ruth"));
}

/// A name in two scripts, as RFC 6350 section 5.4 has titles in two languages.
#[test]
fn a_second_name_is_kept_in_3_0() {
    let contact = &cards(
        "BEGIN:VCARD\nVERSION:4.0\nFN:Yamada Taro\nN;ALTID=1;LANGUAGE=jp:山田;太郎;;;\nN;ALTID=1;LANGUAGE=en:Yamada;Taro;;;\nEND:VCARD\n",
    )[0];
    let (card, findings) = contact.to_vcard(Version::V3);
    let text = String::from_utf8(card).unwrap();
    assert!(
        text.contains(
            "\r\nN;X-ALTID=1;LANGUAGE=jp:山田;太郎;;;\r\nX-N;X-ALTID=1;LANGUAGE=en:Yamada;Taro;;;\r\n"
        ),
        "{text}"
    );
    assert_eq!(findings[0].reason, "N is only once in 3.0: another is written as X-N");
}

/// RFC 2426 section 7.
#[test]
fn rfc2426_section_7() {
    let contacts = cards(
        "BEGIN:vCard
VERSION:3.0
FN:Frank Dawson
ORG:Lotus Development Corporation
ADR;TYPE=WORK,POSTAL,PARCEL:;;6544 Battleford Drive
 ;Raleigh;NC;27613-3502;U.S.A.
TEL;TYPE=VOICE,MSG,WORK:+1-919-676-9515
TEL;TYPE=FAX,WORK:+1-919-676-9564
EMAIL;TYPE=INTERNET,PREF:Frank_Dawson@Lotus.com
EMAIL;TYPE=INTERNET:fdawson@earthlink.net
URL:http://home.earthlink.net/~fdawson
END:vCard
BEGIN:vCard
VERSION:3.0
FN:Tim Howes
ORG:Netscape Communications Corp.
ADR;TYPE=WORK:;;501 E. Middlefield Rd.;Mountain View;
 CA; 94043;U.S.A.
TEL;TYPE=VOICE,MSG,WORK:+1-415-937-3419
TEL;TYPE=FAX,WORK:+1-415-528-4164
EMAIL;TYPE=INTERNET:howes@netscape.com
END:vCard
",
    );
    assert_eq!(contacts.len(), 2);
    let frank = &contacts[0];
    assert_eq!(frank.name(), Name::default());
    assert_eq!(frank.addresses()[0].street, "6544 Battleford Drive");
    assert_eq!(frank.addresses()[0].types, strings(&["work", "postal", "parcel"]));
    assert!(frank.emails()[0].preferred);
    assert_eq!(frank.emails()[0].types, ["internet"]);
    assert_eq!(contacts[1].addresses()[0].region, "CA");
    assert_eq!(contacts[1].place().line, 13);
    let (card, _) = frank.to_vcard(Version::V4);
    let text = String::from_utf8(card).unwrap();
    assert!(text.contains("EMAIL;TYPE=internet;PREF=1:Frank_Dawson@Lotus.com\r\n"), "{text}");
}

/// RFC 2426 section 3.1.4 and 4: inline data and escapes.
#[test]
fn rfc2426_inline_photo_becomes_a_data_uri() {
    let text = "BEGIN:VCARD\nVERSION:3.0\nFN:x\nPHOTO;ENCODING=b;TYPE=JPEG:MIICajCCAdOgAwIBAgICBEUwDQYJKoZIhvcN\n AQEEBQAw\nEND:VCARD\n";
    let contact = &cards(text)[0];
    assert_eq!(
        contact.photo().as_deref(),
        Some("data:image/jpeg;base64,MIICajCCAdOgAwIBAgICBEUwDQYJKoZIhvcNAQEEBQAw")
    );
    let (card, findings) = contact.to_vcard(Version::V3);
    assert!(String::from_utf8(card).unwrap().contains("PHOTO;ENCODING=b;TYPE=JPEG:MIICajCC"));
    assert!(findings.is_empty());
}
