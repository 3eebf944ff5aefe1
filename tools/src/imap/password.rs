//! Where passwords come from. They are never arguments of a program, and never printed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imap_sync::Secret;

use crate::error::{Error, Result};

/// Where a password is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Password {
    /// What this command of the shell prints.
    Command(String),
    /// The value of this environment variable.
    Environment(String),
    /// What this file holds.
    File(PathBuf),
}

impl Password {
    /// A place as `file:PATH`, `env:NAME` or `command:CMD`; a path is relative to `base`.
    pub fn parse(text: &str, base: &Path) -> Option<Self> {
        match text.split_once(':')? {
            (_, "") => None,
            ("command", command) => Some(Self::Command(command.to_owned())),
            ("env", name) => Some(Self::Environment(name.to_owned())),
            ("file", path) => Some(Self::File(base.join(path))),
            _ => None,
        }
    }

    /// Reads it. One line end at its end is cut.
    pub fn read(&self) -> Result<Secret> {
        let (place, mut bytes) = match self {
            Self::Command(command) => ("the password's command".to_owned(), output(command)?),
            Self::Environment(name) => (format!("the environment variable {name}"), variable(name)?),
            Self::File(path) => {
                (path.display().to_string(), std::fs::read(path).map_err(|e| Error::io(path, e))?)
            }
        };
        if bytes.ends_with(b"\n") {
            bytes.truncate(bytes.len() - if bytes.ends_with(b"\r\n") { 2 } else { 1 });
        }
        match bytes.as_slice() {
            [] => Err(Error::Usage(format!("{place} holds no password"))),
            held if held.contains(&0) => Err(Error::Usage(format!("{place}: a password holds no NUL byte"))),
            _ => Ok(Secret::new(bytes)),
        }
    }

    /// What is unwise about its place: a file that others may read.
    pub fn warning(&self) -> Option<String> {
        let Self::File(path) = self else { return None };
        let mode = std::fs::metadata(path).ok().filter(|file| file.is_file())?.mode();
        let open = mode & 0o044 != 0;
        open.then(|| format!("{}: others may read this password; chmod 600 it", path.display()))
    }
}

fn variable(name: &str) -> Result<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    let value = std::env::var_os(name);
    let none = || Error::Usage(format!("the environment variable {name} is not set"));
    Ok(value.ok_or_else(none)?.into_vec())
}

fn output(command: &str) -> Result<Vec<u8>> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = shell.output().map_err(|e| Error::Usage(format!("the password's command: {e}")))?;
    if !output.status.success() {
        return Err(Error::Usage(format!("the password's command failed: {}", output.status)));
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Only a server is told what a secret holds, so this says whether there is one.
    fn is_read(held: &[u8]) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(file.path(), held).unwrap();
        Password::File(file.path().to_owned()).read().is_ok()
    }

    #[test]
    fn passwords_that_are_none() {
        for (held, good) in [
            (&b"secret\n"[..], true),
            (b"secret\r\n", true),
            (b"\n\n", true),
            (b"", false),
            (b"\n", false),
            (b"a\0b", false),
        ] {
            assert_eq!(is_read(held), good, "{held:?}");
        }
        assert!(Password::File("/nowhere/at/all".into()).read().is_err());
        assert!(Password::Environment("MAILFERRY_NO_SUCH_VARIABLE".into()).read().is_err());
        assert!(Password::Command("printf secret".into()).read().is_ok());
        assert!(Password::Command("exit 3".into()).read().is_err());
    }

    #[test]
    fn places_as_a_table_names_them() {
        for (text, expected) in [
            ("file:a.pw", Some(Password::File("base/a.pw".into()))),
            ("file:/etc/a:b", Some(Password::File("/etc/a:b".into()))),
            ("env:ANNA", Some(Password::Environment("ANNA".into()))),
            ("command:pass show anna", Some(Password::Command("pass show anna".into()))),
            ("file:", None),
            ("secret", None),
            ("pw:secret", None),
        ] {
            assert_eq!(Password::parse(text, Path::new("base")), expected, "{text}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_warned_of() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let password = Password::File(file.path().to_owned());
        for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            set_permissions(file.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(password.warning().is_some(), warned, "{mode:o}");
        }
        assert_eq!(Password::Environment("HOME".into()).warning(), None);
    }
}
