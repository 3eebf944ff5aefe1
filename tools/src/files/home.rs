//! The layout of a `files:` destination, and whose it is.
//!
//! ```text
//! DIR/dovecot/users                                   passwd-file: who logs in, with which hash and quota
//! DIR/postfix/virtual_{domains,alias_domains,mailboxes,aliases}
//! DIR/mail/DOMAIN/USER/Maildir/                       Maildir++
//! DIR/dav/collection-root/USER@DOMAIN/COLLECTION/     one .ics an event, one .vcf a contact; Radicale serves it
//! DIR/directory/*.ldif                                every entry whole, with what the servers above have no place for
//! ```
//!
//! `dovecot/users`, the mail, the collections and the records are for their owner alone; who that is, the administrator says once.
//! No path in it is absolute, so that two of them can be compared and one can be moved.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::write::{make_open_folder, replace_durably};

/// A `files:` destination.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

/// What stands where a destination is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A destination that we made.
    Ours,
    /// Nothing, or an empty folder.
    Vacant,
}

impl Home {
    /// A destination at `root`; nothing is touched yet.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// What stands there. Something that is not ours is an error.
    pub fn standing(&self) -> Result<Standing> {
        match std::fs::read(self.root.join(MARKER)) {
            // A run killed while it wrote the marker leaves a part of it.
            Ok(text) if MARKER_TEXT.as_bytes().starts_with(&text) => return Ok(Standing::Ours),
            Ok(_) => return Err(Error::ForeignDestination(self.root.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return Err(Error::ForeignDestination(self.root.clone())),
        }
        match std::fs::read_dir(&self.root) {
            Ok(mut entries) => match entries.next() {
                None => Ok(Standing::Vacant),
                Some(_) => Err(Error::ForeignDestination(self.root.clone())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Standing::Vacant),
            Err(error) => Err(Error::io(&self.root, error)),
        }
    }

    /// Claims a vacant place, or finds it ours already.
    pub fn claim(&self) -> Result<()> {
        self.standing()?;
        make_open_folder(&self.root).map_err(|e| Error::io(&self.root, e))?;
        let marker = self.root.join(MARKER);
        if std::fs::read(&marker).ok().as_deref() != Some(MARKER_TEXT.as_bytes()) {
            // Written directly: were it staged, a run killed here would leave a folder that is neither empty nor ours.
            std::fs::write(&marker, MARKER_TEXT).map_err(|e| Error::io(&marker, e))?;
        }
        let readme = self.root.join("README.txt");
        if !readme.exists() {
            replace_durably(&readme, README.as_bytes(), 0o644).map_err(|e| Error::io(&readme, e))?;
        }
        Ok(())
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// An account's Maildir.
    pub fn maildir(&self, account: &ldif::Address) -> PathBuf {
        let (user, domain) = (account.local().to_lowercase(), account.domain());
        self.root.join("mail").join(component(domain)).join(component(&user)).join("Maildir")
    }

    /// An account's calendars and address books.
    pub fn collections(&self, account: &ldif::Address) -> PathBuf {
        let name = format!("{}@{}", account.local().to_lowercase(), account.domain());
        self.root.join("dav").join("collection-root").join(component(&name))
    }
}

/// A name as one path component: what would climb out or hide is percent-encoded.
pub fn component(name: &str) -> String {
    let mut safe = name.replace('%', "%25").replace('/', "%2F").replace('\0', "%00");
    if safe.starts_with('.') {
        safe.replace_range(..1, "%2E");
    }
    safe
}

const MARKER: &str = ".mailferry";
const MARKER_TEXT: &str = "mailferry files destination, layout 1\n";
const README: &str = include_str!("README.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_ours_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("theirs"), "x").unwrap();
        let home = Home::at(folder.path());
        assert!(matches!(home.claim(), Err(Error::ForeignDestination(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_vacant_place_is_claimed_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(&folder.path().join("new"));
        assert_eq!(home.standing().unwrap(), Standing::Vacant);
        home.claim().unwrap();
        assert_eq!(home.standing().unwrap(), Standing::Ours);
        home.claim().unwrap();
    }

    #[test]
    fn names_stay_inside() {
        assert_eq!(component("../x"), "%2E.%2Fx");
        assert_eq!(component("a%2F"), "a%252F");
        assert_eq!(component("anna"), "anna");
    }
}
