//! The text of a field as a typed value.

use super::reject::Fault;

/// Days from 1970-01-01 to 2000-01-01, the first day of PostgreSQL.
const EPOCH_DAYS: i32 = 10_957;
const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
/// Every integer of that many digits is a double.
const MAX_SHORT_DIGITS: usize = 15;
const POWERS_OF_TEN: [f64; MAX_SHORT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// Character between a number's integer and fraction.
pub(super) fn decimal_mark(decimal_comma: bool) -> u8 {
    if decimal_comma { b',' } else { b'.' }
}

/// 64-bit integer; a fraction of zeros is allowed (`1551.0`). Nothing is rounded.
pub(super) fn bigint(text: &str, decimal_comma: bool) -> Result<i64, Fault> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let mark = digits.iter().position(|&b| b == decimal_mark(decimal_comma));
    let (whole, fraction) = match mark {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &digits[..0]),
    };
    if whole.is_empty() || !whole.iter().all(u8::is_ascii_digit) || fraction.iter().any(|&b| b != b'0') {
        return Err(Fault::Bigint);
    }
    // Summed below zero, where the range is larger by one.
    let below = whole.iter().try_fold(0i64, |sum, &digit| {
        sum.checked_mul(10).and_then(|sum| sum.checked_sub(i64::from(digit - b'0')))
    });
    match below {
        Some(value) if negative => Ok(value),
        Some(value) => value.checked_neg().ok_or(Fault::OutOfRange),
        None => Err(Fault::OutOfRange),
    }
}

/// 32-bit integer, by the rules of `bigint`.
pub(super) fn integer(text: &str, decimal_comma: bool) -> Result<i32, Fault> {
    let value = bigint(text, decimal_comma).map_err(|fault| match fault {
        Fault::Bigint => Fault::Integer,
        other => other,
    })?;
    i32::try_from(value).map_err(|_| Fault::OutOfRange)
}

/// Finite double, the nearest to the text; a text that overflows, or underflows to zero, is out of range.
pub(super) fn float8(text: &str, decimal_comma: bool) -> Result<f64, Fault> {
    if let Some(value) = short_decimal(text.as_bytes(), decimal_mark(decimal_comma)) {
        return Ok(value);
    }
    let value = if decimal_comma { with_comma(text)? } else { text.parse().map_err(|_| Fault::Float8)? };
    if !value.is_finite() {
        let is_number = text.bytes().any(|b| b.is_ascii_digit());
        return Err(if is_number { Fault::OutOfRange } else { Fault::NotFinite });
    }
    if value == 0.0 {
        let mut mantissa = text.bytes().take_while(|b| !b.eq_ignore_ascii_case(&b'e'));
        if mantissa.any(|b| matches!(b, b'1'..=b'9')) {
            return Err(Fault::OutOfRange);
        }
    }
    Ok(value)
}

/// A number of at most 15 digits without exponent, which is what measurements are: integer and power of ten are exact
/// doubles, so that one division rounds correctly (Clinger, "How to read floating point numbers accurately").
fn short_decimal(text: &[u8], mark: u8) -> Option<f64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if digits.len() > MAX_SHORT_DIGITS + 1 {
        return None;
    }
    let mut sum = 0u64;
    let mut mark_at = None;
    for (at, &byte) in digits.iter().enumerate() {
        if byte.is_ascii_digit() {
            sum = sum * 10 + u64::from(byte - b'0');
        } else if byte == mark && mark_at.is_none() {
            mark_at = Some(at);
        } else {
            return None;
        }
    }
    let count = digits.len() - usize::from(mark_at.is_some());
    if count == 0 || count > MAX_SHORT_DIGITS {
        return None;
    }
    let fraction_digits = mark_at.map_or(0, |at| digits.len() - 1 - at);
    let value = sum as f64 / POWERS_OF_TEN[fraction_digits];
    Some(if negative { -value } else { value })
}

/// A number written with a decimal comma. A point would be a thousands mark there: refused.
fn with_comma(text: &str) -> Result<f64, Fault> {
    let mut buffer = [0u8; 64];
    // More digits than this do not come from a measurement.
    let slot = buffer.get_mut(..text.len()).ok_or(Fault::Float8)?;
    for (to, from) in slot.iter_mut().zip(text.bytes()) {
        *to = match from {
            b',' => b'.',
            b'.' => return Err(Fault::Float8),
            other => other,
        };
    }
    std::str::from_utf8(slot).ok().and_then(|text| text.parse().ok()).ok_or(Fault::Float8)
}

/// `0/1`, `true/false`, `t/f`, `yes/no`, in any case.
pub(super) fn boolean(text: &str) -> Result<bool, Fault> {
    match text {
        "1" => return Ok(true),
        "0" => return Ok(false),
        _ => {}
    }
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") || is("t") || is("yes") {
        Ok(true)
    } else if is("false") || is("f") || is("no") {
        Ok(false)
    } else {
        Err(Fault::Boolean)
    }
}

/// `YYYY-MM-DD` as days since 2000-01-01.
pub(super) fn date(text: &str) -> Result<i32, Fault> {
    civil_days(text.as_bytes(), Fault::DateFormat, Fault::DateRange)
}

/// `YYYY-MM-DD HH:MM[:SS[.ffffff]]`, or with `T`, as microseconds since 2000-01-01 00:00. No time zone.
pub(super) fn timestamp(text: &str) -> Result<i64, Fault> {
    let bytes = text.as_bytes();
    let format = || Fault::TimestampFormat;
    let day = bytes.get(..10).ok_or_else(format)?;
    if !matches!(bytes.get(10), Some(b' ' | b'T')) || bytes.get(13) != Some(&b':') {
        return Err(format());
    }
    let hour = two_digits(bytes, 11).ok_or_else(format)?;
    let minute = two_digits(bytes, 14).ok_or_else(format)?;
    let second = match bytes.get(16) {
        None => 0,
        Some(b':') => two_digits(bytes, 17).ok_or_else(format)?,
        Some(_) => return Err(format()),
    };
    let fraction_us = match bytes.get(19..) {
        None | Some([]) => 0,
        Some([b'.', digits @ ..])
            if (1..=6).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit) =>
        {
            let value = digits.iter().fold(0i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
            (digits.len()..6).fold(value, |value, _| value * 10)
        }
        Some(_) => return Err(format()),
    };
    let days = civil_days(day, Fault::TimestampFormat, Fault::TimestampRange)?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Fault::TimestampRange);
    }
    let seconds = i64::from((hour * 60 + minute) * 60 + second);
    Ok(i64::from(days) * DAY_US + seconds * SECOND_US + fraction_us)
}

fn two_digits(bytes: &[u8], at: usize) -> Option<i32> {
    match bytes.get(at..at + 2)? {
        [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => {
            Some(i32::from(a - b'0') * 10 + i32::from(b - b'0'))
        }
        _ => None,
    }
}

fn civil_days(bytes: &[u8], format: Fault, range: Fault) -> Result<i32, Fault> {
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return Err(format);
    }
    let part = |at| two_digits(bytes, at).ok_or(format);
    let (year, month, day) = (part(0)? * 100 + part(2)?, part(5)?, part(8)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return Err(range),
    };
    if year < 1 || !(1..=length).contains(&day) {
        return Err(range);
    }
    // Years from March on, so that the leap day is a year's last (Hinnant, "chrono-compatible low-level date algorithms").
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Ok(era * 146_097 + day_of_era - 719_468 - EPOCH_DAYS)
}
