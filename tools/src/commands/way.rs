//! One side of `imap-sync --accounts`: what its flags, its URL and a row of the table say together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use imap_sync::{Credentials, Endpoint, Guarded, Proof};

use crate::commands::sides::{Sides, Typed};
use crate::error::Result;
use crate::imap::connect::Mailbox;
use crate::imap::password::Password;
use crate::imap::table::Entry;
use crate::imap::token::KeptPassword;
use crate::template::Template;

/// One side of a table, before it is known whose mailbox it is.
pub(super) struct Way<'a> {
    typed: Typed<'a>,
    place: Place,
    /// Whether anybody is called.
    enter: bool,
}

enum Place {
    Imap {
        endpoint: Box<Endpoint>,
        /// Whether the URL names a user.
        named: bool,
        /// What the flags say is to be shown to the server: one for all, that an administrator who is refused is not
        /// tried by each account anew.
        credentials: Option<Arc<dyn Credentials>>,
    },
    Maildir(Template),
}

impl<'a> Way<'a> {
    pub(super) fn new(sides: &Sides, typed: Typed<'a>, enter: bool) -> Result<Self> {
        let place = match (typed.maildir()?, typed.url.split_once("://")) {
            (Some(path), _) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
                let template = Template::new(Path::new(""), &path.to_string_lossy());
                Place::Maildir(template.map_err(|reason| typed.wrong(&reason))?)
            }
            (None, Some((scheme, host))) if !host.contains('@') => {
                let endpoint = typed.endpoint(sides, &format!("{scheme}://anybody@{host}"))?;
                Place::Imap { endpoint: Box::new(endpoint), named: false, credentials: None }
            }
            (None, _) => {
                let endpoint = typed.endpoint(sides, typed.url)?;
                Place::Imap { endpoint: Box::new(endpoint), named: true, credentials: None }
            }
        };
        let mut way = Self { typed, place, enter };
        if let (Place::Imap { credentials, .. }, true) =
            (&mut way.place, enter && way.typed.has_credentials())
        {
            *credentials = Some(way.typed.credentials()?);
        }
        Ok(way)
    }

    /// The side as a text, by which the journal is found.
    pub(super) fn name(&self) -> String {
        match &self.place {
            Place::Imap { endpoint, .. } => format!("{}:{}", endpoint.host, endpoint.port),
            Place::Maildir(template) => template.as_str().to_owned(),
        }
    }

    /// The mailbox of a row, which says so much of this side and so much of the other.
    pub(super) fn mailbox(&self, own: &Entry, other: &Entry, passwords: &mut Passwords) -> Result<Mailbox> {
        let side = self.typed.name;
        match &self.place {
            Place::Imap { endpoint, named, credentials } => {
                let mut endpoint = (**endpoint).clone();
                match &own.user {
                    Some(user) => user.clone_into(&mut endpoint.user),
                    None if *named => {}
                    None => return Err(self.typed.wrong(&format!("there is no {side}_user"))),
                }
                if let Some(host) = &own.host {
                    self.move_to(host, &mut endpoint)?;
                }
                match (&own.password, credentials) {
                    _ if !self.enter => Ok(Mailbox::Imap(endpoint, nothing())),
                    // The user's own password is no administrator's.
                    (Some(place), _) => Ok(Mailbox::Imap(endpoint.with_admin(None), passwords.of(place)?)),
                    (None, Some(credentials)) => Ok(Mailbox::Imap(endpoint, credentials.clone())),
                    (None, None) => Err(self
                        .typed
                        .credentials()
                        .err()
                        .unwrap_or_else(|| self.typed.wrong(&format!("there is no {side}_password")))),
                }
            }
            Place::Maildir(_) if own.password.is_some() || own.host.is_some() => {
                Err(self.typed.wrong("it is a Maildir, which has neither host nor password"))
            }
            Place::Maildir(template) => match own.user.as_ref().or(other.user.as_ref()) {
                Some(user) => Ok(Mailbox::Maildir(template.path(user))),
                None => Err(self.typed.wrong("there is neither source_user nor target_user")),
            },
        }
    }

    /// Another host, and another port if the row names one.
    fn move_to(&self, host: &str, endpoint: &mut Endpoint) -> Result<()> {
        let wrong = || self.typed.wrong(&format!("{}_host is HOST or HOST:PORT", self.typed.name));
        if host.contains(['/', '@']) {
            return Err(wrong());
        }
        let parsed = Endpoint::parse(&format!("imaps://anybody@{host}"), false).map_err(|_| wrong())?;
        let names_port = match host.strip_prefix('[') {
            Some(address) => !address.ends_with(']'),
            None => host.contains(':'),
        };
        endpoint.host = parsed.host;
        if names_port {
            endpoint.port = parsed.port;
        }
        Ok(())
    }
}

/// For who is not called.
pub(super) fn nothing() -> Arc<dyn Credentials> {
    Arc::new(Proof::Certificate)
}

/// The passwords that rows name, each read once, and shown with care to whomever it belongs to.
#[derive(Default)]
pub(super) struct Passwords(BTreeMap<Password, Arc<dyn Credentials>>);

impl Passwords {
    /// A command is not run before its account's turn comes.
    fn of(&mut self, place: &Password) -> Result<Arc<dyn Credentials>> {
        if let Some(known) = self.0.get(place) {
            return Ok(known.clone());
        }
        let credentials: Arc<dyn Credentials> = match place {
            Password::Command(_) => Arc::new(Guarded::new(KeptPassword::new(place.clone()))),
            Password::Environment(_) | Password::File(_) => Arc::new(Guarded::new(place.read()?)),
        };
        self.0.insert(place.clone(), credentials.clone());
        Ok(credentials)
    }

    /// What is unwise about their places.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.0.keys().filter_map(Password::warning).collect();
        if warnings.len() > WARNINGS {
            let more = warnings.len() - WARNINGS;
            warnings.truncate(WARNINGS);
            warnings.push(format!("{more} more of the table's passwords may be read by others"));
        }
        warnings
    }
}

/// So many warnings of one kind are read, more are not.
const WARNINGS: usize = 3;
