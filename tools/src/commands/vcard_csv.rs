//! `vcard-csv`: address books between CSV dialects and vCard.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::json;
use vcard_csv::{AddressBook, Contact, Finding, Severity, Version};

use crate::commands::arguments::{Apply, Files, To, Verify};
use crate::commands::collections;
use crate::commands::outcome::{self, Outcome};
use crate::error::{Error, Result};
use crate::files::write::replace_durably;
use crate::job::Writer;
use crate::options::Options;
use crate::report::{Report, Step, Verdict};
use crate::steps::contacts::Contacts;

/// Brings address books out of CSV and vCard files to a new server, or converts them.
#[derive(Parser)]
#[command(name = "vcard-csv", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Say what is wrong with the files, and which dialect they are in
    Check(Files),
    /// Print the contacts
    Show(Files),
    /// Convert a file to vCards
    Convert(Convert),
    /// Say what apply would do
    Plan(To),
    /// Bring everything that is new or changed to the target
    Apply(Apply),
    /// Compare the target with the files afresh
    Verify(Verify),
}

#[derive(Args)]
struct Convert {
    /// A CSV or vCard file
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Where to write; standard output by default
    #[arg(value_name = "OUT")]
    output: Option<PathBuf>,
    /// The form to write
    #[arg(long, value_enum)]
    to: Form,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// vCard 3.0 (RFC 2426)
    Vcard3,
    /// vCard 4.0 (RFC 6350)
    Vcard4,
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Show(_) => "show",
            Self::Convert(_) => "convert",
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
        Command::Check(files) => collections::check::<Contacts>(TOOL, common, files),
        Command::Show(files) => show(files, common),
        Command::Convert(convert) => self::convert(convert, common),
        Command::Plan(to) => collections::plan::<Contacts>(TOOL, common, to),
        Command::Apply(apply) => collections::apply::<Contacts>(TOOL, common, apply),
        Command::Verify(verify) => collections::verify::<Contacts>(TOOL, common, verify),
    }
}

fn read(path: &Path) -> Result<(AddressBook, Vec<Finding>)> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    Ok(AddressBook::read(&path.display().to_string(), &bytes))
}

fn show(files: &Files, common: &Options) -> Result<Outcome> {
    let (mut text, mut contacts) = (String::new(), Vec::new());
    let mut report = Report::new(false);
    let mut writer = Writer { step: Step::Contacts, account: "", report: &mut report };
    for path in &files.files {
        let (book, findings) = read(path)?;
        for finding in findings.into_iter().filter(|finding| finding.severity == Severity::Failure) {
            writer.line(Verdict::Failed, finding.item, finding.place.to_string(), finding.reason);
        }
        for contact in &book.contacts {
            text.push_str(&line(contact));
            contacts.push(to_json(contact));
        }
    }
    let json = json!({ "schema": 1, "command": "show", "contacts": contacts, "error": null });
    common.console()?.tell(&report);
    Ok(Outcome::Text { text, json, exit: report.exit_code() })
}

fn line(contact: &Contact) -> String {
    let values = |labelled: Vec<vcard_csv::Labelled>| {
        labelled.into_iter().map(|labelled| labelled.value).collect::<Vec<_>>().join(", ")
    };
    let cells = [
        contact.display_name(),
        values(contact.emails()),
        values(contact.phones()),
        contact.uid().to_owned(),
    ];
    format!("{}\n", cells.map(|cell| cell.replace(['\t', '\n', '\r'], " ")).join("\t"))
}

fn to_json(contact: &Contact) -> serde_json::Value {
    let labelled = |values: Vec<vcard_csv::Labelled>| {
        let value = |labelled: vcard_csv::Labelled| json!({ "value": labelled.value, "types": labelled.types, "label": labelled.label });
        values.into_iter().map(value).collect::<Vec<_>>()
    };
    json!({
        "uid": contact.uid(),
        "name": contact.display_name(),
        "emails": labelled(contact.emails()),
        "phones": labelled(contact.phones()),
        "urls": labelled(contact.urls()),
        "organisation": contact.organisation(),
        "title": contact.title(),
        "birthday": contact.birthday(),
        "anniversary": contact.anniversary(),
        "notes": contact.notes(),
        "categories": contact.categories(),
        "members": contact.members(),
        "place": contact.place().to_string(),
    })
}

fn convert(convert: &Convert, common: &Options) -> Result<Outcome> {
    if let Some(output) = &convert.output
        && is_same(&convert.input, output)
    {
        return Err(Error::Usage(format!(
            "{}: IN and OUT are one file; the source is never written to",
            output.display()
        )));
    }
    let (book, mut findings) = read(&convert.input)?;
    let version = match convert.to {
        Form::Vcard3 => Version::V3,
        Form::Vcard4 => Version::V4,
    };
    let mut report = Report::new(common.verbose);
    let mut bytes = Vec::new();
    let mut writer = Writer { step: Step::Contacts, account: "", report: &mut report };
    for contact in &book.contacts {
        let (card, lost) = contact.to_vcard(version);
        bytes.extend(card);
        findings.extend(lost);
        writer.line(Verdict::Copied, contact.display_name(), contact.place().to_string(), "");
    }
    for finding in findings {
        let place = finding.place.to_string();
        match finding.severity {
            Severity::Failure => writer.line(Verdict::Failed, finding.item, place, finding.reason),
            Severity::Note => writer.note(finding.item, place, finding.reason),
        }
    }
    common.console()?.tell(&report);
    match &convert.output {
        _ if common.dry_run => Ok(Outcome::Report(report)),
        Some(path) => {
            replace_durably(path, &bytes, 0o600).map_err(|e| Error::io(path, e))?;
            Ok(Outcome::Report(report))
        }
        None if common.json => {
            Err(Error::Usage("convert --json needs OUT: stdout holds one document only".to_owned()))
        }
        None => {
            let written = outcome::write_out(&bytes);
            Ok(Outcome::Silent { exit: report.exit_code().max(written) })
        }
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    identity(one).is_some_and(|found| Some(found) == identity(other))
}

const TOOL: &str = "vcard-csv";
const EXAMPLES: &str = "Examples:
  vcard-csv check anna.csv
  vcard-csv show anna.csv --json
  vcard-csv convert outlook.csv anna.vcf --to vcard4
  vcard-csv apply anna.csv --to vdir:contacts
  vcard-csv verify anna.csv --to vdir:contacts";
