//! Flags on the wire and in a file's name.
//!
//! The letters stand for IMAP's system flags; P (passed on) is `$Forwarded`. A keyword has a letter of its own in the
//! folder's `dovecot-keywords`, 26 at most.

use imap_sync::{Flag, Flags, Permanent};
use maildir_sync::{Keywords, Message, State};

/// What a message has.
pub fn of(message: &Message) -> Flags {
    let letters =
        LETTERS.iter().filter(|(letter, _)| message.flags.has(*letter)).map(|(_, name)| Flag::new(name));
    letters.chain(message.keywords.iter().map(Flag::new)).collect()
}

/// The state that gives a message these flags. Its date stays, and P where it already means `$Forwarded`.
pub fn state(message: &Message, flags: &Flags) -> State {
    let mut letters = message.flags;
    for (letter, name) in LETTERS {
        let set = flags.contains(name);
        letters = letters.with(letter, set && (letter != PASSED || message.flags.has(PASSED)));
    }
    let mut keywords = Keywords::new();
    for flag in flags.iter() {
        let written = LETTERS.iter().any(|(letter, name)| letters.has(*letter) && Flag::new(name) == *flag);
        if flag.is_keyword() && !written {
            keywords.insert(flag.to_string());
        }
    }
    State { flags: letters, keywords, date: message.date }
}

/// Which flags a folder with these keywords can keep.
pub fn permanent(keywords: &[String]) -> Permanent {
    let named = LETTERS.iter().map(|(_, name)| Flag::new(name)).filter(|flag| !flag.is_keyword());
    let flags = named.chain(keywords.iter().map(Flag::new)).collect();
    Permanent::Only { flags, keywords: keywords.len() < MAX_KEYWORDS }
}

/// How many keywords a folder can have: the letters a to z.
pub const MAX_KEYWORDS: usize = 26;

const PASSED: u8 = b'P';

const LETTERS: [(u8, &str); 6] = [
    (b'D', "\\Draft"),
    (b'F', "\\Flagged"),
    (PASSED, "$Forwarded"),
    (b'R', "\\Answered"),
    (b'S', "\\Seen"),
    (b'T', "\\Deleted"),
];

#[cfg(test)]
mod tests {
    use maildir_sync::Unique;

    use super::*;

    fn message(letters: &str, keywords: &[&str]) -> Message {
        let flags = maildir_sync::Flags::parse(letters.as_bytes());
        let keywords = keywords.iter().map(ToString::to_string).collect();
        Message::new(Unique::new("a").unwrap(), 5, 1).with_state(State { flags, keywords, date: 5 })
    }

    #[test]
    fn flags_there_and_back() {
        for (letters, keywords) in [("", &[][..]), ("DFRST", &[]), ("S", &["$Junk", "to-do"]), ("P", &[])] {
            let message = message(letters, keywords);
            assert_eq!(state(&message, &of(&message)), message.state(), "{letters} {keywords:?}");
        }
    }

    #[test]
    fn forwarded_is_a_keyword_that_dovecot_shows_unless_the_letter_is_there() {
        let forwarded: Flags = ["$forwarded"].into_iter().collect();
        let set = state(&message("", &[]), &forwarded);
        assert_eq!((set.flags.to_string(), set.keywords.len()), (String::new(), 1));
        let kept = state(&message("P", &[]), &forwarded);
        assert_eq!((kept.flags.to_string(), kept.keywords.len()), ("P".to_owned(), 0));
        let cleared = state(&message("P", &["$Forwarded"]), &Flags::new());
        assert_eq!((cleared.flags.to_string(), cleared.keywords.len()), (String::new(), 0));
    }

    #[test]
    fn a_folder_keeps_keywords_as_long_as_there_are_letters() {
        let names: Vec<String> = (0..MAX_KEYWORDS).map(|number| format!("k{number}")).collect();
        let wanted: Flags = ["\\Seen", "k3", "new"].into_iter().collect();
        assert_eq!(permanent(&names[1..]).keep(&wanted), wanted);
        assert_eq!(permanent(&names).keep(&wanted).to_string(), "(\\Seen k3)");
    }
}
