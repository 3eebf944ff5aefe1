//! Bytes a second: an address book read from CSV and from vCard; cards a second: written.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vcard_csv::{AddressBook, Version};

fn contacts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("vcard");
    for (name, input) in
        [("bench.csv", mailferry_benches::table(CONTACTS)), ("bench.vcf", mailferry_benches::cards(CONTACTS))]
    {
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function(format!("read {name}"), |bencher| {
            bencher.iter(|| AddressBook::read(name, black_box(&input)));
        });
        let (book, _) = AddressBook::read(name, &input);
        assert_eq!(book.contacts.len(), CONTACTS, "the input is sound");
        group.throughput(Throughput::Elements(CONTACTS as u64));
        group.bench_function(format!("write {name}"), |bencher| {
            bencher.iter(|| {
                black_box(&book)
                    .contacts
                    .iter()
                    .map(|contact| contact.to_vcard(Version::V3).0.len())
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

const CONTACTS: usize = 1_000;

criterion_group!(benches, contacts);
criterion_main!(benches);
