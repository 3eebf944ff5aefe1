//! Calendars out of ICS files.

use crate::files::vdir::Properties;
use crate::report::Step;
use crate::steps::shelf::{Contents, Element, Finding, Kind};

crate::engine!(Objects, ical_import, 256, false);

/// Calendars.
pub struct Calendars;

impl Kind for Calendars {
    type Engine = Objects;

    const STEP: Step = Step::Calendars;
    const NAME: &'static str = "calendar";
    const EXTENSION: &'static str = "ics";
    const SOURCES: &'static [&'static str] = &["ics", "ical", "ifb", "icalendar"];
    const SINGLE: &'static str = "calendar";

    fn read(file: &str, bytes: &[u8]) -> Contents<Objects> {
        let (calendar, findings) = ical_import::Calendar::read(file, bytes);
        let listing = calendar.listing();
        let element = |object: &ical_import::Object| {
            let key = object.key();
            let summary = object.summary();
            let name = if summary.is_empty() { key.to_string() } else { format!("{summary} ({key})") };
            let item = listing.get(&key)?.clone();
            Some(Element { key, item, name, stem: object.file_stem(), bytes: object.to_ics() })
        };
        Contents {
            elements: calendar.objects.iter().filter_map(element).collect(),
            properties: Properties {
                tag: "VCALENDAR",
                title: calendar.name.clone(),
                description: calendar.description.clone(),
                color: calendar.color.clone(),
            },
            findings: findings
                .into_iter()
                .map(|finding| Finding {
                    failed: finding.severity == ical_import::Severity::Failure,
                    item: finding.item,
                    place: finding.place.to_string(),
                    reason: finding.reason,
                })
                .collect(),
        }
    }
}
