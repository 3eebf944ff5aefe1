//! Takes accounts folder by folder through observe, plan and copy, or through observe and compare.

use std::collections::{BTreeMap, BTreeSet};

use crate::copy::{Copy, observe_headers};
use crate::error::Error;
use crate::facts::{Change, Facts, Head};
use crate::flags::Permanent;
use crate::ledger::Ledger;
use crate::model::{Folder, FolderName, ItemKey, Listing};
use crate::plan::{Action, Plan, Policy, Settled, candidates, plan, plan_folders};
use crate::report::{Reason, Report, Verdict};
use crate::store::{Memory, Source, Target, Watch};
use crate::verify::{folder_verdict, observe_contents, settle_folder};

/// Copies what the source has and the target has not, and brings flags up to date.
///
/// An error that ends the run early is in the report, beside what was done until then; only when the folders
/// cannot be listed there is nothing to report.
pub async fn run<S: Source, T: Target>(
    source: &mut S,
    target: &mut T,
    memory: &mut dyn Memory,
    policy: &Policy,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    Run { source, target, memory, watch, work: Work::Copy(policy) }.all().await
}

/// Says what [`run`] would do. Changes nothing anywhere.
pub async fn plan_all<S: Source, T: Target>(
    source: &mut S,
    target: &mut T,
    memory: &mut dyn Memory,
    policy: &Policy,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    Run { source, target, memory, watch, work: Work::Plan(policy) }.all().await
}

/// Reads both sides afresh and compares them by content. The memory only explains what differs; with `live` what
/// users may have changed on the target since is excluded. Changes nothing anywhere.
pub async fn verify<S: Source, T: Target>(
    source: &mut S,
    target: &mut T,
    memory: &mut dyn Memory,
    live: bool,
    watch: &mut dyn Watch,
) -> Result<Report, Error> {
    Run { source, target, memory, watch, work: Work::Verify { live } }.all().await
}

#[derive(Clone, Copy)]
enum Work<'a> {
    Copy(&'a Policy),
    Plan(&'a Policy),
    Verify { live: bool },
}

struct Run<'a, S, T> {
    source: &'a mut S,
    target: &'a mut T,
    memory: &'a mut dyn Memory,
    watch: &'a mut dyn Watch,
    work: Work<'a>,
}

/// A folder of the source, and how it stands on the target.
struct Task {
    folder: Folder,
    missing: bool,
    subscribe: bool,
}

