//! Time zone names to zones of the IANA database, and those to VTIMEZONE components (RFC 5545 3.6.5).
//!
//! A definition tells the whole history from 1970 to 2037 and goes on by its last rules, so that it is the same whatever
//! event needs it; what was before 1970 counts as what was then. Changes that follow a yearly rule become one observance with an RRULE, the others one with RDATEs.

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday,
};
use chrono_tz::{OffsetComponents, OffsetName, TZ_VARIANTS, Tz};

use crate::component::{Component, Property};
use crate::windows;

/// The zone that a TZID means where the file does not define it: a name of the IANA database, also behind a prefix such as
/// `/freeassociation.sourceforge.net/`, or a Windows name.
pub fn resolve_zone(tzid: &str) -> Option<Tz> {
    let tzid = tzid.trim();
    let windows = || windows::iana_zone(tzid)?.parse().ok();
    iana(tzid).or_else(windows).or_else(|| {
        let mut suffixes = tzid.match_indices('/').map(|(slash, _)| &tzid[slash + 1..]).take(PREFIXES);
        suffixes.find_map(|name| iana(name).filter(|_| name.contains('/') || tzid.starts_with('/')))
    })
}

/// The VTIMEZONE of a zone, under the name that the file has for it.
pub fn define_zone(tzid: &str, zone: Tz) -> Component {
    let mut definition = Component::new("VTIMEZONE");
    definition.properties.push(Property::new("TZID", tzid));
    let first = State::at(zone, first_instant());
    let start = Change { onset: before_all(), from: first.offset, first: true, state: first };
    let mut observances = vec![observance(&[&start], None)];
    for group in groups(changes(zone)) {
        observances.extend(observances_of(&group));
    }
    observances.sort_by(|a, b| onset(a).cmp(onset(b)).then_with(|| a.name.cmp(&b.name)));
    definition.components = observances;
    definition
}

fn iana(name: &str) -> Option<Tz> {
    let exact = name.parse().ok();
    exact.or_else(|| TZ_VARIANTS.iter().copied().find(|zone| zone.name().eq_ignore_ascii_case(name)))
}

/// What clocks show in a zone at some time.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct State {
    /// Seconds ahead of UTC.
    offset: i32,
    /// Seconds of that which are daylight saving; negative where winter time is the exception, as in Dublin.
    saving: i64,
    name: String,
}

impl State {
    fn at(zone: Tz, instant: DateTime<Utc>) -> State {
        let offset = zone.offset_from_utc_datetime(&instant.naive_utc());
        let saving = offset.dst_offset().num_seconds();
        let total = offset.base_utc_offset().num_seconds() + saving;
        State { offset: total as i32, saving, name: offset.abbreviation().unwrap_or_default().to_owned() }
    }
}

/// A change of the clocks.
#[derive(Clone, Debug)]
struct Change {
    /// When, by the clocks as they were before.
    onset: NaiveDateTime,
    /// The offset before.
    from: i32,
    /// Not a change at all, but where the history begins.
    first: bool,
    state: State,
}

/// All changes from 1970 to 2037, in order: probed week by week, then narrowed down to the second.
fn changes(zone: Tz) -> Vec<Change> {
    let mut changes = vec![];
    let mut before = (first_instant(), State::at(zone, first_instant()));
    while before.0.year() <= LAST_YEAR {
        let instant = before.0 + Days::new(7);
        let state = State::at(zone, instant);
        if state != before.1 {
            let onset =
                (narrow(zone, &before, instant) + TimeDelta::seconds(before.1.offset.into())).naive_utc();
            changes.push(Change { onset, from: before.1.offset, first: false, state: state.clone() });
        }
        before = (instant, state);
    }
    changes.retain(|change| change.onset.year() <= LAST_YEAR);
    changes
}

