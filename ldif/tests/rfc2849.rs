//! The examples of RFC 2849, verbatim.

#![allow(clippy::unwrap_used)]

use ldif::{Change, ChangeRecord, Entry, Fault, ModRdn, Operation, Reader, Record, Severity};

const EXAMPLE_1: &str = "version: 1
dn: cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Barbara Jensen
cn: Barbara J Jensen
cn: Babs Jensen
sn: Jensen
uid: bjensen
telephonenumber: +1 408 555 1212
description: A big sailing fan.

dn: cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Bjorn Jensen
sn: Jensen
telephonenumber: +1 408 555 1212
";

const EXAMPLE_2: &str = "version: 1
dn:cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
objectclass:top
objectclass:person
objectclass:organizationalPerson
cn:Barbara Jensen
cn:Barbara J Jensen
cn:Babs Jensen
sn:Jensen
uid:bjensen
telephonenumber:+1 408 555 1212
description:Babs is a big sailing fan, and travels extensively in sea
 rch of perfect sailing conditions.
title:Product Manager, Rod and Reel Division
";

const EXAMPLE_3: &str = "version: 1
dn: cn=Gern Jensen, ou=Product Testing, dc=airius, dc=com
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Gern Jensen
cn: Gern O Jensen
sn: Jensen
uid: gernj
telephonenumber: +1 408 555 1212
description:: V2hhdCBhIGNhcmVmdWwgcmVhZGVyIHlvdSBhcmUhICBUaGlzIHZhbHVl
 IGlzIGJhc2UtNjQtZW5jb2RlZCBiZWNhdXNlIGl0IGhhcyBhIGNvbnRyb2wgY2hhcmFjdG
 VyIGluIGl0IChhIENSKS4NICBCeSB0aGUgd2F5LCB5b3Ugc2hvdWxkIHJlYWxseSBnZXQg
 b3V0IG1vcmUu
";

const EXAMPLE_4: &str = "version: 1
dn:: b3U95Za25qWt6YOoLG89QWlyaXVz
# dn:: ou=<JapaneseOU>,o=Airius
objectclass: top
objectclass: organizationalUnit
ou:: 5Za25qWt6YOo
# ou:: <JapaneseOU>
ou;lang-ja:: 5Za25qWt6YOo
# ou;lang-ja:: <JapaneseOU>
ou;lang-ja;phonetic:: 44GI44GE44GO44KH44GG44G2
# ou;lang-ja:: <JapaneseOU_in_phonetic_representation>
ou;lang-en: Sales
description: Japanese office

dn:: dWlkPXJvZ2FzYXdhcmEsb3U95Za25qWt6YOoLG89QWlyaXVz
# dn:: uid=<uid>,ou=<JapaneseOU>,o=Airius
userpassword: {SHA}O3HSv1MusyL4kTjP+HKI5uxuNoM=
objectclass: top
objectclass: person
objectclass: organizationalPerson
objectclass: inetOrgPerson
uid: rogasawara
mail: rogasawara@airius.co.jp
givenname;lang-ja:: 44Ot44OJ44OL44O8
# givenname;lang-ja:: <JapaneseGivenname>
sn;lang-ja:: 5bCP56yg5Y6f
# sn;lang-ja:: <JapaneseSn>
cn;lang-ja:: 5bCP56yg5Y6fIOODreODieODi+ODvA==
# cn;lang-ja:: <JapaneseCn>
title;lang-ja:: 5Za25qWt6YOoIOmDqOmVtw==
# title;lang-ja:: <JapaneseTitle>
preferredlanguage: ja
givenname:: 44Ot44OJ44OL44O8
# givenname:: <JapaneseGivenname>
sn:: 5bCP56yg5Y6f
# sn:: <JapaneseSn>
cn:: 5bCP56yg5Y6fIOODreODieODi+ODvA==
# cn:: <JapaneseCn>
title:: 5Za25qWt6YOoIOmDqOmVtw==
# title:: <JapaneseTitle>
givenname;lang-ja;phonetic:: 44KN44Gp44Gr44O8
# givenname;lang-ja;phonetic::
# <JapaneseGivenname_in_phonetic_representation_kana>
sn;lang-ja;phonetic:: 44GK44GM44GV44KP44KJ
# sn;lang-ja;phonetic:: <JapaneseSn_in_phonetic_representation_kana>
cn;lang-ja;phonetic:: 44GK44GM44GV44KP44KJIOOCjeOBqeOBq+ODvA==
# cn;lang-ja;phonetic:: <JapaneseCn_in_phonetic_representation_kana>
title;lang-ja;phonetic:: 44GI44GE44GO44KH44GG44G2IOOBtuOBoeOCh+OBhg==
# title;lang-ja;phonetic::
# <JapaneseTitle_in_phonetic_representation_kana>
givenname;lang-en: Rodney
sn;lang-en: Ogasawara
cn;lang-en: Rodney Ogasawara
title;lang-en: Sales, Director
";

