//! Names of this crate's metrics, and how to read them. None carries a user, a token or a key id.

/// Counter, label `reason` (`ok` or a [`crate::Reason`]): tokens checked. A rise of `too_large` means that people
/// have more roles than fit 8 KiB; of `audience` or `authorized_party` a client that is set up wrongly; of
/// `unknown_key` key rotation or an attack.
pub const TOKENS: &str = "bionicpro_auth_tokens_total";

/// Counter: tokens that were known from an earlier request, so that no signature was verified. Its rate over that of
/// `bionicpro_auth_tokens_total` with the reason `ok` is how often people come back with the same token.
pub const TOKENS_KNOWN: &str = "bionicpro_auth_tokens_known_total";

/// Counter, labels `trigger` (`cold`, `expired`, `unknown_key`) and `outcome` (`ok` or a fault such as `timeout`,
/// `too_large`, `content_type`, `no_usable_key`): fetches of the issuer's key set. Anything but `ok` for longer than an hour ends in 503.
pub const KEY_REFRESHES: &str = "bionicpro_auth_key_refreshes_total";

/// Counter, label `why`: keys of the issuer's set that were not taken. `not_for_signing` is normal (Keycloak
/// publishes an encryption key); `duplicate_kid` and `private_members` are an alarm at the issuer.
pub const KEYS_DROPPED: &str = "bionicpro_auth_keys_dropped_total";

/// Gauge: keys that tokens are checked with now; 0 means that every request is answered 503.
pub const KEYS_USABLE: &str = "bionicpro_auth_keys_usable";

/// Gauge: seconds since 1970 of the last good fetch of the key set. `time() - x` above 300 means stale keys.
pub const KEYS_FETCHED_AT: &str = "bionicpro_auth_keys_fetched_at_seconds";

/// Counter: times that the wall clock moved against the monotonic one by more than 5 seconds. Tokens are judged
/// by the wall clock, so that a jump makes valid ones expire or lets expired ones pass.
pub const CLOCK_JUMPS: &str = "bionicpro_auth_clock_jumps_total";

/// Counter, label `outcome`: login names held against their accounts, where that was worth a word. `bound` is a person's
/// first visit; `other_account` a name that came with another account, which an administrator releases or somebody must
/// look into; `unavailable` the store.
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
