//! Bytes a second: records read, a whole directory understood; entries a second: a plan over all of them.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ldif::{Directory, Facts, Listing, Policy, Reader, plan, write_record};

fn read(criterion: &mut Criterion) {
    let input = mailferry_benches::directory(ACCOUNTS);
    let mut group = criterion.benchmark_group("ldif");
    group.throughput(Throughput::Bytes(input.len() as u64));
    group.bench_function("read", |bencher| {
        bencher.iter(|| Reader::new("bench.ldif", black_box(&input)).filter(Result::is_ok).count());
    });
    group.bench_function("directory", |bencher| {
        bencher.iter(|| Directory::read([("bench.ldif", black_box(input.as_slice()))]));
    });
    let records: Vec<_> = Reader::new("bench.ldif", &input).flatten().map(|placed| placed.value).collect();
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            let mut out = Vec::new();
            black_box(&records).iter().for_each(|record| write_record(record, &mut out));
            out
        });
    });
    group.finish();
}

fn plans(criterion: &mut Criterion) {
    let input = mailferry_benches::directory(ACCOUNTS);
    let (directory, findings) = Directory::read([("bench.ldif", input.as_slice())]);
    assert_eq!(directory.accounts.len(), ACCOUNTS, "the input is sound: {:?}", findings.first());
    let source = directory.listing();
    let mut group = criterion.benchmark_group("ldif");
    group.throughput(Throughput::Elements(source.len() as u64));
    group.bench_function("plan_all_new", |bencher| {
        let (target, facts) = (Listing::new(), Facts::default());
        bencher.iter(|| plan(black_box(&source), &target, &facts, &Policy::default()));
    });
    group.bench_function("plan_nothing_new", |bencher| {
        let facts = Facts::default();
        bencher.iter(|| plan(black_box(&source), &source, &facts, &Policy::default()));
    });
    group.finish();
}

const ACCOUNTS: usize = 2_000;

criterion_group!(benches, read, plans);
criterion_main!(benches);
