//! Exact rational numbers. Every step is checked: what does not fit is unknown, never wrong.

use num_traits::ToPrimitive;
use num_traits::float::FloatCore;
use serde_json::Value;

/// A fraction of 128-bit integers in lowest terms.
pub type Ratio = num_rational::Ratio<i128>;

/// A plain decimal number, `-12.50`: no exponent, no blanks, no separators.
pub fn decimal(text: &str) -> Option<Ratio> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i128 = digits.parse().ok()?;
    let scale = 10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    Some(Ratio::new(if is_negative { -number } else { number }, scale))
}

/// The float nearest to a fraction.
pub fn to_float(exact: &Ratio) -> Option<f64> {
    exact.to_f64().filter(|float| float.is_finite())
}

/// A float as the fraction it is; `None` if it is not finite, or beyond 128 bits.
pub fn from_float(float: f64) -> Option<Ratio> {
    if !float.is_finite() {
        return None;
    }
    let (mantissa, exponent, sign) = float.integer_decode();
    let mantissa = i128::from(mantissa) * i128::from(sign);
    if mantissa == 0 {
        return Some(Ratio::from(0));
    }
    let scale = 2i128.checked_pow(u32::from(exponent.unsigned_abs()))?;
    if exponent < 0 {
        Some(Ratio::new(mantissa, scale))
    } else {
        mantissa.checked_mul(scale).map(Ratio::from)
    }
}

/// A decimal in JSON, as a number or as text. Outer `None`: it is neither; inner `None`: null.
pub(super) fn json_decimal(value: Option<&Value>) -> Option<Option<Ratio>> {
    match value {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => decimal(text).map(Some),
        Some(Value::Number(number)) => decimal(&number.to_string()).map(Some),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        let cases = [
            ("4900", Some((4900, 1))),
            ("0.000000000001", Some((1, 1_000_000_000_000))),
            ("-12.50", Some((-25, 2))),
            (".5", Some((1, 2))),
            ("7.", Some((7, 1))),
            ("", None),
            ("-", None),
            (".", None),
            ("1e3", None),
            (" 1", None),
            ("1,000", None),
            ("+1", None),
            ("--1", None),
            ("99999999999999999999999999999999999999999", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(numer, denom)| Ratio::new(numer, denom));
            assert_eq!(decimal(text), expected, "{text}");
        }
    }

    #[test]
    fn floats_come_back() {
        for float in [0.0, -0.0, 1.0, -0.1, 12250.0 / 3.0, 1e-12, 9007199254740993.0, 1e30] {
            assert_eq!(to_float(&from_float(float).unwrap()), Some(float));
        }
        for float in [f64::NAN, f64::INFINITY, 1e300, f64::MIN_POSITIVE] {
            assert_eq!(from_float(float), None, "{float}");
        }
    }
}
