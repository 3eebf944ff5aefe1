//! Commands as bytes (RFC 9051 section 6, section 9).

use chrono::{DateTime, FixedOffset};

use crate::error::Error;
use crate::flags::Flags;
use crate::keys::KeySet;
use crate::model::ItemKey;
use crate::utf7;

/// How literals may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Literals {
    /// Each waits for the server's word.
    #[default]
    Synchronizing,
    /// Up to 4096 bytes need no waiting (`LITERAL-`, RFC 7888).
    Small,
    /// None needs waiting (`LITERAL+`, RFC 7888).
    All,
}

impl Literals {
    /// Whether a literal of this size goes without waiting.
    pub fn go_at_once(self, size: u64) -> bool {
        match self {
            Self::All => true,
            Self::Small => size <= 4096,
            Self::Synchronizing => false,
        }
    }
}

/// A command while it is written. Before each part but the first the server must have asked for more.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    name: &'static str,
    literals: Literals,
    /// Whether UTF-8 may stand in quotes.
    utf8: bool,
    parts: Vec<Vec<u8>>,
    /// Whether the caller goes on with a literal's bytes.
    open: bool,
}

impl Command {
    /// A command of one or two words, such as `UID FETCH`.
    pub fn new(name: &'static str, literals: Literals) -> Self {
        Self { name, literals, utf8: false, parts: vec![name.as_bytes().to_vec()], open: false }
    }

    /// Its name: all that may be said of it in an error.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether UTF-8 may be written, because `UTF8=ACCEPT` was enabled (RFC 6855).
    pub(super) fn utf8(mut self, utf8: bool) -> Self {
        self.utf8 = utf8;
        self
    }

    /// Adds words as they are.
    pub fn raw(mut self, words: &str) -> Self {
        self.push(b" ");
        self.push(words.as_bytes());
        self
    }

    /// Adds an `astring`: quoted where it can be, else a literal. Only NUL cannot be sent.
    pub fn string(mut self, text: &[u8]) -> Result<Self, Error> {
        if text.contains(&0) {
            let what = format!("an argument of {}", self.name);
            return Err(Error::Input { what, reason: "it holds a zero byte".into() });
        }
        self.push(b" ");
        if text.len() <= MAX_QUOTED && self.can_quote(text) {
            self.push(&quote(text));
        } else {
            let at_once = self.announce(text.len() as u64);
            if at_once { self.push(text) } else { self.parts.push(text.to_vec()) }
        }
        Ok(self)
    }

    /// Adds the name of a mailbox, given in modified UTF-7; where UTF-8 may be written it is sent in that
    /// (RFC 6855 section 3), unless it is no modified UTF-7.
    pub fn mailbox(self, name: &[u8]) -> Result<Self, Error> {
        match utf7::decode(name).filter(|_| self.utf8) {
            Some(text) => self.string(text.as_bytes()),
            None => self.string(name),
        }
    }

    /// Adds a set of keys. Servers limit the length of a line: see [`KeySet::pieces`].
    pub fn keys(self, keys: &KeySet) -> Self {
        self.raw(&keys.to_string())
    }

    /// Adds a set of keys, ranges joined: `1:3,7`.
    pub fn set(self, keys: &[ItemKey]) -> Self {
        self.keys(&keys.iter().copied().collect())
    }

    /// Adds a list of flags in parentheses; those that cannot be written are not among them.
    pub fn flags(mut self, flags: &Flags) -> Self {
        let names: Vec<&[u8]> =
            flags.iter().filter(|flag| flag.is_sendable()).map(|flag| flag.as_bytes()).collect();
        self.push(b" (");
        self.push(&names.join(&b' '));
        self.push(b")");
        self
    }

    /// Adds `date-time`: `" 1-Jul-2002 02:44:25 +0200"`.
    pub fn date(self, date: &DateTime<FixedOffset>) -> Self {
        let text = date.format("\"%e-%b-%Y %H:%M:%S %z\"").to_string();
        self.raw(&text)
    }

    /// Adds the mark of a `literal8`, which may hold zero bytes (RFC 3516, RFC 9051); else as [`Command::literal`].
    pub fn literal8(mut self, size: u64) -> (Self, bool) {
        self.push(b" ~");
        let at_once = self.announce(size);
        self.open = true;
        (self, at_once)
    }

    /// Adds the mark of a literal whose bytes the caller sends; whether the caller need not wait.
    pub fn literal(mut self, size: u64) -> (Self, bool) {
        self.push(b" ");
        let at_once = self.announce(size);
        self.open = true;
        (self, at_once)
    }

    /// The parts under a tag; the last one ends the command, unless a `literal` is last.
    pub fn parts(&self, tag: &str) -> Vec<Vec<u8>> {
        let mut parts = self.parts.clone();
        let first = [tag.as_bytes(), b" ", &parts[0]].concat();
        parts[0] = first;
        if let Some(last) = parts.last_mut().filter(|_| !self.open) {
            last.extend_from_slice(b"\r\n");
        }
        parts
    }

    fn can_quote(&self, text: &[u8]) -> bool {
        if self.utf8 {
            std::str::from_utf8(text).is_ok_and(|text| !text.contains(char::is_control))
        } else {
            text.iter().all(|byte| (b' '..=b'~').contains(byte))
        }
    }

