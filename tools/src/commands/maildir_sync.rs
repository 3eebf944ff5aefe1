//! `maildir-sync`: Maildirs to Maildirs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::commands::outcome::{self, Outcome};
use crate::commands::session::{Session, absolute};
use crate::error::{Error, Result};
use crate::job::{Mode, Writer};
use crate::options::Options;
use crate::report::{Step, Verdict};
use crate::steps::mail;

/// Brings Maildirs to another place, again and again; a renamed file is the same message.
#[derive(Parser)]
#[command(name = "maildir-sync", version, after_help = EXAMPLES)]
struct Arguments {
    /// A Maildir, or any folder above Maildirs
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// Where they go, each keeping its relative path
    #[arg(value_name = "DST")]
    target: PathBuf,
    /// Compare both sides afresh, message by message, instead of copying
    #[arg(long)]
    verify: bool,
    /// With --verify: show what was removed or changed on the target since it was placed, and exclude it
    #[arg(long, requires = "verify")]
    live: bool,
    /// Bring back what was removed or changed on the target since it was placed
    #[arg(long, conflicts_with = "verify")]
    restore: bool,
    #[command(flatten)]
    common: Options,
}

/// The program.
pub fn main() -> ExitCode {
    outcome::main(command, |arguments: &Arguments| {
        (&arguments.common, if arguments.verify { "verify" } else { "run" }.to_owned())
    })
}

fn command(arguments: &Arguments) -> Result<Outcome> {
    let source = &arguments.source;
    if !source.exists() && source.to_string_lossy().contains(':') {
        return Err(Error::Usage(format!(
            "{}: Maildirs on another host are not supported yet",
            source.display()
        )));
    }
    let resolve = |path: &Path| {
        std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or(path.to_owned())
    };
    if resolve(&arguments.target).starts_with(resolve(source)) {
        let target = arguments.target.display();
        return Err(Error::Usage(format!(
            "{target} lies in {}, which is a source and never written to",
            source.display()
        )));
    }
    let (maildirs, unseen) = find(source);
    if maildirs.is_empty() && unseen.is_empty() {
        return Err(Error::Usage(format!("{}: there is no Maildir in it", source.display())));
    }
    let session = Session {
        tool: "maildir-sync",
        step: Step::Mail,
        source: absolute(std::slice::from_ref(source)),
        target: absolute(std::slice::from_ref(&arguments.target)),
        common: &arguments.common,
    };
    let mode = match arguments.verify {
        true => Mode::Verify { live: arguments.live },
        false => Mode::Run,
    };
    let report = session.run(mode, arguments.restore, |job, report| {
        for (path, error) in &unseen {
            let mut writer = Writer { step: Step::Mail, account: "", report };
            let path = path.display().to_string();
            writer.line(Verdict::Failed, path.clone(), path, error.to_string());
        }
        for relative in &maildirs {
            let name = relative.to_string_lossy();
            if job.mode == Mode::Run && job.stop.requested() {
                let mut writer = Writer { step: Step::Mail, account: &name, report };
                writer.line(Verdict::Pending, "Maildir", "", "interrupted before it was begun");
                continue;
            }
            mail::bring(job, &name, &source.join(relative), Some(&arguments.target.join(relative)), report)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Report(report))
}

/// The Maildirs at or below a folder, by their relative paths, and the folders that cannot be looked into. Links are not
/// followed: they may lead anywhere.
fn find(root: &Path) -> (BTreeSet<PathBuf>, Vec<(PathBuf, std::io::Error)>) {
    let (mut found, mut unseen) = (BTreeSet::new(), Vec::new());
    let mut folders = vec![PathBuf::new()];
    while let Some(relative) = folders.pop() {
        let folder = root.join(&relative);
        if ["cur", "new"].iter().any(|name| folder.join(name).is_dir()) {
            found.insert(relative);
            continue;
        }
        match subfolders(&folder) {
            Ok(names) => folders.extend(names.into_iter().map(|name| relative.join(name))),
            Err(error) => unseen.push((folder, error)),
        }
    }
    unseen.sort_by(|(one, _), (other, _)| one.cmp(other));
    (found, unseen)
}

fn subfolders(folder: &Path) -> std::io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != "lost+found" {
            names.push(entry.file_name());
        }
    }
    Ok(names)
}

const EXAMPLES: &str = "Examples:
  maildir-sync -n backup/anna/Maildir new/anna/Maildir     what would be done
  maildir-sync backup/ new/                                every Maildir below backup/
  maildir-sync --verify backup/ new/                       prove that nothing is missing";
