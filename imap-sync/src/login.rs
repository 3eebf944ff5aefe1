//! From the greeting to the login, without I/O: responses in, bytes out.
//!
//! Fails closed. Before TLS nothing the server says is believed but its greeting and the answer to STARTTLS; whatever
//! comes in the same breath as that answer is an attack, and what it could do before has to be asked again (the
//! attacks of Poddebniak et al., *Why TLS is better without STARTTLS*, 2021).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::endpoint::{Endpoint, Security};
use crate::error::Error;
use crate::secret::Secret;
use crate::wire::{Capabilities, Command, Condition, Literals, Response, Status};

/// What the connection has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
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
    secret: Secret,
    state: State,
    tag: u64,
    capabilities: Option<Capabilities>,
}

#[derive(PartialEq, Eq)]
enum State {
    Capability,
    /// What is still to be sent, last first.
    Authenticate(Vec<Vec<u8>>),
    Greeting,
    Handshake,
    LoggedIn,
    Recapability,
    StartTls,
}

impl Login {
    /// A login that waits for the greeting.
    pub fn new(endpoint: &Endpoint, secret: Secret) -> Self {
        let endpoint = endpoint.clone();
        Self { endpoint, secret, state: State::Greeting, tag: 0, capabilities: None }
    }

    /// Takes a response. `quiet` says that nothing came after it yet.
    pub fn next(&mut self, response: Response, quiet: bool) -> Result<Step, Error> {
        match response {
            Response::Status(status) if status.tag.is_some() => self.tagged(&status, quiet),
            Response::Status(status) if self.state == State::Greeting => self.greeting(&status, quiet),
            Response::Status(Status { condition: Condition::Bye, text, .. }) => Err(self.closed(&text)),
            _ if self.state == State::Greeting => Err(self.protocol("it does not greet as an IMAP server")),
            Response::Continue => self.more(),
            Response::Capability(capabilities) => {
                if matches!(self.state, State::Capability | State::Recapability) {
                    self.capabilities = Some(capabilities);
                }
                Ok(Step::Wait)
            }
            _ => Ok(Step::Wait),
        }
    }

    /// TLS is up. Whatever was said before is forgotten.
    pub fn secured(&mut self) -> Result<Step, Error> {
        if self.state != State::Handshake {
            return Err(self.protocol("TLS began out of turn"));
        }
        self.capabilities = None;
        Ok(self.ask(State::Capability))
    }

    /// What the server can do for the user logged in, and the number of the last tag used.
    pub fn finish(self) -> (Capabilities, u64) {
        (self.capabilities.unwrap_or_default(), self.tag)
    }

    fn greeting(&mut self, status: &Status, quiet: bool) -> Result<Step, Error> {
        match (status.condition, self.endpoint.security) {
            (Condition::Ok, Security::StartTls) if !quiet => {
                Err(self.unsafe_("the server says more than its greeting before TLS"))
            }
            (Condition::Ok, Security::StartTls) => {
                self.state = State::StartTls;
                Ok(self.send("STARTTLS"))
            }
            (Condition::Ok, Security::ImplicitTls | Security::Plaintext) => Ok(self.ask(State::Capability)),
            (Condition::Preauth, _) => {
                Err(self.unsafe_("the server says that somebody is logged in already (PREAUTH)"))
            }
            (Condition::Bye, _) => Err(self.closed(&status.text)),
            _ => Err(self.protocol("it does not greet as an IMAP server")),
        }
    }

    fn tagged(&mut self, status: &Status, quiet: bool) -> Result<Step, Error> {
        if status.tag.as_deref() != Some(self.tag().as_bytes()) {
            return Err(self.protocol("it answers a command that was not given"));
        }
        let ok = status.condition == Condition::Ok;
        match &self.state {
            State::StartTls if !ok => Err(self.unsafe_(&format!("STARTTLS was refused: {}", status.text))),
            State::StartTls if !quiet => Err(self.unsafe_("bytes came between STARTTLS and TLS")),
            State::StartTls => {
                self.state = State::Handshake;
                Ok(Step::StartTls)
            }
            State::Capability if ok => self.authenticate(),
            State::Recapability if ok => Ok(self.done()),
            State::Capability | State::Recapability => Err(self.protocol("CAPABILITY was refused")),
            State::Authenticate(left) if ok && left.is_empty() => Ok(self.logged_in(status)),
            State::Authenticate(_) if ok => Err(self.protocol("it accepts a login that was not finished")),
            State::Authenticate(_) => Err(self.refused(&status.text)),
            State::Greeting | State::Handshake | State::LoggedIn => {
                Err(self.protocol("it answers a command that was not given"))
            }
        }
    }

    /// Capabilities may differ after the login, and are only believed from then on.
    fn logged_in(&mut self, status: &Status) -> Step {
        self.capabilities = Capabilities::from_code(status.code.as_ref());
        if self.capabilities.is_some() { self.done() } else { self.ask(State::Recapability) }
    }

