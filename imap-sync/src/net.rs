//! The one place with sockets: TCP by tokio, TLS by rustls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::compress::Deflated;
use crate::credentials::Credentials;
use crate::dialogue::Wire;
use crate::endpoint::{Endpoint, Security};
use crate::error::Error;
use crate::identity::Account;
use crate::login::{Login, Step};
use crate::session::Session;
use crate::tls;
use crate::wire::{Event, Framer};

/// A connection to a server.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    framer: Framer,
    buffer: Vec<u8>,
    /// Both sides compress.
    deflated: Option<Box<Deflated>>,
    host: String,
    timeout: Duration,
    /// Whether it stays on this machine.
    near: bool,
}

#[derive(Debug)]
enum Stream {
    /// In the midst of a change to TLS.
    Between,
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects, asks for credentials, and logs in.
pub async fn log_in(
    endpoint: &Endpoint,
    credentials: impl Credentials,
) -> Result<Session<Connection>, Error> {
    Ok(enter(endpoint, credentials).await?.0)
}

/// The same, and what became known of the server and the account.
pub async fn enter(
    endpoint: &Endpoint,
    credentials: impl Credentials,
) -> Result<(Session<Connection>, Account), Error> {
    // A file that cannot be read is found before anybody is called.
    let tls = match endpoint.security {
        Security::Plaintext => None,
        Security::ImplicitTls | Security::StartTls => Some(tls::config(endpoint)?),
    };
    let proof = credentials.proof(endpoint).await?;
    let mut connection = Connection::open(endpoint).await?;
    if let (Security::ImplicitTls, Some(tls)) = (endpoint.security, &tls) {
        connection.secure(tls).await?;
    }
    let mut login = Login::new(endpoint, proof.clone(), &nonce(endpoint)?);
    let done = connection.play(&mut login, endpoint, tls.as_ref()).await;
    if let Some(accepted) = login.accepted() {
        credentials.judged(endpoint, &proof, accepted);
    }
    done?;
    let (can, tag, account) = login.finish();
    Ok((Session::new(connection, can, tag), account))
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
        let near = stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
        Ok(Self {
            stream: Stream::Plain(stream),
            framer: Framer::new(),
            buffer: vec![0; BUFFER],
            deflated: None,
            host,
            timeout: endpoint.timeout,
            near,
        })
    }

    /// Plays the login to its end, and decides by its quickest answer whether to compress.
    async fn play(
        &mut self,
        login: &mut Login,
        endpoint: &Endpoint,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<(), Error> {
        let mut round_trip = Duration::MAX;
        let mut asked = None;
        loop {
            let line = self.line().await?;
            let mut step = login.next(&line, self.framer.is_empty())?;
            if let (Step::StartTls, Some(tls)) = (&step, tls) {
                self.secure(tls).await?;
                step = login.secured()?;
                asked = None;
            }
            if step != Step::Wait
                && let Some(asked) = asked.take()
            {
                round_trip = round_trip.min(Instant::elapsed(&asked));
            }
            match step {
                Step::Compress => {
                    self.deflated = Some(Box::new(Deflated::new()));
                    return Ok(());
                }
                Step::Done => match self.compression(login, endpoint, round_trip) {
                    Some(bytes) => self.send(&bytes).await?,
                    None => return Ok(()),
                },
                Step::Send(bytes) => {
                    self.send(&bytes).await?;
                    asked = Some(Instant::now());
                }
                Step::StartTls | Step::Wait => {}
            }
        }
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
        let stream = stream.map_err(|error| unsafe_(tls::advise(&error, &self.host)))?;
        self.stream = Stream::Tls(Box::new(stream));
        self.framer = Framer::new();
        Ok(())
    }

    /// What asks for compression, where that is wanted and offered.
    fn compression(&self, login: &mut Login, endpoint: &Endpoint, round_trip: Duration) -> Option<Vec<u8>> {
        let wanted = self.deflated.is_none() && endpoint.compression.is_wanted(self.near, round_trip);
        if wanted { login.compress() } else { None }
    }

    async fn line(&mut self) -> Result<Vec<u8>, Error> {
        match self.event().await? {
            Event::Response(response) => Ok(response),
            Event::Chunk(_) | Event::Large { .. } => Err(Error::Protocol {
                host: self.host.clone(),
                reason: "it talks too much for a login".into(),
            }),
        }
    }

    /// More bytes for the framer: inflated ones that are left over, or else received ones.
    async fn fill(&mut self) -> Result<(), Error> {
        loop {
            if let Some(deflated) = &mut self.deflated {
                let count = deflated.unpack(&mut self.buffer).map_err(|error| Error::Protocol {
                    host: self.host.clone(),
                    reason: error.to_string(),
                })?;
                if count > 0 {
                    self.framer.feed(&self.buffer[..count]);
                    return Ok(());
                }
            }
            let count = self.receive().await?;
            match &mut self.deflated {
                Some(deflated) => deflated.feed(&self.buffer[..count]),
                None => {
                    self.framer.feed(&self.buffer[..count]);
                    return Ok(());
                }
            }
        }
    }

    async fn receive(&mut self) -> Result<usize, Error> {
        let read = timeout(self.timeout, async {
            match &mut self.stream {
                Stream::Between => Ok(0),
                Stream::Plain(stream) => stream.read(&mut self.buffer).await,
                Stream::Tls(stream) => stream.read(&mut self.buffer).await,
            }
        });
        match read.await {
            Ok(Ok(0)) => Err(self.lost("waiting for an answer", &"the server closed the connection")),
            Ok(Ok(count)) => Ok(count),
            Ok(Err(error)) => Err(self.lost("waiting for an answer", &error)),
            Err(_) => Err(self.lost("waiting for an answer", &"the server says nothing any more")),
        }
    }

    fn lost(&self, doing: &'static str, reason: &dyn std::fmt::Display) -> Error {
        Error::Connection { host: self.host.clone(), doing, reason: reason.to_string() }
    }
}

impl Wire for Connection {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let packed = self.deflated.as_mut().map(|deflated| deflated.pack(bytes));
        let bytes = packed.as_deref().unwrap_or(bytes);
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
            self.fill().await?;
        }
    }

    fn host(&self) -> &str {
        &self.host
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// What SCRAM must never say twice.
fn nonce(endpoint: &Endpoint) -> Result<String, Error> {
    let mut bytes = [0; 18];
    let filled = tls::provider().secure_random.fill(&mut bytes);
    let reason = "the system gives no random numbers";
    filled.map_err(|_| Error::Security { host: endpoint.host.clone(), reason: reason.into() })?;
    Ok(STANDARD_NO_PAD.encode(bytes))
}

const CONNECT: Duration = Duration::from_secs(30);
const BUFFER: usize = 64 * 1024;
