//! Header fields in ASCII: encoded words (RFC 2047), parameters (RFC 2231), folding (RFC 5322 section 2.2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::field::{pieces, split, unquoted};

/// A piece of a field's value.
enum Piece {
    Encoded(Vec<u8>),
    Plain(Vec<u8>),
}

/// The field, a line end and all, with its 8-bit characters encoded; `charset` is taken for what is not UTF-8. What has no
/// encoding (a character in an address) stays.
pub(super) fn encode(field: &[u8], charset: &str) -> Vec<u8> {
    let unfolded: Vec<u8> = field.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
    let Some((name, value)) = split(&unfolded) else { return field.to_vec() };
    let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    let line = if is(PARAMETERS) {
        parameters(value, charset)
    } else {
        let pieces = if is(ADDRESSES) { addresses(value) } else { words(value) };
        write(pieces, charset)
    };
    fold(&[name, b":", line.as_slice(), b"\r\n"].concat(), WIDTH)
}

/// A line that is no field, as one: nothing of it is lost.
pub(super) fn name(line: &[u8], charset: &str) -> Vec<u8> {
    let text = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
    let plain = text.iter().all(|byte| (b' '..=b'~').contains(byte) || b"\t\r\n".contains(byte));
    let value = if plain && text.first().is_some_and(u8::is_ascii_graphic) {
        text.to_vec()
    } else {
        write(vec![Piece::Encoded(text.to_vec())], charset)
    };
    fold(&[b"X-Invalid-Header: ", value.as_slice(), b"\r\n"].concat(), WIDTH)
}

/// Puts line ends before spaces, wherever a line is longer than `width` and has some. Lines that are short stay.
pub(super) fn fold(field: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len() + field.len() / 16);
    for line in field.split_inclusive(|&byte| byte == b'\n') {
        if line.len() <= width + 2 {
            out.extend_from_slice(line);
            continue;
        }
        let mut column = 0;
        for (at, word) in spaced(line).enumerate() {
            if at > 1 && column + word.len() > width && !word.trim_ascii().is_empty() {
                out.extend_from_slice(b"\r\n");
                column = 0;
            }
            out.extend_from_slice(word);
            column += word.len();
        }
    }
    out
}

/// Words with the spaces before them.
fn spaced(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let spaces = rest.iter().take_while(|byte| b" \t".contains(byte)).count();
        let word = rest[spaces..].iter().take_while(|byte| !b" \t".contains(byte)).count();
        let (now, later) = rest.split_at(spaces + word);
        rest = later;
        (!now.is_empty()).then_some(now)
    })
}

/// Unstructured text: the words that need it, with the spaces between them.
fn words(value: &[u8]) -> Vec<Piece> {
    let mut out = Vec::new();
    for word in spaced(value) {
        let (spaces, text) = word.split_at(word.len() - word.trim_ascii_start().len());
        out.push(Piece::Plain(spaces.to_vec()));
        out.push(if text.is_ascii() { Piece::Plain(text.to_vec()) } else { Piece::Encoded(text.to_vec()) });
    }
    merge(out)
}

/// `phrase "<" addr-spec ">"`, comments and all (RFC 5322 section 3.4).
fn addresses(value: &[u8]) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some(&first) = rest.first() {
        let len = match first {
            b'"' => quoted(rest, b'"', b'"'),
            b'(' => quoted(rest, b'(', b')'),
            b'<' => memchr::memchr(b'>', rest).map_or(rest.len(), |at| at + 1),
            _ if SPECIALS.contains(&first) => 1,
            _ => rest.iter().position(|byte| SPECIALS.contains(byte)).unwrap_or(rest.len()),
        };
        let (token, later) = rest.split_at(len);
        rest = later;
        let address = first == b'<' || token.contains(&b'@') && first != b'"' && first != b'(';
        match first {
            _ if token.is_ascii() || address => out.push(Piece::Plain(token.to_vec())),
            b'(' => {
                let inside = token[1..].strip_suffix(b")").unwrap_or(&token[1..]);
                out.push(Piece::Plain(b"(".to_vec()));
                out.push(Piece::Encoded(inside.to_vec()));
                out.push(Piece::Plain(b")".to_vec()));
            }
            _ => out.push(Piece::Encoded(unquoted(token))),
        }
    }
    spread(merge(out))
}

