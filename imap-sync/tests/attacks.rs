//! The attacks of Poddebniak et al., *Why TLS is better without STARTTLS* (2021), over real sockets: each has to end
//! before the password is sent.
#![allow(clippy::unwrap_used)]

mod secured;

use std::future::Future;

use imap_sync::{Endpoint, Error, Secret, connect};
use rustls::ServerConfig;
use secured::Turn::{C, Raw, S, Tls};
use secured::{Authority, Certificate, Heard, Turn, serve};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Logs in to a server with a good certificate.
fn log_in(scheme: &str, script: &'static [Turn]) -> (Result<(), Error>, Heard) {
    let authority = Authority::new();
    let config = authority.issue("127.0.0.1", 2090).config();
    log_in_to(scheme, script, config, &authority)
}

fn log_in_to(
    scheme: &str,
    script: &'static [Turn],
    config: ServerConfig,
    trusted: &Authority,
) -> (Result<(), Error>, Heard) {
    let (port, server) = serve(script, config);
    let file = trusted.file();
    let endpoint = Endpoint::parse(&format!("{scheme}://u@127.0.0.1:{port}"), false).unwrap();
    let endpoint = endpoint.with_cafile(Some(file.path().to_owned()));
    let result = wait(connect(&endpoint, Secret::new("sesame"))).map(drop);
    (result, server.join().unwrap())
}

/// Over `imap://` nothing but STARTTLS may be said in the clear, and nothing at all under TLS.
fn fails(script: &'static [Turn]) -> Error {
    let (result, heard) = log_in("imap", script);
    let said = heard.plain.strip_prefix("m1 STARTTLS\r\n").unwrap_or(&heard.plain);
    assert!(!said.contains("m2"), "{said}");
    assert!(!said.contains("LOGIN") && !said.contains("AUTHENTICATE"), "{said}");
    assert!(heard.secret.is_empty() && !heard.again, "{heard:?}");
    let error = result.unwrap_err();
    assert!(!error.to_string().contains("sesame"));
    error
}

fn fails_as_unsafe(script: &'static [Turn]) {
    let error = fails(script);
    assert!(matches!(error, Error::Security { .. }), "{error:?}");
}

const OK: Turn = S("* OK hi\n");
const IN: [Turn; 6] = [
    S("* CAPABILITY IMAP4rev1\n"),
    S("m2 OK\n"),
    C,
    S("m3 OK [CAPABILITY IMAP4rev1] in\n"),
    C,
    S("m4 OK bye\n"),
];

#[test]
fn a01_starttls_left_out_of_the_capabilities() {
    fails_as_unsafe(&[S("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\n"), C, S("m1 BAD unknown command\n")]);
}

#[test]
fn a02_starttls_refused() {
    fails_as_unsafe(&[OK, C, S("m1 NO not now\n")]);
    fails_as_unsafe(&[OK, C, S("m1 BAD what\n")]);
}

#[test]
fn a03_responses_injected_after_starttls() {
    fails_as_unsafe(&[OK, C, S("m1 OK go\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\nm2 OK\n"), Tls]);
    fails_as_unsafe(&[OK, C, S("m1 OK go\n*"), Tls]);
}

#[test]
fn a04_preauth_on_the_plaintext_port() {
    fails_as_unsafe(&[S("* PREAUTH welcome u\n")]);
}

#[test]
fn a05_preauth_with_a_referral() {
    fails_as_unsafe(&[S("* PREAUTH [REFERRAL imap://evil.test/] welcome\n")]);
}

#[test]
fn a06_capabilities_of_before_tls_are_asked_for_again() {
    let script = &[
        S("* OK [CAPABILITY AUTH=PLAIN SASL-IR] hi\n"),
        C,
        S("m1 OK go\n"),
        Tls,
        C,
        IN[0],
        IN[1],
        IN[2],
        IN[3],
    ];
    let (result, heard) = log_in("imap", script);
    assert!(result.is_ok(), "{:?}", result.err());
    assert_eq!(heard.plain, "m1 STARTTLS\r\n");
    assert_eq!(heard.secret, "m2 CAPABILITY\r\nm3 LOGIN \"u\" \"sesame\"\r\n");
}

#[test]
fn a07_capabilities_told_with_the_answer_to_starttls() {
    let script =
        &[OK, C, S("m1 OK [CAPABILITY AUTH=PLAIN SASL-IR] go\n"), Tls, C, IN[0], IN[1], IN[2], IN[3]];
    let (_, heard) = log_in("imap", script);
    assert_eq!(heard.secret, "m2 CAPABILITY\r\nm3 LOGIN \"u\" \"sesame\"\r\n");
}

