//! Logical lines over bytes: folds joined, comments skipped, either line end (RFC 2849 notes 2 to 4).
//!
//! A line that is neither folded nor a comment is borrowed; a fold costs one copy of that line alone.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

/// One logical line without its line end. An empty text is the blank line that ends a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logical<'a> {
    pub(crate) text: Cow<'a, [u8]>,
    /// Counted from 1.
    pub(crate) line: u64,
    /// Counted from 0.
    pub(crate) byte: u64,
}

/// The logical lines of a file, or of a piece of one that begins at a known place and after a blank line.
#[derive(Clone, Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
    start: u64,
}

impl<'a> Lines<'a> {
    /// The lines of a piece that begins with line `line` at offset `start` of its file.
    pub(crate) fn new(bytes: &'a [u8], line: u64, start: u64) -> Self {
        let at = if start == 0 && bytes.starts_with(BOM) { BOM.len() } else { 0 };
        Self { bytes, at, line, start }
    }

    /// Goes on after the next blank line, or to the end.
    pub(crate) fn skip_record(&mut self) {
        while self.physical().is_some_and(|line| !line.is_empty()) {}
    }

    /// The next physical line, without its line end.
    fn physical(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return None;
        }
        self.line += 1;
        let end = memchr(b'\n', rest);
        self.at += end.map_or(rest.len(), |end| end + 1);
        let line = &rest[..end.unwrap_or(rest.len())];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The rest of the next physical line when it continues the one before.
    ///
    /// Exactly one space is the fold (note 2). Some exporters fold with a tab, which can begin no other line.
    fn continuation(&mut self) -> Option<&'a [u8]> {
        match self.bytes.get(self.at) {
            Some(b' ' | b'\t') => self.physical().map(|line| &line[1..]),
            _ => None,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Logical<'a>;

    fn next(&mut self) -> Option<Logical<'a>> {
        loop {
            let (line, byte) = (self.line, self.start + self.at as u64);
            let first = self.physical()?;
            if first.starts_with(b"#") {
                while self.continuation().is_some() {}
                continue;
            }
            // What follows a blank line continues nothing: the reader meets it as a line of its own.
            if first.is_empty() {
                return Some(Logical { text: Cow::Borrowed(first), line, byte });
            }
            let mut text = Cow::Borrowed(first);
            while let Some(more) = self.continuation() {
                text.to_mut().extend_from_slice(more);
            }
            return Some(Logical { text, line, byte });
        }
    }
}

/// Where the first blank line ends that ends at or after `from`; before that there is none.
///
/// The bytes may begin anywhere in a file but between a CR and its LF.
pub(crate) fn record_end(bytes: &[u8], from: usize) -> Option<usize> {
    let blank = |end: &usize| {
        let before = bytes[..*end].strip_suffix(b"\r").unwrap_or(&bytes[..*end]);
        before.is_empty() || before.ends_with(b"\n")
    };
    memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find(blank).map(|end| end + 1)
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        Lines::new(bytes, 1, 0).map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
    }

    #[test]
    fn lines() {
        let table: &[(&str, &[u8], &[&str])] = &[
            ("plain", b"a: 1\nb: 2\n", &["a: 1", "b: 2"]),
            ("no last line end", b"a: 1\nb: 2", &["a: 1", "b: 2"]),
            ("CRLF", b"a: 1\r\nb: 2\r\n\r\n", &["a: 1", "b: 2", ""]),
            ("fold", b"a: 1\n 2\n 3\nb: 2\n", &["a: 123", "b: 2"]),
            ("fold takes one space", b"a: 1\n  2\n", &["a: 1 2"]),
            ("fold with a tab", b"a: 1\n\t2\n", &["a: 12"]),
            ("fold inside a character", b"a: \xC3\n \xA9\n", &["a: \u{e9}"]),
            ("empty continuation", b"a: 1\n \n 2\n", &["a: 12"]),
            ("comment", b"# x\na: 1\n", &["a: 1"]),
            ("folded comment", b"# x\n y\n z\na: 1\n", &["a: 1"]),
            ("comment between", b"a: 1\n# x\nb: 2\n", &["a: 1", "b: 2"]),
            ("mark", b"\xEF\xBB\xBFa: 1\n", &["a: 1"]),
            ("blank lines", b"\n\na: 1\n\n", &["", "", "a: 1", ""]),
            ("continues a blank line", b"\n 1\n", &["", " 1"]),
            ("CR alone is content", b"a: 1\rb\n", &["a: 1\rb"]),
        ];
        for (name, bytes, expected) in table {
            assert_eq!(&texts(bytes), expected, "{name}");
        }
    }

    #[test]
    fn places_count_physical_lines_and_bytes() {
        let lines = Lines::new(b"# c\n d\na: 1\r\n 2\r\nb: 3\n", 10, 100);
        let places: Vec<_> = lines.map(|line| (line.line, line.byte)).collect();
        assert_eq!(places, [(12, 107), (14, 117)]);
    }

    #[test]
    fn records_end_with_a_blank_line() {
        let table: &[(&str, &[u8], Option<usize>)] = &[
            ("none", b"a: 1\nb: 2\n", None),
            ("blank line", b"a: 1\n\nb: 2\n", Some(6)),
            ("CRLF", b"a: 1\r\n\r\nb: 2\n", Some(8)),
            ("at once", b"\na: 1\n", Some(1)),
            ("CRLF at once", b"\r\na: 1\n", Some(2)),
            ("CR alone", b"a: 1\n\r", None),
            ("CR twice", b"a: 1\n\r\r\n", None),
            ("a space is a fold", b"a: 1\n \n", None),
        ];
        for (name, bytes, end) in table {
            assert_eq!(record_end(bytes, 0), *end, "{name}");
            let searched = end.map_or(bytes.len(), |end| end - 1);
            assert_eq!(record_end(bytes, searched), *end, "{name} from {searched}");
        }
    }

    #[test]
    fn plain_lines_are_borrowed() {
        let lines: Vec<_> = Lines::new(b"a: 1\nb: 2\n 3\n", 1, 0).collect();
        assert!(matches!(lines[0].text, Cow::Borrowed(_)));
        assert!(matches!(lines[1].text, Cow::Owned(_)));
    }
}
