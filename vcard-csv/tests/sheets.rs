//! CSV files of every program we know, one matter each.

// Functions that tests share are tests, too.
#![allow(clippy::unwrap_used)]

use vcard_csv::{AddressBook, Contact, Dialect, Exporter, Finding, Form, Severity, Version};

fn read_bytes(bytes: &[u8]) -> (Vec<Contact>, Dialect, Vec<Finding>) {
    let (book, findings) = AddressBook::read("a.csv", bytes);
    match book.form {
        Form::Csv(dialect) => (book.contacts, dialect, findings),
        Form::Vcard => panic!("no vCard"),
    }
}

fn read(text: &str) -> (Vec<Contact>, Dialect, Vec<Finding>) {
    read_bytes(text.as_bytes())
}

/// The card without its frame, version and UID.
fn card(contact: &Contact) -> String {
    let card = String::from_utf8(contact.to_vcard(Version::V3).0).unwrap();
    let unfolded = card.replace("\r\n ", "").replace("\r\n", "\n");
    let lines: Vec<&str> = unfolded.lines().collect();
    lines[3..lines.len() - 1].join("\n")
}

fn one(text: &str) -> String {
    let (contacts, _, findings) = read(text);
    assert_eq!(contacts.len(), 1, "{findings:?}");
    card(&contacts[0])
}

/// What was said beside the dialect.
fn said(findings: &[Finding]) -> Vec<String> {
    let say = |f: &Finding| format!("{:?} {} [{}] {}", f.severity, f.place, f.item, f.reason);
    findings.iter().filter(|finding| !finding.reason.starts_with("read as")).map(say).collect()
}

#[test]
fn carbonio() {
    let text = "firstName,lastName,email,email2,workPhone,mobilePhone,homeStreet,homeCity,company,department,birthday,notes\r\n\
                Anna,Berg,anna@example.com,a@example.org,+39 1,+39 2,\"Via Uno 1\r\nScala B\",Roma,Esempio S.r.l.,Vendite,1980-03-04,\"Ciao, mondo\"\r\n";
    assert_eq!(
        one(text),
        "FN:Anna Berg\nN:Berg;Anna;;;\nORG:Esempio S.r.l.;Vendite\nEMAIL:anna@example.com\nEMAIL:a@example.org\n\
         TEL;TYPE=work:+39 1\nTEL;TYPE=cell:+39 2\nADR;TYPE=home:;;Via Uno 1\\nScala B;Roma;;;\nBDAY:1980-03-04\nNOTE:Ciao\\, mondo"
    );
    let (_, dialect, findings) = read(text);
    assert_eq!((dialect.exporter, dialect.delimiter, dialect.charset), (Exporter::Carbonio, b',', "UTF-8"));
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].reason, "read as Carbonio CSV (en), delimiter `,`, charset UTF-8");
}

#[test]
fn a_carbonio_group() {
    assert_eq!(
        one("fullName,dlist,type\nTeam,\"anna@example.com,bert@example.com\",group\n"),
        "FN:Team\nN:;;;;\nX-ADDRESSBOOKSERVER-KIND:group\nX-ADDRESSBOOKSERVER-MEMBER:mailto:anna@example.com\n\
         X-ADDRESSBOOKSERVER-MEMBER:mailto:bert@example.com"
    );
}

#[test]
fn google_old_and_new() {
    let old = "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,Address 1 - Type,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Organization 1 - Name,Organization 1 - Title,Website 1 - Type,Website 1 - Value\n\
        Anna Berg,Anna,Berg,* My Contacts ::: Club,* Home,anna@example.com ::: a@example.org,Work Fax,1,Home,all of it,Street 1,Bern,Example,Boss,Profile,https://example.com\n";
    let new = "First Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Organization Name,Organization Title,Website 1 - Label,Website 1 - Value\n\
        Anna,Berg,* My Contacts ::: Club,* Home,anna@example.com ::: a@example.org,Work Fax,1,Home,all of it,Street 1,Bern,Example,Boss,Profile,https://example.com\n";
    let expected = "FN:Anna Berg\nN:Berg;Anna;;;\nORG:Example\nTITLE:Boss\nEMAIL;TYPE=home,pref:anna@example.com\nEMAIL;TYPE=home:a@example.org\n\
        TEL;TYPE=work,fax:1\nADR;TYPE=home:;;Street 1;Bern;;;\nitem1.URL:https://example.com\nitem1.X-ABLabel:Profile\nCATEGORIES:My Contacts,Club";
    assert_eq!(one(old), expected);
    assert_eq!(one(new), expected);
    assert_eq!(read(old).1.exporter, Exporter::GoogleOld);
    assert_eq!(read(new).1.exporter, Exporter::Google);
}

