//! Line ends: CRLF on the wire, LF on disk.
//!
//! A server gives CRLF and its Maildir holds LF, as Dovecot writes it by default (`mail_save_crlf=no`); when Dovecot serves
//! the file, it puts a CR before each LF that has none. [`Lines::stored`] therefore takes one CR from each CRLF, unless a line
//! of the message ends in CR CR LF: such a message is kept as it came, because only so it is served as it was. A bare LF
//! cannot be kept apart from a line end, on any server over a Maildir; [`Lines::bare`] tells of it.

use std::io::{self, Read};

/// What the line ends of a message are, learnt piece by piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    bytes: u64,
    pairs: u64,
    bare: u64,
    doubled: bool,
    last: [u8; 2],
}

impl Lines {
    /// The next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        for &byte in piece {
            match (self.last, byte) {
                ([before, b'\r'], b'\n') => {
                    self.pairs += 1;
                    self.doubled |= before == b'\r';
                }
                (_, b'\n') => self.bare += 1,
                _ => {}
            }
            self.last = [self.last[1], byte];
        }
    }

    /// How many LF stand without a CR.
    pub fn bare(&self) -> u64 {
        self.bare
    }

    /// The size of the file.
    pub fn stored(&self) -> u64 {
        if self.doubled { self.bytes } else { self.bytes - self.pairs }
    }

    /// The size that servers tell.
    pub fn served(&self) -> u64 {
        self.bytes + self.bare
    }

    /// The bytes of the file, from those that came.
    pub fn to_stored<R: Read>(self, came: R) -> Converted<R> {
        Converted::new(came, if self.doubled { Way::AsIs } else { Way::ToLf })
    }
}

/// The bytes that servers give, from those of a file.
pub fn to_served<R: Read>(stored: R) -> Converted<R> {
    Converted::new(stored, Way::ToCrlf)
}

/// Bytes with other line ends.
#[derive(Debug)]
pub struct Converted<R> {
    inner: R,
    way: Way,
    raw: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    /// The byte before; for `ToLf` a CR that is held back.
    last: u8,
    ended: bool,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    AsIs,
    ToCrlf,
    ToLf,
}

impl<R: Read> Converted<R> {
    fn new(inner: R, way: Way) -> Self {
        Self { inner, way, raw: vec![0; BUFFER], ready: Vec::new(), at: 0, last: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        while self.ready.is_empty() && !self.ended {
            let count = match self.inner.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            self.ended = count == 0;
            match self.way {
                Way::AsIs => self.ready.extend_from_slice(&self.raw[..count]),
                Way::ToCrlf => self.widen(count),
                Way::ToLf => self.narrow(count),
            }
        }
        Ok(())
    }

    fn widen(&mut self, count: usize) {
        for &byte in &self.raw[..count] {
            if byte == b'\n' && self.last != b'\r' {
                self.ready.push(b'\r');
            }
            self.ready.push(byte);
            self.last = byte;
        }
    }

    fn narrow(&mut self, count: usize) {
        for &byte in &self.raw[..count] {
            if self.last == b'\r' && byte != b'\n' {
                self.ready.push(b'\r');
            }
            if byte != b'\r' {
                self.ready.push(byte);
            }
            self.last = byte;
        }
        if self.ended && self.last == b'\r' {
            self.ready.push(b'\r');
        }
    }
}

impl<R: Read> Read for Converted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.refill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.at);
        buffer[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

const BUFFER: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(came: &[u8]) -> Lines {
        let mut lines = Lines::default();
        lines.push(came);
        lines
    }

    fn all(mut read: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        read.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_comes_is_kept_with_lf_and_served_as_it_came() {
        for (came, stored) in [
            (&b""[..], &b""[..]),
            (b"a: b\r\n\r\nc\r\n", b"a: b\n\nc\n"),
            (b"no end", b"no end"),
            (b"a\rb\r\n\r", b"a\rb\n\r"),
            (b"a\r\r\nb\r\n", b"a\r\r\nb\r\n"),
        ] {
            let lines = lines(came);
            assert_eq!(all(lines.to_stored(came)), stored);
            assert_eq!(all(to_served(stored)), came);
            assert_eq!((lines.stored(), lines.served()), (stored.len() as u64, came.len() as u64));
        }
    }

    #[test]
    fn a_bare_lf_is_told() {
        let came = b"a\nb\r\n";
        assert_eq!(lines(came).bare(), 1);
        assert_eq!(lines(came).served(), 6);
        assert_eq!(all(to_served(&all(lines(came).to_stored(&came[..]))[..])), b"a\r\nb\r\n");
    }

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn f4_chunked(came in "[a\r\n]{0,40}", size in 1usize..5) {
            let came = came.as_bytes();
            let mut pieces = Lines::default();
            came.chunks(size).for_each(|piece| pieces.push(piece));
            prop_assert_eq!(pieces, lines(came));
            let stored = all(pieces.to_stored(Slow(came, size)));
            prop_assert_eq!(stored.len() as u64, pieces.stored());
            let served = all(to_served(Slow(&stored, size)));
            prop_assert_eq!(served.len() as u64, pieces.served());
            prop_assert!(pieces.bare() > 0 || served == came);
        }
    }
}
