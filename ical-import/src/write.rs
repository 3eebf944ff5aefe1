//! Components to bytes (RFC 5545 3.1).

use crate::component::{Component, Property};

/// Writes a component with all that is in it: CR LF, folded at 75 octets and never inside of a UTF-8 sequence.
///
/// Names, parameters and values are written as they are; only a line end inside of one, which no file can hold,
/// becomes `\n`.
pub fn write(component: &Component) -> Vec<u8> {
    let mut out = vec![];
    write_component(&mut out, component);
    out
}

pub(crate) fn write_component(out: &mut Vec<u8>, component: &Component) {
    write_line(out, &format!("BEGIN:{}", component.name));
    for property in &component.properties {
        write_property(out, property);
    }
    for inner in &component.components {
        write_component(out, inner);
    }
    write_line(out, &format!("END:{}", component.name));
}

pub(crate) fn write_property(out: &mut Vec<u8>, property: &Property) {
    let mut line = property.name.clone();
    for parameter in &property.parameters {
        line.push(';');
        line.push_str(&parameter.name);
        if let Some(value) = &parameter.value {
            line.push('=');
            line.push_str(value);
        }
    }
    line.push(':');
    line.push_str(&property.value);
    write_line(out, &line);
}

pub(crate) fn write_line(out: &mut Vec<u8>, line: &str) {
    let escaped;
    let mut rest = line;
    if line.contains(['\r', '\n']) {
        escaped = line.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n");
        rest = &escaped;
    }
    let mut room = LINE;
    while rest.len() > room {
        let (head, tail) = rest.split_at(fold_point(rest, room));
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(b"\r\n ");
        rest = tail;
        room = LINE - 1;
    }
    out.extend_from_slice(rest.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Where to cut: between characters, and not behind an `=`, which vCalendar 1.0 takes for a line break of its own.
fn fold_point(line: &str, room: usize) -> usize {
    let end = line.floor_char_boundary(room);
    match line[..end].trim_end_matches('=').len() {
        0 => end,
        before => before,
    }
}

/// How many octets a line may have, its end not counted.
const LINE: usize = 75;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_folded_between_characters() {
        let mut component = Component::new("VEVENT");
        component.properties.push(Property::new("SUMMARY", "\u{20ac}".repeat(60)));
        let out = String::from_utf8(write(&component)).expect("folded between characters");
        let lines: Vec<&str> = out.split("\r\n").collect();
        assert!(lines.iter().all(|line| line.len() <= 75), "{lines:?}");
        assert!(lines[1].len() >= 73 && lines[2].len() >= 73);
        assert_eq!(
            out.replace("\r\n ", ""),
            format!("BEGIN:VEVENT\r\nSUMMARY:{}\r\nEND:VEVENT\r\n", "\u{20ac}".repeat(60))
        );
    }

    #[test]
    fn a_line_end_in_a_value_cannot_break_the_file() {
        let mut component = Component::new("VEVENT");
        component.properties.push(Property::new("SUMMARY", "a\r\nEND:VEVENT\nb"));
        assert_eq!(write(&component), b"BEGIN:VEVENT\r\nSUMMARY:a\\nEND:VEVENT\\nb\r\nEND:VEVENT\r\n");
    }
}
