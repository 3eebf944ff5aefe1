//! From the greeting to the login, line by line.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imap_sync::login::{Login, Step};
use imap_sync::{Endpoint, Identity, Mechanism, Proof, Proxy, Secret};

const PASSWORD: &str = "sesame";

/// What was sent, and how it ended: with whose mailbox.
type Played = (Vec<String>, Result<Identity, String>);

/// Plays a script: lines come from the server, the answers are collected. ` ++` comes in one piece with the next.
fn play(url: &str, plaintext: bool, admin: Option<&str>, script: &[&str]) -> Played {
    let endpoint = Endpoint::parse(url, plaintext).unwrap().with_admin(admin.map(str::to_owned));
    play_as(&endpoint, password(), script)
}

fn play_as(endpoint: &Endpoint, proof: Proof, script: &[&str]) -> Played {
    let mut login = Login::new(endpoint, proof, "fyko+d2lbbFgONRv9qkxdawL");
    let mut sent = Vec::new();
    for line in script {
        let (line, quiet) = line.strip_suffix(" ++").map_or((*line, true), |line| (line, false));
        let step = match login.next(line.as_bytes(), quiet) {
            Ok(Step::StartTls) => {
                sent.push("TLS".into());
                login.secured()
            }
            step => step,
        };
        match step {
            Ok(Step::Send(bytes)) => sent.push(String::from_utf8(bytes).unwrap().trim_end().into()),
            Ok(Step::Done) => return (sent, Ok(login.finish().2.identity)),
            Ok(_) => {}
            Err(error) => return (sent, Err(error.to_string())),
        }
    }
    (sent, Err("unfinished".into()))
}

fn password() -> Proof {
    Proof::Password(Secret::new(PASSWORD))
}

fn endpoint() -> Endpoint {
    Endpoint::parse("imaps://u@h", false).unwrap()
}

fn secret_was_sent(sent: &[String]) -> bool {
    sent.iter().any(|line| line.contains("LOGIN ") || line.contains("PLAIN"))
}

#[test]
fn plain_with_initial_response() {
    let (sent, end) = play(
        "imaps://u@h",
        false,
        None,
        &[
            "* OK hi",
            "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN",
            "m1 OK done",
            "m2 OK [CAPABILITY IMAP4rev1 UIDPLUS] in",
        ],
    );
    assert_eq!(sent, ["m1 CAPABILITY", "m2 AUTHENTICATE PLAIN AHUAc2VzYW1l"]);
    assert_eq!(end, Ok(Identity::Unproved));
}

#[test]
fn plain_of_an_administrator_waits_for_the_continuation() {
    let script = ["* OK", "* CAPABILITY AUTH=PLAIN", "m1 OK", "+ ", "m2 OK in", "* CAPABILITY X", "m3 OK"];
    let (sent, end) = play("imaps://u@h", false, Some("boss"), &script);
    let message = STANDARD.encode("u\0boss\0sesame");
    assert_eq!(sent, ["m1 CAPABILITY", "m2 AUTHENTICATE PLAIN", message.as_str(), "m3 CAPABILITY"]);
    assert_eq!(end, Ok(Identity::Unproved));
}

#[test]
fn login_where_there_is_no_sasl() {
    let script = ["* OK", "* CAPABILITY IMAP4rev1", "m1 OK", "m2 OK [CAPABILITY X] in"];
    let (sent, end) = play("imap://u@h", true, None, &script);
    assert_eq!(sent, ["m1 CAPABILITY", "m2 LOGIN \"u\" \"sesame\""]);
    assert_eq!(end, Ok(Identity::Unproved));
}

#[test]
fn starttls_forgets_what_was_said_before() {
    let (sent, end) = play(
        "imap://u@h",
        false,
        None,
        &[
            "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi",
            "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR",
            "* LIST () \"/\" INBOX",
            "m1 OK [CAPABILITY AUTH=PLAIN SASL-IR] go",
            "* CAPABILITY IMAP4rev1",
            "m2 OK",
            "m3 OK in",
            "* CAPABILITY IMAP4rev1",
            "m4 OK",
        ],
    );
    let expected = ["m1 STARTTLS", "TLS", "m2 CAPABILITY", "m3 LOGIN \"u\" \"sesame\"", "m4 CAPABILITY"];
    assert_eq!(sent, expected);
    assert_eq!(end, Ok(Identity::Unproved));
}

