//! What is said with what a server can do, and what comes of its answers: in pieces of every size.
#![allow(clippy::unwrap_used)]

mod fake;
mod script;

use fake::{FakeMemory, Fuse, Rowed, block_on, date};
use imap_sync::session::Session;
use imap_sync::{
    Appended, Body, Changes, Error, Flags, Folder, FolderName, ImapStore, ImapTarget, ItemKey, KeySet,
    Message, Policy, Refused, Report, Source, SpecialUse, State, Target, Unwatched, Validity, run,
};
use script::{PIECES, Script, Scripts, can};

/// As a source, over each size of pieces.
fn source(words: &str, script: &str, test: impl AsyncFn(ImapStore<Script>)) {
    for piece in PIECES {
        let session = Session::new(Script::new(script, piece), can(words), 0);
        block_on(test(ImapStore::new(session)));
    }
}

/// As a target, over each size of pieces.
fn target(words: &str, script: &str, test: impl AsyncFn(ImapTarget<Script>)) {
    for piece in PIECES {
        let session = Session::new(Script::new(script, piece), can(words), 0);
        block_on(test(ImapTarget::new(session)));
    }
}

/// Copies by scripts, a pair of them for each connection, over each size of pieces: always the same.
fn copied(words: &str, pairs: &[(&'static str, &'static str)], rows: &Rowed) -> (Report, Rowed) {
    let copy = |piece| {
        let memory = FakeMemory::new(rows.clone(), &Fuse::never());
        let scripts = Scripts::new(words, piece, pairs);
        let report = block_on(run(&scripts, &memory, &Policy::default(), &Unwatched)).unwrap();
        assert!(report.error.is_none(), "{:?}", report.error);
        (report, memory.rows())
    };
    let first = copy(PIECES[0]);
    for piece in PIECES {
        let (report, rows) = copy(piece);
        assert_eq!((report.counts(), &report.lines, &rows), (first.0.counts(), &first.0.lines, &first.1));
    }
    first
}

fn keys(keys: &[u64]) -> KeySet {
    keys.iter().copied().map(ItemKey).collect()
}

struct Bytes(Option<Vec<u8>>);

impl Body for Bytes {
    fn size(&self) -> u64 {
        self.0.as_ref().map_or(0, Vec::len) as u64
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.take())
    }
}

/// Appends messages to the open folder; what became of them.
async fn append(target: &mut ImapTarget<Script>, bodies: &[&str], alone: bool) -> Vec<Appended> {
    for body in bodies {
        let (flags, validity) = (Flags::new(), Validity(7));
        let message = Message {
            key: ItemKey(1),
            validity,
            flags,
            date: date(1_025_484_265),
            alone,
            binary: false,
            undated: false,
        };
        target.append(&message, &mut Bytes(Some(body.as_bytes().to_vec()))).await.unwrap();
    }
    target.appended().await.unwrap()
}

fn landed(keys: &[u64]) -> Vec<Appended> {
    keys.iter().map(|&key| Appended::Landed(Some(ItemKey(key)))).collect()
}

async fn open(store: &mut impl Source) -> imap_sync::Selected {
    store.select(&FolderName::inbox(), false).await.unwrap()
}

const SELECTED: &str = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 SELECT \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: m2 OK
";

const EXAMINED: &str = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 EXAMINE \"INBOX\"
S: * 2 EXISTS
S: * OK [UIDVALIDITY 7] ok
S: * OK [UIDNEXT 3] ok
S: m2 OK
";

mod opening {
    use super::*;

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
}

mod changes {
    use super::*;

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
}

mod listing {
    use super::*;

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
}

mod making {
    use super::*;

    const USES: &str = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 CREATE \"Sent\" (USE (\\Sent))
C: m3 CREATE \"there\"
C: m4 CREATE \"refused\"
S: m2 NO [USEATTR] not that
S: m3 NO [ALREADYEXISTS] it is there
S: m4 NO not you
C: m5 CREATE \"Sent\"
S: m5 OK
";

    #[test]
    fn a_use_that_is_refused_costs_no_folder_and_one_that_is_there_is_no_fault() {
        target("CREATE-SPECIAL-USE", USES, async |mut target| {
            let folder = |name: &str| Folder::new(FolderName::from_text([name]));
            let sent = Folder { special: Some(SpecialUse::Sent), ..folder("Sent") };
            let made = target.create(&[sent, folder("there"), folder("refused")]).await.unwrap();
            assert!(made[0].is_ok() && made[1].is_ok(), "{made:?}");
            assert!(made[2].as_ref().unwrap_err().to_string().contains("not you"));
        });
    }

    #[test]
    fn no_use_is_named_to_a_server_that_cannot_keep_it() {
        let script = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 CREATE \"Sent\"
S: m2 OK
C: m3 SUBSCRIBE \"Sent\"
C: m4 SUBSCRIBE \"other\"
S: m3 NO not you
S: m4 OK
";
        target("SPECIAL-USE", script, async |mut target| {
            let names = ["Sent", "other"].map(|name| FolderName::from_text([name]));
            let sent = Folder { special: Some(SpecialUse::Sent), ..Folder::new(names[0].clone()) };
            assert!(target.create(&[sent]).await.unwrap()[0].is_ok());
            let done = target.subscribe(&names).await.unwrap();
            assert!(done[0].is_err() && done[1].is_ok());
        });
    }
}

mod appending {
    use super::*;

    const FIRST: &str = "\"INBOX\" () \" 1-Jul-2002 01:44:25 +0100\"";
    const NEXT: &str = "() \" 1-Jul-2002 01:44:25 +0100\"";

    fn script(said: &str) -> String {
        SELECTED.to_owned() + &said.replace("@FIRST@", FIRST).replace("@NEXT@", NEXT)
    }

