//! `mailferry`: a whole migration from one plan file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use mailferry_journal::{Change, Count, Fact, Journal, Scope};

use crate::commands::outcome::{self, Outcome};
use crate::commands::session::now;
use crate::console::Console;
use crate::error::{Error, Result};
use crate::job::{Job, Mode};
use crate::migration::{Migration, is_vacant};
use crate::options::Options;
use crate::plan_file::PlanFile;
use crate::report::Report;
use crate::stop::Stop;

/// Moves a mail server: accounts, mail, calendars and contacts, again and again until the switch.
#[derive(Parser)]
#[command(name = "mailferry", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Read the source and say what is wrong with it
    Check(Plan),
    /// Say what a run would do
    Plan(Plan),
    /// Bring everything that is new or changed to the target
    Run(Run),
    /// Compare both sides afresh, item by item
    Verify(Verify),
    /// What has been done so far
    Status(Plan),
    /// The report of the last run once more
    Report(Plan),
}

#[derive(Args)]
struct Plan {
    /// The plan file (TOML)
    #[arg(value_name = "PLAN.toml")]
    plan: PathBuf,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    plan: Plan,
    /// Bring back what was removed or changed on the target since it was placed
    #[arg(long)]
    restore: bool,
}

#[derive(Args)]
struct Verify {
    #[command(flatten)]
    plan: Plan,
    /// After the switch: show what users removed or changed since, and exclude it
    #[arg(long)]
    live: bool,
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Plan(_) => "plan",
            Self::Run(_) => "run",
            Self::Verify(_) => "verify",
            Self::Status(_) => "status",
            Self::Report(_) => "report",
        }
    }

    fn plan(&self) -> &PathBuf {
        match self {
            Self::Check(plan) | Self::Plan(plan) | Self::Status(plan) | Self::Report(plan) => &plan.plan,
            Self::Run(run) => &run.plan.plan,
            Self::Verify(verify) => &verify.plan.plan,
        }
    }
}

/// The program.
pub fn main() -> ExitCode {
    outcome::main(command, |arguments: &Arguments| (&arguments.common, arguments.command.name().to_owned()))
}

fn command(arguments: &Arguments) -> Result<Outcome> {
    let plan = PlanFile::read(arguments.command.plan())?;
    let common = &arguments.common;
    let state = common.state.clone().unwrap_or_else(|| plan.state_path());
    let (mode, restore) = match &arguments.command {
        Command::Check(_) => (Mode::Check, false),
        Command::Plan(_) => (Mode::Plan, false),
        Command::Run(run) if common.dry_run => (Mode::Plan, run.restore),
        Command::Run(run) => (Mode::Run, run.restore),
        Command::Verify(verify) => (Mode::Verify { live: verify.live }, false),
        Command::Status(_) => return status(&state),
        Command::Report(_) => return last_report(&state),
    };
    migrate(&plan, common, &state, mode, restore).map(Outcome::Report)
}

fn migrate(plan: &PlanFile, options: &Options, state: &Path, mode: Mode, restore: bool) -> Result<Report> {
    let console = options.console()?;
    let stop = Stop::on_signals().map_err(|e| Error::Usage(format!("signals cannot be watched: {e}")))?;
    let accepted = options.accepted()?;
    let journal = open_journal(plan, state, mode, &console)?;
    let job = Job {
        mode,
        restore,
        keep_all: options.verbose,
        journal: journal.as_ref(),
        console: &console,
        stop: &stop,
    };
    let run = match (mode, &journal) {
        (Mode::Run, Some(journal)) => Some((journal, journal.begin_run("run", now())?)),
        _ => None,
    };
    let report = Migration::new(plan).carry_out(&job, &accepted, options.workers())?;
    if let Some((journal, run)) = run {
        journal.end_run(run, report.exit_code().into(), &report.to_json("run").to_string(), now())?;
    }
    if stop.requested() {
        console.warn("interrupted: what is done is recorded; the same command goes on from here");
    }
    Ok(report)
}

