//! What can be done to a message that a server refuses, and what was done to it.

use std::fmt;

/// One kind of repair, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Lines end in CRLF (RFC 5322 section 2.3): carriage returns and line feeds that stand alone become one.
    LineEnds,
    /// No NUL: a body that holds one is encoded, elsewhere it becomes a question mark. For servers without BINARY (RFC 3516).
    Nul,
    /// No line longer than the limit (RFC 5322 section 2.1.1): bodies are encoded, header fields folded.
    LongLines,
    /// Header fields of ASCII (RFC 2047, RFC 2231), each with a name; the empty line after them.
    Headers,
    /// The message as it was, every byte of it, attached to a new one.
    Wrap,
}

/// Some repairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Steps(u8);

impl Steps {
    /// None.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub fn with(self, step: Step) -> Self {
        Self(self.0 | 1 << step as u8)
    }

    /// Whether it is among them.
    pub fn contains(self, step: Step) -> bool {
        self.0 & 1 << step as u8 != 0
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The least first.
    pub fn iter(self) -> impl Iterator<Item = Step> {
        Step::ALL.into_iter().filter(move |step| self.contains(*step))
    }
}

impl Step {
    /// All, the least first.
    pub const ALL: [Self; 5] = [Self::LineEnds, Self::Nul, Self::LongLines, Self::Headers, Self::Wrap];
}

impl FromIterator<Step> for Steps {
    fn from_iter<T: IntoIterator<Item = Step>>(steps: T) -> Self {
        steps.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Change {
    /// The bodies of so many parts were encoded, or encoded in shorter lines; what they say is the same.
    Encoded(u64),
    /// So many header fields were encoded.
    FieldsEncoded {
        /// How many.
        fields: u64,
        /// The charset assumed for those that are not UTF-8. Their bytes are kept.
        assumed: Option<String>,
    },
    /// So many header fields were folded.
    FieldsFolded(u64),
    /// So many lines of headers were no fields, and are now fields that hold them.
    FieldsNamed(u64),
    /// So many line ends became CRLF.
    LineEnds(u64),
    /// So many NULs became question marks.
    NulReplaced(u64),
    /// The empty line between header and body was put in.
    Separated,
    /// Something inside of a signed part was changed: the signature does not hold any more.
    SignatureBroken,
    /// The message is attached to a new one, every byte of it.
    Wrapped,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoded(parts) => write!(f, "the bodies of {parts} part(s) were encoded anew"),
            Self::FieldsEncoded { fields, assumed: None } => {
                write!(f, "{fields} header field(s) were encoded")
            }
            Self::FieldsEncoded { fields, assumed: Some(charset) } => {
                write!(f, "{fields} header field(s) were encoded, as {charset} where not UTF-8")
            }
            Self::FieldsFolded(fields) => write!(f, "{fields} header field(s) were folded"),
            Self::FieldsNamed(lines) => {
                write!(f, "{lines} header line(s) without a name are now in X-Invalid-Header")
            }
            Self::LineEnds(ends) => write!(f, "{ends} line end(s) became CRLF"),
            Self::NulReplaced(nul) => write!(f, "{nul} NUL character(s) became question marks"),
            Self::Separated => f.write_str("an empty line was put between header and body"),
            Self::SignatureBroken => f.write_str("its signature does not hold any more"),
            Self::Wrapped => f.write_str("the original is attached to a new message"),
        }
    }
}
