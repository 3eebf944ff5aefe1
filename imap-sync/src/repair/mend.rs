//! The repairs themselves, event by event.

use std::collections::BTreeSet;
use std::mem;

use super::anatomy::{Anatomy, Recode};
use super::change::{Change, Step, Steps};
use super::encoded::{WIDTH, encode, fold, name};
use super::field::{TRANSFER_ENCODING, is_valid, split};
use super::recode::{Coder, Quoted};
use super::walk::{End, Entity, Event};

/// Writes a message anew.
#[derive(Debug)]
pub(super) struct Mend<'a> {
    anatomy: &'a Anatomy,
    steps: Steps,
    /// What header fields are in that are not UTF-8.
    charset: &'a str,
    coder: Option<Coder>,
    /// Whether the header at hand got the encoding of its body.
    told: bool,
    /// Whether a header came that has no field, and is the body's.
    begun: bool,
    /// Whether what was written last ended a line.
    at_line_start: bool,
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    encoded: u64,
    fields_encoded: u64,
    fields_folded: u64,
    fields_named: u64,
    assumed: bool,
    line_ends: u64,
    nul: u64,
    others: BTreeSet<Change>,
}

impl<'a> Mend<'a> {
    pub(super) fn new(anatomy: &'a Anatomy, steps: Steps) -> Self {
        let tally = Tally::default();
        let charset = anatomy.charset.as_deref().unwrap_or(USUAL_CHARSET);
        Self { anatomy, steps, charset, coder: None, told: false, begun: false, at_line_start: true, tally }
    }

    pub(super) fn event(&mut self, entity: &Entity, event: &Event<'_>, out: &mut Vec<u8>) {
        let from = out.len();
        match event {
            Event::Delimiter { before, line, end } => {
                self.end_body(out);
                before.iter().for_each(|end| self.end(*end, out));
                let line = self.lines(line);
                out.extend(line);
                end.iter().for_each(|end| self.end(*end, out));
                self.told = false;
            }
            Event::End(end) => match &mut self.coder {
                Some(coder) => {
                    let (mut raw, right) = (Vec::new(), End { returns: 1, feed: true });
                    (if self.anatomy.crlf { *end } else { right }).write(&mut raw);
                    coder.end(&raw, out);
                }
                None => self.end(*end, out),
            },
            Event::Field { bytes, whole } => self.field(entity, bytes, *whole, out),
            Event::HeaderEnd(end) => self.end_header(entity, *end, out),
            Event::Text(bytes) => self.text(bytes, out),
        }
        self.at_line_start = out[from..].last().map_or(self.at_line_start, |&byte| byte == b'\n');
    }

