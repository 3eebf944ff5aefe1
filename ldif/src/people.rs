//! Accounts and calendar resources, and their further addresses.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::dn::Dn;
use crate::entry::Entry;
use crate::error::Place;
use crate::field::View;
use crate::gather::Findings;
use crate::listing::Kind;
use crate::model::{Account, Alias, Other, Resource, ResourceKind};
use crate::survey::{Survey, Target};
use crate::vocabulary::SERVER_ROOT;

/// Takes an account.
pub(crate) fn account(view: View<'_>, survey: &mut Survey) {
    let Some(address) = person(view, Kind::Account, survey) else { return };
    let (item, fields) = (address.as_str(), view.fields);
    let class = survey.class_of(view, &address);
    let quota = survey.quota_of(view, &address, class.as_deref());
    let findings = &mut survey.findings;
    let account = Account {
        password: view.password(item, findings),
        status: view.status(item, findings),
        display_name: view.text(fields.display_name),
        forward: view.addresses(fields.forward, item, findings),
        hidden_forward: view.addresses(fields.hidden_forward, item, findings),
        keep_copy: !view.flag(fields.forward_only),
        entry: view.entry().clone(),
        place: view.place().clone(),
        class,
        quota,
        address,
    };
    survey.directory.accounts.push(account);
}

/// Takes a calendar resource.
pub(crate) fn resource(view: View<'_>, survey: &mut Survey) {
    let Some(address) = person(view, Kind::Resource, survey) else { return };
    let item = address.as_str();
    let kind = match view.text(view.fields.resource_type).map(|kind| kind.to_lowercase()).as_deref() {
        Some("equipment") => ResourceKind::Equipment,
        Some("location") => ResourceKind::Location,
        other => {
            let reason =
                format!("neither a location nor equipment: {:?}; read as a location", other.unwrap_or(""));
            survey.findings.failure(view.place(), item, reason);
            ResourceKind::Location
        }
    };
    let class = survey.class_of(view, &address);
    let quota = survey.quota_of(view, &address, class.as_deref());
    let findings = &mut survey.findings;
    let resource = Resource {
        password: view.password(item, findings),
        status: view.status(item, findings),
        display_name: view.text(view.fields.display_name),
        entry: view.entry().clone(),
        place: view.place().clone(),
        kind,
        class,
        quota,
        address,
    };
    survey.directory.resources.push(resource);
}

/// Takes the second addresses: first those with an entry of their own, then those that only the account names.
pub(crate) fn aliases<'a>(
    entries: impl Iterator<Item = View<'a>>,
    people: impl Iterator<Item = View<'a>>,
    survey: &mut Survey,
) {
    // What each alias entry points to, refused ones too, so that nothing is said twice.
    let mut pointed: BTreeMap<Address, Option<Address>> = BTreeMap::new();
    for view in entries {
        let Some(address) = view.local_address(&mut survey.findings) else { continue };
        let target = alias_entry(view, &address, survey);
        pointed.insert(address, target);
    }
    for view in people {
        let Some(target) = owner(view, survey) else { continue };
        for address in view.addresses(view.fields.aliases, target.as_str(), &mut survey.findings) {
            if address == target || pointed.get(&address).is_some_and(|known| known.as_ref() == Some(&target))
            {
                continue;
            }
            if survey.claim(&address, Kind::Alias, view.place()) {
                let (entry, place) = (made_up(view, &address), view.place().clone());
                survey.directory.aliases.push(Alias { address, target: target.clone(), entry, place });
            }
        }
    }
}

/// Notes the accounts that get mail for unknown addresses of a domain.
pub(crate) fn catch_alls<'a>(people: impl Iterator<Item = View<'a>>, survey: &mut Survey) {
    let named =
        people.flat_map(|view| view.all(view.fields.catch_all).into_iter().map(move |text| (view, text)));
    for (view, text) in named {
        let Some(address) = owner(view, survey) else { continue };
        let name = text.trim_start_matches('@').to_lowercase();
        let Some(facts) = survey.domains.get_mut(&name) else {
            let reason = format!("gets unknown mail of {name}, but no entry declares that domain; not set");
            survey.findings.failure(view.place(), address.as_str(), reason);
            continue;
        };
        let catch_all = &mut survey.directory.domains[facts.index].catch_all;
        if let Some(first) = catch_all {
            let reason = format!("gets unknown mail of {name}, but so does {first}; not set");
            survey.findings.failure(view.place(), address.as_str(), reason);
            continue;
        }
        *catch_all = Some(address);
        facts.catch_all = true;
    }
}

