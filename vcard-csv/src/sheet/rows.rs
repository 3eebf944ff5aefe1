//! Rows of a CSV text with the lines they begin at (RFC 4180, and what programs make of it).

use csv::{ReaderBuilder, StringRecord};
use memchr::memchr2_iter;

/// A row, or where one cannot be read.
#[derive(Debug)]
pub(crate) enum Row {
    /// From a quote that is never closed to the end of its line.
    Broken {
        line: u64,
        /// The beginning of the line, to know it by.
        text: String,
    },
    Cells {
        line: u64,
        cells: StringRecord,
    },
}

/// All rows.
///
/// A quote that is never closed, or closed within a cell, swallows rows: the `csv` crate, and every lenient reader,
/// makes one of them without a word. Such a row is broken, and reading goes on at its next line; within what it
/// had swallowed only lines with as many cells as the header are rows.
pub(crate) fn rows(text: &str, delimiter: u8) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lines = Lines { bytes: text.as_bytes(), at: 0, line: 1 };
    let (mut start, mut distrusted) = (0, 0);
    let mut budget = text.len().saturating_mul(READ_AGAIN);
    while let Some(Swallowed { from, to }) = read(text, start, distrusted, delimiter, &mut rows, &mut lines) {
        distrusted = distrusted.max(to);
        let line = &text[from..];
        start = from + line.find(['\r', '\n']).unwrap_or(line.len());
        budget = budget.saturating_sub(to - from);
        if budget == 0 {
            give_up(text, start, &mut rows, &mut lines);
            break;
        }
    }
    rows
}

/// From where to where a row reached that a quote made of several.
struct Swallowed {
    from: usize,
    to: usize,
}

/// Reads from an offset on, up to a row that swallowed others, which is then pushed as broken.
fn read(
    text: &str,
    start: usize,
    distrusted: usize,
    delimiter: u8,
    rows: &mut Vec<Row>,
    lines: &mut Lines<'_>,
) -> Option<Swallowed> {
    let bytes = &text.as_bytes()[start..];
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let header = rows.first().map(Row::cells);
    let position = |reader: &csv::Reader<&[u8]>| {
        start + usize::try_from(reader.position().byte()).expect("an offset in memory")
    };
    loop {
        let offset = position(&reader);
        let blank = text.as_bytes()[offset..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let mut cells = StringRecord::new();
        if !matches!(reader.read_record(&mut cells), Ok(true)) {
            return None;
        }
        let (from, to) = (offset + blank, position(&reader));
        let line = lines.number(from);
        let row = text[from..to].trim_end_matches(['\r', '\n']);
        let swallowed = !is_whole(row.as_bytes(), delimiter);
        if swallowed || from < distrusted && header.is_some_and(|header| header != cells.len()) {
            rows.push(Row::Broken { line, text: beginning(row) });
        } else {
            rows.push(Row::Cells { line, cells });
        }
        if swallowed {
            return Some(Swallowed { from, to });
        }
    }
}

impl Row {
    fn cells(&self) -> usize {
        match self {
            Self::Broken { .. } => 0,
            Self::Cells { cells, .. } => cells.len(),
        }
    }
}

/// Every line from an offset on is one that cannot be read.
fn give_up(text: &str, start: usize, rows: &mut Vec<Row>, lines: &mut Lines<'_>) {
    let mut offset = start;
    for piece in text[start..].split_inclusive('\n') {
        if !piece.trim().is_empty() {
            rows.push(Row::Broken { line: lines.number(offset), text: beginning(piece) });
        }
        offset += piece.len();
    }
}

fn beginning(line: &str) -> String {
    line.split(['\r', '\n']).next().unwrap_or_default().chars().take(40).collect()
}

/// Counts lines up to offsets that only grow.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn number(&mut self, offset: usize) -> u64 {
        for found in memchr2_iter(b'\r', b'\n', &self.bytes[self.at..offset]) {
            let crlf =
                self.bytes[self.at + found] == b'\r' && self.bytes.get(self.at + found + 1) == Some(&b'\n');
            self.line += u64::from(!crlf);
        }
        self.at = offset;
        self.line
    }
}

/// Whether a row's quotes are closed where cells end. On one line a quote within a cell is only text that
/// somebody forgot to escape, and swallows nothing.
fn is_whole(row: &[u8], delimiter: u8) -> bool {
    let (mut quoted, mut cell_begins, mut spans_lines) = (false, true, false);
    let mut bytes = row.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let begins = std::mem::replace(&mut cell_begins, false);
        match (byte, bytes.peek()) {
            (b'"', Some(b'"')) if quoted => drop(bytes.next()),
            (b'"', next) if quoted => {
                quoted = false;
                if spans_lines && next.is_some_and(|&next| next != delimiter) {
                    return false;
                }
            }
            (b'\r' | b'\n', _) => spans_lines = true,
            (b'"', _) if begins => quoted = true,
            _ => cell_begins = !quoted && byte == delimiter,
        }
    }
    !quoted
}

/// How often, on the average, the text may be read again behind quotes before the rest is given up.
const READ_AGAIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |row: Row| match row {
            Row::Broken { line, text } => format!("{line}!{text}"),
            Row::Cells { line, cells } => format!("{line}:{}", cells.iter().collect::<Vec<_>>().join("|")),
        };
        rows(text, b',').into_iter().map(show).collect()
    }

    #[test]
    fn rows_know_their_lines() {
        assert_eq!(shown("a,b\r\n\r\n\"x\r\ny\",2\r\n3,4"), ["1:a|b", "3:x\r\ny|2", "5:3|4"]);
        assert_eq!(shown("a\rb\r\rc"), ["1:a", "2:b", "4:c"]);
        assert_eq!(shown("a,\"say \"\"hi\"\"\",3\" disk\n"), ["1:a|say \"hi\"|3\" disk"]);
        assert_eq!(shown(""), Vec::<String>::new());
    }

    #[test]
    fn an_open_quote_costs_one_row() {
        assert_eq!(shown("a,b\n1,\"x\n3,4\n5,6\n"), ["1:a|b", "2!1,\"x", "3:3|4", "4:5|6"]);
        assert_eq!(shown("a,b\n1,2\n\"x"), ["1:a|b", "2:1|2", "3!\"x"]);
        assert_eq!(shown("a,b\n1,\"x\n3,\"y\n5,6\n"), ["1:a|b", "2!1,\"x", "3!3,\"y", "4:5|6"]);
    }

    #[test]
    fn lines_behind_a_broken_quote_are_rows_only_when_whole() {
        assert_eq!(
            shown("a,b\n1,\"note\nsecond line\n3,4\"x\n5,6\n7\n"),
            ["1:a|b", "2!1,\"note", "3!second line", "4:3|4\"x", "5:5|6", "6:7"]
        );
    }

    #[test]
    fn many_quotes_end_in_giving_up() {
        let text = format!("a,b\n{}", "x,\"\"\"y\n".repeat(300));
        assert_eq!(shown(&text).len(), 301);
    }
}
