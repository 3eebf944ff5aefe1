//! What to try after a target refused a message: by the server's words where they are clear, step by step where not.
//!
//! A step that the words asked for is kept from then on. A blind one stands for itself: keywords that were dropped in vain are
//! sent again. No attempt is made twice, and there are finitely many, so it ends.
//!
//! An append that broke off may have landed: whoever climbs looks first, and takes only what did not land for refused.

use std::fmt;

use chrono::{DateTime, FixedOffset};

use crate::repair::{Step, Steps};
use crate::wire::Condition;
use crate::words::{Meaning, Said};

/// What is known when a message was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// What the server said; `BYE` without words where the connection just broke.
    pub said: Said<'a>,
    /// How many bytes the message has.
    pub size: u64,
    /// The largest message the server takes: APPENDLIMIT (RFC 7889), or what is known of it.
    pub limit: Option<u64>,
    /// Whether it offers BINARY (RFC 3516): a literal8 may hold NUL.
    pub binary: bool,
    /// Whether there are keywords among the flags.
    pub keywords: bool,
    /// Whether there are any flags.
    pub flags: bool,
    /// INTERNALDATE.
    pub date: DateTime<FixedOffset>,
    /// The repairs that would change it ([`crate::repair::Anatomy::needs`]), when it was surveyed.
    pub needs: Option<Steps>,
}

/// How a message is appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// Which flags.
    pub flags: Kept,
    /// Which date: all of it, one that servers can count ([`fitted`]), or none.
    pub date: Kept,
    /// As a literal8 (RFC 3516).
    pub literal8: bool,
    /// After these repairs.
    pub repair: Steps,
}

/// How much of something is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// All of it.
    #[default]
    All,
    /// What any server takes: system flags, a date of this age.
    Safe,
    /// Nothing.
    None,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Nothing more.
    GiveUp(End),
    /// Read the message once ([`crate::repair::Survey`]) and ask again about the same refusal, with what it needs.
    Survey,
    /// Append it so.
    Try(Attempt),
    /// Wait as the meaning asks, then append it as before.
    Wait(Meaning),
}

/// Why a message is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is the folder that does not take it: it is not there, or closed to us.
    Folder(String),
    /// It was put off again and again; another run may do it.
    Later(String),
    /// The mailbox is full: all others of the account will be refused too.
    OverQuota(String),
    /// Nothing helped. The words are the first refusal's.
    Refused(String),
    /// It is too large.
    TooBig {
        /// What it has.
        size: u64,
        /// What is allowed, if known.
        limit: Option<u64>,
        /// The server's words.
        words: String,
    },
}

/// What was tried with one message.
#[derive(Clone, Debug, Default)]
pub struct Climb {
    now: Attempt,
    /// What to go back to when a blind step was in vain.
    kept: Attempt,
    tried: Vec<Attempt>,
    waits: u32,
    words: Option<String>,
}

/// What to do after a refusal.
pub fn next_rung(climb: &mut Climb, refusal: &Refusal<'_>) -> Rung {
    if let Some(limit) = refusal.limit.filter(|&limit| refusal.size > limit) {
        let words = climb.say(refusal);
        return Rung::GiveUp(End::TooBig { size: refusal.size, limit: Some(limit), words });
    }
    // An OK is no refusal; whoever asks all the same is told to look elsewhere.
    let meaning = refusal.said.meaning().unwrap_or(Meaning::Permanent);
    let broken = refusal.said.condition == Condition::Bye && refusal.said.text.is_empty();
    let patience = match meaning {
        Meaning::Backoff(_) | Meaning::DailyLimit | Meaning::TooManyConnections => PACED,
        Meaning::LoggedOut | Meaning::Temporary if broken => BROKEN,
        Meaning::LoggedOut | Meaning::Temporary => TEMPORARY,
        _ => 0,
    };
    if climb.waits < patience {
        climb.waits += 1;
        return Rung::Wait(meaning);
    }
    let words = climb.say(refusal);
    match meaning {
        Meaning::Denied | Meaning::Missing => Rung::GiveUp(End::Folder(words)),
        Meaning::OverQuota => Rung::GiveUp(End::OverQuota(words)),
        // It is what a repair made of it that is too large.
        Meaning::TooBig if !climb.now.repair.is_empty() => Rung::GiveUp(End::Refused(words)),
        Meaning::TooBig => Rung::GiveUp(End::TooBig { size: refusal.size, limit: refusal.limit, words }),
        _ if patience > 0 && !broken => Rung::GiveUp(End::Later(refusal.said.text.to_owned())),
        _ => climb.up(refusal, Cause::of(refusal.said.text)),
    }
}

