//! Everything that touches PostgreSQL's C interface or the operating system's directly: the only room of `unsafe`, one
//! small file a matter.

pub mod array;
pub mod as_owner;
pub mod cache;
pub mod copy;
pub mod dispatch;
pub mod ident;
pub mod jsonb;
pub mod lookup;
pub mod query;
pub mod record;
mod spi;
pub mod transaction;
pub mod workers;
pub mod zone;
