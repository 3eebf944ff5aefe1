//! What a real Dovecot said, in pieces of every size.
#![allow(clippy::unwrap_used)]

mod fake;
mod script;

use fake::{block_on, date};
use imap_sync::session::Session;
use imap_sync::wire::{Capabilities, Event, Framer, Response};
use imap_sync::{
    Appended, Body, Endpoint, Error, Flags, FolderName, Header, ImapStore, ImapTarget, ItemKey, Message,
    Secret, Source, Target, login,
};
use script::{Script, Turn, turns};

const SOURCE: &str = include_str!("transcripts/dovecot-source.txt");
const TARGET: &str = include_str!("transcripts/dovecot-target.txt");

struct Bytes(Option<Vec<u8>>);

impl Body for Bytes {
    fn size(&self) -> u64 {
        self.0.as_ref().map_or(0, Vec::len) as u64
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.take())
    }
}

/// Logs in by the transcript.
async fn logged_in(transcript: &str, piece: usize, user: u8) -> Session<Script> {
    use imap_sync::dialogue::Wire;
    let mut script = Script::new(transcript, piece);
    let endpoint = Endpoint::parse(&format!("imap://u{user}@script"), true).unwrap();
    let mut login = login::Login::new(&endpoint, Secret::new(format!("pw{user}")), "nonce");
    loop {
        let Event::Response(response) = script.event().await.unwrap() else { panic!("a response") };
        match login.next(&response, true).unwrap() {
            login::Step::Send(bytes) => script.send(&bytes).await.unwrap(),
            login::Step::Done => break,
            login::Step::Compress | login::Step::StartTls => panic!("neither was asked for"),
            login::Step::Wait => {}
        }
    }
    let (can, tag, _) = login.finish();
    assert!(can.has("UIDPLUS"));
    Session::new(script, can, tag)
}

#[test]
fn f4_chunked() {
    let said: Vec<u8> = [SOURCE, TARGET]
        .iter()
        .flat_map(|transcript| turns(transcript))
        .filter_map(|turn| if let Turn::Server(bytes) = turn { Some(bytes) } else { None })
        .flatten()
        .collect();
    let events = |size: usize| {
        let (mut framer, mut events) = (Framer::new(), Vec::new());
        for piece in said.chunks(size) {
            framer.feed(piece);
            events.extend(std::iter::from_fn(|| framer.take().unwrap()));
        }
        assert!(framer.is_empty());
        events
    };
    let whole = events(said.len());
    for size in 1..said.len() {
        assert_eq!(events(size), whole, "in pieces of {size}");
    }
    for event in whole {
        let Event::Response(response) = event else { panic!("only small literals") };
        let parsed = Response::parse(&response);
        assert!(!matches!(parsed, Response::Unknown(_)), "{}", response.escape_ascii());
    }
}

#[test]
fn source_is_read() {
    for piece in [1, 2, 3, 7, 64, 100_000] {
        block_on(async {
            let mut store = ImapStore::new(logged_in(SOURCE, piece, 1).await);
            let folders = store.folders().await.unwrap();
            let shown = folders.iter().map(|it| format!("{} {} {}", it.name, it.selectable, it.subscribed));
            let shown: std::collections::BTreeSet<String> = shown.collect();
            let shown: Vec<String> = shown.into_iter().collect();
            assert_eq!(
                shown,
                [
                    "Arbeit false false",
                    "Arbeit/Gr\u{f6}\u{df}e true true",
                    "INBOX true false",
                    "Sent true false",
                    "quo\"te true false",
                ]
            );
            let inbox = FolderName::inbox();
            let listing = store.list(&inbox).await.unwrap();
            let items: Vec<String> = listing
                .iter()
                .map(|(key, item)| format!("{key} {} {}", item.flags.as_ref().unwrap(), item.size.unwrap()))
                .collect();
            assert_eq!(items, ["1 ($Forwarded \\Seen) 52", "2 (\\Deleted) 28", "3 () 2"]);
            assert_eq!((listing.next, listing.unlisted), (ItemKey(4), 0));
            let keys: Vec<ItemKey> = listing.iter().map(|(key, _)| key).collect();
            let headers = store.headers(&inbox, &keys[..2]).await.unwrap();
            assert_eq!(headers[&ItemKey(1)].message_id.as_deref(), Some("1@example.com"));
            store.open(&inbox, &keys).await.unwrap();
            let mut bodies = Vec::new();
            while let Some(opened) = store.next().await.unwrap() {
                let mut body = Vec::new();
                while let Some(chunk) = store.chunk().await.unwrap() {
                    body.extend(chunk);
                }
                assert_eq!(body.len() as u64, opened.size);
                bodies.push(body);
            }
            assert_eq!(Header::of(&bodies[1]), headers[&ItemKey(2)]);
            assert_eq!(bodies[1], b"Subject: two {3}\r\n\r\nsecond\r\n");
            assert_eq!(bodies[2], b"\r\n");
            store.close().await;
        });
    }
}

