//! Key performance indicators of ISO 22400-2 from additive time elements.
//!
//! A ratio of a set (of shifts, lines, products) is the ratio of sums; averaging ratios is wrong whenever their
//! denominators differ. All quantities are minutes.

mod sums;
mod time_model;

pub use sums::{accumulate, combine};
pub use time_model::{Minutes, ratio};
