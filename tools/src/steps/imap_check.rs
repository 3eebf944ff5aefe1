//! What is said of an account before it is copied: who the servers are, what goes where, and what will not fit.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use imap_sync::about::About;
use imap_sync::check::{Survey, Surveyed, survey};
use imap_sync::{Error, Identity, ItemKey, Memory, Policy, Watch};
use serde_json::{Value, json};

use crate::imap::connect::Sides;
use crate::job::Writer;
use crate::report::Verdict;

/// Logs in to both sides, or to the source alone, looks at everything and tells it.
pub(super) async fn check(
    sides: &Sides<'_>,
    both: bool,
    memory: &dyn Memory,
    policy: &Policy,
    watch: &dyn Watch,
    writer: &mut Writer<'_>,
) -> Result<(), Error> {
    let (mut source, about_source) = sides.meet_source().await?;
    let (mut target, about_target) = match both {
        true => sides.meet_target().await.map(|(target, about)| (Some(target), about))?,
        false => (None, None),
    };
    let began = Instant::now();
    let clock = || began.elapsed();
    let heads = memory.heads()?;
    let survey = survey(&mut source, target.as_mut(), &heads, policy, watch, &clock).await?;
    source.close().await;
    if let Some(target) = target {
        target.close().await;
    }
    let (from, to) = (sides.source_name(), sides.target_name());
    let found = Found { survey, about: [about_source, about_target], names: [from, to] };
    found.tell(writer);
    if both {
        writer.report.tell(writer.account, found.text(writer.account), found.json(writer.account));
    }
    Ok(())
}

/// All that was found of an account.
struct Found {
    survey: Survey,
    about: [Option<About>; 2],
    names: [String; 2],
}

impl Found {
    /// Its lines and notes.
    fn tell(&self, writer: &mut Writer<'_>) {
        let Self { survey, names: [source, target], .. } = self;
        for (folder, why, count) in &survey.excluded {
            writer.lines(Verdict::Excluded, *count, folder.to_string(), source, why);
        }
        for (folder, why, count) in &survey.misplaced {
            writer.lines(Verdict::Failed, *count, folder.to_string(), source, why);
        }
        for (folder, note) in &survey.notes {
            writer.note(folder.to_string(), source, note);
        }
        for (folder, count) in &survey.left {
            writer.lines(
                Verdict::Pending,
                *count,
                folder.to_string(),
                source,
                "interrupted before it was looked at",
            );
        }
        for folder in &survey.unused {
            writer.note(folder.to_string(), source, "the table names it, and the source does not have it");
        }
        survey.folders.iter().for_each(|folder| tell_folder(folder, survey.limit, source, writer));
        let quotas = self.about[1].as_ref().map(|about| about.quotas.as_slice()).unwrap_or_default();
        for short in survey.shortages(quotas) {
            let size = |number: u64| match short.resource.as_str() {
                "STORAGE" => bytes(number.saturating_mul(1024)),
                _ => format!("{number} messages"),
            };
            let reason = format!(
                "{} are to be brought, and there is room for {}",
                size(short.needed),
                size(short.free)
            );
            writer.line(Verdict::Failed, "quota", target, reason);
        }
    }

    fn text(&self, account: &str) -> String {
        let (messages, octets) = self.survey.size();
        let mut text = format!("{account}\n");
        let folders = counted(self.survey.folders.len() as u64, "folder");
        let messages = counted(messages, "message");
        self.side(&mut text, 0, &format!("{folders}, {messages}, {}", bytes(octets)));
        let (folders, messages) = self.survey.target;
        let (folders, messages) = (counted(folders, "folder"), counted(messages, "message"));
        let limit = self.survey.limit.map(|limit| format!("; takes messages of up to {}", bytes(limit)));
        let there = format!("{folders}, {messages}{}", limit.unwrap_or_default());
        self.side(&mut text, 1, &there);
        for folder in &self.survey.folders {
            let place = folder.place.as_ref().filter(|place| **place != folder.name);
            let place = place.map(|place| format!(" -> {place}")).unwrap_or_default();
            let is_new = if folder.there { "" } else { " (to be made)" };
            let Surveyed { name, messages, placed, .. } = folder;
            let known = if *placed > 0 { format!(", {placed} placed already") } else { String::new() };
            let (messages, size) = (counted(*messages, "message"), bytes(folder.bytes));
            let _ = writeln!(text, "    {name}{place}{is_new}: {messages}, {size}{known}");
        }
        if let Some(time) = self.survey.estimate() {
            let time = rough(time);
            let _ = writeln!(
                text,
                "  a guess: {time} by one connection, as fast as the source was read just now"
            );
        }
        text
    }

