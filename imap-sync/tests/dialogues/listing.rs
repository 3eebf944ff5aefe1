//! Mailboxes and messages are listed.

use crate::*;

#[test]
fn keys_come_as_a_set_where_the_server_can() {
    let script = EXAMINED.to_owned()
        + "C: m3 UID SEARCH RETURN (ALL) ALL
S: * ESEARCH (TAG \"m3\") UID ALL 1,5:7
S: m3 OK
";
    source("ESEARCH", &script, async |mut store| {
        open(&mut store).await;
        assert_eq!(store.keys().await.unwrap(), keys(&[1, 5, 6, 7]));
    });
}

#[test]
fn a_search_that_finds_less_than_there_is_is_counted_off() {
    for (name, found) in [
        ("too little", "S: * SEARCH 5\nS: m3 OK"),
        ("nothing", "S: * SEARCH\nS: m3 OK"),
        ("no answer", "S: m3 OK"),
        ("refused", "S: m3 NO not here"),
        ("unknown", "S: m3 BAD what?"),
    ] {
        let script = EXAMINED.to_owned()
            + &format!("C: m3 UID SEARCH ALL\n{found}\n")
            + "C: m4 NOOP
S: m4 OK
C: m5 FETCH 1:2 (UID)
S: * 1 FETCH (UID 4)
S: * 2 FETCH (UID 5)
S: m5 OK
";
        source("", &script, async |mut store| {
            open(&mut store).await;
            assert_eq!(store.keys().await.unwrap(), keys(&[4, 5]), "{name}");
        });
    }
}

#[test]
fn numbers_that_moved_are_counted_off_again() {
    let script = EXAMINED.to_owned()
        + "C: m3 UID SEARCH ALL
S: m3 NO not here
C: m4 NOOP
S: * 3 EXISTS
S: m4 OK
C: m5 FETCH 1:3 (UID)
S: * 1 EXPUNGE
S: * 1 FETCH (UID 5)
S: m5 OK
C: m6 FETCH 1:2 (UID)
S: * 1 FETCH (UID 5)
S: * 2 FETCH (UID 6)
S: m6 OK
";
    source("", &script, async |mut store| {
        open(&mut store).await;
        assert_eq!(store.keys().await.unwrap(), keys(&[5, 6]));
    });
}

#[test]
fn each_mailbox_is_asked_for_its_numbers_in_one_flight_where_a_listing_has_none() {
    let script = "C: m1 LIST \"\" \"*\"
C: m2 LSUB \"\" \"*\"
S: * LIST () \"/\" INBOX
S: * LIST (\\Noselect) \"/\" parent
S: * LIST () \"/\" parent/child
S: m1 OK
S: * LSUB () \"/\" INBOX
S: m2 OK
C: m3 STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)
C: m4 STATUS \"parent/child\" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)
S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 HIGHESTMODSEQ 5)
S: m3 OK
S: m4 NO not now
";
    source("CONDSTORE", script, async |mut store| {
        let folders = store.folders().await.unwrap();
        let states: Vec<_> = folders.iter().map(|it| (it.name.to_string(), it.state)).collect();
        let state = State { validity: Validity(7), next: ItemKey(3), count: 2, mark: 5 };
        let expected = [("INBOX", Some(state)), ("parent", None), ("parent/child", None)];
        assert_eq!(states, expected.map(|(name, state)| (name.to_owned(), state)));
    });
}

#[test]
fn a_name_without_a_mailbox_is_a_parent_if_it_is_subscribed_to() {
    let script = "C: m1 LIST \"\" \"*\" RETURN (SUBSCRIBED)
S: * LIST (\\NonExistent \\Subscribed) \"/\" parent
S: * LIST (\\Subscribed) \"/\" parent/child
S: * LIST (\\NonExistent) \"/\" gone
S: m1 OK
";
    source("LIST-EXTENDED", script, async |mut store| {
        let folders = store.folders().await.unwrap();
        let seen = folders.iter().map(|it| (it.name.to_string(), it.selectable, it.subscribed));
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, [("parent".into(), false, true), ("parent/child".into(), true, true)]);
    });
}
