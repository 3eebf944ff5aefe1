//! Modified UTF-7, in which mailbox names are written (RFC 3501 section 5.1.3).

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::general_purpose::NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// `text` as a mailbox name.
///
/// ```
/// assert_eq!(imap_sync::utf7::encode("Größe & Co"), b"Gr&APYA3w-e &- Co");
/// ```
pub fn encode(text: &str) -> Vec<u8> {
    let mut name = Vec::with_capacity(text.len());
    let mut shifted: Vec<u8> = Vec::new();
    for character in text.chars() {
        match character {
            ' '..='~' => {
                flush(&mut shifted, &mut name);
                name.push(character as u8);
                if character == '&' {
                    name.push(b'-');
                }
            }
            _ => {
                let mut units = [0; 2];
                shifted.extend(character.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
            }
        }
    }
    flush(&mut shifted, &mut name);
    name
}

/// The text of a mailbox name, or `None` when it is no modified UTF-7 in the one form there is for each text.
pub fn decode(name: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'&' => {
                let end = memchr::memchr(b'-', rest)?;
                match &rest[..end] {
                    b"" => text.push('&'),
                    shifted => text.push_str(&unshift(shifted)?),
                }
                rest = &rest[end + 1..];
            }
            b' '..=b'~' => text.push(char::from(byte)),
            _ => return None,
        }
    }
    (encode(&text) == name).then_some(text)
}

fn unshift(shifted: &[u8]) -> Option<String> {
    let bytes = BASE64.decode(shifted).ok()?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    (bytes.len() % 2 == 0).then_some(())?;
    String::from_utf16(&units).ok()
}

fn flush(shifted: &mut Vec<u8>, name: &mut Vec<u8>) {
    if !shifted.is_empty() {
        name.push(b'&');
        name.extend_from_slice(BASE64.encode(&*shifted).as_bytes());
        name.push(b'-');
        shifted.clear();
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, CONFIG);
const CONFIG: GeneralPurposeConfig = NO_PAD.with_decode_padding_mode(DecodePaddingMode::RequireNone);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn example_of_rfc_3501() {
        let text = "~peter/mail/\u{53f0}\u{5317}/\u{65e5}\u{672c}\u{8a9e}";
        assert_eq!(encode(text), b"~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(), Some(text));
    }

    #[test]
    fn what_is_no_modified_utf7() {
        for name in
            [&b"a&"[..], b"&AGE-", b"&Jjo!", b"\xc3\xa4", b"&U,BTFw-&ZeVnLIqe-", b"&2AA-", b"a\tb", b"&A-"]
        {
            assert_eq!(decode(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn f2_write_then_parse(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }

        #[test]
        fn f1_any_bytes(name in any::<Vec<u8>>()) {
            if let Some(text) = decode(&name) {
                prop_assert_eq!(encode(&text), name);
            }
        }
    }
}
