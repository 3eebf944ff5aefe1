//! Directory trees: copied, dated, compared byte for byte.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::command::run;

/// What lies at a path below a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Directory,
    File { bytes: Vec<u8>, mode: u32, modified: Option<i64> },
    Link(PathBuf),
}

/// What a comparison looks at beside names and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// The dates of messages: files in `cur/` and `new/`. Those of other files come from the clock.
    #[default]
    MessageDates,
    /// Names and bytes alone.
    NoDates,
}

/// Everything below a tree, by its path relative to it.
pub fn snapshot(tree: &Path, comparison: Comparison) -> BTreeMap<PathBuf, Found> {
    let mut found = BTreeMap::new();
    let mut directories = vec![tree.to_path_buf()];
    while let Some(directory) = directories.pop() {
        let entries =
            fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for entry in entries {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            let what = if meta.is_symlink() {
                Found::Link(fs::read_link(&path).unwrap())
            } else if meta.is_dir() {
                directories.push(path.clone());
                Found::Directory
            } else {
                let dated = comparison == Comparison::MessageDates && is_message(&path);
                Found::File {
                    bytes: fs::read(&path).unwrap(),
                    mode: meta.permissions().mode() & 0o7777,
                    modified: dated.then(|| seconds(meta.modified().unwrap())),
                }
            };
            found.insert(path.strip_prefix(tree).unwrap().to_path_buf(), what);
        }
    }
    found
}

/// One line for each difference between two trees; none when they are the same.
pub fn differences(left: &Path, right: &Path, comparison: Comparison) -> Vec<String> {
    compare_snapshots(&snapshot(left, comparison), &snapshot(right, comparison))
}

/// As [`differences`], with what a tree held at an earlier time.
pub fn compare_snapshots(left: &BTreeMap<PathBuf, Found>, right: &BTreeMap<PathBuf, Found>) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, there) in left {
        match right.get(path) {
            Some(here) if here == there => {}
            Some(here) => lines.push(format!("{}: {}", path.display(), difference(there, here))),
            None => lines.push(format!("{}: only in the first", path.display())),
        }
    }
    let only_right = right.keys().filter(|path| !left.contains_key(*path));
    lines.extend(only_right.map(|path| format!("{}: only in the second", path.display())));
    lines
}

/// Copies a tree with its dates, modes and links; `to` must not exist.
#[track_caller]
pub fn copy_tree(from: &Path, to: &Path) {
    let mut cp = Command::new("cp");
    cp.args(["-a", "--"]).arg(from).arg(to);
    run(&mut cp, Duration::from_secs(60)).expect_success("cp -a");
}

/// Sets the dates that git does not keep: each line of the manifest is a path relative to `base`, a tab and
/// seconds since 1970. Gives the number of files dated.
#[track_caller]
pub fn apply_dates(base: &Path, manifest: &Path) -> usize {
    let text = fs::read_to_string(manifest).unwrap_or_else(|error| panic!("{}: {error}", manifest.display()));
    let mut dated = 0;
    for (number, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let place = format!("{}:{}", manifest.display(), number + 1);
        let (path, date) = line.rsplit_once('\t').unwrap_or_else(|| panic!("{place}: no tab"));
        let date = date.parse().unwrap_or_else(|_| panic!("{place}: {date:?} is no number"));
        set_date(&base.join(path), date).unwrap_or_else(|error| panic!("{place}: {path}: {error}"));
        dated += 1;
    }
    dated
}

/// Sets a file's date to seconds since 1970.
pub fn set_date(file: &Path, seconds: u64) -> std::io::Result<()> {
    let date = UNIX_EPOCH + Duration::from_secs(seconds);
    File::open(file)?.set_times(FileTimes::new().set_modified(date).set_accessed(date))
}

/// A directory below `/tmp` with a short path, which sockets need, that other users may enter.
pub fn short_directory() -> tempfile::TempDir {
    let directory = tempfile::Builder::new().prefix("ferry").tempdir_in("/tmp").unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

fn difference(left: &Found, right: &Found) -> String {
    match (left, right) {
        (
            Found::File { bytes: left, mode: left_mode, modified: left_date },
            Found::File { bytes: right, mode: right_mode, modified: right_date },
        ) => {
            let mut what = Vec::new();
            if left != right {
                let at = left.iter().zip(right).take_while(|(left, right)| left == right).count();
                what.push(format!("bytes differ from {at} on ({} and {} bytes)", left.len(), right.len()));
            }
            if left_mode != right_mode {
                what.push(format!("mode {left_mode:o} and {right_mode:o}"));
            }
            if left_date != right_date {
                what.push(format!("date {left_date:?} and {right_date:?}"));
            }
            what.join(", ")
        }
        _ => format!("{} and {}", kind(left), kind(right)),
    }
}

fn kind(found: &Found) -> &'static str {
    match found {
        Found::Directory => "a directory",
        Found::File { .. } => "a file",
        Found::Link(_) => "a link",
    }
}

fn is_message(path: &Path) -> bool {
    let parent = path.parent().and_then(Path::file_name);
    parent.is_some_and(|name| name == "cur" || name == "new")
}

fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap(),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap(),
    }
}
