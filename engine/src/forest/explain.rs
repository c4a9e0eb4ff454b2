//! Why a row has its probability: the path decomposition of Saabas (2014, "Interpreting random forests").
//!
//! Along the path of a row, each split moves the node's share of failures; the move is put down to the feature that was
//! compared. Base (the mean share of the roots) and moves sum to the prediction. It favours features near the leaves and
//! depends on the order of the splits, which SHAP values do not.

use super::error::ForestError;
use super::forest::Forest;

/// A prediction taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Probability without knowing any feature: the mean share of failures at the roots.
    pub base: f64,
    /// What each feature added (above 0) or took away, in probability, in the forest's order.
    pub contributions: Vec<f64>,
    /// The prediction: base plus all contributions, but for rounding (1e-12).
    pub prediction: f64,
}

/// One feature that raised the probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Name of the feature.
    pub feature: String,
    /// Its value in the row.
    pub value: f64,
    /// Probability it added.
    pub contribution: f64,
}

impl std::fmt::Display for Reason {
    /// Such as `tool_wear_min = 214 (+31.2 %)`: the value in its shortest form to six digits, the contribution in points.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = format!("{:.6}", self.value);
        let value =
            if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
        write!(f, "{} = {value} ({:+.1} %)", self.feature, self.contribution * 100.0)
    }
}

/// Takes the prediction of one row apart. Errors: `InvalidRow` as [`Forest::predict`].
pub fn explain(forest: &Forest, row: &[f64]) -> Result<Explanation, ForestError> {
    forest.check_row(row, None)?;
    let trees = forest.trees().len() as f64;
    let mut base = 0.0;
    let mut contributions = vec![0.0; row.len()];
    for tree in forest.trees() {
        let nodes = tree.nodes();
        base += nodes[0].value;
        let mut at = 0;
        while let (Some(feature), Some(next)) = (nodes[at].feature(), tree.step(at, row)) {
            contributions[feature] += nodes[next].value - nodes[at].value;
            at = next;
        }
    }
    contributions.iter_mut().for_each(|moved| *moved /= trees);
    Ok(Explanation { base: base / trees, contributions, prediction: forest.predict_checked(row) })
}

/// The at most `count` features that raised the probability most, largest first (equal ones in the forest's order); those
/// that added less than half a tenth of a point are left out. Errors: `InvalidRow`.
pub fn top_reasons(forest: &Forest, row: &[f64], count: usize) -> Result<Vec<Reason>, ForestError> {
    let contributions = explain(forest, row)?.contributions;
    let mut order: Vec<usize> = (0..row.len()).filter(|&feature| contributions[feature] >= 0.0005).collect();
    order.sort_by(|&a, &b| contributions[b].total_cmp(&contributions[a]));
    let reason = |&feature: &usize| Reason {
        feature: forest.feature_names()[feature].clone(),
        value: row[feature],
        contribution: contributions[feature],
    };
    Ok(order.iter().take(count).map(reason).collect())
}

#[cfg(test)]
mod tests {
    use super::super::forest::tests::small;
    use super::*;

    #[test]
    fn a_hand_made_path() {
        // Tree 1: 0.2 -a-> 0.5 -b-> 1.0; tree 2: 0.3 -b-> 0.
        let found = explain(&small(), &[2.0, 1.0]).unwrap();
        assert!((found.base - 0.25).abs() < 1e-15);
        assert!((found.contributions[0] - 0.15).abs() < 1e-15);
        assert!((found.contributions[1] - 0.1).abs() < 1e-15);
        assert_eq!(found.prediction, 0.5);
    }

    #[test]
    fn reasons_are_the_raising_features_in_order() {
        let reasons = top_reasons(&small(), &[2.0, 1.0], 3).unwrap();
        let text: Vec<String> = reasons.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["a = 2 (+15.0 %)", "b = 1 (+10.0 %)"]);
        assert_eq!(top_reasons(&small(), &[2.0, 1.0], 1).unwrap().len(), 1);
        assert!(top_reasons(&small(), &[0.0, 9.0], 3).unwrap().is_empty());
        let reason = Reason { feature: "torque_nm".into(), value: 46.300_000_1, contribution: 0.2 };
        assert_eq!(reason.to_string(), "torque_nm = 46.3 (+20.0 %)");
        let whole = Reason { feature: "rpm".into(), value: 1_400.0, contribution: 0.0312 };
        assert_eq!(whole.to_string(), "rpm = 1400 (+3.1 %)");
    }

    #[test]
    fn a_bad_row_is_refused() {
        assert!(explain(&small(), &[1.0]).is_err());
        assert!(explain(&small(), &[1.0, f64::NAN]).is_err());
    }
}
