//! A Radicale over a `files:` destination.

use std::fs::{self, read_to_string};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use super::command::{Daemon, free_port};
use super::look::{self, Collection};
use super::programs::Program;
use super::tree::{copy_tree, short_directory};

/// Serves a copy of a tree's `dav`: `collection-root/ADDRESS/NAME/` is a collection. Who asks with an address as
/// the user's name is that user, whatever the password. Stopped when dropped.
#[derive(Debug)]
pub struct Radicale {
    _daemon: Daemon,
    directory: TempDir,
    port: u16,
}

impl Radicale {
    /// The tree itself is left alone: Radicale writes its cache beside the items.
    #[track_caller]
    pub fn over(tree: &Path) -> Self {
        let directory = short_directory();
        copy_tree(&tree.join("dav"), &directory.path().join("dav"));
        Self::start(directory)
    }

    /// A server without any collection.
    #[track_caller]
    pub fn empty() -> Self {
        let directory = short_directory();
        fs::create_dir(directory.path().join("dav")).unwrap();
        Self::start(directory)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The copy that is served, where the tree has `dav`.
    pub fn folder(&self) -> PathBuf {
        self.directory.path().join("dav")
    }

    /// The calendars and address books of an address as an ordinary client sees them.
    #[track_caller]
    pub fn look(&self, address: &str) -> Vec<Collection> {
        look::dav(&self.url(), address, "any")
            .unwrap_or_else(|error| panic!("{address}: {error}{}", self.log()))
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        read_to_string(self.directory.path().join("radicale.log")).unwrap_or_default()
    }

    #[track_caller]
    fn start(directory: TempDir) -> Self {
        let log = directory.path().join("radicale.log");
        for _ in 0..3 {
            let port = free_port();
            let conf = directory.path().join("radicale.conf");
            fs::write(&conf, configuration(directory.path(), port)).unwrap();
            let mut command = Command::new(Program::Python.path());
            command.args(["-m", "radicale", "--config"]).arg(&conf).env("PYTHONDONTWRITEBYTECODE", "1");
            let mut daemon = Daemon::start(&command, &log).unwrap();
            if answers(&mut daemon, port) {
                return Self { _daemon: daemon, directory, port };
            }
        }
        panic!("radicale does not start: {}", read_to_string(log).unwrap_or_default());
    }
}

fn answers(daemon: &mut Daemon, port: u16) -> bool {
    for _ in 0..800 {
        if daemon.has_ended() {
            return false;
        }
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        sleep(Duration::from_millis(25));
    }
    false
}

fn configuration(directory: &Path, port: u16) -> String {
    format!(
        "[server]\nhosts = 127.0.0.1:{port}\n\n[auth]\ntype = none\n\n[rights]\ntype = owner_only\n\n\
         [storage]\nfilesystem_folder = {}/dav\n\n[web]\ntype = none\n\n[logging]\nlevel = warning\n",
        directory.display()
    )
}
