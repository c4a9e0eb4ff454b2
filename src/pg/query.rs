//! What the server's parser says of a text and of a type, before either is used.

use std::ffi::CString;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::spi::SpiSession;
use crate::error::Error;

/// Whether the text is one statement that gives rows, and nothing else. Raises the parser's own error where it is none.
pub fn is_one_query(text: &str) -> Result<bool, Error> {
    let text = CString::new(text)
        .map_err(|_| Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, "a query contains a NUL"))?;
    let _spi = SpiSession::open();
    // SAFETY: inside an SPI session; without parameters there is no array of types. The plan ends with the session.
    unsafe {
        let plan = pg_sys::SPI_prepare(text.as_ptr(), 0, std::ptr::null_mut());
        Ok(!plan.is_null() && pg_sys::SPI_is_cursor_plan(plan))
    }
}

/// The type under a domain; any other type is its own.
pub fn base_type(oid: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a catalog look-up, which raises where there is no such type.
    unsafe { pg_sys::getBaseType(oid) }
}
