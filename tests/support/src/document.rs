//! Stripe's own documents, read once: which resources, parameters and expansions exist, and one
//! object of each resource at two points of API history.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde_json::{Map, Value};

use crate::version::Generation;

static OPENAPI: &[u8] = include_bytes!("../../fixtures/stripe-openapi-2026-05-27.dahlia.json.gz");
static FIXTURES: &str = include_str!("../../fixtures/stripe-fixtures-by-era.json");

static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::read);

const SCHEMA: &str = "#/components/schemas/";

/// The documents.
pub struct Document {
    openapi: Value,
    /// Objects of the fixtures: those of 2025-02-24.acacia, then those of 2026-07-29.dahlia.
    fixtures: [Value; 2],
}

/// The documents, read at the first call.
pub fn document() -> &'static Document {
    &DOCUMENT
}

impl Document {
    fn read() -> Self {
        let mut text = vec![];
        GzDecoder::new(OPENAPI).read_to_end(&mut text).expect("the fixture is gzip");
        let openapi = serde_json::from_slice(&text).expect("the fixture is JSON");
        let mut eras: Value = serde_json::from_str(FIXTURES).expect("the fixture is JSON");
        let mut era = |name: &str| eras["versions"][name]["resources"].take();
        let fixtures = [era("2025-02-24.acacia-era"), era("2026-07-29.dahlia-era")];
        Self { openapi, fixtures }
    }

    /// The whole OpenAPI document, as far as it was kept.
    pub fn openapi(&self) -> &Value {
        &self.openapi
    }

    /// The schema of a component, without description.
    pub fn schema(&self, component: &str) -> Option<&Value> {
        self.openapi["components"]["schemas"].get(component)
    }

    /// The schema that a schema stands for: a reference is followed.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                self.schema(reference.trim_start_matches(SCHEMA)).unwrap_or(&Value::Null)
            }
            None => schema,
        }
    }

    /// What a schema can be: its alternatives, or itself.
    pub fn alternatives<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.resolve(schema);
        match schema.get("anyOf").and_then(Value::as_array) {
            Some(parts) => parts.iter().map(|part| self.resolve(part)).collect(),
            None => vec![schema],
        }
    }

    /// The parameters of a GET operation, or none if the document has no such path.
    pub fn parameters(&self, template: &str) -> Option<&Vec<Value>> {
        self.openapi["paths"].get(template)?["get"]["parameters"].as_array()
    }

    /// The template of a path, `/v1/invoices/{invoice}/lines`, if the document has it.
    pub fn template(&self, path: &str) -> Option<&str> {
        let paths = self.openapi["paths"].as_object()?;
        if let Some((exact, _)) = paths.get_key_value(path) {
            return Some(exact);
        }
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let wanted: Vec<&str> = template.split('/').collect();
            let same = |(want, part): (&&str, &&str)| want.starts_with('{') || want == part;
            wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
        };
        paths.keys().map(String::as_str).find(|template| fits(template))
    }

    /// The object of a kind that the fixtures show.
    pub fn fixture(&self, object: &str, generation: Generation) -> Option<&Map<String, Value>> {
        let index = usize::from(generation == Generation::Basil);
        self.fixtures[index].get(object)?.as_object()
    }

    /// The fields below which the document lets a client expand something, of one kind of object.
    pub fn expandable(&self, object: &str) -> impl Iterator<Item = &str> {
        let fields = self.schema(object).and_then(|schema| schema["x-expandableFields"].as_array());
        fields.into_iter().flatten().filter_map(Value::as_str)
    }
}
