//! JSON text written straight into bytes: trees of values would cost most of the time.

use std::fmt::Display;
use std::io::Write;

use crate::simulate::facts::Id;

/// Something that can stand in a JSON text.
pub trait Piece {
    fn put(&self, out: &mut Vec<u8>);
}

/// Text of JSON, as it is.
impl Piece for &str {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

macro_rules! displayed {
    ($($kind:ty),*) => {
        $(impl Piece for $kind {
            fn put(&self, out: &mut Vec<u8>) {
                // Writing to memory does not fail.
                let _ = write!(out, "{self}");
            }
        })*
    };
}
displayed!(i64, u32, usize, bool, std::fmt::Arguments<'_>);

impl<T: Piece> Piece for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.put(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// A string that needs no escapes, as all simulated ones.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<T>(pub T);

impl<T: Display> Piece for Quoted<T> {
    fn put(&self, out: &mut Vec<u8>) {
        let _ = write!(out, "\"{}\"", self.0);
    }
}

/// An id with its prefix, such as `"in_…"`.
#[derive(Debug, Clone, Copy)]
pub struct Key(pub &'static str, pub Id);

impl Piece for Key {
    fn put(&self, out: &mut Vec<u8>) {
        let _ = write!(out, "\"{}_{}\"", self.0, self.1);
    }
}

/// Writes pieces one after the other.
macro_rules! put {
    ($out:expr, $($piece:expr),+ $(,)?) => {
        $($crate::simulate::stripe::text::Piece::put(&$piece, $out);)+
    };
}
pub(crate) use put;
