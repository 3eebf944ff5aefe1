//! Credentials that are got while connecting. Passwords that are asked for once; OAuth tokens: told by a command or a file at each connection, or got with a refresh token and kept until shortly
//! before they expire.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use imap_sync::{Asked, Credentials, Endpoint, Proof, Secret};
use serde::Deserialize;
use ureq::tls::{RootCerts, TlsConfig};

use crate::error::{Error, Result};
use crate::imap::password::Password;

/// A password that is asked for when it is needed first, and then kept.
#[derive(Debug)]
pub struct KeptPassword {
    place: Password,
    held: tokio::sync::OnceCell<Secret>,
}

/// A token that something else keeps fresh: it is read at each connection.
#[derive(Debug)]
pub struct ToldToken(pub Password);

/// A token that is renewed at the provider's token URL (RFC 6749 sections 4.4 and 6).
///
/// What that needs is in a file, TOML or JSON: `token_url`, `client_id`, and as the provider asks for them
/// `client_secret`, `refresh_token`, `scope`. Without `refresh_token` the client's own credentials are used. Where the
/// provider gives a new refresh token, it takes the old one's place in the file, if the file can be written.
#[derive(Debug)]
pub struct RenewedToken(Arc<Provider>);

struct Provider {
    path: PathBuf,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: Secret,
    until: Instant,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    token_url: String,
    client_id: String,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
}

/// RFC 6749 sections 5.1 and 5.2.
#[derive(Default, Deserialize)]
struct Answer {
    access_token: Option<String>,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl KeptPassword {
    /// The password of a place. It is not asked for yet.
    pub fn new(place: Password) -> Self {
        Self { place, held: tokio::sync::OnceCell::new() }
    }
}

impl Credentials for KeptPassword {
    fn proof<'a>(&'a self, _: &'a Endpoint) -> Asked<'a> {
        let read = || {
            let place = self.place.clone();
            aside(move || place.read())
        };
        Box::pin(async move { Ok(Proof::Password(self.held.get_or_try_init(read).await?.clone())) })
    }
}

impl Credentials for ToldToken {
    fn proof<'a>(&'a self, _: &'a Endpoint) -> Asked<'a> {
        let place = self.0.clone();
        Box::pin(async move { aside(move || place.read()).await.map(Proof::Token) })
    }
}

impl RenewedToken {
    /// Looks whether the file can be used. Nobody is called yet.
    pub fn new(path: &Path) -> Result<Self> {
        Client::read(path)?;
        Ok(Self(Arc::new(Provider { path: path.to_owned(), held: Mutex::default() })))
    }
}

impl Credentials for RenewedToken {
    fn proof<'a>(&'a self, _: &'a Endpoint) -> Asked<'a> {
        let provider = self.0.clone();
        Box::pin(async move { aside(move || provider.token()).await.map(Proof::Token) })
    }

