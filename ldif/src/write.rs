//! LDIF out: folded at 76 columns, base64 only where required, one blank line after each record (RFC 2849).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::entry::{Attribute, Entry};
use crate::record::{Change, ChangeRecord, Control, ModRdn, Modification, Operation, Record};

/// Writes an entry as a content record.
pub fn write_entry(entry: &Entry, out: &mut Vec<u8>) {
    line("dn", entry.dn.as_bytes(), out);
    attributes(&entry.attributes, out);
    out.push(b'\n');
}

/// Writes a change record.
pub fn write_change(record: &ChangeRecord, out: &mut Vec<u8>) {
    line("dn", record.dn.as_bytes(), out);
    record.controls.iter().for_each(|it| control(it, out));
    match &record.change {
        Change::Add(values) => {
            line("changetype", b"add", out);
            attributes(values, out);
        }
        Change::Delete => line("changetype", b"delete", out),
        Change::ModRdn(change) => rename(change, out),
        Change::Modify(steps) => {
            line("changetype", b"modify", out);
            steps.iter().for_each(|step| modification(step, out));
        }
    }
    out.push(b'\n');
}

/// Writes a record of either kind.
pub fn write_record(record: &Record, out: &mut Vec<u8>) {
    match record {
        Record::Change(change) => write_change(change, out),
        Record::Content(entry) => write_entry(entry, out),
    }
}

fn attributes(attributes: &[Attribute], out: &mut Vec<u8>) {
    attributes.iter().for_each(|attribute| line(attribute.description.as_str(), &attribute.value, out));
}

fn rename(change: &ModRdn, out: &mut Vec<u8>) {
    line("changetype", b"modrdn", out);
    line("newrdn", change.new_rdn.as_bytes(), out);
    line("deleteoldrdn", if change.delete_old { b"1" } else { b"0" }, out);
    if let Some(superior) = &change.new_superior {
        line("newsuperior", superior.as_bytes(), out);
    }
}

fn modification(step: &Modification, out: &mut Vec<u8>) {
    let keyword = match step.operation {
        Operation::Add => "add",
        Operation::Delete => "delete",
        Operation::Increment => "increment",
        Operation::Replace => "replace",
    };
    line(keyword, step.description.as_str().as_bytes(), out);
    step.values.iter().for_each(|value| line(step.description.as_str(), value, out));
    out.extend_from_slice(b"-\n");
}

/// `control: OID [SP true/false] [value-spec]`
fn control(control: &Control, out: &mut Vec<u8>) {
    let mut text = format!("control: {}", control.oid).into_bytes();
    if control.critical {
        text.extend_from_slice(b" true");
    }
    if let Some(value) = &control.value {
        value_spec(value, &mut text);
    }
    fold(&text, out);
}

fn line(name: &str, value: &[u8], out: &mut Vec<u8>) {
    let mut text = name.as_bytes().to_vec();
    value_spec(value, &mut text);
    fold(&text, out);
}

fn value_spec(value: &[u8], text: &mut Vec<u8>) {
    match value {
        [] => text.push(b':'),
        value if is_safe(value) => {
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
        }
        value => {
            text.extend_from_slice(b":: ");
            text.extend_from_slice(STANDARD.encode(value).as_bytes());
        }
    }
}

/// RFC 2849 `SAFE-STRING`, and note 8: a value that ends in a space is encoded.
fn is_safe(value: &[u8]) -> bool {
    let plain = value.iter().all(|&byte| byte < 0x80 && !matches!(byte, 0 | b'\n' | b'\r'));
    plain && !matches!(value.first(), Some(b' ' | b':' | b'<')) && value.last() != Some(&b' ')
}

fn fold(text: &[u8], out: &mut Vec<u8>) {
    let (first, rest) = text.split_at(text.len().min(COLUMNS));
    out.extend_from_slice(first);
    for part in rest.chunks(COLUMNS - 1) {
        out.extend_from_slice(b"\n ");
        out.extend_from_slice(part);
    }
    out.push(b'\n');
}

/// A line's length, its line end not counted.
const COLUMNS: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &[u8]) -> String {
        let mut out = Vec::new();
        line("cn", value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn base64_only_where_required() {
        let table: &[(&str, &[u8], &str)] = &[
            ("plain", b"Anna", "cn: Anna\n"),
            ("empty", b"", "cn:\n"),
            ("space inside", b"a b", "cn: a b\n"),
            ("colon inside", b"a:b", "cn: a:b\n"),
            ("control character", b"a\tb", "cn: a\tb\n"),
            ("space first", b" a", "cn:: IGE=\n"),
            ("space last", b"a ", "cn:: YSA=\n"),
            ("colon first", b":a", "cn:: OmE=\n"),
            ("less-than first", b"<a", "cn:: PGE=\n"),
            ("line end", b"a\n", "cn:: YQo=\n"),
            ("carriage return", b"a\rb", "cn:: YQ1i\n"),
            ("zero", b"a\0b", "cn:: YQBi\n"),
            ("not ASCII", "\u{e5}".as_bytes(), "cn:: w6U=\n"),
        ];
        for (name, value, expected) in table {
            assert_eq!(written(value), *expected, "{name}");
        }
    }

    #[test]
    fn folded_at_76() {
        assert_eq!(written(&[b'a'; 72]), format!("cn: {}\n", "a".repeat(72)));
        assert_eq!(written(&[b'a'; 73]), format!("cn: {}\n a\n", "a".repeat(72)));
        assert_eq!(written(&[b'a'; 148]), format!("cn: {}\n {}\n a\n", "a".repeat(72), "a".repeat(75)));
    }
}