#[test]
fn target_is_written() {
    for piece in [1, 5, 100_000] {
        block_on(async {
            let mut store = ImapTarget::new(logged_in(TARGET, piece, 2).await);
            store.folders().await.unwrap();
            let folder = FolderName::from_text(["Arbeit", "Gr\u{f6}\u{df}e"]);
            store.create(&folder).await.unwrap();
            store.create(&folder).await.expect("it is no fault that it is there");
            store.subscribe(&folder).await.unwrap();
            let validity = store.list(&folder).await.unwrap().validity;
            let flags: Flags = ["\\Seen", "$Forwarded"].into_iter().collect();
            let message =
                Message { key: ItemKey(1), validity, flags: flags.clone(), date: date(1_025_484_265) };
            let mut body = Bytes(Some(b"Subject: one\r\n\r\nfirst\r\n".to_vec()));
            let appended = store.append(&folder, &message, &mut body).await.unwrap();
            assert_eq!(appended, Appended::Landed(Some(ItemKey(1))));
            let since = store.list_since(&folder, ItemKey(1)).await.unwrap();
            assert_eq!(since.get(ItemKey(1)).unwrap().flags, Some(flags.clone()));
            let flagged: Flags = ["\\Flagged"].into_iter().collect();
            store.set_flags(&folder, &[ItemKey(1)], &flagged, &flags).await.unwrap();
            let listing = store.list(&folder).await.unwrap();
            assert_eq!(listing.get(ItemKey(1)).unwrap().flags, Some(flagged));
            store.close().await;
        });
    }
}

/// A store whose server says what stands in the script, once the user is logged in.
fn store(script: &str) -> ImapStore<Script> {
    ImapStore::new(Session::new(Script::new(script, 3), Capabilities::default(), 0))
}

const EXAMINED: &str = "C: m1 LIST \"\" \"\"
S: * LIST (\\Noselect) \"/\" \"\"
S: m1 OK
C: m2 EXAMINE \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m2 OK
";

#[test]
fn what_cannot_be_read_is_missing_and_counted() {
    let script = EXAMINED.to_owned()
        + "C: m3 FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (FLAGS NIL UID 4 INTERNALDATE NIL RFC822.SIZE 5)
S: * 2 FETCH (FLAGS (\\Seen))
S: * 1 FETCH (UID 4 FLAGS (\\Seen))
S: * 1 FETCH (UID 4 FLAGS NIL)
S: m3 OK
";
    let listing = block_on(store(&script).list(&FolderName::inbox())).unwrap();
    assert_eq!((listing.len(), listing.unlisted), (1, 1));
    let item = listing.get(ItemKey(4)).unwrap();
    assert_eq!(item.flags, Some(["\\Seen"].into_iter().collect()));
    assert_eq!((item.date, item.size), (None, Some(5)));
}

