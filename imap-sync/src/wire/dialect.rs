//! Commands with what extensions add to them, as they can be said to one server.

use super::arguments::{Appending, FlagChange, Known, Only, Results, Select, Since, StatusItem, Tell, Which};
use super::command::{Command, Literals};
use crate::error::Error;
use crate::flags::Flags;
use crate::keys::KeySet;
use crate::special::SpecialUse;

/// How a server wants to be spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialect {
    /// How literals may be sent.
    pub literals: Literals,
    /// Whether `UTF8=ACCEPT` (RFC 6855) or `IMAP4rev2` was enabled: mailboxes are named in UTF-8.
    pub utf8: bool,
}

impl Dialect {
    /// A command of one or two words, such as `UID FETCH`.
    pub fn command(self, name: &'static str) -> Command {
        Command::new(name, self.literals).utf8(self.utf8)
    }

    /// `"APPEND" SP mailbox append-message`: all before the bytes, and whether these may follow at once.
    pub fn append(self, mailbox: &[u8], message: &Appending<'_>) -> Result<(Command, bool), Error> {
        Ok(message.write(self.command("APPEND").mailbox(mailbox)?))
    }

    /// `*append-message` (RFC 3502): all between the bytes of a message and those of the next, and whether these may
    /// follow at once.
    pub fn append_next(self, message: &Appending<'_>) -> (Vec<u8>, bool) {
        let (command, at_once) = message.write(Command::new("", self.literals));
        (command.parts("").concat().split_off(1), at_once)
    }

    /// `create = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]` (RFC 6154 section 3).
    pub fn create(self, mailbox: &[u8], uses: &[SpecialUse]) -> Result<Command, Error> {
        let command = self.command("CREATE").mailbox(mailbox)?;
        let names: Vec<&str> = uses.iter().map(|it| it.attribute()).collect();
        Ok(if names.is_empty() { command } else { command.raw(&format!("(USE ({}))", names.join(" "))) })
    }

