//! The configuration sections `[stage]` and `[pipeline]`.

use bionicpro_model::SecretUrl;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The staging area, in which the steps of a run exchange files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StageConfig {
    /// `file:///var/lib/bionicpro/stage` or `s3://bucket/prefix`.
    pub url: Option<SecretUrl>,
    /// The group whose accounts share the folder, by name or number: folders get mode 2770, files 0660.
    /// Without it, only the account that runs the steps has access: 0700 and 0600.
    pub group: Option<String>,
    /// The number of days for which the files of a run are kept if it was executed in single steps, or
    /// failed; 0 keeps them forever.
    pub keep_days: u16,
}

impl Default for StageConfig {
    fn default() -> Self {
        StageConfig { url: None, group: None, keep_days: 7 }
    }
}

/// The schedule of the pipeline, and the scope and the limits of its runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineConfig {
    /// The number of days that a full run recomputes, today excluded.
    pub lookback_days: u32,
    /// The maximum number of chips with new rows for which an incremental run reads only their owners from an
    /// unchanged CRM. With more chips, or if the CRM has changed, it reads the whole CRM. At most 5,000 chips
    /// are looked up.
    pub few_chips: u16,
    /// The times at which `etl schedule` starts an incremental run: a cron expression of five fields, in UTC.
    pub schedule: String,
    /// The times after which the next run of `etl schedule` is a full run, which finds deletions and repairs
    /// any difference: a cron expression.
    pub full_schedule: String,
    /// The number of times that a failed step is retried.
    pub retries: u32,
    /// The delay between two attempts, in seconds.
    pub retry_delay_s: u64,
    /// The timeout of one attempt of a step, in seconds. A database that stops responding without closing the
    /// connection costs this long. The largest step, a month of a backfill, has to fit.
    pub step_timeout_s: u64,
    /// The share of rows that may vanish because the source no longer has them: of the mart's live rows in
    /// one run or in one of its days, or of the CRM's customers, prostheses and models. If more would vanish,
    /// or nothing would be left, the run stops, changes nothing and says how to confirm it. Fewer than 48
    /// rows, or 10 of the CRM, do not stop a run while others are left.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_vanished_share: f64,
    /// The number of seconds for which `etl schedule` and `etl compare` compare days of the retention with
    /// the source, each time.
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
