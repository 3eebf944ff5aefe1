//! Patterns of folder names.

use std::fmt;
use std::str::FromStr;

use regex::{Regex, RegexBuilder};

/// A pattern of a folder's whole path, as [`mod@crate::path`] writes it. A glob, or after `re:` a regular expression.
///
/// | glob | |
/// |---|---|
/// | `*` | anything within a level |
/// | `**` | anything; `Lists/**` is `Lists` and all below it |
/// | `?` | one character within a level |
/// | `\*`, `\?` | the character itself |
///
/// Brackets stand for themselves: there is a `[Gmail]`. A regular expression is looked for anywhere in the path; `^` and `$`
/// are its ends.
///
/// ```
/// let lists: imap_sync::Pattern = "Lists/**".parse().unwrap();
/// assert!(lists.matches("Lists") && lists.matches("Lists/rust/users") && !lists.matches("Listserv"));
/// let years: imap_sync::Pattern = "re:^Archive/20[01]".parse().unwrap();
/// assert!(years.matches("Archive/2019/Q1") && !years.matches("Archive/2020"));
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Whether it matches a path.
    pub fn matches(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let regex = text.strip_prefix("re:").map_or_else(|| from_glob(text), str::to_owned);
        if text.is_empty() || text == "re:" {
            return Err("an empty pattern matches no folder".to_owned());
        }
        let regex = RegexBuilder::new(&regex).size_limit(SIZE).build().map_err(|error| error.to_string())?;
        Ok(Self { text: text.to_owned(), regex })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn from_glob(glob: &str) -> String {
    // A slash inside a level has a backslash before it: both are one character.
    const CHARACTER: &str = r"(?:[^/\\]|\\.)";
    let mut regex = r"(?s)\A".to_owned();
    let mut rest = glob;
    while let Some(character) = rest.chars().next() {
        let token = match character {
            '/' if rest == "/**" => rest,
            '*' if rest.starts_with("**") => "**",
            '\\' if rest.starts_with(r"\*") || rest.starts_with(r"\?") => &rest[..2],
            _ => &rest[..character.len_utf8()],
        };
        regex += &match token {
            "/**" => "(?:/.*)?".to_owned(),
            "**" => ".*".to_owned(),
            "*" => format!("{CHARACTER}*"),
            "?" => CHARACTER.to_owned(),
            r"\*" | r"\?" => token.to_owned(),
            _ => regex::escape(token),
        };
        rest = &rest[token.len()..];
    }
    regex + r"\z"
}

/// How large a pattern may be once compiled, in bytes.
const SIZE: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_paths() {
        for (pattern, matching, others) in [
            ("INBOX", &["INBOX"][..], &["INBOX/a", "inbox", "xINBOX"][..]),
            ("a*", &["a", "abc", "a\\/b"], &["a/b", "ba"]),
            ("a/*", &["a/b"], &["a", "a/b/c"]),
            ("a/**", &["a", "a/b", "a/b/c"], &["ab"]),
            ("**/Spam", &["x/Spam", "x/y/Spam"], &["Spam"]),
            ("**Spam", &["Spam", "x/Spam", "NoSpam"], &["Spam/x"]),
            ("[Gmail]/**", &["[Gmail]/All Mail"], &["G/All Mail"]),
            ("?", &["ä", "\\/", "\\\\"], &["", "ab", "/"]),
            ("50\\*", &["50*"], &["500"]),
            ("a.c", &["a.c"], &["abc"]),
            ("re:^a.c$", &["abc"], &["xabc"]),
            ("re:(?i)spam", &["My SPAM/x"], &["ham"]),
        ] {
            let compiled: Pattern = pattern.parse().unwrap();
            assert!(matching.iter().all(|path| compiled.matches(path)), "{pattern}: {matching:?}");
            assert!(!others.iter().any(|path| compiled.matches(path)), "{pattern}: {others:?}");
        }
        for pattern in ["", "re:", "re:(", "re:(a{500}){500}"] {
            assert!(pattern.parse::<Pattern>().is_err(), "{pattern}");
        }
    }
}
