//! Generated input for the benchmarks: the same bytes each time, shaped like what old servers give out.
//!
//! `cargo bench -p mailferry-benches --bench ldif` measures one crate. Figures are bytes or items a second.

use std::fmt::Write as _;

/// A directory of `accounts` accounts in one domain and two classes of service, as `slapcat` writes it.
pub fn directory(accounts: usize) -> Vec<u8> {
    let mut text = String::from("version: 1\n\n");
    for (number, class) in ["crew", "office"].iter().enumerate() {
        text += &format!(
            "dn: cn={class},cn=cos,cn=zimbra\nobjectClass: zimbraCOS\ncn: {class}\n\
             zimbraId: 00000000-0000-0000-0000-00000000000{number}\nzimbraMailQuota: 1073741824\n\n"
        );
    }
    text += "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\nobjectClass: zimbraDomain\n\
             dc: example\no: example.test\nzimbraDomainName: example.test\nzimbraDomainType: local\n\n";
    for number in 0..accounts {
        write!(
            text,
            "dn: uid=user{number},ou=people,dc=example,dc=test\nobjectClass: inetOrgPerson\nobjectClass: zimbraAccount\n\
             objectClass: amavisAccount\nuid: user{number}\ncn: User {number}\nsn: Number {number}\n\
             displayName:: w4ZuZ3N0csO2bSDDnGJlcmdhbmc=\nmail: user{number}@example.test\n\
             zimbraMailAlias: alias{number}@example.test\nzimbraMailDeliveryAddress: user{number}@example.test\n\
             zimbraAccountStatus: active\nzimbraCOSId: 00000000-0000-0000-0000-00000000000{class}\n\
             zimbraId: 10000000-0000-0000-0000-{number:012}\n\
             userPassword:: e1NTSEF9QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n\
             zimbraPrefMailSignature: A signature that is longer than one line of this file, and is therefo\n \
             re folded in the middle of a word\nentryCSN: 20240101000000.000000Z#000000#000#{number:06x}\n\
             modifyTimestamp: 20240101000000Z\n\n",
            class = number % 2
        )
        .expect("a string takes it");
    }
    text.into_bytes()
}

/// A calendar of `events` events: plain, in a zone, recurring with an exception, all-day.
pub fn calendar(events: usize) -> Vec<u8> {
    let mut text = String::from(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nX-WR-CALNAME:Days\r\nBEGIN:VTIMEZONE\r\n\
         TZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n\
         DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\n\
         TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\n\
         RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
    );
    for number in 0..events {
        let (day, hour) = (1 + number % 28, 8 + number % 10);
        let common = format!(
            "UID:event-{number}@example.test\r\nDTSTAMP:20240101T000000Z\r\nSUMMARY:Tide table {number}\\, read aloud\r\n\
             DESCRIPTION:Somewhere the harbour master keeps a list that nobody has r\r\n ead since the spring tide\\n\
             and a second line\r\nORGANIZER;CN=Anna:mailto:anna@example.test\r\n\
             ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Bert, Quay 4\":mailto:bert@example.test\r\n"
        );
        let when = match number % 3 {
            0 => format!("DTSTART:202401{day:02}T{hour:02}0000Z\r\nDURATION:PT45M\r\n"),
            1 => format!(
                "DTSTART;TZID=Europe/Berlin:202401{day:02}T{hour:02}0000\r\n\
                 DTEND;TZID=Europe/Berlin:202401{day:02}T{hour:02}3000\r\nRRULE:FREQ=WEEKLY;COUNT=20\r\n\
                 EXDATE;TZID=Europe/Berlin:202402{day:02}T{hour:02}0000\r\n"
            ),
            _ => format!("DTSTART;VALUE=DATE:202401{day:02}\r\n"),
        };
        text += &format!("BEGIN:VEVENT\r\n{common}{when}END:VEVENT\r\n");
    }
    text += "END:VCALENDAR\r\n";
    text.into_bytes()
}

/// An address book of `contacts` vCards.
pub fn cards(contacts: usize) -> Vec<u8> {
    let card = |number| {
        format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-{number}\r\nFN:Contact {number}\r\nN:{number};Contact;;;\r\n\
             EMAIL;TYPE=INTERNET,WORK:contact{number}@example.test\r\nTEL;TYPE=CELL:+49 30 {number:07}\r\n\
             ADR;TYPE=HOME:;;Am Kai {number};Hafenstadt;;{number:05};Deutschland\r\nORG:Quay\\, Sons\r\n\
             NOTE:A note over\\ntwo lines that is long enough to be folded when it is writ\r\n ten\r\nEND:VCARD\r\n"
        )
    };
    (0..contacts).map(card).collect::<String>().into_bytes()
}

/// The same in the form that Outlook exports.
pub fn table(contacts: usize) -> Vec<u8> {
    let row = |number| {
        format!(
            "\"\",\"Contact\",\"\",\"{number}\",\"\",\"Quay, Sons\",\"Clerk\",\"Am Kai {number}\",\"Hafenstadt\",\"\",\
             \"{number:05}\",\"Germany\",\"+49 30 {number:07}\",\"contact{number}@example.test\",\"Contact {number}\",\
             \"2/3/1980\",\"A note over\r\ntwo lines\"\r\n"
        )
    };
    let header = "\"Title\",\"First Name\",\"Middle Name\",\"Last Name\",\"Suffix\",\"Company\",\"Job Title\",\
         \"Business Street\",\"Business City\",\"Business State\",\"Business Postal Code\",\
         \"Business Country/Region\",\"Business Phone\",\"E-mail Address\",\"E-mail Display Name\",\"Birthday\",\"Notes\"\r\n";
    format!("{header}{}", (0..contacts).map(row).collect::<String>()).into_bytes()
}

/// A Maildir's file names: `messages` of them, as Dovecot makes them.
pub fn file_names(messages: usize) -> Vec<Vec<u8>> {
    let flags = ["", "S", "FS", "RSa", "STab"];
    let name = |number: usize| {
        let seconds = 1_600_000_000 + number * 61;
        format!(
            "{seconds}.M{number}P77.mail.example.test,S={},W={}:2,{}",
            900 + number,
            930 + number,
            flags[number % 5]
        )
    };
    (0..messages).map(|number| name(number).into_bytes()).collect()
}

/// What a server answers to `UID FETCH (UID FLAGS INTERNALDATE RFC822.SIZE BODY[])`: `messages` messages of
/// `size` bytes each.
pub fn fetched(messages: usize, size: usize) -> Vec<u8> {
    let body: Vec<u8> =
        b"Subject: Salt\r\n\r\nwind and water\r\n".iter().copied().cycle().take(size).collect();
    let mut answer = Vec::with_capacity(messages * (size + 140));
    for number in 1..=messages {
        let head = format!(
            "* {number} FETCH (UID {} FLAGS (\\Seen $Forwarded) INTERNALDATE \"{:2}-Feb-2024 10:00:00 +0100\" \
             RFC822.SIZE {size} BODY[] {{{size}}}\r\n",
            number + 1000,
            1 + number % 28
        );
        answer.extend_from_slice(head.as_bytes());
        answer.extend_from_slice(&body);
        answer.extend_from_slice(b")\r\n");
    }
    answer.extend_from_slice(b"a1 OK done\r\n");
    answer
}
