//! The lines of one folder while it is worked on.

use std::collections::BTreeMap;

use crate::model::{FolderName, ItemKey};
use crate::plan::Settled;
use crate::report::{Line, Note, Reason, Report, Verdict};
use crate::store::Watch;

/// Gathers what becomes of a folder's items, one line for each item of the source.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: FolderName,
    lines: BTreeMap<ItemKey, Line>,
    extra: Vec<Line>,
    notes: Vec<Note>,
}

impl Ledger {
    pub(crate) fn new(folder: &FolderName) -> Self {
        Self { folder: folder.clone(), lines: BTreeMap::new(), extra: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn settle(&mut self, settled: Settled, watch: &mut dyn Watch) {
        let Settled { key, verdict, reason } = settled;
        let side = if verdict == Verdict::Extra { "target UID" } else { "UID" };
        let (folder, place) = (self.folder.clone(), format!("{} {side} {key}", self.folder));
        let line = Line { folder, key: Some(key), verdict, reason, place, message_id: None };
        watch.line(&line);
        if verdict == Verdict::Extra {
            self.extra.push(line);
        } else {
            self.lines.insert(key, line);
        }
    }

    pub(crate) fn done(&mut self, key: ItemKey, verdict: Verdict, watch: &mut dyn Watch) {
        self.settle(Settled { key, verdict, reason: None }, watch);
    }

    pub(crate) fn fail(&mut self, key: ItemKey, reason: Reason, watch: &mut dyn Watch) {
        self.settle(Settled { key, verdict: Verdict::Failed, reason: Some(reason) }, watch);
    }

    /// A line about the folder as a whole.
    pub(crate) fn whole(&mut self, verdict: Verdict, reason: Option<Reason>, watch: &mut dyn Watch) {
        let (folder, place) = (self.folder.clone(), self.folder.to_string());
        let line = Line { folder, key: None, verdict, reason, place, message_id: None };
        watch.line(&line);
        self.extra.push(line);
    }

    pub(crate) fn is_adopted(&self, key: ItemKey) -> bool {
        self.lines.get(&key).is_some_and(|line| line.verdict == Verdict::Adopted)
    }

    pub(crate) fn note(&mut self, key: Option<ItemKey>, text: String) {
        self.notes.push(Note { folder: self.folder.clone(), key, text });
    }

    /// Those of `keys` that have no line yet get this one.
    pub(crate) fn rest(
        &mut self,
        keys: impl Iterator<Item = ItemKey>,
        verdict: Verdict,
        reason: Option<&Reason>,
        watch: &mut dyn Watch,
    ) {
        let rest: Vec<ItemKey> = keys.filter(|key| !self.lines.contains_key(key)).collect();
        for key in rest {
            self.settle(Settled { key, verdict, reason: reason.cloned() }, watch);
        }
    }

    /// The items of which people will want to know the Message-ID; not endlessly many.
    pub(crate) fn nameless(&self) -> Vec<ItemKey> {
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
        report.lines.extend(self.lines.into_values());
        report.lines.extend(self.extra);
        report.notes.extend(self.notes);
    }
}

const MAX_NAMED: usize = 1000;
