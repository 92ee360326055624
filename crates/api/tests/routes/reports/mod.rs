//! `/api/reports`.

mod day;
mod input;
mod list;
mod summary;
mod zones;
