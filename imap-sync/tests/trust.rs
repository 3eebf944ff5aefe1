//! Whom to trust, what to show, and what to say where there is no common TLS.
#![allow(clippy::unwrap_used)]

mod secured;

use std::future::Future;

use imap_sync::{
    Asked, ClientCertificate, Credentials, Endpoint, Error, Fingerprint, Guarded, Proof, Secret, connect,
};
use rustls::ServerConfig;
use secured::Turn::{C, Raw, S, Tls};
use secured::{Authority, Certificate, Heard, Turn, serve};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn log_in(
    script: &'static [Turn],
    config: ServerConfig,
    endpoint: impl FnOnce(Endpoint) -> Endpoint,
    credentials: impl Credentials,
) -> (Result<(), Error>, Heard) {
    let (port, server) = serve(script, config);
    let it = endpoint(Endpoint::parse(&format!("imaps://u@127.0.0.1:{port}"), false).unwrap());
    let result = wait(connect(&it, credentials)).map(drop);
    (result, server.join().unwrap())
}

const PASSWORD: [Turn; 4] =
    [Tls, S("* OK [CAPABILITY AUTH=PLAIN SASL-IR] hi\n"), C, S("m1 OK [CAPABILITY X] in\n")];

#[test]
fn a_pinned_certificate_needs_neither_authority_nor_name_nor_date() {
    let certificate = Certificate::self_signed("old.test", 2021);
    let pin = Fingerprint::of(&certificate.der());
    let (result, heard) =
        log_in(&PASSWORD, certificate.config(), |it| it.with_fingerprint(Some(pin)), Secret::new("sesame"));
    assert!(result.is_ok(), "{:?}", result.err());
    assert!(heard.secret.starts_with("m1 AUTHENTICATE PLAIN "), "the greeting has saved a question");
}

#[test]
fn another_certificate_than_the_pinned_is_refused_and_shown() {
    let (pinned, other) =
        (Certificate::self_signed("a.test", 2090), Certificate::self_signed("a.test", 2090));
    let pin = Fingerprint::of(&pinned.der());
    let (result, heard) =
        log_in(&PASSWORD, other.config(), |it| it.with_fingerprint(Some(pin)), Secret::new("sesame"));
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Security { .. }));
    assert!(error.to_string().contains(&Fingerprint::of(&other.der()).to_string()), "{error}");
    assert!(heard.secret.is_empty());
}

#[test]
fn a_pinned_certificate_without_its_key_is_refused() {
    let (pinned, other) =
        (Certificate::self_signed("a.test", 2090), Certificate::self_signed("b.test", 2090));
    let pin = Fingerprint::of(&pinned.der());
    let config = pinned.config_with_key_of(&other);
    let (result, heard) =
        log_in(&PASSWORD, config, |it| it.with_fingerprint(Some(pin)), Secret::new("sesame"));
    assert!(matches!(result, Err(Error::Security { .. })), "{:?}", result.err());
    assert!(heard.secret.is_empty());
}

#[test]
fn a_client_certificate_is_shown_and_enters_the_mailbox_that_is_named() {
    let authority = Authority::new();
    let (server, client) = (authority.issue("127.0.0.1", 2090), authority.issue("u.example.com", 2090));
    let (ca, files) = (authority.file(), client.files());
    let script = &[Tls, S("* OK [CAPABILITY AUTH=EXTERNAL SASL-IR] hi\n"), C, S("m1 OK [CAPABILITY X] in\n")];
    let shown =
        ClientCertificate { certificate: files.path().join("cert.pem"), key: files.path().join("key.pem") };
    let endpoint =
        |it: Endpoint| it.with_cafile(Some(ca.path().to_owned())).with_certificate(Some(shown.clone()));
    let config = || server.config_for_clients_of(&authority);
    let (result, heard) = log_in(script, config(), endpoint, Proof::Certificate);
    assert!(result.is_ok(), "{:?}", result.err());
    assert_eq!(heard.secret, "m1 AUTHENTICATE EXTERNAL dQ==\r\n");
    let without = |it: Endpoint| it.with_cafile(Some(ca.path().to_owned()));
    assert!(log_in(script, config(), without, Proof::Certificate).0.is_err());
}

