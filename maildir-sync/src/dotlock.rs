//! `dovecot-uidlist.lock`: who holds it may number a folder's messages.
//!
//! It is taken as Dovecot takes it: a new file, made with O_EXCL, that says `PID:HOST`. As with Dovecot, one whose process
//! is known to be dead is stale at once, and one of which nothing can be known, an empty one or another host's, when
//! neither it nor the list has changed for two minutes. One that bears our own process's number is judged by that time too.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::io::Errno;
use rustix::process::{Pid, getpid, test_kill_process};

use crate::disk::{self, Stamp};
use crate::error::{Error, Result};

/// A lock that is held, until it is dropped.
#[derive(Debug)]
pub(crate) struct Dotlock {
    path: PathBuf,
    stamp: Stamp,
}

impl Dotlock {
    /// Takes the lock of this list, or waits for it as long as told.
    pub(crate) fn take(list: &Path, mode: u32, patience: Duration) -> Result<Self> {
        let path = Self::path(list);
        let begun = Instant::now();
        loop {
            if let Some(stamp) = create(&path, mode)? {
                return Ok(Self { path, stamp });
            }
            let Some(holder) = Holder::of(&path)? else { continue };
            if holder.is_stale(list)? {
                holder.override_lock(&path)?;
                continue;
            }
            if begun.elapsed() >= patience {
                return Err(Error::Locked { path, holder: holder.describe(patience) });
            }
            sleep(PAUSE);
        }
    }

    /// Removes the lock of this list if a process of this host left it that is dead, such as a run of ours that was killed.
    pub(crate) fn clear(list: &Path) -> Result<()> {
        let path = Self::path(list);
        match Holder::of(&path)? {
            Some(holder) if holder.process().is_some_and(|process| !is_running(process)) => {
                holder.override_lock(&path)
            }
            _ => Ok(()),
        }
    }

    fn path(list: &Path) -> PathBuf {
        let mut path = list.as_os_str().to_owned();
        path.push(".lock");
        path.into()
    }

    /// Whether it is still ours: had we been stopped for long, somebody may have taken it for a stale one.
    pub(crate) fn is_held(&self) -> Result<bool> {
        Ok(disk::stamp(&self.path)?.is_some_and(|stamp| stamp.is_same_file(&self.stamp)))
    }

    /// What to say when it is not.
    pub(crate) fn lost(&self) -> Error {
        let holder = "taken from us while we held it, since we were stopped for long".to_owned();
        Error::Locked { path: self.path.clone(), holder }
    }
}

impl Drop for Dotlock {
    fn drop(&mut self) {
        if matches!(self.is_held(), Ok(true)) {
            // What cannot be removed is stale as soon as this process ends.
            disk::remove(&self.path).unwrap_or_default();
        }
    }
}

/// Whoever holds a lock.
struct Holder {
    stamp: Stamp,
    /// What the file says.
    text: String,
    now: i64,
}

impl Holder {
    fn of(path: &Path) -> Result<Option<Self>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let Some(stamp) = disk::stamp(path)? else { return Ok(None) };
        // One that we may not read says nothing.
        let text = disk::read_stamped(path, LONGEST).unwrap_or_default();
        let text =
            text.map_or_else(String::new, |(text, _)| String::from_utf8_lossy(&text).trim_end().to_owned());
        Ok(Some(Self { stamp, text, now: now.cast_signed() }))
    }

    fn is_stale(&self, list: &Path) -> Result<bool> {
        if let Some(process) = self.process() {
            return Ok(!is_running(process));
        }
        let list = disk::stamp(list)?;
        let changes = [Some(self.stamp), list].into_iter().flatten().map(|stamp| self.changed(&stamp));
        Ok(changes.max().is_some_and(|last| last.saturating_add(STALE) < self.now))
    }

    /// The process of this host that holds it, if that can be told and it is not ourselves.
    fn process(&self) -> Option<Pid> {
        let (process, host) = self.text.split_once(':')?;
        let process = Pid::from_raw(process.parse().ok().filter(|process| *process > 0)?)?;
        (host == this_host() && process != getpid()).then_some(process)
    }

    /// A date in the future tells nothing.
    fn changed(&self, stamp: &Stamp) -> i64 {
        if stamp.mtime.0 <= self.now { stamp.mtime.0.max(stamp.ctime) } else { stamp.ctime }
    }

    /// Removes the lock, unless it is another one by now; then leaves others, who may be about to do the same, the time to
    /// fail at it, so that they do not remove the next one.
    fn override_lock(&self, path: &Path) -> Result<()> {
        if disk::stamp(path)? == Some(self.stamp) {
            disk::remove(path)?;
            let ours = getpid().as_raw_nonzero().get().unsigned_abs();
            sleep(PAUSE + Duration::from_millis(u64::from(ours % 100)));
        }
        Ok(())
    }

    fn describe(&self, patience: Duration) -> String {
        let holder = if self.text.is_empty() { "somebody" } else { &self.text };
        format!("held by {holder} for the {} seconds that we waited", patience.as_secs())
    }
}

