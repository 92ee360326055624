//! Merges the layers of the configuration; an error names the file and the line, or the environment variable.

use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use super::keys::ENV_PREFIX;
use super::{Config, Key, file, keys};

/// Read if it exists and no other file is named.
const DEFAULT_FILE: &str = "bionicpro.toml";

/// The origin of a key's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(PathBuf),
    Variable(String),
}

/// The configuration in force, and the origin of each key.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) origins: Vec<(Key, Origin)>,
}

/// Reads the file (a named one must exist) and the environment variables.
pub(crate) fn load(file: Option<&Path>) -> Result<Loaded> {
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        name.starts_with(ENV_PREFIX).then_some((name, value))
    });
    let mut text_variables = Vec::new();
    for (name, value) in variables {
        let value = value.into_string().map_err(|_| bad_variable(&name, "not valid UTF-8"))?;
        text_variables.push((name, value));
    }
    let chosen = match file {
        Some(file) => Some(file),
        None => Some(Path::new(DEFAULT_FILE)).filter(|file| file.exists()),
    };
    let file = chosen.map(|path| {
        std::fs::read_to_string(path).map(|text| (path, text)).map_err(|error| unreadable(path, error))
    });
    merge(file.transpose()?, text_variables)
}

fn merge(file: Option<(&Path, String)>, variables: Vec<(String, String)>) -> Result<Loaded> {
    let all = keys();
    let mut document = Value::Object(serde_json::Map::new());
    let mut origins: Vec<(Key, Origin)> = all.iter().map(|key| (key.clone(), Origin::Default)).collect();
    if let Some((path, text)) = file {
        document = file::parse(path, &text)?;
        for (key, origin) in &mut origins {
            if key.is_set(&document) {
                *origin = Origin::File(path.to_owned());
            }
        }
    }
    for (name, value) in variables {
        let (key, origin) = origins
            .iter_mut()
            .find(|(key, _)| key.variable() == name)
            .ok_or_else(|| unknown_variable(&name, &all))?;
        key.set(&mut document, read_variable(key, &name, &value)?);
        *origin = Origin::Variable(name);
    }
    // Each layer was checked alone, with its position; merging them cannot fail in a new way.
    let config = Config::deserialize(document)
        .map_err(|error| Error::new(Kind::Internal, "the merged configuration is invalid").source(error))?;
    Ok(Loaded { config, origins })
}

/// Converts a variable's text: the key's type decides whether it is a string, a number, a flag or a list.
fn read_variable(key: &Key, name: &str, text: &str) -> Result<Value> {
    let as_string = Value::String(text.to_owned());
    let as_literal =
        serde_json::from_str::<Value>(text).ok().filter(|value| value.is_number() || value.is_boolean());
    let as_list = Value::from(text.split(',').map(str::trim).collect::<Vec<_>>());
    let mut first_error = None;
    for candidate in [Some(as_string), as_literal, Some(as_list)].into_iter().flatten() {
        let mut document = Value::Object(serde_json::Map::new());
        key.set(&mut document, candidate.clone());
        match Config::deserialize(document) {
            Ok(_) => return Ok(candidate),
            Err(error) => first_error = first_error.or(Some(error.to_string())),
        }
    }
    Err(bad_variable(name, &first_error.unwrap_or_default()))
}

fn bad_variable(name: &str, problem: &str) -> Error {
    Error::new(Kind::Config, "an environment variable is invalid")
        .detail(format!("{name}: {problem}"))
        .hint("bionicpro config schema prints every key, its type and its meaning")
}

