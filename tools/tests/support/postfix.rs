//! Postfix's own reader of the maps of a `files:` destination. No daemon, no port.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::command::run;
use super::programs::{Program, setting};

/// The maps in a tree's `postfix`.
#[derive(Debug)]
pub struct Postfix(PathBuf);

impl Postfix {
    pub fn over(tree: &Path) -> Self {
        Self(tree.join("postfix"))
    }

    /// The right side for a key, as `postmap -q` gives it.
    #[track_caller]
    pub fn lookup(&self, map: &str, key: &str) -> Option<String> {
        let file = self.0.join(map);
        assert!(file.exists(), "{} is missing", file.display());
        let mut postmap = Command::new(Program::Postmap.path());
        postmap.arg("-c").arg(setting("POSTFIX_CONF", "postfix")).arg("-q").arg(key);
        postmap
            .arg(format!("texthash:{}", file.display()))
            .env("LD_LIBRARY_PATH", setting("POSTFIX_LIB", "postfix"));
        let finished = run(&mut postmap, Duration::from_secs(30));
        // Postfix only warns of a line it cannot use; here that is a fault of the map.
        assert!(!finished.stderr.contains("warning"), "{key} in {map}: {}", finished.stderr);
        match finished.code() {
            Some(0) => Some(finished.stdout.trim_end().to_owned()),
            Some(1) if finished.stderr.is_empty() => None,
            _ => panic!("postmap -q {key} in {map}: {}{}", finished.status, finished.stderr),
        }
    }

    /// What an address is turned into, each by itself; none when it stays what it is.
    #[track_caller]
    pub fn alias(&self, address: &str) -> Vec<String> {
        let found = self.lookup("virtual_aliases", address).unwrap_or_default();
        found.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}