/// The first second at which the state is no longer what it was.
fn narrow(zone: Tz, before: &(DateTime<Utc>, State), after: DateTime<Utc>) -> DateTime<Utc> {
    let (mut low, mut high) = (before.0, after);
    while high - low > TimeDelta::seconds(1) {
        let middle = low + (high - low) / 2;
        let middle = DateTime::from_timestamp(middle.timestamp(), 0).unwrap_or(high);
        match State::at(zone, middle) == before.1 {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

/// The changes that lead from the same to the same, in the order of their first.
fn groups(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let mut groups: Vec<Vec<Change>> = vec![];
    for change in changes {
        match groups.iter_mut().find(|group| group[0].from == change.from && group[0].state == change.state) {
            Some(group) => group.push(change),
            None => groups.push(vec![change]),
        }
    }
    groups
}

/// A group as observances: each run of years that follows one rule, and the rest together.
fn observances_of(group: &[Change]) -> Vec<Component> {
    let (mut observances, mut single) = (vec![], vec![]);
    let mut rest = group;
    while let [first, ..] = rest {
        let (rule, length) = longest_run(rest);
        let (run, after) = rest.split_at(length);
        let open = run[length - 1].onset.year() == LAST_YEAR;
        if length >= if open { RUN_FOR_EVER } else { RUN } {
            let until = run.last().filter(|_| !open);
            observances.push(observance(&[first], Some((rule, until))));
        } else {
            single.extend(run);
        }
        rest = after;
    }
    if !single.is_empty() {
        observances.push(observance(&single, None));
    }
    observances
}

/// The rule that the first changes of a group follow longest, year by year, and how many do.
fn longest_run(changes: &[Change]) -> (YearlyRule, usize) {
    let first = &changes[0];
    let mut rules = YearlyRule::candidates(first);
    let mut best = (rules[0], 1);
    for (change, year) in changes.iter().zip(first.onset.year()..).skip(1) {
        rules.retain(|rule| change.onset.year() == year && rule.holds(first, change));
        match rules.first() {
            Some(rule) => best = (*rule, best.1 + 1),
            None => break,
        }
    }
    best
}

/// On which day of a month something happens each year.
#[derive(Clone, Copy, Debug)]
enum YearlyRule {
    /// The last such weekday.
    Last,
    /// The nth such weekday.
    Nth(u32),
    /// The same day of the month.
    MonthDay(u32),
    /// The first such weekday on or after a day of the month.
    OnOrAfter(u32),
}

impl YearlyRule {
    /// All rules that a change fits, the best liked first.
    fn candidates(change: &Change) -> Vec<YearlyRule> {
        let day = change.onset.day();
        let mut rules = vec![YearlyRule::Nth(day.div_ceil(7)), YearlyRule::MonthDay(day)];
        if is_in_last_week(change) {
            rules.insert(0, YearlyRule::Last);
        }
        rules.extend(
            (day.saturating_sub(6).max(1)..=day.min(u32::from(change.onset.num_days_in_month()) - 6))
                .map(YearlyRule::OnOrAfter),
        );
        rules
    }

    /// Whether `change` is what this rule makes of `first` in the year of `change`.
    fn holds(self, first: &Change, change: &Change) -> bool {
        let (a, b) = (first.onset, change.onset);
        let weekday = a.weekday() == b.weekday();
        let day = match self {
            YearlyRule::Last => weekday && is_in_last_week(change),
            YearlyRule::Nth(nth) => weekday && b.day().div_ceil(7) == nth,
            YearlyRule::MonthDay(day) => b.day() == day,
            YearlyRule::OnOrAfter(day) => weekday && (day..day + 7).contains(&b.day()),
        };
        day && a.month() == b.month() && a.time() == b.time()
    }

    fn value(self, first: &Change) -> String {
        let (month, day) = (first.onset.month(), day_name(first.onset.weekday()));
        match self {
            YearlyRule::Last => format!("FREQ=YEARLY;BYMONTH={month};BYDAY=-1{day}"),
            YearlyRule::Nth(nth) => format!("FREQ=YEARLY;BYMONTH={month};BYDAY={nth}{day}"),
            YearlyRule::MonthDay(number) => format!("FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={number}"),
            YearlyRule::OnOrAfter(number) => {
                let days: Vec<String> = (number..number + 7).map(|day| day.to_string()).collect();
                format!("FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={};BYDAY={day}", days.join(","))
            }
        }
    }
}

/// `standardc` or `daylightc` (RFC 5545 3.6.5) of changes from the same to the same.
fn observance(changes: &[&Change], rule: Option<(YearlyRule, Option<&Change>)>) -> Component {
    let first = changes[0];
    // Summer is also what follows a winter that saves less than nothing.
    let summer = first.state.saving > 0 || (first.state.saving == 0 && first.state.offset > first.from);
    let seasonal = first.state.saving != 0 || rule.is_some();
    let daylight = summer && seasonal && !first.first;
    let mut component = Component::new(if daylight { "DAYLIGHT" } else { "STANDARD" });
    let mut push = |name: &str, value: String| component.properties.push(Property::new(name, value));
    push("DTSTART", local(first));
    push("TZOFFSETFROM", offset(first.from));
    push("TZOFFSETTO", offset(first.state.offset));
    push("TZNAME", first.state.name.clone());
    if let Some((rule, until)) = rule {
        let until = until.map(|last| format!(";UNTIL={}", instant(last).format("%Y%m%dT%H%M%SZ")));
        push("RRULE", rule.value(first) + &until.unwrap_or_default());
    }
    for change in &changes[1..] {
        push("RDATE", local(change));
    }
    component
}

fn onset(observance: &Component) -> &str {
    observance.property("DTSTART").map_or("", |start| &start.value)
}

fn is_in_last_week(change: &Change) -> bool {
    (change.onset + Days::new(7)).month() != change.onset.month()
}

fn local(change: &Change) -> String {
    change.onset.format("%Y%m%dT%H%M%S").to_string()
}

fn instant(change: &Change) -> NaiveDateTime {
    change.onset - TimeDelta::seconds(change.from.into())
}

/// `utc-offset = time-numzone` (RFC 5545 3.3.14)
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match rest {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}{minutes:02}{rest:02}"),
    }
}

fn day_name(day: Weekday) -> &'static str {
    ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.num_days_from_monday() as usize]
}

