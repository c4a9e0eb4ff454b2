//! Look-ups that may run inside a parallel worker: read-only, in the snapshot of the statement that calls.
//!
//! The bindings' own client stops being read-only as soon as the transaction has written anything, and then starts a
//! command of its own, which PostgreSQL refuses during a parallel operation.

use std::ffi::CString;

use pgrx::pg_sys;
use pgrx::prelude::*;
use pgrx::{FromDatum, IntoDatum};

use super::spi::SpiSession;
use crate::error::Error;

/// The first row of an answer.
pub struct Row {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl Row {
    /// The value of a column, counted from 1; `None` where it is NULL. Raises XX000 where the
    /// column is of another type, which is a fault of the query.
    pub fn get<T: FromDatum + IntoDatum + 'static>(&self, column: i32) -> Option<T> {
        let mut is_null = true;
        // SAFETY: both pointers live as long as the SPI session that `first` keeps open around every use of a row;
        // the column has the type that from_datum reads, and what it gives is a copy, for T is 'static.
        unsafe {
            let oid = pg_sys::SPI_gettypeid(self.descriptor, column);
            if !T::is_compatible_with(oid) {
                error!("column {column} of a look-up has the type {}", oid.to_u32());
            }
            let datum = pg_sys::SPI_getbinval(self.tuple, self.descriptor, column, &mut is_null);
            T::from_datum(datum, is_null)
        }
    }
}

/// Runs a query with text arguments and reads its first row; `None` where it has no row.
pub fn first<T>(query: &str, arguments: &[&str], read: impl FnOnce(&Row) -> T) -> Result<Option<T>, Error> {
    let query = CString::new(query)
        .map_err(|_| Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, "a query contains a NUL"))?;
    let _spi = SpiSession::open();
    let mut types = vec![pg_sys::TEXTOID; arguments.len()];
    let mut values: Vec<pg_sys::Datum> =
        arguments.iter().filter_map(|argument| argument.into_datum()).collect();
    // SAFETY: as many types and values as arguments, none of them NULL; the table holds SPI_processed rows.
    unsafe {
        let status = pg_sys::SPI_execute_with_args(
            query.as_ptr(),
            arguments.len() as i32,
            types.as_mut_ptr(),
            values.as_mut_ptr(),
            std::ptr::null(),
            true,
            1,
        );
        if status != pg_sys::SPI_OK_SELECT as i32 {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
                format!("server programming interface: a look-up answered {status}"),
            ));
        }
        if pg_sys::SPI_processed == 0 {
            return Ok(None);
        }
        let table = pg_sys::SPI_tuptable;
        Ok(Some(read(&Row { tuple: *(*table).vals, descriptor: (*table).tupdesc })))
    }
}
