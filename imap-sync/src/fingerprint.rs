//! A certificate's fingerprint, by which a server is known without any authority.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::error::Error;

/// SHA-256 of a certificate (DER), as `openssl x509 -fingerprint -sha256` shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// That of a certificate.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        f.write_str(&bytes.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    /// 64 hexadecimal digits; colons between bytes are passed over.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Input {
            what: format!("the fingerprint {}", text.escape_debug()),
            reason: "64 hexadecimal digits of a SHA-256 were expected".into(),
        };
        let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b':').collect();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
            *byte =
                digit(pair[0]).zip(digit(pair[1])).map(|(high, low)| high << 4 | low).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints() {
        let empty =
            "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
        let bare = empty.replace(':', "").to_lowercase();
        assert_eq!(Fingerprint::of(b"").to_string(), empty);
        for (name, text, good) in [
            ("with colons", empty, true),
            ("without colons", &bare, true),
            ("too short", &bare[2..], false),
            ("SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709", false),
            ("not hexadecimal", &bare.replace('e', "g"), false),
            ("not ASCII", &"\u{e9}".repeat(32), false),
            ("nothing", "", false),
        ] {
            assert_eq!(
                text.parse::<Fingerprint>().is_ok_and(|read| read == Fingerprint::of(b"")),
                good,
                "{name}"
            );
        }
    }
}
