//! A value kept for the life of one prepared call, so that a function called a million times looks a thing up once.

use pgrx::{PgMemoryContexts, pg_sys};

/// The value cached at this call site (`fn_extra`), made by `init` at the first call.
///
/// It lives as long as the executor's function look-up, that is for one statement; a function that is STABLE may
/// therefore keep in it what its snapshot cannot see change.
pub fn per_call_site<'a, T, E>(
    fcinfo: pg_sys::FunctionCallInfo,
    is_valid: impl FnOnce(&T) -> bool,
    init: impl FnOnce() -> Result<T, E>,
) -> Result<&'a T, E> {
    // SAFETY: fcinfo comes from the function manager. fn_extra belongs to this function alone; the value is leaked
    // into fn_mcxt, which drops it when the call site goes, so the reference outlives the call.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        let cached = (*flinfo).fn_extra.cast::<T>();
        if !cached.is_null() && is_valid(&*cached) {
            return Ok(&*cached);
        }
        let value = PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(init()?);
        (*flinfo).fn_extra = value.cast();
        Ok(&*value)
    }
}
