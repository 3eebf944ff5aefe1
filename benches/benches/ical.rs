//! Bytes a second: lines and components read, objects made of them and written.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ical_import::{Calendar, parse};

fn calendars(criterion: &mut Criterion) {
    let input = mailferry_benches::calendar(EVENTS);
    let mut group = criterion.benchmark_group("ical");
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function("parse", |bencher| bencher.iter(|| parse("bench.ics", black_box(&input))));
    group.bench_function("read", |bencher| bencher.iter(|| Calendar::read("bench.ics", black_box(&input))));

    let (calendar, _) = Calendar::read("bench.ics", &input);
    assert_eq!(calendar.objects.len(), EVENTS, "the input is sound");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("write", |bencher| {
        bencher
            .iter(|| black_box(&calendar).objects.iter().map(|object| object.to_ics().len()).sum::<usize>());
    });
    group.bench_function("listing", |bencher| bencher.iter(|| black_box(&calendar).listing()));
    group.finish();
}

const EVENTS: usize = 2_000;

criterion_group!(benches, calendars);
criterion_main!(benches);
