//! The configuration sections `[stage]` and `[pipeline]`.

use bionicpro_model::SecretUrl;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the steps of a run leave files for each other.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StageConfig {
    /// `file:///var/lib/bionicpro/stage` or `s3://bucket/prefix`.
    pub url: Option<SecretUrl>,
    /// The group whose accounts share the folder, by its name or number: folders 2770, files 0660. Without it the folder is
    /// for the account that runs the steps and for no other: 0700 and 0600.
    pub group: Option<String>,
    /// For how many days the files of a run stay that was made of single steps, or that failed; 0 keeps them for ever.
    pub keep_days: u16,
}

impl Default for StageConfig {
    fn default() -> Self {
        StageConfig { url: None, group: None, keep_days: 7 }
    }
}

/// When and how far the pipeline runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineConfig {
    /// How many days a full run recomputes, today excluded.
    pub lookback_days: u32,
    /// Up to how many chips with new rows a tick reads only their owners from a CRM that has not changed; of more chips, or
    /// of another CRM, all of it. 5,000 at most are looked up.
    pub few_chips: u16,
    /// When `etl schedule` starts a tick: a cron expression of five fields, in UTC.
    pub schedule: String,
    /// When `etl schedule` makes the next tick a full run, which finds deletions and repairs any difference.
    pub full_schedule: String,
    /// How often a failed step is tried again.
    pub retries: u32,
    /// How long to wait between two tries, in seconds.
    pub retry_delay_s: u64,
    /// How long one try of a step may take, in seconds. A database that stays silent without closing the connection
    /// costs this long; the largest step, a month of a backfill, has to fit.
    pub step_timeout_s: u64,
    /// Which share of the mart's live rows may vanish in one run, in one of its days, or of the CRM's customers, prostheses
    /// and models, because the source has them no more. Where more would, or nothing would be left, the run stops, changes
    /// nothing and says how to confirm it. Fewer than 48 rows, or 10 of the CRM, stop no run while others are left.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_vanished_share: f64,
    /// For how many seconds `etl schedule` and `etl compare` compare days of the retention with the source, each time.
    pub compare_budget_s: u64,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        PipelineConfig {
            lookback_days: 7,
            few_chips: 1000,
            schedule: "*/15 * * * *".to_owned(),
            full_schedule: "17 3 * * *".to_owned(),
            retries: 3,
            retry_delay_s: 300,
            step_timeout_s: 3600,
            max_vanished_share: 0.5,
            compare_budget_s: 60,
        }
    }
}
