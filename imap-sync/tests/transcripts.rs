//! What a real Dovecot said, in pieces of every size.
#![allow(clippy::unwrap_used)]

mod fake;
mod script;

use fake::{block_on, date};
use imap_sync::session::Session;
use imap_sync::wire::{Capabilities, Event, Framer, Response};
use imap_sync::{
    Appended, Body, Changes, Endpoint, Error, Flags, Folder, FolderName, Header, ImapStore, ImapTarget,
    ItemKey, Items, KeySet, Message, Refused, Secret, Source, State, Target, Validity, login,
};
use script::{PIECES, Script, Turn, turns};

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

fn keys(keys: &[u64]) -> KeySet {
    keys.iter().copied().map(ItemKey).collect()
}

fn shown(items: &Items) -> Vec<String> {
    let shown = |(key, item): (&ItemKey, &imap_sync::Item)| {
        let flags = item.flags.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{key} {flags} {}", item.size.unwrap_or_default())
    };
    items.iter().map(shown).collect()
}

/// All that is being read.
async fn bodies(store: &mut impl Source) -> Vec<(u64, Vec<u8>)> {
    let mut bodies = Vec::new();
    while let Some(opened) = store.next().await.unwrap() {
        let mut body = Vec::new();
        while let Some(chunk) = store.chunk().await.unwrap() {
            body.extend(chunk);
        }
        assert_eq!(body.len() as u64, opened.size);
        bodies.push((opened.key.0, body));
    }
    bodies
}

#[test]
fn source_is_read() {
    for piece in PIECES {
        block_on(async {
            let mut store = ImapStore::new(logged_in(SOURCE, piece, 1).await);
            let mut folders = store.folders().await.unwrap();
            folders.sort_by(|one, other| one.name.cmp(&other.name));
            let show = |it: &Folder| {
                let count = it.state.map(|state| state.count);
                format!("{} {} {} {count:?}", it.name, it.selectable, it.subscribed)
            };
            let folders: Vec<String> = folders.iter().map(show).collect();
            assert_eq!(
                folders,
                [
                    "Arbeit false false None",
                    "Arbeit/Gr\u{f6}\u{df}e true true Some(0)",
                    "INBOX true false Some(3)",
                    "Sent true false Some(0)",
                    "quo\"te true false Some(0)",
                ]
            );
            let inbox = FolderName::inbox();
            let before = store.select(&inbox, true).await.unwrap().state;
            let validity = Validity(1_795_186_654);
            assert_eq!(before, State { validity, next: ItemKey(4), count: 3, mark: 5 });
            assert_eq!(store.keys().await.unwrap(), keys(&[1, 2, 3]), "by what was told with the opening");
            let items = store.items(&keys(&[1, 2, 3]), true).await.unwrap();
            assert_eq!(shown(&items), ["1 ($Forwarded \\Seen) 52", "2 (\\Deleted) 28", "3 () 2"]);
            let headers = store.headers(&keys(&[1, 2])).await.unwrap();
            assert_eq!(headers[&ItemKey(1)].message_id.as_deref(), Some("1@example.com"));
            store.open(&keys(&[1, 2, 3])).await.unwrap();
            let bodies = bodies(&mut store).await;
            assert_eq!(Header::of(&bodies[1].1), headers[&ItemKey(2)]);
            assert_eq!(bodies[1].1, b"Subject: two {3}\r\n\r\nsecond\r\n");
            assert_eq!(bodies[2].1, b"\r\n");
            let after = store.select(&inbox, false).await.unwrap().state;
            assert_eq!(after, State { count: 1, mark: 8, ..before });
            let changes = Changes { changed: keys(&[1]), vanished: Some(keys(&[2, 3])) };
            assert_eq!(store.changes(&before).await.unwrap(), Some(changes));
            assert_eq!(store.keys().await.unwrap(), keys(&[1]));
            store.close().await;
        });
    }
}

