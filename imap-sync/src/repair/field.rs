//! What a header field is called, and what the MIME fields say of a body (RFC 5322 section 2.2, RFC 2045 sections 5 and 6).

/// How a body is encoded: Content-Transfer-Encoding (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `base64`.
    Base64,
    /// `7bit`, `8bit` or `binary`, or nothing said: the bytes are what they are.
    #[default]
    Identity,
    /// One that is not known: nothing can be done to such a body.
    Other,
    /// `quoted-printable`.
    QuotedPrintable,
}

impl Encoding {
    pub(super) fn is_identity(self) -> bool {
        self == Self::Identity
    }
}

/// What a body is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// `message/rfc822`.
    Message,
    /// `multipart/...` with a boundary.
    Multipart { boundary: Vec<u8>, digest: bool, signed: bool },
    /// Bytes.
    Other,
    /// `text/...`.
    Text,
    /// Nothing said, up to the end of the header.
    #[default]
    Unsaid,
}

/// What a header says of its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) kind: Kind,
    pub(super) encoding: Encoding,
    pub(super) charset: Option<String>,
    encoded: bool,
}

impl Media {
    /// Reads a field if it is one of MIME's; the first of a name counts.
    pub(super) fn read(&mut self, field: &[u8]) {
        let Some((name, value)) = split(field) else { return };
        if name.eq_ignore_ascii_case(CONTENT_TYPE) && self.kind == Kind::Unsaid {
            self.read_type(value);
        } else if name.eq_ignore_ascii_case(TRANSFER_ENCODING) && !self.encoded {
            self.encoded = true;
            self.encoding = match token(value).to_ascii_lowercase().as_slice() {
                b"base64" => Encoding::Base64,
                b"quoted-printable" => Encoding::QuotedPrintable,
                b"7bit" | b"8bit" | b"binary" | b"" => Encoding::Identity,
                _ => Encoding::Other,
            };
        }
    }

    /// The header is at its end: what was not said is `text/plain`, in a digest `message/rfc822` (RFC 2046 section 5.1.5).
    pub(super) fn settle(&mut self, digest: bool) {
        if self.kind == Kind::Unsaid {
            self.kind = if digest { Kind::Message } else { Kind::Text };
        }
    }

    fn read_type(&mut self, value: &[u8]) {
        let kind = token(value).to_ascii_lowercase();
        let lookup =
            |name: &str| parameters(value).find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()));
        let boundary = lookup("boundary").map(|(_, value)| unquoted(value).trim_ascii_end().to_vec());
        self.charset = lookup("charset").and_then(|(_, value)| charset(&unquoted(value)));
        self.kind = if let Some(subtype) = kind.strip_prefix(b"multipart/") {
            let boundary = boundary.filter(|boundary| !boundary.is_empty() && boundary.len() <= MAX_BOUNDARY);
            let (digest, signed) = (subtype == b"digest", subtype == b"signed");
            boundary.map_or(Kind::Other, |boundary| Kind::Multipart { boundary, digest, signed })
        } else if kind == b"message/rfc822" || kind == b"message/global" {
            Kind::Message
        } else if kind.starts_with(b"text/") {
            Kind::Text
        } else {
            Kind::Other
        };
    }
}

/// `field-name ":" value`, also the obsolete form with spaces before the colon (RFC 5322 section 4.5).
pub(super) fn split(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', field)?;
    let name = field[..colon].trim_ascii_end();
    let valid = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    valid.then_some((name, &field[colon + 1..]))
}

/// Whether the field is as the standard wants it today.
pub(super) fn is_valid(field: &[u8]) -> bool {
    split(field).is_some_and(|(name, _)| field.get(name.len()) == Some(&b':'))
}

/// The parameters after the first `;`, values as written; bounded by what is there.
pub(super) fn parameters(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    pieces(value).skip(1).filter_map(|piece| {
        let equals = memchr::memchr(b'=', piece)?;
        Some((piece[..equals].trim_ascii(), piece[equals + 1..].trim_ascii()))
    })
}

/// What stands between the `;` that are not quoted.
pub(super) fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |&byte| {
        let ends = byte == b';' && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = quoted && byte == b'\\' && !escaped;
        ends
    })
}

