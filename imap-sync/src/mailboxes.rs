//! Which mailboxes an account has: listed, made, renamed, subscribed to.

use std::collections::BTreeSet;

use crate::dialogue::Wire;
use crate::error::Error;
use crate::session::Session;
use crate::special::SpecialUse;
use crate::wire::{Code, Command, List, MailboxStatus, Namespace, Quota, Response, Status};

/// Mailboxes as they were listed.
#[derive(Debug, Default)]
pub struct Mailboxes {
    /// All.
    pub lists: Vec<List>,
    /// Names of those subscribed to.
    pub subscribed: BTreeSet<Vec<u8>>,
    /// Numbers of some.
    pub statuses: Vec<MailboxStatus>,
    /// The namespace of the user's own mailboxes (RFC 2342).
    pub personal: Option<Namespace>,
}

impl Mailboxes {
    fn hear(&mut self, response: Response) {
        match response {
            Response::Namespace(told) => {
                self.personal = told.personal.and_then(|own| own.into_iter().next());
            }
            _ if self.is_endless() => {}
            Response::List(list) if list.subscribed && list.is("\\Noselect") => {}
            Response::List(list) if list.subscribed => {
                self.subscribed.insert(list.name);
            }
            Response::List(list) => {
                if list.is("\\Subscribed") {
                    self.subscribed.insert(list.name.clone());
                }
                self.lists.push(list);
            }
            Response::MailboxStatus(status) => self.statuses.push(*status),
            _ => {}
        }
    }

    /// Whether there are more than are believed.
    fn is_endless(&self) -> bool {
        self.lists.len() + self.subscribed.len() + self.statuses.len() > MAX_MAILBOXES
    }
}

impl<W: Wire> Session<W> {
    /// All mailboxes, in one flight where the server can (RFC 5258, RFC 5819, RFC 6154), else with `LSUB` and `STATUS`.
    pub async fn mailboxes(&mut self) -> Result<Mailboxes, Error> {
        self.settle_down().await?;
        let mut commands = self.enable();
        let first = commands.len();
        commands.extend(self.listing());
        let mut found = Mailboxes::default();
        let statuses = self.dialogue.run_all(&commands, &mut |response| found.hear(response)).await?;
        self.dialogue.accept(&commands[first], &statuses[first])?;
        if found.is_endless() {
            return Err(self.dialogue.protocol("the server lists more mailboxes than anybody can have"));
        }
        if found.statuses.is_empty() && self.can_mark() {
            self.statuses(&mut found).await?;
        }
        Ok(found)
    }