/// The address of an account or resource that is to be taken, and from then on is.
fn person(view: View<'_>, kind: Kind, survey: &mut Survey) -> Option<Address> {
    let fields = view.fields;
    if view.text(fields.address).is_none() && (fields.local.is_empty() || view.domain().is_none()) {
        nameless(view, survey);
        return None;
    }
    let address = view.address(&mut survey.findings)?;
    if survey.is_system(view, &address) || !survey.claim(&address, kind, view.place()) {
        return None;
    }
    if let Some(id) = view.text(fields.id) {
        let target = survey.targets.entry(id).or_insert_with(|| Target::Person(address.clone()));
        if !matches!(target, Target::Person(known) if *known == address) {
            survey.findings.failure(
                view.place(),
                address.as_str(),
                "another entry has the same id; aliases go there",
            );
        }
    }
    Some(address)
}

fn nameless(view: View<'_>, survey: &mut Survey) {
    if view.raw.dn.folded().ends_with(SERVER_ROOT) {
        survey.findings.skip(view.place(), &view.entry().dn, "an account of the old server itself; left out");
    } else if view.fields.local.is_empty() {
        survey.findings.note(view.place(), &view.entry().dn, "a person without a mail address; no account");
        let (entry, place) = (view.entry().clone(), view.place().clone());
        survey.directory.others.push(Other { what: "person".to_owned(), entry, place });
    } else {
        survey.findings.failure(view.place(), &view.entry().dn, "no mail address; the entry is left out");
    }
}

/// The address of an account or resource that has been taken; `None` when it was left out or refused.
pub(crate) fn owner(view: View<'_>, survey: &Survey) -> Option<Address> {
    let mut said_before = Findings::default();
    let address = view.address(&mut said_before)?;
    let taken = survey.place_of(&address)?;
    (taken == view.place()).then_some(address)
}

/// Takes an alias entry and gives the account it points to.
fn alias_entry(view: View<'_>, address: &Address, survey: &mut Survey) -> Option<Address> {
    let id = view.text(view.fields.alias_target).unwrap_or_default();
    match survey.targets.get(&id).cloned() {
        None => {
            let reason = format!("an alias, but no entry has the id {id:?} that it points to; left out");
            survey.findings.failure(view.place(), address.as_str(), reason);
            None
        }
        Some(Target::LeftOut) => {
            survey.findings.skip(view.place(), address.as_str(), "an alias of a system account; left out");
            None
        }
        Some(Target::List(list)) => {
            if survey.claim(address, Kind::Alias, view.place()) {
                survey.list_aliases.push((list, address.clone()));
            }
            None
        }
        Some(Target::Person(target)) => {
            if survey.claim(address, Kind::Alias, view.place()) {
                let (entry, place): (Entry, Place) = (view.entry().clone(), view.place().clone());
                survey.directory.aliases.push(Alias {
                    address: address.clone(),
                    target: target.clone(),
                    entry,
                    place,
                });
            }
            Some(target)
        }
    }
}

/// The entry that an alias would have, named as its server names them.
fn made_up(view: View<'_>, address: &Address) -> Entry {
    let dn = Dn::of_domain(address.domain()).child("ou", "people").child("uid", address.local());
    let mut entry = Entry::new(dn.to_string());
    let target = view.text(view.fields.id);
    let values = view.fields.alias_classes.iter().map(|class| ("objectClass", (*class).to_owned()));
    let values = values.chain([("uid", address.local().to_owned())]);
    let values = values.chain(view.fields.alias_target.first().copied().zip(target));
    for (name, value) in values {
        entry.push(name, value).expect("the names are attribute names");
    }
    entry
}
