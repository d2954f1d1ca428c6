//! Held honest from outside: what the stand-in serves is what Stripe's documents describe.

mod client;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use client::Client;
use jsonschema::Validator;
use paydirt_stand_in::{
    ACACIA, DAHLIA, Generation, Loaded, Mutator, RESOURCES, Server, Settings, World, document,
};
use serde_json::{Value, json};

const START: i64 = 1_767_225_600;

/// The schemas of the document as JSON Schema.
struct Schemas {
    root: Value,
    validators: HashMap<String, Validator>,
}

impl Schemas {
    /// Strict ones refuse fields that the document does not know.
    fn new(is_strict: bool) -> Self {
        let mut root = json!({ "components": document().openapi()["components"] });
        convert(&mut root, is_strict);
        Self { root, validators: HashMap::new() }
    }

    /// Says what is wrong with an object of a component.
    fn errors(&mut self, component: &str, object: &Value) -> Vec<String> {
        let validator = self.validators.entry(component.to_owned()).or_insert_with(|| {
            let mut schema = self.root.clone();
            schema["$ref"] = format!("#/components/schemas/{component}").into();
            jsonschema::validator_for(&schema).unwrap()
        });
        validator.iter_errors(object).map(|e| format!("{} at {}", e, e.instance_path())).collect()
    }
}

/// OpenAPI 3.0 to JSON Schema: `nullable` becomes an alternative, extensions go, and if wanted an
/// object has no other fields than its own.
fn convert(schema: &mut Value, is_strict: bool) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with("x-"));
            fields.values_mut().for_each(|part| convert(part, is_strict));
            let is_closed = is_strict
                && fields.get("type").is_some_and(|kind| kind == "object")
                && fields.contains_key("properties")
                && !fields.contains_key("additionalProperties");
            if is_closed {
                fields.insert("additionalProperties".into(), false.into());
            }
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                let plain = Value::Object(std::mem::take(fields));
                *schema = json!({ "anyOf": [plain, { "type": "null" }] });
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| convert(part, is_strict)),
        _ => {}
    }
}

/// A company that has been through a lot.
fn world(version: &str) -> World {
    let mut world = World::new(version);
    world.insert_sample(7, START);
    Mutator::new(7).steps(&mut world, 300);
    let customer = world.ids("customers")[0].clone();
    world.delete("customers", &customer, world.now());
    world
}

/// Every object that a client can list, with the expansions that paydirt may ask for.
fn served(server: &Server) -> BTreeMap<&'static str, Vec<Value>> {
    let client = Client::new(server, "rk_live_standin");
    let mut all = BTreeMap::new();
    for resource in RESOURCES.iter().filter(|resource| resource.is_listed) {
        let queries: &[&str] = match resource.name {
            "subscriptions" => &[
                "status=all",
                "status=all&expand[]=data.discounts&expand[]=data.customer&expand[]=data.schedule",
            ],
            "prices" => &["", "active=false", "expand[]=data.tiers&expand[]=data.product"],
            "invoices" => &["", "expand[]=data.payments&expand[]=data.discounts"],
            "charges" => &["", "expand[]=data.refunds&expand[]=data.balance_transaction"],
            "coupons" => &["", "expand[]=data.applies_to"],
            "customers" => &["", "expand[]=data.subscriptions&expand[]=data.tax_ids"],
            _ => &[""],
        };
        let old = server.world().generation() == Generation::Acacia;
        let queries = queries.iter().filter(|query| !(old && query.contains("payments")));
        let mut objects: Vec<Value> = queries
            .flat_map(|query| client.objects(&format!("/v1/{}?limit=100&{query}", resource.name)))
            .collect();
        if resource.name == "tax_ids" {
            let customers = server.world().ids("customers");
            let lists = customers.iter().map(|id| format!("/v1/customers/{id}/tax_ids"));
            objects.extend(lists.flat_map(|path| client.objects(&path)));
        }
        all.insert(resource.object, objects);
    }
    let subscriptions = server.world().ids("subscriptions");
    let items = subscriptions.iter().map(|id| format!("/v1/subscription_items?subscription={id}"));
    all.insert("subscription_item", items.flat_map(|path| client.objects(&path)).collect());
    let mut lines = |object, parents: &str| {
        let ids = server.world().ids(parents);
        let lists = ids.iter().map(|id| format!("/v1/{parents}/{id}/lines?limit=100"));
        all.insert(object, lists.flat_map(|path| client.objects(&path)).collect());
    };
    lines("line_item", "invoices");
    lines("credit_note_line_item", "credit_notes");
    all.insert("account", vec![client.get("/v1/account")]);
    all
}