    /// The commands that list mailboxes; the first must succeed.
    fn listing(&self) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.can("LIST-EXTENDED") || self.can("IMAP4REV2") {
            let mut wanted = vec!["SUBSCRIBED".to_owned()];
            wanted.extend(self.can("SPECIAL-USE").then(|| "SPECIAL-USE".into()));
            let told = self.can("LIST-STATUS") || self.can("IMAP4REV2");
            wanted.extend(told.then(|| format!("STATUS {}", self.status_items())));
            let wanted = format!("RETURN ({})", wanted.join(" "));
            commands.push(self.start("LIST").raw("\"\" \"*\"").raw(&wanted));
        } else {
            let list = if !self.can("SPECIAL-USE") && self.can("XLIST") { "XLIST" } else { "LIST" };
            commands.push(self.start(list).raw("\"\" \"*\""));
            commands.push(self.start("LSUB").raw("\"\" \"*\""));
        }
        if self.can("NAMESPACE") || self.can("IMAP4REV2") {
            commands.push(self.start("NAMESPACE"));
        }
        commands
    }

    /// Asks each mailbox for its numbers, in one flight.
    async fn statuses(&mut self, found: &mut Mailboxes) -> Result<(), Error> {
        let items = self.status_items();
        let lists = found.lists.iter().filter(|list| !list.is("\\Noselect") && !list.is("\\NonExistent"));
        let commands: Result<Vec<Command>, Error> =
            lists.map(|list| Ok(self.start("STATUS").string(&list.name)?.raw(&items))).collect();
        let statuses = &mut found.statuses;
        let mut each = |response| {
            if let Response::MailboxStatus(status) = response {
                statuses.push(*status);
            }
        };
        self.dialogue.run_all(&commands?, &mut each).await?;
        Ok(())
    }

    fn status_items(&self) -> String {
        let mut items = vec!["MESSAGES", "UIDNEXT", "UIDVALIDITY"];
        items.extend(self.can_mark().then_some("HIGHESTMODSEQ"));
        items.extend(self.can("OBJECTID").then_some("MAILBOXID"));
        format!("({})", items.join(" "))
    }

    /// `LIST "" ""`: what separates the parts of names here.
    pub async fn root(&mut self) -> Result<Option<u8>, Error> {
        let command = self.start("LIST").raw("\"\" \"\"");
        let mut separator = None;
        let mut each = |response| {
            if let Response::List(list) = response {
                separator = list.separator;
            }
        };
        let status = self.run(&command, &mut each).await?;
        self.dialogue.accept(&command, &status)?;
        Ok(separator)
    }

    /// `GETQUOTAROOT`: what may be kept in a mailbox (RFC 9208 section 4.1.2). Nothing where the server does not say.
    pub async fn quotas(&mut self, mailbox: &[u8]) -> Result<Vec<Quota>, Error> {
        let command = self.start("GETQUOTAROOT").string(mailbox)?;
        let mut quotas = Vec::new();
        let mut each = |response| {
            if let Response::Quota(quota) = response {
                quotas.push(quota);
            }
        };
        self.run(&command, &mut each).await?;
        Ok(quotas)
    }

    /// `CREATE` of many; it is no fault when one is there. With a special use where the server can keep it (RFC 6154).
    pub async fn create(
        &mut self,
        mailboxes: &[(Vec<u8>, Option<SpecialUse>)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        self.settle_down().await?;
        let (uses, mut commands) = (self.can("CREATE-SPECIAL-USE"), Vec::new());
        for (name, special) in mailboxes {
            let command = self.start("CREATE").string(name)?;
            commands.push(match special.filter(|_| uses) {
                Some(special) => command.raw(&format!("(USE ({}))", special.attribute())),
                None => command,
            });
        }
        let statuses = self.dialogue.run_all(&commands, &mut |_| {}).await?;
        let mut outcomes = Vec::new();
        for ((command, status), (name, special)) in commands.iter().zip(statuses).zip(mailboxes) {
            let mut outcome = self.created(command, &status);
            if outcome.is_err() && special.is_some() && uses {
                let plain = self.start("CREATE").string(name)?;
                let status = self.dialogue.run(&plain, &mut |_| {}).await?;
                outcome = self.created(&plain, &status);
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn created(&self, command: &Command, status: &Status) -> Result<(), Error> {
        match &status.code {
            Some(Code::Named(name)) if name == "ALREADYEXISTS" => Ok(()),
            _ => self.dialogue.accept(command, status),
        }
    }

    /// `RENAME`.
    pub async fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Error> {
        let command = self.start("RENAME").string(from)?.string(to)?;
        self.simple(&command).await
    }

    /// `SUBSCRIBE` of many.
    pub async fn subscribe(&mut self, mailboxes: &[Vec<u8>]) -> Result<Vec<Result<(), Error>>, Error> {
        self.settle_down().await?;
        let commands: Result<Vec<Command>, Error> =
            mailboxes.iter().map(|name| self.start("SUBSCRIBE").string(name)).collect();
        let commands = commands?;
        let statuses = self.dialogue.run_all(&commands, &mut |_| {}).await?;
        Ok(commands.iter().zip(&statuses).map(|(command, it)| self.dialogue.accept(command, it)).collect())
    }
}

/// How many mailboxes are believed.
const MAX_MAILBOXES: usize = 300_000;
