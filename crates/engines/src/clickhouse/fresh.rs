//! The settings of a fresh connection, so that a request that names some with the values that they have costs no more
//! than one that names none.
//!
//! A client that does not rely on anybody's defaults names some dozens of settings in each request. The engine takes about
//! 14 µs for each, which is as long as `SELECT 1` for 150 of them; looking them up here takes next to nothing.

use std::collections::{HashMap, HashSet};

use super::connection::Connection;
use super::failure::Failure;
use super::prepare;

/// Settings that give others other values.
const MOVING: [&str; 2] = ["compatibility", "profile"];

/// Names and values; aliases are left out.
#[derive(Debug, Default)]
pub(super) struct Fresh(HashMap<String, String>);

impl Fresh {
    /// Reads them over a connection that nothing was set on.
    pub(super) fn read(connection: &mut Connection) -> Result<Self, Failure> {
        let sql = "SELECT name, hex(value) FROM system.settings WHERE alias_for = ''";
        let answer = connection.query(sql, "TSVRaw", &[])?;
        let text = String::from_utf8_lossy(&answer.bytes);
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        Ok(Fresh(lines.filter_map(|(name, value)| Some((name.to_owned(), prepare::unhex(value)?))).collect()))
    }

    /// Leaves out what a fresh connection has anyway.
    ///
    /// All of it stays where one name is an alias or unknown, or gives other settings other values.
    pub(super) fn leave_out(&self, settings: &mut Vec<(String, String)>) {
        let is_same = |(name, value): &(String, String)| self.0.get(name) == Some(value);
        let is_plain = |setting: &(String, String)| {
            is_same(setting) || (self.0.contains_key(&setting.0) && !MOVING.contains(&setting.0.as_str()))
        };
        if !settings.iter().all(is_plain) {
            return;
        }
        // A name that comes twice keeps both: the last one counts.
        let changed: HashSet<String> =
            settings.iter().filter(|setting| !is_same(setting)).map(|(name, _)| name.clone()).collect();
        settings.retain(|(name, _)| changed.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(settings: &[(&str, &str)]) -> String {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let fresh = Fresh([("a", "0"), ("b", "x"), ("compatibility", "")].iter().map(own).collect());
        let mut settings = settings.iter().map(own).collect();
        fresh.leave_out(&mut settings);
        settings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_fresh_connection_has_anyway_is_left_out() {
        assert_eq!(left(&[("a", "0"), ("b", "y"), ("compatibility", "")]), "b=y");
        assert_eq!(left(&[("a", "1"), ("b", "x"), ("a", "0")]), "a=1 a=0");
    }

    #[test]
    fn all_stays_beside_an_alias_or_what_gives_others_other_values() {
        assert_eq!(left(&[("a", "0"), ("alias_of_a", "1")]), "a=0 alias_of_a=1");
        assert_eq!(left(&[("a", "0"), ("compatibility", "21.8")]), "a=0 compatibility=21.8");
        assert_eq!(left(&[("a", "0"), ("profile", "default")]), "a=0 profile=default");
    }
}
