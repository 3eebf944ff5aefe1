//! Password hashes as LDAP keeps them (RFC 2307 5.3: `{SCHEME}` and the hash). Never shown.

use std::fmt;

use serde::{Serialize, Serializer};

/// A `userPassword` value. `Debug` and serialisation show its scheme alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    scheme: Scheme,
    text: Vec<u8>,
    payload: usize,
}

impl Password {
    /// Reads a `userPassword` value; without a `{SCHEME}` in front it is the password itself.
    ///
    /// Dovecot's names for crypt hashes (`{SHA512-CRYPT}`, `{BLF-CRYPT}`, ...) become LDAP's `{CRYPT}`.
    pub fn new(value: &[u8]) -> Self {
        let Some((name, payload)) = split_scheme(value) else {
            return Self { scheme: Scheme::Plain, text: value.to_vec(), payload: 0 };
        };
        let (scheme, canonical) = known_scheme(name);
        let mut text =
            canonical.map_or_else(|| format!("{{{name}}}"), |name| format!("{{{name}}}")).into_bytes();
        let start = text.len();
        text.extend_from_slice(payload);
        Self { scheme, text, payload: start }
    }

    /// How the password is hashed.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The whole value as LDAP writes it, such as `{SSHA512}...`; plain passwords have no prefix unless the source had one.
    pub fn as_ldap(&self) -> &[u8] {
        &self.text
    }

    /// What follows the `{SCHEME}`.
    pub fn payload(&self) -> &[u8] {
        &self.text[self.payload..]
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Password({}, ***)", self.scheme)
    }
}

/// The scheme alone.
impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.scheme)
    }
}

/// The scheme of a password hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `{ARGON2}`
    Argon2,
    /// `{CRYPT}`, whose own `$id$` says more.
    Crypt,
    /// `{MD5}`
    Md5,
    /// `{PBKDF2}` and its kin
    Pbkdf2,
    /// No scheme, `{PLAIN}` or `{CLEARTEXT}`
    Plain,
    /// `{SHA}`
    Sha,
    /// `{SHA256}`
    Sha256,
    /// `{SHA512}`
    Sha512,
    /// `{SMD5}`
    Smd5,
    /// `{SSHA}`
    Ssha,
    /// `{SSHA256}`
    Ssha256,
    /// `{SSHA512}`
    Ssha512,
    /// Any other, by the name that the source gives it.
    Other(String),
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2 => "ARGON2",
            Self::Crypt => "CRYPT",
            Self::Md5 => "MD5",
            Self::Pbkdf2 => "PBKDF2",
            Self::Plain => "PLAIN",
            Self::Sha => "SHA",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Smd5 => "SMD5",
            Self::Ssha => "SSHA",
            Self::Ssha256 => "SSHA256",
            Self::Ssha512 => "SSHA512",
            Self::Other(name) => name,
        })
    }
}

fn split_scheme(value: &[u8]) -> Option<(&str, &[u8])> {
    let inner = value.strip_prefix(b"{")?;
    let close = inner.iter().take(MAX_NAME).position(|&byte| byte == b'}')?;
    let name = std::str::from_utf8(&inner[..close]).ok()?;
    let named = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
    named.then(|| (name, &inner[close + 1..]))
}

/// The scheme and, where the source's name is not the one LDAP uses, that one.
fn known_scheme(name: &str) -> (Scheme, Option<&'static str>) {
    let upper = name.to_ascii_uppercase();
    match SCHEMES.iter().find(|(known, ..)| *known == upper) {
        Some((_, scheme, canonical)) => (scheme.clone(), *canonical),
        None => (Scheme::Other(upper), None),
    }
}

/// Name in upper case, scheme, and the name LDAP servers use when it is another.
const SCHEMES: &[(&str, Scheme, Option<&str>)] = &[
    ("ARGON2", Scheme::Argon2, None),
    ("ARGON2I", Scheme::Argon2, Some("ARGON2")),
    ("ARGON2ID", Scheme::Argon2, Some("ARGON2")),
    ("BLF-CRYPT", Scheme::Crypt, Some("CRYPT")),
    ("CLEAR", Scheme::Plain, None),
    ("CLEARTEXT", Scheme::Plain, None),
    ("CRYPT", Scheme::Crypt, None),
    ("DES-CRYPT", Scheme::Crypt, Some("CRYPT")),
    ("LDAP-MD5", Scheme::Md5, Some("MD5")),
    ("MD5", Scheme::Md5, None),
    ("MD5-CRYPT", Scheme::Crypt, Some("CRYPT")),
    ("PBKDF2", Scheme::Pbkdf2, None),
    ("PBKDF2-SHA1", Scheme::Pbkdf2, None),
    ("PBKDF2-SHA256", Scheme::Pbkdf2, None),
    ("PBKDF2-SHA512", Scheme::Pbkdf2, None),
    ("PLAIN", Scheme::Plain, None),
    ("SHA", Scheme::Sha, None),
    ("SHA1", Scheme::Sha, Some("SHA")),
    ("SHA256", Scheme::Sha256, None),
    ("SHA256-CRYPT", Scheme::Crypt, Some("CRYPT")),
    ("SHA512", Scheme::Sha512, None),
    ("SHA512-CRYPT", Scheme::Crypt, Some("CRYPT")),
    ("SMD5", Scheme::Smd5, None),
    ("SSHA", Scheme::Ssha, None),
    ("SSHA256", Scheme::Ssha256, None),
    ("SSHA512", Scheme::Ssha512, None),
];

const MAX_NAME: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes() {
        let table: &[(&str, Scheme, &str, &str)] = &[
            ("{SSHA512}abc", Scheme::Ssha512, "{SSHA512}abc", "abc"),
            ("{ssha}abc", Scheme::Ssha, "{ssha}abc", "abc"),
            ("{CRYPT}$6$s$h", Scheme::Crypt, "{CRYPT}$6$s$h", "$6$s$h"),
            ("{SHA512-CRYPT}$6$s$h", Scheme::Crypt, "{CRYPT}$6$s$h", "$6$s$h"),
            ("{BLF-CRYPT}$2y$05$x", Scheme::Crypt, "{CRYPT}$2y$05$x", "$2y$05$x"),
            ("{ARGON2ID}$argon2id$x", Scheme::Argon2, "{ARGON2}$argon2id$x", "$argon2id$x"),
            ("{PBKDF2-SHA256}10$s$h", Scheme::Pbkdf2, "{PBKDF2-SHA256}10$s$h", "10$s$h"),
            ("secret", Scheme::Plain, "secret", "secret"),
            ("{CLEARTEXT}secret", Scheme::Plain, "{CLEARTEXT}secret", "secret"),
            ("{secret", Scheme::Plain, "{secret", "{secret"),
            ("{a b}secret", Scheme::Plain, "{a b}secret", "{a b}secret"),
            ("{}secret", Scheme::Plain, "{}secret", "{}secret"),
            ("{new}x", Scheme::Other("NEW".to_owned()), "{new}x", "x"),
        ];
        for (value, scheme, ldap, payload) in table {
            let password = Password::new(value.as_bytes());
            assert_eq!(password.scheme(), scheme, "{value}");
            assert_eq!(password.as_ldap(), ldap.as_bytes(), "{value}");
            assert_eq!(password.payload(), payload.as_bytes(), "{value}");
        }
    }

    #[test]
    fn nothing_of_it_is_shown() {
        assert_eq!(format!("{:?}", Password::new(b"{SSHA}secret")), "Password(SSHA, ***)");
        assert_eq!(format!("{:?}", Password::new(b"secret")), "Password(PLAIN, ***)");
    }
}
