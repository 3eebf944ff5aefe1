//! The options about folders and about what is taken from them, as typed, and what they mean to the engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::NaiveDate;
use clap::Args;
use imap_sync::{
    Automap, Flag, Flags, FolderName, Pattern, Profile, Rename, Rules, SearchKeys, Selection, SpecialUse,
    path,
};

use crate::error::{Error, Result};

/// Which folders and messages are taken, and where they go.
///
/// A PATH is a folder's whole name with `/` between its levels, whatever the servers write.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Folders and messages")]
pub struct FolderOptions {
    /// Only folders that match PATTERN: a glob (`Lists/**` is Lists and all below it), or re:REGEX; can be repeated
    #[arg(long = "folder", value_name = "PATTERN")]
    include: Vec<String>,
    /// Not the folders that match PATTERN; can be repeated
    #[arg(long = "exclude-folder", value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Not the folders for these uses: archive, drafts, junk, sent, trash, ...
    #[arg(long, value_name = "USE,...", value_delimiter = ',')]
    exclude_special: Vec<String>,
    /// Only folders that the user has subscribed to
    #[arg(long)]
    subscribed: bool,
    /// Also the folders that show what is kept elsewhere, as Gmail's All Mail: most messages then come twice
    #[arg(long)]
    all_mail: bool,
    /// Only messages that arrived on DATE (YYYY-MM-DD) or later
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Only messages that arrived before DATE
    #[arg(long, value_name = "DATE")]
    before: Option<String>,
    /// Only messages of at least SIZE bytes (k, M and G stand for 1024 and its powers)
    #[arg(long, value_name = "SIZE")]
    min_size: Option<String>,
    /// Only messages of at most SIZE bytes
    #[arg(long, value_name = "SIZE")]
    max_size: Option<String>,
    /// Only messages with all of these flags, as \Flagged or a keyword
    #[arg(long, value_name = "FLAG,...", value_delimiter = ',')]
    with_flags: Vec<String>,
    /// Only messages with none of these flags
    #[arg(long, value_name = "FLAG,...", value_delimiter = ',')]
    without_flags: Vec<String>,
    /// Only messages that the source finds by KEYS, as in IMAP's SEARCH: 'FROM "ada" UNSEEN'
    #[arg(long, value_name = "KEYS")]
    search: Option<String>,
    /// Tell from their names, in many languages, what folders are for where a server does not say it
    #[arg(long, conflicts_with = "no_automap")]
    automap: bool,
    /// Keep the names of special folders, even if both servers say what they are for
    #[arg(long)]
    no_automap: bool,
    /// Take PATH off the front of the source's names, instead of what its namespace says
    #[arg(long, value_name = "PATH")]
    source_prefix: Option<String>,
    /// Put PATH before the target's names, instead of what its namespace says
    #[arg(long, value_name = "PATH")]
    target_prefix: Option<String>,
    /// Put everything below the folder PATH, INBOX too
    #[arg(long, value_name = "PATH")]
    below: Option<String>,
    /// Rename folders by FILE: on each line a folder's PATH, a tab, and the target's PATH; with .csv a comma
    #[arg(long, value_name = "FILE")]
    folder_map: Option<PathBuf>,
    /// Rename the folders that FILE does not name: s/REGEX/REPLACEMENT/ with $1 for groups; can be repeated
    #[arg(long = "rename-folder", value_name = "s/A/B/")]
    renames: Vec<String>,
    /// Join the levels beyond N into one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    max_depth: Option<u16>,
    /// What the target takes as a name, if its own words do not tell: any, cyrus, dovecot, exchange, gmail, maildir, zimbra
    #[arg(long, value_name = "SERVER")]
    target_names: Option<String>,
}

