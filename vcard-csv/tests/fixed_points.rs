//! Cards that once changed when they were written and read again, each named after what went wrong.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use vcard_csv::{AddressBook, Contact, Version};

fn one(lines: &str) -> (Contact, Vec<String>) {
    let card = format!("BEGIN:VCARD\n{lines}\nEND:VCARD\n");
    let (mut book, findings) = AddressBook::read("book.vcf", card.as_bytes());
    assert_eq!(book.contacts.len(), 1, "{findings:?}");
    (book.contacts.remove(0), findings.into_iter().map(|finding| finding.reason).collect())
}

/// The card in 4.0 without its folds, after either version was found to come back.
fn settled(contact: &Contact) -> String {
    for version in [Version::V3, Version::V4] {
        let (written, _) = contact.to_vcard(version);
        let shown = String::from_utf8_lossy(&written);
        let again = AddressBook::read("written.vcf", &written).0.contacts;
        assert_eq!(again.len(), 1, "{shown}");
        assert_eq!((again[0].key(), again[0].digest()), (contact.key(), contact.digest()), "{shown}");
        assert_eq!(String::from_utf8_lossy(&again[0].to_vcard(version).0), shown);
    }
    String::from_utf8(contact.to_vcard(Version::V4).0).unwrap().replace("\r\n ", "")
}

#[test]
fn a_charset_said_twice() {
    for parameters in
        ["CHARSET=;CHARSET=", "CHARSET=no-such;CHARSET=ISO-8859-1", "CHARSET=UTF-8,UTF-8;charset=x"]
    {
        let (card, _) = one(&format!("VERSION:2.1\nFN:A\nN;{parameters}:9"));
        assert!(settled(&card).contains("\r\nN:9;;;;\r\n"), "{parameters}");
    }
    let (card, _) = one("VERSION:2.1\nFN;CHARSET=no-such;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:J=F6rg");
    assert_eq!(card.display_name(), "Jörg");
}

#[test]
fn an_encoding_said_twice() {
    for (parameters, value, written) in [
        ("ENCODING=;BASE64", "AAEC", "X-K;ENCODING=b:AAEC"),
        ("BASE64;ENCODING=QUOTED-PRINTABLE", "=41", "X-K;ENCODING=b:=41"),
        ("ENCODING=odd;QUOTED-PRINTABLE", "=41", "X-K:A"),
        ("ENCODING=8BIT;ENCODING=7bit", "=41", "X-K:=41"),
        ("ENCODING=odd;LANGUAGE=de;ENCODING=other", "=41", "X-K;ENCODING=odd,other;LANGUAGE=de:=41"),
    ] {
        let (card, _) = one(&format!("VERSION:2.1\nFN:A\nX-K;{parameters}:{value}"));
        let all = settled(&card);
        assert!(all.contains(&format!("\r\n{written}\r\n")), "{parameters}: {all}");
    }
}

#[test]
fn a_mark_that_a_fold_or_an_encoding_hid() {
    for hidden in [
        "BEG\n IN:VCARD",
        "END:V\n\tCARD",
        "END:VCAR\n D \nNOTE:kept",
        "BEGIN;QUOTED-PRINTABLE:=56CARD",
        "END;X=1:VCARD",
        "BEGIN:VEVENT",
        "item1.END:VCARD",
    ] {
        let (card, reasons) = one(&format!("VERSION:3.0\nFN:A\n{hidden}\nTEL:1"));
        assert!(reasons[0].starts_with("a mark within the card is left out: `"), "{reasons:?}");
        assert_eq!(card.phones().len(), 1, "{hidden}");
        let all = settled(&card);
        assert_eq!((all.matches("BEGIN").count(), all.matches("END").count()), (1, 1), "{all}");
        assert_eq!(card.notes().len(), hidden.matches("NOTE").count());
    }
}

#[test]
fn a_fold_that_makes_a_mark() {
    for mark in ["END:VCARD", " begin : vcard ", "AGENT:"] {
        for length in 55..75 {
            let text = format!("{}{mark}", "x".repeat(length));
            for text in [format!("{text}{}", "x".repeat(80)), format!("{text}{}|", " ".repeat(80)), text] {
                let (card, _) = one(&format!("VERSION:3.0\nFN:A\nNOTE:{text}"));
                assert!(settled(&card).contains(&format!("\r\nNOTE:{text}\r\n")));
            }
        }
    }
}

#[test]
fn a_preferred_one_beside_an_encoding() {
    for parameters in
        ["PREF;ENCODING=", "ENCODING=odd;PREF", "TYPE=pref,home;X=1;ENCODING=odd", "X=1;ENCODING=b;PREF=1"]
    {
        let (card, _) = one(&format!("VERSION:2.1\nFN:A\nX-K;{parameters}:AA"));
        assert!(settled(&card).contains("PREF=1"), "{parameters}");
    }
}

#[test]
fn quoted_printable_under_another_name() {
    for length in 0..80 {
        let escapes = "=46".repeat(30);
        let (card, _) =
            one(&format!("VERSION:3.0\nFN:A\nX-{}K;X-CODED=QUOTED-PRINTABLE:{escapes}", "X".repeat(length)));
        assert!(settled(&card).contains(&format!("K;X-CODED=QUOTED-PRINTABLE:{escapes}\r\n")), "{length}");
    }
}

#[test]
fn an_agent_that_is_folded_behind_its_colon() {
    for length in 0..80 {
        let (card, _) = one(&format!("VERSION:3.0\nFN:A\nAGENT;X={}:urn:uuid:1", "x".repeat(length)));
        assert!(settled(&card).contains(":urn:uuid:1\r\n"), "{length}");
    }
}
