//! Cuts the stream into responses.
//!
//! A response is a line, or lines joined by literals (RFC 9051 section 4.3). The framer knows nothing else, so that
//! a response that cannot be parsed never costs the alignment of the stream. What is clever here:
//!
//! - Small literals stay in the response, as `{n}` CRLF and their bytes. A large one is handed out in pieces of
//!   fixed size, and in the response LF `{n}` stands for it, which nobody can send: an LF ends a line. `token` reads it.
//! - Quotes are not looked at: a literal's mark is only at the very end of a line, where a quoted string cannot be
//!   open in a correct response, and servers that forget to escape a quote must not make us miss one.
//! - Status responses and continuations end in text for people, which may look like a literal's mark and is none.

/// What comes out of the stream. The same for any way of cutting it into pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A piece of the large literal at hand.
    Chunk(Vec<u8>),
    /// A large literal begins; this is the response before it.
    Large {
        /// The response before it.
        head: Vec<u8>,
        /// Its size.
        size: u64,
    },
    /// A whole response, without its line end.
    Response(Vec<u8>),
}

/// Why a stream cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A literal's size is no number that makes sense.
    #[error("a literal of absurd size")]
    Literal,
    /// A response is too long.
    #[error("a response of more than {MAX_RESPONSE} bytes")]
    Long,
}

/// Cuts a stream into responses. Feed it, then take events until there are none.
#[derive(Debug, Default)]
pub struct Framer {
    /// Bytes from the server, of which those before `at` are done with.
    input: Vec<u8>,
    at: usize,
    response: Vec<u8>,
    /// Where the current line begins in `response`.
    line: usize,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Line,
    /// So many bytes of a small literal are to come.
    Small(u64),
    /// So many bytes of a large literal are to come.
    Large(u64),
    Broken(FrameError),
}

impl Framer {
    /// A framer at the start of a response.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the server.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.input.drain(..self.at);
            self.at = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    /// Whether it has nothing that was not handed out: the stream is between two responses.
    pub fn is_empty(&self) -> bool {
        self.left().is_empty() && self.response.is_empty() && matches!(self.state, State::Line)
    }

    /// The next event; `None` when more bytes are needed. After an error there is only that error.
    pub fn take(&mut self) -> Result<Option<Event>, FrameError> {
        loop {
            let step = match &self.state {
                State::Line => self.line(),
                State::Small(left) => Ok(self.small(*left)),
                State::Large(left) => Ok(self.large(*left)),
                State::Broken(error) => return Err(error.clone()),
            };
            match step {
                Ok(Step::Event(event)) => return Ok(Some(event)),
                Ok(Step::Again) => {}
                Ok(Step::Wait) => return Ok(None),
                Err(error) => self.state = State::Broken(error),
            }
        }
    }

    fn left(&self) -> &[u8] {
        &self.input[self.at..]
    }

    fn line(&mut self) -> Result<Step, FrameError> {
        let end = memchr::memchr(b'\n', self.left()).map(|at| at + 1);
        let take = end.unwrap_or(self.left().len());
        if self.response.len() + take > MAX_RESPONSE {
            return Err(FrameError::Long);
        }
        self.move_to_response(take);
        if end.is_none() {
            return Ok(Step::Wait);
        }
        while matches!(self.response.last(), Some(b'\r' | b'\n')) && self.response.len() > self.line {
            self.response.pop();
        }
        match self.literal()? {
            None => Ok(Step::Event(Event::Response(self.finish()))),
            Some(size) if size <= MAX_SMALL => {
                self.response.reserve(usize::try_from(size).unwrap_or_default() + LINE_AFTER);
                self.response.extend_from_slice(b"\r\n");
                self.state = State::Small(size);
                Ok(Step::Again)
            }
            Some(size) => Ok(Step::Event(self.begin_large(size))),
        }
    }

    fn move_to_response(&mut self, count: usize) {
        self.response.extend_from_slice(&self.input[self.at..self.at + count]);
        self.at += count;
    }