const EXAMPLE_5: &str = "version: 1
dn: cn=Horatio Jensen, ou=Product Testing, dc=airius, dc=com
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Horatio Jensen
cn: Horatio N Jensen
sn: Jensen
uid: hjensen
telephonenumber: +1 408 555 1212
jpegphoto:< file:///usr/local/directory/photos/hjensen.jpg
";

const EXAMPLE_6: &str = "version: 1
# Add a new entry
dn: cn=Fiona Jensen, ou=Marketing, dc=airius, dc=com
changetype: add
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Fiona Jensen
sn: Jensen
uid: fiona
telephonenumber: +1 408 555 1212
jpegphoto:< file:///usr/local/directory/photos/fiona.jpg

# Delete an existing entry
dn: cn=Robert Jensen, ou=Marketing, dc=airius, dc=com
changetype: delete

# Modify an entry's relative distinguished name
dn: cn=Paul Jensen, ou=Product Development, dc=airius, dc=com
changetype: modrdn
newrdn: cn=Paula Jensen
deleteoldrdn: 1

# Rename an entry and move all of its children to a new location in
# the directory tree (only implemented by LDAPv3 servers).
dn: ou=PD Accountants, ou=Product Development, dc=airius, dc=com
changetype: modrdn
newrdn: ou=Product Development Accountants
deleteoldrdn: 0
newsuperior: ou=Accounting, dc=airius, dc=com

# Modify an entry: add an additional value to the postaladdress
# attribute, completely delete the description attribute, replace
# the telephonenumber attribute with two values, and delete a specific
# value from the facsimiletelephonenumber attribute
dn: cn=Paula Jensen, ou=Product Development, dc=airius, dc=com
changetype: modify
add: postaladdress
postaladdress: 123 Anystreet $ Sunnyvale, CA $ 94086
-
delete: description
-
replace: telephonenumber
telephonenumber: +1 408 555 1234
telephonenumber: +1 408 555 5678
-
delete: facsimiletelephonenumber
facsimiletelephonenumber: +1 408 555 9876
-

# Modify an entry: replace the postaladdress attribute with an empty
# set of values (which will cause the attribute to be removed), and
# delete the entire description attribute. Note that the first will
# always succeed, while the second will only succeed if at least
# one value for the description attribute is present.
dn: cn=Ingrid Jensen, ou=Product Support, dc=airius, dc=com
changetype: modify
replace: postaladdress
-
delete: description
-
";

const EXAMPLE_7: &str = "version: 1
# Delete an entry. The operation will attach the LDAPv3
# Tree Delete Control defined in [9]. The criticality
# field is \"true\" and the controlValue field is
# absent, as required by [9].
dn: ou=Product Development, dc=airius, dc=com
control: 1.2.840.113556.1.4.805 true
changetype: delete
";

fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for record in Reader::new("example.ldif", text.as_bytes()) {
        let placed = record.unwrap();
        assert_eq!(placed.findings, []);
        let Record::Content(entry) = placed.value else { panic!("a change") };
        entries.push(entry);
    }
    entries
}

fn text<'a>(entry: &'a Entry, name: &str) -> Vec<&'a str> {
    let wanted = entry.attributes.iter().filter(|attribute| attribute.description.as_str() == name);
    wanted.map(|attribute| std::str::from_utf8(&attribute.value).unwrap()).collect()
}

