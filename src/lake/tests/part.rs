//! The Parquet files: how they are encoded, and where one ends and the next begins.

use object_store::path::Path;
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;

use super::*;
use crate::lake::part::Part;
use crate::lake::rows::Rows;

async fn metadata(table: &Table) -> Arc<ParquetMetaData> {
    let path = table.files()[0].path.clone();
    let reader = ParquetObjectReader::new(table.lake.store(), path)
        .with_preload_column_index(true)
        .with_preload_offset_index(true);
    ParquetRecordBatchStreamBuilder::new(reader).await.unwrap().metadata().clone()
}

#[tokio::test]
async fn files_tell_readers_what_to_skip() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    table.append(invoices(0..10), Commit::default()).await.unwrap();
    let metadata = metadata(&table).await;
    let group = metadata.row_group(0);
    for column in group.columns() {
        let is_key = column.column_path().string() == "key";
        assert_eq!(is_key, !matches!(column.compression(), Compression::ZSTD(_)));
        let name = column.column_path().string();
        assert_eq!(
            column.statistics().is_some(),
            ["id", "observed_at"].contains(&&*name),
            "{name}"
        );
    }
    let sorted: Vec<_> = group.sorting_columns().unwrap().iter().map(|by| by.column_idx).collect();
    assert_eq!(sorted, [1]);
    assert_eq!(group.column(1).column_path().string(), "id");
    assert!(metadata.column_index().is_some() && metadata.offset_index().is_some());
}

#[tokio::test]
async fn a_full_part_is_followed_by_another() {
    let lake = memory_lake().await;
    let spec = Arc::new(spec());
    let rows = Arc::new(Rows::new(&spec, invoices((0..20_000).rev())).unwrap());
    let chosen = rows.not_in(&[]);
    let folder = Path::from("data/lake/parts");
    let write = async |max_bytes| {
        Part::write(&lake.store(), &folder, &spec, &rows, &chosen, max_bytes).await.unwrap()
    };
    let counts: Vec<_> = write(usize::MAX).await.iter().map(Part::rows).collect();
    assert_eq!(counts, [20_000]);
    let parts = write(1).await;
    let counts: Vec<_> = parts.iter().map(Part::rows).collect();
    assert_eq!(counts, [8_192, 8_192, 3_616]);
    assert_eq!((parts[1].keys[0], parts[1].keys.last()), (8_192, Some(&16_383)));
    let statistics: Value = serde_json::from_str(&parts[2].add().stats.unwrap()).unwrap();
    assert_eq!(
        statistics,
        json!({
            "numRecords": 3_616,
            "minValues": { "observed_at": "2026-01-01T04:33:04.000000Z" },
            "maxValues": { "observed_at": "2026-01-01T05:33:19.000000Z" },
            "nullCount": { "observed_at": 0 },
        })
    );
}

#[tokio::test]
async fn times_that_delta_cannot_say_are_left_out() {
    let mut table = memory_lake().await.table(&spec()).await.unwrap();
    let mut far = invoice(1);
    far["observed_at"] = json!(300_000_000_000_000_000_i64);
    table.append(vec![batch_of(&spec(), &[far.clone()])], Commit::default()).await.unwrap();
    assert_eq!(table.files()[0].times, None);
    let again = table.append(vec![batch_of(&spec(), &[far])], Commit::default()).await.unwrap();
    assert_eq!(again.duplicates, 1);
}
