//! What changed, and who changed it.

use crate::*;

#[test]
fn what_vanished_is_told_with_what_changed() {
    let script = "C: m1 ENABLE QRESYNC
C: m2 EXAMINE \"INBOX\" (CONDSTORE)
S: * ENABLED QRESYNC
S: m1 OK
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 9] ok
S: * OK [HIGHESTMODSEQ 20] ok
S: m2 OK
C: m3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE) (CHANGEDSINCE 12 VANISHED)
S: * VANISHED (EARLIER) 1:3,5
S: * 2 FETCH (UID 8 FLAGS (\\Seen) RFC822.SIZE 4 MODSEQ (20))
S: m3 OK
";
    let script = "C: m1 LIST \"\" \"\"\nS: * LIST () \"/\" \"\"\nS: m1 OK\n".to_owned()
        + &script.replace("m3", "m4").replace("m2", "m3").replace("m1", "m2");
    source("ENABLE QRESYNC", &script, async |mut store| {
        let state = open(&mut store).await.state;
        assert_eq!(state.mark, 20);
        let since = State { mark: 12, ..state };
        let changes = Changes { changed: keys(&[8]), vanished: Some(keys(&[1, 2, 3, 5])) };
        assert_eq!(store.changes(&since).await.unwrap(), Some(changes));
        assert_eq!(store.items(&keys(&[8]), true).await.unwrap()[&ItemKey(8)].size, Some(4));
        assert_eq!(store.session().exists(), 2, "what vanished earlier is not counted again");
    });
}

#[test]
fn without_qresync_what_vanished_is_not_told() {
    let script = EXAMINED.replace("EXAMINE \"INBOX\"", "EXAMINE \"INBOX\" (CONDSTORE)")
        + "C: m3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE) (CHANGEDSINCE 12)
S: m3 OK
";
    source("CONDSTORE", &script, async |mut store| {
        let state = open(&mut store).await.state;
        let none = Changes { changed: KeySet::new(), vanished: None };
        assert_eq!(store.changes(&State { mark: 12, ..state }).await.unwrap(), Some(none));
    });
}

#[test]
fn others_who_change_or_remove_messages_are_noticed() {
    for (name, news, disturbed) in [
        ("nothing", "* 3 EXISTS", false),
        ("our own change, by its mark", "* 1 FETCH (UID 1 MODSEQ (9))", false),
        ("what was asked for", "* 1 FETCH (UID 1 FLAGS ())", false),
        ("a removal", "* 2 EXPUNGE", true),
        ("a removal, by its UID", "* VANISHED 2", true),
        ("an old removal", "* VANISHED (EARLIER) 2", false),
        ("flags of another", "* 2 FETCH (UID 2 FLAGS (\\Seen))", true),
        ("flags of one without UID", "* 1 FETCH (FLAGS (\\Seen))", true),
    ] {
        let script = SELECTED.to_owned()
            + &format!(
                "C: m3 UID FETCH 1 (UID FLAGS)\nS: {news}\nS: m3 OK\nC: m4 UID STORE 1 +FLAGS.SILENT (\\Seen)\n"
            )
            + "S: * 1 FETCH (UID 1 MODSEQ (9))\nS: m4 OK\n";
        target("", &script, async |mut target| {
            open(&mut target).await;
            target.items(&keys(&[1]), false).await.unwrap();
            let seen = ["\\Seen"].into_iter().collect();
            target.set_flags(&keys(&[1]), &seen, &Flags::new()).await.unwrap();
            assert_eq!(target.is_disturbed(), disturbed, "{name}");
        });
    }
}

#[test]
fn others_are_noticed_while_headers_are_read_and_forgotten_with_their_mailbox() {
    let script = SELECTED.to_owned()
        + "C: m3 UID FETCH 1 (UID BODY.PEEK[HEADER])
S: * 2 FETCH (FLAGS (\\Seen))
S: * 1 FETCH (UID 1 BODY[HEADER] {2}
S: 
S: )
S: m3 OK
C: m4 SELECT \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m4 OK
";
    target("", &script, async |mut target| {
        open(&mut target).await;
        assert!(!target.is_disturbed());
        assert_eq!(target.headers(&keys(&[1])).await.unwrap().len(), 1);
        assert!(target.is_disturbed());
        open(&mut target).await;
        assert!(!target.is_disturbed());
    });
}
