//! Walks through a message as it streams by (RFC 5322 section 2.1, RFC 2046 section 5.1): entities, their header fields, the
//! lines of their bodies. It changes nothing: the bytes of all events, one after the other, are the message.
//!
//! What is held is a header field up to [`MAX_FIELD`], the head of a line that may be a delimiter, and the line end before
//! it, which is the delimiter's and not the body's.

use std::mem;

use super::field::{Kind, Media};

/// How a line ends: carriage returns, then a line feed; or, in a body, one carriage return alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// How many carriage returns there are; one, by the standard.
    pub(super) returns: u64,
    /// Whether a line feed follows.
    pub(super) feed: bool,
}

impl End {
    /// Whether it is CRLF.
    pub(super) fn is_right(self) -> bool {
        self.returns == 1 && self.feed
    }

    /// As it is written.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend((0..self.returns).map(|_| b'\r'));
        out.extend(self.feed.then_some(b'\n'));
    }
}

/// What is met.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// The line end before it, the line that separates or ends parts, and its end if it has one.
    Delimiter { before: Option<End>, line: &'a [u8], end: Option<End> },
    /// The end of a line of the body.
    End(End),
    /// A header field with all its lines, or a piece of one that is longer than can be held.
    Field { bytes: &'a [u8], whole: bool },
    /// The empty line after a header.
    HeaderEnd(End),
    /// Bytes of a line of the body.
    Text(&'a [u8]),
}

/// The entity at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entity {
    /// Counted from 0, in the order of their headers.
    pub(super) number: u32,
    /// What its header says of its body.
    pub(super) media: Media,
    /// Whether a part is done or not begun: a preamble or an epilogue.
    pub(super) between: bool,
    /// Whether it is inside of `multipart/signed`.
    pub(super) signed: bool,
}

/// Where the walk is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    entity: Entity,
    boundaries: Vec<Boundary>,
    in_body: bool,
    /// The field at hand, or the head of a line of the body.
    held: Vec<u8>,
    /// Whether pieces of the field at hand are gone already.
    cut: bool,
    /// Where the last line of the field at hand begins.
    line: usize,
    /// Whether the line at hand is known not to be a delimiter.
    plain: bool,
    /// Carriage returns that may belong to a line end.
    returns: u64,
    before: Option<End>,
}

#[derive(Debug)]
struct Boundary {
    bytes: Vec<u8>,
    digest: bool,
    signed: bool,
}

