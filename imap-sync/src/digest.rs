//! Digests of content and of headers.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use mail_parser::MessageParser;

/// BLAKE3, cut to 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Its first half, which is enough to know a message again.
    pub fn short(&self) -> u64 {
        u64::from_be_bytes(*self.0.first_chunk().expect("a digest has 16 bytes"))
    }

    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::cut(&blake3::hash(bytes))
    }

    /// A digest read back.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// To be written down.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn cut(hash: &blake3::Hash) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// What tells two messages apart without their bodies: size, INTERNALDATE (the instant: servers answer in
/// their own zone) and header digest. Equal messages have equal fingerprints; a folder holds a multiset of them.
pub fn fingerprint(size: u64, date: &DateTime<FixedOffset>, header: &Digest) -> Digest {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&size.to_be_bytes());
    bytes[8..16].copy_from_slice(&date.timestamp().to_be_bytes());
    bytes[16..].copy_from_slice(header.as_bytes());
    Digest::of(&bytes)
}

/// A message's header, as far as an engine needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Digest of the header's bytes without the empty line that ends it.
    pub digest: Digest,
    /// `Message-ID` (RFC 5322 section 3.6.4) without its angle brackets.
    pub message_id: Option<String>,
}

impl Header {
    /// The header at the start of `bytes`, a message or a header.
    pub fn of(bytes: &[u8]) -> Self {
        let mut scan = HeaderScan::default();
        scan.push(bytes);
        scan.finish()
    }
}

/// Finds the header in a message that comes in pieces; keeps at most 256 KiB of it.
#[derive(Clone, Debug, Default)]
pub struct HeaderScan {
    bytes: Vec<u8>,
    complete: bool,
}

impl HeaderScan {
    /// The next piece of the message.
    pub fn push(&mut self, piece: &[u8]) {
        if self.complete {
            return;
        }
        let seen = self.bytes.len();
        let room = MAX_HEADER - seen;
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if let Some(end) = header_end(&self.bytes, seen.saturating_sub(3)) {
            self.bytes.truncate(end);
            self.complete = true;
        } else if self.bytes.len() == MAX_HEADER {
            self.complete = true;
        }
    }

    /// The header, once the message has ended (or earlier: nothing after the header matters).
    pub fn finish(mut self) -> Header {
        while matches!(self.bytes.last(), Some(b'\r' | b'\n')) {
            self.bytes.pop();
        }
        let digest = Digest::of(&self.bytes);
        // The last field must be ended to be read.
        self.bytes.extend_from_slice(b"\r\n");
        Header { digest, message_id: message_id(&self.bytes) }
    }
}

/// Digest of a whole message that comes in pieces.
#[derive(Clone, Debug, Default)]
pub struct ContentScan {
    hasher: blake3::Hasher,
}

impl ContentScan {
    /// The next piece of the message.
    pub fn push(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
    }

    /// The digest of all pieces.
    pub fn finish(&self) -> Digest {
        Digest::cut(&self.hasher.finalize())
    }
}

/// The offset of the empty line that ends the header, looking at line starts from `from` on.
fn header_end(bytes: &[u8], from: usize) -> Option<usize> {
    let empty_line_at = |at: usize| bytes[at..].starts_with(b"\r\n") || bytes.get(at) == Some(&b'\n');
    if from == 0 && empty_line_at(0) {
        return Some(0);
    }
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|lf| from + lf + 1).find(|&at| empty_line_at(at))
}

fn message_id(header: &[u8]) -> Option<String> {
    MessageParser::default().parse_headers(header)?.message_id().map(str::to_owned)
}

const MAX_HEADER: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_of_a_message_equals_the_header_alone() {
        let message = b"Message-ID: <a@example.com>\r\nSubject: x\r\n\r\nbody\r\n\r\nmore";
        let alone = b"Message-ID: <a@example.com>\r\nSubject: x\r\n\r\n";
        assert_eq!(Header::of(message), Header::of(alone));
        for message in
            [&message[..], b"Message-ID: <a@example.com>", b"MESSAGE-id:\r\n <a@example.com>\r\n\r\nx"]
        {
            assert_eq!(Header::of(message).message_id.as_deref(), Some("a@example.com"));
        }
        assert_ne!(Header::of(message).digest, Header::of(b"Subject: x\r\n\r\n").digest);
    }

    #[test]
    fn header_is_the_same_in_any_pieces() {
        for message in [&b"A: b\r\n\r\nbody"[..], b"\r\nbody", b"A: b\n\nbody", b"no end", b"", b"A: b\r\n"] {
            for size in 1..8 {
                let mut scan = HeaderScan::default();
                message.chunks(size).for_each(|piece| scan.push(piece));
                assert_eq!(scan.finish(), Header::of(message), "{message:?} by {size}");
            }
        }
    }

    #[test]
    fn header_without_end_is_bounded() {
        let mut scan = HeaderScan::default();
        for _ in 0..100 {
            scan.push(&[b'x'; 10_000]);
        }
        assert_eq!(scan.bytes.len(), MAX_HEADER);
    }
}