/// How long a quoted string or a comment is, nested ones counted, not called.
fn quoted(text: &[u8], open: u8, close: u8) -> usize {
    let (mut depth, mut escaped) = (0u64, false);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == close && at > 0 => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ if byte == open => depth += 1,
            _ => {}
        }
    }
    text.len()
}

/// Joins what is to be encoded across spaces: the spaces between two encoded words are not seen by readers (RFC 2047
/// section 6.2), so they are encoded too, also those beside words that are encoded already.
fn merge(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let is_word = |text: &[u8]| text.starts_with(b"=?") && text.ends_with(b"?=");
    for piece in pieces {
        let spaces = match out.as_slice() {
            [.., before, Piece::Plain(spaces)] if spaces.trim_ascii().is_empty() && !spaces.is_empty() => {
                Some((before, spaces.clone()))
            }
            _ => None,
        };
        match (spaces, piece) {
            (Some((Piece::Encoded(_), spaces)), Piece::Encoded(text)) => {
                out.pop();
                if let Some(Piece::Encoded(before)) = out.last_mut() {
                    before.extend(spaces);
                    before.extend(text);
                }
            }
            (Some((Piece::Plain(before), spaces)), Piece::Encoded(text)) if is_word(before) => {
                out.push(Piece::Encoded([spaces, text].concat()));
            }
            (Some((Piece::Encoded(_), spaces)), Piece::Plain(text)) if is_word(&text) => {
                let at = out.len() - 2;
                if let Some(Piece::Encoded(before)) = out.get_mut(at) {
                    before.extend(spaces);
                }
                out.push(Piece::Plain(text));
            }
            (_, piece) => out.push(piece),
        }
    }
    out
}

/// Encoded words stand alone (RFC 2047 section 5).
fn spread(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces {
        let space = match (out.last(), &piece) {
            (Some(Piece::Encoded(_)), Piece::Plain(text)) => {
                !text.first().is_some_and(|byte| b" \t),;:".contains(byte))
            }
            (Some(Piece::Plain(text)), Piece::Encoded(_)) => {
                !text.last().is_some_and(|byte| b" \t(".contains(byte))
            }
            (Some(_), _) => false,
            (None, _) => false,
        };
        if space {
            out.push(Piece::Plain(b" ".to_vec()));
        }
        out.push(piece);
    }
    out
}

fn write(pieces: Vec<Piece>, charset: &str) -> Vec<u8> {
    let mut line = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(text) => line.extend(text),
            Piece::Encoded(text) => {
                let charset = if str::from_utf8(&text).is_ok() { "utf-8" } else { charset };
                let words = chunks(&text, (MAX_WORD - "=??b??=".len() - charset.len()) / 4 * 3);
                let words: Vec<String> =
                    words.map(|chunk| format!("=?{charset}?b?{}?=", STANDARD.encode(chunk))).collect();
                line.extend_from_slice(words.join(" ").as_bytes());
            }
        }
    }
    line
}

/// Pieces of at most `size` bytes, none of which ends within a character of UTF-8.
fn chunks(text: &[u8], size: usize) -> impl Iterator<Item = &[u8]> {
    let utf8 = str::from_utf8(text).ok();
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut len = rest.len().min(size);
        while let Some(utf8) = utf8
            && !utf8.is_char_boundary(text.len() - rest.len() + len)
        {
            len -= 1;
        }
        let (now, later) = rest.split_at(len);
        rest = later;
        (!now.is_empty()).then_some(now)
    })
}