/// What is done with the events.
pub(super) type Each<'a> = &'a mut dyn FnMut(&Entity, Event<'_>);

impl Walk {
    /// The next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8], each: Each<'_>) {
        while let Some(&first) = bytes.first() {
            if first == b'\n' {
                let end = End { returns: mem::take(&mut self.returns), feed: true };
                self.end_line(end, each);
                bytes = &bytes[1..];
            } else if first == b'\r' {
                let run = bytes.iter().take_while(|&&byte| byte == b'\r').count();
                self.returns += run as u64;
                bytes = &bytes[run..];
            } else {
                self.lone_returns(each);
                let len = memchr::memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
                self.text(&bytes[..len], each);
                bytes = &bytes[len..];
            }
        }
    }

    /// There are no more.
    pub(super) fn finish(&mut self, each: Each<'_>) {
        self.lone_returns(each);
        if self.in_body {
            if let Some(next) = self.delimiter(&self.held) {
                self.cross(next, None, each);
            }
            self.flush_body(each);
        } else {
            self.end_field(each);
        }
    }

    /// Carriage returns after which no line feed came end lines of a body. In a header they are text.
    fn lone_returns(&mut self, each: Each<'_>) {
        for _ in 0..mem::take(&mut self.returns) {
            if self.in_body {
                self.end_line(End { returns: 1, feed: false }, each);
            } else {
                self.text(b"\r", each);
            }
        }
    }

    fn text(&mut self, bytes: &[u8], each: Each<'_>) {
        if !self.in_body {
            if self.line == self.held.len() && !matches!(bytes.first(), Some(b' ' | b'\t')) && self.line > 0 {
                self.end_field(each);
            }
            self.hold_field(bytes, each);
        } else if self.plain {
            each(&self.entity, Event::Text(bytes));
        } else {
            self.held.extend_from_slice(&bytes[..bytes.len().min(MAX_DELIMITER + 1)]);
            let dashes = self.held.len().min(2);
            let can_be = !self.boundaries.is_empty() && self.held[..dashes] == b"--"[..dashes];
            if !can_be || self.held.len() > MAX_DELIMITER {
                self.flush_body(each);
                each(&self.entity, Event::Text(&bytes[bytes.len().min(MAX_DELIMITER + 1)..]));
            }
        }
    }

    fn hold_field(&mut self, mut bytes: &[u8], each: Each<'_>) {
        while self.held.len() + bytes.len() > MAX_FIELD {
            let (now, later) = bytes.split_at(MAX_FIELD.saturating_sub(self.held.len()));
            self.held.extend_from_slice(now);
            each(&self.entity, Event::Field { bytes: &self.held, whole: false });
            self.held.clear();
            (self.line, self.cut, bytes) = (0, true, later);
        }
        self.held.extend_from_slice(bytes);
    }

    fn end_line(&mut self, end: End, each: Each<'_>) {
        if self.in_body {
            if !self.plain
                && let Some(next) = self.delimiter(&self.held)
            {
                return self.cross(next, Some(end), each);
            }
            self.flush_body(each);
            self.before = Some(end);
            self.plain = false;
        } else if self.line == self.held.len() && !(self.cut && self.line == 0) {
            self.end_field(each);
            each(&self.entity, Event::HeaderEnd(end));
            self.begin_body();
        } else if let Some(next) = self.delimiter(&self.held[self.line..]) {
            let mut line = self.held.split_off(self.line);
            self.end_field(each);
            mem::swap(&mut self.held, &mut line);
            self.cross(next, Some(end), each);
        } else {
            self.push_end(end);
            self.line = self.held.len();
        }
    }

    fn push_end(&mut self, end: End) {
        // Absurd runs of carriage returns are not worth their memory in a header.
        End { returns: end.returns.min(MAX_RETURNS), ..end }.write(&mut self.held);
    }

    fn end_field(&mut self, each: Each<'_>) {
        if !self.held.is_empty() {
            let whole = !self.cut;
            if whole {
                self.entity.media.read(&self.held);
            }
            each(&self.entity, Event::Field { bytes: &self.held, whole });
        }
        self.held.clear();
        (self.line, self.cut) = (0, false);
    }

    /// Gives what is held of the body, now that it is known to be no delimiter.
    fn flush_body(&mut self, each: Each<'_>) {
        if let Some(end) = self.before.take() {
            each(&self.entity, Event::End(end));
        }
        if !self.held.is_empty() {
            each(&self.entity, Event::Text(&self.held));
        }
        self.held.clear();
        self.plain = true;
    }

    fn begin_body(&mut self) {
        (self.in_body, self.plain) = (true, false);
        let digest = self.boundaries.last().is_some_and(|boundary| boundary.digest);
        self.entity.media.settle(digest);
        match &self.entity.media.kind {
            Kind::Message if self.entity.media.encoding.is_identity() => self.begin_entity(),
            Kind::Multipart { boundary, digest, signed } if self.boundaries.len() < MAX_DEPTH => {
                let signed = *signed || self.entity.signed;
                let boundary = Boundary { bytes: boundary.clone(), digest: *digest, signed };
                self.boundaries.push(boundary);
                self.entity.between = true;
            }
            _ => {}
        }
    }

    fn begin_entity(&mut self) {
        let signed = self.boundaries.last().is_some_and(|boundary| boundary.signed);
        self.entity = Entity { number: self.entity.number.saturating_add(1), signed, ..Entity::default() };
        (self.in_body, self.plain) = (false, false);
    }

    /// `delimiter = "--" boundary`, and `close-delimiter`: which boundary, the innermost first, and whether it ends it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let line = line.strip_prefix(b"--")?.trim_ascii_end();
        let mut open = self.boundaries.iter().enumerate().rev();
        open.find_map(|(at, boundary)| match line.strip_prefix(boundary.bytes.as_slice())? {
            b"" => Some((at, false)),
            b"--" => Some((at, true)),
            _ => None,
        })
    }

    /// Goes over the delimiter that is held.
    fn cross(&mut self, (at, closed): (usize, bool), end: Option<End>, each: Each<'_>) {
        let line = mem::take(&mut self.held);
        each(&self.entity, Event::Delimiter { before: self.before.take(), line: &line, end });
        self.boundaries.truncate(if closed { at } else { at + 1 });
        if closed {
            (self.in_body, self.plain, self.entity.between) = (true, false, true);
        } else {
            self.begin_entity();
        }
    }
}

