//! `imap-sync`: see its --help.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailferry_tools::commands::imap_sync::main()
}
