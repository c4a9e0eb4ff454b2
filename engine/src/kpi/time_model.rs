//! The time model: OEE and its factors (ISO 22400-2:2014, KPIs 6 and 8 to 10; TEEP as commonly defined).

/// Sums of minutes over any set of (line, shift, product) cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minutes {
    /// Calendar time.
    pub calendar: f64,
    /// Planned busy time, PBT.
    pub planned_busy: f64,
    /// Actual production time, APT.
    pub run: f64,
    /// Ideal run time, PRI·PQ: what the produced quantity takes at the planned run time per item.
    pub ideal_run: f64,
    /// Ideal run time of the good quantity, PRI·GQ ("fully productive time").
    pub ideal_good: f64,
}

impl Minutes {
    /// From `[calendar, planned busy, run, ideal run, ideal good, ...]`; `None` where the slice is shorter.
    pub fn from_sums(sums: &[f64]) -> Option<Self> {
        match *sums {
            [calendar, planned_busy, run, ideal_run, ideal_good, ..] => {
                Some(Self { calendar, planned_busy, run, ideal_run, ideal_good })
            }
            _ => None,
        }
    }

    /// APT / PBT.
    pub fn availability(&self) -> Option<f64> {
        ratio(self.run, self.planned_busy)
    }

    /// PRI·PQ / APT (ISO "effectiveness"); above 1 where the planned run time per item is too long.
    pub fn performance(&self) -> Option<f64> {
        ratio(self.ideal_run, self.run)
    }

    /// PRI·GQ / PRI·PQ: the quality ratio weighted by run time, so that OEE = A·P·Q holds for every set.
    pub fn quality_ratio(&self) -> Option<f64> {
        ratio(self.ideal_good, self.ideal_run)
    }

    /// PRI·GQ / PBT = A·P·Q. Zero, not unknown, where nothing was produced in planned time.
    pub fn oee(&self) -> Option<f64> {
        ratio(self.ideal_good, self.planned_busy)
    }

    /// PRI·GQ / calendar time.
    pub fn teep(&self) -> Option<f64> {
        ratio(self.ideal_good, self.calendar)
    }
}

/// `part / whole`; `None` where the whole is zero or the quotient is not a number.
pub fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole).filter(|quotient| !quotient.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value - expected).abs() < 1e-6)
    }

    /// Vorne's worked example: one shift of 420 planned minutes, ideal 1 s a piece.
    #[test]
    fn worked_example() {
        let minutes = Minutes {
            calendar: 480.0,
            planned_busy: 420.0,
            run: 373.0,
            ideal_run: 19_271.0 / 60.0,
            ideal_good: 18_848.0 / 60.0,
        };
        assert!(close(minutes.availability(), 0.888_095));
        assert!(close(minutes.performance(), 0.861_081));
        assert!(close(minutes.quality_ratio(), 0.978_050));
        assert!(close(minutes.oee(), 0.747_937));
    }

    /// Two lines of different size: the OEE of both is 0.6975, the mean of their OEEs (.825 and .1875) is 0.50625.
    #[test]
    fn a_set_is_summed_not_averaged() {
        let mut state = vec![0.0; 6];
        super::super::accumulate(&mut state, &[480.0, 480.0, 432.0, 400.0, 396.0]);
        super::super::accumulate(&mut state, &[120.0, 120.0, 60.0, 30.0, 22.5]);
        let both = Minutes::from_sums(&state).unwrap();
        assert!(close(both.oee(), 0.6975));
        assert!(close(both.availability(), 0.82));
        assert!(close(both.performance(), 0.873_984));
        assert!(close(both.quality_ratio(), 0.973_256));
    }

    #[test]
    fn nothing_planned_is_unknown_and_nothing_made_is_zero() {
        assert_eq!(Minutes::default().oee(), None);
        let idle = Minutes { planned_busy: 60.0, ..Minutes::default() };
        assert_eq!((idle.oee(), idle.performance()), (Some(0.0), None));
    }
}
