//! Landing as a whole: files in, COPY BINARY and rejects out.

mod dialects;
mod oracle;
mod real;
mod rows;
mod support;
