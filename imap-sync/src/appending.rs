//! Messages on their way into a server: several in one command where it can (RFC 3502), several commands at a time
//! where literals need not wait (RFC 7888), else one by one.

use std::collections::VecDeque;

use crate::dialogue::{Dialogue, Wire};
use crate::error::Error;
use crate::model::Validity;
use crate::store::{Appended, Body, Message, Refused};
use crate::wire::{Code, Command, Condition, Status};

/// What was sent and not yet answered.
#[derive(Debug, Default)]
pub(crate) struct Appending {
    /// A command that can take more messages.
    open: Option<Group>,
    /// Commands that were sent whole.
    sent: VecDeque<Group>,
    outcomes: Vec<Appended>,
}

#[derive(Debug)]
struct Group {
    tag: String,
    messages: u64,
}

impl Appending {
    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_none() && self.sent.is_empty()
    }

    /// `APPEND`. Err means that it is not known whether it landed.
    pub(crate) async fn append<W: Wire, B: Body>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        mailbox: &[u8],
        message: &Message,
        body: &mut B,
        validity: Validity,
    ) -> Result<(), Error> {
        let together = !message.alone && dialogue.capabilities().has("MULTIAPPEND");
        if !together {
            self.close_group(dialogue).await?;
        }
        let size = body.size();
        if !dialogue.literals().go_at_once(size) {
            self.hear_all(dialogue, validity).await?;
        }
        let (tag, parts, at_once) = self.command(dialogue, mailbox, message, size)?;
        let early = dialogue.say(&parts, &tag, !at_once, &mut |_| {}).await?;
        if let Some(group) = &mut self.open {
            group.messages += 1;
        }
        if let Some(status) = early {
            if let Some(group) = self.open.take() {
                self.answered(dialogue, &group, status, validity)?;
            }
            return Ok(());
        }
        dialogue.open_literal();
        while let Some(chunk) = body.chunk().await? {
            dialogue.pour(&chunk).await?;
        }
        dialogue.close_literal();
        if together { Ok(()) } else { self.close_group(dialogue).await }
    }

    /// What is said before a message: its tag, its parts, and whether the literal need not wait.
    fn command<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        mailbox: &[u8],
        message: &Message,
        size: u64,
    ) -> Result<(String, Vec<Vec<u8>>, bool), Error> {
        let arguments = |command: Command| {
            let command = command.flags(&message.flags);
            let command = if message.undated { command } else { command.date(&message.date) };
            if message.binary { command.literal8(size) } else { command.literal(size) }
        };
        Ok(match self.open.take() {
            Some(Group { tag, messages }) => {
                let (command, at_once) = arguments(Command::new("", dialogue.literals()));
                self.open = Some(Group { tag: tag.clone(), messages });
                // Without tag and name, what is left begins with the space that separates the messages.
                (tag, trimmed(command.parts("")), at_once)
            }
            None => {
                let (command, at_once) = arguments(dialogue.start("APPEND").string(mailbox)?);
                let tag = dialogue.tag();
                self.open = Some(Group { tag: tag.clone(), messages: 0 });
                (tag.clone(), command.parts(&tag), at_once)
            }
        })
    }

    /// What became of all that was appended since this was asked for last, in order. UIDs are told only under the
    /// validity that the mailbox had when it was selected.
    pub(crate) async fn appended<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        validity: Validity,
    ) -> Result<Vec<Appended>, Error> {
        self.close_group(dialogue).await?;
        self.hear_all(dialogue, validity).await?;
        Ok(std::mem::take(&mut self.outcomes))
    }

    async fn close_group<W: Wire>(&mut self, dialogue: &mut Dialogue<W>) -> Result<(), Error> {
        if let Some(group) = self.open.take() {
            dialogue.send(b"\r\n").await?;
            self.sent.push_back(group);
        }
        Ok(())
    }

    /// Hears the answers to all commands that were sent whole.
    async fn hear_all<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        validity: Validity,
    ) -> Result<(), Error> {
        while let Some(group) = self.sent.pop_front() {
            let status = dialogue.until(&group.tag, &mut |_| {}).await?;
            self.answered(dialogue, &group, status, validity)?;
        }
        Ok(())
    }

    fn answered<W: Wire>(
        &mut self,
        dialogue: &Dialogue<W>,
        group: &Group,
        status: Status,
        validity: Validity,
    ) -> Result<(), Error> {
        let outcomes = &mut self.outcomes;
        if status.condition != Condition::Ok {
            match group.messages {
                1 => outcomes.push(refused(&status)),
                many => outcomes.extend((0..many).map(|_| Appended::Spoilt)),
            }
            return Ok(());
        }
        match status.code {
            Some(Code::AppendUid { validity: found, .. }) if Validity(found) != validity => {
                Err(dialogue.protocol("its UIDVALIDITY changed while it was written"))
            }
            Some(Code::AppendUid { uids, .. }) if uids.len() == group.messages => {
                outcomes.extend(uids.iter().map(|uid| Appended::Landed(Some(uid))));
                Ok(())
            }
            _ => {
                outcomes.extend((0..group.messages).map(|_| Appended::Landed(None)));
                Ok(())
            }
        }
    }
}

fn trimmed(mut parts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if let Some(first) = parts.first_mut().filter(|first| first.starts_with(b"  ")) {
        first.remove(0);
    }
    parts
}

fn refused(status: &Status) -> Appended {
    let code = status.code.as_ref().map(|code| code.name().to_owned());
    Appended::Refused(Refused { condition: status.condition, code, text: status.text.clone() })
}
