//! What a person sees of a mailbox on its way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use imap_sync::{FolderName, Line, Verdict, Watch};
use indicatif::ProgressBar;

use crate::job::{Job, Mode};

/// Shows the folders that are worked on, tells of each in which something was done, and asks for an end when the user does.
pub struct Progress<'a> {
    job: &'a Job<'a>,
    account: &'a str,
    folders: Mutex<BTreeMap<FolderName, Counter>>,
}

struct Counter {
    bar: ProgressBar,
    items: u64,
    copied: u64,
}

impl<'a> Progress<'a> {
    /// Progress of one account.
    pub fn new(job: &'a Job<'a>, account: &'a str) -> Self {
        Self { job, account, folders: Mutex::default() }
    }

    fn folders(&self) -> std::sync::MutexGuard<'_, BTreeMap<FolderName, Counter>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, folder: &FolderName, counter: &Counter) {
        counter.bar.finish_and_clear();
        if counter.copied > 0 {
            let (account, Counter { copied, items, .. }) = (self.account, counter);
            self.job.console.done(&format!("{account} {folder}: copied {copied} of {items}"));
        }
    }
}

impl Watch for Progress<'_> {
    fn folder(&self, folder: &FolderName, items: u64) {
        let bar = self.job.console.counter(&format!("{} {folder}", self.account));
        self.folders().insert(folder.clone(), Counter { bar, items, copied: 0 });
    }

    fn left(&self, folder: &FolderName) {
        if let Some(counter) = self.folders().remove(folder) {
            self.finish(folder, &counter);
        }
    }

    fn line(&self, line: &Line) {
        if let Some(counter) = self.folders().get_mut(&line.folder) {
            counter.bar.inc(line.count);
            let copied = line.verdict == Verdict::Copied && self.job.mode == Mode::Run;
            counter.copied += if copied { line.count } else { 0 };
        }
    }

    fn go_on(&self) -> bool {
        !self.job.stop.requested()
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        let folders = std::mem::take(&mut *self.folders());
        folders.iter().for_each(|(folder, counter)| self.finish(folder, counter));
    }
}
