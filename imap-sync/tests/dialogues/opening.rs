//! A mailbox is opened.

use crate::*;

#[test]
fn a_server_that_knows_no_condstore_after_all_is_asked_without() {
    let script = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 EXAMINE \"INBOX\" (CONDSTORE)
S: m2 BAD no parameters, please
C: m3 EXAMINE \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: m3 OK
";
    source("CONDSTORE", script, async |mut store| {
        let state = State { validity: Validity(7), next: ItemKey(3), count: 2, mark: 0 };
        assert_eq!(open(&mut store).await.state, state);
        assert_eq!(store.changes(&state).await.unwrap(), None, "without a mark nothing is asked");
    });
}

#[test]
fn a_mailbox_without_uidvalidity_is_refused() {
    let script = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 EXAMINE \"INBOX\"
S: * 2 EXISTS
S: m2 OK
";
    source("", script, async |mut store| {
        let error = store.select(&FolderName::inbox(), false).await.unwrap_err();
        assert!(error.to_string().contains("UIDVALIDITY"), "{error}");
    });
}

/// With QRESYNC the news of the mailbox that was open until now come with UIDs.
#[test]
fn news_of_the_last_mailbox_are_not_taken_for_messages_of_the_next() {
    let script = "C: m1 ENABLE QRESYNC
C: m2 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))
S: * ENABLED QRESYNC
S: m1 OK
S: * LIST () \"/\" INBOX
S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 HIGHESTMODSEQ 5)
S: m2 OK
C: m3 EXAMINE \"INBOX\" (CONDSTORE)
C: m4 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 9 FETCH (UID 9 FLAGS (\\Seen))
S: * VANISHED 4
S: * OK [CLOSED] ok
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: m3 OK
S: * 1 FETCH (UID 1 FLAGS () RFC822.SIZE 2)
S: * 2 FETCH (UID 2 FLAGS () RFC822.SIZE 2)
S: m4 OK
";
    source("ENABLE QRESYNC LIST-EXTENDED LIST-STATUS", script, async |mut store| {
        store.folders().await.unwrap();
        store.select(&FolderName::inbox(), true).await.unwrap();
        assert_eq!(store.keys().await.unwrap(), keys(&[1, 2]));
        assert_eq!(store.items(&keys(&[1, 2]), true).await.unwrap().len(), 2);
    });
}

#[test]
fn what_was_removed_between_opening_and_looking_is_not_counted() {
    let script = "C: m1 LIST \"\" \"*\" RETURN (SUBSCRIBED STATUS (MESSAGES UIDNEXT UIDVALIDITY))
S: * LIST () \"/\" INBOX
S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7)
S: m1 OK
C: m2 EXAMINE \"INBOX\"
C: m3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m2 OK
S: * 1 EXPUNGE
S: * 1 FETCH (UID 2 FLAGS () RFC822.SIZE 2)
S: m3 OK
C: m4 UID SEARCH ALL
S: * SEARCH 2
S: m4 OK
";
    source("LIST-EXTENDED LIST-STATUS", script, async |mut store| {
        store.folders().await.unwrap();
        store.select(&FolderName::inbox(), true).await.unwrap();
        assert_eq!(store.keys().await.unwrap(), keys(&[2]));
    });
}
