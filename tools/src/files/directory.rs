//! Provisioning into a `files:` destination: observe it, change it in memory, write it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use ldif::{Entry, Key, Kind, Listing, Place, Reader, Record};

use crate::error::{Error, Result};
use crate::files::home::Home;
use crate::files::render::Holding;
use crate::files::tables::{Row, Table, Tables};
use crate::files::write::{make_folder, replace_durably};

/// What a destination holds, to be compared with and changed towards what is desired.
#[derive(Clone)]
pub struct Directory<'a> {
    home: &'a Home,
    tables: Tables,
    records: BTreeMap<Key, Entry>,
    rows: BTreeMap<Key, BTreeSet<(Table, String)>>,
    owners: BTreeMap<(Table, String), Key>,
    changed: BTreeSet<&'static str>,
}

impl<'a> Directory<'a> {
    /// A destination that does not exist yet.
    pub fn vacant(home: &'a Home) -> Self {
        let (tables, records, rows) = (Tables::default(), BTreeMap::new(), BTreeMap::new());
        Self { home, tables, records, rows, owners: BTreeMap::new(), changed: BTreeSet::new() }
    }

    /// Reads a destination. `desired` tells whose a row or record is; what it does not know is told by the row itself.
    /// `placed` are the items that we placed: what is theirs stays theirs though the source says otherwise now.
    pub fn observe(home: &'a Home, desired: &BTreeMap<Key, Holding>, placed: &BTreeSet<Key>) -> Result<Self> {
        let tables = Tables::read(home)?;
        let by_dn: BTreeMap<&str, &Key> =
            desired.iter().filter_map(|(key, held)| Some((held.entry.as_ref()?.dn.as_str(), key))).collect();
        let mut records = BTreeMap::new();
        for file in FILES {
            for entry in read_records(home, file.name)? {
                let named = file.key_of(&entry);
                // A record goes by its name; only one that tells none goes by where the source has it.
                let key = match by_dn.get(entry.dn.as_str()) {
                    Some(key) if !placed.contains(&named) => (*key).clone(),
                    _ => named,
                };
                records.insert(key, entry);
            }
        }
        let mut owners: BTreeMap<(Table, &str), &Key> = BTreeMap::new();
        for (key, holding) in desired {
            owners.extend(holding.rows.iter().map(|row| ((row.table, row.key.as_str()), key)));
        }
        let mut rows: BTreeMap<Key, BTreeSet<(Table, String)>> = BTreeMap::new();
        for Row { table, key, .. } in tables.rows() {
            let desired_owner = owners.get(&(table, key.as_str())).copied();
            let owner = match desired_owner {
                Some(owner) if placed.contains(owner) => owner.clone(),
                other => placed_owner(placed, table, &key)
                    .or(other.cloned())
                    .unwrap_or_else(|| owner_by_name(desired, &records, table, &key)),
            };
            rows.entry(owner).or_default().insert((table, key));
        }
        let owned = rows.iter().flat_map(|(key, rows)| rows.iter().map(|row| (row.clone(), key.clone())));
        let owners = owned.collect();
        Ok(Self { home, tables, records, rows, owners, changed: BTreeSet::new() })
    }

    /// Files of a destination that was written once and that are not there, as paths relative to it.
    pub fn missing(home: &Home) -> Vec<String> {
        let records = FILES.iter().map(|file| format!("directory/{}", file.name));
        let records = records.filter(|file| !home.root().join(file).exists());
        records.chain(Tables::missing(home).into_iter().map(str::to_owned)).collect()
    }

    /// All items of the destination.
    pub fn listing(&self) -> Listing {
        let mut held: BTreeMap<&Key, Holding> = BTreeMap::new();
        for (key, entry) in &self.records {
            held.entry(key).or_default().entry = Some(entry.clone());
        }
        for (key, rows) in &self.rows {
            let row = |(table, name): &(Table, String)| {
                let value = self.tables.get(*table, name)?.to_owned();
                Some(Row { table: *table, key: name.clone(), value })
            };
            held.entry(key).or_default().rows = rows.iter().filter_map(row).collect();
        }
        let place = |key: &Key| Place {
            file: self.home.root().to_string_lossy().into(),
            dn: Some(key.to_string()),
            ..Place::default()
        };
        held.into_iter()
            .map(|(key, holding)| {
                let holding = Holding { place: place(key), ..holding };
                (key.clone(), holding.to_item(key))
            })
            .collect()
    }

    /// Makes the destination hold exactly this of the item; in memory until [`write`](Self::write).
    pub fn put(&mut self, key: &Key, holding: &Holding) {
        for (table, name) in self.rows.remove(key).unwrap_or_default() {
            // An address may have gone over to another item in the meantime.
            if self.owners.get(&(table, name.clone())) == Some(key) {
                self.tables.remove(table, &name);
                self.owners.remove(&(table, name));
            }
        }
        for row in &holding.rows {
            self.owners.insert((row.table, row.key.clone()), key.clone());
            self.tables.put(row.clone());
        }
        let rows = holding.rows.iter().map(|row| (row.table, row.key.clone())).collect();
        self.rows.insert(key.clone(), rows);
        match &holding.entry {
            Some(entry) => self.records.insert(key.clone(), entry.clone()),
            None => self.records.remove(key),
        };
        self.changed.insert(file_of(key.kind()));
    }

