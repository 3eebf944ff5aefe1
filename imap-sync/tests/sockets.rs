//! Connections, over real sockets, with a server that follows a script.
#![allow(clippy::unwrap_used)]

mod script;

use std::future::Future;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use imap_sync::{Endpoint, Error, FolderName, ImapStore, Secret, Source, connect};
use script::{Turn, turns};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Serves one connection, each turn of the server in one piece; gives back what it heard.
fn serve(transcript: &'static str) -> (u16, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut heard = Vec::new();
        for turn in turns(transcript) {
            match turn {
                Turn::Server(bytes) => stream.write_all(&bytes).unwrap(),
                Turn::Client(expected) => {
                    let mut bytes = vec![0; expected.len()];
                    stream.read_exact(&mut bytes).unwrap();
                    heard.extend(bytes);
                }
            }
        }
        let mut rest = Vec::new();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut rest);
        [heard, rest].concat()
    });
    (port, server)
}

fn try_login(transcript: &'static str, plaintext: bool) -> (Result<ImapStore, Error>, Vec<u8>) {
    let (port, server) = serve(transcript);
    let endpoint = Endpoint::parse(&format!("imap://u1@127.0.0.1:{port}"), plaintext).unwrap();
    let result = wait(connect(&endpoint, Secret::new("pw1")));
    let heard = server.join().unwrap();
    (result, heard)
}

#[test]
fn a_whole_session_in_plain_text() {
    let (port, server) = serve(include_str!("transcripts/dovecot-source.txt"));
    let endpoint = Endpoint::parse(&format!("imap://u1@127.0.0.1:{port}"), true).unwrap();
    wait(async {
        let mut store = connect(&endpoint, Secret::new("pw1")).await.unwrap();
        assert_eq!(store.folders().await.unwrap().len(), 5);
        let inbox = FolderName::inbox();
        let before = store.select(&inbox, true).await.unwrap().state;
        let keys = store.keys().await.unwrap();
        assert_eq!(store.items(&keys, true).await.unwrap().len(), 3);
        let two = keys.iter().take(2).collect();
        assert_eq!(store.headers(&two).await.unwrap().len(), 2);
        store.open(&keys).await.unwrap();
        let mut bytes = 0;
        while store.next().await.unwrap().is_some() {
            while let Some(chunk) = store.chunk().await.unwrap() {
                bytes += chunk.len();
            }
        }
        assert_eq!(bytes, 82);
        store.select(&inbox, false).await.unwrap();
        assert!(store.changes(&before).await.unwrap().is_some());
        assert_eq!(store.keys().await.unwrap().len(), 1);
        store.close().await;
    });
    assert!(server.join().unwrap().ends_with(b"LOGOUT\r\n"));
}

#[test]
fn starttls_fails_closed() {
    for (name, transcript) in [
        ("stripped", "S: * OK hi\nC: m1 STARTTLS\nS: m1 BAD unknown command"),
        ("refused", "S: * OK hi\nC: m1 STARTTLS\nS: m1 NO not now"),
        ("injected", "S: * OK hi\nC: m1 STARTTLS\nS: m1 OK go\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN"),
        ("half a line injected", "S: * OK hi\nC: m1 STARTTLS\nS: m1 OK go\nS: *"),
        (
            "plain text goes on",
            "S: * OK hi\nC: m1 STARTTLS\nS: m1 OK go\nC: \u{16}\nS: * CAPABILITY IMAP4rev1",
        ),
        ("preauth", "S: * PREAUTH hello"),
        ("answered before it was asked", "S: * OK hi\nS: m1 OK go"),
    ] {
        let (result, heard) = try_login(transcript, false);
        assert!(matches!(result, Err(Error::Security { .. })), "{name}: {:?}", result.err());
        let heard = String::from_utf8_lossy(&heard);
        assert!(!heard.contains("AUTHENTICATE") && !heard.contains("LOGIN"), "{name}: {heard}");
    }
}

#[test]
fn connections_that_end_or_are_refused_say_where() {
    let (ended, _) = try_login("S: * OK hi\nC: m1 CAPABILITY", true);
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1") && error.contains("closed"), "{error}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nobody = Endpoint::parse(&format!("imaps://u1@127.0.0.1:{port}"), false).unwrap();
    assert!(matches!(wait(connect(&nobody, Secret::new("pw1"))), Err(Error::Connection { .. })));
}

#[test]
fn a_ca_file_that_cannot_be_used_is_named() {
    for file in ["/nonexistent/ca.pem", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")] {
        let endpoint = Endpoint::parse("imaps://u1@127.0.0.1:1", false).unwrap();
        let endpoint = endpoint.with_cafile(Some(file.into()));
        let error = wait(connect(&endpoint, Secret::new("pw1"))).unwrap_err();
        assert!(matches!(error, Error::Input { .. }) && error.to_string().contains(file), "{error}");
    }
}

#[test]
fn an_endless_line_is_an_error() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(&[b'x'; 65_536]).is_ok() {}
    });
    let endpoint = Endpoint::parse(&format!("imap://u1@127.0.0.1:{port}"), true).unwrap();
    assert!(matches!(wait(connect(&endpoint, Secret::new("pw1"))), Err(Error::Protocol { .. })));
    server.join().unwrap();
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for scheme in ["imap", "imaps"] {
        let endpoint = Endpoint::parse(&format!("{scheme}://u1@127.0.0.1:{port}"), true).unwrap();
        let endpoint = endpoint.with_timeout(Duration::from_millis(100));
        let error = wait(connect(&endpoint, Secret::new("pw1"))).unwrap_err();
        assert!(error.is_fatal(), "{scheme}: {error}");
    }
}
