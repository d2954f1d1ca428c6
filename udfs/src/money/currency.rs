//! Currencies: how many decimals a minor unit has, and amounts as people write them.

/// Decimals between Stripe's integer and the major unit; 2 for what the table does not name.
///
/// Iceland's krona and Uganda's shilling have no cents, but Stripe counts them in hundredths.
pub fn currency_exponent(currency: &str) -> u32 {
    match currency.to_ascii_lowercase().as_str() {
        "bif" | "clp" | "djf" | "gnf" | "jpy" | "kmf" | "krw" | "mga" | "pyg" | "rwf" | "vnd"
        | "vuv" | "xaf" | "xof" | "xpf" => 0,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 3,
        _ => 2,
    }
}

/// Minor units in the major unit: 4900 is `49.00` in usd, `4900` in jpy, `4.900` in kwd.
pub fn major(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let exponent = currency_exponent(currency);
    let scale = 10u64.pow(exponent);
    let (whole, rest) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    match exponent {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:0width$}", width = exponent as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes() {
        assert_eq!(major(i64::MIN, "usd"), "-92233720368547758.08");
        assert_eq!(major(i64::MAX, "JPY"), "9223372036854775807");
    }
}
