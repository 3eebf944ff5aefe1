//! A collection as a folder: one file an item (vdir), with the properties file that makes Radicale serve it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::files::write::{make_folder, settle, stage, sweep};

/// One collection on disk.
#[derive(Clone, Debug)]
pub struct Collection {
    path: PathBuf,
    extension: &'static str,
}

/// One file to be written.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its name in the collection.
    pub name: String,
    /// What it is to hold.
    pub bytes: Vec<u8>,
    /// Whether a file of this name is ours to replace.
    pub replaces: bool,
}

/// What makes a folder a collection for Radicale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// `VCALENDAR` or `VADDRESSBOOK`.
    pub tag: &'static str,
    /// Shown to the user.
    pub title: Option<String>,
    /// Longer than the title.
    pub description: Option<String>,
    /// `#RRGGBB`.
    pub color: Option<String>,
}

impl Collection {
    /// The collection at `path`, of files with this extension.
    pub fn at(path: PathBuf, extension: &'static str) -> Self {
        Self { path, extension }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All files of items, by name, each with what it holds or why it cannot be read; none when the collection does not exist.
    pub fn read(&self) -> io::Result<Vec<(String, io::Result<Vec<u8>>)>> {
        let entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = BTreeMap::new();
        for entry in entries {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !name.starts_with('.') && path.extension().is_some_and(|ext| ext == self.extension) {
                match std::fs::read(&path) {
                    // A client removed it while we looked.
                    Err(error)
                        if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => {}
                    read => drop(files.insert(name, read)),
                }
            }
        }
        Ok(files.into_iter().collect())
    }

    /// Makes the collection where it is missing, and clears what an interrupted run left staged in it. Properties that are
    /// there stay as they are.
    pub fn prepare(&self, properties: &Properties) -> io::Result<()> {
        make_folder(&self.path)?;
        sweep(&self.path)?;
        let path = self.path.join(PROPERTIES);
        if !path.exists() {
            let staged = stage(&path, properties.to_json().as_bytes(), MODE)?;
            std::fs::rename(staged, &path)?;
        }
        Ok(())
    }

    /// Why a server would not show the collection as what it is; `None` when it would, or when there is no collection.
    pub fn mislabelled(&self, properties: &Properties) -> Option<String> {
        if !self.path.exists() {
            return None;
        }
        let text = self.properties().unwrap_or_default();
        let found = serde_json::from_str::<serde_json::Value>(&text).ok();
        let tag = found.as_ref().and_then(|found| found["tag"].as_str());
        (tag != Some(properties.tag))
            .then(|| format!("{PROPERTIES} does not say {}: it is not shown", properties.tag))
    }

    /// The properties file that is there.
    pub fn properties(&self) -> Option<String> {
        std::fs::read_to_string(self.path.join(PROPERTIES)).ok()
    }

    /// Writes a batch: when this returns, what is `Ok` survives a power cut. Nothing that is not ours is replaced.
    pub fn write(&self, batch: &[Write]) -> Vec<io::Result<()>> {
        let staged: Vec<io::Result<PathBuf>> =
            batch.iter().map(|write| stage(&self.path.join(&write.name), &write.bytes, MODE)).collect();
        // Contents before names, or a power cut could leave a name with nothing behind it.
        let settled = settle(&self.path);
        let placed: Vec<io::Result<()>> =
            batch.iter().zip(staged).map(|(write, staged)| self.place(write, &staged?, &settled)).collect();
        match settle(&self.path) {
            Ok(()) => placed,
            Err(error) => placed.into_iter().map(|done| done.and_then(|()| Err(again(&error)))).collect(),
        }
    }

    fn place(&self, write: &Write, staged: &Path, settled: &io::Result<()>) -> io::Result<()> {
        let target = self.path.join(&write.name);
        let placed = match settled {
            Err(error) => Err(again(error)),
            Ok(()) if write.replaces => std::fs::rename(staged, &target),
            Ok(()) => rename_beside(staged, &target),
        };
        if placed.is_err() {
            let _ = std::fs::remove_file(staged);
        }
        placed
    }
}

impl Properties {
    /// As Radicale's storage writes it.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::Map::new();
        let optional = [
            ("D:displayname", &self.title),
            (
                if self.tag == "VCALENDAR" { "C:calendar-description" } else { "CR:addressbook-description" },
                &self.description,
            ),
            ("ICAL:calendar-color", &self.color),
        ];
        json.insert("tag".to_owned(), self.tag.into());
        for (name, value) in optional {
            if let Some(value) = value {
                json.insert(name.to_owned(), value.as_str().into());
            }
        }
        serde_json::Value::Object(json).to_string()
    }
}

/// Renames unless the new name is taken. Kernels before 3.15 and some file systems have no such call; there, a second name that
/// must not exist, and then the first one goes.
fn rename_beside(old: &Path, new: &Path) -> io::Result<()> {
    match renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE) {
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => {
            std::fs::hard_link(old, new)?;
            std::fs::remove_file(old)
        }
        done => Ok(done?),
    }
}

fn again(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

const MODE: u32 = 0o600;
const PROPERTIES: &str = ".Radicale.props";

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, replaces: bool) -> Write {
        Write { name: name.into(), bytes: b"new".to_vec(), replaces }
    }

    #[test]
    fn a_file_that_is_not_ours_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let collection = Collection::at(folder.path().to_owned(), "ics");
        std::fs::write(folder.path().join("a.ics"), "theirs").unwrap();
        let outcomes = collection.write(&[write("a.ics", false), write("b.ics", false)]);
        assert_eq!(outcomes[0].as_ref().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(outcomes[1].is_ok());
        let read: Vec<_> =
            collection.read().unwrap().into_iter().map(|(name, bytes)| (name, bytes.unwrap())).collect();
        assert_eq!(read, [("a.ics".to_owned(), b"theirs".to_vec()), ("b.ics".to_owned(), b"new".to_vec())]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing stays staged");
    }

    #[test]
    fn our_own_file_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let collection = Collection::at(folder.path().to_owned(), "ics");
        std::fs::write(folder.path().join("a.ics"), "old").unwrap();
        assert!(collection.write(&[write("a.ics", true)])[0].is_ok());
        assert_eq!(collection.read().unwrap()[0].1.as_ref().unwrap(), b"new");
    }

    #[test]
    fn properties_are_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let collection = Collection::at(folder.path().join("c"), "ics");
        let properties = |title: &str| Properties {
            tag: "VCALENDAR",
            title: Some(title.into()),
            description: None,
            color: Some("#112233".into()),
        };
        collection.prepare(&properties("One")).unwrap();
        collection.prepare(&properties("Two")).unwrap();
        assert_eq!(
            collection.properties().unwrap(),
            r##"{"tag":"VCALENDAR","D:displayname":"One","ICAL:calendar-color":"#112233"}"##
        );
    }
}
