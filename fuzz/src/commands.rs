use chrono::{DateTime, FixedOffset};
use imap_sync::wire::{Appending, Command, Dialect, Event, Framer, Literals, Response};
use imap_sync::{Flag, Flags, ItemKey, KeySet, utf7};

/// What is written in a command is read in a response as what it was: names, sets, flags and dates, and messages one
/// after the other.
pub fn imap_encoder(data: &[u8]) {
    let (&first, rest) = data.split_first().unwrap_or((&0, data));
    let literals = [Literals::Synchronizing, Literals::Small, Literals::All][usize::from(first % 3)];
    let utf8 = first & 4 != 0;
    names(rest, Dialect { literals, utf8 });
    let some = &rest[..rest.len().min(SOME)];
    sets(some, usize::from(first));
    let flags: Flags = some.split(|&byte| byte == b' ').map(Flag::new).collect();
    let date = date(rest);
    flags_and_dates(&flags, &date);
    appends(rest, Dialect { literals, utf8 }, &flags, &date);
}

fn names(name: &[u8], dialect: Dialect) {
    for (command, expected) in [
        (dialect.command(LIST).string(name), name.to_vec()),
        (dialect.command(LIST).mailbox(name), spelled(name, dialect.utf8)),
    ] {
        let Ok(command) = command else {
            assert!(name.contains(&0), "only a zero byte cannot be sent");
            continue;
        };
        match parsed(&command) {
            Some(Response::List(list)) => assert_eq!(list.name, expected),
            other => assert!(expected.len() > LARGE, "{other:?}"),
        }
    }
}

fn spelled(name: &[u8], utf8: bool) -> Vec<u8> {
    utf7::decode(name).filter(|_| utf8).map_or_else(|| name.to_vec(), String::into_bytes)
}

fn sets(data: &[u8], chars: usize) {
    let numbers = data.chunks(5).map(|chunk| chunk.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)));
    let keys: KeySet = numbers.filter(|&number| number > 0).map(ItemKey).collect();
    if keys.is_empty() {
        return;
    }
    match parsed(&Command::new("* VANISHED (EARLIER)", Literals::All).keys(&keys)) {
        Some(Response::Vanished(vanished)) => assert!(vanished.earlier && vanished.uids == keys),
        other => panic!("{other:?}"),
    }
    let mut all = KeySet::new();
    for piece in keys.pieces(chars) {
        piece.ranges().for_each(|range| all.insert_range(range));
    }
    assert_eq!(all, keys);
}

fn flags_and_dates(flags: &Flags, date: &DateTime<FixedOffset>) {
    let command = Command::new("* 1 FETCH (UID 5 FLAGS", Literals::All).flags(flags);
    let sendable: Flags = flags.iter().filter(|flag| flag.is_sendable()).cloned().collect();
    match parsed(&command.raw("INTERNALDATE").date(date).raw(")")) {
        Some(Response::Fetch { fetch, .. }) => {
            assert_eq!((fetch.uid, fetch.flags, fetch.date), (Some(5), Some(sendable), Some(*date)));
        }
        other => panic!("{other:?}"),
    }
}

/// Two messages in one command (RFC 3502): the stream is one line with two literals.
fn appends(body: &[u8], dialect: Dialect, flags: &Flags, date: &DateTime<FixedOffset>) {
    let message = |binary, date| Appending { flags, date, size: body.len() as u64, binary };
    let Ok((command, _)) = dialect.append(b"INBOX", &message(false, Some(date))) else {
        panic!("INBOX can be written")
    };
    let (next, _) = dialect.append_next(&message(true, None));
    let bytes = [&command.parts("t").concat(), body, &next, body, b"\r\n* 1 EXISTS\r\n"].concat();
    let mut framer = Framer::new();
    framer.feed(&bytes);
    let (mut chunks, mut responses) = (0, Vec::new());
    while let Ok(Some(event)) = framer.take() {
        match event {
            Event::Chunk(chunk) => chunks += chunk.len(),
            Event::Response(response) => responses.push(response),
            Event::Large { size, .. } => assert_eq!(size, body.len() as u64),
        }
    }
    assert!(framer.is_empty() && responses.len() == 2, "{}", bytes.escape_ascii());
    assert_eq!(responses[1], b"* 1 EXISTS");
    assert!(chunks == 2 * body.len() || responses[0].ends_with(body));
}

/// A date of four digits, from the first bytes.
fn date(data: &[u8]) -> DateTime<FixedOffset> {
    let number = data.iter().take(9).fold(0u64, |sum, &byte| sum << 7 | u64::from(byte));
    let seconds = i64::try_from(number % 253_000_000_000).unwrap_or_default();
    let minutes = i32::from(data.last().copied().unwrap_or_default()) * 11 % 1440;
    let zone = FixedOffset::east_opt((minutes - 720) * 60).expect("less than a day");
    DateTime::from_timestamp(seconds, 0).expect("before the year 9999").with_timezone(&zone)
}

fn parsed(command: &Command) -> Option<Response> {
    let mut framer = Framer::new();
    framer.feed(&command.parts("").concat()[1..]);
    match framer.take() {
        Ok(Some(Event::Response(response))) => Some(Response::parse(&response)),
        _ => None,
    }
}

const LIST: &str = "* LIST () \"/\"";
const LARGE: usize = 64 * 1024;
/// Of these, more of the same shows nothing new.
const SOME: usize = 4096;
