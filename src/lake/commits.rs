//! Whether a store keeps the commits of two machines apart. All that lies between them is a put that
//! fails when the object is there already; some servers that speak S3 take such a put for any other.

use object_store::Error as StoreError;

use super::Lake;
use crate::error::{Error, Result};

impl Lake {
    /// Asks a bucket once, before the first commit, to create an object that is there.
    pub(super) async fn check_commits(&self) -> Result<()> {
        if self.url.scheme() == "file" {
            return Ok(());
        }
        self.keeps_apart.get_or_try_init(|| self.create_again()).await.copied()
    }

    async fn create_again(&self) -> Result<()> {
        match self.put_format().await {
            Err(StoreError::AlreadyExists { .. }) => Ok(()),
            // The same text as before: nothing is broken by the answer.
            Ok(()) => Err(self.overwrites("it overwrites what is there")),
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => {
                Err(self.overwrites("it does not know conditional puts"))
            }
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    fn overwrites(&self, reason: &str) -> Error {
        Error::new(format!(
            "the lake {}: its server cannot keep the commits of two machines apart: {reason}",
            self.url
        ))
        .hint("a lake needs a store with put-if-absent (If-None-Match: *), as S3, GCS and Azure have; update the server or name another")
    }
}
