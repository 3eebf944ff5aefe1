//! What becomes of one folder's items while it is worked on.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::head::Tally;
use crate::keys::KeySet;
use crate::model::{FolderName, ItemKey};
use crate::plan::Settled;
use crate::report::{Line, Note, Reason, Report, Verdict};
use crate::store::Watch;

/// Gathers what becomes of a folder's items: each of the source has one verdict. Those with which all is well are only
/// counted; a folder that is taken up again after a failure goes on in the same ledger.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: FolderName,
    place: String,
    adopted: KeySet,
    copied: KeySet,
    unchanged: KeySet,
    lines: BTreeMap<ItemKey, Line>,
    extra: BTreeMap<ItemKey, Line>,
    whole: Vec<Line>,
    notes: Vec<Note>,
    digests: Option<(Digest, Digest)>,
}

impl Ledger {
    pub(crate) fn new(folder: &FolderName) -> Self {
        Self {
            folder: folder.clone(),
            place: folder.to_string(),
            adopted: KeySet::new(),
            copied: KeySet::new(),
            unchanged: KeySet::new(),
            lines: BTreeMap::new(),
            extra: BTreeMap::new(),
            whole: Vec::new(),
            notes: Vec::new(),
            digests: None,
        }
    }

    pub(crate) fn folder(&self) -> &FolderName {
        &self.folder
    }

    pub(crate) fn settle(&mut self, settled: Settled, watch: &dyn Watch) {
        let Settled { key, verdict, reason } = settled;
        let done = self.copied.contains(key) || self.adopted.contains(key);
        if verdict == Verdict::Extra {
            let line = self.line(Some(key), verdict, reason, format!("{} target UID {key}", self.place));
            watch.line(&line);
            self.extra.insert(key, line);
            return;
        }
        if done && verdict != Verdict::Failed {
            return;
        }
        for set in [&mut self.adopted, &mut self.copied, &mut self.unchanged] {
            set.remove(key);
        }
        self.lines.remove(&key);
        let line = self.line(Some(key), verdict, reason, format!("{} UID {key}", self.place));
        watch.line(&line);
        match verdict {
            Verdict::Adopted => self.adopted.insert(key),
            Verdict::Copied => self.copied.insert(key),
            Verdict::Unchanged if line.reason.is_none() => self.unchanged.insert(key),
            _ => self.lines.insert(key, line).is_none(),
        };
    }

    pub(crate) fn done(&mut self, key: ItemKey, verdict: Verdict, watch: &dyn Watch) {
        self.settle(Settled { key, verdict, reason: None }, watch);
    }

    pub(crate) fn fail(&mut self, key: ItemKey, reason: Reason, watch: &dyn Watch) {
        self.settle(Settled { key, verdict: Verdict::Failed, reason: Some(reason) }, watch);
    }

    /// A line about the folder as a whole.
    pub(crate) fn whole(&mut self, verdict: Verdict, reason: Option<Reason>, watch: &dyn Watch) {
        self.many(verdict, 1, reason, watch);
    }

    /// One line for many items.
    pub(crate) fn many(&mut self, verdict: Verdict, count: u64, reason: Option<Reason>, watch: &dyn Watch) {
        if count > 0 {
            let line = Line { count, ..self.line(None, verdict, reason, self.place.clone()) };
            watch.line(&line);
            self.whole.push(line);
        }
    }

    /// What was not looked at, because nothing had changed since the facts were put down.
    pub(crate) fn rest(&mut self, tally: Tally, watch: &dyn Watch) {
        let Tally { placed, removed, orphaned, others } = tally;
        self.many(Verdict::Unchanged, placed, None, watch);
        self.many(Verdict::Excluded, removed, Some(Reason::RemovedOnTarget), watch);
        self.many(Verdict::Extra, orphaned, Some(Reason::GoneFromSource), watch);
        self.many(Verdict::Extra, others, Some(Reason::NotOurs), watch);
    }

