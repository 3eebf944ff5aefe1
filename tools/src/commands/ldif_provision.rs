//! `ldif-provision`: what a directory's LDIF says, brought to a new server.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ldif::{Address, Directory};
use serde_json::{Value, json};

use crate::commands::arguments::{Apply, Files, To, Verify};
use crate::commands::outcome::{self, Outcome};
use crate::commands::session::{Session, absolute, folder};
use crate::error::Result;
use crate::files::home::Home;
use crate::job::Mode;
use crate::options::Options;
use crate::plan_file::Selection;
use crate::report::Step;
use crate::steps::provisioning::{Source, provision};

/// Brings classes of service, domains, accounts, aliases, lists and resources out of LDIF files to a new server.
#[derive(Parser)]
#[command(name = "ldif-provision", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Say what is wrong with the files, with line numbers
    Check(Files),
    /// Print what the files hold
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
        Command::Check(files) => {
            let session = session(common, files, String::new());
            let report = session.run(Mode::Check, false, |job, report| {
                let source = Source::read(&files.files);
                report.merge(provision(job, &source, &Selection::default(), None)?);
                Ok(())
            })?;
            Ok(Outcome::Report(report))
        }
        Command::Show(files) => show(&Source::read(&files.files), common),
        Command::Plan(to) => bring(common, to, Mode::Plan, false),
        Command::Apply(apply) => bring(common, &apply.to, Mode::Run, apply.restore),
        Command::Verify(verify) => bring(common, &verify.to, Mode::Verify { live: verify.live }, false),
    }
}

fn session<'a>(common: &'a Options, files: &Files, target: String) -> Session<'a> {
    // What was done is known by the target: the list of files may grow.
    let source = if target.is_empty() { absolute(&files.files) } else { String::new() };
    Session { tool: "ldif-provision", step: Step::Provisioning, source, target, common }
}

fn bring(common: &Options, to: &To, mode: Mode, restore: bool) -> Result<Outcome> {
    let folder = folder(&to.to, "files")?;
    let home = Home::at(&folder);
    home.standing()?;
    let session = session(common, &to.files, absolute(&[folder]));
    let report = session.run(mode, restore, |job, report| {
        if job.mode == Mode::Run {
            home.claim()?;
        }
        let source = Source::read(&to.files.files);
        report.merge(provision(job, &source, &Selection::default(), Some(&home))?);
        Ok(())
    })?;
    Ok(Outcome::Report(report))
}

fn show(source: &Source, common: &Options) -> Result<Outcome> {
    let directory = &source.directory;
    let json = to_json(directory);
    let mut text = String::new();
    for (kind, items) in json.as_object().into_iter().flatten().filter(|(_, value)| value.is_array()) {
        for item in items.as_array().into_iter().flatten() {
            let cells = item.as_object().into_iter().flatten().filter(|(_, value)| !is_nothing(value));
            let cells: Vec<String> = cells.map(|(name, value)| format!("{name}={}", plain(value))).collect();
            text.push_str(&format!("{kind}\t{}\n", cells.join("\t")));
        }
    }
    let findings = source.findings();
    common.console()?.tell(&findings);
    Ok(Outcome::Text { text, json, exit: findings.exit_code() })
}

fn to_json(directory: &Directory) -> Value {
    let texts =
        |addresses: &[Address]| addresses.iter().map(Address::as_str).map(Value::from).collect::<Vec<_>>();
    json!({
        "schema": 1,
        "command": "show",
        "classes": directory.classes.iter().map(|class| json!({
            "name": class.name, "id": class.id, "quota": class.quota, "place": class.place.to_string(),
        })).collect::<Vec<_>>(),
        "domains": directory.domains.iter().map(|domain| json!({
            "name": domain.name,
            "alias_of": match &domain.kind { ldif::DomainKind::Alias { target } => Some(target), ldif::DomainKind::Local => None },
            "catch_all": domain.catch_all.as_ref().map(Address::as_str), "place": domain.place.to_string(),
        })).collect::<Vec<_>>(),
        "accounts": directory.accounts.iter().map(|account| json!({
            "address": account.address.as_str(), "name": account.display_name, "class": account.class,
            "status": account.status.to_string(), "quota": account.quota.bytes,
            "password": account.password.as_ref().map(|password| password.scheme().to_string()),
            "forward": texts(&account.forward), "hidden_forward": texts(&account.hidden_forward),
            "keep_copy": account.keep_copy, "place": account.place.to_string(),
        })).collect::<Vec<_>>(),
        "resources": directory.resources.iter().map(|resource| json!({
            "address": resource.address.as_str(), "name": resource.display_name, "place": resource.place.to_string(),
        })).collect::<Vec<_>>(),
        "aliases": directory.aliases.iter().map(|alias| json!({
            "address": alias.address.as_str(), "target": alias.target.as_str(), "place": alias.place.to_string(),
        })).collect::<Vec<_>>(),
        "lists": directory.lists.iter().map(|list| json!({
            "address": list.address.as_str(), "aliases": texts(&list.aliases), "members": texts(&list.members),
            "place": list.place.to_string(),
        })).collect::<Vec<_>>(),
        "others": directory.others.iter().map(|other| json!({
            "dn": other.entry.dn, "what": other.what, "place": other.place.to_string(),
        })).collect::<Vec<_>>(),
        "error": null,
    })
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

const EXAMPLES: &str = "Examples:
  ldif-provision check export/*.ldif
  ldif-provision show export/*.ldif --json
  ldif-provision plan export/*.ldif --to files:new-home
  ldif-provision apply export/*.ldif --to files:new-home
  ldif-provision verify export/*.ldif --to files:new-home";
