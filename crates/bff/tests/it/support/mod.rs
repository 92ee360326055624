//! The world that the tests happen in.

mod browser;
mod upstream;
mod world;

pub(crate) use browser::{Browser, Page};
pub(crate) use upstream::Upstream;
pub(crate) use world::World;
