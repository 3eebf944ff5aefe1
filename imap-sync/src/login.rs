//! From the greeting to the login, without I/O: responses in, bytes out.
//!
//! Fails closed. Before TLS nothing the server says is believed but its greeting and the answer to STARTTLS; whatever
//! comes in the same breath as that answer is an attack, and what it could do before has to be asked again (the
//! attacks of Poddebniak et al., *Why TLS is better without STARTTLS*, 2021).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::choice::{choose, told};
use crate::endpoint::{Endpoint, Proxy, Security};
use crate::error::Error;
use crate::identity::{Account, Identity, ServerId};
use crate::mechanism::Mechanism;
use crate::sasl::{Claim, Exchange, Fault};
use crate::secret::Proof;
use crate::wire::{Capabilities, Code, Command, Condition, Literals, Response, Status};

/// What the connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// From here on both sides compress ([`Login::compress`]).
    Compress,
    /// The user is logged in.
    Done,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Begin TLS, then call [`Login::secured`].
    StartTls,
    /// Read on.
    Wait,
}

/// The dialogue. Its `Debug` shows nothing of what it says: there is a password among it.
pub struct Login {
    endpoint: Endpoint,
    proof: Proof,
    nonce: String,
    state: State,
    tag: u64,
    capabilities: Option<Capabilities>,
    accepted: Option<bool>,
    account: Account,
}

enum State {
    /// The exchange was broken off because of this.
    Aborting(Error),
    /// The exchange, and what it says without a challenge, unless that was said.
    Authenticate(Box<Exchange>, Option<Vec<u8>>),
    Capability,
    Compress,
    Greeting,
    Handshake,
    Identify,
    LoggedIn,
    /// What is still to be sent of the command `LOGIN`, last first.
    LoginCommand(Vec<Vec<u8>>),
    /// The same of `PROXYAUTH`.
    ProxyAuth(Vec<Vec<u8>>),
    Recapability,
    StartTls,
}

impl Login {
    /// A login that waits for the greeting. `nonce` is printable, without a comma, and never used twice.
    pub fn new(endpoint: &Endpoint, proof: impl Into<Proof>, nonce: &str) -> Self {
        Self {
            endpoint: endpoint.clone(),
            proof: proof.into(),
            nonce: nonce.to_owned(),
            state: State::Greeting,
            tag: 0,
            capabilities: None,
            accepted: None,
            account: Account::default(),
        }
    }

    /// Takes a response, as the framer gives it. `quiet` says that nothing came after it yet.
    pub fn next(&mut self, line: &[u8], quiet: bool) -> Result<Step, Error> {
        let greeted = !matches!(self.state, State::Greeting);
        match Response::parse(line) {
            Response::Status(status) if status.tag.is_some() => self.tagged(&status, quiet),
            Response::Status(status) if !greeted => self.greeting(&status, quiet),
            Response::Status(Status { condition: Condition::Bye, text, .. }) => Err(self.closed(&text)),
            _ if !greeted => Err(self.protocol("it does not greet as an IMAP server")),
            Response::Continue => self.more(&line[1..]),
            Response::Capability(capabilities) => {
                if self.hears_capabilities() {
                    self.capabilities = Some(capabilities);
                }
                Ok(Step::Wait)
            }
            _ => {
                if let (State::Identify, Some(server)) = (&self.state, ServerId::parse(line)) {
                    self.account.server = server;
                }
                Ok(Step::Wait)
            }
        }
    }

    /// TLS is up. Whatever was said before is forgotten.
    pub fn secured(&mut self) -> Result<Step, Error> {
        if !matches!(self.state, State::Handshake) {
            return Err(self.protocol("TLS began out of turn"));
        }
        self.capabilities = None;
        Ok(self.ask(State::Capability))
    }

