//! LDIF (RFC 2849), a typed view of mail directories, and the difference between two of them.
