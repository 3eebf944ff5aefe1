//! What a server can do (RFC 9051 section 7.2.2).

use super::code::Code;

/// What a server can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    pub(super) fn from_words(words: &[Vec<u8>]) -> Self {
        Self(words.iter().map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()).collect())
    }

    /// What the code of a greeting or of a login says.
    pub fn from_code(code: Option<&Code>) -> Option<Self> {
        match code {
            Some(Code::Capability(words)) => Some(Self::from_words(words)),
            _ => None,
        }
    }

    /// What stands after `name=`: `APPENDLIMIT=1000`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|capability| capability.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether `name`, in upper case, is among them.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|capability| capability == name)
    }
}
