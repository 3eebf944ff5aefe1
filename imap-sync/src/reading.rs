//! Messages on their way out of a server.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::dialogue::{Dialogue, Wire, words};
use crate::error::Error;
use crate::keys::KeySet;
use crate::model::ItemKey;
use crate::store::Opened;
use crate::wire::{Condition, Content, Event, Fetch, Response, Status};

/// What is being fetched, and what was refused.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    round: Option<Round>,
    /// The server's words about messages of the selected mailbox that it refused to give.
    refused: BTreeMap<ItemKey, String>,
}

/// Messages are being fetched.
#[derive(Debug)]
struct Round {
    tag: String,
    section: &'static str,
    current: Current,
    /// Those asked for that have not come yet.
    missing: KeySet,
    /// Those to be asked for one by one when this is over.
    alone: VecDeque<ItemKey>,
    /// Whether it was one that was asked for.
    single: bool,
}

#[derive(Debug)]
enum Current {
    Bytes(Option<Vec<u8>>),
    /// So many bytes are to come in chunks.
    Large(u64),
    None,
}

impl Reading {
    pub(crate) fn is_idle(&self) -> bool {
        self.round.is_none()
    }

    /// Another mailbox is selected.
    pub(crate) fn forget(&mut self) {
        self.refused.clear();
    }

