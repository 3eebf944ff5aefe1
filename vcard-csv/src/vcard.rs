//! Cards of 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), tolerantly.

use crate::canon::canonical;
use crate::charset::{by_name, decode, likely};
use crate::contact::Contact;
use crate::content::{Content, Raw, TransferEncoding, is_name};
use crate::error::Error;
use crate::lines::{Logical, Physical, logical, physical};
use crate::media::holds_media;
use crate::place::{Finding, Place, Severity};
use crate::property::{Parameter, Property};
use encoding_rs::Encoding;

/// Reads all cards of a file that is not, or no longer (`decoded`), UTF-16; a broken one is a failure, and the
/// rest goes on.
pub(crate) fn read(file: &Place, bytes: &[u8], decoded: bool) -> (Vec<Contact>, Vec<Finding>) {
    let mut reader =
        Reader { file, bytes, decoded, fallback: None, contacts: Vec::new(), findings: Vec::new() };
    let mut open = Open::default();
    for line in physical(bytes) {
        reader.line(line, &mut open);
    }
    if open.inside {
        reader.refuse(&open.card, &Error::Unterminated { found: "the end of the file" });
    }
    let failed = reader.findings.iter().any(|finding| finding.severity == Severity::Failure);
    if reader.contacts.is_empty() && !failed && !bytes.trim_ascii().is_empty() {
        reader.refuse(&[], &Error::NoCard);
    }
    (reader.contacts, reader.findings)
}

/// The card that is being collected.
#[derive(Default)]
struct Open<'a> {
    /// From its `BEGIN` on.
    card: Vec<Physical<'a>>,
    inside: bool,
    /// Cards within this one.
    depth: u64,
    /// Whether the last line that is not blank was an `AGENT:`, after which a card may begin.
    agent: bool,
    /// Whether the last line was outside of any card and has been told.
    stray: bool,
}

