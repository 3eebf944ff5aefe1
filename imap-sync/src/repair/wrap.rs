//! The last step: the message as it was, every byte of it, attached to a new one that looks like it in a list.
//!
//! It is attached as bytes in base64, not as `message/rfc822`: that may not be encoded (RFC 2046 section 5.2.1), and whatever
//! the server could not bear would stand before it again.

use super::anatomy::Anatomy;
use super::change::{Change, Step, Steps};
use super::mend::Mend;
use super::recode::Coder;
use super::walk::{Entity, Event};

/// A message being attached.
#[derive(Debug)]
pub(super) struct Wrap {
    /// What is to be written before the first byte.
    head: Option<Vec<u8>>,
    coder: Coder,
}

impl Wrap {
    pub(super) fn new(anatomy: &Anatomy) -> Self {
        let mut head = Vec::new();
        let steps: Steps = [Step::LineEnds, Step::Nul, Step::LongLines, Step::Headers].into_iter().collect();
        let mut mend = Mend::new(anatomy, steps);
        for field in anatomy.envelope.values() {
            let from = head.len();
            mend.event(&Entity::default(), &Event::Field { bytes: field, whole: true }, &mut head);
            if !head.ends_with(b"\n") {
                head.extend_from_slice(b"\r\n");
            }
            // Nothing here can be the reason of another refusal; the original has it as it was.
            let fits = |line: &[u8]| {
                line.strip_suffix(b"\r").unwrap_or(line).len() as u64 <= anatomy.limit.min(MAX_LINE)
            };
            if !head[from..].split(|&byte| byte == b'\n').all(fits) {
                head.truncate(from);
            }
            head[from..].iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        }
        head.extend_from_slice(HEAD);
        Self { head: Some(head), coder: Coder::Base64(Vec::new()) }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend(self.head.take().unwrap_or_default());
        self.coder.text(bytes, out);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.push(b"", out);
        self.coder.finish(out);
        out.extend_from_slice(TAIL);
    }

    pub(super) fn changes() -> Vec<Change> {
        vec![Change::Wrapped]
    }
}

// No line of base64 begins with the delimiter's dashes.
const HEAD: &[u8] = b"MIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=\"=_original\"\r\n\
    \r\n\
    --=_original\r\n\
    Content-Type: text/plain; charset=us-ascii\r\n\
    \r\n\
    The mail server does not accept this message as it is.\r\n\
    It is attached, unchanged.\r\n\
    --=_original\r\n\
    Content-Type: application/octet-stream; name=\"original.eml\"\r\n\
    Content-Disposition: attachment; filename=\"original.eml\"\r\n\
    Content-Transfer-Encoding: base64\r\n\
    \r\n";
const TAIL: &[u8] = b"\r\n--=_original--\r\n";
const MAX_LINE: u64 = 998;
