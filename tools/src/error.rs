//! Why a command attempted nothing.

use std::path::{Path, PathBuf};

/// A usage or configuration error: nothing was attempted, the exit code is 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The destination exists and was not made by us.
    #[error("{}: exists, is not empty and was not made by mailferry; nothing was written. Name another folder, or an empty one", .0.display())]
    ForeignDestination(PathBuf),
    /// A file or folder that must be read or written cannot be.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] mailferry_journal::Error),
    /// A table says what cannot be.
    #[error("{}", .0.join("\n"))]
    Lines(Vec<String>),
    /// The plan file says something that cannot be.
    #[error("{place}: {reason}")]
    PlanFile {
        /// File, and line where known.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The command line says something that cannot be.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// An input or output error at a path.
    pub fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Short for a result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
