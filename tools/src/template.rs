//! Paths with `{account}`, `{user}` and `{domain}` in them.

use std::path::{Path, PathBuf};

/// A path template of a plan file, relative to that file's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    base: PathBuf,
    text: String,
}

impl Template {
    /// A template under `base`. An error names a placeholder that does not exist.
    pub fn new(base: &Path, text: &str) -> Result<Self, String> {
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let name = rest[start..].split_inclusive('}').next().unwrap_or_default();
            if !PLACEHOLDERS.contains(&name) {
                return Err(format!(
                    "unknown placeholder {name} in {text:?}; known are {}",
                    PLACEHOLDERS.join(" ")
                ));
            }
            rest = &rest[start + name.len()..];
        }
        Ok(Self { base: base.to_owned(), text: text.to_owned() })
    }

    /// The path for one account.
    pub fn path(&self, account: &str) -> PathBuf {
        let (user, domain) = account.rsplit_once('@').unwrap_or((account, ""));
        let values = [account, user, domain];
        let mut text = String::with_capacity(self.text.len() + account.len());
        let mut rest = self.text.as_str();
        while let Some(start) = rest.find('{') {
            text.push_str(&rest[..start]);
            let found = PLACEHOLDERS.iter().zip(values).find(|(name, _)| rest[start..].starts_with(**name));
            let (name, value) = found.expect("new() accepts known placeholders only");
            text.push_str(&one_component(value));
            rest = &rest[start + name.len()..];
        }
        text.push_str(rest);
        self.base.join(text)
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Names come from an export: none may climb out of the folder that the template names.
fn one_component(value: &str) -> String {
    match value {
        "." | ".." => value.replace('.', "%2E"),
        _ => value.replace('/', "%2F").replace('\0', "%00"),
    }
}

const PLACEHOLDERS: [&str; 3] = ["{account}", "{user}", "{domain}"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_the_account() {
        let template = Template::new(Path::new("/export"), "{domain}/{user}/{account}.ics").unwrap();
        assert_eq!(
            template.path("anna@example.com"),
            Path::new("/export/example.com/anna/anna@example.com.ics")
        );
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        let error = Template::new(Path::new(""), "x/{acount}.ics").unwrap_err();
        assert!(error.contains("{acount}"), "{error}");
        assert!(Template::new(Path::new(""), "x/{account").is_err());
    }

    #[test]
    fn a_name_cannot_climb_out() {
        let template = Template::new(Path::new("/b"), "{user}/Maildir").unwrap();
        assert_eq!(template.path("../../etc@example.com"), Path::new("/b/..%2F..%2Fetc/Maildir"));
        assert_eq!(template.path("..@example.com"), Path::new("/b/%2E%2E/Maildir"));
    }

    #[test]
    fn braces_in_a_name_are_not_expanded_again() {
        let template = Template::new(Path::new("/b"), "{user}-{domain}").unwrap();
        assert_eq!(template.path("{domain}@example.com"), Path::new("/b/{domain}-example.com"));
    }
}
