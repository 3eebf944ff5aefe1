//! Where the servers' programs are, as `tools/test` found them.

use std::fs;
use std::path::PathBuf;

#[derive(Clone, Copy, Debug)]
pub enum Program {
    CourierImapd,
    CyrusMaster,
    Doveadm,
    Dovecot,
    Openssl,
    Postmap,
    Python,
    Saslpasswd,
}

impl Program {
    /// Its path. Without it the test fails with the name of the package.
    #[track_caller]
    pub fn path(self) -> PathBuf {
        let (name, package) = self.name_and_package();
        let path = PathBuf::from(setting(name, package));
        assert!(
            path.exists(),
            "{} is gone: package {package}, installed by tools/test --install-only",
            path.display()
        );
        path
    }

    fn name_and_package(self) -> (&'static str, &'static str) {
        match self {
            Self::CourierImapd => ("COURIER_IMAPD", "courier-imap"),
            Self::CyrusMaster => ("CYRUS_MASTER", "cyrus-imapd"),
            Self::Doveadm => ("DOVEADM", "dovecot-imapd"),
            Self::Dovecot => ("DOVECOT", "dovecot-imapd"),
            Self::Openssl => ("OPENSSL", "openssl"),
            Self::Postmap => ("POSTMAP", "postfix"),
            Self::Python => ("PYTHON", "python3-venv"),
            Self::Saslpasswd => ("SASLPASSWD", "sasl2-bin"),
        }
    }
}

/// One line of the file that `tools/test` writes; an environment variable of that name with `MAILFERRY_TEST_`
/// before it goes first.
#[track_caller]
pub fn setting(name: &str, package: &str) -> String {
    if let Ok(value) = std::env::var(format!("MAILFERRY_TEST_{name}")) {
        return value;
    }
    let file = servers().join("env");
    let lines = fs::read_to_string(&file).unwrap_or_default();
    let found = lines.lines().filter_map(|line| line.split_once('=')).find(|(key, _)| *key == name);
    match found {
        Some((_, value)) => value.to_owned(),
        None => panic!(
            "package {package} is needed: {name} is not in {}; run tools/test --install-only",
            file.display()
        ),
    }
}

fn servers() -> PathBuf {
    match std::env::var_os("MAILFERRY_SERVERS") {
        Some(directory) => directory.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/servers"),
    }
}
