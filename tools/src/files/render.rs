//! A mail directory as the rows and records of a `files:` destination. Pure.

use std::collections::{BTreeMap, BTreeSet};

use ldif::{
    Account, Address, Directory, DomainKind, Entry, Finding, Key, Kind, Password, Place, Quota, Severity,
    Status,
};

use crate::files::home::component;
use crate::files::passwords::{Field, for_dovecot};
use crate::files::tables::{Row, Table};

/// What a destination holds of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its record in `directory/*.ldif`; an alias that is only a value of its account's entry has none.
    pub entry: Option<Entry>,
    /// Its rows in the tables.
    pub rows: BTreeSet<Row>,
    /// Where it stands in the source.
    pub place: Place,
}

impl Holding {
    /// As an item that can be compared: the record, and each row as an attribute.
    pub fn to_item(&self, key: &Key) -> ldif::Item {
        let mut entry = self.entry.clone().unwrap_or_else(|| Entry::new(key.to_string()));
        for row in &self.rows {
            let value = format!("{} {}", row.key, row.value);
            entry
                .push(row.table.attribute(), value)
                .expect("the attribute names of the tables are well formed");
        }
        ldif::Item::new(entry, self.place.clone())
    }
}

/// Everything a directory becomes, and what of it has no equal here.
pub fn render(directory: &Directory) -> (BTreeMap<Key, Holding>, Vec<Finding>) {
    let mut renderer = Renderer::new(directory);
    renderer.classes_and_domains();
    renderer.accounts_and_resources();
    renderer.aliases();
    renderer.lists();
    renderer.others();
    (renderer.holdings, renderer.findings)
}

struct Renderer<'a> {
    directory: &'a Directory,
    alias_domains: BTreeMap<&'a str, Vec<&'a str>>,
    explicit: BTreeSet<String>,
    mailboxes: BTreeSet<&'a str>,
    holdings: BTreeMap<Key, Holding>,
    findings: Vec<Finding>,
}

