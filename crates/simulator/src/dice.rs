//! Random numbers that are the same on every machine and in every release.
//!
//! A seeded fleet is compared byte by byte, so the numbers come from a fixed public algorithm and from
//! integers alone: the generators of a library may change, and so may floating point functions.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The dice of one object (a person, a chip's day): independent of all others, so that work can be
    /// distributed.
    pub(crate) fn new(seed: u64, path: &[u64]) -> Self {
        let state = path.iter().fold(mix(seed ^ GOLDEN_GAMMA), |state, step| {
            mix(state.wrapping_add(GOLDEN_GAMMA) ^ mix(step.wrapping_add(GOLDEN_GAMMA)))
        });
        Dice(state)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        mix(self.0)
    }

    /// A number in `0..n`; `n` must not be 0.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        let scaled = (self.next() >> 32) * u64::from(n);
        u32::try_from(scaled >> 32).unwrap_or(0)
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.below(to - from + 1)
    }

    /// True in `times` of 10,000 cases.
    pub(crate) fn chance(&mut self, times: u32) -> bool {
        self.below(10_000) < times
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        &items[self.below(count) as usize]
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_u128((u128::from(self.next()) << 64) | u128::from(self.next()))
            .with_variant(uuid::Variant::RFC4122)
            .with_version(uuid::Version::Random)
            .into_uuid()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        // The first outputs of SplitMix64 from state 1234567.
        let mut dice = Dice(1_234_567);
        assert_eq!(
            [dice.next(), dice.next(), dice.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn a_range_is_met_from_end_to_end() {
        let mut dice = Dice::new(1, &[2, 3]);
        let mut seen = [0; 7];
        for _ in 0..7_000 {
            seen[dice.between(3, 9) as usize - 3] += 1;
        }
        assert!(seen.iter().all(|count| (850..1150).contains(count)), "{seen:?}");
        assert_ne!(Dice::new(1, &[2]).next(), Dice::new(1, &[3]).next());
    }
}
