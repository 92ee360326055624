//! The join: cells stream through, the owners stay in memory.
//!
//! A cell belongs to whoever owned its chip at its hour. Two chips of one prosthesis in the same hour (one replaced the
//! other) make one row of the mart: their cells are added up.

mod cell;
mod directory;
mod rows;

pub(crate) use directory::Directory;
pub(crate) use rows::{Joined, Joiner};
