//! Numbers as they are written: exact, where a floating-point number would round.

use std::borrow::Cow;

/// From here on not every whole number is a floating-point number of 64, 32 or 16 bits.
pub const EXACT: i128 = 1 << 53;
pub const EXACT_32: i128 = 1 << 24;
pub const EXACT_16: i128 = 1 << 11;
/// Fractions are read no further than this.
const MAX_DIGITS: i128 = 10_i128.pow(30);

/// `digits` / 10^`scale`, without zeros at the end of a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    scale: i32,
}

impl Decimal {
    /// `None` for what is no number, and for one of more than 38 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let mut all = whole.bytes().chain(fraction.bytes());
        if !all.all(|byte| byte.is_ascii_digit()) || whole.len() + fraction.len() == 0 {
            return None;
        }
        let (mut digits, mut scale) = (0_i128, exponent.checked_neg()?);
        for digit in whole.bytes() {
            digits = digits.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
        }
        for digit in fraction.bytes() {
            if digits >= MAX_DIGITS {
                break;
            }
            digits = digits * 10 + i128::from(digit - b'0');
            scale = scale.checked_add(1)?;
        }
        while scale > 0 && digits % 10 == 0 {
            (digits, scale) = (digits / 10, if digits == 0 { 0 } else { scale - 1 });
        }
        Some(Self { digits: if mantissa.starts_with('-') { -digits } else { digits }, scale })
    }

    /// The number, if it is whole.
    pub fn whole(self) -> Option<i128> {
        if self.scale > 0 {
            return None;
        }
        self.digits.checked_mul(10_i128.checked_pow(self.scale.unsigned_abs())?)
    }

    /// The number times `by`, which is a quotient: rounded, where the number has a fraction, else
    /// cut off. `None` beyond 38 digits.
    pub fn times(self, (times, divided): (i128, i128)) -> Option<i128> {
        match self.whole() {
            Some(whole) => Some(whole.checked_mul(times)?.div_euclid(divided)),
            None if self.scale <= 0 => None,
            None => {
                let digits = self.digits.checked_mul(times)?;
                let Some(power) = 10_i128.checked_pow(self.scale.unsigned_abs()) else {
                    return Some(0);
                };
                let divided = divided.checked_mul(power)?;
                Some(digits.checked_add(divided / 2)?.div_euclid(divided))
            }
        }
    }
}

/// A number that is an id, as text. Programs that have only floating-point numbers for a column in
/// which ids are missing write `42.0` for the id 42; what they cannot hold any more (`1.5e+16`) is
/// no id, and the error says so.
pub fn id(number: &str) -> Result<Cow<'_, str>, String> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, ""));
    let fraction = mantissa.split_once('.').map(|(_, fraction)| fraction);
    // `5e10` may be an id of letters and digits; a program would write a sign or a point.
    if fraction.is_none() && !exponent.starts_with('+') {
        return Ok(Cow::Borrowed(number));
    }
    let is_whole = |number: Decimal| number.scale <= 0;
    let has_point_only =
        exponent.is_empty() && fraction.is_some_and(|f| f.bytes().all(|b| b == b'0'));
    if !has_point_only && !Decimal::parse(number).is_some_and(is_whole) {
        return Ok(Cow::Borrowed(number));
    }
    let written = fraction.map_or(0, str::len);
    let is_written_out = exponent.parse::<usize>().map_or(exponent.is_empty(), |e| e <= written);
    match Decimal::parse(number).and_then(Decimal::whole) {
        Some(whole) if is_written_out && whole.abs() < EXACT => Ok(Cow::Owned(whole.to_string())),
        _ => Err(format!("{number} is an id that lost digits as a floating-point number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        let micros = |text: &str| Decimal::parse(text).unwrap().times((1_000_000, 1));
        assert_eq!(micros("1710325274.123456"), Some(1_710_325_274_123_456));
        assert_eq!(micros("1.710325274123456e9"), Some(1_710_325_274_123_456));
        assert_eq!(micros("1710325274.1234565"), Some(1_710_325_274_123_457));
        assert_eq!(micros("-0.0000015"), Some(-1));
        assert_eq!(micros("0.00"), Some(0));
        assert_eq!(micros("1e-60"), Some(0));
        assert_eq!(micros("1e60"), None);
        assert_eq!(
            Decimal::parse("1710325274123456789").unwrap().times((1, 1_000)),
            Some(1_710_325_274_123_456)
        );
        assert_eq!(Decimal::parse("12e3").unwrap().whole(), Some(12_000));
        assert_eq!(Decimal::parse("1.50").unwrap().whole(), None);
        for text in ["", ".", "-", "1e", "1_0", "0x1", "inf", "NaN", "1.2.3", "--1", "é"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(&"9".repeat(40)), None);
        let long = format!("0.{}", "3".repeat(80));
        assert_eq!(micros(&long), Some(333_333));
    }

    #[test]
    fn whole_numbers_of_floating_columns_are_ids() {
        for (written, expected) in [
            ("42", "42"),
            ("42.0", "42"),
            ("42.00", "42"),
            ("-7.0", "-7"),
            ("0.0", "0"),
            ("9007199254740991.0", "9007199254740991"),
            ("1.234567891e9", "1234567891"),
            ("1.234567891E+09", "1234567891"),
            // Whole or not, digits that are written out stay.
            ("12345678901234567890123", "12345678901234567890123"),
            ("42.10", "42.10"),
            ("1.2", "1.2"),
            ("1.5e-3", "1.5e-3"),
            // May be an id of letters and digits.
            ("5e10", "5e10"),
            ("12345e67", "12345e67"),
        ] {
            assert_eq!(id(written).as_deref(), Ok(expected), "{written}");
        }
        for lost in [
            "9007199254740992.0",
            "12345678901234567168.0",
            "1e+16",
            "1.5e+16",
            "1.23457E+11",
            "1.2e9",
            &format!("{}.0", "9".repeat(50)),
        ] {
            assert!(id(lost).unwrap_err().contains("lost digits"), "{lost}");
        }
    }
}
