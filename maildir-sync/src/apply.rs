//! Carrying a plan out: the only place with effects.

use std::fmt::Display;

use crate::fact::FactChange;
use crate::folder::FolderName;
use crate::plan::Plan;
use crate::report::{Line, Report};
use crate::store::{Source, Target};

/// Carries a folder's plan out.
pub fn apply<S: Source, T: Target, E: Display>(
    plan: &Plan,
    folder: &FolderName,
    source: &mut S,
    target: &mut T,
    record: &mut dyn FnMut(&[FactChange]) -> Result<(), E>,
    go_on: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(&Line),
) -> Report {
    let _ = (plan, folder, source, target, record, go_on, progress);
    Report::default()
}
