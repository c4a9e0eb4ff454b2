//! The forest's SQL face: train, predict, explain. The registry's procedures are in sql/extension/forest.sql.

mod predict;
mod registry;
mod source;
mod train;
