//! How one append gets through: pure, beside the plan.

use crate::model::ItemKey;

/// What came of an attempt to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It landed, under this key if the target says so.
    Landed(Option<ItemKey>),
    /// It was refused.
    Refused {
        /// The target's words.
        reason: String,
        /// Whether it may well land if tried again.
        transient: bool,
    },
    /// The source left it out without a word.
    Vanished,
    /// The source refused to give it.
    Withheld {
        /// The source's words.
        reason: String,
    },
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again.
    Again,
    /// Record the fact.
    Done(ItemKey),
    /// Give up on this message, close its intent.
    Fail(String),
    /// It landed somewhere: find it by its fingerprint among what came since the intent.
    Look,
}

/// The next step after attempt number `attempt` (the first is 1).
pub fn next_step(attempt: u32, outcome: Outcome) -> Next {
    match outcome {
        Outcome::Landed(Some(key)) => Next::Done(key),
        Outcome::Landed(None) => Next::Look,
        Outcome::Refused { transient: true, .. } if attempt < ATTEMPTS => Next::Again,
        Outcome::Refused { reason, .. } => Next::Fail(reason),
        Outcome::Vanished | Outcome::Withheld { .. } if attempt < ATTEMPTS => Next::Again,
        Outcome::Vanished => Next::Fail("the source listed it, but does not give it".into()),
        Outcome::Withheld { reason } => Next::Fail(format!("the source refuses to give it: {reason}")),
    }
}

/// How often a message is tried.
pub const ATTEMPTS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        let refused = |transient| Outcome::Refused { reason: "full".into(), transient };
        for (name, attempt, outcome, next) in [
            ("landed with its key", 1, Outcome::Landed(Some(ItemKey(7))), Next::Done(ItemKey(7))),
            ("landed without a key", 3, Outcome::Landed(None), Next::Look),
            ("refused for now", 1, refused(true), Next::Again),
            ("refused for now, again and again", ATTEMPTS, refused(true), Next::Fail("full".into())),
            ("refused for good", 1, refused(false), Next::Fail("full".into())),
            ("withheld", 2, Outcome::Withheld { reason: "broken".into() }, Next::Again),
            (
                "withheld again and again",
                ATTEMPTS,
                Outcome::Withheld { reason: "broken".into() },
                Next::Fail("the source refuses to give it: broken".into()),
            ),
            ("not sent", 2, Outcome::Vanished, Next::Again),
        ] {
            assert_eq!(next_step(attempt, outcome), next, "{name}");
        }
        assert!(matches!(next_step(ATTEMPTS, Outcome::Vanished), Next::Fail(_)));
    }
}
