//! Mail on disk: Maildir names, flags and folders, and an engine that knows that a renamed file is the same message.
