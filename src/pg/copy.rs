//! Bulk load: rows made in Rust go through PostgreSQL's own COPY, which keeps defaults, constraints, triggers,
//! partitions and indexes, and inserts in batches.

use std::cell::RefCell;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::ident;
use crate::error::Error;

/// Copies a COPY BINARY stream into `relation` (a qualified name) and returns the number of rows.
///
/// Needs INSERT on the relation by the current user. Errors of single rows abort the whole copy, so rows are validated
/// before; what can still fail are the table's constraints.
pub fn copy_binary(relation: &str, columns: &[String], stream: &[u8]) -> Result<u64, Error> {
    let oid = ident::relation_oid(relation)?.ok_or_else(|| {
        Error::new(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, format!("relation {relation} does not exist"))
            .hint("CALL stellantis.create_warehouse();")
    })?;
    let _source = Source::push(stream);
    // SAFETY: the relation is open and locked for the whole copy, the ACL is checked, the names live until EndCopyFrom
    // (palloc'd in the current context), and the callback reads from the source pushed above, which outlives the copy.
    unsafe {
        let allowed =
            pg_sys::pg_class_aclcheck(oid, pg_sys::GetUserId(), pg_sys::ACL_INSERT as pg_sys::AclMode);
        if allowed != pg_sys::AclResult::ACLCHECK_OK {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                format!("permission denied: INSERT on {relation}"),
            )
            .hint(format!("GRANT INSERT ON {relation} TO stellantis_pipeline;")));
        }
        let lock = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
        let rel = pg_sys::table_open(oid, lock);
        let pstate = pg_sys::make_parsestate(std::ptr::null_mut());
        pg_sys::addRangeTableEntryForRelation(pstate, rel, lock, std::ptr::null_mut(), false, false);
        let mut names = std::ptr::null_mut();
        for column in columns {
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

/// A palloc'd String node.
///
/// # Safety
/// Main thread of a backend.
unsafe fn string_node(text: &str) -> *mut pg_sys::String {
    let terminated: Vec<u8> = text.bytes().filter(|byte| *byte != 0).chain([0]).collect();
    // SAFETY: `terminated` ends with its only NUL; pstrdup copies it into the current memory context.
    unsafe { pg_sys::makeString(pg_sys::pstrdup(terminated.as_ptr().cast())) }
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
