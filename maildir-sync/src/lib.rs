//! Mail on disk: Maildir names, flags and folders, and an engine that knows that a renamed file is the same message.

pub mod error;
pub mod flags;
pub mod unique;
pub mod utf7;
pub mod folder;
pub mod message;
pub mod fact;
pub mod report;
pub mod plan;
pub mod keywords;
pub mod subscriptions;
mod header;
mod disk;
pub mod store;
pub mod apply;
pub mod verify;
pub mod source;
pub mod target;

pub use apply::apply;
pub use error::{Error, Result};
pub use fact::{Fact, FactChange, Facts};
pub use flags::Flags;
pub use folder::FolderName;
pub use message::{Finding, Keywords, Listing, Message, Place, Severity, State, Subdir};
pub use plan::{Action, Plan, Policy, Settled, plan, plan_folders};
pub use report::{Line, Reason, Report, Verdict};
pub use source::{MaildirSource, NEVER_COPIED};
pub use store::{Source, Target};
pub use target::{MaildirTarget, Options};
pub use unique::Unique;
pub use verify::verify;
