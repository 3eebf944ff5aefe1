//! Two sides and the facts between them, in memory.

#![allow(dead_code, missing_docs)]

use std::cell::Cell;
use std::collections::BTreeMap;

use ldif::{
    Action, Apply, Digest, Entry, FactChange, Facts, Item, Key, Listing, Next, Outcome, Place, Plan, Policy,
    Report, plan,
};

/// A side of the migration that counts what is written to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    pub entries: BTreeMap<Key, Entry>,
    pub writes: Cell<u64>,
}

impl Side {
    pub fn listing(&self) -> Listing {
        self.entries.iter().map(|(key, entry)| (key.clone(), Item::new(entry.clone(), place(key)))).collect()
    }

    pub fn write(&mut self, key: &Key, entry: Entry) -> Digest {
        self.writes.set(self.writes.get() + 1);
        self.entries.insert(key.clone(), entry.clone());
        Item::new(entry, Place::default()).digest
    }
}

pub fn place(key: &Key) -> Place {
    Place { file: "side".into(), line: 1, byte: 0, dn: Some(key.name().to_owned()) }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    pub source: Side,
    pub target: Side,
    pub facts: Facts,
}

impl World {
    pub fn plan(&self, policy: &Policy) -> Plan {
        plan(&self.source.listing(), &self.target.listing(), &self.facts, policy)
    }

    /// Carries out at most `limit` actions, `width` at a time; with `lose` the last fact is not kept.
    pub fn apply(&mut self, policy: &Policy, limit: usize, width: usize, lose: bool) -> Report {
        let mut apply = Apply::new(self.plan(policy));
        let (mut done, mut flying) = (0, Vec::new());
        loop {
            while flying.len() < width && done + flying.len() < limit {
                let Some(action) = apply.start() else { break };
                flying.push(action);
            }
            let Some(action) = flying.pop() else { return apply.into_report() };
            let target = self.carry_out(&action);
            done += 1;
            match apply.finish(action, Outcome::Done { target }) {
                Next::Record(_) if lose && done == limit => {}
                Next::Record(FactChange::Put(key, fact)) => {
                    self.facts.insert(key, fact);
                }
                Next::Record(FactChange::Remove(key)) => {
                    self.facts.remove(&key);
                }
                Next::Again(_) | Next::Settled => panic!("it was done"),
            }
        }
    }

    pub fn carry_out(&mut self, action: &Action) -> Digest {
        match action {
            Action::Adopt { target, .. } => *target,
            Action::Forget { .. } => Digest::of(b""),
            Action::Create { key, .. } | Action::Update { key, .. } => {
                let entry = self.source.entries[key].clone();
                self.target.write(key, entry)
            }
        }
    }

    pub fn run(&mut self, policy: &Policy) -> Report {
        self.apply(policy, usize::MAX, 3, false)
    }
}

pub fn entry(key: &Key, value: u8) -> Entry {
    let mut entry = Entry::new(format!("cn={}", key.name()));
    entry.push("description", vec![value]).unwrap();
    entry.push("objectClass", "top").unwrap();
    entry
}
