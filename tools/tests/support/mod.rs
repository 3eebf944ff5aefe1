//! What tests against real servers need: the servers themselves, over a copy of a tree, and an independent look
//! at what they serve, by Python's own libraries in another process.
//!
//! Each server lives in a directory of its own below `/tmp`, listens on loopback only, and ends with the value
//! that stands for it. The programs come from `tools/test --install-only`; one that is missing fails the test
//! with the name of its package.
#![allow(dead_code, unused_imports, reason = "each test uses its part of this")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

pub mod command;
pub mod programs;
pub mod random;
pub mod tree;

pub mod ferry;

pub mod example;
pub mod look;
pub mod same;

pub mod certificate;
pub mod courier;
pub mod cyrus;
pub mod dovecot;
pub mod hostile;
pub mod postfix;
pub mod proxy;
pub mod radicale;

pub use command::{Finished, free_port, run};
pub use courier::Courier;
pub use cyrus::Cyrus;
pub use dovecot::Dovecot;
pub use example::Example;
pub use look::{Collection, Folder, Look, Message};
pub use postfix::Postfix;
pub use proxy::{Fault, Proxy};
pub use radicale::Radicale;
pub use tree::{Comparison, apply_dates, copy_tree, differences, snapshot};
