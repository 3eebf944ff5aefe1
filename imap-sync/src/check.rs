//! What can be known before anything is copied: what is there and where it goes, and what will not fit.
//!
//! [`survey`] looks, through the seams, and writes nothing; [`Survey::shortages`] and [`Survey::estimate`] judge, and are pure.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::Error;
use crate::flags::{Flags, Permanent};
use crate::folders::Folder;
use crate::head::Head;
use crate::keys::KeySet;
use crate::model::{FolderName, Item, ItemKey};
use crate::policy::Policy;
use crate::store::{Source, Target, Watch};
use crate::structure::{Side, Structure, Task, structure};
use crate::wire::Quota;

/// What is there, and what is to become of it.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The folders that are taken, in the order of their names.
    pub folders: Vec<Surveyed>,
    /// The folders that are left out as was asked for, why, and how many messages are in them.
    pub excluded: Vec<(FolderName, String, u64)>,
    /// The folders that can have no place.
    pub misplaced: Vec<(FolderName, String, u64)>,
    /// Where folders go whose names could not stay.
    pub notes: Vec<(FolderName, String)>,
    /// The folders that were not come to, and how many messages are in them.
    pub left: Vec<(FolderName, u64)>,
    /// Names of the user's table that the source does not have.
    pub unused: Vec<FolderName>,
    /// Folders and, as far as it tells, messages of the target.
    pub target: (u64, u64),
    /// The largest message that the target takes.
    pub limit: Option<u64>,
    /// What was read to measure the way.
    pub sample: Sample,
}

/// A folder of the source that is taken.
#[derive(Clone, Debug, Default)]
pub struct Surveyed {
    /// Its name.
    pub name: FolderName,
    /// Its name on the target; nothing where there is no target.
    pub place: Option<FolderName>,
    /// Whether the target has it.
    pub there: bool,
    /// The messages that are taken.
    pub messages: u64,
    /// Their keys.
    pub keys: KeySet,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them are placed already.
    pub placed: u64,
    /// How many are left out as was asked for.
    pub excluded: u64,
    /// Those whose flags, date or size cannot be read.
    pub unread: Vec<ItemKey>,
    /// Those that are larger than the target takes.
    pub too_large: Vec<(ItemKey, u64)>,
    /// Flags that the target cannot keep.
    pub lost: Flags,
    /// Why it cannot be looked at.
    pub error: Option<String>,
}

/// Messages that were read, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Sample {
    pub messages: u64,
    pub bytes: u64,
    pub took: Duration,
}

/// More is to be brought than there is room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// `STORAGE` in units of 1024 bytes, or `MESSAGE`.
    pub resource: String,
    /// How much is to be brought.
    pub needed: u64,
    /// How much is free.
    pub free: u64,
}

impl Survey {
    /// The messages that are taken and their bytes.
    pub fn size(&self) -> (u64, u64) {
        let each = self.folders.iter().map(|folder| (folder.messages, folder.bytes));
        each.fold((0, 0), |sum, (messages, bytes)| (sum.0 + messages, sum.1.saturating_add(bytes)))
    }

    /// The same of those that are not placed yet; their bytes as if all were of one size.
    pub fn rest(&self) -> (u64, u64) {
        let each = self.folders.iter().map(|folder| {
            let rest = folder.messages.saturating_sub(folder.placed);
            let bytes = u128::from(folder.bytes) * u128::from(rest) / u128::from(folder.messages.max(1));
            (rest, u64::try_from(bytes).unwrap_or(u64::MAX))
        });
        each.fold((0, 0), |sum, (messages, bytes)| (sum.0 + messages, sum.1.saturating_add(bytes)))
    }

    /// What the target's quotas have no room for.
    pub fn shortages(&self, quotas: &[Quota]) -> Vec<Shortage> {
        let (messages, bytes) = self.rest();
        let resources = quotas.iter().flat_map(|quota| &quota.resources);
        let short = resources.filter_map(|resource| {
            let needed = match resource.name.as_str() {
                "STORAGE" => bytes.div_ceil(1024),
                "MESSAGE" => messages,
                _ => return None,
            };
            let free = resource.limit.saturating_sub(resource.usage);
            (needed > free).then(|| Shortage { resource: resource.name.clone(), needed, free })
        });
        short.collect()
    }

