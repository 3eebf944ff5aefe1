//! Every touch of the disk. Nothing here follows a symbolic link at the end of a path or writes over a file.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with, syncfs};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// What there is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File,
    Link,
    Other,
}

/// What a message needs to know about its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stat {
    pub kind: Kind,
    pub size: u64,
    pub mtime: i64,
}

/// Which file it is and when it last changed: different when a file was replaced or added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub device: u64,
    pub inode: u64,
    pub size: u64,
    pub mtime: (i64, i64),
    pub ctime: i64,
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            mtime: (metadata.mtime(), metadata.mtime_nsec()),
            ctime: metadata.ctime(),
        }
    }

    /// Whether it is the same file, whatever became of it.
    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// `dir/name`, the name being bytes.
pub(crate) fn join(dir: &Path, name: &[u8]) -> PathBuf {
    if name.is_empty() { dir.to_owned() } else { dir.join(OsStr::from_bytes(name)) }
}

/// The names in a directory, sorted; `None` when it is not there.
pub(crate) fn names(dir: &Path) -> Result<Option<Vec<Vec<u8>>>> {
    if matches!(stat(dir)?, Some(Stat { kind: Kind::Link, .. })) {
        return Err(link(dir));
    }
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.map_err(|error| Error::disk(dir, "list", error))?,
    };
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().into_vec());
    let names: io::Result<Vec<_>> = entries.map(name).collect();
    let mut names = names.map_err(|error| Error::disk(dir, "list", error))?;
    names.sort_unstable();
    Ok(Some(names))
}

/// What is at a path, links not followed; `None` when there is nothing.
pub(crate) fn stat(path: &Path) -> Result<Option<Stat>> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(|error| Error::disk(path, "look at", error))?,
    };
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => Kind::Directory,
        kind if kind.is_file() => Kind::File,
        kind if kind.is_symlink() => Kind::Link,
        _ => Kind::Other,
    };
    Ok(Some(Stat { kind, size: metadata.len(), mtime: metadata.mtime() }))
}

/// The stamp of what is at a path, links not followed; `None` when there is nothing.
pub(crate) fn stamp(path: &Path) -> Result<Option<Stamp>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        metadata => {
            metadata.map(|it| Some(Stamp::of(&it))).map_err(|error| Error::disk(path, "look at", error))
        }
    }
}

/// Whether this is a directory. A link to one cannot be told to be none and is an error.
pub(crate) fn is_dir(path: &Path) -> Result<bool> {
    match stat(path)?.map(|stat| stat.kind) {
        Some(Kind::Link) => Err(link(path)),
        kind => Ok(kind == Some(Kind::Directory)),
    }
}

/// Whether a directory, or what a link leads to, has a `cur/` or `new/` of its own. Links are followed to learn this.
pub(crate) fn has_mail(path: &Path) -> Result<bool> {
    let failed = |error| Error::disk(path, "look into", error);
    if !fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(false);
    }
    for name in ["cur", "new"] {
        match fs::metadata(path.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            metadata => {
                if metadata.map_err(failed)?.is_dir() {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Opens a regular file to read; `None` when it is not there. A pipe cannot hang it.
pub(crate) fn open(path: &Path) -> Result<Option<File>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| Error::disk(path, "open", error))?,
    };
    let metadata = file.metadata().map_err(|error| Error::disk(path, "look at", error))?;
    if metadata.is_file() {
        Ok(Some(file))
    } else {
        Err(Error::disk(path, "open", io::Error::new(ErrorKind::InvalidInput, "not a regular file")))
    }
}

/// A small file whole; `None` when it is not there, an error when it is larger than any sane one.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    Ok(read_stamped(path, SMALL)?.map(|(bytes, _)| bytes))
}

/// A file whole, and which it was when the reading began; an error when it is larger than `limit`.
pub(crate) fn read_stamped(path: &Path, limit: u64) -> Result<Option<(Vec<u8>, Stamp)>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let metadata = file.metadata().map_err(|error| Error::disk(path, "look at", error))?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Error::disk(path, "read", error))?;
    if bytes.len() as u64 > limit {
        let error = io::Error::new(ErrorKind::FileTooLarge, format!("larger than {} MiB", limit >> 20));
        return Err(Error::disk(path, "read", error));
    }
    Ok(Some((bytes, Stamp::of(&metadata))))
}

/// Makes a directory, if it is not there, with exactly this mode.
pub(crate) fn make_dir(path: &Path, mode: u32) -> Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && matches!(is_dir(path), Ok(true)) => {
            return Ok(());
        }
        made => made.map_err(|error| Error::disk(path, "make directory", error))?,
    }
    let metadata = fs::symlink_metadata(path).map_err(|error| Error::disk(path, "look at", error))?;
    if metadata.mode() & 0o777 != mode & 0o777 {
        // The umask took something away.
        let set = fs::set_permissions(path, Permissions::from_mode(mode));
        set.map_err(|error| Error::disk(path, "set the mode of", error))?;
    }
    Ok(())
}

