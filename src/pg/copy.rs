//! Bulk load: rows made in Rust go through PostgreSQL's own COPY, which keeps defaults, constraints, triggers,
//! partitions and indexes, and inserts in batches.

use std::cell::RefCell;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::ident;
use crate::error::Error;

/// Copies a COPY BINARY stream into `relation` (a qualified name) and returns the number of rows. `columns` are the
/// names and SQL types of the stream's fields; its texts are UTF-8.
///
/// Needs INSERT on the relation by the current user and a transaction that may write. 42P01, 42703 and 42804 where the
/// relation, a column or its type are not the stream's. Errors of single rows abort the whole copy, so rows are
/// validated before; what can still fail are the table's constraints.
pub fn copy_binary(relation: &str, columns: &[(&str, &str)], stream: &[u8]) -> Result<u64, Error> {
    let oid = ident::relation_oid(relation)?.ok_or_else(|| {
        Error::new(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, format!("relation {relation} does not exist"))
            .hint("CALL stellantis.create_warehouse();")
    })?;
    check_rights(oid, relation)?;
    let _encoding = Utf8Client::begin()?;
    let _source = Source::push(stream);
    // SAFETY: the relation is open and locked for the whole copy, the ACL is checked, the names live until EndCopyFrom
    // (palloc'd in the current context), and the callback reads from the source pushed above, which outlives the copy.
    unsafe {
        let lock = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
        let rel = pg_sys::table_open(oid, lock);
        if let Err(error) = check_relation(rel, relation, columns) {
            pg_sys::table_close(rel, pg_sys::NoLock as pg_sys::LOCKMODE);
            return Err(error);
        }
        let pstate = pg_sys::make_parsestate(std::ptr::null_mut());
        pg_sys::addRangeTableEntryForRelation(pstate, rel, lock, std::ptr::null_mut(), false, false);
        let mut names = std::ptr::null_mut();
        for (column, _) in columns {
            names = pg_sys::lappend(names, string_node(column).cast());
        }
        let binary = string_node("binary");
        let format = pg_sys::makeDefElem(pg_sys::pstrdup(c"format".as_ptr()), binary.cast(), -1);
        let options = pg_sys::lappend(std::ptr::null_mut(), format.cast());
        let state = pg_sys::BeginCopyFrom(
            pstate,
            rel,
            std::ptr::null_mut(),
            std::ptr::null(),
            false,
            Some(read_source),
            names,
            options,
        );
        let rows = pg_sys::CopyFrom(state);
        pg_sys::EndCopyFrom(state);
        pg_sys::free_parsestate(pstate);
        // The lock is kept to the end of the transaction, as COPY itself does.
        pg_sys::table_close(rel, pg_sys::NoLock as pg_sys::LOCKMODE);
        pg_sys::CommandCounterIncrement();
        Ok(rows)
    }
}

/// What the COPY statement checks before it opens the table: INSERT, and no row security that would be passed by.
fn check_rights(oid: pg_sys::Oid, relation: &str) -> Result<(), Error> {
    // SAFETY: both look the relation up in the catalogue and raise an error where it is gone.
    let (allowed, row_security) = unsafe {
        (
            pg_sys::pg_class_aclcheck(oid, pg_sys::GetUserId(), pg_sys::ACL_INSERT as pg_sys::AclMode),
            pg_sys::check_enable_rls(oid, pg_sys::InvalidOid, false),
        )
    };
    if allowed != pg_sys::AclResult::ACLCHECK_OK {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("permission denied: INSERT on {relation}"),
        )
        .hint(format!("GRANT INSERT ON {relation} TO stellantis_pipeline;")));
    }
    if row_security == pg_sys::CheckEnableRlsResult::RLS_ENABLED as i32 {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            format!("{relation} has row level security, which a bulk load would pass by"),
        )
        .hint(format!("ALTER TABLE {relation} NO FORCE ROW LEVEL SECURITY, OWNER TO stellantis_pipeline;")));
    }
    Ok(())
}

