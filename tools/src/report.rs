//! What a command did, item by item: the counts, the closing table and the JSON document.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::Serialize;

/// What became of one item. Every source item has exactly one of `Adopted`, `Copied`, `Failed`, `Skipped` and
/// `Unchanged`; the others stand beside the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The target already held its equal; only remembered.
    Adopted,
    /// Written to the target, anew or over what we had placed before.
    Copied,
    /// Left out by the user's selection or by a documented default.
    Excluded,
    /// Only the target has it.
    Extra,
    /// Asked for, and not done.
    Failed,
    /// Asked for, and not reached before the end.
    Pending,
    /// Asked for, and left alone for the reason given.
    Skipped,
    /// Already there.
    Unchanged,
}

impl Verdict {
    /// Whether an item of this verdict is listed without `-v`.
    pub fn is_notable(self) -> bool {
        !matches!(self, Self::Adopted | Self::Copied | Self::Unchanged)
    }

    /// Whether an item of this verdict makes the command exit with 1.
    pub fn is_trouble(self) -> bool {
        matches!(self, Self::Failed | Self::Pending | Self::Skipped)
    }

    fn is_source(self) -> bool {
        !matches!(self, Self::Excluded | Self::Extra)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adopted => "adopted",
            Self::Copied => "copied",
            Self::Excluded => "excluded",
            Self::Extra => "extra",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Skipped => "skipped",
            Self::Unchanged => "unchanged",
        })
    }
}

/// A part of a migration, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Classes of service, domains, accounts, aliases, lists and resources.
    Provisioning,
    /// Messages.
    Mail,
    /// Appointments, tasks and journals.
    Calendars,
    /// Address books.
    Contacts,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provisioning => "provisioning",
            Self::Mail => "mail",
            Self::Calendars => "calendars",
            Self::Contacts => "contacts",
        })
    }
}

/// One item of a report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// The step it belongs to.
    pub step: Step,
    /// The account it belongs to; empty for what belongs to none.
    pub account: String,
    /// Its name for people: an address, a UID with its summary, a folder with a file name.
    pub item: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Where it stands: file and line, row, or path.
    pub place: String,
    /// Why it is not simply done; may be empty.
    pub reason: String,
    /// For how many items it stands, where it is not one.
    #[serde(skip_serializing_if = "is_one")]
    pub count: u64,
}

// As serde calls it.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_one(count: &u64) -> bool {
    *count == 1
}

/// Something that was repaired, changed on the way or is worth knowing; it changes no exit code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// The step it belongs to.
    pub step: Step,
    /// The account it belongs to; empty for what belongs to none.
    pub account: String,
    /// The item it is about.
    pub item: String,
    /// Where it stands.
    pub place: String,
    /// What was found and what was done.
    pub reason: String,
}

/// What both sides of a folder come to: bytes, dates and flags of all its messages. Equal digests, equal folders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Digests {
    /// The account.
    pub account: String,
    /// The source's folder.
    pub folder: String,
    /// Of what the source holds.
    pub source: String,
    /// Of what the target holds.
    pub target: String,
}

/// Items counted by verdict. `source` is the sum of all that the source has and that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// `copied + adopted + unchanged + skipped + failed + pending`.
    pub source: u64,
    /// See [`Verdict::Copied`].
    pub copied: u64,
    /// See [`Verdict::Adopted`].
    pub adopted: u64,
    /// See [`Verdict::Unchanged`].
    pub unchanged: u64,
    /// See [`Verdict::Skipped`].
    pub skipped: u64,
    /// See [`Verdict::Failed`].
    pub failed: u64,
    /// See [`Verdict::Excluded`].
    pub excluded: u64,
    /// See [`Verdict::Pending`].
    pub pending: u64,
    /// See [`Verdict::Extra`].
    pub extra: u64,
}