    /// What a server refuses is not kept.
    fn judged(&self, _: &Endpoint, _: &Proof, accepted: bool) {
        if !accepted {
            *self.0.held() = None;
        }
    }
}

impl Provider {
    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token at hand, or a new one. Those who ask meanwhile wait for it.
    fn token(&self) -> Result<Secret> {
        let mut held = self.held();
        if let Some(held) = held.as_ref().filter(|held| Instant::now() < held.until) {
            return Ok(held.token.clone());
        }
        let client = Client::read(&self.path)?;
        let answer = client.ask()?;
        if let (Some(old), Some(new)) = (&client.refresh_token, &answer.refresh_token) {
            // Where it cannot be kept the old one stays, which most providers go on taking.
            let _ = replace(&self.path, old, new);
        }
        let token = answer.access_token.filter(|token| !token.is_empty());
        let token = Secret::new(token.ok_or_else(|| client.failed("it gives no access token"))?);
        *held = Some(Held { token: token.clone(), until: Instant::now() + keep(answer.expires_in) });
        Ok(token)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({} ..)", self.path.display())
    }
}

impl Client {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        // What a parser says may repeat what it has read.
        let wrong = |place: String| {
            let what = "token_url, client_id, and perhaps client_secret, refresh_token, scope were expected (TOML or JSON)";
            Error::Usage(format!("{}{place}: {what}", path.display()))
        };
        let client: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(&text).map_err(|e| wrong(format!(":{}", e.line())))?
        } else {
            let line = |e: &toml::de::Error| Some(text.get(..e.span()?.start)?.split('\n').count());
            toml::from_str(&text)
                .map_err(|e| wrong(line(&e).map(|it| format!(":{it}")).unwrap_or_default()))?
        };
        if !is_safe(&client.token_url) {
            return Err(Error::Usage(format!("{}: token_url has to be https://", path.display())));
        }
        Ok(client)
    }

    fn ask(&self) -> Result<Answer> {
        let mut form = vec![("client_id", self.client_id.as_str())];
        match &self.refresh_token {
            Some(token) => form.extend([("grant_type", "refresh_token"), ("refresh_token", token.as_str())]),
            None => form.push(("grant_type", "client_credentials")),
        }
        form.extend(self.client_secret.as_deref().map(|secret| ("client_secret", secret)));
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let mut response =
            agent().post(&self.token_url).send_form(form).map_err(|e| self.failed(&e.to_string()))?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_string();
        let answer: Answer = serde_json::from_str(&body.unwrap_or_default()).unwrap_or_default();
        match (&answer.error, status.is_success()) {
            (None, true) => Ok(answer),
            (error, _) => {
                let words = [error, &answer.error_description].into_iter().flatten();
                let words: Vec<&str> = words.map(String::as_str).collect();
                Err(self.failed(&format!("{} {}", status.as_u16(), words.join(": "))))
            }
        }
    }

    /// Without any secret, should the provider repeat one.
    fn failed(&self, reason: &str) -> Error {
        let secrets =
            [&self.client_secret, &self.refresh_token].into_iter().flatten().filter(|it| !it.is_empty());
        let reason = secrets.fold(reason.to_owned(), |text, secret| text.replace(secret.as_str(), "..."));
        Error::Usage(format!("{}: no token: {reason}", self.token_url))
    }
}

/// Does what may take long beside the thread of the network.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> std::result::Result<T, imap_sync::Error> {
    let failed = |reason: String| imap_sync::Error::Input { what: "the credentials".to_owned(), reason };
    let done = tokio::task::spawn_blocking(work).await.map_err(|e| failed(e.to_string()))?;
    done.map_err(|e| failed(e.to_string()))
}

/// By the system's roots, without redirections: those would carry the secrets elsewhere.
fn agent() -> ureq::Agent {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let tls = tls.unversioned_rustls_crypto_provider(provider).build();
    let config = ureq::Agent::config_builder().tls_config(tls).max_redirects(0);
    config.http_status_as_error(false).timeout_global(Some(PATIENCE)).build().new_agent()
}

