//! Mail over IMAP: wire, session, plan, copy.

pub mod error;
pub mod secret;
pub mod digest;
pub mod flags;
pub mod utf7;
pub mod model;
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
pub use model::{Folder, FolderName, Item, ItemKey, Listing, Validity};
pub use plan::{Action, FolderPlan, Plan, Policy, Settled, candidates, plan, plan_folders};
pub use report::{Counts, Line, Note, Reason, Report, Verdict};
pub use run::{plan_all, run, verify};
pub use secret::Secret;
pub use step::{Next, Outcome, next_step};
pub use store::{Appended, Body, Memory, Message, Opened, Source, Target, Unwatched, Watch};