    /// Some that only the target had are there no more.
    pub(crate) fn removed(&mut self, keys: &KeySet, told: &str) {
        let mut left = keys.len();
        self.extra.retain(|key, _| {
            let removed = keys.contains(*key);
            left -= u64::from(removed);
            !removed
        });
        for line in self.whole.iter_mut().filter(|line| line.reason == Some(Reason::GoneFromSource)) {
            let taken = left.min(line.count);
            (line.count, left) = (line.count - taken, left - taken);
        }
        self.whole.retain(|line| line.count > 0);
        self.note(None, format!("{} messages that the source has no more {told}", keys.len()));
    }

    /// Takes back what was said of the folder as a whole: it is taken up again.
    pub(crate) fn again(&mut self) {
        self.whole.clear();
        self.extra.clear();
    }

    /// Whether an item has its verdict.
    pub(crate) fn has(&self, key: ItemKey) -> bool {
        [&self.adopted, &self.copied, &self.unchanged].into_iter().any(|set| set.contains(key))
            || self.lines.contains_key(&key)
    }

    /// How many items have their verdict.
    pub(crate) fn settled(&self) -> u64 {
        [&self.adopted, &self.copied, &self.unchanged].into_iter().map(KeySet::len).sum::<u64>()
            + self.lines.len() as u64
    }

    /// How many were copied so far.
    pub(crate) fn copied(&self) -> u64 {
        self.copied.len()
    }

    pub(crate) fn is_copied(&self, key: ItemKey) -> bool {
        self.copied.contains(key)
    }

    pub(crate) fn is_adopted(&self, key: ItemKey) -> bool {
        self.adopted.contains(key)
    }

    pub(crate) fn note(&mut self, key: Option<ItemKey>, text: String) {
        let note = Note { folder: self.folder.clone(), key, text };
        if !self.notes.contains(&note) || key.is_some() {
            self.notes.push(note);
        }
    }

    /// The items that asked for something and did not get it.
    pub(crate) fn undone(&self) -> KeySet {
        let undone = |line: &&Line| !matches!(line.verdict, Verdict::Excluded | Verdict::Unchanged);
        self.lines.values().filter(undone).filter_map(|line| line.key).collect()
    }

    /// Whether something failed or was not reached.
    pub(crate) fn is_unsure(&self) -> bool {
        let mut lines = self.lines.values().chain(&self.whole);
        lines.any(|line| matches!(line.verdict, Verdict::Failed | Verdict::Pending))
    }

    /// Whether something of the folder as a whole is not as it was asked for.
    pub(crate) fn is_troubled(&self) -> bool {
        let trouble = [Verdict::Failed, Verdict::Pending, Verdict::Skipped];
        self.whole.iter().any(|line| trouble.contains(&line.verdict))
    }

    /// What both sides come to.
    pub(crate) fn digest(&mut self, source: Digest, target: Digest) {
        self.digests = Some((source, target));
    }

    /// The items of which people will want to know the Message-ID; not endlessly many.
    pub(crate) fn nameless(&self) -> KeySet {
        let told = |line: &&Line| {
            matches!(line.verdict, Verdict::Failed | Verdict::Skipped | Verdict::Excluded)
                && line.message_id.is_none()
        };
        self.lines.values().filter(told).filter_map(|line| line.key).take(MAX_NAMED).collect()
    }

    pub(crate) fn name(&mut self, key: ItemKey, message_id: Option<String>) {
        if let Some(line) = self.lines.get_mut(&key) {
            line.message_id = message_id;
        }
    }

    pub(crate) fn close(self, report: &mut Report) {
        for (set, verdict) in [
            (&self.adopted, Verdict::Adopted),
            (&self.copied, Verdict::Copied),
            (&self.unchanged, Verdict::Unchanged),
        ] {
            report.count(verdict, set.len());
        }
        let lines = self.lines.into_values().chain(self.extra.into_values()).chain(self.whole);
        lines.for_each(|line| report.add(line));
        report.notes.extend(self.notes);
        if let Some((source, target)) = self.digests {
            report.digests.push((self.folder, source, target));
        }
    }

    fn line(&self, key: Option<ItemKey>, verdict: Verdict, reason: Option<Reason>, place: String) -> Line {
        Line { folder: self.folder.clone(), key, verdict, reason, place, count: 1, message_id: None }
    }
}

const MAX_NAMED: usize = 1000;
