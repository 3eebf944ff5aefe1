//! What a person sees of a mailbox on its way.

use imap_sync::{FolderName, Line, Watch};
use indicatif::ProgressBar;

use crate::job::Job;

/// Shows the folder that is worked on, and asks for an end when the user does.
pub struct Progress<'a> {
    job: &'a Job<'a>,
    account: &'a str,
    counter: ProgressBar,
}

impl<'a> Progress<'a> {
    /// Progress of one account.
    pub fn new(job: &'a Job<'a>, account: &'a str) -> Self {
        Self { job, account, counter: ProgressBar::hidden() }
    }
}

impl Watch for Progress<'_> {
    fn folder(&mut self, folder: &FolderName, _items: usize) {
        self.counter.finish_and_clear();
        self.counter = self.job.console.counter(&format!("{} {folder}", self.account));
    }

    fn line(&mut self, _line: &Line) {
        self.counter.inc(1);
    }

    fn go_on(&mut self) -> bool {
        !self.job.stop.requested()
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.counter.finish_and_clear();
    }
}
