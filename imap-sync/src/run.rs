//! Runs a plan.

use crate::error::Error;
use crate::plan::Policy;
use crate::report::Report;
use crate::store::{Memory, Source, Target, Watch};

/// Copies.
pub async fn run<S: Source, T: Target>(
    source: &mut S,
    target: &mut T,
    memory: &mut dyn Memory,
    policy: &Policy,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    let _ = (source, target, memory, policy, watch);
    Err(Error::store("run", "not yet"))
}

/// Dry run.
pub async fn plan_all<S: Source, T: Target>(
    source: &mut S,
    target: &mut T,
    memory: &mut dyn Memory,
    policy: &Policy,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    let _ = (source, target, memory, policy, watch);
    Err(Error::store("plan", "not yet"))
}

/// Verifies.
pub async fn verify<S: Source, T: Target>(
    source: &mut S,
    target: &mut T,
    memory: &mut dyn Memory,
    live: bool,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    let _ = (source, target, memory, live, watch);
    Err(Error::store("verify", "not yet"))
}
