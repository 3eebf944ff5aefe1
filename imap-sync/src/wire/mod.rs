//! IMAP on the wire, without any I/O: bytes to responses, commands to bytes (RFC 3501, RFC 9051).

pub mod framer;
mod token;
mod sets;
mod mailbox;
mod found;
mod account;
mod code;
mod capabilities;
mod fetch;
mod response;
pub mod command;
mod arguments;
mod dialect;

pub use account::{Acl, Annotation, Metadata, MyRights, Quota, QuotaRoot, Resource};
pub use arguments::{
    Appending, FlagChange, Known, Only, Results, Select, Since, StatusItem, Tell, Which, Window,
};
pub use capabilities::Capabilities;
pub use code::{Code, MetadataCode};
pub use command::{Command, Literals};
pub use dialect::Dialect;
pub use fetch::{Content, Fetch};
pub use found::{Esearch, Found, Partial, Vanished};
pub use framer::{Event, FrameError, Framer};
pub use mailbox::{AppendLimit, List, MailboxStatus, Namespace, Namespaces};
pub use response::{Condition, Response, Status};
pub use sets::Uids;
