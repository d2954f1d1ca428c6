//! What a key may read: a request or two a kind of data, and none that changes anything.

use serde_json::{Value, json};

use super::super::settings::{DATA, Datum};
use super::super::slices::Slice;
use super::super::{export, groups, query};
use super::{Api, Failure, Kind};

/// What came of trying a kind of data.
#[derive(Debug)]
pub struct Checked {
    pub datum: &'static Datum,
    /// In which way it can be read; `None`: in none.
    pub way: Option<&'static str>,
    /// Why it cannot be read, or only in the slower way.
    pub failure: Option<Failure>,
}

/// The project's name, and what the key may do.
#[derive(Debug, Default)]
pub struct Known {
    pub project: Option<String>,
    pub created_at: Option<String>,
    pub scopes: Vec<String>,
}

/// What the project and the key tell of themselves. The error is about key, project or way.
pub async fn known(api: &Api) -> Result<(Known, Option<Failure>), Failure> {
    let mut known = Known::default();
    let failure = match api.get("").await {
        Ok(answer) => {
            let text = |field: &str| answer.json[field].as_str().map(str::to_owned);
            (known.project, known.created_at) = (text("name"), text("created_at"));
            None
        }
        Err(failure) if failure.kind == Kind::NotThere => {
            return Err(Failure { kind: Kind::ProjectUnknown, ..failure });
        }
        Err(failure) if matches!(failure.kind, Kind::Denied { .. }) => Some(failure),
        Err(failure) => return Err(failure),
    };
    if let Ok(key) = api.get("/personal_api_keys/@current/").await {
        let scopes = key.json["scopes"].as_array().into_iter().flatten();
        known.scopes = scopes.filter_map(Value::as_str).map(str::to_owned).collect();
    }
    Ok((known, failure))
}

/// Tries every kind of data, in the order of their definition.
pub async fn check(api: &Api) -> Result<Vec<Checked>, Failure> {
    let no_export = may_export(api).await;
    let no_query = match api.post(query::PATH, &query::request("select 1", json!({}))).await {
        Ok(_) => None,
        Err(failure) if failure.ends_the_sync() => return Err(failure),
        Err(failure) => Some(failure),
    };
    let no_groups = match api.get(groups::TYPES).await {
        Ok(_) => None,
        Err(failure) => Some(failure).filter(|failure| failure.kind != Kind::NotThere),
    };
    let checked = DATA.iter().map(|datum| {
        let ways = match datum.name {
            "groups" => vec![("list", &no_groups)],
            _ => vec![("export", &no_export), ("query", &no_query)],
        };
        let way = ways.iter().find(|(_, failure)| failure.is_none()).map(|(way, _)| *way);
        let failure = ways.iter().find_map(|(_, failure)| failure.as_ref()).cloned();
        Checked { datum, way, failure }
    });
    Ok(checked.collect())
}

/// Asks for an export that ends before it begins: who may not export is told so before that.
async fn may_export(api: &Api) -> Option<Failure> {
    let nothing = export::request("events", Slice { from: 1_000_000, to: 0 });
    match api.post(export::PATH, &nothing).await {
        Ok(_) => None,
        Err(failure) => Some(failure).filter(|f| !matches!(f.kind, Kind::BadRequest | Kind::Busy)),
    }
}