#[test]
fn files_that_hold_no_certificate_or_key_are_named() {
    let client = Certificate::self_signed("u.test", 2090).files();
    let (cert, key) = (client.path().join("cert.pem"), client.path().join("key.pem"));
    for (certificate, key, named) in [(&key, &key, "key.pem"), (&cert, &cert, "cert.pem")] {
        let shown = ClientCertificate { certificate: certificate.clone(), key: key.clone() };
        let endpoint = Endpoint::parse("imaps://u@127.0.0.1:1", false).unwrap().with_certificate(Some(shown));
        let error = wait(connect(&endpoint, Proof::Certificate)).unwrap_err();
        assert!(matches!(error, Error::Input { .. }) && error.to_string().contains(named), "{error}");
    }
}

#[test]
fn old_servers_are_told_apart_and_a_way_out_is_named() {
    for (name, bytes, expected) in [
        ("only TLS 1.0", &b"\x15\x03\x01\x00\x02\x02\x46"[..], "stunnel"),
        ("only broken ciphers", b"\x15\x03\x03\x00\x02\x02\x28", "ssh -L"),
        ("no TLS at all", b"* OK hi\r\n", "imap://"),
        ("hangs up", b"", "hung up"),
    ] {
        let script = Box::leak(Box::new([Raw(bytes)]));
        let config = Certificate::self_signed("a.test", 2090).config();
        let (result, _) = log_in(script, config, |it| it, Secret::new("sesame"));
        let error = result.unwrap_err();
        assert!(
            matches!(error, Error::Security { .. }) && error.to_string().contains(expected),
            "{name}: {error}"
        );
    }
}

/// Counts how often it is asked.
#[derive(Debug, Default)]
struct Counted(std::sync::atomic::AtomicU32);

impl Credentials for Counted {
    fn proof<'a>(&'a self, _: &'a Endpoint) -> Asked<'a> {
        let count = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Box::pin(async move { Ok(Proof::Token(Secret::new(format!("token{count}")))) })
    }
}

#[test]
fn a_token_is_asked_for_at_each_connection() {
    let certificate = Certificate::self_signed("a.test", 2090);
    let pin = Fingerprint::of(&certificate.der());
    let script = &[Tls, S("* OK [CAPABILITY AUTH=XOAUTH2 SASL-IR] hi\n"), C, S("m1 OK [CAPABILITY X] in\n")];
    let credentials = Counted::default();
    let log_in =
        || log_in(script, certificate.config(), |it| it.with_fingerprint(Some(pin)), &credentials).1.secret;
    assert_ne!(log_in(), log_in());
}

#[test]
fn a_refused_password_is_not_tried_twice() {
    let certificate = Certificate::self_signed("a.test", 2090);
    let pin = Fingerprint::of(&certificate.der());
    let script = &[Tls, PASSWORD[1], C, S("m1 NO [AUTHENTICATIONFAILED] no\n")];
    let credentials = Guarded::new(Secret::new("wrong"));
    let (port, server) = serve(script, certificate.config());
    let endpoint = Endpoint::parse(&format!("imaps://u@127.0.0.1:{port}"), false).unwrap();
    let endpoint = endpoint.with_fingerprint(Some(pin));
    assert!(matches!(wait(connect(&endpoint, &credentials)), Err(Error::Authentication { .. })));
    server.join().unwrap();
    // Nobody listens any more: that is not even found out.
    let error = wait(connect(&endpoint, &credentials)).unwrap_err();
    assert!(matches!(error, Error::Authentication { .. }), "{error}");
}
