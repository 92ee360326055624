//! Random damage: no change of a valid token is accepted, and no bytes make the verifier panic.

use std::sync::LazyLock;

use bionicpro_auth::testing::{KeyServer, ManualClock, TestKey, TokenBuilder};
use bionicpro_auth::{Clock, Rejection, Verifier};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::NOW;

/// One issuer and verifier for all cases, and the token that they damage.
struct World {
    runtime: Runtime,
    verifier: Verifier,
    good: String,
    _issuer: KeyServer,
    _clock: ManualClock,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let issuer = runtime.block_on(KeyServer::start());
    let (time, clock) = Clock::manual(NOW);
    let verifier = Verifier::with_clock(&issuer.config(), time).unwrap();
    let good = TokenBuilder::new(&issuer.issuer(), NOW).sign(TestKey::trusted());
    World { runtime, verifier, good, _issuer: issuer, _clock: clock }
});

impl World {
    fn accepts(&self, unverified: &str) -> bool {
        match self.runtime.block_on(self.verifier.verify(unverified)) {
            Ok(_) => true,
            Err(Rejection::Invalid(_)) => false,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_undamaged_token_is_accepted() {
    assert!(WORLD.accepts(&WORLD.good));
}

#[test]
fn every_single_character_counts() {
    let good = &WORLD.good;
    for place in 0..good.len() {
        for other in ["A", "B", "_", ".", "=", ""] {
            let damaged = format!("{}{other}{}", &good[..place], &good[place + 1..]);
            assert!(damaged == *good || !WORLD.accepts(&damaged), "{place} {other:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_changed_byte_is_accepted(place in any::<prop::sample::Index>(), byte in 0u8..128) {
        let mut bytes = WORLD.good.clone().into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        prop_assert!(!WORLD.accepts(&String::from_utf8(bytes).unwrap()));
    }

    #[test]
    fn no_cut_doubled_or_swapped_part_is_accepted(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), how in 0..3) {
        let good = &WORLD.good;
        let (a, b) = (from.index(good.len()), to.index(good.len()));
        let (a, b) = (a.min(b), a.max(b));
        let damaged = match how {
            0 => format!("{}{}", &good[..a], &good[b..]),
            1 => format!("{}{}", &good[..b], &good[a..]),
            _ => format!("{}{}{}", &good[b..], &good[a..b], &good[..a]),
        };
        prop_assume!(damaged != *good);
        prop_assert!(!WORLD.accepts(&damaged));
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!WORLD.accepts(&text));
        prop_assert!(!WORLD.accepts(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn any_signed_payload_is_refused_without_a_panic(header in "\\PC{0,60}", payload in "[\\[\\]{}\":,0-9a-z\\\\ ]{0,120}") {
        let header_of = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, TestKey::trusted().kid());
        let any_header = TokenBuilder::sign_raw(header, b"{}", TestKey::trusted());
        prop_assert!(!WORLD.accepts(&any_header));
        prop_assert!(!WORLD.accepts(&TokenBuilder::sign_raw(header_of, payload, TestKey::trusted())));
    }
}