/// The lock's stamp, if nobody had it.
fn create(path: &Path, mode: u32) -> Result<Option<Stamp>> {
    let mut file = match disk::create(path, mode) {
        Err(Error::Disk { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {
            return Ok(None);
        }
        file => file?,
    };
    let text = format!("{}:{}", getpid().as_raw_nonzero(), this_host());
    // Without room for it the lock stays empty, as Dovecot leaves it, and is judged by its age.
    disk::write(path, &mut file, text.as_bytes()).unwrap_or_default();
    disk::stamp(path)
}

fn this_host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// One of which we may not even ask is there.
fn is_running(process: Pid) -> bool {
    test_kill_process(process) != Err(Errno::SRCH)
}

/// How long to sleep before looking again.
const PAUSE: Duration = Duration::from_millis(100);

/// After so many seconds without a change a lock is stale.
const STALE: i64 = 120;

/// More than a process's number and a host's name.
const LONGEST: u64 = 4096;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const OTHER: &str = "1:elsewhere.example.com";

    fn dead() -> i32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        i32::try_from(child.id()).unwrap()
    }

    fn age(path: &Path, seconds: u64) {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    }

    #[test]
    fn one_at_a_time_holds_it_and_nobody_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let (list, path) = (dir.path().join("dovecot-uidlist"), dir.path().join("dovecot-uidlist.lock"));
        let lock = Dotlock::take(&list, 0o600, Duration::ZERO).unwrap();
        assert!(lock.is_held().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}:{}", std::process::id(), this_host()));
        let error = Dotlock::take(&list, 0o600, Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains("dovecot-uidlist.lock: held by") && error.contains("try again"), "{error}");
        drop(lock);
        assert!(!path.exists());
        drop(Dotlock::take(&list, 0o600, Duration::ZERO).unwrap());
    }

    #[test]
    fn it_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("dovecot-uidlist");
        let lock = Dotlock::take(&list, 0o600, Duration::ZERO).unwrap();
        let waiting =
            std::thread::spawn(move || Dotlock::take(&list, 0o600, Duration::from_secs(60)).is_ok());
        sleep(PAUSE);
        drop(lock);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn a_dead_process_holds_nothing_and_a_living_one_keeps_it() {
        let dir = tempfile::tempdir().unwrap();
        let (list, path) = (dir.path().join("dovecot-uidlist"), dir.path().join("dovecot-uidlist.lock"));
        for (text, seconds, free) in [
            (format!("{}:{}", dead(), this_host()), 60, true),
            (format!("{}:{}", dead(), this_host()), 0, true),
            (format!("1:{}", this_host()), 9000, false),
            (OTHER.to_owned(), 60, false),
        ] {
            fs::write(&path, &text).unwrap();
            age(&path, seconds);
            let taken = Dotlock::take(&list, 0o600, Duration::ZERO);
            assert_eq!(taken.is_ok(), free, "{text} {seconds}");
        }
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (list, path) = (dir.path().join("dovecot-uidlist"), dir.path().join("dovecot-uidlist.lock"));
        let (killed, running) = (format!("{}:{}", dead(), this_host()), format!("1:{}", this_host()));
        for (text, stays) in [(killed.as_str(), false), (&running, true), (OTHER, true), ("", true)] {
            fs::write(&path, text).unwrap();
            Dotlock::clear(&list).unwrap();
            assert_eq!(path.exists(), stays, "{text:?}");
        }
    }

    #[test]
    fn a_lock_of_nobody_known_is_stale_when_nothing_changes() {
        let stamp = |changed| Stamp { device: 1, inode: 1, size: 0, mtime: (changed, 0), ctime: changed };
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("dovecot-uidlist");
        for (text, changed, stale) in
            [(OTHER, 1000, true), (OTHER, 1001, false), ("", 1000, true), ("", 5000, false), ("x:y", 0, true)]
        {
            let holder = Holder { stamp: stamp(changed), text: text.to_owned(), now: 1000 + STALE + 1 };
            assert_eq!(holder.is_stale(&list).unwrap(), stale, "{text:?} {changed}");
        }
        fs::write(&list, "").unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
        let holder = Holder { stamp: stamp(0), text: String::new(), now };
        assert!(!holder.is_stale(&list).unwrap(), "the list has just changed");
    }

    #[test]
    fn a_lock_that_was_taken_from_us_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (list, path) = (dir.path().join("dovecot-uidlist"), dir.path().join("dovecot-uidlist.lock"));
        let lock = Dotlock::take(&list, 0o600, Duration::ZERO).unwrap();
        fs::rename(&path, dir.path().join("ours")).unwrap();
        fs::write(&path, OTHER).unwrap();
        assert!(!lock.is_held().unwrap());
        drop(lock);
        assert!(path.exists());
    }
}
