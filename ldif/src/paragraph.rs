//! One record out of its logical lines (RFC 2849 `ldif-attrval-record` and `ldif-change-record`).

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::entry::{Attribute, Description, Entry};
use crate::error::{Error, Fault, Finding, Place, Severity};
use crate::grammar::{self, Spec, Value};
use crate::line::{Lines, Logical};
use crate::record::{Change, ChangeRecord, Control, ModRdn, Modification, Operation, Placed, Record};

/// Opens a URL, or says why not.
pub(crate) type Resolve<'a> = Box<dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a>;

/// What is known of a file while its records are read.
pub(crate) struct Parser<'a> {
    file: Arc<str>,
    pub(crate) version: Option<u32>,
    pub(crate) resolve: Option<Resolve<'a>>,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self { file, version: None, resolve: None }
    }

    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The next record; after an error the lines stand behind the blank line that ends the record at fault.
    pub(crate) fn record(&mut self, lines: &mut Lines<'_>) -> Option<Result<Placed<Record>, Error>> {
        loop {
            let first = lines.find(|line| !line.text.is_empty())?;
            let place = Place { file: Arc::clone(&self.file), line: first.line, byte: first.byte, dn: None };
            let mut paragraph = Paragraph { place, findings: Vec::new(), ended: false, lines, parser: self };
            let result = match paragraph.heading(&first) {
                Ok(None) => continue,
                Ok(Some(dn)) => paragraph.named(dn),
                Err(fault) => Err(fault),
            };
            let result = result.map_err(|fault| Error::new(paragraph.place, fault));
            if result.is_err() && !paragraph.ended {
                lines.skip_record();
            }
            return Some(result);
        }
    }
}

/// The record under way.
struct Paragraph<'p, 'l, 'r> {
    /// The line under way, and the record's name once it is known.
    place: Place,
    findings: Vec<Finding>,
    /// Whether the blank line that ends the record has been read.
    ended: bool,
    lines: &'p mut Lines<'l>,
    parser: &'p mut Parser<'r>,
}

impl<'l> Paragraph<'_, 'l, '_> {
    /// `dn-spec`, or `version-spec`, which is no record and has no name.
    fn heading(&mut self, line: &Logical<'_>) -> Result<Option<String>, Fault> {
        let Some(spec) = grammar::spec(&line.text) else { return Err(self.wrong_line(line)) };
        if spec.name.eq_ignore_ascii_case("version") {
            return self.version(&spec).map(|()| None);
        }
        if !spec.name.eq_ignore_ascii_case("dn") || matches!(spec.value, Value::Url(_)) {
            return Err(Fault::NoDn(excerpt(&line.text)));
        }
        self.text(&spec).map(Some)
    }

    fn version(&mut self, spec: &Spec<'_>) -> Result<(), Fault> {
        let text = self.text(spec)?;
        if text.trim_ascii() != "1" {
            return Err(Fault::Version);
        }
        self.parser.version = Some(1);
        Ok(())
    }

    /// Everything after the name.
    fn named(&mut self, dn: String) -> Result<Placed<Record>, Fault> {
        let place = Place { dn: Some(dn.clone()), ..self.place.clone() };
        self.place.dn = Some(dn.clone());
        let first = self.next_line();
        let value = match first.as_ref().and_then(|line| grammar::spec(&line.text)) {
            Some(spec) if is_change(spec.name) => Record::Change(self.change(dn, first)?),
            _ => Record::Content(Entry { dn, attributes: self.attributes(first)? }),
        };
        Ok(Placed { place, value, findings: std::mem::take(&mut self.findings) })
    }

    /// `*attrval-spec`
    fn attributes(&mut self, first: Option<Logical<'l>>) -> Result<Vec<Attribute>, Fault> {
        let mut attributes = Vec::new();
        let mut next = first;
        while let Some(line) = next {
            let spec = self.spec(&line)?;
            if is_change(spec.name) {
                return Err(self.expected(&line, "an attribute; changetype and control come right after dn"));
            }
            let description = self.description(spec.name)?;
            match self.value(&spec) {
                Ok(value) => attributes.push(Attribute { description, value }),
                Err(fault @ Fault::Url { .. }) => self.find(Severity::Failure, fault.to_string()),
                Err(fault) => return Err(fault),
            }
            next = self.next_line();
        }
        Ok(attributes)
    }

