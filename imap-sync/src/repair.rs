//! A message made such that a server takes it, after it was refused as it is. Never before: what the target accepts arrives
//! byte for byte.
//!
//! Two readings and no copy of the message: a [`Survey`] gives its [`Anatomy`], and a [`Repair`] writes it anew as it streams by,
//! the same bytes each time, so that one run can count them ([`Repair::count`]) and the next send them. What is held is bounded,
//! whatever the message: a header field, a line of base64, ten thousand parts that need something.
//!
//! Nothing is lost that can be kept: bodies are encoded, not cut, so that NULs and long lines survive in them; header fields are
//! encoded; lines that are no fields move into one. What cannot be repaired so is wrapped: the original is attached, every byte.
//!
//! Limits: what stands in an address or in a field of more than 64 KiB is not encoded, unbroken words are not folded, a body
//! of unknown encoding and the text around parts keep their long lines. [`Step::Wrap`] is for them.
//!
//! ```
//! use imap_sync::repair::{Change, Repair, Step, Steps, Survey};
//!
//! let message = b"Subject: x\r\n\r\nab\0cd\r\n";
//! let mut survey = Survey::new(998);
//! survey.push(message);
//! let anatomy = survey.finish();
//! let steps = Steps::NONE.with(Step::Nul);
//! assert_eq!(anatomy.needs(), steps);
//!
//! let mut out = Vec::new();
//! let mut repair = Repair::new(&anatomy, steps);
//! repair.push(message, &mut out);
//! repair.finish(&mut out);
//! assert!(out.ends_with(b"\r\n\r\nab=00cd\r\n"));
//! assert_eq!(repair.changes(), [Change::Encoded(1)]);
//! ```

mod change;
mod field;
mod walk;
mod encoded;
mod recode;
mod anatomy;
mod mend;
mod wrap;

pub use anatomy::{Anatomy, Survey};
pub use change::{Change, Step, Steps};

use mend::Mend;
use walk::Walk;
use wrap::Wrap;

/// A message on its way through some repairs.
#[derive(Debug)]
pub struct Repair<'a>(Way<'a>);

#[derive(Debug)]
enum Way<'a> {
    Mend { walk: Box<Walk>, mend: Mend<'a> },
    Wrap(Wrap),
}

impl<'a> Repair<'a> {
    /// Of the message that `anatomy` is of. [`Step::Wrap`] makes all other steps needless.
    pub fn new(anatomy: &'a Anatomy, steps: Steps) -> Self {
        Self(if steps.contains(Step::Wrap) {
            Way::Wrap(Wrap::new(anatomy))
        } else {
            Way::Mend { walk: Box::default(), mend: Mend::new(anatomy, steps) }
        })
    }

    /// The next bytes of the message; what they become is added to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match &mut self.0 {
            Way::Mend { walk, mend } => {
                walk.push(bytes, &mut |entity, event| mend.event(entity, &event, out));
            }
            Way::Wrap(wrap) => wrap.push(bytes, out),
        }
    }

    /// The message is at its end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.0 {
            Way::Mend { walk, mend } => {
                walk.finish(&mut |entity, event| mend.event(entity, &event, out));
                mend.finish(out);
            }
            Way::Wrap(wrap) => wrap.finish(out),
        }
    }

    /// What was changed so far.
    pub fn changes(&self) -> Vec<Change> {
        match &self.0 {
            Way::Mend { mend, .. } => mend.changes(),
            Way::Wrap(_) => Wrap::changes(),
        }
    }

    /// How many bytes all `pieces` become together, and what is changed.
    pub fn count<P: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = P>) -> (u64, Vec<Change>) {
        let (mut size, mut out) = (0, Vec::new());
        for piece in pieces {
            self.push(piece.as_ref(), &mut out);
            size += out.len() as u64;
            out.clear();
        }
        self.finish(&mut out);
        (size + out.len() as u64, self.changes())
    }
}

#[cfg(test)]
mod tests;
