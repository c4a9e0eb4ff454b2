//! Names and values inside dynamic statements: everything is quoted, and relations are looked up before use.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::Error;

pub use pgrx::spi::{quote_identifier, quote_literal};

/// The oid of a relation given by a possibly qualified name, quoted as in SQL; `None` where there is none, or where
/// the text is no name (to_regclass itself would raise 42602).
pub fn relation_oid(name: &str) -> Result<Option<pg_sys::Oid>, Error> {
    Spi::connect(|client| {
        client
            .select(
                r#"SELECT CASE WHEN $1 OPERATOR(pg_catalog.~) '^([^\s."]+|"([^"]|"")+")(\.([^\s."]+|"([^"]|"")+"))?$'
                   THEN pg_catalog.to_regclass($1)::oid END"#,
                Some(1),
                &[name.into()],
            )
            .and_then(|table| table.first().get_one::<pg_sys::Oid>())
            .map_err(Error::spi)
    })
}
