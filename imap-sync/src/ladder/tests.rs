use super::*;

use proptest::prelude::*;

use crate::repair::{Repair, Survey};

fn date(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(text).unwrap()
}

/// Refused with these words, whatever is tried.
fn refusal(line: &str) -> Refusal<'_> {
    let (condition, text) = line.split_once(' ').unwrap_or((line, ""));
    let condition = match condition {
        "BAD" => Condition::Bad,
        "BYE" => Condition::Bye,
        _ => Condition::No,
    };
    let code = text.strip_prefix('[').and_then(|rest| rest.split(']').next());
    Refusal {
        said: Said { condition, code, text },
        size: 1000,
        limit: None,
        binary: false,
        keywords: true,
        flags: true,
        date: date("2001-02-03T04:05:06+01:00"),
        needs: Some([Step::LineEnds, Step::Nul, Step::LongLines, Step::Headers].into_iter().collect()),
    }
}

/// The whole way up, in short.
fn way(refusal: &Refusal<'_>) -> String {
    let mut climb = Climb::default();
    let mut way = Vec::new();
    loop {
        let rung = next_rung(&mut climb, refusal);
        way.push(short(&rung));
        assert!(way.len() < 100, "it does not end: {way:?}");
        if matches!(rung, Rung::GiveUp(_) | Rung::Survey) {
            return way.join(" ");
        }
    }
}

fn short(rung: &Rung) -> String {
    match rung {
        Rung::GiveUp(End::Folder(_)) => "folder".into(),
        Rung::GiveUp(End::Later(_)) => "later".into(),
        Rung::GiveUp(End::OverQuota(_)) => "full".into(),
        Rung::GiveUp(End::Refused(_)) => "end".into(),
        Rung::GiveUp(End::TooBig { .. }) => "big".into(),
        Rung::Survey => "survey".into(),
        Rung::Wait(_) => "wait".into(),
        Rung::Try(attempt) => {
            let kept = |name, kept| match kept {
                Kept::All => String::new(),
                Kept::Safe => format!("{name}?"),
                Kept::None => format!("{name}-"),
            };
            let letter = |step| match step {
                Step::LineEnds => "E",
                Step::Nul => "N",
                Step::LongLines => "L",
                Step::Headers => "H",
                Step::Wrap => "W",
            };
            let steps: String = attempt.repair.iter().map(letter).collect();
            let binary = if attempt.literal8 { "8" } else { "" };
            format!("{}{}{binary}{steps}", kept("f", attempt.flags), kept("d", attempt.date))
        }
    }
}

const BLIND: &str = "f? E EN ENL ENLH W f?W end";

