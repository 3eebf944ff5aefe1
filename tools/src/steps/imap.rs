//! Mail from an IMAP server into Maildirs.

use std::path::Path;

use ldif::Address;

use crate::error::Result;
use crate::job::Job;
use crate::report::Report;

/// The old server, and who logs in there for every account.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// `imaps://HOST[:PORT]` or `imap://HOST[:PORT]`.
    pub url: &'a str,
    /// The administrator whose password is used for every account.
    pub admin: &'a str,
    /// Where that password is.
    pub password_file: &'a Path,
    /// A CA certificate to trust.
    pub cafile: Option<&'a Path>,
    /// Speak plain text.
    pub allow_plaintext: bool,
}

/// Checks, plans, applies or verifies one account's mail from an IMAP server into the Maildir at `target`.
pub fn bring(_job: &Job<'_>, _account: &Address, _server: &Server<'_>, _target: &Path, _report: &mut Report) -> Result<()> {
    Ok(())
}
