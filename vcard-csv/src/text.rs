//! Escaping of values (RFC 6350 section 3.4, RFC 2426 section 4): one canonical form in memory, whatever the
//! version, so that equal content is equal text.

/// What a property's value is made of, and so what is escaped in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `BDAY` and its like: a date, or text.
    Date,
    /// Comma-separated texts: `CATEGORIES`, `NICKNAME`.
    List,
    /// Semicolon-separated components, a comma is text: `ORG`.
    Organisation,
    /// Not known to us: kept to the letter.
    Raw,
    /// Semicolon-separated components of comma-separated texts, at least so many: `N`, `ADR`.
    Structured(usize),
    /// One text.
    Text,
    /// A URI, in which commas and semicolons stand for themselves.
    Uri,
}

impl Kind {
    /// The kind of a property by its name, in upper case.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "ANNIVERSARY" | "BDAY" | "DEATHDATE" => Self::Date,
            "CATEGORIES" | "NICKNAME" => Self::List,
            "ORG" => Self::Organisation,
            "N" => Self::Structured(5),
            "ADR" => Self::Structured(7),
            "CLASS" | "EMAIL" | "FN" | "KIND" | "LABEL" | "MAILER" | "NOTE" | "ROLE" | "SORT-STRING"
            | "TEL" | "TITLE" | "X-ABLABEL" => Self::Text,
            "CALADRURI" | "CALURI" | "FBURL" | "GEO" | "IMPP" | "KEY" | "LOGO" | "MEMBER" | "PHOTO"
            | "RELATED" | "SOUND" | "SOURCE" | "UID" | "URL" => Self::Uri,
            _ => Self::Raw,
        }
    }

    /// The canonical form of a value as a file has it. Canonical text is left as it is.
    pub(crate) fn canonical(self, value: &str) -> String {
        match self {
            Self::Raw => one_line(value),
            Self::Uri => escape_uri(&unescape(value)),
            Self::Text | Self::Date => escape(&unescape(value)),
            Self::List => each(value, ',', |part| escape(&unescape(part))),
            Self::Organisation => {
                let mut parts = split(value, ';');
                while parts.len() > 1 && parts.last().is_some_and(|part| part.is_empty()) {
                    parts.pop();
                }
                parts.into_iter().map(|part| escape(&unescape(part))).collect::<Vec<_>>().join(";")
            }
            Self::Structured(least) => {
                let joined = each(value, ';', |part| each(part, ',', |text| escape(&unescape(text))));
                let missing = least.saturating_sub(split(&joined, ';').len());
                joined + &";".repeat(missing)
            }
        }
    }
}

/// Escapes a text.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in Newlines(text.chars().peekable()) {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\\' | ',' | ';' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Escapes a URI: only what would break the line or the escape itself.
pub(crate) fn escape_uri(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in Newlines(text.chars().peekable()) {
        match character {
            '\n' => escaped.push_str("\\n"),
            '\\' => escaped.push_str("\\\\"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Undoes [`escape`] and [`escape_uri`]; a backslash that escapes nothing stands for itself.
pub(crate) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek()) {
            ('\\', Some('n' | 'N')) => '\n',
            ('\\', Some(&next @ ('\\' | ',' | ';' | ':'))) => next,
            _ => {
                text.push(character);
                continue;
            }
        };
        characters.next();
        text.push(escaped);
    }
    text
}

/// Whether a line is `BEGIN:VCARD` or `END:VCARD`, in any case and with any white space.
pub(crate) fn is_mark(line: &[u8], mark: &str) -> bool {
    let Some(colon) = memchr::memchr(b':', line) else { return false };
    line[..colon].trim_ascii().eq_ignore_ascii_case(mark.as_bytes())
        && line[colon + 1..].trim_ascii().eq_ignore_ascii_case(b"VCARD")
}

/// Splits at separators that are not escaped.
pub(crate) fn split(value: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, character) in value.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == separator => {
                parts.push(&value[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts
}

fn each(value: &str, separator: char, change: impl Fn(&str) -> String) -> String {
    let parts: Vec<String> = split(value, separator).into_iter().map(change).collect();
    parts.join(separator.encode_utf8(&mut [0; 4]))
}

/// A raw value may hold no line end.
fn one_line(value: &str) -> String {
    if !value.contains(['\r', '\n']) {
        return value.to_owned();
    }
    value.replace("\r\n", "\\n").replace(['\r', '\n'], "\\n")
}

/// Every line end as one `\n`.
struct Newlines<I: Iterator<Item = char>>(std::iter::Peekable<I>);

impl<I: Iterator<Item = char>> Iterator for Newlines<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self.0.next()? {
            '\r' => {
                self.0.next_if_eq(&'\n');
                Some('\n')
            }
            other => Some(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_values() {
        for (name, kind, given, canonical) in [
            ("text with loose separators", Kind::Text, "a,b;c", "a\\,b\\;c"),
            ("text already escaped", Kind::Text, "a\\,b\\;c\\nd", "a\\,b\\;c\\nd"),
            ("a backslash for itself", Kind::Text, "C:\\temp", "C:\\\\temp"),
            ("an escaped colon", Kind::Uri, "http\\://example.com/a\\,b", "http://example.com/a,b"),
            ("a list", Kind::List, "a,b\\,c,d;e", "a,b\\,c,d\\;e"),
            ("a short name", Kind::Structured(5), "Doe;John", "Doe;John;;;"),
            ("an organisation", Kind::Organisation, "A, B & Co;Sales;;", "A\\, B & Co;Sales"),
            ("an organisation that ends in a semicolon", Kind::Organisation, "A\\;", "A\\;"),
            ("unknown", Kind::Raw, "a;b,c\\;d\\x", "a;b,c\\;d\\x"),
        ] {
            assert_eq!(kind.canonical(given), canonical, "{name}");
            assert_eq!(kind.canonical(canonical), canonical, "{name}: canonical stays");
        }
    }

    #[test]
    fn any_text_survives_escaping() {
        for text in ["", "\\", "\\n", "a\\,b", "x\ny", ";,;", "\\\\n"] {
            assert_eq!(unescape(&escape(text)), text);
            assert_eq!(unescape(&escape_uri(text)), text);
        }
        assert_eq!(escape("a\r\nb\rc"), "a\\nb\\nc");
    }
}
