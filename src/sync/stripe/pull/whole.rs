//! Objects made whole: the lists inside them show one page, and the others are fetched.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::super::api::{Api, Failure, Kind, PAGE, page_of};
use super::super::object::table_of;
use super::super::resources::{Children, RESOURCES};
use super::page::TRIES;
use crate::sync::json::Json;

/// Lists that are fetched at the same time for one page.
const AT_ONCE: usize = 6;

/// What is missing from a list inside an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cut {
    owner: String,
    list: &'static str,
    after: Option<String>,
}

/// The missing pages of the lists of some objects.
#[derive(Debug, Default)]
pub struct Rests {
    pages: HashMap<Cut, Vec<String>>,
    /// Lists that can no longer be had, and why: what is deleted has no list.
    pub lost: Vec<(String, &'static str, String)>,
    pub requests: u64,
}

/// Fetches what the objects lack. One list is fetched once, however many events carry it.
pub async fn fetch(api: &Api, objects: &[Json<'_>]) -> Result<Rests, Failure> {
    let mut wanted: HashMap<Cut, &'static Children> = HashMap::new();
    for object in objects {
        let Some(carried) = carried(object) else { continue };
        wanted.extend(children(carried).filter_map(|child| Some((cut(carried, child)?, child))));
    }
    let fetching: Vec<_> =
        wanted.into_iter().map(|(cut, child)| fetch_one(api, cut, child)).collect();
    let fetched: Vec<_> = stream::iter(fetching).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut rests = Rests::default();
    for (cut, pages) in fetched {
        match pages {
            Ok(pages) => {
                rests.requests += pages.len() as u64;
                rests.pages.insert(cut, pages);
            }
            Err(failure) => {
                rests.requests += 1;
                rests.lost.push((cut.owner, cut.list, failure.message));
            }
        }
    }
    Ok(rests)
}

async fn fetch_one(
    api: &Api,
    cut: Cut,
    child: &'static Children,
) -> Result<(Cut, Result<Vec<String>, Failure>), Failure> {
    let pages = pages(api, &cut, child).await?;
    Ok((cut, pages))
}

/// The pages of one list; the inner failure is of a list that cannot be had any more.
async fn pages(
    api: &Api,
    cut: &Cut,
    child: &'static Children,
) -> Result<Result<Vec<String>, Failure>, Failure> {
    let path = child.path.replace("{id}", &cut.owner);
    let mut after = cut.after.clone();
    let mut texts: Vec<String> = vec![];
    let mut tries = 0;
    loop {
        let mut parameters = vec![("limit", PAGE.to_string())];
        parameters.extend(child.parameter.map(|name| (name, cut.owner.clone())));
        parameters.extend(after.clone().map(|after| ("starting_after", after)));
        parameters.extend(child.expand.iter().map(|path| ("expand[]", format!("data.{path}"))));
        let answer = match api.get(child.endpoint, &path, &parameters).await {
            Ok(answer) => answer,
            Err(failure) if matches!(failure.kind, Kind::NotFound | Kind::BadRequest) => {
                return Ok(Err(failure));
            }
            Err(failure) => return Err(failure),
        };
        let (objects, has_more) = match page_of(&answer.text) {
            Ok(page) => page,
            // It came, and is broken.
            Err(_) if tries < TRIES => {
                tries += 1;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        let last = objects.last().and_then(|object| object.get_str("id")).map(str::to_owned);
        drop(objects);
        texts.push(answer.text);
        if !has_more || last.is_none() {
            return Ok(Ok(texts));
        }
        after = last;
    }
}

/// Puts the missing pages into an object.
pub fn fill<'a>(object: &mut Json<'a>, rests: &'a Rests) {
    let Some(carried) = carried_mut(object) else { return };
    let cuts: Vec<Cut> = children(carried).filter_map(|child| cut(carried, child)).collect();
    for cut in cuts {
        let Some(texts) = rests.pages.get(&cut) else { continue };
        let Some(list) = field_mut(carried, cut.list) else { continue };
        let Some(Json::Array(elements)) = field_mut(list, "data") else { continue };
        for text in texts {
            let Ok((more, _)) = page_of(text) else { continue };
            for element in more {
                let id = element.get_str("id");
                if id.is_none() || elements.iter().all(|known| known.get_str("id") != id) {
                    elements.push(element);
                }
            }
        }
        if let Some(has_more) = field_mut(list, "has_more") {
            *has_more = Json::Bool(false);
        }
    }
}

/// The object itself, or what an event carries.
fn carried<'o, 'a>(object: &'o Json<'a>) -> Option<&'o Json<'a>> {
    match object.get_str("object")? {
        "event" => object.get("data")?.get("object"),
        _ => Some(object),
    }
}

fn carried_mut<'o, 'a>(object: &'o mut Json<'a>) -> Option<&'o mut Json<'a>> {
    match object.get_str("object")? {
        "event" => field_mut(field_mut(object, "data")?, "object"),
        _ => Some(object),
    }
}

fn children(object: &Json<'_>) -> impl Iterator<Item = &'static Children> {
    let resource = table_of(object).map(|table| &RESOURCES[table]);
    resource.into_iter().flat_map(|resource| resource.listing.children)
}

/// What the list lacks, if it does.
fn cut(object: &Json<'_>, child: &'static Children) -> Option<Cut> {
    let list = object.get(child.list)?;
    let elements = list.get("data")?.as_array()?;
    (list.get("has_more") == Some(&Json::Bool(true))).then(|| Cut {
        owner: object.get_str("id").unwrap_or_default().to_owned(),
        list: child.list,
        after: elements.last().and_then(|element| element.get_str("id")).map(str::to_owned),
    })
}

fn field_mut<'o, 'a>(object: &'o mut Json<'a>, name: &str) -> Option<&'o mut Json<'a>> {
    match object {
        Json::Object(fields) => {
            fields.iter_mut().rev().find(|(key, _)| key == name).map(|(_, value)| value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_list_is_filled_also_inside_an_event() {
        let invoice = r#"{"id":"in_1","object":"invoice","lines":{"object":"list",
            "data":[{"id":"il_1"},{"id":"il_2"}],"has_more":true}}"#;
        let event = format!(r#"{{"id":"evt_1","object":"event","data":{{"object":{invoice}}}}}"#);
        let more = r#"{"object":"list","data":[{"id":"il_2"},{"id":"il_3"}],"has_more":false}"#;
        let cut = Cut { owner: "in_1".into(), list: "lines", after: Some("il_2".into()) };
        let rests = Rests { pages: [(cut, vec![more.to_owned()])].into(), ..Rests::default() };
        for text in [invoice, &event] {
            let mut object = Json::parse(text).unwrap();
            fill(&mut object, &rests);
            let text = object.to_compact();
            assert!(
                text.contains(r#"[{"id":"il_1"},{"id":"il_2"},{"id":"il_3"}],"has_more":false"#),
                "{text}"
            );
        }
    }

    #[test]
    fn whole_lists_and_other_objects_lack_nothing() {
        for text in [
            r#"{"id":"in_1","object":"invoice","lines":{"data":[],"has_more":false}}"#,
            r#"{"id":"in_1","object":"invoice"}"#,
            r#"{"id":"po_1","object":"payout","lines":{"data":[],"has_more":true}}"#,
        ] {
            let object = Json::parse(text).unwrap();
            assert_eq!(children(&object).filter_map(|child| cut(&object, child)).count(), 0);
        }
    }
}
