//! `ical-import`: see its --help.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailferry_tools::commands::ical_import::main()
}
