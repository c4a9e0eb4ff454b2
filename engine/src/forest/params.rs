//! The parameters of a forest, with scikit-learn's names.

use serde_json::{Map, Value, json};

use super::error::ForestError;

/// Keys that [`Params::from_json`] knows.
pub const KNOWN_KEYS: &[&str] = &[
    "engine",
    "n_estimators",
    "max_depth",
    "min_samples_leaf",
    "min_samples_split",
    "max_features",
    "bootstrap",
    "random_state",
    "test_size",
    "threshold",
];

/// How many features a node may choose from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxFeatures {
    /// The square root of the number of features, rounded down.
    Sqrt,
    /// The binary logarithm of the number of features, rounded down.
    Log2,
    /// This many.
    Count(usize),
    /// This share of the features, rounded down.
    Fraction(f64),
}

impl MaxFeatures {
    /// The number for a set of `features` features, at least 1. Error: more than there are.
    pub fn resolve(self, features: usize) -> Result<usize, ForestError> {
        let count = match self {
            Self::Sqrt => features.isqrt(),
            Self::Log2 => features.checked_ilog2().unwrap_or(0) as usize,
            Self::Count(count) if count > features => {
                return Err(invalid(
                    "max_features",
                    &json!(count),
                    format!("at most {features}, the number of features"),
                ));
            }
            Self::Count(count) => count,
            Self::Fraction(share) => (share * features as f64) as usize,
        };
        Ok(count.max(1))
    }
}

/// From which probability on a row is called a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// This probability.
    Fixed(f64),
    /// The one with the best F1 on the out-of-bag scores.
    BestF1,
}

/// All parameters, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Number of trees.
    pub n_estimators: usize,
    /// Levels of splits, `None` without limit.
    pub max_depth: Option<u16>,
    /// Least number of bootstrap draws in a leaf.
    pub min_samples_leaf: usize,
    /// Least number of bootstrap draws in a node that is split.
    pub min_samples_split: usize,
    /// Features a node may choose from.
    pub max_features: MaxFeatures,
    /// Seed of the split, the bootstraps and the features drawn.
    pub random_state: u64,
    /// Share of the rows held out for testing; 0 trains on every row.
    pub test_size: f64,
    /// Decision threshold.
    pub threshold: Threshold,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            n_estimators: 100,
            max_depth: None,
            min_samples_leaf: 1,
            min_samples_split: 2,
            max_features: MaxFeatures::Sqrt,
            random_state: 42,
            test_size: 0.2,
            threshold: Threshold::Fixed(0.5),
        }
    }
}

impl Params {
    /// Reads a JSON object; a missing key has its default. Errors name the key and the allowed range; an unknown key
    /// is an error with the known ones as hint; what the engine cannot do is `Unsupported`.
    pub fn from_json(value: &Value) -> Result<Self, ForestError> {
        let Value::Object(map) = value else {
            return Err(invalid("params", value, "a JSON object such as {\"n_estimators\": 200}"));
        };
        if let Some(key) = map.keys().find(|key| !KNOWN_KEYS.contains(&key.as_str())) {
            return Err(ForestError::UnknownParameter { key: key.clone(), known: KNOWN_KEYS });
        }
        check_engine(map)?;
        let mut params = Self::default();
        if let Some(n) = integer(map, "n_estimators", 1, 10_000)? {
            params.n_estimators = n as usize;
        }
        if map.get("max_depth").is_some_and(|value| !value.is_null()) {
            params.max_depth = integer(map, "max_depth", 1, 65_534)?.map(|n| n as u16);
        }
        if let Some(n) = integer(map, "min_samples_leaf", 1, i64::from(u32::MAX))? {
            params.min_samples_leaf = n as usize;
        }
        if let Some(n) = integer(map, "min_samples_split", 2, i64::from(u32::MAX))? {
            params.min_samples_split = n as usize;
        }
        if let Some(value) = map.get("max_features") {
            params.max_features = max_features(value)?;
        }
        if let Some(n) = integer(map, "random_state", 0, i64::MAX)? {
            params.random_state = n as u64;
        }
        if let Some(value) = map.get("test_size") {
            params.test_size = value
                .as_f64()
                .filter(|size| (0.0..1.0).contains(size))
                .ok_or_else(|| invalid("test_size", value, "a number from 0 to below 1"))?;
        }
        if let Some(value) = map.get("threshold") {
            params.threshold = threshold(value)?;
        }
        Ok(params)
    }

    /// Every parameter with the value in force, as [`from_json`](Self::from_json) reads it.
    pub fn to_json(&self) -> Value {
        json!({
            "engine": "smartcore",
            "n_estimators": self.n_estimators,
            "max_depth": self.max_depth,
            "min_samples_leaf": self.min_samples_leaf,
            "min_samples_split": self.min_samples_split,
            "max_features": match self.max_features {
                MaxFeatures::Sqrt => json!("sqrt"),
                MaxFeatures::Log2 => json!("log2"),
                MaxFeatures::Count(count) => json!(count),
                MaxFeatures::Fraction(share) => json!(share),
            },
            "bootstrap": true,
            "random_state": self.random_state,
            "test_size": self.test_size,
            "threshold": match self.threshold {
                Threshold::Fixed(at) => json!(at),
                Threshold::BestF1 => json!("f1"),
            },
        })
    }
}