#[test]
fn attacks_on_starttls_end_before_the_password() {
    for (name, script) in [
        ("refused", &["* OK", "m1 NO not now"][..]),
        ("not known", &["* OK", "m1 BAD what"]),
        ("response injected after it", &["* OK", "m1 OK go ++"]),
        ("bytes after the greeting", &["* OK ++"]),
        ("preauth", &["* PREAUTH hello u"]),
        ("preauth with a referral", &["* PREAUTH [REFERRAL imap://evil.example/] hello"]),
        ("wrong tag", &["* OK", "x9 OK go"]),
        ("answer before the command", &["m1 OK go"]),
        ("no greeting", &["* CAPABILITY IMAP4rev1"]),
        ("goodbye", &["* BYE busy"]),
        ("goodbye later", &["* OK", "* BYE busy"]),
        ("a continuation", &["* OK", "+ go on"]),
    ] {
        let (sent, end) = play("imap://u@h", false, None, script);
        assert!(!secret_was_sent(&sent) && !sent.contains(&"TLS".into()), "{name}: {sent:?}");
        assert!(end.is_err_and(|error| error != "unfinished" && !error.contains(PASSWORD)), "{name}");
    }
}

#[test]
fn login_is_not_tried_where_it_is_disabled_or_cannot_work() {
    for (admin, can) in [(None, "LOGINDISABLED"), (Some("boss"), "IMAP4rev1")] {
        let line = format!("* CAPABILITY {can}");
        let (sent, end) = play("imaps://u@h", false, admin, &["* OK", line.as_str(), "m1 OK"]);
        assert!(!secret_was_sent(&sent) && end.is_err());
    }
}

#[test]
fn refusal_names_the_user_and_hides_the_secret() {
    let script = ["* OK", "* CAPABILITY IMAP4rev1", "m1 OK", "m2 NO [AUTHENTICATIONFAILED] no"];
    let (_, end) = play("imaps://u@h", false, None, &script);
    assert_eq!(end, Err("u may not log in to h: no".into()));
    let login = Login::new(&endpoint(), password(), "n");
    assert!(!format!("{login:?}").contains(PASSWORD));
}

#[test]
fn state_that_holds_the_secret_is_not_shown() {
    let mut login = Login::new(&endpoint(), password(), "n");
    for line in ["* OK", "* CAPABILITY AUTH=PLAIN", "m1 OK"] {
        login.next(line.as_bytes(), true).unwrap();
    }
    assert_eq!(format!("{login:?}"), "Login(u on h ..)");
}

