//! Tokens that were verified with one key set, cached so that the next request with the same token needs no
//! signature check.
//!
//! An entry belongs to the key set that verified it and is dropped when that set is replaced: the tokens of a
//! key that the issuer withdraws disappear without a search. Only accepted tokens are cached, so a flood of
//! bad ones evicts nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use crate::token::claims::Verified;

/// Largest number of tokens in each of the two halves. A token takes about half a kilobyte.
const HALF: usize = 8 * 1024;

/// The cache key of a token. The token itself is not kept.
pub(crate) type Fingerprint = [u8; 32];

/// The fingerprint of a token's text: its SHA-256.
pub(crate) fn fingerprint(jwt: &str) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, jwt.as_bytes()).as_ref());
    fingerprint
}

/// The tokens of one key set.
#[derive(Debug, Default)]
pub(crate) struct CheckedTokens(Mutex<Halves>);

/// The latest tokens and those before. When the newer half is full, the older one is dropped, so that tokens
/// in use stay and no single token has to be chosen for eviction.
#[derive(Debug, Default)]
struct Halves {
    newer: HashMap<Fingerprint, Verified>,
    older: HashMap<Fingerprint, Verified>,
}

impl CheckedTokens {
    /// The contents of a token whose signature was verified before. Its times decide whether it is valid now.
    pub(crate) fn get(&self, token: &Fingerprint) -> Option<Verified> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verified) = halves.newer.get(token) {
            return Some(verified.clone());
        }
        let verified = halves.older.remove(token)?;
        halves.keep(*token, verified.clone());
        Some(verified)
    }

    /// Caches a verified token.
    pub(crate) fn keep(&self, token: Fingerprint, verified: Verified) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(token, verified);
    }

    /// Removes a token, such as an expired one.
    pub(crate) fn forget(&self, token: &Fingerprint) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.newer.remove(token);
        halves.older.remove(token);
    }
}

impl Halves {
    fn keep(&mut self, token: Fingerprint, verified: Verified) {
        if self.newer.len() >= HALF {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(token, verified);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_is_in_use_stays_and_the_room_is_bounded() {
        let tokens = CheckedTokens::default();
        let said = |n: i64| Verified::until(DateTime::from_timestamp(n, 0).unwrap());
        let used = fingerprint("used");
        tokens.keep(used, said(0));
        for n in 0..3 * HALF {
            tokens.keep(fingerprint(&n.to_string()), said(1));
            assert!(tokens.get(&used).is_some(), "{n}");
        }
        let halves = tokens.0.lock().unwrap();
        assert!(halves.newer.len() <= HALF && halves.older.len() <= HALF);
        drop(halves);
        assert!(tokens.get(&fingerprint("0")).is_none());
        tokens.forget(&used);
        assert!(tokens.get(&used).is_none());
    }
}