    /// After [`Step::Done`]: asks for compression (RFC 4978), where it is offered. [`Step::Compress`] or another
    /// `Done` answers.
    pub fn compress(&mut self) -> Option<Vec<u8>> {
        let offered = self.capabilities.as_ref().is_some_and(|can| can.has("COMPRESS=DEFLATE"));
        (offered && matches!(self.state, State::LoggedIn)).then(|| {
            self.state = State::Compress;
            self.command("COMPRESS DEFLATE")
        })
    }

    /// Whether the server accepted what was shown, if it was shown.
    pub fn accepted(&self) -> Option<bool> {
        self.accepted
    }

    /// What the server can do for the user logged in, the number of the last tag used, and what became known.
    pub fn finish(self) -> (Capabilities, u64, Account) {
        (self.capabilities.unwrap_or_default(), self.tag, self.account)
    }

    fn greeting(&mut self, status: &Status, quiet: bool) -> Result<Step, Error> {
        match (status.condition, self.endpoint.security) {
            (Condition::Ok, Security::StartTls) if !quiet => {
                Err(self.unsafe_("the server says more than its greeting before TLS"))
            }
            (Condition::Ok, Security::StartTls) => {
                self.state = State::StartTls;
                Ok(Step::Send(self.command("STARTTLS")))
            }
            (Condition::Ok, Security::ImplicitTls) => {
                self.capabilities = told(&status.code);
                if self.capabilities.is_some() {
                    self.authenticate()
                } else {
                    Ok(self.ask(State::Capability))
                }
            }
            (Condition::Ok, Security::Plaintext) => Ok(self.ask(State::Capability)),
            (Condition::Preauth, _) => {
                Err(self.unsafe_("the server says that somebody is logged in already (PREAUTH)"))
            }
            (Condition::Bye, _) => Err(self.closed(&status.text)),
            _ => Err(self.protocol("it does not greet as an IMAP server")),
        }
    }

    fn tagged(&mut self, status: &Status, quiet: bool) -> Result<Step, Error> {
        let expected = if matches!(self.state, State::Identify) { IDENTIFY.into() } else { tag(self.tag) };
        if status.tag.as_deref() != Some(expected.as_bytes()) {
            return Err(self.protocol("it answers a command that was not given"));
        }
        let ok = status.condition == Condition::Ok;
        match std::mem::replace(&mut self.state, State::LoggedIn) {
            State::StartTls if !ok => Err(self.unsafe_(&format!("STARTTLS was refused: {}", status.text))),
            State::StartTls if !quiet => Err(self.unsafe_("bytes came between STARTTLS and TLS")),
            State::StartTls => {
                self.state = State::Handshake;
                Ok(Step::StartTls)
            }
            State::Capability if ok => self.authenticate(),
            State::Recapability if ok => self.identify(),
            State::Capability | State::Recapability => Err(self.protocol("CAPABILITY was refused")),
            State::Authenticate(exchange, _) if ok => match exchange.finish() {
                Ok(()) => self.let_in(status),
                Err(fault) => Err(self.fault(fault)),
            },
            State::Authenticate(exchange, _) => Err(self.turned_away(status, exchange.words())),
            State::LoginCommand(left) if ok && left.is_empty() => self.let_in(status),
            State::ProxyAuth(left) if ok && left.is_empty() => self.entered(status),
            State::LoginCommand(_) | State::ProxyAuth(_) if ok => {
                Err(self.protocol("it accepts a login that was not finished"))
            }
            State::LoginCommand(_) => Err(self.turned_away(status, None)),
            State::ProxyAuth(_) => Err(self.endpoint.refused(format!("PROXYAUTH: {}", status.text))),
            State::Aborting(error) => Err(error),
            // ID tells about the server; that it cannot is no reason to leave.
            State::Identify => self.conclude(),
            State::Compress if ok && !quiet => Err(self.protocol("it says more before it compresses")),
            State::Compress => Ok(if ok { Step::Compress } else { Step::Done }),
            State::Greeting | State::Handshake | State::LoggedIn => {
                Err(self.protocol("it answers a command that was not given"))
            }
        }
    }

