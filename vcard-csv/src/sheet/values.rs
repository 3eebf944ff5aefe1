//! Words in cells and what cards have for them.

use crate::canon::{ONCE, RENAMED};
use crate::text::escape;

/// A header without case, punctuation and accents.
pub(crate) fn plain(header: &str) -> String {
    let mut plain = String::with_capacity(header.len());
    for character in
        header.chars().flat_map(char::to_lowercase).filter(|character| character.is_alphanumeric())
    {
        match bare(character) {
            Some(bare) => plain.push_str(bare),
            None => plain.push(character),
        }
    }
    plain
}

/// A lower-case letter without its accent.
fn bare(character: char) -> Option<&'static str> {
    Some(match character {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => "a",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' => "o",
        'ù' | 'ú' | 'û' | 'ü' => "u",
        'ß' => "ss",
        'ç' => "c",
        'ñ' => "n",
        _ => return None,
    })
}

/// The name of the property that keeps a column nothing is known of.
pub(crate) fn extension_name(at: usize, header: &str) -> String {
    let mut name = String::from("X-");
    for character in header.chars().take(40).flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_uppercase());
        } else if let Some(bare) = bare(character) {
            name.push_str(&bare.to_ascii_uppercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    if name == "X" {
        format!("X-COLUMN-{}", at + 1)
    } else if RENAMED.iter().chain([&ONCE]).any(|(_, taken)| *taken == name) {
        name.replacen("X-", "X-COLUMN-", 1)
    } else {
        name.to_owned()
    }
}

/// The value of `GENDER`; nothing where the cell says that it is not said.
pub(crate) fn gender(cell: &str) -> Option<String> {
    match cell.to_lowercase().as_str() {
        "m" | "male" | "männlich" | "maschio" | "maschile" => Some("M".to_owned()),
        "f" | "female" | "weiblich" | "femmina" | "femminile" => Some("F".to_owned()),
        "unspecified" | "keine angabe" | "non specificato" => None,
        // The sex is not known, the identity is this text (RFC 6350 section 6.2.7).
        _ => Some(format!(";{}", escape(cell))),
    }
}

/// Google puts ` ::: ` between categories, Outlook `;`, others a comma; Google marks its own with a star.
pub(crate) fn categories(cell: &str) -> Vec<String> {
    let separator = [MANY, ";"].into_iter().find(|separator| cell.contains(separator)).unwrap_or(",");
    let trimmed = cell.split(separator).map(|part| part.trim().trim_start_matches("* ").trim());
    trimmed.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Google's label as types, or as a label of the user's own.
pub(crate) fn types_of(label: &str) -> (&'static [&'static str], &str) {
    let types: &[&str] = match label.to_ascii_lowercase().as_str() {
        "" | "other" => &[],
        "home" | "home page" => &["home"],
        "home fax" => &["home", "fax"],
        "main" => &["main"],
        "mobile" => &["cell"],
        "pager" => &["pager"],
        "work" => &["work"],
        "work fax" => &["work", "fax"],
        _ => return (&[], label),
    };
    (types, "")
}

/// The URI scheme of a messenger service.
pub(crate) fn scheme_of(service: &str) -> String {
    let plain: String =
        service.chars().filter(char::is_ascii_alphanumeric).map(|found| found.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "" => "im".to_owned(),
        "googletalk" | "hangouts" | "jabber" => "xmpp".to_owned(),
        "msn" => "msnim".to_owned(),
        "yahoo" => "ymsgr".to_owned(),
        _ => plain,
    }
}

/// What Google puts between several values of one cell.
pub(crate) const MANY: &str = " ::: ";
