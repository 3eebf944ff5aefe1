//! `kill -9` in the middle of things: what was said to be recorded is there, and nothing is there by halves.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use mailferry_journal::{Change, Error, Fact, Journal, Scope};

const PATH: &str = "MAILFERRY_JOURNAL_TEST";
const BATCH: u32 = 50;
const ACCOUNT: &str = "anna@example.com";

fn inbox() -> Scope {
    Scope::new(ACCOUNT, "mail", "INBOX")
}

/// Batch n: its facts, an open intent, and the end of the intent before.
fn batch(number: u32) -> Vec<Change> {
    let fact = |index: u32| Fact {
        key: (number * BATCH + index).to_be_bytes().to_vec(),
        source: number.to_be_bytes().to_vec(),
        target: vec![7; 30],
    };
    let mut changes: Vec<Change> = (0..BATCH).map(|index| Change::Put(fact(index))).collect();
    changes.push(Change::OpenIntent { key: number.to_be_bytes().to_vec(), detail: vec![1] });
    if let Some(before) = number.checked_sub(1) {
        changes.push(Change::CloseIntent { key: before.to_be_bytes().to_vec() });
    }
    changes
}

/// Not a test by itself: what the other process does.
#[test]
fn child_records_until_it_is_killed() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let journal = Journal::open(&path).unwrap();
    let _lease = journal.lease(ACCOUNT).unwrap();
    let first = u32::try_from(journal.facts(&inbox()).unwrap().len()).unwrap() / BATCH;
    println!("ready");
    for number in first.. {
        journal.record(&inbox(), &batch(number)).unwrap();
        println!("recorded {number}");
    }
}

fn start(path: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["child_records_until_it_is_killed", "--exact", "--nocapture", "--test-threads=1"])
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run again");
    let output = BufReader::new(child.stdout.take().expect("it is piped"));
    (child, output)
}

fn wait_for(output: &mut BufReader<ChildStdout>, text: &str) {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(
            output.read_line(&mut line).expect("its output"),
            0,
            "the other process ended before it said {text}"
        );
    }
}

#[test]
fn what_was_recorded_survives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.state");
    let mut most = 0;
    for round in 0..12_u64 {
        let (mut child, mut output) = start(&path);
        wait_for(&mut output, "ready");
        std::thread::sleep(Duration::from_micros(round * 3_700));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = output
            .lines()
            .filter_map(|line| {
                line.unwrap().strip_prefix("recorded ").and_then(|rest| rest.parse::<u32>().ok())
            })
            .max();

        let looked = Journal::open_existing(&path).unwrap().unwrap();
        let journal = Journal::open(&path).unwrap();
        let facts = journal.facts(&inbox()).unwrap();
        assert_eq!(looked.facts(&inbox()).unwrap(), facts, "a look at what a killed process left");
        let count = u32::try_from(facts.len()).unwrap();
        assert_eq!(count % BATCH, 0, "a batch is there whole or not at all");
        let batches = count / BATCH;
        assert!(batches >= most, "nothing recorded is lost");
        if let Some(said) = said {
            assert!(batches > said, "batch {said} was said to be recorded, {batches} are there");
        }
        most = batches;
        let expected: BTreeMap<u32, u32> = (0..count).map(|key| (key, key / BATCH)).collect();
        let number = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
        let found: BTreeMap<u32, u32> =
            facts.iter().map(|fact| (number(&fact.key), number(&fact.source))).collect();
        assert_eq!(found, expected);
        let open: Vec<u32> =
            journal.intents(&inbox()).unwrap().iter().map(|intent| number(&intent.key)).collect();
        assert_eq!(open, batches.checked_sub(1).into_iter().collect::<Vec<_>>());
    }
    assert!(most > 0, "at least one round came as far as recording");
}

#[test]
fn a_journal_half_created_is_created_anew() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20_u64 {
        let path = folder.path().join(format!("created-{round}.state"));
        let (mut child, _output) = start(&path);
        while !path.exists() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(round * 150));
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(looked) = Journal::open_existing(&path).unwrap() {
            looked.facts(&inbox()).unwrap();
        }
        let journal = Journal::open(&path).unwrap();
        let batches = u32::try_from(journal.facts(&inbox()).unwrap().len()).unwrap() / BATCH;
        journal.record(&inbox(), &batch(batches)).unwrap();
    }
}

#[test]
fn a_lease_ends_with_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lease.state");
    let (mut child, mut output) = start(&path);
    wait_for(&mut output, "recorded");
    let journal = Journal::open(&path).unwrap();
    match journal.lease(ACCOUNT) {
        Err(Error::InUse { account, pid, host, since }) => {
            assert_eq!((account.as_str(), pid), (ACCOUNT, child.id()));
            assert!(!host.is_empty());
            assert!(since > 1_600_000_000);
        }
        other => panic!("the account is in use: {other:?}"),
    }
    let other_account = journal.lease("bert@example.com").unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let lease = journal.lease(ACCOUNT).unwrap();
    assert!(lease.is_held().unwrap());
    assert!(other_account.is_held().unwrap());
}
