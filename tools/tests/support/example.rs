//! An example organisation, copied to where a test may run it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::tree::{apply_dates, copy_tree};

/// A copy of `tools/examples/NAME` with the dates that git does not keep, and without what earlier runs left.
#[derive(Debug)]
pub struct Example(TempDir);

impl Example {
    #[track_caller]
    pub fn copy(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let copy = directory.path().join(name);
        copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), &copy);
        for entry in fs::read_dir(&copy).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name == "new-home" {
                fs::remove_dir_all(&path).unwrap();
            } else if name.ends_with(".log") || name.contains(".state") {
                fs::remove_file(&path).unwrap();
            }
        }
        apply_dates(&copy, &copy.join("dates.tsv"));
        Self(directory)
    }

    pub fn path(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.0.path()).unwrap();
        entries.next().expect("the copy is there").unwrap().path()
    }

    pub fn plan_file(&self) -> PathBuf {
        self.path().join("migration.toml")
    }

    /// Where the plan file brings everything.
    pub fn new_home(&self) -> PathBuf {
        self.path().join("new-home")
    }

    /// The accounts' addresses and their old passwords.
    #[track_caller]
    pub fn passwords(&self) -> Vec<(String, String)> {
        let text = fs::read_to_string(self.path().join("passwords.tsv")).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split_once('\t').expect("address, tab, password")).map(owned).collect()
    }
}

fn owned((address, password): (&str, &str)) -> (String, String) {
    (address.to_owned(), password.to_owned())
}
