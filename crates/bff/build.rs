//! Embeds the web app: copies the files of `web/dist` and writes a table of them, which the compiler then
//! includes.
//!
//! Without a build of the web app the table is empty, and the program serves a page that says so.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Contains a checked-in file even before the first build, so that Cargo notices a later build.
const DIST: &str = "../../web/dist";

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(DIST);
    println!("cargo::rerun-if-changed={}", root.display());
    let mut paths = Vec::new();
    if root.join("index.html").is_file() {
        list(&root, &mut paths)?;
    }
    paths.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let copies = out.join("app");

    let mut table = String::from("[\n");
    for path in paths.iter().filter(|path| !is_compressed(path)) {
        let Some(name) = path.strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
        let copy = copies.join(name);
        fs::create_dir_all(copy.parent().unwrap_or(&copies))?;
        fs::copy(path, &copy)?;
        let include = |path: &Path| format!("include_bytes!({:?})", path.display().to_string());
        let beside = |extension: &str| -> io::Result<String> {
            let compressed = PathBuf::from(format!("{}.{extension}", path.display()));
            if !compressed.is_file() {
                return Ok("None".to_owned());
            }
            let copy = PathBuf::from(format!("{}.{extension}", copy.display()));
            fs::copy(compressed, &copy)?;
            Ok(format!("Some({})", include(&copy)))
        };
        let name = format!("/{}", name.replace('\\', "/"));
        let (plain, brotli, gzip) = (include(&copy), beside("br")?, beside("gz")?);
        let _ = writeln!(table, "File {{ path: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},");
    }
    table.push_str("]\n");
    fs::write(out.join("app_files.rs"), table)
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), paths)?;
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn is_compressed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "br" || extension == "gz")
}