impl Counts {
    fn add(&mut self, verdict: Verdict, number: u64) {
        let cell = match verdict {
            Verdict::Adopted => &mut self.adopted,
            Verdict::Copied => &mut self.copied,
            Verdict::Excluded => &mut self.excluded,
            Verdict::Extra => &mut self.extra,
            Verdict::Failed => &mut self.failed,
            Verdict::Pending => &mut self.pending,
            Verdict::Skipped => &mut self.skipped,
            Verdict::Unchanged => &mut self.unchanged,
        };
        *cell += number;
        if verdict.is_source() {
            self.source += number;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.source += other.source;
        self.copied += other.copied;
        self.adopted += other.adopted;
        self.unchanged += other.unchanged;
        self.skipped += other.skipped;
        self.failed += other.failed;
        self.excluded += other.excluded;
        self.pending += other.pending;
        self.extra += other.extra;
    }

    /// Whether something asked for is not done.
    pub fn in_trouble(&self) -> bool {
        self.skipped + self.failed + self.pending > 0
    }
}

/// The result of a command.
#[derive(Clone, Debug, Default)]
pub struct Report {
    steps: BTreeMap<Step, Counts>,
    lines: Vec<Line>,
    notes: Vec<Note>,
    errors: Vec<String>,
    digests: Vec<Digests>,
    told: Vec<Told>,
    keep_all: bool,
}

/// What is told of an account as a whole, beside its items.
#[derive(Clone, Debug)]
pub struct Told {
    /// The account.
    pub account: String,
    /// For people.
    pub text: String,
    /// For programs.
    pub json: serde_json::Value,
}

impl Report {
    /// An empty report that keeps notable lines, or with `keep_all` every line.
    pub fn new(keep_all: bool) -> Self {
        Self { keep_all, ..Self::default() }
    }

    /// Whether every line is kept.
    pub fn keeps_all(&self) -> bool {
        self.keep_all
    }

    /// Takes one item in.
    pub fn add(&mut self, line: Line) {
        self.steps.entry(line.step).or_default().add(line.verdict, line.count);
        if self.keep_all || line.verdict.is_notable() {
            self.lines.push(line);
        }
    }

    /// Counts items of which nothing is to be said.
    pub fn count(&mut self, step: Step, verdict: Verdict, number: u64) {
        self.steps.entry(step).or_default().add(verdict, number);
    }

    /// Takes a note in.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Takes in an error that belongs to no item; the command will exit with 1.
    pub fn error(&mut self, text: String) {
        self.errors.push(text);
    }

    /// Takes in what is told of an account as a whole.
    pub fn tell(&mut self, account: &str, text: String, json: serde_json::Value) {
        self.told.push(Told { account: account.to_owned(), text, json });
    }

    /// Takes in what both sides of a folder come to.
    pub fn digest(&mut self, digests: Digests) {
        self.digests.push(digests);
    }

    /// Of all folders together: the source's side, and the target's. `None` where nothing was compared.
    fn whole(&self) -> Option<(String, String)> {
        let of = |side: fn(&Digests) -> &str| {
            let mut hasher = blake3::Hasher::new();
            for digests in &self.digests {
                for part in [&digests.account, &digests.folder, side(digests)] {
                    hasher.update(part.as_bytes()).update(b"\0");
                }
            }
            hasher.finalize().to_hex()[..32].to_owned()
        };
        let whole = || (of(|digests| &digests.source), of(|digests| &digests.target));
        (!self.digests.is_empty()).then(whole)
    }

    /// Makes a step appear in the table even when it had no item.
    pub fn touch(&mut self, step: Step) {
        self.steps.entry(step).or_default();
    }

    /// Takes all of another report in.
    pub fn merge(&mut self, other: Self) {
        for (step, counts) in &other.steps {
            self.steps.entry(*step).or_default().merge(counts);
        }
        self.lines.extend(other.lines);
        self.notes.extend(other.notes);
        self.errors.extend(other.errors);
        self.digests.extend(other.digests);
        self.told.extend(other.told);
    }

    /// Orders lines and notes by step, account and item, so that the order of work does not show.
    pub fn sort(&mut self) {
        self.lines.sort();
        self.digests.sort();
        self.notes.sort();
        self.notes.dedup();
        self.told.sort_by(|one, other| one.account.cmp(&other.account));
    }

    /// Counts a listed item as excluded from now on when `known` says so (`--accept`).
    pub fn accept(&mut self, known: impl Fn(&Line) -> bool) {
        for line in &mut self.lines {
            if line.verdict.is_trouble() && known(line) {
                let counts = self.steps.entry(line.step).or_default();
                match line.verdict {
                    Verdict::Failed => counts.failed -= line.count,
                    Verdict::Pending => counts.pending -= line.count,
                    _ => counts.skipped -= line.count,
                }
                counts.source -= line.count;
                counts.excluded += line.count;
                line.verdict = Verdict::Excluded;
            }
        }
    }

    /// The listed items.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The notes.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Errors that belong to no item.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// What is told of accounts as wholes.
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// Counts per step, in the order of the steps.
    pub fn steps(&self) -> &BTreeMap<Step, Counts> {
        &self.steps
    }

