//! Messages from a server into a Maildir.
//!
//! What the engine appends is kept as Dovecot keeps it ([`lines`]), under a name from which the message can be told
//! ([`keys`]), under its old UID where that is possible ([`uids`]), dated with INTERNALDATE (to the second; its zone has no
//! place in a file). A message is put together in memory, or from a megabyte on in an unnamed file, and only then delivered:
//! its size, which stands in its name, is not known before.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use imap_sync::{
    Appended, Body, Error, Flag, Flags, Folder, FolderName, ItemKey, KeySet, Refused, State, Target,
};
use maildir_sync::{Finding, Message, Severity};
use tempfile::SpooledTempFile;

use crate::imap::maildir::{IN_MEMORY, Maildir, OpenFolder, fault};
use crate::imap::{flags, keys, lines, names, uids};

impl<M: maildir_sync::Target + Send> Target for Maildir<M> {
    async fn create(&mut self, folders: &[Folder]) -> Result<Vec<Result<(), Error>>, Error> {
        Ok(folders.iter().map(|folder| self.make(folder)).collect())
    }

    async fn subscribe(&mut self, folders: &[FolderName]) -> Result<Vec<Result<(), Error>>, Error> {
        Ok(folders.iter().map(|name| self.enter(name)).collect())
    }

    async fn append<B: Body>(&mut self, message: &imap_sync::Message, body: &mut B) -> Result<(), Error> {
        let scratch =
            Some(self.root.join("tmp")).filter(|tmp| tmp.is_dir()).unwrap_or_else(std::env::temp_dir);
        let mut spool = tempfile::spooled_tempfile_in(IN_MEMORY, &scratch);
        let mut lines = lines::Lines::default();
        let mut kept = Ok(());
        while let Some(chunk) = body.chunk().await? {
            lines.push(&chunk);
            kept = kept.and_then(|()| spool.write_all(&chunk));
        }
        let appended = match kept.and_then(|()| spool.rewind()) {
            Ok(()) => self.place(message, lines, spool),
            Err(error) => refused(format!("{}: {error}", scratch.display())),
        };
        self.appended.push(appended);
        Ok(())
    }

    async fn appended(&mut self) -> Result<Vec<Appended>, Error> {
        self.make_sure(None)?;
        Ok(std::mem::take(&mut self.appended))
    }

    async fn set_flags(&mut self, keys: &KeySet, add: &Flags, remove: &Flags) -> Result<(), Error> {
        keys.iter().try_for_each(|key| self.change(key, add, remove))
    }

    async fn settle(&mut self) -> Result<(), Error> {
        self.make_sure(None)
    }

    async fn finish(&mut self, source: &State) -> Result<(), Error> {
        if let Some(opened) = &mut self.opened {
            opened.uids.source(source.validity);
        }
        self.make_sure(Some(source.next))
    }
}

impl<M: maildir_sync::Target> Maildir<M> {
    /// A new folder has the source's UIDVALIDITY before anybody can give it another.
    fn make(&mut self, new: &Folder) -> Result<(), Error> {
        let folder = names::to_maildir(&new.name)?;
        let inbox = maildir_sync::FolderName::inbox();
        let made = self.mail.create_folder(&inbox).and_then(|()| self.mail.create_folder(&folder));
        let begun = made.and_then(|()| match new.state.and_then(|state| uids::begin(state.validity)) {
            Some(numbers) => self.mail.settle_with_uids(&folder, &numbers).map(drop),
            None => Ok(()),
        });
        begun.map_err(|error| fault(&new.name, &error))
    }

    fn enter(&mut self, name: &FolderName) -> Result<(), Error> {
        let folder = names::to_maildir(name)?;
        // A mere parent may come first, before there is a Maildir.
        let inbox = maildir_sync::FolderName::inbox();
        let subscribed = self.mail.create_folder(&inbox).and_then(|()| self.mail.subscribe(&[folder]));
        subscribed.map(drop).map_err(|error| fault(name, &error))
    }

