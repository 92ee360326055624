//! The state of the pipeline: the worst of freshness, runs and reconciliation. While one of them is unknown,
//! it is never `ok`.

use bionicpro_warehouse::ledger::{Entry, MART_DIFFERS, State};
use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{PipelineRun, RunState};
use crate::routes::freshness::Age;

/// The state of the pipeline, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PipelineState)]
pub(super) enum Verdict {
    /// The data are fresh, the newest run that ended has succeeded, and the newest load agreed with the mart.
    Ok,
    /// A part of the state is unknown: there was no run or no load yet.
    Unknown,
    /// The data are older than two schedules.
    Late,
    /// The newest run failed or was interrupted, or the newest load did not agree with the mart.
    Failing,
}

/// The result of comparing the mart with what the newest load has staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReconciliationState {
    /// Counts and sums agreed on every day.
    Agreed,
    /// They differed on at least one day; the baseline has not moved.
    Differed,
    /// The load did not reach the comparison, or there was none.
    Unknown,
}

/// The result of the comparison in the newest load that ended.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Reconciliation {
    pub(super) state: ReconciliationState,
    /// The run of that load.
    #[schema(required)]
    run: Option<String>,
    /// The end of that load.
    #[schema(required)]
    at: Option<DateTime<Utc>>,
}

impl Reconciliation {
    pub(super) fn of(newest_load: Option<&Entry>) -> Self {
        let differs = |load: &Entry| load.error.as_ref().is_some_and(|error| error.starts_with(MART_DIFFERS));
        Reconciliation {
            state: match newest_load {
                Some(load) if load.state == State::Done => ReconciliationState::Agreed,
                Some(load) if differs(load) => ReconciliationState::Differed,
                _ => ReconciliationState::Unknown,
            },
            run: newest_load.map(|load| load.run.to_string()),
            at: newest_load.map(|load| load.at.trunc_subsecs(3)),
        }
    }
}

impl Verdict {
    /// Returns the verdict, and a sentence for each problem, the worst first. `runs` are ordered from the
    /// newest.
    pub(super) fn of(
        age: Age,
        runs: &[PipelineRun],
        reconciliation: ReconciliationState,
    ) -> (Self, Vec<String>) {
        let newest = runs.iter().find(|run| run.state != RunState::Running);
        let findings = [
            match age {
                Age::Fresh => None,
                Age::Stale => Some((Verdict::Late, "The data are older than two schedules".to_owned())),
                Age::Unknown => Some((Verdict::Unknown, "Nothing was ever loaded".to_owned())),
            },
            match newest.map(|run| (run.state, run.step)) {
                None => Some((Verdict::Unknown, "No run has ended yet".to_owned())),
                Some((RunState::Failed, step)) => {
                    let step = step.unwrap_or("a step");
                    Some((Verdict::Failing, format!("The newest run failed in {step}")))
                }
                Some((RunState::Abandoned, step)) => {
                    let step = step.unwrap_or("a step");
                    Some((Verdict::Failing, format!("The newest run was interrupted in or after {step}")))
                }
                Some((RunState::Done | RunState::NothingNew | RunState::Running, _)) => None,
            },
            match reconciliation {
                ReconciliationState::Agreed => None,
                ReconciliationState::Differed => Some((
                    Verdict::Failing,
                    "The mart differs from what the newest load has staged".to_owned(),
                )),
                ReconciliationState::Unknown => {
                    Some((Verdict::Unknown, "It is unknown whether the newest load agreed".to_owned()))
                }
            },
        ];
        let mut findings: Vec<_> = findings.into_iter().flatten().collect();
        findings.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
        let worst = findings.first().map_or(Verdict::Ok, |(verdict, _)| *verdict);
        (worst, findings.into_iter().map(|(_, sentence)| sentence).collect())
    }
}

#[cfg(test)]
mod tests {
    use bionicpro_warehouse::ledger::{Outline, Step};

    use super::*;

    fn run(state: State, step: Step) -> PipelineRun {
        let at = DateTime::from_timestamp(1_705_305_600, 0).unwrap();
        let entry = Entry::new("r".parse().unwrap(), step, state, 1, at);
        PipelineRun::new(&Outline::of(&[entry]).unwrap(), at)
    }

    #[test]
    fn the_worst_decides_and_the_unknown_is_not_well() {
        let (done, failed) =
            (|| run(State::Done, Step::LoadToClickhouse), || run(State::Failed, Step::ExtractCrmData));
        let verdict = |age, runs: &[PipelineRun], state| Verdict::of(age, runs, state).0;
        let agreed = ReconciliationState::Agreed;
        assert_eq!(verdict(Age::Fresh, &[done()], agreed), Verdict::Ok);
        assert_eq!(
            verdict(Age::Fresh, &[run(State::Started, Step::ExtractCrmData), done()], agreed),
            Verdict::Ok
        );
        assert_eq!(verdict(Age::Stale, &[done()], agreed), Verdict::Late);
        assert_eq!(verdict(Age::Unknown, &[done()], agreed), Verdict::Unknown);
        assert_eq!(verdict(Age::Fresh, &[], agreed), Verdict::Unknown);
        assert_eq!(verdict(Age::Fresh, &[failed(), done()], agreed), Verdict::Failing);
        assert_eq!(verdict(Age::Fresh, &[done(), failed()], agreed), Verdict::Ok, "a newer run succeeded");
        assert_eq!(verdict(Age::Fresh, &[done()], ReconciliationState::Unknown), Verdict::Unknown);
        assert_eq!(verdict(Age::Fresh, &[done()], ReconciliationState::Differed), Verdict::Failing);
        let (worst, reasons) = Verdict::of(Age::Stale, &[failed()], ReconciliationState::Unknown);
        assert_eq!((worst, reasons.len()), (Verdict::Failing, 3));
        assert_eq!(reasons[0], "The newest run failed in extract_crm_data");
    }
}
