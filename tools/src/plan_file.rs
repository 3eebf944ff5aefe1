//! The plan file of a migration: TOML, paths relative to it, unknown keys refused by name and line.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::template::Template;

/// What a plan file says, checked.
#[derive(Clone, Debug)]
pub struct PlanFile {
    /// The file itself.
    pub path: PathBuf,
    /// The LDIF files, as patterns were found to mean, in order.
    pub ldif: Vec<PathBuf>,
    /// Where an account's calendars lie.
    pub calendars: Option<Template>,
    /// Where an account's address books lie.
    pub contacts: Option<Template>,
    /// Where an account's mail comes from.
    pub mail: Option<Mail>,
    /// The destination directory.
    pub files: PathBuf,
    /// Which accounts.
    pub selection: Selection,
}

/// Where mail comes from.
#[derive(Clone, Debug)]
pub enum Mail {
    /// IMAP with an administrator's proxy login.
    Imap {
        /// The server.
        url: String,
        /// The administrator who logs in for each account.
        admin: String,
        /// Where the administrator's password is.
        password_file: PathBuf,
        /// A CA certificate to trust besides those of the system.
        cafile: Option<PathBuf>,
        /// Speak plain text with a server that offers nothing else.
        allow_plaintext: bool,
    },
    /// One Maildir an account.
    Maildir(Template),
}

/// Which accounts are asked for; all by default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    only: Vec<glob::Pattern>,
    except: Vec<glob::Pattern>,
    file: Option<BTreeSet<String>>,
    domains: BTreeSet<String>,
}

impl Selection {
    /// Whether the account is asked for.
    pub fn includes(&self, account: &str) -> bool {
        let account = account.to_lowercase();
        let domain = account.rsplit_once('@').map_or("", |(_, domain)| domain);
        (self.only.is_empty() || self.only.iter().any(|pattern| pattern.matches(&account)))
            && !self.except.iter().any(|pattern| pattern.matches(&account))
            && self.file.as_ref().is_none_or(|accounts| accounts.contains(&account))
            && (self.domains.is_empty() || self.domains.contains(domain))
    }

    /// What names none of the accounts there are: a slip of the pen, most likely.
    pub fn unknown(&self, accounts: &[&str]) -> Vec<String> {
        let accounts: BTreeSet<String> = accounts.iter().map(|account| account.to_lowercase()).collect();
        let patterns = self.only.iter().chain(&self.except);
        let patterns = patterns.filter(|pattern| !accounts.iter().any(|account| pattern.matches(account)));
        let listed = self.file.iter().flatten().filter(|name| !accounts.contains(*name));
        let domains = self.domains.iter().filter(|domain| {
            !accounts
                .iter()
                .any(|account| account.rsplit_once('@').is_some_and(|(_, there)| there == *domain))
        });
        patterns
            .map(|pattern| pattern.as_str().to_owned())
            .chain(listed.cloned())
            .chain(domains.cloned())
            .collect()
    }
}