    /// `*control changerecord`
    fn change(&mut self, dn: String, first: Option<Logical<'l>>) -> Result<ChangeRecord, Fault> {
        let (mut controls, mut next) = (Vec::new(), first);
        while let Some(line) = next {
            let spec = self.spec(&line)?;
            if spec.name.eq_ignore_ascii_case("control") {
                controls.push(self.control(&line, &spec)?);
            } else if spec.name.eq_ignore_ascii_case("changetype") {
                let kind = self.text(&spec)?;
                return Ok(ChangeRecord { dn, controls, change: self.change_of(&kind)? });
            } else {
                return Err(self.expected(&line, "changetype: after the controls"));
            }
            next = self.next_line();
        }
        Err(self.expected_at_end("changetype: after the controls"))
    }

    fn change_of(&mut self, kind: &str) -> Result<Change, Fault> {
        match kind.trim_ascii().to_ascii_lowercase().as_str() {
            "add" => {
                let first = self.next_line();
                self.attributes(first).map(Change::Add)
            }
            "delete" => self.end().map(|()| Change::Delete),
            "moddn" | "modrdn" => self.rename().map(Change::ModRdn),
            "modify" => self.modifications().map(Change::Modify),
            _ => Err(Fault::ChangeType),
        }
    }

    /// `control = "control:" FILL ldap-oid 0*1(1*SPACE ("true" / "false")) 0*1(value-spec) SEP`
    fn control(&mut self, line: &Logical<'_>, spec: &Spec<'_>) -> Result<Control, Fault> {
        let Value::Plain(text) = spec.value else { return Err(self.expected(line, "control: and an OID")) };
        let Some(parsed) = grammar::control(text) else { return Err(Fault::Control) };
        let value = parsed.value.map(|value| self.value(&Spec { name: parsed.oid, value })).transpose()?;
        Ok(Control { oid: parsed.oid.to_owned(), critical: parsed.critical, value })
    }

    /// `change-moddn = ... "newrdn:" ... "deleteoldrdn:" FILL ("0" / "1") SEP 0*1("newsuperior:" ...)`
    fn rename(&mut self) -> Result<ModRdn, Fault> {
        let new_rdn = self.keyword("newrdn", "newrdn: after changetype")?;
        let delete_old = match self.keyword("deleteoldrdn", "deleteoldrdn: 0 or 1 after newrdn")?.trim_ascii()
        {
            "0" => false,
            "1" => true,
            _ => {
                let found = "something else".to_owned();
                return Err(Fault::Expected { found, expected: "deleteoldrdn: 0 or 1" });
            }
        };
        let Some(line) = self.next_line() else {
            return Ok(ModRdn { new_rdn, delete_old, new_superior: None });
        };
        let new_superior = self.keyword_in(&line, "newsuperior", "newsuperior: or the end of the record")?;
        self.end()?;
        Ok(ModRdn { new_rdn, delete_old, new_superior: Some(new_superior) })
    }

    /// `change-modify = "modify" SEP *mod-spec`
    fn modifications(&mut self) -> Result<Vec<Modification>, Fault> {
        let mut steps = Vec::new();
        while let Some(line) = self.next_line() {
            let spec = self.spec(&line)?;
            let Some(operation) = operation(spec.name) else {
                return Err(self.expected(&line, "add:, delete:, replace: or increment:"));
            };
            let name = self.text(&spec)?;
            let description = self.description(name.trim_ascii())?;
            let values = self.step_values(&description)?;
            steps.push(Modification { operation, description, values });
        }
        Ok(steps)
    }

    /// `*attrval-spec "-" SEP`; a missing `-` at the end of the record is repaired.
    fn step_values(&mut self, description: &Description) -> Result<Vec<Vec<u8>>, Fault> {
        let mut values = Vec::new();
        while let Some(line) = self.next_line() {
            if grammar::is_separator(&line.text) {
                return Ok(values);
            }
            let spec = self.spec(&line)?;
            if !self.description(spec.name)?.matches(description) {
                return Err(self.expected(&line, "a value of the attribute named before, or -"));
            }
            values.push(self.value(&spec)?);
        }
        self.find(Severity::Note, "the last - of the modify is missing; added".to_owned());
        Ok(values)
    }

