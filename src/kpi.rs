//! Aggregates over additive minutes: OEE and its factors, always computed from sums.
//!
//! The state is a plain `float8[]` (SQL-visible, so partial states can be stored): the sums, then the number of rows.
//! Formulas: `engine::kpi`. The CREATE AGGREGATE statements are in sql/extension/kpi.sql.

use engine::kpi::{self, Minutes};
use pgrx::prelude::*;

/// Adds a pair (whole, part) to the state; a pair with a NULL is left out of both sums.
#[pg_extern(immutable, parallel_safe)]
fn kpi_add_pair(state: Vec<f64>, whole: Option<f64>, part: Option<f64>) -> Vec<f64> {
    add(state, [whole, part])
}

/// Adds one row of minutes to the state; a row with a NULL in any place is left out of all sums.
#[pg_extern(immutable, parallel_safe)]
fn kpi_add_minutes(
    state: Vec<f64>,
    calendar: Option<f64>,
    planned_busy: Option<f64>,
    run: Option<f64>,
    ideal_run: Option<f64>,
    ideal_good: Option<f64>,
) -> Vec<f64> {
    add(state, [calendar, planned_busy, run, ideal_run, ideal_good])
}

fn add<const N: usize>(mut state: Vec<f64>, row: [Option<f64>; N]) -> Vec<f64> {
    let mut values = [0.0; N];
    for (value, given) in values.iter_mut().zip(row) {
        match given {
            Some(given) => *value = given,
            None => return state,
        }
    }
    kpi::accumulate(&mut state, &values);
    state
}

/// Adds two states.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_combine(state: Vec<f64>, other: Vec<f64>) -> Vec<f64> {
    let mut state = state;
    kpi::combine(&mut state, &other);
    state
}

/// The quotient of the second sum by the first: OEE of (planned busy, ideal good), availability of (planned busy, run),
/// performance of (run, ideal run), quality ratio of (ideal run, ideal good), TEEP of (calendar, ideal good).
/// NULL where the first sum is zero.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_ratio(state: Vec<f64>) -> Option<f64> {
    match state.as_slice() {
        [whole, part, ..] => kpi::ratio(*part, *whole),
        _ => None,
    }
}

/// The factors of a state of five sums, as an array: availability, performance, quality ratio, OEE, TEEP.
#[pg_extern(immutable, parallel_safe, strict)]
fn kpi_factor_values(state: Vec<f64>) -> Option<Vec<Option<f64>>> {
    let minutes = Minutes::from_sums(&state)?;
    Some(vec![
        minutes.availability(),
        minutes.performance(),
        minutes.quality_ratio(),
        minutes.oee(),
        minutes.teep(),
    ])
}