impl FolderOptions {
    /// What can never be: a path without a name, bounds that leave nothing.
    fn check(&self) -> Result<()> {
        for (flag, path) in [
            ("--below", &self.below),
            ("--source-prefix", &self.source_prefix),
            ("--target-prefix", &self.target_prefix),
        ] {
            if path.as_deref() == Some("") {
                return Err(Error::Usage(format!("{flag} names no folder")));
            }
        }
        let (since, before) = (
            parse("--since", self.since.as_deref(), date)?,
            parse("--before", self.before.as_deref(), date)?,
        );
        if since.zip(before).is_some_and(|(since, before)| since >= before) {
            return Err(Error::Usage("no day is both --since and --before these".to_owned()));
        }
        let (least, most) = (
            parse("--min-size", self.min_size.as_deref(), size)?,
            parse("--max-size", self.max_size.as_deref(), size)?,
        );
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            return Err(Error::Usage(
                "no size is both at least --min-size and at most --max-size".to_owned(),
            ));
        }
        Ok(())
    }

    /// Where folders go. Reads the table.
    pub fn rules(&self) -> Result<Rules> {
        self.check()?;
        let prefix = |path: &Option<String>| path.as_deref().map(path::read);
        Ok(Rules {
            automap: match (self.automap, self.no_automap) {
                (true, _) => Automap::Guessed,
                (_, true) => Automap::Off,
                _ => Automap::Announced,
            },
            source_prefix: prefix(&self.source_prefix),
            target_prefix: prefix(&self.target_prefix),
            below: prefix(&self.below),
            table: self.folder_map.as_deref().map_or_else(|| Ok(BTreeMap::new()), read_table)?,
            renames: parse_all::<Rename>("--rename-folder", &self.renames)?,
            depth: self.max_depth.map(usize::from),
        })
    }

    /// What is taken.
    pub fn selection(&self) -> Result<Selection> {
        Ok(Selection {
            include: parse_all::<Pattern>("--folder", &self.include)?,
            exclude: parse_all::<Pattern>("--exclude-folder", &self.exclude)?,
            exclude_special: parse_all::<SpecialUse>("--exclude-special", &self.exclude_special)?
                .into_iter()
                .collect(),
            guess: self.automap,
            subscribed: self.subscribed,
            views: self.all_mail,
            since: parse("--since", self.since.as_deref(), date)?,
            before: parse("--before", self.before.as_deref(), date)?,
            min_size: parse("--min-size", self.min_size.as_deref(), size)?,
            max_size: parse("--max-size", self.max_size.as_deref(), size)?,
            with_flags: flags("--with-flags", &self.with_flags)?,
            without_flags: flags("--without-flags", &self.without_flags)?,
            search: parse("--search", self.search.as_deref(), SearchKeys::from_str)?,
        })
    }

    /// What the target takes as a name, if the user says so.
    pub fn profile(&self) -> Result<Option<&'static Profile>> {
        parse("--target-names", self.target_names.as_deref(), |name| {
            let names = || Profile::EVERY.map(|profile| profile.name).join(", ");
            Profile::find(name).ok_or_else(|| format!("`{name}` is none of {}", names()))
        })
    }
}

/// Parses the value of a flag, which an error names.
fn parse<T>(
    flag: &str,
    value: Option<&str>,
    read: impl FnOnce(&str) -> std::result::Result<T, String>,
) -> Result<Option<T>> {
    value.map(read).transpose().map_err(|reason| Error::Usage(format!("{flag}: {reason}")))
}

fn parse_all<T: FromStr<Err = String>>(flag: &str, values: &[String]) -> Result<Vec<T>> {
    let wrong = |reason: String| Error::Usage(format!("{flag}: {reason}"));
    values.iter().map(|value| value.parse().map_err(wrong)).collect()
}

fn flags(flag: &str, names: &[String]) -> Result<Flags> {
    let parsed = names.iter().map(|name| {
        let flag = Flag::new(name);
        flag.is_sendable().then_some(flag).ok_or_else(|| format!("`{name}` is no flag"))
    });
    let parsed: std::result::Result<Flags, String> = parsed.collect();
    parsed.map_err(|reason| Error::Usage(format!("{flag}: {reason}")))
}