    /// Counts of all steps together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.steps.values().for_each(|counts| total.merge(counts));
        total
    }

    /// 0 when all that was asked for is done or already so, else 1.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.total().in_trouble() || !self.errors.is_empty())
    }

    /// The closing table: a row a step and, with several, their sum.
    pub fn table(&self) -> String {
        let total = self.total();
        let mut rows: Vec<(String, Counts)> =
            self.steps.iter().map(|(step, counts)| (step.to_string(), *counts)).collect();
        if rows.len() != 1 {
            rows.push(("total".to_owned(), total));
        }
        let optional = [("excluded", total.excluded), ("pending", total.pending), ("extra", total.extra)];
        let mut text = format!(
            "{:<13}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}",
            "", "source", "copied", "adopted", "unchanged", "skipped", "failed"
        );
        for (name, _) in optional.iter().filter(|(_, number)| *number > 0) {
            let _ = write!(text, "{name:>10}");
        }
        text.push('\n');
        for (name, c) in rows {
            let _ = write!(
                text,
                "{name:<13}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}",
                c.source, c.copied, c.adopted, c.unchanged, c.skipped, c.failed
            );
            let cells = [(total.excluded, c.excluded), (total.pending, c.pending), (total.extra, c.extra)];
            for (_, cell) in cells.iter().filter(|(sum, _)| *sum > 0) {
                let _ = write!(text, "{cell:>10}");
            }
            text.push('\n');
        }
        if let Some((source, target)) = self.whole() {
            let equal = if source == target { "equal" } else { "different" };
            let _ = writeln!(text, "digest of the source {source}, of the target {target}: {equal}");
        }
        text
    }

    /// The JSON document of a command that checks, plans, applies or verifies (schema 1).
    pub fn to_json(&self, command: &str) -> serde_json::Value {
        let steps: BTreeMap<String, Counts> = self.steps.iter().map(|(s, c)| (s.to_string(), *c)).collect();
        let mut document = serde_json::json!({
            "schema": SCHEMA,
            "command": command,
            "counts": self.total(),
            "items": self.lines,
            "error": null,
            "steps": steps,
            "notes": self.notes,
            "errors": self.errors,
        });
        if let Some((source, target)) = self.whole() {
            let whole = serde_json::json!({ "source": source, "target": target, "folders": self.digests });
            document["digests"] = whole;
        }
        if !self.told.is_empty() {
            document["check"] = self.told.iter().map(|told| told.json.clone()).collect();
        }
        document
    }
}

/// The JSON document of a command that attempted nothing (exit code 2).
pub fn refusal_json(command: &str, error: &str) -> serde_json::Value {
    serde_json::json!({
        "schema": SCHEMA, "command": command, "counts": Counts::default(), "items": [], "error": error,
    })
}

const SCHEMA: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verdict: Verdict) -> Line {
        Line {
            step: Step::Mail,
            account: "anna@example.com".into(),
            item: "INBOX/1".into(),
            verdict,
            place: String::new(),
            reason: String::new(),
            count: 1,
        }
    }

    #[test]
    fn source_is_the_sum_of_what_was_asked_for() {
        let mut report = Report::new(false);
        for verdict in [
            Verdict::Adopted,
            Verdict::Copied,
            Verdict::Excluded,
            Verdict::Extra,
            Verdict::Failed,
            Verdict::Pending,
            Verdict::Skipped,
            Verdict::Unchanged,
        ] {
            report.add(line(verdict));
        }
        assert_eq!(report.total().source, 6);
        assert_eq!(report.lines().len(), 5, "copied, adopted and unchanged are only counted");
        assert_eq!(report.exit_code(), 1);
    }

    #[test]
    fn an_accepted_item_is_excluded_and_changes_the_exit_code() {
        let mut report = Report::new(false);
        report.add(line(Verdict::Failed));
        assert_eq!(report.exit_code(), 1);
        report.accept(|line| line.item == "INBOX/1");
        assert_eq!(report.exit_code(), 0);
        assert_eq!((report.total().excluded, report.total().source), (1, 0));
    }

    #[test]
    fn notes_and_extras_change_no_exit_code() {
        let mut report = Report::new(false);
        report.add(line(Verdict::Extra));
        report.add(line(Verdict::Excluded));
        assert_eq!(report.exit_code(), 0);
        assert!(report.table().contains("extra"));
    }
}
