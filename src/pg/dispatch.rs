//! The door of the SQL face: `stellantis.NAME(...)` runs `stellantis.do_NAME(...)` with the owner role's rights.
//!
//! One C function serves all calls declared with `AS 'MODULE_PATHNAME', 'as_owner'` in sql/extension. It checks that
//! the caller may, that the warehouse is of this version, becomes the owner role (see `as_owner`) and passes arguments
//! and rows through untouched. So the work itself is written once, in SQL, and no function is SECURITY DEFINER:
//! those would run as the superuser who installed the extension.

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::as_owner::{AsRole, require_one_of};
use super::spi::SpiSession;
use crate::error::Error;

/// What the door asks before it lets a call in; set once by `_PG_init`.
pub struct Gate {
    /// Who may make a call, by its name, besides superusers.
    pub allowed_roles: fn(&str) -> &'static [&'static CStr],
    /// Raises unless the warehouse is there and of this version. Runs as the owner.
    pub check_warehouse: fn() -> Result<(), Error>,
}

static GATE: OnceLock<Gate> = OnceLock::new();

pub fn init(gate: Gate) {
    // A library is loaded once a backend; a second gate would be the same.
    let _ = GATE.set(gate);
}

#[unsafe(no_mangle)]
#[doc(hidden)]
pub extern "C" fn pg_finfo_as_owner() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// See the module's documentation.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn as_owner(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: fcinfo is what the function manager passes.
    match unsafe { Call::of(fcinfo).and_then(|call| call.run()) } {
        Ok(datum) => datum,
        Err(error) => {
            ErrorReport::from(error).report(PgLogLevel::ERROR);
            unreachable!("an ERROR does not return")
        }
    }
}

/// One call on its way through the door.
struct Call {
    fcinfo: pg_sys::FunctionCallInfo,
    name: String,
    argument_types: Vec<pg_sys::Oid>,
}

impl Call {
    /// # Safety
    /// `fcinfo` comes from the function manager.
    unsafe fn of(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self, Error> {
        // SAFETY: catalog look-ups by the oid of the function being called, whose pg_proc row exists.
        unsafe {
            let oid = (*(*fcinfo).flinfo).fn_oid;
            let name = CStr::from_ptr(pg_sys::get_func_name(oid)).to_string_lossy().into_owned();
            let mut types = std::ptr::null_mut();
            let mut count = 0;
            pg_sys::get_func_signature(oid, &mut types, &mut count);
            let argument_types = if count == 0 {
                Vec::new()
            } else {
                std::slice::from_raw_parts(types, count as usize).to_vec()
            };
            Ok(Self { fcinfo, name, argument_types })
        }
    }

    /// # Safety
    /// As for `of`; the current memory context is the caller's.
    unsafe fn run(self) -> Result<pg_sys::Datum, Error> {
        let gate = GATE.get().ok_or_else(|| {
            Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, "the library was not initialised")
        })?;
        require_one_of((gate.allowed_roles)(&self.name), &self.name)?;
        let owner = AsRole::owner()?;
        (gate.check_warehouse)()?;
        let places: Vec<String> = (1..=self.argument_types.len()).map(|n| format!("${n}")).collect();
        let statement = format!(
            "SELECT * FROM stellantis.{}({})",
            pgrx::spi::quote_identifier(format!("do_{}", self.name)),
            places.join(", ")
        );
        let statement = CString::new(statement).map_err(|_| {
            Error::new(PgSqlErrorCode::ERRCODE_INVALID_NAME, "the name of the function contains a NUL")
        })?;
        // SAFETY: the statement takes exactly the arguments that this call has, with their declared types.
        let answer = unsafe {
            if (*(*self.fcinfo).flinfo).fn_retset { self.rows(&statement) } else { self.value(&statement) }
        }?;
        if !self.is_read_only() {
            Spi::connect_mut(|client| owner.fire_deferred(client))?;
        }
        Ok(answer)
    }

    /// What is declared as stable may be called during a parallel operation, where no command may be started.
    fn is_read_only(&self) -> bool {
        // SAFETY: a catalog look-up by the oid of the function being called.
        let volatility = unsafe { pg_sys::func_volatile((*(*self.fcinfo).flinfo).fn_oid) };
        volatility as u8 != pg_sys::PROVOLATILE_VOLATILE
    }

