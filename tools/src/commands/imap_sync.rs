//! `imap-sync`: one mailbox into another, or many.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::{Args, Parser, Subcommand};
use imap_sync::{Level, Policy};

use crate::commands::accounts::{Account, Accounts};
use crate::commands::imap_map;
use crate::commands::outcome::{self, Outcome};
use crate::commands::removal::{self, Removal};
use crate::commands::session::Session;
use crate::commands::sides::Sides;
use crate::crew::work_off;
use crate::error::{Error, Result};
use crate::files::write::make_folder;
use crate::imap::connect::Mailbox;
use crate::job::{Job, Mode, Writer};
use crate::options::{Accepted, Options};
use crate::report::{Report, Step, Verdict};
use crate::steps::imap::{Means, Pair, transfer};

/// Brings mailboxes from one IMAP server to another, or into Maildirs or out of them, again and again until the switch.
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
    /// Log in to both, say who they are, what is there and where it goes, and what will not fit
    Check(Sides),
    /// Print which UID of the source became which of the target, from the journal alone
    Map(Sides),
    /// Say what a run would do
    Plan(Run),
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
    #[command(flatten)]
    removal: Removal,
}

#[derive(Args)]
struct Verify {
    #[command(flatten)]
    sides: Sides,
    /// After the switch: show what users removed or changed since, and exclude it
    #[arg(long)]
    live: bool,
    /// How closely: counts (how many in each folder), envelopes (size, date, header, flags), sample=N% (envelopes, and
    /// so many of them byte by byte), all (every byte)
    #[arg(long, value_name = "LEVEL", default_value = "all", value_parser = removal::level)]
    level: Level,
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Check(_) => "check",
            Self::Map(_) => "map",
            Self::Plan(_) => "plan",
            Self::Run(_) => "run",
            Self::Verify(_) => "verify",
        }
    }

    fn sides(&self) -> &Sides {
        match self {
            Self::Check(sides) | Self::Map(sides) => sides,
            Self::Plan(run) | Self::Run(run) => &run.sides,
            Self::Verify(verify) => &verify.sides,
        }
    }

    /// What of the policy is said by the command itself.
    fn policy(&self) -> Result<Policy> {
        let policy = self.sides().policy()?;
        Ok(match self {
            Self::Check(_) | Self::Map(_) => policy,
            Self::Plan(run) | Self::Run(run) => policy.with_mirror(run.removal.mirror()),
            Self::Verify(verify) => policy.with_level(verify.level),
        })
    }

    fn mode(&self) -> (Mode, bool) {
        match self {
            Self::Check(_) => (Mode::Check, false),
            Self::Map(_) => (Mode::Plan, false),
            Self::Plan(run) => (Mode::Plan, run.restore),
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
    let (sides, common) = (arguments.command.sides(), &arguments.common);
    if let Command::Map(sides) = &arguments.command {
        return imap_map::command(sides, common);
    }
    let means = Means { policy: arguments.command.policy()?, servers: sides.servers() };
    let Accounts { mut all, warnings, sides: (source, target) } = Accounts::read(sides)?;
    let session = Session { tool: "imap-sync", step: Step::Mail, source, target, common };
    let (mode, restore) = arguments.command.mode();
    let report = session.run_each(mode, restore, |job, accepted, report| {
        warnings.iter().for_each(|warning| job.console.warn(warning));
        order(job, &mut all);
        let fleet = Fleet {
            job,
            means: &means,
            accepted,
            accounts: &all,
            workers: common.waiting_workers(),
            many: sides.accounts.is_some(),
        };
        fleet.carry_out(report);
    })?;
    Ok(Outcome::Report(report))
}

/// By what the journal holds of each, the smallest first; those that are new to it may be the largest.
fn order(job: &Job<'_>, all: &mut [Account]) {
    let counts = job.journal.filter(|_| all.len() > 1).and_then(|journal| journal.counts().ok());
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    for count in counts.into_iter().flatten() {
        *sizes.entry(count.scope.account).or_default() += count.facts;
    }
    all.sort_by_key(|account| sizes.get(&account.scope).copied().unwrap_or(u64::MAX));
}

/// All accounts of a run, several at a time.
struct Fleet<'a> {
    job: &'a Job<'a>,
    means: &'a Means,
    accepted: &'a Accepted,
    accounts: &'a [Account],
    workers: usize,
    /// Whether they are those of a table.
    many: bool,
}

