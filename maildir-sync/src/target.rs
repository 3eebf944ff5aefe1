//! A Maildir++ tree on local disk, to write to.

use std::io::Read;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::message::{Finding, Listing, Message, State};
use crate::source::MaildirSource;
use crate::store::{Source, Target};
use crate::unique::Unique;

/// A Maildir++ tree on local disk, to write to.
#[derive(Debug)]
pub struct MaildirTarget {
    reader: MaildirSource,
    options: Options,
}

/// How files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The mode of new directories.
    pub dir_mode: u32,
    /// The mode of new files.
    pub file_mode: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { dir_mode: 0o700, file_mode: 0o600 }
    }
}

impl MaildirTarget {
    /// The tree whose INBOX is (or will be) `root`.
    pub fn new(root: impl Into<PathBuf>, options: Options) -> Self {
        Self { reader: MaildirSource::new(root), options }
    }
}

impl Source for MaildirTarget {
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        let _ = self.options;
        self.reader.folders()
    }

    fn list(&mut self, folder: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        self.reader.list(folder)
    }

    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        self.reader.open(folder, message)
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        self.reader.subscriptions()
    }
}

impl Target for MaildirTarget {
    fn create_folder(&mut self, _: &FolderName) -> Result<()> {
        Ok(())
    }

    fn prepare(&mut self, _: &FolderName, _: &[String]) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn deliver(&mut self, _: &FolderName, _: &Message, _: &mut dyn Read) -> Result<u64> {
        Ok(0)
    }

    fn set_state(&mut self, _: &FolderName, _: &Unique, _: &State) -> Result<()> {
        Ok(())
    }

    fn settle(&mut self, _: &FolderName) -> Result<Vec<(Unique, Error)>> {
        Ok(Vec::new())
    }

    fn subscribe(&mut self, _: &[FolderName]) -> Result<usize> {
        Ok(0)
    }
}
