//! Bytes to logical lines: charset, line ends, folding (RFC 5545 3.1).
//!
//! Lines are unfolded before they are decoded, since folding may cut a UTF-8 sequence. A line ends in CR LF, LF or CR;
//! several CR before an LF are one line end. Empty lines are passed over, also within a folded line.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE};
use memchr::memchr2;

use crate::content::content_line;
use crate::quoted_printable::{self, decode_foreign};
use crate::repair::Repair;

/// A logical line: its text, and the number of the line it begins in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogicalLine<'a> {
    pub text: Cow<'a, str>,
    pub number: u64,
}

/// The bytes of a file in UTF-8 (or what comes close to it), and what was found at their start.
pub(crate) fn decode(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<Repair>) {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return (Cow::Borrowed(rest), Some(Repair::ByteOrderMark("a UTF-8 byte order mark")));
    }
    let encoding = match bytes {
        [0xff, 0xfe, ..] => UTF_16LE,
        [0xfe, 0xff, ..] => UTF_16BE,
        [first, 0, ..] if *first != 0 => UTF_16LE,
        [0, second, ..] if *second != 0 => UTF_16BE,
        _ => return (Cow::Borrowed(bytes), None),
    };
    let text = encoding.decode_with_bom_removal(bytes).0.into_owned();
    (Cow::Owned(text.into_bytes()), Some(Repair::ByteOrderMark("a UTF-16 text")))
}

/// The logical lines of a file.
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    /// The number of the line that `rest` begins with.
    pub number: u64,
    /// The first line that does not end in CR LF, and what it ends in.
    pub bare: Option<(u64, &'static str)>,
    /// The first line with bytes that are not UTF-8, and how many there are.
    pub foreign: Option<(u64, u64)>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Lines<'a> {
        Lines { rest: bytes, number: 1, bare: None, foreign: None }
    }

    /// Takes the next line as the file has it, without its end.
    fn physical(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\r', b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, after) = self.rest.split_at(end);
        let returns = after.iter().take_while(|byte| **byte == b'\r').count();
        let (ending, bare) = match (returns, after.get(returns)) {
            (0, Some(_)) => (1, Some("LF")),
            (_, Some(b'\n')) => (returns + 1, None),
            (0, None) => (0, None),
            _ => (1, Some("CR")),
        };
        if let (Some(bare), None) = (bare, self.bare) {
            self.bare = Some((self.number, bare));
        }
        self.rest = &after[ending..];
        self.number += 1;
        Some(line)
    }

    /// Takes what continues a line, and whether it follows a soft line break rather than a fold.
    ///
    /// After a soft line break the next line is taken whatever it begins with; a blank before two hexadecimal digits is
    /// a fold all the same, inside of an escape.
    fn continuation(&mut self, soft: bool) -> Option<(&'a [u8], bool)> {
        while let [b'\r' | b'\n', ..] = self.rest {
            self.physical();
        }
        match self.rest {
            [b' ' | b'\t', a, b, ..] if soft && !(a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) => {
                self.physical().map(|line| (line, true))
            }
            [b' ' | b'\t', ..] => self.physical().map(|line| (&line[1..], false)),
            _ if soft => self.physical().map(|line| (line, true)),
            _ => None,
        }
    }

    fn text(&mut self, bytes: Cow<'a, [u8]>, number: u64) -> Cow<'a, str> {
        let text = match bytes {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| bytes.to_vec()),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|error| error.into_bytes()),
        };
        text.unwrap_or_else(|bytes| {
            let (first, lines) = self.foreign.unwrap_or((number, 0));
            self.foreign = Some((first, lines + 1));
            Cow::Owned(decode_foreign(&bytes))
        })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = LogicalLine<'a>;

    fn next(&mut self) -> Option<LogicalLine<'a>> {
        let (number, first) = loop {
            let number = self.number;
            match self.physical()? {
                [] => {}
                line => break (number, line),
            }
        };
        let mut bytes = Cow::Borrowed(first);
        let soft = breaks_softly(&bytes);
        while let Some((more, softly)) = self.continuation(soft && bytes.last() == Some(&b'=')) {
            let line = bytes.to_mut();
            if softly {
                line.pop();
            }
            line.extend_from_slice(more);
        }
        Some(LogicalLine { text: self.text(bytes, number), number })
    }
}

/// Whether a line is in quoted-printable and goes on in the next (vCalendar 1.0).
fn breaks_softly(line: &[u8]) -> bool {
    line.last() == Some(&b'=')
        && content_line(&decode_foreign(line), 0)
            .is_some_and(|line| quoted_printable::is_used(&line.property))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        Lines::new(bytes).map(|line| (line.number, line.text.into_owned())).collect()
    }

    #[test]
    fn lines_are_found_and_unfolded() {
        for (name, bytes, expected) in [
            ("nothing", &b""[..], vec![]),
            ("CR LF", b"A:1\r\nB:2\r\n", vec![(1, "A:1"), (2, "B:2")]),
            ("bare LF", b"A:1\nB:2", vec![(1, "A:1"), (2, "B:2")]),
            ("bare CR", b"A:1\rB:2\r", vec![(1, "A:1"), (2, "B:2")]),
            ("doubled CR", b"A:1\r\r\n 2\r\r\nB:3\r\r\n", vec![(1, "A:12"), (3, "B:3")]),
            ("folded by space and tab", b"A:1\r\n 2\r\n\t3\r\nB:4\r\n", vec![(1, "A:123"), (4, "B:4")]),
            ("one blank is cut, not two", b"A:1\r\n  2\r\n", vec![(1, "A:1 2")]),
            ("folded inside of UTF-8", b"A:\xc3\r\n \xa4\r\n", vec![(1, "A:\u{e4}")]),
            ("empty line inside of a fold", b"A:1\n\n 2\n\nB:3", vec![(1, "A:12"), (5, "B:3")]),
            (
                "soft line breaks",
                b"A;ENCODING=quoted-printable:x=\r\ny=\r\n z=\r\n C3\r\nB:1",
                vec![(1, "A;ENCODING=quoted-printable:xy z=C3"), (5, "B:1")],
            ),
            ("an equals sign at the end", b"A:x=\r\nB:1", vec![(1, "A:x="), (2, "B:1")]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(n, text)| (n, text.to_owned())).collect();
            assert_eq!(lines(bytes), expected, "{name}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        let mut lines = Lines::new(b"A:1\r\nB:\xe4 \xc3\xa4 \x80\r\nC:\xff\r\n");
        let text: Vec<_> = lines.by_ref().map(|line| line.text.into_owned()).collect();
        assert_eq!(text, ["A:1", "B:\u{e4} \u{e4} \u{20ac}", "C:\u{ff}"]);
        assert_eq!(lines.foreign, Some((2, 2)));
        assert_eq!(lines.bare, None);
    }

    #[test]
    fn utf16_is_found_with_and_without_its_mark() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        for bytes in [little("B\u{e4}"), little("\u{feff}B\u{e4}"), big("B\u{e4}"), big("\u{feff}B\u{e4}")] {
            assert_eq!(&*decode(&bytes).0, "B\u{e4}".as_bytes());
        }
        assert_eq!(&*decode(b"\xef\xbb\xbfB").0, b"B");
        assert_eq!(decode(b"B"), (Cow::Borrowed(&b"B"[..]), None));
    }
}