    /// What was delivered or changed survives a power loss from now on, and has its UIDs.
    fn make_sure(&mut self, next: Option<ItemKey>) -> Result<(), Error> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let (name, folder) = (opened.name.clone(), opened.folder.clone());
        let broken = |reason: String| Error::Store { what: name.to_string(), reason, fatal: true };
        let numbers = opened.uids.take(opened.messages.values().map(|message| &message.unique), next);
        let left = match &numbers {
            Some(numbers) => self.mail.settle_with_uids(&folder, numbers),
            None => self.mail.settle(&folder).map(|refused| (refused, Vec::new())),
        };
        let (refused, others) = left.map_err(|error| broken(error.to_string()))?;
        if let Some((unique, error)) = refused.first() {
            return Err(broken(format!("{unique}: {error}")));
        }
        if let Some(reason) = opened.uids.lack(others) {
            let (file, severity) = ("dovecot-uidlist".to_owned(), Severity::Note);
            self.findings.renew(Finding { folder, file, reason, severity });
        }
        self.make_durable().map_err(|error| broken(error.to_string()))
    }

    /// Delivers a message into the open folder. One that is there already, from a run that did not come to know of it, has
    /// landed.
    fn place(&mut self, came: &imap_sync::Message, lines: lines::Lines, body: SpooledTempFile) -> Appended {
        let Some(opened) = &mut self.opened else { return refused("the folder is not open".to_owned()) };
        let key = keys::placed(came);
        let unique = keys::unique(came, lines.stored(), lines.served());
        opened.uids.add(&unique, came.validity);
        if let Some(there) = opened.messages.get(&key) {
            return match there.unique == unique {
                true => Appended::Landed(Some(key)),
                false => refused(format!("{} is there, of the same UID and of another size", there.unique)),
            };
        }
        let bare = Message::new(unique, came.date.timestamp(), lines.stored());
        let (flags, lost) = opened.lettered(&came.flags);
        let state = flags::state(&bare, &flags);
        let message = bare.with_state(state);
        let folder = opened.folder.clone();
        match self.mail.deliver(&folder, &message, &mut lines.to_stored(body)) {
            Ok(_) | Err(maildir_sync::Error::Occupied { .. }) => {}
            Err(error) => return refused(error.to_string()),
        }
        self.note(&folder, &message, &lost, lines.bare());
        if let Some(opened) = &mut self.opened {
            opened.messages.insert(key, message);
        }
        Appended::Landed(Some(key))
    }

    /// What an earlier run put in place just before it was killed may not be on the disk yet, and is about to be relied on.
    fn make_durable(&mut self) -> io::Result<()> {
        let Some(opened) = self.opened.as_mut().filter(|opened| !opened.durable) else {
            return Ok(());
        };
        let cur = self.root.join(OsStr::from_bytes(&opened.folder.dir_name())).join("cur");
        let age = std::fs::metadata(&cur)?.modified()?.elapsed().unwrap_or_default();
        if age < WRITTEN_BACK {
            rustix::fs::syncfs(File::open(&cur)?)?;
        }
        opened.durable = true;
        Ok(())
    }

    fn change(&mut self, key: ItemKey, add: &Flags, remove: &Flags) -> Result<(), Error> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let Some(message) = opened.messages.get(&key).cloned() else { return Ok(()) };
        let (add, lost) = opened.lettered(add);
        let name = opened.name.clone();
        let state = flags::state(&message, &flags::of(&message).union(&add).minus(remove));
        let folder = opened.folder.clone();
        match self.mail.set_state(&folder, &message.unique, &state) {
            // As on a server, where it was expunged.
            Err(maildir_sync::Error::Vanished { .. }) => return Ok(()),
            set => set.map_err(|error| fault(&name, &error))?,
        }
        self.note(&folder, &message, &lost, 0);
        if let Some(opened) = &mut self.opened {
            opened.messages.insert(key, message.with_state(state));
        }
        Ok(())
    }

    fn note(&mut self, folder: &maildir_sync::FolderName, message: &Message, lost: &Flags, bare: u64) {
        if !lost.is_empty() {
            let reason = format!("the folder has no keyword letters left for {lost}");
            self.find(folder, message, Severity::Note, reason);
        }
        if bare > 0 {
            let reason =
                format!("{bare} line feeds without a carriage return: servers will give CRLF for them");
            self.find(folder, message, Severity::Note, reason);
        }
    }
}

impl OpenFolder {
    /// Of these flags those that have a letter or can get one, which they do, and the others.
    fn lettered(&mut self, flags: &Flags) -> (Flags, Flags) {
        let mut lost = Flags::new();
        for flag in flags.iter().filter(|flag| flag.is_keyword()) {
            if self.keywords.iter().any(|known| Flag::new(known) == *flag) {
                continue;
            }
            if self.keywords.len() < flags::MAX_KEYWORDS && flag.is_sendable() {
                self.keywords.push(flag.to_string());
            } else {
                lost.insert(flag.clone());
            }
        }
        (flags.minus(&lost), lost)
    }
}

fn refused(reason: String) -> Appended {
    Appended::Refused(Refused::no(reason))
}

/// After so long the system has written everything back by itself.
const WRITTEN_BACK: Duration = Duration::from_secs(600);
