//! Files written whole: never half, never over one another.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Makes a folder and those above it that are missing, for the owner alone.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder that the servers' own users must be able to enter.
pub fn make_open_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Replaces a file as a whole and makes it durable: a reader, and a power cut, find the old one or the new one.
pub fn replace_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let staged = stage(path, bytes, mode)?;
    let placed =
        File::open(&staged).and_then(|file| file.sync_all()).and_then(|()| std::fs::rename(&staged, path));
    if placed.is_err() {
        let _ = std::fs::remove_file(&staged);
    }
    placed?;
    File::open(folder_of(path))?.sync_all()
}

/// The folder that a path lies in; a bare name has an empty parent.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the bytes beside `path` under a hidden name of our own, ready to be renamed there. What an interrupted run left under
/// that name is replaced; after an error nothing of it stays.
pub fn stage(path: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    let staged = staged_name(path);
    let write = || {
        if let Err(error) = std::fs::remove_file(&staged)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        OpenOptions::new().write(true).create_new(true).mode(mode).open(&staged)?.write_all(bytes)
    };
    match write() {
        Ok(()) => Ok(staged),
        Err(error) => {
            let _ = std::fs::remove_file(&staged);
            Err(error)
        }
    }
}

/// Makes all that was written to the file system under `folder` durable, in one call.
pub fn settle(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

/// Removes what an interrupted run left staged in a folder.
pub fn sweep(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if is_staged(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn staged_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(PREFIX);
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

fn is_staged(name: &str) -> bool {
    name.starts_with(PREFIX)
}

const PREFIX: &str = ".mailferry-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        replace_durably(&path, b"one", 0o600).unwrap();
        replace_durably(&path, b"two", 0o600).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_interrupted_run_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        stage(&folder.path().join("a.ics"), b"half", 0o600).unwrap();
        std::fs::write(folder.path().join("b.ics"), "kept").unwrap();
        sweep(folder.path()).unwrap();
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["b.ics"]);
    }
}
