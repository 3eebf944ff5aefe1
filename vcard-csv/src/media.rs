//! Photos, logos, sounds and keys in the card: `ENCODING=b` in 2.1 and 3.0, a `data:` URI in 4.0.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Inline data: a media type, perhaps empty, and the data as clean base64.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Inline {
    pub(crate) media_type: String,
    pub(crate) base64: String,
}

impl Inline {
    /// Reads `data:image/jpeg;base64,...`; nothing when it is another URI or has parameters of its own.
    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        let rest = uri.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).map(|_| &uri[5..])?;
        let (head, data) = rest.split_once(',')?;
        let media_type = head.strip_suffix(";base64")?.to_ascii_lowercase();
        let base64 = clean(data)?;
        (media_type.is_empty() || is_media_type(&media_type)).then_some(Self { media_type, base64 })
    }

    /// The URI.
    pub(crate) fn to_uri(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.base64)
    }

    /// The media type as a `TYPE` of the property: `JPEG` of a photo's `image/jpeg`.
    pub(crate) fn to_type(&self, property: &str) -> Option<String> {
        let short =
            self.media_type.strip_prefix(default_main(property)).and_then(|rest| rest.strip_prefix('/'));
        match short {
            Some(short) if is_format(short) => Some(short.to_ascii_uppercase()),
            _ => Some(self.media_type.clone()).filter(|media_type| !media_type.is_empty()),
        }
    }
}

/// Whether a property holds inline data as a rule.
pub(crate) fn holds_media(property: &str) -> bool {
    matches!(property, "KEY" | "LOGO" | "PHOTO" | "SOUND")
}

/// The media type that a `TYPE` value of the property means; nothing when it means something else.
pub(crate) fn media_type_of(property: &str, type_value: &str) -> Option<String> {
    if is_media_type(type_value) {
        return Some(type_value.to_owned());
    }
    is_format(type_value).then(|| format!("{}/{type_value}", default_main(property)))
}

/// Base64 without white space and with its padding; nothing when it is none.
pub(crate) fn clean(data: &str) -> Option<String> {
    let bare: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some(TOLERANT.encode(TOLERANT.decode(bare).ok()?))
}

/// Base64 of UTF-8 text.
pub(crate) fn text(data: &str) -> Option<String> {
    let bare: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    String::from_utf8(TOLERANT.decode(bare).ok()?).ok()
}

fn default_main(property: &str) -> &'static str {
    match property {
        "KEY" => "application",
        "SOUND" => "audio",
        _ => "image",
    }
}

fn is_media_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(main, sub)| is_token(main) && is_token(sub))
}

fn is_format(text: &str) -> bool {
    is_token(text) && !matches!(text, "home" | "work" | "pref" | "uri" | "inline")
}

fn is_token(text: &str) -> bool {
    let part = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'+' | b'-' | b'_');
    !text.is_empty() && text.bytes().all(part)
}

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_changes_its_form_and_back() {
        let inline = Inline::from_uri("data:image/JPEG;base64,AA EC").unwrap();
        assert_eq!(inline.to_uri(), "data:image/jpeg;base64,AAEC");
        assert_eq!(inline.to_type("PHOTO").as_deref(), Some("JPEG"));
        assert_eq!(media_type_of("PHOTO", "jpeg").as_deref(), Some("image/jpeg"));
        assert_eq!(media_type_of("PHOTO", "home"), None);
        assert_eq!(inline.to_type("SOUND").as_deref(), Some("image/jpeg"));
        assert_eq!(Inline::from_uri("http://example.com/a.jpg"), None);
        assert_eq!(Inline::from_uri("data:image/png;base64,%%%"), None);
    }
}
