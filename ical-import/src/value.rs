//! The values that mean a time: dates, date-times, durations (RFC 5545 3.3), read tolerantly.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_while_m_n};
use nom::character::complete::{char, one_of};
use nom::combinator::{all_consuming, map_opt, opt, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};
use serde::{Serialize, Serializer};

use crate::component::Property;
use crate::error::Fault;

/// A DATE or DATE-TIME value (RFC 5545 3.3.4, 3.3.5).
///
/// Shown and serialized as ISO 8601, with the zone as RFC 9557 puts it: `2026-03-01`, `2026-03-01T10:00:00`,
/// `2026-03-01T10:00:00Z`, `2026-03-01T10:00:00[Europe/Berlin]`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum When {
    /// A day.
    Date(NaiveDate),
    /// A time of day wherever one is.
    Floating(NaiveDateTime),
    /// An instant.
    Utc(DateTime<Utc>),
    /// A time of day in a time zone.
    Zoned {
        /// The time of day there.
        local: NaiveDateTime,
        /// The time zone as the file calls it.
        tzid: String,
    },
}

impl When {
    /// Reads the value of a property such as DTSTART, with its VALUE and TZID.
    ///
    /// Beside the form of RFC 5545 that of ISO 8601 is read (`2026-03-01T10:00:00Z`), and seconds may be missing.
    pub fn read(property: &Property) -> Result<When, Fault> {
        When::read_value(property, &property.value)
    }

    /// Reads the values of a property such as EXDATE, which holds a list. Of a period only the start is taken.
    pub fn read_list(property: &Property) -> Result<Vec<When>, Fault> {
        let starts = property.value.split(',').map(|value| value.split('/').next().unwrap_or(value));
        starts
            .filter(|start| !start.trim().is_empty())
            .map(|start| When::read_value(property, start))
            .collect()
    }

    /// The value as RFC 5545 writes it; the zone of a zoned one belongs into TZID.
    pub fn value(&self) -> String {
        match self {
            When::Date(date) => date.format("%Y%m%d").to_string(),
            When::Floating(local) | When::Zoned { local, .. } => local.format("%Y%m%dT%H%M%S").to_string(),
            When::Utc(instant) => instant.format("%Y%m%dT%H%M%SZ").to_string(),
        }
    }

    /// The day and the time of day as written, whatever the zone; midnight for a day.
    pub fn local(&self) -> NaiveDateTime {
        match self {
            When::Date(date) => date.and_time(NaiveTime::MIN),
            When::Floating(local) | When::Zoned { local, .. } => *local,
            When::Utc(instant) => instant.naive_utc(),
        }
    }

    /// Whether it is a day.
    pub fn is_date(&self) -> bool {
        matches!(self, When::Date(_))
    }

