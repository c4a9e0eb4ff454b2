//! The table a forest is trained on.

use super::error::ForestError;

/// Rows of features with a 0/1 target.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    /// Names of the features, in the order of the columns.
    pub features: Vec<String>,
    /// Row-major values: `rows * features.len()`.
    pub values: Vec<f64>,
    /// One value a row: 1 is a failure, 0 is none.
    pub target: Vec<f64>,
}

impl TrainingSet {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.target.len()
    }

    /// Values of one row, in the order of `features`. `row` must be below [`rows`](Self::rows).
    pub fn row(&self, row: usize) -> &[f64] {
        let width = self.features.len();
        &self.values[row * width..(row + 1) * width]
    }

    /// Checks that a forest can be grown from it: features with distinct names, lengths that agree, at least two
    /// rows, finite values, a target of 0 and 1 with both present. The error names row (from 1) and feature.
    pub fn check(&self) -> Result<(), ForestError> {
        check_names(&self.features).map_err(|what| invalid(what, "Name each feature once."))?;
        let (rows, width) = (self.rows(), self.features.len());
        if rows.checked_mul(width) != Some(self.values.len()) {
            return Err(invalid(
                format!(
                    "the training set has {rows} targets and {width} features, but {} values",
                    self.values.len()
                ),
                "Give one value for each row and feature.",
            ));
        }
        if rows < 2 {
            return Err(invalid(
                format!("the training set has {rows} rows, at least 2 are needed"),
                "Load more data before training.",
            ));
        }
        if u32::try_from(rows).is_err() {
            return Err(invalid(
                format!("the training set has {rows} rows, at most {} are possible", u32::MAX),
                "Train on a sample of the rows.",
            ));
        }
        if let Some(at) = self.values.iter().position(|v| !v.is_finite()) {
            return Err(invalid(
                format!(
                    "row {} of the training set has the value {} for feature \"{}\", only finite numbers can be \
                     used",
                    at / width + 1,
                    self.values[at],
                    self.features[at % width]
                ),
                "Clean the rows first, or leave out those with missing values (WHERE ... IS NOT NULL).",
            ));
        }
        if let Some(at) = self.target.iter().position(|&t| t != 0.0 && t != 1.0) {
            return Err(invalid(
                format!(
                    "row {} of the training set has the target {}, it must be 0 or 1",
                    at + 1,
                    self.target[at]
                ),
                "Use a boolean target, or one of 0 and 1 only.",
            ));
        }
        let positives = self.target.iter().filter(|&&t| t == 1.0).count();
        if positives == 0 || positives == rows {
            return Err(invalid(
                format!("every row of the training set has the target {}", u8::from(positives > 0)),
                "Train on rows of which some failed and some did not.",
            ));
        }
        Ok(())
    }
}

/// Feature names must exist, not be empty and differ.
pub(crate) fn check_names(names: &[String]) -> Result<(), String> {
    if names.is_empty() {
        return Err("there is no feature".to_owned());
    }
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    if sorted[0].is_empty() {
        return Err("a feature has an empty name".to_owned());
    }
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("feature \"{}\" is named twice", pair[0])),
        None => Ok(()),
    }
}

fn invalid(what: impl Into<String>, hint: &str) -> ForestError {
    ForestError::InvalidData { what: what.into(), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> TrainingSet {
        TrainingSet {
            features: vec!["a".into(), "b".into()],
            values: vec![1.0, 2.0, 3.0, 4.0],
            target: vec![0.0, 1.0],
        }
    }

    fn message(change: impl FnOnce(&mut TrainingSet)) -> String {
        let mut changed = set();
        change(&mut changed);
        changed.check().unwrap_err().to_string()
    }

    #[test]
    fn a_good_set_passes() {
        assert_eq!(set().check(), Ok(()));
        assert_eq!(set().row(1), [3.0, 4.0]);
    }

    #[test]
    fn each_fault_is_named() {
        assert!(message(|s| s.values[3] = f64::NAN).contains("row 2"));
        assert!(message(|s| s.values[3] = f64::INFINITY).contains("feature \"b\""));
        assert!(message(|s| s.target[0] = 2.0).contains("target 2"));
        assert!(message(|s| s.target[0] = 1.0).contains("every row"));
        assert!(message(|s| s.values.truncate(3)).contains("3 values"));
        assert!(message(|s| s.features[1] = "a".into()).contains("twice"));
        assert!(message(|s| s.features[1].clear()).contains("empty"));
        let one_row = message(|s| {
            s.target.truncate(1);
            s.values.truncate(2);
        });
        assert!(one_row.contains("1 rows"));
    }
}