/// Makes the directories above a path.
pub(crate) fn make_parents(path: &Path, mode: u32) -> Result<()> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    let made = DirBuilder::new().recursive(true).mode(mode).create(parent);
    made.map_err(|error| Error::disk(parent, "make directory", error))
}

/// A new file with exactly this mode; an error when the name is taken.
pub(crate) fn create(path: &Path, mode: u32) -> Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let file = file.map_err(|error| Error::disk(path, "create", error))?;
    let metadata = file.metadata().map_err(|error| Error::disk(path, "look at", error))?;
    if metadata.mode() & 0o777 != mode & 0o777 {
        let set = file.set_permissions(Permissions::from_mode(mode));
        set.map_err(|error| Error::disk(path, "set the mode of", error))?;
    }
    Ok(file)
}

/// Writes bytes to a file made by [`create`].
pub(crate) fn write(path: &Path, file: &mut File, bytes: &[u8]) -> Result<()> {
    file.write_all(bytes).map_err(|error| Error::disk(path, "write", error))
}

/// Sets an open file's modification time, in seconds.
pub(crate) fn date(path: &Path, file: &File, seconds: i64) -> Result<()> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    let time = time.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "no such time"));
    let set = time.and_then(|time| file.set_times(FileTimes::new().set_modified(time)));
    set.map_err(|error| Error::disk(path, "set the date of", error))
}

/// Renames a file, but never over another: `false` when the new name is taken.
pub(crate) fn place(from: &Path, to: &Path) -> Result<bool> {
    let renamed = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Kernels before 3.15 and some file systems do not know the call.
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => {
            fs::hard_link(from, to).and_then(|()| fs::remove_file(from))
        }
        renamed => renamed.map_err(io::Error::from),
    };
    match renamed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::disk(to, "put in place", error)),
    }
}

/// Replaces one of our small files by a rename, durable in itself. A file that was there hands down its mode and, as far as
/// we may, its owner, otherwise the directory its owner: a server has to be able to read it.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32, durable: bool) -> Result<()> {
    let draft = beside(path);
    remove(&draft)?;
    let before = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    let mut file = create(&draft, before.as_ref().map_or(mode, |before| before.mode() & 0o777))?;
    let model = before.or_else(|| fs::metadata(path.parent()?).ok());
    let (uid, gid) = model.map(|model| (model.uid(), model.gid())).unzip();
    // Only root may; anybody else can live with being the owner.
    fchown(&file, uid, gid).unwrap_or_default();
    let written = write(&draft, &mut file, bytes).and_then(|()| if durable { sync(&draft) } else { Ok(()) });
    let replaced =
        written.and_then(|()| fs::rename(&draft, path).map_err(|error| Error::disk(path, "replace", error)));
    if replaced.is_err() {
        remove(&draft)?;
    }
    replaced
}

/// Adds to the end of a file that is there, all or nothing.
pub(crate) fn append(path: &Path, bytes: &[u8], durable: bool) -> Result<()> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let failed = |error| Error::disk(path, "add to", error);
    let mut file = OpenOptions::new().append(true).custom_flags(flags).open(path).map_err(failed)?;
    let before = file.metadata().map_err(failed)?.len();
    let written = file.write_all(bytes).and_then(|()| if durable { file.sync_data() } else { Ok(()) });
    written.map_err(|error| {
        // What stays of half a line would break the next one; the first error is the one to tell.
        file.set_len(before).unwrap_or_default();
        failed(error)
    })
}

/// The name under which a file is written before it replaces `path`.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(OsStr::from_bytes(OURS));
    name.into()
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::disk(path, "remove", error)),
        _ => Ok(()),
    }
}

/// Makes one file or directory durable; one that was renamed away meanwhile is someone else's to care for.
pub(crate) fn sync(path: &Path) -> Result<()> {
    match File::open(path).and_then(|file| file.sync_all()) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::disk(path, "make durable", error)),
        _ => Ok(()),
    }
}

/// Makes everything on this path's file system durable.
pub(crate) fn sync_all(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|file| syncfs(&file).map_err(io::Error::from));
    synced.map_err(|error| Error::disk(path, "make durable", error))
}

fn link(path: &Path) -> Error {
    Error::disk(path, "list", io::Error::new(ErrorKind::InvalidInput, "a symbolic link, not followed"))
}

/// The end of every name under which we write before a file is put in place.
pub(crate) const OURS: &[u8] = b".mailferry";

const SMALL: u64 = 16 << 20;