fn unknown_variable(name: &str, all: &[Key]) -> Error {
    let section = name.trim_start_matches(ENV_PREFIX).split('_').next().unwrap_or_default();
    let near: Vec<String> = all
        .iter()
        .map(Key::variable)
        .filter(|variable| variable.trim_start_matches(ENV_PREFIX).split('_').next() == Some(section))
        .collect();
    let hint = if near.is_empty() {
        "bionicpro config show lists every variable".to_owned()
    } else {
        format!("unset it, or use one of: {}", near.join(", "))
    };
    Error::new(Kind::Config, "unknown environment variable").detail(name.to_owned()).hint(hint)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Config, "the configuration file cannot be read")
        .detail(path.display().to_string())
        .source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(file: &str, variables: &[(&str, &str)]) -> Result<Loaded> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        merge(Some((Path::new("bionicpro.toml"), file.to_owned())), variables)
    }

    fn refusal(file: &str, variables: &[(&str, &str)]) -> String {
        let error = from(file, variables).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        error.report()
    }

    #[test]
    fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
        let file = "[telemetry]\nconnections = 4\ntable = 'rows'\n[crm]\nschema = 'c'";
        let loaded = from(
            file,
            &[("BIONICPRO_TELEMETRY_CONNECTIONS", "6"), ("BIONICPRO_OIDC_AUTHORIZED_PARTIES", "a, b")],
        )
        .unwrap();
        assert_eq!(loaded.config.telemetry.connections, 6);
        assert_eq!(loaded.config.telemetry.table, "rows");
        assert_eq!(loaded.config.crm.schema, "c");
        assert_eq!(loaded.config.oidc.authorized_parties, ["a", "b"]);
        let origin = |name: &str| {
            loaded.origins.iter().find(|(key, _)| key.name() == name).map(|(_, origin)| origin.clone())
        };
        assert_eq!(origin("telemetry.table"), Some(Origin::File("bionicpro.toml".into())));
        assert_eq!(
            origin("telemetry.connections"),
            Some(Origin::Variable("BIONICPRO_TELEMETRY_CONNECTIONS".into()))
        );
        assert_eq!(origin("api.listen"), Some(Origin::Default));
    }

    #[test]
    fn what_is_wrong_in_the_file_is_named_with_its_line() {
        let unknown = refusal("[crm]\nschema = 'crm'\nurll = 'x'", &[]);
        assert!(
            unknown.contains("bionicpro.toml, line 3: unknown field `urll`, expected one of"),
            "{unknown}"
        );
        let type_error = refusal("[telemetry]\nconnections = 'many'", &[]);
        assert!(type_error.contains("line 2: invalid type: string \"many\", expected u16"), "{type_error}");
        let syntax = refusal("[crm]\nschema = ", &[]);
        assert!(syntax.contains("bionicpro.toml, line 2: "), "{syntax}");
        let section = refusal("[api]\n[crn]", &[]);
        assert!(section.contains("line 2: unknown field `crn`, expected one of `api`, `audit`"), "{section}");
    }

    #[test]
    fn what_sections_share_is_named_with_its_line_too() {
        let file = "[api]\nlisten = '127.0.0.1:1'\nmax_connections = 'many'\n[bff]\nmax_connection = 1";
        let type_error = refusal(file, &[]);
        assert!(type_error.contains("line 3: invalid type: string \"many\", expected u32"), "{type_error}");
        let unknown = refusal(&file.replace("'many'", "1"), &[]);
        assert!(unknown.contains("line 5: unknown field `max_connection`, expected one of"), "{unknown}");
        assert!(unknown.contains("`max_connections`"), "{unknown}");
        let loaded = from("[bff.tls]\nkey_file = 'k'\n[api]\nmetrics_hosts = ['a']", &[]).unwrap();
        assert_eq!(loaded.config.bff.listener.tls.key_file, Some("k".into()));
        assert_eq!(loaded.config.api.listener.metrics_hosts, ["a"]);
        let loaded = from("", &[("BIONICPRO_BFF_METRICS_HOSTS", "a, b")]).unwrap();
        assert_eq!(loaded.config.bff.listener.metrics_hosts, ["a", "b"]);
    }

    #[test]
    fn what_is_wrong_in_a_variable_is_named_with_the_variable() {
        let unknown = refusal("", &[("BIONICPRO_CRM_URI", "x")]);
        assert!(unknown.contains("BIONICPRO_CRM_URI") && unknown.contains("BIONICPRO_CRM_URL"), "{unknown}");
        let type_error = refusal("", &[("BIONICPRO_API_LISTEN", "8001")]);
        assert!(type_error.contains("BIONICPRO_API_LISTEN: invalid socket address"), "{type_error}");
    }

    #[test]
    fn a_password_is_never_repeated() {
        for report in [
            refusal("[crm]\nurl = 'hunter2'", &[]),
            refusal("[crm]\nurl = 'http://a:hunter2@b:port'", &[]),
            refusal("", &[("BIONICPRO_CRM_URL", "hunter2")]),
            refusal("[crm]\nurl = 'postgresql://a:hunter2@b/c' oops", &[]),
        ] {
            assert!(!report.contains("hunter2"), "{report}");
        }
        let loaded = from("[crm]\nurl = 'postgresql://a:hunter2@b/c'", &[]).unwrap();
        assert!(!format!("{loaded:?}").contains("hunter2"));
    }
}
