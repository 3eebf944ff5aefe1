//! What of `imap-sync` removes, and how closely it compares.

use clap::Args;
use imap_sync::{Ceiling, Level, Mirror, path};

/// What is removed on the target.
#[derive(Args)]
#[command(next_help_heading = "Removing")]
pub(super) struct Removal {
    /// Remove on the target what was placed there and the source has no more; nothing else is ever removed
    #[arg(long)]
    mirror: bool,
    /// Remove nothing at all if it were more than N messages of an account, or N% of those placed (by default 50 or
    /// 25%, whichever is more)
    #[arg(long, value_name = "N|N%", requires = "mirror", value_parser = ceiling)]
    max_delete: Option<Ceiling>,
    /// Move what is removed into this folder of the target
    #[arg(long, value_name = "PATH", requires = "mirror")]
    trash_folder: Option<String>,
}

impl Removal {
    pub(super) fn mirror(&self) -> Option<Mirror> {
        let keep = self.trash_folder.as_deref().map(path::read);
        self.mirror.then(|| Mirror { ceiling: self.max_delete.unwrap_or_default(), keep })
    }
}

fn ceiling(text: &str) -> Result<Ceiling, String> {
    let wrong = |_| format!("`{text}` is neither a number nor a percentage up to 100%");
    match text.strip_suffix('%') {
        Some(percent) => percent.parse().map_err(wrong).and_then(|percent: u8| match percent {
            0..=100 => Ok(Ceiling::Percent(percent)),
            _ => Err(format!("`{text}` is more than all of it")),
        }),
        None => text.parse().map(Ceiling::Count).map_err(wrong),
    }
}

pub(super) fn level(text: &str) -> Result<Level, String> {
    match text {
        "all" => Ok(Level::All),
        "counts" => Ok(Level::Counts),
        "envelopes" => Ok(Level::Envelopes),
        _ => {
            let percent =
                text.strip_prefix("sample=").map(|number| number.strip_suffix('%').unwrap_or(number));
            let percent = percent.and_then(|number| number.parse().ok()).filter(|percent| *percent <= 100);
            percent.map(Level::Sample).ok_or_else(|| {
                format!("`{text}` is none of counts, envelopes, sample=N% (N up to 100) and all")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_and_levels() {
        for (text, expected) in [
            ("0", Some(Ceiling::Count(0))),
            ("7", Some(Ceiling::Count(7))),
            ("10%", Some(Ceiling::Percent(10))),
            ("101%", None),
            ("-1", None),
            ("x", None),
            ("%", None),
        ] {
            assert_eq!(ceiling(text).ok(), expected, "{text}");
        }
        for (text, expected) in [
            ("all", Some(Level::All)),
            ("counts", Some(Level::Counts)),
            ("envelopes", Some(Level::Envelopes)),
            ("sample=5%", Some(Level::Sample(5))),
            ("sample=100", Some(Level::Sample(100))),
            ("sample=101%", None),
            ("sample", None),
            ("some", None),
        ] {
            assert_eq!(level(text).ok(), expected, "{text}");
        }
    }
}
