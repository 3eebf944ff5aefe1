//! An account on the old server: filled, changed and looked at by another IMAP client, and the tool that moves it.

#![allow(dead_code, reason = "each test uses its part of this")]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::support::command::{Finished, run};
use super::support::programs::Program;
use super::support::tree::short_directory;

/// Has `imap_source.py` do something with an account and gives what it prints.
#[track_caller]
pub fn account(what: &str, port: u16, user: &str, password: &str, more: &[&str]) -> String {
    run(&mut client(what, port, user, password, more), Duration::from_secs(120)).expect_success(what)
}

/// The command that does so.
pub fn client(what: &str, port: u16, user: &str, password: &str, more: &[&str]) -> Command {
    let mut python = Command::new(Program::Python.path());
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/imap_source.py"));
    python.args([what, &port.to_string(), user]).args(more);
    python.env("LOOK_PASSWORD", password).env("PYTHONDONTWRITEBYTECODE", "1").env("TZ", "UTC");
    python
}

/// Runs of `imap-sync` with one state, and passwords in files.
pub struct Tool {
    directory: tempfile::TempDir,
}

impl Tool {
    pub fn new() -> Self {
        Self { directory: short_directory() }
    }

    /// A place for a destination.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file with a password in it.
    pub fn password(&self, name: &str, password: &str) -> String {
        use std::os::unix::fs::PermissionsExt;
        let file = self.directory.path().join(name);
        std::fs::write(&file, format!("{password}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        file.to_str().unwrap().to_owned()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imap-sync"));
        command.args(arguments).env("XDG_STATE_HOME", self.directory.path().join("state"));
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        run(&mut self.command(arguments), Duration::from_secs(120))
    }

    /// Runs it with `--json` and gives the exit code, the document and the log.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> (i32, Value, String) {
        let finished = self.run(&[arguments, &["--json"]].concat());
        let document = serde_json::from_str(&finished.stdout);
        let document =
            document.unwrap_or_else(|error| panic!("{error}: {}{}", finished.stdout, finished.stderr));
        (finished.code().unwrap_or(-1), document, finished.stderr)
    }

    /// The same of a run that ends well.
    #[track_caller]
    pub fn succeed(&self, arguments: &[&str]) -> Value {
        let (exit, document, log) = self.json(arguments);
        assert_eq!(exit, 0, "{log}{document:#}");
        document
    }
}

/// A count of a JSON document.
pub fn count(document: &Value, name: &str) -> u64 {
    document["counts"][name].as_u64().unwrap()
}