/// The journal as far as the mode needs it. What it tells of another destination, or of one that is yet to be made again, holds no
/// longer.
fn open_journal(plan: &PlanFile, state: &Path, mode: Mode, console: &Console) -> Result<Option<Journal>> {
    let vacant = mode != Mode::Check && is_vacant(plan)?;
    match mode {
        Mode::Check => Ok(None),
        Mode::Plan | Mode::Verify { .. } => {
            let Some(journal) = Journal::open_existing(state)?.filter(|_| !vacant) else { return Ok(None) };
            Ok(is_of(&journal, plan)?.then_some(journal))
        }
        Mode::Run => {
            let journal = Journal::open(state)?;
            let forgotten = if vacant || !is_of(&journal, plan)? { journal.forget(None)? } else { 0 };
            if forgotten > 0 {
                let files = plan.files.display();
                console.warn(&format!(
                    "{files} is new to the journal: {forgotten} items placed elsewhere are placed again"
                ));
            }
            let fact = Fact { key: b"files".to_vec(), source: destination(plan), target: Vec::new() };
            journal.record(&Scope::new("", "target", ""), &[Change::Put(fact)])?;
            Ok(Some(journal))
        }
    }
}

/// Whether the journal tells of the plan's destination.
fn is_of(journal: &Journal, plan: &PlanFile) -> Result<bool> {
    let facts = journal.facts(&Scope::new("", "target", ""))?;
    Ok(facts.iter().all(|fact| fact.source == destination(plan)))
}

fn destination(plan: &PlanFile) -> Vec<u8> {
    let path = std::path::absolute(&plan.files).unwrap_or_else(|_| plan.files.clone());
    path.into_os_string().into_encoded_bytes()
}

fn status(state: &Path) -> Result<Outcome> {
    let journal = existing(state)?;
    let (counts, runs) = (journal.counts()?, journal.runs()?);
    let mut text = String::new();
    for Count { scope, facts, intents } in counts.iter().filter(|count| count.scope.kind != "target") {
        let account = if scope.account.is_empty() { "(all)" } else { &scope.account };
        let collection = String::from_utf8_lossy(&scope.collection);
        text.push_str(&format!("{account:32} {:14} {collection:24} {facts:>9} placed", scope.kind));
        text.push_str(&if *intents > 0 { format!(", {intents} begun\n") } else { "\n".to_owned() });
    }
    for run in &runs {
        let end = match (run.ended, run.exit) {
            (Some(ended), Some(exit)) => format!("ended {}, exit code {exit}", time(ended)),
            _ => "did not come to its end".to_owned(),
        };
        text.push_str(&format!("{} began {}, {end}\n", run.command, time(run.began)));
    }
    let json = serde_json::json!({
        "schema": 1,
        "command": "status",
        "collections": counts.iter().map(|count| serde_json::json!({
            "account": count.scope.account, "kind": count.scope.kind,
            "collection": String::from_utf8_lossy(&count.scope.collection), "placed": count.facts, "begun": count.intents,
        })).collect::<Vec<_>>(),
        "runs": runs.iter().map(|run| serde_json::json!({
            "command": run.command, "began": run.began, "ended": run.ended, "exit": run.exit,
        })).collect::<Vec<_>>(),
        "error": null,
    });
    Ok(Outcome::Text { text, json, exit: 0 })
}

fn last_report(state: &Path) -> Result<Outcome> {
    let Some((run, text)) = existing(state)?.last_report()? else {
        return Err(Error::Usage(format!("{}: no run has come to its end yet", state.display())));
    };
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|e| Error::Usage(format!("{}: the report cannot be read: {e}", state.display())))?;
    let ended = run.ended.map(time).unwrap_or_default();
    let mut text = format!("{} of {}, ended {ended}\n", run.command, time(run.began));
    let cell = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    for kind in ["items", "notes"] {
        for item in json[kind].as_array().into_iter().flatten() {
            let parts =
                ["step", "verdict", "account", "item", "place", "reason"].map(|name| cell(&item[name]));
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            text.push_str(&format!("{}{}\n", if kind == "notes" { "note " } else { "" }, parts.join("\t")));
        }
    }
    for (name, count) in json["counts"].as_object().into_iter().flatten() {
        text.push_str(&format!("{name} {count}  "));
    }
    let exit = u8::from(run.exit != Some(0));
    Ok(Outcome::Text { text, json, exit })
}

fn existing(state: &Path) -> Result<Journal> {
    let none = || Error::Usage(format!("{}: there is no journal; nothing has been run yet", state.display()));
    Journal::open_existing(state)?.ok_or_else(none)
}

fn time(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp(seconds, 0);
    time.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default()
}

const EXAMPLES: &str = "Examples:
  mailferry check migration.toml              what is wrong with the export, with file and line
  mailferry run -n migration.toml             what a run would do
  mailferry run migration.toml                do it; run it again for what is new since
  mailferry verify migration.toml             prove that nothing is missing
  mailferry verify --live migration.toml      the same after the switch

Exit code: 0 all done or already so, 1 something was skipped, failed or is pending (each named), 2 nothing was attempted.";
