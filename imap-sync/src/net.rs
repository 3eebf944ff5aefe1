//! The one place with sockets: TCP by tokio, TLS by rustls.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::dialogue::Wire;
use crate::endpoint::{Endpoint, Security};
use crate::error::Error;
use crate::login::{Login, Step};
use crate::secret::Secret;
use crate::session::Session;
use crate::wire::{Event, Framer, Response};

/// A connection to a server.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    framer: Framer,
    buffer: Vec<u8>,
    host: String,
    timeout: Duration,
}

#[derive(Debug)]
enum Stream {
    /// In the midst of a change to TLS.
    Between,
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects and logs in.
pub async fn log_in(endpoint: &Endpoint, secret: Secret) -> Result<Session<Connection>, Error> {
    // A CA file that cannot be read is found before anybody is called.
    let tls = match endpoint.security {
        Security::Plaintext => None,
        Security::ImplicitTls | Security::StartTls => Some(tls_config(endpoint)?),
    };
    let mut connection = Connection::open(endpoint).await?;
    if let (Security::ImplicitTls, Some(tls)) = (endpoint.security, &tls) {
        connection.secure(tls).await?;
    }
    let mut login = Login::new(endpoint, secret);
    loop {
        let response = connection.response().await?;
        let mut step = login.next(response, connection.framer.is_empty())?;
        if let (Step::StartTls, Some(tls)) = (&step, &tls) {
            connection.secure(tls).await?;
            step = login.secured()?;
        }
        match step {
            Step::Send(bytes) => connection.send(&bytes).await?,
            Step::Done => break,
            Step::StartTls | Step::Wait => {}
        }
    }
    let (can, tag) = login.finish();
    Ok(Session::new(connection, can, tag))
}

impl Connection {
    async fn open(endpoint: &Endpoint) -> Result<Self, Error> {
        let host = endpoint.host.clone();
        let failed = |reason: String| Error::Connection { host: host.clone(), doing: "connecting", reason };
        let patience = endpoint.timeout.min(CONNECT);
        let stream = timeout(patience, TcpStream::connect((endpoint.host.as_str(), endpoint.port))).await;
        let stream = stream.map_err(|_| failed("no answer in time".into()))?;
        let stream = stream.map_err(|error| failed(error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            stream: Stream::Plain(stream),
            framer: Framer::new(),
            buffer: vec![0; BUFFER],
            host,
            timeout: endpoint.timeout,
        })
    }

    /// Begins TLS. What was received before it is gone for good.
    async fn secure(&mut self, config: &Arc<ClientConfig>) -> Result<(), Error> {
        let unsafe_ = |reason: String| Error::Security { host: self.host.clone(), reason };
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Between) else {
            return Err(unsafe_("TLS twice".into()));
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| unsafe_(error.to_string()))?;
        let handshake = TlsConnector::from(config.clone()).connect(name, stream);
        let patience = self.timeout.min(CONNECT);
        let stream = timeout(patience, handshake).await.map_err(|_| unsafe_("no TLS in time".into()))?;
        let stream = stream.map_err(|error| unsafe_(advise(&error.to_string())))?;
        self.stream = Stream::Tls(Box::new(stream));
        self.framer = Framer::new();
        Ok(())
    }

    async fn response(&mut self) -> Result<Response, Error> {
        match self.event().await? {
            Event::Response(response) => Ok(Response::parse(&response)),
            Event::Chunk(_) | Event::Large { .. } => Err(Error::Protocol {
                host: self.host.clone(),
                reason: "it talks too much for a login".into(),
            }),
        }
    }

    fn lost(&self, doing: &'static str, reason: &dyn std::fmt::Display) -> Error {
        Error::Connection { host: self.host.clone(), doing, reason: reason.to_string() }
    }
}

impl Wire for Connection {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let sent = timeout(self.timeout, async {
            match &mut self.stream {
                Stream::Between => Err(std::io::ErrorKind::NotConnected.into()),
                Stream::Plain(stream) => stream.write_all(bytes).await,
                Stream::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
            }
        });
        match sent.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost("sending", &error)),
            Err(_) => Err(self.lost("sending", &"the server takes nothing any more")),
        }
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            let event = self.framer.take();
            let event =
                event.map_err(|error| Error::Protocol { host: self.host.clone(), reason: error.to_string() });
            if let Some(event) = event? {
                return Ok(event);
            }
            let read = timeout(self.timeout, async {
                match &mut self.stream {
                    Stream::Between => Ok(0),
                    Stream::Plain(stream) => stream.read(&mut self.buffer).await,
                    Stream::Tls(stream) => stream.read(&mut self.buffer).await,
                }
            });
            match read.await {
                Ok(Ok(0)) => {
                    return Err(self.lost("waiting for an answer", &"the server closed the connection"));
                }
                Ok(Ok(count)) => self.framer.feed(&self.buffer[..count]),
                Ok(Err(error)) => return Err(self.lost("waiting for an answer", &error)),
                Err(_) => return Err(self.lost("waiting for an answer", &"the server says nothing any more")),
            }
        }
    }

    fn host(&self) -> &str {
        &self.host
    }
}

/// TLS 1.2 and 1.3; certificates are verified by the system's store, or by a given file alone.
fn tls_config(endpoint: &Endpoint) -> Result<Arc<ClientConfig>, Error> {
    let failed = |error: rustls::Error| {
        let reason = format!("TLS cannot be set up: {error}");
        Error::Security { host: endpoint.host.clone(), reason }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(failed)?;
    let builder = match &endpoint.cafile {
        Some(file) => builder.with_root_certificates(roots(file)?),
        None => builder.with_platform_verifier().map_err(failed)?,
    };
    let mut config = builder.with_no_client_auth();
    // A server of another protocol that minds ALPN is not talked to.
    config.alpn_protocols = vec![b"imap".to_vec()];
    Ok(Arc::new(config))
}

fn roots(file: &Path) -> Result<RootCertStore, Error> {
    let wrong = |reason: String| Error::Input { what: format!("the CA file {}", file.display()), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".into()));
    }
    Ok(roots)
}

/// What can be done where rustls and an old server have no version in common.
fn advise(reason: &str) -> String {
    if ["ProtocolVersion", "HandshakeFailure", "InvalidContentType"].iter().any(|word| reason.contains(word))
    {
        format!("{reason} (perhaps a server without TLS 1.2: put stunnel or `ssh -L` before it)")
    } else {
        reason.to_owned()
    }
}

const CONNECT: Duration = Duration::from_secs(30);
const BUFFER: usize = 64 * 1024;
