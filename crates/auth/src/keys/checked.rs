//! Tokens that were verified with the keys of one key set, so that the next request with the same token costs no
//! signature.
//!
//! What is kept belongs to the key set that it was verified with and goes when that set is replaced: a key that
//! the issuer withdraws takes its tokens along, and nothing has to be searched for. Only accepted tokens take
//! room, so that a flood of bad ones displaces nobody.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

use crate::token::claims::Verified;

/// How many tokens are kept at most, as two halves. A kept token takes about half a kilobyte.
const HALF: usize = 8 * 1024;

/// What a token is found by. The token itself is not kept.
pub(crate) type Fingerprint = [u8; 32];

/// The fingerprint of a token's text, which is its SHA-256.
pub(crate) fn fingerprint(jwt: &str) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(digest(&SHA256, jwt.as_bytes()).as_ref());
    fingerprint
}

/// The tokens of one key set.
#[derive(Debug, Default)]
pub(crate) struct CheckedTokens(Mutex<Halves>);

/// Those that came last and those before. When the newer half is full the older one goes, so that a token that is
/// in use stays and no token has to be chosen.
#[derive(Debug, Default)]
struct Halves {
    newer: HashMap<Fingerprint, Verified>,
    older: HashMap<Fingerprint, Verified>,
}

impl CheckedTokens {
    /// What this token said when its signature was verified. Whether it counts now is for its times to say.
    pub(crate) fn get(&self, token: &Fingerprint) -> Option<Verified> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verified) = halves.newer.get(token) {
            return Some(verified.clone());
        }
        let verified = halves.older.remove(token)?;
        halves.keep(*token, verified.clone());
        Some(verified)
    }

    /// Keeps what a verified token says.
    pub(crate) fn keep(&self, token: Fingerprint, verified: Verified) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(token, verified);
    }

    /// Lets one go, such as one that has expired.
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
