//! Names of the API's own metrics, and how to read them; those of its listener are in
//! `bionicpro_edge::metrics`.

/// Gauge, label `dependency` (`warehouse` or `issuer`): 1 if the last readiness check found it available,
/// else 0.
pub const DEPENDENCY_UP: &str = "bionicpro_api_dependency_up";

/// Gauge: the newest moment that the mart reflects, in seconds since 1970. `time() - x` above two schedules
/// (30 minutes) means that the pipeline is behind.
pub const DATA_AS_OF: &str = "bionicpro_api_data_as_of_seconds";

/// Counter, label `from` (`memory` or `warehouse`): requests for a person's hours, by the source of the
/// answer.
pub const QUESTIONS: &str = "bionicpro_api_questions_total";

pub(crate) fn count_question(is_cached: bool) {
    metrics::counter!(QUESTIONS, "from" => if is_cached { "memory" } else { "warehouse" }).increment(1);
}

pub(crate) fn gauge_dependency(dependency: &'static str, up: bool) {
    metrics::gauge!(DEPENDENCY_UP, "dependency" => dependency).set(f64::from(u8::from(up)));
}

pub(crate) fn gauge_data_as_of(moment: chrono::DateTime<chrono::Utc>) {
    metrics::gauge!(DATA_AS_OF).set(f64::from(u32::try_from(moment.timestamp()).unwrap_or(0)));
}
