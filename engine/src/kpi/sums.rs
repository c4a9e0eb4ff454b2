//! Sums that partial aggregates share: a slice of totals with the number of rows in the last place.

/// Adds a row to the totals and counts it; `state` grows to `row.len() + 1` at the first row.
pub fn accumulate(state: &mut Vec<f64>, row: &[f64]) {
    if state.len() <= row.len() {
        state.resize(row.len() + 1, 0.0);
    }
    for (total, value) in state.iter_mut().zip(row) {
        *total += value;
    }
    if let Some(count) = state.last_mut() {
        *count += 1.0;
    }
}

/// Adds another partial state, place by place.
pub fn combine(state: &mut Vec<f64>, other: &[f64]) {
    if state.len() < other.len() {
        state.resize(other.len(), 0.0);
    }
    for (total, value) in state.iter_mut().zip(other) {
        *total += value;
    }
}
