//! `/api/reports`.

mod compare;
mod day;
mod days;
mod export;
mod input;
mod list;
mod summary;
mod typical;
mod usual;
mod zones;
