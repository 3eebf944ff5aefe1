//! Which process this is, and whether another one still lives.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// What tells a process from every other one, also from a later one of the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: u32,
    pub host: String,
    /// The kernel's boot id: after a reboot all older processes are dead.
    pub boot: String,
    /// The namespace in which the pid means something: containers share a kernel, not their pids.
    pub namespace: String,
    /// When it started, in the kernel's ticks since boot.
    pub started: i64,
}

impl Process {
    /// This one.
    pub fn own() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .map(|id| id.trim().to_owned())
                .unwrap_or_default(),
            namespace: fs::read_link("/proc/self/ns/pid")
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            started: started(pid).unwrap_or_default(),
        }
    }

    /// Whether the process still lives, as far as `self` can see it; None when it cannot.
    pub fn sees_alive(&self, other: &Self) -> Option<bool> {
        if self.host != other.host {
            return None;
        }
        if self.boot != other.boot {
            return Some(false);
        }
        if self.namespace != other.namespace {
            return None;
        }
        match started(other.pid) {
            Some(started) => Some(started == other.started),
            // A /proc that hides other users' processes still lets a signal be tried.
            None => i32::try_from(other.pid)
                .ok()
                .and_then(Pid::from_raw)
                .map(|pid| test_kill_process(pid) != Err(Errno::SRCH)),
        }
    }
}

/// Field 22 of `/proc/PID/stat`; the name before it may hold anything, so count from its closing parenthesis.
pub(crate) fn started(pid: u32) -> Option<i64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let name_end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}