    fn keyword(&mut self, name: &str, expected: &'static str) -> Result<String, Fault> {
        match self.next_line() {
            Some(line) => self.keyword_in(&line, name, expected),
            None => Err(self.expected_at_end(expected)),
        }
    }

    fn keyword_in(
        &mut self,
        line: &Logical<'_>,
        name: &str,
        expected: &'static str,
    ) -> Result<String, Fault> {
        let spec = self.spec(line)?;
        if spec.name.eq_ignore_ascii_case(name) {
            self.text(&spec)
        } else {
            Err(self.expected(line, expected))
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.next_line() {
            Some(line) => Err(self.expected(&line, "the end of the record")),
            None => Ok(()),
        }
    }

    fn next_line(&mut self) -> Option<Logical<'l>> {
        let line = if self.ended { None } else { self.lines.next().filter(|line| !line.text.is_empty()) };
        match &line {
            Some(line) => (self.place.line, self.place.byte) = (line.line, line.byte),
            None => self.ended = true,
        }
        line
    }

    fn spec<'t>(&self, line: &'t Logical<'_>) -> Result<Spec<'t>, Fault> {
        grammar::spec(&line.text).ok_or_else(|| self.wrong_line(line))
    }

    fn description(&self, name: &str) -> Result<Description, Fault> {
        name.parse().map_err(|_| Fault::Line(name.to_owned()))
    }

    fn value(&mut self, spec: &Spec<'_>) -> Result<Vec<u8>, Fault> {
        match spec.value {
            Value::Base64(text) => {
                TOLERANT.decode(text.trim_ascii_end()).map_err(|_| Fault::Base64(spec.name.to_owned()))
            }
            Value::Plain(bytes) => Ok(bytes.to_vec()),
            Value::Url(url) => self.resolve(spec.name, &String::from_utf8_lossy(url)),
        }
    }

    fn resolve(&mut self, name: &str, url: &str) -> Result<Vec<u8>, Fault> {
        let opened = match &mut self.parser.resolve {
            Some(resolve) => resolve(url),
            None => Err("nothing is allowed to open it".to_owned()),
        };
        opened.map_err(|reason| Fault::Url { name: name.to_owned(), reason })
    }

    /// A value that has to be text. Latin-1 is recognised by not being UTF-8.
    fn text(&mut self, spec: &Spec<'_>) -> Result<String, Fault> {
        let bytes = self.value(spec)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
            self.find(Severity::Note, format!("{} is not UTF-8; read as Latin-1", spec.name));
            error.as_bytes().iter().map(|&byte| char::from(byte)).collect()
        }))
    }

    fn find(&mut self, severity: Severity, reason: String) {
        let item = self.place.dn.clone().unwrap_or_else(|| "record".to_owned());
        self.findings.push(Finding { severity, place: self.place.clone(), item, reason });
    }

    fn wrong_line(&self, line: &Logical<'_>) -> Fault {
        let continues = matches!(line.text.first(), Some(b' ' | b'\t'));
        if continues { Fault::Continuation } else { Fault::Line(excerpt(&line.text)) }
    }

    fn expected(&self, line: &Logical<'_>, expected: &'static str) -> Fault {
        Fault::Expected { found: format!("{:?}", excerpt(&line.text)), expected }
    }

    fn expected_at_end(&self, expected: &'static str) -> Fault {
        Fault::Expected { found: "the end of the record".to_owned(), expected }
    }
}

fn is_change(name: &str) -> bool {
    name.eq_ignore_ascii_case("changetype") || name.eq_ignore_ascii_case("control")
}

fn operation(name: &str) -> Option<Operation> {
    match name.to_ascii_lowercase().as_str() {
        "add" => Some(Operation::Add),
        "delete" => Some(Operation::Delete),
        "increment" => Some(Operation::Increment),
        "replace" => Some(Operation::Replace),
        _ => None,
    }
}

/// The beginning of a line's name. A value may be a password, and a line without a name may be a piece of one.
fn excerpt(line: &[u8]) -> String {
    let name = memchr::memchr(b':', line).map_or(&b""[..], |colon| &line[..colon]);
    if name.is_empty() {
        return "...".to_owned();
    }
    let shown = &name[..name.len().min(EXCERPT)];
    let more = if shown.len() < name.len() { "..." } else { "" };
    format!("{}{more}", String::from_utf8_lossy(shown))
}

/// Some exporters leave the padding out.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const EXCERPT: usize = 40;
