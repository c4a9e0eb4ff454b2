//! What the bindings do not say of an array.

use pgrx::pg_sys;
use pgrx::prelude::*;

/// Number of dimensions; 0 where it is empty.
pub fn dimensions(array: Array<'_, f64>) -> i32 {
    let array: *const pg_sys::ArrayType = array.into_array_type();
    // SAFETY: the array's own header, which the array was read from; null or valid.
    unsafe { array.as_ref() }.map_or(0, |header| header.ndim)
}
