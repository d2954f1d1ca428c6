//! Cuts a JSON text into blocks of whole records, so that several can be read at a time.

use std::io::Read;

use super::open::reason;
use super::scan::{Item, Records};

/// A block is full once its records have so many bytes.
const BLOCK_BYTES: usize = 4 << 20;

/// Some records one after the other, and where they lie in their text.
#[derive(Debug, Default)]
pub struct Block {
    pub text: Vec<u8>,
    pub items: Vec<Item>,
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
        let mut items = spare.items;
        items.clear();
        while !self.is_at_end && self.records.len() < BLOCK_BYTES {
            match self.records.next() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => self.is_at_end = true,
                Err(error) => {
                    self.is_at_end = true;
                    let (line, reason) = (self.records.line(), reason(&error));
                    items.push(Item::Broken { line, reason });
                }
            }
        }
        let text = self.records.take_text(spare.text);
        (!items.is_empty()).then_some(Block { text, items })
    }
}
