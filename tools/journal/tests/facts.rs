//! What is recorded is what is read back.

use std::collections::BTreeMap;

use mailferry_journal::{Change, Count, Fact, Intent, Journal, Scope};
use proptest::prelude::*;

fn scope(number: u8) -> Scope {
    match number {
        0 => Scope::new("anna@example.com", "mail", "INBOX"),
        1 => Scope::new("anna@example.com", "mail", [0xff, 0, b'/']),
        2 => Scope::new("anna@example.com", "calendar", ""),
        _ => Scope::new("o'brien@example.com", "mail", "INBOX"),
    }
}

#[derive(Default)]
struct Model {
    facts: BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>,
    intents: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Model {
    fn apply(&mut self, change: Change) {
        match change {
            Change::CloseIntent { key } => drop(self.intents.remove(&key)),
            Change::OpenIntent { key, detail } => drop(self.intents.insert(key, detail)),
            Change::Put(Fact { key, source, target }) => drop(self.facts.insert(key, (source, target))),
            Change::Remove { key } => drop(self.facts.remove(&key)),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let fact = |(key, (source, target)): (&Vec<u8>, &(Vec<u8>, Vec<u8>))| Fact {
            key: key.clone(),
            source: source.clone(),
            target: target.clone(),
        };
        self.facts.iter().map(fact).collect()
    }

    fn intents(&self) -> Vec<Intent> {
        self.intents.iter().map(|(key, detail)| Intent { key: key.clone(), detail: detail.clone() }).collect()
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0), Just(b'a'), Just(0xff)], 0..3)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        bytes().prop_map(|key| Change::CloseIntent { key }),
        (bytes(), bytes()).prop_map(|(key, detail)| Change::OpenIntent { key, detail }),
        (bytes(), bytes(), bytes()).prop_map(|(key, source, target)| Change::Put(Fact {
            key,
            source,
            target
        })),
        bytes().prop_map(|key| Change::Remove { key }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn facts_are_a_map(
        batches in prop::collection::vec((0..4u8, prop::collection::vec(change(), 0..12), any::<bool>()), 1..8)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.state");
        let mut journal = Journal::open(&path).unwrap();
        let mut models: BTreeMap<u8, Model> = BTreeMap::new();
        for (number, changes, reopen) in batches {
            journal.record(&scope(number), &changes).unwrap();
            let model = models.entry(number).or_default();
            changes.into_iter().for_each(|change| model.apply(change));
            if reopen {
                drop(journal);
                journal = Journal::open(&path).unwrap();
            }
        }
        let looked = Journal::open_existing(&path).unwrap().unwrap();
        for journal in [&journal, &looked] {
            let mut collections = Vec::new();
            for number in 0..4 {
                let empty = Model::default();
                let model = models.get(&number).unwrap_or(&empty);
                prop_assert_eq!(journal.facts(&scope(number)).unwrap(), model.facts());
                prop_assert_eq!(journal.intents(&scope(number)).unwrap(), model.intents());
                if number < 2 && !(model.facts.is_empty() && model.intents.is_empty()) {
                    collections.push(scope(number).collection);
                }
            }
            collections.sort();
            prop_assert_eq!(journal.collections("anna@example.com", "mail").unwrap(), collections);
            let mut counts: Vec<Count> = models
                .iter()
                .map(|(&number, model)| Count {
                    scope: scope(number),
                    // The empty key is the collection's own.
                    facts: model.facts.keys().filter(|key| !key.is_empty()).count() as u64,
                    intents: model.intents.len() as u64,
                })
                .collect();
            counts.sort();
            prop_assert_eq!(journal.counts().unwrap(), counts);
        }
    }
}

#[test]
fn changes_apply_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("order.state")).unwrap();
    let put =
        |source: &str| Change::Put(Fact { key: b"k".into(), source: source.into(), target: b"t".into() });
    let remove = || Change::Remove { key: b"k".into() };
    journal.record(&scope(0), &[remove(), put("1"), remove(), put("2")]).unwrap();
    assert_eq!(
        journal.facts(&scope(0)).unwrap(),
        [Fact { key: b"k".into(), source: b"2".into(), target: b"t".into() }]
    );
    journal.record(&scope(0), &[put("3"), remove()]).unwrap();
    assert_eq!(journal.facts(&scope(0)).unwrap(), []);
}

#[test]
fn runs_and_their_reports() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("runs.state")).unwrap();
    assert_eq!(journal.last_report().unwrap(), None);
    let killed = journal.begin_run("run migration.toml", 1000).unwrap();
    let ended = journal.begin_run("verify migration.toml", 2000).unwrap();
    journal.end_run(ended, 1, r#"{"schema":1}"#, 2007).unwrap();
    let runs = journal.runs().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!((runs[0].id, runs[0].ended, runs[0].exit), (killed, None, None));
    assert_eq!(runs[1].command, "verify migration.toml");
    assert_eq!((runs[1].began, runs[1].ended, runs[1].exit), (2000, Some(2007), Some(1)));
    assert_eq!(journal.last_report().unwrap(), Some((runs[1].clone(), r#"{"schema":1}"#.to_owned())));
}

#[test]
fn old_reports_are_let_go_and_runs_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.state");
    let journal = Journal::open(&path).unwrap();
    for second in 0..25 {
        let run = journal.begin_run("run", second).unwrap();
        journal.end_run(run, 0, &format!("{{\"at\":{second}}}"), second).unwrap();
    }
    assert_eq!(journal.runs().unwrap().len(), 25);
    assert_eq!(journal.last_report().unwrap().unwrap().1, "{\"at\":24}");
    let reports: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM report", (), |row| row.get(0))
        .unwrap();
    assert_eq!(reports, 10);
}

#[test]
fn an_account_or_all_of_them_can_be_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(&folder.path().join("journal")).unwrap();
    for number in 0..4 {
        let fact = Fact { key: vec![number], source: vec![1], target: vec![1] };
        let intent = Change::OpenIntent { key: vec![9], detail: vec![] };
        journal.record(&scope(number), &[Change::Put(fact), intent]).unwrap();
    }
    assert_eq!(journal.forget(Some("o'brien@example.com")).unwrap(), 1);
    assert!(journal.facts(&scope(3)).unwrap().is_empty() && journal.intents(&scope(3)).unwrap().is_empty());
    assert_eq!(journal.facts(&scope(0)).unwrap().len(), 1);
    assert_eq!(journal.forget(None).unwrap(), 3);
    assert!((0..4).all(|number| journal.facts(&scope(number)).unwrap().is_empty()));
}
