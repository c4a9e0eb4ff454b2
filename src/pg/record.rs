//! Rows given as a value of type `record`.

use std::num::NonZeroUsize;

use pgrx::AnyElement;
use pgrx::heap_tuple::PgHeapTuple;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::Error;

/// The named columns of a row as float8, in the order of `columns`. Integers, floats, numeric and booleans convert.
///
/// 42703 where a column is missing, 22004 where it is NULL, 42804 where it isn't a number.
pub fn numbers(row: &AnyElement, columns: &[String]) -> Result<Vec<f64>, Error> {
    // SAFETY: the SQL declaration takes type record, so the datum is a composite value with its own row type.
    let tuple = unsafe { PgHeapTuple::from_composite_datum(row.datum()) };
    columns
        .iter()
        .map(|column| {
            let (number, attribute) = tuple.get_attribute_by_name(column).ok_or_else(|| {
                Error::new(
                    PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                    format!("the row has no column \"{column}\", which the model needs"),
                )
                .hint(format!("Give a row with the columns {}.", columns.join(", ")))
            })?;
            let value = number_of(&tuple, number, attribute.type_oid().value());
            value
                .transpose()
                .ok_or_else(|| {
                    Error::new(
                        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
                        format!("column \"{column}\" of the row is NULL"),
                    )
                    .hint("The model was trained on rows without missing values: give a number.")
                })?
                .map_err(|()| {
                    Error::new(
                        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                        format!("column \"{column}\" of the row is not a number"),
                    )
                    .hint(format!("Cast it: {}::float8", super::ident::quote_identifier(column)))
                })
        })
        .collect()
}

type Tuple<'a> = PgHeapTuple<'a, pgrx::AllocatedByRust>;

fn number_of(tuple: &Tuple<'_>, index: NonZeroUsize, type_oid: pg_sys::Oid) -> Result<Option<f64>, ()> {
    macro_rules! read {
        ($t:ty, $convert:expr) => {
            tuple.get_by_index::<$t>(index).map(|value| value.map($convert)).map_err(|_| ())
        };
    }
    match type_oid {
        pg_sys::FLOAT8OID => read!(f64, |v| v),
        pg_sys::FLOAT4OID => read!(f32, f64::from),
        pg_sys::INT2OID => read!(i16, f64::from),
        pg_sys::INT4OID => read!(i32, f64::from),
        pg_sys::INT8OID => read!(i64, |v| v as f64),
        pg_sys::BOOLOID => read!(bool, |v| f64::from(u8::from(v))),
        pg_sys::NUMERICOID => read!(AnyNumeric, |v| f64::try_from(v).unwrap_or(f64::NAN)),
        _ => Err(()),
    }
}
