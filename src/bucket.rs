//! Buckets of S3, Google Cloud Storage and Azure, by URL. Credentials, region and endpoint come from
//! the environment variables that the clouds' own tools read, or from the machine's role.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{Error as StoreError, ObjectStore, RetryConfig};
use url::Url;

use crate::error::{Error, Result};

/// How long a request is tried again: a machine that cannot reach its bucket should say so.
const RETRY_TIMEOUT: Duration = Duration::from_secs(60);
const RETRIES: usize = 8;

/// A bucket and a place in it.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its root is that of the bucket.
    pub store: Arc<dyn ObjectStore>,
    pub url: Url,
}

/// Who serves buckets of a URL.
#[derive(Debug, Clone, Copy)]
enum Cloud {
    Amazon,
    Google,
    Azure,
}

impl Cloud {
    fn of(url: &Url) -> Option<Self> {
        match url.scheme() {
            "s3" | "s3a" => Some(Self::Amazon),
            "gs" => Some(Self::Google),
            "az" | "azure" | "abfs" | "abfss" => Some(Self::Azure),
            _ => None,
        }
    }

    /// What to set for it to let somebody in.
    fn hint(self) -> &'static str {
        match self {
            Self::Amazon => {
                "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION \
                 (and AWS_ENDPOINT_URL for another server than Amazon's)"
            }
            Self::Google => "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account",
            Self::Azure => "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
        }
    }
}

/// Whether a text is the URL of a bucket, such as `s3://bucket/folder`.
pub fn is_bucket(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| Cloud::of(&url).is_some())
}

/// An error, unless the text is the URL of a bucket.
pub fn check(text: &str) -> Result<()> {
    parse(text).map(drop)
}

fn parse(text: &str) -> Result<(Url, Cloud)> {
    let unusable = |reason: &str| {
        unusable(text, reason).hint(
            "a bucket is written s3://bucket/folder, gs://bucket/folder or az://container/folder",
        )
    };
    let url = Url::parse(text).map_err(|error| unusable(&error.to_string()))?;
    if url.password().is_some() {
        let place = url.host_str().unwrap_or_default();
        return Err(Error::new(format!("the bucket {place} has a key in its URL, which is shown"))
            .hint("a key comes from the environment, and is never written or printed"));
    }
    match Cloud::of(&url) {
        None => Err(unusable("its kind is not known")),
        Some(_) if url.host_str().is_none_or(str::is_empty) => Err(unusable("it has no name")),
        Some(cloud) => Ok((url, cloud)),
    }
}

fn unusable(text: &str, reason: &str) -> Error {
    Error::new(format!("cannot use the bucket {text}: {reason}"))
}

/// The bucket of a URL; asks the network nothing yet.
///
/// # Errors
/// When the text is no such URL, or a variable of the environment has an impossible value.
pub fn open(text: &str) -> Result<Bucket> {
    let (url, cloud) = parse(text)?;
    let retry =
        RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_TIMEOUT, ..Default::default() };
    let built: Result<Arc<dyn ObjectStore>, StoreError> = match cloud {
        Cloud::Amazon => {
            let builder = AmazonS3Builder::from_env().with_url(text).with_retry(retry);
            builder.build().map(|store| Arc::new(store) as _)
        }
        Cloud::Google => {
            let builder = GoogleCloudStorageBuilder::from_env().with_url(text).with_retry(retry);
            builder.build().map(|store| Arc::new(store) as _)
        }
        Cloud::Azure => {
            let builder = MicrosoftAzureBuilder::from_env().with_url(text).with_retry(retry);
            builder.build().map(|store| Arc::new(store) as _)
        }
    };
    let store = built.map_err(|error| unusable(text, &error.to_string()).hint(cloud.hint()))?;
    Ok(Bucket { store, url })
}

impl Bucket {
    /// What an error of the store means for whoever named the bucket.
    pub fn explain(&self, error: &StoreError) -> Error {
        explain(&self.url, error)
    }
}

/// What an error of a store means for whoever named its URL.
pub fn explain(url: &Url, error: &StoreError) -> Error {
    let Some(cloud) = Cloud::of(url) else {
        return Error::new(error.to_string()).context(url);
    };
    // A list that is refused is told as text only.
    let said = |codes: &[&str]| match error {
        StoreError::Generic { .. } => codes.iter().any(|code| error.to_string().contains(code)),
        _ => false,
    };
    match error {
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            Error::new(format!("{url}: access denied")).hint(cloud.hint())
        }
        _ if said(&["403 Forbidden", "401 Unauthorized"]) => {
            Error::new(format!("{url}: access denied")).hint(cloud.hint())
        }
        StoreError::NotFound { .. } => Error::new(format!("{url}: no such bucket or object"))
            .hint("check the name of the bucket, and its region"),
        _ if said(&["404 Not Found"]) => Error::new(format!("{url}: no such bucket"))
            .hint("check the name of the bucket, and its region"),
        other => Error::new(format!("{url}: {other}")).hint(cloud.hint()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_known_by_its_scheme() {
        for url in ["s3://b/x", "gs://b", "az://c/x", "abfss://c@account.dfs.core.windows.net/x"] {
            assert!(is_bucket(url), "{url}");
        }
        for path in ["data/lake", "/var/lake", "C:\\lake", "file:///var/lake", "https://b/x"] {
            assert!(!is_bucket(path), "{path}");
        }
    }

    #[test]
    fn a_key_in_a_url_is_refused_and_not_told() {
        let error = open("s3://me:hush@acme/x").unwrap_err();
        assert!(!format!("{error:?}").contains("hush"), "{error}");
    }

    #[test]
    fn what_is_no_bucket_says_how_one_is_written() {
        let error = open("ftp://b/x").unwrap_err();
        assert_eq!(error.message(), "cannot use the bucket ftp://b/x: its kind is not known");
        assert!(error.hint_text().unwrap().contains("s3://bucket/folder"));
    }
}
