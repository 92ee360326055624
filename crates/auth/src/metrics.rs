//! Names of this crate's metrics, and how to read them. None carries a user, a token or a key id.

/// Counter, label `reason` (`ok` or a [`crate::Reason`]): tokens checked. A rise of `too_large` means that
/// people have more roles than fit into 8 KiB; of `audience` or `authorized_party`, a misconfigured client;
/// of `unknown_key`, key rotation or an attack.
pub const TOKENS: &str = "bionicpro_auth_tokens_total";

/// Counter: tokens that were known from an earlier request, so that no signature was verified. Its rate
/// divided by that of `bionicpro_auth_tokens_total` with the reason `ok` is the share of requests that repeat
/// a token.
pub const TOKENS_KNOWN: &str = "bionicpro_auth_tokens_known_total";

/// Counter, labels `trigger` (`cold`, `expired`, `unknown_key`) and `outcome` (`ok` or a fault such as
/// `timeout`, `too_large`, `content_type`, `no_usable_key`): fetches of the issuer's key set. After more than
/// an hour without an `ok`, requests are answered 503.
pub const KEY_REFRESHES: &str = "bionicpro_auth_key_refreshes_total";

/// Counter, label `why`: keys of the issuer's set that were dropped. `not_for_signing` is normal (Keycloak
/// publishes an encryption key); `duplicate_kid` and `private_members` are an alarm for the issuer's
/// operator.
pub const KEYS_DROPPED: &str = "bionicpro_auth_keys_dropped_total";

/// Gauge: keys that are usable now; 0 means that every request is answered 503.
pub const KEYS_USABLE: &str = "bionicpro_auth_keys_usable";

/// Gauge: time of the last successful fetch of the key set, in seconds since 1970. `time() - x` above 300
/// means stale keys.
pub const KEYS_FETCHED_AT: &str = "bionicpro_auth_keys_fetched_at_seconds";

/// Counter: jumps of the wall clock against the monotonic clock by more than 5 seconds. Tokens are checked
/// against the wall clock, so a jump makes valid ones expire or lets expired ones pass.
pub const CLOCK_JUMPS: &str = "bionicpro_auth_clock_jumps_total";

/// Counter, label `outcome`: notable results of checking login names against their accounts. `bound` is a
/// person's first visit; `other_account` is a name that is bound to another account, which an administrator
/// has to release or to investigate; `unavailable` means that the store did not answer.
pub const NAMES: &str = "bionicpro_auth_names_total";

pub(crate) fn count_name(outcome: &'static str) {
    metrics::counter!(NAMES, "outcome" => outcome).increment(1);
}

pub(crate) fn count_token(reason: &'static str) {
    metrics::counter!(TOKENS, "reason" => reason).increment(1);
}

pub(crate) fn count_known() {
    metrics::counter!(TOKENS_KNOWN).increment(1);
}

pub(crate) fn count_refresh(trigger: &'static str, outcome: &'static str) {
    metrics::counter!(KEY_REFRESHES, "trigger" => trigger, "outcome" => outcome).increment(1);
}

pub(crate) fn count_dropped(why: &'static str) {
    metrics::counter!(KEYS_DROPPED, "why" => why).increment(1);
}

pub(crate) fn gauge_keys(usable: usize) {
    metrics::gauge!(KEYS_USABLE).set(f64::from(u32::try_from(usable).unwrap_or(u32::MAX)));
}

pub(crate) fn gauge_fetched_at(unix_s: i64) {
    metrics::gauge!(KEYS_FETCHED_AT).set(f64::from(u32::try_from(unix_s).unwrap_or(0)));
}

pub(crate) fn count_clock_jump() {
    metrics::counter!(CLOCK_JUMPS).increment(1);
}
