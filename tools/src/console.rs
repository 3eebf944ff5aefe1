//! What a person sees while a command runs: progress, the log and its FAIL and ERROR lines.
//!
//! Everything here goes to stderr, to the file of `--log` and to syslog; stdout belongs to the result.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{Error, Result};
use crate::report::{Line, Note, Report, Step, Verdict};

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// Bars on a terminal, lines elsewhere.
    #[default]
    Auto,
    /// Bars.
    Bar,
    /// One line for each finished piece of work.
    Lines,
    /// None.
    Never,
}

/// Where the log goes and how much of it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How progress is shown.
    pub progress: Progress,
    /// No progress at all.
    pub quiet: bool,
    /// Notes too.
    pub verbose: bool,
    /// Also append the log to this file.
    pub log: Option<PathBuf>,
    /// Also send the log to the system's log.
    pub syslog: bool,
}

/// The log and the progress of one command.
#[derive(Debug)]
pub struct Console {
    bars: Option<MultiProgress>,
    lines: bool,
    verbose: bool,
    file: Option<Mutex<File>>,
    syslog: Option<UnixDatagram>,
    log_broke: AtomicBool,
}

impl Console {
    /// Opens the log. A log file that cannot be opened is a configuration error.
    pub fn open(settings: &Settings) -> Result<Self> {
        let file = match &settings.log {
            Some(path) => {
                let opened = File::options().create(true).append(true).open(path);
                Some(Mutex::new(opened.map_err(|e| Error::io(path, e))?))
            }
            None => None,
        };
        let syslog = if settings.syslog { Some(connect_syslog()?) } else { None };
        let terminal = std::io::stderr().is_terminal();
        let bars = !settings.quiet
            && (settings.progress == Progress::Bar || settings.progress == Progress::Auto && terminal);
        let lines = !settings.quiet
            && (settings.progress == Progress::Lines || settings.progress == Progress::Auto && !terminal);
        Ok(Self {
            bars: bars.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
            lines,
            verbose: settings.verbose,
            file,
            syslog,
            log_broke: AtomicBool::new(false),
        })
    }

    /// Logs what a finished piece of work has to tell: a FAIL line for every failed and skipped item, one for all that an
    /// account has pending, the notes with `-v` (in the log file always).
    pub fn tell(&self, report: &Report) {
        let mut pending: BTreeMap<(Step, &str), Vec<&Line>> = BTreeMap::new();
        for line in report.lines() {
            match line.verdict {
                Verdict::Pending => pending.entry((line.step, &line.account)).or_default().push(line),
                verdict if verdict.is_trouble() => self.write(&format!("FAIL {}", describe(line)), true),
                _ => {}
            }
        }
        for lines in pending.into_values() {
            let more = if lines.len() > 1 { format!(" and {} more", lines.len() - 1) } else { String::new() };
            self.write(&format!("FAIL {}{more}", describe(lines[0])), true);
        }
        for note in report.notes() {
            self.write(&describe_note(note), self.verbose);
        }
        for text in report.errors() {
            self.error(text);
        }
    }

    /// Logs an error that belongs to no single item.
    pub fn error(&self, text: &str) {
        self.write(&format!("ERROR {}", plain(text)), true);
    }

    /// Logs a warning; it changes no exit code.
    pub fn warn(&self, text: &str) {
        self.write(&format!("warning: {}", plain(text)), true);
    }

    /// Logs a finished piece of work; shown where progress is shown as lines.
    pub fn done(&self, text: &str) {
        self.write(&plain(text), self.lines);
    }

    /// A bar over `total` pieces of work; hidden where no bars are shown.
    pub fn bar(&self, title: &str, total: u64) -> ProgressBar {
        let Some(bars) = &self.bars else { return ProgressBar::hidden() };
        let bar = bars.add(ProgressBar::new(total)).with_message(plain(title));
        bar.set_style(style("{msg:40!} {wide_bar} {pos}/{len} {elapsed}"));
        bar
    }

    /// A counter without a known end; hidden where no bars are shown.
    pub fn counter(&self, title: &str) -> ProgressBar {
        let Some(bars) = &self.bars else { return ProgressBar::hidden() };
        let bar = bars.add(ProgressBar::new_spinner()).with_message(plain(title));
        bar.set_style(style("  {spinner} {wide_msg} {pos}"));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn write(&self, text: &str, on_stderr: bool) {
        if on_stderr {
            // A closed stderr must not end a migration.
            let show = || {
                let _ = writeln!(std::io::stderr().lock(), "{text}");
            };
            match &self.bars {
                Some(bars) => bars.suspend(show),
                None => show(),
            }
        }
        if let Some(file) = &self.file {
            let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
            let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Err(error) = writeln!(file, "{now} {text}")
                && !self.log_broke.swap(true, Ordering::Relaxed)
            {
                let _ = writeln!(std::io::stderr().lock(), "ERROR the log cannot be written: {error}");
            }
        }
        if let Some(socket) = &self.syslog {
            let _ = socket.send(format!("<{SYSLOG_USER_INFO}>mailferry: {text}").as_bytes());
        }
    }
}

/// One item as the log and the report write it, without the leading word.
pub fn describe(line: &Line) -> String {
    let mut text = format!("{} {}", line.step, line.verdict);
    append(&mut text, "account", &line.account);
    append(&mut text, "item", &line.item);
    append(&mut text, "place", &line.place);
    append(&mut text, "reason", &line.reason);
    text
}

fn describe_note(note: &Note) -> String {
    let mut text = format!("note {}", note.step);
    append(&mut text, "account", &note.account);
    append(&mut text, "item", &note.item);
    append(&mut text, "place", &note.place);
    append(&mut text, "reason", &note.reason);
    text
}

fn append(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        text.push_str(&format!(" {name}=\"{}\"", plain(value).replace('"', "\\\"")));
    }
}

/// One line without control characters; the two words of the log are written so that `grep` finds only our own.
fn plain(text: &str) -> String {
    let mut one_line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { one_line.extend(c.escape_default()) } else { one_line.push(c) }
    }
    one_line.replace("FAIL", "F%41IL").replace("ERROR", "E%52ROR")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn connect_syslog() -> Result<UnixDatagram> {
    let path = std::path::Path::new("/dev/log");
    let connect = || {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        Ok(socket)
    };
    connect().map_err(|e| Error::io(path, e))
}

/// Facility user (1), severity info (6): RFC 5424 section 6.2.1.
const SYSLOG_USER_INFO: u8 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_holds_the_words_of_the_log_is_not_found_by_grep() {
        let line = Line {
            step: Step::Mail,
            account: "FAIL@example.com".into(),
            item: "ERRORS\n\"FAILURE\"".into(),
            verdict: Verdict::Failed,
            place: String::new(),
            reason: "x".into(),
            count: 1,
        };
        let text = describe(&line);
        assert_eq!(
            text,
            r#"mail failed account="F%41IL@example.com" item="E%52RORS\n\"F%41ILURE\"" reason="x""#
        );
    }
}
