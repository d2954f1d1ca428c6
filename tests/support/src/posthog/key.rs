//! Personal API keys and what they open.

use super::reply::Refusal;

/// A key of a project.
#[derive(Debug, Clone)]
pub struct Key {
    pub(super) text: String,
    pub(super) scopes: Vec<String>,
    /// The projects that it is for; all, if none is named.
    pub(super) projects: Vec<u64>,
}

impl Key {
    /// A key with everything that reading takes.
    pub fn new(text: &str) -> Self {
        let scopes =
            ["project:read", "query:read", "person:read", "group:read", "batch_export:write"];
        Self { text: text.into(), scopes: scopes.map(str::to_owned).into(), projects: vec![] }
    }

    /// Without some scopes.
    pub fn without(mut self, scopes: &[&str]) -> Self {
        self.scopes.retain(|scope| !scopes.contains(&scope.as_str()));
        self
    }

    /// With one more.
    pub fn with(mut self, scope: &str) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// For one project only.
    pub fn of_project(mut self, id: u64) -> Self {
        self.projects.push(id);
        self
    }

    /// Refuses what the key lacks the scope for; who may write may read.
    pub(super) fn check(&self, scope: &str) -> Result<(), Refusal> {
        let (object, action) = scope.split_once(':').unwrap_or((scope, ""));
        let is_open = self.scopes.iter().any(|own| {
            own == "*" || own == scope || (action == "read" && *own == format!("{object}:write"))
        });
        if is_open {
            return Ok(());
        }
        Err(Refusal::new(403, "permission_denied")
            .detail(format!("API key missing required scope '{scope}'")))
    }

    pub(super) fn check_project(&self, id: u64) -> Result<(), Refusal> {
        if self.projects.is_empty() || self.projects.contains(&id) {
            return Ok(());
        }
        Err(Refusal::new(403, "permission_denied")
            .detail(format!("API key does not have access to the requested project: ID {id}.")))
    }
}
