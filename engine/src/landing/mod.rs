//! Landing: the bytes of a CSV file become rows in PostgreSQL's COPY BINARY format, or rejects.
//!
//! `read` decides the dialect from the data set's contract, cuts records, converts fields to the staging table's types
//! and keeps every row it cannot convert with its line, byte offset, original bytes, rule and SQLSTATE.

mod contract;
mod copy_binary;
mod dialect;
mod error;
mod header;
mod reader;
mod record;
mod reject;
mod resources;
mod types;

pub use contract::{ColumnSpec, Contract, DataType, HeaderRange};
pub use dialect::{Dialect, Newline, sniff};
pub use error::LandingError;
pub use header::{HeaderMatch, Source, match_headers, normalise};
pub use reader::{Batch, Limits, digest, read};
pub use reject::Reject;
