//! The grammar of one unfolded line (RFC 6350 section 3.3, RFC 2426 section 4, vCard 2.1), as bytes: what they mean
//! is found out later.

/// `contentline = [group "."] name *(";" param) ":" value`
pub(crate) struct Content<'a> {
    pub(crate) group: Option<&'a [u8]>,
    pub(crate) name: &'a [u8],
    pub(crate) parameters: Vec<Raw<'a>>,
    pub(crate) value: &'a [u8],
}

pub(crate) struct Raw<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) values: Vec<Vec<u8>>,
}

/// How a value is to be read (RFC 2045; 3.0 calls base64 `b`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TransferEncoding {
    Base64,
    Plain,
    QuotedPrintable,
}

impl<'a> Content<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        // A quote that is never closed is text.
        let colon = find(line, b':').or_else(|| memchr::memchr(b':', line))?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let mut parts = pieces(head, b';').into_iter();
        let name = parts.next()?.trim_ascii();
        let (group, name) = match name.iter().rposition(|&byte| byte == b'.') {
            Some(dot) => (Some(&name[..dot]), &name[dot + 1..]),
            None => (None, name),
        };
        let is_name = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(is_name) && !bytes.is_empty();
        if !is_name(name) || group.is_some_and(|group| !is_name(group)) {
            return None;
        }
        let parameters = parts.filter(|part| !part.trim_ascii().is_empty()).map(Raw::parse).collect();
        Some(Self { group, name, parameters, value })
    }
}

impl TransferEncoding {
    /// Of all that `ENCODING` says, the first word that means anything counts.
    pub(crate) fn of(parameters: &[Raw<'_>]) -> Self {
        let said = parameters.iter().filter(|parameter| parameter.is("ENCODING"));
        let known = |value: &Vec<u8>| match value.to_ascii_uppercase().as_slice() {
            b"QUOTED-PRINTABLE" => Some(Self::QuotedPrintable),
            b"B" | b"BASE64" => Some(Self::Base64),
            b"7BIT" | b"8BIT" => Some(Self::Plain),
            _ => None,
        };
        said.flat_map(|parameter| &parameter.values).find_map(known).unwrap_or(Self::Plain)
    }
}

impl<'a> Raw<'a> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// `param = name "=" param-value *("," param-value)`; 2.1 also has the value alone.
    fn parse(part: &'a [u8]) -> Self {
        let Some(equals) = memchr::memchr(b'=', part) else { return Self::bare(part.trim_ascii()) };
        let values = pieces(&part[equals + 1..], b',');
        Self { name: part[..equals].trim_ascii(), values: values.into_iter().map(parameter_value).collect() }
    }

    fn bare(value: &'a [u8]) -> Self {
        let name: &[u8] = match value.to_ascii_uppercase().as_slice() {
            b"QUOTED-PRINTABLE" | b"BASE64" | b"8BIT" | b"7BIT" => b"ENCODING",
            b"INLINE" | b"URL" | b"CONTENT-ID" | b"CID" => b"VALUE",
            _ => b"TYPE",
        };
        Self { name, values: vec![value.to_vec()] }
    }
}

/// Without quotes, and with the escapes of RFC 6868 undone.
fn parameter_value(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied().filter(|&byte| byte != b'"').peekable();
    while let Some(byte) = bytes.next() {
        let escaped = match (byte, bytes.peek()) {
            (b'^', Some(b'n')) => b'\n',
            (b'^', Some(b'\'')) => b'"',
            (b'^', Some(b'^')) => b'^',
            _ => {
                text.push(byte);
                continue;
            }
        };
        bytes.next();
        text.push(escaped);
    }
    text
}

/// The first such byte outside of quotes.
fn find(bytes: &[u8], wanted: u8) -> Option<usize> {
    let mut quoted = false;
    bytes.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == wanted && !quoted
    })
}

fn pieces(bytes: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut quoted = false;
    let split = |byte: &u8| {
        quoted ^= *byte == b'"';
        *byte == separator && !quoted
    };
    bytes.split(split).collect()
}

pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
