//! Typed values out of an entry's attributes, each fault found and named.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::address::{Address, is_domain};
use crate::entry::Entry;
use crate::error::Place;
use crate::gather::{Findings, Raw};
use crate::model::Status;
use crate::password::{Password, Scheme};
use crate::vocabulary::Fields;

/// The attributes of one entry, read by one vocabulary.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) raw: &'a Raw,
    pub(crate) fields: &'static Fields,
}

type Names = &'static [&'static str];

impl<'a> View<'a> {
    pub(crate) fn entry(self) -> &'a Entry {
        &self.raw.entry
    }

    pub(crate) fn place(self) -> &'a Place {
        &self.raw.place
    }

    /// The first value of the first attribute that is there, without blanks around it; empty values do not count.
    pub(crate) fn text(self, names: Names) -> Option<String> {
        names.iter().find_map(|name| self.texts(name).next())
    }

    /// Every value of these attributes.
    pub(crate) fn all(self, names: Names) -> Vec<String> {
        names.iter().flat_map(|name| self.texts(name)).collect()
    }

    pub(crate) fn flag(self, names: Names) -> bool {
        self.text(names).is_some_and(|value| value.eq_ignore_ascii_case("TRUE"))
    }

    /// The domain that the entry's name is in.
    pub(crate) fn domain(self) -> Option<String> {
        self.raw.dn.domain()
    }

    /// The primary address: what an attribute says, or the local part in the domain of the entry's name.
    pub(crate) fn address(self, findings: &mut Findings) -> Option<Address> {
        match self.fields.address.iter().find_map(|name| self.raw_values(name).next()) {
            Some(value) => address(&value, self.place(), &self.entry().dn, findings),
            None => self.local_address(findings),
        }
    }

    /// The local part in the domain of the entry's name.
    pub(crate) fn local_address(self, findings: &mut Findings) -> Option<Address> {
        let (Some(local), Some(domain)) = (self.text(self.fields.local), self.domain()) else {
            findings.failure(self.place(), &self.entry().dn, "no mail address; the entry is left out");
            return None;
        };
        address(&format!("{local}@{domain}"), self.place(), &self.entry().dn, findings)
    }

    /// All addresses of these attributes, each once; several in one value are parted by commas.
    pub(crate) fn addresses(self, names: Names, item: &str, findings: &mut Findings) -> Vec<Address> {
        let mut seen = BTreeSet::new();
        let values = names.iter().flat_map(|name| self.raw_values(name));
        let parts: Vec<String> =
            values.flat_map(|value| value.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
        let read = parts.iter().filter(|part| !part.trim().is_empty());
        read.filter_map(|part| address(part, self.place(), item, findings))
            .filter(|address| seen.insert(address.clone()))
            .collect()
    }

    /// The name of a domain entry.
    pub(crate) fn domain_name(self, findings: &mut Findings) -> Option<String> {
        let Some(name) = self.text(self.fields.domain_name).or_else(|| self.domain()) else {
            findings.failure(self.place(), &self.entry().dn, "a domain without a name; it is left out");
            return None;
        };
        let lower = name.to_lowercase();
        if !is_domain(&lower) {
            findings.failure(
                self.place(),
                &self.entry().dn,
                format!("not a domain name: {name:?}; it is left out"),
            );
            return None;
        }
        if lower != name {
            findings.note(self.place(), &lower, format!("the domain is written {name}; read in lower case"));
        }
        Some(lower)
    }

    /// Bytes; zero is unlimited.
    pub(crate) fn quota(self, item: &str, findings: &mut Findings) -> Option<u64> {
        let text = self.text(self.fields.quota)?;
        let bytes = text.parse().ok();
        if bytes.is_none() {
            let reason = format!("the quota {text:?} is no number of bytes; it is left out");
            findings.failure(self.place(), item, reason);
        }
        bytes
    }

    pub(crate) fn status(self, item: &str, findings: &mut Findings) -> Status {
        let Some(text) = self.text(self.fields.status) else { return Status::Active };
        let all = [
            Status::Active,
            Status::Closed,
            Status::Locked,
            Status::LockedOut,
            Status::Maintenance,
            Status::Pending,
        ];
        all.into_iter().find(|status| status.to_string().eq_ignore_ascii_case(&text)).unwrap_or_else(|| {
            findings.failure(self.place(), item, format!("unknown account status {text:?}; read as locked"));
            Status::Locked
        })
    }

    pub(crate) fn password(self, item: &str, findings: &mut Findings) -> Option<Password> {
        let values = self.fields.password.iter().flat_map(|name| self.entry().values(name));
        let mut passwords: Vec<Password> =
            values.filter(|value| !value.is_empty()).map(Password::new).collect();
        let known = passwords.iter().position(|password| !matches!(password.scheme(), Scheme::Other(_)));
        if passwords.len() > 1 {
            findings.note(
                self.place(),
                item,
                "more than one password; the first whose scheme is known is taken",
            );
        }
        if passwords.is_empty() {
            return None;
        }
        let password = passwords.swap_remove(known.unwrap_or(0));
        if let Scheme::Other(name) = password.scheme() {
            findings.note(
                self.place(),
                item,
                format!("the password's scheme {name} is not known; kept as it is"),
            );
        }
        Some(password)
    }

    fn texts(self, name: &'static str) -> impl Iterator<Item = String> + use<'a> {
        self.raw_values(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn raw_values(self, name: &'static str) -> impl Iterator<Item = Cow<'a, str>> {
        self.raw
            .entry
            .values(name)
            .filter(|value| !value.trim_ascii().is_empty())
            .map(String::from_utf8_lossy)
    }
}

/// An address as exporters write it, which may have capital letters in the domain.
fn address(text: &str, place: &Place, item: &str, findings: &mut Findings) -> Option<Address> {
    let trimmed = text.trim();
    let Ok(address) = trimmed.parse::<Address>() else {
        findings.failure(place, item, format!("not a mail address: {trimmed:?}; it is left out"));
        return None;
    };
    if !trimmed.ends_with(address.domain()) {
        findings.note(place, item, format!("the domain of {trimmed} is read in lower case"));
    }
    Some(address)
}
