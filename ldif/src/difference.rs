//! What makes one entry into another: a new name where it has to move, then the attributes.

use std::collections::{BTreeMap, BTreeSet};

use crate::dn::{Dn, Rdn};
use crate::entry::{Attribute, Description, Entry};
use crate::record::{Change, ChangeRecord, ModRdn, Modification, Operation};

/// The least that makes `current` into `desired`: one modification an attribute that differs, in the order of names.
///
/// Values are compared as sets; a repeated value of one attribute counts once, as in a directory.
pub fn difference(current: &Entry, desired: &Entry) -> Vec<Modification> {
    let (old, new) = (by_attribute(current), by_attribute(desired));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter_map(|name| modification(old.get(name), new.get(name))).collect()
}

/// The changes that make `current` into `desired`, also when its name differs.
///
/// A modify must not touch the values that an entry is named by (RFC 4511 4.6): the entry is renamed first, and then
/// modified under its new name.
pub(crate) fn update(current: &Entry, desired: &Entry) -> Vec<ChangeRecord> {
    let mut records = Vec::new();
    let mut renamed = current.clone();
    if let Some(change) = rename(&mut renamed, desired) {
        records.push(record(&current.dn, Change::ModRdn(change)));
    }
    let steps = difference(&renamed, desired);
    // A modify of nothing is refused.
    if !steps.is_empty() {
        records.push(record(&renamed.dn, Change::Modify(steps)));
    }
    records
}

/// Does to `entry` what the change of its name to that of `desired` does on a server, and gives that change.
fn rename(entry: &mut Entry, desired: &Entry) -> Option<ModRdn> {
    let (old, new): (Dn, Dn) = (entry.dn.parse().ok()?, desired.dn.parse().ok()?);
    let (old_rdn, new_rdn) = (old.parts().first()?, new.parts().first()?);
    let moved = above(&old) != above(&new);
    if old_rdn == new_rdn && !moved {
        return None;
    }
    entry.dn.clone_from(&desired.dn);
    entry.attributes.retain(|attribute| !names(old_rdn, attribute));
    let named = desired.attributes.iter().filter(|attribute| names(new_rdn, attribute));
    let missing: Vec<Attribute> = named.filter(|it| !entry.attributes.contains(it)).cloned().collect();
    entry.attributes.extend(missing);
    let new_superior = new.parent().filter(|_| moved).map(|parent| parent.to_string());
    Some(ModRdn { new_rdn: new_rdn.to_string(), delete_old: true, new_superior })
}

fn above(dn: &Dn) -> Option<String> {
    dn.parent().map(|parent| parent.folded())
}

/// Whether the value is one that the entry is named by.
fn names(rdn: &Rdn, attribute: &Attribute) -> bool {
    rdn.pairs()
        .any(|(name, value)| attribute.is(name) && attribute.value.eq_ignore_ascii_case(value.as_bytes()))
}

fn record(dn: &str, change: Change) -> ChangeRecord {
    ChangeRecord { dn: dn.to_owned(), controls: Vec::new(), change }
}

/// The description as written first, and the values as a set in the order of their first appearance.
type Values<'a> = (&'a Description, Vec<&'a [u8]>);

fn by_attribute(entry: &Entry) -> BTreeMap<String, Values<'_>> {
    let mut map: BTreeMap<String, Values<'_>> = BTreeMap::new();
    for attribute in &entry.attributes {
        let (_, values) =
            map.entry(attribute.description.folded()).or_insert_with(|| (&attribute.description, Vec::new()));
        values.push(&attribute.value);
    }
    for (_, values) in map.values_mut() {
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(*value));
    }
    map
}

fn modification(old: Option<&Values<'_>>, new: Option<&Values<'_>>) -> Option<Modification> {
    let (operation, (description, values)) = match (old, new) {
        (None, Some(new)) => (Operation::Add, new),
        (Some((description, _)), None) => {
            return Some(Modification {
                operation: Operation::Delete,
                description: (*description).clone(),
                values: Vec::new(),
            });
        }
        (Some((_, old)), Some(new)) => {
            let (old, wanted): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.1.iter().collect());
            if old == wanted {
                return None;
            }
            (Operation::Replace, new)
        }
        (None, None) => return None,
    };
    let values = values.iter().map(|value| value.to_vec()).collect();
    Some(Modification { operation, description: (*description).clone(), values })
}
