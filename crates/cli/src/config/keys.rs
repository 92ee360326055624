//! All keys of the configuration, found by walking the defaults: those that an environment variable may set
//! and that `config show` lists.

use serde_json::Value;

use super::Config;

/// The prefix of every environment variable.
pub(crate) const ENV_PREFIX: &str = "BIONICPRO_";

/// One key of the configuration, such as `warehouse.url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    path: Vec<String>,
}

impl Key {
    /// The key at this path, known or not.
    pub(super) fn at(path: Vec<String>) -> Self {
        Key { path }
    }

    /// Returns true if `path` is the path of this key, or of a table that contains it.
    pub(super) fn is_below(&self, path: &[String]) -> bool {
        self.path.starts_with(path)
    }

    /// The next part of this key's path below the table at `path`; `None` if the table does not contain it.
    pub(super) fn part_below(&self, path: &[String]) -> Option<&str> {
        self.path.strip_prefix(path)?.first().map(String::as_str)
    }

    /// The key as it is written in prose: `warehouse.url`.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// The environment variable that sets it: `BIONICPRO_WAREHOUSE_URL`.
    pub(crate) fn variable(&self) -> String {
        format!("{ENV_PREFIX}{}", self.path.join("_").to_uppercase())
    }

    /// The value at this key.
    pub(crate) fn get<'a>(&self, document: &'a Value) -> &'a Value {
        self.path.iter().fold(document, |value, part| &value[part.as_str()])
    }

    /// Sets the value at this key, creating the tables above it.
    pub(crate) fn set(&self, document: &mut Value, new: Value) {
        let mut slot = document;
        for part in &self.path {
            if !slot.is_object() {
                *slot = Value::Object(serde_json::Map::new());
            }
            slot = &mut slot[part.as_str()];
        }
        *slot = new;
    }

    /// Returns true if the document has a value at this key.
    pub(crate) fn is_set(&self, document: &Value) -> bool {
        !self.get(document).is_null()
    }
}

/// All keys, in alphabetical order.
pub(crate) fn keys() -> Vec<Key> {
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    let mut found = Vec::new();
    walk(&defaults, &mut Vec::new(), &mut found);
    found
}

fn walk(value: &Value, path: &mut Vec<String>, found: &mut Vec<Key>) {
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                path.push(name.clone());
                walk(value, path, found);
                path.pop();
            }
        }
        _ => found.push(Key { path: path.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_that_scripts_rely_on_exist() {
        let variables: Vec<String> = keys().iter().map(Key::variable).collect();
        for name in [
            "CRM_URL",
            "TELEMETRY_URL",
            "WAREHOUSE_URL",
            "STAGE_URL",
            "OIDC_ISSUER",
            "OIDC_AUDIENCE",
            "API_LISTEN",
        ] {
            assert!(variables.contains(&format!("{ENV_PREFIX}{name}")), "{name}");
        }
    }

    #[test]
    fn no_two_keys_share_a_variable() {
        let mut variables: Vec<String> = keys().iter().map(Key::variable).collect();
        let all = variables.len();
        variables.sort();
        variables.dedup();
        assert_eq!(variables.len(), all);
    }
}
