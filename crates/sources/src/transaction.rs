//! The statements that begin every transaction in a source, and the settings they make.
//!
//! Nothing is set for a session: behind a pooler in transaction mode it serves another client a moment later.
//! And nothing is left to the settings of the account, the database or the server: a timeout would end a long
//! read, a time zone would move rows to another hour, and a search path would replace a function of the
//! server by another.

use std::time::Duration;

/// The time that a session waits for a lock on a table before it releases everything: a session that waits
/// for *our* locks queues behind them, and our other sessions queue behind that one, which the server's
/// deadlock detector does not see.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for an additional session, which only makes reading faster.
pub(crate) const EXTRA_LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// No timeout, for our own advisory locks.
pub(crate) const NO_TIMEOUT: Duration = Duration::ZERO;

/// The parameters with which a transaction begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin {
    /// True if all of its statements see the same state.
    pub(crate) is_snapshot: bool,
    /// The time that it waits for a lock; without limit if zero.
    pub(crate) lock_timeout: Duration,
    /// True if policies may hide rows, because they are known and intended. Otherwise the server refuses a
    /// query whose rows they would hide.
    pub(crate) policies_apply: bool,
}

impl Begin {
    /// A transaction that holds no snapshot between its statements.
    pub(crate) const READ_COMMITTED: Begin =
        Begin { is_snapshot: false, lock_timeout: NO_TIMEOUT, policies_apply: false };

    /// The statements that begin it, for a server of this version.
    pub(crate) fn sql(self, version: u32) -> String {
        let isolation = if self.is_snapshot { "REPEATABLE READ" } else { "READ COMMITTED" };
        let mut sql = format!("BEGIN ISOLATION LEVEL {isolation} READ ONLY");
        let lock_timeout = format!("{}ms", self.lock_timeout.as_millis());
        let row_security = if self.policies_apply { "on" } else { "off" };
        let known = SETTINGS.iter().filter(|(since, ..)| is_known(since, version));
        let own = [("lock_timeout", lock_timeout.as_str()), ("row_security", row_security)];
        for (name, value) in known.map(|(_, name, value)| (*name, *value)).chain(own) {
            sql.push_str(&format!("; SET LOCAL {name} = '{value}'"));
        }
        sql
    }
}

/// Name and value of each setting that may change a result or end a run, with the releases that introduced
/// it, by major version.
///
/// The planner's settings are left as they are: they change plans, never rows.
const SETTINGS: &[(&[u32], &str, &str)] = &[
    // Limits that end a long read.
    (ALL, "statement_timeout", "0"),
    (ALL, "idle_in_transaction_session_timeout", "0"),
    (&[170_000], "transaction_timeout", "0"),
    // An error must be handled, and must not end the session.
    (ALL, "exit_on_error", "off"),
    // Views and foreign tables are read as tables.
    (&[140_013, 150_008, 160_004, 170_000], "restrict_nonsystem_relation_kind", ""),
    // The meaning of a statement's words, and the text form of values and definitions.
    (ALL, "search_path", ""),
    (ALL, "TimeZone", "UTC"),
    (ALL, "DateStyle", "ISO, YMD"),
    (ALL, "IntervalStyle", "postgres"),
    (ALL, "bytea_output", "hex"),
    (ALL, "lc_monetary", "C"),
    (ALL, "standard_conforming_strings", "on"),
    (ALL, "array_nulls", "on"),
    (ALL, "transform_null_equals", "off"),
    (ALL, "quote_all_identifiers", "off"),
    (ALL, "extra_float_digits", "1"),
    // A limit that drops rows that an index finds.
    (ALL, "gin_fuzzy_search_limit", "0"),
    // Compiling takes longer than these queries run.
    (ALL, "jit", "off"),
];

const ALL: &[u32] = &[0];

/// Returns whether a server knows a setting that these releases introduced: a minor release of its own major
/// version, or an earlier major one.
fn is_known(since: &[u32], version: u32) -> bool {
    let major = |version: u32| version / 10_000;
    match since.iter().find(|since| major(**since) == major(version)) {
        Some(since) => version >= *since,
        None => since.last().is_some_and(|last| version >= *last),
    }
}

/// The release as a number, such as 150020 for `15.20 (Debian 15.20-0+deb12u1)`; 0 if the text is not a
/// release.
pub(crate) fn version_number(text: &str) -> u32 {
    let number = |text: &str| {
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        text[..digits].parse::<u32>().unwrap_or(0)
    };
    let minor = text.split_once('.').map_or(0, |(_, minor)| number(minor));
    number(text).saturating_mul(10_000).saturating_add(minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_as_the_server_writes_it() {
        for (text, number) in [
            ("15.20 (Debian 15.20-0+deb12u1)", 150_020),
            ("18.4", 180_004),
            ("19beta2", 190_000),
            ("14.0", 140_000),
            ("", 0),
        ] {
            assert_eq!(version_number(text), number, "{text}");
        }
    }

    #[test]
    fn a_setting_is_made_only_where_the_release_knows_it() {
        let sets = |version, name: &str| Begin::READ_COMMITTED.sql(version).contains(name);
        for (version, transaction_timeout, restrict) in [
            (140_012, false, false),
            (140_013, false, true),
            (150_007, false, false),
            (160_004, false, true),
            (170_000, true, true),
            (190_000, true, true),
        ] {
            assert_eq!(sets(version, "transaction_timeout"), transaction_timeout, "{version}");
            assert_eq!(sets(version, "restrict_nonsystem"), restrict, "{version}");
            assert!(sets(version, "statement_timeout"));
        }
    }
}