    fn authenticate(&mut self) -> Result<Step, Error> {
        let Some(can) = self.capabilities.take() else {
            return Err(self.protocol("it does not tell its capabilities"));
        };
        let mechanism =
            choose(&self.endpoint, &can, &self.proof).map_err(|why| self.endpoint.refused(why))?;
        if mechanism == Mechanism::LoginCommand {
            return self.login(&can);
        }
        let (authzid, authcid) = self.endpoint.names();
        let (host, port, proof, nonce) =
            (&self.endpoint.host, self.endpoint.port, &self.proof, self.nonce.as_str());
        let claim = Claim { authzid, authcid: &authcid, host, port, proof, nonce };
        let mut exchange = Exchange::new(mechanism, &claim).map_err(|fault| self.fault(fault))?;
        let mut first = exchange.first();
        let mut words = format!("AUTHENTICATE {mechanism}");
        if let Some(message) = first.take_if(|_| can.has("SASL-IR")) {
            let message = STANDARD.encode(message);
            words.push(' ');
            words.push_str(if message.is_empty() { "=" } else { &message });
        }
        self.state = State::Authenticate(Box::new(exchange), first);
        Ok(Step::Send(self.command(&words)))
    }

    fn login(&mut self, can: &Capabilities) -> Result<Step, Error> {
        let (_, name) = self.endpoint.names();
        let secret = self.proof.secret().map(|secret| secret.expose()).unwrap_or_default();
        let command = Command::new("LOGIN", literals(can)).string(name.as_bytes())?.string(secret)?;
        let (first, left) = self.parts(&command);
        self.state = State::LoginCommand(left);
        Ok(first)
    }

    /// The server believes. Capabilities may differ after the login, and are only believed from then on.
    fn let_in(&mut self, status: &Status) -> Result<Step, Error> {
        self.accepted = Some(true);
        if self.endpoint.admin.is_none() || self.endpoint.proxy != Proxy::Command {
            return self.entered(status);
        }
        self.capabilities = None;
        let command = Command::new("PROXYAUTH", Literals::Synchronizing);
        let (first, left) = self.parts(&command.string(self.endpoint.user.as_bytes())?);
        self.state = State::ProxyAuth(left);
        Ok(first)
    }

    fn entered(&mut self, status: &Status) -> Result<Step, Error> {
        self.capabilities = Capabilities::from_code(status.code.as_ref()).or(self.capabilities.take());
        if self.capabilities.is_some() { self.identify() } else { Ok(self.ask(State::Recapability)) }
    }

    /// `ID` under a tag of its own: commands are numbered the same with and without it.
    fn identify(&mut self) -> Result<Step, Error> {
        if !self.capabilities.as_ref().is_some_and(|can| can.has("ID")) {
            return self.conclude();
        }
        self.state = State::Identify;
        let version = env!("CARGO_PKG_VERSION");
        let id = format!("{IDENTIFY} ID (\"name\" \"mailferry\" \"version\" \"{version}\")\r\n");
        Ok(Step::Send(id.into_bytes()))
    }

    /// The last word: whose mailbox it is.
    fn conclude(&mut self) -> Result<Step, Error> {
        self.account.identity = Identity::of(&self.endpoint.user, &self.account.server);
        match &self.account.identity {
            Identity::Contradicted { said } => Err(self.endpoint.refused(format!(
                "the server opened the mailbox of {said} instead (if that is the same one, say its name)"
            ))),
            Identity::Unproved if self.endpoint.require_identity => {
                Err(self.endpoint.refused("the server does not prove whose mailbox it opened"))
            }
            Identity::Proved | Identity::Unproved => {
                self.state = State::LoggedIn;
                Ok(Step::Done)
            }
        }
    }

