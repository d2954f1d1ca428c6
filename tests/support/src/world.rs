//! What one Stripe account has in one mode: its objects, its events and its clock.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::complete::complete;
use crate::object::{entry, shown};
use crate::path;
use crate::resource::{RESOURCES, Resource, named, of_object};
use crate::store::{Entry, Store};
use crate::version::Generation;

/// The objects of an account in live mode or in test mode.
///
/// Methods that take a resource take its name as in `/v1/{name}`, and panic at one that the
/// stand-in does not know: that is a mistake of the test.
#[derive(Debug)]
pub struct World {
    pub(crate) account: String,
    pub(crate) livemode: bool,
    pub(crate) version: String,
    /// Adds the fields that Stripe would send beside those that were given.
    pub(crate) completes: bool,
    now: i64,
    stores: HashMap<&'static str, Store>,
    made: u64,
}

impl World {
    /// An empty account in live mode whose objects have the shape of an API version.
    pub fn new(version: &str) -> Self {
        Self {
            account: "acct_1StandIn".into(),
            livemode: true,
            version: version.into(),
            completes: true,
            now: 0,
            stores: RESOURCES.iter().map(|r| (r.name, Store::default())).collect(),
            made: 0,
        }
    }

    /// The same in test mode.
    pub fn test_mode(mut self) -> Self {
        self.livemode = false;
        self
    }

    /// Another account id than `acct_1StandIn`.
    pub fn account(mut self, id: &str) -> Self {
        self.account = id.into();
        self
    }

    /// Keeps objects as they are given, without the fields that Stripe would add.
    pub fn as_given(mut self) -> Self {
        self.completes = false;
        self
    }

    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn account_id(&self) -> &str {
        &self.account
    }

    pub fn is_live(&self) -> bool {
        self.livemode
    }

    /// Sets the API version, and with it the shape, of objects and events from now on.
    pub fn set_version(&mut self, version: &str) {
        self.version = version.into();
    }

    pub fn generation(&self) -> Generation {
        Generation::of(&self.version)
    }

    /// The account's time: the `Date` of answers, and what the thirty days of events end at. It is
    /// the newest time that anything happened at, unless it is set.
    pub fn now(&self) -> i64 {
        self.now
    }

    pub fn set_now(&mut self, now: i64) {
        self.now = now;
    }

    pub(crate) fn pass(&mut self, at: i64) {
        self.now = self.now.max(at);
    }

    /// Puts an object there without an event, as if it had always been there; replaces one with its
    /// id. Gives the id, which is made up if the object has none.
    pub fn insert(&mut self, resource: &str, object: Value) -> String {
        self.put(definition(resource), object, false)
    }

    /// Puts an object there that can be retrieved but is in no list, like an inline price.
    pub fn insert_unlisted(&mut self, resource: &str, object: Value) -> String {
        self.put(definition(resource), object, true)
    }

    pub(crate) fn put(
        &mut self,
        resource: &'static Resource,
        object: Value,
        is_unlisted: bool,
    ) -> String {
        let (created, mut entry) = self.prepared(resource, object);
        entry.is_unlisted = is_unlisted;
        let id = entry.id.to_string();
        self.store_mut(resource.name).put(created, entry);
        self.pass(created);
        id
    }

    /// The entry of an object, and when it was created.
    fn prepared(&mut self, resource: &'static Resource, mut object: Value) -> (i64, Entry) {
        assert!(object.is_object(), "a {} is an object, not {object}", resource.object);
        if object["id"].as_str().is_none_or(str::is_empty) {
            object["id"] = self.next_id(resource.prefix).into();
        }
        object["object"] = resource.object.into();
        if object.get(resource.created).is_none() {
            object[resource.created] = self.now.into();
        }
        let created = object[resource.created].as_i64().unwrap_or_default();
        self.tell_mode(&mut object);
        for inline in resource.inline {
            let id = object["id"].as_str().unwrap_or_default();
            let url = inline.url.replace("{}", id);
            wrap(&mut object[inline.field], &url);
        }
        if self.completes {
            let generation = match resource.object {
                // What an event carries has the shape of its own version.
                "event" => Generation::of(object["api_version"].as_str().unwrap_or(&self.version)),
                _ => self.generation(),
            };
            complete(&mut object, generation);
            if resource.object == "event" {
                complete(&mut object["data"]["object"], generation);
            }
        }
        if resource.object != "event" {
            self.keep_discounts(&mut object);
        }
        (created, entry(resource, &object))
    }

    /// Objects say which mode they are of, where their kind has such a field.
    fn tell_mode(&self, object: &mut Value) {
        let kind = object["object"].as_str().unwrap_or_default();
        let schema = crate::document::document().schema(kind);
        let has_mode = schema.is_some_and(|schema| schema["properties"].get("livemode").is_some());
        if has_mode {
            object["livemode"] = self.livemode.into();
        }
    }

