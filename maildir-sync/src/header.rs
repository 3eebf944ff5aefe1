//! The one header that a report shows.

use std::io::Read;

use mail_parser::MessageParser;

use crate::unique::printable;

/// The Message-ID, if it stands within the first part of the header; without the angle brackets.
pub(crate) fn message_id(body: impl Read) -> Option<String> {
    let mut start = Vec::new();
    body.take(HEADER).read_to_end(&mut start).ok()?;
    let message = MessageParser::new().with_message_ids().default_header_ignore().parse_headers(&start)?;
    message.message_id().map(|id| printable(id.as_bytes()))
}

/// Enough for the trace of any usual message; a report can do without the rest.
const HEADER: u64 = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_where_it_stands() {
        for (message, expected) in [
            ("From: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nbody", Some("1@example.com")),
            ("message-id:\n <2@example.com>\n\n", Some("2@example.com")),
            ("Subject: none\n\nMessage-ID: <in the body>\n", None),
            ("", None),
            ("\0\u{1}", None),
            ("Message-ID: <a\x1b[1m@example.com>\n\n", Some("a\\u{1b}[1m@example.com")),
        ] {
            assert_eq!(message_id(message.as_bytes()).as_deref(), expected, "{message:?}");
        }
    }
}
