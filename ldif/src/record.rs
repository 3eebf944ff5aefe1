//! Records: what one paragraph of an LDIF file says (RFC 2849, `ldif-attrval-record` and `ldif-change-record`).

use std::fmt;

use crate::entry::{Attribute, Description, Entry, HIDDEN, shown};
use crate::error::{Finding, Place};

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A change to a directory.
    Change(ChangeRecord),
    /// An entry as it is.
    Content(Entry),
}

impl Record {
    /// The record's distinguished name.
    pub fn dn(&self) -> &str {
        match self {
            Self::Change(change) => &change.dn,
            Self::Content(entry) => &entry.dn,
        }
    }
}

/// A change to one entry (RFC 2849 `ldif-change-record`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    /// The entry to change.
    pub dn: String,
    /// LDAP controls to send with it.
    pub controls: Vec<Control>,
    /// What to do.
    pub change: Change,
}

/// What a [`ChangeRecord`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `changetype: add`
    Add(Vec<Attribute>),
    /// `changetype: delete`
    Delete,
    /// `changetype: modrdn` or `moddn`
    ModRdn(ModRdn),
    /// `changetype: modify`
    Modify(Vec<Modification>),
}

/// A new name for an entry (RFC 2849 `change-moddn`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModRdn {
    /// `newrdn:`
    pub new_rdn: String,
    /// `deleteoldrdn:`
    pub delete_old: bool,
    /// `newsuperior:`
    pub new_superior: Option<String>,
}

/// One step of a modify (RFC 2849 `mod-spec`). `Debug` does not show secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Modification {
    /// What is done with the values.
    pub operation: Operation,
    /// The attribute.
    pub description: Description,
    /// The values; none is meant so: delete the attribute, or replace it by nothing.
    pub values: Vec<Vec<u8>>,
}

impl fmt::Debug for Modification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.operation, self.description)?;
        self.values.iter().try_for_each(|value| write!(f, " {}", shown(&self.description, value)))
    }
}

/// What a [`Modification`] does with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `add:`
    Add,
    /// `delete:`
    Delete,
    /// `increment:` (RFC 4525)
    Increment,
    /// `replace:`
    Replace,
}

/// An LDAP control (RFC 2849 `control`). `Debug` does not show its value, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Control {
    /// The control's OID.
    pub oid: String,
    /// Whether the server must refuse the change when it does not know the control; false when not written.
    pub critical: bool,
    /// The control's value.
    pub value: Option<Vec<u8>>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("oid", &self.oid)
            .field("critical", &self.critical)
            .field("value", &self.value.as_ref().map(|_| HIDDEN))
            .finish()
    }
}

/// Something and where it was read, with what had to be repaired or could not be kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The first line.
    pub place: Place,
    /// What was read.
    pub value: T,
    /// Repairs (notes) and lost values (failures).
    pub findings: Vec<Finding>,
}