#[test]
fn target_is_written() {
    for piece in PIECES {
        block_on(async {
            let mut store = ImapTarget::new(logged_in(TARGET, piece, 2).await);
            store.folders().await.unwrap();
            let name = FolderName::from_text(["Arbeit", "Gr\u{f6}\u{df}e"]);
            let folder = [Folder::new(name.clone())];
            assert!(store.create(&folder).await.unwrap()[0].is_ok());
            assert!(store.create(&folder).await.unwrap()[0].is_ok(), "it is no fault that it is there");
            assert!(store.subscribe(std::slice::from_ref(&name)).await.unwrap()[0].is_ok());
            store.select(&name, false).await.unwrap();
            let flags: Flags = ["\\Seen", "$Forwarded"].into_iter().collect();
            let message = Message { flags: flags.clone(), ..message() };
            for text in ["Subject: one\r\n\r\nfirst\r\n", "Subject: two\r\n\r\nsecond\r\n"] {
                store.append(&message, &mut Bytes(Some(text.into()))).await.unwrap();
            }
            let landed = [1, 2].map(|key| Appended::Landed(Some(ItemKey(key))));
            assert_eq!(store.appended().await.unwrap(), landed);
            assert_eq!(store.keys().await.unwrap(), keys(&[1, 2]));
            let flagged: Flags = ["\\Flagged"].into_iter().collect();
            store.set_flags(&keys(&[1, 2]), &flagged, &flags).await.unwrap();
            let items = store.items(&keys(&[1, 2]), false).await.unwrap();
            assert_eq!(shown(&items), ["1 (\\Flagged) 0", "2 (\\Flagged) 0"]);
            assert!(!store.is_disturbed(), "it was all our own doing");
            store.close().await;
        });
    }
}

