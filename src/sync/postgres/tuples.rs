//! COPY's binary form: a header, rows of fields with their lengths, an end.

use bytes::Buf;

use super::failure::garbled;
use crate::error::Result;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Cuts messages into rows.
#[derive(Debug)]
pub struct Tuples {
    columns: usize,
    is_started: bool,
}

impl Tuples {
    pub fn new(columns: usize) -> Self {
        Self { columns, is_started: false }
    }

    /// Gives each row of a message to `take`: the server never cuts one in two.
    pub fn read<'a>(
        &mut self,
        mut bytes: &'a [u8],
        mut take: impl FnMut(Vec<Option<&'a [u8]>>) -> Result<()>,
    ) -> Result<()> {
        let cut = || garbled("a row that ends too early");
        if !self.is_started {
            bytes = bytes.strip_prefix(SIGNATURE).ok_or_else(|| garbled("no rows"))?;
            if bytes.len() < 8 {
                return Err(cut());
            }
            bytes.advance(4);
            let extension = bytes.get_u32() as usize;
            bytes = bytes.get(extension..).ok_or_else(cut)?;
            self.is_started = true;
        }
        while !bytes.is_empty() {
            if bytes.len() < 2 {
                return Err(cut());
            }
            let count = bytes.get_i16();
            if count == -1 {
                return Ok(());
            }
            if usize::try_from(count) != Ok(self.columns) {
                return Err(garbled(&format!("{count} fields where {} belong", self.columns)));
            }
            let mut fields = Vec::with_capacity(self.columns);
            for _ in 0..self.columns {
                if bytes.len() < 4 {
                    return Err(cut());
                }
                let length = bytes.get_i32();
                fields.push(match usize::try_from(length) {
                    Ok(length) => {
                        let field = bytes.get(..length).ok_or_else(cut)?;
                        bytes = &bytes[length..];
                        Some(field)
                    }
                    Err(_) => None,
                });
            }
            take(fields)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Vec<u8> {
        [SIGNATURE, &[0; 8]].concat()
    }

    #[test]
    fn rows_come_with_the_header_and_after_it() {
        let mut tuples = Tuples::new(2);
        let row = [0, 2, 0, 0, 0, 1, 7, 255, 255, 255, 255];
        let mut rows = vec![];
        let first = [header(), row.to_vec()].concat();
        let mut take = |fields: Vec<Option<&[u8]>>| {
            rows.push(fields.iter().map(|field| field.map(<[u8]>::to_vec)).collect::<Vec<_>>());
            Ok(())
        };
        tuples.read(&first, &mut take).unwrap();
        tuples.read(&row, &mut take).unwrap();
        tuples.read(&[255, 255], &mut take).unwrap();
        assert_eq!(rows, vec![vec![Some(vec![7]), None]; 2]);
    }

    #[test]
    fn what_is_cut_or_other_is_an_error() {
        for message in [&b"hello"[..], &header()[..12], &[header(), vec![0, 1]].concat()] {
            assert!(Tuples::new(2).read(message, |_| Ok(())).is_err());
        }
        let cut = [header(), vec![0, 2, 0, 0, 0, 9, 1]].concat();
        assert!(Tuples::new(2).read(&cut, |_| Ok(())).is_err());
    }
}
