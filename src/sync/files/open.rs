//! Opens a file by what it holds: compression and Parquet are told by their first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;

use super::gzip::{GZIP, Members};

const TEXT_BUFFER: usize = 256 * 1024;

/// A Parquet file inside a compressed one has to be held whole; larger ones are refused.
const MAX_HELD: u64 = 1 << 30;

/// What kind of content waits to be read.
pub enum Input {
    Text(Box<dyn BufRead + Send>),
    Parquet(File),
    ParquetInMemory(Bytes),
}

const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Behind a byte that counts up to 0x5f: a frame without data, which zstd and lz4 both have.
const SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
const PARQUET: &[u8] = b"PAR1";
/// What some programs write at the beginning of UTF-8 text.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a first look recognises but nobody here reads.
const FOREIGN: &[(&[u8], &str)] = &[
    (&[0x04, 0x22, 0x4d, 0x18], "compressed with lz4; gzip and zstd are read"),
    (&[0x02, 0x21, 0x4c, 0x18], "compressed with lz4; gzip and zstd are read"),
    (&[0xff, 0x06, 0x00, 0x00, b's', b'N', b'a'], "compressed with snappy; gzip and zstd are read"),
    (b"BZh", "compressed with bzip2; gzip and zstd are read"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "compressed with xz; gzip and zstd are read"),
    (b"PK\x03\x04", "a zip archive (or a spreadsheet); unpack it first"),
    (&[0xff, 0xfe], "UTF-16 text; save it as UTF-8"),
    (&[0xfe, 0xff], "UTF-16 text; save it as UTF-8"),
];

/// Opens `path`; the error says what is wrong with it. Once all is read, `left_out` says how many
/// bytes behind the end of compressed data were no part of it.
pub fn open(path: &Path, left_out: &Arc<AtomicU64>) -> Result<Input, String> {
    let mut file = File::open(path).map_err(|error| reason(&error))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err("is a directory, not a file".to_owned());
    }
    let mut head = [0; 8];
    let length = first_bytes(&mut file, &mut head).map_err(|error| reason(&error))?;
    let head = &head[..length];
    if head.is_empty() {
        return Err("is empty".to_owned());
    }
    if head.starts_with(PARQUET) {
        return Ok(Input::Parquet(file));
    }
    if head.starts_with(GZIP) {
        let raw = BufReader::with_capacity(TEXT_BUFFER, file);
        return unpacked(Members::new(raw, Arc::clone(left_out)));
    }
    if head.starts_with(ZSTD) {
        return unpacked(zstd::Decoder::new(file).map_err(|error| reason(&error))?);
    }
    plain(Box::new(BufReader::with_capacity(TEXT_BUFFER, file)))
}

/// The first bytes that tell what the file is, which is then read from there on: pzstd and others
/// write frames without data before them.
fn first_bytes(file: &mut File, head: &mut [u8; 8]) -> io::Result<usize> {
    let mut start = 0;
    loop {
        file.seek(SeekFrom::Start(start))?;
        let length = fill(file, head)?;
        let is_skippable = head[0] & 0xf0 == 0x50 && head[1..4] == *SKIPPABLE;
        if length < head.len() || !is_skippable {
            file.seek(SeekFrom::Start(start))?;
            return Ok(length);
        }
        let [.., a, b, c, d] = *head;
        start += 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
    }
}

/// What is inside a compressed file.
fn unpacked(inner: impl Read + Send + 'static) -> Result<Input, String> {
    let inner = Whole { inner, error: None };
    let mut text = BufReader::with_capacity(TEXT_BUFFER, inner);
    let head = text.fill_buf().map_err(|error| reason(&error))?;
    if head.is_empty() {
        return Err("is empty inside its compression".to_owned());
    }
    if !head.starts_with(PARQUET) {
        return plain(Box::new(text));
    }
    let mut held = Vec::new();
    text.take(MAX_HELD + 1).read_to_end(&mut held).map_err(|error| reason(&error))?;
    if held.len() as u64 > MAX_HELD {
        return Err("is a large Parquet file inside a compressed one; decompress it".to_owned());
    }
    Ok(Input::ParquetInMemory(held.into()))
}

/// Reads as much as is asked for, over the ends of members and frames: the first of them may hold
/// the header of a table and nothing else.
struct Whole<R> {
    inner: R,
    /// Comes after what was read before it.
    error: Option<io::Error>,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let mut length = 0;
        while length < into.len() {
            match self.inner.read(&mut into[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if length == 0 => return Err(error),
                Err(error) => {
                    self.error = Some(error);
                    break;
                }
            }
        }
        Ok(length)
    }
}

fn plain(mut text: Box<dyn BufRead + Send>) -> Result<Input, String> {
    let head = text.fill_buf().map_err(|error| reason(&error))?;
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(format!("is {what}"));
    }
    if head.contains(&0) {
        return Err("is not text: neither JSON, CSV nor Parquet".to_owned());
    }
    if head.starts_with(BYTE_ORDER_MARK) {
        text.consume(BYTE_ORDER_MARK.len());
    }
    Ok(Input::Text(text))
}

/// What an operating system error means for the one who gave the path.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "does not exist".to_owned(),
        ErrorKind::PermissionDenied => "may not be read: no permission".to_owned(),
        ErrorKind::IsADirectory => "is a directory, not a file".to_owned(),
        ErrorKind::UnexpectedEof => "is cut off: its compressed data ends too early".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// Reads until the buffer is full or nothing is left.
pub fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}
