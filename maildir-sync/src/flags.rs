//! The flags of the `:2,` info.

use std::fmt;

/// A set of the six standard flags, D F P R S T: draft, flagged, passed, replied, seen, trashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u8);

impl Flags {
    /// All six letters in ASCII order, the order in which they are written.
    pub const LETTERS: [u8; 6] = *b"DFPRST";

    /// No flag at all.
    pub const fn new() -> Self {
        Self(0)
    }

    /// Reads the standard letters, in any order and number; everything else is left aside.
    pub fn parse(letters: &[u8]) -> Self {
        letters.iter().fold(Self::new(), |flags, &letter| flags.with(letter, true))
    }

    /// Whether the flag with this letter is set.
    pub fn has(self, letter: u8) -> bool {
        self.0 & Self::bit(letter) != 0
    }

    /// The same set with one flag set or cleared; a letter that is no flag changes nothing.
    #[must_use]
    pub fn with(self, letter: u8, set: bool) -> Self {
        let bit = Self::bit(letter);
        Self(if set { self.0 | bit } else { self.0 & !bit })
    }

    /// No flag is set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The letters of the flags that are set, in ASCII order.
    pub fn letters(self) -> impl Iterator<Item = u8> {
        Self::LETTERS.into_iter().filter(move |&letter| self.has(letter))
    }

    /// The set as six bits, D the lowest.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set from [`Flags::bits`]; `None` when another bit is set.
    pub fn from_bits(bits: u8) -> Option<Self> {
        (bits < 1 << Self::LETTERS.len()).then_some(Self(bits))
    }

    fn bit(letter: u8) -> u8 {
        Self::LETTERS.iter().position(|&known| known == letter).map_or(0, |index| 1 << index)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters().try_for_each(|letter| write!(f, "{}", char::from(letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_out_in_ascii_order_once() {
        for (input, expected) in [("", ""), ("S", "S"), ("TSRPFD", "DFPRST"), ("SSS", "S"), ("aSz,", "S")] {
            assert_eq!(Flags::parse(input.as_bytes()).to_string(), expected, "{input}");
        }
    }

    #[test]
    fn bits_go_there_and_back() {
        for bits in 0..64 {
            let flags = Flags::from_bits(bits).unwrap();
            assert_eq!(Flags::parse(flags.to_string().as_bytes()), flags);
            assert_eq!(flags.bits(), bits);
        }
        assert_eq!(Flags::from_bits(64), None);
    }
}
