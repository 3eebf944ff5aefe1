//! What a migration has done, kept in SQLite.
