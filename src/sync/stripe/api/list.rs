//! One page of a list: what may be asked, and what came back.

use super::super::resources::Resource;
use super::{Answer, Api, Failure, Kind};
use crate::sync::json::Json;

/// The most that a page holds.
pub const PAGE: usize = 100;

/// A request for one page; only parameters that Stripe documents can be said with it.
#[derive(Debug, Clone, Default)]
pub struct ListRequest {
    /// Created at or after, unix seconds.
    pub from: Option<i64>,
    /// Created before.
    pub to: Option<i64>,
    /// The last object of the page before.
    pub after: Option<String>,
    /// One of [`super::super::resources::Listing::each`].
    pub part: Option<(&'static str, &'static str)>,
    /// Without what the key may not see.
    pub is_plain: bool,
    pub limit: usize,
}

impl ListRequest {
    pub fn parameters(&self, resource: &Resource) -> Vec<(&'static str, String)> {
        let listing = &resource.listing;
        let mut parameters = vec![("limit", self.limit.to_string())];
        parameters.extend(listing.parameters.iter().map(|(name, value)| (*name, (*value).into())));
        parameters.extend(self.part.map(|(name, value)| (name, value.to_owned())));
        if listing.by_created {
            parameters.extend(self.from.map(|from| ("created[gte]", from.to_string())));
            parameters.extend(self.to.map(|to| ("created[lt]", to.to_string())));
        }
        parameters.extend(self.after.clone().map(|after| ("starting_after", after)));
        if !self.is_plain {
            let paths = listing.expand.iter();
            parameters.extend(paths.map(|path| ("expand[]", format!("data.{path}"))));
        }
        parameters
    }
}

impl Api {
    /// Gets a page of a resource.
    pub async fn list(
        &self,
        resource: &Resource,
        request: &ListRequest,
    ) -> Result<Answer, Failure> {
        self.get(resource.name, resource.path, &request.parameters(resource)).await
    }
}

/// The objects of a page, and whether more follow. An answer that is no whole list is a failure
/// that may pass.
pub fn page_of(text: &str) -> Result<(Vec<Json<'_>>, bool), Failure> {
    let broken = |what: String| Failure::new(Kind::Transient, what);
    let json = Json::parse(text).map_err(|error| broken(format!("the answer is {error}")))?;
    let Json::Object(fields) = json else {
        return Err(broken("the answer is no list".to_owned()));
    };
    let (mut objects, mut has_more) = (None, false);
    for (name, value) in fields {
        match (&*name, value) {
            ("data", Json::Array(values)) => objects = Some(values),
            ("has_more", value) => has_more = value == Json::Bool(true),
            _ => {}
        }
    }
    match objects {
        Some(objects) => Ok((objects, has_more)),
        None => Err(broken("the answer is no list".to_owned())),
    }
}

/// When an object was created, in seconds, by the field that its resource has for it.
pub fn created_of(resource: &Resource, object: &Json<'_>) -> Option<i64> {
    match object.get(resource.listing.created)? {
        Json::Number(text) => text.split('.').next()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::stripe::RESOURCES;

    /// The parameters of every list, from Stripe's OpenAPI document.
    fn documented() -> serde_json::Value {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/stripe-list-endpoints.dahlia.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn only_documented_parameters_are_sent() {
        let documented = documented();
        for resource in RESOURCES.iter().filter(|resource| !resource.path.is_empty()) {
            let request = ListRequest {
                from: Some(1),
                to: Some(2),
                after: Some("x".into()),
                part: resource.listing.each.last().copied(),
                is_plain: false,
                limit: PAGE,
            };
            let endpoint = &documented[resource.path.strip_prefix("/v1/").unwrap()];
            let known =
                endpoint["params"].as_array().unwrap_or_else(|| panic!("{}", resource.path));
            assert_eq!(endpoint["required"].as_array().map(Vec::len), Some(0), "{}", resource.path);
            for (name, value) in request.parameters(resource) {
                let plain = name.split('[').next().unwrap();
                assert!(known.iter().any(|known| known == plain), "{}: {name}", resource.path);
                if let Some(allowed) = endpoint["enums"][plain].as_array() {
                    assert!(allowed.iter().any(|allowed| *allowed == value), "{name}={value}");
                }
                assert!(name != "expand[]" || value.split('.').count() <= 4, "{value}");
            }
        }
    }

    #[test]
    fn event_types_exist() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stripe-event-types.dahlia.json");
        let types: Vec<String> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for resource in RESOURCES {
            for name in resource.listing.events {
                let is_known =
                    |known: &String| known.rsplit_once('.').is_some_and(|(stem, _)| stem == *name);
                assert!(types.iter().any(is_known), "{}: {name}", resource.name);
            }
        }
    }

    #[test]
    fn a_page_is_a_whole_list_or_a_failure_that_may_pass() {
        let (objects, has_more) =
            page_of(r#"{"object":"list","data":[{"id":"a"},{"id":"b"}],"has_more":true}"#).unwrap();
        assert_eq!((objects.len(), has_more), (2, true));
        for text in ["{", "{\"data\":[{\"id\"}", "{\"object\":\"list\"}", "[]"] {
            assert_eq!(page_of(text).unwrap_err().kind, Kind::Transient, "{text}");
        }
    }
}
