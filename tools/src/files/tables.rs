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
            let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
            for (key, value) in lines.map(|line| table.split(line).unwrap_or((line, ""))) {
                tables.rows.insert((table, key.to_owned()), value.to_owned());
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
}
