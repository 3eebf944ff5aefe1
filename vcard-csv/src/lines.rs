//! From bytes to lines: physical ones, and the logical ones of a card with the folds of all versions undone
//! (RFC 6350 section 3.2; the soft line breaks of quoted-printable and bare base64 in 2.1).

use crate::content::{Content, TransferEncoding};
use crate::text::{escape, is_mark};
use memchr::memchr;

/// A line of the file without its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Physical<'a> {
    /// From 1.
    pub(crate) line: u64,
    pub(crate) bytes: &'a [u8],
}

impl Physical<'_> {
    /// Whether the line is `BEGIN:VCARD` or `END:VCARD`, in any case and with any white space.
    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.bytes);
        is_mark(bytes, mark)
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }

    /// `AGENT:` with a whole card in the lines after it (2.1).
    pub(crate) fn opens_agent(&self) -> bool {
        let bytes = self.bytes.trim_ascii();
        bytes.len() >= 6 && bytes[..5].eq_ignore_ascii_case(b"AGENT") && bytes.ends_with(b":")
    }
}

/// The lines of a file: LF, CRLF, or CR where there is no LF at all.
pub(crate) fn physical(bytes: &[u8]) -> impl Iterator<Item = Physical<'_>> {
    let end = if memchr(b'\n', bytes).is_some() { b'\n' } else { b'\r' };
    let mut rest = Some(bytes).filter(|bytes| !bytes.is_empty());
    let mut line = 0;
    std::iter::from_fn(move || {
        let bytes = rest?;
        line += 1;
        let (found, after) = match memchr(end, bytes) {
            Some(at) => (&bytes[..at], Some(&bytes[at + 1..]).filter(|rest| !rest.is_empty())),
            None => (bytes, None),
        };
        rest = after;
        let mut bytes = found;
        while let [head @ .., b'\r'] = bytes {
            bytes = head;
        }
        Some(Physical { line, bytes })
    })
}

/// A line of a card with its folds undone.
#[derive(Debug)]
pub(crate) struct Logical {
    /// Number of its first physical line.
    pub(crate) line: u64,
    pub(crate) bytes: Vec<u8>,
}

/// The logical lines of a card. 2.1 keeps the white space it folds at.
pub(crate) fn logical(lines: &[Physical<'_>], version_2: bool) -> Vec<Logical> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let first = lines[at];
        at += 1;
        if first.is_blank() {
            continue;
        }
        let mut logical = Logical { line: first.line, bytes: first.bytes.to_vec() };
        let nested = if first.opens_agent() { logical.agent(&lines[at..]) } else { 0 };
        at += if nested > 0 { nested } else { logical.continued(&lines[at..], version_2) };
        found.push(logical);
    }
    found
}

impl Logical {
    /// Takes the lines that continue this one and returns how many.
    fn continued(&mut self, rest: &[Physical<'_>], version_2: bool) -> usize {
        // The parameters are on the first physical line.
        let encoding = Content::parse(&self.bytes)
            .map_or(TransferEncoding::Plain, |content| TransferEncoding::of(&content.parameters));
        let mut taken = 0;
        for next in rest {
            match (next.bytes, encoding) {
                _ if encoding == TransferEncoding::QuotedPrintable && self.bytes.ends_with(b"=") => {
                    self.bytes.pop();
                    self.bytes.extend_from_slice(next.bytes);
                }
                ([b' ' | b'\t', text @ ..], _) => {
                    let kept =
                        if version_2 && encoding == TransferEncoding::Plain { next.bytes } else { text };
                    self.bytes.extend_from_slice(kept);
                }
                (text, TransferEncoding::Base64) if !text.is_empty() && is_base64(text) => {
                    self.bytes.extend_from_slice(text);
                }
                _ => break,
            }
            taken += 1;
        }
        taken
    }

    /// Takes a nested card as escaped text, the form that 3.0 gives it (RFC 2426 section 3.5.4).
    fn agent(&mut self, rest: &[Physical<'_>]) -> usize {
        let Some(begin) = rest.iter().position(|line| !line.is_blank()) else { return 0 };
        if !rest[begin].is_mark("BEGIN") {
            return 0;
        }
        let (mut depth, mut text) = (0_u64, Vec::new());
        for (taken, line) in rest.iter().enumerate() {
            depth += u64::from(line.is_mark("BEGIN"));
            text.extend_from_slice(line.bytes);
            text.push(b'\n');
            if line.is_mark("END") {
                depth -= 1;
            }
            if depth == 0 && taken >= begin {
                self.bytes.extend_from_slice(escape(&String::from_utf8_lossy(&text)).as_bytes());
                return taken + 1;
            }
        }
        0
    }
}

fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b' ' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unfolded(text: &str, version_2: bool) -> Vec<String> {
        let lines: Vec<Physical<'_>> = physical(text.as_bytes()).collect();
        logical(&lines, version_2).into_iter().map(|line| String::from_utf8(line.bytes).unwrap()).collect()
    }

    #[test]
    fn folds_are_undone() {
        for (name, version_2, text, expected) in [
            ("3.0", false, "NOTE:a\r\n b\r\n\tc\r\nFN:x", &["NOTE:abc", "FN:x"][..]),
            ("2.1 keeps the space", true, "NOTE:a\n b", &["NOTE:a b"]),
            (
                "soft breaks",
                true,
                "NOTE;QUOTED-PRINTABLE:a=\n=20b=\nc\nFN:x",
                &["NOTE;QUOTED-PRINTABLE:a=20bc", "FN:x"],
            ),
            (
                "bare base64",
                true,
                "PHOTO;ENCODING=BASE64:AAAA\nBBBB\n\nFN:x",
                &["PHOTO;ENCODING=BASE64:AAAABBBB", "FN:x"],
            ),
            ("CR alone", false, "FN:a\rN:b", &["FN:a", "N:b"]),
        ] {
            assert_eq!(unfolded(text, version_2), expected, "{name}");
        }
    }

    #[test]
    fn a_nested_card_is_one_value() {
        let text = "AGENT:\nBEGIN:VCARD\nFN:a\nEND:VCARD\nFN:b";
        assert_eq!(unfolded(text, true), ["AGENT:BEGIN:VCARD\\nFN:a\\nEND:VCARD\\n", "FN:b"]);
    }

    #[test]
    fn lines_are_counted() {
        let lines: Vec<u64> = physical(b"a\r\n\r\nb\n").map(|line| line.line).collect();
        assert_eq!(lines, [1, 2, 3]);
        assert_eq!(physical(b"").count(), 0);
    }
}
