//! Rows given as a value of type `record`.

use std::num::NonZeroUsize;

use pgrx::AnyElement;
use pgrx::heap_tuple::PgHeapTuple;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::query::base_type;
use crate::error::Error;

/// The named columns of a row as float8, in the order of `columns`. Integers, floats, numeric and booleans convert.
///
/// Domains count as what they are made of. 42703 where a column is missing, 22004 where it is NULL, 42804 where it isn't a
/// number, 22003 where it is one that no float8 holds.
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
            match number_of(&tuple, number, base_type(attribute.type_oid().value())) {
                Ok(Some(value)) => Ok(value),
                Ok(None) => Err(Error::new(
                    PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
                    format!("column \"{column}\" of the row is NULL"),
                )
                .hint("The model was trained on rows without missing values: give a number.")),
                Err(NoNumber::OutOfRange) => Err(Error::new(
                    PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                    format!("column \"{column}\" of the row is out of range of float8"),
                )
                .hint("Give a number that a float8 can hold: up to 1.8e308, and 0 or from 4.9e-324 on.")),
                Err(NoNumber::OtherType) => Err(Error::new(
                    PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                    format!("column \"{column}\" of the row is not a number"),
                )
                .hint(format!("Cast it: {}::float8", super::ident::quote_identifier(column)))),
            }
        })
        .collect()
}

type Tuple<'a> = PgHeapTuple<'a, pgrx::AllocatedByRust>;

/// Why a value is no float8.
enum NoNumber {
    OtherType,
    OutOfRange,
}

fn number_of(tuple: &Tuple<'_>, index: NonZeroUsize, type_oid: pg_sys::Oid) -> Result<Option<f64>, NoNumber> {
    macro_rules! read {
        ($t:ty, $convert:expr) => {
            tuple
                .get_by_index::<$t>(index)
                .map_err(|_| NoNumber::OtherType)?
                .map($convert)
                .map_or(Ok(None), |number: Result<f64, NoNumber>| number.map(Some))
        };
    }
    match type_oid {
        pg_sys::FLOAT8OID => read!(f64, Ok),
        pg_sys::FLOAT4OID => read!(f32, |v| Ok(f64::from(v))),
        pg_sys::INT2OID => read!(i16, |v| Ok(f64::from(v))),
        pg_sys::INT4OID => read!(i32, |v| Ok(f64::from(v))),
        pg_sys::INT8OID => read!(i64, |v| Ok(v as f64)),
        pg_sys::BOOLOID => read!(bool, |v| Ok(f64::from(u8::from(v)))),
        pg_sys::NUMERICOID => read!(AnyNumeric, |v| f64::try_from(v).map_err(|_| NoNumber::OutOfRange)),
        _ => Err(NoNumber::OtherType),
    }
}
