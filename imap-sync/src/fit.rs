//! Makes a name that the target can hold out of one that it may not.

use std::collections::BTreeSet;

use crate::escape::{BORDER, CUT, DIGITS, Forbidden, MARK, escape};
use crate::model::FolderName;
use crate::path::level_text;
use crate::place::Remark;
use crate::rules::{Rules, TargetSide};
use crate::utf7;

/// What room there is for a name on the target.
pub(crate) struct Room<'a> {
    target: &'a TargetSide,
    prefix: Vec<&'a [u8]>,
    anywhere: String,
    depth: usize,
}

/// A name that fits.
#[derive(Clone, Debug)]
pub(crate) struct Fitted {
    pub(crate) name: FolderName,
    pub(crate) remarks: BTreeSet<Remark>,
}

impl<'a> Room<'a> {
    pub(crate) fn of(target: &'a TargetSide, rules: &'a Rules) -> Self {
        let prefix = rules.target_prefix.as_ref().or(target.prefix.as_ref());
        let prefix: Vec<&[u8]> = prefix.into_iter().flat_map(FolderName::parts).collect();
        let flat = target.separator.is_none();
        let depth = rules.depth.unwrap_or(usize::MAX).min(if flat { 1 } else { target.profile.depth });
        let separator = target.separator.map(char::from);
        let anywhere = target.profile.forbidden.chars().chain(separator).collect();
        Self { target, depth: depth.saturating_sub(prefix.len()).max(1), prefix, anywhere }
    }

    /// A name below the namespace of the target, from levels as they are on the wire. `parent` are levels that fit
    /// already; the last level gets so many marks.
    pub(crate) fn fit(&self, parent: &[Vec<u8>], levels: &[&[u8]], marks: usize) -> Fitted {
        let mut remarks = BTreeSet::new();
        let mut fitted: Vec<String> =
            parent.iter().map(|level| level_text(level).unwrap_or_default().into_owned()).collect();
        for level in levels {
            let level = self.level(level, fitted.is_empty(), &mut remarks);
            fitted.push(level);
        }
        if let Some(last) = fitted.last_mut() {
            last.push_str(&MARK.repeat(marks));
        }
        if fitted.len() > self.depth {
            let tail = fitted.split_off(self.depth - 1);
            fitted.push(tail.join(BORDER));
            remarks.insert(Remark::Flattened);
        }
        self.shorten(&mut fitted, &mut remarks);
        let levels = fitted.iter().map(|level| utf7::encode(level));
        let name = FolderName::from_wire(self.prefix.iter().map(|level| level.to_vec()).chain(levels));
        Fitted { name, remarks }
    }

    /// The levels of a name of the target, without its namespace's prefix.
    pub(crate) fn below_prefix<'n>(&self, name: &'n FolderName) -> Vec<&'n [u8]> {
        let levels: Vec<&[u8]> = name.parts().collect();
        let inside = levels.len() > self.prefix.len()
            && levels.iter().zip(&self.prefix).all(|(one, other)| one == other);
        if inside { levels[self.prefix.len()..].to_vec() } else { levels }
    }

    fn level(&self, level: &[u8], root: bool, remarks: &mut BTreeSet<Remark>) -> String {
        let profile = &self.target.profile;
        let first = [profile.forbidden_first, if root { profile.forbidden_root } else { "" }].concat();
        let forbidden = Forbidden {
            anywhere: &self.anywhere,
            first: &first,
            last: profile.forbidden_last,
            beyond_ascii: false,
        };
        let mut escaped = escape(level, &forbidden);
        if matches!(escaped.as_str(), "." | "..") {
            escaped = escaped.replacen('.', "=2E", 1);
        }
        // Modified UTF-7 is written with letters, digits, `&`, `+`, `,` and `-`: one of these may be the separator.
        if self.target.separator.is_some_and(|separator| utf7::encode(&escaped).contains(&separator)) {
            escaped = escape(level, &Forbidden { beyond_ascii: true, ..forbidden });
        }
        if utf7::decode(level).is_none() {
            remarks.insert(Remark::Restated);
        }
        if level_text(level).is_none_or(|text| text != escaped) {
            remarks.insert(Remark::Escaped);
        }
        let reserved =
            root && profile.reserves(&escaped) || profile.reserved_levels.contains(&escaped.as_str());
        if reserved || escaped.is_empty() {
            remarks.insert(Remark::Reserved);
            escaped.push_str(MARK);
        }
        escaped
    }

    /// Cuts levels that are too long; when the whole is still too long, those that have no room become one.
    fn shorten(&self, levels: &mut Vec<String>, remarks: &mut BTreeSet<Remark>) {
        let profile = &self.target.profile;
        for level in levels.iter_mut().filter(|level| utf7::encode(level).len() > profile.level_bytes) {
            *level = cut(level, profile.level_bytes);
            remarks.insert(Remark::Shortened);
        }
        let prefix: usize = self.prefix.iter().map(|level| level.len() + 1).sum();
        let ends = levels.iter().scan(prefix, |end, level| {
            *end += utf7::encode(level).len() + 1;
            Some(*end)
        });
        let ends: Vec<usize> = ends.collect();
        if ends.last().is_none_or(|end| end - 1 <= profile.path_bytes) {
            return;
        }
        let kept = ends.iter().take_while(|&&end| end + ROOM_FOR_REST <= profile.path_bytes).count();
        let end = if kept == 0 { prefix } else { ends[kept - 1] };
        let rest = levels.split_off(kept.min(levels.len() - 1)).join(BORDER);
        levels.push(cut(&rest, profile.path_bytes.saturating_sub(end).min(profile.level_bytes)));
        remarks.insert(Remark::Shortened);
    }
}