    /// The size of the literal announced at the end of the line: `{n}`, `{n+}` or `~{n}`.
    fn literal(&self) -> Result<Option<u64>, FrameError> {
        let line = &self.response[self.line..];
        if self.line == 0 && ends_in_text(line) {
            return Ok(None);
        }
        let Some(open) = line.strip_suffix(b"}").and_then(|line| memchr::memrchr(b'{', line)) else {
            return Ok(None);
        };
        let digits = &line[open + 1..line.len() - 1];
        let digits = digits.strip_suffix(b"+").unwrap_or(digits);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Ok(None);
        }
        let size = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        size.filter(|&size| size <= MAX_LARGE).map(Some).ok_or(FrameError::Literal)
    }

    fn begin_large(&mut self, size: u64) -> Event {
        let mark = memchr::memrchr(b'{', &self.response).unwrap_or(self.response.len());
        self.response.truncate(mark);
        if self.response.last() == Some(&b'~') {
            self.response.pop();
        }
        let head = self.response.clone();
        self.response.extend_from_slice(format!("\n{{{size}}}").as_bytes());
        self.line = self.response.len();
        self.state = State::Large(size);
        Event::Large { head, size }
    }

    fn small(&mut self, left: u64) -> Step {
        let take = self.left().len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.move_to_response(take);
        let left = left - take as u64;
        if left > 0 {
            self.state = State::Small(left);
            return Step::Wait;
        }
        self.line = self.response.len();
        self.state = State::Line;
        Step::Again
    }

    fn large(&mut self, left: u64) -> Step {
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
        if self.left().len() < want {
            return Step::Wait;
        }
        let left = left - want as u64;
        self.state = if left == 0 { State::Line } else { State::Large(left) };
        let chunk = self.left()[..want].to_vec();
        self.at += want;
        Step::Event(Event::Chunk(chunk))
    }

    fn finish(&mut self) -> Vec<u8> {
        self.line = 0;
        std::mem::take(&mut self.response)
    }
}

enum Step {
    Again,
    Event(Event),
    Wait,
}

