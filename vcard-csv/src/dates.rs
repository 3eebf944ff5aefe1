//! Dates as cards have them (RFC 6350 section 4.3, RFC 2426 section 3.1.5), complete or in part.

use chrono::NaiveDate;

/// The basic form (`19850412`, `--0412`, `1985-04`, `1985`, `--04`, `---12`, each complete date also with a
/// time) of a date in basic or extended form; nothing when the text is no date.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    match time {
        None => complete(date).or_else(|| partial(date)),
        Some(time) => Some(format!("{}T{}", complete(date)?, clock(time)?)),
    }
}

/// The extended form (`1985-04-12`) of a complete date, perhaps with a complete time, in basic form.
pub(crate) fn extended(canonical: &str) -> Option<String> {
    let (date, time) = match canonical.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (canonical, None),
    };
    let digits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let date = digits.then(|| format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))?;
    let Some(time) = time else { return Some(date) };
    let (clock, zone) = time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()));
    let zone = match zone.len() {
        0 | 1 => zone.to_owned(),
        5 => format!("{}:{}", &zone[..3], &zone[3..]),
        _ => return None,
    };
    // 3.0 has no hours without seconds.
    let whole = (clock.len() == 6).then(|| format!("{}:{}:{}", &clock[..2], &clock[2..4], &clock[4..]))?;
    Some(format!("{date}T{whole}{zone}"))
}

/// The basic form of a date given by its numbers; the year may be missing.
pub(crate) fn from_numbers(year: Option<i32>, month: u32, day: u32) -> Option<String> {
    match year {
        Some(year) if (1..=9999).contains(&year) => {
            NaiveDate::from_ymd_opt(year, month, day).map(|_| format!("{year:04}{month:02}{day:02}"))
        }
        Some(_) => None,
        // A leap year, so that 29 February has its place.
        None => NaiveDate::from_ymd_opt(2000, month, day).map(|_| format!("--{month:02}{day:02}")),
    }
}

fn complete(date: &str) -> Option<String> {
    let parts: Vec<&str> = date.split('-').collect();
    let (year, month, day) = match parts[..] {
        [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 => (year, month, day),
        [date] if date.len() == 8 && date.is_ascii() => (&date[..4], &date[4..6], &date[6..]),
        _ => return None,
    };
    from_numbers(Some(number(year)?.try_into().ok()?), number(month)?, number(day)?)
}

fn partial(date: &str) -> Option<String> {
    if let Some(day) = date.strip_prefix("---") {
        return (day.len() == 2 && (1..=31).contains(&number(day)?)).then(|| format!("---{day}"));
    }
    if let Some(rest) = date.strip_prefix("--") {
        let digits = rest.replace('-', "");
        return match digits.len() {
            2 if rest.len() == 2 => month(&digits).then(|| format!("--{digits}")),
            4 => from_numbers(None, number(digits.get(..2)?)?, number(digits.get(2..)?)?),
            _ => None,
        };
    }
    match date.split_once('-') {
        Some((year, rest)) if year.len() == 4 && rest.len() == 2 => {
            (number(year).is_some() && month(rest)).then(|| date.to_owned())
        }
        None if date.len() == 4 => number(date).map(|_| date.to_owned()),
        _ => None,
    }
}

/// `14`, `1430`, `143000`, each also with a zone as `Z`, `-05` or `-0500`; with or without colons.
fn clock(time: &str) -> Option<String> {
    let basic = time.replace(':', "").to_ascii_uppercase();
    let (clock, zone) = basic.split_at(basic.find(['Z', '+', '-']).unwrap_or(basic.len()));
    let limits = [24, 60, 61];
    let is_clock = matches!(clock.len(), 2 | 4 | 6)
        && clock.is_ascii()
        && (0..clock.len() / 2)
            .zip(limits)
            .all(|(at, limit)| number(&clock[at * 2..at * 2 + 2]).is_some_and(|number| number < limit));
    let is_zone = match zone.as_bytes() {
        [] | [b'Z'] => true,
        [b'+' | b'-', digits @ ..] => matches!(digits.len(), 2 | 4) && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    (is_clock && is_zone).then_some(basic)
}

fn month(digits: &str) -> bool {
    number(digits).is_some_and(|month| (1..=12).contains(&month))
}

fn number(digits: &str) -> Option<u32> {
    let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        for (given, expected) in [
            ("1985-04-12", Some("19850412")),
            ("19850412", Some("19850412")),
            ("--04-12", Some("--0412")),
            ("--0412", Some("--0412")),
            ("--0229", Some("--0229")),
            ("---12", Some("---12")),
            ("--04", Some("--04")),
            ("1985-04", Some("1985-04")),
            ("1985", Some("1985")),
            ("1996-10-22T14:00:00Z", Some("19961022T140000Z")),
            ("19961022T140000-0500", Some("19961022T140000-0500")),
            ("20090808T1430-0500", Some("20090808T1430-0500")),
            ("20090808T14", Some("20090808T14")),
            ("1985-02-30", None),
            ("circa 1800", None),
            ("0000-00-00", None),
            ("--99", None),
            ("1985-04-12T25:00:00", None),
            ("äöüß", None),
            ("", None),
        ] {
            assert_eq!(canonical(given).as_deref(), expected, "{given}");
        }
        assert_eq!(extended("19961022T140000-0500").as_deref(), Some("1996-10-22T14:00:00-05:00"));
        assert_eq!(extended("19961022T140000Z").as_deref(), Some("1996-10-22T14:00:00Z"));
        assert_eq!(extended("19850412").as_deref(), Some("1985-04-12"));
        assert_eq!(extended("--0412"), None);
        assert_eq!(extended("20090808T1430-0500"), None);
    }
}
