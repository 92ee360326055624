//! The join of cells with their owners: cells are streamed, the owners are kept in memory.
//!
//! A cell belongs to the owner of its chip in its hour. A cell in which the owner changed comes in parts,
//! each with its own owner. Two chips of one prosthesis in the same hour (one replaced the other) are added
//! up into one row of the mart. Rows of a former owner that no cell produces any more get tombstones in the
//! same file.

mod cell;
mod directory;
mod rows;

pub(crate) use directory::Directory;
pub(crate) use rows::{Joined, Joiner};
