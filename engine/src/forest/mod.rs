//! Random forest for the probability of failure.
//!
//! [`train::train`] grows the trees (engine: smartcore's regression forest on 0/1 labels, which is a probability
//! forest), [`forest::Forest`] predicts, [`explain`] says why, [`codec`] writes the forest down, and
//! [`training_rows`] remembers which rows it was trained on, so that they are scored by their out-of-bag trees only.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod codec;
pub mod data;
pub mod error;
pub mod explain;
#[allow(clippy::module_inception)]
pub mod forest;
pub mod metrics;
pub mod params;
mod seed;
mod smartcore_engine;
pub mod split;
pub mod train;
pub mod training_rows;
mod wire;

pub use data::TrainingSet;
pub use error::ForestError;
pub use forest::Forest;
pub use metrics::Metrics;
pub use params::Params;
pub use train::{Trained, train};
