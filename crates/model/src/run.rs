//! The id of a run. It is also a folder name and a column value, so its alphabet is small.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, Result};

/// The longest run id; long enough for Airflow's `scheduled__2024-01-01T00:00:00+00:00`.
const MAX_LENGTH: usize = 128;

/// The id of one run of the pipeline.
///
/// ASCII letters, digits and `_ - . : +`, beginning with a letter or a digit, without `..`: it can name a
/// folder on disk or an object in a bucket and can never leave the staging root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Generates an id from the start time and a few random digits, so that ids sort by time and read well in
    /// a list.
    pub fn generate(now: DateTime<Utc>) -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        RunId(format!("{}-{}", now.format("%Y%m%dT%H%M%SZ"), &random[..6]))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:+".contains(&byte);
        let well_formed = !text.is_empty()
            && text.len() <= MAX_LENGTH
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && text.bytes().all(allowed)
            && !text.contains("..");
        if well_formed {
            return Ok(RunId(text.to_owned()));
        }
        Err(Error::new(Kind::Usage, "not a run id").detail(format!("{text:?}")).hint(
            "use 1 to 128 letters, digits and _ - . : +, beginning with a letter or a digit, without two dots in a row",
        ))
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> String {
        run.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_the_staging_root() {
        for bad in ["", "../etc", "a/../b", "a/b", "a\\b", ".hidden", "-flag", "a..b", "a b", "a\0b", "é"] {
            assert_eq!(bad.parse::<RunId>().unwrap_err().kind(), Kind::Usage, "{bad:?}");
        }
        assert!("x".repeat(129).parse::<RunId>().is_err());
    }

    #[test]
    fn ids_of_airflow_and_of_this_program_are_accepted() {
        for good in ["scheduled__2024-01-01T00:00:00+00:00", RunId::generate(Utc::now()).as_str()] {
            assert_eq!(good.parse::<RunId>().unwrap().as_str(), good);
        }
    }
}
