//! Real files of other projects, outside this repository. Runs only where `MAILFERRY_CORPORA` names their folder.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ldif::{Directory, Reader, Stream};

/// Files where our count is not the consensus, and why.
const DIFFERENT: &[(&str, &str)] = &[];

#[test]
fn counts_equal_the_consensus() {
    let Some(root) = std::env::var_os("MAILFERRY_CORPORA").map(PathBuf::from) else { return };
    let expected = expected(&root.join("EXPECTED.tsv"));
    let (mut equal, mut wrong, mut stale) = (0, Vec::new(), Vec::new());
    for path in files(&root.join("ldif")) {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        let (records, errors) = count(&name, &std::fs::read(&path).unwrap());
        let known = DIFFERENT.iter().any(|(file, _)| *file == name);
        match expected.get(&name) {
            Some(count) if *count == records && known => stale.push(name),
            Some(count) if *count == records => equal += 1,
            Some(count) if !known => wrong.push(format!("{name}: {records} (errors {errors:?}) for {count}")),
            _ => {}
        }
    }
    println!("{equal} of {} files have the consensus count", expected.len());
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(stale.is_empty(), "listed as different, but equal: {stale:?}");
    assert_eq!(equal + DIFFERENT.len(), expected.len(), "every file with a consensus is there");
}

/// The records that can be read and the errors; whole and in pieces the same. The typed view must not panic either.
fn count(name: &str, bytes: &[u8]) -> (usize, Vec<String>) {
    let whole: Vec<_> = Reader::new(name, bytes).collect();
    let mut stream = Stream::new(name);
    let mut pieces: Vec<_> = bytes.chunks(997).flat_map(|piece| stream.push(piece)).collect();
    pieces.extend(stream.finish());
    assert_eq!(whole, pieces, "{name}");
    let _ = Directory::read([(name, bytes)]);
    let errors: Vec<String> =
        whole.iter().filter_map(|record| record.as_ref().err()).map(ToString::to_string).collect();
    (whole.len() - errors.len(), errors)
}

fn expected(path: &Path) -> BTreeMap<String, usize> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0].starts_with("ldif/"))
        .filter_map(|row| Some((row[0].to_owned(), row[2].parse().ok()?)))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}