/// `name*=charset''value` for each parameter that needs it (RFC 2231 sections 3 and 4).
fn parameters(value: &[u8], charset: &str) -> Vec<u8> {
    let mut out: Vec<Vec<u8>> = Vec::new();
    for piece in pieces(value) {
        let equals = memchr::memchr(b'=', piece).filter(|_| !piece.is_ascii() && !out.is_empty());
        // A boundary in another writing is no boundary any more.
        let fits =
            |name: &[u8]| name.is_ascii() && !name.contains(&b'*') && !name.eq_ignore_ascii_case(b"boundary");
        let Some(equals) = equals.filter(|&at| fits(piece[..at].trim_ascii())) else {
            out.push(piece.to_vec());
            continue;
        };
        let (name, text) = (piece[..equals].trim_ascii(), unquoted(piece[equals + 1..].trim_ascii()));
        let charset = if str::from_utf8(&text).is_ok() { "utf-8" } else { charset };
        let parts: Vec<String> = chunks(&text, 18).map(percent).collect();
        let name = String::from_utf8_lossy(name);
        if let [part] = parts.as_slice() {
            out.push(format!(" {name}*={charset}''{part}").into_bytes());
            continue;
        }
        for (at, part) in parts.iter().enumerate() {
            let charset = if at == 0 { format!("{charset}''") } else { String::new() };
            out.push(format!(" {name}*{at}*={charset}{part}").into_bytes());
        }
    }
    out.join(&b';')
}

fn percent(text: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.iter().map(one).collect()
}