#[test]
fn every_object_passes_the_schema_of_its_resource() {
    let server = Server::start(Settings::new(world(DAHLIA))).unwrap();
    let mut schemas = Schemas::new(true);
    let mut wrong = BTreeSet::new();
    for (kind, objects) in served(&server) {
        // The payouts, plans and codes of the sample never change.
        assert!(!objects.is_empty(), "no {kind} was served");
        for object in objects {
            wrong.extend(schemas.errors(kind, &object).into_iter().map(|e| format!("{kind}: {e}")));
            if kind == "event" {
                let carried = &object["data"]["object"];
                let kind = carried["object"].as_str().unwrap();
                let errors = schemas.errors(kind, carried);
                wrong.extend(errors.into_iter().map(|e| format!("event's {kind}: {e}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{:#?}", wrong.iter().take(40).collect::<Vec<_>>());
}

#[test]
fn every_error_and_tombstone_passes_its_schema() {
    let world = world(DAHLIA);
    let server = Server::start(Settings::new(world)).unwrap();
    let client = Client::new(&server, "rk_live_standin");
    let mut schemas = Schemas::new(true);
    let listed = client.all("/v1/events?type=customer.deleted&limit=100");
    let event = client.get(&format!("/v1/events/{}", listed[0]));
    let gone = event["data"]["object"]["id"].as_str().unwrap().to_owned();
    let left = client.get(&format!("/v1/customers/{gone}"));
    assert_eq!(left, json!({ "id": gone, "object": "customer", "deleted": true }));
    assert_eq!(schemas.errors("deleted_customer", &left), [""; 0]);
    for path in ["/v1/customers/cus_404", "/v1/customers?limit=x", "/v1/nothing"] {
        let (_, body) = client.ask(path);
        assert_eq!(schemas.errors("error", &body), [""; 0], "{path}");
    }
}

/// Fields that 2025-03-31.basil removed by its changelog, and that the fixtures' object lacks.
const GONE: &[(&str, &str)] = &[("line_item", "subscription_item")];

#[test]
fn the_older_shape_has_the_fields_of_its_time() {
    let server = Server::start(Settings::new(world(ACACIA))).unwrap();
    let mut wrong = BTreeSet::new();
    for (kind, objects) in served(&server) {
        let Some(fixture) = document().fixture(kind, Generation::Acacia) else { continue };
        let newer = document().schema(kind).map(|schema| &schema["properties"]);
        for object in objects {
            let object = object.as_object().unwrap();
            // The fixture is one object: fields that no API version has are not in it, but neither
            // are those that its object lacks and that did not change since.
            let is_known = |name: &String| {
                let is_gone = GONE.contains(&(kind, name.as_str()));
                is_gone
                    || fixture.contains_key(name)
                    || newer.is_some_and(|new| new.get(name).is_some())
            };
            let unknown = object.keys().filter(|name| !is_known(name));
            wrong.extend(unknown.map(|name| format!("{kind}: {name} is not of its time")));
            let missing = fixture.keys().filter(|name| !object.contains_key(*name));
            let missing = missing.filter(|name| *name != "refunds");
            wrong.extend(missing.map(|name| format!("{kind}: {name} is missing")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let client = Client::new(&server, "rk_live_standin");
    let subscription = &client.get("/v1/subscriptions?limit=1&status=all")["data"][0];
    assert!(subscription["current_period_end"].is_i64());
    assert!(subscription["items"]["data"][0].get("current_period_end").is_none());
    let invoice = &client.get("/v1/invoices?limit=1&expand[]=data.subscription")["data"][0];
    assert_eq!(invoice["subscription"]["object"], "subscription");
    assert!(invoice["lines"]["data"][0]["price"].is_object());
    assert!(invoice.get("parent").is_none());
}

/// The worked example of the project, in both shapes, has all that Stripe would send.
#[test]
fn exported_lists_are_completed() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/sample/stripe_clover");
    let loaded = paydirt_stand_in::load(root.as_ref(), World::new(DAHLIA)).unwrap();
    let Loaded { live, test } = loaded;
    let server = Server::start(Settings::new(live).world(test)).unwrap();
    let mut schemas = Schemas::new(false);
    let mut wrong = BTreeSet::new();
    let mut count = 0;
    for (kind, objects) in served(&server) {
        count += objects.len();
        for object in objects {
            wrong.extend(schemas.errors(kind, &object).into_iter().map(|e| format!("{kind}: {e}")));
        }
    }
    assert!(count > 50, "{count} objects");
    assert!(wrong.is_empty(), "{:#?}", wrong.iter().take(40).collect::<Vec<_>>());
}