fn first_instant() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// Where definitions begin, so that older dates have an offset too; Outlook begins there as well.
fn before_all() -> NaiveDateTime {
    NaiveDate::from_ymd_opt(1601, 1, 1).expect("a day of the calendar").and_time(NaiveTime::MIN)
}

/// The last year whose changes are told one by one.
const LAST_YEAR: i32 = 2037;

/// From how many years on a rule is worth an observance of its own.
const RUN: usize = 3;

/// From how many years on a rule is believed to go on.
const RUN_FOR_EVER: usize = 5;

/// How many prefixes of a TZID are looked behind.
const PREFIXES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved() {
        for (tzid, zone) in [
            ("Europe/Berlin", Some(Tz::Europe__Berlin)),
            ("europe/berlin", Some(Tz::Europe__Berlin)),
            ("/freeassociation.sourceforge.net/Europe/Berlin", Some(Tz::Europe__Berlin)),
            ("/mozilla.org/20050126_1/America/Argentina/Ushuaia", Some(Tz::America__Argentina__Ushuaia)),
            ("/softwarestudio.org/Olson_20011030_5/Japan", Some(Tz::Japan)),
            ("W. Europe Standard Time", Some(Tz::Europe__Berlin)),
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", Some(Tz::Europe__Berlin)),
            ("UTC", Some(Tz::UTC)),
            ("Customized Time Zone", None),
            ("", None),
            ("/", None),
        ] {
            assert_eq!(resolve_zone(tzid), zone, "{tzid}");
        }
    }

    #[test]
    fn berlin_is_told_in_few_observances() {
        let berlin = define_zone("Europe/Berlin", Tz::Europe__Berlin);
        let text = String::from_utf8(crate::write::write(&berlin)).expect("text");
        assert!(
            text.contains("DTSTART:19960331T020000\r\n")
                || text.contains("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n")
        );
        assert!(text.contains("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"), "{text}");
        assert!(berlin.components.len() <= 5, "{text}");
    }
}
