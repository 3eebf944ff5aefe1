//! Passwords that do not print themselves.

use std::fmt;

/// A password or token. Neither `Debug` nor any error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// What proves to a server who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The client certificate that TLS has shown already (`EXTERNAL`, RFC 4422 appendix A).
    Certificate,
    /// A password.
    Password(Secret),
    /// An OAuth access token (RFC 6750).
    Token(Secret),
}

impl Secret {
    /// Keeps `secret`, byte for byte.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(secret.into())
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// A server's words without the secret, should it have repeated it.
    pub(crate) fn cut_from(&self, words: &str) -> String {
        match std::str::from_utf8(&self.0) {
            Ok(secret) if !secret.is_empty() => words.replace(secret, "..."),
            _ => words.to_owned(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Proof {
    /// The secret, where there is one.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Certificate => None,
            Self::Password(secret) | Self::Token(secret) => Some(secret),
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Certificate => "a client certificate",
            Self::Password(_) => "a password",
            Self::Token(_) => "a token",
        }
    }
}

impl From<Secret> for Proof {
    fn from(password: Secret) -> Self {
        Self::Password(password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
        assert_eq!(format!("{:?}", Proof::Token(Secret::new("hunter2"))), "Token(Secret(..))");
    }

    #[test]
    fn words_that_repeat_the_secret_lose_it() {
        assert_eq!(Secret::new("hunter2").cut_from("no such hunter2 here"), "no such ... here");
        assert_eq!(Secret::new("").cut_from("no"), "no");
    }
}
