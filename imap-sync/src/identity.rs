//! Who the server is, and whose mailbox it opened (RFC 2971).
//!
//! Where an administrator names a mailbox that is not there, Zimbra and Carbonio try the name's first part in the
//! administrator's own domain: a slip of the pen writes into a stranger's mailbox. But they tell in the answer to `ID`
//! who is logged in, and that is compared with who was asked for, before anything is read or written.

/// What a server says of itself: names in upper case, and values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerId(Vec<(String, String)>);

/// Whether the mailbox is the one that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// It is not.
    Contradicted {
        /// Whose it is, in the server's words.
        said: String,
    },
    /// The server says that it is.
    Proved,
    /// The server says nothing, or not enough.
    #[default]
    Unproved,
}

/// What became known of the server and the account on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Whether the mailbox is the right one.
    pub identity: Identity,
    /// What the server says of itself; empty where it does not offer `ID`.
    pub server: ServerId,
}

impl ServerId {
    /// `id_response = "ID" SP id_params_list`, `id_params_list = "(" *(string SP nstring) ")" / nil` (RFC 2971
    /// section 4), as the framer gives it.
    pub fn parse(response: &[u8]) -> Option<Self> {
        let (word, mut rest) = response.strip_prefix(b"* ")?.split_first_chunk::<3>()?;
        if !word.eq_ignore_ascii_case(b"ID ") {
            return None;
        }
        let mut fields = Vec::new();
        rest = rest.trim_ascii();
        if rest.eq_ignore_ascii_case(b"NIL") {
            return Some(Self(fields));
        }
        rest = rest.strip_prefix(b"(")?;
        while !rest.trim_ascii_start().starts_with(b")") && fields.len() < MAX_FIELDS {
            let (name, after) = nstring(rest)?;
            let (value, after) = nstring(after)?;
            if let (Some(name), Some(value)) = (name, value) {
                fields.push((name.to_ascii_uppercase(), value));
            }
            rest = after;
        }
        Some(Self(fields))
    }

    /// The value of a field; its name without regard to case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The program's name.
    pub fn name(&self) -> Option<&str> {
        self.field("NAME")
    }

    /// The program's version.
    pub fn version(&self) -> Option<&str> {
        self.field("VERSION")
    }
}

impl Identity {
    /// Compares who was asked for with what the server says. Domains decide only where both name one: a server that
    /// adds a domain of its own choice proves nothing.
    pub fn of(asked: &str, server: &ServerId) -> Self {
        let Some(said) = server.field("USER").filter(|said| !said.is_empty()) else { return Self::Unproved };
        if said.eq_ignore_ascii_case(asked) {
            return Self::Proved;
        }
        let split = |name: &str| {
            let (local, domain) =
                name.rsplit_once('@').map_or((name, None), |(local, domain)| (local, Some(domain)));
            (local.to_ascii_lowercase(), domain.is_some())
        };
        match (split(asked), split(said)) {
            ((asked, with), (said, also)) if asked == said && !(with && also) => Self::Unproved,
            _ => Self::Contradicted { said: said.to_owned() },
        }
    }
}

/// `nstring = string / nil`, after spaces.
fn nstring(input: &[u8]) -> Option<(Option<String>, &[u8])> {
    let input = input.trim_ascii_start();
    match input.split_first()? {
        (b'"', rest) => quoted(rest),
        (b'{', rest) => {
            let end = memchr::memchr(b'}', rest)?;
            let size: usize = std::str::from_utf8(&rest[..end]).ok()?.trim_end_matches('+').parse().ok()?;
            let (text, rest) = rest[end + 1..].strip_prefix(b"\r\n")?.split_at_checked(size)?;
            Some((Some(String::from_utf8_lossy(text).into_owned()), rest))
        }
        _ => {
            let (word, rest) = input.split_first_chunk::<3>()?;
            word.eq_ignore_ascii_case(b"NIL").then_some((None, rest))
        }
    }
}

/// The rest of a quoted string.
fn quoted(input: &[u8]) -> Option<(Option<String>, &[u8])> {
    let mut text = Vec::new();
    let mut rest = input;
    loop {
        let (&first, after) = rest.split_first()?;
        let (byte, left) = match first {
            b'"' => return Some((Some(String::from_utf8_lossy(&text).into_owned()), after)),
            b'\\' => after.split_first().map(|(&byte, after)| (byte, after))?,
            _ => (first, after),
        };
        text.push(byte);
        rest = left;
    }
}

/// RFC 2971 section 3.3 allows 30.
const MAX_FIELDS: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(response: &str) -> Option<String> {
        ServerId::parse(response.as_bytes()).map(|id| {
            id.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn answers() {
        for (name, response, expected) in [
            (
                "RFC 2971",
                r#"* ID ("name" "Cyrus" "version" "1.5" "os" "sunos" "os-version" "5.5" "support-url" "mailto:x@example.com")"#,
                Some("NAME=Cyrus VERSION=1.5 OS=sunos OS-VERSION=5.5 SUPPORT-URL=mailto:x@example.com"),
            ),
            (
                "Zimbra",
                r#"* ID ("NAME" "Zimbra" "VERSION" "8.8.15" "RELEASE" "2024" "USER" "ada@example.com" "SERVER" "1-2")"#,
                Some("NAME=Zimbra VERSION=8.8.15 RELEASE=2024 USER=ada@example.com SERVER=1-2"),
            ),
            ("nothing", "* ID NIL", Some("")),
            ("empty list", "* ID ()", Some("")),
            ("a value is nil", r#"* ID ("name" NIL "version" "1")"#, Some("VERSION=1")),
            ("literal", "* id ( \"name\" {3}\r\na\"b )", Some("NAME=a\"b")),
            ("escaped", r#"* ID ("name" "a\"b\\c")"#, Some("NAME=a\"b\\c")),
            ("8-bit", "* ID (\"name\" \"\u{e9}\")", Some("NAME=\u{e9}")),
            ("unended", r#"* ID ("name" "x"#, None),
            ("odd", r#"* ID ("name")"#, None),
            ("literal too long", "* ID (\"name\" {99}\r\nx)", None),
            ("another", "* IDLE", None),
            ("tagged", "a ID NIL", None),
        ] {
            assert_eq!(shown(response).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn whose_mailbox_it_is() {
        for (name, asked, said, expected) in [
            ("the same", "ada@example.com", "Ada@Example.COM", "Proved"),
            ("the administrator's domain", "ada@exmaple.com", "ada@example.com", "Contradicted"),
            ("another", "ada@example.com", "bob@example.com", "Contradicted"),
            ("the administrator", "ada", "admin", "Contradicted"),
            ("both without a domain", "ada", "ada", "Proved"),
            ("a domain was added", "ada", "ada@example.com", "Unproved"),
            ("a domain was left out", "ada@example.com", "ada", "Unproved"),
            ("nothing", "ada", "", "Unproved"),
        ] {
            let server = ServerId(vec![("USER".into(), said.into())]);
            assert!(format!("{:?}", Identity::of(asked, &server)).starts_with(expected), "{name}");
        }
        assert_eq!(Identity::of("ada", &ServerId::default()), Identity::Unproved);
    }

    proptest! {
        #[test]
        fn f1_any_bytes(input in prop_oneof![any::<Vec<u8>>(), "[ ()\"\\\\{}0-9NIL\r\n]{0,40}".prop_map(String::into_bytes)]) {
            ServerId::parse(&[b"* ID ", &input[..]].concat());
        }
    }
}
