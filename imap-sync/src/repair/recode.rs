//! Bodies encoded as they stream by: base64, quoted-printable (RFC 2045 sections 6.7 and 6.8), and shorter lines for those
//! that are encoded already.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How a body is written.
#[derive(Debug)]
pub(super) enum Coder {
    /// To base64: up to a line's worth of bytes is held.
    Base64(Vec<u8>),
    /// To quoted-printable.
    Quoted(Quoted),
    /// From base64 to base64, in short lines.
    Rewrap {
        /// Of the line at hand.
        column: usize,
    },
    /// From quoted-printable to quoted-printable, in short lines.
    Requote {
        /// Of the line at hand.
        column: usize,
        /// How much of an `=XX` is still to come.
        escape: u8,
    },
}

/// The line at hand.
#[derive(Debug, Default)]
pub(super) struct Quoted {
    column: usize,
    /// A space or tab which may be the line's last, and then has to be encoded.
    space: Option<u8>,
}

impl Coder {
    /// Bytes of the body, line ends within them as they are.
    pub(super) fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64(held) => {
                held.extend_from_slice(bytes);
                let whole = held.len() - held.len() % BASE64_LINE;
                for line in held[..whole].chunks(BASE64_LINE) {
                    out.extend_from_slice(STANDARD.encode(line).as_bytes());
                    out.extend_from_slice(b"\r\n");
                }
                held.drain(..whole);
            }
            Self::Quoted(line) => bytes.iter().for_each(|&byte| line.byte(byte, out)),
            Self::Rewrap { column } => {
                for &byte in bytes.iter().filter(|&&byte| byte != 0) {
                    if *column == LINE {
                        out.extend_from_slice(b"\r\n");
                        *column = 0;
                    }
                    out.push(byte);
                    *column += 1;
                }
            }
            Self::Requote { column, escape } => {
                for &byte in bytes {
                    if *escape == 0 && *column >= LINE - 4 {
                        out.extend_from_slice(b"=\r\n");
                        *column = 0;
                    }
                    *escape = if byte == b'=' { 2 } else { escape.saturating_sub(1) };
                    let written: &[u8] = if byte == 0 { b"=00" } else { &[byte] };
                    out.extend_from_slice(written);
                    *column += written.len();
                }
            }
        }
    }

    /// The end of a line; `raw` is how it was written.
    pub(super) fn end(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64(_) => self.text(raw, out),
            Self::Quoted(line) => line.end(out),
            Self::Rewrap { column } => {
                *column = 0;
                out.extend_from_slice(b"\r\n");
            }
            Self::Requote { column, escape } => {
                (*column, *escape) = (0, 0);
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// The end of the body. No line end is added.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Base64(held) => out.extend_from_slice(STANDARD.encode(held).as_bytes()),
            Self::Quoted(line) => line.settle(true, out),
            Self::Requote { .. } | Self::Rewrap { .. } => {}
        }
    }
}

impl Quoted {
    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.settle(false, out);
        match byte {
            b' ' | b'\t' => self.space = Some(byte),
            b'!'..=b'<' | b'>'..=b'~' => self.put(&[byte], out),
            _ => self.put(&escaped(byte), out),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.settle(true, out);
        out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    fn settle(&mut self, last: bool, out: &mut Vec<u8>) {
        if let Some(space) = self.space.take() {
            if last { self.put(&escaped(space), out) } else { self.put(&[space], out) }
        }
    }

    fn put(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.column + bytes.len() >= LINE {
            out.extend_from_slice(b"=\r\n");
            self.column = 0;
        }
        out.extend_from_slice(bytes);
        self.column += bytes.len();
    }
}

fn escaped(byte: u8) -> [u8; 3] {
    let digit = |half: u8| b"0123456789ABCDEF"[usize::from(half & 15)];
    [b'=', digit(byte >> 4), digit(byte)]
}

const LINE: usize = 76;
const BASE64_LINE: usize = LINE / 4 * 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn code(mut coder: Coder, text: &str, size: usize) -> String {
        let mut out = Vec::new();
        for line in text.split_inclusive('\n') {
            let bare = line.strip_suffix("\n");
            bare.unwrap_or(line).as_bytes().chunks(size).for_each(|chunk| coder.text(chunk, &mut out));
            bare.iter().for_each(|_| coder.end(b"\n", &mut out));
        }
        coder.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn bodies_are_encoded() {
        let quoted = || Coder::Quoted(Quoted::default());
        let (base64, rewrap) = (|| Coder::Base64(Vec::new()), || Coder::Rewrap { column: 0 });
        let requote = || Coder::Requote { column: 0, escape: 0 };
        let x = |n: usize| "x".repeat(n);
        for size in [1, 2, 7, 1000] {
            for (name, coder, text, coded) in [
                ("quoted", quoted(), "a=b\u{e9}\0 c \n d\t", "a=3Db=C3=A9=00 c=20\r\n d=09"),
                ("quoted, long", quoted(), &x(80), &format!("{}=\r\n{}", x(75), x(5))),
                ("base64", base64(), "ab\ncd", "YWIKY2Q="),
                ("base64, long", base64(), &x(58), &format!("{}\r\neA==", "eHh4".repeat(19))),
                (
                    "rewrap",
                    rewrap(),
                    &format!("{}\n{}\0y", x(76), x(80)),
                    &format!("{0}\r\n{0}\r\nxxxxy", x(76)),
                ),
                (
                    "requote",
                    requote(),
                    &format!("a=3D=\n\0{}", x(80)),
                    &format!("a=3D=\r\n=00{}=\r\n{}", x(69), x(11)),
                ),
                ("requote, escape", requote(), &format!("{}=3Dx", x(71)), &format!("{}=3D=\r\nx", x(71))),
            ] {
                assert_eq!(code(coder, text, size), coded, "{name} by {size}");
            }
        }
    }
}
