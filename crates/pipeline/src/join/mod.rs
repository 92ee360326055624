//! The join: cells stream through, the owners stay in memory.
//!
//! A cell belongs to whoever owned its chip at its hour; one in which the owner changed comes in parts, each with its
//! own. Two chips of one prosthesis in the same hour (one replaced the other) make one row of the mart: they are added
//! up. Rows of a former owner that nothing makes any more get tombstones in the same file.

mod cell;
mod directory;
mod rows;

pub(crate) use directory::{CRM_CHANGED, Directory};
pub(crate) use rows::{Joined, Joiner};