#[test]
fn servers_words_lead_to_the_right_rung() {
    for (name, words, expected) in [
        ("Cyrus, NUL", "NO Message contains NUL characters", "N EN ENL ENLH W f?W end"),
        ("Cyrus, newlines", "NO Message contains bare newlines", "E EN ENL ENLH W f?W end"),
        ("Cyrus, header", "NO Message contains invalid header", "H EH ENH ENLH W f?W end"),
        ("Cyrus, 8-bit", "NO Message contains non-ASCII characters in headers", "H EH ENH ENLH W f?W end"),
        ("Cyrus, separator", "NO Message has no header/body separator", "H EH ENH ENLH W f?W end"),
        (
            "Cyrus, too many keywords",
            "NO [LIMIT] Too many user flags in mailbox",
            "f? f- f-E f-EN f-ENL f-ENLH f-W end",
        ),
        (
            "Cyrus, date",
            "BAD Invalid date-time in Append command",
            "d- f?d- d-E d-EN d-ENL d-ENLH d-W f?d-W end",
        ),
        ("Cyrus, size", "NO Message size exceeds fixed limit", "big"),
        (
            "Dovecot, keyword",
            "BAD Error in IMAP command APPEND: 8bit data in atom",
            "f? f- f-E f-EN f-ENL f-ENLH f-W end",
        ),
        (
            "Dovecot, flag",
            "BAD Error in IMAP command APPEND: Invalid system flag \\Indexed",
            "f? f- f-E f-EN f-ENL f-ENLH f-W end",
        ),
        (
            "Dovecot, date",
            "BAD Error in IMAP command APPEND: Invalid internal date.",
            "d- f?d- d-E d-EN d-ENL d-ENLH d-W f?d-W end",
        ),
        ("Dovecot, full", "NO [OVERQUOTA] Quota exceeded (mailbox for user is full)", "full"),
        ("Dovecot, folder", "NO [TRYCREATE] Mailbox doesn't exist: x", "folder"),
        ("Dovecot, bug", "NO [SERVERBUG] Internal error occurred.", "wait wait wait later"),
        ("Exchange", "BAD Command Argument Error. 11", BLIND),
        (
            "Exchange, throttled",
            "BAD Request is throttled. Suggested Backoff Time: 5 milliseconds",
            &format!("{}later", "wait ".repeat(20)),
        ),
        ("Gmail", "BAD Invalid Arguments: Unable to parse message", "E EN ENL ENLH W f?W end"),
        ("Gmail, too large", "NO [TOOBIG] Message too large.", "big"),
        ("Courier, full", "NO [ALERT] You exceeded your mail quota.", "full"),
        ("Courier, rights", "NO Cannot create message - no write permission or out of disk space.", "folder"),
        ("lines", "NO Line too long", "L EL ENL ENLH W f?W end"),
        ("virus", "NO message contains a virus", "end"),
        ("no words", "NO", BLIND),
        ("broken off", "BYE", &format!("wait {BLIND}")),
    ] {
        assert_eq!(way(&refusal(words)), expected, "{name}");
    }
}

#[test]
fn what_the_message_does_not_need_is_not_tried() {
    let plain = Refusal { needs: Some(Steps::NONE), keywords: false, flags: false, ..refusal("NO no") };
    assert_eq!(way(&plain), "W end");
    assert_eq!(way(&Refusal { needs: None, ..refusal("NO no") }), "f? survey");
    assert_eq!(way(&Refusal { needs: None, ..refusal("NO Message contains NUL characters") }), "survey");
    assert_eq!(way(&Refusal { date: date("1901-01-01T00:00:00Z"), ..plain }), "d? W d?W end");
    assert_eq!(
        way(&Refusal { date: date("2101-01-01T00:00:00Z"), ..refusal("NO bad date") }),
        "d? d- f?d- d-E d-EN d-ENL d-ENLH d-W f?d-W end"
    );
    assert_eq!(
        way(&Refusal {
            binary: true,
            needs: Some(Steps::NONE.with(Step::Nul)),
            ..refusal("NO NUL characters")
        }),
        "8 N W f?W end"
    );
    assert_eq!(way(&Refusal { limit: Some(999), ..refusal("NO no") }), "big");
    assert_eq!(way(&Refusal { limit: Some(2000), ..plain }), "end");
}

#[test]
fn the_first_words_are_reported() {
    let mut climb = Climb::default();
    next_rung(&mut climb, &refusal("NO Message contains NUL characters"));
    for words in ["NO other", "NO other"].iter().cycle().take(20) {
        if let Rung::GiveUp(end) = next_rung(&mut climb, &refusal(words)) {
            assert_eq!(end.to_string(), "the target refuses it: Message contains NUL characters");
            return;
        }
    }
    panic!("it did not end");
}

#[test]
fn a_repair_that_makes_a_message_too_large_does_not_make_it_so() {
    let mut climb = Climb::default();
    assert!(matches!(next_rung(&mut climb, &refusal("NO Line too long")), Rung::Try(_)));
    let end = next_rung(&mut climb, &refusal("NO [TOOBIG] Message too large."));
    assert_eq!(end, Rung::GiveUp(End::Refused("Line too long".into())));
}