impl<'a> Renderer<'a> {
    fn new(directory: &'a Directory) -> Self {
        let mut alias_domains: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for domain in &directory.domains {
            if let DomainKind::Alias { target } = &domain.kind {
                alias_domains.entry(target.as_str()).or_default().push(&domain.name);
            }
        }
        let explicit = (directory.accounts.iter().map(|account| &account.address))
            .chain(directory.resources.iter().map(|resource| &resource.address))
            .chain(directory.aliases.iter().map(|alias| &alias.address))
            .chain(directory.lists.iter().flat_map(|list| list.aliases.iter().chain([&list.address])))
            .map(|address| address.folded().to_owned())
            .collect();
        let mailboxes = (directory.accounts.iter().map(|account| account.entry.dn.as_str()))
            .chain(directory.resources.iter().map(|resource| resource.entry.dn.as_str()))
            .collect();
        Self {
            directory,
            alias_domains,
            explicit,
            mailboxes,
            holdings: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    fn classes_and_domains(&mut self) {
        for class in &self.directory.classes {
            self.hold(Key::new(Kind::Class, &class.name), Some(&class.entry), &class.place, []);
        }
        for domain in &self.directory.domains {
            let (kind, mut rows) = match &domain.kind {
                DomainKind::Local => (Kind::Domain, vec![row(Table::Domains, &domain.name, "OK")]),
                DomainKind::Alias { target } => {
                    (Kind::AliasDomain, vec![row(Table::AliasDomains, &domain.name, target)])
                }
            };
            if let Some(address) = &domain.catch_all {
                rows.push(row(Table::Aliases, &format!("@{}", domain.name), address.folded()));
            }
            self.hold(Key::new(kind, &domain.name), Some(&domain.entry), &domain.place, rows);
        }
    }

    fn accounts_and_resources(&mut self) {
        for account in &self.directory.accounts {
            let login = Login {
                address: &account.address,
                password: account.password.as_ref(),
                status: account.status,
                quota: account.quota,
                place: &account.place,
            };
            let mut rows = self.mailbox(&login, true);
            rows.extend(forward(account));
            let key = Key::new(Kind::Account, account.address.as_str());
            self.hold(key, Some(&account.entry), &account.place, rows);
        }
        for resource in &self.directory.resources {
            let login = Login {
                address: &resource.address,
                password: resource.password.as_ref(),
                status: resource.status,
                quota: resource.quota,
                place: &resource.place,
            };
            let rows = self.mailbox(&login, false);
            let key = Key::new(Kind::Resource, resource.address.as_str());
            self.hold(key, Some(&resource.entry), &resource.place, rows);
        }
    }

    fn aliases(&mut self) {
        for alias in &self.directory.aliases {
            let mut rows = vec![row(Table::Aliases, alias.address.as_str(), alias.target.folded())];
            rows.extend(self.in_alias_domains(&alias.address, &alias.target));
            // An alias that is a value of its account's entry is recorded there.
            let entry = Some(&alias.entry).filter(|entry| !self.mailboxes.contains(entry.dn.as_str()));
            self.hold(Key::new(Kind::Alias, alias.address.as_str()), entry, &alias.place, rows);
        }
    }

    fn lists(&mut self) {
        for list in &self.directory.lists {
            let members: BTreeSet<String> =
                list.members.iter().map(|address| address.folded().to_owned()).collect();
            let mut rows = self.in_alias_domains(&list.address, &list.address);
            if members.is_empty() {
                self.find(
                    Severity::Note,
                    &list.place,
                    list.address.as_str(),
                    "the list has no members; mail to it is refused",
                );
            } else {
                let members = members.into_iter().collect::<Vec<_>>().join(", ");
                rows.push(row(Table::Aliases, list.address.as_str(), &members));
            }
            for alias in &list.aliases {
                rows.push(row(Table::Aliases, alias.as_str(), list.address.folded()));
                rows.extend(self.in_alias_domains(alias, &list.address));
            }
            let key = Key::new(Kind::List, list.address.as_str());
            self.hold(key, Some(&list.entry), &list.place, rows);
        }
    }

    fn others(&mut self) {
        for other in &self.directory.others {
            self.hold(Key::new(Kind::Other, &other.entry.dn), Some(&other.entry), &other.place, []);
        }
    }

    fn hold(&mut self, key: Key, entry: Option<&Entry>, place: &Place, rows: impl IntoIterator<Item = Row>) {
        let (comments, rows): (BTreeSet<Row>, BTreeSet<Row>) =
            rows.into_iter().partition(|row| row.key.starts_with('#'));
        if !comments.is_empty() {
            let reason =
                "a line that begins with # is a comment to Dovecot and Postfix: this name cannot be served";
            self.find(Severity::Failure, place, key.name(), reason);
        }
        let holding = Holding { entry: entry.cloned(), rows, place: place.clone() };
        self.holdings.entry(key).or_insert(holding);
    }

    fn mailbox(&mut self, login: &Login<'_>, needs_password: bool) -> Vec<Row> {
        let address = login.address.folded();
        let field = match login.password.map(for_dovecot) {
            Some(Ok(field)) => field,
            Some(Err(reason)) => {
                self.find(Severity::Failure, login.place, address, &reason);
                Field::locked()
            }
            None => {
                if needs_password {
                    self.find(Severity::Note, login.place, address, "has no password; nobody can log in");
                }
                Field::locked()
            }
        };
        let mut rows = vec![row(Table::Users, address, &login.passwd_fields(&field))];
        if login.status == Status::Closed {
            self.find(Severity::Note, login.place, address, "is closed: its mail is refused, as it was");
        } else {
            let maildir = format!(
                "{}/{}/Maildir/",
                component(login.address.domain()),
                component(&local(login.address))
            );
            rows.push(row(Table::Mailboxes, address, &maildir));
        }
        rows.extend(self.in_alias_domains(login.address, login.address));
        rows
    }

    /// One row for the address in each alias domain of its domain: Postfix refuses unknown recipients only where every
    /// known one is listed.
    fn in_alias_domains(&self, address: &Address, target: &Address) -> Vec<Row> {
        let domains = self.alias_domains.get(address.domain()).map(Vec::as_slice).unwrap_or_default();
        let there = domains.iter().map(|domain| format!("{}@{domain}", local(address)));
        there
            .filter(|key| !self.explicit.contains(key))
            .map(|key| row(Table::Aliases, &key, target.folded()))
            .collect()
    }

    fn find(&mut self, severity: Severity, place: &Place, item: &str, reason: &str) {
        let finding =
            Finding { severity, place: place.clone(), item: item.to_owned(), reason: reason.to_owned() };
        self.findings.push(finding);
    }
}

struct Login<'a> {
    address: &'a Address,
    password: Option<&'a Password>,
    status: Status,
    quota: Quota,
    place: &'a Place,
}

impl Login<'_> {
    /// All fields after the name: password:uid:gid:gecos:home:shell:extra.
    fn passwd_fields(&self, field: &Field) -> String {
        let mut extra = Vec::new();
        if let Some(bytes) = self.quota.bytes.filter(|bytes| *bytes > 0) {
            extra.push(format!("userdb_quota_rule=*:bytes={bytes}"));
        }
        if self.status != Status::Active {
            extra.push("nologin=y".to_owned());
        }
        format!("{}::::::{}", field.as_str(), extra.join(" "))
    }
}