    /// The message is at its end.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.end_body(out);
        if self.steps.contains(Step::Headers) && !self.anatomy.separated && self.anatomy.fields {
            out.extend_from_slice(if self.at_line_start { b"\r\n" } else { b"\r\n\r\n" });
            self.tally.others.insert(Change::Separated);
        }
    }

    pub(super) fn changes(&self) -> Vec<Change> {
        let tally = &self.tally;
        let assumed = tally.assumed.then(|| self.charset.to_owned());
        let counted = [
            (tally.encoded, Change::Encoded(tally.encoded)),
            (tally.fields_encoded, Change::FieldsEncoded { fields: tally.fields_encoded, assumed }),
            (tally.fields_folded, Change::FieldsFolded(tally.fields_folded)),
            (tally.fields_named, Change::FieldsNamed(tally.fields_named)),
            (tally.line_ends, Change::LineEnds(tally.line_ends)),
            (tally.nul, Change::NulReplaced(tally.nul)),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, change)| change);
        counted.chain(tally.others.iter().cloned()).collect()
    }

    fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.coder {
            Some(coder) => coder.text(bytes, out),
            None => self.without_nul(bytes, out),
        }
    }

    /// A question mark where a NUL was: nothing else is read out of it, and its place is kept.
    fn without_nul(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let from = out.len();
        out.extend_from_slice(bytes);
        if self.steps.contains(Step::Nul) {
            for byte in out[from..].iter_mut().filter(|byte| **byte == 0) {
                *byte = b'?';
                self.tally.nul += 1;
            }
        }
    }

    fn end(&mut self, end: End, out: &mut Vec<u8>) {
        if end.is_right() || !self.steps.contains(Step::LineEnds) {
            end.write(out);
        } else {
            self.tally.line_ends += 1;
            out.extend_from_slice(b"\r\n");
        }
    }

    fn end_header(&mut self, entity: &Entity, end: End, out: &mut Vec<u8>) {
        let recode = self.recode(entity);
        if let Some(recode) = recode {
            self.tell(recode, out);
            if entity.number == 0 && !self.anatomy.mime_version && self.told {
                out.extend_from_slice(b"MIME-Version: 1.0\r\n");
            }
            self.tally.encoded += 1;
            self.touch(entity);
        }
        self.told = false;
        self.coder = recode.map(|recode| match recode {
            Recode::Base64 => Coder::Base64(Vec::new()),
            Recode::QuotedPrintable => Coder::Quoted(Quoted::default()),
            Recode::Requote => Coder::Requote { column: 0, escape: 0 },
            Recode::Rewrap => Coder::Rewrap { column: 0 },
        });
        self.end(end, out);
    }

    fn recode(&self, entity: &Entity) -> Option<Recode> {
        // Without a header there is no place to tell of it.
        if self.headerless(entity) { None } else { self.anatomy.recode(entity.number, self.steps) }
    }

    /// Writes the body's new encoding into its header, once.
    fn tell(&mut self, recode: Recode, out: &mut Vec<u8>) {
        let name = match recode {
            Recode::Base64 => "base64",
            Recode::QuotedPrintable => "quoted-printable",
            Recode::Requote | Recode::Rewrap => return,
        };
        if !mem::replace(&mut self.told, true) {
            out.extend_from_slice(format!("Content-Transfer-Encoding: {name}\r\n").as_bytes());
        }
    }

    /// A message that begins with its body.
    fn headerless(&self, entity: &Entity) -> bool {
        entity.number == 0 && !self.anatomy.fields && self.steps.contains(Step::Headers)
    }

    fn field(&mut self, entity: &Entity, bytes: &[u8], whole: bool, out: &mut Vec<u8>) {
        if self.headerless(entity) {
            if !mem::replace(&mut self.begun, true) {
                out.extend_from_slice(b"\r\n");
                self.tally.others.insert(Change::Separated);
            }
            let lines = self.lines(bytes);
            return out.extend(lines);
        }
        let is_encoding = split(bytes).is_some_and(|(name, _)| name.eq_ignore_ascii_case(TRANSFER_ENCODING));
        let recode = self.recode(entity);
        if let Some(recode @ (Recode::Base64 | Recode::QuotedPrintable)) = recode
            && is_encoding
        {
            return self.tell(recode, out);
        }
        let lines = self.lines(bytes);
        let field = if whole { self.mend_field(entity, lines) } else { lines };
        out.extend(field);
    }

    /// A whole field, without NUL and its lines mended already.
    fn mend_field(&mut self, entity: &Entity, mut field: Vec<u8>) -> Vec<u8> {
        let charset = self.charset;
        if self.steps.contains(Step::Headers) {
            let mended = match split(&field) {
                None => name(&field, charset),
                Some((name, value)) if !is_valid(&field) => [name, b":", value].concat(),
                Some(_) => field.clone(),
            };
            self.tally.fields_named += u64::from(mended != field);
            let encoded = if mended.is_ascii() { mended.clone() } else { encode(&mended, charset) };
            if encoded != mended {
                self.tally.fields_encoded += 1;
                self.tally.assumed |= str::from_utf8(&mended).is_err();
            }
            if encoded != field {
                self.touch(entity);
                field = encoded;
            }
        }
        let long = field.split(|&byte| byte == b'\n').any(|line| line.len() as u64 > self.anatomy.limit + 1);
        if long && self.steps.contains(Step::LongLines) {
            let folded = fold(&field, WIDTH);
            if folded != field {
                self.tally.fields_folded += 1;
                self.touch(entity);
                field = folded;
            }
        }
        field
    }

    /// Lines of a header, and delimiters: line ends and NULs.
    fn lines(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 2);
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let text = line.strip_suffix(b"\n");
            let returns = text.map_or(0, |text| text.iter().rev().take_while(|&&byte| byte == b'\r').count());
            let text = text.map_or(line, |text| &text[..text.len() - returns]);
            let from = out.len();
            self.without_nul(text, &mut out);
            if self.steps.contains(Step::LineEnds) {
                for (at, byte) in out[from..].iter_mut().enumerate().filter(|(_, byte)| **byte == b'\r') {
                    // A line end would end the field, and a space at its beginning would not begin one.
                    *byte = if at == 0 { b'?' } else { b' ' };
                    self.tally.line_ends += 1;
                }
            }
            if text.len() < line.len() {
                self.end(End { returns: returns as u64, feed: true }, &mut out);
            }
        }
        out
    }

    fn end_body(&mut self, out: &mut Vec<u8>) {
        if let Some(mut coder) = self.coder.take() {
            coder.finish(out);
        }
    }

    fn touch(&mut self, entity: &Entity) {
        if entity.signed {
            self.tally.others.insert(Change::SignatureBroken);
        }
    }
}

const USUAL_CHARSET: &str = "windows-1252";
