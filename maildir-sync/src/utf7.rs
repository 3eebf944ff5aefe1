//! Modified UTF-7 (RFC 3501 5.1.3), in which Maildir++ writes the names of folders.

/// `mUTF-7`: printable ASCII as it is, `&` as `&-`, everything else as `&`, base64 of UTF-16 with `,` for `/`, `-`.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut shifted = Vec::new();
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            unshift(&mut out, &mut shifted);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            shifted.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    unshift(&mut out, &mut shifted);
    out
}

/// The text, or `None` when the bytes are not what [`encode`] would write.
pub fn decode(bytes: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'&' => {
                let end = memchr::memchr(b'-', rest)?;
                match &rest[..end] {
                    [] => out.push('&'),
                    shifted => out.push_str(&decode_shifted(shifted)?),
                }
                rest = &rest[end + 1..];
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => return None,
        }
    }
    (encode(&out).as_bytes() == bytes).then_some(out)
}

fn unshift(out: &mut String, shifted: &mut Vec<u8>) {
    if shifted.is_empty() {
        return;
    }
    out.push('&');
    for chunk in shifted.chunks(3) {
        let group =
            chunk.iter().fold(0, |group, &byte| group << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        let letters = (0..=chunk.len()).map(|index| ALPHABET[(group >> (18 - 6 * index) & 63) as usize]);
        out.extend(letters.map(char::from));
    }
    out.push('-');
    shifted.clear();
}

fn decode_shifted(letters: &[u8]) -> Option<String> {
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::with_capacity(letters.len()));
    for letter in letters {
        let value = ALPHABET.iter().position(|known| known == letter)?;
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
    if odd.is_empty() { String::from_utf16(&units).ok() } else { None }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_rfc_3501() {
        assert_eq!(encode("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").unwrap(), "~peter/mail/台北/日本語");
    }

    #[test]
    fn names_of_real_folders() {
        for (text, encoded) in [
            ("", ""),
            ("Größe", "Gr&APYA3w-e"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("R&D", "R&-D"),
            ("&&", "&-&-"),
            ("📬", "&2D3c7A-"),
            ("a\tb", "a&AAk-b"),
        ] {
            assert_eq!(encode(text), encoded, "{text}");
            assert_eq!(decode(encoded.as_bytes()).as_deref(), Some(text), "{encoded}");
        }
    }

    #[test]
    fn what_encode_would_not_write_is_refused() {
        for bytes in
            [&b"&"[..], b"&AOk", b"&AGE-", b"&A-", b"&2D0-", b"\xc3\xa9", b"a\x07", b"&AP/-", b"&AOl-"]
        {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn f1_any_bytes(bytes: Vec<u8>) {
            if let Some(text) = decode(&bytes) {
                prop_assert_eq!(encode(&text).into_bytes(), bytes);
            }
        }

        #[test]
        fn f2_write_then_parse(text: String) {
            prop_assert_eq!(decode(encode(&text).as_bytes()), Some(text));
        }
    }
}
