//! What the single tools share: one journal, one lease, one run.

use std::time::{SystemTime, UNIX_EPOCH};

use mailferry_journal::Journal;

use crate::error::{Error, Result};
use crate::files::write::make_folder;
use crate::job::{Job, Mode, Writer};
use crate::options::{Accepted, Options};
use crate::report::{Report, Step, Verdict};
use crate::stop::Stop;

/// Which tool works from where to where.
pub struct Session<'a> {
    /// The tool, as the journal and its file are named.
    pub tool: &'static str,
    /// The step under which the report shows it.
    pub step: Step,
    /// All its sources, as they were typed.
    pub source: String,
    /// Its target, as it was typed; empty when only the source is looked at.
    pub target: String,
    /// The shared options.
    pub common: &'a Options,
}

impl Session<'_> {
    /// Does `work` in a mode, under the journal where the mode writes one, and tells what came of it.
    pub fn run(
        &self,
        mode: Mode,
        restore: bool,
        work: impl FnOnce(&Job<'_>, &mut Report) -> Result<()>,
    ) -> Result<Report> {
        let mode = if self.common.dry_run && mode == Mode::Run { Mode::Plan } else { mode };
        let console = self.common.console()?;
        let stop = Stop::on_signals().map_err(|e| Error::Usage(format!("signals cannot be watched: {e}")))?;
        let accepted = self.common.accepted()?;
        let journal = self.journal(mode)?;
        let mut report = Report::new(self.common.verbose);
        let job = Job {
            mode,
            restore,
            keep_all: self.common.verbose,
            journal: journal.as_ref(),
            console: &console,
            stop: &stop,
        };
        match journal.as_ref().filter(|_| mode == Mode::Run) {
            None => work(&job, &mut report)?,
            Some(journal) => match journal.lease(self.tool) {
                Ok(_lease) => {
                    let run = journal.begin_run(self.tool, now())?;
                    // What is done is done, and is told, whatever came then.
                    if let Err(error) = work(&job, &mut report) {
                        let mut writer = Writer { step: self.step, account: "", report: &mut report };
                        writer.line(Verdict::Failed, &*self.target, "", error.to_string());
                    }
                    let json = report.to_json("run").to_string();
                    journal.end_run(run, report.exit_code().into(), &json, now())?;
                }
                Err(error) => {
                    let mut writer = Writer { step: self.step, account: "", report: &mut report };
                    writer.line(Verdict::Failed, &*self.target, "", error.to_string());
                }
            },
        }
        report.sort();
        accepted.apply(&mut report);
        console.tell(&report);
        if stop.requested() {
            console.warn("interrupted: what is done is recorded; the same command goes on from here");
        }
        Ok(report)
    }

    /// As [`Session::run`], for many accounts: `work` takes a lease on each of them, and tells of each as soon as it is done.
    pub fn run_each(
        &self,
        mode: Mode,
        restore: bool,
        work: impl FnOnce(&Job<'_>, &Accepted, &mut Report),
    ) -> Result<Report> {
        let mode = if self.common.dry_run && mode == Mode::Run { Mode::Plan } else { mode };
        let console = self.common.console()?;
        let stop = Stop::on_signals().map_err(|e| Error::Usage(format!("signals cannot be watched: {e}")))?;
        let accepted = self.common.accepted()?;
        let journal = match mode {
            Mode::Check => Journal::open_existing(&self.path()?)?,
            mode => self.journal(mode)?,
        };
        let (keep_all, journal) = (self.common.verbose, journal.as_ref());
        let mut report = Report::new(keep_all);
        let job = Job { mode, restore, keep_all, journal, console: &console, stop: &stop };
        let written = journal.filter(|_| mode == Mode::Run);
        let run = written.map(|journal| Ok::<_, Error>((journal, journal.begin_run(self.tool, now())?)));
        let run = run.transpose()?;
        work(&job, &accepted, &mut report);
        report.sort();
        if let Some((journal, run)) = run {
            let json = report.to_json("run").to_string();
            journal.end_run(run, report.exit_code().into(), &json, now())?;
        }
        if stop.requested() {
            console.warn("interrupted: what is done is recorded; the same command goes on from here");
        }
        Ok(report)
    }

    fn path(&self) -> Result<std::path::PathBuf> {
        self.common.state_path(self.tool, &self.source, &self.target)
    }

    fn journal(&self, mode: Mode) -> Result<Option<Journal>> {
        if mode == Mode::Check {
            return Ok(None);
        }
        let path = self.path()?;
        Ok(match mode {
            Mode::Run => {
                if let (None, Some(folder)) = (&self.common.state, path.parent()) {
                    make_folder(folder).map_err(|e| Error::io(folder, e))?;
                }
                Some(Journal::open(&path)?)
            }
            _ => Journal::open_existing(&path)?,
        })
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The paths as one text, whatever the working directory.
pub fn absolute(paths: &[std::path::PathBuf]) -> String {
    let absolute = paths.iter().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
    absolute.map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n")
}

/// The folder of a target written `SCHEME:DIR`.
pub fn folder(target: &str, scheme: &str) -> Result<std::path::PathBuf> {
    match target.split_once(':') {
        Some((found, path)) if found == scheme && !path.is_empty() => Ok(path.into()),
        _ => Err(Error::Usage(format!("--to {target}: not a target of this tool; say {scheme}:DIR"))),
    }
}
