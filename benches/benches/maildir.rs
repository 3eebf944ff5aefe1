//! Names and messages a second: file names taken apart, a folder planned.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use maildir_sync::unique::FileName;
use maildir_sync::{Facts, Listing, Message, Policy, plan};

fn folder(criterion: &mut Criterion) {
    let names = mailferry_benches::file_names(MESSAGES);
    let mut group = criterion.benchmark_group("maildir");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    group.bench_function("names", |bencher| {
        bencher.iter(|| black_box(&names).iter().filter(|name| FileName::parse(name).is_ok()).count());
    });

    let mut source = Listing::new();
    for (name, date) in names.iter().zip(1_600_000_000..) {
        let unique = FileName::parse(name).expect("a sound name").unique;
        source.insert(Message::new(unique, date, 1000));
    }
    for (name, target) in [("plan_all_new", &Listing::new()), ("plan_nothing_new", &source)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| plan(black_box(&source), target, &Facts::default(), &Policy::default()));
        });
    }
    group.finish();
}

const MESSAGES: usize = 20_000;

criterion_group!(benches, folder);
criterion_main!(benches);