#[test]
fn google_odds_and_ends() {
    assert_eq!(
        one(
            "First Name,Last Name,Event 1 - Label,Event 1 - Value,Event 2 - Label,Event 2 - Value,Relation 1 - Label,Relation 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value,Address 1 - Label,Address 1 - Formatted,Birthday,Photo\n\
             Anna,Berg,Anniversary,2001-02-03,Exam,2002-03-04,Spouse,Bert,Locker,17,Work,Somewhere 1,--12-24,https://example.com/a.jpg\n"
        ),
        "FN:Anna Berg\nN:Berg;Anna;;;\nADR;TYPE=work:;;Somewhere 1;;;;\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-12-24\n\
         X-ANNIVERSARY:2001-02-03\nitem2.X-ABDATE:20020304\nitem2.X-ABLabel:Exam\nPHOTO;VALUE=uri:https://example.com/a.jpg\n\
         item1.X-CUSTOM:17\nitem1.X-ABLabel:Locker\nX-SPOUSE:Bert"
    );
}

#[test]
fn outlook_in_english() {
    let text = "Title,First Name,Middle Name,Last Name,Suffix,Company,Business Street,Business Street 2,Business City,Business Phone,E-mail Address,E-mail Type,E-mail Display Name,Birthday,Anniversary,Categories,Gender,Priority,Private,Web Page\r\n\
                Dr.,Anna,Maria,Berg,Jr.,Example Ltd,Main St 1,Suite 2,London,+44 1,anna@example.com,SMTP,,0/0/00,12/31/2001,Friends;Work,Unspecified,Normal,False,https://example.com\r\n";
    assert_eq!(
        one(text),
        "FN:Dr. Anna Maria Berg Jr.\nN:Berg;Anna;Maria;Dr.;Jr.\nORG:Example Ltd\nEMAIL:anna@example.com\nTEL;TYPE=work:+44 1\n\
         ADR;TYPE=work:;;Main St 1\\nSuite 2;London;;;\nURL:https://example.com\nX-ANNIVERSARY:2001-12-31\nCATEGORIES:Friends,Work"
    );
    assert_eq!(read(text).1.exporter, Exporter::Outlook);
}

#[test]
fn outlook_in_german_as_windows_writes_it() {
    let text = "Anrede;Vorname;Nachname;Firma;Straße privat;Ort privat;Telefon (privat);Mobiltelefon;E-Mail-Adresse;E-Mail-Typ;Geburtstag;Priorität;Privat;Notizen\r\n\
                Frau;Jörg;Müller;Prüfstand GmbH;Gasse 1;Köln;0221 1;0170 1;joerg@example.com;SMTP;31.12.1980;Normal;Falsch;\"Grüße; bis bald\"\r\n";
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    let (contacts, dialect, findings) = read_bytes(&bytes);
    assert_eq!(
        card(&contacts[0]),
        "FN:Frau Jörg Müller\nN:Müller;Jörg;;Frau;\nORG:Prüfstand GmbH\nEMAIL:joerg@example.com\nTEL;TYPE=home:0221 1\n\
         TEL;TYPE=cell:0170 1\nADR;TYPE=home:;;Gasse 1;Köln;;;\nBDAY:1980-12-31\nNOTE:Grüße\\; bis bald"
    );
    assert_eq!((dialect.exporter, dialect.language, dialect.delimiter), (Exporter::Outlook, "de", b';'));
    assert_eq!(findings[0].reason, "read as Outlook CSV (de), delimiter `;`, charset windows-1252");
    assert_eq!(findings.len(), 1);
}

