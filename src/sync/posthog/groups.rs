//! Groups: their types, and the latest properties of each.

use serde_json::{Value, json};
use url::form_urlencoded;

use super::api::{Api, Failure, Kind};
use crate::time::format_moment;

pub const TYPES: &str = "groups_types/";

/// A type of groups; events name it by its name.
#[derive(Debug, Clone)]
pub struct GroupType {
    index: u64,
    name: String,
}

pub async fn types(api: &Api) -> Result<Vec<GroupType>, Failure> {
    let answer = api.get(TYPES).await?;
    // A bare list, or a page of one.
    let listed = answer.json.as_array().or_else(|| answer.json["results"].as_array());
    let types = listed.into_iter().flatten().filter_map(|json| {
        let (index, name) = (json["group_type_index"].as_u64()?, json["group_type"].as_str()?);
        Some(GroupType { index, name: name.to_owned() })
    });
    Ok(types.collect())
}

fn path(of: &GroupType, cursor: Option<&str>) -> String {
    let path = "groups/?".to_owned();
    let start = path.len();
    let mut query = form_urlencoded::Serializer::for_suffix(path, start);
    query.append_pair("group_type_index", &of.index.to_string());
    if let Some(cursor) = cursor {
        query.append_pair("cursor", cursor);
    }
    query.finish()
}

/// A page of the groups of a type, and where the next one begins.
pub async fn page(
    api: &Api,
    of: &GroupType,
    cursor: Option<&str>,
) -> Result<(Vec<Value>, Option<String>), Failure> {
    let answer = api.get(&path(of, cursor)).await?;
    let groups = answer.json["results"].as_array();
    let groups =
        groups.ok_or_else(|| Failure::new(Kind::Transient, "the answer is no list of groups"))?;
    let records = groups.iter().map(|group| {
        json!({
            "group_type": of.name,
            "group_key": group["group_key"],
            "group_properties": group["group_properties"],
            "created_at": group["created_at"],
            "observed_at": format_moment(answer.at),
        })
    });
    // Only what the address of the next page says: it is not ours to follow elsewhere.
    let next = answer.json["next"].as_str().and_then(|next| {
        let (_, query) = next.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned())
    });
    Ok((records.collect(), next.filter(|next| Some(next.as_str()) != cursor)))
}
