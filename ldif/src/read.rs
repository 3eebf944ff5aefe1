//! Records one after another, out of a file's bytes ([`Reader`]) or out of pieces as they come ([`Stream`]).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Error;
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

/// Reads the records of one file that comes in pieces. It keeps no more than the record under way.
pub struct Stream {
    parser: Parser<'static>,
    buffer: Vec<u8>,
    /// How far the buffer has been searched for the end of its record.
    searched: usize,
    line: u64,
    byte: u64,
}

impl Stream {
    /// Begins a file.
    pub fn new(file_name: &str) -> Self {
        let file: Arc<str> = file_name.into();
        Self { parser: Parser::new(file), buffer: Vec::new(), searched: 0, line: 1, byte: 0 }
    }

    /// The version that the file has announced so far.
    pub fn version(&self) -> Option<u32> {
        self.parser.version
    }

    /// Takes the next piece, cut anywhere, and gives the records that are complete now.
    pub fn push(&mut self, piece: &[u8]) -> VecDeque<Result<Placed<Record>, Error>> {
        self.buffer.extend_from_slice(piece);
        let (mut records, mut used) = (VecDeque::new(), 0);
        loop {
            match record_end(&self.buffer, used.max(self.searched)) {
                Ok(end) => {
                    self.paragraph(used, end, &mut records);
                    used = end;
                    self.searched = end;
                }
                Err(searched) => {
                    self.buffer.drain(..used);
                    self.searched = searched - used;
                    return records;
                }
            }
        }
    }

    /// The last record, when the file does not end with a blank line.
    pub fn finish(mut self) -> VecDeque<Result<Placed<Record>, Error>> {
        let mut records = VecDeque::new();
        self.paragraph(0, self.buffer.len(), &mut records);
        records
    }

    fn paragraph(&mut self, from: usize, to: usize, records: &mut VecDeque<Result<Placed<Record>, Error>>) {
        let piece = &self.buffer[from..to];
        let mut lines = Lines::new(piece, self.line, self.byte);
        while let Some(record) = self.parser.record(&mut lines) {
            records.push_back(record);
        }
        self.line += memchr::memchr_iter(b'\n', piece).count() as u64;
        self.byte += piece.len() as u64;
    }
}