#[test]
fn example_1_two_entries() {
    let entries = entries(EXAMPLE_1);
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].dn, "cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com");
    assert_eq!(text(&entries[0], "cn"), ["Barbara Jensen", "Barbara J Jensen", "Babs Jensen"]);
    assert_eq!(entries[0].attributes.len(), 10);
    assert_eq!(entries[1].dn, "cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com");
    assert_eq!(text(&entries[1], "objectclass"), ["top", "person", "organizationalPerson"]);
}

#[test]
fn example_2_a_folded_value() {
    let entries = entries(EXAMPLE_2);
    let folded =
        "Babs is a big sailing fan, and travels extensively in search of perfect sailing conditions.";
    assert_eq!(text(&entries[0], "description"), [folded]);
    assert_eq!(text(&entries[0], "title"), ["Product Manager, Rod and Reel Division"]);
}

#[test]
fn example_3_a_base64_value() {
    let decoded = "What a careful reader you are!  This value is base-64-encoded because it has a control \
                   character in it (a CR).\r  By the way, you should really get out more.";
    assert_eq!(text(&entries(EXAMPLE_3)[0], "description"), [decoded]);
}

#[test]
fn example_4_utf8_names_and_language_tags() {
    let entries = entries(EXAMPLE_4);
    assert_eq!(entries[0].dn, "ou=\u{55b6}\u{696d}\u{90e8},o=Airius");
    assert_eq!(text(&entries[0], "ou;lang-en"), ["Sales"]);
    let phonetic = &entries[0].attributes[4].description;
    assert_eq!(
        (phonetic.name(), phonetic.options().collect::<Vec<_>>()),
        ("ou", vec!["lang-ja", "phonetic"])
    );
    assert_eq!(entries[0].values("OU").count(), 4);
    assert_eq!(text(&entries[1], "title;lang-en"), ["Sales, Director"]);
    assert_eq!(entries[1].attributes.len(), 24);
}

#[test]
fn example_5_a_value_at_a_url() {
    let placed = Reader::new("example.ldif", EXAMPLE_5.as_bytes()).next().unwrap().unwrap();
    let Record::Content(entry) = &placed.value else { panic!() };
    assert_eq!(entry.attributes.len(), 8, "the photograph is not opened");
    assert_eq!((placed.findings[0].severity, placed.findings[0].place.line), (Severity::Failure, 11));

    let mut asked = Vec::new();
    let reader = Reader::new("example.ldif", EXAMPLE_5.as_bytes());
    let mut reader = reader.with_resolver(|url| {
        asked.push(url.to_owned());
        Ok(b"photograph".to_vec())
    });
    let placed = reader.next().unwrap().unwrap();
    drop(reader);
    let Record::Content(entry) = &placed.value else { panic!() };
    assert_eq!(entry.get("jpegPhoto"), Some(&b"photograph"[..]));
    assert_eq!(asked, ["file:///usr/local/directory/photos/hjensen.jpg"]);
}

#[test]
fn example_6_changes() {
    let records: Vec<_> = Reader::new("example.ldif", EXAMPLE_6.as_bytes()).map(Result::unwrap).collect();
    let changes: Vec<&ChangeRecord> = records
        .iter()
        .map(|placed| match &placed.value {
            Record::Change(change) => change,
            Record::Content(entry) => panic!("{entry:?}"),
        })
        .collect();
    assert!(matches!(&changes[0].change, Change::Add(attributes) if attributes.len() == 7));
    assert_eq!(changes[1].change, Change::Delete);
    let renamed = ModRdn { new_rdn: "cn=Paula Jensen".to_owned(), delete_old: true, new_superior: None };
    assert_eq!(changes[2].change, Change::ModRdn(renamed));
    let moved = ModRdn {
        new_rdn: "ou=Product Development Accountants".to_owned(),
        delete_old: false,
        new_superior: Some("ou=Accounting, dc=airius, dc=com".to_owned()),
    };
    assert_eq!(changes[3].change, Change::ModRdn(moved));
    assert_eq!(
        steps(changes[4]),
        [
            (Operation::Add, "postaladdress", 1),
            (Operation::Delete, "description", 0),
            (Operation::Replace, "telephonenumber", 2),
            (Operation::Delete, "facsimiletelephonenumber", 1),
        ]
    );
    assert_eq!(
        steps(changes[5]),
        [(Operation::Replace, "postaladdress", 0), (Operation::Delete, "description", 0)]
    );
    assert_eq!(changes.len(), 6);
}

