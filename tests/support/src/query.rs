//! The parameters of a request, held against Stripe's document.

use serde_json::Value;
use url::form_urlencoded;

use crate::document::document;
use crate::refusal::Refusal;

/// Parameters in the order of the query string; `created[gte]` has a key, `types[]` an empty one.
#[derive(Debug, Clone, Default)]
pub struct Query {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    name: String,
    key: Option<String>,
    value: String,
}

/// Bounds of a time, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub from: i64,
    pub to: i64,
}

impl Query {
    pub fn parse(query: &str) -> Self {
        let parts = form_urlencoded::parse(query.as_bytes()).map(|(name, value)| {
            let (name, key) = match name.split_once('[') {
                Some((name, key)) => (name.to_owned(), Some(key.trim_end_matches(']').to_owned())),
                None => (name.into_owned(), None),
            };
            Part { name, key, value: value.into_owned() }
        });
        Self { parts: parts.collect() }
    }

    /// The value of `name`, or of `name[key]`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (name, key) = match name.split_once('[') {
            Some((name, key)) => (name, Some(key.trim_end_matches(']'))),
            None => (name, None),
        };
        let part = self.parts.iter().find(|part| part.name == name && part.key.as_deref() == key);
        part.map(|part| part.value.as_str())
    }

    /// The values of an array, `name[]=…` or `name[0]=…`.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let of_array = |part: &&Part| {
            part.name == name
                && part.key.as_ref().is_some_and(|key| key.chars().all(|c| c.is_ascii_digit()))
        };
        self.parts.iter().filter(of_array).map(|part| part.value.as_str()).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|part| part.name == name)
    }

    /// A time: exact, or between bounds.
    pub fn time(&self, name: &str) -> Result<Option<Bounds>, Refusal> {
        let mut bounds = Bounds { from: i64::MIN, to: i64::MAX };
        let mut is_given = false;
        for part in self.parts.iter().filter(|part| part.name == name) {
            let at = integer(name, &part.value)?;
            match part.key.as_deref() {
                None => bounds = Bounds { from: at, to: at },
                Some("gt") => bounds.from = bounds.from.max(at + 1),
                Some("gte") => bounds.from = bounds.from.max(at),
                Some("lt") => bounds.to = bounds.to.min(at - 1),
                Some("lte") => bounds.to = bounds.to.min(at),
                Some(key) => return Err(Refusal::unknown_parameter(&format!("{name}[{key}]"))),
            }
            is_given = true;
        }
        Ok(is_given.then_some(bounds))
    }

    /// Objects a page: one to a hundred, ten unless the client says more.
    pub fn limit(&self) -> Result<usize, Refusal> {
        let Some(limit) = self.get("limit") else { return Ok(10) };
        Ok(usize::try_from(integer("limit", limit)?.clamp(1, 100)).expect("it is clamped"))
    }

    /// Names and values as they were sent, without percent signs.
    pub fn pairs(&self) -> impl Iterator<Item = (String, &str)> {
        self.parts.iter().map(|part| match &part.key {
            Some(key) => (format!("{}[{key}]", part.name), part.value.as_str()),
            None => (part.name.clone(), part.value.as_str()),
        })
    }

    /// Refuses what the document does not know for a path, and values that it does not allow.
    pub fn check(&self, template: &str) -> Result<(), Refusal> {
        let parameters = document().parameters(template).into_iter().flatten();
        let known: Vec<&Value> =
            parameters.filter(|parameter| parameter["in"] == "query").collect();
        for part in &self.parts {
            let parameter = known.iter().find(|known| known["name"] == part.name.as_str());
            let Some(parameter) = parameter else {
                return Err(Refusal::unknown_parameter(&part.name));
            };
            part.check(&parameter["schema"])?;
        }
        let missing = known.iter().filter(|known| known["required"] == true);
        for name in missing.filter_map(|known| known["name"].as_str()) {
            if !self.has(name) {
                return Err(Refusal::missing_parameter(name));
            }
        }
        if self.has("starting_after") && self.has("ending_before") {
            return Err(Refusal::new(
                400,
                "You may only specify one of these parameters: starting_after, ending_before.",
            ));
        }
        Ok(())
    }
}

impl Part {
    /// The name as it was sent.
    fn sent(&self) -> String {
        match &self.key {
            Some(key) => format!("{}[{key}]", self.name),
            None => self.name.clone(),
        }
    }

    fn check(&self, schema: &Value) -> Result<(), Refusal> {
        // A parameter may be one of several types: whatever allows this value will do.
        let alternatives = document().alternatives(schema);
        let mut refused = None;
        for alternative in alternatives {
            match self.check_one(alternative) {
                Ok(()) => return Ok(()),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| Refusal::unknown_parameter(&self.sent())))
    }

    fn check_one(&self, schema: &Value) -> Result<(), Refusal> {
        let schema = match (schema["type"].as_str(), &self.key) {
            (Some("array"), Some(key)) if key.chars().all(|c| c.is_ascii_digit()) => {
                &schema["items"]
            }
            (Some("array"), _) => {
                return Err(Refusal::invalid(&self.name, "Invalid array").param(self.sent()));
            }
            (Some("object"), Some(key)) => match schema["properties"].get(key) {
                Some(property) => property,
                None => return Err(Refusal::unknown_parameter(&self.sent())),
            },
            (Some("object"), None) => return Err(Refusal::invalid(&self.name, "Invalid object")),
            (_, None) => schema,
            (_, Some(_)) => return Err(Refusal::unknown_parameter(&self.sent())),
        };
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.iter().any(|value| value == self.value.as_str())
        {
            let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
            let (name, value, names) = (self.sent(), &self.value, names.join(", "));
            let message = format!("Invalid {name}: must be one of {names}, not {value}");
            return Err(Refusal::invalid(&name, message));
        }
        match schema["type"].as_str() {
            Some("integer") => integer(&self.sent(), &self.value).map(drop),
            Some("boolean") if self.value != "true" && self.value != "false" => {
                Err(Refusal::invalid(&self.sent(), format!("Invalid boolean: {}", self.value)))
            }
            _ => Ok(()),
        }
    }
}

fn integer(name: &str, value: &str) -> Result<i64, Refusal> {
    value.parse().map_err(|_| {
        Refusal::invalid(name, format!("Invalid integer: {value}"))
            .code("parameter_invalid_integer")
    })
}
