//! The environment of the tests.

mod browser;
mod reports_api;
mod upstream;
mod world;

pub(crate) use browser::{Browser, Page};
pub(crate) use reports_api::ReportsApi;
pub(crate) use upstream::Upstream;
pub(crate) use world::World;
