//! Contacts between CSV dialects and vCard, with a note for every cell that has no place.
