//! The arguments that the tools over FILE... share.

use std::path::PathBuf;

use clap::Args;

/// The source files.
#[derive(Args)]
pub struct Files {
    /// The source files; of calendars and address books each becomes a collection of its name
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// The source files and the target.
#[derive(Args)]
pub struct To {
    /// The source files.
    #[command(flatten)]
    pub files: Files,
    /// The target, as the tool's examples write it: files:DIR or vdir:DIR
    #[arg(long, value_name = "TARGET")]
    pub to: String,
}

/// Everything that apply takes.
#[derive(Args)]
pub struct Apply {
    /// From where to where.
    #[command(flatten)]
    pub to: To,
    /// Bring back what was removed or changed on the target since it was placed
    #[arg(long)]
    pub restore: bool,
}

/// Everything that verify takes.
#[derive(Args)]
pub struct Verify {
    /// From where to where.
    #[command(flatten)]
    pub to: To,
    /// Show what was removed or changed on the target since it was placed, and exclude it
    #[arg(long)]
    pub live: bool,
}