fn steps(record: &ChangeRecord) -> Vec<(Operation, &str, usize)> {
    let Change::Modify(steps) = &record.change else { panic!() };
    steps.iter().map(|step| (step.operation, step.description.as_str(), step.values.len())).collect()
}

#[test]
fn example_7_a_control() {
    let placed = Reader::new("example.ldif", EXAMPLE_7.as_bytes()).next().unwrap().unwrap();
    let Record::Change(change) = &placed.value else { panic!() };
    assert_eq!(change.change, Change::Delete);
    let [control] = &change.controls[..] else { panic!() };
    assert_eq!(
        (control.oid.as_str(), control.critical, &control.value),
        ("1.2.840.113556.1.4.805", true, &None)
    );
}

/// One faulty record between two good ones.
#[test]
fn one_liners() {
    type Check = fn(&Fault) -> bool;
    let table: &[(&str, &str, u64, Check)] = &[
        ("no dn", "cn: x", 4, |fault| matches!(fault, Fault::NoDn(found) if found == "cn")),
        ("no colon", "dn: b\ncn", 5, |fault| matches!(fault, Fault::Line(found) if found == "...")),
        ("no name", "dn: b\n: x", 5, |fault| matches!(fault, Fault::Line(_))),
        ("bad base64", "dn: b\ncn:: !", 5, |fault| matches!(fault, Fault::Base64(name) if name == "cn")),
        ("bad base64 in the name", "dn:: !", 4, |fault| matches!(fault, Fault::Base64(name) if name == "dn")),
        ("continues nothing", " x\ndn: b", 4, |fault| matches!(fault, Fault::Continuation)),
        ("changetype", "dn: b\nchangetype: x", 5, |fault| matches!(fault, Fault::ChangeType)),
        ("late changetype", "dn: b\ncn: x\nchangetype: delete", 6, |fault| {
            matches!(fault, Fault::Expected { .. })
        }),
        ("control", "dn: b\ncontrol: x\nchangetype: delete", 5, |fault| matches!(fault, Fault::Control)),
        ("control alone", "dn: b\ncontrol: 1.2", 5, |fault| matches!(fault, Fault::Expected { .. })),
        ("more than a delete", "dn: b\nchangetype: delete\ncn: x", 6, |fault| {
            matches!(fault, Fault::Expected { .. })
        }),
        ("no newrdn", "dn: b\nchangetype: modrdn\ndeleteoldrdn: 1", 6, |fault| {
            matches!(fault, Fault::Expected { .. })
        }),
        ("deleteoldrdn", "dn: b\nchangetype: modrdn\nnewrdn: c\ndeleteoldrdn: 2", 7, |fault| {
            matches!(fault, Fault::Expected { .. })
        }),
        ("modify what", "dn: b\nchangetype: modify\ncn: x", 6, |fault| {
            matches!(fault, Fault::Expected { .. })
        }),
        ("modify another", "dn: b\nchangetype: modify\nadd: cn\nsn: x\n-", 7, |fault| {
            matches!(fault, Fault::Expected { .. })
        }),
        ("modify from a URL", "dn: b\nchangetype: modify\nreplace: cn\ncn:< file:///x\n-", 7, |fault| {
            matches!(fault, Fault::Url { .. })
        }),
        ("version", "version: 2\ndn: b", 4, |fault| matches!(fault, Fault::Version)),
    ];
    for (name, record, line, check) in table {
        let text = format!("dn: a\ncn: a\n\n{record}\n\ndn: c\ncn: c\n");
        let records: Vec<_> = Reader::new("file", text.as_bytes()).collect();
        assert_eq!(records.len(), 3, "{name}: {records:?}");
        assert!(
            records[0].is_ok() && records[2].as_ref().is_ok_and(|placed| placed.value.dn() == "c"),
            "{name}"
        );
        let error = records[1].as_ref().unwrap_err();
        assert!(check(&error.fault), "{name}: {error}");
        assert_eq!(error.place.line, *line, "{name}: {error}");
    }
}

