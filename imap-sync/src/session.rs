//! An account that is logged in, over anything that carries events: what a mailbox holds, and what changed in it.
//!
//! How messages are read is in `reading`, how they are added in `appending`; which mailboxes there are is in `mailboxes`.

use std::time::Duration;

use crate::appending::Appending;
use crate::dialogue::{Dialogue, Each, Heard, Wire};
use crate::error::Error;
use crate::flags::{Flags, Permanent};
use crate::keys::KeySet;
use crate::model::{ItemKey, State, Validity};
use crate::reading::Reading;
use crate::store::{Appended, Body, Message, Opened, Selected};
use crate::wire::{Capabilities, Code, Command, Condition, Fetch, Response, Status};

/// A session.
#[derive(Debug)]
pub struct Session<W> {
    pub(crate) dialogue: Dialogue<W>,
    reading: Reading,
    appending: Appending,
    enabled: bool,
}

impl<W: Wire> Session<W> {
    /// A session after its login.
    pub fn new(wire: W, can: Capabilities, tag: u64) -> Self {
        Self {
            dialogue: Dialogue::new(wire, can, tag),
            reading: Reading::default(),
            appending: Appending::default(),
            enabled: false,
        }
    }

    /// What the server can do.
    pub fn capabilities(&self) -> &Capabilities {
        self.dialogue.capabilities()
    }

    /// Whether the server has a capability.
    pub fn can(&self, name: &str) -> bool {
        self.capabilities().has(name)
    }

    /// Whether what changed since a state can be asked (RFC 7162).
    pub fn can_mark(&self) -> bool {
        self.can("CONDSTORE") || self.can("QRESYNC")
    }

    /// Whether somebody else removed or changed messages of the selected mailbox, as far as the server told.
    pub fn is_disturbed(&self) -> bool {
        self.dialogue.heard.disturbed
    }

    /// How many messages the selected mailbox holds now, as far as the server told.
    pub fn exists(&self) -> u64 {
        self.dialogue.heard.exists
    }

    /// `EXAMINE`, or `SELECT` where it is to be written; with `look` begins to fetch `items` of all messages in the
    /// same breath.
    pub async fn select(
        &mut self,
        mailbox: &[u8],
        write: bool,
        look: Option<(&str, &mut (dyn FnMut(Fetch) + Send))>,
    ) -> Result<Selected, Error> {
        self.settle_down().await?;
        let (verb, marks) = (if write { "SELECT" } else { "EXAMINE" }, self.can_mark());
        let command = self.start(verb).string(mailbox)?;
        let command = if marks { command.raw("(CONDSTORE)") } else { command };
        let mut commands = self.enable();
        let first = commands.len();
        commands.push(command);
        self.reading.forget();
        self.dialogue.heard = Heard::default();
        let (mut opened, mut each_item) = (Opening::default(), None);
        if let Some((items, each)) = look {
            commands.push(self.start("UID FETCH").raw("1:*").raw(items));
            each_item = Some(each);
        }
        let mut each = |response| match response {
            // Before the UIDVALIDITY it is about the mailbox that was selected until now.
            Response::Fetch { fetch, .. } if opened.validity.is_some() => {
                each_item.iter_mut().for_each(|each| each((*fetch).clone()));
            }
            response => opened.hear(&response),
        };
        let statuses = self.dialogue.run_all(&commands, &mut each).await?;
        // A server that refuses the parameter is asked without it.
        if statuses[first].condition == Condition::Bad && marks {
            opened = self.select_plainly(verb, mailbox).await?;
        } else {
            self.dialogue.accept(&commands[first], &statuses[first])?;
        }
        self.dialogue.heard.disturbed = false;
        let reason = "the server tells no UIDVALIDITY: its messages cannot be known again";
        opened.validity.ok_or_else(|| self.dialogue.protocol(reason))?;
        Ok(Selected { state: opened.state, permanent: opened.permanent })
    }

    async fn select_plainly(&mut self, verb: &'static str, mailbox: &[u8]) -> Result<Opening, Error> {
        let command = self.start(verb).string(mailbox)?;
        let mut opened = Opening::default();
        let status = self.dialogue.run(&command, &mut |response| opened.hear(&response)).await?;
        self.dialogue.accept(&command, &status)?;
        Ok(opened)
    }

    /// `ENABLE`, once, of what makes the server tell more (RFC 5161, RFC 7162).
    pub(crate) fn enable(&mut self) -> Vec<Command> {
        let wanted = self.can("ENABLE") && self.can("QRESYNC");
        if std::mem::replace(&mut self.enabled, true) || !wanted {
            return Vec::new();
        }
        vec![self.start("ENABLE").raw("QRESYNC")]
    }