fn forward(account: &Account) -> Option<Row> {
    let mut targets: BTreeSet<String> = account
        .forward
        .iter()
        .chain(&account.hidden_forward)
        .map(|address| address.folded().to_owned())
        .collect();
    if targets.is_empty() {
        return None;
    }
    // An address that stands in its own list is delivered here (virtual(5)). Only the user's own forward may switch that off.
    if account.keep_copy || account.forward.is_empty() {
        targets.insert(account.address.folded().to_owned());
    }
    let targets = targets.into_iter().collect::<Vec<_>>().join(", ");
    Some(row(Table::Aliases, account.address.as_str(), &targets))
}

fn local(address: &Address) -> String {
    address.local().to_lowercase()
}

fn row(table: Table, key: &str, value: &str) -> Row {
    Row { table, key: key.to_lowercase(), value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: &str = "\
version: 1

dn: dc=example,dc=com
objectClass: zimbraDomain
zimbraDomainName: example.com
zimbraDomainType: local
zimbraId: d1

dn: dc=example,dc=org
objectClass: zimbraDomain
zimbraDomainName: example.org
zimbraDomainType: alias
zimbraDomainAliasTargetId: d1
zimbraId: d2

dn: uid=anna,ou=people,dc=example,dc=com
objectClass: zimbraAccount
uid: anna
mail: anna@example.com
zimbraMailAlias: a.berg@example.com
zimbraAccountStatus: active
zimbraMailQuota: 1048576
zimbraPrefMailForwardingAddress: anna@example.net
userPassword: {SSHA}c2VjcmV0

dn: uid=bert,ou=people,dc=example,dc=com
objectClass: zimbraAccount
uid: bert
mail: bert@example.com
zimbraAccountStatus: locked
zimbraPrefMailForwardingAddress: bert@example.net
zimbraPrefMailLocalDeliveryDisabled: TRUE
userPassword: {PBKDF2-SHA256}10000$abc$def

dn: uid=team,ou=people,dc=example,dc=com
objectClass: zimbraDistributionList
uid: team
mail: team@example.com
zimbraMailAlias: team@example.com
zimbraMailForwardingAddress: anna@example.com
zimbraMailForwardingAddress: outside@example.net
";

    fn rows(table: Table) -> Vec<String> {
        let (directory, findings) = Directory::read([("test.ldif", DIRECTORY.as_bytes())]);
        assert!(findings.iter().all(|finding| finding.severity != Severity::Failure), "{findings:?}");
        let (holdings, _) = render(&directory);
        let mut rows: Vec<Row> = holdings.into_values().flat_map(|holding| holding.rows).collect();
        rows.sort();
        let of_table = rows.into_iter().filter(|row| row.table == table);
        of_table.map(|row| format!("{} {}", row.key, row.value)).collect()
    }

    #[test]
    fn every_address_is_answered_for_in_the_alias_domain_too() {
        assert_eq!(
            rows(Table::Aliases),
            [
                "a.berg@example.com anna@example.com",
                "a.berg@example.org anna@example.com",
                "anna@example.com anna@example.com, anna@example.net",
                "anna@example.org anna@example.com",
                "bert@example.com bert@example.net",
                "bert@example.org bert@example.com",
                "team@example.com anna@example.com, outside@example.net",
                "team@example.org team@example.com",
            ]
        );
        assert_eq!(rows(Table::AliasDomains), ["example.org example.com"]);
        assert_eq!(rows(Table::Domains), ["example.com OK"]);
    }

    #[test]
    fn who_logs_in_has_a_hash_and_a_quota_and_who_must_not_has_neither() {
        assert_eq!(
            rows(Table::Users),
            [
                "anna@example.com {SSHA}c2VjcmV0::::::userdb_quota_rule=*:bytes=1048576",
                "bert@example.com {CRYPT}!::::::nologin=y",
            ]
        );
        assert_eq!(
            rows(Table::Mailboxes),
            ["anna@example.com example.com/anna/Maildir/", "bert@example.com example.com/bert/Maildir/"]
        );
    }

    #[test]
    fn a_password_that_cannot_be_carried_is_a_failure_with_a_place() {
        let (directory, _) = Directory::read([("test.ldif", DIRECTORY.as_bytes())]);
        let (_, findings) = render(&directory);
        let failures: Vec<_> =
            findings.iter().filter(|finding| finding.severity == Severity::Failure).collect();
        assert_eq!(failures.len(), 1, "{findings:?}");
        assert_eq!((failures[0].item.as_str(), failures[0].place.line), ("bert@example.com", 26));
    }
}