impl<S: Source, T: Target> Run<'_, S, T> {
    async fn all(mut self) -> Result<Report, Error> {
        let from = self.source.folders().await?;
        let to = self.target.folders().await?;
        let mut report = Report::default();
        for task in tasks(&from, &to) {
            let mut ledger = Ledger::new(&task.folder.name);
            if report.error.is_some() || !self.watch.go_on() {
                ledger.whole(Verdict::Pending, None, self.watch);
            } else if let Err(error) = self.task(&task, &mut ledger).await {
                report.error = Some(error);
            }
            ledger.close(&mut report);
        }
        if report.error.is_none() {
            self.extra_folders(&from, &to, &mut report)?;
        }
        Ok(report)
    }

    /// Does one folder; gives back only what ends the run.
    async fn task(&mut self, task: &Task, ledger: &mut Ledger) -> Result<(), Error> {
        if !task.folder.selectable {
            return self.parent(task, ledger).await;
        }
        let listed = self.source.list(&task.folder.name).await;
        let mut from = match listed {
            Ok(from) => from,
            Err(error) => return self.unlisted(error, ledger),
        };
        self.watch.folder(&task.folder.name, from.len());
        if from.unlisted > 0 {
            let reason = format!("the source counts {} messages more than it lists", from.unlisted);
            ledger.whole(Verdict::Failed, Some(Reason::Other(reason)), self.watch);
        }
        let done = self.folder(task, &mut from, ledger).await;
        let reason = done.as_ref().err().map(|error| Reason::Other(error.to_string()));
        let fatal = done.as_ref().is_err_and(Error::is_fatal);
        let verdict = if fatal || reason.is_none() { Verdict::Pending } else { Verdict::Failed };
        ledger.rest(from.iter().map(|(key, _)| key), verdict, reason.as_ref(), self.watch);
        if reason.is_some() && from.is_empty() {
            ledger.whole(verdict, reason, self.watch);
        }
        if fatal { done } else { self.name(task, ledger).await }
    }

    fn unlisted(&mut self, error: Error, ledger: &mut Ledger) -> Result<(), Error> {
        let verdict = if error.is_fatal() { Verdict::Pending } else { Verdict::Failed };
        ledger.whole(verdict, Some(Reason::Other(error.to_string())), self.watch);
        if error.is_fatal() { Err(error) } else { Ok(()) }
    }

    async fn folder(&mut self, task: &Task, from: &mut Listing, ledger: &mut Ledger) -> Result<(), Error> {
        let known = self.memory.load(&task.folder.name)?;
        match self.work {
            Work::Copy(policy) => self.copy(task, from, known, policy, ledger).await,
            Work::Plan(policy) => self.dry(task, from, known, policy, ledger).await,
            Work::Verify { live } => self.verify(task, from, known, live, ledger).await,
        }
    }

    async fn copy(
        &mut self,
        task: &Task,
        from: &mut Listing,
        known: Facts,
        policy: &Policy,
        ledger: &mut Ledger,
    ) -> Result<(), Error> {
        let gone = task.is_gone(&known, policy);
        if task.missing && !gone {
            self.target.create(&task.folder.name).await?;
        }
        let to = if gone { absent(&known) } else { self.target.list(&task.folder.name).await? };
        let subscribed = !gone && self.subscribe(task, &known, policy, ledger).await?;
        let next = to.next;
        let (plan, facts, mut changes) = self.observe(task, from, to, known, policy, ledger).await?;
        if let Some(head) = facts.head.filter(|head| subscribed && !head.subscribed) {
            changes.push(Change::Head(Head { subscribed, ..head }));
        }
        let (source, target) = (&mut *self.source, &mut *self.target);
        let (memory, watch, folder) = (&mut *self.memory, &mut *self.watch, &task.folder.name);
        Copy { source, target, memory, watch, ledger, folder, from, next, facts, changes }.run(plan).await?;
        if gone || !self.watch.go_on() {
            return Ok(());
        }
        self.target.finish(&task.folder.name, from.validity, from.next).await
    }

    async fn dry(
        &mut self,
        task: &Task,
        from: &mut Listing,
        known: Facts,
        policy: &Policy,
        ledger: &mut Ledger,
    ) -> Result<(), Error> {
        let to = if task.missing { absent(&known) } else { self.target.list(&task.folder.name).await? };
        let (plan, ..) = self.observe(task, from, to, known, policy, ledger).await?;
        for action in plan.actions {
            match action {
                Action::Adopt { source, .. } => ledger.done(source, Verdict::Adopted, self.watch),
                Action::SetFlags { source, .. } if ledger.is_adopted(source) => {}
                Action::Append { source, .. } | Action::SetFlags { source, .. } => {
                    ledger.done(source, Verdict::Copied, self.watch);
                }
                Action::Forget { .. } => {}
            }
        }
        Ok(())
    }

    /// Looks at what the plan needs, and plans. What is settled by the plan gets its lines here.
    async fn observe(
        &mut self,
        task: &Task,
        from: &mut Listing,
        mut to: Listing,
        known: Facts,
        policy: &Policy,
        ledger: &mut Ledger,
    ) -> Result<(Plan, Facts, Vec<Change>), Error> {
        let name = &task.folder.name;
        let gone = task.is_gone(&known, policy);
        if known.head.is_some_and(|head| (head.source, head.target) != (from.validity, to.validity)) {
            ledger.note(None, "UIDVALIDITY has changed: what is equal is found again by fingerprint".into());
        }
        let (facts, changes) = known.under(from.validity, to.validity);
        let (ask_from, ask_to) = candidates(from, &to, &facts);
        observe_headers(self.source, name, from, &ask_from).await?;
        observe_headers(self.target, name, &mut to, &ask_to).await?;
        let mut plan = plan(from, &to, &facts, policy);
        if gone {
            skip_appends(&mut plan);
        }
        note_lost_flags(&plan, from, &to.permanent, ledger);
        for settled in std::mem::take(&mut plan.settled) {
            ledger.settle(settled, self.watch);
        }
        Ok((plan, facts, changes))
    }

    async fn verify(
        &mut self,
        task: &Task,
        from: &mut Listing,
        known: Facts,
        live: bool,
        ledger: &mut Ledger,
    ) -> Result<(), Error> {
        let name = &task.folder.name;
        let mut to = if task.missing { absent(&known) } else { self.target.list(name).await? };
        let whole = folder_verdict(known.head, task.missing, task.subscribe, from.is_empty(), live);
        if let Some((verdict, reason)) = whole {
            ledger.whole(verdict, Some(reason), self.watch);
        }
        let all = observe_contents(self.source, name, from, self.watch).await?
            && observe_contents(self.target, name, &mut to, self.watch).await?;
        if all {
            let (facts, _) = known.under(from.validity, to.validity);
            settle_folder(self.source, from, &to, &facts, live, ledger, self.watch);
        }
        Ok(())
    }

    /// A folder without messages of its own: there is nothing to do but to subscribe.
    async fn parent(&mut self, task: &Task, ledger: &mut Ledger) -> Result<(), Error> {
        let Work::Copy(policy) = self.work else { return Ok(()) };
        let known = self.memory.load(&task.folder.name)?;
        let (source, target) = Default::default();
        let head = known.head.unwrap_or(Head { source, target, subscribed: false });
        if self.subscribe(task, &known, policy, ledger).await? && !head.subscribed {
            self.memory.record(&task.folder.name, &[Change::Head(Head { subscribed: true, ..head })])?;
        }
        Ok(())
    }

    /// Subscribes, unless that was done before. Whether it is or was done.
    async fn subscribe(
        &mut self,
        task: &Task,
        known: &Facts,
        policy: &Policy,
        ledger: &mut Ledger,
    ) -> Result<bool, Error> {
        let before = known.head.is_some_and(|head| head.subscribed);
        if !task.subscribe || before && !policy.restore {
            return Ok(before);
        }
        match self.target.subscribe(&task.folder.name).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_fatal() => Err(error),
            Err(error) => {
                ledger.note(None, format!("it is subscribed to, but cannot be on the target: {error}"));
                Ok(before)
            }
        }
    }

    /// Looks up the Message-IDs that people will ask for.
    async fn name(&mut self, task: &Task, ledger: &mut Ledger) -> Result<(), Error> {
        let keys = ledger.nameless();
        if keys.is_empty() {
            return Ok(());
        }
        match self.source.headers(&task.folder.name, &keys).await {
            Ok(headers) => {
                headers.into_iter().for_each(|(key, header)| ledger.name(key, header.message_id));
                Ok(())
            }
            Err(error) if error.is_fatal() => Err(error),
            Err(_) => Ok(()),
        }
    }

    fn extra_folders(&mut self, from: &[Folder], to: &[Folder], report: &mut Report) -> Result<(), Error> {
        let names: BTreeSet<&FolderName> = from.iter().map(|folder| &folder.name).collect();
        let extra = to.iter().filter(|folder| folder.selectable && !names.contains(&folder.name));
        for name in extra.map(|folder| &folder.name).collect::<BTreeSet<_>>() {
            let placed = self.memory.load(name)?.head.is_some();
            let reason = if placed { Reason::GoneFromSource } else { Reason::NotOurs };
            let mut ledger = Ledger::new(name);
            ledger.whole(Verdict::Extra, Some(reason), self.watch);
            ledger.close(report);
        }
        Ok(())
    }
}

