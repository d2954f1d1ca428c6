//! HTTP/1.1 as far as an API client speaks it: heads are read and answers written, in order.
//!
//! It is written out because faults need the bare connection, and because a web framework would
//! switch on features of crates that paydirt's engine is built with: all of it would be built twice.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MOST_HEADERS: usize = 100;
const LONGEST_HEAD: usize = 64 << 10;
const LARGEST_BODY: usize = 64 << 20;
/// Bytes from which a body is packed for who takes that.
const WORTH_PACKING: usize = 1 << 10;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: String,
    /// Path and query, as they were sent.
    target: String,
    headers: Vec<(String, String)>,
    is_old: bool,
    pub body: Bytes,
}

/// What answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// The answer to a request, of which `under_way` are on their way, and how long it is held back.
    fn answer(&self, request: &Request, under_way: usize) -> (Response, Duration);
}

/// What is sent back.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    pub end: End,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    Whole,
    /// The connection ends after so many bytes of the body.
    Cut(usize),
    /// The connection is reset before any answer.
    Reset,
}

impl Request {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn takes_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|ways| ways.contains("gzip"))
    }

    fn ends_connection(&self) -> bool {
        match self.header("connection") {
            Some(word) => word.eq_ignore_ascii_case("close"),
            None => self.is_old,
        }
    }

    /// Bytes of the body, where its length is told beforehand.
    fn body_length(&self) -> Option<usize> {
        if self.header("transfer-encoding").is_some() {
            return None;
        }
        self.header("content-length").map_or(Some(0), |length| length.trim().parse().ok())
    }
}

/// Serves every connection, until it is dropped.
pub(crate) async fn serve(listener: TcpListener, service: Arc<impl Service>) {
    let under_way = Arc::new(AtomicUsize::new(0));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // What goes wrong on a connection is between its two ends.
                tokio::spawn(converse(stream, Arc::clone(&service), Arc::clone(&under_way)));
            }
            // Too many open files, mostly: others will be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn converse(
    mut stream: TcpStream,
    service: Arc<impl Service>,
    under_way: Arc<AtomicUsize>,
) -> io::Result<()> {
    // Without it, the second write of an answer waits for the client's acknowledgement.
    stream.set_nodelay(true)?;
    let mut buffer = BytesMut::new();
    while let Some(mut request) = next_request(&mut stream, &mut buffer).await? {
        let Some(length) = request.body_length() else {
            return stream.write_all(b"HTTP/1.1 411 Length Required\r\n\r\n").await;
        };
        request.body = body(&mut stream, &mut buffer, length).await?;
        let count = under_way.fetch_add(1, Ordering::Relaxed) + 1;
        let (response, delay) = service.answer(&request, count);
        if delay > Duration::ZERO {
            tokio::time::sleep(delay).await;
        }
        under_way.fetch_sub(1, Ordering::Relaxed);
        match response.end {
            // Closed with unsent time of zero, a socket sends a reset.
            End::Reset => return stream.set_zero_linger(),
            End::Cut(_) => return write(&mut stream, &request, &response).await,
            End::Whole => write(&mut stream, &request, &response).await?,
        }
        if request.ends_connection() {
            break;
        }
    }
    stream.shutdown().await
}

/// The next request; `None` when the client has no more.
async fn next_request(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
) -> io::Result<Option<Request>> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let parsed = head.parse(buffer).map_err(io::Error::other)?;
        if let httparse::Status::Complete(length) = parsed {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let headers = head.headers.iter();
            let request = Request {
                method: head.method.unwrap_or_default().to_owned(),
                target: head.path.unwrap_or_default().to_owned(),
                headers: headers.map(|h| (h.name.to_owned(), text(h.value))).collect(),
                is_old: head.version == Some(0),
                body: Bytes::new(),
            };
            buffer.advance(length);
            return Ok(Some(request));
        }
        if buffer.len() > LONGEST_HEAD || stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// Reads a body.
async fn body(stream: &mut TcpStream, buffer: &mut BytesMut, length: usize) -> io::Result<Bytes> {
    if length > LARGEST_BODY {
        return Err(io::Error::other("a body that no client of ours sends"));
    }
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.split_to(length).freeze())
}

async fn write(stream: &mut TcpStream, request: &Request, response: &Response) -> io::Result<()> {
    let reason = StatusCode::from_u16(response.status).ok().and_then(|s| s.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason.unwrap_or_default());
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if request.ends_connection() {
        head.push_str("connection: close\r\n");
    }
    let packed;
    let body: &[u8] = match request.takes_gzip() && response.body.len() >= WORTH_PACKING {
        true => {
            head.push_str("content-encoding: gzip\r\n");
            packed = gzip(&response.body)?;
            &packed
        }
        false => &response.body,
    };
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).await?;
    let sent = match response.end {
        _ if request.method == "HEAD" => 0,
        // The same share of what is really sent.
        End::Cut(sent) => sent * body.len() / response.body.len().max(1),
        _ => body.len(),
    };
    stream.write_all(&body[..sent]).await
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}