    fn announce(&mut self, size: u64) -> bool {
        let at_once = self.literals.go_at_once(size);
        let plus = if at_once { "+" } else { "" };
        self.push(format!("{{{size}{plus}}}\r\n").as_bytes());
        at_once
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(last) = self.parts.last_mut() {
            last.extend_from_slice(bytes);
        }
    }
}

/// Does not show the arguments: there may be a password among them.
impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Command({} ..)", self.name)
    }
}

fn quote(text: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'"'];
    for &byte in text {
        if byte == b'"' || byte == b'\\' {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted
}

const MAX_QUOTED: usize = 512;

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::super::{Event, Framer, Response};
    use super::*;

    fn written(command: &Command) -> Vec<String> {
        command.parts("t").iter().map(|part| part.escape_ascii().to_string()).collect()
    }

    #[test]
    fn strings() {
        let write = |text: &[u8], literals| written(&Command::new("X", literals).string(text).unwrap());
        let sync = Literals::Synchronizing;
        assert_eq!(write(b"a b", sync), ["t X \\\"a b\\\"\\r\\n"]);
        assert_eq!(write(b"a\"\\", sync), ["t X \\\"a\\\\\\\"\\\\\\\\\\\"\\r\\n"]);
        assert_eq!(write(b"", sync), ["t X \\\"\\\"\\r\\n"]);
        assert_eq!(write(b"\xe4", sync), ["t X {1}\\r\\n", "\\xe4\\r\\n"]);
        assert_eq!(write(b"a\r\nb", Literals::All), ["t X {4+}\\r\\na\\r\\nb\\r\\n"]);
        assert!(Command::new("X", sync).string(b"a\0").is_err());
    }

    #[test]
    fn mailboxes_in_either_spelling() {
        let write = |name: &[u8], utf8| {
            let command = Command::new("X", Literals::All).utf8(utf8).mailbox(name).unwrap();
            String::from_utf8_lossy(&command.parts("t").concat()).trim_end_matches("\r\n").to_owned()
        };
        assert_eq!(write(b"Gr&APYA3w-e &- Co", false), "t X \"Gr&APYA3w-e &- Co\"");
        assert_eq!(write(b"Gr&APYA3w-e &- Co", true), "t X \"Gr\u{f6}\u{df}e & Co\"");
        assert_eq!(write(b"broken &", true), "t X \"broken &\"");
        assert_eq!(write(b"&AIU-", true), "t X {2+}\r\n\u{85}", "a control character");
        assert_eq!(write(b"\xe4", true), "t X {1+}\r\n\u{fffd}");
    }

    #[test]
    fn sets_dates_and_flags() {
        let keys: Vec<ItemKey> = [1, 2, 3, 7, 9, 10].map(ItemKey).to_vec();
        assert_eq!(written(&Command::new("X", Literals::All).set(&keys)), ["t X 1:3,7,9:10\\r\\n"]);
        let date = FixedOffset::east_opt(-34_200).unwrap().with_ymd_and_hms(2002, 7, 1, 2, 44, 25).unwrap();
        let flags: Flags = ["\\Seen", "a b", "$x"].into_iter().collect();
        let command = Command::new("APPEND", Literals::Synchronizing).flags(&flags).date(&date);
        assert_eq!(written(&command), ["t APPEND ($x \\\\Seen) \\\" 1-Jul-2002 02:44:25 -0930\\\"\\r\\n"]);
    }

    #[test]
    fn literals_wait_unless_the_server_said_otherwise() {
        for (literals, size, at_once, end) in [
            (Literals::Synchronizing, 5, false, "{5}\r\n"),
            (Literals::Small, 4096, true, "{4096+}\r\n"),
            (Literals::Small, 4097, false, "{4097}\r\n"),
            (Literals::All, 1 << 33, true, "{8589934592+}\r\n"),
        ] {
            let (command, waits_not) = Command::new("APPEND", literals).literal(size);
            assert_eq!(waits_not, at_once);
            assert!(command.parts("t").concat().ends_with(end.as_bytes()));
            let (command, waits_not) = Command::new("APPEND", literals).literal8(size);
            assert_eq!(waits_not, at_once);
            assert!(command.parts("t").concat().ends_with(format!(" ~{end}").as_bytes()));
        }
    }

    #[test]
    fn debug_shows_no_argument() {
        let login = Command::new("LOGIN", Literals::All).string(b"hunter2").unwrap();
        assert!(!format!("{login:?}").contains("hunter2"));
    }

    proptest! {
        /// A name goes out in a command and comes back in a response.
        #[test]
        fn f2_write_then_parse(name in prop::collection::vec(1u8.., 0..40)) {
            let command = Command::new("* LIST () \"/\"", Literals::All).string(&name).unwrap();
            let mut framer = Framer::new();
            framer.feed(&command.parts("").concat()[1..]);
            let Ok(Some(Event::Response(response))) = framer.take() else { panic!("one response") };
            let Response::List(list) = Response::parse(&response)
                else { panic!("a list") };
            prop_assert_eq!(list.name, name);
        }
    }
}
