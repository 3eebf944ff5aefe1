//! A CSV file: its dialect found and said, its rows read.

use super::days::Order;
use super::draft::{Draft, Drafted};
use super::field::Field;
use super::headers::{Exporter, Meaning};
use super::rows::{Row, rows};
use super::values::extension_name;
use crate::canon::canonical;
use crate::charset::{certain, decode, likely};
use crate::contact::{Contact, NAMELESS};
use crate::error::Error;
use crate::place::{Finding, Place};
use csv::{ReaderBuilder, StringRecord};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A column of a CSV file.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Its header as the file has it.
    pub header: String,
    /// Whether the header is understood; cells of other columns are kept as `X-` properties.
    pub mapped: bool,
}

/// What was found out about a CSV file.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Dialect {
    /// Between the cells.
    pub delimiter: u8,
    /// As the encoding standard calls it.
    pub charset: &'static str,
    /// Who wrote it.
    pub exporter: Exporter,
    /// The language of the headers.
    pub language: &'static str,
    /// In the order of the file.
    pub columns: Vec<Column>,
}

/// Reads a file; every row becomes a contact or a failure, and what was found out is a note.
pub(crate) fn read(file: &Place, bytes: &[u8]) -> (Vec<Contact>, Dialect, Vec<Finding>) {
    let mut findings = Vec::new();
    let (text, charset) = text_of(file, bytes, &mut findings);
    let (delimiter, text_start) = delimiter(&text);
    let rows = rows(&text[text_start..], delimiter);
    let mut rows = rows.into_iter().enumerate();
    let header = match rows.next() {
        Some((_, Row::Cells { cells, .. })) => cells,
        _ => StringRecord::new(),
    };
    let headers: Vec<&str> = header.iter().collect();
    let meaning = Meaning::of(&headers);
    let dialect = meaning.dialect(delimiter, charset, &headers);
    if meaning.known() == 0 {
        findings.extend(no_header(file, &text, &headers, rows.len()));
        return (Vec::new(), dialect, findings);
    }
    findings.push(Finding::note(file.clone(), "", dialect.said(&meaning.borrowed)));
    let rows: Vec<(usize, Row)> = rows.collect();
    let mut reader = Reader {
        file,
        headers: &headers,
        meaning: &meaning,
        order: order(&meaning, &rows),
        findings,
        unknown: BTreeMap::new(),
        skipped: text[..text_start].matches('\n').count() as u64,
    };
    let contacts = rows.into_iter().filter_map(|(number, row)| reader.row(number as u64, row)).collect();
    reader.name_unknown_columns();
    (contacts, dialect, reader.findings)
}

fn no_header(file: &Place, text: &str, headers: &[&str], rows: usize) -> Option<Finding> {
    if text.trim().is_empty() {
        return None;
    }
    let found = headers.first().copied().unwrap_or_default().chars().take(40).collect();
    Some(Finding::failure(file.at_line(1), "", Error::Header { found, rows }.to_string()))
}

struct Reader<'a> {
    file: &'a Place,
    headers: &'a [&'a str],
    meaning: &'a Meaning,
    order: Order,
    findings: Vec<Finding>,
    /// Columns without a meaning, with the place of the first cell and how many cells there are.
    unknown: BTreeMap<usize, (Place, u64)>,
    /// Lines before the header.
    skipped: u64,
}