    /// `"ENABLE" 1*(SP capability)` (RFC 5161).
    pub fn enable(self, capabilities: &[&'static str]) -> Command {
        self.command("ENABLE").raw(&capabilities.join(" "))
    }

    /// `list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]` (RFC 5258 section 6).
    pub fn list(self, only: &[Only], pattern: &[u8], tell: &[Tell<'_>]) -> Result<Command, Error> {
        let mut command = self.command("LIST");
        if !only.is_empty() {
            let names: Vec<&str> = only.iter().map(|it| it.name()).collect();
            command = command.raw(&format!("({})", names.join(" ")));
        }
        command = command.string(b"")?.mailbox(pattern)?;
        if !tell.is_empty() {
            let names: Vec<String> = tell.iter().map(Tell::written).collect();
            command = command.raw(&format!("RETURN ({})", names.join(" ")));
        }
        Ok(command)
    }

    /// `SELECT` for writing, else `EXAMINE`. A set of known UIDs makes a line as long as it is itself.
    pub fn select(self, mailbox: &[u8], write: bool, how: Select<'_>) -> Result<Command, Error> {
        let command = self.command(if write { "SELECT" } else { "EXAMINE" }).mailbox(mailbox)?;
        Ok(match how {
            Select::Plain => command,
            Select::Condstore => command.raw("(CONDSTORE)"),
            Select::Qresync(Known { validity, modseq, uids }) => {
                let uids = uids.filter(|uids| !uids.is_empty());
                let uids = uids.map(|uids| format!(" {uids}")).unwrap_or_default();
                command.raw(&format!("(QRESYNC ({validity} {modseq}{uids}))"))
            }
        })
    }

    /// `STATUS`.
    pub fn status(self, mailbox: &[u8], items: &[StatusItem]) -> Result<Command, Error> {
        Ok(self.command("STATUS").mailbox(mailbox)?.raw(&StatusItem::list(items)))
    }

    /// `UID FETCH`, of `items` as they are written, only of what changed since.
    pub fn uid_fetch(self, which: Which<'_>, items: &str, since: Option<Since>) -> Command {
        let command = self.command("UID FETCH");
        let command = match which {
            Which::Keys(keys) => command.keys(keys),
            Which::Since(key) => command.raw(&format!("{key}:*")),
        };
        let command = command.raw(items);
        match since {
            Some(Since { modseq, vanished }) => {
                let vanished = if vanished { " VANISHED" } else { "" };
                command.raw(&format!("(CHANGEDSINCE {modseq}{vanished})"))
            }
            None => command,
        }
    }

    /// `"UID" SP "SEARCH" SP "RETURN" SP "(" .. ")"`: what is searched for is added by the caller.
    pub fn uid_search(self, results: Results) -> Command {
        self.command("UID SEARCH").raw(&format!("RETURN ({})", results.written()))
    }

    /// `UID STORE`, silently; of messages that changed since, nothing is done (RFC 7162 section 3.1.3).
    pub fn uid_store(
        self,
        keys: &KeySet,
        unchanged_since: Option<u64>,
        change: FlagChange,
        flags: &Flags,
    ) -> Command {
        let command = self.command("UID STORE").keys(keys);
        let command = match unchanged_since {
            Some(modseq) => command.raw(&format!("(UNCHANGEDSINCE {modseq})")),
            None => command,
        };
        let name = match change {
            FlagChange::Add => "+FLAGS.SILENT",
            FlagChange::Remove => "-FLAGS.SILENT",
            FlagChange::Replace => "FLAGS.SILENT",
        };
        command.raw(name).flags(flags)
    }
}

impl Appending<'_> {
    /// `append-message = [SP flag-list] [SP date-time] SP literal`.
    fn write(&self, command: Command) -> (Command, bool) {
        let command = command.flags(self.flags);
        let command = match self.date {
            Some(date) => command.date(date),
            None => command,
        };
        if self.binary { command.literal8(self.size) } else { command.literal(self.size) }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{FixedOffset, TimeZone};

    use super::super::arguments::Window;
    use super::*;
    use crate::model::ItemKey;

    const DIALECT: Dialect = Dialect { literals: Literals::Synchronizing, utf8: false };

    fn written(command: Result<Command, Error>) -> String {
        let bytes = command.unwrap().parts("t").concat();
        String::from_utf8(bytes.strip_prefix(b"t ").unwrap().to_vec()).unwrap().trim_end().to_owned()
    }

    #[test]
    fn commands_of_extensions() {
        let keys: KeySet = [41, 43, 44].map(ItemKey).into_iter().collect();
        let flags: Flags = ["\\Seen"].into_iter().collect();
        let known = Known { validity: 67_890_007, modseq: 20_050_715_194_045_000, uids: Some(&keys) };
        let unlisted = Known { uids: Some(&KeySet::new()), ..known };
        let numbers = [StatusItem::Messages, StatusItem::UidNext];
        let tell = [Tell::Subscribed, Tell::SpecialUse, Tell::Children, Tell::Status(&numbers)];
        let partial = |from_end| Some(Window::Partial { from_end, first: 1, last: 500 });
        let results = |window, count| Results { window, count, ..Results::default() };
        let d = DIALECT;
        for (command, expected) in [
            (d.select(b"x", true, Select::Plain), "SELECT \"x\""),
            (d.select(b"x", false, Select::Condstore), "EXAMINE \"x\" (CONDSTORE)"),
            (
                d.select(b"INBOX", true, Select::Qresync(known)),
                "SELECT \"INBOX\" (QRESYNC (67890007 20050715194045000 41,43:44))",
            ),
            (
                d.select(b"INBOX", true, Select::Qresync(unlisted)),
                "SELECT \"INBOX\" (QRESYNC (67890007 20050715194045000))",
            ),
            (d.list(&[], b"*", &[]), "LIST \"\" \"*\""),
            (
                d.list(&[Only::Subscribed, Only::SpecialUse], b"*", &tell),
                "LIST (SUBSCRIBED SPECIAL-USE) \"\" \"*\" \
                 RETURN (SUBSCRIBED SPECIAL-USE CHILDREN STATUS (MESSAGES UIDNEXT))",
            ),
            (d.status(b"x", &numbers), "STATUS \"x\" (MESSAGES UIDNEXT)"),
            (d.create(b"x", &[]), "CREATE \"x\""),
            (d.create(b"x", &[SpecialUse::Sent]), "CREATE \"x\" (USE (\\Sent))"),
            (Ok(d.enable(&["QRESYNC", "UTF8=ACCEPT"])), "ENABLE QRESYNC UTF8=ACCEPT"),
            (Ok(d.uid_search(Results::default()).raw("ALL")), "UID SEARCH RETURN () ALL"),
            (
                Ok(d.uid_search(results(partial(false), true)).raw("ALL")),
                "UID SEARCH RETURN (COUNT PARTIAL 1:500) ALL",
            ),
            (
                Ok(d.uid_search(results(partial(true), false)).raw("ALL")),
                "UID SEARCH RETURN (PARTIAL -1:-500) ALL",
            ),
            (
                Ok(d.uid_store(&keys, Some(12_121_230_045), FlagChange::Add, &flags)),
                "UID STORE 41,43:44 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Seen)",
            ),
            (
                Ok(d.uid_store(&keys, None, FlagChange::Replace, &flags)),
                "UID STORE 41,43:44 FLAGS.SILENT (\\Seen)",
            ),
            (Ok(d.uid_fetch(Which::Keys(&keys), "(FLAGS)", None)), "UID FETCH 41,43:44 (FLAGS)"),
            (
                Ok(d.uid_fetch(
                    Which::Since(ItemKey(1)),
                    "(FLAGS)",
                    Some(Since { modseq: 12_345, vanished: true }),
                )),
                "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
            ),
        ] {
            assert_eq!(written(command), expected);
        }
    }

    #[test]
    fn messages_are_appended_one_after_the_other() {
        let date = FixedOffset::east_opt(7200).unwrap().with_ymd_and_hms(2002, 7, 1, 2, 44, 25).unwrap();
        let flags: Flags = ["\\Seen"].into_iter().collect();
        let first = Appending { flags: &flags, date: Some(&date), size: 310, binary: false };
        let (command, at_once) = DIALECT.append(b"saved", &first).unwrap();
        assert!(!at_once);
        assert_eq!(
            command.parts("t").concat().escape_ascii().to_string(),
            "t APPEND \\\"saved\\\" (\\\\Seen) \\\" 1-Jul-2002 02:44:25 +0200\\\" {310}\\r\\n"
        );
        let plus = Dialect { literals: Literals::All, utf8: false };
        let second = Appending { flags: &Flags::new(), date: None, size: 5, binary: true };
        let (next, at_once) = plus.append_next(&second);
        assert_eq!((next.escape_ascii().to_string().as_str(), at_once), (" () ~{5+}\\r\\n", true));
    }
}
