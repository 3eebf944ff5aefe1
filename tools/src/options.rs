//! The options that all commands share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::console::{Console, Progress, Settings, describe};
use crate::error::{Error, Result};
use crate::report::{Line, Report};

/// Options common to all commands.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,
    /// Print exactly one JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// How progress is shown
    #[arg(long, global = true, value_enum, default_value_t, value_name = "HOW")]
    pub progress: Progress,
    /// No progress; failures are always shown
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// List every item and every note
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Also append the log to FILE
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Also send the log to the system's log
    #[arg(long, global = true)]
    pub syslog: bool,
    /// Keep the journal in FILE
    #[arg(long, global = true, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Work on N accounts at once
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Count the items listed in FILE (as FAIL lines write them) as excluded
    #[arg(long, global = true, value_name = "FILE")]
    pub accept: Option<PathBuf>,
}

impl Options {
    /// Opens the log as asked for.
    pub fn console(&self) -> Result<Console> {
        Console::open(&Settings {
            progress: self.progress,
            quiet: self.quiet,
            verbose: self.verbose,
            log: self.log.clone(),
            syslog: self.syslog,
        })
    }

    /// The known exceptions.
    pub fn accepted(&self) -> Result<Accepted> {
        match &self.accept {
            Some(path) => Accepted::read(path),
            None => Ok(Accepted::default()),
        }
    }

    /// How many accounts are worked on at once.
    pub fn workers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        self.jobs.map_or_else(cores, usize::from)
    }

    /// The same for work that waits for servers most of the time.
    pub fn waiting_workers(&self) -> usize {
        self.jobs.map_or_else(|| self.workers().max(WAITING), usize::from)
    }

    /// Where the journal lies when `--state` does not say: by source and target, whatever the working directory.
    pub fn state_path(&self, command: &str, source: &str, target: &str) -> Result<PathBuf> {
        if let Some(path) = &self.state {
            return Ok(path.clone());
        }
        let home = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home =
            home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/state")));
        let home = home.ok_or_else(|| {
            Error::Usage("neither XDG_STATE_HOME nor HOME is set; say --state FILE".to_owned())
        })?;
        let folder = home.join("mailferry");
        let name = blake3::hash(format!("{source}\0{target}").as_bytes()).to_hex();
        Ok(folder.join(format!("{command}-{}.state", &name[..16])))
    }
}

/// So many accounts wait for servers side by side even on the smallest machine.
const WAITING: usize = 4;

/// Items that the administrator knows of and lives with.
#[derive(Clone, Debug, Default)]
pub struct Accepted(BTreeSet<String>);

impl Accepted {
    /// Reads a file of FAIL lines, with or without the date and the word; `#` begins a comment.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Self(
            lines.map(|line| line.split_once("FAIL ").map_or(line, |(_, rest)| rest).to_owned()).collect(),
        ))
    }

    /// Marks the known items of a report.
    pub fn apply(&self, report: &mut Report) {
        report.accept(|line: &Line| self.0.contains(&describe(line)));
    }
}