    fn side(&self, text: &mut String, side: usize, holds: &str) {
        let name = ["source", "target"][side];
        let _ = write!(text, "  {name} {}", self.names[side]);
        if let Some(about) = &self.about[side] {
            let said: Vec<&str> =
                [about.server.name(), about.server.version()].into_iter().flatten().collect();
            let who = if said.is_empty() {
                "a server that does not say its name".to_owned()
            } else {
                said.join(" ")
            };
            let proved = match about.identity {
                Identity::Proved => "the server says that it is this user's",
                _ => "the server does not say whose mailbox it is",
            };
            let _ = write!(text, ": {who}; {proved}");
        }
        let _ = writeln!(text, "\n    {holds}");
        for lacks in self.about[side].iter().flat_map(|about| about.lacks(side == 1)) {
            let _ = writeln!(text, "    without {}: {}", lacks.names[0], lacks.without);
        }
    }

    fn json(&self, account: &str) -> Value {
        let side = |side: usize| {
            let about = self.about[side].as_ref();
            let lacks = about.into_iter().flat_map(|about| about.lacks(side == 1));
            let lacks: Vec<Value> =
                lacks.map(|it| json!({"capability": it.names[0], "without": it.without})).collect();
            json!({
                "mailbox": self.names[side],
                "server": about.and_then(|about| about.server.name()),
                "version": about.and_then(|about| about.server.version()),
                "identity_proved": about.is_some_and(|about| about.identity == Identity::Proved),
                "lacks": lacks,
            })
        };
        let folder = |folder: &Surveyed| {
            json!({
                "source": folder.name.to_string(), "target": folder.place.as_ref().map(ToString::to_string),
                "exists": folder.there, "messages": folder.messages, "bytes": folder.bytes, "placed": folder.placed,
                "excluded": folder.excluded, "too_large": folder.too_large.len(),
                "flags_not_kept": folder.lost.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        };
        let (messages, octets) = self.survey.size();
        json!({
            "account": account, "source": side(0), "target": side(1), "messages": messages, "bytes": octets,
            "target_messages": self.survey.target.1, "append_limit": self.survey.limit,
            "folders": self.survey.folders.iter().map(folder).collect::<Vec<_>>(),
            "estimated_seconds": self.survey.estimate().map(|time| time.as_secs()),
        })
    }
}

fn tell_folder(folder: &Surveyed, limit: Option<u64>, source: &str, writer: &mut Writer<'_>) {
    let name = &folder.name;
    if let Some(error) = &folder.error {
        return writer.line(Verdict::Failed, name.to_string(), source, error);
    }
    for key in &folder.unread {
        let reason = "its flags, date or size cannot be read";
        writer.line(Verdict::Failed, format!("{name}/UID {key}"), source, reason);
    }
    let most = limit.map(bytes).unwrap_or_default();
    for (key, size) in &folder.too_large {
        let reason = format!("it has {}, and the target takes messages of up to {most}", bytes(*size));
        writer.line(Verdict::Failed, format!("{name}/UID {key}"), source, reason);
    }
    if folder.excluded > 0 {
        let reason = "left out as was asked for";
        writer.lines(Verdict::Excluded, folder.excluded, name.to_string(), source, reason);
    }
    if !folder.lost.is_empty() {
        writer.note(name.to_string(), source, format!("the target cannot keep these flags: {}", folder.lost));
    }
    let bad: BTreeSet<ItemKey> =
        folder.unread.iter().chain(folder.too_large.iter().map(|(key, _)| key)).copied().collect();
    if writer.report.keeps_all() {
        for key in folder.keys.iter().filter(|key| !bad.contains(key)) {
            writer.line(Verdict::Unchanged, format!("{name}/UID {key}"), source, "");
        }
    } else {
        writer.count(Verdict::Unchanged, folder.messages.saturating_sub(bad.len() as u64));
    }
}

fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A number of bytes for people.
fn bytes(number: u64) -> String {
    let (mut value, mut unit) = (number as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} bytes") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A time as exact as a guess is.
fn rough(time: Duration) -> String {
    match time.as_secs() {
        0..=1 => "a moment".to_owned(),
        seconds @ 2..=119 => format!("about {seconds} seconds"),
        seconds @ 120..=7199 => format!("about {} minutes", seconds.div_ceil(60)),
        seconds @ 7200..=172_799 => format!("about {} hours", seconds.div_ceil(3600)),
        seconds => format!("about {} days", seconds.div_ceil(86_400)),
    }
}

const UNITS: [&str; 6] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        for (number, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (5 << 20, "5.0 MiB"),
            (u64::MAX, "16384.0 PiB"),
        ] {
            assert_eq!(bytes(number), text);
        }
        for (seconds, text) in [
            (0, "a moment"),
            (90, "about 90 seconds"),
            (121, "about 3 minutes"),
            (7200, "about 2 hours"),
            (1_000_000, "about 12 days"),
        ] {
            assert_eq!(rough(Duration::from_secs(seconds)), text);
        }
    }
}
