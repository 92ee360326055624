//! The migrations, in order. To change the schema, add a file and a line; an applied file is never edited.

use bionicpro_model::Result;

use super::template::Target;

/// A numbered migration of one statement, or of several separated by `;` at the end of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) number: u32,
    /// The file's stem: `0001_mart`.
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal)+) => {
        &[$(Migration {
            number: $number,
            name: $name,
            template: include_str!(concat!("../../migrations/", $name, ".sql")),
        }),+]
    };
}

pub(crate) const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_mart"
    2 "0002_mart_distributed"
    3 "0003_users"
    4 "0004_user_prostheses"
    5 "0005_chip_owners"
    6 "0006_loaded_ranges"
    7 "0007_etl_runs"
    8 "0008_data_as_of"
    9 "0009_daily_stats"
    10 "0010_ml_hourly_stats"
    11 "0011_ml_daily_stats"
    12 "0012_ml_prostheses"
    13 "0013_marks"
    14 "0014_pending_owners"
    15 "0015_load_rows"
    16 "0016_load_rows_distributed"
    17 "0017_prosthesis_manufactured_on"
    18 "0018_prosthesis_warranty_until"
    19 "0019_mart_compact"
    20 "0020_load_rows_compact"
    21 "0021_compared_days"
    22 "0022_etl_runs_unreadable"
    23 "0023_ml_ownership"
    24 "0024_mart_squares"
    25 "0025_load_rows_squares"
    26 "0026_ml_hourly_squares"
    27 "0027_daily_squares"
    28 "0028_mart_history"
    29 "0029_ml_hourly_stats_as_of"
    30 "0030_report_changes"
};

/// Returns the newest of these migrations' numbers: the schema version of this program.
pub(crate) fn newest(migrations: &[Migration]) -> u32 {
    migrations.last().map_or(0, |last| last.number)
}

impl Migration {
    /// Returns its statements that this target needs, in order.
    pub(crate) fn statements(&self, target: &Target<'_>) -> Result<Vec<String>> {
        self.template.split(";\n").filter_map(|statement| target.fill(statement).transpose()).collect()
    }

    /// SHA-256 of the file in hexadecimal, by which an edit after the fact is noticed.
    pub(crate) fn checksum(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.template.as_bytes());
        bionicpro_model::hex(digest.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_each_other_and_name_their_files() {
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.number).unwrap(), index + 1);
            assert!(migration.name.starts_with(&format!("{:04}_", migration.number)), "{}", migration.name);
        }
        let mut files: Vec<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<String> =
            MIGRATIONS.iter().map(|migration| format!("{}.sql", migration.name)).collect();
        assert_eq!(files, listed);
    }

    #[test]
    fn each_statement_is_idempotent_for_a_server_and_for_a_cluster() {
        for (cluster, is_told_each) in [(None, false), (Some("blue"), false), (Some("blue"), true)] {
            let target = Target { database: "reports", cluster, is_told_each, retention_days: 365 };
            for migration in MIGRATIONS {
                for statement in migration.statements(&target).unwrap() {
                    assert!(!statement.contains(';'), "{}", migration.name);
                    let idempotent = ["IF NOT EXISTS", "OR REPLACE", "MODIFY SETTING"]
                        .iter()
                        .any(|way| statement.contains(way));
                    assert!(idempotent, "{}", migration.name);
                    let is_on_cluster = cluster.is_some() && !is_told_each;
                    assert_eq!(statement.contains(" ON CLUSTER `blue`"), is_on_cluster, "{}", migration.name);
                }
            }
        }
    }
}