/// The nearest date that servers of all ages can count: from 1970 to January 2038.
pub fn fitted(date: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    let seconds = date.timestamp().clamp(0, i64::from(i32::MAX));
    DateTime::from_timestamp(seconds, 0).map_or(date, |fitted| fitted.with_timezone(date.offset()))
}

impl Attempt {
    /// What is not sent as it is, for the report. What a repair changed, it says itself.
    pub fn notes(&self) -> Vec<&'static str> {
        let flags = match self.flags {
            Kept::All => None,
            Kept::Safe => Some("the target refused its keywords; the other flags are set"),
            Kept::None => Some("the target refused its flags"),
        };
        let date = match self.date {
            Kept::All => None,
            Kept::Safe => Some("its date was moved to one that the target can count"),
            Kept::None => Some("the target refused its date; it has that of its arrival"),
        };
        flags.into_iter().chain(date).collect()
    }
}

impl Climb {
    /// How the message is to be appended now; at first as it is.
    pub fn attempt(&self) -> Attempt {
        self.now
    }

    /// The first words count: those of a later rung are about what we made of the message.
    fn say(&mut self, refusal: &Refusal<'_>) -> String {
        let text = if refusal.said.text.is_empty() { NO_WORDS } else { refusal.said.text };
        self.words.get_or_insert_with(|| text.to_owned()).clone()
    }

    fn up(&mut self, refusal: &Refusal<'_>, cause: Option<Cause>) -> Rung {
        if !self.tried.contains(&self.now) {
            self.tried.push(self.now);
        }
        if cause == Some(Cause::Unwanted) {
            return Rung::GiveUp(End::Refused(self.say(refusal)));
        }
        let content = cause.is_some_and(Cause::is_content);
        if content && refusal.needs.is_none() {
            return Rung::Survey;
        }
        if let Some(next) = cause.and_then(|cause| self.named(refusal, cause)) {
            self.kept = next;
            return self.go(next);
        }
        let steps = (!content).then(|| self.outside(refusal)).into_iter().flatten();
        if let Some(next) = steps.into_iter().find(|next| !self.tried.contains(next)) {
            return self.go(next);
        }
        let Some(needs) = refusal.needs else { return Rung::Survey };
        let inside = self.inside(refusal, needs).into_iter().find(|next| !self.tried.contains(next));
        match inside {
            Some(next) => self.go(next),
            None => Rung::GiveUp(End::Refused(self.say(refusal))),
        }
    }

    fn go(&mut self, next: Attempt) -> Rung {
        self.now = next;
        Rung::Try(next)
    }

    /// The next attempt that does something about what the words named.
    fn named(&self, refusal: &Refusal<'_>, cause: Cause) -> Option<Attempt> {
        let now = self.now;
        let step = |step| Attempt { repair: now.repair.with(step), ..now };
        let whole = !now.repair.contains(Step::Wrap);
        let needs = |step| whole && refusal.needs.is_some_and(|needs| needs.contains(step));
        let candidates = match cause {
            Cause::Date => {
                let safe = (fitted(refusal.date) != refusal.date).then_some(Kept::Safe);
                let kept = safe.into_iter().chain([Kept::None]);
                kept.filter(|date| *date > now.date).map(|date| Attempt { date, ..now }).collect()
            }
            Cause::Flags => {
                let safe = refusal.keywords.then_some(Kept::Safe);
                let none = refusal.flags.then_some(Kept::None);
                let kept = safe.into_iter().chain(none).filter(|flags| *flags > now.flags);
                kept.map(|flags| Attempt { flags, ..now }).collect()
            }
            Cause::Headers if needs(Step::Headers) => vec![step(Step::Headers)],
            Cause::LineEnds if needs(Step::LineEnds) => vec![step(Step::LineEnds)],
            Cause::LongLines if needs(Step::LongLines) => vec![step(Step::LongLines)],
            Cause::Nul if needs(Step::Nul) => {
                let binary = refusal.binary && !now.literal8 && !now.repair.contains(Step::Nul);
                let binary = binary.then_some(Attempt { literal8: true, ..now });
                let plain = Attempt { literal8: false, ..step(Step::Nul) };
                binary.into_iter().chain([plain]).collect()
            }
            _ => Vec::new(),
        };
        candidates.into_iter().find(|next| !self.tried.contains(next))
    }

