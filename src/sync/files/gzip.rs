//! gzip of several members, as parallel writers and `cat` make it, and what follows the last.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, copy, sink};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::GzDecoder;

use super::open::fill;

pub const GZIP: &[u8] = &[0x1f, 0x8b];

/// The content of all members, one after the other.
///
/// The library's own reader of many members takes whatever follows one for another. gzip itself
/// skips zeros there, which fill up tapes and blocks, and leaves out what is no member.
pub struct Members {
    /// `None` behind the last.
    member: Option<GzDecoder<BufReader<File>>>,
    /// How many bytes were left out.
    left_out: Arc<AtomicU64>,
}

impl Members {
    pub fn new(file: BufReader<File>, left_out: Arc<AtomicU64>) -> Self {
        Self { member: Some(GzDecoder::new(file)), left_out }
    }

    /// The member that follows, if one does.
    fn next(&self, mut file: BufReader<File>) -> io::Result<Option<GzDecoder<BufReader<File>>>> {
        loop {
            let rest = file.fill_buf()?;
            let zeros = rest.iter().take_while(|byte| **byte == 0).count();
            let are_all = zeros == rest.len();
            file.consume(zeros);
            if zeros == 0 || !are_all {
                break;
            }
        }
        let mut magic = [0; GZIP.len()];
        let length = fill(&mut file, &mut magic)?;
        file.seek_relative(-(length as i64))?;
        // Half of a member's beginning may be all that is left of it, which its decoder will say.
        if length > 0 && GZIP.starts_with(&magic[..length]) {
            return Ok(Some(GzDecoder::new(file)));
        }
        self.left_out.store(copy(&mut file, &mut sink())?, Ordering::Relaxed);
        Ok(None)
    }
}

impl Read for Members {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(into)?;
            if read > 0 || into.is_empty() {
                return Ok(read);
            }
            let file = self.member.take().map(GzDecoder::into_inner);
            self.member = file.map(|file| self.next(file)).transpose()?.flatten();
        }
        Ok(0)
    }
}
