//! Whole runs.

use crate::*;

const WORDS: &str = "CONDSTORE ENABLE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL+ MULTIAPPEND QRESYNC UIDPLUS";

const FROM: &str = "C: m1 ENABLE QRESYNC
C: m2 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
S: * ENABLED QRESYNC
S: m1 OK
S: * LIST () \"/\" INBOX
S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 HIGHESTMODSEQ 5)
S: m2 OK
C: m3 EXAMINE \"INBOX\" (CONDSTORE)
C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: * OK [HIGHESTMODSEQ 5] ok
S: m3 OK
S: * 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Jul-2002 00:44:25 +0000\" RFC822.SIZE 14)
S: * 2 FETCH (UID 2 FLAGS (\\Seen) INTERNALDATE \"01-Jul-2002 00:44:25 +0000\" RFC822.SIZE 14)
S: m4 OK
C: m5 UID FETCH 1:2 (UID BODY.PEEK[])
S: * 1 FETCH (UID 1 BODY[] {14}
S: Subject: a
S: 
S: )
S: * 2 FETCH (UID 2 BODY[] {14}
S: Subject: b
S: 
S: )
S: m5 OK
C: m6 LOGOUT
";

const TO: &str = "C: m1 ENABLE QRESYNC
C: m2 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
S: * ENABLED QRESYNC
S: m1 OK
S: * LIST () \"/\" INBOX
S: * STATUS INBOX (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 70 HIGHESTMODSEQ 1)
S: m2 OK
C: m3 SELECT \"INBOX\" (CONDSTORE)
S: * 0 EXISTS
S: * OK [PERMANENTFLAGS (\\Seen \\*)] ok
S: * OK [UIDVALIDITY 70] ok
S: * OK [UIDNEXT 1] ok
S: * OK [HIGHESTMODSEQ 1] ok
S: m3 OK
C: m4 APPEND \"INBOX\" () \" 1-Jul-2002 00:44:25 +0000\" {14+}
C: Subject: a
C: 
C:  (\\Seen) \" 1-Jul-2002 00:44:25 +0000\" {14+}
C: Subject: b
C: 
C: 
S: * 2 EXISTS
S: m4 OK [APPENDUID 70 1:2] done
C: m5 UID FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (UID 1 FLAGS () INTERNALDATE \" 1-Jul-2002 00:44:25 +0000\" RFC822.SIZE 14)
S: * 2 FETCH (UID 2 FLAGS (\\Seen) INTERNALDATE \" 1-Jul-2002 00:44:25 +0000\" RFC822.SIZE 14)
S: m5 OK
C: m6 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
S: * LIST () \"/\" INBOX
S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 70 HIGHESTMODSEQ 3)
S: m6 OK
C: m7 LOGOUT
";

/// Only what is listed, as it stands after the copy.
fn listed(script: &'static str, status: &str) -> &'static str {
    let lists = script.split("C: m3").next().unwrap();
    let told = lists.lines().find(|line| line.starts_with("S: * STATUS")).unwrap();
    (lists.replace(told, &format!("S: * STATUS INBOX ({status})")) + "C: m3 LOGOUT\n").leak()
}

#[test]
fn where_nothing_has_changed_no_mailbox_is_opened() {
    let (report, rows) = copied(WORDS, &[(FROM, TO)], &Rowed::default());
    assert_eq!((report.counts().copied, report.counts().source), (2, 2));
    let from = listed(FROM, "MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 HIGHESTMODSEQ 5");
    let to = listed(TO, "MESSAGES 2 UIDNEXT 3 UIDVALIDITY 70 HIGHESTMODSEQ 3");
    let (report, again) = copied(WORDS, &[(from, to)], &rows);
    assert_eq!((report.counts().unchanged, report.counts().source), (2, 2));
    assert_eq!(again, rows, "and nothing is recorded");
}

#[test]
fn of_a_group_that_is_refused_only_the_bad_one_stays_behind() {
    let appended = TO.find("S: * 2 EXISTS").unwrap();
    let alone = "S: m4 NO [TOOBIG] one of them is too long
C: m5 APPEND \"INBOX\" () \" 1-Jul-2002 00:44:25 +0000\" {14+}
C: Subject: a
C: 
C: 
C: m6 APPEND \"INBOX\" (\\Seen) \" 1-Jul-2002 00:44:25 +0000\" {14+}
C: Subject: b
C: 
C: 
S: * 1 EXISTS
S: m5 OK [APPENDUID 70 1] done
S: m6 NO [TOOBIG] it is too long
C: m7 UID FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (UID 1 FLAGS () INTERNALDATE \" 1-Jul-2002 00:44:25 +0000\" RFC822.SIZE 14)
S: m7 OK
C: m8 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
S: * LIST () \"/\" INBOX
S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 70 HIGHESTMODSEQ 3)
S: m8 OK
C: m9 LOGOUT
";
    let again = "C: m6 UID FETCH 1:2 (UID BODY.PEEK[])
S: * 1 FETCH (UID 1 BODY[] {14}
S: Subject: a
S: 
S: )
S: * 2 FETCH (UID 2 BODY[] {14}
S: Subject: b
S: 
S: )
S: m6 OK
C: m7 UID FETCH 2 (UID BODY.PEEK[HEADER])
S: * 2 FETCH (UID 2 BODY[HEADER] {14}
S: Subject: b
S: 
S: )
S: m7 OK
C: m8 LOGOUT
";
    let from = FROM.replace("C: m6 LOGOUT\n", again).leak();
    let to = (TO[..appended].to_owned() + alone).leak();
    let (report, _) = copied(WORDS, &[(from, to)], &Rowed::default());
    assert_eq!((report.counts().copied, report.counts().failed), (1, 1));
    assert_eq!(report.lines[0].key, Some(ItemKey(2)));
    assert!(report.lines[0].reason.as_ref().unwrap().to_string().contains("it is too long"));
}
