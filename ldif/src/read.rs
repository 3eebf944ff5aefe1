//! Records one after another, out of a file's bytes ([`Reader`]) or out of pieces as they come ([`Stream`]).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::{Error, Fault, Place};
use crate::line::{Lines, record_end};
use crate::paragraph::Parser;
use crate::record::{Placed, Record};

/// Reads the records of one file; a record that cannot be read is one error, and the next one follows.
pub struct Reader<'a> {
    lines: Lines<'a>,
    parser: Parser<'a>,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub fn new(file_name: &str, bytes: &'a [u8]) -> Self {
        Self { lines: Lines::new(bytes, 1, 0), parser: Parser::new(file_name.into()) }
    }

    /// Asks `resolve` for the values that are given as URLs. Without it none is opened.
    #[must_use]
    pub fn with_resolver(mut self, resolve: impl FnMut(&str) -> Result<Vec<u8>, String> + 'a) -> Self {
        self.parser.resolve = Some(Box::new(resolve));
        self
    }

    /// The version that the file has announced so far.
    pub fn version(&self) -> Option<u32> {
        self.parser.version
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Placed<Record>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.parser.record(&mut self.lines)
    }
}

/// Reads the records of one file that comes in pieces. It keeps no more than the record under way, and of that no more
/// than [`MAX_RECORD`](Stream::MAX_RECORD).
pub struct Stream {
    parser: Parser<'static>,
    buffer: Vec<u8>,
    /// How far the buffer has been searched for the end of its record.
    searched: usize,
    /// Whether the record under way is too long, told to be, and passed over.
    skipping: bool,
    limit: usize,
    line: u64,
    byte: u64,
}

impl Stream {
    /// The most bytes that one record may have; a longer one is an error, and the next one follows.
    pub const MAX_RECORD: usize = 64 * 1024 * 1024;

    /// Begins a file.
    pub fn new(file_name: &str) -> Self {
        let parser = Parser::new(file_name.into());
        let (buffer, limit) = (Vec::new(), Self::MAX_RECORD);
        Self { parser, buffer, searched: 0, skipping: false, limit, line: 1, byte: 0 }
    }

    /// The version that the file has announced so far.
    pub fn version(&self) -> Option<u32> {
        self.parser.version
    }

    /// Takes the next piece, cut anywhere, and gives the records that are complete now.
    pub fn push(&mut self, piece: &[u8]) -> VecDeque<Result<Placed<Record>, Error>> {
        self.buffer.extend_from_slice(piece);
        let (mut records, mut used) = (VecDeque::new(), 0);
        while let Some(length) = record_end(&self.buffer[used..], self.searched) {
            self.paragraph(used, used + length, &mut records);
            used += length;
            self.searched = 0;
            self.skipping = false;
        }
        if !self.skipping && self.buffer.len() - used > self.limit {
            records.push_back(Err(self.too_long()));
            self.skipping = true;
        }
        if self.skipping {
            let kept = self.buffer.len().saturating_sub(TAIL).max(used);
            self.advance(used, kept);
            used = kept;
        }
        self.buffer.drain(..used);
        self.searched = self.buffer.len();
        records
    }

    /// The last record, when the file does not end with a blank line.
    pub fn finish(mut self) -> VecDeque<Result<Placed<Record>, Error>> {
        let mut records = VecDeque::new();
        self.paragraph(0, self.buffer.len(), &mut records);
        records
    }

    fn paragraph(&mut self, from: usize, to: usize, records: &mut VecDeque<Result<Placed<Record>, Error>>) {
        if !self.skipping && to - from > self.limit {
            records.push_back(Err(self.too_long()));
        } else if !self.skipping {
            let mut lines = Lines::new(&self.buffer[from..to], self.line, self.byte);
            while let Some(record) = self.parser.record(&mut lines) {
                records.push_back(record);
            }
        }
        self.advance(from, to);
    }

    fn advance(&mut self, from: usize, to: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.buffer[from..to]).count() as u64;
        self.byte += (to - from) as u64;
    }

    fn too_long(&self) -> Error {
        let place =
            Place { file: Arc::clone(self.parser.file()), line: self.line, byte: self.byte, dn: None };
        Error::new(place, Fault::TooLong(self.limit))
    }
}

/// How many bytes before a line end tell whether its line is blank: a line end, and the CR before the LF.
const TAIL: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(records: impl IntoIterator<Item = Result<Placed<Record>, Error>>) -> Vec<String> {
        let shown = |record: Result<Placed<Record>, Error>| match record {
            Ok(placed) => format!("{}", placed.place),
            Err(error) => error.to_string(),
        };
        records.into_iter().map(shown).collect()
    }

    #[test]
    fn a_long_line_in_pieces_is_searched_once() {
        let mut stream = Stream::new("x");
        stream.push(b"dn: a\ncn: ");
        for _ in 0..3 {
            stream.push(&[b'x'; 100]);
            assert_eq!(stream.searched, stream.buffer.len());
        }
        assert_eq!(stream.push(b"\n\n").len(), 1);
    }

    #[test]
    fn a_record_without_an_end_does_not_fill_the_memory() {
        for end in ["\n", "\r\n"] {
            let long = format!("dn: b{end}{}", format!("cn: {}{end}", "x".repeat(40)).repeat(10));
            let text = format!("dn: a{end}cn: a{end}{end}{long}{end}dn: c{end}cn: c{end}");
            for size in 1..text.len() {
                let (mut stream, mut records) = (Stream::new("x"), Vec::new());
                stream.limit = 60;
                for piece in text.as_bytes().chunks(size) {
                    records.extend(stream.push(piece));
                    assert!(stream.buffer.len() <= 60, "pieces of {size}");
                }
                records.extend(stream.finish());
                let expected =
                    ["x:1 (a)", "x:4: the record is longer than 60 bytes; it is left out", "x:16 (c)"];
                assert_eq!(shown(records), expected, "pieces of {size}");
            }
        }
    }
}