/// The longest header field that is held in one piece.
pub(super) const MAX_FIELD: usize = 65_536;
const MAX_DELIMITER: usize = 1024;
const MAX_DEPTH: usize = 100;
const MAX_RETURNS: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter an event, and the bytes put together again.
    fn walk(message: &[u8], size: usize) -> (String, Vec<u8>) {
        let (mut letters, mut bytes) = (String::new(), Vec::new());
        let mut each = |entity: &Entity, event: Event<'_>| {
            let letter = match &event {
                Event::Delimiter { before, line, end } => {
                    before.iter().for_each(|end| end.write(&mut bytes));
                    bytes.extend_from_slice(line);
                    end.iter().for_each(|end| end.write(&mut bytes));
                    'D'
                }
                Event::End(end) => {
                    end.write(&mut bytes);
                    'e'
                }
                Event::Field { bytes: field, .. } => {
                    bytes.extend_from_slice(field);
                    'F'
                }
                Event::HeaderEnd(end) => {
                    end.write(&mut bytes);
                    '.'
                }
                Event::Text(text) => {
                    bytes.extend_from_slice(text);
                    if text.is_empty() {
                        return;
                    }
                    if entity.between { 'b' } else { 't' }
                }
            };
            if !(letters.ends_with(letter) && "tb".contains(letter)) {
                letters.push(letter);
            }
        };
        let mut walk = Walk::default();
        message.chunks(size).for_each(|chunk| walk.push(chunk, &mut each));
        walk.finish(&mut each);
        (letters, bytes)
    }

    const MIXED: &str = "Subject: x\r\nContent-Type: multipart/mixed;\r\n boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n\r\n\
        one\r\n--a b \r\nContent-Type: message/rfc822\r\n\r\nSubject: y\n\nin\r\n--a b--\r\nend";

    #[test]
    fn entities_are_found_in_any_pieces() {
        for (name, message, letters) in [
            ("nothing", "", ""),
            ("no body", "A: b\r\n", "F"),
            ("no end of line", "A: b", "F"),
            ("folded", "A: b\r\n c\r\nD: e\r\n\r\nx", "FF.t"),
            ("line feeds", "A: b\n\nx\ny\n", "F.tete"),
            ("returns before a line feed", "A: b\r\r\n\r\nx", "F.t"),
            ("returns alone", "A: b\rc\r\n\r\nx\ry\r", "F.tete"),
            ("parts", MIXED, "FF.bD.tDF.F.tDb"),
            (
                "part without a header's end",
                "Content-Type: multipart/x; boundary=q\n\n--q\nA: b\n--q--\n",
                "F.DFD",
            ),
            (
                "boundary of the outer",
                "Content-Type: multipart/x; boundary=q\n\n--q\nContent-Type: multipart/y; boundary=qq\n\n--qq\n\nx\n--q\n\ny",
                "F.DF.D.tD.t",
            ),
            ("ends in a delimiter", "Content-Type: multipart/x; boundary=q\n\nx\n--q--", "F.bD"),
            ("no multipart", "A: b\n\n--q\n", "F.te"),
        ] {
            for size in 1..20 {
                let (found, bytes) = walk(message.as_bytes(), size);
                assert_eq!(found, letters, "{name} by {size}");
                assert_eq!(String::from_utf8_lossy(&bytes), message, "{name} by {size}");
            }
        }
    }

    #[test]
    fn long_fields_come_in_pieces_and_are_not_read() {
        let field = format!(
            "Content-Type: multipart/x; boundary=q; x={}\r\n y\r\n\r\n--q\r\n",
            "z".repeat(3 * MAX_FIELD)
        );
        let (letters, bytes) = walk(field.as_bytes(), 5000);
        assert_eq!(letters, "FFFF.te");
        assert_eq!(bytes, field.as_bytes());
    }

    proptest::proptest! {
        #[test]
        fn f6_kept(pieces in proptest::collection::vec(0..12usize, 0..60), size in 1..30usize) {
            let alphabet = ["\r", "\n", "\r\n", "--", "--q", "--q--", "Content-Type: multipart/mixed; boundary=q", "a: b", " ", "\0", "\u{e9}", "message/rfc822"];
            let message: String = pieces.iter().map(|&piece| alphabet[piece]).collect();
            let runs_are_short = !message.contains(&"\r".repeat(MAX_RETURNS as usize));
            let (letters, bytes) = walk(message.as_bytes(), size);
            let (whole, _) = walk(message.as_bytes(), usize::MAX);
            proptest::prop_assert_eq!(letters, whole);
            if runs_are_short {
                proptest::prop_assert_eq!(bytes, message.as_bytes());
            }
        }
    }
}
