//! One command at a time: says it, and hears its answer, over anything that carries events.

use std::future::Future;

use crate::error::Error;
use crate::login::{literals, tag};
use crate::wire::{Capabilities, Command, Condition, Event, Response, Status};

/// What carries a session.
pub trait Wire: Send {
    /// Sends all bytes.
    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Waits for the next event.
    fn event(&mut self) -> impl Future<Output = Result<Event, Error>> + Send;

    /// The server's name, for errors.
    fn host(&self) -> &str;
}

/// What hears the untagged responses of a command.
pub(crate) type Each<'a> = &'a mut (dyn FnMut(Response) + Send);

/// The talk with a server, of which sessions are made.
#[derive(Debug)]
pub(crate) struct Dialogue<W> {
    wire: W,
    can: Capabilities,
    tag: u64,
    /// A command was broken off in its middle: nothing more can be said.
    broken: bool,
}

impl<W: Wire> Dialogue<W> {
    pub(crate) fn new(wire: W, can: Capabilities, tag: u64) -> Self {
        Self { wire, can, tag, broken: false }
    }

    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.can
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(crate) fn start(&self, name: &'static str) -> Command {
        Command::new(name, literals(&self.can))
    }

    /// The tag of the next command.
    pub(crate) fn tag(&mut self) -> String {
        self.tag += 1;
        tag(self.tag)
    }

    /// Says a command that needs no waiting, and does not wait for its answer either.
    pub(crate) async fn begin(&mut self, command: &Command) -> Result<String, Error> {
        let tag = self.tag();
        self.send(&command.parts(&tag).concat()).await?;
        Ok(tag)
    }

    /// Says a whole command and hears its answer.
    pub(crate) async fn run(&mut self, command: &Command, each: Each<'_>) -> Result<Status, Error> {
        let tag = self.tag();
        match self.say(&command.parts(&tag), &tag, false, each).await? {
            Some(status) => Ok(status),
            None => self.until(&tag, each).await,
        }
    }

    /// The bytes of a literal follow. Should they not all come, then nothing more can be said.
    pub(crate) fn open_literal(&mut self) {
        self.broken = true;
    }

    /// Sends bytes of the literal.
    pub(crate) async fn pour(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.wire.send(bytes).await
    }

    /// All bytes of the literal were sent: ends the command.
    pub(crate) async fn close_literal(&mut self) -> Result<(), Error> {
        self.broken = false;
        self.send(b"\r\n").await
    }

    /// Sends parts, waiting for the server's word between them and, if `wait`, after the last. Gives the answer if it
    /// came early.
    pub(crate) async fn say(
        &mut self,
        parts: &[Vec<u8>],
        tag: &str,
        wait: bool,
        each: Each<'_>,
    ) -> Result<Option<Status>, Error> {
        for (at, part) in parts.iter().enumerate() {
            self.send(part).await?;
            if (wait || at + 1 < parts.len())
                && let Some(status) = self.word(tag, each).await?
            {
                return Ok(Some(status));
            }
        }
        Ok(None)
    }

    /// Waits for `+`, or for the command's end.
    async fn word(&mut self, tag: &str, each: Each<'_>) -> Result<Option<Status>, Error> {
        loop {
            match self.response().await? {
                Response::Continue => return Ok(None),
                other => match self.completion_or(other, tag, each)? {
                    Some(status) => return Ok(Some(status)),
                    None => continue,
                },
            }
        }
    }

    /// Hears responses until the command's end.
    pub(crate) async fn until(&mut self, tag: &str, each: Each<'_>) -> Result<Status, Error> {
        loop {
            let response = self.response().await?;
            if let Some(status) = self.completion_or(response, tag, each)? {
                return Ok(status);
            }
        }
    }

    fn completion_or(&self, response: Response, tag: &str, each: Each<'_>) -> Result<Option<Status>, Error> {
        if let Response::Status(status) = &response
            && let Some(end) = self.ending(status, tag)?
        {
            return Ok(Some(end));
        }
        each(response);
        Ok(None)
    }

    /// The command's end, if the response is that.
    pub(crate) fn completion(&self, response: Response, tag: &str) -> Result<Option<Status>, Error> {
        self.completion_or(response, tag, &mut |_| {})
    }

    fn ending(&self, status: &Status, tag: &str) -> Result<Option<Status>, Error> {
        match &status.tag {
            Some(found) if found == tag.as_bytes() => Ok(Some(status.clone())),
            Some(_) => Err(self.protocol("it answers a command that was not given")),
            None if status.condition == Condition::Bye => {
                let reason = format!("the server says goodbye: {}", status.text);
                Err(Error::Connection { host: self.wire.host().into(), doing: "in a session", reason })
            }
            None => Ok(None),
        }
    }

    async fn response(&mut self) -> Result<Response, Error> {
        loop {
            // Large literals are of interest only where messages are fetched.
            if let Event::Response(response) = self.event().await? {
                return Ok(Response::parse(&response));
            }
        }
    }

    pub(crate) async fn event(&mut self) -> Result<Event, Error> {
        let event = self.wire.event().await;
        self.broken |= event.is_err();
        event
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.broken {
            return Err(self.protocol("the session was broken off"));
        }
        let sent = self.wire.send(bytes).await;
        self.broken |= sent.is_err();
        sent
    }

    /// Refused is an error.
    pub(crate) fn accept(&self, command: &Command, status: &Status) -> Result<(), Error> {
        if status.condition == Condition::Ok {
            return Ok(());
        }
        let (host, command, reason) = (self.wire.host().into(), command.name(), words(status));
        Err(Error::Refused { host, command, reason })
    }

    pub(crate) fn protocol(&self, reason: &str) -> Error {
        Error::Protocol { host: self.wire.host().into(), reason: reason.into() }
    }
}

pub(crate) fn words(status: &Status) -> String {
    match &status.code {
        Some(code) => format!("[{}] {}", code.name(), status.text),
        None => status.text.clone(),
    }
}
