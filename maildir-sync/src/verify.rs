//! Proof afresh: both sides are read whole and paired by content.

use crate::error::{Error, Result};
use crate::fact::{Fact, Facts};
use crate::flags::Flags;
use crate::folder::FolderName;
use crate::header::message_id;
use crate::message::{Finding, Listing, Message, Severity, State, holds};
use crate::pairs::{Bodies, Outcome, Pairs};
use crate::report::{Line, Reason, Report, Verdict};
use crate::store::Source;

/// Compares a folder on both sides by content; the facts only explain what differs.
///
/// Every message of the source must have its equal, as many times as it is there: under its own name if it has it, or
/// else under any. With `live`, what users removed or changed on the target is excluded instead of failed. A side that
/// lacks the folder has no message in it. What could not be listed is failed or noted too; an error means that a side
/// could not be listed at all.
pub fn verify<S: Source, T: Source>(
    folder: &FolderName,
    source: &mut S,
    target: &mut T,
    facts: &Facts,
    live: bool,
) -> Result<Report> {
    let (ours, findings) = listed(folder, source)?;
    let (theirs, on_target) = listed(folder, target)?;
    let mut report = Report::default();
    report.add_findings(findings);
    report.notes.extend(on_target.into_iter().map(|finding| {
        // No message of the source is at stake by itself: one that lacks its equal has its own line.
        let reason = format!("on the target: {}", finding.reason);
        Finding { reason, severity: Severity::Note, ..finding }
    }));
    let pairs = Pairs::new(&mut Bodies { folder, source, target }, &ours, &theirs);
    let judge = Judge { folder, facts, live };
    for (message, outcome) in &pairs.outcomes {
        let mut line = judge.line(message, outcome);
        if line.verdict.is_bad() {
            line.message_id = source.open(folder, message).ok().and_then(message_id);
        }
        report.lines.push(line);
    }
    report.lines.extend(pairs.extra().map(|message| judge.extra(message)));
    report.lines.sort_by(|a, b| a.unique.cmp(&b.unique));
    Ok(report)
}

/// What a side holds: nothing, where it lacks the folder. That the tree itself is not there stays an error.
fn listed<S: Source>(folder: &FolderName, store: &mut S) -> Result<(Listing, Vec<Finding>)> {
    match store.list(folder) {
        Err(Error::NotMaildir { .. }) if !folder.is_inbox() => store.folders().map(|_| Default::default()),
        listed => listed,
    }
}

/// Turns outcomes into lines, with what the facts can tell.
struct Judge<'a> {
    folder: &'a FolderName,
    facts: &'a Facts,
    live: bool,
}

impl Judge<'_> {
    fn line(&self, message: &Message, outcome: &Outcome<'_>) -> Line {
        let fact = self.facts.get(&message.unique);
        let (verdict, reason, detail) = match outcome {
            Outcome::Equal(other) => return self.compare(message, other, fact),
            Outcome::Different(other) if other.size != message.size => {
                let sizes = format!("{} bytes at the source, {} on the target", message.size, other.size);
                (Verdict::Failed, Reason::Different, Some(sizes))
            }
            Outcome::Different(_) => (Verdict::Failed, Reason::Different, Some("other content".to_owned())),
            Outcome::Missing if fact.is_some() => (self.by_users(), Reason::RemovedOnTarget, None),
            Outcome::Missing => (Verdict::Failed, Reason::Missing, None),
            Outcome::Unreadable(error) => (Verdict::Failed, Reason::Other(error.clone()), None),
        };
        let line = Line::new(self.folder, &message.unique, verdict, message.path_text(self.folder));
        Line { detail, ..line.because(Some(reason)) }
    }

    /// The same bytes: is the state the same, and if not, whose doing is it?
    fn compare(&self, message: &Message, other: &Message, fact: Option<&Fact>) -> Line {
        let line =
            Line::new(self.folder, &message.unique, Verdict::Unchanged, message.path_text(self.folder));
        let differences = differences(&message.state(), &other.state(), fact);
        let Some(worst) = differences.iter().map(|difference| difference.doing).max() else { return line };
        let (verdict, reason) = match worst {
            Doing::LeftOut => (Verdict::Excluded, Reason::Other("left out when it was placed".to_owned())),
            Doing::Users => (self.by_users(), Reason::ChangedOnTarget),
            Doing::Unknown => (Verdict::Failed, Reason::Different),
        };
        let texts: Vec<&str> = differences.iter().map(|difference| difference.text.as_str()).collect();
        Line { verdict, reason: Some(reason), detail: Some(texts.join("; ")), ..line }
    }

    fn extra(&self, message: &Message) -> Line {
        let known = self.facts.get(&message.unique).is_some();
        let reason = if known { Reason::GoneFromSource } else { Reason::NotOurs };
        let line = Line::new(self.folder, &message.unique, Verdict::Extra, message.path_text(self.folder));
        line.because(Some(reason))
    }

    fn by_users(&self) -> Verdict {
        if self.live { Verdict::Excluded } else { Verdict::Failed }
    }
}

/// Whose doing a difference is, the harmless first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    /// It had no place on the target.
    LeftOut,
    /// Someone on the target.
    Users,
    /// Not to be told, or the source changed since.
    Unknown,
}

struct Difference {
    text: String,
    doing: Doing,
}

fn differences(s: &State, t: &State, fact: Option<&Fact>) -> Vec<Difference> {
    let mut found = Vec::new();
    if s.date != t.date {
        let text = format!("date {} at the source, {} on the target", day(s.date), day(t.date));
        found.push(Difference { text, doing: doing([s.date, t.date], fact, |state| state.date) });
    }
    for letter in Flags::LETTERS {
        let sides = [s.flags.has(letter), t.flags.has(letter)];
        if sides[0] != sides[1] {
            let text = format!("flag {} only {}", char::from(letter), only(sides[0]));
            found.push(Difference { text, doing: doing(sides, fact, |state| state.flags.has(letter)) });
        }
    }
    for name in s.keywords.iter().chain(t.keywords.iter()) {
        let sides = [holds(&s.keywords, name), holds(&t.keywords, name)];
        if sides[0] != sides[1] {
            let text = format!("keyword {name} only {}", only(sides[0]));
            found.push(Difference { text, doing: doing(sides, fact, |state| holds(&state.keywords, name)) });
        }
    }
    found
}

fn doing<V: PartialEq>([s, t]: [V; 2], fact: Option<&Fact>, value: impl Fn(&State) -> V) -> Doing {
    match fact {
        Some(fact) if s != value(&fact.source) => Doing::Unknown,
        Some(fact) if t != value(&fact.target) => Doing::Users,
        Some(_) => Doing::LeftOut,
        None => Doing::Unknown,
    }
}

fn day(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0);
    time.map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn only(at_source: bool) -> &'static str {
    if at_source { "at the source" } else { "on the target" }
}
