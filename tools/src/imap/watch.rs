//! What a person sees of a mailbox on its way.

use imap_sync::{FolderName, Line, Verdict, Watch};
use indicatif::ProgressBar;

use crate::job::{Job, Mode};

/// Shows the folder that is worked on, tells of each in which something was done, and asks for an end when the user does.
pub struct Progress<'a> {
    job: &'a Job<'a>,
    account: &'a str,
    counter: ProgressBar,
    title: String,
    items: usize,
    copied: usize,
}

impl<'a> Progress<'a> {
    /// Progress of one account.
    pub fn new(job: &'a Job<'a>, account: &'a str) -> Self {
        Self { job, account, counter: ProgressBar::hidden(), title: String::new(), items: 0, copied: 0 }
    }

    fn finish(&mut self) {
        self.counter.finish_and_clear();
        if self.copied > 0 {
            self.job.console.done(&format!("{}: copied {} of {}", self.title, self.copied, self.items));
        }
        self.copied = 0;
    }
}

impl Watch for Progress<'_> {
    fn folder(&mut self, folder: &FolderName, items: usize) {
        self.finish();
        self.title = format!("{} {folder}", self.account);
        self.items = items;
        self.counter = self.job.console.counter(&self.title);
    }

    fn line(&mut self, line: &Line) {
        self.counter.inc(1);
        self.copied += usize::from(line.verdict == Verdict::Copied && self.job.mode == Mode::Run);
    }

    fn go_on(&mut self) -> bool {
        !self.job.stop.requested()
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}