#[test]
fn dates_are_fitted() {
    for (from, to) in [
        ("2001-02-03T04:05:06+01:00", "2001-02-03T04:05:06+01:00"),
        ("1901-01-01T00:00:00+01:00", "1970-01-01T01:00:00+01:00"),
        ("2106-01-01T00:00:00Z", "2038-01-19T03:14:07Z"),
    ] {
        assert_eq!(fitted(date(from)).to_rfc3339(), date(to).to_rfc3339());
    }
}

proptest! {
    #[test]
    fn it_ends_and_tries_nothing_twice(words in proptest::collection::vec(0..8usize, 1..80), bits in 0..64u32) {
        let lines = ["NO", "BYE", "BAD x", "NO flags", "NO invalid date", "NO NUL characters", "NO line too long", "NO invalid header"];
        let (mut climb, mut tried) = (Climb::default(), vec![Attempt::default()]);
        for step in 0..400 {
            let base = refusal(lines[words[step % words.len()]]);
            let needs = Step::ALL.into_iter().take(4).filter(|step| bits >> *step as u32 & 1 == 1).collect();
            let refusal = Refusal { needs: Some(needs), binary: bits & 16 != 0, keywords: bits & 32 != 0, ..base };
            match next_rung(&mut climb, &refusal) {
                Rung::Try(attempt) => {
                    prop_assert!(!tried.contains(&attempt), "twice: {:?}", attempt);
                    tried.push(attempt);
                }
                Rung::GiveUp(_) => return Ok(()),
                Rung::Survey | Rung::Wait(_) => {}
            }
        }
        prop_assert!(false, "it does not end");
    }
}

/// A server as strict as Cyrus; with or without words.
fn strict(message: &[u8], words: bool) -> Option<&'static str> {
    let mut survey = Survey::new(LIMIT);
    survey.push(message);
    let anatomy = survey.finish();
    let refused = [
        (anatomy.nul > 0, "NO Message contains NUL characters"),
        (anatomy.bare > 0, "NO Message contains bare newlines"),
        (anatomy.longest > LIMIT, "NO Line too long"),
        (anatomy.eight_bit > 0, "NO Message contains non-ASCII characters in headers"),
        (anatomy.invalid > 0, "NO Message contains invalid header"),
        (!anatomy.separated, "NO Message has no header/body separator"),
    ];
    let (_, said) = refused.into_iter().find(|(refused, _)| *refused)?;
    Some(if words { said } else { "BAD Command Argument Error. 11" })
}

const LIMIT: u64 = 100;

proptest! {
    #[test]
    fn a_strict_server_takes_every_message_at_last(picks in proptest::collection::vec(0..12usize, 0..30), words: bool) {
        let long = "x".repeat(120);
        let alphabet = ["\0", "\r", "\n", "\r\n", "A: b\r\n", "\u{e9}", "To: <\u{e9}@example.com>\n", "no field ", "Content-Type: a/b\r\n", "\r\n\r\n", &long, " "];
        let message: String = picks.iter().map(|&pick| alphabet[pick]).collect();
        let mut survey = Survey::new(LIMIT);
        survey.push(message.as_bytes());
        let anatomy = survey.finish();
        let (mut climb, mut sent) = (Climb::default(), message.clone().into_bytes());
        while let Some(line) = strict(&sent, words) {
            let refusal = Refusal { needs: Some(anatomy.needs()), ..refusal(line) };
            let Rung::Try(attempt) = next_rung(&mut climb, &refusal) else { panic!("given up: {line}") };
            let mut repair = Repair::new(&anatomy, attempt.repair);
            sent.clear();
            repair.push(message.as_bytes(), &mut sent);
            repair.finish(&mut sent);
        }
        if climb.attempt().repair.contains(Step::Wrap) {
            let parsed = mail_parser::MessageParser::new().parse(&sent).unwrap();
            prop_assert_eq!(parsed.attachment(0).unwrap().contents(), message.as_bytes());
            prop_assert_eq!(parsed.attachment_count(), 1);
        }
    }
}