#[test]
fn a08_untagged_responses_before_tls_are_neither_kept_nor_shown() {
    let lies =
        S("* ID (\"USER\" \"eve\")\n* LIST () \"/\" evil\n* NO [ALERT] call eve\n* CAPABILITY AUTH=PLAIN\n");
    let script = Box::leak(Box::new([OK, C, lies, S("m1 OK go\n"), Tls, C, IN[0], IN[1], IN[2], IN[3]]));
    let (result, heard) = log_in("imap", script);
    assert!(result.is_ok(), "{:?}", result.err());
    assert_eq!(heard.secret, "m2 CAPABILITY\r\nm3 LOGIN \"u\" \"sesame\"\r\n");
}

#[test]
fn a09_logindisabled_under_tls() {
    let script = &[Tls, OK, C, S("* CAPABILITY IMAP4rev1 LOGINDISABLED\nm1 OK\n")];
    let (result, heard) = log_in("imaps", script);
    assert!(matches!(result, Err(Error::Authentication { .. })));
    assert_eq!(heard.secret, "m1 CAPABILITY\r\n");
}

#[test]
fn a10_the_password_does_not_go_along_with_starttls() {
    let (_, heard) = log_in("imap", &[S("* OK [CAPABILITY SASL-IR AUTH=PLAIN] hi\n"), C, S("m1 OK go\n")]);
    // What follows is the handshake, which begins with its own byte.
    let (command, rest) = heard.plain.split_at("m1 STARTTLS\r\n".len());
    assert_eq!(command, "m1 STARTTLS\r\n");
    assert!(rest.starts_with('\u{16}') && !rest.contains("sesame"));
}

#[test]
fn a11_answers_to_what_was_not_asked() {
    fails(&[OK, C, S("m2 OK go\n"), Tls]);
    fails(&[S("m1 OK go\n"), C, Tls]);
    fails_as_unsafe(&[S("* OK hi\nm1 OK go\n"), C, Tls]);
}

#[test]
fn a12_certificates_that_prove_nothing() {
    let (trusted, stranger) = (Authority::new(), Authority::new());
    for (name, certificate) in [
        ("expired", trusted.issue("127.0.0.1", 2021)),
        ("of another host", trusted.issue("mail.example.com", 2090)),
        ("self-signed", Certificate::self_signed("127.0.0.1", 2090)),
        ("of another authority", stranger.issue("127.0.0.1", 2090)),
    ] {
        for (scheme, script) in [("imaps", &[Tls, OK][..]), ("imap", &[OK, C, S("m1 OK go\n"), Tls])] {
            let (result, heard) = log_in_to(scheme, script, certificate.config(), &trusted);
            assert!(matches!(result, Err(Error::Security { .. })), "{name}: {:?}", result.err());
            assert!(heard.secret.is_empty() && !heard.again, "{name}");
        }
    }
}

#[test]
fn a13_a_server_of_another_protocol() {
    let authority = Authority::new();
    let mut config = authority.issue("127.0.0.1", 2090).config();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let (result, heard) = log_in_to("imaps", &[Tls, OK], config, &authority);
    assert!(matches!(result, Err(Error::Security { .. })), "{:?}", result.err());
    assert!(heard.secret.is_empty());
}

#[test]
fn a14_greetings_that_are_none() {
    fails(&[S("* BYE busy\n")]);
    fails(&[S("220 mail.example.com ESMTP\n")]);
    fails(&[S("+ go on\n")]);
    fails(&[S("* OK hi")]);
    fails(&[S("\n")]);
}

#[test]
fn a15_plain_text_goes_on_where_tls_should_begin() {
    fails_as_unsafe(&[OK, C, S("m1 OK go\n"), Raw(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nm2 OK\r\n")]);
}

#[test]
fn a16_tls_that_ends_is_not_replaced_by_plain_text() {
    for script in [
        &[OK, C, S("m1 OK go\n"), Tls, C][..],
        &[OK, C, S("m1 OK go\n"), Tls, C, Raw(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nm2 OK\r\n")],
    ] {
        let (result, heard) = log_in("imap", script);
        assert!(matches!(result, Err(Error::Connection { .. })), "{:?}", result.err());
        assert!(!heard.secret.contains("m3") && !heard.again, "{heard:?}");
    }
}
