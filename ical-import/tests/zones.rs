//! Generated definitions against the database they come from, evaluated by a reader of its own.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Offset, TimeZone, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use ical_import::{Component, define_zone};

#[test]
fn every_zone_is_defined_as_the_database_has_it() {
    for zone in TZ_VARIANTS {
        let definition = define_zone(zone.name(), zone);
        let onsets = onsets(&definition);
        // A stride that meets every time of day and of year.
        for step in 0..300 {
            let instant = DateTime::from_timestamp(step * 7_170_001, 0).expect("in range");
            if instant.year() > 2037 {
                break;
            }
            let expected = zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc();
            let found = onsets.iter().rev().find(|(onset, _)| *onset <= instant.naive_utc());
            assert_eq!(found.map(|found| found.1), Some(i64::from(expected)), "{zone} at {instant}");
        }
    }
}

#[test]
fn definitions_go_on_after_the_last_year_told() {
    for zone in [Tz::Europe__Berlin, Tz::America__New_York, Tz::Australia__Sydney, Tz::Asia__Jerusalem] {
        let rules = define_zone("x", zone).components;
        let open = rules
            .iter()
            .filter_map(|rule| rule.property("RRULE"))
            .filter(|rule| !rule.value.contains("UNTIL"));
        assert_eq!(open.count(), 2, "{zone}");
    }
}

#[test]
fn sizes_stay_small() {
    let sizes = TZ_VARIANTS.iter().map(|zone| ical_import::write(&define_zone(zone.name(), *zone)).len());
    let (most, all) = sizes.fold((0, 0), |(most, all), size| (most.max(size), all + size));
    assert!(most < 12_000, "{most}");
    assert!(all / TZ_VARIANTS.len() < 1_600, "{}", all / TZ_VARIANTS.len());
}

/// When each offset begins, in UTC and in order.
fn onsets(zone: &Component) -> Vec<(NaiveDateTime, i64)> {
    let mut onsets = vec![];
    for observance in &zone.components {
        let value = |name: &str| observance.property(name).map(|property| property.value.as_str());
        let (from, to) = (value("TZOFFSETFROM").expect("from"), value("TZOFFSETTO").expect("to"));
        let start = local(value("DTSTART").expect("start"));
        let mut starts = vec![start];
        starts.extend(observance.all("RDATE").map(|date| local(&date.value)));
        if let Some(rule) = value("RRULE") {
            starts.extend(occurrences(rule, start, seconds(from)));
        }
        onsets
            .extend(starts.into_iter().map(|start| (start - Duration::seconds(seconds(from)), seconds(to))));
    }
    onsets.sort();
    onsets
}

/// A yearly rule by looking at each day of each year.
fn occurrences(rule: &str, start: NaiveDateTime, from: i64) -> Vec<NaiveDateTime> {
    let part = |name: &str| rule.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let month: u32 = part("BYMONTH").expect("month").parse().expect("number");
    let until = part("UNTIL").map(|until| local(until.trim_end_matches('Z')) + Duration::seconds(from));
    let days = NaiveDate::from_ymd_opt(start.year(), month, 1).expect("a day").iter_days();
    let days = days.take_while(|day| day.year() <= 2037).filter(|day| day.month() == month);
    let days = days.filter(|day| part("BYDAY").is_none_or(|rule| is_day(rule, *day)));
    let days = days.filter(|day| {
        part("BYMONTHDAY").is_none_or(|list| list.split(',').any(|d| d == day.day().to_string()))
    });
    let times = days.map(|day| day.and_time(start.time()));
    times.filter(|time| *time > start && until.is_none_or(|until| *time <= until)).collect()
}

fn is_day(rule: &str, day: NaiveDate) -> bool {
    let (ordinal, name) = rule.split_at(rule.len() - 2);
    let weekday = match name {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        _ => Weekday::Sun,
    };
    let ordinal = match ordinal {
        "" => true,
        "-1" => (day + Duration::days(7)).month() != day.month(),
        nth => nth.parse() == Ok((day.day() - 1) / 7 + 1),
    };
    day.weekday() == weekday && ordinal
}

fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").expect("a time")
}

fn seconds(offset: &str) -> i64 {
    let number =
        |range: std::ops::Range<usize>| offset.get(range).map_or(0, |part| part.parse().expect("digits"));
    let seconds: i64 = number(1..3) * 3600 + number(3..5) * 60 + number(5..7);
    if offset.starts_with('-') { -seconds } else { seconds }
}
