#![doc = include_str!("../README.md")]
//!
//! # How it is laid out
//!
//! | module | |
//! |---|---|
//! | [`error`], [`secret`] | what can go wrong; passwords that do not print themselves |
//! | [`digest`], [`flags`], [`utf7`], [`model`] | messages, names and listings |
//! | [`wire`] | sans-I/O: bytes to responses, commands to bytes |
//! | [`words`], [`quirks`], [`pace`] | what a server's reply means, what a server is known for, how fast to go |
//! | [`facts`], [`report`] | what was done, and what became of each item |
//! | [`plan`](mod@plan), [`step`], [`compare`](mod@compare) | pure decisions |
//! | [`repair`](mod@repair), [`ladder`] | messages that a target refuses: what can be done to them, and in which order |
//! | [`store`] | the seams: `Source`, `Target`, `Memory`, `Watch` |
//! | [`run`](mod@run) | folder by folder: observe, plan, copy; or observe, compare |
//! | [`endpoint`], [`login`], [`dialogue`], [`session`] | sans-I/O: URLs, from the greeting to the login, commands |
//! | [`net`] | the only sockets |
//! | [`imap`] | IMAP accounts as source and target |
//!
//! A module uses only those above it.
//!
//! # What is spoken
//!
//! | RFC | | |
//! |---|---|---|
//! | 3501, 9051 | IMAP | what a copy needs; responses tolerantly, `imap-proto` for the classic rest |
//! | 2595, 8314 | TLS | implicit, or STARTTLS, which fails closed |
//! | 4616, 4959 | SASL PLAIN, SASL-IR | with authzid |
//! | 4315 | UIDPLUS | APPENDUID; found by fingerprint without it |
//! | 5530 | response codes | named; some mean "try again" |
//! | 5322, 2045, 2046, 2047, 2231 | messages | what repairs of a refused one need |
//! | 7888 | LITERAL+, LITERAL- | where offered |
//! | 5258, 6154 and others | extended LIST, any FETCH item | read over, not lost in |
//!
//! # Laws
//!
//! Tested under these names: `l1_converged`, `l2_idempotent`, `l3_interruptible` (after every step, the last fact kept or
//! lost, the append landed or not, power lost or not), `l4_deterministic`, `l5_source_untouched`, `l6_accounted`,
//! `l7_delta_is_full`; and for what is parsed `f1_any_bytes`, `f2_write_then_parse`, `f4_chunked`, `f6_kept`.

pub mod error;
pub mod secret;
pub mod digest;
pub mod flags;
pub mod utf7;
pub mod model;
pub mod wire;
pub mod words;
pub mod quirks;
pub mod pace;
pub mod facts;
pub mod report;
pub mod plan;
pub mod step;
pub mod repair;
pub mod ladder;
pub mod compare;
pub mod store;
mod ledger;
mod copy;
mod verify;
pub mod run;
pub mod endpoint;
pub mod login;
pub mod dialogue;
pub mod session;
pub mod net;
pub mod imap;

pub use compare::compare;
pub use digest::{Digest, Header};
pub use endpoint::{Endpoint, Security};
pub use error::Error;
pub use facts::{Change, Fact, Facts, Head, Intent, Row};
pub use flags::{Flag, Flags, Permanent};
pub use imap::{ImapStore, ImapTarget, connect, connect_target};
pub use ladder::{Attempt, Climb, End, Refusal, Rung, next_rung};
pub use model::{Folder, FolderName, Item, ItemKey, Listing, Validity};
pub use pace::{Governor, Lane, Turn, What};
pub use plan::{Action, FolderPlan, Plan, Policy, Settled, candidates, plan, plan_folders};
pub use quirks::{Quirk, Quirks, Server};
pub use repair::{Anatomy, Repair, Steps, Survey};
pub use report::{Counts, Line, Note, Reason, Report, Verdict};
pub use run::{plan_all, run, verify};
pub use secret::Secret;
pub use step::{Next, Outcome, next_step};
pub use store::{Appended, Body, Memory, Message, Opened, Source, Target, Unwatched, Watch};
pub use words::{Meaning, Said};
