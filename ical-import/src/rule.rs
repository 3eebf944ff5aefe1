//! Whether a recurrence rule can be read (RFC 5545 3.3.10). The rule itself is carried as it is written.

use crate::component::Property;
use crate::error::Fault;
use crate::value::When;

/// Whether the value of an RRULE or EXRULE is a rule: a known FREQ, and each known part in its range.
///
/// Order, case, a semicolon too many and parts of other standards (RSCALE, SKIP, X-...) do no harm.
pub(crate) fn check(property: &Property) -> Result<(), Fault> {
    let fault = |found: &str, expected| Fault::value(&property.name, found, expected);
    let mut frequency = false;
    for part in property.value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| fault(part, "parts of NAME=VALUE"))?;
        check_part(&name.to_ascii_uppercase(), value.trim()).map_err(|expected| fault(part, expected))?;
        frequency |= name.eq_ignore_ascii_case("FREQ");
    }
    match frequency {
        true => Ok(()),
        false => Err(fault(&property.value, "a rule with a FREQ")),
    }
}

/// `recur-rule-part` (RFC 5545 3.3.10); the error is what was expected.
fn check_part(name: &str, value: &str) -> Result<(), &'static str> {
    let (fits, expected) = match name {
        "FREQ" => {
            (FREQUENCIES.iter().any(|name| value.eq_ignore_ascii_case(name)), "FREQ of SECONDLY to YEARLY")
        }
        "INTERVAL" | "COUNT" => (value.parse::<u32>().is_ok_and(|count| count > 0), "a number from 1"),
        "UNTIL" => (When::read(&Property::new("UNTIL", value)).is_ok(), "a date or a date and time"),
        "BYSECOND" => (is_list(value, 0..=60, false), "seconds from 0 to 60"),
        "BYMINUTE" => (is_list(value, 0..=59, false), "minutes from 0 to 59"),
        "BYHOUR" => (is_list(value, 0..=23, false), "hours from 0 to 23"),
        "BYDAY" => (value.split(',').all(is_day), "weekdays such as MO or -1SU"),
        "BYMONTHDAY" => (is_list(value, 1..=31, true), "days from 1 to 31"),
        "BYYEARDAY" | "BYSETPOS" => (is_list(value, 1..=366, true), "days from 1 to 366"),
        "BYWEEKNO" => (is_list(value, 1..=53, true), "weeks from 1 to 53"),
        // RFC 7529 4.2 marks a leap month with an L.
        "BYMONTH" => {
            (value.split(',').all(|month| is_number(month.trim_end_matches('L'), 1..=13, false)), "months")
        }
        "WKST" => (DAYS.iter().any(|day| value.eq_ignore_ascii_case(day)), "a weekday"),
        _ => return Ok(()),
    };
    if fits { Ok(()) } else { Err(expected) }
}

fn is_list(value: &str, range: std::ops::RangeInclusive<u32>, signed: bool) -> bool {
    value.split(',').all(|number| is_number(number, range.clone(), signed))
}

fn is_number(text: &str, range: std::ops::RangeInclusive<u32>, signed: bool) -> bool {
    let text = text.trim();
    let digits = if signed { text.strip_prefix(['+', '-']).unwrap_or(text) } else { text };
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse().is_ok_and(|number| range.contains(&number))
}

/// `weekdaynum = [[plus / minus] ordwk] weekday` (RFC 5545 3.3.10)
fn is_day(text: &str) -> bool {
    let text = text.trim();
    let Some((ordinal, day)) = text.len().checked_sub(2).and_then(|middle| text.split_at_checked(middle))
    else {
        return false;
    };
    DAYS.iter().any(|known| day.eq_ignore_ascii_case(known))
        && (ordinal.is_empty() || is_number(ordinal, 1..=53, true))
}

const FREQUENCIES: [&str; 7] = ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

const DAYS: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        for rule in [
            "FREQ=DAILY;COUNT=10",
            "FREQ=DAILY;UNTIL=19971224T000000Z",
            "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
            "FREQ=MONTHLY;COUNT=10;BYDAY=1SU,-1SU",
            "FREQ=MONTHLY;BYMONTHDAY=-3",
            "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
            "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD",
            "bymonth=1;freq=yearly;",
            "FREQ=YEARLY;UNTIL=2026-12-31",
        ] {
            assert_eq!(check(&Property::new("RRULE", rule)), Ok(()), "{rule}");
        }
    }

    #[test]
    fn what_is_no_rule_is_told() {
        for rule in [
            "",
            "COUNT=3",
            "FREQ=FORTNIGHTLY",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;INTERVAL=-1",
            "FREQ=DAILY;UNTIL=never",
            "FREQ=WEEKLY;BYDAY=MON",
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=YEARLY;BYMONTH=14",
            "FREQ",
            "FREQ=WEEKLY;BYDAY=",
            "FREQ=WEEKLY;BYDAY=\u{e4}O",
            "FREQ=DAILY;BYHOUR=+24",
        ] {
            assert!(check(&Property::new("RRULE", rule)).is_err(), "{rule}");
        }
    }
}
