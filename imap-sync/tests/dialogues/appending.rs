//! Messages are appended.

use crate::*;

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
        assert_eq!(append(&mut target, &["aa", "bb"], true).await, [landed(&[3]), vec![refused]].concat());
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
