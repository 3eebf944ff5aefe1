use super::*;

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

const LIMIT: u64 = 78;

fn survey(message: &[u8]) -> Anatomy {
    let mut survey = Survey::new(LIMIT);
    survey.push(message);
    survey.finish()
}

fn repair(message: &[u8], steps: &[Step], size: usize) -> (Vec<u8>, Vec<Change>) {
    let anatomy = survey(message);
    let steps: Steps = steps.iter().copied().collect();
    let (mut repair, mut out) = (Repair::new(&anatomy, steps), Vec::new());
    message.chunks(size).for_each(|chunk| repair.push(chunk, &mut out));
    repair.finish(&mut out);
    let counted = Repair::new(&anatomy, steps).count(message.chunks(size));
    assert_eq!(counted, (out.len() as u64, repair.changes()), "counted and sent");
    (out, repair.changes())
}

const GENTLE: [Step; 4] = [Step::LineEnds, Step::Nul, Step::LongLines, Step::Headers];

#[test]
fn each_step_does_its_part_in_any_pieces() {
    use Change::{Encoded, FieldsEncoded, FieldsFolded, FieldsNamed, NulReplaced, Separated};
    use Step::*;
    let long = "x".repeat(79);
    let encoded =
        |fields, assumed: Option<&str>| FieldsEncoded { fields, assumed: assumed.map(str::to_owned) };
    for (name, steps, message, mended, changes) in [
        (
            "nothing to do",
            &GENTLE[..],
            "A: b\r\n\r\nx\r\n".to_owned(),
            "A: b\r\n\r\nx\r\n".to_owned(),
            vec![],
        ),
        ("nothing asked for", &[], "A: \u{e9}\n\nx\0\r".into(), "A: \u{e9}\n\nx\0\r".into(), vec![]),
        (
            "line ends",
            &[LineEnds],
            "A: b\r\r\nC: d\re\n\nx\ry\n".into(),
            "A: b\r\nC: d e\r\n\r\nx\r\ny\r\n".into(),
            vec![Change::LineEnds(6)],
        ),
        (
            "NUL in text",
            &[Nul],
            "MIME-Version: 1.0\r\n\r\nx\0y=\r\n".into(),
            "MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx=00y=3D\r\n".into(),
            vec![Encoded(1)],
        ),
        (
            "NUL in a field and in base64",
            &[Nul],
            "A: b\0c\r\nContent-Transfer-Encoding: base64\r\n\r\nYW\0I=".into(),
            "A: b?c\r\nContent-Transfer-Encoding: base64\r\n\r\nYWI=".into(),
            vec![Encoded(1), NulReplaced(1)],
        ),
        (
            "bytes",
            &[Nul],
            "MIME-Version: 1.0\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: 8bit\r\nC: d\r\n\r\n\0\n"
                .into(),
            "MIME-Version: 1.0\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\nC: d\r\n\r\nAAo="
                .into(),
            vec![Encoded(1)],
        ),
        (
            "long text",
            &[LongLines],
            format!("A: b\r\n\r\n{long}\r\n"),
            format!(
                "A: b\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\n{}=\r\nxxxx\r\n",
                &long[4..]
            ),
            vec![Encoded(1)],
        ),
        (
            "long field",
            &[LongLines],
            format!("A: {}\r\n\r\nx", "b ".repeat(40)),
            format!("A: {}\r\n{}\r\n\r\nx", "b ".repeat(37).trim_end(), " b".repeat(3) + " "),
            vec![FieldsFolded(1)],
        ),
        (
            "unbroken field",
            &[LongLines],
            format!("A: {long}\r\n\r\nx"),
            format!("A: {long}\r\n\r\nx"),
            vec![],
        ),
        (
            "8-bit field",
            &[Headers],
            "Subject: \u{e9}\r\n\r\n\u{e9}".into(),
            "Subject: =?utf-8?b?w6k=?=\r\n\r\n\u{e9}".into(),
            vec![encoded(1, None)],
        ),
        (
            "no field",
            &[Headers],
            "From x\r\nA : b\r\nC: d\r\n\r\n".into(),
            "X-Invalid-Header: From x\r\nA: b\r\nC: d\r\n\r\n".into(),
            vec![FieldsNamed(2)],
        ),
        ("no separator", &[Headers], "A: b\r\nC: d".into(), "A: b\r\nC: d\r\n\r\n".into(), vec![Separated]),
        (
            "no header",
            &[Headers],
            "hello\r\n\r\nworld".into(),
            "\r\nhello\r\n\r\nworld".into(),
            vec![Separated],
        ),
    ] {
        for size in [1, 2, 3, 7, 1000] {
            let (out, made) = repair(message.as_bytes(), steps, size);
            assert_eq!(String::from_utf8_lossy(&out), mended, "{name} by {size}");
            assert_eq!(made, changes, "{name} by {size}");
        }
    }
}

