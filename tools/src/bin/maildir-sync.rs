//! `maildir-sync`: see its --help.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailferry_tools::commands::maildir_sync::main()
}
