//! Where a mailbox is.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::mechanism::Mechanism;

/// How a connection is made safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    ImplicitTls,
    /// None. Only where the user allowed it.
    Plaintext,
    /// STARTTLS (RFC 9051 section 6.2.1), without which nothing is said.
    StartTls,
}

/// How an administrator enters another's mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// By an authorization identity (RFC 4422 section 2): Carbonio, Cyrus, Dovecot.
    #[default]
    Authzid,
    /// By the command `PROXYAUTH` after the login: Sun, iPlanet, Oracle.
    Command,
    /// By a name made of both, `USER*MASTER` where the separator is `*`: Dovecot's master users.
    Master {
        /// What stands between the names.
        separator: char,
    },
}

/// Whether what is said is compressed (RFC 4978).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Wherever the server can.
    Always,
    /// Where the way is long: there compressing takes less time than it saves.
    #[default]
    Auto,
    /// Nowhere.
    Never,
}

/// A client certificate and its key, two files (PEM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those that lead up from it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A server and a mailbox on it. Holds no password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is made safe.
    pub security: Security,
    /// The mailbox's owner.
    pub user: String,
    /// An administrator who logs in, with his own password, in the owner's stead.
    pub admin: Option<String>,
    /// How the administrator does that.
    pub proxy: Proxy,
    /// The one way to log in; otherwise the best of those offered.
    pub mechanism: Option<Mechanism>,
    /// A file of certificates (PEM) to trust instead of the system's.
    pub cafile: Option<PathBuf>,
    /// The certificate that the server has to show. It replaces authorities, name and dates.
    pub fingerprint: Option<Fingerprint>,
    /// The certificate shown to the server.
    pub certificate: Option<ClientCertificate>,
    /// Whether the server has to say whose mailbox it is.
    pub require_identity: bool,
    /// Whether what is said is compressed.
    pub compression: Compression,
    /// How long a server may be silent while it is waited for.
    pub timeout: Duration,
}

impl Endpoint {
    /// Reads `imaps://USER@HOST[:PORT]` or `imap://USER@HOST[:PORT]`. A user holding `@` is split at the last one,
    /// or percent-encoded. `imap` means STARTTLS, or with `allow_plaintext` plain text.
    ///
    /// ```
    /// use imap_sync::{Endpoint, Security};
    ///
    /// let endpoint = Endpoint::parse("imaps://ada@example.com@mail.example.com", false)?;
    /// assert_eq!((endpoint.user.as_str(), endpoint.port), ("ada@example.com", 993));
    /// assert_eq!(Endpoint::parse("imap://ada@[::1]:1143", false)?.security, Security::StartTls);
    /// # Ok::<(), imap_sync::Error>(())
    /// ```
    pub fn parse(url: &str, allow_plaintext: bool) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("imaps://USER@HOST was expected"))?;
        let (security, port) = match scheme.to_ascii_lowercase().as_str() {
            "imap" if allow_plaintext => (Security::Plaintext, 143),
            "imap" => (Security::StartTls, 143),
            "imaps" => (Security::ImplicitTls, 993),
            _ => return Err(wrong("only imaps:// and imap:// are known")),
        };
        let (user, server) = rest.rsplit_once('@').ok_or_else(|| wrong("it names no user before an @"))?;
        if user.contains(':') {
            return Err(wrong(
                "a password does not belong into it (a colon of the user's name is written %3A)",
            ));
        }
        let (host, port) = host_and_port(server.strip_suffix('/').unwrap_or(server), port)?;
        let user = percent_decode(user).filter(|user| !user.is_empty());
        let user = user.ok_or_else(|| wrong("the user's name cannot be read"))?;
        Ok(Self {
            host,
            port,
            security,
            user,
            admin: None,
            proxy: Proxy::default(),
            mechanism: None,
            cafile: None,
            fingerprint: None,
            certificate: None,
            require_identity: false,
            compression: Compression::default(),
            timeout: TIMEOUT,
        })
    }

    /// The same with an administrator's login.
    pub fn with_admin(mut self, admin: Option<String>) -> Self {
        self.admin = admin;
        self
    }

    /// The same with another way for the administrator.
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// The same with one way to log in, whatever else is offered.
    pub fn with_mechanism(mut self, mechanism: Option<Mechanism>) -> Self {
        self.mechanism = mechanism;
        self
    }

    /// The same with a file of certificates to trust.
    pub fn with_cafile(mut self, cafile: Option<PathBuf>) -> Self {
        self.cafile = cafile;
        self
    }

    /// The same with the certificate that the server has to show.
    pub fn with_fingerprint(mut self, fingerprint: Option<Fingerprint>) -> Self {
        self.fingerprint = fingerprint;
        self
    }

    /// The same with a certificate to show.
    pub fn with_certificate(mut self, certificate: Option<ClientCertificate>) -> Self {
        self.certificate = certificate;
        self
    }

    /// The same where the server has to say whose mailbox it is; not many servers can.
    pub fn require_identity(mut self, required: bool) -> Self {
        self.require_identity = required;
        self
    }

    /// The same with or without compression.
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The same with another patience.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// In whose stead, if in another's by an authorization identity; and the name that logs in.
    pub(crate) fn names(&self) -> (Option<&str>, String) {
        match (&self.admin, self.proxy) {
            (None, _) => (None, self.user.clone()),
            (Some(admin), Proxy::Authzid) => (Some(&self.user), admin.clone()),
            (Some(admin), Proxy::Command) => (None, admin.clone()),
            (Some(admin), Proxy::Master { separator }) => (None, format!("{}{separator}{admin}", self.user)),
        }
    }

    /// The login was refused.
    pub(crate) fn refused(&self, reason: impl Into<String>) -> Error {
        let user = match &self.admin {
            Some(admin) => format!("{admin} for {}", self.user),
            None => self.user.clone(),
        };
        Error::Authentication { host: self.host.clone(), user, reason: reason.into() }
    }
}

