//! How much may be done: numbers of providers, and of users, which count more.

/// What one account, server or address may do. `None` is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: Option<u32>,
    /// Messages a minute, read or written.
    pub messages_per_minute: Option<u64>,
    /// Bytes of messages a second, both ways together.
    pub bytes_per_second: Option<u64>,
    /// Bytes read in any 24 hours.
    pub down_per_day: Option<u64>,
    /// Bytes written in any 24 hours.
    pub up_per_day: Option<u64>,
}

impl Limits {
    /// Without any.
    pub const NONE: Self = Self {
        connections: None,
        messages_per_minute: None,
        bytes_per_second: None,
        down_per_day: None,
        up_per_day: None,
    };

    /// These, where they say something, and `other` where not.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            connections: self.connections.or(other.connections),
            messages_per_minute: self.messages_per_minute.or(other.messages_per_minute),
            bytes_per_second: self.bytes_per_second.or(other.bytes_per_second),
            down_per_day: self.down_per_day.or(other.down_per_day),
            up_per_day: self.up_per_day.or(other.up_per_day),
        }
    }
}

/// Limits of a server, of each account on it, and of each address it is spoken to from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Of all accounts together.
    pub server: Limits,
    /// Of each account.
    pub account: Limits,
    /// Of each of our own addresses.
    pub address: Limits,
}

impl Scopes {
    /// Without any.
    pub const NONE: Self = Self { server: Limits::NONE, account: Limits::NONE, address: Limits::NONE };

    /// These, where they say something, and `other` where not: `user.or(provider)`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            server: self.server.or(other.server),
            account: self.account.or(other.account),
            address: self.address.or(other.address),
        }
    }
}
