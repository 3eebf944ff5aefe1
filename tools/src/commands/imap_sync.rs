//! `imap-sync`: one mailbox into another.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::commands::outcome::{self, Outcome};
use crate::commands::session::Session;
use crate::commands::sides::{Sides, Typed};
use crate::error::{Error, Result};
use crate::imap::connect::Mailbox;
use crate::job::{Job, Mode};
use crate::options::Options;
use crate::report::{Report, Step};
use crate::steps::imap::{Pair, transfer};

/// Brings a mailbox from one IMAP server to another or into a Maildir, again and again until the switch.
#[derive(Parser)]
#[command(name = "imap-sync", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Log in to both and list what the source holds
    Check(Sides),
    /// Say what a run would do
    Plan(Sides),
    /// Bring what is new or changed to the target
    Run(Run),
    /// Compare both sides afresh, message by message
    Verify(Verify),
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    sides: Sides,
    /// Bring back what was removed or changed on the target since it was placed
    #[arg(long)]
    restore: bool,
}

#[derive(Args)]
struct Verify {
    #[command(flatten)]
    sides: Sides,
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
        }
    }

    fn sides(&self) -> &Sides {
        match self {
            Self::Check(sides) | Self::Plan(sides) => sides,
            Self::Run(run) => &run.sides,
            Self::Verify(verify) => &verify.sides,
        }
    }

    fn mode(&self) -> (Mode, bool) {
        match self {
            Self::Check(_) => (Mode::Check, false),
            Self::Plan(_) => (Mode::Plan, false),
            Self::Run(run) => (Mode::Run, run.restore),
            Self::Verify(verify) => (Mode::Verify { live: verify.live }, false),
        }
    }
}

/// The program.
pub fn main() -> ExitCode {
    outcome::main(command, |arguments: &Arguments| (&arguments.common, arguments.command.name().to_owned()))
}

fn command(arguments: &Arguments) -> Result<Outcome> {
    let sides = arguments.command.sides();
    let (source, target) = (sides.source(), sides.target());
    let warnings: Vec<String> = [&source, &target].into_iter().filter_map(Typed::warning).collect();
    let (source, target) = (source.mailbox(sides)?, target.mailbox(sides)?);
    let scope = format!("{} {}", identity(&source), identity(&target));
    match (&source, &target) {
        (Mailbox::Maildir(_), Mailbox::Maildir(_)) => {
            return Err(Error::Usage("both sides are Maildirs: that is what maildir-sync is for".to_owned()));
        }
        _ if identity(&source) == identity(&target) => {
            return Err(Error::Usage(format!("{}: source and target are the same mailbox", sides.source)));
        }
        _ => {}
    }
    let account = match (&source, &target) {
        (Mailbox::Imap(endpoint, _), _) | (_, Mailbox::Imap(endpoint, _)) => endpoint.user.clone(),
        _ => String::new(),
    };
    let session = Session {
        tool: "imap-sync",
        step: Step::Mail,
        source: identity(&source),
        target: identity(&target),
        common: &arguments.common,
    };
    let (mode, restore) = arguments.command.mode();
    let report = session.run_for(&scope, mode, restore, |job, report| {
        warnings.iter().for_each(|warning| job.console.warn(warning));
        let pair = Pair { account: &account, scope: &scope, source: &source, target: Some(&target) };
        work(job, &pair, report)
    })?;
    Ok(Outcome::Report(report))
}

/// A Maildir that is yet to be made holds nothing of what an older journal tells.
fn work(job: &Job<'_>, pair: &Pair<'_>, report: &mut Report) -> Result<()> {
    let vacant = matches!(pair.target, Some(Mailbox::Maildir(path)) if !path.exists());
    let Some(journal) = job.journal.filter(|_| vacant) else { return transfer(job, pair, report) };
    if job.mode != Mode::Run {
        return transfer(&Job { journal: None, ..*job }, pair, report);
    }
    let forgotten = journal.forget(Some(pair.scope))?;
    if let (Some(target), true) = (pair.target, forgotten > 0) {
        let text = format!("{target} is new: {forgotten} items placed in an earlier one are placed again");
        job.console.warn(&text);
    }
    transfer(job, pair, report)
}

/// The mailbox, however it was typed and whatever the working directory.
fn identity(mailbox: &Mailbox) -> String {
    match mailbox {
        Mailbox::Imap(endpoint, _) => format!("{}@{}:{}", endpoint.user, endpoint.host, endpoint.port),
        Mailbox::Maildir(path) => {
            std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
        }
    }
}

const EXAMPLES: &str = "Examples:
  imap-sync check imaps://anna@old.example.com maildir:anna/Maildir \\
      --source-password-file anna.pw
          log in and see what there is
  imap-sync run imaps://anna@old.example.com imaps://anna@new.example.com \\
      --source-admin mover --source-password-file old.pw \\
      --target-admin admin --target-password-file new.pw
          with an administrator's login at both sides; again for what is new since
  imap-sync run -n ...            what a run would do
  imap-sync verify ...            prove that nothing is missing
  imap-sync verify --live ...     the same after the switch

  imap-sync run imaps://anna@example.com@outlook.example.com maildir:anna/Maildir \\
      --source-oauth-file anna.toml --require-identity
          with tokens, renewed as they expire

A USER that holds @ is split at the last one or percent-encoded:
imaps://anna@example.com@mail.example.com

In a Maildir messages have LF line ends, as Dovecot writes them, and their
INTERNALDATE as the file's time.

Exit code: 0 all done or already so, 1 something was skipped, failed or is
pending (each named), 2 nothing was attempted.";
