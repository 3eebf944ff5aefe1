//! Numbers and strings in as few bytes as they need, for what is remembered.

/// Adds a number, seven bits a byte, the lowest first (LEB128).
pub(crate) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Adds bytes with their length.
pub(crate) fn put_bytes(bytes: &mut Vec<u8>, more: &[u8]) {
    put_number(bytes, more.len() as u64);
    bytes.extend_from_slice(more);
}

/// What is left to be read.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            (bits << shift >> shift == bits).then_some(())?;
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn f2_write_then_parse(number: u64, text: Vec<u8>) {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            put_bytes(&mut bytes, &text);
            let mut reader = Reader(&bytes);
            prop_assert_eq!((reader.number(), reader.bytes(), reader.0), (Some(number), Some(&text[..]), &[][..]));
        }

        #[test]
        fn f1_any_bytes(bytes: Vec<u8>) {
            let mut reader = Reader(&bytes);
            let _ = (reader.number(), reader.bytes(), reader.byte());
        }
    }
}
