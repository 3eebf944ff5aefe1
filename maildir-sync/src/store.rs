//! The two seams: a tree of folders that is read, and one that is written.

use std::io::Read;

use crate::error::{Error, Result};
use crate::folder::FolderName;
use crate::message::{Finding, Listing, Message, State};
use crate::uidlist_plan::{Numbers, Obstacle};
use crate::unique::Unique;

/// A tree of mail folders to read from. No method writes.
pub trait Source {
    /// The folders, INBOX among them if it is there, in order; and what looks like one and is none. A folder that may
    /// be there but cannot be looked at is a failed finding about that folder, and never merely left out.
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)>;

    /// What a folder holds, and what in it cannot be read or is odd.
    fn list(&mut self, folder: &FolderName) -> Result<(Listing, Vec<Finding>)>;

    /// A listed message's bytes, even if it was renamed since.
    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>>;

    /// The folders subscribed to; `None` where nobody ever kept a list.
    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>>;
}

/// Messages that could not be put in place, and messages that could not keep their UIDs.
pub type Left = (Vec<(Unique, Error)>, Vec<(Unique, Obstacle)>);

/// A tree of mail folders to write to. Listing a folder that does not exist yet gives an empty one.
///
/// A folder's work is: [`prepare`](Target::prepare), then any number of [`deliver`](Target::deliver) and
/// [`set_state`](Target::set_state), then [`settle`](Target::settle). What was delivered appears at the latest when
/// `settle` returns, whole or not at all, and stays over a power cut from then on.
pub trait Target: Source {
    /// Makes a folder, or completes one that is half made. Its parents are made before by their own calls.
    fn create_folder(&mut self, folder: &FolderName) -> Result<()>;

    /// Opens a folder for writing: clears what an earlier run left half done and gives these keywords a letter each,
    /// in this order after those that have one. Those for which there is no letter come back.
    fn prepare(&mut self, folder: &FolderName, keywords: &[String]) -> Result<Vec<String>>;

    /// Takes a message in under its own name, never over another one. Returns the bytes written.
    /// A body that is not `message.size` bytes long is an error and leaves nothing behind.
    fn deliver(&mut self, folder: &FolderName, message: &Message, body: &mut dyn Read) -> Result<u64>;

    /// Gives a message that is there these flags, keywords and date.
    fn set_state(&mut self, folder: &FolderName, unique: &Unique, state: &State) -> Result<()>;

    /// Puts in place what was delivered and makes it and all states durable; nothing to do where nothing was. Messages which could not be put in
    /// place come back with the reason; an error says that nothing since the last time can be relied on.
    fn settle(&mut self, folder: &FolderName) -> Result<Vec<(Unique, Error)>>;

    /// Settles and gives these messages, delivered just now or before, the UIDs that they had where they come from, so that
    /// clients need not get them again. Those which could not keep theirs come back with the reason. A store that keeps
    /// no UIDs merely settles.
    fn settle_with_uids(&mut self, folder: &FolderName, numbers: &Numbers) -> Result<Left> {
        let _ = numbers;
        Ok((self.settle(folder)?, Vec::new()))
    }

    /// How many messages to take in before they are settled: durability is paid once a batch.
    fn batch_len(&self) -> usize {
        1000
    }

    /// Subscribes to these folders beside those that are, and returns how many were new.
    fn subscribe(&mut self, folders: &[FolderName]) -> Result<usize>;
}
