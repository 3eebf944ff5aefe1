//! Carries items that a crate plans by key and digest: entries of a directory, objects of a calendar, cards of a book.
//!
//! The crates know nothing of each other, but their engines have one shape; [`Engine`] names that shape, and
//! [`engine!`](crate::engine) fills it in for a crate.

use std::fmt::Display;

use mailferry_journal::{Change, Fact, Journal, Scope};

use crate::error::Result;
use crate::job::{Job, Mode};
use crate::report::Verdict;

/// A crate's engine.
pub trait Engine {
    /// An item's identity.
    type Key: Ord + Clone + Display;
    /// What an item looks like, in short.
    type Digest: Copy;
    /// What a listing holds of an item.
    type Item;
    /// What one side holds.
    type Listing;
    /// What was placed.
    type Facts;
    /// A plan on its way.
    type Apply;
    /// One thing to do.
    type Action;

    /// How many effects go into one durable batch.
    const BATCH: usize;
    /// Whether writing an item is announced by an intent, because it takes several files.
    const ANNOUNCED: bool;

    /// A listing of these items; of several with one key the first.
    fn listing(items: impl IntoIterator<Item = (Self::Key, Self::Item)>) -> Self::Listing;
    /// Facts as the journal kept them; what cannot be read any more was never known.
    fn facts(kept: &[Fact], keep: &dyn Fn(&Self::Key) -> bool) -> Self::Facts;
    /// What is to be done.
    fn plan(
        source: &Self::Listing,
        target: &Self::Listing,
        facts: &Self::Facts,
        restore: bool,
    ) -> Self::Apply;
    /// What may start now.
    fn start(apply: &mut Self::Apply) -> Option<Self::Action>;
    /// The item that an action writes and its digest at the source; `None` when it only changes what is remembered.
    fn writes(action: &Self::Action) -> Option<(Self::Key, Self::Digest)>;
    /// An action came to its end: what to remember, or the action to try again.
    fn finish(
        apply: &mut Self::Apply,
        action: Self::Action,
        done: std::result::Result<Option<Self::Digest>, Failure>,
    ) -> Step<Self::Action>;
    /// What became of every item.
    fn report(apply: Self::Apply) -> Vec<Carried<Self::Key>>;
    /// Both sides compared afresh.
    fn verify(
        source: &Self::Listing,
        target: &Self::Listing,
        facts: &Self::Facts,
        live: bool,
    ) -> Vec<Carried<Self::Key>>;
}

/// What follows the end of an action.
pub enum Step<A> {
    /// Try again.
    Again(A),
    /// Nothing.
    Nothing,
    /// Remember this.
    Remember(Change),
}

/// Why an effect did not come about.
#[derive(Clone, Debug)]
pub struct Failure {
    /// For people.
    pub reason: String,
    /// Whether trying again at once may help.
    pub transient: bool,
}

/// What became of one item.
#[derive(Clone, Debug)]
pub struct Carried<K> {
    /// Which item.
    pub key: K,
    /// What became of it.
    pub verdict: Verdict,
    /// Why; may be empty.
    pub reason: String,
    /// Where it stands.
    pub place: String,
}

/// Writes a batch of items to the target; when it returns they are durable. One outcome an item, in order.
pub type Write<'a, K, D> = dyn FnMut(&[(K, D)]) -> Vec<std::result::Result<D, Failure>> + 'a;

/// Plans, and as the job's mode says applies or compares. `keep` tells which items are asked for; facts of others are not touched.
pub fn carry<E: Engine>(
    job: &Job<'_>,
    scope: &Scope,
    source: &E::Listing,
    target: &E::Listing,
    keep: &dyn Fn(&E::Key) -> bool,
    write: &mut Write<'_, E::Key, E::Digest>,
) -> Result<Vec<Carried<E::Key>>> {
    let kept = job.journal.map(|journal| journal.facts(scope)).transpose()?.unwrap_or_default();
    let facts = E::facts(&kept, keep);
    if let Mode::Verify { live } = job.mode {
        return Ok(E::verify(source, target, &facts, live));
    }
    let mut apply = E::plan(source, target, &facts, job.restore);
    match (job.mode, job.journal) {
        (Mode::Run, Some(journal)) => effects::<E>(job, journal, scope, &mut apply, write)?,
        _ => foresee::<E>(&mut apply),
    }
    Ok(E::report(apply))
}

