//! Refused credentials: if one address causes many of them, each further refusal is delayed.
//!
//! A bad token costs the client nothing and the service a little. Over the budget of its address the response
//! stays the same and is delayed, so that a connection gets about one per delay. Requests with a valid
//! credential from that address are never delayed. At most half of the connections of one address, and half
//! of all, are delayed at a time: other clients that share the address or a proxy still get through.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::Response;
use http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::per_address::{AddressPermit, PerAddressLimit};
use crate::problem::Problem;
use crate::{Limiter, Limits, metrics};

/// The budgets of all addresses, and the permits for delayed refusals.
#[derive(Debug)]
pub(crate) struct Refusals {
    section: &'static str,
    delay: Duration,
    budget: Limiter<IpAddr>,
    held_of_address: PerAddressLimit,
    free: Arc<Semaphore>,
}

/// The time at which a refusal is sent.
#[derive(Debug)]
pub(crate) enum Refusal {
    Immediate,
    /// After [`DelayedRefusal::wait`].
    Delayed(DelayedRefusal),
    /// It should be delayed, and too many are delayed already.
    Overloaded,
}

/// A delayed refusal.
#[derive(Debug)]
pub(crate) struct DelayedRefusal {
    delay: Duration,
    _of_address: AddressPermit,
    _of_all: OwnedSemaphorePermit,
}

impl Refusals {
    pub(crate) fn new(section: &'static str, limits: &Limits) -> Self {
        let half = limits.connections.div_ceil(2);
        Refusals {
            section,
            delay: limits.refusal_delay,
            budget: Limiter::new(section, "address", limits.refusals_per_minute),
            held_of_address: PerAddressLimit::new(limits.connections_per_address.div_ceil(2)),
            free: Arc::new(Semaphore::new(usize::try_from(half).unwrap_or(Semaphore::MAX_PERMITS))),
        }
    }

    /// Charges one refusal to the budget of the address, and returns when to send it.
    pub(crate) fn refuse(&self, place: IpAddr, now: Instant) -> Refusal {
        if self.budget.charge(place, now).is_ok() {
            return Refusal::Immediate;
        }
        let held = self.held_of_address.take(place).zip(Arc::clone(&self.free).try_acquire_owned().ok());
        let Some((of_address, of_all)) = held else {
            metrics::count_late_refusal(self.section, "full");
            return Refusal::Overloaded;
        };
        metrics::count_late_refusal(self.section, "held");
        Refusal::Delayed(DelayedRefusal { delay: self.delay, _of_address: of_address, _of_all: of_all })
    }
}

impl DelayedRefusal {
    /// Waits for the delay, or until the listener stops.
    pub(crate) async fn wait(self, stopping: &CancellationToken) {
        stopping.run_until_cancelled(tokio::time::sleep(self.delay)).await;
    }
}

/// Returns true if the response refuses a credential or says that there is none.
pub(crate) fn is_refusal(response: &Response) -> bool {
    response.status() == StatusCode::UNAUTHORIZED
        || response.extensions().get::<Problem>().is_some_and(Problem::is_of_credential)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(connections: u32, connections_per_address: u32) -> Refusals {
        let limits =
            Limits { connections, connections_per_address, refusals_per_minute: 2, ..Limits::default() };
        Refusals::new("test", &limits)
    }

    /// Returns one letter per refusal, in order. Delayed ones stay in `held`.
    fn letters(refusals: &Refusals, address: &str, count: usize, held: &mut Vec<DelayedRefusal>) -> String {
        let now = Instant::now();
        let one = |_| match refusals.refuse(address.parse().unwrap(), now) {
            Refusal::Immediate => 'n',
            Refusal::Delayed(late) => {
                held.push(late);
                'l'
            }
            Refusal::Overloaded => '-',
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn over_the_budget_of_an_address_half_of_its_connections_wait() {
        let (refusals, mut held) = (refusals(1000, 6), Vec::new());
        assert_eq!(letters(&refusals, "192.0.2.1", 7, &mut held), "nnlll--");
        assert_eq!(letters(&refusals, "192.0.2.2", 3, &mut held), "nnl", "another address has its own");
        held.remove(0);
        assert_eq!(letters(&refusals, "192.0.2.1", 2, &mut held), "l-", "one was given");
    }

    #[test]
    fn never_do_more_than_half_of_all_connections_wait() {
        let (refusals, mut held) = (refusals(8, 6), Vec::new());
        assert_eq!(letters(&refusals, "192.0.2.1", 5, &mut held), "nnlll");
        assert_eq!(letters(&refusals, "192.0.2.2", 5, &mut held), "nnl--");
        held.clear();
        assert_eq!(letters(&refusals, "192.0.2.2", 1, &mut held), "l");
    }

    #[test]
    fn the_budget_comes_back_with_time() {
        let refusals = refusals(8, 6);
        let (place, now) = ("192.0.2.1".parse().unwrap(), Instant::now());
        let is_late = |now| !matches!(refusals.refuse(place, now), Refusal::Immediate);
        assert_eq!([is_late(now), is_late(now), is_late(now)], [false, false, true]);
        let later = now + Duration::from_secs(30);
        assert_eq!([is_late(later), is_late(later)], [false, true]);
    }

    #[tokio::test]
    async fn a_listener_that_stops_waits_for_nothing_that_is_held() {
        let late = DelayedRefusal {
            delay: Duration::MAX,
            _of_address: PerAddressLimit::new(1).take("192.0.2.1".parse().unwrap()).unwrap(),
            _of_all: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
        };
        let stopping = CancellationToken::new();
        stopping.cancel();
        late.wait(&stopping).await;
    }

    #[test]
    fn what_refuses_a_credential_is_told_by_status_or_by_name() {
        use axum::response::IntoResponse;

        use crate::ProblemKind;

        let refuses = |problem: Problem| is_refusal(&problem.into_response());
        assert!(refuses(Problem::new(ProblemKind::InvalidToken)));
        assert!(refuses(Problem::new(ProblemKind::BadRequest).of_credential()));
        assert!(!refuses(Problem::new(ProblemKind::BadRequest)));
        assert!(!refuses(Problem::new(ProblemKind::InsufficientScope)));
        assert!(is_refusal(&StatusCode::UNAUTHORIZED.into_response()), "of another service, passed on");
    }
}
