//! The programs of mailferry and the library that composes them.
