use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chrono::DateTime;
use imap_sync::dialogue::Wire;
use imap_sync::login::{Login, Step};
use imap_sync::session::Session;
use imap_sync::wire::{Capabilities, Event, Framer, Response};
use imap_sync::{
    Body, Endpoint, Error, Flags, Folder, FolderName, ImapTarget, ItemKey, KeySet, Message, Secret, Source,
    State, Target, Validity,
};

/// Whatever a server says, from its greeting on, a session ends, says no more than the answers warrant, and keeps no
/// more than was said. A line that begins with `$` answers the first command that has no answer yet, or the last, whatever
/// its tag is.
pub fn imap_session(data: &[u8]) {
    finished(async {
        for security in ["imap", "imaps"] {
            let server = Server::new(data);
            let Ok(endpoint) = Endpoint::parse(&format!("{security}://ada@example.com"), true) else {
                return;
            };
            if let Some((session, given)) = logged_in(server, &endpoint).await {
                worked(session, data.len() - given).await;
            }
        }
        for can in [Capabilities::default(), everything()] {
            worked(Session::new(Server::new(data), can, 0), data.len()).await;
        }
    });
}

/// What a server can do that can do all we make use of.
fn everything() -> Capabilities {
    match Response::parse(EVERYTHING) {
        Response::Capability(can) => can,
        other => panic!("no capabilities: {other:?}"),
    }
}

/// A server that says what stands in the data, whatever is said to it.
struct Server {
    lines: VecDeque<Vec<u8>>,
    framer: Framer,
    tags: VecDeque<Vec<u8>>,
    heard: usize,
    limit: usize,
}

impl Server {
    fn new(data: &[u8]) -> Self {
        let lines: VecDeque<Vec<u8>> =
            data.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        let limit = 10_000 + 400 * data.len();
        Self { lines, framer: Framer::new(), tags: VecDeque::from([b"m0".to_vec()]), heard: 0, limit }
    }
}

impl Wire for Server {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.heard += bytes.len();
        assert!(self.heard <= self.limit, "it talks without being answered");
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"m")) {
            self.tags.extend(line.iter().position(|&byte| byte == b' ').map(|end| line[..end].to_vec()));
        }
        Ok(())
    }

    async fn event(&mut self) -> Result<Event, Error> {
        loop {
            match self.framer.take().map_err(|error| Error::store("the server", error))? {
                Some(event) => return Ok(event),
                None => {
                    let line = self.lines.pop_front().ok_or_else(|| Error::store("the server", "is gone"))?;
                    match line.strip_prefix(b"$") {
                        Some(rest) => {
                            if self.tags.len() > 1 {
                                self.tags.pop_front();
                            }
                            self.framer.feed(&[&self.tags[0], rest].concat());
                        }
                        None => self.framer.feed(&line),
                    }
                }
            }
        }
    }

    fn host(&self) -> &str {
        "example.com"
    }
}

/// A session, if it comes to that, and how much was said until then.
async fn logged_in(mut server: Server, endpoint: &Endpoint) -> Option<(Session<Server>, usize)> {
    let before: usize = server.lines.iter().map(Vec::len).sum();
    let mut login = Login::new(endpoint, Secret::new("secret"), "nonce");
    loop {
        let Ok(Event::Response(response)) = server.event().await else { return None };
        let mut step = login.next(&response, server.framer.is_empty()).ok()?;
        if step == Step::StartTls {
            step = login.secured().ok()?;
        }
        match step {
            Step::Send(bytes) => server.send(&bytes).await.ok()?,
            Step::Done => break,
            Step::Compress | Step::StartTls | Step::Wait => {}
        }
    }
    let after: usize = server.lines.iter().map(Vec::len).sum();
    let (can, tag, _) = login.finish();
    Some((Session::new(server, can, tag), before - after))
}

/// What an engine does, one after the other, though each may fail. So many bytes are still to be said.
async fn worked(session: Session<Server>, said: usize) {
    let (mut target, inbox) = (ImapTarget::new(session), FolderName::inbox());
    if let Ok(folders) = target.folders().await {
        assert!(folders.len() <= said + 1);
    }
    let _ = target.select(&inbox, true).await;
    if let Ok(found) = target.keys().await {
        assert!(found.ranges().len() <= said + 1);
        let some = found.chunks(10).next().unwrap_or_default();
        if let Ok(items) = target.items(&some, true).await {
            assert!(items.len() <= said);
        }
    }
    if let Ok(Some(changes)) = target.changes(&State { mark: 1, ..State::default() }).await {
        assert!(changes.changed.ranges().len() <= said);
    }
    let keys: KeySet = [1, 2, 4_294_967_295].map(ItemKey).into_iter().collect();
    if let Ok(headers) = target.headers(&keys).await {
        assert!(headers.len() <= said);
    }
    let _ = target.open(&keys).await;
    let mut given = 0;
    while let Ok(Some(_)) = target.next().await {
        while let Ok(Some(chunk)) = target.chunk().await {
            given += chunk.len();
        }
    }
    assert!(given <= said, "{given} bytes of messages out of {said}");
    written(target, &keys).await;
}

/// What an engine writes.
async fn written(mut target: ImapTarget<Server>, keys: &KeySet) {
    let (flags, date) = (Flags::new(), DateTime::default());
    let message = Message {
        key: ItemKey(1),
        validity: Validity(1),
        flags,
        date,
        alone: false,
        binary: false,
        undated: false,
    };
    let _ = target.create(&[Folder::new(FolderName::from_text(["Größe"]))]).await;
    let _ = target.subscribe(&[FolderName::inbox()]).await;
    let mut sound = true;
    for _ in 0..2 {
        let mut letter = Letter(Some(b"Subject: salt\r\n\r\n".to_vec()));
        sound &= target.append(&message, &mut letter).await.is_ok();
    }
    if let Ok(outcomes) = target.appended().await {
        assert!(!sound || outcomes.len() == 2, "each message has one outcome: {outcomes:?}");
    }
    let _ = target.set_flags(keys, &["\\Seen"].into_iter().collect(), &Flags::new()).await;
    let _ = target.is_still().await;
    target.close().await;
}

struct Letter(Option<Vec<u8>>);

impl Body for Letter {
    fn size(&self) -> u64 {
        self.0.as_ref().map_or(0, |bytes| bytes.len() as u64)
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.take())
    }
}

/// Nothing here waits: what is not ready at once never is.
fn finished<F: Future>(future: F) -> F::Output {
    match pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits for what does not come"),
    }
}

const EVERYTHING: &[u8] =
    b"* CAPABILITY CREATE-SPECIAL-USE ENABLE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL+ MULTIAPPEND \
    OBJECTID QRESYNC SPECIAL-USE UIDPLUS";
