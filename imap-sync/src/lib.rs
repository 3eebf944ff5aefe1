#![doc = include_str!("../README.md")]
//!
//! # How it is laid out
//!
//! | module | |
//! |---|---|
//! | [`error`], [`secret`] | what can go wrong; passwords that do not print themselves |
//! | [`digest`], [`flags`], [`utf7`], [`model`] | messages, names and listings |
//! | `languages`, [`special`] | what folders are for, told by the server or by their names |
//! | [`path`](mod@path), [`profile`], [`folders`], [`escape`](mod@escape) | how names are written, what a server takes as one, what it shows |
//! | [`rules`], [`place`], `fit`, `uses`, [`mapping`], [`renames`](mod@renames) | where each folder goes; which were renamed |
//! | [`pattern`], [`selection`] | which folders and items are wanted |
//! | [`keys`], `packed` | sets of keys as ranges; what is remembered, in few bytes |
//! | [`wire`] | sans-I/O: bytes to responses, commands to bytes |
//! | [`words`], [`quirks`], [`pace`] | what a server's reply means, what a server is known for, how fast to go |
//! | [`head`], [`facts`], [`report`] | what was done, and what became of each item |
//! | [`policy`] | what the user wishes |
//! | [`plan`](mod@plan) | what is to be done with items; pure |
//! | [`repair`](mod@repair), [`ladder`] | messages that a target refuses: what can be done to them, and in which order; pure |
//! | [`structure`], [`compare`](mod@compare) | which folder goes where, which items are equal; pure |
//! | [`store`] | the seams: `Source`, `Target`, `Memory`, `Watch`, `Connect` |
//! | `ledger`, `loose`, `pass` | one folder at hand: what became of its items, what the target has beside them, what is known |
//! | `send`, `climb`, `copy` | effects on mail: appends in batches, what was refused once more, a plan carried out |
//! | `rebind`, `piece`, `observe`, `walk`, `verify` | when numbering was lost; some items planned; what is looked at; window by window; comparisons |
//! | `folder` | one folder: opened on both sides, then a pass or a comparison |
//! | `moves`, `mirror` | folders that were renamed; what the source has no more |
//! | `account`, `build`, `conclude` | what workers share; the folders made and renamed; what is recorded at the end |
//! | [`run`](mod@run) | all folders, several side by side |
//! | [`mechanism`], [`fingerprint`], [`endpoint`] | where a mailbox is, and how it is entered |
//! | [`credentials`] | passwords, tokens, certificates: asked for at each connection |
//! | `choice`, `scram`, [`sasl`], [`identity`], [`login`] | sans-I/O: from the greeting to the login |
//! | [`dialogue`], `reading`, `appending`, [`session`], [`mailboxes`] | sans-I/O: commands; messages on their way out of a server and into one |
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
//! | 2971 | ID | whose mailbox it is, where the server tells; what the target takes as a name |
//! | 4978 | COMPRESS=DEFLATE | over long ways |
//! | 7888 | LITERAL+, LITERAL- | appends that need not wait |
//! | 3502 | MULTIAPPEND | the appends of a batch in one command |
//! | 4315 | UIDPLUS | APPENDUID, by fingerprint without it; UID EXPUNGE, nothing is removed without it |
//! | 6851 | MOVE | into the folder that keeps what is removed; by COPY without it |
//! | 5161, 7162 | ENABLE, CONDSTORE, QRESYNC | marks of folders, FETCH by CHANGEDSINCE and VANISHED; not the QRESYNC parameter of SELECT |
//! | 5258, 5819 | LIST-EXTENDED, LIST-STATUS | all folders and their numbers in one answer; LIST, LSUB and STATUS without them |
//! | 6154, 8457 | SPECIAL-USE, CREATE-SPECIAL-USE, `\Important` | brought together; `CREATE (USE ...)`; Gmail's XLIST too |
//! | 2342 | NAMESPACE | the prefix of the user's own folders |
//! | 4731 | ESEARCH | UIDs as a set |
//! | 7889 | APPENDLIMIT | that of the whole server: what is larger is not sent |
//! | 8474 | OBJECTID | MAILBOXID knows a renamed folder again; EMAILID and THREADID are only read |
//! | 3516 | BINARY | a literal8 for what holds NUL, if it is refused otherwise; never a FETCH of it |
//! | 5530 and others | response codes | typed where they carry a value; some mean "try again" |
//! | 5322, 2045, 2046, 2047, 2231 | messages | what repairs of a refused one need |
//! | 9208 | QUOTA | whether there is room, asked before a copy; not copied |
//! | 6855, 8438, 8514, 9394, 9586 | UTF8=ACCEPT, STATUS=SIZE, SAVEDATE, PARTIAL, UIDONLY | on the wire; not used |
//! | 4314, 5464 | ACL, METADATA | their answers, on the wire; not copied |
//! | others | any FETCH item (`X-GM-LABELS`), any response | read over, not lost in; not used |
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