    #[test]
    fn several_in_one_command_are_told_as_a_set() {
        let said = script(
            "C: m3 APPEND @FIRST@ {2+}
C: aa @NEXT@ {2+}
C: bb @NEXT@ {2+}
C: cc
S: * 5 EXISTS
S: m3 OK [APPENDUID 7 3:4,6] done
",
        );
        target("LITERAL+ MULTIAPPEND", &said, async |mut target| {
            open(&mut target).await;
            assert_eq!(append(&mut target, &["aa", "bb", "cc"], false).await, landed(&[3, 4, 6]));
            assert!(!target.is_disturbed());
        });
    }

    #[test]
    fn each_of_several_waits_for_the_servers_word() {
        let said = script(
            "C: m3 APPEND @FIRST@ {2}
S: + go on
C: aa @NEXT@ {2}
S: + go on
C: bb
S: m3 OK [APPENDUID 7 3:4] done
",
        );
        target("MULTIAPPEND", &said, async |mut target| {
            open(&mut target).await;
            assert_eq!(append(&mut target, &["aa", "bb"], false).await, landed(&[3, 4]));
        });
    }

    #[test]
    fn a_group_that_is_refused_is_spoilt_and_one_alone_says_why() {
        let said = script(
            "C: m3 APPEND @FIRST@ {2+}
C: aa @NEXT@ {2+}
C: bb
S: m3 NO [TOOBIG] one of them is too long
C: m4 APPEND @FIRST@ {2+}
C: aa
C: m5 APPEND @FIRST@ {2+}
C: bb
S: m4 OK [APPENDUID 7 3] done
S: m5 NO [TOOBIG] it is too long
",
        );
        target("LITERAL+ MULTIAPPEND", &said, async |mut target| {
            open(&mut target).await;
            assert_eq!(append(&mut target, &["aa", "bb"], false).await, [Appended::Spoilt, Appended::Spoilt]);
            let code = Some("TOOBIG".to_owned());
            let refused = Appended::Refused(Refused { code, ..Refused::no("it is too long") });
            assert_eq!(
                append(&mut target, &["aa", "bb"], true).await,
                [landed(&[3]), vec![refused]].concat()
            );
        });
    }

    #[test]
    fn a_group_that_is_refused_in_its_middle_is_spoilt() {
        let said = script(
            "C: m3 APPEND @FIRST@ {2}
S: + go on
C: aa @NEXT@ {2}
S: m3 NO [OVERQUOTA] full
C: m4 APPEND @FIRST@ {2}
S: + go on
C: cc
S: m4 OK [APPENDUID 7 3] done
",
        );
        target("MULTIAPPEND", &said, async |mut target| {
            open(&mut target).await;
            let outcomes = append(&mut target, &["aa", "bb", "cc"], false).await;
            assert_eq!(outcomes, [vec![Appended::Spoilt, Appended::Spoilt], landed(&[3])].concat());
        });
    }

    #[test]
    fn single_commands_fly_where_no_literal_waits() {
        let said = script(
            "C: m3 APPEND @FIRST@ {2+}
C: aa
C: m4 APPEND @FIRST@ {2+}
C: bb
C: m5 APPEND @FIRST@ {2+}
C: cc
S: m3 OK [APPENDUID 7 3] done
S: m4 NO [INUSE] later
S: m5 OK [APPENDUID 7 4] done
",
        );
        target("LITERAL+", &said, async |mut target| {
            open(&mut target).await;
            let code = Some("INUSE".to_owned());
            let busy = Appended::Refused(Refused { code, ..Refused::no("later") });
            let outcomes = append(&mut target, &["aa", "bb", "cc"], false).await;
            assert_eq!(outcomes, [landed(&[3]), vec![busy], landed(&[4])].concat());
        });
    }

    /// RFC 7888 section 5: up to 4096 bytes go at once, and what is longer waits until all before it is answered.
    #[test]
    fn a_long_literal_waits_where_only_short_ones_go_at_once() {
        let long = "x".repeat(4097);
        let said = script(
            "C: m3 APPEND @FIRST@ {2+}
C: aa
C: m4 APPEND @FIRST@ {4096+}
C: @4096@
S: m3 OK [APPENDUID 7 3] done
S: m4 OK [APPENDUID 7 4] done
C: m5 APPEND @FIRST@ {4097}
S: + go on
C: @4097@
S: m5 OK [APPENDUID 7 5] done
",
        );
        let said = said.replace("@4096@", &long[1..]).replace("@4097@", &long);
        target("LITERAL-", &said, async |mut target| {
            open(&mut target).await;
            assert_eq!(append(&mut target, &["aa", &long[1..], &long], false).await, landed(&[3, 4, 5]));
        });
    }

    #[test]
    fn a_set_of_another_length_or_none_means_that_they_have_to_be_looked_for() {
        for code in ["", "[APPENDUID 7 3] ", "[APPENDUID 7 3:5] ", "[APPENDUID 7 x] "] {
            let said = script(&format!(
                "C: m3 APPEND @FIRST@ {{2+}}
C: aa @NEXT@ {{2+}}
C: bb
S: m3 OK {code}done
C: m4 NOOP
S: * 4 EXISTS
S: m4 OK
"
            ));
            target("LITERAL+ MULTIAPPEND", &said, async |mut target| {
                open(&mut target).await;
                let outcomes = append(&mut target, &["aa", "bb"], false).await;
                assert_eq!(outcomes, [Appended::Landed(None), Appended::Landed(None)], "{code}");
            });
        }
    }
}

mod runs {
    use super::*;

    const WORDS: &str =
        "CONDSTORE ENABLE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL+ MULTIAPPEND QRESYNC UIDPLUS";

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
}
