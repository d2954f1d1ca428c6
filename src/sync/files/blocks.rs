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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_in_one_block() {
        let mut text = String::new();
        let mut expected = Vec::new();
        let filler = "é".repeat(300);
        for line in 1..=30_000_u64 {
            let record = match line % 1000 {
                // What is left out between records moves those behind it.
                1..4 => " ".repeat(2000),
                4 => "{\"a\":1".to_owned(),
                5 => format!("{{\"a\":\"}}{{\",\"b\":\"{filler}\"}}"),
                _ => format!("{{\"n\":{line},\"a\":\"{filler}\"}}"),
            };
            text.push_str(&record);
            text.push('\n');
            expected.extend((!record.starts_with(' ')).then_some((line, record)));
        }
        let mut blocks = Blocks::new(text.as_bytes());
        let (mut found, mut count, mut spare) = (Vec::new(), 0, Block::default());
        while let Some(block) = blocks.next(spare) {
            found.extend(block.items.iter().map(|item| match item {
                Item::Record { range, line } => {
                    (*line, String::from_utf8(block.text[range.clone()].to_vec()).unwrap())
                }
                Item::Broken { line, .. } => (*line, "{\"a\":1".to_owned()),
                Item::Mark => unreachable!(),
            }));
            count += 1;
            spare = block;
        }
        assert!(count > 3 && found == expected, "{count} blocks");
    }
}
