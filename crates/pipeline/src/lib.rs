//! (being written)

pub mod config;

pub use config::{PipelineConfig, StageConfig};
