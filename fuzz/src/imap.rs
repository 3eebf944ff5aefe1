use imap_sync::wire::{Content, Event, Framer, Response};
use imap_sync::{FolderName, utf7};

/// However the stream is cut, the same events come out of it, and every byte of a literal is among them.
pub fn imap_framer(data: &[u8]) {
    let whole = events(data, data.len());
    for size in [1, 2, 7, 64, 1 + data.iter().map(|&byte| usize::from(byte)).sum::<usize>() % 97] {
        assert_eq!(events(data, size), whole, "in pieces of {size}");
    }
    let handed_out: usize = whole.0.iter().map(length).sum();
    assert!(handed_out <= data.len() * 2, "{handed_out} bytes out of {}", data.len());
}

/// Any response is read as something, and a message's bytes are never more than came in.
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
    if let Response::Fetch { fetch, .. } = Response::parse(response) {
        for content in [fetch.body, fetch.header].into_iter().flatten() {
            assert!(!matches!(content, Content::Bytes(bytes) if bytes.len() > response.len()));
        }
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
