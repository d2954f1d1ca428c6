//! The demo is what the README shows.

use crate::command::paydirt;

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let folder = tempfile::tempdir().unwrap();
    let printed = paydirt(folder.path(), &["demo"]).printed();
    let readme = include_str!("../../README.md");
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let is_shown = printed.trim().contains(shown.trim());
    assert!(is_shown, "the README's first screen is not in what the demo prints:\n{printed}");
    for step in
        ["$ paydirt simulate", "$ paydirt sync files export/", "$ paydirt sql", "$ paydirt signals"]
    {
        assert!(printed.contains(step), "{step}\n{printed}");
    }
    let widest = printed.lines().filter(|line| !line.starts_with('{')).map(|l| l.chars().count());
    assert!(widest.max() <= Some(120), "{printed}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the demo leaves nothing");
}
