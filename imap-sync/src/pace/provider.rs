//! What providers allow, as dated data. None of it is promised by anyone: a governor learns the rest from what servers say.

use super::limits::{Limits, Scopes};
use crate::quirks::Server;

/// A provider and its limits.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// What people call it.
    pub name: &'static str,
    /// The limits.
    pub limits: Scopes,
    /// Where they are from.
    pub source: &'static str,
    /// When they were looked up, `YYYY-MM`.
    pub as_of: &'static str,
    hosts: &'static [&'static str],
    capabilities: &'static [&'static str],
    /// In the greeting or the ID, in lower case.
    words: &'static [&'static str],
}

impl Provider {
    /// The first that fits.
    pub fn of(server: &Server<'_>) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.fits(server))
    }

    fn fits(&self, server: &Server<'_>) -> bool {
        let host = server.host.trim_end_matches('.').to_ascii_lowercase();
        let ends =
            |mark: &&str| host.strip_suffix(*mark).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let texts = server.id.iter().chain([&server.greeting]).map(|text| text.to_ascii_lowercase());
        let says = |text: String| self.words.iter().any(|word| text.contains(word));
        self.hosts.iter().any(ends)
            || server.capabilities.iter().any(|own| self.capabilities.contains(own))
            || texts.into_iter().any(says)
    }
}

const MB: u64 = 1_000_000;

/// The particular before the general.
static PROVIDERS: &[Provider] = &[
    Provider {
        name: "Gmail",
        hosts: &["gmail.com", "googlemail.com"],
        capabilities: &["X-GM-EXT-1"],
        limits: Scopes {
            account: Limits {
                connections: Some(15),
                down_per_day: Some(2500 * MB),
                up_per_day: Some(500 * MB),
                ..Limits::NONE
            },
            ..Scopes::NONE
        },
        source: "the provider's help pages on sync and bandwidth limits, by way of imapsync's FAQ",
        ..PLAIN
    },
    Provider {
        name: "Office 365",
        hosts: &["office365.com", "outlook.com"],
        limits: Scopes { account: OUTLOOK, ..Scopes::NONE },
        source: "imapsync's preset office2; the backoff is told by the server",
        ..PLAIN
    },
    Provider {
        name: "Exchange",
        words: &["microsoft exchange"],
        limits: Scopes { account: OUTLOOK, ..Scopes::NONE },
        source: "imapsync's preset exchange2",
        ..PLAIN
    },
    // Nothing is published but that there are limits: few connections, and the governor slows down when it is told to.
    Provider {
        name: "iCloud",
        hosts: &["mail.me.com", "icloud.com"],
        limits: Scopes { account: FEW, ..Scopes::NONE },
        source: "no figures are published; careful by choice",
        ..PLAIN
    },
    Provider {
        name: "Yahoo",
        hosts: &["yahoo.com", "aol.com"],
        limits: Scopes { account: FEW, ..Scopes::NONE },
        source: "no figures are published; careful by choice",
        ..PLAIN
    },
    Provider {
        name: "Dovecot",
        words: &["dovecot"],
        limits: Scopes { account: Limits { connections: Some(10), ..Limits::NONE }, ..Scopes::NONE },
        source: "the default of mail_max_userip_connections",
        ..PLAIN
    },
];

const OUTLOOK: Limits = Limits { messages_per_minute: Some(240), ..Limits::NONE };
const FEW: Limits = Limits { connections: Some(4), ..Limits::NONE };
const PLAIN: Provider = Provider {
    name: "",
    limits: Scopes::NONE,
    source: "",
    as_of: "2026-11",
    hosts: &[],
    capabilities: &[],
    words: &[],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_recognised() {
        let none = Server::default();
        for (server, name) in [
            (Server { host: "imap.gmail.com", ..none }, Some("Gmail")),
            (Server { host: "mail.example.com", capabilities: &["X-GM-EXT-1"], ..none }, Some("Gmail")),
            (
                Server {
                    host: "outlook.office365.com",
                    greeting: "The Microsoft Exchange IMAP4 service",
                    ..none
                },
                Some("Office 365"),
            ),
            (
                Server { host: "mail.example.com", greeting: "The Microsoft Exchange IMAP4 service", ..none },
                Some("Exchange"),
            ),
            (Server { host: "imap.mail.me.com", ..none }, Some("iCloud")),
            (Server { host: "imap.mail.yahoo.com.", ..none }, Some("Yahoo")),
            (Server { host: "mail.example.com", id: &["Dovecot"], ..none }, Some("Dovecot")),
            (Server { host: "notyahoo.com", ..none }, None),
            (none, None),
        ] {
            assert_eq!(Provider::of(&server).map(|provider| provider.name), name, "{server:?}");
        }
        assert!(PROVIDERS.iter().all(|provider| !provider.source.is_empty() && !provider.as_of.is_empty()));
    }
}