impl Reader<'_> {
    fn row(&mut self, number: u64, row: Row) -> Option<Contact> {
        let at = |line| Place { row: Some(number), ..self.file.at_line(line + self.skipped) };
        match row {
            Row::Broken { line, text } => {
                self.findings.push(Finding::failure(at(line), text, Error::Quote.to_string()));
                None
            }
            Row::Cells { line, cells } => self.cells(at(line), &cells),
        }
    }

    fn cells(&mut self, place: Place, cells: &StringRecord) -> Option<Contact> {
        let first = cells.iter().map(str::trim).find(|cell| !cell.is_empty())?;
        let expected = self.headers.len();
        if cells.iter().skip(expected).any(|cell| !cell.trim().is_empty()) {
            let error = Error::Ragged { expected, found: cells.len() };
            self.findings.push(Finding::failure(place, first, error.to_string()));
            return None;
        }
        let mut draft = Draft::new(self.order);
        for (at, (cell, field)) in cells.iter().zip(&self.meaning.fields).enumerate() {
            let cell = cell.trim();
            if !cell.is_empty() {
                draft.cell(at, self.headers[at], *field, cell);
            }
        }
        let Drafted { properties, mut notes, unknown } = draft.finish();
        let (contact, reasons) =
            Contact::assemble(place.clone(), properties.into_iter().map(canonical).collect());
        if cells.len() < expected {
            let missing = expected - cells.len();
            notes.push((None, format!("the last {missing} of {expected} cells are missing: taken as empty")));
        }
        let name = contact.display_name();
        // That a name is put together is what CSV is like; that there is none has to be said.
        if name == NAMELESS {
            notes.extend(reasons.into_iter().map(|reason| (None, reason)));
        }
        for (column, reason) in notes {
            let place = column.map_or_else(|| place.clone(), |column| place.in_column(&column));
            self.findings.push(Finding::note(place, &name, reason));
        }
        for at in unknown {
            let (_, count) = self.unknown.entry(at).or_insert_with(|| (place.in_column(self.headers[at]), 0));
            *count += 1;
        }
        Some(contact)
    }

    /// One note a column.
    fn name_unknown_columns(&mut self) {
        for (at, (place, count)) in std::mem::take(&mut self.unknown) {
            let name = extension_name(at, self.headers[at]);
            let reason = match self.meaning.fields[at] {
                Field::Unknown => "the column is not known",
                _ => "the column has cells that no card has a property for",
            };
            let place = Place { row: None, ..place };
            self.findings.push(Finding::note(
                place,
                "",
                format!("{reason}: {count} cells are kept as {name}"),
            ));
        }
    }
}

impl Meaning {
    fn dialect(&self, delimiter: u8, charset: &'static str, headers: &[&str]) -> Dialect {
        let column = |(header, field): (&&str, &Field)| Column {
            header: (*header).to_owned(),
            mapped: *field != Field::Unknown,
        };
        Dialect {
            delimiter,
            charset,
            exporter: self.exporter,
            language: self.language,
            columns: headers.iter().zip(&self.fields).map(column).collect(),
        }
    }
}

impl Dialect {
    fn said(&self, borrowed: &[String]) -> String {
        let delimiter = match self.delimiter {
            b'\t' => "tab".to_owned(),
            other => format!("`{}`", char::from(other)),
        };
        let mut said = format!(
            "read as {} CSV ({}), delimiter {delimiter}, charset {}",
            self.exporter, self.language, self.charset
        );
        if !borrowed.is_empty() {
            said += "; columns understood by their names alone: ";
            said += &borrowed.join(", ");
        }
        said
    }
}

fn text_of<'a>(file: &Place, bytes: &'a [u8], findings: &mut Vec<Finding>) -> (Cow<'a, str>, &'static str) {
    let (encoding, mark) = certain(bytes).unwrap_or_else(|| (likely(bytes), 0));
    let (text, replaced) = decode(encoding, &bytes[mark..]);
    if replaced {
        let line = text.split('\n').position(|line| line.contains('\u{fffd}')).unwrap_or(0) as u64 + 1;
        let reason = format!("not valid {}: the bytes that mean nothing became U+FFFD", encoding.name());
        findings.push(Finding::note(file.at_line(line), "", reason));
    }
    (text, encoding.name())
}

/// The delimiter that makes the most known headers of the first row, then the most cells; and where the header
/// begins, after an Excel `sep=;` line.
fn delimiter(text: &str) -> (u8, usize) {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    if let Some(&[delimiter]) = first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        return (delimiter, first.len());
    }
    let score = |delimiter: u8| {
        let mut reader =
            ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(text.as_bytes());
        let mut header = StringRecord::new();
        let read = reader.read_record(&mut header).unwrap_or(false);
        let headers: Vec<&str> = header.iter().take(if read { HEADERS } else { 0 }).collect();
        (Meaning::of(&headers).known(), headers.len())
    };
    // The first of the best.
    let best = DELIMITERS.into_iter().rev().max_by_key(|&delimiter| score(delimiter)).unwrap_or(b',');
    (best, 0)
}

fn order(meaning: &Meaning, rows: &[(usize, Row)]) -> Order {
    let dates: Vec<usize> = (0..meaning.fields.len()).filter(|&at| meaning.fields[at].is_date()).collect();
    let cells = rows.iter().filter_map(|(_, row)| match row {
        Row::Cells { cells, .. } => Some(cells),
        Row::Broken { .. } => None,
    });
    Order::of(cells.flat_map(|cells| dates.iter().filter_map(|&at| cells.get(at))))
}

/// In the order in which they are preferred when all else is equal.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Columns that are looked at to find the delimiter.
const HEADERS: usize = 1000;
