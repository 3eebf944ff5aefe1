//! Distribution lists, static and dynamic.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::field::View;
use crate::gather::Findings;
use crate::listing::Kind;
use crate::model::{List, Other};
use crate::survey::{Survey, Target};

/// Takes a list, its members as they are written.
pub(crate) fn list(view: View<'_>, survey: &mut Survey) {
    let Some(address) = primary(view, survey) else { return };
    if !survey.claim(&address, Kind::List, view.place()) {
        return;
    }
    if let Some(id) = view.text(view.fields.id) {
        survey.targets.entry(id).or_insert_with(|| Target::List(address.clone()));
    }
    let members = view.addresses(view.fields.member, address.as_str(), &mut survey.findings);
    push(view, address, members, survey);
}

/// Takes a dynamic list when its members are those accounts that name it; any other search is kept as an entry.
pub(crate) fn dynamic(view: View<'_>, members: &BTreeMap<String, Vec<Address>>, survey: &mut Survey) {
    let Some(address) = primary(view, survey) else { return };
    let id = view.text(view.fields.id).unwrap_or_default();
    let url = view.text(view.fields.member_url);
    // The last part of an LDAP URL is its filter (RFC 4516).
    let filter = url.as_ref().and_then(|url| url.rsplit('?').next());
    let names_it = |filter: &str| {
        view.fields.member_of.iter().any(|name| filter.eq_ignore_ascii_case(&format!("({name}={id})")))
    };
    let by_name = filter.is_none_or(names_it);
    if id.is_empty() || !by_name {
        let reason = format!(
            "a dynamic list by the search {:?}, which nothing here carries out; its members are lost",
            url.unwrap_or_default()
        );
        survey.findings.failure(view.place(), address.as_str(), reason);
        let (entry, place) = (view.entry().clone(), view.place().clone());
        survey.directory.others.push(Other { what: "dynamic list".to_owned(), entry, place });
        return;
    }
    if survey.claim(&address, Kind::List, view.place()) {
        survey.findings.note(
            view.place(),
            address.as_str(),
            "a dynamic list; read as a list of its present members",
        );
        survey.targets.insert(id.clone(), Target::List(address.clone()));
        push(view, address, members.get(&id).cloned().unwrap_or_default(), survey);
    }
}

/// Gives the lists their further addresses.
pub(crate) fn aliases<'a>(views: impl Iterator<Item = View<'a>>, survey: &mut Survey) {
    let mut all: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
    for (list, alias) in std::mem::take(&mut survey.list_aliases) {
        all.entry(list).or_default().push(alias);
    }
    for view in views {
        let Some(list) = primary(view, survey).filter(|list| survey.place_of(list) == Some(view.place()))
        else {
            continue;
        };
        let known = all.entry(list.clone()).or_default();
        for address in view.addresses(view.fields.aliases, list.as_str(), &mut survey.findings) {
            if address != list
                && !known.contains(&address)
                && survey.claim(&address, Kind::Alias, view.place())
            {
                known.push(address);
            }
        }
    }
    for list in &mut survey.directory.lists {
        list.aliases = all.remove(&list.address).unwrap_or_default();
    }
}

/// Drops the members whose mail would arrive nowhere. Last, when every address is known.
pub(crate) fn members(survey: &mut Survey) {
    let mut lists = std::mem::take(&mut survey.directory.lists);
    for list in &mut lists {
        let (place, item) = (&list.place, list.address.as_str());
        let mut seen = BTreeSet::new();
        list.members.retain(|member| {
            if survey.is_left_out(member) {
                survey.findings.skip(place, item, format!("the member {member} is a system account; left out"));
                return false;
            }
            if !survey.arrives(member) {
                let reason = format!("the member {member} is in a domain of this directory, but nobody has the address; left out");
                survey.findings.failure(place, item, reason);
                return false;
            }
            seen.insert(member.clone())
        });
    }
    survey.directory.lists = lists;
}

fn push(view: View<'_>, address: Address, members: Vec<Address>, survey: &mut Survey) {
    let (display_name, entry, place) =
        (view.text(view.fields.display_name), view.entry().clone(), view.place().clone());
    let list = List { address, aliases: Vec::new(), members, display_name, entry, place };
    survey.directory.lists.push(list);
}

/// The address that is the entry's own name, when it is among its addresses; else the first of them.
fn primary(view: View<'_>, survey: &mut Survey) -> Option<Address> {
    let mut quiet = Findings::default();
    let own = view.local_address(&mut quiet);
    let all = view.addresses(view.fields.aliases, &view.entry().dn, &mut quiet);
    match own.filter(|own| all.is_empty() || all.contains(own)) {
        Some(own) => Some(own),
        None => all.into_iter().next().or_else(|| view.local_address(&mut survey.findings)),
    }
}
