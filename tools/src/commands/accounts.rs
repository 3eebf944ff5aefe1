//! The accounts of a run of `imap-sync`: the one that is typed, or those of a table.

use std::collections::BTreeMap;
use std::path::Path;

use crate::commands::sides::{Sides, Typed};
use crate::commands::way::{Passwords, Way, nothing};
use crate::error::{Error, Result};
use crate::imap::connect::Mailbox;
use crate::imap::table::{self, Entry, Mistake};

/// From where to where for one account.
#[derive(Debug)]
pub(super) struct Account {
    /// How the report names it.
    pub(super) name: String,
    /// Under which name the journal knows it.
    pub(super) scope: String,
    pub(super) source: Mailbox,
    pub(super) target: Mailbox,
}

/// All accounts of a run.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) all: Vec<Account>,
    /// What is unwise about how they are entered.
    pub(super) warnings: Vec<String>,
    /// Source and target, by which the journal is found. The table is none of it: rows may move to another.
    pub(super) sides: (String, String),
}

impl Accounts {
    /// Looks at all that can be looked at without calling anybody. Errors name every line that is wrong.
    pub(super) fn read(sides: &Sides) -> Result<Self> {
        Self::new(sides, true)
    }

    /// The same for those who call nobody: no password is looked for.
    pub(super) fn names(sides: &Sides) -> Result<Self> {
        Self::new(sides, false)
    }

    fn new(sides: &Sides, enter: bool) -> Result<Self> {
        let (source, target) = (sides.source(), sides.target());
        if source.maildir()?.is_some() && target.maildir()?.is_some() {
            let reason = "both sides are Maildirs: that is what maildir-sync is for";
            return Err(Error::Usage(reason.to_owned()));
        }
        let warnings = [&source, &target].into_iter().filter_map(|side| side.warning()).collect();
        match &sides.accounts {
            None => Self::one(sides, &source, &target, enter, warnings),
            Some(file) => {
                let (source, target) = (Way::new(sides, source, enter)?, Way::new(sides, target, enter)?);
                Self::many(file, &source, &target, warnings)
            }
        }
    }

    fn one(
        sides: &Sides,
        source: &Typed<'_>,
        target: &Typed<'_>,
        enter: bool,
        warnings: Vec<String>,
    ) -> Result<Self> {
        let mailbox = |side: &Typed<'_>| -> Result<Mailbox> {
            Ok(match side.maildir()? {
                Some(path) => Mailbox::Maildir(path.to_owned()),
                None if enter => Mailbox::Imap(side.endpoint(sides, side.url)?, side.credentials()?),
                None => Mailbox::Imap(side.endpoint(sides, side.url)?, nothing()),
            })
        };
        let account = Account::new(mailbox(source)?, mailbox(target)?);
        let identities = (identity(&account.source), identity(&account.target));
        if identities.0 == identities.1 {
            let reason = format!("{}: source and target are the same mailbox", account.source);
            return Err(Error::Usage(reason));
        }
        Ok(Self { all: vec![account], warnings, sides: identities })
    }

    fn many(file: &Path, source: &Way<'_>, target: &Way<'_>, mut warnings: Vec<String>) -> Result<Self> {
        let (rows, mut mistakes) = table::read(file)?;
        let (mut passwords, mut seen, mut all) = (Passwords::default(), Seen::default(), Vec::new());
        for row in &rows {
            let mut mailbox = |way: &Way<'_>, own: &Entry, other: &Entry| {
                let mailbox = way.mailbox(own, other, &mut passwords);
                mailbox.map_err(|error| mistakes.push((row.line, error.to_string()))).ok()
            };
            let from = mailbox(source, &row.source, &row.target);
            let to = mailbox(target, &row.target, &row.source);
            if let Some((from, to)) = from.zip(to) {
                seen.take(row.line, &from, &to, &mut mistakes);
                all.push(Account::new(from, to));
            }
        }
        seen.look_for_chains(&mut mistakes);
        refuse(file, mistakes)?;
        tell_apart(&mut all);
        warnings.extend(passwords.warnings());
        Ok(Self { all, warnings, sides: (source.name(), target.name()) })
    }
}

impl Account {
    fn new(source: Mailbox, target: Mailbox) -> Self {
        let endpoint = source.endpoint().or(target.endpoint());
        let name = endpoint.map(|endpoint| endpoint.user.clone()).unwrap_or_default();
        let scope = format!("{} {}", identity(&source), identity(&target));
        Self { name, scope, source, target }
    }
}

