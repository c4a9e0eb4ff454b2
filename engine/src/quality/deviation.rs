//! Which sensor of a failed inspection deviates most from the passed ones. An association, not a cause.

/// Scales the median absolute deviation to the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f64 = 1.4826;

/// Sensor readings of the inspections of one file, row-major; NaN where a sensor gave none.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    width: usize,
    values: Vec<f64>,
    passed: Vec<bool>,
}

/// The sensor that deviates most in one failed inspection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leading {
    /// Row of the readings, from 0.
    pub row: usize,
    /// Number of the sensor, from 0.
    pub sensor: usize,
    /// (value - median) / (1.4826 · MAD), median and MAD of the passed inspections.
    pub robust_z: f64,
}

impl Readings {
    /// No row yet, `width` sensors each.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Adds an inspection; sensors beyond `width` are left out, missing ones count as not measured. Infinite values
    /// count as not measured.
    pub fn push(&mut self, passed: bool, sensors: impl Iterator<Item = Option<f64>>) {
        let start = self.values.len();
        self.values.extend(
            sensors.take(self.width).map(|value| value.filter(|value| value.is_finite()).unwrap_or(f64::NAN)),
        );
        self.values.resize(start + self.width, f64::NAN);
        self.passed.push(passed);
    }

    /// Makes room for one more row, and at times for as many again as there are, without taking more than `max_bytes` in
    /// all. False where that is not to be had.
    pub fn reserve(&mut self, max_bytes: usize) -> bool {
        let rows = self.passed.len();
        let allowed = max_bytes / (self.width * size_of::<f64>() + size_of::<bool>());
        if rows >= allowed {
            return false;
        }
        if rows < self.passed.capacity() && self.values.len() + self.width <= self.values.capacity() {
            return true;
        }
        let more = rows.max(64).min(allowed - rows);
        self.values.try_reserve_exact(more * self.width).is_ok()
            && self.passed.try_reserve_exact(more).is_ok()
    }

    fn rows(&self) -> impl Iterator<Item = (bool, &[f64])> {
        self.passed.iter().copied().zip(self.values.chunks_exact(self.width.max(1)))
    }
}

/// For every failed inspection the sensor with the largest absolute robust z, the lower number of equal ones. Only
/// sensors count that at least half of the passed inspections have and that vary among them. Rows without such a
/// sensor are left out. `check` is asked before each sensor and each failed row whether to go on; `None` where it said
/// no.
pub fn leading_sensors(readings: &Readings, check: &mut dyn FnMut() -> bool) -> Option<Vec<Leading>> {
    let passed = readings.passed.iter().filter(|passed| **passed).count();
    let mut column = Vec::with_capacity(passed);
    let mut references = Vec::with_capacity(readings.width);
    for sensor in 0..readings.width {
        if !check() {
            return None;
        }
        references.push(reference(readings, sensor, passed, &mut column));
    }
    let mut leading = Vec::new();
    for (row, (_, values)) in readings.rows().enumerate().filter(|(_, (passed, _))| !passed) {
        if !check() {
            return None;
        }
        let mut best: Option<Leading> = None;
        for (sensor, (value, reference)) in values.iter().zip(&references).enumerate() {
            let Some((median, spread)) = reference else { continue };
            let robust_z = (value - median) / spread;
            if !robust_z.is_nan() && best.is_none_or(|best| robust_z.abs() > best.robust_z.abs()) {
                best = Some(Leading { row, sensor, robust_z });
            }
        }
        leading.extend(best);
    }
    Some(leading)
}

/// Median and scaled MAD of a sensor among the `passed` inspections that passed; `column` is a buffer.
fn reference(readings: &Readings, sensor: usize, passed: usize, column: &mut Vec<f64>) -> Option<(f64, f64)> {
    column.clear();
    column.extend(
        readings.rows().filter(|(passed, _)| *passed).map(|(_, row)| row[sensor]).filter(|v| !v.is_nan()),
    );
    if column.is_empty() || column.len() * 2 < passed {
        return None;
    }
    let median = median(column)?;
    column.iter_mut().for_each(|value| *value = (*value - median).abs());
    let spread = MAD_TO_SIGMA * self::median(column)?;
    (spread > 0.0).then_some((median, spread))
}

/// The median, the mean of the two middle values of an even number. Reorders `values`; `None` without any.
fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = if even { below.iter().copied().max_by(f64::total_cmp)? } else { upper };
    Some(lower + (upper - lower) * 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leading(readings: &Readings) -> Vec<Leading> {
        leading_sensors(readings, &mut || true).unwrap()
    }

    fn readings(rows: &[(bool, [Option<f64>; 3])]) -> Readings {
        let mut readings = Readings::new(3);
        rows.iter().for_each(|(passed, sensors)| readings.push(*passed, sensors.iter().copied()));
        readings
    }

    #[test]
    fn medians_of_odd_and_even_numbers() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
    }

    /// By hand: sensor 0 of the passed rows is 1, 2, 3, 4, 5: median 3, MAD 1; the failed row's 7 is 4 / 1.4826 away.
    #[test]
    fn the_sensor_furthest_out_leads() {
        let found = leading(&readings(&[
            (true, [Some(1.0), Some(10.0), Some(5.0)]),
            (true, [Some(2.0), Some(20.0), Some(5.0)]),
            (true, [Some(3.0), Some(30.0), Some(5.0)]),
            (true, [Some(4.0), Some(40.0), Some(5.0)]),
            (true, [Some(5.0), Some(50.0), Some(5.0)]),
            (false, [Some(7.0), Some(35.0), Some(99.0)]),
        ]));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].row, found[0].sensor), (5, 0));
        assert!((found[0].robust_z - 4.0 / 1.4826).abs() < 1e-12);
    }

    /// The constant third sensor never leads, nor does one that most passed inspections lack.
    #[test]
    fn constant_and_mostly_missing_sensors_do_not_count() {
        let found = leading(&readings(&[
            (true, [None, Some(1.0), Some(5.0)]),
            (true, [None, Some(2.0), Some(5.0)]),
            (true, [Some(0.1), Some(3.0), Some(5.0)]),
            (false, [Some(9.0), Some(2.5), Some(9.0)]),
            (false, [Some(9.0), None, Some(9.0)]),
        ]));
        assert_eq!(found.iter().map(|leading| (leading.row, leading.sensor)).collect::<Vec<_>>(), [(3, 1)]);
    }

    #[test]
    fn nothing_passed_is_no_reference() {
        assert!(leading(&readings(&[(false, [Some(1.0), Some(2.0), Some(3.0)])])).is_empty());
    }
    #[test]
    fn room_is_bounded() {
        let mut readings = Readings::new(3);
        let mut rows = 0;
        while readings.reserve(25 * 1_000) {
            readings.push(true, [Some(1.0); 3].into_iter());
            rows += 1;
            assert!(readings.values.capacity() * 8 + readings.passed.capacity() <= 25 * 1_000);
        }
        assert_eq!(rows, 1_000);
    }

    #[test]
    fn it_stops_when_told_to() {
        let readings = readings(&[(true, [Some(1.0); 3]), (true, [Some(2.0); 3]), (false, [Some(9.0); 3])]);
        for allowed in 0..4 {
            let mut asked = 0;
            let mut check = || {
                asked += 1;
                asked <= allowed
            };
            assert_eq!(leading_sensors(&readings, &mut check), None);
        }
        assert_eq!(leading(&readings).len(), 1);
    }
}