fn date(text: &str) -> std::result::Result<NaiveDate, String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    date.map_err(|_| format!("`{text}` is no date as 2024-12-31"))
}

fn size(text: &str) -> std::result::Result<u64, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" => Some(1),
        "k" => Some(1 << 10),
        "m" => Some(1 << 20),
        "g" => Some(1 << 30),
        _ => None,
    };
    let number =
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten();
    let bytes = number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    bytes.ok_or_else(|| format!("`{text}` is no size as 500000, 500k or 25M"))
}

/// The table of `--folder-map`.
fn read_table(file: &Path) -> Result<BTreeMap<FolderName, FolderName>> {
    let place = format!("--folder-map: {}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| Error::Usage(format!("{place}: {error}")))?;
    let csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let table = table(&text, if csv { b',' } else { b'\t' });
    table.map_err(|(line, reason)| Error::Usage(format!("{place}:{line}: {reason}")))
}

/// Two fields a line; lines that are empty or begin with `#` are left out. An error is of a line.
fn table(
    text: &str,
    delimiter: u8,
) -> std::result::Result<BTreeMap<FolderName, FolderName>, (usize, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.delimiter(delimiter).has_headers(false).flexible(true).comment(Some(b'#'));
    // A tab separates whatever stands between; quotes belong to a CSV file alone.
    let mut reader = reader.quoting(delimiter == b',').from_reader(text.as_bytes());
    let mut table = BTreeMap::new();
    let mut record = csv::StringRecord::new();
    loop {
        let start = reader.position().byte();
        let wrong = |reason: String| (line_of(text, start), reason);
        if !reader.read_record(&mut record).map_err(|error| wrong(error.to_string()))? {
            return Ok(table);
        }
        let (from, to) = match record.iter().collect::<Vec<_>>()[..] {
            [from, to] if !from.is_empty() && !to.is_empty() => (path::read(from), path::read(to)),
            _ => return Err(wrong("a folder of the source and one of the target are expected".to_owned())),
        };
        if let Some(other) = table.insert(from.clone(), to.clone()).filter(|other| *other != to) {
            return Err(wrong(format!("{from} goes to {other} already")));
        }
    }
}

/// The line of the record that is read from a byte on: what is left out may come before it.
pub(super) fn line_of(text: &str, start: u64) -> usize {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let (before, after) = text.split_at_checked(start).unwrap_or((text, ""));
    let left_out = after.lines().take_while(|line| line.is_empty() || line.starts_with('#'));
    before.matches('\n').count() + left_out.count() + 1
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        folders: FolderOptions,
    }

    fn typed(arguments: &[&str]) -> FolderOptions {
        Command::try_parse_from(["x"].iter().chain(arguments)).unwrap().folders
    }

    #[test]
    fn what_is_typed_and_what_it_means() {
        let options =
            typed(&["--automap", "--below", "Old/2019", "--max-depth", "3", "--rename-folder", "s/a/b/"]);
        let rules = options.rules().unwrap();
        assert_eq!(rules.automap, Automap::Guessed);
        assert_eq!(rules.below, Some(FolderName::from_text(["Old", "2019"])));
        assert_eq!((rules.depth, rules.renames.len()), (Some(3), 1));
        let options = typed(&[
            "--folder=Lists/**",
            "--exclude-folder=re:x$",
            "--exclude-special=junk,Trash",
            "--since=2020-02-29",
            "--max-size=25M",
            "--with-flags=\\Seen,work",
            "--search=UNSEEN",
        ]);
        let selection = options.selection().unwrap();
        assert!(selection.include[0].matches("Lists/a") && selection.exclude[0].matches("Lists/x"));
        assert_eq!(selection.exclude_special, [SpecialUse::Junk, SpecialUse::Trash].into());
        assert_eq!(selection.since.map(|day| day.to_string()).as_deref(), Some("2020-02-29"));
        assert_eq!((selection.max_size, selection.min_size), (Some(25 << 20), None));
        assert_eq!(selection.with_flags.to_string(), "(\\Seen work)");
        assert_eq!(selection.search.unwrap().as_str(), "UNSEEN");
        assert!(options.profile().unwrap().is_none());
        assert_eq!(typed(&["--target-names", "gmail"]).profile().unwrap(), Some(&Profile::GMAIL));
        assert!(Command::try_parse_from(["x", "--automap", "--no-automap"]).is_err());
    }

    #[test]
    fn errors_name_the_flag() {
        for (argument, error) in [
            ("--since=31.12.2020", "--since: `31.12.2020` is no date as 2024-12-31"),
            ("--max-size=25X", "--max-size: `25X` is no size as 500000, 500k or 25M"),
            (
                "--min-size=99999999999999999999",
                "--min-size: `99999999999999999999` is no size as 500000, 500k or 25M",
            ),
            ("--with-flags=a b", "--with-flags: `a b` is no flag"),
            ("--search=(", "--search: `(` cannot be searched for: a parenthesis is not closed"),
            ("--exclude-folder=", "--exclude-folder: an empty pattern matches no folder"),
        ] {
            assert_eq!(typed(&[argument]).selection().unwrap_err().to_string(), error);
        }
        let special = typed(&["--exclude-special=inbox"]).selection().unwrap_err().to_string();
        assert!(
            special.starts_with("--exclude-special: `inbox` is no special use: all, archive, "),
            "{special}"
        );
        let rename = typed(&["--rename-folder=a/b"]).rules().unwrap_err().to_string();
        assert!(rename.starts_with("--rename-folder: `a/b` is no renaming"), "{rename}");
        let names = typed(&["--target-names=lotus"]).profile().unwrap_err().to_string();
        assert!(names.starts_with("--target-names: `lotus` is none of any, "), "{names}");
    }

    #[test]
    fn tables() {
        let pairs = |text, delimiter| -> std::result::Result<Vec<String>, (usize, String)> {
            Ok(table(text, delimiter)?.iter().map(|(from, to)| format!("{from}>{to}")).collect())
        };
        assert_eq!(pairs("# old\tnew\nA\tB/C\r\n\n\"q\"\tx,y\n", b'\t').unwrap(), ["\"q\">x,y", "A>B/C"]);
        assert_eq!(pairs("\u{feff}\"a,b\",c\nÄ,Ö\n", b',').unwrap(), ["Ä>Ö", "a,b>c"]);
        for (text, line, reason) in [
            ("A\tB\nC\n", 2, "a folder of the source and one of the target are expected"),
            ("A\tB\tC\n", 1, "a folder of the source and one of the target are expected"),
            ("A\t\n", 1, "a folder of the source and one of the target are expected"),
            ("A\tB\n\nA\tC\n", 3, "A goes to B already"),
            ("Ä\tB\r\n# x\r\n\r\nÄ\r\n", 4, "a folder of the source and one of the target are expected"),
        ] {
            assert_eq!(pairs(text, b'\t').unwrap_err(), (line, reason.to_owned()));
        }
    }

    #[test]
    fn a_table_is_named_with_the_line() {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        std::fs::write(file.path(), "a,b\nc\n").unwrap();
        let typed = typed(&["--folder-map", file.path().to_str().unwrap()]);
        let error = typed.rules().unwrap_err().to_string();
        let place = format!("--folder-map: {}:2: ", file.path().display());
        assert!(error.starts_with(&place), "{error}");
        let missing = FolderOptions { folder_map: Some("no/such/file".into()), ..FolderOptions::default() };
        assert!(missing.rules().unwrap_err().to_string().starts_with("--folder-map: no/such/file: "));
    }
}
