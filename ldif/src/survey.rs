//! What is known across entries while they are read: ids, domains, and who has which address.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::error::Place;
use crate::field::View;
use crate::gather::Findings;
use crate::listing::{Key, Kind};
use crate::model::{ClassOfService, Directory, Quota};
use crate::vocabulary::{DEFAULT_CLASS, DEFAULT_CLASS_ID, SYSTEM_ACCOUNTS};

/// The directory so far, and the indexes by which the next entries are checked against it.
#[derive(Default)]
pub(crate) struct Survey {
    pub(crate) directory: Directory,
    pub(crate) findings: Findings,
    /// Where each class of service is in the directory, by id.
    pub(crate) class_ids: BTreeMap<String, usize>,
    /// The same by name in lower case.
    pub(crate) class_names: BTreeMap<String, usize>,
    /// Whoever an alias may point to, by id.
    pub(crate) targets: BTreeMap<String, Target>,
    /// Every domain and alias domain that an entry declares, with its default class of service and what it is another name of.
    pub(crate) domains: BTreeMap<String, DomainFacts>,
    /// Further addresses of lists that have entries of their own: the list's primary address and the further one.
    pub(crate) list_aliases: Vec<(Address, Address)>,
    /// Every address that is taken, folded, and by whom.
    claims: BTreeMap<String, (Key, Place)>,
    /// The addresses of accounts that are left out on purpose, folded.
    left_out: BTreeSet<String>,
}

/// Whoever an alias points to.
#[derive(Clone)]
pub(crate) enum Target {
    LeftOut,
    List(Address),
    Person(Address),
}

/// What later entries have to know of a domain.
#[derive(Default)]
pub(crate) struct DomainFacts {
    /// Where it is in the directory.
    pub(crate) index: usize,
    pub(crate) class: Option<String>,
    pub(crate) alias_of: Option<String>,
    pub(crate) catch_all: bool,
}

impl Survey {
    /// Takes an address for an item, unless its domain is nobody's or the address is somebody else's.
    pub(crate) fn claim(&mut self, address: &Address, kind: Kind, place: &Place) -> bool {
        if !self.domains.is_empty() && !self.domains.contains_key(address.domain()) {
            let reason = format!("no entry declares the domain {}; the {kind} is left out", address.domain());
            self.findings.failure(place, address.as_str(), reason);
            return false;
        }
        if let Some((key, earlier)) = self.claims.get(address.folded()) {
            let reason = format!(
                "the address belongs to {key} at {}:{} already; the {kind} is left out",
                earlier.file, earlier.line
            );
            self.findings.failure(place, address.as_str(), reason);
            return false;
        }
        self.claims.insert(address.folded().to_owned(), (Key::new(kind, address.as_str()), place.clone()));
        true
    }

    /// Where the entry is that has the address.
    pub(crate) fn place_of(&self, address: &Address) -> Option<&Place> {
        self.claims.get(address.folded()).map(|(_, place)| place)
    }

    /// Whether mail to the address arrives somewhere: elsewhere, at an item, or at a catch-all account.
    pub(crate) fn arrives(&self, address: &Address) -> bool {
        let Some(domain) = self.domains.get(address.domain()) else { return true };
        let there = |address: &Address| {
            self.place_of(address).is_some()
                || self.domains.get(address.domain()).is_some_and(|facts| facts.catch_all)
        };
        let twin =
            domain.alias_of.as_ref().and_then(|target| format!("{}@{target}", address.local()).parse().ok());
        there(address) || twin.is_some_and(|twin| there(&twin))
    }

    /// Leaves an account out when the old server made it for itself.
    pub(crate) fn is_system(&mut self, view: View<'_>, address: &Address) -> bool {
        let stem = address.local().split('.').next().unwrap_or_default().to_lowercase();
        let named = address.local().contains('.') && SYSTEM_ACCOUNTS.contains(&stem.as_str());
        if !named && !view.flag(view.fields.system) {
            return false;
        }
        self.findings.skip(view.place(), address.as_str(), "a system account of the old server; left out");
        self.left_out.insert(address.folded().to_owned());
        if let Some(id) = view.text(view.fields.id) {
            self.targets.insert(id, Target::LeftOut);
        }
        true
    }

    /// Whether the address is that of an account that is left out on purpose.
    pub(crate) fn is_left_out(&self, address: &Address) -> bool {
        self.left_out.contains(address.folded())
    }

    /// The name of the class of service that a reference means: by id, or by name where a person has written it.
    pub(crate) fn class_named(&mut self, reference: &str, place: &Place, item: &str) -> Option<String> {
        if let Some(index) = self.class_ids.get(reference) {
            return Some(self.directory.classes[*index].name.clone());
        }
        if let Some(name) = self.class(reference).map(|class| class.name.clone()) {
            self.findings.note(
                place,
                item,
                format!("the class of service {name} is given by name instead of its id"),
            );
            return Some(name);
        }
        if reference == DEFAULT_CLASS_ID {
            return Some(DEFAULT_CLASS.to_owned());
        }
        self.findings.failure(
            place,
            item,
            format!("no class of service has the id {reference:?}; none is set"),
        );
        None
    }

    /// An account's class of service: its own, that of its domain, or the one named `default`.
    pub(crate) fn class_of(&mut self, view: View<'_>, address: &Address) -> Option<String> {
        if let Some(reference) = view.text(view.fields.class) {
            return self.class_named(&reference, view.place(), address.as_str());
        }
        let of_domain = self.domains.get(address.domain()).and_then(|facts| facts.class.clone());
        of_domain.or_else(|| self.class(DEFAULT_CLASS).map(|class| class.name.clone()))
    }

    /// An account's quota: its own or that of its class of service.
    pub(crate) fn quota_of(&mut self, view: View<'_>, address: &Address, class: Option<&str>) -> Quota {
        let own = view.quota(address.as_str(), &mut self.findings);
        let bytes = own.or_else(|| self.class(class?)?.quota);
        Quota { bytes: bytes.filter(|bytes| *bytes > 0) }
    }

    /// The class of service of this name, whatever its case.
    pub(crate) fn class(&self, name: &str) -> Option<&ClassOfService> {
        self.class_names.get(&name.to_lowercase()).map(|index| &self.directory.classes[*index])
    }
}
