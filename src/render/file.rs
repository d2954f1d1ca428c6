//! Writes a result to a file, whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Format, Layout, plain, write_stream};
use crate::error::{Error, Result};

enum Kind {
    Parquet,
    Text(Format),
}

const KINDS: [(&str, Kind); 7] = [
    ("parquet", Kind::Parquet),
    ("csv", Kind::Text(Format::Csv)),
    ("json", Kind::Text(Format::Json)),
    ("ndjson", Kind::Text(Format::Ndjson)),
    ("jsonl", Kind::Text(Format::Ndjson)),
    ("md", Kind::Text(Format::Markdown)),
    ("txt", Kind::Text(Format::Table)),
];

/// Writes the rows to `path` in the format its extension names; returns how many there were.
///
/// The file appears under its name when it is complete, and replaces one that was there.
/// Errors: unknown extension, a folder that is not there, the query's own error.
pub async fn write_output(path: &Path, stream: SendableRecordBatchStream) -> Result<usize> {
    let kind = kind_of(path)?;
    let draft = Draft::beside(path);
    let mut out = BufWriter::new(draft.create()?);
    let rows = match kind {
        Kind::Text(format) => {
            write_stream(*format, Layout::default(), stream, &mut out).await?.rows
        }
        Kind::Parquet => write_parquet(stream, &mut out).await?,
    };
    out.flush()?;
    out.get_ref().sync_all()?;
    draft.publish(path)?;
    Ok(rows)
}

fn kind_of(path: &Path) -> Result<&'static Kind> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let known = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(extension));
    known.map(|(_, kind)| kind).ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| format!(".{name}")).collect();
        Error::new(format!("{}: the extension names no known format", path.display()))
            .hint(format!("end the name in one of {}", names.join(", ")))
    })
}

async fn write_parquet(
    mut stream: SendableRecordBatchStream,
    out: &mut (impl Write + Send),
) -> Result<usize> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .build();
    let schema = plain::parquet_schema(&stream.schema());
    let mut writer = ArrowWriter::try_new(out, schema, Some(properties))?;
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| Error::new(error.strip_backtrace()))?;
        rows += batch.num_rows();
        writer.write(&plain::parquet_columns(&batch)?)?;
    }
    writer.close()?;
    Ok(rows)
}

/// A file that is still being written; gone if it never is published.
struct Draft(PathBuf);

impl Draft {
    fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(path.with_file_name(format!(".{name}.{}.tmp", uuid::Uuid::new_v4().simple())))
    }

    fn create(&self) -> Result<File> {
        File::create_new(&self.0).map_err(|error| {
            let folder = self.0.parent().unwrap_or(Path::new("."));
            Error::new(format!("cannot write into {}: {error}", folder.display()))
        })
    }

    fn publish(self, path: &Path) -> Result<()> {
        std::fs::rename(&self.0, path)
            .map_err(|error| Error::new(format!("cannot write {}: {error}", path.display())))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After publishing there is nothing under this name any more.
        let _ = std::fs::remove_file(&self.0);
    }
}
