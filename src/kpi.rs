//! Aggregates over additive minutes: OEE and its factors, always computed from sums.
//!
//! The state is a plain `float8[]` (SQL-visible, so partial states can be stored): the sums, then the number of rows.
//! Formulas: `engine::kpi`. The CREATE AGGREGATE statements are in sql/extension/kpi.sql.

use engine::kpi::{self, Minutes};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;

/// Adds a pair (whole, part) to the state. Strict: an aggregate leaves a pair with a NULL out of both sums.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_add_pair(state: Array<'_, f64>, whole: f64, part: f64) -> Result<Vec<f64>, ErrorReport> {
    let mut state = sums(&state)?;
    kpi::accumulate(&mut state, &[whole, part]);
    Ok(state)
}

/// Adds one row of minutes to the state. Strict: an aggregate leaves a row with a NULL in any place out of all sums.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_add_minutes(
    state: Array<'_, f64>,
    calendar: f64,
    planned_busy: f64,
    run: f64,
    ideal_run: f64,
    ideal_good: f64,
) -> Result<Vec<f64>, ErrorReport> {
    let mut state = sums(&state)?;
    kpi::accumulate(&mut state, &[calendar, planned_busy, run, ideal_run, ideal_good]);
    Ok(state)
}

/// The sums of a state that anybody may have made. 22004 where one is NULL.
fn sums(state: &Array<'_, f64>) -> Result<Vec<f64>, Error> {
    state.iter().collect::<Option<Vec<f64>>>().ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            "the state of a KPI aggregate holds a NULL among its sums",
        )
        .hint("Use the aggregates, for example: SELECT stellantis.oee(planned_busy_minutes, ideal_good_minutes) FROM warehouse.fact_production_metrics;")
    })
}

/// Adds two states.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_combine(state: Array<'_, f64>, other: Array<'_, f64>) -> Result<Vec<f64>, ErrorReport> {
    let mut state = sums(&state)?;
    kpi::combine(&mut state, &sums(&other)?);
    Ok(state)
}

/// The quotient of the second sum by the first: OEE of (planned busy, ideal good), availability of (planned busy, run),
/// performance of (run, ideal run), quality ratio of (ideal run, ideal good), TEEP of (calendar, ideal good).
/// NULL where the first sum is zero.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_ratio(state: Array<'_, f64>) -> Result<Option<f64>, ErrorReport> {
    match sums(&state)?.as_slice() {
        [whole, part, ..] => Ok(kpi::ratio(*part, *whole)),
        _ => Ok(None),
    }
}

/// The factors of a state of five sums, as an array: availability, performance, quality ratio, OEE, TEEP.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_factor_values(state: Array<'_, f64>) -> Result<Option<Vec<Option<f64>>>, ErrorReport> {
    Ok(Minutes::from_sums(&sums(&state)?).map(|minutes| {
        vec![
            minutes.availability(),
            minutes.performance(),
            minutes.quality_ratio(),
            minutes.oee(),
            minutes.teep(),
        ]
    }))
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::{holds, null, refused};

    #[pg_test]
    fn kpi_add_pair_of_nothing_empty_and_wrong() {
        null(&[
            "stellantis.kpi_add_pair(null, 1, 1)",
            "stellantis.kpi_add_pair('{}', null, 1)",
            "stellantis.kpi_add_pair('{}', 1, null)",
        ]);
        holds(&[
            "stellantis.kpi_add_pair('{}', 3, 2) = '{3,2,1}'",
            "stellantis.kpi_add_pair('{3,2,1}', 3, 2) = '{6,4,2}'",
        ]);
        refused("22004", &["select stellantis.kpi_add_pair('{1,null,3}', 1, 1)"]);
        refused("22P02", &["select stellantis.kpi_add_pair('{}', 'a', 1)"]);
    }

    #[pg_test]
    fn kpi_add_minutes_of_nothing_empty_and_wrong() {
        null(&[
            "stellantis.kpi_add_minutes(null, 1, 1, 1, 1, 1)",
            "stellantis.kpi_add_minutes('{}', 1, 1, null, 1, 1)",
        ]);
        holds(&["stellantis.kpi_add_minutes('{}', 5, 4, 3, 2, 1) = '{5,4,3,2,1,1}'"]);
        refused("22004", &["select stellantis.kpi_add_minutes('{null}', 1, 1, 1, 1, 1)"]);
        refused("42883", &["select stellantis.kpi_add_minutes('{}', 1)"]);
    }

    #[pg_test]
    fn kpi_combine_of_nothing_empty_and_wrong() {
        null(&["stellantis.kpi_combine(null, '{1}')", "stellantis.kpi_combine('{1}', null)"]);
        holds(&[
            "stellantis.kpi_combine('{}', '{}') = '{}'",
            "stellantis.kpi_combine('{}', '{3,2,1}') = '{3,2,1}'",
            "stellantis.kpi_combine('{3,2,1}', '{3,2,1}') = '{6,4,2}'",
        ]);
        refused("22004", &["select stellantis.kpi_combine('{1}', '{null}')"]);
        refused("22P02", &["select stellantis.kpi_combine('a', '{}')"]);
    }

    #[pg_test]
    fn kpi_ratio_of_nothing_empty_and_wrong() {
        null(&[
            "stellantis.kpi_ratio(null)",
            "stellantis.kpi_ratio('{}')",
            "stellantis.kpi_ratio('{0,0,1}')",
        ]);
        holds(&["stellantis.kpi_ratio('{4,3,1}') = 0.75"]);
        refused("22004", &["select stellantis.kpi_ratio('{null,1}')"]);
        refused("22P02", &["select stellantis.kpi_ratio('a')"]);
    }

    #[pg_test]
    fn kpi_factor_values_of_nothing_empty_and_wrong() {
        null(&[
            "stellantis.kpi_factor_values(null)",
            "stellantis.kpi_factor_values('{}')",
            "stellantis.kpi_factor_values('{1,2}')",
        ]);
        holds(&["stellantis.kpi_factor_values('{100,80,40,20,10,1}') = '{0.5,0.5,0.5,0.125,0.1}'"]);
        refused("22004", &["select stellantis.kpi_factor_values('{1,2,3,4,null,1}')"]);
        refused("42883", &["select stellantis.kpi_factor_values(1)"]);
    }
}
