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
    group.finish();
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

criterion_group!(benches, wire);
criterion_main!(benches);
