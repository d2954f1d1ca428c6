//! Cuts a JSON text into blocks of whole records, so that several can be read at a time.

use std::io::Read;
use std::ops::Range;

use super::open::reason;
use super::scan::{Item, Records};

/// A block is full once its records have so many bytes.
const BLOCK_BYTES: usize = 4 << 20;

/// Some records one after the other.
#[derive(Debug, Default)]
pub struct Block {
    pub text: Vec<u8>,
    pub entries: Vec<Entry>,
}

/// One record in the text of its block, or a place where there was none.
#[derive(Debug)]
pub enum Entry {
    Record { range: Range<usize>, line: u64 },
    Broken { line: u64, reason: String },
}

/// The blocks of a text.
pub struct Blocks<R> {
    records: Records<R>,
    pub is_at_end: bool,
}

impl<R: Read> Blocks<R> {
    pub fn new(text: R) -> Self {
        Self { records: Records::new(text), is_at_end: false }
    }

    /// The next block, in the memory of one that was read.
    pub fn next(&mut self, spare: Block) -> Option<Block> {
        let mut block = spare;
        block.text.clear();
        block.entries.clear();
        while !self.is_at_end && block.text.len() < BLOCK_BYTES {
            match self.records.next() {
                Ok(Some(Item::Record { bytes, line })) => {
                    let start = block.text.len();
                    block.text.extend_from_slice(bytes);
                    let range = start..block.text.len();
                    block.entries.push(Entry::Record { range, line });
                }
                Ok(Some(Item::Broken { line, reason })) => {
                    block.entries.push(Entry::Broken { line, reason });
                }
                Ok(None) => self.is_at_end = true,
                Err(error) => {
                    self.is_at_end = true;
                    let (line, reason) = (self.records.line(), reason(&error));
                    block.entries.push(Entry::Broken { line, reason });
                }
            }
        }
        (!block.entries.is_empty()).then_some(block)
    }
}