    fn done(&mut self) -> Step {
        self.state = State::LoggedIn;
        Step::Done
    }

    fn authenticate(&mut self) -> Result<Step, Error> {
        let Some(can) = self.capabilities.take() else {
            return Err(self.protocol("it does not tell its capabilities"));
        };
        let parts = if can.has("AUTH=PLAIN") {
            self.plain(can.has("SASL-IR"))
        } else if can.has("LOGINDISABLED") {
            return Err(self.refused("the server takes no password here (LOGINDISABLED)"));
        } else if self.endpoint.admin.is_some() {
            return Err(
                self.refused("the server does not offer AUTH=PLAIN, which an administrator's login needs")
            );
        } else {
            self.login(&can)?
        };
        let mut parts: Vec<Vec<u8>> = parts.into_iter().rev().collect();
        let first = parts.pop().unwrap_or_default();
        self.state = State::Authenticate(parts);
        Ok(Step::Send(first))
    }

    /// `AUTHENTICATE PLAIN` (RFC 4616), with the initial response at once where it may be (RFC 4959).
    fn plain(&mut self, at_once: bool) -> Vec<Vec<u8>> {
        let user = self.endpoint.user.as_bytes();
        let (authzid, authcid) = match &self.endpoint.admin {
            Some(admin) => (user, admin.as_bytes()),
            None => (&b""[..], user),
        };
        let message = STANDARD.encode([authzid, authcid, self.secret.expose()].join(&0));
        self.tag += 1;
        let tag = self.tag();
        if at_once {
            vec![format!("{tag} AUTHENTICATE PLAIN {message}\r\n").into_bytes()]
        } else {
            vec![format!("{tag} AUTHENTICATE PLAIN\r\n").into_bytes(), format!("{message}\r\n").into_bytes()]
        }
    }

    fn login(&mut self, can: &Capabilities) -> Result<Vec<Vec<u8>>, Error> {
        let command = Command::new("LOGIN", literals(can));
        let command = command.string(self.endpoint.user.as_bytes())?.string(self.secret.expose())?;
        self.tag += 1;
        Ok(command.parts(&self.tag()))
    }

    fn more(&mut self) -> Result<Step, Error> {
        let part = match &mut self.state {
            State::Authenticate(left) => left.pop(),
            _ => None,
        };
        part.map(Step::Send).ok_or_else(|| self.protocol("it asks for more of a command than there is"))
    }

    fn ask(&mut self, state: State) -> Step {
        self.state = state;
        self.send("CAPABILITY")
    }

    fn send(&mut self, command: &str) -> Step {
        self.tag += 1;
        Step::Send(format!("{} {command}\r\n", self.tag()).into_bytes())
    }

    fn tag(&self) -> String {
        tag(self.tag)
    }

    fn protocol(&self, reason: &str) -> Error {
        Error::Protocol { host: self.endpoint.host.clone(), reason: reason.into() }
    }

    fn unsafe_(&self, reason: &str) -> Error {
        Error::Security { host: self.endpoint.host.clone(), reason: reason.into() }
    }

    fn closed(&self, text: &str) -> Error {
        let (host, doing) = (self.endpoint.host.clone(), "logging in");
        Error::Connection { host, doing, reason: format!("the server says goodbye: {text}") }
    }