impl Compression {
    /// Whether to compress, over a link of this round trip, where `near` means that it stays on this machine.
    pub(crate) fn is_wanted(self, near: bool, round_trip: Duration) -> bool {
        match self {
            Self::Always => true,
            Self::Auto => !near && round_trip > LONG,
            Self::Never => false,
        }
    }
}

fn host_and_port(server: &str, default: u16) -> Result<(String, u16), Error> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(|| wrong("a ] is missing"))?;
            (host, if port.is_empty() { None } else { port.strip_prefix(':').or(Some("")) })
        }
        None => match server.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (server, None),
        },
    };
    let odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b".-_:".contains(&byte);
    if host.is_empty() || host.bytes().any(odd) {
        return Err(wrong("the host's name cannot be read"));
    }
    let port = port.map_or(Ok(default), str::parse).ok().filter(|&port| port != 0);
    Ok((host.to_owned(), port.ok_or_else(|| wrong("the port is no number from 1 to 65535"))?))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_first_chunk::<2>()?;
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The URL itself is not repeated: it may hold a password.
fn wrong(reason: &str) -> Error {
    Error::Input { what: "the URL of a mailbox".into(), reason: reason.into() }
}

const TIMEOUT: Duration = Duration::from_secs(300);
/// A local network answers sooner, and carries more than a processor deflates.
const LONG: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (name, url, plain, expected) in [
            ("implicit", "imaps://u@h.example.com", false, Some(("h.example.com", 993, "u"))),
            ("starttls", "imap://u@h", false, Some(("h", 143, "u"))),
            ("port", "IMAP://u@h:1143", true, Some(("h", 1143, "u"))),
            ("user with at", "imaps://a@b.test@h", false, Some(("h", 993, "a@b.test"))),
            ("encoded user", "imaps://a%40b.test@h/", false, Some(("h", 993, "a@b.test"))),
            ("ipv6", "imaps://u@[::1]:993", false, Some(("::1", 993, "u"))),
            ("ipv6 alone", "imaps://u@[::1]", false, Some(("::1", 993, "u"))),
            ("no user", "imaps://h", false, None),
            ("empty user", "imaps://@h", false, None),
            ("password", "imaps://u:secret@h", false, None),
            ("other scheme", "http://u@h", false, None),
            ("no host", "imaps://u@", false, None),
            ("bad port", "imaps://u@h:0", false, None),
            ("large port", "imaps://u@h:65536", false, None),
            ("bad percent", "imaps://u%4@h", false, None),
            ("signed percent", "imaps://u%+4@h", false, None),
            ("path", "imaps://u@h/INBOX", false, None),
        ] {
            let parsed = Endpoint::parse(url, plain);
            let parsed = parsed.as_ref().ok().map(|it| (it.host.as_str(), it.port, it.user.as_str()));
            assert_eq!(parsed, expected, "{name}");
        }
        assert_eq!(Endpoint::parse("imap://u@h", true).unwrap().security, Security::Plaintext);
    }

    #[test]
    fn names_that_log_in() {
        let endpoint = Endpoint::parse("imaps://u@h", false).unwrap();
        assert_eq!(endpoint.names(), (None, "u".into()));
        let endpoint = endpoint.with_admin(Some("boss".into()));
        assert_eq!(endpoint.names(), (Some("u"), "boss".into()));
        assert_eq!(endpoint.clone().with_proxy(Proxy::Command).names(), (None, "boss".into()));
        assert_eq!(endpoint.with_proxy(Proxy::Master { separator: '*' }).names(), (None, "u*boss".into()));
    }

    #[test]
    fn compression_is_for_long_ways() {
        let (short, long) = (Duration::from_micros(400), Duration::from_millis(30));
        for (compression, near, round_trip, wanted) in [
            (Compression::Auto, false, long, true),
            (Compression::Auto, false, short, false),
            (Compression::Auto, true, long, false),
            (Compression::Always, true, short, true),
            (Compression::Never, false, long, false),
        ] {
            assert_eq!(
                compression.is_wanted(near, round_trip),
                wanted,
                "{compression:?} {near} {round_trip:?}"
            );
        }
    }

    #[test]
    fn errors_hold_no_password() {
        let error = Endpoint::parse("imaps://u:secret@h", false).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
