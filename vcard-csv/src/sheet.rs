//! CSV files of contacts, in the dialects of the programs that write them.

pub(crate) mod field;
pub(crate) mod english;
pub(crate) mod local;
pub(crate) mod values;
pub(crate) mod headers;
pub(crate) mod rows;
pub(crate) mod days;
pub(crate) mod draft;
pub(crate) mod read;
