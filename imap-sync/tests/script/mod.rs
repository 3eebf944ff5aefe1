//! Dialogues with a server: `S: ` what it says, `C: ` what is said to it, line by line.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::VecDeque;

use std::sync::Mutex;

use imap_sync::dialogue::Wire;
use imap_sync::session::Session;
use imap_sync::wire::{Capabilities, Event, Framer, Response};
use imap_sync::{Connect, Error, ImapStore, ImapTarget, Names};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    Client(Vec<u8>),
    Server(Vec<u8>),
}

/// The turns of a transcript; several lines of one side are one turn.
pub fn turns(transcript: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for line in transcript.lines() {
        let (side, text) = line.split_at(3.min(line.len()));
        let text = text.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
        let bytes = format!("{text}\r\n").into_bytes();
        match (side, turns.last_mut()) {
            ("C: ", Some(Turn::Client(all))) | ("S: ", Some(Turn::Server(all))) => all.extend(bytes),
            ("C: ", _) => turns.push(Turn::Client(bytes)),
            ("S: ", _) => turns.push(Turn::Server(bytes)),
            _ => panic!("neither side: {line}"),
        }
    }
    turns
}

/// In pieces of these sizes a script is said.
pub const PIECES: [usize; 6] = [1, 2, 3, 7, 64, 100_000];

/// What a server can do.
pub fn can(words: &str) -> Capabilities {
    match Response::parse(format!("* CAPABILITY {words}").as_bytes()) {
        Response::Capability(can) => can,
        other => panic!("no capabilities: {other:?}"),
    }
}

/// Sessions whose users are logged in, each with a script of its own, and both sides with the same capabilities.
pub struct Scripts {
    pairs: Mutex<VecDeque<(&'static str, &'static str)>>,
    can: Capabilities,
    piece: usize,
    names: (Names, Names),
}

impl Scripts {
    pub fn new(words: &str, piece: usize, pairs: &[(&'static str, &'static str)]) -> Self {
        let pairs = Mutex::new(pairs.iter().copied().collect());
        Self { pairs, can: can(words), piece, names: Default::default() }
    }
}

impl Connect for Scripts {
    type Source = ImapStore<Script>;
    type Target = ImapTarget<Script>;

    async fn connect(&self, _: u32) -> Result<(Self::Source, Self::Target), Error> {
        let (source, target) = self.pairs.lock().unwrap().pop_front().expect("nobody connects that often");
        let session = |script: &str| Session::new(Script::new(script, self.piece), self.can.clone(), 0);
        let source = ImapStore::new(session(source)).with_names(self.names.0.clone());
        Ok((source, ImapTarget::new(session(target)).with_names(self.names.1.clone())))
    }

    async fn close(&self, (source, target): (Self::Source, Self::Target)) {
        source.close().await;
        target.close().await;
    }
}

/// A server that says what stands in a transcript, in pieces of some size, and minds what is said to it.
pub struct Script {
    turns: VecDeque<Turn>,
    framer: Framer,
    piece: usize,
    heard: Vec<u8>,
}

impl Script {
    pub fn new(transcript: &str, piece: usize) -> Self {
        Self { turns: turns(transcript).into(), framer: Framer::new(), piece, heard: Vec::new() }
    }

    fn lost() -> Error {
        Error::store("script", "it is at its end")
    }
}

impl Wire for Script {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.heard.extend(bytes);
        let Some(Turn::Client(expected)) = self.turns.front() else {
            panic!("nobody expects {}", self.heard.escape_ascii());
        };
        assert!(
            expected.starts_with(&self.heard),
            "{} instead of {}",
            self.heard.escape_ascii(),
            expected.escape_ascii()
        );
        if *expected == self.heard {
            self.turns.pop_front();
            self.heard.clear();
        }
        Ok(())
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.framer.take().unwrap() {
                return Ok(event);
            }
            let Some(Turn::Server(bytes)) = self.turns.front_mut() else { return Err(Self::lost()) };
            let piece: Vec<u8> = bytes.drain(..self.piece.min(bytes.len())).collect();
            if bytes.is_empty() {
                self.turns.pop_front();
            }
            self.framer.feed(&piece);
        }
    }

    fn host(&self) -> &str {
        "script"
    }
}

/// Whatever was to be said to it was said.
impl Drop for Script {
    fn drop(&mut self) {
        let unsaid = self.turns.iter().any(|turn| matches!(turn, Turn::Client(_)));
        assert!(!unsaid || std::thread::panicking(), "it was to be said: {:?}", self.turns);
    }
}