struct Reader<'a> {
    file: &'a Place,
    bytes: &'a [u8],
    /// Whether the file was in UTF-16, so that a `CHARSET` is no longer true of plain bytes.
    decoded: bool,
    /// Of values that are neither UTF-8 nor say what they are; guessed once for the file.
    fallback: Option<&'static Encoding>,
    contacts: Vec<Contact>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn line<'b>(&mut self, line: Physical<'b>, open: &mut Open<'b>) {
        match (line.is_mark("BEGIN"), line.is_mark("END")) {
            (true, _) if open.inside && open.agent => open.depth += 1,
            (true, _) => {
                if open.inside {
                    self.refuse(&open.card, &Error::Unterminated { found: "the next BEGIN:VCARD" });
                }
                *open = Open { inside: true, ..Open::default() };
            }
            (_, true) if open.depth > 0 => open.depth -= 1,
            (_, true) if open.inside => {
                self.card(&open.card);
                *open = Open::default();
                return;
            }
            _ if !open.inside => open.stray = self.stray(line, open.stray),
            _ => {}
        }
        open.agent = open.inside && (line.opens_agent() || open.agent && line.is_blank());
        if open.inside {
            open.card.push(line);
        }
    }

    /// A whole card, without its `END`.
    fn card(&mut self, lines: &[Physical<'_>]) {
        let Some((begin, lines)) = lines.split_first() else { return };
        let place = self.file.at_line(begin.line);
        let version = match version(lines) {
            Ok(version) => version,
            Err(error) => return self.refuse_at(place, lines, &error),
        };
        let first_finding = self.findings.len();
        let mut properties = Vec::new();
        for line in logical(lines, version == Some('2')) {
            properties.extend(self.property(&line));
        }
        if properties.is_empty() {
            return self.refuse_at(place, lines, &Error::Empty);
        }
        let (contact, reasons) = Contact::assemble(place.clone(), properties);
        let name = contact.display_name();
        for finding in &mut self.findings[first_finding..] {
            finding.item.clone_from(&name);
        }
        let unversioned = version.is_none().then(|| "no VERSION: read as 3.0".to_owned());
        let notes = unversioned.into_iter().chain(reasons);
        self.findings.extend(notes.map(|reason| Finding::note(place.clone(), &name, reason)));
        self.contacts.push(contact);
    }

    fn property(&mut self, line: &Logical) -> Option<Property> {
        let Some(Content { group, name, mut parameters, value }) = Content::parse(&line.bytes) else {
            let text = String::from_utf8_lossy(&line.bytes);
            self.note(line.line, format!("a line that is no property is left out: `{}`", shown(&text)));
            return None;
        };
        if MARKS.iter().any(|mark| name.eq_ignore_ascii_case(mark)) {
            let text = String::from_utf8_lossy(&line.bytes);
            self.note(line.line, format!("a mark within the card is left out: `{}`", shown(&text)));
            return None;
        }
        let quoted = take_encoding(&mut parameters) == TransferEncoding::QuotedPrintable;
        let bytes = if quoted { unquote(value) } else { value.to_vec() };
        let charset = take_charset(&mut parameters).filter(|_| quoted || !self.decoded);
        let value = self.decode(line.line, &bytes, charset);
        let parameters = self.parameters(line.line, parameters);
        let group = group.map(|group| String::from_utf8_lossy(group).into_owned());
        let name = String::from_utf8_lossy(name).to_ascii_uppercase();
        // What every card is; some servers stumble over a PROFILE that says it.
        if name == "VERSION" || name == "PROFILE" && value.trim().eq_ignore_ascii_case("VCARD") {
            return None;
        }
        let property = canonical(Property { group, name, parameters, value });
        if holds_media(&property.name) && property.first("ENCODING").is_some() {
            self.note(line.line, format!("{} holds no valid base64: kept as it is", property.name));
        }
        Some(property)
    }

    fn parameters(&mut self, line: u64, parameters: Vec<Raw<'_>>) -> Vec<Parameter> {
        let mut kept = Vec::new();
        for Raw { name, values } in parameters {
            let values: Vec<String> = values.iter().map(|value| self.decode(line, value, None)).collect();
            match std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && is_name(name)) {
                Some(name) => kept.push(Parameter { name: name.to_ascii_uppercase(), values }),
                None => {
                    self.note(
                        line,
                        format!("a parameter without a name is left out: `{}`", values.join(",")),
                    );
                }
            }
        }
        kept
    }

    /// What it says it is, else UTF-8 if it is that, else what the file most likely is.
    fn decode(&mut self, line: u64, bytes: &[u8], charset: Option<&'static Encoding>) -> String {
        let named = charset.filter(|encoding| *encoding != encoding_rs::UTF_8);
        let encoding = match (named, std::str::from_utf8(bytes)) {
            (Some(encoding), _) if !bytes.is_ascii() || !encoding.is_ascii_compatible() => encoding,
            (_, Ok(text)) => return text.to_owned(),
            _ => self.fallback(line),
        };
        let (text, replaced) = decode(encoding, bytes);
        if replaced {
            let reason = format!("not valid {}: the bytes that mean nothing became U+FFFD", encoding.name());
            self.note(line, reason);
        }
        text.into_owned()
    }

    fn fallback(&mut self, line: u64) -> &'static Encoding {
        if let Some(known) = self.fallback {
            return known;
        }
        let encoding = likely(self.bytes);
        self.note(line, format!("not UTF-8, and no charset is given: read as {}", encoding.name()));
        self.fallback.insert(encoding)
    }

    /// Text between the cards, told once a stretch.
    fn stray(&mut self, line: Physical<'_>, told: bool) -> bool {
        let bytes = line.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line.bytes);
        if told || bytes.trim_ascii().is_empty() {
            return told;
        }
        let text = String::from_utf8_lossy(bytes);
        self.note(line.line, format!("text outside of any card is left out: `{}`", shown(&text)));
        true
    }

    fn refuse(&mut self, lines: &[Physical<'_>], error: &Error) {
        let begin = lines.first().map_or(0, |line| line.line);
        self.refuse_at(self.file.at_line(begin), lines, error);
    }

    fn refuse_at(&mut self, place: Place, lines: &[Physical<'_>], error: &Error) {
        let is_name =
            |line: &&Physical<'_>| line.bytes.get(..3).is_some_and(|head| head.eq_ignore_ascii_case(b"FN:"));
        let name = lines.iter().find(is_name).map(|line| String::from_utf8_lossy(&line.bytes[3..]));
        self.findings.push(Finding::failure(place, name.unwrap_or_default(), error.to_string()));
    }

    fn note(&mut self, line: u64, reason: String) {
        self.findings.push(Finding::note(self.file.at_line(line), "", reason));
    }
}

/// The first digit of `VERSION`, by which the folds of 2.1 are known before anything is unfolded.
fn version(lines: &[Physical<'_>]) -> Result<Option<char>, Error> {
    let value = lines.iter().find_map(|line| {
        let Content { name, value, .. } = Content::parse(line.bytes)?;
        name.eq_ignore_ascii_case(b"VERSION").then_some(value)
    });
    let Some(value) = value else { return Ok(None) };
    let text = String::from_utf8_lossy(value).trim().to_owned();
    match text.chars().next() {
        Some(first @ ('2' | '3' | '4')) => Ok(Some(first)),
        _ => Err(Error::Version { found: shown(&text) }),
    }
}

/// Takes `ENCODING` out where it is undone here; base64 stays as one `b`, and what nobody knows as it is.
fn take_encoding(parameters: &mut Vec<Raw<'_>>) -> TransferEncoding {
    let encoding = TransferEncoding::of(parameters);
    let at = parameters.iter().position(|parameter| parameter.is("ENCODING"));
    let mut values = take(parameters, "ENCODING");
    match encoding {
        TransferEncoding::Base64 => values = vec![b"b".to_vec()],
        TransferEncoding::Plain => {
            values.retain(|value| !BARE.iter().any(|bare| value.eq_ignore_ascii_case(bare)));
        }
        TransferEncoding::QuotedPrintable => values.clear(),
    }
    if let Some(at) = at.filter(|_| !values.is_empty()) {
        parameters.insert(at, Raw { name: b"ENCODING", values });
    }
    encoding
}

/// The first `CHARSET` that is one.
fn take_charset(parameters: &mut Vec<Raw<'_>>) -> Option<&'static Encoding> {
    take(parameters, "CHARSET").iter().find_map(|name| by_name(&String::from_utf8_lossy(name)))
}

/// Takes out every parameter of this name: one that is left would be taken for the first the next time.
fn take(parameters: &mut Vec<Raw<'_>>, name: &str) -> Vec<Vec<u8>> {
    parameters.extract_if(.., |parameter| parameter.is(name)).flat_map(|parameter| parameter.values).collect()
}

/// RFC 2045 section 6.7; what is no escape stands for itself.
fn unquote(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(&byte) = value.get(at) {
        let digit = |offset: usize| value.get(at + offset).and_then(|&digit| char::from(digit).to_digit(16));
        let escaped = if byte == b'=' { digit(1).zip(digit(2)) } else { None };
        let (next, length) = match escaped {
            Some((high, low)) => (u8::try_from(high * 16 + low).expect("two hex digits make a byte"), 3),
            None => (byte, 1),
        };
        bytes.push(next);
        at += length;
    }
    bytes
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> String {
    let short: String = text.chars().filter(|character| !character.is_control()).take(60).collect();
    if text.chars().count() > 60 { short + "..." } else { short }
}

/// Encodings that leave the bytes as they are.
const BARE: [&[u8]; 2] = [b"7BIT", b"8BIT"];

/// What opens and closes a card, and so cannot stand within one, not even where a fold or an encoding hid it.
const MARKS: [&[u8]; 2] = [b"BEGIN", b"END"];
