//! Finds the records of a JSON text of any size, holding no more of it than is wanted at a time.
//!
//! Records are the objects of a file: lines, elements of an array, elements of the list inside an
//! envelope such as `{"object":"list","data":[…]}`, in any order one after another, on one line or
//! pretty-printed. A broken line costs itself only.

use std::io::{self, Read};
use std::mem::replace;
use std::ops::Range;

use memchr::memchr;

use super::ahead::{has_neighbours, is_balanced, plain_in_string, plain_outside};
use super::envelope;
use super::open::BYTE_ORDER_MARK;

const CHUNK: usize = 1 << 20;
/// A single record may not be larger than this many bytes.
const MAX_RECORD: usize = 256 << 20;
const MARK: u8 = BYTE_ORDER_MARK[0];

/// One step through the text.
#[derive(Debug, PartialEq)]
pub enum Item {
    /// Where one value lies in the text so far; it may still not be JSON.
    Record { range: Range<usize>, line: u64 },
    /// A place where no whole value was found.
    Broken { line: u64, reason: String },
    /// A byte order mark, where one file was put behind another.
    Mark,
}

/// What the scanner is inside of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Frame {
    Array,
    Envelope,
    EnvelopeList,
}

/// How the search for the end of a record went.
enum End {
    Record,
    Envelope,
    Broken(&'static str),
}

/// The records of a JSON text.
pub struct Records<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The last record that was found ends here; nobody needs what lies between it and `start`.
    found: usize,
    /// The record that is looked at starts here.
    start: usize,
    at: usize,
    /// The next line break, or how far there is none.
    line_end: usize,
    line: u64,
    is_eof: bool,
    /// What ended the text before its time, told after everything that was read.
    error: Option<io::Error>,
    frames: Vec<Frame>,
}