const ADDRESSES: &[&str] = &[
    "Bcc",
    "Cc",
    "Disposition-Notification-To",
    "From",
    "Reply-To",
    "Resent-Bcc",
    "Resent-Cc",
    "Resent-From",
    "Resent-Reply-To",
    "Resent-Sender",
    "Resent-To",
    "Sender",
    "To",
];
const PARAMETERS: &[&str] = &["Content-Disposition", "Content-Type"];
const SPECIALS: &[u8] = b" \t\"(<,;:";
/// Shorter than it might be (75), so that the field's name fits before it.
const MAX_WORD: usize = 56;
/// Lines of header fields that we write (RFC 5322 section 2.1.1).
pub(super) const WIDTH: usize = 76;

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::{HeaderName, MessageParser, MimeHeaders};

    #[test]
    fn encoded_fields_say_what_they_said() {
        let long = "gr\u{fc}\u{df}e aus k\u{f6}ln ".repeat(20);
        for subject in [
            "Gr\u{fc}\u{df}e",
            "a Gr\u{fc}\u{df}e b",
            "\u{fc} \u{fc}  \u{fc}",
            "=?utf-8?q?a?= b\u{fc} =?utf-8?q?c?=",
            long.trim_end(),
            "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{4ef6}\u{540d}\u{3067}\u{3059}\u{3068}\u{3066}\u{3082}\u{9577}\u{3044}\u{4ef6}\u{540d}",
        ] {
            let field = encode(format!("Subject: {subject}\r\n").as_bytes(), "windows-1252");
            assert!(
                field.is_ascii() && field.split(|&byte| byte == b'\n').all(|line| line.len() <= 78),
                "{}",
                String::from_utf8_lossy(&field)
            );
            let message = [field.as_slice(), b"\r\nx"].concat();
            let parsed = MessageParser::new().parse(&message).unwrap();
            let wanted = subject.replace("=?utf-8?q?a?=", "a").replace("=?utf-8?q?c?=", "c");
            assert_eq!(parsed.subject(), Some(wanted.as_str()));
        }
    }

    #[test]
    fn addresses_stay_addresses() {
        for (name, value, people) in [
            (
                "phrase",
                "J\u{f6}rg M\u{fc}ller <j@example.com>",
                vec![("J\u{f6}rg M\u{fc}ller", "j@example.com")],
            ),
            (
                "quoted",
                "\"M\u{fc}ller, \\\"J\\\"\"<j@example.com>",
                vec![("M\u{fc}ller, \"J\"", "j@example.com")],
            ),
            (
                "several",
                "A B <a@example.com>, \u{d6} <o@example.com>,C <c@example.com>",
                vec![("A B", "a@example.com"), ("\u{d6}", "o@example.com"), ("C", "c@example.com")],
            ),
        ] {
            let message =
                [encode(format!("To: {value}\r\n").as_bytes(), "windows-1252").as_slice(), b"\r\nx"].concat();
            assert!(message.is_ascii(), "{name}");
            let parsed = MessageParser::new().parse(&message).unwrap();
            let found: Vec<_> =
                parsed.to().unwrap().iter().map(|to| (to.name().unwrap(), to.address().unwrap())).collect();
            assert_eq!(found, people, "{name}");
        }
        let comment = encode("To: j@example.com (J\u{f6}rg (x))\r\n".as_bytes(), "windows-1252");
        assert_eq!(comment, b"To: j@example.com (=?utf-8?b?SsO2cmcgKHgp?=)\r\n");
        let address = "To: j\u{f6}rg@example.com\r\n".as_bytes();
        assert_eq!(encode(address, "windows-1252"), address);
        let boundary = "Content-Type: multipart/mixed; boundary=\"\u{e9}\"\r\n".as_bytes();
        assert_eq!(encode(boundary, "windows-1252"), boundary);
    }

    #[test]
    fn file_names_are_encoded_as_parameters() {
        for file in [
            "\u{e4}.txt",
            "ein sehr langer Name mit \u{fc}berall \u{f6}fter \u{e4}hnlichen Zeichen, und; Semikolon.txt",
        ] {
            let field = encode(
                format!("Content-Disposition: attachment; filename=\"{file}\"; size=3\r\n").as_bytes(),
                "windows-1252",
            );
            assert!(field.is_ascii());
            let message = [b"Content-Type: image/png\r\n", field.as_slice(), b"\r\nx"].concat();
            let parsed = MessageParser::new().parse(&message).unwrap();
            assert_eq!(parsed.attachment_name(), Some(file), "{}", String::from_utf8_lossy(&field));
        }
    }

    #[test]
    fn what_is_not_utf_8_is_kept_under_a_charset() {
        let message = [encode(b"Subject: Gr\xfc\xdfe\r\n", "iso-8859-1").as_slice(), b"\r\nx"].concat();
        assert!(message.starts_with(b"Subject: =?iso-8859-1?b?R3L832U=?=\r\n"));
        let parsed = MessageParser::new().parse(&message).unwrap();
        assert_eq!(parsed.header(HeaderName::Subject).and_then(|it| it.as_text()), Some("Gr\u{fc}\u{df}e"));
    }

    #[test]
    fn lines_without_a_name_get_one() {
        for (line, field) in [
            ("no colon\r\n", "X-Invalid-Header: no colon\r\n"),
            ("From me Mon\n", "X-Invalid-Header: From me Mon\r\n"),
            ("n\u{f6}: x\r\n", "X-Invalid-Header: =?utf-8?b?bsO2OiB4?=\r\n"),
            (" led: x\r\n", "X-Invalid-Header: =?utf-8?b?IGxlZDogeA==?=\r\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&name(line.as_bytes(), "windows-1252")), field);
        }
    }

    #[test]
    fn folding_only_adds_line_ends() {
        let field = format!("References: {}\r\n", "<0123456789@example.com> ".repeat(30));
        let folded = fold(field.as_bytes(), WIDTH);
        assert!(folded.split(|&byte| byte == b'\n').all(|line| line.len() <= 78));
        let unfolded: Vec<u8> = folded.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
        assert_eq!(unfolded, field.trim_end_matches(['\r', '\n']).as_bytes());
    }

    proptest::proptest! {
        #[test]
        fn f1_any_bytes(text in proptest::collection::vec(proptest::num::u8::ANY, 0..80), kind in 0..3usize) {
            let field = [["To: ", "Subject: ", "Content-Type: "][kind].as_bytes(), &text, b"\r\n"].concat();
            encode(&field, "windows-1252");
            name(&text, "windows-1252");
            fold(&field, 10);
        }
    }
}
