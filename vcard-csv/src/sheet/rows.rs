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

/// All rows. A quote that is never closed would swallow the rest of the file: reading goes on at the next line.
pub(crate) fn rows(text: &str, delimiter: u8) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut lines = Lines { bytes: text.as_bytes(), at: 0, line: 1 };
    let mut start = 0;
    for attempt in 1.. {
        let Some(last) = read(text, start, delimiter, &mut rows, &mut lines) else { break };
        if !is_open(&text.as_bytes()[last..], delimiter) {
            break;
        }
        let Some(Row::Cells { line, .. }) = rows.pop() else { break };
        // The rows after it were counted as one: count again from there.
        lines = Lines { at: last, line, ..lines };
        if attempt == ATTEMPTS {
            give_up(text, last, &mut rows, &mut lines);
            break;
        }
        let rest = &text[last..];
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        rows.push(Row::Broken { line, text: beginning(&rest[..end]) });
        start = last + end;
    }
    rows
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
    line.trim_end().chars().take(40).collect()
}

/// Reads from an offset on; the offset of the last row.
fn read(
    text: &str,
    start: usize,
    delimiter: u8,
    rows: &mut Vec<Row>,
    lines: &mut Lines<'_>,
) -> Option<usize> {
    let bytes = &text.as_bytes()[start..];
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let mut last = None;
    loop {
        let offset = start + usize::try_from(reader.position().byte()).expect("an offset in memory");
        let blank = text.as_bytes()[offset..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let mut cells = StringRecord::new();
        if !matches!(reader.read_record(&mut cells), Ok(true)) {
            return last;
        }
        last = Some(offset + blank);
        rows.push(Row::Cells { line: lines.number(offset + blank), cells });
    }
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

/// Whether a row ends within quotes.
fn is_open(row: &[u8], delimiter: u8) -> bool {
    let (mut quoted, mut cell_begins) = (false, true);
    let mut bytes = row.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
            }
            b'"' if quoted => quoted = false,
            b'"' if cell_begins => quoted = true,
            _ => {}
        }
        cell_begins = !quoted && (byte == delimiter || matches!(byte, b'\r' | b'\n'));
    }
    quoted
}

/// How many quotes may be open before the rest is given up: each costs a reading of the rest.
const ATTEMPTS: u32 = 16;

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
    }
}