/// Whether the transaction may write to the open relation, and the relation has the stream's columns and types.
///
/// # Safety
/// `rel` is open and locked.
unsafe fn check_relation(
    rel: pg_sys::Relation,
    relation: &str,
    columns: &[(&str, &str)],
) -> Result<(), Error> {
    // SAFETY: the caller keeps the relation open; the flag is the backend's own.
    let (oid, read_only) = unsafe { ((*rel).rd_id, pg_sys::XactReadOnly && !(*rel).rd_islocaltemp) };
    if read_only {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_READ_ONLY_SQL_TRANSACTION,
            format!("cannot load into {relation} in a read-only transaction"),
        )
        .hint("BEGIN READ WRITE;"));
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let types: Vec<&str> = columns.iter().map(|(_, sql_type)| *sql_type).collect();
    let misfit = Spi::connect(|client| {
        let table = client.select(
            "SELECT c.name, c.sql_type, pg_catalog.format_type(a.atttypid, NULL)
             FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY AS c (name, sql_type, position)
             LEFT JOIN pg_catalog.pg_attribute a
                 ON a.attrelid OPERATOR(pg_catalog.=) $1 AND a.attname OPERATOR(pg_catalog.=) c.name
                 AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
             WHERE a.atttypid IS DISTINCT FROM c.sql_type::pg_catalog.regtype
             ORDER BY c.position",
            Some(1),
            &[oid.into(), names.into(), types.into()],
        )?;
        if table.is_empty() {
            Ok(None)
        } else {
            table.first().get_three::<String, String, String>().map(Some)
        }
    })
    .map_err(Error::spi)?;
    match misfit {
        Some((Some(name), Some(wanted), None)) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!("{relation} has no column \"{name}\", which the data set's columns name"),
        )
        .hint(format!("ALTER TABLE {relation} ADD COLUMN {} {wanted};", ident::quote_identifier(&name)))),
        Some((Some(name), Some(wanted), Some(found))) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!(
                "column \"{name}\" of {relation} is of type {found}, the data set's columns say {wanted}"
            ),
        )
        .hint(format!(
            "SELECT dataset, jsonb_pretty(columns) FROM ops.dataset WHERE staging_table = {};",
            ident::quote_literal(relation)
        ))),
        _ => Ok(()),
    }
}

/// A palloc'd String node.
///
/// # Safety
/// Main thread of a backend.
unsafe fn string_node(text: &str) -> *mut pg_sys::String {
    let terminated: Vec<u8> = text.bytes().filter(|byte| *byte != 0).chain([0]).collect();
    // SAFETY: `terminated` ends with its only NUL; pstrdup copies it into the current memory context.
    unsafe { pg_sys::makeString(pg_sys::pstrdup(terminated.as_ptr().cast())) }
}

/// The client's encoding is UTF-8 while this lives: COPY takes binary text to be in the client's. Set back when it goes,
/// by an error too.
struct Utf8Client {
    previous: std::ffi::c_int,
}

impl Utf8Client {
    fn begin() -> Result<Self, Error> {
        const UTF8: std::ffi::c_int = pg_sys::pg_enc::PG_UTF8 as std::ffi::c_int;
        // SAFETY: inside a transaction, as preparing asks; setting takes what was prepared and raises no error.
        let (previous, done) = unsafe {
            let previous = pg_sys::pg_get_client_encoding();
            (previous, pg_sys::PrepareClientEncoding(UTF8) == 0 && pg_sys::SetClientEncoding(UTF8) == 0)
        };
        if !done {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                "this database's encoding has no conversion from UTF-8",
            )
            .hint("CREATE DATABASE analytics ENCODING 'UTF8' TEMPLATE template0;"));
        }
        Ok(Self { previous })
    }
}

impl Drop for Utf8Client {
    fn drop(&mut self) {
        // SAFETY: the session has used this encoding, so its conversions are cached and nothing can fail.
        unsafe { pg_sys::SetClientEncoding(self.previous) };
    }
}

thread_local! {
    /// PostgreSQL 15's callback takes no user pointer, and a trigger on the target may start another copy: a stack.
    static SOURCES: RefCell<Vec<(*const u8, usize)>> = const { RefCell::new(Vec::new()) };
}

/// The bytes the innermost copy reads; popped when it ends, by an error too.
struct Source<'a>(std::marker::PhantomData<&'a [u8]>);

impl<'a> Source<'a> {
    fn push(bytes: &'a [u8]) -> Self {
        SOURCES.with_borrow_mut(|stack| stack.push((bytes.as_ptr(), bytes.len())));
        Self(std::marker::PhantomData)
    }
}

impl Drop for Source<'_> {
    fn drop(&mut self) {
        SOURCES.with_borrow_mut(|stack| stack.pop());
    }
}

/// Hands the next bytes to COPY; 0 at the end.
#[pg_guard]
unsafe extern "C-unwind" fn read_source(
    outbuf: *mut std::ffi::c_void,
    _minread: std::ffi::c_int,
    maxread: std::ffi::c_int,
) -> std::ffi::c_int {
    SOURCES.with_borrow_mut(|stack| {
        let Some((start, left)) = stack.last_mut() else { return 0 };
        let n = (*left).min(maxread.max(0) as usize);
        // SAFETY: `start..start+left` lies in the slice a live `Source` borrows; COPY gives room for `maxread` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(*start, outbuf.cast::<u8>(), n);
            *start = start.add(n);
        }
        *left -= n;
        n as std::ffi::c_int
    })
}