#[test]
fn what_is_not_utf_8_is_said_to_be_assumed() {
    let (out, changes) =
        repair(b"Content-Type: text/plain; charset=koi8-r\r\nSubject: \xc1\r\n\r\n", &GENTLE, 9);
    assert!(out.windows(24).any(|it| it == b"Subject: =?koi8-r?b?wQ=="));
    assert_eq!(changes, [Change::FieldsEncoded { fields: 1, assumed: Some("koi8-r".into()) }]);
}

#[test]
fn a_broken_signature_is_said() {
    let message = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=q\r\n\r\n--q\r\n\r\n{}\r\n--q--\r\n",
        "x".repeat(90)
    );
    let (_, changes) = repair(message.as_bytes(), &[Step::LongLines], 10);
    assert_eq!(changes, [Change::Encoded(1), Change::SignatureBroken]);
}

#[test]
fn a_wrapped_message_is_whole_and_looks_like_itself() {
    let mut message = b"Date: Thu, 1 Jan 1970 00:00:00 +0000\nFrom: J\xc3\xb6rg <j\xc3\xb6rg@example.com>\nMessage-ID: <1@example.com>\r\nSubject: \0\xfc\n".to_vec();
    message.extend((0..=255).cycle().take(5000));
    for size in [1, 57, 1000, 9999] {
        let (out, changes) = repair(&message, &[Step::Wrap], size);
        assert_eq!(changes, [Change::Wrapped]);
        let needs = survey(&out).needs();
        assert!(
            out.is_ascii()
                && !needs.contains(Step::LineEnds)
                && !needs.contains(Step::Headers)
                && !needs.contains(Step::Nul)
        );
        assert!(out.split(|&byte| byte == b'\n').all(|line| line.len() <= 79));
        let parsed = MessageParser::new().parse(&out).unwrap();
        assert_eq!(parsed.attachment(0).unwrap().contents(), message);
        assert_eq!(parsed.attachment(0).unwrap().attachment_name(), Some("original.eml"));
        assert_eq!(parsed.message_id(), Some("1@example.com"));
        assert_eq!(parsed.subject(), Some("?\u{fc}"));
        assert_eq!(parsed.date().map(|date| date.to_timestamp()), Some(0));
    }
}

#[test]
fn the_text_after_the_last_part_is_not_taken_for_a_body() {
    let message = format!("Content-Type: multipart/mixed; boundary=q\r\n\r\n--q--\r\n{}", "x".repeat(90));
    assert_eq!(repair(message.as_bytes(), &GENTLE, 9), (message.clone().into_bytes(), vec![]));
}

#[test]
fn memory_is_bounded() {
    let anatomy = survey(b"");
    let mut repair = Repair::new(&anatomy, GENTLE.into_iter().collect());
    let mut out = Vec::new();
    for piece in [&b"A: "[..], b"x", b"\r", b"\r\n\r\n--", b"y\r"] {
        let piece = piece.repeat(10_000);
        for _ in 0..100 {
            out.clear();
            repair.push(&piece, &mut out);
            assert!(out.len() <= 4 * piece.len() + (1 << 18), "{}", out.len());
        }
    }
}