fn check_engine(map: &Map<String, Value>) -> Result<(), ForestError> {
    match map.get("engine").map(|value| (value, value.as_str())) {
        None | Some((_, Some("smartcore"))) => {}
        Some((_, Some("native"))) => {
            return Err(ForestError::Unsupported {
                what: "the forest engine \"native\" is not part of this version".to_owned(),
                hint: "Use params '{\"engine\": \"smartcore\"}', which is the default.".to_owned(),
            });
        }
        Some((value, _)) => return Err(invalid("engine", value, "\"smartcore\"")),
    }
    match map.get("bootstrap") {
        None | Some(Value::Bool(true)) => Ok(()),
        Some(Value::Bool(false)) => Err(ForestError::Unsupported {
            what: "the forest engine \"smartcore\" always draws a bootstrap sample for each tree".to_owned(),
            hint: "Leave \"bootstrap\" out of params.".to_owned(),
        }),
        Some(value) => Err(invalid("bootstrap", value, "true")),
    }
}

fn max_features(value: &Value) -> Result<MaxFeatures, ForestError> {
    let allowed = "\"sqrt\", \"log2\", a whole number from 1, or a fraction above 0 and up to 1.0";
    match value {
        Value::Null => Some(MaxFeatures::Fraction(1.0)),
        Value::String(name) if name == "sqrt" => Some(MaxFeatures::Sqrt),
        Value::String(name) if name == "log2" => Some(MaxFeatures::Log2),
        Value::Number(number) => match number.as_u64() {
            Some(count) => usize::try_from(count).ok().filter(|&c| c > 0).map(MaxFeatures::Count),
            None => number.as_f64().filter(|&share| share > 0.0 && share <= 1.0).map(MaxFeatures::Fraction),
        },
        _ => None,
    }
    .ok_or_else(|| invalid("max_features", value, allowed))
}

fn threshold(value: &Value) -> Result<Threshold, ForestError> {
    match (value.as_str(), value.as_f64()) {
        (Some("f1"), _) => Ok(Threshold::BestF1),
        (_, Some(at)) if at > 0.0 && at < 1.0 => Ok(Threshold::Fixed(at)),
        _ => Err(invalid("threshold", value, "a number between 0 and 1, or \"f1\"")),
    }
}

fn integer(
    map: &Map<String, Value>,
    key: &'static str,
    low: i64,
    high: i64,
) -> Result<Option<i64>, ForestError> {
    let Some(value) = map.get(key) else { return Ok(None) };
    match value.as_i64().filter(|n| (low..=high).contains(n)) {
        Some(n) => Ok(Some(n)),
        None => Err(invalid(key, value, format!("a whole number from {low} to {high}"))),
    }
}

fn invalid(key: &'static str, given: &Value, allowed: impl Into<String>) -> ForestError {
    ForestError::InvalidParameter { key, given: given.to_string(), allowed: allowed.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Explain;

    fn refuse(value: Value) -> ForestError {
        Params::from_json(&value).unwrap_err()
    }

    #[test]
    fn nothing_given_is_the_default() {
        assert_eq!(Params::from_json(&json!({})), Ok(Params::default()));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let given = json!({
            "engine": "smartcore", "n_estimators": 7, "max_depth": 3, "min_samples_leaf": 4, "min_samples_split": 5,
            "max_features": 0.5, "bootstrap": true, "random_state": 0, "test_size": 0, "threshold": "f1"
        });
        let params = Params::from_json(&given).unwrap();
        assert_eq!(params.max_depth, Some(3));
        assert_eq!(params.threshold, Threshold::BestF1);
        assert_eq!(Params::from_json(&params.to_json()), Ok(params));
        assert_eq!(Params::from_json(&Params::default().to_json()), Ok(Params::default()));
    }

    #[test]
    fn max_features_are_those_of_scikit_learn() {
        let count = |value: Value, features| {
            Params::from_json(&json!({ "max_features": value })).unwrap().max_features.resolve(features)
        };
        assert_eq!(count(json!("sqrt"), 8), Ok(2));
        assert_eq!(count(json!("log2"), 8), Ok(3));
        assert_eq!(count(json!(5), 8), Ok(5));
        assert_eq!(count(json!(0.5), 9), Ok(4));
        assert_eq!(count(json!(1.0), 8), Ok(8));
        assert_eq!(count(json!(1), 8), Ok(1));
        assert_eq!(count(json!(0.01), 8), Ok(1));
        assert_eq!(count(json!(null), 8), Ok(8));
        assert!(count(json!(9), 8).is_err());
    }

    #[test]
    fn errors_name_the_key_and_the_range() {
        for (value, key) in [
            (json!({"n_estimators": 0}), "n_estimators"),
            (json!({"n_estimators": 1.5}), "n_estimators"),
            (json!({"max_depth": 0}), "max_depth"),
            (json!({"min_samples_leaf": "2"}), "min_samples_leaf"),
            (json!({"min_samples_split": 1}), "min_samples_split"),
            (json!({"max_features": "half"}), "max_features"),
            (json!({"max_features": 0}), "max_features"),
            (json!({"max_features": 1.5}), "max_features"),
            (json!({"random_state": -1}), "random_state"),
            (json!({"test_size": 1}), "test_size"),
            (json!({"test_size": null}), "test_size"),
            (json!({"threshold": 0}), "threshold"),
            (json!({"threshold": "recall"}), "threshold"),
            (json!({"engine": "weka"}), "engine"),
            (json!({"bootstrap": 1}), "bootstrap"),
            (json!([]), "params"),
        ] {
            let error = refuse(value);
            assert_eq!(error.sqlstate(), "22023");
            assert!(error.to_string().contains(&format!("\"{key}\" must be ")), "{error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_known_ones() {
        let error = refuse(json!({"n_trees": 5}));
        assert_eq!(error.sqlstate(), "22023");
        assert!(error.hint().unwrap().contains("n_estimators"));
    }

    #[test]
    fn what_the_engine_cannot_do_is_not_supported() {
        for value in [json!({"engine": "native"}), json!({"bootstrap": false})] {
            let error = refuse(value);
            assert_eq!(error.sqlstate(), "0A000");
            assert!(error.hint().is_some());
        }
    }
}
