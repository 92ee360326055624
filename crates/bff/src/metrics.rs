//! Names of the BFF's metrics, and how to read them. No label carries a person, an address or a session.

use crate::session::Ended;

/// Counter, label `outcome`: sign-ins that came back from the issuer. `ok`; `denied`: the person or the
/// issuer declined; `expired`: no sign-in of this browser was in progress (a bookmark of the callback, or an
/// attempt to plant a session); `refused`: tokens that are not accepted (a misconfigured realm, or an
/// attack); `unavailable`.
pub const SIGN_INS: &str = "bionicpro_bff_sign_ins_total";

/// Counter, label `why`: sessions that ended. A rise of `evicted` means that `bff.sessions_per_person` is too
/// low, or that a program signs in for a person; `grant_refused` are accounts that were locked, or refresh
/// tokens that were used twice.
pub const SESSIONS_ENDED: &str = "bionicpro_bff_sessions_ended_total";

/// Counter, label `outcome` (`ok`, `refused`, `unavailable`): refreshes of sessions' access tokens.
pub const REFRESHES: &str = "bionicpro_bff_refreshes_total";

/// Counter, label `sign` (`csrf_header`, `fetch_site`, `origin`, `no_origin`, `fetch_mode`): requests that
/// did not come from our own page. Steady growth points to a proxy that drops headers; bursts are forged
/// requests.
pub const FOREIGN: &str = "bionicpro_bff_foreign_requests_total";

/// Counter, label `outcome` (`ok`, `replayed`, `invalid`, `unavailable`): logout tokens of the issuer's back
/// channel.
pub const BACK_CHANNEL: &str = "bionicpro_bff_back_channel_logouts_total";

/// Counter, label `outcome` (`ok`, `failed`): revocations of refresh tokens when a session ends. A token
/// whose revocation failed expires later by itself.
pub const REVOCATIONS: &str = "bionicpro_bff_revocations_total";

/// Counter: requests to the Reports API that failed: no response, or a redirect.
pub const UPSTREAM_FAILURES: &str = "bionicpro_bff_upstream_failures_total";

pub(crate) fn count_sign_in(outcome: &'static str) {
    metrics::counter!(SIGN_INS, "outcome" => outcome).increment(1);
}

pub(crate) fn count_ended(why: Ended) {
    metrics::counter!(SESSIONS_ENDED, "why" => why.as_str()).increment(1);
}

pub(crate) fn count_refresh(outcome: &'static str) {
    metrics::counter!(REFRESHES, "outcome" => outcome).increment(1);
}

pub(crate) fn count_foreign(sign: &'static str) {
    metrics::counter!(FOREIGN, "sign" => sign).increment(1);
}

pub(crate) fn count_back_channel(outcome: &'static str) {
    metrics::counter!(BACK_CHANNEL, "outcome" => outcome).increment(1);
}

pub(crate) fn count_revocation(outcome: &'static str) {
    metrics::counter!(REVOCATIONS, "outcome" => outcome).increment(1);
}

pub(crate) fn count_upstream_failure() {
    metrics::counter!(UPSTREAM_FAILURES).increment(1);
}
