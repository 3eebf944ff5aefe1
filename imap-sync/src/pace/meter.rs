//! What one scope has used up, and when it may go on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limits::Limits;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// From the server.
    Down,
    /// To the server.
    Up,
}

/// The counters of one scope. Times are since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    pub(super) connections: u32,
    /// Learned: not more connections than these.
    most: Option<u32>,
    /// When the next message may come, by what is allowed.
    next_message: Duration,
    next_byte: Duration,
    asleep: Duration,
    /// How long it slept for, when the server did not say; doubles.
    nap: Duration,
    /// Learned: the time between two messages.
    spacing: Duration,
    /// When something was last learned: a complaint, or a step on the way back.
    learned: Duration,
    /// Bytes by way and hour since the epoch.
    hours: BTreeMap<(Way, u64), u64>,
}

impl Meter {
    /// How long until a connection may be made.
    pub(super) fn connect(&self, now: Duration, limits: &Limits) -> Duration {
        let most = self.most.into_iter().chain(limits.connections).min();
        if most.is_some_and(|most| self.connections >= most.max(1)) {
            return self.sleep(now).max(RECONNECT);
        }
        self.sleep(now)
    }

    /// How long until a message of so many bytes may go.
    pub(super) fn message(&self, now: Duration, limits: &Limits, way: Way, bytes: u64) -> Duration {
        let rate = self.next_message.saturating_sub(now).max(self.next_byte.saturating_sub(now));
        self.sleep(now).max(rate).max(self.day(now, limits, way, bytes))
    }

    pub(super) fn sleep(&self, now: Duration) -> Duration {
        self.asleep.saturating_sub(now)
    }

    /// A message goes.
    pub(super) fn take(&mut self, now: Duration, limits: &Limits, way: Way, bytes: u64) {
        self.recover(now);
        self.next_message = self.next_message.max(now) + spacing(limits).max(self.spacing);
        let long = limits.bytes_per_second.map_or(Duration::ZERO, |rate| seconds(bytes, rate));
        self.next_byte = self.next_byte.max(now) + long;
        *self.hours.entry((way, hour(now))).or_default() += bytes;
        let oldest = hour(now).saturating_sub(HOURS);
        self.hours.retain(|(_, hour), _| *hour >= oldest);
    }

    /// The server complains: half as fast, and silence for a while.
    pub(super) fn throttle(&mut self, now: Duration, limits: &Limits, told: Option<Duration>) {
        // What was said before the wait was over is the same complaint, heard on another connection.
        if self.asleep > now && told.is_none() {
            return;
        }
        self.recover(now);
        self.spacing = (self.spacing.max(spacing(limits)) * 2).clamp(FIRST_SPACING, MAX_SPACING);
        self.learned = now;
        match told {
            Some(told) => self.asleep = self.asleep.max(now + told),
            None => self.nap(now, FIRST_NAP),
        }
    }

    /// Sleeps twice as long as the last time, if that was not long ago.
    pub(super) fn nap(&mut self, now: Duration, least: Duration) {
        if self.asleep > now {
            return;
        }
        let rested = now - self.asleep > FORGET.max(self.nap * 2);
        self.nap = if rested { least } else { (self.nap * 2).clamp(least, MAX_NAP.max(least * 8)) };
        self.asleep = now + self.nap;
    }

    /// One connection too many: that which heard so, and which is counted still.
    pub(super) fn crowded(&mut self, now: Duration) {
        self.most = Some(self.connections.saturating_sub(1).max(1));
        self.learned = now;
    }

    /// Comes back a little for each time without a complaint: additively, in messages a minute.
    pub(super) fn recover(&mut self, now: Duration) {
        while now.saturating_sub(self.learned.max(self.asleep)) >= STEP
            && (!self.spacing.is_zero() || self.most.is_some())
        {
            self.learned = self.learned.max(self.asleep) + STEP;
            if !self.spacing.is_zero() {
                let rate = (MINUTE.as_millis() / self.spacing.as_millis().max(1)) as u64 + RATE_STEP;
                self.spacing = if rate >= FAST { Duration::ZERO } else { MINUTE / clip(rate) };
            }
            self.most = self.most.map(|most| most + 1).filter(|most| *most < MANY);
        }
    }

    /// How long until so many bytes fit into the day. What is more than a day's worth goes on a day of its own.
    fn day(&self, now: Duration, limits: &Limits, way: Way, bytes: u64) -> Duration {
        let limit = match way {
            Way::Down => limits.down_per_day,
            Way::Up => limits.up_per_day,
        };
        let Some(limit) = limit else { return Duration::ZERO };
        let this = hour(now);
        let mut hours = self.hours.range((way, this.saturating_sub(HOURS))..=(way, u64::MAX));
        let mut used: u64 = hours.clone().map(|(_, bytes)| bytes).sum();
        let mut until = now;
        while used > 0 && used.saturating_add(bytes) > limit {
            let Some((&(_, hour), gone)) = hours.next() else { break };
            used -= gone;
            until = Duration::from_secs((hour + HOURS + 1) * 3600);
        }
        until.saturating_sub(now)
    }

    /// What was carried in the last day, by way and hour.
    pub(super) fn hours(&self) -> impl Iterator<Item = (Way, u64, u64)> + '_ {
        self.hours.iter().map(|(&(way, hour), &bytes)| (way, hour, bytes))
    }

    pub(super) fn restore(&mut self, way: Way, hour: u64, bytes: u64) {
        let known = self.hours.entry((way, hour)).or_default();
        *known = (*known).max(bytes);
    }
}

fn hour(now: Duration) -> u64 {
    now.as_secs() / 3600
}

fn spacing(limits: &Limits) -> Duration {
    limits.messages_per_minute.map_or(Duration::ZERO, |rate| MINUTE / clip(rate))
}

fn clip(rate: u64) -> u32 {
    u32::try_from(rate.max(1)).unwrap_or(u32::MAX)
}

fn seconds(bytes: u64, rate: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).min(DAY_NANOS))
}

/// An hour that is begun counts whole until a day after its end.
const HOURS: u64 = 24;
const DAY_NANOS: u64 = 86_400_000_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const RECONNECT: Duration = Duration::from_secs(1);
const FIRST_SPACING: Duration = Duration::from_millis(50);
const MAX_SPACING: Duration = Duration::from_secs(16);
pub(super) const FIRST_NAP: Duration = Duration::from_secs(1);
const MAX_NAP: Duration = Duration::from_secs(600);
/// Rest after which a nap is short again.
const FORGET: Duration = Duration::from_secs(300);
const STEP: Duration = Duration::from_secs(10);
/// Messages a minute that are won back in each step, and how many are as good as any number.
const RATE_STEP: u64 = 30;
const FAST: u64 = 6000;
const MANY: u32 = 64;