#[test]
fn names_are_used_as_they_were_listed() {
    let script = "C: m1 LIST \"\" \"*\"
S: * LIST () \"/\" Inbox
S: * LIST () \"/\" Inbox/a
S: * LIST () \"/\" INBOX/a
S: * LIST () \"/\" INBOX/a
S: * LIST (\\NonExistent) \"/\" gone
S: * LIST () \".\" shared.b
S: m1 OK
C: m2 LSUB \"\" \"*\"
S: * LSUB () \"/\" Inbox/a
S: m2 OK
C: m3 EXAMINE \"Inbox/a\"
S: m3 NO
C: m4 EXAMINE \"shared.b\"
S: m4 NO
";
    block_on(async {
        let mut store = store(script);
        let folders = store.folders().await.unwrap();
        let shown: Vec<String> = folders.iter().map(|it| format!("{} {}", it.name, it.subscribed)).collect();
        assert_eq!(shown, ["INBOX/a false", "shared/b false", "INBOX false", "Inbox/a true"]);
        assert!(store.list(&folders[3].name).await.is_err());
        assert!(store.list(&FolderName::from_text(["shared", "b"])).await.is_err());
    });
}

#[test]
fn a_listing_that_moved_is_made_again() {
    let moved = EXAMINED.to_owned()
        + "C: m3 FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 EXPUNGE
S: * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 5)
S: m3 OK
C: m4 EXAMINE \"INBOX\"
S: * 1 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m4 OK
C: m5 FETCH 1:1 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 5)
S: m5 OK
";
    let listing = block_on(store(&moved).list(&FolderName::inbox())).unwrap();
    assert_eq!((listing.len(), listing.unlisted), (1, 0));
}

#[test]
fn what_another_client_expunged_costs_nothing_else() {
    let script = EXAMINED.to_owned()
        + "C: m3 FETCH 1:2 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: m3 NO some of the messages no longer exist
C: m4 EXAMINE \"INBOX\"
S: * 1 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: m4 OK
C: m5 FETCH 1:1 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (UID 5 FLAGS () RFC822.SIZE 1)
S: m5 OK
C: m6 UID FETCH 4:5 (UID BODY.PEEK[])
S: * 1 FETCH (UID 5 BODY[] {1}
S: x)
S: m6 NO some of the messages no longer exist
C: m7 UID FETCH 4 (UID BODY.PEEK[])
S: m7 OK
";
    block_on(async {
        let (mut store, inbox) = (store(&script), FolderName::inbox());
        assert_eq!(store.list(&inbox).await.unwrap().len(), 1);
        store.open(&inbox, &[ItemKey(4), ItemKey(5)]).await.unwrap();
        assert_eq!(store.next().await.unwrap().map(|opened| opened.key), Some(ItemKey(5)));
        assert_eq!(store.next().await.unwrap(), None);
        assert_eq!(store.refusal(ItemKey(4)), None, "it is gone");
    });
}

#[test]
fn a_message_that_is_refused_is_not_taken_for_expunged_and_costs_no_other() {
    let script = EXAMINED.to_owned()
        + "C: m3 UID FETCH 1:4 (UID BODY.PEEK[])
S: * 1 FETCH (UID 1 BODY[] {1}
S: x)
S: m3 NO [SERVERBUG] internal error
C: m4 UID FETCH 2 (UID BODY.PEEK[])
S: m4 NO [SERVERBUG] its file is broken
C: m5 UID FETCH 3 (UID BODY.PEEK[])
S: * 3 FETCH (UID 3 BODY[] {1}
S: y)
S: m5 OK
C: m6 UID FETCH 4 (UID BODY.PEEK[])
S: m6 OK
C: m7 UID FETCH 1:3 (UID BODY.PEEK[])
S: * 1 FETCH (UID 1 BODY[] {1}
S: x)
S: m7 NO again
C: m8 EXAMINE \"INBOX\"
S: m8 NO
";
    block_on(async {
        let (mut store, inbox) = (store(&script), FolderName::inbox());
        let keys: Vec<ItemKey> = (1..=4).map(ItemKey).collect();
        store.open(&inbox, &keys).await.unwrap();
        let mut given = Vec::new();
        while let Some(opened) = store.next().await.unwrap() {
            given.push(opened.key.0);
        }
        assert_eq!(given, [1, 3]);
        let refused = keys.iter().filter_map(|&key| Some((key.0, store.refusal(key)?)));
        let refused: Vec<(u64, String)> = refused.collect();
        assert_eq!(refused, [(2, "[SERVERBUG] its file is broken".to_owned())]);
        // Given up: nothing more is asked for.
        store.open(&inbox, &keys[..3]).await.unwrap();
        assert!(store.next().await.unwrap().is_some());
        assert!(store.list(&inbox).await.is_err());
    });
}

