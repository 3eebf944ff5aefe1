//! The keyed text files of a destination: Dovecot's passwd-file and Postfix's virtual maps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

use crate::error::{Error, Result};
use crate::files::home::Home;
use crate::files::write::{make_open_folder, replace_durably};

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `postfix/virtual_alias_domains`: domains whose every address is rewritten.
    AliasDomains,
    /// `postfix/virtual_aliases`: address to addresses.
    Aliases,
    /// `postfix/virtual_domains`: domains with mailboxes.
    Domains,
    /// `postfix/virtual_mailboxes`: address to Maildir.
    Mailboxes,
    /// `dovecot/users`: who logs in (the passwd-file of Dovecot's manual).
    Users,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::AliasDomains, Self::Aliases, Self::Domains, Self::Mailboxes, Self::Users];

    /// The file, relative to the destination.
    pub fn file(self) -> &'static str {
        match self {
            Self::AliasDomains => "postfix/virtual_alias_domains",
            Self::Aliases => "postfix/virtual_aliases",
            Self::Domains => "postfix/virtual_domains",
            Self::Mailboxes => "postfix/virtual_mailboxes",
            Self::Users => "dovecot/users",
        }
    }

    /// The attribute under which a row is shown in a plan.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::AliasDomains => "postfixAliasDomain",
            Self::Aliases => "postfixAlias",
            Self::Domains => "postfixDomain",
            Self::Mailboxes => "postfixMailbox",
            Self::Users => "dovecotUser",
        }
    }

    fn mode(self) -> u32 {
        // Hashes are secrets.
        if self == Self::Users { 0o600 } else { 0o644 }
    }

    /// Lines without comments; in a Postfix map one that begins with a blank goes on with the line before it (postmap(1)).
    fn logical_lines(self, text: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            match lines.last_mut() {
                Some(last) if self != Self::Users && line.starts_with([' ', '\t']) => {
                    last.push(' ');
                    last.push_str(line.trim());
                }
                _ => lines.push(line.to_owned()),
            }
        }
        lines
    }

    fn split(self, line: &str) -> Option<(&str, &str)> {
        match self {
            Self::Users => line.split_once(':'),
            _ => line.split_once([' ', '\t']).map(|(key, value)| (key, value.trim())),
        }
    }

    fn join(self, key: &str, value: &str) -> String {
        let separator = if self == Self::Users { ":" } else { " " };
        format!("{key}{separator}{value}\n")
    }
}

/// One line of a table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The table it stands in.
    pub table: Table,
    /// An address or a domain, in lower case.
    pub key: String,
    /// The rest of the line.
    pub value: String,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hashes are secrets.
        let value = if self.table == Table::Users { "***" } else { &self.value };
        write!(f, "Row({:?}, {}, {value})", self.table, self.key)
    }
}

/// All rows of a destination.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tables {
    rows: BTreeMap<(Table, String), String>,
    changed: BTreeSet<Table>,
}

impl Tables {
    /// Reads the tables of a destination; those that are not there are empty.
    pub fn read(home: &Home) -> Result<Self> {
        let mut tables = Self::default();
        for table in Table::ALL {
            let path = home.root().join(table.file());
            let text = match std::fs::read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io(&path, error)),
            };
            for line in table.logical_lines(&text) {
                let (key, value) = table.split(&line).unwrap_or((&line, ""));
                let row = tables.rows.entry((table, key.to_lowercase()));
                // The servers take the first row of a key. That there is a second one must not go unseen.
                row.and_modify(|first| *first = format!("{first} (and again: {value})"))
                    .or_insert(value.to_owned());
            }
        }
        Ok(tables)
    }

    /// The value of a row.
    pub fn get(&self, table: Table, key: &str) -> Option<&str> {
        self.rows.get(&(table, key.to_owned())).map(String::as_str)
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.rows.iter().map(|((table, key), value)| Row {
            table: *table,
            key: key.clone(),
            value: value.clone(),
        })
    }

    /// Tables of a destination that are not there, as paths relative to it.
    pub fn missing(home: &Home) -> Vec<&'static str> {
        let files = Table::ALL.into_iter().map(Table::file);
        files.filter(|file| !home.root().join(file).exists()).collect()
    }

    /// Puts a row in, over one of the same key.
    pub fn put(&mut self, row: Row) {
        self.changed.insert(row.table);
        self.rows.insert((row.table, row.key), row.value);
    }

    /// Takes a row out.
    pub fn remove(&mut self, table: Table, key: &str) {
        self.changed.insert(table);
        self.rows.remove(&(table, key.to_owned()));
    }

    /// Writes the tables that changed or do not exist yet, each as a whole.
    pub fn write(&mut self, home: &Home) -> Result<()> {
        for table in Table::ALL {
            let path = home.root().join(table.file());
            if !self.changed.contains(&table) && path.exists() {
                continue;
            }
            let mut text = String::from(HEADER);
            for ((_, key), value) in
                self.rows.range((table, String::new())..).take_while(|(row, _)| row.0 == table)
            {
                text.push_str(&table.join(key, value));
            }
            let folder = path.parent().unwrap_or(home.root());
            make_open_folder(folder).map_err(|e| Error::io(folder, e))?;
            replace_durably(&path, text.as_bytes(), table.mode()).map_err(|e| Error::io(&path, e))?;
            self.changed.remove(&table);
        }
        Ok(())
    }
}

const HEADER: &str = "# Written by mailferry; rows are in the order of their keys.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let mut tables = Tables::default();
        for (table, key, value) in [
            (Table::Users, "anna@example.com", "{SSHA}x::::::userdb_quota_rule=*:bytes=5"),
            (Table::Aliases, "info@example.com", "anna@example.com, bert@example.com"),
            (Table::Domains, "example.com", "OK"),
        ] {
            tables.put(Row { table, key: key.into(), value: value.into() });
        }
        tables.write(&home).unwrap();
        let read = Tables::read(&home).unwrap();
        assert_eq!(read.rows().collect::<Vec<_>>(), tables.rows().collect::<Vec<_>>());
        assert!(folder.path().join("postfix/virtual_mailboxes").exists(), "an empty map exists too");
    }

    #[test]
    fn rows_are_read_as_the_servers_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        std::fs::create_dir_all(folder.path().join("postfix")).unwrap();
        std::fs::create_dir_all(folder.path().join("dovecot")).unwrap();
        let map = "# kept apart\nvip@example.com a@example.com,\n    b@example.com\n";
        std::fs::write(folder.path().join("postfix/virtual_aliases"), map).unwrap();
        let users = "anna@example.com:first\nanna@example.com:second\n";
        std::fs::write(folder.path().join("dovecot/users"), users).unwrap();
        let tables = Tables::read(&home).unwrap();
        assert_eq!(tables.get(Table::Aliases, "vip@example.com"), Some("a@example.com, b@example.com"));
        assert_eq!(tables.rows().count(), 2);
        assert_ne!(tables.get(Table::Users, "anna@example.com"), Some("first"), "a twin shows");
    }
}
