//! Worlds from files of exported lists: `{"object":"list","data":[…]}`, one resource a file.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::resource::{RESOURCES, Resource};
use crate::world::World;

/// An account in both modes.
#[derive(Debug)]
pub struct Loaded {
    pub live: World,
    pub test: World,
}

/// Reads `customers.json`, `invoices-002.json.gz` and so on. Objects go to the world of their mode;
/// one that does not tell its mode goes where the object is that it names.
pub fn load(folder: &Path, live: World) -> Result<Loaded, String> {
    let mut test = World::new(live.version()).account(live.account_id()).test_mode();
    test.completes = live.completes;
    let mut loaded = Loaded { live, test };
    // What others name comes first.
    let last = ["refunds", "events"];
    let (later, first): (Vec<&Resource>, Vec<&Resource>) =
        RESOURCES.iter().partition(|resource| last.contains(&resource.name));
    for resource in first.into_iter().chain(later) {
        for file in files(folder, resource.name)? {
            loaded.read(resource.name, &file)?;
        }
    }
    let now = loaded.live.now().max(loaded.test.now());
    loaded.live.set_now(now);
    loaded.test.set_now(now);
    Ok(loaded)
}

impl Loaded {
    /// Adds the objects of one file, as they are.
    pub fn read(&mut self, resource: &str, file: &Path) -> Result<(), String> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let mut bytes = fs::read(file).map_err(|error| told(&error))?;
        if file.extension().is_some_and(|ending| ending == "gz") {
            let mut plain = vec![];
            GzDecoder::new(&bytes[..]).read_to_end(&mut plain).map_err(|error| told(&error))?;
            bytes = plain;
        }
        // Lists are newest first: among objects of one second the last of them is the oldest.
        for object in elements(&bytes).map_err(|error| told(&error))?.into_iter().rev() {
            let object: Value = serde_json::from_str(object.get()).map_err(|e| told(&e))?;
            let is_live = self.is_live(&object);
            let world = if is_live { &mut self.live } else { &mut self.test };
            world.insert(resource, object);
        }
        Ok(())
    }

    fn is_live(&self, object: &Value) -> bool {
        if let Some(livemode) = object["livemode"].as_bool() {
            return livemode;
        }
        let parents = [("charge", "charges"), ("customer", "customers")];
        let in_test = parents.iter().any(|(field, resource)| {
            let id = object[*field].as_str();
            id.is_some_and(|id| self.test.store(resource).get(id).is_some())
        });
        !in_test
    }
}

/// The objects of a list, still as text.
fn elements(bytes: &[u8]) -> serde_json::Result<Vec<&RawValue>> {
    #[derive(serde::Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
    }
    serde_json::from_slice::<List>(bytes).map(|list| list.data)
}

/// The files of a resource: `name.json`, `name-002.json`, each perhaps compressed.
fn files(folder: &Path, name: &str) -> Result<Vec<PathBuf>, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let mut files = vec![];
    for entry in fs::read_dir(folder).map_err(|error| told(&error))? {
        let path = entry.map_err(|error| told(&error))?.path();
        let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
        let stem = file.trim_end_matches(".gz").strip_suffix(".json").unwrap_or_default();
        let is_part = |rest: &str| {
            rest.is_empty()
                || rest.strip_prefix('-').is_some_and(|n| n.chars().all(|c| c.is_ascii_digit()))
        };
        if stem.strip_prefix(name).is_some_and(is_part) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
