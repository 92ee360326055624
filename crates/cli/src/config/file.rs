//! Reads a configuration file; an error names its line.
//!
//! Sections share groups of keys, and an error in such a group has no position: the invalid key is then found
//! by deserialising each key alone.

use std::path::Path;

use bionicpro_model::{Error, Kind, Result};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::{Config, Key, keys};

/// Checks a file on its own. The parser's own rendering of an error is not used: it repeats the line, which
/// may contain a password.
pub(super) fn parse(path: &Path, text: &str) -> Result<Value> {
    let wrong = |at: usize, message: &str| {
        let line = text[..at.min(text.len())].matches('\n').count() + 1;
        Error::new(Kind::Config, "the configuration file is invalid")
            .detail(format!("{}, line {line}: {message}", path.display()))
            .hint("bionicpro config schema prints every key, its type and its meaning")
    };
    let unreadable =
        |error: toml::de::Error| wrong(error.span().map_or(0, |span| span.start), error.message());
    let document: Value = toml::from_str(text).map_err(unreadable)?;
    let Err(error) = Config::deserialize(&document) else { return Ok(document) };
    let tree = DeTable::parse(text).map_err(unreadable)?;
    let mut faults = Vec::new();
    find(tree.get_ref(), &document, &[], &mut faults);
    // Each key may be valid alone and the file as a whole invalid: then the position is unknown.
    match faults.into_iter().min() {
        Some((at, message)) => Err(wrong(at, &message)),
        None => Err(wrong(0, &error.to_string())),
    }
}

/// Collects every key of the table that is invalid by itself: its position and the error.
fn find(table: &DeTable<'_>, values: &Value, above: &[String], faults: &mut Vec<(usize, String)>) {
    for (name, value) in table {
        let path = [above, &[name.get_ref().to_string()]].concat();
        let place = name.span().start;
        let found = &values[name.get_ref().as_ref()];
        match value.get_ref() {
            DeValue::Table(table) if is_known(&path) => find(table, found, &path, faults),
            _ if !is_known(&path) => faults.push((place, unknown(&path))),
            _ => {
                let mut alone = Value::Object(Map::new());
                Key::at(path).set(&mut alone, found.clone());
                faults.extend(Config::deserialize(alone).err().map(|error| (place, error.to_string())));
            }
        }
    }
}

fn is_known(path: &[String]) -> bool {
    keys().iter().any(|key| key.is_below(path))
}

fn unknown(path: &[String]) -> String {
    let (name, above) = path.split_last().map_or(("", path), |(name, above)| (name.as_str(), above));
    let mut expected: Vec<String> =
        keys().iter().filter_map(|key| key.part_below(above)).map(|part| format!("`{part}`")).collect();
    expected.dedup();
    format!("unknown field `{name}`, expected one of {}", expected.join(", "))
}