    /// `+`: the rest of a command, or the answer to a challenge. Old servers say words where base64 should be.
    fn more(&mut self, words: &[u8]) -> Result<Step, Error> {
        let words = words.trim_ascii();
        let answer = match &mut self.state {
            State::Authenticate(exchange, first) => match first.take() {
                Some(first) => Ok(first),
                None => exchange.next(&STANDARD.decode(words).unwrap_or_else(|_| words.to_vec())),
            },
            State::LoginCommand(left) | State::ProxyAuth(left) => {
                return left.pop().map(Step::Send).ok_or_else(|| self.protocol(TOO_MUCH));
            }
            _ => return Err(self.protocol(TOO_MUCH)),
        };
        match answer {
            Ok(message) => Ok(Step::Send((STANDARD.encode(message) + "\r\n").into_bytes())),
            Err(fault) => {
                self.state = State::Aborting(self.fault(fault));
                Ok(Step::Send(b"*\r\n".to_vec()))
            }
        }
    }

    /// Whether an untagged CAPABILITY counts. Without TLS only where it was asked for.
    fn hears_capabilities(&self) -> bool {
        match self.state {
            State::Capability | State::Recapability => true,
            State::Authenticate(..) | State::LoginCommand(_) | State::ProxyAuth(_) => {
                self.endpoint.security != Security::Plaintext
            }
            _ => false,
        }
    }

    fn ask(&mut self, state: State) -> Step {
        self.state = state;
        Step::Send(self.command("CAPABILITY"))
    }

    fn command(&mut self, words: &str) -> Vec<u8> {
        self.tag += 1;
        format!("{} {words}\r\n", tag(self.tag)).into_bytes()
    }

    /// The first part, and those left, last first.
    fn parts(&mut self, command: &Command) -> (Step, Vec<Vec<u8>>) {
        self.tag += 1;
        let mut parts: Vec<Vec<u8>> = command.parts(&tag(self.tag)).into_iter().rev().collect();
        (Step::Send(parts.pop().unwrap_or_default()), parts)
    }

    fn protocol(&self, reason: &str) -> Error {
        Error::Protocol { host: self.endpoint.host.clone(), reason: reason.into() }
    }

    fn unsafe_(&self, reason: &str) -> Error {
        Error::Security { host: self.endpoint.host.clone(), reason: reason.into() }
    }

    fn closed(&self, text: &str) -> Error {
        let (host, doing) = (self.endpoint.host.clone(), "logging in");
        Error::Connection { host, doing, reason: format!("the server says goodbye: {}", self.clean(text)) }
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Input(reason) => {
                Error::Input { what: format!("the login to {}", self.endpoint.host), reason: reason.into() }
            }
            Fault::Protocol(reason) => self.protocol(&reason),
            Fault::Security(reason) => self.unsafe_(&reason),
        }
    }

    /// A server that is only busy (RFC 5530 section 3) has not refused anything.
    fn turned_away(&mut self, status: &Status, words: Option<&str>) -> Error {
        let text = match words {
            Some(words) => format!("{}: {words}", status.text),
            None => status.text.clone(),
        };
        let text = self.clean(&text);
        if status.code.as_ref().is_some_and(Code::is_transient) {
            let (host, doing) = (self.endpoint.host.clone(), "logging in");
            return Error::Connection { host, doing, reason: format!("the server is not ready: {text}") };
        }
        self.accepted = Some(false);
        self.endpoint.refused(text)
    }

    /// Without the secret, should the server repeat it.
    fn clean(&self, text: &str) -> String {
        self.proof.secret().map_or_else(|| text.to_owned(), |secret| secret.cut_from(text))
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({} on {} ..)", self.endpoint.user, self.endpoint.host)
    }
}

/// The tag of a number.
pub(crate) fn tag(number: u64) -> String {
    format!("m{number}")
}

/// How literals may be sent to a server that can do this.
pub(crate) fn literals(can: &Capabilities) -> Literals {
    if can.has("LITERAL+") {
        Literals::All
    } else if can.has("LITERAL-") || can.has("IMAP4REV2") {
        Literals::Small
    } else {
        Literals::Synchronizing
    }
}

const IDENTIFY: &str = "id";
const TOO_MUCH: &str = "it asks for more of a command than there is";
