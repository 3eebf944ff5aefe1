//! Distinguished names (RFC 4514): read, compared, escaped.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::one_of;
use nom::combinator::all_consuming;
use nom::multi::{separated_list0, separated_list1};
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};

/// A distinguished name, the entry's own part first.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dn(Vec<Rdn>);

/// One part of a name: `uid=anna`, or several such joined by `+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rdn(Vec<(String, String)>);

impl Dn {
    /// The parts, the entry's own first.
    pub fn parts(&self) -> &[Rdn] {
        &self.0
    }

    /// The name of the entry above; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_first().map(|(_, above)| Self(above.to_vec()))
    }

    /// The domain that the `dc` parts at the end spell, in lower case (RFC 2247).
    pub fn domain(&self) -> Option<String> {
        let mut labels: Vec<String> =
            self.0.iter().rev().map_while(|rdn| rdn.get("dc")).map(str::to_lowercase).collect();
        labels.reverse();
        (!labels.is_empty()).then(|| labels.join("."))
    }

    /// The name of a domain's entry: one `dc` part a label (RFC 2247).
    pub fn of_domain(domain: &str) -> Self {
        Self(domain.split('.').map(|label| Rdn(vec![("dc".to_owned(), label.to_owned())])).collect())
    }

    /// The same name below this one.
    #[must_use]
    pub fn child(&self, attribute: &str, value: &str) -> Self {
        let mut parts = vec![Rdn(vec![(attribute.to_owned(), value.to_owned())])];
        parts.extend_from_slice(&self.0);
        Self(parts)
    }

    /// The form in which two equal names are equal: lower case, runs of spaces as one, parts joined by `+` sorted.
    pub fn folded(&self) -> String {
        let fold = |(name, value): &(String, String)| {
            let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
            (name.to_lowercase(), words.join(" ").to_lowercase())
        };
        let fold_part = |rdn: &Rdn| {
            let mut pairs: Vec<_> = rdn.0.iter().map(fold).collect();
            pairs.sort_unstable();
            Rdn(pairs)
        };
        Self(self.0.iter().map(fold_part).collect()).to_string()
    }
}

impl Rdn {
    /// The value of an attribute in this part, whatever the name's case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Attribute and value, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The text is no distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name: {0:?}")]
pub struct BadDn(pub String);

impl FromStr for Dn {
    type Err = BadDn;

    /// Takes RFC 4514, spaces around the parts, and RFC 2253's `;` and quoted values.
    fn from_str(text: &str) -> Result<Self, BadDn> {
        match all_consuming(name).parse(text) {
            Ok((_, parts)) => Ok(Self(parts)),
            Err(_) => Err(BadDn(text.to_owned())),
        }
    }
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            write!(f, "{rdn}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "+" })?;
            write!(f, "{name}=")?;
            escape(value, f)?;
        }
        Ok(())
    }
}

/// RFC 4514 2.4
fn escape(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        let at_edge = (c == ' ' && (index == 0 || index == last)) || (c == '#' && index == 0);
        match c {
            '\0' => f.write_str("\\00")?,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(f, "\\{c}")?,
            c if at_edge => write!(f, "\\{c}")?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// `distinguishedName = [ relativeDistinguishedName *( COMMA relativeDistinguishedName ) ]`
fn name(input: &str) -> IResult<&str, Vec<Rdn>> {
    preceded(spaces, separated_list0(one_of(",;"), part)).parse(input)
}

/// `relativeDistinguishedName = attributeTypeAndValue *( PLUS attributeTypeAndValue )`
fn part(input: &str) -> IResult<&str, Rdn> {
    separated_list1(tag("+"), pair).map(Rdn).parse(input)
}

/// `attributeTypeAndValue = attributeType EQUALS attributeValue`
fn pair(input: &str) -> IResult<&str, (String, String)> {
    let attribute = take_while1(|c: char| c.is_ascii_alphanumeric() || "-._".contains(c));
    let spaced = |input| (spaces, tag("="), spaces).parse(input);
    preceded(spaces, separated_pair(attribute.map(str::to_owned), spaced, value)).parse(input)
}

fn spaces(input: &str) -> IResult<&str, &str> {
    take_while(|c| c == ' ').parse(input)
}

/// `string / hexstring`, or a value in quotes (RFC 2253 4). Spaces at the end count only when escaped.
///
/// Escaped bytes are gathered before they are read as UTF-8: one character may be several `\XX`.
fn value(input: &str) -> IResult<&str, String> {
    let (mut bytes, mut kept, mut quoted) = (Vec::new(), 0, false);
    let mut rest = input;
    while let Some(c) = rest.chars().next() {
        match c {
            '\\' => {
                let (byte_or_char, length) = escaped(rest).ok_or_else(|| fail(rest))?;
                bytes.extend_from_slice(&byte_or_char);
                rest = &rest[length..];
                kept = bytes.len();
                continue;
            }
            '"' => quoted = !quoted,
            ',' | ';' | '+' if !quoted => break,
            c => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                kept = if c == ' ' && !quoted { kept } else { bytes.len() };
            }
        }
        rest = &rest[c.len_utf8()..];
    }
    if quoted {
        return Err(fail(rest));
    }
    bytes.truncate(kept);
    let text = String::from_utf8(bytes).map_err(|_| fail(rest))?;
    Ok((rest, text))
}

/// `pair = ESC ( ESC / special / hexpair )`: the bytes meant and the length of the escape.
fn escaped(text: &str) -> Option<(Vec<u8>, usize)> {
    let after = &text[1..];
    let pair = after.get(..2).filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if let Some(byte) = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
        return Some((vec![byte], 3));
    }
    let c = after.chars().next()?;
    Some((c.to_string().into_bytes(), 1 + c.len_utf8()))
}

