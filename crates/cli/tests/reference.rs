//! The committed reference pages match what the code generates.

use std::path::Path;
use std::process::Command;

#[test]
fn the_generated_pages_are_fresh() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let fresh = tempfile::tempdir().unwrap();
    let status =
        Command::new(env!("CARGO_BIN_EXE_bionicpro")).arg("reference").arg(fresh.path()).status().unwrap();
    assert!(status.success());
    for name in ["commands.md", "configuration.md", "configuration.schema.json", "openapi.json"] {
        let read = |folder: &Path| std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            read(&committed) == read(fresh.path()),
            "docs/reference/{name} is stale: run `make reference`"
        );
    }
}
