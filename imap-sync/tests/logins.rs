//! Every way to log in that Dovecot knows, and compression, against a real Dovecot.
#![allow(clippy::unwrap_used)]

mod dovecot;

use std::future::Future;

use chrono::DateTime;
use dovecot::Dovecot;
use imap_sync::net::enter;
use imap_sync::{
    Appended, Body, Compression, Endpoint, Error, Flags, FolderName, Identity, ImapStore, ImapTarget,
    ItemKey, Mechanism, Message, Proof, Proxy, Secret, Source, Target, Validity, connect, connect_target,
};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// User 1, by TLS.
fn secured(server: &Dovecot) -> Endpoint {
    let endpoint = Endpoint::parse(&format!("imaps://u1@localhost:{}", server.tls_port), false).unwrap();
    endpoint.with_cafile(Some(server.ca()))
}

fn plain(server: &Dovecot) -> Endpoint {
    Endpoint::parse(&format!("imap://u1@127.0.0.1:{}", server.port), true).unwrap()
}

/// Whether the mailbox of user 1 opens.
fn opens(endpoint: &Endpoint, password: &str) -> Result<bool, Error> {
    wait(async {
        let mut store = connect(endpoint, Secret::new(password)).await?;
        let folders = store.folders().await?;
        store.close().await;
        Ok(folders.iter().any(|folder| folder.name == FolderName::inbox()))
    })
}

#[test]
fn every_mechanism_lets_in_and_keeps_out() {
    let server = Dovecot::start("auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256\n");
    for endpoint in [secured(&server), plain(&server)] {
        for mechanism in [
            Mechanism::CramMd5,
            Mechanism::Login,
            Mechanism::LoginCommand,
            Mechanism::Plain,
            Mechanism::ScramSha1,
            Mechanism::ScramSha256,
        ] {
            let endpoint = endpoint.clone().with_mechanism(Some(mechanism));
            assert!(opens(&endpoint, "pw1").unwrap(), "{mechanism}");
            let refused = opens(&endpoint, "wrong").unwrap_err();
            assert!(matches!(refused, Error::Authentication { .. }), "{mechanism}: {refused}");
        }
        assert!(opens(&endpoint, "pw1").unwrap(), "by the server's best");
        let missing = opens(&endpoint.with_mechanism(Some(Mechanism::External)), "pw1").unwrap_err();
        assert!(matches!(missing, Error::Authentication { .. }), "{missing}");
    }
}

/// SCRAM is not among them: Dovecot 2.3 compares the master's proof with the owner's password then.
#[test]
fn an_administrator_enters_by_authzid_and_by_a_name_of_both() {
    let server = Dovecot::start("auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256\n");
    let admin = secured(&server).with_admin(Some("master".into()));
    assert!(opens(&admin, "masterpw").unwrap());
    assert!(opens(&admin, "pw1").is_err());
    let master = admin.with_proxy(Proxy::Master { separator: '*' });
    assert!(opens(&master, "masterpw").unwrap());
    for mechanism in [Mechanism::LoginCommand, Mechanism::Login, Mechanism::Plain] {
        let master = master.clone().with_mechanism(Some(mechanism));
        assert!(opens(&master, "masterpw").unwrap(), "{mechanism}");
        assert!(opens(&master, "pw1").is_err(), "{mechanism}");
    }
}

#[test]
fn tokens_are_refused_in_the_servers_words() {
    let server = Dovecot::start("auth_mechanisms = plain\n");
    let refused = wait(connect(&secured(&server), Proof::Token(Secret::new("t0k")))).unwrap_err().to_string();
    assert!(refused.contains("a token") && refused.contains("PLAIN"), "{refused}");
}

#[test]
fn the_servers_name_is_told_and_that_it_proves_nothing() {
    let server = Dovecot::start("imap_id_send = name * version *\n");
    let (session, account) = wait(enter(&secured(&server), Secret::new("pw1"))).unwrap();
    wait(session.logout());
    assert_eq!((account.server.name(), account.identity), (Some("Dovecot"), Identity::Unproved));
    assert!(opens(&secured(&server).require_identity(true), "pw1").is_err());
}

#[test]
fn a_compressed_session_carries_the_same() {
    let server = Dovecot::start("mail_plugins = zlib\nprotocol imap {\n mail_plugins = zlib imap_zlib\n}\n");
    let text = "Subject: compressed\r\n\r\n".to_owned() + &"All work and no play.\r\n".repeat(20_000);
    for (compression, user) in [(Compression::Always, 1u8), (Compression::Never, 2)] {
        let endpoint =
            Endpoint::parse(&format!("imaps://u{user}@localhost:{}", server.tls_port), false).unwrap();
        let endpoint = endpoint.with_cafile(Some(server.ca())).with_compression(compression);
        wait(async {
            let mut target = connect_target(&endpoint, Secret::new(format!("pw{user}"))).await.unwrap();
            append(&mut target, text.as_bytes()).await;
            target.close().await;
            let mut store = connect(&endpoint, Secret::new(format!("pw{user}"))).await.unwrap();
            assert_eq!(read(&mut store).await, text.as_bytes(), "{compression:?}");
            store.close().await;
        });
    }
}

struct Bytes(Vec<Vec<u8>>);

impl Body for Bytes {
    fn size(&self) -> u64 {
        self.0.iter().map(|chunk| chunk.len() as u64).sum()
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.pop())
    }
}

async fn append(target: &mut ImapTarget, text: &[u8]) {
    let mut body = Bytes(text.chunks(65_536).rev().map(<[u8]>::to_vec).collect());
    let message = Message {
        key: ItemKey(1),
        validity: Validity(1),
        flags: Flags::default(),
        date: DateTime::UNIX_EPOCH.fixed_offset(),
        alone: false,
        binary: false,
        undated: false,
    };
    target.select(&FolderName::inbox(), false).await.unwrap();
    target.append(&message, &mut body).await.unwrap();
    let appended = target.appended().await.unwrap();
    assert!(matches!(appended[..], [Appended::Landed(Some(_))]), "{appended:?}");
}

async fn read(store: &mut ImapStore) -> Vec<u8> {
    store.select(&FolderName::inbox(), false).await.unwrap();
    let keys = store.keys().await.unwrap();
    store.open(&keys).await.unwrap();
    let mut bytes = Vec::new();
    while store.next().await.unwrap().is_some() {
        while let Some(chunk) = store.chunk().await.unwrap() {
            bytes.extend(chunk);
        }
    }
    bytes
}