/// A quoted string's content, or the value as it is.
pub(super) fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inside) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let mut out = Vec::new();
    let mut bytes = inside.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => out.extend(bytes.next()),
            b'\r' | b'\n' => {}
            _ => out.push(byte),
        }
    }
    out
}

/// A charset's name that can be written into an encoded word, unless it says nothing of 8-bit characters.
fn charset(name: &[u8]) -> Option<String> {
    let fits = !name.is_empty() && name.len() <= 40;
    let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+".contains(byte));
    let name = str::from_utf8(name).ok()?.to_ascii_lowercase();
    let says_nothing = ["us-ascii", "ascii", "utf-8", "utf8", "utf-16", "utf-7"].contains(&name.as_str());
    (fits && plain && !says_nothing).then_some(name)
}

/// The first word, up to a space, `;` or a comment.
fn token(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii_start();
    let end = value.iter().position(|byte| byte.is_ascii_whitespace() || b";(".contains(byte));
    value[..end.unwrap_or(value.len())].trim_ascii_end()
}

pub(super) const CONTENT_TYPE: &[u8] = b"Content-Type";
pub(super) const TRANSFER_ENCODING: &[u8] = b"Content-Transfer-Encoding";
const MAX_BOUNDARY: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        let multipart =
            |boundary: &str, digest, signed| Kind::Multipart { boundary: boundary.into(), digest, signed };
        for (name, field, kind) in [
            ("text", "Content-Type: text/html", Kind::Text),
            ("case", "CONTENT-type:TEXT/Plain;charset=x", Kind::Text),
            ("message", "Content-Type: message/rfc822; name=\"a;b\"", Kind::Message),
            ("bytes", "Content-Type: image/png", Kind::Other),
            ("not a type", "Content-Type: text", Kind::Other),
            ("multipart", "Content-Type: multipart/mixed; boundary=abc", multipart("abc", false, false)),
            (
                "quoted",
                "Content-Type: multipart/mixed; x=\"a\\\";b\";\r\n\tBoundary=\"a b=\\\"\"",
                multipart("a b=\"", false, false),
            ),
            ("digest", "Content-Type: multipart/digest; boundary=d", multipart("d", true, false)),
            ("signed", "Content-Type : multipart/signed; boundary=d", multipart("d", false, true)),
            ("no boundary", "Content-Type: multipart/mixed", Kind::Other),
            ("empty boundary", "Content-Type: multipart/mixed; boundary=\"\"", Kind::Other),
            ("another field", "Subject: multipart/mixed; boundary=abc", Kind::Unsaid),
        ] {
            let mut media = Media::default();
            media.read(field.as_bytes());
            assert_eq!(media.kind, kind, "{name}");
        }
    }

    #[test]
    fn encodings_and_charsets() {
        let read = |field: &str| {
            let mut media = Media::default();
            media.read(field.as_bytes());
            media
        };
        for (name, value, encoding) in [
            ("bits", "8bit", Encoding::Identity),
            ("case and a comment", " BASE64 (why)", Encoding::Base64),
            ("quoted-printable", "quoted-printable\r\n", Encoding::QuotedPrintable),
            ("unknown", "x-uuencode", Encoding::Other),
        ] {
            assert_eq!(read(&format!("Content-Transfer-Encoding: {value}")).encoding, encoding, "{name}");
        }
        for (value, charset) in [
            ("koi8-r", Some("koi8-r")),
            ("\"ISO-8859-1\"", Some("iso-8859-1")),
            ("utf-8", None),
            ("a?b", None),
            ("", None),
        ] {
            let media = read(&format!("Content-Type: text/plain; charset={value}"));
            assert_eq!(media.charset.as_deref(), charset, "{value}");
        }
    }

    #[test]
    fn fields_have_names() {
        for (field, name, valid) in [
            ("Subject: x", Some("Subject"), true),
            ("Subject : x", Some("Subject"), false),
            ("Sub ject: x", None, false),
            ("From me@example.com Mon Jan  1 00:00:00 2001", None, false),
            (": x", None, false),
            ("no colon", None, false),
            (" begins with a space: x", None, false),
        ] {
            assert_eq!(split(field.as_bytes()).map(|(name, _)| name), name.map(str::as_bytes), "{field}");
            assert_eq!(is_valid(field.as_bytes()), valid, "{field}");
        }
    }
}
