//! What `ical-import` and `vcard-csv` have in common: FILE... and `--to vdir:DIR`.

use std::path::PathBuf;

use crate::commands::arguments::{Apply, Files, To, Verify};
use crate::commands::outcome::Outcome;
use crate::commands::session::{Session, absolute, folder};
use crate::error::{Error, Result};
use crate::files::home::component;
use crate::job::Mode;
use crate::options::Options;
use crate::steps::collections::{SourceFile, bring, part_twins};
use crate::steps::shelf::Kind;

/// Says what is wrong with the files.
pub fn check<K: Kind>(tool: &'static str, common: &Options, files: &Files) -> Result<Outcome> {
    let session = session::<K>(tool, common, files, String::new());
    let sources = sources(files)?;
    let report = session.run(Mode::Check, false, |job, report| {
        sources.iter().try_for_each(|file| bring::<K>(job, "", file, None, report))
    })?;
    Ok(Outcome::Report(report))
}

/// Says what apply would do.
pub fn plan<K: Kind>(tool: &'static str, common: &Options, to: &To) -> Result<Outcome> {
    carry::<K>(tool, common, to, Mode::Plan, false)
}

/// Brings everything that is new or changed to the target.
pub fn apply<K: Kind>(tool: &'static str, common: &Options, apply: &Apply) -> Result<Outcome> {
    carry::<K>(tool, common, &apply.to, Mode::Run, apply.restore)
}

/// Compares the target with the files afresh.
pub fn verify<K: Kind>(tool: &'static str, common: &Options, verify: &Verify) -> Result<Outcome> {
    carry::<K>(tool, common, &verify.to, Mode::Verify { live: verify.live }, false)
}

fn carry<K: Kind>(
    tool: &'static str,
    common: &Options,
    to: &To,
    mode: Mode,
    restore: bool,
) -> Result<Outcome> {
    let folder = folder(&to.to, "vdir")?;
    let session = session::<K>(tool, common, &to.files, absolute(std::slice::from_ref(&folder)));
    let sources = sources(&to.files)?;
    let report = session.run(mode, restore, |job, report| {
        sources.iter().try_for_each(|file| bring::<K>(job, "", file, Some(&folder), report))
    })?;
    Ok(Outcome::Report(report))
}

fn session<'a, K: Kind>(
    tool: &'static str,
    common: &'a Options,
    files: &Files,
    target: String,
) -> Session<'a> {
    // What was done is known by the target: the list of files may grow.
    let source = if target.is_empty() { absolute(&files.files) } else { String::new() };
    Session { tool, step: K::STEP, source, target, common }
}

fn sources(files: &Files) -> Result<Vec<SourceFile>> {
    let named = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        SourceFile { path: path.clone(), collection: component(&stem) }
    };
    let (files, twins) = part_twins(files.files.iter().map(named).collect());
    match twins.first() {
        Some(twin) => Err(Error::Usage(format!(
            "{}: another file has this name, and each becomes a collection of its name",
            twin.path.display()
        ))),
        None => Ok(files),
    }
}
