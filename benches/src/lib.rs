//! Generated input, bytes and items a second.
