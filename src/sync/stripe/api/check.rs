//! What a key may read: one request a resource.

use futures::{StreamExt, stream};

use super::super::resources::{Resource, listed};
use super::{Api, Failure, Kind, ListRequest, page_of};
use crate::sync::json::Json;

/// Resources that are tried at the same time.
const AT_ONCE: usize = 6;

/// What came of trying a resource.
#[derive(Debug)]
pub struct Checked {
    pub resource: &'static Resource,
    pub failure: Option<Failure>,
    /// Why its expansions cannot be read although it can.
    pub without: Option<Failure>,
}

/// Tries every resource, in the order of their definition.
pub async fn check(api: &Api) -> Vec<Checked> {
    let checks: Vec<_> = listed().map(|resource| check_one(api, resource)).collect();
    stream::iter(checks).buffered(AT_ONCE).collect().await
}

async fn check_one(api: &Api, resource: &'static Resource) -> Checked {
    let first = try_one(api, resource, false).await;
    let is_denied = matches!(&first, Err(Failure { kind: Kind::Denied { .. }, .. }));
    let (failure, without) = match first {
        Err(failure) if is_denied && !resource.listing.expand.is_empty() => {
            match try_one(api, resource, true).await {
                Ok(()) => (None, Some(failure)),
                Err(failure) => (Some(failure), None),
            }
        }
        tried => (tried.err(), None),
    };
    Checked { resource, failure, without }
}

async fn try_one(api: &Api, resource: &Resource, is_plain: bool) -> Result<(), Failure> {
    let request = ListRequest { is_plain, limit: 1, ..ListRequest::default() };
    let answer = api.list(resource, &request).await?;
    page_of(&answer.text).map(drop)
}

impl Api {
    /// The id of the account, where the key may see it.
    pub async fn account_id(&self) -> Option<String> {
        if self.account.is_some() {
            return self.account.clone();
        }
        let answer = self.get("account", "/v1/account", &[]).await.ok()?;
        Json::parse(&answer.text).ok()?.get_str("id").map(str::to_owned)
    }
}
