//! How good scores are against 0/1 labels. Definitions are scikit-learn's; where it returns a substitute for something
//! undefined (a precision without positive calls), this says `None`.

use serde::{Deserialize, Serialize};

/// Metrics of scores in 0 to 1; "positive" is a failure, called where `score >= threshold`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Rows.
    pub rows: usize,
    /// Rows that failed.
    pub positives: usize,
    /// Threshold of the confusion matrix.
    pub threshold: f64,
    /// Failures called failures.
    pub true_positives: usize,
    /// Others called failures.
    pub false_positives: usize,
    /// Others not called failures.
    pub true_negatives: usize,
    /// Failures not called failures.
    pub false_negatives: usize,
    /// Share of right calls. `None` without rows.
    pub accuracy: Option<f64>,
    /// Share of failures among the calls. `None` without calls.
    pub precision: Option<f64>,
    /// Share of the failures that were called. `None` without failures.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall. `None` without failures and calls.
    pub f1: Option<f64>,
    /// Matthews correlation, -1 to 1. `None` where a margin of the matrix is 0.
    pub mcc: Option<f64>,
    /// Area under the ROC curve, ties counted half. `None` without both classes.
    pub roc_auc: Option<f64>,
    /// Average precision: the sum over thresholds of precision times the gain in recall. `None` without failures.
    pub pr_auc: Option<f64>,
    /// Mean negative log likelihood (natural), scores clipped to 2.2e-16 from 0 and 1. `None` without rows.
    pub log_loss: Option<f64>,
    /// Mean squared error of the scores. `None` without rows.
    pub brier: Option<f64>,
}

impl Metrics {
    /// Computes all of them. `labels` are 0 or 1, `scores` 0 to 1 without NaN; of slices of different length the common
    /// part counts.
    pub fn new(labels: &[f64], scores: &[f64], threshold: f64) -> Self {
        let rows = labels.len().min(scores.len());
        let (labels, scores) = (&labels[..rows], &scores[..rows]);
        let mut matrix = [[0_usize; 2]; 2];
        for (&label, &score) in labels.iter().zip(scores) {
            matrix[usize::from(label == 1.0)][usize::from(score >= threshold)] += 1;
        }
        let [[tn, fp], [fn_, tp]] = matrix;
        let margins = (tp + fp) as f64 * (tp + fn_) as f64 * (tn + fp) as f64 * (tn + fn_) as f64;
        let determinant = tp as f64 * tn as f64 - fp as f64 * fn_ as f64;
        let curve = Curve::new(labels, scores);
        Self {
            rows,
            positives: tp + fn_,
            threshold,
            true_positives: tp,
            false_positives: fp,
            true_negatives: tn,
            false_negatives: fn_,
            accuracy: ratio((tp + tn) as f64, rows as f64),
            precision: ratio(tp as f64, (tp + fp) as f64),
            recall: ratio(tp as f64, (tp + fn_) as f64),
            f1: ratio(2.0 * tp as f64, (2 * tp + fp + fn_) as f64),
            mcc: ratio(determinant, margins.sqrt()),
            roc_auc: curve.roc_auc(),
            pr_auc: curve.average_precision(),
            log_loss: mean(labels, scores, |label, score| {
                let clipped = score.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
                -if label == 1.0 { clipped.ln() } else { (1.0 - clipped).ln() }
            }),
            brier: mean(labels, scores, |label, score| (label - score) * (label - score)),
        }
    }
}

/// The threshold with the best F1 over these scores: halfway between the lowest score that is called and the next below;
/// of equal F1 the highest. `None` without failures.
pub fn best_f1_threshold(labels: &[f64], scores: &[f64]) -> Option<f64> {
    let curve = Curve::new(labels, scores);
    let positives = curve.positives();
    if positives == 0 {
        return None;
    }
    let mut best = (0.0, None);
    for (at, point) in curve.points.iter().enumerate() {
        let f1 = 2.0 * point.tp as f64 / (point.tp + point.fp + positives) as f64;
        if f1 > best.0 {
            best = (f1, Some(at));
        }
    }
    best.1.map(|at| {
        let score = curve.points[at].score;
        curve.points.get(at + 1).map_or(score, |below| below.score + (score - below.score) / 2.0)
    })
}

struct Point {
    score: f64,
    /// Failures and others with this score or a higher one.
    tp: usize,
    fp: usize,
}

/// One point for each distinct score, highest first.
struct Curve {
    points: Vec<Point>,
}

impl Curve {
    fn new(labels: &[f64], scores: &[f64]) -> Self {
        let mut order: Vec<(f64, bool)> =
            labels.iter().zip(scores).map(|(&label, &score)| (score, label == 1.0)).collect();
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let (mut tp, mut fp) = (0, 0);
        let mut points: Vec<Point> = Vec::new();
        for ties in order.chunk_by(|a, b| a.0 == b.0) {
            let hits = ties.iter().filter(|(_, hit)| *hit).count();
            tp += hits;
            fp += ties.len() - hits;
            points.push(Point { score: ties[0].0, tp, fp });
        }
        Self { points }
    }