    /// Whole discounts where ids belong go to a store of their own, from where they are expanded.
    fn keep_discounts(&mut self, value: &mut Value) {
        let Some(object) = value.as_object_mut() else { return };
        for (name, part) in object {
            if let ("discounts", Some(discounts)) = (name.as_str(), part.as_array_mut()) {
                for discount in discounts.iter_mut().filter(|discount| discount.is_object()) {
                    let id = self.put(definition("discounts"), discount.take(), false);
                    *discount = id.into();
                }
            } else if let Some(elements) = part.get_mut("data").and_then(Value::as_array_mut) {
                elements.iter_mut().for_each(|element| self.keep_discounts(element));
            }
        }
    }

    /// An id that no object has.
    pub(crate) fn next_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{:014}", self.made)
    }

    /// A whole object, with all elements of its lists.
    pub fn object(&self, resource: &str, id: &str) -> Option<Value> {
        self.store(resource).get(id).map(Entry::object)
    }

    /// Whole objects, oldest first.
    pub fn objects(&self, resource: &str) -> Vec<Value> {
        self.store(resource).iter().map(Entry::object).collect()
    }

    /// The ids of a resource's objects, oldest first, also of those that lists leave out.
    pub fn ids(&self, resource: &str) -> Vec<String> {
        self.store(resource).iter().map(|entry| entry.id.to_string()).collect()
    }

    pub fn count(&self, resource: &str) -> usize {
        self.store(resource).len()
    }

    /// A whole object of any resource, or what is left of a deleted one.
    pub(crate) fn find(&self, id: &str) -> Option<Value> {
        let stores = RESOURCES.iter().map(|resource| &self.stores[resource.name]);
        stores.clone().find_map(|store| store.get(id).map(Entry::object)).or_else(|| {
            let mut deleted = stores.filter_map(|store| store.deleted(id));
            deleted.next().cloned()
        })
    }

    /// The objects of another resource that name one, newest first, as lists show them.
    pub(crate) fn children(&self, resource: &str, by: &str, id: &str) -> Vec<Value> {
        let store = self.store(resource);
        let places = store.naming(id).into_iter().flatten().rev();
        let objects = places.filter_map(|place| store.at(*place)).map(Entry::object);
        let is_child = |object: &Value| {
            // A customer's subscriptions are those that a list would show.
            let is_hidden = resource == "subscriptions" && object["status"] == "canceled";
            !is_hidden && path::pick(object, by).into_iter().any(|named| named == id)
        };
        objects.filter(is_child).map(|object| shown(object, &[])).collect()
    }

    pub(crate) fn store(&self, resource: &str) -> &Store {
        &self.stores[definition(resource).name]
    }

    pub(crate) fn store_mut(&mut self, resource: &str) -> &mut Store {
        self.stores.get_mut(definition(resource).name).expect("every resource has a store")
    }

    /// The account object, as `/v1/account` gives it.
    pub fn account_object(&self) -> Value {
        let mut account = json!({
            "id": self.account,
            "object": "account",
            "country": "US",
            "default_currency": "usd",
            "email": "owner@example.com",
            "type": "standard",
            "charges_enabled": true,
            "details_submitted": true,
            "payouts_enabled": true,
        });
        complete(&mut account, self.generation());
        account
    }
}

/// The definition of a resource by name.
pub(crate) fn definition(name: &str) -> &'static Resource {
    named(name).unwrap_or_else(|| panic!("the stand-in knows no resource {name}"))
}

/// What a retrieval tells of a deleted object, for the kinds of which anything is told.
pub(crate) fn tombstone(resource: &Resource, id: &str) -> Option<Value> {
    (resource.object == "customer")
        .then(|| json!({ "id": id, "object": resource.object, "deleted": true }))
}

/// Makes a list object of a bare array; a list that was cut elsewhere counts as whole here.
fn wrap(value: &mut Value, url: &str) {
    let data = match value {
        Value::Array(elements) => std::mem::take(elements),
        Value::Object(list) => match list.get_mut("data") {
            Some(Value::Array(elements)) => std::mem::take(elements),
            _ => vec![],
        },
        _ => vec![],
    };
    *value = json!({ "object": "list", "data": data, "has_more": false, "url": url });
}

/// Lays fields over an object; objects inside are laid over each other, lists are replaced.
pub(crate) fn lay(object: &mut Value, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match (object.get_mut(name), value) {
            (Some(old @ Value::Object(_)), Value::Object(fields))
                if old.get("object").is_none_or(|kind| of_object_name(kind).is_none()) =>
            {
                lay(old, fields);
            }
            _ => object[name.as_str()] = value.clone(),
        }
    }
}

fn of_object_name(kind: &Value) -> Option<&'static Resource> {
    kind.as_str().and_then(of_object)
}
