//! Subscriptions of a Maildir: what the source subscribes to, the target does once; what a user gave up since stays given up.

use std::collections::BTreeSet;

use maildir_sync::{FolderName, MaildirSource, MaildirTarget, Source as _, Target as _};
use mailferry_journal::{Change, Fact, Scope};

use crate::error::Result;
use crate::job::{Job, Mode, Writer};
use crate::report::Verdict;

/// Brings or compares the subscriptions of one account.
pub fn bring(
    job: &Job<'_>,
    source: &mut MaildirSource,
    target: &mut MaildirTarget,
    place: &str,
    writer: &mut Writer<'_>,
) -> Result<()> {
    let scope = Scope::new(writer.account, "subscriptions", "");
    let kept = job.journal.map(|journal| journal.facts(&scope)).transpose()?.unwrap_or_default();
    let known = kept.into_iter().filter_map(|fact| FolderName::new(fact.key).ok()).collect();
    let both = source.subscriptions().and_then(|wanted| Ok((wanted, target.subscriptions()?)));
    let (wanted, held) = match both {
        Ok((wanted, held)) => (wanted.unwrap_or_default(), held.unwrap_or_default()),
        Err(error) => {
            writer.line(Verdict::Failed, "subscriptions", place, error.to_string());
            return Ok(());
        }
    };
    let plan = Plan::new(&wanted, &held.into_iter().collect(), &known);
    match (job.mode, job.journal) {
        (Mode::Verify { live }, _) => plan.compare(live, place, writer),
        (Mode::Run, Some(journal)) => {
            let given_up = if job.restore { plan.given_up.as_slice() } else { &[] };
            let new: Vec<FolderName> = plan.new.iter().chain(given_up).cloned().collect();
            match target.subscribe(&new) {
                Ok(_) => journal.record(&scope, &plan.unknown.iter().map(remember).collect::<Vec<_>>())?,
                Err(error) => writer.line(Verdict::Failed, "subscriptions", place, error.to_string()),
            }
        }
        _ => {}
    }
    Ok(())
}

/// What is to be done about subscriptions.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// Missing on the target, and never there.
    new: Vec<FolderName>,
    /// Missing on the target, where it once was.
    given_up: Vec<FolderName>,
    /// Not remembered yet.
    unknown: Vec<FolderName>,
}

impl Plan {
    fn new(wanted: &[FolderName], held: &BTreeSet<FolderName>, known: &BTreeSet<FolderName>) -> Self {
        let missing = wanted.iter().filter(|folder| !held.contains(folder)).cloned();
        let (given_up, new) = missing.partition(|folder| known.contains(folder));
        let unknown = wanted.iter().filter(|folder| !known.contains(folder)).cloned().collect();
        Self { new, given_up, unknown }
    }

    fn compare(&self, live: bool, place: &str, writer: &mut Writer<'_>) {
        let name = |folder: &FolderName| format!("subscription to {folder}");
        for folder in &self.new {
            writer.line(Verdict::Failed, name(folder), place, "missing on the target");
        }
        for folder in &self.given_up {
            let verdict = if live { Verdict::Excluded } else { Verdict::Failed };
            writer.line(verdict, name(folder), place, "given up on the target since");
        }
    }
}

fn remember(folder: &FolderName) -> Change {
    Change::Put(Fact { key: folder.as_bytes().to_vec(), source: Vec::new(), target: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_gave_up_is_told_from_what_is_new() {
        let folder = |name: &str| FolderName::new(name).unwrap();
        let wanted = [folder("Sent"), folder("Work"), folder("Lists")];
        let plan = Plan::new(
            &wanted,
            &BTreeSet::from([folder("Sent")]),
            &BTreeSet::from([folder("Sent"), folder("Lists")]),
        );
        assert_eq!(
            plan,
            Plan {
                new: vec![folder("Work")],
                given_up: vec![folder("Lists")],
                unknown: vec![folder("Work")]
            }
        );
    }
}
