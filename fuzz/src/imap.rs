use imap_sync::wire::{Code, Content, Event, Fetch, Framer, Response};
use imap_sync::{FolderName, KeySet, utf7};

/// However the stream is cut, the same events come out of it, and every byte of a literal is among them.
pub fn imap_framer(data: &[u8]) {
    let whole = events(data, data.len());
    for size in [1, 2, 7, 64, 1 + data.iter().map(|&byte| usize::from(byte)).sum::<usize>() % 97] {
        assert_eq!(events(data, size), whole, "in pieces of {size}");
    }
    let handed_out: usize = whole.0.iter().map(length).sum();
    assert!(handed_out <= data.len() * 2, "{handed_out} bytes out of {}", data.len());
}

/// Any response is read as something, and holds no more than came in.
pub fn imap_responses(data: &[u8]) {
    read(data);
    for event in events(data, data.len()).0 {
        if let Event::Response(response) = event {
            read(&response);
        }
    }
}

/// A folder's name is the same on the wire, in the journal and on the wire again. IMAP knows no zero byte in one.
pub fn imap_names(data: &[u8]) {
    if data.contains(&0) {
        return;
    }
    if let Some(text) = utf7::decode(data) {
        assert_eq!(utf7::encode(&text).escape_ascii().to_string(), data.escape_ascii().to_string());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let folder = FolderName::from_text(text.split('/'));
        let back = folder.text().map(|parts| parts.join("/"));
        assert!(back.as_deref() == Some(text) || folder.parts().next() == Some(b"INBOX"), "{text:?}");
        assert_eq!(utf7::decode(&utf7::encode(text)).as_deref(), Some(text));
    }
    for separator in [Some(b'/'), Some(b'.'), None] {
        let folder = FolderName::split(data, separator);
        assert_eq!(FolderName::from_bytes(&folder.to_bytes()).as_ref(), Some(&folder));
        if let Some(name) = folder.join(separator) {
            assert_eq!(FolderName::split(&name, separator), folder);
        }
    }
}

fn read(response: &[u8]) {
    let size = response.len();
    match Response::parse(response) {
        Response::Fetch { fetch, .. } => fetched(&fetch, size),
        Response::Esearch(found) => {
            found
                .all
                .iter()
                .chain(found.partial.iter().map(|it| &it.found))
                .for_each(|set| bounded(set, size));
        }
        Response::List(list) => assert!(list.name.len() <= size),
        Response::MailboxStatus(status) => assert!(status.name.len() <= size && status.others.len() <= size),
        Response::Search(found) => assert!(found.numbers.len() <= size),
        Response::Status(status) => status.code.iter().for_each(|code| coded(code, size)),
        Response::Unknown(kept) => assert_eq!(kept, response),
        Response::Vanished(vanished) => {
            bounded(&vanished.uids, size);
            assert!(!vanished.uids.is_empty());
        }
        _ => {}
    }
}

/// A message's bytes are never more than came in.
fn fetched(fetch: &Fetch, size: usize) {
    let parts = fetch.sections.iter().map(|(_, content)| content);
    for content in parts.chain([&fetch.body, &fetch.header, &fetch.binary].into_iter().flatten()) {
        assert!(!matches!(content, Content::Bytes(bytes) if bytes.len() > size));
    }
    assert_ne!(fetch.uid, Some(0));
}

/// What a few bytes claim stays a few ranges, and reads again as what it was.
fn bounded(set: &KeySet, size: usize) {
    assert!(set.ranges().len() <= size);
    assert_eq!(KeySet::parse(set.to_string().as_bytes()).as_ref(), Some(set));
    assert_eq!(
        set.chunks(set.len() / 3 + 1).map(|window| window.len()).fold(0, u64::saturating_add),
        set.len()
    );
}

fn coded(code: &Code, size: usize) {
    match code {
        Code::AppendUid { uids, .. } => {
            assert!(uids.nth(0).is_some());
            bounded(&uids.to_set(), size);
        }
        Code::CopyUid { from, to, .. } => {
            assert_eq!(from.len(), to.len());
            assert_eq!(from.nth(from.len() - 1).is_some(), to.nth(to.len() - 1).is_some());
        }
        Code::Modified(set) => bounded(set, size),
        _ => assert!(code.name().len() <= size * 3),
    }
}

/// The events of a stream that comes in pieces of this size, and whether it broke.
fn events(data: &[u8], size: usize) -> (Vec<Event>, bool) {
    let (mut framer, mut events) = (Framer::new(), Vec::new());
    for piece in data.chunks(size.max(1)) {
        framer.feed(piece);
        loop {
            match framer.take() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
    }
    (events, false)
}

fn length(event: &Event) -> usize {
    match event {
        Event::Chunk(bytes) | Event::Response(bytes) => bytes.len(),
        Event::Large { head, .. } => head.len(),
    }
}
