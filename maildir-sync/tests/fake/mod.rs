//! A source and a target in memory. The target dies after a given number of steps, fills up, and counts its writes;
//! only what a real disk would keep survives its death.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::Path;
use std::rc::Rc;

use maildir_sync::{
    Error, FactChange, Facts, Finding, FolderName, Listing, Message, Plan, Policy, Report, Result, Source,
    State, Target, Unique, apply, plan,
};

pub type Bodies = BTreeMap<Unique, (Message, Vec<u8>)>;

/// A folder that is only read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FakeSource {
    pub bodies: Bodies,
    pub keywords: Vec<String>,
    pub unreadable: BTreeSet<Unique>,
}

/// What survives: the messages in place and the keyword table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    pub bodies: Bodies,
    pub table: Vec<String>,
}

/// A folder that is written to.
#[derive(Clone, Debug, Default)]
pub struct FakeTarget {
    pub disk: Disk,
    /// How many keywords the table takes.
    pub letters: usize,
    /// Deliveries until the disk is full.
    pub room: Option<usize>,
    /// Steps until death; shared with whoever keeps the facts.
    pub life: Life,
    pub writes: usize,
    pub deliveries: usize,
    pub unsettled: usize,
    pub staged: Bodies,
}

/// Steps until death, if it ever comes.
#[derive(Clone, Debug, Default)]
pub struct Life(Rc<Cell<Option<usize>>>);

impl Life {
    pub fn of(steps: usize) -> Self {
        Self(Rc::new(Cell::new(Some(steps))))
    }

    /// Uses a step up; `false` once dead.
    pub fn step(&self) -> bool {
        match self.0.get() {
            None => true,
            Some(0) => false,
            Some(left) => {
                self.0.set(Some(left - 1));
                true
            }
        }
    }

    pub fn is_over(&self) -> bool {
        self.0.get() == Some(0)
    }

    fn check(&self) -> Result<()> {
        if self.step() { Ok(()) } else { Err(disk_error(ErrorKind::Other)) }
    }
}

impl FakeSource {
    pub fn put(&mut self, message: Message, body: Vec<u8>) {
        self.bodies.insert(message.unique.clone(), (message, body));
    }

    pub fn listing(&self) -> Listing {
        listing(&self.bodies, &self.keywords)
    }
}

impl FakeTarget {
    pub fn new(disk: Disk) -> Self {
        Self { disk, letters: 26, ..Self::default() }
    }

    pub fn listing(&self) -> Listing {
        listing(&self.disk.bodies, &self.disk.table)
    }
}

impl Source for FakeSource {
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        Ok((vec![FolderName::inbox()], Vec::new()))
    }

    fn list(&mut self, _: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        Ok((self.listing(), Vec::new()))
    }

    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        if self.unreadable.contains(&message.unique) {
            return Err(disk_error(ErrorKind::PermissionDenied));
        }
        body(&self.bodies, folder, message)
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        Ok(None)
    }
}

impl Source for FakeTarget {
    fn folders(&mut self) -> Result<(Vec<FolderName>, Vec<Finding>)> {
        Ok((vec![FolderName::inbox()], Vec::new()))
    }

    fn list(&mut self, _: &FolderName) -> Result<(Listing, Vec<Finding>)> {
        Ok((self.listing(), Vec::new()))
    }

    fn open(&mut self, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
        body(&self.disk.bodies, folder, message)
    }

    fn subscriptions(&mut self) -> Result<Option<Vec<FolderName>>> {
        Ok(None)
    }
}

impl Target for FakeTarget {
    fn create_folder(&mut self, _: &FolderName) -> Result<()> {
        self.life.check()
    }

    fn prepare(&mut self, _: &FolderName, keywords: &[String]) -> Result<Vec<String>> {
        self.life.check()?;
        self.staged.clear();
        let table = &mut self.disk.table;
        let new = |table: &Vec<String>, name: &String| !table.contains(name);
        for name in keywords {
            if new(table, name) && table.len() < self.letters {
                self.writes += 1;
                table.push(name.clone());
            }
        }
        Ok(keywords.iter().filter(|name| new(table, name)).cloned().collect())
    }