/// TLS, or this machine.
fn is_safe(url: &str) -> bool {
    let near = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
    let is_near = |start: &&str| {
        url.strip_prefix(*start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    url.starts_with("https://") || near.iter().any(is_near)
}

/// How long a token is good: somewhat shorter than the provider says. One that says nothing is not relied on.
fn keep(expires_in: Option<u64>) -> Duration {
    let told = Duration::from_secs(expires_in.unwrap_or_default().min(MAX_KEPT));
    told.saturating_sub(MARGIN.min(told / 2))
}

/// Puts a new refresh token in the old one's place, and leaves the rest of the file as it was typed.
fn replace(path: &Path, old: &str, new: &str) -> std::io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let plain = |token: &str| {
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic() && !b"\"'\\".contains(&b))
    };
    if old == new || !plain(new) || text.matches(old).count() != 1 {
        return Ok(());
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder)?;
    std::fs::write(file.path(), text.replacen(old, new, 1))?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

const MARGIN: Duration = Duration::from_secs(120);
const MAX_ANSWER: u64 = 256 * 1024;
const MAX_KEPT: u64 = 24 * 3600;
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers each request with the next answer; gives back the requests' bodies.
    fn provider(answers: &'static [(u16, &'static str)]) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://127.0.0.1:{}/token", listener.local_addr().unwrap().port());
        let thread = std::thread::spawn(move || {
            answers.iter().map(|(status, body)| answer(&listener, *status, body)).collect()
        });
        (url, thread)
    }

    fn answer(listener: &TcpListener, status: u16, body: &str) -> String {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut buffer) = (String::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut buffer).unwrap();
            request.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
            if let Some((head, sent)) = request.split_once("\r\n\r\n") {
                let size = head.to_ascii_lowercase();
                let size = size.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                if sent.len() >= size.map_or(0, |size| size.parse().unwrap()) {
                    let head =
                        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close", body.len());
                    write!(stream, "{head}\r\n\r\n{body}").unwrap();
                    return sent.to_owned();
                }
            }
        }
    }

    fn file(text: &str) -> tempfile::TempPath {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.into_temp_path()
    }

    fn ask(credentials: &dyn Credentials) -> std::result::Result<Proof, imap_sync::Error> {
        let endpoint = Endpoint::parse("imaps://ada@h.example.com", false).unwrap();
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(credentials.proof(&endpoint))
    }

    fn token(text: &str) -> Proof {
        Proof::Token(Secret::new(text))
    }

    #[test]
    fn tokens_are_kept_until_they_expire_or_are_refused() {
        let (url, requests) = provider(&[
            (200, r#"{"access_token":"one","expires_in":3600,"refresh_token":"r3fresh2"}"#),
            (200, r#"{"access_token":"two","expires_in":0}"#),
            (200, r#"{"access_token":"three"}"#),
        ]);
        let path = file(&format!(
            "# mine\ntoken_url = \"{url}\"\nclient_id = \"me\"\nrefresh_token = \"r3fresh\"\n"
        ));
        let renewed = RenewedToken::new(&path).unwrap();
        assert_eq!(ask(&renewed).unwrap(), token("one"));
        assert_eq!(ask(&renewed).unwrap(), token("one"), "it is kept");
        let endpoint = Endpoint::parse("imaps://ada@h.example.com", false).unwrap();
        renewed.judged(&endpoint, &token("one"), false);
        assert_eq!(ask(&renewed).unwrap(), token("two"), "the first was refused");
        assert_eq!(ask(&renewed).unwrap(), token("three"), "the second is not kept");
        let requests = requests.join().unwrap();
        assert_eq!(requests[0], "client_id=me&grant_type=refresh_token&refresh_token=r3fresh");
        assert!(requests[1].ends_with("=r3fresh2"), "the new refresh token is used");
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("# mine\n"));
        assert!(!format!("{renewed:?}").contains("r3fresh"));
    }

    #[test]
    fn refusals_of_the_provider_are_told_without_secrets() {
        let (url, requests) =
            provider(&[(400, r#"{"error":"invalid_client","error_description":"s3cret is wrong"}"#)]);
        let text =
            format!(r#"{{"token_url":"{url}","client_id":"me","client_secret":"s3cret","scope":"mail"}}"#);
        let error = ask(&RenewedToken::new(&file(&text)).unwrap()).unwrap_err().to_string();
        assert!(error.contains("400 invalid_client: ... is wrong") && !error.contains("s3cret"), "{error}");
        assert_eq!(
            requests.join().unwrap()[0],
            "client_id=me&grant_type=client_credentials&client_secret=s3cret&scope=mail"
        );
    }

    #[test]
    fn files_that_cannot_be_used() {
        for (name, text) in [
            ("no https", "token_url = \"http://login.example.com/\"\nclient_id = \"s3cret\""),
            ("not quite this machine", "token_url = \"http://localhost.evil.test/\"\nclient_id = \"s3cret\""),
            ("incomplete", "client_id = \"s3cret\""),
            (
                "a slip",
                "token_url = \"https://login.example.com/\"\nclient_id = \"s3cret\"\nrefreshtoken = \"s3cret\"",
            ),
            ("neither", "s3cret"),
            ("broken JSON", "{\"client_id\": \"s3cret\""),
        ] {
            let error = RenewedToken::new(&file(text)).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{name}: {error}");
        }
    }

    #[test]
    fn told_tokens_are_read_each_time() {
        let path = file("one\n");
        let told = ToldToken(Password::File(path.to_path_buf()));
        assert_eq!(ask(&told).unwrap(), token("one"));
        std::fs::write(&path, "two\n").unwrap();
        assert_eq!(ask(&told).unwrap(), token("two"));
        assert_eq!(ask(&ToldToken(Password::Command("echo three".into()))).unwrap(), token("three"));
        assert!(ask(&ToldToken(Password::Command("exit 1".into()))).is_err());
    }

    #[test]
    fn tokens_are_left_before_they_expire() {
        for (told, kept) in
            [(None, 0), (Some(0), 0), (Some(60), 30), (Some(3600), 3480), (Some(u64::MAX), 86_280)]
        {
            assert_eq!(keep(told), Duration::from_secs(kept));
        }
    }
}
