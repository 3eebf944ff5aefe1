//! What there is to know of a message before it can be repaired as it streams by: one reading of it.

use std::collections::BTreeMap;
use std::mem;

use super::change::{Step, Steps};
use super::field::{Encoding, Kind, is_valid, split};
use super::walk::{End, Entity, Event, Walk};

/// What a message is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// How many bytes it has.
    pub size: u64,
    /// How many line ends are not CRLF.
    pub bare: u64,
    /// How many NULs there are.
    pub nul: u64,
    /// How long the longest line is, without its end.
    pub longest: u64,
    /// How many header fields have 8-bit characters.
    pub eight_bit: u64,
    /// How many lines of headers are no valid field.
    pub invalid: u64,
    /// Whether an empty line ends the message's header.
    pub separated: bool,
    /// The longest line that is allowed.
    pub limit: u64,
    /// Of the first text: what its 8-bit header fields may be in.
    pub(super) charset: Option<String>,
    /// Whether the message's header has any valid field.
    pub(super) fields: bool,
    pub(super) mime_version: bool,
    /// Whether the lines of the message's header end in CRLF; then the bare ones in a body may be its own.
    pub(super) crlf: bool,
    /// The bodies that may have to be encoded; not more than [`MAX_PARTS`].
    pub(super) parts: BTreeMap<u32, Part>,
    /// The fields a reader looks at first.
    pub(super) envelope: BTreeMap<usize, Vec<u8>>,
}

/// A body that has something to be repaired.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) encoding: Encoding,
    pub(super) text: bool,
    longest: u64,
    nul: bool,
    bare: bool,
}

/// How a body is to be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recode {
    Base64,
    QuotedPrintable,
    Requote,
    Rewrap,
}

/// A message being looked at.
#[derive(Debug, Default)]
pub struct Survey {
    walk: Walk,
    seen: Seen,
}

#[derive(Debug, Default)]
struct Seen {
    anatomy: Anatomy,
    /// The line at hand.
    line: u64,
    /// The body at hand.
    part: Part,
    number: u32,
}

impl Survey {
    /// Of a message whose lines may have `limit` bytes, without their ends.
    pub fn new(limit: u64) -> Self {
        let anatomy = Anatomy { limit, crlf: true, ..Anatomy::default() };
        Self { walk: Walk::default(), seen: Seen { anatomy, ..Seen::default() } }
    }

    /// The next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.seen.anatomy.size += bytes.len() as u64;
        self.seen.anatomy.nul += memchr::memchr_iter(0, bytes).count() as u64;
        let seen = &mut self.seen;
        self.walk.push(bytes, &mut |entity, event| seen.event(entity, &event));
    }

    /// The message was read.
    pub fn finish(mut self) -> Anatomy {
        let seen = &mut self.seen;
        self.walk.finish(&mut |entity, event| seen.event(entity, &event));
        seen.end_line();
        seen.end_part();
        self.seen.anatomy
    }
}

impl Anatomy {
    /// The repairs that would change it, and may be of use.
    pub fn needs(&self) -> Steps {
        let needs = |step: &Step| match step {
            Step::LineEnds => self.bare > 0,
            Step::Nul => self.nul > 0,
            Step::LongLines => self.longest > self.limit,
            Step::Headers => self.eight_bit > 0 || self.invalid > 0 || !self.separated,
            Step::Wrap => false,
        };
        Step::ALL.into_iter().filter(needs).collect()
    }

    /// How the body of an entity is to be written.
    pub(super) fn recode(&self, number: u32, steps: Steps) -> Option<Recode> {
        let part = self.parts.get(&number)?;
        let nul = part.nul && steps.contains(Step::Nul);
        let long = part.longest > self.limit && steps.contains(Step::LongLines);
        // The line ends of bytes are bytes. Where all lines of the message end so, they came so by mistake.
        let own = part.bare && !part.text && self.crlf && steps.contains(Step::LineEnds);
        match part.encoding {
            Encoding::Identity if (nul || long) && part.text => Some(Recode::QuotedPrintable),
            Encoding::Identity if nul || long || own => Some(Recode::Base64),
            Encoding::QuotedPrintable if nul || long => Some(Recode::Requote),
            Encoding::Base64 if nul || long => Some(Recode::Rewrap),
            _ => None,
        }
    }
}

impl Seen {
    fn event(&mut self, entity: &Entity, event: &Event<'_>) {
        match event {
            Event::Delimiter { before, line, end } => {
                self.end_line();
                self.end_part();
                before.iter().chain(end).for_each(|end| self.count_end(*end));
                self.lines(line);
            }
            Event::End(end) => {
                self.end_line();
                self.count_end(*end);
                self.part.bare |= !end.is_right();
            }
            Event::Field { bytes, whole } => {
                self.lines(bytes);
                if *whole {
                    self.field(entity, bytes);
                }
            }
            Event::HeaderEnd(end) => {
                self.count_end(*end);
                self.begin_part(entity);
            }
            Event::Text(bytes) => self.text(bytes),
        }
    }

    fn text(&mut self, bytes: &[u8]) {
        self.line += bytes.len() as u64;
        self.part.nul |= memchr::memchr(0, bytes).is_some();
    }

    fn end_line(&mut self) {
        self.anatomy.longest = self.anatomy.longest.max(self.line);
        self.part.longest = self.part.longest.max(self.line);
        self.line = 0;
    }