    fn deliver(&mut self, _: &FolderName, message: &Message, body: &mut dyn Read) -> Result<u64> {
        self.deliveries += 1;
        self.life.check()?;
        if self.room == Some(0) {
            return Err(disk_error(ErrorKind::StorageFull));
        }
        self.room = self.room.map(|room| room - 1);
        assert!(message.keywords.iter().all(|name| self.disk.table.contains(name)));
        assert!(!self.disk.bodies.contains_key(&message.unique), "never over an existing message");
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map_err(|_| disk_error(ErrorKind::Other))?;
        self.writes += 1;
        let count = bytes.len() as u64;
        self.staged.insert(message.unique.clone(), (message.clone(), bytes));
        self.unsettled += 1;
        Ok(count)
    }

    fn set_state(&mut self, _: &FolderName, unique: &Unique, state: &State) -> Result<()> {
        self.life.check()?;
        assert!(state.keywords.iter().all(|name| self.disk.table.contains(name)));
        let (message, _) = self.disk.bodies.get_mut(unique).expect("only what was listed is changed");
        *message = message.clone().with_state(state.clone());
        self.writes += 1;
        self.unsettled += 1;
        Ok(())
    }

    fn settle(&mut self, _: &FolderName) -> Result<Vec<(Unique, Error)>> {
        for (unique, body) in std::mem::take(&mut self.staged) {
            self.life.check()?;
            self.disk.bodies.insert(unique, body);
        }
        self.life.check()?;
        self.unsettled = 0;
        Ok(Vec::new())
    }

    fn batch_len(&self) -> usize {
        3
    }

    fn subscribe(&mut self, _: &[FolderName]) -> Result<usize> {
        Ok(0)
    }
}

/// One pass over a folder: observe, plan, apply, remember.
pub fn pass(
    source: &mut FakeSource,
    target: &mut FakeTarget,
    facts: &mut Facts,
    policy: &Policy,
) -> (Plan, Report) {
    let plan = plan(&source.listing(), &target.listing(), facts, policy);
    let mut record = |changes: &[FactChange]| {
        changes.iter().cloned().for_each(|change| facts.change(change));
        Ok::<_, Infallible>(())
    };
    let report = apply(&plan, &FolderName::inbox(), source, target, &mut record, &|| true, &mut |_| ());
    (plan, report)
}

/// One pass that dies after so many steps; facts that are being recorded at that moment are kept or lost.
pub fn dying_pass(
    source: &mut FakeSource,
    target: &mut FakeTarget,
    facts: &mut Facts,
    steps: usize,
    keep: bool,
) {
    target.life = Life::of(steps);
    let life = target.life.clone();
    let plan = plan(&source.listing(), &target.listing(), facts, &Policy::default());
    let mut record = |changes: &[FactChange]| {
        if life.step() && (keep || !life.is_over()) {
            changes.iter().cloned().for_each(|change| facts.change(change));
            Ok(())
        } else {
            Err("dead")
        }
    };
    apply(&plan, &FolderName::inbox(), source, target, &mut record, &|| true, &mut |_| ());
    *target = FakeTarget { letters: target.letters, ..FakeTarget::new(std::mem::take(&mut target.disk)) };
}

fn listing(bodies: &Bodies, keywords: &[String]) -> Listing {
    let mut listing = Listing { keywords: keywords.to_vec(), ..Listing::default() };
    bodies.values().for_each(|(message, _)| {
        listing.insert(message.clone());
    });
    listing
}

fn body(bodies: &Bodies, folder: &FolderName, message: &Message) -> Result<Box<dyn Read>> {
    match bodies.get(&message.unique) {
        Some((_, body)) => Ok(Box::new(Cursor::new(body.clone()))),
        None => Err(Error::Vanished { place: message.path_text(folder) }),
    }
}

fn disk_error(kind: ErrorKind) -> Error {
    Error::disk(Path::new("target"), "write", io::Error::from(kind))
}
