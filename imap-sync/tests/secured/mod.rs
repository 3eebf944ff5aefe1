//! A server on loopback that follows a script, begins TLS in its course, and tells what it heard.
#![allow(dead_code, clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::{NamedTempFile, TempDir};

/// What a server does next.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    /// Hears a line.
    C,
    /// Says lines, in one piece.
    S(&'static str),
    /// Says bytes, beside TLS.
    Raw(&'static [u8]),
    /// Begins TLS.
    Tls,
}

/// What a server heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// Before TLS.
    pub plain: String,
    /// Under TLS.
    pub secret: String,
    /// Whether somebody called a second time.
    pub again: bool,
}

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Certificate {
    pub pem: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for a name or address, until a year.
    pub fn issue(&self, name: &str, until: i32) -> Certificate {
        let (params, key) = (subject(name, until), KeyPair::generate().unwrap());
        let pem = params.signed_by(&key, &self.0).unwrap().pem();
        Certificate { pem, key: key.serialize_pem() }
    }

    /// The file that makes others trust it.
    pub fn file(&self) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(self.0.pem().as_bytes()).unwrap();
        file
    }

    pub fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.0.pem().as_bytes()).unwrap()
    }
}

impl Certificate {
    pub fn self_signed(name: &str, until: i32) -> Self {
        let key = KeyPair::generate().unwrap();
        let pem = subject(name, until).self_signed(&key).unwrap().pem();
        Self { pem, key: key.serialize_pem() }
    }

    pub fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()
    }

    /// As two files: certificate and key.
    pub fn files(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), &self.pem).unwrap();
        std::fs::write(folder.path().join("key.pem"), &self.key).unwrap();
        folder
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }

    pub fn config(&self) -> ServerConfig {
        let builder =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        builder.with_no_client_auth().with_single_cert(vec![self.der()], self.private()).unwrap()
    }

    /// A server that wants a client certificate of this authority.
    pub fn config_for_clients_of(&self, authority: &Authority) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
        let builder =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![self.der()], self.private())
            .unwrap()
    }

    /// A server that shows this certificate without having its key.
    pub fn config_with_key_of(&self, other: &Self) -> ServerConfig {
        let key = provider().key_provider.load_private_key(other.private()).unwrap();
        let stolen = Arc::new(Stolen(Arc::new(CertifiedKey::new(vec![self.der()], key))));
        let builder =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        builder.with_no_client_auth().with_cert_resolver(stolen)
    }
}

#[derive(Debug)]
struct Stolen(Arc<CertifiedKey>);

impl ResolvesServerCert for Stolen {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Serves one connection; gives back what it heard.
pub fn serve(script: &'static [Turn], config: ServerConfig) -> (u16, thread::JoinHandle<Heard>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut heard = Heard::default();
        follow(script, stream, &Arc::new(config), &mut heard);
        listener.set_nonblocking(true).unwrap();
        heard.again = listener.accept().is_ok();
        heard
    });
    (port, server)
}

fn follow(script: &[Turn], mut stream: TcpStream, config: &Arc<ServerConfig>, heard: &mut Heard) {
    for (at, turn) in script.iter().enumerate() {
        match turn {
            Turn::C => heard.plain += &line(&mut stream),
            Turn::S(lines) => say(&mut stream, lines),
            Turn::Raw(bytes) => drop(stream.write_all(bytes)),
            Turn::Tls => {
                let session = ServerConnection::new(config.clone()).unwrap();
                return follow_secured(&script[at + 1..], StreamOwned::new(session, stream), heard);
            }
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    heard.plain += &String::from_utf8_lossy(&rest);
}

type Secured = StreamOwned<ServerConnection, TcpStream>;

fn follow_secured(script: &[Turn], mut stream: Secured, heard: &mut Heard) {
    // What goes wrong with the handshake is the client's to tell.
    while stream.conn.is_handshaking() {
        if stream.conn.complete_io(&mut stream.sock).is_err() {
            let _ = stream.conn.complete_io(&mut stream.sock);
            return;
        }
    }
    for turn in script {
        match turn {
            Turn::C => heard.secret += &line(&mut stream),
            Turn::S(lines) => say(&mut stream, lines),
            Turn::Raw(bytes) => drop(stream.sock.write_all(bytes)),
            Turn::Tls => panic!("TLS twice"),
        }
    }
    stream.conn.send_close_notify();
    let _ = stream.flush();
    let _ = stream.sock.shutdown(std::net::Shutdown::Write);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    heard.secret += &String::from_utf8_lossy(&rest);
}

fn line(stream: &mut impl Read) -> String {
    let mut line = String::new();
    // One byte at a time: what follows may be TLS.
    let _ = BufReader::with_capacity(1, stream).read_line(&mut line);
    line
}

fn say(stream: &mut impl Write, lines: &str) {
    let _ = stream.write_all(lines.replace('\n', "\r\n").as_bytes());
    let _ = stream.flush();
}

fn subject(name: &str, until: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
