use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chrono::DateTime;
use imap_sync::dialogue::Wire;
use imap_sync::login::{Login, Step};
use imap_sync::session::Session;
use imap_sync::wire::{Event, Framer, Response};
use imap_sync::{
    Body, Endpoint, Error, Flags, FolderName, ImapTarget, ItemKey, Message, Secret, Source, Target, Validity,
};

/// Whatever a server says, from its greeting on, a session ends, says no more than the answers warrant, and keeps no
/// more than was said. A line that begins with `$` answers the last command, whatever its tag is.
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
        let server = Server::new(data);
        worked(Session::new(server, Default::default(), 0), data.len()).await;
    });
}

/// A server that says what stands in the data, whatever is said to it.
struct Server {
    lines: VecDeque<Vec<u8>>,
    framer: Framer,
    tag: Vec<u8>,
    heard: usize,
    limit: usize,
}

impl Server {
    fn new(data: &[u8]) -> Self {
        let lines: VecDeque<Vec<u8>> =
            data.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        let limit = 10_000 + 400 * data.len();
        Self { lines, framer: Framer::new(), tag: b"m0".to_vec(), heard: 0, limit }
    }
}

impl Wire for Server {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.heard += bytes.len();
        assert!(self.heard <= self.limit, "it talks without being answered");
        if let Some(end) = bytes.iter().position(|&byte| byte == b' ').filter(|_| bytes.starts_with(b"m")) {
            self.tag = bytes[..end].to_vec();
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
                        Some(rest) => self.framer.feed(&[&self.tag, rest].concat()),
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
    let mut login = Login::new(endpoint, Secret::new("secret"));
    loop {
        let Ok(Event::Response(response)) = server.event().await else { return None };
        let mut step = login.next(Response::parse(&response), server.framer.is_empty()).ok()?;
        if step == Step::StartTls {
            step = login.secured().ok()?;
        }
        match step {
            Step::Send(bytes) => server.send(&bytes).await.ok()?,
            Step::Done => break,
            Step::StartTls | Step::Wait => {}
        }
    }
    let after: usize = server.lines.iter().map(Vec::len).sum();
    let (can, tag) = login.finish();
    Some((Session::new(server, can, tag), before - after))
}

/// What an engine does, one after the other, though each may fail. So many bytes are still to be said.
async fn worked(session: Session<Server>, said: usize) {
    let (mut target, inbox) = (ImapTarget::new(session), FolderName::inbox());
    if let Ok(folders) = target.folders().await {
        assert!(folders.len() <= said + 1);
    }
    if let Ok(listing) = target.list(&inbox).await {
        assert!(listing.len() <= said);
    }
    let keys = [1, 2, 4_294_967_295].map(ItemKey);
    if let Ok(headers) = target.headers(&inbox, &keys).await {
        assert!(headers.len() <= said);
    }
    let _ = target.open(&inbox, &keys).await;
    let mut given = 0;
    while let Ok(Some(_)) = target.next().await {
        while let Ok(Some(chunk)) = target.chunk().await {
            given += chunk.len();
        }
    }
    assert!(given <= said, "{given} bytes of messages out of {said}");
    let message =
        Message { key: ItemKey(1), validity: Validity(1), flags: Flags::new(), date: DateTime::default() };
    let _ = target.create(&FolderName::from_text(["Größe"])).await;
    let _ = target.append(&inbox, &message, &mut Letter(Some(b"Subject: salt\r\n\r\n".to_vec()))).await;
    let _ = target.set_flags(&inbox, &keys, &["\\Seen"].into_iter().collect(), &Flags::new()).await;
    let _ = target.list_since(&inbox, ItemKey(2)).await;
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
