//! A folder's `dovecot-uidlist` on disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::{self, Stamp};
use crate::dotlock::Dotlock;
use crate::error::Result;
use crate::uidlist::UidList;
use crate::uidlist_plan::{Merge, Numbers, plan};

/// The list as it was last read or written.
#[derive(Debug)]
pub(crate) struct ListFile {
    path: PathBuf,
    root: PathBuf,
    stamp: Option<Stamp>,
    list: Option<UidList>,
    /// Dovecot would believe it.
    intact: bool,
    /// Records can be added at its end.
    open_end: bool,
}

impl ListFile {
    /// The list of the folder in `dir`, not read yet, of the account in `root`.
    pub(crate) fn of(dir: &Path, root: &Path) -> Self {
        Self {
            path: dir.join(NAME),
            root: root.to_owned(),
            stamp: None,
            list: None,
            intact: true,
            open_end: false,
        }
    }

    /// What a killed run may have left of it.
    pub(crate) fn clear_leftover(dir: &Path) -> Result<()> {
        Dotlock::clear(&dir.join(NAME))?;
        disk::remove(&disk::beside(&dir.join(NAME)))
    }

    /// Waits for the right to number the folder's messages, and to change its keywords.
    pub(crate) fn lock(&self, mode: u32, patience: Duration) -> Result<Dotlock> {
        Dotlock::take(&self.path, mode, patience)
    }

    /// Decides by the list as it is now.
    pub(crate) fn plan(&mut self, wanted: &Numbers) -> Result<Merge> {
        if disk::stamp(&self.path)? != self.stamp {
            self.read()?;
        }
        Ok(plan(self.list.as_ref(), wanted, self.intact, self.was_read_by_others()?))
    }

    /// Writes what was decided. Under the lock only.
    pub(crate) fn write(&mut self, merge: &Merge, mode: u32, durable: bool) -> Result<()> {
        if merge.is_empty() {
            return Ok(());
        }
        // Should this fail, the file is read again.
        self.stamp = None;
        let Some(list) = merge.apply(self.list.take()) else { return Ok(()) };
        if !merge.whole && self.open_end {
            disk::append(&self.path, &merge.to_lines(), durable)?;
        } else {
            disk::replace(&self.path, &list.to_bytes(), mode, durable)?;
        }
        if let Some(validity) = merge.validity {
            self.raise_last_validity(validity.get())?;
        }
        (self.intact, self.open_end) = (true, true);
        (self.list, self.stamp) = (Some(list), disk::stamp(&self.path)?);
        Ok(())
    }

    /// Has the account's `dovecot-uidvalidity.HEX8` tell this UIDVALIDITY as the last one used, so that a folder which is
    /// removed and made again gets a higher one (RFC 9051 section 2.3.1.1). Dovecot counts by renaming that file too. Where
    /// there is none, it will begin with the time.
    fn raise_last_validity(&self, validity: u32) -> Result<()> {
        let names = disk::names(&self.root.join("."))?.unwrap_or_default();
        let number = |name: &Vec<u8>| {
            let digits =
                str::from_utf8(name.strip_prefix(LAST_VALIDITY)?).ok().filter(|hex| hex.len() == 8)?;
            u32::from_str_radix(digits, 16).ok()
        };
        let Some(last) = names.iter().filter_map(number).max().filter(|last| *last < validity) else {
            return Ok(());
        };
        let path = |number: u32| {
            disk::join(&self.root, &[LAST_VALIDITY, format!("{number:08x}").as_bytes()].concat())
        };
        match disk::place(&path(last), &path(validity)) {
            // Dovecot has counted in this very moment, and is above the last one we saw.
            Err(error) if error.is_absence() => Ok(()),
            placed => placed.map(drop),
        }
    }

    fn read(&mut self) -> Result<()> {
        (self.list, self.stamp, self.intact, self.open_end) = (None, None, true, false);
        let Some((bytes, stamp)) = disk::read_stamped(&self.path, LARGE)? else { return Ok(()) };
        self.stamp = Some(stamp);
        match UidList::parse(&bytes) {
            Ok((list, faults)) => {
                self.intact = faults.iter().all(|fault| fault.harmless);
                self.open_end = faults.is_empty() && bytes.starts_with(b"3 ");
                self.list = Some(list);
            }
            // As Dovecot takes an empty file.
            Err(_) => self.intact = bytes.is_empty(),
        }
        Ok(())
    }