    /// `UID FETCH`, without bodies.
    pub async fn fetch(
        &mut self,
        keys: &KeySet,
        items: &str,
        each: &mut (dyn FnMut(Fetch) + Send),
    ) -> Result<(), Error> {
        for keys in keys.pieces(MAX_SET) {
            let command = self.start("UID FETCH").raw(&keys.to_string()).raw(items);
            self.fetched(&command, keys, each).await?;
        }
        Ok(())
    }

    /// The UIDs of all messages, by their numbers: for servers that cannot search.
    pub async fn count_off(&mut self) -> Result<KeySet, Error> {
        let (mut keys, mut from) = (KeySet::new(), 1);
        self.noop().await?;
        while from <= self.exists() {
            // A number beyond the last message is an error (RFC 9051 section 9, `seq-number`).
            let (before, to) = (self.exists(), self.exists().min(from + PAGE - 1));
            let command = self.start("FETCH").raw(&format!("{from}:{to}")).raw("(UID)");
            let asked = KeySet::new();
            self.fetched(&command, asked, &mut |fetch| keys.extend(fetch.uid.map(ItemKey))).await?;
            // What was removed meanwhile, which no server should tell here, has moved the numbers.
            from = if self.exists() < before { 1 } else { from + PAGE };
        }
        Ok(keys)
    }

    /// What is new or changed since a mark, and what vanished where the server tells (RFC 7162).
    pub async fn changes(
        &mut self,
        since: u64,
        items: &str,
        each: &mut (dyn FnMut(Fetch) + Send),
    ) -> Result<Option<KeySet>, Error> {
        let told = self.can("QRESYNC") && self.can("ENABLE");
        let vanished = if told { " VANISHED" } else { "" };
        let modifiers = format!("(CHANGEDSINCE {since}{vanished})");
        let command = self.start("UID FETCH").raw("1:*").raw(items).raw(&modifiers);
        let mut gone = KeySet::new();
        let mut each = |response| match response {
            Response::Fetch { fetch, .. } => each(*fetch),
            Response::Vanished(vanished) => gone = gone.union(&vanished.uids),
            _ => {}
        };
        self.settle_down().await?;
        self.dialogue.heard.asked.insert_range(ItemKey(1)..=ItemKey(u64::MAX));
        let status = self.dialogue.run(&command, &mut each).await;
        self.dialogue.heard.asked = KeySet::new();
        self.dialogue.accept(&command, &status?)?;
        Ok(told.then_some(gone))
    }

    async fn fetched(
        &mut self,
        command: &Command,
        asked: KeySet,
        each: &mut (dyn FnMut(Fetch) + Send),
    ) -> Result<(), Error> {
        self.settle_down().await?;
        let mut each = |response| {
            if let Response::Fetch { fetch, .. } = response {
                each(*fetch);
            }
        };
        self.dialogue.heard.asked = asked;
        let status = self.dialogue.run(command, &mut each).await;
        self.dialogue.heard.asked = KeySet::new();
        self.dialogue.accept(command, &status?)
    }

    /// `UID SEARCH`, answered by a set where the server can (RFC 4731). `None` when it refuses, or tells nothing readable.
    pub async fn search(&mut self, wanted: &str) -> Result<Option<KeySet>, Error> {
        let extended = self.can("ESEARCH") || self.can("IMAP4REV2");
        let command = self.start("UID SEARCH");
        let command = if extended { command.raw("RETURN (ALL)") } else { command }.raw(wanted);
        let mut found = None;
        let mut each = |response| match response {
            Response::Esearch(search) => found = Some(search.all.unwrap_or_default()),
            Response::Search(search) => {
                let keys = search.numbers.into_iter().map(ItemKey);
                found.get_or_insert_with(KeySet::new).extend(keys);
            }
            _ => {}
        };
        let status = self.run(&command, &mut each).await?;
        Ok(found.filter(|_| status.condition == Condition::Ok))
    }

    /// `UID STORE` of what is to be added or removed.
    pub async fn store(&mut self, keys: &KeySet, add: bool, flags: &Flags) -> Result<(), Error> {
        if flags.is_empty() {
            return Ok(());
        }
        let sign = if add { "+FLAGS.SILENT" } else { "-FLAGS.SILENT" };
        for keys in keys.pieces(MAX_SET) {
            let command = self.start("UID STORE").raw(&keys.to_string()).raw(sign).flags(flags);
            self.simple(&command).await?;
        }
        Ok(())
    }

    /// `UID MOVE` or `UID COPY` into a mailbox, then `\\Deleted` and `UID EXPUNGE` (RFC 4315, RFC 6851): of these messages
    /// and no others, or not at all.
    pub async fn remove(&mut self, keys: &KeySet, keep: Option<&[u8]>) -> Result<(), Error> {
        if !self.can("UIDPLUS") && !self.can("IMAP4REV2") {
            let (host, command) = (self.dialogue.host().to_owned(), "UID EXPUNGE");
            let reason = "the server cannot remove some messages only (UIDPLUS)".into();
            return Err(Error::Refused { host, command, reason });
        }
        for keys in keys.pieces(MAX_SET) {
            let set = keys.to_string();
            match keep {
                Some(keep) if self.can("MOVE") || self.can("IMAP4REV2") => {
                    let command = self.start("UID MOVE").raw(&set).string(keep)?;
                    self.simple(&command).await?;
                    continue;
                }
                Some(keep) => {
                    let command = self.start("UID COPY").raw(&set).string(keep)?;
                    self.simple(&command).await?;
                }
                None => {}
            }
            self.store(&keys, true, &["\\Deleted"].into_iter().collect()).await?;
            let command = self.start("UID EXPUNGE").raw(&set);
            self.simple(&command).await?;
        }
        Ok(())
    }

