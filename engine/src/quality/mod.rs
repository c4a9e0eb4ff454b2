//! Data quality and quality control.

mod deviation;

pub use deviation::{Leading, Readings, leading_sensors};
