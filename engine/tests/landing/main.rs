//! Landing as a whole: files in, COPY BINARY and rejects out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod dialects;
mod oracle;
mod real;
mod rows;
mod support;
