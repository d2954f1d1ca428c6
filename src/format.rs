//! Numbers, shares, dates and money as people read them, the same in every country.

use chrono::DateTime;
use paydirt_udfs::money::currency::currency_exponent;

const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;

/// `1,234`
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 trial`, `1,234 trials`
pub(crate) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `35 %`, and a decimal where whole percents would hide something: `3.5 %`, `97.4 %`
pub(crate) fn percent(share: f64) -> String {
    match share {
        s if s > 0.0 && s < 0.0005 => "< 0.1 %".to_owned(),
        s if s > 0.9995 && s < 1.0 => "> 99.9 %".to_owned(),
        s => format!("{} %", decimals(s * 100.0)),
    }
}

/// `35 %`, or a dash where there is nothing to divide.
pub(crate) fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), percent)
}

/// A size in percentage points, without a sign: `5 points`
pub(crate) fn size(share: f64) -> String {
    format!("{} points", decimals(share.abs() * 100.0))
}

/// A difference of shares in percentage points: `+27 points`
pub(crate) fn points(diff: f64) -> String {
    format!("{} points", signed_points(diff))
}

/// `+27`, `−66`
pub(crate) fn signed_points(diff: f64) -> String {
    let text = decimals(diff.abs() * 100.0);
    match diff {
        _ if text == "0" => text,
        _ if diff < 0.0 => format!("−{text}"),
        _ => format!("+{text}"),
    }
}

fn decimals(percents: f64) -> String {
    let is_middling = (9.95..=90.05).contains(&percents);
    let text = format!("{percents:.*}", usize::from(!is_middling));
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A number that is not negative: `0.60`, with more decimals where two say nothing: `0.0041`
pub(crate) fn number(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        v if v < 0.0001 => format!("{value:.0e}"),
        v if v < 0.01 => format!("{value:.4}"),
        v if v < 1000.0 => format!("{value:.2}"),
        v => count(v.round() as u64),
    }
}

/// `0.82`, `0.0041`, `< 0.0001`
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { number(p) }
}

/// So many a month: `4.5`, `61`
pub(crate) fn pace(per_month: f64) -> String {
    if per_month < 9.95 { format!("{per_month:.1}") } else { count(per_month.round() as u64) }
}

/// `2025-09-01`
pub(crate) fn date(at: i64) -> String {
    formatted(at, "%Y-%m-%d")
}

/// `2025-09-01`, with the time of day if it is not midnight: `2025-09-01 12:30:00 UTC`
pub(crate) fn moment(at: i64) -> String {
    if at.rem_euclid(DAY_US) == 0 { date(at) } else { formatted(at, "%Y-%m-%d %H:%M:%S UTC") }
}

fn formatted(at: i64, pattern: &str) -> String {
    DateTime::from_timestamp_micros(at)
        .map_or_else(|| format!("{at} µs"), |time| time.format(pattern).to_string())
}

/// A length of time in microseconds: `3 days`, `36 hours`
pub(crate) fn duration(us: i64) -> String {
    if us % DAY_US == 0 {
        counted((us / DAY_US).unsigned_abs(), "day")
    } else if us % HOUR_US == 0 {
        counted((us / HOUR_US).unsigned_abs(), "hour")
    } else {
        format!("{:.1} hours", us as f64 / HOUR_US as f64)
    }
}

/// `about 9 months`, `about 8 years`
pub(crate) fn months(months: f64) -> String {
    match months {
        m if m < 1.0 => "less than a month".to_owned(),
        m if m < 24.0 => format!("about {}", counted(m.round() as u64, "month")),
        m => format!("about {}", counted((m / 12.0).round() as u64, "year")),
    }
}

/// Minor units as money: `USD 78.00`
pub(crate) fn money(minor: f64, currency: &str) -> String {
    let decimals = currency_exponent(currency) as usize;
    let major = minor.abs() / 10_f64.powi(decimals as i32);
    let text = format!("{major:.decimals$}");
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let sign = if minor < 0.0 { "−" } else { "" };
    let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
    format!("{} {sign}{whole}{fraction}", currency.to_uppercase())
}

/// The tier by its confidence, as people call it; a link that was settled by hand is its own.
pub(crate) fn tier_name(confidence: f64, is_override: bool) -> &'static str {
    match (confidence * 100.0).round() as i64 {
        _ if is_override => "override",
        100 => "account id",
        95 => "e-mail",
        90 => "canonical e-mail",
        70 => "domain",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "trial"), "1 trial");
    }

    #[test]
    fn shares_keep_a_decimal_only_where_it_matters() {
        let shares = [0.0, 0.0001, 0.035, 0.1, 0.354, 0.974, 0.9999, 1.0].map(percent);
        assert_eq!(
            shares,
            ["0 %", "< 0.1 %", "3.5 %", "10 %", "35 %", "97.4 %", "> 99.9 %", "100 %"]
        );
        assert_eq!(points(-0.2667), "−27 points");
        assert_eq!(points(0.0), "0 points");
    }

    #[test]
    fn money_has_the_decimals_of_its_currency() {
        assert_eq!(money(7800.0, "usd"), "USD 78.00");
        assert_eq!(money(1_234_567.0, "jpy"), "JPY 1,234,567");
        assert_eq!(money(1_234_560.0, "kwd"), "KWD 1,234.560");
    }

    #[test]
    fn times_are_plain() {
        assert_eq!(date(1_756_728_000_000_000), "2025-09-01");
        assert_eq!(moment(1_756_728_000_000_000), "2025-09-01 12:00:00 UTC");
        assert_eq!(duration(3 * DAY_US), "3 days");
        assert_eq!(duration(36 * HOUR_US), "36 hours");
        assert_eq!(months(0.2), "less than a month");
        assert_eq!(months(9.2), "about 9 months");
        assert_eq!(months(97.0), "about 8 years");
    }
}