impl Fleet<'_> {
    fn carry_out(&self, whole: &mut Report) {
        let bar = self.job.console.bar("accounts", self.accounts.len() as u64);
        let collected = Mutex::new(whole);
        work_off(self.accounts, self.workers, |account| {
            let mut report = self.account(account);
            report.sort();
            self.accepted.apply(&mut report);
            self.job.console.tell(&report);
            if self.many {
                self.job.console.done(&format!("{}: {}", account.name, self.job.mode.summary(&report)));
            }
            collected.lock().unwrap_or_else(PoisonError::into_inner).merge(report);
            bar.inc(1);
        });
        bar.finish_and_clear();
    }

    /// One account; its errors are its own.
    fn account(&self, account: &Account) -> Report {
        let mut report = self.job.report();
        if self.job.stop.requested() {
            let mut writer = Writer { step: Step::Mail, account: &account.name, report: &mut report };
            let place = account.source.to_string();
            writer.line(Verdict::Pending, "account", place, "interrupted before it was begun");
            return report;
        }
        let journal = self.job.journal.filter(|_| self.job.mode == Mode::Run);
        let lease = journal.map(|journal| journal.lease(&account.scope)).transpose();
        // What is done is done, and is told, whatever came then.
        let done = lease.map_err(Into::into).and_then(|_lease| self.work(account, &mut report));
        if let Err(error) = done {
            let mut writer = Writer { step: Step::Mail, account: &account.name, report: &mut report };
            writer.line(Verdict::Failed, "account", account.target.to_string(), error.to_string());
        }
        report
    }

    /// A Maildir that is yet to be made holds nothing of what an older journal tells.
    fn work(&self, account: &Account, report: &mut Report) -> Result<()> {
        let (job, Account { name, scope, source, target }) = (self.job, account);
        let pair = Pair { account: name, scope, source, target: Some(target) };
        let Mailbox::Maildir(path) = target else { return transfer(job, &pair, self.means, report) };
        let vacant = !path.exists();
        if let (Mode::Run, true, Some(parent)) = (job.mode, self.many, path.parent()) {
            make_folder(parent).map_err(|error| Error::io(parent, error))?;
        }
        let Some(journal) = job.journal.filter(|_| vacant) else {
            return transfer(job, &pair, self.means, report);
        };
        if job.mode != Mode::Run {
            return transfer(&Job { journal: None, ..*job }, &pair, self.means, report);
        }
        let forgotten = journal.forget(Some(scope))?;
        if forgotten > 0 {
            let text =
                format!("{target} is new: {forgotten} items placed in an earlier one are placed again");
            job.console.warn(&text);
        }
        transfer(job, &pair, self.means, report)
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
  imap-sync run --accounts all.csv imaps://old.example.com \
      imaps://new.example.com --source-admin mover \
      --source-password-file old.pw --jobs 8
          all accounts of a table, eight at a time. all.csv:
              source_user,target_user,target_password
              anna,anna@example.com,file:passwords/anna
              bert,bert@example.com,env:BERTS_PASSWORD
  imap-sync run --accounts all.csv imaps://old.example.com \
      'maildir:/srv/mail/{domain}/{user}/Maildir' ...
          the same into Maildirs
  imap-sync map imaps://anna@old.example.com imaps://anna@new.example.com
          which UID became which, separated by tabs: folder and UID of the
          source, folder and UID of the target. A line that begins with #
          heads each folder, with the UIDVALIDITYs in the places of the UIDs.
          With --accounts the account comes first in each line
  imap-sync run -n ...            what a run would do
  imap-sync verify ...            prove that nothing is missing
  imap-sync verify --live ...     the same after the switch

  imap-sync run imaps://anna@example.com@outlook.example.com maildir:anna/Maildir \\
      --source-oauth-file anna.toml --require-identity
          with tokens, renewed as they expire

A USER that holds @ is split at the last one or percent-encoded:
imaps://anna@example.com@mail.example.com

Without --jobs as many accounts are worked on at once as there are
processors, but at least 4: most of the time they wait for servers. Each
account has connections of its own (--connections); --host-connections N
keeps all of them together below what a server allows. The journal of
--accounts goes by SOURCE and TARGET, not by FILE: rows may move to another.
Two runs never work on one account at a time. An administrator who is refused
three times in a row is not tried for the other accounts.

In a Maildir messages have LF line ends, as Dovecot writes them, and their
INTERNALDATE as the file's time.

Exit code: 0 all done or already so, 1 something was skipped, failed or is
pending (each named), 2 nothing was attempted.";
