//! One version of each crate whose types cross our own interfaces.

const LOCK: &str = include_str!("../../Cargo.lock");

#[test]
fn shared_crates_have_one_version() {
    for name in ["datafusion", "arrow", "parquet", "object_store", "sqlparser"] {
        let line = format!("name = \"{name}\"");
        let versions: Vec<&str> = LOCK
            .split("[[package]]")
            .filter(|package| package.lines().any(|l| l == line))
            .filter_map(|package| package.lines().find(|l| l.starts_with("version")))
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
}
