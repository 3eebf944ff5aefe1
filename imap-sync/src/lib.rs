#![doc = include_str!("../README.md")]
//!
//! # How it is laid out
//!
//! | module | |
//! |---|---|
//! | [`error`], [`secret`] | what can go wrong; passwords that do not print themselves |
//! | [`digest`], [`flags`], [`utf7`], [`model`] | messages, names and listings |
//! | [`special`], [`path`](mod@path), [`profile`], [`escape`](mod@escape) | folders across servers: what they are for, how names are written, what a server takes |
//! | [`rules`], [`place`], [`mapping`], [`renames`](mod@renames) | where each folder goes; which were renamed |
//! | [`pattern`], [`selection`] | which folders and items are wanted |
//! | [`wire`] | sans-I/O: bytes to responses, commands to bytes |
//! | [`facts`], [`report`] | what was done, and what became of each item |
//! | [`plan`](mod@plan), [`step`], [`compare`](mod@compare) | pure decisions |
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
//! | 6154, 8457 | SPECIAL-USE, `\Important` | brought together; `CREATE (USE ...)` planned |
//! | 7888 | LITERAL+, LITERAL- | where offered |
//! | 5258 and others | extended LIST, any FETCH item | read over, not lost in |
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
mod languages;
pub mod special;
pub mod path;
pub mod profile;
pub mod escape;
pub mod rules;
pub mod place;
mod fit;
mod uses;
pub mod mapping;
pub mod renames;
pub mod pattern;
pub mod selection;
pub mod wire;
pub mod facts;
pub mod report;
pub mod plan;
pub mod step;
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
pub use mapping::map_folders;
pub use model::{Folder, FolderName, Item, ItemKey, Listing, Validity};
pub use pattern::Pattern;
pub use place::{Collision, Creation, Exclusion, How, Mapped, Mapping, Place, Remark};
pub use plan::{Action, FolderPlan, Plan, Policy, Settled, candidates, plan, plan_folders};
pub use profile::Profile;
pub use renames::{KnownFolder, Renamed, renames};
pub use report::{Counts, Line, Note, Reason, Report, Verdict};
pub use rules::{Automap, Rename, Rules, SourceFolder, TargetFolder, TargetSide, namespace};
pub use run::{plan_all, run, verify};
pub use secret::Secret;
pub use selection::{FolderExclusion, ItemExclusion, SearchKeys, Selection};
pub use special::SpecialUse;
pub use step::{Next, Outcome, next_step};
pub use store::{Appended, Body, Memory, Message, Opened, Source, Target, Unwatched, Watch};