impl<R: Read> Records<R> {
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            found: 0,
            start: 0,
            at: 0,
            line_end: 0,
            line: 1,
            is_eof: false,
            error: None,
            frames: Vec::new(),
        }
    }

    /// The line that the scanner has come to.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// How many bytes the text so far has.
    pub fn len(&self) -> usize {
        self.found
    }

    /// Takes the text so far, in which the records found lie; the next begins in the memory of `spare`.
    pub fn take_text(&mut self, mut spare: Vec<u8>) -> Vec<u8> {
        spare.clear();
        spare.extend_from_slice(&self.buffer[self.found..]);
        let mut text = replace(&mut self.buffer, spare);
        text.truncate(self.found);
        self.forget(0, self.found);
        self.found = 0;
        text
    }

    /// The next record, or `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            self.start = self.at;
            let Some(byte) = self.peek() else { return self.end() };
            let frame = self.frames.last().copied();
            match (byte, frame) {
                (b'\n', _) => {
                    self.line += 1;
                    self.at += 1;
                }
                (b' ' | b'\t' | b'\r' | b',', _) => self.at += 1,
                (b'}', Some(Frame::Envelope)) => {
                    self.frames.pop();
                    self.at += 1;
                }
                (_, Some(Frame::Envelope)) => self.skip_value(),
                (b']', Some(_)) => {
                    self.frames.pop();
                    self.at += 1;
                }
                (b'[', None) => {
                    self.frames.push(Frame::Array);
                    self.at += 1;
                }
                (b'{' | b'[', _) => {
                    let line = self.line;
                    let may_be_envelope = frame != Some(Frame::EnvelopeList);
                    if let Some(length) = self.whole_line(may_be_envelope) {
                        self.at += length;
                        return Ok(Some(self.record(line)));
                    }
                    match self.find_end(may_be_envelope) {
                        End::Envelope => {
                            self.frames.extend([Frame::Envelope, Frame::EnvelopeList]);
                        }
                        End::Record => return Ok(Some(self.record(line))),
                        End::Broken(reason) => {
                            let reason = format!("truncated JSON: {reason}");
                            return Ok(Some(Item::Broken { line, reason }));
                        }
                    }
                }
                (MARK, _) if self.is_mark() => {
                    self.at += BYTE_ORDER_MARK.len();
                    return Ok(Some(Item::Mark));
                }
                _ => {
                    let line = self.line;
                    self.find_scalar_end(frame.is_some());
                    return Ok(Some(self.record(line)));
                }
            }
        }
    }

    /// The record up to here, which starts in that line.
    fn record(&mut self, line: u64) -> Item {
        self.found = self.at;
        Item::Record { range: self.start..self.at, line }
    }

    /// The end of the text; a list that is still open has lost its tail.
    fn end(&mut self) -> io::Result<Option<Item>> {
        if let Some(error) = self.error.take() {
            self.frames.clear();
            return Err(error);
        }
        if self.frames.is_empty() {
            return Ok(None);
        }
        self.frames.clear();
        let reason = "truncated JSON: the file ends before its list is closed".to_owned();
        Ok(Some(Item::Broken { line: self.line, reason }))
    }

    /// Length of the record that starts here, if it shows at a glance that it is the rest of the line:
    /// so it is in lines of JSON, and looking for all of its quotes takes several times as long.
    fn whole_line(&mut self, may_be_envelope: bool) -> Option<usize> {
        if self.line_end < self.at || self.buffer.get(self.line_end) != Some(&b'\n') {
            let from = self.line_end.max(self.at);
            let rest = &self.buffer[from..];
            self.line_end = from + memchr(b'\n', rest).unwrap_or(rest.len());
        }
        let line = self.buffer[self.at..self.line_end].trim_ascii_end();
        let line =
            if self.frames.is_empty() { line } else { line.strip_suffix(b",").unwrap_or(line) };
        let is_whole = line.starts_with(b"{")
            && line.ends_with(b"}")
            && self.buffer.get(self.line_end + 1) == Some(&b'{')
            && !(may_be_envelope && envelope::begins(line))
            && !has_neighbours(line)
            && is_balanced(line);
        is_whole.then_some(line.len())
    }

    /// Moves behind the object or array that starts here, or behind the `[` of an envelope's list.
    fn find_end(&mut self, may_be_envelope: bool) -> End {
        let is_top = self.frames.is_empty();
        let (mut depth, mut in_string) = (0_usize, false);
        // Lines of the record so far that are complete, and whether we are at a line's start.
        let (mut breaks, mut at_line_start) = (0_u64, false);
        loop {
            let rest = &self.buffer[self.at..];
            let plain = if in_string { plain_in_string(rest) } else { plain_outside(rest) };
            // What follows a line break is looked at, whatever it is.
            self.at += if at_line_start { 0 } else { plain };
            let Some(byte) = self.peek() else {
                return End::Broken("the file ends inside this record");
            };
            if self.at - self.start > MAX_RECORD {
                self.at = self.buffer.len();
                self.is_eof = true;
                self.frames.clear();
                return End::Broken("no end of the record within 256 MiB; reading stopped");
            }
            if in_string {
                match byte {
                    b'\\' => {
                        self.at += 1;
                        if self.peek().is_none() {
                            continue;
                        }
                    }
                    b'"' => in_string = false,
                    // No string of JSON spans lines: the line was cut inside one.
                    b'\n' => return End::Broken("the line ends inside a string"),
                    _ => {}
                }
                self.at += 1;
                continue;
            }
            // One object a line, and this line's never closed: the next line is a record again.
            if at_line_start && is_top && breaks == 1 && byte == b'{' && !self.opens_only() {
                return End::Broken("the line ends inside the record");
            }
            // Where another file begins, this record has lost its end.
            if at_line_start && byte == MARK && self.is_mark() {
                return End::Broken("the line ends inside the record");
            }
            at_line_start = (at_line_start && byte == b'\r') || byte == b'\n';
            match byte {
                b'"' => in_string = true,
                b'\n' => {
                    breaks += 1;
                    self.line += 1;
                }
                b'{' => depth += 1,
                b'[' => {
                    let head = &self.buffer[self.start..self.at];
                    if may_be_envelope && depth == 1 && envelope::is_head(head) {
                        self.at += 1;
                        return End::Envelope;
                    }
                    depth += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return End::Record;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// True if the record so far is nothing but its opening brace: it is pretty-printed.
    fn opens_only(&self) -> bool {
        self.buffer[self.start..self.at].trim_ascii() == b"{"
    }

    /// Moves behind one token of the rest of an envelope.
    fn skip_value(&mut self) {
        match self.peek() {
            Some(b'{' | b'[') => {
                self.find_end(false);
            }
            Some(b'"') => {
                self.at += 1;
                while let Some(byte) = self.peek() {
                    self.at += if byte == b'\\' { 2 } else { 1 };
                    if byte == b'"' {
                        break;
                    }
                }
            }
            _ => self.at += 1,
        }
    }

    /// Moves behind something that is no object: up to the end of the line, and in a list up to
    /// the next element.
    fn find_scalar_end(&mut self, is_element: bool) {
        while let Some(byte) = self.peek() {
            if byte == b'\n' || (is_element && matches!(byte, b',' | b']')) {
                break;
            }
            self.at += 1;
        }
    }

    /// The byte at the current place, reading on if needed.
    fn peek(&mut self) -> Option<u8> {
        while self.at >= self.buffer.len() {
            if self.is_eof {
                return None;
            }
            self.buffer.drain(self.found..self.start);
            self.forget(self.found, self.start);
            let before = self.buffer.len();
            let read = (&mut self.reader).take(CHUNK as u64).read_to_end(&mut self.buffer);
            self.error = read.err();
            self.is_eof = self.buffer.len() - before < CHUNK;
        }
        Some(self.buffer[self.at])
    }

    /// True if a byte order mark is at the current place.
    fn is_mark(&mut self) -> bool {
        let mut length = 0;
        while length < BYTE_ORDER_MARK.len() && self.peek() == Some(BYTE_ORDER_MARK[length]) {
            length += 1;
            self.at += 1;
        }
        self.at -= length;
        length == BYTE_ORDER_MARK.len()
    }

    /// What lay between the two places is gone.
    fn forget(&mut self, from: usize, to: usize) {
        for place in [&mut self.start, &mut self.at, &mut self.line_end] {
            *place = place.saturating_sub(to - from);
        }
    }
}

#[cfg(test)]
mod tests;
