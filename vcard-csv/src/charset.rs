//! What bytes mean: found out, and said.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// The encoding of a file that has a byte order mark, is UTF-16 or is valid UTF-8; and how long the mark is.
pub(crate) fn certain(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Some((encoding, mark));
    }
    if let Some(encoding) = bare_utf16(bytes) {
        return Some((encoding, 0));
    }
    std::str::from_utf8(bytes).is_ok().then_some((UTF_8, 0))
}

/// The likeliest encoding of bytes that are not UTF-8, judged by a bounded sample.
pub(crate) fn likely(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let start = bytes[..first].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let sample = &bytes[start.max(first.saturating_sub(SAMPLE / 2))..];
    let sample = &sample[..sample.len().min(SAMPLE)];
    detector.feed(sample, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // A few letters are the same in several code pages: the commonest is then as true, and no riddle to people.
    let same = |other: &'static Encoding| decode(guess, sample).0 == decode(other, sample).0;
    if guess.is_single_byte() && same(WINDOWS_1252) { WINDOWS_1252 } else { guess }
}

/// Decodes; `true` when some bytes meant nothing and were replaced.
pub(crate) fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> (Cow<'a, str>, bool) {
    encoding.decode_without_bom_handling(bytes)
}

/// The encoding of a `CHARSET` parameter.
pub(crate) fn by_name(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.trim().as_bytes())
}

/// UTF-16 without a mark: text that is mostly ASCII has a zero in every other byte.
fn bare_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(64)];
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&byte| byte == 0).count();
    let half = head.len() / 2;
    match (zeros(0), zeros(1)) {
        _ if half < 4 => None,
        (0, odd) if odd * 4 >= half * 3 => Some(UTF_16LE),
        (even, 0) if even * 4 >= half * 3 => Some(UTF_16BE),
        _ => None,
    }
}

/// The detector makes some 19 MB a second.
const SAMPLE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_found() {
        let utf16: Vec<u8> = "First Name,Müller".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(certain(&utf16), Some((UTF_16LE, 0)));
        assert_eq!(certain(b"\xef\xbb\xbfName"), Some((UTF_8, 3)));
        assert_eq!(certain("Müller".as_bytes()), Some((UTF_8, 0)));
        let latin = b"Vorname,Nachname\nJ\xf6rg,M\xfcller\nStra\xdfe,K\xf6ln\n";
        assert_eq!(certain(latin), None);
        assert_eq!(likely(latin).name(), "windows-1252");
        assert_eq!(likely(b"\"Ois\xedn; Aoife\",\"\xc1ine\"\n").name(), "windows-1252");
        let (czech, _, _) = encoding_rs::WINDOWS_1250.encode("Příliš žluťoučký kůň úpěl ďábelské ódy\n");
        assert_eq!(likely(&czech).name(), "windows-1250");
        let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode("名,姓\n太郎,山田\n日本語の住所録の名前\n");
        assert_eq!(likely(&shift_jis).name(), "Shift_JIS");
    }
}