/// Which mailboxes have a row, and in which line.
#[derive(Default)]
struct Seen {
    sources: BTreeMap<String, usize>,
    targets: BTreeMap<String, usize>,
}

impl Seen {
    /// Two accounts in one mailbox would each take the other's messages for its own.
    fn take(&mut self, line: usize, from: &Mailbox, to: &Mailbox, mistakes: &mut Vec<Mistake>) {
        self.sources.entry(identity(from)).or_insert(line);
        let first = *self.targets.entry(identity(to)).or_insert(line);
        if first != line {
            mistakes.push((line, format!("{to} is the target of line {first} already")));
        }
    }

    /// A source is never written to.
    fn look_for_chains(&self, mistakes: &mut Vec<Mistake>) {
        for (target, &line) in &self.targets {
            match self.sources.get(target) {
                Some(&source) if source == line => {
                    mistakes.push((line, format!("{target}: source and target are the same mailbox")));
                }
                Some(source) => {
                    mistakes.push((line, format!("its target {target} is the source of line {source}")));
                }
                None => {}
            }
        }
    }
}

fn refuse(file: &Path, mut mistakes: Vec<Mistake>) -> Result<()> {
    mistakes.sort();
    let lines = mistakes.iter().map(|(line, reason)| format!("{}:{line}: {reason}", file.display()));
    if mistakes.is_empty() { Ok(()) } else { Err(Error::Lines(lines.collect())) }
}

