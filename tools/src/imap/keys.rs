//! Names of messages on disk, and the keys under which an IMAP engine knows them.
//!
//! A message that comes from an IMAP server is named after its UID and UIDVALIDITY there, and after nothing else that could
//! change: an append that is repeated after a crash meets its own file and is not doubled. The UID stands first, where other
//! programs put the time of delivery: Dovecot and Courier number new files by that field, so that UIDs keep their order even
//! where the dates do not.

use imap_sync::{ItemKey, Message, Validity};
use maildir_sync::Unique;

/// The name of a message that was read from a server: `UID.VUIDVALIDITY.mailferry,S=BYTES,W=BYTES`, where S is the size of
/// the file and W that which servers tell, with CRLF.
pub fn unique(message: &Message, stored: u64, served: u64) -> Unique {
    let Message { key: ItemKey(uid), validity: Validity(validity), .. } = message;
    let name = format!("{uid}.V{validity}{MARK},S={stored},W={served}");
    Unique::new(name).expect("it begins with a digit and holds neither slash nor colon")
}

/// The key of a message that came from a server.
pub fn placed(message: &Message) -> ItemKey {
    ours(message.key.0, message.validity.0)
}

/// The key of any message: what came from a server by UIDVALIDITY, then by UID; before all of these what came otherwise, by
/// time of delivery as far as the name tells it. Different names may, very rarely, have the same key.
pub fn key(unique: &Unique) -> ItemKey {
    match parse(unique.as_bytes()) {
        Some((uid, validity)) => ours(uid, validity),
        None => ItemKey(foreign(unique.as_bytes())),
    }
}

/// The UID and the UIDVALIDITY that a message had where it came from, if that was a server.
pub fn origin(unique: &Unique) -> Option<(u64, u64)> {
    parse(unique.as_bytes())
}

/// The lowest key that a message from a server can have.
pub const FIRST: ItemKey = ItemKey(1 << 63);

/// The size with CRLF which a name tells as `,W=`.
pub fn served_size(unique: &Unique) -> Option<u64> {
    let mut fields = unique.as_bytes().split(|&byte| byte == b',').skip(1);
    let (size, rest) = number(fields.find_map(|field| field.strip_prefix(b"W="))?)?;
    rest.is_empty().then_some(size)
}

/// UIDs and UIDVALIDITIES have 32 bits (RFC 9051 section 9, nz-number); the first of the latter gives way to the mark.
fn ours(uid: u64, validity: u64) -> ItemKey {
    ItemKey(FIRST.0 | (validity & 0x7fff_ffff) << 32 | uid & 0xffff_ffff)
}

fn parse(name: &[u8]) -> Option<(u64, u64)> {
    let (uid, rest) = number(name)?;
    let (validity, rest) = number(rest.strip_prefix(b".V")?)?;
    let rest = rest.strip_prefix(MARK.as_bytes())?;
    matches!(rest.first(), None | Some(b',')).then_some((uid, validity))
}

/// 33 bits of seconds, then 20 of microseconds and 10 of a hash, or 30 of a hash.
fn foreign(name: &[u8]) -> u64 {
    let digest = blake3::hash(name);
    let hash = u64::from_le_bytes(*digest.as_bytes().first_chunk().expect("a hash has 32 bytes"));
    let (seconds, rest) = number(name).unwrap_or((0, name));
    let micros = rest.strip_prefix(b".M").and_then(number).map(|(micros, _)| micros);
    let below = match micros {
        Some(micros) if micros < 1 << 20 => micros << 10 | hash & 0x3ff,
        _ => hash & 0x3fff_ffff,
    };
    seconds.min((1 << 33) - 1) << 30 | below
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let digits = std::str::from_utf8(&text[..end]).ok()?;
    Some((digits.parse().ok()?, &text[end..]))
}

const MARK: &str = ".mailferry";

#[cfg(test)]
mod tests {
    use imap_sync::Flags;

    use super::*;

    fn message(uid: u64, validity: u64) -> Message {
        let date = chrono::DateTime::from_timestamp(1_000_000_000, 0).unwrap().fixed_offset();
        Message {
            key: ItemKey(uid),
            validity: Validity(validity),
            flags: Flags::new(),
            date,
            alone: false,
            binary: false,
            undated: false,
        }
    }

    #[test]
    fn a_message_is_known_by_its_name() {
        let message = message(7, 1_700_000_000);
        let name = unique(&message, 10, 12);
        assert_eq!(name.as_bytes(), b"7.V1700000000.mailferry,S=10,W=12");
        assert_eq!(key(&name), placed(&message));
        assert_eq!((name.told_size(), served_size(&name)), (Some(10), Some(12)));
    }

    #[test]
    fn keys_are_in_the_order_of_arrival() {
        let names = [
            "nothing.like.it",
            "1000000000.M5P1.host",
            "1000000000.M40P1.host,S=3",
            "1000000001.M1P1.host",
            "99999999999.M1P1.host",
            "9.V1700000000.mailferry,S=1,W=1",
            "10.V1700000000.mailferry,S=1,W=1",
            "4294967295.V1700000000.mailferry",
            "1.V1700000001.mailferry,S=1,W=1",
        ];
        let keys: Vec<ItemKey> = names.iter().map(|name| key(&Unique::new(*name).unwrap())).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        assert!(keys[4] < FIRST && keys[5] > FIRST);
    }

    #[test]
    fn names_of_others_are_not_taken_for_ours() {
        for name in ["7.V1.mailferryx", "7.V.mailferry", "x7.V1.mailferry", "7.V1", ".V1.mailferry"] {
            assert_eq!(parse(name.as_bytes()), None, "{name}");
        }
        for name in ["a,W=x", "a,W=", "W=3", "a,S=3"] {
            assert_eq!(served_size(&Unique::new(name).unwrap()), None, "{name}");
        }
    }
}
