//! The ways to log in, by name (RFC 4422 section 3.1).

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mechanism {
    /// A digest of the password and a challenge (RFC 2195).
    CramMd5,
    /// The client certificate of TLS (RFC 4422 appendix A).
    External,
    /// The obsolete SASL mechanism `LOGIN`: name and password, each asked for.
    Login,
    /// The command `LOGIN` (RFC 9051 section 6.2.3), no mechanism of SASL.
    LoginCommand,
    /// An OAuth token (RFC 7628).
    OAuthBearer,
    /// Name and password (RFC 4616).
    Plain,
    /// RFC 5802 with SHA-1.
    ScramSha1,
    /// RFC 7677.
    ScramSha256,
    /// An OAuth token, as Google and Microsoft had it before RFC 7628.
    XOAuth2,
}

impl Mechanism {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::CramMd5,
        Self::External,
        Self::Login,
        Self::LoginCommand,
        Self::OAuthBearer,
        Self::Plain,
        Self::ScramSha1,
        Self::ScramSha256,
        Self::XOAuth2,
    ];

    /// Its name: that of SASL, or `login-command`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CramMd5 => "CRAM-MD5",
            Self::External => "EXTERNAL",
            Self::Login => "LOGIN",
            Self::LoginCommand => "login-command",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::Plain => "PLAIN",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    /// Whether one may log in by it in another's stead (an authorization identity, RFC 4422 section 2).
    pub(crate) fn takes_authzid(self) -> bool {
        !matches!(self, Self::CramMd5 | Self::Login | Self::LoginCommand | Self::XOAuth2)
    }

    /// Whether it tells a listener all that is needed to log in.
    pub(crate) fn shows_the_secret(self) -> bool {
        !matches!(self, Self::CramMd5 | Self::External | Self::ScramSha1 | Self::ScramSha256)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mechanism {
    type Err = Error;

    /// Without regard to case.
    fn from_str(name: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name));
        known.ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(", ");
            Error::Input { what: format!("the mechanism {name}"), reason: format!("it is none of {all}") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.name().to_lowercase().parse::<Mechanism>().unwrap(), mechanism);
        }
        assert!("DIGEST-MD5".parse::<Mechanism>().is_err());
    }
}