    fn positives(&self) -> usize {
        self.points.last().map_or(0, |point| point.tp)
    }

    fn roc_auc(&self) -> Option<f64> {
        let last = self.points.last()?;
        let (mut area, mut before) = (0.0, (0, 0));
        for point in &self.points {
            // A trapezium in whole units: exact, so ties count half to the last bit.
            area += (point.fp - before.1) as f64 * (point.tp + before.0) as f64;
            before = (point.tp, point.fp);
        }
        ratio(area, 2.0 * last.tp as f64 * last.fp as f64)
    }

    fn average_precision(&self) -> Option<f64> {
        let (mut sum, mut before) = (0.0, 0);
        for point in &self.points {
            sum += (point.tp - before) as f64 * point.tp as f64 / (point.tp + point.fp) as f64;
            before = point.tp;
        }
        ratio(sum, self.positives() as f64)
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn mean(labels: &[f64], scores: &[f64], loss: impl Fn(f64, f64) -> f64) -> Option<f64> {
    let sum: f64 = labels.iter().zip(scores).map(|(&label, &score)| loss(label, score)).sum();
    ratio(sum, labels.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [f64; 20] =
        [0., 0., 1., 0., 1., 0., 0., 0., 1., 0., 0., 1., 0., 0., 0., 1., 0., 0., 0., 0.];
    const SCORES: [f64; 20] = [
        0.0, 0.1, 0.9, 0.35, 0.35, 0.2, 0.5, 0.05, 1.0, 0.65, 0.3, 0.5, 0.0, 0.15, 0.45, 0.0, 0.25, 0.35,
        0.1, 1.0,
    ];

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?} {expected}");
    }

    #[test]
    fn values_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1: y_pred = scores >= threshold; accuracy_score, precision_score, recall_score, f1_score,
        // matthews_corrcoef, roc_auc_score, average_precision_score, log_loss, brier_score_loss.
        let at = Metrics::new(&LABELS, &SCORES, 0.5);
        assert_eq!((at.rows, at.positives), (20, 5));
        assert_eq!((at.true_negatives, at.false_positives), (12, 3));
        assert_eq!((at.false_negatives, at.true_positives), (2, 3));
        close(at.accuracy, 0.75);
        close(at.precision, 0.5);
        close(at.recall, 0.6);
        close(at.f1, 0.5454545454545454);
        close(at.mcc, 0.37796447300922725);
        let at = Metrics::new(&LABELS, &SCORES, 0.3);
        assert_eq!((at.rows, at.positives), (20, 5));
        assert_eq!((at.true_negatives, at.false_positives), (8, 7));
        assert_eq!((at.false_negatives, at.true_positives), (1, 4));
        close(at.accuracy, 0.6);
        close(at.precision, 0.36363636363636365);
        close(at.recall, 0.8);
        close(at.f1, 0.5);
        close(at.mcc, 0.29012942659282975);
        let at = Metrics::new(&LABELS, &SCORES, 0.5);
        close(at.roc_auc, 0.6933333333333334);
        close(at.pr_auc, 0.46333333333333326);
        close(at.log_loss, 3.92150212799278);
        close(at.brier, 0.202);
    }

    #[test]
    fn what_is_undefined_is_none() {
        let none = Metrics::new(&[], &[], 0.5);
        assert_eq!((none.accuracy, none.roc_auc, none.log_loss, none.brier), (None, None, None, None));
        let no_positive = Metrics::new(&[0.0, 0.0], &[0.1, 0.2], 0.5);
        assert_eq!((no_positive.recall, no_positive.precision, no_positive.f1), (None, None, None));
        assert_eq!((no_positive.mcc, no_positive.roc_auc, no_positive.pr_auc), (None, None, None));
        assert_eq!(no_positive.accuracy, Some(1.0));
        let no_call = Metrics::new(&[0.0, 1.0], &[0.1, 0.2], 0.5);
        assert_eq!((no_call.precision, no_call.f1, no_call.recall), (None, Some(0.0), Some(0.0)));
    }

    #[test]
    fn equal_scores_say_nothing() {
        let flat = Metrics::new(&LABELS, &[0.3; 20], 0.5);
        assert_eq!(flat.roc_auc, Some(0.5));
        assert_eq!(flat.pr_auc, Some(0.25));
    }

    #[test]
    fn the_best_threshold_has_the_best_f1() {
        let best = best_f1_threshold(&LABELS, &SCORES).unwrap();
        let f1 = Metrics::new(&LABELS, &SCORES, best).f1.unwrap();
        for &score in &SCORES {
            assert!(Metrics::new(&LABELS, &SCORES, score).f1.unwrap_or(0.0) <= f1);
        }
        assert!(!SCORES.contains(&best));
        assert_eq!(best_f1_threshold(&[0.0], &[0.5]), None);
        assert_eq!(best_f1_threshold(&[1.0], &[0.5]), Some(0.5));
    }
}