    unsafe fn execute(&self, statement: &CStr) -> Result<(), Error> {
        let count = self.argument_types.len();
        // SAFETY: `args` has `nargs` initialised entries; the arrays live until the statement has run.
        let status = unsafe {
            let args = (*self.fcinfo).args.as_slice(count);
            let mut types = self.argument_types.clone();
            let mut values: Vec<pg_sys::Datum> = args.iter().map(|arg| arg.value).collect();
            let nulls: Vec<std::ffi::c_char> =
                args.iter().map(|arg| if arg.isnull { b'n' } else { b' ' } as std::ffi::c_char).collect();
            pg_sys::SPI_execute_with_args(
                statement.as_ptr(),
                count as i32,
                types.as_mut_ptr(),
                values.as_mut_ptr(),
                nulls.as_ptr(),
                self.is_read_only(),
                0,
            )
        };
        if status == pg_sys::SPI_OK_SELECT as i32 {
            Ok(())
        } else {
            Err(Error::new(
                PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
                format!("stellantis.{}: the server programming interface answered {status}", self.name),
            ))
        }
    }

    /// The rows of the statement, in a tuplestore.
    unsafe fn rows(&self, statement: &CStr) -> Result<pg_sys::Datum, Error> {
        // SAFETY: the set-returning protocol: the tuplestore is made in the per-query context before SPI changes it;
        // SPI_tuptable holds SPI_processed rows of the row type that both functions declare.
        unsafe {
            pg_sys::InitMaterializedSRF(self.fcinfo, 0);
            let result = (*self.fcinfo).resultinfo.cast::<pg_sys::ReturnSetInfo>();
            let _spi = SpiSession::open();
            self.execute(statement)?;
            let table = pg_sys::SPI_tuptable;
            self.check_row_type((*table).tupdesc, (*result).setDesc)?;
            for i in 0..pg_sys::SPI_processed as usize {
                pg_sys::tuplestore_puttuple((*result).setResult, *(*table).vals.add(i));
            }
            (*self.fcinfo).isnull = true;
            Ok(pg_sys::Datum::null())
        }
    }

    /// The tuples are passed on as they are, so a call and its `do_` function must declare the same types.
    ///
    /// # Safety
    /// Both descriptors are valid.
    unsafe fn check_row_type(
        &self,
        made: pg_sys::TupleDesc,
        declared: pg_sys::TupleDesc,
    ) -> Result<(), Error> {
        // SAFETY: attributes 0 to natts exist in a valid descriptor.
        let same = unsafe {
            (*made).natts == (*declared).natts
                && (0..(*made).natts)
                    .all(|i| pg_sys::SPI_gettypeid(made, i + 1) == pg_sys::SPI_gettypeid(declared, i + 1))
        };
        if same {
            return Ok(());
        }
        Err(Error::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("stellantis.{0} and stellantis.do_{0} return rows of different types", self.name),
        )
        .hint("ALTER EXTENSION stellantis_analytics UPDATE;"))
    }

    /// The only value of the statement, copied out of SPI's memory.
    unsafe fn value(&self, statement: &CStr) -> Result<pg_sys::Datum, Error> {
        // SAFETY: row 0 and column 1 exist where SPI_processed > 0; SPI_datumTransfer copies into the caller's context.
        unsafe {
            let _spi = SpiSession::open();
            self.execute(statement)?;
            let mut is_null = true;
            let mut datum = pg_sys::Datum::null();
            if pg_sys::SPI_processed > 0 {
                let table = pg_sys::SPI_tuptable;
                datum = pg_sys::SPI_getbinval(*(*table).vals, (*table).tupdesc, 1, &mut is_null);
                if !is_null {
                    let (mut length, mut by_value) = (0, false);
                    pg_sys::get_typlenbyval(
                        pg_sys::SPI_gettypeid((*table).tupdesc, 1),
                        &mut length,
                        &mut by_value,
                    );
                    datum = pg_sys::SPI_datumTransfer(datum, by_value, length.into());
                }
            }
            (*self.fcinfo).isnull = is_null;
            Ok(datum)
        }
    }
}
