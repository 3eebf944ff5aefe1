//! Numbers that look random and can be had again.

/// A number from the environment.
#[track_caller]
pub fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

/// Marsaglia's xorshift64, from `MAILFERRY_SEED` or else from the clock.
#[derive(Debug)]
pub struct Random {
    seed: u64,
    state: u64,
}

impl Random {
    pub fn new() -> Self {
        let clock = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
        let seed = setting("MAILFERRY_SEED").unwrap_or(u64::from(clock) | 1);
        Self { seed, state: seed }
    }

    /// What to set `MAILFERRY_SEED` to for the same numbers.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}