    /// `NOOP`: lets the server tell what is new.
    pub async fn noop(&mut self) -> Result<(), Error> {
        let command = self.start("NOOP");
        self.simple(&command).await
    }

    /// Lets some time pass.
    pub async fn pause(&mut self, time: Duration) {
        self.dialogue.pause(time).await;
    }

    /// Waits until no message has come for so long, but not for ever. Whether none has.
    pub async fn stands_still(&mut self, calm: Duration) -> Result<bool, Error> {
        for _ in 0..MAX_WAITS {
            let before = self.exists();
            self.dialogue.pause(calm).await;
            self.noop().await?;
            if self.exists() == before {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `LOGOUT`. Whatever goes wrong no longer matters.
    pub async fn logout(mut self) {
        if self.reading.is_idle() && self.appending.is_idle() && !self.dialogue.is_broken() {
            let command = self.start("LOGOUT");
            let _ = self.dialogue.begin(&command).await;
        }
    }

    /// Begins to fetch `BODY.PEEK[section]` of messages; [`Session::next_body`] gives them.
    pub async fn read(&mut self, keys: &KeySet, section: &'static str) -> Result<(), Error> {
        self.settle_down().await?;
        self.reading.begin(&mut self.dialogue, keys, section).await
    }

    /// Why the server did not give a message of the selected mailbox, in its words. What it left out without a word
    /// is gone.
    pub fn refusal(&self, key: ItemKey) -> Option<&str> {
        self.reading.refusal(key)
    }

    /// The next message that is being fetched. One that comes without bytes is left out.
    pub async fn next_body(&mut self) -> Result<Option<Opened>, Error> {
        self.reading.next_body(&mut self.dialogue).await
    }

    /// The next piece of the message at hand.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.reading.chunk(&mut self.dialogue).await
    }

    /// `APPEND`. Err means that it is not known whether it landed.
    pub async fn append<B: Body>(
        &mut self,
        mailbox: &[u8],
        message: &Message,
        body: &mut B,
        validity: Validity,
    ) -> Result<(), Error> {
        self.reading.finish(&mut self.dialogue).await?;
        self.appending.append(&mut self.dialogue, mailbox, message, body, validity).await
    }

    /// What became of all that was appended since this was asked for last, in order. UIDs are told only under the
    /// validity that the mailbox had when it was selected.
    pub async fn appended(&mut self, validity: Validity) -> Result<Vec<Appended>, Error> {
        self.appending.appended(&mut self.dialogue, validity).await
    }

    /// Begins a command.
    pub(crate) fn start(&self, name: &'static str) -> Command {
        self.dialogue.start(name)
    }

    /// Says a command of which nothing but success is expected.
    pub(crate) async fn simple(&mut self, command: &Command) -> Result<(), Error> {
        let status = self.run(command, &mut |_| {}).await?;
        self.dialogue.accept(command, &status)
    }

    /// Says a whole command and hears its answer.
    pub(crate) async fn run(&mut self, command: &Command, each: Each<'_>) -> Result<Status, Error> {
        self.settle_down().await?;
        self.dialogue.run(command, each).await
    }

    /// Comes to the end of whatever is under way.
    pub(crate) async fn settle_down(&mut self) -> Result<(), Error> {
        self.reading.finish(&mut self.dialogue).await?;
        if self.appending.is_idle() {
            return Ok(());
        }
        Err(self.dialogue.protocol("appends were left without being asked for"))
    }
}

/// What `SELECT` tells.
#[derive(Default)]
struct Opening {
    state: State,
    permanent: Permanent,
    validity: Option<()>,
}

impl Opening {
    fn hear(&mut self, response: &Response) {
        match response {
            Response::Exists(exists) => self.state.count = *exists,
            Response::Status(Status { tag: None, code: Some(code), .. }) => match code {
                Code::HighestModseq(mark) => self.state.mark = *mark,
                Code::PermanentFlags(permanent) => self.permanent = permanent.clone(),
                Code::UidNext(next) => self.state.next = ItemKey(*next),
                Code::UidValidity(value) => {
                    self.state.validity = Validity(*value);
                    self.validity = Some(());
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// How long a set may be in a command.
const MAX_SET: usize = 6000;
const PAGE: u64 = 5000;
const MAX_WAITS: u32 = 30;
