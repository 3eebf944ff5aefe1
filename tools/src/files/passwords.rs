//! LDAP's password schemes as Dovecot writes them (RFC 2307 section 5.3; Dovecot's manual, "Password Schemes").

use std::fmt;

use ldif::{Password, Scheme};

/// The password field of a passwd-file. Redacts itself in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Field(String);

impl Field {
    /// A field that no password matches.
    pub fn locked() -> Self {
        Self("{CRYPT}!".to_owned())
    }

    /// The text as it stands in the file.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field(***)")
    }
}

/// The hash as Dovecot verifies it, or why it cannot.
pub fn for_dovecot(password: &Password) -> Result<Field, String> {
    let payload = std::str::from_utf8(password.payload());
    let scheme = match (password.scheme(), payload) {
        (Scheme::Plain, _) => return Ok(plain(password.payload())),
        (Scheme::Crypt, Ok(payload)) => crypt(payload),
        (Scheme::Argon2, Ok(payload)) if payload.starts_with("$argon2id$") => "ARGON2ID",
        (Scheme::Argon2, Ok(payload)) if payload.starts_with("$argon2i$") => "ARGON2I",
        // Dovecot's own MD5 is the crypt form; LDAP's is base64.
        (Scheme::Md5, Ok(_)) => "LDAP-MD5",
        (Scheme::Sha, Ok(_)) => "SHA",
        (Scheme::Sha256, Ok(_)) => "SHA256",
        (Scheme::Sha512, Ok(_)) => "SHA512",
        (Scheme::Smd5, Ok(_)) => "SMD5",
        (Scheme::Ssha, Ok(_)) => "SSHA",
        (Scheme::Ssha256, Ok(_)) => "SSHA256",
        (Scheme::Ssha512, Ok(_)) => "SSHA512",
        (scheme, _) => {
            return Err(format!("Dovecot cannot verify a password of scheme {scheme}; it must be set anew"));
        }
    };
    match payload {
        Ok(payload) if !payload.is_empty() && !payload.contains(|c: char| c == ':' || c.is_control()) => {
            Ok(Field(format!("{{{scheme}}}{payload}")))
        }
        _ => Err(format!("the {scheme} password is damaged; it must be set anew")),
    }
}

/// The scheme by the prefix of crypt(5).
fn crypt(payload: &str) -> &'static str {
    match payload {
        _ if payload.starts_with("$1$") => "MD5-CRYPT",
        _ if payload.starts_with("$2") => "BLF-CRYPT",
        _ if payload.starts_with("$5$") => "SHA256-CRYPT",
        _ if payload.starts_with("$6$") => "SHA512-CRYPT",
        _ => "CRYPT",
    }
}

/// In hexadecimal, since a colon would end the field.
fn plain(payload: &[u8]) -> Field {
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    Field(format!("{{PLAIN.HEX}}{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_have_dovecots_names() {
        for (ldap, dovecot) in [
            ("{SSHA}abc=", "{SSHA}abc="),
            ("{ssha512}abc=", "{SSHA512}abc="),
            ("{CRYPT}$6$salt$hash", "{SHA512-CRYPT}$6$salt$hash"),
            ("{CRYPT}$5$salt$hash", "{SHA256-CRYPT}$5$salt$hash"),
            ("{CRYPT}$1$salt$hash", "{MD5-CRYPT}$1$salt$hash"),
            ("{CRYPT}$2y$05$hash", "{BLF-CRYPT}$2y$05$hash"),
            ("{CRYPT}$y$j9T$hash", "{CRYPT}$y$j9T$hash"),
            ("{MD5}abc==", "{LDAP-MD5}abc=="),
            ("{ARGON2}$argon2id$v=19$x", "{ARGON2ID}$argon2id$v=19$x"),
            ("a:b", "{PLAIN.HEX}613a62"),
        ] {
            assert_eq!(for_dovecot(&Password::new(ldap.as_bytes())).unwrap().as_str(), dovecot);
        }
    }

    #[test]
    fn what_dovecot_cannot_verify_is_named_without_the_hash() {
        for ldap in ["{PBKDF2-SHA256}10000$secret", "{SCRAM-SHA-256}secret", "{SSHA}se:cret", "{SSHA}"] {
            let reason = for_dovecot(&Password::new(ldap.as_bytes())).unwrap_err();
            assert!(!reason.contains("cret"), "{reason}");
        }
    }
}
