//! The objects of one resource: in the order of lists, found by id and by the ids they name, kept
//! as the bytes that a list shows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

/// Where an object stands: when it was created, then how many were put before it.
pub type Place = (i64, u64);

/// An object.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Arc<str>,
    /// All that is known of it, whole lists too.
    pub full: Bytes,
    /// What a list shows of it; the same bytes where nothing is left out.
    pub body: Bytes,
    pub tag: Option<Arc<str>>,
    /// Which of the resource's expandable fields hold something to expand, a bit each.
    pub expandable: u128,
    /// Whether lists leave it out, though it can be retrieved.
    pub is_unlisted: bool,
    /// Whether it belongs to a test clock: lists leave it out unless they ask for the clock.
    pub has_clock: bool,
    /// Ids that it names.
    pub refs: Vec<Arc<str>>,
}

impl Entry {
    /// The whole object.
    pub fn object(&self) -> Value {
        serde_json::from_slice(&self.full).expect("the bytes were written from an object")
    }
}

#[derive(Debug, Default)]
pub struct Store {
    entries: BTreeMap<Place, Entry>,
    places: HashMap<Arc<str>, Place>,
    refs: HashMap<Arc<str>, BTreeSet<Place>>,
    /// Objects that are gone, with what a retrieval still tells of them.
    deleted: HashMap<Arc<str>, Value>,
    put: u64,
}

impl Store {
    /// Adds an object, or replaces the one with its id where it stands.
    pub fn put(&mut self, created: i64, entry: Entry) {
        let kept = self.places.get(&entry.id).copied();
        let place = match kept {
            Some(place) => {
                self.remove(&entry.id.clone());
                (created, place.1)
            }
            None => {
                self.put += 1;
                (created, self.put)
            }
        };
        for id in &entry.refs {
            self.refs.entry(id.clone()).or_default().insert(place);
        }
        self.deleted.remove(&entry.id);
        self.places.insert(entry.id.clone(), place);
        self.entries.insert(place, entry);
    }

    /// Removes an object; `left` is what a retrieval tells from now on.
    pub fn delete(&mut self, id: &str, left: Option<Value>) -> Option<Entry> {
        let entry = self.remove(id)?;
        if let Some(left) = left {
            self.deleted.insert(entry.id.clone(), left);
        }
        Some(entry)
    }

    fn remove(&mut self, id: &str) -> Option<Entry> {
        let place = self.places.remove(id)?;
        let entry = self.entries.remove(&place)?;
        for id in &entry.refs {
            if let Some(places) = self.refs.get_mut(id) {
                places.remove(&place);
                if places.is_empty() {
                    self.refs.remove(id);
                }
            }
        }
        Some(entry)
    }

    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(self.places.get(id)?)
    }

    pub fn deleted(&self, id: &str) -> Option<&Value> {
        self.deleted.get(id)
    }

    pub fn place(&self, id: &str) -> Option<Place> {
        self.places.get(id).copied()
    }

    pub fn at(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// The objects that name an id, oldest first.
    pub fn naming(&self, id: &str) -> Option<&BTreeSet<Place>> {
        self.refs.get(id)
    }

    /// Objects between two places, both outside of the range, oldest first.
    pub fn between(
        &self,
        after: Place,
        before: Place,
    ) -> impl DoubleEndedIterator<Item = (Place, &Entry)> {
        let range = (std::ops::Bound::Excluded(after), std::ops::Bound::Excluded(before));
        // A range that ends before it begins holds nothing, but is not allowed.
        let range = (after < before).then(|| self.entries.range(range));
        range.into_iter().flatten().map(|(place, entry)| (*place, entry))
    }

    /// All objects, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The n-th object in some fixed order, to pick one by chance.
    pub fn nth(&self, n: usize) -> Option<&Entry> {
        self.entries.values().nth(n)
    }
}