    /// Writes what changed: each file as a whole, durable when this returns.
    pub fn write(&mut self) -> Result<()> {
        let folder = self.home.root().join("directory");
        make_folder(&folder).map_err(|e| Error::io(&folder, e))?;
        for file in FILES {
            let path = folder.join(file.name);
            if !self.changed.contains(file.name) && path.exists() {
                continue;
            }
            let mut bytes = b"version: 1\n\n".to_vec();
            for (_, entry) in self.records.iter().filter(|(key, _)| file_of(key.kind()) == file.name) {
                ldif::write_entry(entry, &mut bytes);
            }
            replace_durably(&path, &bytes, 0o600).map_err(|e| Error::io(&path, e))?;
        }
        self.changed.clear();
        self.tables.write(self.home)
    }
}

/// One file of `directory/`.
struct RecordFile {
    name: &'static str,
    kind: Kind,
    named_by: &'static [&'static str],
}

impl RecordFile {
    fn key_of(&self, entry: &Entry) -> Key {
        let named = self.named_by.iter().find_map(|name| std::str::from_utf8(entry.get(name)?).ok());
        Key::new(self.kind, named.unwrap_or(&entry.dn))
    }
}

fn read_records(home: &Home, name: &str) -> Result<Vec<Entry>> {
    let path = home.root().join("directory").join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(&path, error)),
    };
    let file = path.to_string_lossy();
    // A record that somebody broke is one that is not there: the comparison says so.
    let records = Reader::new(&file, &bytes).filter_map(std::result::Result::ok);
    Ok(records
        .filter_map(|placed| match placed.value {
            Record::Content(entry) => Some(entry),
            _ => None,
        })
        .collect())
}

fn placed_owner(placed: &BTreeSet<Key>, table: Table, name: &str) -> Option<Key> {
    owner_kinds(table).iter().map(|kind| Key::new(*kind, name)).find(|key| placed.contains(key))
}

fn owner_by_name(
    desired: &BTreeMap<Key, Holding>,
    records: &BTreeMap<Key, Entry>,
    table: Table,
    name: &str,
) -> Key {
    let kinds = owner_kinds(table);
    let mut keys = kinds.iter().map(|kind| Key::new(*kind, name));
    let known = keys.find(|key| desired.contains_key(key) || records.contains_key(key));
    known.unwrap_or_else(|| Key::new(kinds[0], name))
}

fn owner_kinds(table: Table) -> &'static [Kind] {
    match table {
        Table::AliasDomains => &[Kind::AliasDomain],
        Table::Domains => &[Kind::Domain],
        Table::Users | Table::Mailboxes => &[Kind::Account, Kind::Resource],
        Table::Aliases => &[Kind::Alias, Kind::List, Kind::Account, Kind::Resource],
    }
}

fn file_of(kind: Kind) -> &'static str {
    let file = FILES.iter().find(|file| file.kind == kind);
    file.map_or("domains.ldif", |file| file.name)
}

/// Alias domains stand with the domains.
const FILES: [RecordFile; 7] = [
    RecordFile { name: "classes.ldif", kind: Kind::Class, named_by: &["cn"] },
    RecordFile { name: "domains.ldif", kind: Kind::Domain, named_by: &["zimbraDomainName", "dc"] },
    RecordFile { name: "accounts.ldif", kind: Kind::Account, named_by: &["mail"] },
    RecordFile { name: "resources.ldif", kind: Kind::Resource, named_by: &["mail"] },
    RecordFile { name: "aliases.ldif", kind: Kind::Alias, named_by: &["mail"] },
    RecordFile { name: "lists.ldif", kind: Kind::List, named_by: &["mail"] },
    RecordFile { name: "others.ldif", kind: Kind::Other, named_by: &[] },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(address: &str, target: &str) -> Holding {
        let row = Row { table: Table::Aliases, key: address.into(), value: target.into() };
        Holding { rows: BTreeSet::from([row]), ..Holding::default() }
    }

    #[test]
    fn an_address_that_goes_over_to_another_item_stays_in_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let (alias, list) =
            (Key::new(Kind::Alias, "info@example.com"), Key::new(Kind::List, "team@example.com"));
        let mut directory = Directory::vacant(&home);
        directory.put(&alias, &holding("info@example.com", "anna@example.com"));
        directory.put(&list, &holding("info@example.com", "bert@example.com"));
        directory.put(&alias, &holding("desk@example.com", "anna@example.com"));
        directory.write().unwrap();
        let tables = Tables::read(&home).unwrap();
        assert_eq!(tables.get(Table::Aliases, "info@example.com"), Some("bert@example.com"));
        assert_eq!(tables.get(Table::Aliases, "desk@example.com"), Some("anna@example.com"));
    }

    #[test]
    fn what_is_put_is_observed_again() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let key = Key::new(Kind::Alias, "info@example.com");
        let held = holding("info@example.com", "anna@example.com");
        let mut directory = Directory::vacant(&home);
        directory.put(&key, &held);
        directory.write().unwrap();
        let desired = BTreeMap::from([(key.clone(), held.clone())]);
        let observed = Directory::observe(&home, &desired, &BTreeSet::new()).unwrap().listing();
        assert_eq!(observed.get(&key).unwrap().digest, held.to_item(&key).digest);
        let unknown = Directory::observe(&home, &BTreeMap::new(), &BTreeSet::new()).unwrap().listing();
        assert_eq!(unknown.iter().next().unwrap().0, &key, "a row tells whose it is");
    }
}
