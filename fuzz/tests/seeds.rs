//! Every body over its seeds, over mutations of them that are the same each time, and over a given corpus of hard
//! input where `MAILFERRY_CORPORA` names one. `MAILFERRY_FUZZ_SEED`, a number, gives other mutations. A panic shows
//! the input, which then becomes a seed.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mailferry_fuzz::{BODIES, Body};

macro_rules! bodies {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            seeds_and_mutations(stringify!($name));
        })*

        #[test]
        fn each_body_has_seeds_a_target_and_a_test() {
            let bodies: BTreeSet<_> = BODIES.iter().map(|body| body.name.to_owned()).collect();
            assert_eq!(bodies, names("seeds"));
            assert_eq!(bodies, names("fuzz_targets"));
            assert_eq!(bodies, BTreeSet::from([$(stringify!($name).to_owned()),*]));
            let manifest = fs::read_to_string(here("Cargo.toml")).unwrap();
            let built = manifest.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
            assert_eq!(bodies, built.filter(|name| *name != "mailferry-fuzz").map(str::to_owned).collect());
        }
    };
}

bodies! {
    csv_read
    ics_read
    ics_round_trip
    imap_encoder
    imap_framer
    imap_names
    imap_responses
    imap_session
    ldif_names
    ldif_read
    ldif_round_trip
    maildir_keywords
    maildir_names
    maildir_subscriptions
    maildir_uidlist
    vcard_read
    vcard_round_trip
}

#[test]
fn given_corpus_of_hard_input() {
    let Some(corpora) = std::env::var_os("MAILFERRY_CORPORA") else { return };
    let files = files(&Path::new(&corpora).join("fuzz"));
    assert!(!files.is_empty(), "no fuzz corpus in {}", corpora.display());
    for file in files {
        let input = fs::read(&file).unwrap();
        for body in BODIES {
            run(body, &input, &file.display().to_string());
        }
    }
}

fn seeds_and_mutations(name: &str) {
    let body = BODIES.iter().find(|body| body.name == name).expect("the body is listed");
    let seeds: Vec<Vec<u8>> =
        files(&here("seeds").join(name)).iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(!seeds.is_empty(), "no seeds for {name}");
    for seed in &seeds {
        run(body, seed, "seed");
    }
    let mut random = Random(name.bytes().fold(chosen(), |sum, byte| sum.wrapping_mul(31) + u64::from(byte)));
    for _ in 0..MUTATIONS {
        let input = mutated(&seeds, &mut random);
        run(body, &input, "mutation");
    }
}

/// The number that tells one run's mutations from another's.
fn chosen() -> u64 {
    match std::env::var("MAILFERRY_FUZZ_SEED") {
        Ok(text) => text.trim().parse().expect("MAILFERRY_FUZZ_SEED is a number"),
        Err(_) => 0,
    }
}

fn run(body: &Body, input: &[u8], what: &str) {
    let start = Instant::now();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (body.run)(input))) {
        eprintln!("{} over {what}, {} bytes: b\"{}\"", body.name, input.len(), input.escape_ascii());
        resume_unwind(panic);
    }
    let took = start.elapsed();
    assert!(took < LIMIT, "{} over {what} took {took:?}: b\"{}\"", body.name, input.escape_ascii());
}

/// A seed with one to eight changes.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(40)).min(input.len());
        match random.below(7) {
            0 if at < input.len() => input[at] = random.byte(),
            1 if at < input.len() => input[at] ^= 1 << random.below(8),
            2 => drop(input.drain(at..end)),
            3 => {
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
            4 => input.truncate(at),
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let until = (from + random.below(200)).min(other.len());
                input.splice(at..at, other[from..until].iter().copied());
            }
            _ => {
                let token = TOKENS[random.below(TOKENS.len())];
                input.splice(at..at, token.iter().copied());
            }
        }
    }
    input
}

/// SplitMix64: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(here(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

const LIMIT: Duration = Duration::from_secs(5);
const MUTATIONS: usize = 3000;
const TOKENS: [&[u8]; 24] = [
    b"\0",
    b"\r\n",
    b"\n",
    b"\r",
    b"\n ",
    b"\r\n\t",
    b"\"",
    b":",
    b";",
    b",",
    b"=",
    b"\\",
    b"(",
    b")",
    b"{3}\r\n",
    b"{18446744073709551616}\r\n",
    b"&-",
    b"&AOQ-",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
    b"99999999999999999999",
    b"-1",
];