impl Task {
    /// Whether it was made before, and removed on the target since.
    fn is_gone(&self, known: &Facts, policy: &Policy) -> bool {
        self.missing && known.head.is_some_and(|head| head.was_there()) && !policy.restore
    }
}

fn tasks(from: &[Folder], to: &[Folder]) -> Vec<Task> {
    let plan = plan_folders(from, to);
    let folders: BTreeMap<&FolderName, &Folder> = from.iter().map(|folder| (&folder.name, folder)).collect();
    let task = |folder: &Folder| Task {
        folder: folder.clone(),
        missing: plan.create.contains(&folder.name),
        subscribe: plan.subscribe.contains(&folder.name),
    };
    folders.into_values().map(task).collect()
}

/// A folder that is not there, as it was known.
fn absent(known: &Facts) -> Listing {
    let validity = known.head.map(|head| head.target).unwrap_or_default();
    Listing::new(validity, ItemKey(1), Permanent::All)
}

/// New messages of a folder that somebody removed on the target.
fn skip_appends(plan: &mut Plan) {
    let (appends, others) =
        std::mem::take(&mut plan.actions).into_iter().partition(|it| matches!(it, Action::Append { .. }));
    plan.actions = others;
    let appends: Vec<Action> = appends;
    plan.settled.extend(appends.iter().map(|action| Settled {
        key: action.key(),
        verdict: Verdict::Skipped,
        reason: Some(Reason::FolderRemovedOnTarget),
    }));
}

fn note_lost_flags(plan: &Plan, from: &Listing, permanent: &Permanent, ledger: &mut Ledger) {
    let keys: BTreeSet<ItemKey> = plan.actions.iter().map(Action::key).collect();
    for key in keys {
        if let Some(flags) = from.get(key).and_then(|item| item.flags.as_ref()) {
            let lost = flags.minus(&permanent.keep(flags));
            if !lost.is_empty() {
                ledger.note(Some(key), format!("the target cannot keep these flags: {lost}"));
            }
        }
    }
}
