//! Every shipped SQL file plans, on a project where nothing has landed yet.

use std::path::Path;

use paydirt::config::{Config, Project};
use paydirt::engine::Engine;

pub async fn empty_project(root: &Path) -> Engine {
    let project = Project { root: root.to_path_buf(), config: Config::default() };
    Engine::open(project, None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_relation_plans_and_runs_on_an_empty_lake() {
    let dir = tempfile::tempdir().unwrap();
    let engine = empty_project(dir.path()).await;
    let session = engine.session().unwrap();
    let mut bad = vec![];
    for file in engine.library.files().filter(|file| file.kind.is_relation) {
        let name = file.qualified_name();
        if let Err(error) = session.query(&format!("select * from {name}")).await {
            bad.push(format!("{name}: {error}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