fn fail(input: &str) -> nom::Err<nom::error::Error<&str>> {
    nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc_4514_examples() {
        let table = [
            (
                "UID=jsmith,DC=example,DC=net",
                vec![vec![("UID", "jsmith")], vec![("DC", "example")], vec![("DC", "net")]],
            ),
            (
                "OU=Sales+CN=J.  Smith,DC=example,DC=net",
                vec![
                    vec![("OU", "Sales"), ("CN", "J.  Smith")],
                    vec![("DC", "example")],
                    vec![("DC", "net")],
                ],
            ),
            (
                "CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net",
                vec![vec![("CN", "James \"Jim\" Smith, III")], vec![("DC", "example")], vec![("DC", "net")]],
            ),
            (
                "CN=Before\\0dAfter,DC=example,DC=net",
                vec![vec![("CN", "Before\rAfter")], vec![("DC", "example")], vec![("DC", "net")]],
            ),
            ("1.3.6.1.4.1.1466.0=#04024869", vec![vec![("1.3.6.1.4.1.1466.0", "#04024869")]]),
            ("CN=Lu\\C4\\8Di\\C4\\87", vec![vec![("CN", "Lu\u{10d}i\u{107}")]]),
            ("", vec![]),
        ];
        for (text, expected) in table {
            let dn: Dn = text.parse().unwrap();
            let parts: Vec<Vec<_>> = dn.parts().iter().map(|rdn| rdn.pairs().collect()).collect();
            assert_eq!(parts, expected, "{text}");
        }
    }

    #[test]
    fn equal_names() {
        let table = [
            ("case", "uid=Anna,DC=Example,dc=com", "UID=anna,dc=example,dc=COM"),
            ("spaces around", "uid=anna , dc=example", "uid=anna,dc=example"),
            ("spaces inside", "cn=Anna  Berg", "cn=anna berg"),
            ("order of a joined part", "cn=a+sn=b", "sn=b+cn=a"),
            ("escapes", "cn=a\\2Cb", "cn=a\\,b"),
            ("quotes", "cn=\"a,b\"", "cn=a\\,b"),
            ("semicolon", "cn=a;dc=b", "cn=a,dc=b"),
        ];
        for (name, one, other) in table {
            let (one, other): (Dn, Dn) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(one.folded(), other.folded(), "{name}");
        }
    }

    #[test]
    fn an_escaped_plus_before_a_hex_digit_is_no_hex_pair() {
        assert_eq!(Dn::default().child("cn", "+a").to_string().parse(), Ok(Dn::default().child("cn", "+a")));
    }

    #[test]
    fn refused() {
        for text in ["anna", "=anna", "uid=anna,", "uid=anna,,dc=x", "cn=\"a", "cn=a\\", "cn=\\FF"] {
            assert!(text.parse::<Dn>().is_err(), "{text}");
        }
    }

    #[test]
    fn domains() {
        let dn: Dn = "uid=anna,ou=people,dc=mail,dc=Example,dc=com".parse().unwrap();
        assert_eq!(dn.domain().as_deref(), Some("mail.example.com"));
        assert_eq!("cn=x,o=y".parse::<Dn>().unwrap().domain(), None);
        let people = Dn::of_domain("example.com").child("ou", "people");
        assert_eq!(people.child("uid", "a,b").to_string(), "uid=a\\,b,ou=people,dc=example,dc=com");
        assert_eq!(people.parent(), Some(Dn::of_domain("example.com")));
    }

    proptest! {
        #[test]
        fn written_then_parsed(values in prop::collection::vec(any::<String>(), 0..4)) {
            let dn = values.iter().fold(Dn::default(), |dn, value| dn.child("cn", value));
            prop_assert_eq!(dn.to_string().parse::<Dn>(), Ok(dn));
        }

        #[test]
        fn any_text(text in any::<String>()) {
            let _ = text.parse::<Dn>();
        }
    }
}
