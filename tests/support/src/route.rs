//! From a path to what it names: a list, an object, a list inside of an object.

use bytes::Bytes;
use serde_json::Value;

use crate::document::document;
use crate::expand::{self, expanded};
use crate::list::{self, Page};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::resource::{RESOURCES, Resource, named};
use crate::world::World;

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route<'a> {
    Account,
    List(&'static Resource),
    One(&'static Resource, &'a str),
    /// The subscription items of a subscription.
    Items,
    Item(&'a str),
    /// Objects of another resource that name this one: parent, its id, children, their parameter.
    Children(&'static Resource, &'a str, &'static Resource, &'static str),
    /// A list inside of an object: the object, its id, the field, and the elements' kind.
    Inline(&'static Resource, &'a str, &'static str, &'static str),
}

/// What a route answers with.
pub(crate) enum Found {
    Page(Page),
    One(Bytes),
}

/// Lists below an object that are served: parent, last part, children, their parameter.
const CHILDREN: &[(&str, &str, &str, &str)] = &[
    ("charges", "refunds", "refunds", "charge"),
    ("customers", "payment_methods", "payment_methods", "customer"),
    ("customers", "subscriptions", "subscriptions", "customer"),
    ("customers", "tax_ids", "tax_ids", "owner[customer]"),
];

const INLINE: &[(&str, &str)] =
    &[("invoices", "line_item"), ("credit_notes", "credit_note_line_item")];

impl<'a> Route<'a> {
    pub fn of(method: &str, path: &'a str) -> Result<Self, Refusal> {
        let unknown = || {
            let advice = "Please see https://stripe.com/docs or we can help at \
                          https://support.stripe.com/.";
            Refusal::new(404, format!("Unrecognized request URL ({method}: {path}). {advice}"))
        };
        let Some(rest) = path.strip_prefix("/v1/") else { return Err(unknown()) };
        if method != "GET" {
            return Err(Refusal::not_here(format!("{method} {path}: it only reads")));
        }
        let parts: Vec<&str> = rest.split('/').collect();
        let listed = |name: &str| named(name).filter(|resource| resource.is_listed);
        let route = match parts[..] {
            ["account"] => Some(Route::Account),
            ["subscription_items"] => Some(Route::Items),
            ["subscription_items", id] => Some(Route::Item(id)),
            [_, "search"] => None,
            [name] => listed(name).map(Route::List),
            [name, id] => listed(name).map(|resource| Route::One(resource, id)),
            [name, id, "lines"] => {
                let inline = INLINE.iter().find(|(parent, _)| *parent == name);
                let resource = listed(name);
                inline.zip(resource).map(|((_, element), r)| Route::Inline(r, id, "lines", element))
            }
            [name, id, last] => {
                let of =
                    CHILDREN.iter().find(|(parent, part, ..)| *parent == name && *part == last);
                of.and_then(|(parent, _, children, by)| {
                    Some(Route::Children(named(parent)?, id, named(children)?, by))
                })
            }
            _ => None,
        };
        match route {
            Some(route) => Ok(route),
            None if document().template(path).is_some() => Err(Refusal::not_here(path)),
            None => Err(unknown()),
        }
    }

    /// What a key must be allowed to read.
    pub fn permission(&self) -> (&'static str, &'static str) {
        let resource = match self {
            Route::Account => return ("account", "rak_accounts_kyc_basic_read"),
            Route::Items | Route::Item(_) => {
                return ("subscription_items", "rak_subscription_read");
            }
            Route::List(resource) | Route::One(resource, _) | Route::Inline(resource, ..) => {
                resource
            }
            Route::Children(_, _, children, _) => children,
        };
        (resource.name, resource.permission)
    }

    /// Looks it up; `other` is the account in the other mode, for the message of a missing object.
    pub fn answer(
        &self,
        path: &str,
        query: &Query,
        world: &World,
        other: Option<&World>,
        overlap: usize,
    ) -> Result<Found, Refusal> {
        let one = |resource: &'static Resource, id: &str| retrieve(world, other, resource, id);
        let page = |page: Result<Page, Refusal>| page.map(Found::Page);
        match *self {
            Route::Account => Ok(Found::One(Bytes::from(world.account_object().to_string()))),
            Route::List(resource) => {
                page(list::list(world, resource, query, None, path.to_owned(), overlap))
            }
            Route::One(resource, id) => {
                if let Some(left) = world.store(resource.name).deleted(id) {
                    return Ok(Found::One(Bytes::from(left.to_string())));
                }
                let object = one(resource, id)?;
                render(&object, resource.object, query, world)
            }
            Route::Items => {
                let id = query.get("subscription").unwrap_or_default();
                let object = one(definition("subscriptions"), id)?;
                let url = format!("/v1/subscription_items?subscription={id}");
                page(list::inline(world, &object, "items", "subscription_item", query, url))
            }
            Route::Item(id) => {
                let item = item(world, id);
                let item =
                    item.ok_or_else(|| Refusal::missing(404, "subscription_item", id, "item"))?;
                render(&item, "subscription_item", query, world)
            }
            Route::Children(parent, id, children, by) => {
                one(parent, id)?;
                let within = Some((by, id));
                page(list::list(world, children, query, within, path.to_owned(), overlap))
            }
            Route::Inline(resource, id, field, element) => {
                let object = one(resource, id)?;
                page(list::inline(world, &object, field, element, query, path.to_owned()))
            }
        }
    }
}

fn definition(name: &str) -> &'static Resource {
    RESOURCES.iter().find(|resource| resource.name == name).expect("it is in the table")
}

/// A whole object.
fn retrieve(
    world: &World,
    other: Option<&World>,
    resource: &Resource,
    id: &str,
) -> Result<Value, Refusal> {
    let is_old = |object: &Value| {
        let horizon = world.now() - 30 * 86_400;
        resource.object == "event" && object["created"].as_i64().is_some_and(|at| at < horizon)
    };
    if let Some(object) = world.object(resource.name, id).filter(|object| !is_old(object)) {
        return Ok(object);
    }
    let mut refusal = Refusal::missing(404, resource.object, id, "id");
    if other.is_some_and(|other| other.object(resource.name, id).is_some()) {
        let (there, here) = match world.is_live() {
            true => ("test", "live"),
            false => ("live", "test"),
        };
        refusal.message.push_str(&format!(
            "; a similar object exists in {there} mode, but a {here} mode key was used to make \
             this request."
        ));
    }
    Err(refusal)
}

/// A subscription item, found through its subscription.
fn item(world: &World, id: &str) -> Option<Value> {
    let store = world.store("subscriptions");
    let places = store.naming(id)?;
    let mut subscriptions = places.iter().filter_map(|place| store.at(*place));
    subscriptions.find_map(|entry| {
        let object = entry.object();
        let items = object["items"]["data"].as_array()?;
        items.iter().find(|item| item["id"] == id).cloned()
    })
}

fn render(object: &Value, kind: &str, query: &Query, world: &World) -> Result<Found, Refusal> {
    let paths = expand::check(&query.list("expand"), kind, false, world.generation())?;
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    Ok(Found::One(Bytes::from(expanded(object, &paths, world).to_string())))
}
