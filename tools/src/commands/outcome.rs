//! How a command ends: its result on stdout and its exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::console::describe;
use crate::error::Result;
use crate::options::Options;
use crate::report::{Report, Verdict, refusal_json};

/// What a command has to say.
pub enum Outcome {
    /// A report: a table, or a JSON document.
    Report(Report),
    /// The result is on stdout already.
    Silent {
        /// 0 or 1.
        exit: u8,
    },
    /// A text, and the same as JSON.
    Text {
        /// For people.
        text: String,
        /// For programs.
        json: serde_json::Value,
        /// 0 or 1.
        exit: u8,
    },
}

/// Parses the arguments, runs the command and prints what came of it.
pub fn main<A: Parser>(
    command: impl FnOnce(&A) -> Result<Outcome>,
    common: impl Fn(&A) -> (&Options, String),
) -> ExitCode {
    let arguments = match A::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse_arguments(&error),
    };
    let done = command(&arguments);
    let (common, name) = common(&arguments);
    match done {
        Ok(outcome) => print(&outcome, common, &name),
        Err(error) => {
            if common.json {
                write_out(format!("{}\n", refusal_json(&name, &error.to_string())).as_bytes());
            }
            match common.console() {
                Ok(console) => error.to_string().lines().for_each(|line| console.error(line)),
                Err(_) => drop(writeln!(io::stderr(), "ERROR {error}")),
            }
            ExitCode::from(USAGE)
        }
    }
}

fn refuse_arguments(error: &clap::Error) -> ExitCode {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let wants_json = std::env::args().any(|argument| argument == "--json");
    if !asked_for && wants_json {
        let command =
            std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
        let document = refusal_json(&command, error.render().to_string().trim_end());
        write_out(format!("{document}\n").as_bytes());
    }
    let _ = error.print();
    if asked_for { ExitCode::SUCCESS } else { ExitCode::from(USAGE) }
}

fn print(outcome: &Outcome, common: &Options, name: &str) -> ExitCode {
    let (text, exit) = match outcome {
        Outcome::Report(report) => {
            let text = match common.json {
                true => report.to_json(name).to_string(),
                false => to_text(report, common, name),
            };
            (text, report.exit_code())
        }
        Outcome::Silent { exit } => return ExitCode::from(*exit),
        Outcome::Text { json, exit, .. } if common.json => (json.to_string(), *exit),
        Outcome::Text { text, exit, .. } => (text.trim_end().to_owned(), *exit),
    };
    let written = write_out(format!("{text}\n").as_bytes());
    ExitCode::from(exit.max(written))
}

/// The items that are no failure but worth a look, the closing table, and the verdict in words.
fn to_text(report: &Report, common: &Options, name: &str) -> String {
    let mut text = String::new();
    let listed = |verdict| match verdict {
        Verdict::Excluded | Verdict::Extra => true,
        verdict => common.verbose && !verdict.is_trouble(),
    };
    let shown: Vec<_> = report.lines().iter().filter(|line| listed(line.verdict)).collect();
    let limit = if common.verbose { shown.len() } else { SHOWN };
    for line in shown.iter().take(limit) {
        text.push_str(&describe(line));
        text.push('\n');
    }
    if shown.len() > limit {
        text.push_str(&format!("... and {} more; -v lists all of them\n", shown.len() - limit));
    }
    report.told().iter().for_each(|told| text.push_str(&told.text));
    text.push_str(&report.table());
    text.push_str(&conclusion(report, common, name));
    text
}

fn conclusion(report: &Report, common: &Options, name: &str) -> String {
    let total = report.total();
    let mut text = match name {
        _ if report.exit_code() != 0 => {
            let undone = total.failed + total.skipped + total.pending;
            let more = match report.errors().len() {
                0 => String::new(),
                errors => format!(" and {}", counted(errors as u64, "error")),
            };
            format!("{} not done{more}: see the lines with FAIL and ERROR", counted(undone, "item"))
        }
        "check" => format!("{}, all good", counted(total.source, "item")),
        "verify" => format!("{} equal on both sides", counted(total.unchanged, "item")),
        "plan" => format!("{} would be copied", counted(total.copied, "item")),
        _ if common.dry_run => format!("{} would be copied", counted(total.copied, "item")),
        _ if total.copied + total.adopted == 0 => "nothing to do: everything is there already".to_owned(),
        _ => format!("done: {} copied", counted(total.copied, "item")),
    };
    match report.notes().len() {
        0 => {}
        notes if common.verbose => text.push_str(&format!("; {} above", counted(notes as u64, "note"))),
        notes => text.push_str(&format!(
            "; {} on what was repaired or found odd (-v shows them)",
            counted(notes as u64, "note")
        )),
    }
    text
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Writes to stdout. A reader who went away is no error; a full disk is one, and the exit code says so.
pub fn write_out(bytes: &[u8]) -> u8 {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "ERROR standard output: {error}");
            1
        }
        _ => 0,
    }
}

const SHOWN: usize = 50;
const USAGE: u8 = 2;