    /// The steps that leave the message alone.
    fn outside(&self, refusal: &Refusal<'_>) -> Vec<Attempt> {
        let flags = (refusal.keywords && self.kept.flags == Kept::All)
            .then_some(Attempt { flags: Kept::Safe, ..self.kept });
        let odd = fitted(refusal.date) != refusal.date && self.kept.date == Kept::All;
        let date = odd.then_some(Attempt { date: Kept::Safe, ..self.kept });
        flags.into_iter().chain(date).collect()
    }

    /// The steps that repair the message, each with those before it; at last it is wrapped, and then without anything else.
    fn inside(&self, refusal: &Refusal<'_>, needs: Steps) -> Vec<Attempt> {
        let mut steps = Vec::new();
        let mut next = self.kept;
        for step in needs.iter().filter(|step| !self.kept.repair.contains(*step)) {
            if step == Step::Nul && refusal.binary && !self.kept.literal8 {
                steps.push(Attempt { literal8: true, ..next });
            }
            next = Attempt { repair: next.repair.with(step), literal8: false, ..next };
            steps.push(next);
        }
        let wrapped = refusal.size.saturating_mul(11) / 8 + ENVELOPE;
        if refusal.limit.is_none_or(|limit| wrapped <= limit) {
            let wrap = Attempt { repair: Steps::NONE.with(Step::Wrap), literal8: false, ..self.kept };
            let flags = if refusal.keywords && wrap.flags == Kept::All { Kept::Safe } else { wrap.flags };
            let date = if wrap.date == Kept::All && fitted(refusal.date) != refusal.date {
                Kept::Safe
            } else {
                wrap.date
            };
            steps.extend([wrap, Attempt { flags, date, ..wrap }]);
        }
        steps
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(words) => write!(f, "the folder does not take it: {words}"),
            Self::Later(words) => write!(f, "the target put it off again and again: {words}"),
            Self::OverQuota(words) => write!(f, "the target's mailbox is full: {words}"),
            Self::Refused(words) => write!(f, "the target refuses it: {words}"),
            Self::TooBig { size, limit: Some(limit), words } => {
                write!(f, "it has {size} bytes, the target takes {limit}: {words}")
            }
            Self::TooBig { size, limit: None, words } => {
                write!(f, "it has {size} bytes, too many for the target: {words}")
            }
        }
    }
}

/// What the words say is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The message, whatever it is.
    Content,
    Date,
    Flags,
    Headers,
    LineEnds,
    LongLines,
    Nul,
    /// Nothing that should be gone around: a virus.
    Unwanted,
}

impl Cause {
    fn of(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let says = |(_, needles): &&(Self, &[&str])| needles.iter().any(|needle| text.contains(needle));
        CAUSES.iter().find(says).map(|(cause, _)| *cause)
    }

    fn is_content(self) -> bool {
        !matches!(self, Self::Date | Self::Flags | Self::Unwanted)
    }
}

/// In this order: what is found first counts.
const CAUSES: &[(Cause, &[&str])] = &[
    (Cause::Unwanted, &["virus", "infected", "malware"]),
    (
        Cause::Nul,
        &["nul char", "null char", "nul byte", "null byte", "contains nul", "contains null", "nuls"],
    ),
    (Cause::LineEnds, &["bare newline", "bare lf", "bare cr", "bare line", "line ending", "crlf"]),
    (
        Cause::LongLines,
        &["line too long", "line is too long", "lines too long", "line length", "long line", "line exceeds"],
    ),
    (Cause::Flags, &["data in atom", "flag", "keyword"]),
    (Cause::Headers, &["header", "8-bit", "8bit", "non-ascii"]),
    (Cause::Date, &["internal date", "internaldate", "date-time", "datetime", "invalid date", "bad date"]),
    (
        Cause::Content,
        &[
            "parse message",
            "invalid message",
            "malformed message",
            "message format",
            "bad message",
            "message contains",
        ],
    ),
];

const NO_WORDS: &str = "without a word";
/// How often a message waits for haste to pass, for a server to be well again, for a connection that broke without a word.
const PACED: u32 = 20;
const TEMPORARY: u32 = 3;
const BROKEN: u32 = 1;
/// What a wrapped message has around it, at most.
const ENVELOPE: u64 = 16_384;

#[cfg(test)]
mod tests;