fn effects<E: Engine>(
    job: &Job<'_>,
    journal: &Journal,
    scope: &Scope,
    apply: &mut E::Apply,
    write: &mut Write<'_, E::Key, E::Digest>,
) -> Result<()> {
    let mut again = Vec::new();
    while !job.stop.requested() {
        let mut batch: Vec<E::Action> = std::mem::take(&mut again);
        while batch.len() < E::BATCH
            && let Some(action) = E::start(apply)
        {
            batch.push(action);
        }
        if batch.is_empty() {
            break;
        }
        let items: Vec<(E::Key, E::Digest)> = batch.iter().filter_map(E::writes).collect();
        let mut outcomes = if items.is_empty() { Vec::new() } else { write(&items) }.into_iter();
        let mut changes = Vec::new();
        for action in batch {
            let done = match E::writes(&action) {
                Some(_) => outcomes.next().unwrap_or_else(unanswered).map(Some),
                None => Ok(None),
            };
            match E::finish(apply, action, done) {
                Step::Again(action) => again.push(action),
                Step::Nothing => {}
                Step::Remember(change) => {
                    if let (true, Change::Put(fact)) = (E::ANNOUNCED, &change) {
                        changes.push(Change::CloseIntent { key: fact.key.clone() });
                    }
                    changes.push(change);
                }
            }
        }
        journal.record(scope, &changes)?;
    }
    Ok(())
}

/// A dry run: every effect is taken to come about.
fn foresee<E: Engine>(apply: &mut E::Apply) {
    while let Some(action) = E::start(apply) {
        let done = Ok(E::writes(&action).map(|(_, digest)| digest));
        let _ = E::finish(apply, action, done);
    }
}

fn unanswered<D>() -> std::result::Result<D, Failure> {
    Err(Failure { reason: "nothing was heard of it".to_owned(), transient: false })
}

