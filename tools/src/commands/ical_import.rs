//! `ical-import`: calendars out of ICS files.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ical_import::{Appointment, Calendar, Severity};

use crate::commands::arguments::{Apply, Files, To, Verify};
use crate::commands::collections;
use crate::commands::outcome::{self, Outcome};
use crate::error::{Error, Result};
use crate::job::Writer;
use crate::options::Options;
use crate::report::{Report, Step, Verdict};
use crate::steps::calendars::Calendars;

/// Brings calendars out of ICS files to a new server; what exporters do wrong is repaired and said.
#[derive(Parser)]
#[command(name = "ical-import", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Say what is wrong with the files and what would be repaired
    Check(Files),
    /// Print the appointments
    Show(Files),
    /// Say what apply would do
    Plan(To),
    /// Bring everything that is new or changed to the target
    Apply(Apply),
    /// Compare the target with the files afresh
    Verify(Verify),
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Show(_) => "show",
            Self::Plan(_) => "plan",
            Self::Apply(_) => "apply",
            Self::Verify(_) => "verify",
        }
    }
}

/// The program.
pub fn main() -> ExitCode {
    outcome::main(command, |arguments: &Arguments| (&arguments.common, arguments.command.name().to_owned()))
}

fn command(arguments: &Arguments) -> Result<Outcome> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Check(files) => collections::check::<Calendars>(TOOL, common, files),
        Command::Show(files) => show(files, common),
        Command::Plan(to) => collections::plan::<Calendars>(TOOL, common, to),
        Command::Apply(apply) => collections::apply::<Calendars>(TOOL, common, apply),
        Command::Verify(verify) => collections::verify::<Calendars>(TOOL, common, verify),
    }
}

fn show(files: &Files, common: &Options) -> Result<Outcome> {
    let mut appointments = Vec::new();
    let mut report = Report::new(false);
    let mut writer = Writer { step: Step::Calendars, account: "", report: &mut report };
    for path in &files.files {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        let (calendar, findings) = Calendar::read(&path.display().to_string(), &bytes);
        for finding in findings.into_iter().filter(|finding| finding.severity == Severity::Failure) {
            writer.line(Verdict::Failed, finding.item, finding.place.to_string(), finding.reason);
        }
        appointments.extend(calendar.objects.iter().filter_map(ical_import::Object::appointment));
    }
    let text: String = appointments.iter().map(line).collect();
    let json = serde_json::json!({
        "schema": 1, "command": "show", "appointments": appointments, "error": null,
    });
    common.console()?.tell(&report);
    Ok(Outcome::Text { text, json, exit: report.exit_code() })
}

fn line(appointment: &Appointment) -> String {
    let repeats = if appointment.rules.is_empty() { "" } else { "repeats" };
    let cells = [
        appointment.start.to_string(),
        appointment.end.as_ref().map(ToString::to_string).unwrap_or_default(),
        appointment.summary.clone(),
        repeats.to_owned(),
        appointment.uid.clone(),
    ];
    format!("{}\n", cells.map(|cell| cell.replace(['\t', '\n', '\r'], " ")).join("\t"))
}

const TOOL: &str = "ical-import";
const EXAMPLES: &str = "Examples:
  ical-import check anna.ics
  ical-import show anna.ics
  ical-import apply anna.ics --to vdir:calendars
  ical-import verify anna.ics --to vdir:calendars";
