//! How compacted files are encoded: written once and read often, so they are made small, and so
//! that a scan can skip most of one.

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::GROUP_ROWS;
use crate::error::Result;
use crate::lake::TableSpec;
use crate::lake::part::writer_properties;

const COMPRESSION_LEVEL: i32 = 3;
/// The least that a scan reads of a column.
const PAGE_ROWS: usize = 8 << 10;
/// A column with more text than this in its dictionary has too many values for one.
const DICTIONARY_BYTES: usize = 256 << 10;

pub(super) fn properties(spec: &TableSpec) -> Result<WriterProperties> {
    Ok(writer_properties(spec)?
        .into_builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(COMPRESSION_LEVEL)?))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .build())
}
