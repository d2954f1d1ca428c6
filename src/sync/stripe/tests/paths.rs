//! A typo cannot become a column of NULLs: every path of every column is in Stripe's document of
//! the pinned version, or in an object of an older one.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::sync::stripe::column::{Column, Kind};
use crate::sync::stripe::resources::RESOURCES;

/// Paths of versions that no document and no fixture at hand shows, and where they are told of.
const TOLD_ELSEWHERE: &[&str] = &[
    // 2026-09-30.endive, changelog of npm `stripe` 23.1.0
    "status_details.paused.transitioned_at",
    "current_trial.start_date",
    "current_trial.end_date",
    // A discount inside something before 2025-09-30.clover; discounts by themselves show it.
    "coupon",
    // A line by itself before 2025-03-31.basil; lines inside invoices show them.
    "subscription_item",
    "plan.product",
];

struct Documents {
    openapi: Value,
    eras: Value,
}

impl Documents {
    fn read() -> Self {
        let file = |name: &str| {
            std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
        };
        let packed = file("stripe-openapi-2026-05-27.dahlia.json.gz");
        let mut openapi = vec![];
        GzDecoder::new(&packed[..]).read_to_end(&mut openapi).unwrap();
        Self {
            openapi: serde_json::from_slice(&openapi).unwrap(),
            eras: serde_json::from_slice(&file("stripe-fixtures-by-era.json")).unwrap(),
        }
    }

    fn alternatives<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            return self.alternatives(&self.openapi["components"]["schemas"][name]);
        }
        match schema["anyOf"].as_array() {
            Some(parts) => parts.iter().flat_map(|part| self.alternatives(part)).collect(),
            None => vec![schema],
        }
    }

    /// What lies at the end of a path, of every alternative on the way.
    fn schemas<'a>(&'a self, from: Vec<&'a Value>, path: &str) -> Vec<&'a Value> {
        let mut at = from;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let (name, is_element) = step.split_once('[').map_or((step, false), |(n, _)| (n, true));
            at = at
                .into_iter()
                .filter_map(|schema| schema["properties"].get(name))
                .flat_map(|schema| self.alternatives(schema))
                .collect();
            if is_element {
                at = self.elements(at);
            }
        }
        at
    }

    fn elements<'a>(&'a self, lists: Vec<&'a Value>) -> Vec<&'a Value> {
        lists
            .into_iter()
            .flat_map(|schema| match schema.get("items") {
                Some(items) => self.alternatives(items),
                None => vec![schema],
            })
            .collect()
    }

    fn objects(&self, kinds: &[&str]) -> Vec<&Value> {
        let eras = self.eras["versions"].as_object().unwrap().values();
        eras.flat_map(|era| era["resources"].as_object().unwrap().values())
            .filter(|object| kinds.iter().any(|kind| object["object"] == *kind))
            .collect()
    }
}

/// The values at the end of a path, also those that are null; below a null nothing is known.
fn values<'a>(from: Vec<&'a Value>, path: &str) -> Vec<&'a Value> {
    let mut at = from;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        let (name, is_element) = step.split_once('[').map_or((step, false), |(n, _)| (n, true));
        at = at.into_iter().filter_map(|value| value.get(name)).collect();
        if is_element {
            at = at.into_iter().filter_map(|value| value.get(0)).collect();
        }
    }
    at
}

/// Paths that lead nowhere.
fn lost(
    documents: &Documents,
    columns: &'static [Column],
    schemas: &[&Value],
    objects: &[&Value],
    outer: Option<(&[&Value], &[&Value])>,
    found: &mut Vec<String>,
) {
    for column in columns {
        for path in column.paths.split('|').filter(|path| !path.is_empty()) {
            let (schemas, objects, inner) = match (path.strip_prefix('^'), outer) {
                (Some(inner), Some((schemas, objects))) => (schemas, objects, inner),
                _ => (schemas, objects, path),
            };
            let ends = documents.schemas(schemas.to_vec(), inner);
            let seen = values(objects.to_vec(), inner);
            if ends.is_empty() && seen.is_empty() && !TOLD_ELSEWHERE.contains(&path) {
                found.push(format!("{}: {path}", column.name));
            }
        }
        if let Kind::List(children) = column.kind {
            let paths = || column.paths.split('|');
            let ends: Vec<&Value> =
                paths().flat_map(|path| documents.schemas(schemas.to_vec(), path)).collect();
            let seen: Vec<&Value> =
                paths().flat_map(|path| values(objects.to_vec(), path)).collect();
            let elements = documents.elements(ends);
            let seen: Vec<&Value> = seen
                .into_iter()
                .flat_map(|value| value.as_array().map_or(vec![value], |v| v.iter().collect()))
                .collect();
            lost(documents, children, &elements, &seen, Some((schemas, objects)), found);
        }
    }
}

#[test]
fn every_column_path_exists() {
    let documents = Documents::read();
    let mut found = vec![];
    for resource in RESOURCES {
        let components = &documents.openapi["components"]["schemas"];
        let schemas: Vec<&Value> =
            resource.objects.iter().filter_map(|kind| components.get(kind)).collect();
        assert!(!schemas.is_empty(), "{} is not in the document", resource.name);
        let objects = documents.objects(resource.objects);
        let mut of_resource = vec![];
        lost(&documents, resource.columns, &schemas, &objects, None, &mut of_resource);
        found.extend(of_resource.into_iter().map(|lost| format!("{}.{lost}", resource.name)));
    }
    assert_eq!(found, Vec::<String>::new());
}
