//! Bytes to components.

use crate::component::Component;
use crate::place::Finding;

/// Reads all calendars of a file. `file` is what findings call it.
pub fn parse(file: &str, bytes: &[u8]) -> (Vec<Component>, Vec<Finding>) {
    let _ = (file, bytes);
    (vec![], vec![])
}
