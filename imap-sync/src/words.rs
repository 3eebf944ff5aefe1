//! What a server's reply means for whoever wants to go on (RFC 9051 section 7.1, RFC 5530, and what servers say without
//! any code).

use std::time::Duration;

use crate::wire::Condition;

/// What a server said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// How it went.
    pub condition: Condition,
    /// The name of the code in brackets, in upper case.
    pub code: Option<&'a str>,
    /// The words.
    pub text: &'a str,
}

/// What it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meaning {
    /// Too fast: wait, as long as the server says if it does.
    Backoff(Option<Duration>),
    /// The account has used up what it may carry in a day.
    DailyLimit,
    /// The user may not do this here.
    Denied,
    /// The connection was idle for too long; it may be made again at once.
    LoggedOut,
    /// The mailbox is not there (any more).
    Missing,
    /// The mailbox is full.
    OverQuota,
    /// It is as it is; it may be about what was sent.
    Permanent,
    /// It may well go better later.
    Temporary,
    /// The message is larger than the server takes.
    TooBig,
    /// There are more connections than the server wants.
    TooManyConnections,
}

impl Said<'_> {
    /// What it means; `None` where all is well. Words count before codes: a code alone says too little (Gmail's
    /// `[OVERQUOTA]` is a limit of the day, Dovecot's `[UNAVAILABLE]` may be one connection too many).
    pub fn meaning(&self) -> Option<Meaning> {
        let text = self.text.to_ascii_lowercase();
        if matches!(self.condition, Condition::Ok | Condition::Preauth) {
            return (self.is("THROTTLED") || text.contains("[throttled]"))
                .then(|| Meaning::Backoff(wait(&text)));
        }
        let says = |needles: &[&str]| needles.iter().any(|needle| text.contains(needle));
        if says(DAILY) {
            return Some(Meaning::DailyLimit);
        }
        if says(CONNECTIONS) {
            return Some(Meaning::TooManyConnections);
        }
        if let Some(wait) = wait(&text) {
            return Some(Meaning::Backoff(Some(wait)));
        }
        let meant =
            RULES.iter().find(|(_, codes, needles)| codes.iter().any(|code| self.is(code)) || says(needles));
        Some(match meant {
            Some((meaning, ..)) => *meaning,
            None if self.condition == Condition::Bye => Meaning::Temporary,
            None => Meaning::Permanent,
        })
    }

    /// Whether it carries this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.is_some_and(|own| own.eq_ignore_ascii_case(code))
    }
}

