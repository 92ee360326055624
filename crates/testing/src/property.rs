//! Property tests whose cases need databases: few cases by default, with failing ones stored next to the
//! test.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// Checks the property with the failing values stored in the file `kept`, then with `cases` random values, or
/// `PROPTEST_CASES` of them if set. A new failing value is added to the file.
///
/// # Panics
/// With the smallest value found for which the property does not hold.
pub fn holds<S: Strategy>(
    strategy: &S,
    cases: u32,
    kept: &'static str,
    property: impl AsyncFn(S::Value) -> Result<(), TestCaseError>,
) {
    let mut config = Config { max_shrink_iters: 200, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = Some(Box::new(FileFailurePersistence::Direct(kept)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outcome = TestRunner::new(config).run(strategy, |value| runtime.block_on(property(value)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
