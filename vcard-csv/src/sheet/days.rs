//! Dates in cells. Whether the day or the month comes first is inferred from all dates of the file, and where
//! that gives no answer the cell stays text.

use crate::dates::{canonical, from_numbers};

/// What comes first in `04/03/1980`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Order {
    /// Some cells say this, some that.
    Contradictory,
    Day,
    Month,
    /// No cell tells.
    Unknown,
}

impl Order {
    /// The order that the cells prove.
    pub(crate) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let (mut day, mut month) = (false, false);
        for (separator, first, second, _) in cells.filter_map(|cell| numbers(without_time(cell))) {
            if separator == '.' || first.len() > 2 {
                continue;
            }
            let (first, second) = (value(first), value(second));
            day |= first > 12 && second <= 12;
            month |= second > 12 && first <= 12;
        }
        match (day, month) {
            (true, true) => Self::Contradictory,
            (true, false) => Self::Day,
            (false, true) => Self::Month,
            (false, false) => Self::Unknown,
        }
    }
}

/// What a cell of a date column holds.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Day {
    /// The basic form, as cards have it.
    Date(String),
    /// Nothing: empty, or Outlook's `0/0/00`.
    Nothing,
    /// No date that can be told; the reason.
    Text(&'static str),
}

impl Day {
    /// Reads a cell.
    pub(crate) fn read(cell: &str, order: Order) -> Self {
        let cell = without_time(cell);
        if cell.chars().all(|character| matches!(character, '0' | '/' | '.' | '-' | ' ')) {
            return Self::Nothing;
        }
        if let Some(date) = canonical(cell) {
            return Self::Date(date);
        }
        match numbers(cell) {
            None => Self::Text("is no date that can be read"),
            Some((_, year, month, day)) if year.len() == 4 => Self::of(Some(year), month, day),
            Some((_, _, _, year)) if year.len() != 4 => Self::Text("has no century"),
            Some(('.', day, month, year)) => Self::of(Some(year), month, day),
            Some((_, first, second, year)) => match order {
                _ if first == second => Self::of(Some(year), first, second),
                _ if value(first) > 12 => Self::of(Some(year), second, first),
                _ if value(second) > 12 => Self::of(Some(year), first, second),
                Order::Day => Self::of(Some(year), second, first),
                Order::Month => Self::of(Some(year), first, second),
                Order::Contradictory => {
                    Self::Text("may have the day or the month first, and the file has dates of both kinds")
                }
                Order::Unknown => {
                    Self::Text("may have the day or the month first, and no date of the file tells")
                }
            },
        }
    }

    /// A date of three cells; the year may be empty.
    pub(crate) fn of_cells(year: &str, month: &str, day: &str) -> Self {
        let [year, month, day] = [year, month, day].map(str::trim);
        match (year, month, day) {
            ("" | "0", "" | "0", "" | "0") => Self::Nothing,
            ("" | "0", month, day) => Self::of(None, month, day),
            (year, "" | "0", "" | "0") if year.len() == 4 => canonical(year).map_or(NO_DATE, Self::Date),
            (year, month, day) => Self::of(Some(year), month, day),
        }
    }

    fn of(year: Option<&str>, month: &str, day: &str) -> Self {
        let parsed = match year.map(str::parse::<i32>) {
            Some(Err(_)) => None,
            Some(Ok(year)) => from_numbers(Some(year), value(month), value(day)),
            None => from_numbers(None, value(month), value(day)),
        };
        parsed.map_or(NO_DATE, Self::Date)
    }
}

/// The separator and the three numbers between.
fn numbers(cell: &str) -> Option<(char, &str, &str, &str)> {
    let separator = cell.chars().find(|character| matches!(character, '/' | '.' | '-'))?;
    let mut parts = cell.split(separator).map(str::trim);
    let three = (parts.next()?, parts.next()?, parts.next()?);
    let is_number =
        |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let all = parts.next().is_none() && [three.0, three.1, three.2].into_iter().all(is_number);
    all.then_some((separator, three.0, three.1, three.2))
}

/// Midnight says nothing about a birthday.
fn without_time(cell: &str) -> &str {
    let cell = cell.trim();
    let Some((date, time)) = cell.split_once([' ', 'T']) else { return cell };
    let midnight =
        ["0:00", "00:00", "0:00:00", "00:00:00", "00:00:00Z", "00:00:00.000", "12:00 AM", "12:00:00 AM"];
    if midnight.contains(&time.trim()) { date } else { cell }
}

/// Up to four digits; anything else is no day and no month.
fn value(digits: &str) -> u32 {
    digits.parse().unwrap_or(u32::MAX)
}

const NO_DATE: Day = Day::Text("is no date that can be read");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        let date = |text: &str| Day::Date(text.to_owned());
        for (cell, order, expected) in [
            ("1980-03-04", Order::Unknown, date("19800304")),
            ("1980/3/4", Order::Unknown, date("19800304")),
            ("4.3.1980", Order::Unknown, date("19800304")),
            ("31/12/1980", Order::Unknown, date("19801231")),
            ("12/31/1980", Order::Unknown, date("19801231")),
            ("03/03/1980", Order::Unknown, date("19800303")),
            ("04/03/1980", Order::Day, date("19800304")),
            ("03/04/1980 0:00:00", Order::Month, date("19800304")),
            ("--03-04", Order::Unknown, date("--0304")),
            ("0/0/00", Order::Unknown, Day::Nothing),
            ("", Order::Unknown, Day::Nothing),
            ("30.02.1980", Order::Unknown, NO_DATE),
            ("in May", Order::Unknown, NO_DATE),
            ("4/3/80", Order::Day, Day::Text("has no century")),
        ] {
            assert_eq!(Day::read(cell, order), expected, "{cell}");
        }
        assert!(matches!(Day::read("04/03/1980", Order::Unknown), Day::Text(_)));
        assert!(matches!(Day::read("04/03/1980", Order::Contradictory), Day::Text(_)));
        assert_eq!(Day::of_cells("", "12", "24"), date("--1224"));
        assert_eq!(Day::of_cells("1980", "", ""), date("1980"));
        assert_eq!(Day::of_cells("1980", "2", "29"), date("19800229"));
    }

    #[test]
    fn the_whole_file_tells_the_order() {
        for (cells, expected) in [
            (&["04/03/1980", "31/12/1975"][..], Order::Day),
            (&["04/03/1980", "12/31/1975"], Order::Month),
            (&["04/03/1980", "0/0/00"], Order::Unknown),
            (&["31/12/1975", "12/31/1975"], Order::Contradictory),
            (&["31.12.1975", "1980-01-31"], Order::Unknown),
        ] {
            assert_eq!(Order::of(cells.iter().copied()), expected, "{cells:?}");
        }
    }
}
