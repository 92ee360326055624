//! A builder for the app, clients by role, rows of the mart.

mod app;
mod client;
mod seed;

pub(crate) use app::App;
pub(crate) use client::{Answered, Client, raw};
pub(crate) use seed::{Cell, Person, ask, execute, table_of};

use chrono::{DateTime, Utc};

/// Parses an instant such as `2024-01-15T08:00:00Z`.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