/// Users of one name at several servers.
fn tell_apart(all: &mut [Account]) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for account in &*all {
        *times.entry(account.name.clone()).or_default() += 1;
    }
    for account in all.iter_mut().filter(|account| times[&account.name] > 1) {
        account.name = format!("{} to {}", account.source, account.target);
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use imap_sync::Credentials;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        sides: Sides,
    }

    /// The accounts of a table, or what is wrong.
    fn read(
        source: &str,
        target: &str,
        flags: &[&str],
        table: &str,
    ) -> std::result::Result<Accounts, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        std::fs::write(&file, table).unwrap();
        std::fs::write(folder.path().join("pw"), "s3cret\n").unwrap();
        let password = folder.path().join("pw").display().to_string();
        let flags: Vec<String> = flags.iter().map(|flag| flag.replace("PW", &password)).collect();
        let file = file.display().to_string();
        let typed = ["x", source, target, "--accounts", &file].map(str::to_owned).into_iter().chain(flags);
        let sides = Program::try_parse_from(typed).map_err(|error| error.to_string())?.sides;
        Accounts::read(&sides).map_err(|error| error.to_string().replace(&file, "t.csv"))
    }

    const OLD: &str = "imaps://old.example.com";
    const NEW: &str = "imaps://new.example.com:1993";
    const BOTH: [&str; 4] = ["--source-password-file", "PW", "--target-password-file", "PW"];

    #[test]
    fn rows_and_flags_together_name_the_mailboxes() {
        let table = "source_user,target_user,source_password,target_host\n\
                     anna,anna@example.com,file:pw,\nbert,bert,,[::1]\ncarl,carl@x,command:exit 1,h.example.com:1\n";
        let flags = [&BOTH[..], &["--source-admin", "boss"]].concat();
        let accounts = read(OLD, NEW, &flags, table).unwrap();
        let scopes: Vec<&str> = accounts.all.iter().map(|account| account.scope.as_str()).collect();
        assert_eq!(
            scopes,
            [
                "anna@old.example.com:993 anna@example.com@new.example.com:1993",
                "bert@old.example.com:993 bert@::1:1993",
                "carl@old.example.com:993 carl@x@h.example.com:1",
            ]
        );
        let admins = accounts.all.iter().map(|account| account.source.endpoint().unwrap().admin.as_deref());
        assert_eq!(
            admins.collect::<Vec<_>>(),
            [None, Some("boss"), None],
            "who has a password needs no boss"
        );
        assert_eq!(accounts.sides, ("old.example.com:993".to_owned(), "new.example.com:1993".to_owned()));
        assert!(!format!("{accounts:?}").contains("s3cret"));
    }

    #[test]
    fn a_maildir_is_of_whoever_the_row_names() {
        let table = "source_user,target_user\nanna,a@example.com\nbert,\n";
        let flags = &BOTH[..2];
        let accounts = read(OLD, "maildir:/new/{domain}/{user}", flags, table).unwrap();
        let targets = accounts.all.iter().map(|account| account.target.to_string());
        assert_eq!(targets.collect::<Vec<_>>(), ["/new/example.com/a", "/new//bert"]);
    }

    #[test]
    fn one_administrator_has_one_guard() {
        let table = "source_user,target_user\na,a\nb,b\n";
        let accounts = read(OLD, NEW, &BOTH, table).unwrap();
        let credentials: Vec<&Arc<dyn Credentials>> = accounts
            .all
            .iter()
            .filter_map(|account| match &account.source {
                Mailbox::Imap(_, credentials) => Some(credentials),
                Mailbox::Maildir(_) => None,
            })
            .collect();
        assert!(Arc::ptr_eq(credentials[0], credentials[1]));
    }

    #[test]
    fn equal_names_are_told_apart() {
        let table = "source_user,target_user,source_host\na,a,one.test\na,b,two.test\nc,c,\n";
        let accounts = read(OLD, NEW, &BOTH, table).unwrap();
        let names: Vec<&str> = accounts.all.iter().map(|account| account.name.as_str()).collect();
        assert_eq!(names, ["a@one.test to a@new.example.com", "a@two.test to b@new.example.com", "c"]);
    }

    #[test]
    fn every_line_that_is_wrong_is_named() {
        let head = "source_user,target_user,source_password,source_host";
        for (name, source, target, flags, rows, expected) in [
            (
                "all at once",
                OLD,
                NEW,
                &BOTH[2..],
                "a,a,env:NO_SUCH_VARIABLE_HERE,\n,b,file:pw,\nc,c,file:pw,a/b\nd,d,s3cret,\ne,e,file:gone,",
                &[
                    "t.csv:2: the environment variable NO_SUCH_VARIABLE_HERE is not set",
                    "t.csv:3: the source: there is no source_user",
                    "t.csv:4: the source: source_host is HOST or HOST:PORT",
                    "t.csv:5: source_password is file:PATH",
                    "t.csv:6: ",
                ][..],
            ),
            ("no password", OLD, NEW, &BOTH[2..], "a,a,,\n", &["t.csv:2: the source needs a password"]),
            (
                "one target",
                OLD,
                NEW,
                &BOTH[..],
                "a,x,,\nb,x,,\n",
                &["t.csv:3: x@new.example.com is the target of line 2 already"],
            ),
            (
                "no template",
                OLD,
                "maildir:/new",
                &BOTH[..2],
                "a,x,,\nb,y,,\n",
                &["t.csv:3: /new is the target of line 2 already"],
            ),
            (
                "a chain",
                OLD,
                OLD,
                &BOTH[..],
                "a,b,,\nb,c,,\n",
                &["t.csv:2: its target b@old.example.com:993 is the source of line 3"],
            ),
            (
                "itself",
                OLD,
                OLD,
                &BOTH[..],
                "a,a,,\n",
                &["t.csv:2: a@old.example.com:993: source and target are the same mailbox"],
            ),
            (
                "a Maildir has no host",
                "maildir:/old/{user}",
                NEW,
                &BOTH[2..],
                "a,a,,h\n",
                &["t.csv:2: the source: it is a Maildir, which has neither host nor password"],
            ),
        ] {
            let error = read(source, target, flags, &format!("{head}\n{rows}")).unwrap_err();
            let lines: Vec<&str> = error.lines().collect();
            assert_eq!(lines.len(), expected.len(), "{name}: {error}");
            for (line, start) in lines.iter().zip(expected) {
                assert!(line.starts_with(start), "{name}: {line}");
            }
            assert!(!error.contains("s3cret"), "{name}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_for_all_is_said_once() {
        let table = "source_user,target_user\na,a\nb,b\n";
        for (name, source, target, flags, expected) in [
            ("URL", "http://x", NEW, &BOTH[..], "the source: "),
            ("template", OLD, "maildir:/new/{usr}", &BOTH[..2], "the target: unknown placeholder {usr}"),
            ("both Maildirs", "maildir:a/{user}", "maildir:b/{user}", &[][..], "both sides are Maildirs"),
            ("password of a Maildir", OLD, "maildir:b/{user}", &BOTH[..], "the target is a Maildir"),
        ] {
            let error = read(source, target, flags, table).unwrap_err();
            assert!(error.starts_with(expected) && error.lines().count() == 1, "{name}: {error}");
        }
    }
}
