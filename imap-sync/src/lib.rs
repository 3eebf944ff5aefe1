//! Mail over IMAP: wire, session, plan, copy.