    fn refused(&self, reason: &str) -> Error {
        let user = match &self.endpoint.admin {
            Some(admin) => format!("{admin} for {}", self.endpoint.user),
            None => self.endpoint.user.clone(),
        };
        Error::Authentication { host: self.endpoint.host.clone(), user, reason: reason.into() }
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

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "sesame";

    /// Plays a script: `S` lines come from the server, the answers are collected. `S+` comes in one piece with the next.
    fn play(
        url: &str,
        plaintext: bool,
        admin: Option<&str>,
        script: &[&str],
    ) -> (Vec<String>, Result<(), String>) {
        let endpoint = Endpoint::parse(url, plaintext).unwrap().with_admin(admin.map(str::to_owned));
        let mut login = Login::new(&endpoint, Secret::new(PASSWORD));
        let mut sent = Vec::new();
        for line in script {
            let (line, quiet) = line.strip_suffix(" ++").map_or((*line, true), |line| (line, false));
            let step = login.next(Response::parse(line.as_bytes()), quiet);
            let step = match step {
                Ok(Step::StartTls) => {
                    sent.push("TLS".into());
                    login.secured()
                }
                step => step,
            };
            match step {
                Ok(Step::Send(bytes)) => sent.push(String::from_utf8(bytes).unwrap().trim_end().into()),
                Ok(Step::Done) => return (sent, Ok(())),
                Ok(_) => {}
                Err(error) => return (sent, Err(error.to_string())),
            }
        }
        (sent, Err("unfinished".into()))
    }

    fn secret_was_sent(sent: &[String]) -> bool {
        sent.iter().any(|line| line.contains("LOGIN ") || line.contains("PLAIN"))
    }

    #[test]
    fn plain_with_initial_response() {
        let (sent, end) = play(
            "imaps://u@h",
            false,
            None,
            &[
                "* OK hi",
                "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN",
                "m1 OK done",
                "m2 OK [CAPABILITY IMAP4rev1 UIDPLUS] in",
            ],
        );
        assert_eq!(sent, ["m1 CAPABILITY", "m2 AUTHENTICATE PLAIN AHUAc2VzYW1l"]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn plain_of_an_administrator_waits_for_the_continuation() {
        let script =
            ["* OK", "* CAPABILITY AUTH=PLAIN", "m1 OK", "+ ", "m2 OK in", "* CAPABILITY X", "m3 OK"];
        let (sent, end) = play("imaps://u@h", false, Some("boss"), &script);
        let message = STANDARD.encode("u\0boss\0sesame");
        assert_eq!(sent, ["m1 CAPABILITY", "m2 AUTHENTICATE PLAIN", message.as_str(), "m3 CAPABILITY"]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn login_where_there_is_no_sasl() {
        let script = ["* OK", "* CAPABILITY IMAP4rev1", "m1 OK", "m2 OK [CAPABILITY X] in"];
        let (sent, end) = play("imap://u@h", true, None, &script);
        assert_eq!(sent, ["m1 CAPABILITY", "m2 LOGIN \"u\" \"sesame\""]);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn starttls_forgets_what_was_said_before() {
        let (sent, end) = play(
            "imap://u@h",
            false,
            None,
            &[
                "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi",
                "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR",
                "* LIST () \"/\" INBOX",
                "m1 OK [CAPABILITY AUTH=PLAIN SASL-IR] go",
                "* CAPABILITY IMAP4rev1",
                "m2 OK",
                "m3 OK in",
                "* CAPABILITY IMAP4rev1",
                "m4 OK",
            ],
        );
        let expected = ["m1 STARTTLS", "TLS", "m2 CAPABILITY", "m3 LOGIN \"u\" \"sesame\"", "m4 CAPABILITY"];
        assert_eq!(sent, expected);
        assert_eq!(end, Ok(()));
    }

    #[test]
    fn attacks_on_starttls_end_before_the_password() {
        for (name, script) in [
            ("refused", &["* OK", "m1 NO not now"][..]),
            ("not known", &["* OK", "m1 BAD what"]),
            ("response injected after it", &["* OK", "m1 OK go ++"]),
            ("bytes after the greeting", &["* OK ++"]),
            ("preauth", &["* PREAUTH hello u"]),
            ("preauth with a referral", &["* PREAUTH [REFERRAL imap://evil.example/] hello"]),
            ("wrong tag", &["* OK", "x9 OK go"]),
            ("answer before the command", &["m1 OK go"]),
            ("no greeting", &["* CAPABILITY IMAP4rev1"]),
            ("goodbye", &["* BYE busy"]),
            ("goodbye later", &["* OK", "* BYE busy"]),
            ("a continuation", &["* OK", "+ go on"]),
        ] {
            let (sent, end) = play("imap://u@h", false, None, script);
            assert!(!secret_was_sent(&sent) && !sent.contains(&"TLS".into()), "{name}: {sent:?}");
            assert!(end.is_err_and(|error| error != "unfinished" && !error.contains(PASSWORD)), "{name}");
        }
    }

    #[test]
    fn login_is_not_tried_where_it_is_disabled_or_cannot_work() {
        for (admin, can) in [(None, "LOGINDISABLED"), (Some("boss"), "IMAP4rev1")] {
            let line = format!("* CAPABILITY {can}");
            let (sent, end) = play("imaps://u@h", false, admin, &["* OK", line.as_str(), "m1 OK"]);
            assert!(!secret_was_sent(&sent) && end.is_err());
        }
    }

    #[test]
    fn refusal_names_the_user_and_hides_the_secret() {
        let script = ["* OK", "* CAPABILITY IMAP4rev1", "m1 OK", "m2 NO [AUTHENTICATIONFAILED] no"];
        let (_, end) = play("imaps://u@h", false, None, &script);
        assert_eq!(end, Err("u may not log in to h: no".into()));
        let login = Login::new(&Endpoint::parse("imaps://u@h", false).unwrap(), Secret::new(PASSWORD));
        assert!(!format!("{login:?}").contains(PASSWORD));
    }

    #[test]
    fn state_that_holds_the_secret_is_not_shown() {
        let endpoint = Endpoint::parse("imaps://u@h", false).unwrap();
        let mut login = Login::new(&endpoint, Secret::new(PASSWORD));
        for line in ["* OK", "* CAPABILITY AUTH=PLAIN", "m1 OK"] {
            login.next(Response::parse(line.as_bytes()), true).unwrap();
        }
        assert_eq!(format!("{login:?}"), "Login(u on h ..)");
    }
}
