//! The table of `--accounts`: whose mailbox becomes whose, and what the command line does not say for all.
//!
//! ```csv
//! source_user,target_user,source_password,target_password,source_host,target_host
//! anna,anna@example.com,file:anna.pw,env:NEW_PASSWORD,,
//! ```

use std::path::Path;

use csv::StringRecord;

use crate::error::{Error, Result};
use crate::imap::folders::line_of;
use crate::imap::password::Password;

/// An account of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands.
    pub line: usize,
    /// What it says of the source.
    pub source: Entry,
    /// What it says of the target.
    pub target: Entry,
}

/// What a row says of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Who.
    pub user: Option<String>,
    /// Where the user's own password is.
    pub password: Option<Password>,
    /// `HOST` or `HOST:PORT`.
    pub host: Option<String>,
}

/// Something wrong in a line, without the password that may stand there.
pub type Mistake = (usize, String);

/// Reads a table whole, and all that is wrong with it.
pub fn read(file: &Path) -> Result<(Vec<Row>, Vec<Mistake>)> {
    let text = std::fs::read_to_string(file).map_err(|error| Error::io(file, error))?;
    let base = file.parent().unwrap_or(Path::new(""));
    Ok(Table::new(&text, base).read())
}

struct Table<'a> {
    text: &'a str,
    base: &'a Path,
    columns: Vec<String>,
    rows: Vec<Row>,
    mistakes: Vec<Mistake>,
}

impl<'a> Table<'a> {
    fn new(text: &'a str, base: &'a Path) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        Self { text, base, columns: Vec::new(), rows: Vec::new(), mistakes: Vec::new() }
    }

    fn read(mut self) -> (Vec<Row>, Vec<Mistake>) {
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.has_headers(false).flexible(true).comment(Some(b'#')).trim(csv::Trim::All);
        let mut reader = reader.from_reader(self.text.as_bytes());
        let mut record = StringRecord::new();
        loop {
            let start = reader.position().byte();
            match reader.read_record(&mut record) {
                Err(error) => self.mistakes.push((line_of(self.text, start), error.to_string())),
                Ok(true) if self.columns.is_empty() => self.head(line_of(self.text, start), &record),
                Ok(true) => self.row(line_of(self.text, start), &record),
                Ok(false) => break,
            }
            if self.columns.is_empty() && !self.mistakes.is_empty() {
                return (self.rows, self.mistakes);
            }
        }
        if self.columns.is_empty() {
            self.mistakes.push((1, format!("there is no header; {EXPECTED}")));
        } else if self.rows.is_empty() && self.mistakes.is_empty() {
            self.mistakes.push((1, "there is no account below the header".to_owned()));
        }
        (self.rows, self.mistakes)
    }

    fn head(&mut self, line: usize, record: &StringRecord) {
        let columns: Vec<String> = record.iter().map(str::to_owned).collect();
        let unknown = columns.iter().filter(|name| !COLUMNS.contains(&name.as_str()));
        for name in unknown {
            self.mistakes.push((line, format!("the header names {name:?}; {EXPECTED}")));
        }
        for name in &COLUMNS[..2] {
            if !columns.iter().any(|column| column == name) {
                self.mistakes.push((line, format!("the header names no {name}; {EXPECTED}")));
            }
        }
        for (number, name) in columns.iter().enumerate() {
            if columns[..number].contains(name) {
                self.mistakes.push((line, format!("the header names {name} twice")));
            }
        }
        self.columns = if self.mistakes.is_empty() { columns } else { Vec::new() };
    }

    fn row(&mut self, line: usize, record: &StringRecord) {
        if record.len() > self.columns.len() {
            let (found, expected) = (record.len(), self.columns.len());
            let reason = format!("there are {found} cells where the header names {expected}");
            return self.mistakes.push((line, reason));
        }
        let before = self.mistakes.len();
        let (source, target) = (self.entry(line, record, "source"), self.entry(line, record, "target"));
        if self.mistakes.len() == before {
            self.rows.push(Row { line, source, target });
        }
    }

    fn entry(&mut self, line: usize, record: &StringRecord, side: &str) -> Entry {
        let cell = |name: &str| {
            let name = format!("{side}_{name}");
            let column = self.columns.iter().position(|column| *column == name)?;
            record.get(column).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let (user, host, place) = (cell("user"), cell("host"), cell("password"));
        let password = place.as_ref().and_then(|place| Password::parse(place, self.base));
        if place.is_some() && password.is_none() {
            let reason = format!("{side}_password is file:PATH, env:NAME or command:CMD, not a password");
            self.mistakes.push((line, reason));
        }
        Entry { user, password, host }
    }
}

const COLUMNS: [&str; 6] =
    ["source_user", "target_user", "source_password", "target_password", "source_host", "target_host"];
const EXPECTED: &str =
    "expected is source_user,target_user[,source_password,target_password,source_host,target_host]";

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> (Vec<Row>, Vec<Mistake>) {
        Table::new(text, Path::new("base")).read()
    }

    #[test]
    fn rows_say_what_they_say() {
        let text = "\u{feff}target_user,source_user, source_password ,target_host\r\n# a comment\n\n\
                    anna@example.com, anna ,file:a.pw,\nbert@example.com,\"be,rt\"\n,c,command:echo x,h:1\n";
        let (rows, mistakes) = table(text);
        assert_eq!(mistakes, []);
        let users = rows.iter().map(|row| (row.line, row.source.user.as_deref(), row.target.user.as_deref()));
        assert_eq!(
            users.collect::<Vec<_>>(),
            [
                (4, Some("anna"), Some("anna@example.com")),
                (5, Some("be,rt"), Some("bert@example.com")),
                (6, Some("c"), None)
            ]
        );
        assert_eq!(rows[0].source.password, Some(Password::File("base/a.pw".into())));
        assert_eq!((rows[0].target.host.as_deref(), rows[2].target.host.as_deref()), (None, Some("h:1")));
    }

    #[test]
    fn every_mistake_has_its_line_and_shows_no_password() {
        let head = "source_user,target_user,source_password\n";
        for (name, text, expected) in [
            ("nothing", String::new(), &[(1, "there is no header; ")][..]),
            ("comments", "# x\n".to_owned(), &[(1, "there is no header; ")]),
            ("no rows", head.to_owned(), &[(1, "there is no account below the header")]),
            ("no header", "anna,bert\n".to_owned(), &[(1, "the header names \"anna\"; ")]),
            ("half a header", "source_user\n".to_owned(), &[(1, "the header names no target_user; ")]),
            (
                "twice",
                "source_user,source_user,target_user\n".to_owned(),
                &[(1, "the header names source_user twice")],
            ),
            (
                "two of three",
                format!("{head}a,b,hunter2\nc,d,env:X\n\ne,f,env:X,g,h\n"),
                &[(2, "source_password is file:PATH"), (5, "there are 5 cells where the header names 3")],
            ),
        ] {
            let (_, mistakes) = table(&text);
            let found: Vec<usize> = mistakes.iter().map(|(line, _)| *line).collect();
            for (line, start) in expected {
                let holds = mistakes.iter().any(|(at, reason)| at == line && reason.starts_with(start));
                assert!(holds, "{name}: {mistakes:?}");
            }
            assert!(found.len() >= expected.len() && !format!("{mistakes:?}").contains("hunter2"), "{name}");
        }
    }

    #[test]
    fn f1_any_bytes() {
        use proptest::prelude::*;
        proptest!(|(text in prop_oneof![any::<String>(), "(source_user,target_user\n)?[a,\"\r\n#:]{0,40}"])| {
            table(&text);
        });
    }
}