/// `+ text`, or `TAG OK text` and its like, whatever spaces there are.
fn ends_in_text(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let conditions: [&[u8]; 5] = [b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"];
    first == b"+" || conditions.iter().any(|word| second.eq_ignore_ascii_case(word))
}

/// Of a response without its large literals.
const MAX_RESPONSE: usize = 4 * 1024 * 1024;
const MAX_SMALL: u64 = 64 * 1024;
const MAX_LARGE: u64 = 1 << 40;
const CHUNK: usize = 16 * 1024;
/// What mostly suffices for what follows a literal.
const LINE_AFTER: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(input: &[u8], size: usize) -> (Vec<Event>, Option<FrameError>) {
        let (mut framer, mut all) = (Framer::new(), Vec::new());
        for piece in input.chunks(size.max(1)) {
            framer.feed(piece);
            loop {
                match framer.take() {
                    Ok(Some(event)) => all.push(event),
                    Ok(None) => break,
                    Err(error) => return (all, Some(error)),
                }
            }
        }
        (all, None)
    }

    fn responses(input: &[u8]) -> Vec<String> {
        let text = |event| match event {
            Event::Response(response) => response.escape_ascii().to_string(),
            other => format!("{other:?}"),
        };
        events(input, usize::MAX).0.into_iter().map(text).collect()
    }

    #[test]
    fn lines_and_literals() {
        for (name, input, expected) in [
            ("line", &b"* OK hello\r\n"[..], &["* OK hello"][..]),
            ("bare LF", b"* OK a\n* OK b\n", &["* OK a", "* OK b"]),
            ("unended", b"* OK a", &[]),
            ("literal", b"* LIST () \"/\" {3}\r\na\rb\r\n", &["* LIST () \\\"/\\\" {3}\\r\\na\\rb"]),
            (
                "literal with a line in it",
                b"* X {4}\r\na\r\nb c\r\n* Y\r\n",
                &["* X {4}\\r\\na\\r\\nb c", "* Y"],
            ),
            ("literal8", b"* X ~{1}\r\n\0)\r\n", &["* X ~{1}\\r\\n\\x00)"]),
            ("two literals", b"* X {1}\r\na {1}\r\nb\r\n", &["* X {1}\\r\\na {1}\\r\\nb"]),
            ("empty literal", b"* X {0}\r\n)\r\n", &["* X {0}\\r\\n)"]),
            ("literal then mark in its bytes", b"* X {3}\r\n{9}\r\n* Y\r\n", &["* X {3}\\r\\n{9}", "* Y"]),
            ("text that looks like a literal", b"a1 OK done {5}\r\n* Y\r\n", &["a1 OK done {5}", "* Y"]),
            ("such text after two spaces", b"*  NO  no {5}\r\n* Y\r\n", &["*  NO  no {5}", "* Y"]),
            ("such text in lower case", b"* bye {5}\r\n* Y\r\n", &["* bye {5}", "* Y"]),
            ("such text to go on", b"+ {5}\r\n* Y\r\n", &["+ {5}", "* Y"]),
            ("a literal that does not wait", b"* X {1+}\r\na)\r\n", &["* X {1+}\\r\\na)"]),
            ("a literal8 that does not wait", b"* X ~{1+}\r\n\0)\r\n", &["* X ~{1+}\\r\\n\\x00)"]),
            ("literal after a bare LF", b"* X {1}\na)\n* Y\n", &["* X {1}\\r\\na)", "* Y"]),
            ("mark in quotes", b"* X \"{3}\"\r\n* Y\r\n", &["* X \\\"{3}\\\"", "* Y"]),
            (
                "mark in quotes that are not closed",
                b"* X \"a {1}\r\n\"\r\n* Y\r\n",
                &["* X \\\"a {1}\\r\\n\\\"", "* Y"],
            ),
            ("nothing in braces", b"* X {}\r\n* Y {+}\r\n", &["* X {}", "* Y {+}"]),
            ("signs", b"* X {-1}\r\n* Y {1 }\r\n", &["* X {-1}", "* Y {1 }"]),
            ("empty lines", b"\r\n\n* Y\r\n", &["", "", "* Y"]),
            ("many CRs", b"* X\r\r\n* Y\r\n", &["* X", "* Y"]),
            ("what no parser knows", b"* \x00(((\r\n) ] {x\r\n* Y\r\n", &["* \\x00(((", ") ] {x", "* Y"]),
            ("no number", b"* X {a}\r\n", &["* X {a}"]),
            ("unescaped quote", b"* X \"a\"b\" {1}\r\nc\r\n", &["* X \\\"a\\\"b\\\" {1}\\r\\nc"]),
        ] {
            assert_eq!(responses(input), expected, "{name}");
        }
    }

    #[test]
    fn large_literal_is_handed_out_in_pieces() {
        let size = 3 * CHUNK + 20_000;
        let mut input = format!("* 1 FETCH (UID 5 BODY[] {{{size}}}\r\n").into_bytes();
        input.extend(std::iter::repeat_n(b'x', size));
        input.extend(b" FLAGS ())\r\n* 2 EXISTS\r\n");
        let (all, error) = events(&input, usize::MAX);
        assert_eq!(error, None);
        let head = b"* 1 FETCH (UID 5 BODY[] ".to_vec();
        assert_eq!(all[0], Event::Large { head, size: size as u64 });
        let chunks = all.iter().map(|event| if let Event::Chunk(chunk) = event { chunk.len() } else { 0 });
        assert_eq!(chunks.sum::<usize>(), size);
        let whole = format!("* 1 FETCH (UID 5 BODY[] \n{{{size}}} FLAGS ())").into_bytes();
        assert_eq!(all[all.len() - 2], Event::Response(whole));
        for size in [1, 7, 4096] {
            assert_eq!(events(&input, size), (all.clone(), None));
        }
    }

    #[test]
    fn absurd_sizes_and_endless_lines_are_errors() {
        let huge = b"* X {99999999999999999999999}\r\n";
        assert_eq!(events(huge, 3).1, Some(FrameError::Literal));
        assert_eq!(events(b"* X {1099511627777}\r\n", 3).1, Some(FrameError::Literal));
        let endless = vec![b'a'; MAX_RESPONSE + 1];
        assert_eq!(events(&endless, 65_536).1, Some(FrameError::Long));
    }

    proptest! {
        #[test]
        fn f1_any_bytes(input: Vec<u8>) {
            events(&input, 5);
        }

        #[test]
        fn f4_chunked(
            pieces in prop::collection::vec(
                prop_oneof!["[a-z ]{0,3}", r"\{[0-9]{1,5}\+?\}\r\n", r"\r\n", "\"", r"~\{3\}\r\n"], 0..40),
            tail in prop::collection::vec(any::<u8>(), 0..70_000),
            size in 1..2000usize,
        ) {
            let input = [pieces.concat().into_bytes(), tail].concat();
            prop_assert_eq!(events(&input, size), events(&input, usize::MAX));
        }
    }
}
