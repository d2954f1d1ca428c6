//! Requests that had no proper answer, and the reading of those that had one.

use std::error::Error as _;
use std::io::Read;
use std::time::Duration;

use chrono::DateTime;
use flate2::bufread::GzDecoder;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

/// A page of a hundred large objects unpacks to a few megabytes.
const LARGEST_ANSWER: u64 = 256 << 20;
/// Longer than this nobody waits for an answer.
const LONGEST_WAIT: f64 = 7_200.0;

/// What became of a request that had no answer, or none that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It may be better in a moment.
    Passing,
    NoNetwork,
    /// A certificate that is not valid yet or no longer: mostly the clock is wrong.
    ClockOff,
    BadCertificate,
}

/// Sorts a request that had no answer, or one that broke off, and says it in a sentence.
pub fn sorted(error: &reqwest::Error) -> (Trouble, String) {
    let mut causes = vec![];
    let mut cause = error.source();
    while let Some(layer) = cause {
        causes.push(layer.to_string());
        cause = layer.source();
    }
    let story = causes.join(": ");
    let says = |words: &[&str]| words.iter().any(|word| story.contains(word));
    let last = causes.pop().unwrap_or_else(|| error.to_string());
    let refused = || format!("the server's certificate is refused: {last}");
    if error.is_timeout() {
        return (Trouble::Passing, "no answer in time".to_owned());
    }
    if says(&["certificate expired", "certificate not valid yet", "NotValidYet", "Expired"]) {
        return (Trouble::ClockOff, refused());
    }
    if says(&["certificate", "UnknownIssuer", "invalid peer"]) {
        return (Trouble::BadCertificate, refused());
    }
    if error.is_connect() {
        return (Trouble::NoNetwork, format!("cannot connect: {last}"));
    }
    (Trouble::Passing, format!("the connection broke: {last}"))
}

/// Reads the rest of an answer; the error says why it is not whole, which may pass.
pub async fn read_body(answer: Response) -> Result<String, String> {
    let is_packed = answer.headers().get(CONTENT_ENCODING).is_some_and(|how| how == "gzip");
    let body = answer.bytes().await.map_err(|error| match sorted(&error) {
        (Trouble::Passing, sentence) => sentence,
        _ => "the answer broke off".to_owned(),
    })?;
    let text = match is_packed {
        true => unpacked(&body)?,
        false => body.into(),
    };
    String::from_utf8(text).map_err(|_| "the answer is not whole: it is no UTF-8".to_owned())
}

/// The HTTP client could unpack by itself, with a feature that no other user of it needs.
fn unpacked(body: &[u8]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = GzDecoder::new(body).take(LARGEST_ANSWER + 1).read_to_end(&mut text);
    if read.is_err() || text.len() as u64 > LARGEST_ANSWER {
        return Err("the answer is not whole: it does not unpack".to_owned());
    }
    Ok(text)
}

/// `Retry-After` in seconds; a date would be our clock against theirs.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = header(headers, "retry-after")?.trim().parse().ok()?;
    (0.0..=LONGEST_WAIT).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// The server's time, µs.
pub fn date(headers: &HeaderMap) -> Option<i64> {
    let date = DateTime::parse_from_rfc2822(header(headers, "date")?).ok()?;
    Some(date.timestamp_micros())
}

pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether the body is a web page: then somebody in between has answered.
pub fn is_web_page(headers: &HeaderMap, body: &str) -> bool {
    header(headers, "content-type").is_some_and(|kind| kind.contains("html"))
        || body.trim_start().starts_with('<')
}

/// A cheap look at both ends; what lies between is read by who needs it.
pub fn is_json_object(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('{') && text.ends_with('}')
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_cut_or_garbled_does_not_unpack() {
        let body = packed(b"{\"object\":\"list\"}");
        assert_eq!(unpacked(&body).unwrap(), b"{\"object\":\"list\"}");
        assert!(unpacked(&body[..body.len() / 2]).is_err());
        assert!(unpacked(b"{}").is_err());
    }
}