    /// How long it may take one connection to bring the rest, as fast as the sample was read. A guess: nothing was written.
    pub fn estimate(&self) -> Option<Duration> {
        let (messages, bytes) = self.rest();
        let Sample { messages: read, bytes: octets, took } = self.sample;
        let scale = |whole: u64, part: u64| took.as_secs_f64() * whole as f64 / part.max(1) as f64;
        // A few small messages tell how long the way is, and not how broad.
        let by_bytes = if octets >= TELLING { scale(bytes, octets) } else { 0.0 };
        let seconds = scale(messages, read).max(by_bytes);
        (read > 0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// Looks at all that is to be copied. `clock` is read to measure the way; `target` is none where there is no target yet.
pub async fn survey<S: Source, T: Target>(
    source: &mut S,
    mut target: Option<&mut T>,
    heads: &BTreeMap<FolderName, Head>,
    policy: &Policy,
    watch: &dyn Watch,
    clock: &dyn Fn() -> Duration,
) -> Result<Survey, Error> {
    let from = source.folders().await?;
    let to = match &mut target {
        Some(target) => target.folders().await?,
        None => Vec::new(),
    };
    let shapes = (source.shape(), target.as_ref().map(|target| target.shape()).unwrap_or_default());
    let (from, there) = (Side { folders: &from, shape: &shapes.0 }, Side { folders: &to, shape: &shapes.1 });
    let plan = structure(&from, &there, heads, policy);
    let permanent = match &mut target {
        Some(target) => keeps(*target, &to).await?,
        None => Permanent::All,
    };
    let mut survey = Survey {
        limit: target.as_ref().and_then(|target| target.manner().limit),
        target: (to.len() as u64, to.iter().filter_map(|folder| folder.state).map(|it| it.count).sum()),
        ..Survey::left_out(&plan)
    };
    for task in plan.tasks.iter().filter(|task| task.folder.selectable) {
        if !watch.go_on() {
            survey.left.push((task.folder.name.clone(), task.weight().max(1)));
            continue;
        }
        let mut folder = Surveyed::of(task);
        folder.place = target.is_some().then(|| task.place.clone());
        watch.folder(&folder.name, task.weight());
        match folder.look(source, policy, survey.limit, &permanent).await {
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => folder.error = Some(error.to_string()),
            // What cannot be read is a matter of the copy.
            Ok(()) if target.is_some() => match survey.sample.read(source, &folder.keys, clock).await {
                Err(error) if error.is_fatal() => return Err(error),
                _ => {}
            },
            Ok(()) => {}
        }
        watch.left(&folder.name);
        survey.folders.push(folder);
    }
    Ok(survey)
}

/// Which flags the target keeps, by its `INBOX`.
async fn keeps(target: &mut impl Target, folders: &[Folder]) -> Result<Permanent, Error> {
    let inbox = folders.iter().find(|folder| folder.name.is_inbox() && folder.selectable);
    Ok(match inbox {
        Some(inbox) => target.select(&inbox.name, false).await?.permanent,
        None => Permanent::All,
    })
}

impl Survey {
    fn left_out(plan: &Structure) -> Self {
        let told = |left: &[(Folder, String)]| {
            let selectable = left.iter().filter(|(folder, _)| folder.selectable);
            let count = |folder: &Folder| folder.state.map_or(0, |state| state.count).max(1);
            selectable.map(|(it, why)| (it.name.clone(), why.clone(), count(it))).collect()
        };
        Self {
            excluded: told(&plan.excluded),
            misplaced: told(&plan.misplaced),
            notes: plan.notes.clone(),
            unused: plan.unused.clone(),
            ..Self::default()
        }
    }
}

impl Surveyed {
    fn of(task: &Task) -> Self {
        let placed = task.head.as_ref().map_or(0, |head| head.tally.placed);
        Self { name: task.folder.name.clone(), placed, there: task.there.is_some(), ..Self::default() }
    }

    /// Looks at each message.
    async fn look(
        &mut self,
        source: &mut impl Source,
        policy: &Policy,
        limit: Option<u64>,
        permanent: &Permanent,
    ) -> Result<(), Error> {
        source.select(&self.name, true).await?;
        let found = match &policy.selection.search {
            Some(search) => source.search(search).await?,
            None => None,
        };
        for keys in source.keys().await?.chunks(PAGE) {
            for (key, item) in source.items(&keys, true).await? {
                let is_found = found.as_ref().is_none_or(|found| found.contains(key));
                if !is_found || policy.selection.item(&item).is_some() {
                    self.excluded += 1;
                    continue;
                }
                self.take(key, &item, limit, permanent);
            }
        }
        Ok(())
    }

    fn take(&mut self, key: ItemKey, item: &Item, limit: Option<u64>, permanent: &Permanent) {
        self.messages += 1;
        self.keys.extend([key]);
        let Item { flags: Some(flags), date: Some(_), size: Some(size), .. } = item else {
            return self.unread.push(key);
        };
        self.bytes = self.bytes.saturating_add(*size);
        if limit.is_some_and(|limit| *size > limit) {
            self.too_large.push((key, *size));
        }
        self.lost = self.lost.union(&flags.minus(&permanent.keep(flags)));
    }
}

impl Sample {
    /// Reads some messages, unless enough were read already.
    async fn read(
        &mut self,
        source: &mut impl Source,
        keys: &KeySet,
        clock: &dyn Fn() -> Duration,
    ) -> Result<(), Error> {
        let is_enough = self.messages >= SAMPLE && self.bytes >= TELLING;
        if is_enough || self.took > ENOUGH || keys.is_empty() {
            return Ok(());
        }
        let began = clock();
        let few: KeySet = keys.iter().take(SAMPLE as usize).collect();
        source.open(&few).await?;
        while source.next().await?.is_some() {
            while let Some(chunk) = source.chunk().await? {
                self.bytes += chunk.len() as u64;
            }
            self.messages += 1;
        }
        self.took += clock().saturating_sub(began);
        Ok(())
    }
}

const PAGE: u64 = 1000;
/// So many messages and bytes are read to measure the way, and for not much longer than this.
const SAMPLE: u64 = 20;
const TELLING: u64 = 256 << 10;
const ENOUGH: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Resource;

    fn survey(folders: &[(u64, u64, u64)]) -> Survey {
        let folder = |&(messages, bytes, placed)| Surveyed { messages, bytes, placed, ..Surveyed::default() };
        Survey { folders: folders.iter().map(folder).collect(), ..Survey::default() }
    }

    fn quota(resources: &[(&str, u64, u64)]) -> Vec<Quota> {
        let resource =
            |&(name, usage, limit): &(&str, u64, u64)| Resource { name: name.into(), usage, limit };
        vec![Quota { root: b"".to_vec(), resources: resources.iter().map(resource).collect() }]
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (name, folders, resources, expected) in [
            ("room", &[(10, 10_240, 0)][..], &[("STORAGE", 0, 10)][..], &[][..]),
            ("one short", &[(10, 10_241, 0)], &[("STORAGE", 0, 10)], &[("STORAGE", 11, 10)]),
            ("placed already", &[(10, 20_480, 5)], &[("STORAGE", 10, 20)], &[]),
            ("two folders", &[(1, 1024, 0), (1, 1024, 0)], &[("STORAGE", 9, 10)], &[("STORAGE", 2, 1)]),
            ("messages", &[(11, 0, 0)], &[("MESSAGE", 0, 10), ("STORAGE", 0, 1)], &[("MESSAGE", 11, 10)]),
            ("over already", &[(1, 1, 0)], &[("STORAGE", 20, 10)], &[("STORAGE", 1, 0)]),
            ("nothing to bring", &[(1, 1, 1)], &[("STORAGE", 20, 10)], &[]),
            ("others", &[(10, 10, 0)], &[("MAILBOX", 0, 0)], &[]),
            ("huge", &[(u64::MAX, u64::MAX, 0)], &[("STORAGE", 0, u64::MAX)], &[]),
        ] {
            let short = survey(folders).shortages(&quota(resources));
            let short: Vec<(&str, u64, u64)> =
                short.iter().map(|it| (it.resource.as_str(), it.needed, it.free)).collect();
            assert_eq!(short, expected, "{name}");
        }
    }

    const MIB: u64 = 1 << 20;

    #[test]
    fn an_estimate_goes_by_what_is_slower() {
        let sample = |messages, bytes| Sample { messages, bytes, took: Duration::from_secs(1) };
        for (name, folders, sample, expected) in [
            ("nothing was read", (100, 1000, 0), sample(0, 0), None),
            ("by messages", (100, MIB, 0), sample(10, MIB), Some(10)),
            ("by bytes", (100, 50 * MIB, 0), sample(10, MIB), Some(50)),
            ("the rest", (100, 50 * MIB, 50), sample(10, MIB), Some(25)),
            ("small ones tell nothing of large ones", (100, 50 * MIB, 0), sample(10, 1000), Some(10)),
            ("all is there", (100, MIB, 100), sample(10, MIB), Some(0)),
        ] {
            let survey = Survey { sample, ..survey(&[folders]) };
            assert_eq!(survey.estimate().map(|time| time.as_secs()), expected, "{name}");
        }
    }
}
