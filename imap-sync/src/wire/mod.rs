//! IMAP on the wire, without any I/O: bytes to responses, commands to bytes (RFC 3501, RFC 9051).

pub mod framer;
mod token;
mod sets;
mod mailbox;
mod found;
mod account;
mod code;
mod fetch;
mod response;
pub mod command;

pub use account::{Acl, Annotation, Metadata, MyRights, Quota, QuotaRoot, Resource};
pub use code::{Code, MetadataCode};
pub use command::{Command, Literals};
pub use fetch::{Content, Fetch};
pub use found::{Esearch, Found, Partial, Vanished};
pub use framer::{Event, FrameError, Framer};
pub use mailbox::{AppendLimit, List, MailboxStatus, Namespace, Namespaces};
pub use response::{Capabilities, Condition, Response, Status};
pub use sets::Uids;