/// Fills in [`Engine`] for a crate: `engine!(Objects, ical_import, batch, announced);`.
#[macro_export]
macro_rules! engine {
    ($name:ident, $engine:ident, $batch:expr, $announced:expr) => {
        /// The engine of its crate.
        pub struct $name;

        impl $crate::steps::carry::Engine for $name {
            type Key = $engine::Key;
            type Digest = $engine::Digest;
            type Item = $engine::Item;
            type Listing = $engine::Listing;
            type Facts = $engine::Facts;
            type Apply = $engine::Apply;
            type Action = $engine::Action;

            const BATCH: usize = $batch;
            const ANNOUNCED: bool = $announced;

            fn listing(items: impl IntoIterator<Item = (Self::Key, Self::Item)>) -> Self::Listing {
                let mut listing = $engine::Listing::new();
                for (key, item) in items {
                    if listing.get(&key).is_none() {
                        listing.insert(key, item);
                    }
                }
                listing
            }

            fn facts(kept: &[mailferry_journal::Fact], keep: &dyn Fn(&Self::Key) -> bool) -> Self::Facts {
                let mut facts = $engine::Facts::new();
                for fact in kept {
                    let source =
                        <[u8; 16]>::try_from(fact.source.as_slice()).map($engine::Digest::from_bytes);
                    let target =
                        <[u8; 16]>::try_from(fact.target.as_slice()).map($engine::Digest::from_bytes);
                    if let (Some(key), Ok(source), Ok(target)) =
                        ($engine::Key::from_bytes(&fact.key), source, target)
                        && keep(&key)
                    {
                        facts.insert(key, $engine::Fact { source, target });
                    }
                }
                facts
            }

            fn plan(
                source: &Self::Listing,
                target: &Self::Listing,
                facts: &Self::Facts,
                restore: bool,
            ) -> Self::Apply {
                let policy = $engine::Policy::default().with_restore(restore);
                $engine::Apply::new($engine::plan(source, target, facts, &policy))
            }

            fn start(apply: &mut Self::Apply) -> Option<Self::Action> {
                apply.start()
            }

            fn writes(action: &Self::Action) -> Option<(Self::Key, Self::Digest)> {
                match action {
                    $engine::Action::Create { key, source, .. }
                    | $engine::Action::Update { key, source, .. } => Some((key.clone(), *source)),
                    _ => None,
                }
            }

            fn finish(
                apply: &mut Self::Apply,
                action: Self::Action,
                done: std::result::Result<Option<Self::Digest>, $crate::steps::carry::Failure>,
            ) -> $crate::steps::carry::Step<Self::Action> {
                use $crate::steps::carry::Step;
                let outcome = match (done, &action) {
                    (Ok(Some(target)), _) => $engine::Outcome::Done { target },
                    (Ok(None), $engine::Action::Adopt { target, .. }) => {
                        $engine::Outcome::Done { target: *target }
                    }
                    (Ok(None), _) => $engine::Outcome::Done { target: $engine::Digest::from_bytes([0; 16]) },
                    (Err(failure), _) => {
                        $engine::Outcome::Failed { reason: failure.reason, transient: failure.transient }
                    }
                };
                match apply.finish(action, outcome) {
                    $engine::Next::Again(action) => Step::Again(action),
                    $engine::Next::Settled => Step::Nothing,
                    $engine::Next::Record($engine::FactChange::Put(key, fact)) => {
                        Step::Remember(mailferry_journal::Change::Put(mailferry_journal::Fact {
                            key: key.to_bytes(),
                            source: fact.source.as_bytes().to_vec(),
                            target: fact.target.as_bytes().to_vec(),
                        }))
                    }
                    $engine::Next::Record($engine::FactChange::Remove(key)) => {
                        Step::Remember(mailferry_journal::Change::Remove { key: key.to_bytes() })
                    }
                }
            }

            fn report(apply: Self::Apply) -> Vec<$crate::steps::carry::Carried<Self::Key>> {
                apply.into_report().lines.into_iter().map(carried).collect()
            }

            fn verify(
                source: &Self::Listing,
                target: &Self::Listing,
                facts: &Self::Facts,
                live: bool,
            ) -> Vec<$crate::steps::carry::Carried<Self::Key>> {
                $engine::verify(source, target, facts, live).lines.into_iter().map(carried).collect()
            }
        }

        fn carried(line: $engine::Line) -> $crate::steps::carry::Carried<$engine::Key> {
            $crate::steps::carry::Carried {
                key: line.key,
                verdict: $crate::verdict!(line.verdict, $engine),
                reason: line.reason.map(|reason| reason.to_string()).unwrap_or_default(),
                place: line.place.to_string(),
            }
        }
    };
}

/// A crate's verdict as ours.
#[macro_export]
macro_rules! verdict {
    ($verdict:expr, $engine:ident) => {
        match $verdict {
            $engine::Verdict::Adopted => $crate::report::Verdict::Adopted,
            $engine::Verdict::Copied => $crate::report::Verdict::Copied,
            $engine::Verdict::Excluded => $crate::report::Verdict::Excluded,
            $engine::Verdict::Extra => $crate::report::Verdict::Extra,
            $engine::Verdict::Pending => $crate::report::Verdict::Pending,
            $engine::Verdict::Skipped => $crate::report::Verdict::Skipped,
            $engine::Verdict::Unchanged => $crate::report::Verdict::Unchanged,
            _ => $crate::report::Verdict::Failed,
        }
    };
}