impl PlanFile {
    /// Reads and checks a plan file. Every error names the file and, where the fault is in the text, the line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
        let written: Written = toml::from_str(&text).map_err(|e| syntax_error(path, &text, &e))?;
        let base = path.parent().unwrap_or(Path::new(""));
        let fault = |key: &str, reason: String| Error::PlanFile { place: place_of(path, &text, key), reason };
        let template = |key: &str, text: &Option<String>| {
            text.as_ref()
                .map(|text| Template::new(base, text).map_err(|reason| fault(key, reason)))
                .transpose()
        };
        let target = &written.target;
        if let Some(key) = target.unsupported() {
            return Err(fault(key, format!("target.{key} is not supported yet; targets are: files")));
        }
        let files = target.files.as_ref().ok_or_else(|| {
            fault("[target]", "names no destination; say for example files = \"new-home\"".to_owned())
        })?;
        if written.accounts.rename_domain.is_some() {
            return Err(fault("rename-domain", "accounts.rename-domain is not supported yet".to_owned()));
        }
        Ok(Self {
            ldif: find_ldif(base, &written.source.ldif).map_err(|reason| fault("ldif", reason))?,
            calendars: template("calendars", &written.source.calendars)?,
            contacts: template("contacts", &written.source.contacts)?,
            mail: written.source.mail.as_ref().map(|mail| mail.check(base, &fault)).transpose()?,
            files: base.join(files),
            selection: written.accounts.check(base, &fault)?,
            path: path.to_owned(),
        })
    }

    /// Where the journal lies when `--state` does not say: beside the plan file.
    pub fn state_path(&self) -> PathBuf {
        match self.path.extension() {
            Some(extension) if extension == "toml" => self.path.with_extension("state"),
            _ => {
                let mut name = self.path.clone().into_os_string();
                name.push(".state");
                name.into()
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    source: WrittenSource,
    target: WrittenTarget,
    #[serde(default)]
    accounts: WrittenAccounts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSource {
    ldif: Vec<String>,
    calendars: Option<String>,
    contacts: Option<String>,
    mail: Option<WrittenMail>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMail {
    maildir: Option<String>,
    imap: Option<String>,
    admin: Option<String>,
    password_file: Option<PathBuf>,
    cafile: Option<PathBuf>,
    #[serde(default)]
    allow_plaintext: bool,
}

impl WrittenMail {
    fn check(&self, base: &Path, fault: &impl Fn(&str, String) -> Error) -> Result<Mail> {
        let mistake = |reason: &str| fault("mail", format!("source.mail {reason}"));
        match (&self.maildir, &self.imap) {
            (Some(text), None) => {
                Ok(Mail::Maildir(Template::new(base, text).map_err(|reason| fault("mail", reason))?))
            }
            (None, Some(url)) => Ok(Mail::Imap {
                url: url.clone(),
                admin: self.admin.clone().ok_or_else(|| mistake("with imap needs admin = NAME"))?,
                password_file: base.join(
                    self.password_file
                        .as_ref()
                        .ok_or_else(|| mistake("with imap needs password_file = FILE"))?,
                ),
                cafile: self.cafile.as_ref().map(|file| base.join(file)),
                allow_plaintext: self.allow_plaintext,
            }),
            _ => Err(mistake("needs either maildir or imap")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTarget {
    files: Option<PathBuf>,
    ldap: Option<toml::Value>,
    imap: Option<toml::Value>,
    caldav: Option<toml::Value>,
    carddav: Option<toml::Value>,
    carbonio: Option<toml::Value>,
}

impl WrittenTarget {
    fn unsupported(&self) -> Option<&'static str> {
        [
            ("ldap", &self.ldap),
            ("imap", &self.imap),
            ("caldav", &self.caldav),
            ("carddav", &self.carddav),
            ("carbonio", &self.carbonio),
        ]
        .into_iter()
        .find_map(|(key, value)| value.is_some().then_some(key))
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WrittenAccounts {
    only: Vec<String>,
    except: Vec<String>,
    file: Option<PathBuf>,
    domains: Vec<String>,
    #[serde(rename = "rename-domain")]
    rename_domain: Option<toml::Value>,
}

impl WrittenAccounts {
    fn check(&self, base: &Path, fault: &impl Fn(&str, String) -> Error) -> Result<Selection> {
        let patterns = |key: &str, texts: &[String]| {
            let parse = |text: &String| {
                glob::Pattern::new(&text.to_lowercase()).map_err(|e| fault(key, format!("{text:?}: {e}")))
            };
            texts.iter().map(parse).collect::<Result<Vec<_>>>()
        };
        let file = self.file.as_ref().map(|file| read_accounts(&base.join(file))).transpose()?;
        Ok(Selection {
            only: patterns("only", &self.only)?,
            except: patterns("except", &self.except)?,
            file,
            domains: self.domains.iter().map(|domain| domain.to_lowercase()).collect(),
        })
    }
}

fn read_accounts(path: &Path) -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io(path, e))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_lowercase).collect())
}

fn find_ldif(base: &Path, patterns: &[String]) -> std::result::Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for pattern in patterns {
        let escaped = glob::Pattern::escape(&base.to_string_lossy());
        let whole = Path::new(&escaped).join(pattern);
        let mut matches: Vec<PathBuf> = glob::glob(&whole.to_string_lossy())
            .map_err(|e| format!("{pattern:?}: {e}"))?
            .collect::<std::result::Result<_, _>>()
            .map_err(|e| e.to_string())?;
        if matches.is_empty() {
            return Err(format!("{pattern:?} matches no file"));
        }
        matches.sort();
        matches.retain(|path| !found.contains(path));
        found.extend(matches);
    }
    Ok(found)
}

fn syntax_error(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| line_at(text, span.start));
    let place = line.map_or(path.display().to_string(), |line| format!("{}:{line}", path.display()));
    Error::PlanFile { place, reason: error.message().to_owned() }
}

/// The line on which a key stands, as near as the text tells.
fn place_of(path: &Path, text: &str, key: &str) -> String {
    let number = text.lines().position(|line| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '=', '.']))
    });
    number.map_or(path.display().to_string(), |number| format!("{}:{}", path.display(), number + 1))
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PlanFile> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("export")).unwrap();
        std::fs::write(folder.path().join("export/a.ldif"), "version: 1\n").unwrap();
        let path = folder.path().join("plan.toml");
        std::fs::write(&path, text).unwrap();
        PlanFile::read(&path)
    }

    #[test]
    fn a_whole_plan_file_is_understood() {
        let plan = read(
            "[source]\nldif = [\"export/*.ldif\"]\ncalendars = \"export/{account}.ics\"\n\
             mail = { maildir = \"backup/{user}/Maildir\" }\n[target]\nfiles = \"new-home\"\n\
             [accounts]\nonly = [\"*@Example.com\"]\nexcept = [\"spam*\"]\n",
        )
        .unwrap();
        assert_eq!(plan.ldif.len(), 1);
        assert!(plan.files.ends_with("new-home"));
        assert!(plan.selection.includes("Anna@example.com"));
        assert!(!plan.selection.includes("spam.1@example.com"));
        assert!(!plan.selection.includes("anna@example.org"));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, line, word) in [
            ("[source]\nldif = []\ncalender = \"x\"\n[target]\nfiles = \"x\"\n", ":3", "calender"),
            ("[source]\nldif = []\n[target]\nfiles = \"x\"\nfile = 1\n", ":5", "file"),
            ("[source]\nldif = [\"none/*.ldif\"]\n[target]\nfiles = \"x\"\n", ":2", "matches no file"),
            ("[source]\nldif = []\ncontacts = \"{acount}.csv\"\n[target]\nfiles = \"x\"\n", ":3", "{acount}"),
            ("[source]\nldif = []\n[target]\nldap = \"ldap://x\"\n", ":4", "not supported yet"),
            ("[source]\nldif = []\n[target]\n", ":3", "names no destination"),
            ("[source]\nldif = []\nmail = { }\n[target]\nfiles = \"x\"\n", ":3", "either maildir or imap"),
            ("[source]\nldif = [\n[target]\nfiles = \"x\"\n", ":", "plan.toml"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(&format!("plan.toml{line}")), "{error}");
            assert!(error.contains(word), "{error}");
        }
    }
}