#[test]
fn tolerated() {
    let table = [
        ("missing last -", "dn: a\nchangetype: modify\nadd: cn\ncn: x\n", 1),
        ("blank line after the version", "version: 1\n\ndn: a\ncn: x\n", 0),
        ("no blank line after the version", "version: 1\ndn: a\ncn: x\n", 0),
        ("CRLF", "dn: a\r\ncn: x\r\n\r\n", 0),
        ("mark", "\u{feff}dn: a\ncn: x\n", 0),
        ("capital keywords", "DN: a\nChangeType: Modify\nAdd: cn\ncn: x\n-\n", 0),
        ("base64 without padding", "dn: a\ncn:: eA\n", 0),
        ("no line end", "dn: a\ncn: x", 0),
    ];
    for (name, text, findings) in table {
        let records: Vec<_> = Reader::new("file", text.as_bytes()).collect();
        assert_eq!(records.len(), 1, "{name}");
        let placed = records[0].as_ref().unwrap();
        assert_eq!(placed.findings.len(), findings, "{name}");
        let value = match &placed.value {
            Record::Content(entry) => entry.attributes[0].value.clone(),
            Record::Change(record) => match &record.change {
                Change::Modify(steps) => steps[0].values[0].clone(),
                other => panic!("{other:?}"),
            },
        };
        assert_eq!((placed.value.dn(), value.as_slice()), ("a", &b"x"[..]), "{name}");
    }
}

#[test]
fn a_name_that_is_not_utf8_is_read_as_latin_1() {
    let placed = Reader::new("file", b"dn: cn=\xE5\ncn: x\n").next().unwrap().unwrap();
    assert_eq!(placed.value.dn(), "cn=\u{e5}");
    assert_eq!(placed.findings[0].severity, Severity::Note);
}

#[test]
fn errors_never_quote_a_value() {
    let records = [
        "userPassword: secret",
        "version: secret",
        "dn: a\nuserPassword:: secret!",
        "dn: a\nchangetype: delete\nuserPassword: secret",
        "dn: a\nchangetype: secret",
        "dn: a\nchangetype: modrdn\nnewrdn: b\ndeleteoldrdn: secret",
        "dn: a\ncontrol: secret\nchangetype: delete",
        "dn: a\nchangetype: modify\nreplace: cn\ncn:< ftp://anna:secret@files.test/x\n-",
        "dn: a\nuserPassword:: c2Vj\nsecret",
        "secret",
    ];
    for record in records {
        let error = Reader::new("file", record.as_bytes()).next().unwrap().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let text = "dn: a\ncn: Anna\nuserPassword: hidden\n\ndn: b\nchangetype: modify\nreplace: USERPASSWORD\nuserpassword: hidden\n-\n";
    let records: Vec<_> = Reader::new("file", text.as_bytes()).map(Result::unwrap).collect();
    let shown = format!("{records:?}");
    assert!(shown.contains("Anna") && shown.contains("***") && !shown.contains("hidden"), "{shown}");
}

#[test]
fn debug_shows_no_secret_whatever_its_attribute_is_called() {
    let names = [
        "authPassword;x-new",
        "zimbraPasswordHistory",
        "zimbraGalLdapBindPassword",
        "zimbraAuthTokens",
        "zimbraSSLPrivateKey",
        "unicodePwd",
        "oathSecret",
        "krbPrincipalKey",
        "2.5.4.35",
    ];
    for name in names {
        let text = format!("dn: a\ncn: Anna\n{name}: hidden\n");
        let shown = format!("{:?}", Reader::new("file", text.as_bytes()).next().unwrap().unwrap());
        assert!(shown.contains("Anna") && !shown.contains("hidden"), "{shown}");
    }
}

#[test]
fn debug_shows_no_value_of_a_control() {
    let text = "dn: a\ncontrol: 1.2.3 true: hidden\nchangetype: delete\n";
    let shown = format!("{:?}", Reader::new("file", text.as_bytes()).next().unwrap().unwrap());
    let bytes = format!("{:?}", b"hidden");
    assert!(shown.contains("1.2.3") && shown.contains("***") && !shown.contains(&bytes), "{shown}");
}
