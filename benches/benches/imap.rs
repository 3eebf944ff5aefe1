//! Bytes a second: a stream cut into responses, and these read.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use imap_sync::wire::{Event, Framer, Response};

fn wire(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("imap");
    for (name, size) in [("small", 2_000), ("large", 200_000)] {
        let input = mailferry_benches::fetched(BYTES / size, size);
        group.throughput(Throughput::Bytes(input.len() as u64));
        group.bench_function(format!("fetch {name} messages"), |bencher| {
            bencher.iter(|| assert_eq!(fetched(black_box(&input)), BYTES / size));
        });
    }
    let input = listed(ITEMS);
    group.throughput(Throughput::Elements(ITEMS as u64));
    group.bench_function("a listing without bodies", |bencher| {
        bencher.iter(|| assert_eq!(fetched(black_box(&input)), ITEMS));
    });
    group.finish();
}

/// What a server answers when a folder is listed.
fn listed(messages: usize) -> Vec<u8> {
    let line = |number: usize| {
        format!(
            "* {number} FETCH (UID {} FLAGS (\\Seen $Forwarded) INTERNALDATE \"{:2}-Feb-2024 10:00:00 +0100\" \
             RFC822.SIZE {} MODSEQ ({}))\r\n",
            number * 3,
            1 + number % 28,
            number * 7 % 90_000,
            number + 5_000_000,
        )
    };
    (1..=messages).flat_map(|number| line(number).into_bytes()).collect()
}

/// The number of messages read, from pieces as a socket gives them.
fn fetched(input: &[u8]) -> usize {
    let (mut framer, mut messages) = (Framer::new(), 0);
    for piece in input.chunks(16 * 1024) {
        framer.feed(piece);
        while let Some(event) = framer.take().expect("a sound stream") {
            if let Event::Response(response) = event {
                messages += usize::from(matches!(Response::parse(&response), Response::Fetch { .. }));
            }
        }
    }
    messages
}

const BYTES: usize = 4_000_000;
const ITEMS: usize = 10_000;

criterion_group!(benches, wire);
criterion_main!(benches);