/// "Suggested Backoff Time: 299963 milliseconds", "try again in 15 minutes", "retry after 30 seconds". Never longer than a day.
fn wait(text: &str) -> Option<Duration> {
    let (at, usual) =
        WAITS.iter().find_map(|(words, unit)| text.find(words).map(|at| (at + words.len(), *unit)))?;
    let rest = text[at..].trim_start_matches([' ', ':', '=']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = rest.get(..digits).filter(|digits| !digits.is_empty())?.parse().unwrap_or(u64::MAX);
    let named = rest[digits..].trim_start();
    let unit = UNITS.iter().find(|(name, _)| named.starts_with(name)).map_or(usual, |(_, unit)| *unit);
    Some(Duration::from_millis(number.saturating_mul(unit)).min(LONGEST))
}

/// In this order: what is found first counts.
const RULES: &[(Meaning, &[&str], &[&str])] = &[
    // A limit on flags is the message's matter, though its code is that of haste (RFC 5530 section 3).
    (
        Meaning::Permanent,
        &[],
        &["too many user flags", "too many keywords", "keyword limit", "too many flags"],
    ),
    (
        Meaning::Backoff(None),
        &["LIMIT", "THROTTLED"],
        &[
            "throttl",
            "rate limit",
            "slow down",
            "too many requests",
            "too many commands",
            "too fast",
            "server busy",
        ],
    ),
    (
        Meaning::OverQuota,
        &["OVERQUOTA"],
        &[
            "over quota",
            "overquota",
            "quota exceeded",
            "exceeded your mail quota",
            "exceeds quota",
            "exceeded quota",
            "mailbox is full",
            "mailbox full",
            "storage limit",
            "not enough space",
        ],
    ),
    (
        Meaning::TooBig,
        &["TOOBIG"],
        &[
            "too large",
            "too big",
            "size exceeds",
            "exceeds the maximum",
            "exceeds maximum",
            "maximum message size",
            "size limit",
        ],
    ),
    (
        Meaning::Missing,
        &["NONEXISTENT", "TRYCREATE"],
        &[
            "mailbox doesn't exist",
            "mailbox does not exist",
            "no such mailbox",
            "unknown mailbox",
            "folder not found",
            "mailbox has been deleted",
            "mailbox not found",
            "no such folder",
            "nonexistent mailbox",
        ],
    ),
    (
        Meaning::Denied,
        &[
            "AUTHENTICATIONFAILED",
            "AUTHORIZATIONFAILED",
            "CONTACTADMIN",
            "EXPIRED",
            "NOPERM",
            "PRIVACYREQUIRED",
        ],
        &[
            "permission denied",
            "access denied",
            "not permitted",
            "no write permission",
            "read-only",
            "read only",
        ],
    ),
    (
        Meaning::LoggedOut,
        &[],
        &["autologout", "auto-logout", "inactivity", "idle for too long", "idle too long"],
    ),
    (
        Meaning::Temporary,
        &["INUSE", "SERVERBUG", "UNAVAILABLE"],
        &[
            "try again",
            "temporar",
            "server unavailable",
            "internal error",
            "system i/o error",
            "in use",
            "is locked",
            "timeout",
            "timed out",
            "shutting down",
            "not connected",
        ],
    ),
];

const DAILY: &[&str] =
    &["bandwidth limit", "daily limit", "daily quota", "per day", "download limit", "upload limit"];

const CONNECTIONS: &[&str] = &[
    "too many connections",
    "too many simultaneous",
    "too many concurrent",
    "too many sessions",
    "too many open connections",
    "maximum number of connections",
    "maximum connections",
    "connection limit",
    "number of connections exceeded",
];

/// The words before a number, and what it counts, in milliseconds, where no unit follows.
const WAITS: &[(&str, u64)] = &[
    ("backoff time", 1),
    ("try again in", 1000),
    ("retry after", 1000),
    ("retry in", 1000),
    ("try again after", 1000),
    ("wait", 1000),
];

const UNITS: &[(&str, u64)] =
    &[("ms", 1), ("milli", 1), ("min", 60_000), ("m ", 60_000), ("h", 3_600_000), ("s", 1000)];

const LONGEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Response;

    fn meant(line: &str) -> Option<Meaning> {
        let Response::Status(status) = Response::parse(line.as_bytes()) else { panic!("{line}") };
        let code = line.split_once('[').filter(|_| status.code.is_some());
        let code = code.and_then(|(_, rest)| rest.split([']', ' ']).next());
        Said { condition: status.condition, code, text: &status.text }.meaning()
    }

    #[test]
    fn replies_of_real_servers_are_understood() {
        use Meaning::*;
        let millis = |millis| Some(Backoff(Some(Duration::from_millis(millis))));
        for (name, line, meaning) in [
            ("all is well", "a OK done", None),
            ("Gmail, slowed down", "a OK [THROTTLED] Success", Some(Backoff(None))),
            ("OK that speaks of quotas", "a OK over quota is what this folder is named", None),
            (
                "Gmail, day",
                "* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.",
                Some(DailyLimit),
            ),
            (
                "Gmail, day at login",
                "a NO [ALERT] Account exceeded command or bandwidth limits. (Failure)",
                Some(DailyLimit),
            ),
            (
                "Gmail, connections",
                "a NO [ALERT] Too many simultaneous connections. (Failure)",
                Some(TooManyConnections),
            ),
            ("Gmail, full", "a NO [OVERQUOTA] Not enough storage (Failure)", Some(OverQuota)),
            (
                "Exchange Online",
                "a BAD Request is throttled. Suggested Backoff Time: 299963 milliseconds",
                millis(299_963),
            ),
            (
                "Exchange Online, number too long",
                "a BAD Suggested Backoff Time: 99999999999999999999999 milliseconds",
                millis(86_400_000),
            ),
            (
                "Exchange Online, no number",
                "a BAD Request is throttled. Suggested Backoff Time: milliseconds",
                Some(Backoff(None)),
            ),
            ("Exchange, store gone", "a BAD User is authenticated but not connected.", Some(Temporary)),
            ("Exchange, unavailable", "a NO Server Unavailable. 15", Some(Temporary)),
            ("Exchange, argument", "a BAD Command Argument Error. 11", Some(Permanent)),
            ("Exchange, folder gone", "a NO Mailbox has been deleted or moved.", Some(Missing)),
            (
                "Dovecot, connections",
                "a NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
                Some(TooManyConnections),
            ),
            ("Dovecot, full", "a NO [OVERQUOTA] Quota exceeded (mailbox for user is full)", Some(OverQuota)),
            ("Dovecot, in use", "a NO [INUSE] Mailbox is busy", Some(Temporary)),
            (
                "Dovecot, bug",
                "a NO [SERVERBUG] Internal error occurred. Refer to server log.",
                Some(Temporary),
            ),
            ("Dovecot, idle", "* BYE Disconnected for inactivity.", Some(LoggedOut)),
            ("Dovecot, folder", "a NO [TRYCREATE] Mailbox doesn't exist: x", Some(Missing)),
            ("Dovecot, stopped", "* BYE Server shutting down.", Some(Temporary)),
            ("Cyrus, NUL", "a NO Message contains NUL characters", Some(Permanent)),
            ("Cyrus, full", "a NO Over quota", Some(OverQuota)),
            ("Cyrus, rights", "a NO Permission denied", Some(Denied)),
            ("Cyrus, folder", "a NO [TRYCREATE] Mailbox does not exist", Some(Missing)),
            ("Cyrus, size", "a NO Message size exceeds fixed limit", Some(TooBig)),
            ("Cyrus, flags", "a NO [LIMIT] Too many user flags in mailbox", Some(Permanent)),
            ("Courier, full", "a NO [ALERT] You exceeded your mail quota.", Some(OverQuota)),
            (
                "Courier, rights",
                "a NO Cannot create message - no write permission or out of disk space.",
                Some(Denied),
            ),
            ("limit", "a NO [LIMIT] wait a moment", Some(Backoff(None))),
            ("later, in words", "a NO please try again later", Some(Temporary)),
            ("later, in minutes", "a NO Please try again in 15 minutes", millis(900_000)),
            ("later, in seconds", "a NO rate limit, retry after 30", millis(30_000)),
            ("UW, idle", "* BYE Autologout; idle for too long", Some(LoggedOut)),
            ("size by code", "a NO [TOOBIG] no", Some(TooBig)),
            ("bye, no words", "* BYE", Some(Temporary)),
            ("no words", "a NO", Some(Permanent)),
        ] {
            assert_eq!(meant(line), meaning, "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn f1_any_bytes(text in ".{0,80}", number in ".{0,12}", bye in proptest::bool::ANY) {
            let condition = if bye { Condition::Bye } else { Condition::No };
            let text = format!("{text} backoff time{number}");
            let said = Said { condition, code: None, text: &text };
            proptest::prop_assert_ne!(said.meaning(), None);
        }
    }
}
