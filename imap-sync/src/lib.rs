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
//! | [`words`], [`quirks`], [`pace`] | what a server's reply means, what a server is known for, how fast to go |
//! | [`head`], [`facts`], [`report`] | what was done, and what became of each item |
//! | [`policy`] | what the user wishes |
//! | [`plan`](mod@plan), [`structure`](mod@structure), [`compare`](mod@compare) | pure decisions |
//! | [`repair`](mod@repair), [`ladder`] | messages that a target refuses: what can be done to them, and in which order |
//! | [`store`] | the seams: `Source`, `Target`, `Memory`, `Watch` |
//! | [`run`](mod@run) | folder by folder: observe, plan, copy; or observe, compare |
//! | [`mechanism`], [`fingerprint`], [`endpoint`] | where a mailbox is, and how it is entered |
//! | [`credentials`] | passwords, tokens, certificates: asked for at each connection |
//! | `choice`, `scram`, [`sasl`], [`identity`], [`login`] | sans-I/O: from the greeting to the login |
//! | [`dialogue`], [`session`], [`mailboxes`] | sans-I/O: commands |
//! | `compress`, `tls`, [`net`] | deflate, whom to trust, and the only sockets |
//! | [`names`], [`imap`] | IMAP accounts as source and target |
//! | [`about`], [`check`] | what can be known before anything is copied |
//!
//! A module uses only those above it.
//!
//! # What is spoken
//!
//! | RFC | | |
//! |---|---|---|
//! | 3501, 9051 | IMAP | what a copy needs; responses tolerantly, `imap-proto` for the classic rest |
//! | 2595, 8314 | TLS | implicit, or STARTTLS, which fails closed |
//! | 4422, 4616, 4959, 7628 | SASL EXTERNAL, PLAIN, OAUTHBEARER, SASL-IR | with authzid; XOAUTH2, LOGIN, CRAM-MD5 (2195) without |
//! | 5802, 7677, 4013 | SCRAM-SHA-1, SCRAM-SHA-256 | the server has to prove itself; no channel binding |
//! | 2971 | ID | whose mailbox it is, where the server tells |
//! | 4978 | COMPRESS=DEFLATE | over long ways |
//! | 4315 | UIDPLUS | APPENDUID; found by fingerprint without it |
//! | 5530 and others | response codes | typed where they carry a value; some mean "try again" |
//! | 6154, 8457 | SPECIAL-USE, `\Important` | brought together; `CREATE (USE ...)` |
//! | 5322, 2045, 2046, 2047, 2231 | messages | what repairs of a refused one need |
//! | 7888 | LITERAL+, LITERAL- | where offered |
//! | 2342, 4731, 5161, 7162, 9394, 9586 | NAMESPACE, ESEARCH, ENABLE, CONDSTORE, QRESYNC, PARTIAL, UIDONLY | on the wire |
//! | 5258, 5819, 6154, 6855, 7889, 8438, 8474, 8514 | LIST, STATUS and FETCH with what extensions add | on the wire |
//! | 2971, 4314, 5464, 9208 | ID, ACL, METADATA, QUOTA | their answers, on the wire |
//! | 3502, 3516 | MULTIAPPEND, BINARY | on the wire |
//! | others | any FETCH item, any response | read over, not lost in |
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
pub mod folders;
pub mod escape;
pub mod rules;
pub mod place;
mod fit;
mod uses;
mod spelling;
pub mod mapping;
pub mod renames;
pub mod pattern;
pub mod selection;
pub mod keys;
mod packed;
pub mod wire;
pub mod words;
pub mod quirks;
pub mod pace;
pub mod head;
pub mod facts;
pub mod report;
pub mod policy;
pub mod plan;
pub mod repair;
pub mod ladder;
pub mod structure;
pub mod compare;
pub mod store;
mod ledger;
mod loose;
mod pass;
mod send;
mod climb;
mod copy;
mod rebind;
mod piece;
mod observe;
mod walk;
mod verify;
mod folder;
mod moves;
mod mirror;
mod account;
mod build;
mod conclude;
pub mod run;
pub mod mechanism;
pub mod fingerprint;
pub mod endpoint;
pub mod credentials;
mod choice;
mod scram;
pub mod sasl;
pub mod identity;
pub mod login;
pub mod dialogue;
mod reading;
mod appending;
pub mod session;
pub mod mailboxes;
mod compress;
mod tls;
pub mod net;
pub mod names;
pub mod imap;
pub mod about;
pub mod check;

pub use compare::{compare, folder_digest};
pub use credentials::{Asked, Credentials, Guarded};
pub use digest::{Digest, Header};
pub use endpoint::{ClientCertificate, Compression, Endpoint, Proxy, Security};
pub use error::{Error, Scope};
pub use facts::{Change, Fact, Facts, Intent, Row};
pub use fingerprint::Fingerprint;
pub use flags::{Flag, Flags, Permanent};
pub use folders::{Folder, Shape};
pub use head::{Head, Seen, Tally};
pub use identity::{Account, Identity, ServerId};
pub use imap::{ImapStore, ImapTarget, connect, connect_target};
pub use keys::KeySet;
pub use ladder::{Attempt, Climb, End, Rung, next_rung};
pub use mapping::map_folders;
pub use mechanism::Mechanism;
pub use model::{FolderName, Item, ItemKey, Listing, State, Validity};
pub use names::Names;
pub use pace::{Governor, Lane, Turn, What};
pub use pattern::Pattern;
pub use place::{Collision, Creation, Exclusion, How, Mapped, Mapping, Place, Remark};
pub use plan::{Action, Plan, Settled, candidates, plan};
pub use policy::{Ceiling, Level, Mirror, Policy};
pub use profile::Profile;
pub use quirks::{Quirk, Quirks, Server};
pub use renames::{KnownFolder, Renamed, renames};
pub use repair::{Anatomy, Repair, Steps, Survey};
pub use report::{Counts, Line, Note, Reason, Report, Verdict};
pub use rules::{Automap, Rename, Rules, SourceFolder, TargetFolder, TargetSide, namespace};
pub use run::{plan_all, run, verify};
pub use secret::{Proof, Secret};
pub use selection::{FolderExclusion, ItemExclusion, SearchKeys, Selection};
pub use special::SpecialUse;
pub use store::{
    Appended, Body, Changes, Connect, Items, Manner, Memory, Message, Opened, Refused, Selected, Source,
    Target, Unwatched, Watch,
};
pub use words::{Meaning, Said};
