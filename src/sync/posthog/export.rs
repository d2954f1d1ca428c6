//! An export on demand: started, waited for, and downloaded file by file.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempPath;

use super::api::{Api, Ended, Failure, Kind};
use super::slices::Slice;
use crate::error::Result;
use crate::sync::incoming::Folder;
use crate::time::format_moment;

/// Where exports are.
pub const PATH: &str = "file_download_batch_exports/";
/// A file is landed while it is there, so it is not to fill the disk.
const FILE_MB: u64 = 256;
/// Pauses between two looks whether it is done.
const FIRST_LOOK: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long an export of a week may take.
const PATIENCE: Duration = Duration::from_secs(2 * 3_600);
/// Exports of one slice that may fail.
const TRIES: usize = 3;

/// A finished export: its id, and those of its files.
#[derive(Debug)]
pub struct Export {
    id: String,
    pub files: Vec<String>,
}

/// What is asked for.
pub fn request(model: &str, slice: Slice) -> Value {
    json!({
        "model": model,
        "file": { "format": "Parquet", "compression": "zstd", "max_size_mb": FILE_MB },
        "data_interval_start": format_moment(slice.from),
        "data_interval_end": format_moment(slice.to),
    })
}

/// Exports one slice. One that comes to another end than PostHog meant is made again.
pub async fn export(api: &Api, model: &str, slice: Slice) -> Result<Export, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match export_once(api, model, slice).await {
            Err(Failure { kind: Kind::Export(ended), .. })
                if ended.is_worth_retrying() && tries < TRIES =>
            {
                api.rest(FIRST_LOOK * 2_u32.pow(tries as u32)).await?;
            }
            ended => return ended,
        }
    }
}

async fn export_once(api: &Api, model: &str, slice: Slice) -> Result<Export, Failure> {
    let started = api.post(PATH, &request(model, slice)).await?;
    let strange = |what: &str| Failure::new(Kind::Transient, format!("the export {what}"));
    let id = text(&started.json, "id").ok_or_else(|| strange("was started without an id"))?;
    let began = Instant::now();
    let mut pause = FIRST_LOOK;
    loop {
        api.rest(pause).await?;
        let answer = api.get(&format!("{PATH}{id}/")).await?;
        let status = text(&answer.json, "status").unwrap_or_default();
        match status.as_str() {
            "Completed" => {
                let files = answer.json["files"].as_array().cloned().unwrap_or_default();
                let files = files.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                return Ok(Export { id, files });
            }
            other => {
                if let Some(ended) = Ended::of(other) {
                    let why = text(&answer.json, "error").unwrap_or_default();
                    let why = if why.is_empty() { why } else { format!(": {why}") };
                    return Err(Failure::new(
                        Kind::Export(ended),
                        format!("PostHog's export {id} ended as {other}{why}"),
                    ));
                }
            }
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::new(
                Kind::Export(Ended::TimedOut),
                format!("PostHog's export {id} is still {status} after two hours"),
            ));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Export {
    /// Downloads a file; one that breaks off is downloaded again. The outer error is the disk's.
    pub async fn download(
        &self,
        api: &Api,
        folder: &Folder,
        file: &str,
    ) -> Result<Result<TempPath, Failure>> {
        let path = format!("{PATH}{}/download/{file}", self.id);
        let path = &path;
        let taken = api
            .tried(|| async move {
                let url = api.redirection(path).await?;
                let answer = api.open(url).await?;
                // The disk's error is no failure of PostHog: it is handed through.
                match folder.take(answer).await {
                    Ok(Ok(file)) => Ok(Ok(file)),
                    Ok(Err(failure)) => Err(failure),
                    Err(error) => Ok(Err(error)),
                }
            })
            .await;
        match taken {
            Ok(Ok(file)) => Ok(Ok(file)),
            Ok(Err(error)) => Err(error),
            Err(failure) => Ok(Err(failure)),
        }
    }
}

fn text(json: &Value, field: &str) -> Option<String> {
    json[field].as_str().map(str::to_owned)
}