#[test]
fn outlook_and_thunderbird_in_italian() {
    assert_eq!(
        one(
            "Titolo,Nome,Cognome,Società,Via (uff.),Città (uff.),Ufficio,Cellulare,Indirizzo posta elettronica,Compleanno,Note\n\
             Dott.,Anna,Rossi,Esempio,Via Uno 1,Roma,06 1,333 1,anna@example.com,31/12/1980,Ciao\n"
        ),
        "FN:Dott. Anna Rossi\nN:Rossi;Anna;;Dott.;\nORG:Esempio\nEMAIL:anna@example.com\nTEL;TYPE=work:06 1\nTEL;TYPE=cell:333 1\n\
         ADR;TYPE=work:;;Via Uno 1;Roma;;;\nBDAY:1980-12-31\nNOTE:Ciao"
    );
    assert_eq!(
        one(
            "Nome,Cognome,Nome visualizzato,E-mail primaria,Telefono casa,Indirizzo di casa,Indirizzo di casa 2,Anno di nascita,Mese di nascita,Giorno di nascita\n\
             Anna,Rossi,Annina,anna@example.com,06 1,Via Uno 1,Scala B,,12,24\n"
        ),
        "FN:Annina\nN:Rossi;Anna;;;\nEMAIL:anna@example.com\nTEL;TYPE=home:06 1\nADR;TYPE=home:;;Via Uno 1\\nScala B;;;;\n\
         BDAY;X-APPLE-OMIT-YEAR=1604:1604-12-24"
    );
}

#[test]
fn thunderbird_in_german_with_tabs_and_utf_16() {
    let text = "\u{feff}Vorname\tNachname\tAnzeigename\tPrimäre E-Mail-Adresse\tTel. dienstlich\tMessenger-Name\tGeburtsjahr\tGeburtsmonat\tGeburtstag\r\n\
                Jörg\tMüller\tJ. Müller\tjoerg@example.com\t1\tjörg m\t1980\t3\t4\r\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (contacts, dialect, _) = read_bytes(&bytes);
    assert_eq!(
        card(&contacts[0]),
        "FN:J. Müller\nN:Müller;Jörg;;;\nEMAIL:joerg@example.com\nTEL;TYPE=work:1\nIMPP:aim:jörg%20m\nBDAY:1980-03-04"
    );
    assert_eq!(
        (dialect.exporter, dialect.language, dialect.charset),
        (Exporter::Thunderbird, "de", "UTF-16LE")
    );
    assert_eq!(dialect.delimiter, b'\t');
}

#[test]
fn a_file_of_nobody_s() {
    let (contacts, dialect, findings) = read("Name;Vorname;Handy;Größe;;\nMüller;Jörg;1;grün;;x\n");
    assert_eq!(
        card(&contacts[0]),
        "FN:Jörg Müller\nN:Müller;Jörg;;;\nTEL;TYPE=cell:1\nX-GROSSE;X-COLUMN=Größe:grün\nX-COLUMN-6:x"
    );
    assert!(dialect.columns[0].mapped && !dialect.columns[3].mapped);
    assert_eq!(
        said(&findings),
        [
            "Note a.csv:2 (column Größe) [] the column is not known: 1 cells are kept as X-GROSSE",
            "Note a.csv:2 (column ) [] the column is not known: 1 cells are kept as X-COLUMN-6",
        ]
    );
}

#[test]
fn one_note_a_column_that_nobody_knows() {
    let (contacts, _, findings) = read("firstName,lastName,Locker\nA,B,1\nC,D,\nE,F,2\n");
    assert_eq!(contacts.len(), 3);
    assert_eq!(
        said(&findings),
        ["Note a.csv:2 (column Locker) [] the column is not known: 2 cells are kept as X-LOCKER"]
    );
}

#[test]
fn a_column_is_never_taken_for_a_property_of_another_meaning() {
    assert_eq!(
        one("firstName,N,Lang,GENDER!\nA,1,2,x\n"),
        "FN:A\nN:;A;;;\nX-COLUMN-N;X-COLUMN=N:1\nX-COLUMN-LANG;X-COLUMN=Lang:2\nX-GENDER:\\;x"
            .replace("\\;", ";")
    );
}

#[test]
fn ragged_rows() {
    let (contacts, _, findings) = read(
        "firstName,lastName,email\nA,B,a@example.com,extra\nC,D\nE,F,e@example.com,,\n,,\n\nG,H,g@example.com\n",
    );
    assert_eq!(contacts.iter().map(Contact::display_name).collect::<Vec<_>>(), ["C D", "E F", "G H"]);
    assert_eq!(
        said(&findings),
        [
            "Failure a.csv:2 (row 1) [A] 4 cells where the header has 3: they cannot be assigned to columns",
            "Note a.csv:3 (row 2) [C D] the last 1 of 3 cells are missing: taken as empty",
        ]
    );
    assert_eq!(contacts[2].place().to_string(), "a.csv:7 (row 5)");
}

