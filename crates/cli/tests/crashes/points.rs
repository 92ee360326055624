//! The points at which a command is stopped: every piece of traffic between it and its databases, in an order
//! that is spread out from the beginning and leaves none out in the end.

use std::collections::BTreeSet;

/// The points of one command.
#[derive(Default)]
pub(crate) struct Points {
    /// The number of pieces of the last undisturbed run; it varies with the amount of work.
    total: u64,
    tried: u32,
    reached: BTreeSet<u64>,
    pub(crate) kills: u64,
}

impl Points {
    /// The next point, from 1. The reversed bits of a counter spread evenly over any number of points.
    pub(crate) fn next(&mut self) -> u64 {
        let spread = u64::from(self.tried.reverse_bits());
        self.tried += 1;
        1 + ((spread * self.total) >> u32::BITS)
    }

    /// Records a kill at this piece.
    pub(crate) fn killed(&mut self, at: u64) {
        self.kills += 1;
        self.reached.insert(at);
    }

    /// Records that the command ended after this many pieces.
    pub(crate) fn ended(&mut self, pieces: u64) {
        self.total = pieces;
    }

    pub(crate) fn told(&self) -> String {
        format!("{} kills at {} different pieces of about {}", self.kills, self.reached.len(), self.total)
    }
}

#[test]
fn every_point_is_reached() {
    let mut points = Points { total: 100, ..Points::default() };
    let all: BTreeSet<u64> = (0..256).map(|_| points.next()).collect();
    assert_eq!(all, (1..=100).collect());
}