#[test]
fn bodies_in_odd_shapes() {
    let long = "x".repeat(70_000);
    let script = EXAMINED.to_owned()
        + &format!(
            "C: m3 UID FETCH 1:6 (UID BODY.PEEK[])
S: * 1 FETCH (BODY[] {{70002}}
S: {long}
S:  UID 1)
S: * 2 FETCH (UID 2 BODY[] {{70002}}
S: {long}
S: )
S: * 3 FETCH (UID 3 BODY[] \"quoted\")
S: * 4 FETCH (UID 4 BODY[] NIL)
S: * 5 FETCH (FLAGS (\\Seen))
S: * 6 FETCH (UID 6 BODY[] {{0}}
S: )
S: m3 OK
C: m4 NOOP
"
        );
    block_on(async {
        let mut store = store(&script);
        let keys: Vec<ItemKey> = (1..=6).map(ItemKey).collect();
        store.open(&FolderName::inbox(), &keys).await.unwrap();
        let mut seen = Vec::new();
        while let Some(opened) = store.next().await.unwrap() {
            let mut size = 0;
            while let Some(chunk) = store.chunk().await.unwrap() {
                size += chunk.len();
            }
            seen.push((opened.key.0, opened.size, size));
        }
        assert_eq!(seen, [(1, 70_002, 70_002), (2, 70_002, 70_002), (3, 6, 6), (6, 0, 0)]);
    });
}

#[test]
fn appends_wait_for_the_servers_word_and_hear_a_refusal() {
    let script = "C: m1 LIST \"\" \"\"
S: * LIST () NIL \"\"
S: m1 OK
C: m2 SELECT \"INBOX\"
S: * OK [UIDVALIDITY 7] ok
S: m2 OK
C: m3 APPEND \"INBOX\" () \" 1-Jul-2002 01:44:25 +0100\" {3}
S: m3 NO [OVERQUOTA] full
C: m4 APPEND \"INBOX\" () \" 1-Jul-2002 01:44:25 +0100\" {3}
S: + go on
C: a
C: 
S: m4 NO [INUSE] busy
C: m5 APPEND \"INBOX\" () \" 1-Jul-2002 01:44:25 +0100\" {3}
S: + go on
C: a
C: 
S: m5 OK done
C: m6 APPEND \"INBOX\" () \" 1-Jul-2002 01:44:25 +0100\" {3}
S: + go on
C: a
C: 
S: m6 OK [APPENDUID 8 9] done
";
    block_on(async {
        let session = Session::new(Script::new(script, 3), Capabilities::default(), 0);
        let mut target = ImapTarget::new(session);
        let flags = Flags::new();
        let message =
            Message { key: ItemKey(1), validity: Default::default(), flags, date: date(1_025_484_265) };
        let mut appended = Vec::new();
        for _ in 0..4 {
            let mut body = Bytes(Some(b"a\r\n".to_vec()));
            appended.push(target.append(&FolderName::inbox(), &message, &mut body).await);
        }
        let refused = |reason: &str, transient| Appended::Refused { reason: reason.into(), transient };
        let last = appended.pop().unwrap();
        let appended: Vec<Appended> = appended.into_iter().map(Result::unwrap).collect();
        let expected =
            [refused("[OVERQUOTA] full", false), refused("[INUSE] busy", true), Appended::Landed(None)];
        assert_eq!(appended, expected);
        assert!(last.unwrap_err().is_fatal(), "a key under another validity means nothing");
    });
}

#[test]
fn goodbyes_and_wrong_answers_end_the_session() {
    for answer in ["* BYE shutting down", "x1 OK done", "m9 OK done"] {
        let script = format!("C: m1 LIST \"\" \"*\"\nS: {answer}\n");
        let error = block_on(store(&script).folders()).unwrap_err();
        assert!(error.is_fatal(), "{answer}: {error}");
    }
    let refused = "C: m1 LIST \"\" \"*\"\nS: m1 NO not you\n";
    assert!(!block_on(store(refused).folders()).unwrap_err().is_fatal());
}

mod hostile {
    use std::collections::VecDeque;

    use imap_sync::dialogue::Wire;
    use proptest::prelude::*;

    use super::*;

    /// A server that says anything, whatever it is asked.
    struct Babble(VecDeque<Vec<u8>>, Framer);

    impl Wire for Babble {
        async fn send(&mut self, _: &[u8]) -> Result<(), Error> {
            Ok(())
        }

        async fn event(&mut self) -> Result<Event, Error> {
            loop {
                match self.1.take() {
                    Ok(Some(event)) => return Ok(event),
                    Ok(None) => match self.0.pop_front() {
                        Some(bytes) => self.1.feed(&bytes),
                        None => return Err(Error::store("babble", "is over")),
                    },
                    Err(error) => return Err(Error::store("babble", error)),
                }
            }
        }

        fn host(&self) -> &str {
            "babble"
        }
    }

    fn line() -> impl Strategy<Value = Vec<u8>> {
        let known = prop::sample::select(vec![
            "m1 OK",
            "m2 OK",
            "m3 OK",
            "m4 OK",
            "m5 OK",
            "m3 NO x",
            "* BYE",
            "+ x",
            "* 3 EXISTS",
            "* 1 EXPUNGE",
            "* OK [UIDVALIDITY 5] x",
            "* OK [UIDNEXT 0] x",
            "* LIST () \"/\" INBOX",
            "* LSUB () NIL \"\"",
            "* 1 FETCH (UID 1 FLAGS () BODY[] {3}\r\nabc)",
            "* 2 FETCH (BODY[] {70000}",
            "* 2 FETCH (UID 2 BODY[] {70000}",
            "* 9 FETCH (UID 18446744073709551615 RFC822.SIZE 18446744073709551615)",
            ") UID 4)",
            "m4 OK [APPENDUID 5 9] x",
        ]);
        let padding = prop_oneof![Just(Vec::new()), Just(vec![b'x'; 70_000])];
        prop_oneof![
            8 => known.prop_map(|line| format!("{line}\r\n").into_bytes()),
            1 => prop::collection::vec(any::<u8>(), 0..20),
            1 => padding,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn f1_any_bytes(lines in prop::collection::vec(line(), 0..25)) {
            block_on(async {
                let wire = Babble(lines.into(), Framer::new());
                let mut target = ImapTarget::new(Session::new(wire, Capabilities::default(), 0));
                let inbox = FolderName::inbox();
                let _ = target.folders().await;
                let _ = target.list(&inbox).await;
                let _ = target.open(&inbox, &[ItemKey(1), ItemKey(2)]).await;
                while let Ok(Some(_)) = target.next().await {
                    while let Ok(Some(_)) = target.chunk().await {}
                }
                let flags = Flags::new();
                let message = Message { key: ItemKey(1), validity: Default::default(), flags, date: date(0) };
                let _ = target.append(&inbox, &message, &mut Bytes(Some(b"a".to_vec()))).await;
                let _ = target.list_since(&inbox, ItemKey(u64::MAX)).await;
            });
        }
    }
}
