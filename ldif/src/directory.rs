//! From files to the typed view, and from the typed view to what the engine compares.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::domains;
use crate::entry::Entry;
use crate::error::{Finding, Place};
use crate::field::View;
use crate::gather::{Raw, gather};
use crate::listing::{Item, Key, Kind, Listing};
use crate::lists;
use crate::model::{Directory, DomainKind, Other};
use crate::people;
use crate::survey::Survey;
use crate::vocabulary::Shape;

impl Directory {
    /// Reads files as one directory, and says everything that is wrong with them.
    ///
    /// Each file is a name, for people, and its bytes. What can be repaired is repaired and noted; what cannot is left
    /// out and named; the rest goes on.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> (Self, Vec<Finding>) {
        let files: Vec<(&str, &[u8])> = files.into_iter().collect();
        let order = files.iter().map(|(name, _)| *name).collect();
        let mut survey = Survey::default();
        let raws = gather(files, &mut survey.findings);
        let of = |wanted: &'static [Shape]| {
            raws.iter().filter_map(view).filter(|(shape, _)| wanted.contains(shape)).map(|(_, view)| view)
        };
        domains::classes(of(&[Shape::Class]), &mut survey);
        domains::domains(of(&[Shape::Domain]), &mut survey);
        primaries(&raws, &mut survey);
        people::aliases(of(&[Shape::Alias]), of(PEOPLE), &mut survey);
        lists::aliases(of(LISTS), &mut survey);
        people::catch_alls(of(PEOPLE), &mut survey);
        lists::members(&mut survey);
        others(&raws, &mut survey);
        (survey.directory, in_order(survey.findings.0, order))
    }

    /// The directory as the engine compares it: every item's entry under what it is and what it is called.
    pub fn listing(&self) -> Listing {
        let class = self.classes.iter().map(|it| (Key::new(Kind::Class, &it.name), &it.entry, &it.place));
        let domain = self.domains.iter().map(|it| {
            let kind = if it.kind == DomainKind::Local { Kind::Domain } else { Kind::AliasDomain };
            (Key::new(kind, &it.name), &it.entry, &it.place)
        });
        let account = self
            .accounts
            .iter()
            .map(|it| (Key::new(Kind::Account, it.address.as_str()), &it.entry, &it.place));
        let resource = self
            .resources
            .iter()
            .map(|it| (Key::new(Kind::Resource, it.address.as_str()), &it.entry, &it.place));
        let alias =
            self.aliases.iter().map(|it| (Key::new(Kind::Alias, it.address.as_str()), &it.entry, &it.place));
        let list =
            self.lists.iter().map(|it| (Key::new(Kind::List, it.address.as_str()), &it.entry, &it.place));
        let other = self.others.iter().map(|it| (Key::new(Kind::Other, &it.entry.dn), &it.entry, &it.place));
        let all = class.chain(domain).chain(account).chain(resource).chain(alias).chain(list).chain(other);
        all.map(|(key, entry, place): (Key, &Entry, &Place)| (key, Item::new(entry.clone(), place.clone())))
            .collect()
    }
}

fn view(raw: &Raw) -> Option<(Shape, View<'_>)> {
    raw.known.map(|(shape, vocabulary)| (shape, View { raw, fields: &vocabulary.fields }))
}

/// Everything with a primary address, in file order: the first to claim an address has it, before any alias.
fn primaries(raws: &[Raw], survey: &mut Survey) {
    for (shape, view) in raws.iter().filter_map(view) {
        match shape {
            Shape::Account => people::account(view, survey),
            Shape::List => lists::list(view, survey),
            Shape::Resource => people::resource(view, survey),
            _ => {}
        }
    }
    // Members of dynamic lists are known when the accounts are.
    let mut members: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    for (_, view) in raws.iter().filter_map(view).filter(|(shape, _)| PEOPLE.contains(shape)) {
        if let Some(address) = people::owner(view, survey) {
            for list in view.all(view.fields.member_of) {
                members.entry(list).or_default().push(address.clone());
            }
        }
    }
    for (_, view) in raws.iter().filter_map(view).filter(|(shape, _)| *shape == Shape::DynamicList) {
        lists::dynamic(view, &members, survey);
    }
}

/// What the model has no type for is kept, and said so.
fn others(raws: &[Raw], survey: &mut Survey) {
    for raw in raws {
        let (what, reason) = match raw.known.map(|(shape, _)| shape) {
            Some(Shape::DataSource) => {
                ("data source", "an external account to fetch from; kept as an entry only")
            }
            Some(Shape::Identity) => ("identity", "a further sender identity; kept as an entry only"),
            Some(Shape::Server) => {
                let reason = "configuration of the old server; left out";
                survey.findings.skip(&raw.place, &raw.entry.dn, reason);
                continue;
            }
            Some(Shape::Signature) => ("signature", "a signature; kept as an entry only"),
            Some(_) => continue,
            None => ("entry", "no known object class; kept as an entry only"),
        };
        survey.findings.note(&raw.place, &raw.entry.dn, reason);
        let (entry, place) = (raw.entry.clone(), raw.place.clone());
        survey.directory.others.push(Other { what: what.to_owned(), entry, place });
    }
}

/// The findings as one reads the files, each once: an address that several attributes repeat is repaired as often.
fn in_order(findings: Vec<Finding>, files: Vec<&str>) -> Vec<Finding> {
    let mut order = BTreeMap::new();
    for (index, file) in files.into_iter().enumerate() {
        order.entry(file).or_insert(index);
    }
    let mut seen = BTreeSet::new();
    let key = |finding: &Finding| (finding.severity, finding.place.clone(), finding.reason.clone());
    let mut findings: Vec<Finding> =
        findings.into_iter().filter(|finding| seen.insert(key(finding))).collect();
    findings.sort_by_key(|finding| (order.get(&*finding.place.file).copied(), finding.place.line));
    findings
}

const LISTS: &[Shape] = &[Shape::DynamicList, Shape::List];
const PEOPLE: &[Shape] = &[Shape::Account, Shape::Resource];