    /// What comes after a header is the body of its entity, if that is one.
    fn begin_part(&mut self, entity: &Entity) {
        if entity.number == 0 {
            self.anatomy.separated = true;
        }
        self.number = entity.number;
        let (mut kind, encoding) = (entity.media.kind.clone(), entity.media.encoding);
        if kind == Kind::Unsaid {
            kind = Kind::Text;
        }
        self.part = Part { encoding, text: kind == Kind::Text, ..Part::default() };
        // Nothing can be done to the text around parts, and a message within has its own entity.
        if matches!(kind, Kind::Multipart { .. }) || kind == Kind::Message && encoding.is_identity() {
            self.part.encoding = Encoding::Other;
        }
        if self.anatomy.charset.is_none() {
            self.anatomy.charset.clone_from(&entity.media.charset);
        }
    }

    fn end_part(&mut self) {
        // Until the next header there is only the text around parts.
        let around = Part { encoding: Encoding::Other, ..Part::default() };
        let part = mem::replace(&mut self.part, around);
        let notable = part.nul || part.longest > self.anatomy.limit || part.bare && !part.text;
        if notable && part.encoding != Encoding::Other && self.anatomy.parts.len() < MAX_PARTS {
            self.anatomy.parts.insert(self.number, part);
        }
    }

    fn lines(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                self.anatomy.longest = self.anatomy.longest.max(line.len() as u64);
                continue;
            };
            let end = text.iter().rposition(|&byte| byte != b'\r').map_or(0, |at| at + 1);
            let bare = &text[..end];
            self.anatomy.longest = self.anatomy.longest.max(bare.len() as u64);
            self.anatomy.crlf &= text.len() - bare.len() == 1 || self.number > 0;
            self.count_end(End { returns: (text.len() - bare.len()) as u64, feed: true });
            self.anatomy.bare += memchr::memchr_iter(b'\r', bare).count() as u64;
        }
    }

    fn count_end(&mut self, end: End) {
        self.anatomy.bare += u64::from(!end.is_right());
    }

    fn field(&mut self, entity: &Entity, field: &[u8]) {
        let valid = is_valid(field);
        self.anatomy.eight_bit += u64::from(!field.is_ascii());
        self.anatomy.invalid += u64::from(!valid);
        let Some((name, _)) = split(field).filter(|_| entity.number == 0) else { return };
        self.anatomy.fields = true;
        self.anatomy.mime_version |= name.eq_ignore_ascii_case(b"MIME-Version");
        let known = ENVELOPE.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if let Some(at) = known {
            self.anatomy.envelope.entry(at).or_insert_with(|| field.to_vec());
        }
    }
}

/// The fields that a wrapped message shows too.
const ENVELOPE: [&str; 10] =
    ["Date", "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References"];
const MAX_PARTS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(message: &str, size: usize) -> Anatomy {
        let mut survey = Survey::new(20);
        message.as_bytes().chunks(size).for_each(|chunk| survey.push(chunk));
        survey.finish()
    }

    #[test]
    fn needs_are_found_in_any_pieces() {
        use Step::*;
        let long = "x".repeat(21);
        for (name, message, needs) in [
            ("nothing", "A: b\r\n\r\nx\r\n", vec![]),
            ("line feed", "A: b\r\n\r\nx\n", vec![LineEnds]),
            ("line feed in the header", "A: b\n\r\nx", vec![LineEnds]),
            ("return alone", "A: b\r\n\r\nx\ry", vec![LineEnds]),
            ("return at the end", "A: b\r\n\r\nx\r", vec![LineEnds]),
            ("two returns", "A: b\r\r\n\r\nx", vec![LineEnds]),
            ("NUL", "A: b\r\n\r\nx\0y", vec![Nul]),
            ("NUL in the header", "A: \0b\r\n\r\nxy", vec![Nul]),
            ("long line", &format!("A: b\r\n\r\n{long}"), vec![LongLines]),
            ("not quite", &format!("A: b\r\n\r\n{}", &long[1..]), vec![]),
            ("long field", &format!("A: {long}\r\n\r\nx"), vec![LongLines]),
            ("8-bit field", "A: \u{e9}\r\n\r\n\u{e9}", vec![Headers]),
            ("no colon", "A: b\r\nx y\r\n\r\n", vec![Headers]),
            ("not separated", "A: b\r\n", vec![Headers]),
            ("empty", "", vec![Headers]),
            ("all", &format!("A: b\n\r\n\0{long}"), vec![LineEnds, Nul, LongLines]),
        ] {
            for size in 1..9 {
                let anatomy = survey(message, size);
                assert_eq!(anatomy.needs(), needs.iter().copied().collect(), "{name} by {size}");
                assert_eq!(anatomy, survey(message, usize::MAX), "{name} by {size}");
            }
        }
    }

    #[test]
    fn parts_are_encoded_where_they_need_it() {
        let steps = |step| Steps::NONE.with(step);
        let long = "x".repeat(21);
        let head = "Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n";
        for (name, part, step, recode) in [
            ("text", format!("\r\n{long}"), Step::LongLines, Some(Recode::QuotedPrintable)),
            ("text, another step", format!("\r\n{long}"), Step::Nul, None),
            ("bytes", "Content-Type: a/b\r\n\r\n\0".into(), Step::Nul, Some(Recode::Base64)),
            (
                "bytes with line feeds",
                "Content-Type: a/b\r\n\r\n\n".into(),
                Step::LineEnds,
                Some(Recode::Base64),
            ),
            ("text with line feeds", "\r\nx\ny".into(), Step::LineEnds, None),
            (
                "base64",
                format!("Content-Transfer-Encoding: base64\r\n\r\n{long}"),
                Step::LongLines,
                Some(Recode::Rewrap),
            ),
            ("unknown", format!("Content-Transfer-Encoding: x-y\r\n\r\n{long}"), Step::LongLines, None),
        ] {
            let anatomy = survey(&format!("{head}{part}\r\n--q--\r\n"), 5);
            assert_eq!(anatomy.recode(1, steps(step)), recode, "{name}");
            assert_eq!(anatomy.recode(0, steps(step)), None, "{name}");
        }
    }
}
