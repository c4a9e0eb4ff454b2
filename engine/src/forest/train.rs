//! Training: split, grow in the caller's pool, score.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::data::TrainingSet;
use super::error::ForestError;
use super::forest::{Forest, Node};
use super::metrics::{Metrics, best_f1_threshold};
use super::params::{Params, Threshold};
use super::seed::{Use, derive};
use super::smartcore_engine::{Bag, Grown, Rows, WORK_BYTES_PER_ROW, WORK_BYTES_PER_VALUE, grow};
use super::split::stratified_split;

/// A trained forest with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The forest.
    pub forest: Forest,
    /// Rows of the training set (from 0, ascending) that were held out.
    pub test_rows: Vec<usize>,
    /// Rows that were trained on.
    pub train_rows: Vec<usize>,
    /// For each of `train_rows` the mean over the trees that did not see it, `None` where every tree did.
    pub oob: Vec<Option<f64>>,
    /// Metrics on `test_rows`, `None` where nothing was held out.
    pub test_metrics: Option<Metrics>,
    /// Metrics on the out-of-bag scores of `train_rows`.
    pub oob_metrics: Metrics,
    /// From this probability on a row is called a failure.
    pub threshold: f64,
    /// Mean decrease in impurity of each feature, which sums to 1 (all 0 where no tree has a split).
    pub feature_importance: Vec<f64>,
    /// Wall-clock time of it all, seconds.
    pub seconds: f64,
}