    /// Whether a Dovecot has made its indexes here. One that keeps them elsewhere cannot be known of.
    fn was_read_by_others(&self) -> Result<bool> {
        for name in ["dovecot.index.log", "dovecot.index"] {
            if disk::stat(&self.path.with_file_name(name))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const NAME: &str = "dovecot-uidlist";

const LAST_VALIDITY: &[u8] = b"dovecot-uidvalidity.";

/// Room for more messages than a folder can sensibly hold.
const LARGE: u64 = 1 << 30;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::num::NonZeroU32;

    use crate::unique::Unique;

    use super::*;

    fn numbers(next: Option<u32>, uids: &[u32]) -> Numbers {
        let uids: BTreeMap<_, _> =
            uids.iter().map(|uid| (Unique::new(format!("{uid}.a")).unwrap(), *uid)).collect();
        Numbers { validity: NonZeroU32::new(7).unwrap(), next, uids }
    }

    fn merge(file: &mut ListFile, wanted: &Numbers) -> usize {
        let merge = file.plan(wanted).unwrap();
        file.write(&merge, 0o600, false).unwrap();
        merge.others.len()
    }

    #[test]
    fn records_are_added_to_the_file_and_what_others_wrote_meanwhile_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (path, mut file) = (dir.path().join(NAME), ListFile::of(dir.path(), dir.path()));
        merge(&mut file, &numbers(None, &[1, 2]));
        assert_eq!(fs::read_to_string(&path).unwrap(), "3 V7 N3\n1 :1.a\n2 :2.a\n");
        let inode = disk::stamp(&path).unwrap().unwrap().inode;
        merge(&mut file, &numbers(None, &[5]));
        assert_eq!(fs::read_to_string(&path).unwrap(), "3 V7 N3\n1 :1.a\n2 :2.a\n5 :5.a\n");
        assert_eq!(disk::stamp(&path).unwrap().unwrap().inode, inode);

        fs::write(&path, "3 V7 N3 Pabc\n2 :2.a\n5 :5.a\n6 W3 :x\n").unwrap();
        assert_eq!(merge(&mut file, &numbers(Some(10), &[6, 7])), 1);
        let text = "3 V7 N10 Pabc\n2 :2.a\n5 :5.a\n6 W3 :x\n7 :7.a\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        merge(&mut file, &numbers(Some(10), &[7]));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn a_list_that_was_being_written_is_written_whole_and_a_damaged_one_left_alone() {
        for (before, after) in [
            ("3 V7 N3\n2 :2.a\n5 :5", "3 V7 N8\n2 :2.a\n7 :7.a\n"),
            ("1 7 3\n2 2.a\n", "3 V7 N8\n2 :2.a\n7 :7.a\n"),
            ("", "3 V7 N8\n7 :7.a\n"),
            ("3 V7 N3\n2 :2.a\nx\n", "3 V7 N3\n2 :2.a\nx\n"),
            ("what", "what"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(NAME), before).unwrap();
            let others = merge(&mut ListFile::of(dir.path(), dir.path()), &numbers(None, &[7]));
            assert_eq!(fs::read_to_string(dir.path().join(NAME)).unwrap(), after);
            assert_eq!(others, usize::from(before == after), "{before:?}");
        }
    }

    #[test]
    fn a_gap_is_filled_until_a_server_has_read_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = ListFile::of(dir.path(), dir.path());
        merge(&mut file, &numbers(None, &[9]));
        assert_eq!(merge(&mut file, &numbers(None, &[4])), 0);
        fs::write(dir.path().join("dovecot.index.log"), "").unwrap();
        assert_eq!(merge(&mut file, &numbers(None, &[5])), 1);
    }

    #[test]
    fn the_accounts_last_validity_rises_and_never_falls() {
        for (before, after) in [("00000003", "00000007"), ("00000009", "00000009")] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(format!("dovecot-uidvalidity.{before}")), "").unwrap();
            fs::write(dir.path().join("dovecot-uidvalidity"), before).unwrap();
            merge(&mut ListFile::of(dir.path(), dir.path()), &numbers(None, &[9]));
            let names = disk::names(dir.path()).unwrap().unwrap();
            let names: Vec<_> = names.iter().map(|name| str::from_utf8(name).unwrap()).collect();
            let token = format!("dovecot-uidvalidity.{after}");
            assert_eq!(names, ["dovecot-uidlist", "dovecot-uidvalidity", &token]);
        }
    }
}
