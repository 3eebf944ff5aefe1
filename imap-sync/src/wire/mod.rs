//! IMAP on the wire, without any I/O: bytes to responses, commands to bytes (RFC 3501, RFC 9051).

pub mod framer;
mod token;
mod code;
mod fetch;
mod response;
pub mod command;

pub use code::Code;
pub use command::{Command, Literals};
pub use fetch::{Content, Fetch};
pub use framer::{Event, FrameError, Framer};
pub use response::{Capabilities, Condition, List, MailboxStatus, Response, Status};