/// Trains a forest on the threads of `pool`, and on no others.
///
/// The same set (rows in the same order) and parameters give the same forest and scores for any number of threads.
/// `progress` counts finished trees from 0. `stop` is looked at before each tree and each scored row, so the call
/// returns when the trees being grown are done. That is some 12 ms for 10,000 rows of 8 features whose label follows from
/// them, some 2.5 s for a million; with labels that are noise a tree has a leaf for every few rows and takes far longer: no
/// tree of 1.5 million rows of 2 features was done after 20 s.
/// `max_bytes` bounds the working memory beside `set`: what is known before is refused before, and the trees are counted
/// while they grow.
///
/// Errors: `InvalidData`, `InvalidParameter`, `Memory`, `NoMemory`, `Stopped`.
pub fn train(
    set: &TrainingSet,
    params: &Params,
    pool: &rayon::ThreadPool,
    stop: &AtomicBool,
    progress: &AtomicUsize,
    max_bytes: usize,
) -> Result<Trained, ForestError> {
    let start = Instant::now();
    progress.store(0, Ordering::Relaxed);
    set.check()?;
    let features = set.features.len();
    let max_features = params.max_features.resolve(features)?;
    let split = stratified_split(&set.target, params.test_size, params.random_state)?;
    let known_bytes = estimate_bytes(split.train.len(), features, params, pool.current_num_threads());
    if known_bytes > max_bytes {
        return Err(ForestError::Memory { needed: known_bytes, allowed: max_bytes });
    }

    let of_train = |feature: usize| split.train.iter().map(move |&row| set.row(row)[feature]);
    let columns = collect(features * split.train.len(), (0..features).flat_map(of_train))?;
    let target = collect(split.train.len(), split.train.iter().map(|&row| set.target[row]))?;
    let rows = Rows::new(copy(&columns)?, features, copy(&target)?)?;
    let stopped =
        || ForestError::Stopped { trees_done: progress.load(Ordering::Relaxed), trees: params.n_estimators };
    let grown_bytes = AtomicUsize::new(known_bytes);
    let one_tree = |number: usize| {
        if stop.load(Ordering::Relaxed) {
            return Err(stopped());
        }
        let seed = derive(params.random_state, Use::Tree, number as u64);
        let grown = grow(&rows, &columns, params, max_features, seed)?;
        let bytes = size_of_val::<[Node]>(grown.tree.nodes());
        let needed = grown_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if needed > max_bytes {
            return Err(ForestError::Memory { needed, allowed: max_bytes });
        }
        progress.fetch_add(1, Ordering::Relaxed);
        Ok(grown)
    };
    let grown: Vec<Grown> = pool.install(|| {
        (0..params.n_estimators).into_par_iter().with_max_len(1).map(one_tree).collect::<Result<_, _>>()
    })?;
    drop((rows, columns));

    let (trees, bags): (Vec<_>, Vec<_>) = grown.into_iter().map(|grown| (grown.tree, grown.bag)).unzip();
    let forest = Forest::new(set.features.clone(), trees).map_err(ForestError::Internal)?;
    let score = |rows: &[usize], one: &(dyn Fn(usize, &[f64]) -> Option<f64> + Sync)| {
        let checked = |(at, &row): (usize, &usize)| {
            if stop.load(Ordering::Relaxed) { Err(stopped()) } else { Ok(one(at, set.row(row))) }
        };
        pool.install(|| rows.par_iter().enumerate().map(checked).collect::<Result<Vec<_>, _>>())
    };
    let oob = score(&split.train, &|at, row| out_of_bag(&forest, &bags, at, row))?;
    let test = score(&split.test, &|_, row| Some(forest.predict_checked(row)))?;

    let (oob_labels, oob_scores): (Vec<f64>, Vec<f64>) =
        target.iter().zip(&oob).filter_map(|(&label, score)| score.map(|score| (label, score))).unzip();
    let threshold = match params.threshold {
        Threshold::Fixed(at) => at,
        // Without a failure out of bag nothing can be chosen: the middle.
        Threshold::BestF1 => best_f1_threshold(&oob_labels, &oob_scores).unwrap_or(0.5),
    };
    let test_labels: Vec<f64> = split.test.iter().map(|&row| set.target[row]).collect();
    let test_scores: Vec<f64> = test.into_iter().flatten().collect();
    Ok(Trained {
        test_metrics: (!split.test.is_empty()).then(|| Metrics::new(&test_labels, &test_scores, threshold)),
        oob_metrics: Metrics::new(&oob_labels, &oob_scores, threshold),
        feature_importance: forest.feature_importance(),
        forest,
        test_rows: split.test,
        train_rows: split.train,
        oob,
        threshold,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// `values`, of which there are `count`. A failed allocation is an error here: elsewhere it ends the process.
fn collect(count: usize, values: impl Iterator<Item = f64>) -> Result<Vec<f64>, ForestError> {
    let mut out = Vec::new();
    out.try_reserve_exact(count)
        .map_err(|_| ForestError::NoMemory { wanted: count.saturating_mul(size_of::<f64>()) })?;
    out.extend(values);
    Ok(out)
}

fn copy(values: &[f64]) -> Result<Vec<f64>, ForestError> {
    collect(values.len(), values.iter().copied())
}

/// Mean over the trees that were grown without training row `at`.
fn out_of_bag(forest: &Forest, bags: &[Bag], at: usize, row: &[f64]) -> Option<f64> {
    let (mut sum, mut votes) = (0.0, 0_u32);
    for (tree, _) in forest.trees().iter().zip(bags).filter(|(_, bag)| !bag.contains(at)) {
        sum += tree.walk(row);
        votes += 1;
    }
    (votes > 0).then(|| sum / f64::from(votes))
}

/// Bytes that training takes at most before the finished trees, which are counted as they come: two copies of the values,
/// bags and scores, and the work of the trees that grow at one time. Measured at a million rows of 8 features: 280 MB of
/// the 705 MB that this says, for it reckons with labels that are pure noise.
pub fn estimate_bytes(rows: usize, features: usize, params: &Params, threads: usize) -> usize {
    let values = rows.saturating_mul(features);
    let at_once = threads.clamp(1, params.n_estimators.max(1));
    let work = values
        .saturating_mul(WORK_BYTES_PER_VALUE)
        .saturating_add(rows.saturating_mul(WORK_BYTES_PER_ROW))
        .saturating_mul(at_once);
    values
        .saturating_mul(2 * size_of::<f64>())
        .saturating_add(rows.saturating_mul(64))
        .saturating_add(rows.div_ceil(8).saturating_mul(params.n_estimators))
        .saturating_add(work)
}