#[test]
fn a_greeting_under_tls_that_tells_how_to_log_in_saves_the_question() {
    let told = ["* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi", "* CAPABILITY X", "m1 OK in"];
    let (sent, end) = play("imaps://u@h", false, None, &told);
    assert_eq!(
        (sent.as_slice(), end),
        (&["m1 AUTHENTICATE PLAIN AHUAc2VzYW1l".into()][..], Ok(Identity::Unproved))
    );
    for (name, url, plaintext, greeting) in [
        ("an excerpt", "imaps://u@h", false, "* OK [CAPABILITY IMAP4rev1] hi"),
        ("plain text", "imap://u@h", true, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi"),
    ] {
        assert_eq!(play(url, plaintext, None, &[greeting]).0, ["m1 CAPABILITY"], "{name}");
    }
}

#[test]
fn scram_is_spoken_to_its_end() {
    let user = Endpoint::parse("imaps://user@h", false).unwrap();
    let pencil = || Proof::Password(Secret::new("pencil"));
    let plus = |words: &str| format!("+ {}", STANDARD.encode(words));
    let challenge = plus("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
    let signature = plus("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    let greeting = "* OK [CAPABILITY SASL-IR AUTH=SCRAM-SHA-1] hi";
    let in_ = "m1 OK [CAPABILITY X] in";
    let (sent, end) = play_as(&user, pencil(), &[greeting, &challenge, &signature, in_]);
    assert_eq!(end, Ok(Identity::Unproved));
    assert_eq!(sent.len(), 3);
    assert!(sent[0].starts_with("m1 AUTHENTICATE SCRAM-SHA-1 ") && sent[2].is_empty());
    let (_, end) = play_as(&user, pencil(), &[greeting, &challenge, in_]);
    assert!(
        end.is_err_and(|error| error.contains("not proved")),
        "let in before the server has proved itself"
    );
    let forged = plus("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let (sent, end) = play_as(&user, pencil(), &[greeting, &challenge, &forged, "m1 OK in"]);
    assert_eq!(sent[2], "*", "the exchange is broken off");
    assert!(end.is_err_and(|error| error.contains("does not know the password")));
}

#[test]
fn each_way_to_log_in() {
    let token = || Proof::Token(Secret::new("t0k"));
    let admin = |proxy| endpoint().with_admin(Some("boss".into())).with_proxy(proxy);
    let b64 = |words: &str| STANDARD.encode(words);
    for (name, endpoint, proof, can, script, expected) in [
        (
            "cram",
            endpoint(),
            password(),
            "LOGINDISABLED AUTH=CRAM-MD5",
            vec!["+ PDFAaD4="],
            vec!["AUTHENTICATE CRAM-MD5".to_owned(), b64("u e8729704baf00529c93a9da70fd0caba")],
        ),
        (
            "SASL LOGIN",
            endpoint().with_mechanism(Some(Mechanism::Login)),
            password(),
            "AUTH=LOGIN SASL-IR",
            vec!["+ VXNlcm5hbWU6", "+ Password:"],
            vec!["AUTHENTICATE LOGIN".into(), b64("u"), b64("sesame")],
        ),
        (
            "token",
            endpoint(),
            token(),
            "AUTH=XOAUTH2 SASL-IR",
            vec![],
            vec![format!("AUTHENTICATE XOAUTH2 {}", b64("user=u\x01auth=Bearer t0k\x01\x01"))],
        ),
        (
            "external",
            endpoint(),
            Proof::Certificate,
            "AUTH=EXTERNAL",
            vec!["+"],
            vec!["AUTHENTICATE EXTERNAL".into(), b64("u")],
        ),
        (
            "master",
            admin(Proxy::Master { separator: '*' }),
            password(),
            "AUTH=PLAIN SASL-IR",
            vec![],
            vec![format!("AUTHENTICATE PLAIN {}", b64("\0u*boss\0sesame"))],
        ),
        (
            "authzid",
            admin(Proxy::Authzid),
            password(),
            "AUTH=SCRAM-SHA-256 SASL-IR",
            vec![],
            vec![format!("AUTHENTICATE SCRAM-SHA-256 {}", b64("n,a=u,n=boss,r=fyko+d2lbbFgONRv9qkxdawL"))],
        ),
    ] {
        let greeting = format!("* OK [CAPABILITY AUTH=X {can}] hi");
        let script = [vec![greeting.as_str()], script].concat();
        let (mut sent, end) = play_as(&endpoint, proof, &script);
        sent[0] = sent[0].strip_prefix("m1 ").unwrap().to_owned();
        assert_eq!((sent, end), (expected, Err("unfinished".into())), "{name}");
    }
}

#[test]
fn proxyauth_follows_the_administrators_login() {
    let endpoint = endpoint().with_admin(Some("boss".into())).with_proxy(Proxy::Command);
    let script =
        ["* OK", "* CAPABILITY X", "m1 OK", "m2 OK [CAPABILITY ID] in", "m3 OK", "* CAPABILITY Y", "m4 OK"];
    let (sent, end) = play_as(&endpoint, password(), &script);
    assert_eq!(
        sent,
        ["m1 CAPABILITY", "m2 LOGIN \"boss\" \"sesame\"", "m3 PROXYAUTH \"u\"", "m4 CAPABILITY"]
    );
    assert_eq!(end, Ok(Identity::Unproved));
    let (_, end) = play_as(&endpoint, password(), &[&script[..4], &["m3 NO who is that"]].concat());
    assert_eq!(end, Err("boss for u may not log in to h: PROXYAUTH: who is that".into()));
}

#[test]
fn a_refused_token_is_reported_in_the_servers_words() {
    let json = STANDARD.encode(r#"{"status":"invalid_token"}"#);
    let challenge = format!("+ {json}");
    let script = ["* OK [CAPABILITY AUTH=OAUTHBEARER SASL-IR] hi", &challenge, "m1 NO SASL failed"];
    let (sent, end) = play_as(&endpoint(), Proof::Token(Secret::new("t0k")), &script);
    assert_eq!(sent[1], STANDARD.encode("\x01"));
    assert_eq!(end, Err(r#"u may not log in to h: SASL failed: {"status":"invalid_token"}"#.into()));
}

#[test]
fn a_server_that_is_busy_has_refused_nothing() {
    for (answer, accepted) in
        [("m2 NO [UNAVAILABLE] later", None), ("m2 NO [AUTHENTICATIONFAILED] sesame?", Some(false))]
    {
        let mut login = Login::new(&endpoint(), password(), "n");
        for line in ["* OK", "* CAPABILITY AUTH=PLAIN", "m1 OK", "+"] {
            login.next(line.as_bytes(), true).unwrap();
        }
        let error = login.next(answer.as_bytes(), true).unwrap_err();
        assert_eq!(login.accepted(), accepted);
        assert!(!error.to_string().contains(PASSWORD), "the server's echo is not repeated: {error}");
    }
}

#[test]
fn the_mailbox_of_another_is_left_at_once() {
    let ada = Endpoint::parse("imaps://ada@exmaple.com@h", false).unwrap().with_admin(Some("boss".into()));
    let script = |user: &str| {
        let id = format!("* ID (\"NAME\" \"Zimbra\" \"USER\" \"{user}\")");
        [
            "* OK [CAPABILITY AUTH=PLAIN SASL-IR] hi".to_owned(),
            "m1 OK [CAPABILITY ID] in".into(),
            id,
            "id OK".into(),
        ]
    };
    let play = |endpoint: &Endpoint, user| {
        let script = script(user);
        play_as(endpoint, password(), &script.each_ref().map(String::as_str))
    };
    let (sent, end) = play(&ada, "ada@example.com");
    assert!(sent[1].starts_with("id ID (\"name\" \"mailferry\""));
    assert!(end.is_err_and(|error| error.contains("the mailbox of ada@example.com")));
    assert_eq!(play(&ada, "ada@exmaple.com").1, Ok(Identity::Proved));
    assert_eq!(play(&ada, "").1, Ok(Identity::Unproved));
    assert!(play(&ada.require_identity(true), "").1.is_err());
}

#[test]
fn a_server_without_id_is_asked_nothing_more() {
    let script = ["* OK [CAPABILITY AUTH=PLAIN SASL-IR] hi", "m1 OK [CAPABILITY IMAP4rev1] in"];
    assert_eq!(play("imaps://u@h", false, None, &script).0.len(), 1);
    let refused = [script[0], "m1 OK [CAPABILITY ID] in", "id BAD what"];
    assert_eq!(play("imaps://u@h", false, None, &refused).1, Ok(Identity::Unproved));
}

#[test]
fn compression_is_asked_for_after_the_login_alone() {
    let mut login = Login::new(&endpoint(), password(), "n");
    login.next(b"* OK [CAPABILITY AUTH=PLAIN COMPRESS=DEFLATE] hi", true).unwrap();
    assert_eq!(login.compress(), None);
    login.next(b"+", true).unwrap();
    assert_eq!(login.next(b"m1 OK [CAPABILITY COMPRESS=DEFLATE] in", true).unwrap(), Step::Done);
    assert_eq!(login.compress(), Some(b"m2 COMPRESS DEFLATE\r\n".to_vec()));
    assert_eq!(login.next(b"m2 NO [COMPRESSIONACTIVE] no", true).unwrap(), Step::Done);
    assert!(login.compress().is_some());
    assert_eq!(login.next(b"m3 OK", true).unwrap(), Step::Compress);
}