/// What a reader sees: texts and attachments in their order.
fn seen(message: &Message<'_>) -> Vec<(Option<String>, Vec<u8>)> {
    let parts = message
        .parts
        .iter()
        .filter(|part| !matches!(part.body, PartType::Multipart(_) | PartType::Message(_)));
    parts.map(|part| (part.attachment_name().map(str::to_owned), part.contents().to_vec())).collect()
}

fn body() -> impl Strategy<Value = String> {
    let words = [
        "x",
        "\u{e9}",
        "=",
        " ",
        "\r\n",
        "\0",
        "long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long-long",
        ".",
        "\t",
        "--",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..20)
        .prop_map(|words| words.concat())
}

fn part() -> impl Strategy<Value = String> {
    let heads = [
        "",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: application/x; name=\"\u{e4}.bin\"\r\n",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n",
    ];
    (proptest::sample::select(heads.to_vec()), body()).prop_map(|(head, body)| format!("{head}\r\n{body}"))
}

fn message() -> impl Strategy<Value = String> {
    let head = "From: J\u{f6}rg <j@example.com>\r\nMIME-Version: 1.0\r\n";
    prop_oneof![
        part().prop_map(move |part| format!("{head}{part}")),
        proptest::collection::vec(part(), 1..4).prop_map(move |parts| {
            let parts: String = parts.iter().map(|part| format!("--q\r\n{part}\r\n")).collect();
            format!("{head}Content-Type: multipart/mixed; boundary=q\r\n\r\n{parts}--q--\r\n")
        }),
    ]
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "\r",
        "\n",
        "\r\n",
        "--q",
        "--q--",
        "Content-Type: multipart/mixed; boundary=q\n",
        "Content-Type: a/b\r\n",
        "Content-Transfer-Encoding: base64\n",
        "a: b",
        " ",
        "\0",
        "\u{e9}",
        "Content-Type: message/rfc822\n",
        "From x",
    ];
    let long = "x".repeat(90);
    proptest::collection::vec(0..=words.len(), 0..40).prop_map(move |picks| {
        picks.into_iter().map(|at| words.get(at).copied().unwrap_or(&long)).collect::<String>().into_bytes()
    })
}

proptest! {
    #[test]
    fn f2_write_then_parse(message in message(), size in 1..100usize) {
        let (out, _) = repair(message.as_bytes(), &GENTLE, size);
        prop_assert_eq!(survey(&out).needs(), Steps::NONE);
        let parser = MessageParser::new();
        let (before, after) = (parser.parse(message.as_bytes()).unwrap(), parser.parse(&out).unwrap());
        prop_assert_eq!(seen(&before), seen(&after), "{}", String::from_utf8_lossy(&out));
        prop_assert_eq!(before.from().and_then(|it| it.first()), after.from().and_then(|it| it.first()));
    }

    #[test]
    fn f3_fixed_point(message in any_message()) {
        let (once, _) = repair(&message, &GENTLE, 1000);
        let (twice, changes) = repair(&once, &GENTLE, 1000);
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice), "{:?}", changes);
    }

    #[test]
    fn f4_chunked(message in any_message(), size in 1..20usize, picks in 0..32u32) {
        let steps: Vec<Step> = Step::ALL.into_iter().filter(|step| picks >> *step as u32 & 1 == 1).collect();
        let whole = repair(&message, &steps, usize::MAX);
        prop_assert_eq!(&repair(&message, &steps, size), &whole);
        if steps.contains(&Step::LineEnds) || steps.contains(&Step::Wrap) {
            prop_assert!(!survey(&whole.0).needs().contains(Step::LineEnds));
        }
        if steps.contains(&Step::Nul) {
            prop_assert!(!whole.0.contains(&0));
        }
    }
}