    /// Begins to fetch `BODY.PEEK[section]` of messages; [`Reading::next_body`] gives them.
    pub(crate) async fn begin<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        keys: &KeySet,
        section: &'static str,
    ) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        self.ask(dialogue, keys.clone(), section, VecDeque::new()).await
    }

    /// Why the server did not give a message of the selected mailbox, in its words. What it left out without a word
    /// is gone.
    pub(crate) fn refusal(&self, key: ItemKey) -> Option<&str> {
        self.refused.get(&key).map(String::as_str)
    }

    /// The next message that is being fetched. One that comes without bytes is left out.
    ///
    /// A server may refuse a FETCH because of one message: it was expunged by another client (RFC 2180 section
    /// 4.1.2), or cannot be read. The others are then asked for one by one, which also tells the two cases apart.
    pub(crate) async fn next_body<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
    ) -> Result<Option<Opened>, Error> {
        while self.chunk(dialogue).await?.is_some() {}
        while self.round.is_some() {
            let opened = match dialogue.event().await? {
                Event::Chunk(_) => None,
                Event::Large { head, size } => self.large(dialogue, &head, size).await?,
                Event::Response(response) => match Response::parse(&response) {
                    Response::Fetch { fetch, .. } => {
                        dialogue.heard.hear_flags(&fetch);
                        self.small(*fetch)
                    }
                    other => {
                        self.hear(dialogue, other).await?;
                        None
                    }
                },
            };
            if let Some(opened) = opened {
                if let Some(round) = &mut self.round {
                    round.missing.remove(opened.key);
                }
                return Ok(Some(opened));
            }
        }
        Ok(None)
    }

    /// The next piece of the message at hand.
    pub(crate) async fn chunk<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(round) = &mut self.round else { return Ok(None) };
        match &mut round.current {
            Current::None => Ok(None),
            Current::Bytes(bytes) => {
                let bytes = bytes.take();
                round.current = Current::None;
                Ok(bytes)
            }
            Current::Large(0) => {
                round.current = Current::None;
                Ok(None)
            }
            Current::Large(left) => {
                let left = *left;
                let Event::Chunk(chunk) = dialogue.event().await? else {
                    return Err(dialogue.protocol("a message broke off"));
                };
                let left = left.saturating_sub(chunk.len() as u64);
                self.now(Current::Large(left));
                Ok(Some(chunk))
            }
        }
    }

    fn now(&mut self, current: Current) {
        if let Some(round) = &mut self.round {
            round.current = current;
        }
    }

    /// Begins to fetch messages, and after them `alone`.
    async fn ask<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        keys: KeySet,
        section: &'static str,
        mut alone: VecDeque<ItemKey>,
    ) -> Result<(), Error> {
        let mut pieces = keys.pieces(MAX_SET);
        let first = pieces.next().unwrap_or_default();
        // A window is seldom so torn that its set does not fit into one command.
        let rest: BTreeSet<ItemKey> = pieces.flat_map(|piece| piece.iter().collect::<Vec<_>>()).collect();
        rest.into_iter().for_each(|key| alone.push_back(key));
        let items = format!("(UID BODY.PEEK[{section}])");
        let command = dialogue.start("UID FETCH").raw(&first.to_string()).raw(&items);
        let tag = dialogue.begin(&command).await?;
        let single = first.len() == 1;
        self.round = Some(Round { tag, section, current: Current::None, missing: first, alone, single });
        Ok(())
    }

    async fn hear<W: Wire>(&mut self, dialogue: &mut Dialogue<W>, response: Response) -> Result<(), Error> {
        let Some(tag) = self.round.as_ref().map(|round| round.tag.clone()) else { return Ok(()) };
        match dialogue.completion(response, &tag)? {
            Some(status) => self.end_round(dialogue, &status).await,
            None => Ok(()),
        }
    }

    /// A FETCH is over: goes on with what is to be asked for alone.
    async fn end_round<W: Wire>(&mut self, dialogue: &mut Dialogue<W>, status: &Status) -> Result<(), Error> {
        let Some(Round { section, missing, mut alone, single, .. }) = self.round.take() else {
            return Ok(());
        };
        if status.condition != Condition::No {
            dialogue.accept(&dialogue.start("UID FETCH"), status)?;
        } else if single {
            self.refused.extend(missing.iter().map(|key| (key, words(status))));
        } else {
            alone.extend(missing.iter());
        }
        match alone.pop_front() {
            Some(key) => Box::pin(self.ask(dialogue, [key].into_iter().collect(), section, alone)).await,
            None => Ok(()),
        }
    }

    /// Gives up what is being fetched: reads past it.
    pub(crate) async fn finish<W: Wire>(&mut self, dialogue: &mut Dialogue<W>) -> Result<(), Error> {
        if let Some(round) = &mut self.round {
            round.missing = KeySet::new();
            round.alone.clear();
        }
        while self.next_body(dialogue).await?.is_some() {}
        Ok(())
    }

    fn small(&mut self, fetch: Fetch) -> Option<Opened> {
        let uid = fetch.uid;
        let Some(Content::Bytes(bytes)) = fetch.body.or(fetch.header) else { return None };
        let (key, size) = (ItemKey(uid?), bytes.len() as u64);
        self.now(Current::Bytes((size > 0).then_some(bytes)));
        Some(Opened { key, size })
    }

    /// A large message begins. Where its UID comes only after it, it has to be kept until then, if that is bearable.
    async fn large<W: Wire>(
        &mut self,
        dialogue: &mut Dialogue<W>,
        head: &[u8],
        size: u64,
    ) -> Result<Option<Opened>, Error> {
        let Some(fetch) = Response::parse_head(head) else { return Ok(None) };
        if let Some(uid) = fetch.uid {
            self.now(Current::Large(size));
            return Ok(Some(Opened { key: ItemKey(uid), size }));
        }
        if size > MAX_KEPT {
            return Err(dialogue.protocol("the server sends the UID of a large message only after it"));
        }
        let mut bytes = Vec::new();
        loop {
            match dialogue.event().await? {
                Event::Chunk(chunk) => bytes.extend(chunk),
                Event::Large { .. } => {
                    return Err(dialogue.protocol("two large literals in one answer"));
                }
                Event::Response(response) => {
                    let Response::Fetch { mut fetch, .. } = Response::parse(&response) else {
                        return Ok(None);
                    };
                    fetch.body = Some(Content::Bytes(bytes));
                    return Ok(self.small(*fetch));
                }
            }
        }
    }
}

const MAX_KEPT: u64 = 32 * 1024 * 1024;
const MAX_SET: usize = 6000;
