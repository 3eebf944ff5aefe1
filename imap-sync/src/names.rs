//! The names of an account's mailboxes: how the server writes them, and which folders they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::folders::Folder;
use crate::identity::ServerId;
use crate::mailboxes::Mailboxes;
use crate::model::{FolderName, ItemKey, State, Validity};
use crate::profile::Profile;
use crate::rules::namespace;
use crate::special::SpecialUse;
use crate::wire::{List, MailboxStatus};

/// The names of an account's mailboxes as they were listed, shared by its sessions.
#[derive(Clone, Debug, Default)]
pub struct Names(Arc<Mutex<Listed>>);

impl Names {
    /// What was listed, while nobody else changes it.
    pub(crate) fn with<X>(&self, use_: impl FnOnce(&mut Listed) -> X) -> X {
        use_(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps the names of mailboxes and makes folders of them; with `marks` where what changes is marked.
    pub(crate) fn learn(&self, found: Mailboxes, marks: bool) -> Vec<Folder> {
        let Mailboxes { mut lists, subscribed, statuses, personal } = found;
        let statuses: BTreeMap<Vec<u8>, MailboxStatus> =
            statuses.into_iter().map(|status| (status.name.clone(), status)).collect();
        // Names that stay as they are come first, so that none of them is taken by another.
        lists.sort_by_key(|list| !is_usual(list));
        let separator = personal.as_ref().and_then(|own| own.separator);
        let separator = separator.map(Some).or_else(|| lists.first().map(|list| list.separator));
        let prefix = personal.as_ref().and_then(|own| namespace(&own.prefix, own.separator));
        self.with(|listed| {
            *listed = Listed { separator, prefix, ..Listed::default() };
            let folder = |list| listed.folder(list, &subscribed, &statuses, marks);
            lists.iter().filter_map(folder).collect()
        })
    }
}

/// What was listed last.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) names: BTreeMap<FolderName, Vec<u8>>,
    pub(crate) separator: Option<Option<u8>>,
    /// The prefix of the user's own mailboxes.
    pub(crate) prefix: Option<FolderName>,
    pub(crate) counts: BTreeMap<Vec<u8>, u64>,
}

impl Listed {
    fn folder(
        &mut self,
        list: &List,
        subscribed: &BTreeSet<Vec<u8>>,
        statuses: &BTreeMap<Vec<u8>, MailboxStatus>,
        marks: bool,
    ) -> Option<Folder> {
        let (exists, subscribed) = (!list.is("\\NonExistent"), subscribed.contains(&list.name));
        // A parent without a mailbox may be subscribed to all the same (RFC 5258 section 3.1).
        if !exists && !subscribed {
            return None;
        }
        let name = self.learn(list)?;
        let status = statuses.get(&list.name);
        if let Some(count) = status.and_then(|status| status.messages) {
            self.counts.insert(list.name.clone(), count);
        }
        Some(Folder {
            selectable: exists && !list.is("\\Noselect"),
            subscribed,
            special: SpecialUse::from_attributes(&list.attributes),
            state: status.and_then(|status| state(status, marks)),
            id: status.and_then(|status| status.mailbox_id.clone()),
            name,
        })
    }

    /// Keeps a mailbox's name under the folder's. `INBOX/a` and `Inbox/a` are two folders, should both be there.
    fn learn(&mut self, list: &List) -> Option<FolderName> {
        let usual = FolderName::split(&list.name, list.separator);
        let exact = FolderName::split_exactly(&list.name, list.separator);
        let name = [usual, exact].into_iter().find(|name| !self.names.contains_key(name))?;
        self.names.insert(name.clone(), list.name.clone());
        Some(name)
    }
}

/// What a server takes as a name, as far as it says who it is.
pub(crate) fn profile(server: &ServerId, separator: Option<u8>) -> Profile {
    let said = [server.field("NAME"), server.field("VENDOR")];
    let words = said.into_iter().flatten().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let is = |name: &str| words.contains(name);
    match separator {
        Some(b'.') if is("dovecot") => Profile::MAILDIR,
        _ if is("dovecot") => Profile::DOVECOT,
        _ if is("cyrus") => Profile::CYRUS,
        _ if is("zimbra") || is("carbonio") => Profile::ZIMBRA,
        _ if is("gimap") || is("google") => Profile::GMAIL,
        _ if is("microsoft") || is("exchange") => Profile::EXCHANGE,
        _ => Profile::ANY,
    }
}

/// Whether a mailbox's name is already as folders' names are.
fn is_usual(list: &List) -> bool {
    let split = FolderName::split(&list.name, list.separator);
    split == FolderName::split_exactly(&list.name, list.separator)
}

fn state(status: &MailboxStatus, marks: bool) -> Option<State> {
    Some(State {
        validity: Validity(status.uid_validity?),
        next: ItemKey(status.uid_next?),
        count: status.messages?,
        mark: status.highest_modseq.filter(|_| marks).unwrap_or(0),
    })
}