/// As much of a level as has room, and the digest of all of it.
fn cut(level: &str, bytes: usize) -> String {
    let digest = blake3::hash(level.as_bytes()).to_hex();
    let tail = format!("{CUT}{}", &digest[..DIGITS]);
    let room = bytes.saturating_sub(tail.len());
    let mut kept: String = level.chars().take(room).collect();
    while utf7::encode(&kept).len() > room {
        kept.pop();
    }
    kept + &tail
}

/// What is kept free for the levels that become one, in bytes.
const ROOM_FOR_REST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::unescape;
    use crate::profile::Profile;

    fn fit(profile: Profile, separator: Option<u8>, path: &[&str]) -> (String, Vec<Remark>) {
        let target = TargetSide { separator, profile, ..TargetSide::default() };
        let name = FolderName::from_text(path.iter().copied());
        let levels: Vec<&[u8]> = name.parts().collect();
        let fitted = Room::of(&target, &Rules::default()).fit(&[], &levels, 0);
        assert!(fitted.name.join(separator).is_some(), "{path:?}");
        if !fitted.remarks.contains(&Remark::Shortened) {
            assert_eq!(unescape(&fitted.name), Some(name), "{path:?}");
        }
        (fitted.name.to_string(), fitted.remarks.into_iter().collect())
    }

    #[test]
    fn names_in_each_family() {
        use Remark::{Escaped, Flattened, Reserved};
        for (profile, separator, path, name, remarks) in [
            (Profile::ANY, b'/', &["Größe", "v1.2"][..], "Größe/v1.2", &[][..]),
            (Profile::ANY, b'.', &["v1.2", "a"], "v1=2E2/a", &[Escaped]),
            (Profile::ANY, b'-', &["Größe"], "Gr=C3=B6=C3=9Fe", &[Escaped]),
            (Profile::ANY, b'/', &["a", "", "b"], "a/=/b", &[Reserved]),
            (Profile::ANY, b'/', &["a", ".."], "a/=2E.", &[Escaped]),
            (Profile::MAILDIR, b'/', &["v1.2", "a/b"], "v1=2E2/a=2Fb", &[Escaped]),
            (Profile::DOVECOT, b'/', &["~home", "~x"], "=7Ehome/~x", &[Escaped]),
            (Profile::DOVECOT, b'/', &["a", "cur"], "a/cur=", &[Reserved]),
            (Profile::EXCHANGE, b'/', &["files", "Files"], "files=/Files", &[Reserved]),
            (Profile::EXCHANGE, b'/', &[" a ", "b"], "=20a=20/b", &[Escaped]),
            (Profile::GMAIL, b'/', &["[Gmail]", "a / b"], "[Gmail]=/a =2F b", &[Escaped, Reserved]),
            (
                Profile::ZIMBRA,
                b'/',
                &["Emailed Contacts", "12:30"],
                "Emailed Contacts=/12=3A30",
                &[Escaped, Reserved],
            ),
            (Profile::CYRUS, b'.', &["50% (new)"], "50=25 (new)", &[Escaped]),
            (Profile { depth: 2, ..Profile::ANY }, b'/', &["a", "b", "c", "d"], "a/b=-c=-d", &[Flattened]),
        ] {
            assert_eq!(fit(profile, Some(separator), path), (name.to_owned(), remarks.to_vec()), "{path:?}");
        }
        assert_eq!(fit(Profile::ANY, None, &["a", "b"]).0, "a=-b");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = "ü".repeat(300);
        let (one, remarks) = fit(Profile::ANY, Some(b'/'), &["x", &format!("{long}1")]);
        assert_eq!(remarks, [Remark::Shortened]);
        let (other, _) = fit(Profile::ANY, Some(b'/'), &["x", &format!("{long}2")]);
        assert_ne!(one, other);
        let deep = ["0123456789"; 19];
        let (name, remarks) = fit(Profile { path_bytes: 100, ..Profile::ANY }, Some(b'/'), &deep);
        assert_eq!(remarks, [Remark::Shortened]);
        assert!(name.len() <= 100 && name.starts_with("0123456789/0123456789/"), "{name}");
    }
}