#[test]
fn an_open_quote_costs_one_row() {
    let (contacts, _, findings) = read("firstName,lastName,email\nA,\"B,a@example.com\nC,D,c@example.com\n");
    assert_eq!(contacts.len(), 1);
    assert_eq!(
        said(&findings),
        ["Failure a.csv:2 (row 1) [A,\"B,a@example.com] a quote is opened and never closed"]
    );
}

#[test]
fn a_file_without_a_header() {
    let (contacts, _, findings) = read("John Doe,john@example.com\nJane Doe,jane@example.com\n");
    assert!(contacts.is_empty());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Failure);
    assert!(findings[0].reason.starts_with("no column is known"));
    assert!(read("").2.is_empty());
}

#[test]
fn days_and_months() {
    for (name, cells, expected, notes) in [
        ("a day above twelve tells", &["04/03/1980", "31/12/1975"][..], "BDAY:1980-03-04", 0),
        ("a month below tells", &["04/03/1980", "12/31/1975"], "BDAY:1980-04-03", 0),
        ("nothing tells", &["04/03/1980", "05/06/1975"], "BDAY;VALUE=text:04/03/1980", 2),
        ("they contradict", &["04/03/1980", "31/12/1975", "12/31/1975"], "BDAY;VALUE=text:04/03/1980", 1),
        ("both are equal", &["03/03/1980"], "BDAY:1980-03-03", 0),
        ("no century", &["31.12.80"], "BDAY;VALUE=text:31.12.80", 1),
        ("Outlook's nothing", &["0/0/00"], "", 0),
    ] {
        let rows: String = cells.iter().map(|cell| format!("Anna,{cell}\n")).collect();
        let (contacts, _, findings) = read(&format!("firstName,birthday\n{rows}"));
        let first = card(&contacts[0]);
        assert_eq!(
            first.lines().find(|line| line.starts_with("BDAY")).unwrap_or_default(),
            expected,
            "{name}"
        );
        assert_eq!(said(&findings).len(), notes, "{name}: {findings:?}");
    }
    let (_, _, findings) = read("firstName,birthday\nAnna,04/03/1980\n");
    assert_eq!(
        said(&findings),
        [
            "Note a.csv:2 (row 1, column birthday) [Anna] the date `04/03/1980` may have the day or the month first, and no \
          date of the file tells: kept as text"
        ]
    );
}

#[test]
fn what_is_no_address_is_kept_and_said() {
    let (contacts, _, findings) = read("firstName,email\nAnna,/o=Example/cn=anna\n");
    assert_eq!(contacts[0].emails()[0].value, "/o=Example/cn=anna");
    assert_eq!(
        said(&findings),
        [
            "Note a.csv:2 (row 1, column email) [Anna] `/o=Example/cn=anna` is no e-mail address: kept as it is"
        ]
    );
}

#[test]
fn a_row_that_names_nobody() {
    let (contacts, _, findings) = read("firstName,notes\n,something\n");
    assert_eq!(contacts[0].display_name(), "(no name)");
    assert_eq!(
        said(&findings),
        ["Note a.csv:2 (row 1) [(no name)] no display name (FN): `(no name)` is shown"]
    );
}

#[test]
fn excel_s_line_before_the_header() {
    let (contacts, dialect, _) = read("sep=;\nfirstName;lastName\nAnna;\"Berg,\nder\"\nC;D\n");
    assert_eq!(dialect.delimiter, b';');
    assert_eq!(contacts[0].place().line, 3);
    assert_eq!(contacts[1].place().line, 5);
}

#[test]
fn equal_rows_stay_as_many() {
    let text = "firstName,email\nAnna,a@example.com\nAnna,a@example.com\nAnna,a@example.com\n";
    let (book, _) = AddressBook::read("a.csv", text.as_bytes());
    assert_eq!(book.listing().len(), 3);
    let (again, _) = AddressBook::read("a.csv", text.as_bytes());
    assert_eq!(again.listing(), book.listing());
}

#[test]
fn a_corrected_number_keeps_the_identity_of_those_with_an_address_only() {
    let contact = |address: &str, number: u8| {
        read(&format!("firstName,email,homePhone\nAnna,{address},{number}\n")).0.remove(0)
    };
    let address = "a@example.com";
    assert_eq!(contact(address, 1).key(), contact(address, 2).key());
    assert_ne!(contact(address, 1).digest(), contact(address, 2).digest());
    assert_ne!(contact("", 1).key(), contact("", 2).key());
}