fn message() -> Message {
    let (flags, validity) = (Flags::new(), Validity::default());
    Message {
        key: ItemKey(1),
        validity,
        flags,
        date: date(1_025_484_265),
        alone: false,
        binary: false,
        undated: false,
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
fn what_is_told_twice_or_not_at_all_is_one_item_with_what_is_known() {
    let script = EXAMINED.to_owned()
        + "C: m3 UID SEARCH ALL
S: * SEARCH 4 6
S: m3 OK
C: m4 UID FETCH 4,6 (UID FLAGS INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (FLAGS NIL UID 4 INTERNALDATE NIL RFC822.SIZE 5)
S: * 2 FETCH (FLAGS (\\Seen))
S: * 1 FETCH (UID 4 FLAGS (\\Seen))
S: * 1 FETCH (UID 4 FLAGS NIL)
S: m4 OK
";
    block_on(async {
        let mut store = store(&script);
        store.select(&FolderName::inbox(), false).await.unwrap();
        let listed = store.keys().await.unwrap();
        assert_eq!(listed, keys(&[4, 6]));
        let items = store.items(&listed, true).await.unwrap();
        assert_eq!(shown(&items), ["4 (\\Seen) 5"]);
        assert_eq!(items[&ItemKey(4)].date, None);
    });
}

#[test]
fn names_are_used_as_they_were_listed() {
    let script = "C: m1 LIST \"\" \"*\"
C: m2 LSUB \"\" \"*\"
S: * LIST () \"/\" Inbox
S: * LIST () \"/\" Inbox/a
S: * LIST () \"/\" INBOX/a
S: * LIST () \"/\" INBOX/a
S: * LIST (\\NonExistent) \"/\" gone
S: * LIST () \".\" shared.b
S: m1 OK
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
        assert!(store.select(&folders[3].name, true).await.is_err());
        assert!(store.select(&FolderName::from_text(["shared", "b"]), true).await.is_err());
    });
}

#[test]
fn what_another_client_expunged_costs_nothing_else() {
    let script = EXAMINED.to_owned()
        + "C: m3 UID FETCH 4:5 (UID BODY.PEEK[])
S: * 1 FETCH (UID 5 BODY[] {1}
S: x)
S: m3 NO some of the messages no longer exist
C: m4 UID FETCH 4 (UID BODY.PEEK[])
S: m4 OK
";
    block_on(async {
        let mut store = store(&script);
        store.select(&FolderName::inbox(), false).await.unwrap();
        store.open(&keys(&[4, 5])).await.unwrap();
        assert_eq!(bodies(&mut store).await, [(5, b"x".to_vec())]);
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
        store.select(&inbox, false).await.unwrap();
        store.open(&keys(&[1, 2, 3, 4])).await.unwrap();
        assert_eq!(bodies(&mut store).await, [(1, b"x".to_vec()), (3, b"y".to_vec())]);
        let refused = (1..=4).filter_map(|key| Some((key, store.refusal(ItemKey(key))?)));
        let refused: Vec<(u64, String)> = refused.collect();
        assert_eq!(refused, [(2, "[SERVERBUG] its file is broken".to_owned())]);
        // Given up: nothing more is asked for.
        store.open(&keys(&[1, 2, 3])).await.unwrap();
        assert!(store.next().await.unwrap().is_some());
        assert!(store.select(&inbox, false).await.is_err());
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
"
        );
    block_on(async {
        let mut store = store(&script);
        store.select(&FolderName::inbox(), false).await.unwrap();
        store.open(&keys(&[1, 2, 3, 4, 5, 6])).await.unwrap();
        let seen: Vec<_> =
            bodies(&mut store).await.into_iter().map(|(key, body)| (key, body.len())).collect();
        assert_eq!(seen, [(1, 70_002), (2, 70_002), (3, 6), (6, 0)]);
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
C: m6 NOOP
S: * 1 EXISTS
S: m6 OK
C: m7 APPEND \"INBOX\" () \" 1-Jul-2002 01:44:25 +0100\" {3}
S: + go on
C: a
C: 
S: m7 OK [APPENDUID 8 9] done
";
    block_on(async {
        let session = Session::new(Script::new(script, 3), Capabilities::default(), 0);
        let mut target = ImapTarget::new(session);
        target.select(&FolderName::inbox(), false).await.unwrap();
        let refused = |code: &str, text: &str| {
            Appended::Refused(Refused { code: Some(code.into()), ..Refused::no(text) })
        };
        let append = async |target: &mut ImapTarget<Script>| {
            target.append(&message(), &mut Bytes(Some(b"a\r\n".to_vec()))).await.unwrap();
        };
        append(&mut target).await;
        assert_eq!(target.appended().await.unwrap(), [refused("OVERQUOTA", "full")]);
        for _ in 0..2 {
            append(&mut target).await;
        }
        assert_eq!(target.appended().await.unwrap(), [refused("INUSE", "busy"), Appended::Landed(None)]);
        append(&mut target).await;
        let error = target.appended().await.unwrap_err();
        assert!(error.is_fatal(), "a key under another validity means nothing");
    });
}

#[test]
fn goodbyes_and_wrong_answers_end_the_session() {
    for answer in ["* BYE shutting down", "x1 OK done", "m9 OK done"] {
        let script = format!("C: m1 LIST \"\" \"*\"\nC: m2 LSUB \"\" \"*\"\nS: {answer}\n");
        let error = block_on(store(&script).folders()).unwrap_err();
        assert!(error.is_fatal(), "{answer}: {error}");
    }
    let refused = "C: m1 LIST \"\" \"*\"\nC: m2 LSUB \"\" \"*\"\nS: m1 NO not you\nS: m2 OK\n";
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

    const ABLE: &str = "ENABLE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS LITERAL+ MULTIAPPEND UIDPLUS";

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
            "m6 OK",
            "m7 OK [APPENDUID 5 9:10] x",
            "m8 OK",
            "* VANISHED (EARLIER) 1:4294967295",
            "* VANISHED 1",
            "* ESEARCH UID ALL 1:4294967295",
            "* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 5 HIGHESTMODSEQ 9)",
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
        fn f1_any_bytes(lines in prop::collection::vec(line(), 0..25), able in any::<bool>()) {
            block_on(async {
                let wire = Babble(lines.into(), Framer::new());
                let can = if able { script::can(ABLE) } else { Capabilities::default() };
                let mut target = ImapTarget::new(Session::new(wire, can, 0));
                let inbox = FolderName::inbox();
                let _ = target.folders().await;
                let _ = target.select(&inbox, true).await;
                let _ = target.changes(&State { mark: 1, ..State::default() }).await;
                if let Ok(keys) = target.keys().await {
                    let _ = target.items(&keys.chunks(10).next().unwrap_or_default(), true).await;
                }
                let _ = target.open(&keys(&[1, 2])).await;
                while let Ok(Some(_)) = target.next().await {
                    while let Ok(Some(_)) = target.chunk().await {}
                }
                for _ in 0..2 {
                    let _ = target.append(&message(), &mut Bytes(Some(b"a".to_vec()))).await;
                }
                let _ = target.appended().await;
                let _ = target.set_flags(&keys(&[1]), &["\\Seen"].into_iter().collect(), &Flags::new()).await;
                let _ = target.is_still().await;
            });
        }
    }
}
