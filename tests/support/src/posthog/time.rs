//! Times in microseconds, and as PostHog writes them.

const DAY: i64 = 86_400_000_000;

/// `2025-01-31T12:00:00.000000Z`, or with an offset of so many hours.
pub fn iso(at: i64, hours: i64) -> String {
    let at = at + hours * 3_600_000_000;
    let (days, rest) = (at.div_euclid(DAY), at.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let zone = if hours == 0 { "Z".to_owned() } else { format!("{hours:+03}:00") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}{zone}")
}

/// A time as ISO 8601 or ClickHouse has it: `T` or a space, with or without a fraction, an offset.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (time, offset) = match rest.find(['Z', '+', '-']) {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, ""),
    };
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = whole.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let minutes = match digits.len() {
        0 => 0,
        2 => digits.parse::<i64>().ok()? * 60,
        _ => digits.get(..2)?.parse::<i64>().ok()? * 60 + digits.get(2..4)?.parse::<i64>().ok()?,
    };
    let minutes = if offset.starts_with('-') { -minutes } else { minutes };
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((seconds - minutes * 60) * 1_000_000 + micros)
}

/// Days since 1970 of a date of the Gregorian calendar, which repeats every 400 years.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for at in [0, 1_735_689_600_000_000, 1_709_164_799_123_456, 4_102_444_800_000_001] {
            for hours in [0, 2, -8] {
                assert_eq!(parse(&iso(at, hours)), Some(at), "{}", iso(at, hours));
            }
        }
        assert_eq!(iso(1_735_689_600_000_000, 0), "2025-01-01T00:00:00.000000Z");
        assert_eq!(parse("2025-01-01"), Some(1_735_689_600_000_000));
        assert_eq!(parse("2025-01-01 02:00:00.5+0200"), Some(1_735_689_600_500_000));
        assert_eq!(parse("soon"), None);
    }
}
