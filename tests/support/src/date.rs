//! Times of HTTP headers.

use std::time::{Duration, SystemTime};

/// `Sun, 06 Nov 1994 08:49:37 GMT` of unix seconds.
pub fn http_date(at: i64) -> String {
    let at = Duration::from_secs(u64::try_from(at).unwrap_or_default());
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + at)
}
