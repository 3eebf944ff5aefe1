//! The embedded destination: a directory that Dovecot, Postfix and Radicale serve as it stands.

pub mod write;
pub mod home;
pub mod tables;
pub mod passwords;
pub mod render;
pub mod directory;
pub mod vdir;
