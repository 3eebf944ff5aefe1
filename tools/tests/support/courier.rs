//! Courier's imapd over a Maildir: few extensions, no ESEARCH, folders below `INBOX.` alone.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::certificate::certificate;
use super::command::{Daemon, free_port};
use super::dovecot::greets;
use super::look::Look;
use super::programs::{Program, setting};
use super::tree::short_directory;

/// Serves empty accounts behind a login of our own (`courier.py` says why). Stopped when dropped.
#[derive(Debug)]
pub struct Courier {
    // Before the directory: it is dropped first.
    _daemon: Daemon,
    directory: TempDir,
    port: u16,
    tls_port: u16,
}

impl Courier {
    /// A server of empty accounts: names and their passwords.
    #[track_caller]
    pub fn with_accounts(accounts: &[(&str, &str)]) -> Self {
        let directory = short_directory();
        certificate(directory.path());
        let lines: String = accounts.iter().map(|(user, password)| format!("{user}:{password}\n")).collect();
        fs::write(directory.path().join("users"), lines).unwrap();
        for (user, _) in accounts {
            for part in ["cur", "new", "tmp"] {
                fs::create_dir_all(directory.path().join("mail").join(user).join("Maildir").join(part))
                    .unwrap();
            }
        }
        for _ in 0..3 {
            let (port, tls_port) = (free_port(), free_port());
            let mut python = Command::new(Program::Python.path());
            python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/courier.py"));
            python.args([port.to_string(), tls_port.to_string()]).arg(directory.path());
            python.env("COURIER_IMAPD", Program::CourierImapd.path());
            python.env("COURIER_LIB", setting("COURIER_LIB", "courier-imap"));
            python.env("PYTHONDONTWRITEBYTECODE", "1");
            let mut daemon = Daemon::start(&python, &directory.path().join("start.log")).unwrap();
            if greets(&mut daemon, port) {
                return Self { _daemon: daemon, directory, port, tls_port };
            }
        }
        let said = fs::read_to_string(directory.path().join("start.log")).unwrap_or_default();
        panic!("courier does not start: {said}");
    }

    /// The port for plain text.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port for TLS from the first byte.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The authority that signed the certificate, which is for `localhost` and 127.0.0.1.
    pub fn cafile(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// What an account shows to an ordinary client, or why it does not.
    pub fn look(&self, user: &str, password: &str) -> Result<Look, String> {
        Look::imap(self.port, user, password)
    }
}
