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
