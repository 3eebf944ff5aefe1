//! Facts a second: recorded durably in batches, and read back.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mailferry_journal::{Change, Fact, Journal, Scope};

fn journal(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let scope = Scope::new("anna@example.test", "mail", "INBOX");
    let batch: Vec<_> = mailferry_benches::file_names(FACTS).into_iter().map(fact).collect();
    let mut group = criterion.benchmark_group("journal");
    group.throughput(Throughput::Elements(FACTS as u64)).sample_size(20);

    let mut number = 0;
    group.bench_function("record", |bencher| {
        let empty = || {
            number += 1;
            Journal::open(&directory.path().join(format!("{number}.state"))).expect("a new journal")
        };
        let record = |journal: Journal| {
            for changes in batch.chunks(BATCH) {
                journal.record(&scope, changes).expect("room on the disk");
            }
            journal
        };
        bencher.iter_batched(empty, record, BatchSize::PerIteration);
    });

    let journal = Journal::open(&directory.path().join("full.state")).expect("a new journal");
    journal.record(&scope, &batch).expect("room on the disk");
    group.bench_function("facts", |bencher| {
        bencher.iter(|| black_box(journal.facts(&scope).expect("a sound journal")));
    });
    group.finish();
}

fn fact(key: Vec<u8>) -> Change {
    let state = b"S\x00\x65\x53\xf1\x00".to_vec();
    Change::Put(Fact { key, source: state.clone(), target: state })
}

const BATCH: usize = 500;
const FACTS: usize = 10_000;

criterion_group!(benches, journal);
criterion_main!(benches);