    fn read_value(property: &Property, text: &str) -> Result<When, Fault> {
        let (_, (date, time)) = all_consuming(date_time)
            .parse(text.trim())
            .map_err(|_| Fault::value(&property.name, text, "a date or a date and time"))?;
        let Some((local, utc)) = time.filter(|_| !property.has("VALUE", "DATE")) else {
            return Ok(When::Date(date));
        };
        Ok(match property.parameter("TZID").filter(|tzid| !tzid.trim().is_empty()) {
            _ if utc => When::Utc(local.and_utc()),
            Some(tzid) => When::Zoned { local, tzid },
            None => When::Floating(local),
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Date(date) => write!(f, "{}", date.format("%Y-%m-%d")),
            When::Floating(local) => write!(f, "{}", local.format(ISO)),
            When::Utc(instant) => write!(f, "{}Z", instant.format(ISO)),
            When::Zoned { local, tzid } => write!(f, "{}[{tzid}]", local.format(ISO)),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A DURATION value (RFC 5545 3.3.6): days are nominal, seconds exact.
///
/// Shown and serialized as RFC 5545 writes it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Span {
    /// Days, as long as each is where it is; a week is seven.
    pub days: i64,
    /// Hours, minutes and seconds, in seconds.
    pub seconds: i64,
}

impl Span {
    /// Reads the value of a property such as DURATION.
    pub fn read(property: &Property) -> Result<Span, Fault> {
        let read = all_consuming(duration).parse(property.value.trim());
        read.map(|(_, span)| span)
            .map_err(|_| Fault::value(&property.name, &property.value, "a duration such as PT1H30M"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days < 0 || self.seconds < 0 {
            f.write_str("-")?;
        }
        let (days, seconds) = (self.days.abs(), self.seconds.abs());
        f.write_str("P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if days == 0 || seconds > 0 {
            f.write_str("T")?;
        }
        for (count, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        if seconds % 60 > 0 || (days, seconds) == (0, 0) {
            write!(f, "{}S", seconds % 60)?;
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A date, or a date and a time of day and whether that is in UTC.
type DateAndTime = (NaiveDate, Option<(NaiveDateTime, bool)>);

/// `date-time = date "T" time` (RFC 5545 3.3.5), or `date` alone, also with a `Z` that means nothing there.
fn date_time(input: &str) -> IResult<&str, DateAndTime> {
    let (input, date) = date(input)?;
    if input == "Z" {
        return Ok(("", (date, None)));
    }
    let (input, time) = opt(preceded(one_of("Tt "), (time, opt(one_of("Zz"))))).parse(input)?;
    let time = match time {
        Some((time, utc)) => Some((at(date, time).ok_or_else(|| refuse(input))?, utc.is_some())),
        None => None,
    };
    Ok((input, (date, time)))
}

/// `date = date-fullyear date-month date-mday` (RFC 5545 3.3.4), also with hyphens.
fn date(input: &str) -> IResult<&str, NaiveDate> {
    let hyphen = || opt(char('-'));
    let parts = (number(4), preceded(hyphen(), number(2)), preceded(hyphen(), number(2)));
    map_opt(parts, |(year, month, day)| NaiveDate::from_ymd_opt(year as i32, month, day)).parse(input)
}

/// `time = time-hour time-minute time-second` (RFC 5545 3.3.12), also with colons or without seconds.
fn time(input: &str) -> IResult<&str, (u32, u32, u32)> {
    let colon = || opt(char(':'));
    let (input, (hour, minute)) = (number(2), preceded(colon(), number(2))).parse(input)?;
    let (input, second) = opt(preceded(colon(), number(2))).parse(input)?;
    Ok((input, (hour, minute, second.unwrap_or(0))))
}

/// A leap second is the one before it; 24:00 is the next day's 00:00, if that can still be written: a year has four
/// digits (RFC 5545 3.3.4).
fn at(date: NaiveDate, (hour, minute, second): (u32, u32, u32)) -> Option<NaiveDateTime> {
    if (hour, minute, second) == (24, 0, 0) {
        let next = date.checked_add_days(Days::new(1)).filter(|next| next.year() <= LAST_YEAR)?;
        return Some(next.and_time(NaiveTime::MIN));
    }
    date.and_hms_opt(hour, minute, if second == 60 { 59 } else { second })
}

/// `dur-value = (["+"] / "-") "P" (dur-date / dur-time / dur-week)` (RFC 5545 3.3.6), weeks and days also together.
fn duration(input: &str) -> IResult<&str, Span> {
    let (input, sign) = opt(alt((value(-1, char('-')), value(1, char('+'))))).parse(input)?;
    let (input, _) = one_of("Pp")(input)?;
    let (input, (weeks, days)) = (amount("W"), amount("D")).parse(input)?;
    let times = (amount("H"), amount("M"), amount("S"));
    let (input, times) = opt(preceded(one_of("Tt"), times)).parse(input)?;
    let (hours, minutes, seconds) = times.unwrap_or_default();
    if [weeks, days, hours, minutes, seconds].iter().all(Option::is_none) {
        return Err(refuse(input));
    }
    let count = |amount: Option<i64>| sign.unwrap_or(1) * amount.unwrap_or(0);
    let days = count(weeks) * 7 + count(days);
    let seconds = count(hours) * 3600 + count(minutes) * 60 + count(seconds);
    Ok((input, Span { days, seconds }))
}

fn amount<'a>(
    unit: &'static str,
) -> impl Parser<&'a str, Output = Option<i64>, Error = nom::error::Error<&'a str>> {
    let digits = take_while_m_n(1, 9, |c: char| c.is_ascii_digit());
    opt(terminated(map_opt(digits, |digits: &str| digits.parse().ok()), tag_no_case(unit)))
}

fn number<'a>(digits: usize) -> impl Parser<&'a str, Output = u32, Error = nom::error::Error<&'a str>> {
    map_opt(take_while_m_n(digits, digits, |c: char| c.is_ascii_digit()), |digits: &str| digits.parse().ok())
}

fn refuse(input: &str) -> nom::Err<nom::error::Error<&str>> {
    nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify))
}

const LAST_YEAR: i32 = 9999;
const ISO: &str = "%Y-%m-%dT%H:%M:%S";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::content_line;

    fn property(line: &str) -> Property {
        content_line(line, 1).expect(line).property
    }

    #[test]
    fn dates_and_times_are_read() {
        for (line, shown, value) in [
            ("DTSTART;VALUE=DATE:20260301", "2026-03-01", "20260301"),
            ("DTSTART:20260301", "2026-03-01", "20260301"),
            ("DTSTART:20260301Z", "2026-03-01", "20260301"),
            ("DTSTART:19980118T230000", "1998-01-18T23:00:00", "19980118T230000"),
            ("DTSTART:19980119T070000Z", "1998-01-19T07:00:00Z", "19980119T070000Z"),
            (
                "DTSTART;TZID=America/New_York:19980119T020000",
                "1998-01-19T02:00:00[America/New_York]",
                "19980119T020000",
            ),
            ("DTSTART;TZID=Europe/Berlin:20260301T100000Z", "2026-03-01T10:00:00Z", "20260301T100000Z"),
            ("DTSTART: 20260301T1000 ", "2026-03-01T10:00:00", "20260301T100000"),
            ("DTSTART:2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", "20260301T100000Z"),
            ("DTSTART:2026-03-01 10:00", "2026-03-01T10:00:00", "20260301T100000"),
            ("DTSTART:19970630T235960Z", "1997-06-30T23:59:59Z", "19970630T235959Z"),
            ("DTSTART:20261231T240000", "2027-01-01T00:00:00", "20270101T000000"),
            ("DTSTART;VALUE=DATE:20260301T000000", "2026-03-01", "20260301"),
        ] {
            let when = When::read(&property(line)).expect(line);
            assert_eq!((when.to_string().as_str(), when.value().as_str()), (shown, value), "{line}");
        }
    }

    #[test]
    fn what_is_no_date_is_told() {
        for value in [
            "",
            "2026",
            "20261301",
            "20260230",
            "20260301T",
            "20260301T250000",
            "tomorrow",
            "20260301T100000ZZ",
            "99991231T240000Z",
        ] {
            let fault = When::read(&Property::new("DTSTART", value)).expect_err(value);
            assert!(matches!(fault, Fault::Value { .. }), "{value}");
        }
    }

    #[test]
    fn lists_and_periods_are_read() {
        let list = |line: &str| {
            When::read_list(&property(line)).map(|list| list.iter().map(When::value).collect::<Vec<_>>())
        };
        assert_eq!(list("EXDATE:19960402T010000Z,19960403T010000Z").expect("dates").len(), 2);
        let periods = list("RDATE;VALUE=PERIOD:19960403T020000Z/19960403T040000Z,19960404T010000Z/PT3H");
        assert_eq!(periods.expect("periods"), ["19960403T020000Z", "19960404T010000Z"]);
        assert_eq!(list("EXDATE:").expect("nothing"), [""; 0]);
        assert!(list("EXDATE:19960402T010000Z,x").is_err());
    }

    #[test]
    fn durations_are_read() {
        for (text, days, seconds, shown) in [
            ("P15DT5H0M20S", 15, 18020, "P15DT5H20S"),
            ("P7W", 49, 0, "P49D"),
            ("-PT15M", 0, -900, "-PT15M"),
            ("+P1D", 1, 0, "P1D"),
            ("PT0S", 0, 0, "PT0S"),
            ("pt1h", 0, 3600, "PT1H"),
            ("P1W2D", 9, 0, "P9D"),
        ] {
            let span = Span::read(&Property::new("DURATION", text)).expect(text);
            assert_eq!(span, Span { days, seconds }, "{text}");
            assert_eq!(span.to_string(), shown, "{text}");
        }
        for text in ["", "P", "PT", "1H", "P1H", "PT1D", "P1Y", "PT99999999999H"] {
            assert!(Span::read(&Property::new("DURATION", text)).is_err(), "{text}");
        }
    }
}
