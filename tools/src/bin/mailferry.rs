//! `mailferry`: see its --help.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailferry_tools::commands::mailferry::main()
}
