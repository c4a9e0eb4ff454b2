//! Trees by smartcore 0.7.0: its regression forest of one tree on 0/1 labels, whose leaf means are shares of failures.
//!
//! The library keeps its trees to itself, but serializes them; they are read back here through postcard, whose form is
//! positional: the mirror structs below repeat smartcore's fields in order (its `PhantomData` fields take no bytes).
//! smartcore keeps only whether a row was drawn, not how often, so the draws are repeated with its own generator and
//! checked against what it kept; every leaf's share is checked against smartcore's own value.

use rand_smartcore::rngs::SmallRng;
use rand_smartcore::{RngExt, SeedableRng};
use serde::Deserialize;
use smartcore::ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;

use super::error::ForestError;
use super::forest::{Item, Tree};
use super::params::Params;

type Regressor = RandomForestRegressor<f64, f64, DenseMatrix<f64>, Vec<f64>>;

/// Bytes that growing one tree needs at most for each row, beside 8 + 8 for each row and feature (order and sorted
/// elements): draws as kept, as counted and as serialized (8 + 8 + 4 + 8 + 1 + 1 + 1), partition buffer (8), and up to
/// 1.3 nodes as smartcore's (80, twice while its vector grows), serialized (at most 50) and mirrored (80), each.
pub(crate) const WORK_BYTES_PER_ROW: usize = 420;
/// See [`WORK_BYTES_PER_ROW`].
pub(crate) const WORK_BYTES_PER_VALUE: usize = 16;

/// The training rows as smartcore wants them.
pub(crate) struct Rows {
    x: DenseMatrix<f64>,
    y: Vec<f64>,
}

impl Rows {
    /// `values` column by column.
    pub fn new(columns: Vec<f64>, features: usize, y: Vec<f64>) -> Result<Self, ForestError> {
        let x = DenseMatrix::new(y.len(), features, columns, true)
            .map_err(|error| ForestError::Internal(error.to_string()))?;
        Ok(Self { x, y })
    }
}

/// One tree and the rows it was grown on.
pub(crate) struct Grown {
    pub tree: Tree,
    pub bag: Bag,
}

/// A set of training rows, one bit each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bag(Vec<u64>);

impl Bag {
    fn new(draws: &[u32]) -> Self {
        let word = |draws: &[u32]| {
            draws.iter().enumerate().fold(0, |word, (bit, &n)| word | (u64::from(n > 0) << bit))
        };
        Self(draws.chunks(64).map(word).collect())
    }

    pub fn contains(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }
}

/// Grows the tree of one seed. `columns` are the same values as in `rows`, column by column.
pub(crate) fn grow(
    rows: &Rows,
    columns: &[f64],
    params: &Params,
    max_features: usize,
    seed: u64,
) -> Result<Grown, ForestError> {
    let (nodes, kept) = fit_and_read(rows, params, max_features, seed)?;
    let draws = bootstrap(rows.y.len(), seed);
    if kept.len() != draws.len() || kept.iter().zip(&draws).any(|(&kept, &n)| kept != (n > 0)) {
        return Err(broken("the bootstrap sample is not the one that was expected"));
    }
    let features = columns.len() / rows.y.len().max(1);
    let tree = convert(&nodes, columns, features, &rows.y, &draws)?;
    Ok(Grown { tree, bag: Bag::new(&draws) })
}

/// Splits below one another that are tried first, see [`fit_and_read`].
const FIRST_DEPTH: u16 = 48;

/// Grows the tree to a limited depth, and again with twice as much while the limit cuts a branch short that is not pure
/// and the user allows more. Without a limit smartcore peels large pure nodes one value at a time, which takes a time
/// quadratic in the rows and changes nothing.
fn fit_and_read(
    rows: &Rows,
    params: &Params,
    max_features: usize,
    seed: u64,
) -> Result<(Vec<MirrorNode>, Vec<bool>), ForestError> {
    // smartcore counts the root as a level, scikit-learn counts splits.
    let allowed = params.max_depth.unwrap_or(u16::MAX - 1).min(u16::MAX - 1);
    let mut depth = FIRST_DEPTH.min(allowed);
    loop {
        let fitted = fit(rows, params, max_features, seed, depth + 1)?;
        let bytes = postcard::to_stdvec(&fitted).map_err(|error| ForestError::Internal(error.to_string()))?;
        drop(fitted);
        let (nodes, kept) = read(&bytes)?;
        if depth == allowed || !is_cut_short(&nodes, depth) {
            return Ok((nodes, kept));
        }
        depth = depth.saturating_mul(2).min(allowed);
    }
}

/// Whether a leaf lies at this depth that could have been split on.
fn is_cut_short(nodes: &[MirrorNode], depth: u16) -> bool {
    let mut depths = vec![0_u16; nodes.len()];
    nodes.iter().enumerate().any(|(at, node)| {
        for child in node.true_child.into_iter().chain(node.false_child) {
            let below = depths[at].saturating_add(1);
            if let Some(slot) = depths.get_mut(child) {
                *slot = below;
            }
        }
        node.true_child.is_none() && depths[at] >= depth && node.output != 0.0 && node.output != 1.0
    })
}

fn fit(
    rows: &Rows,
    params: &Params,
    max_features: usize,
    seed: u64,
    levels: u16,
) -> Result<Regressor, ForestError> {
    let parameters = RandomForestRegressorParameters {
        max_depth: Some(levels),
        min_samples_leaf: params.min_samples_leaf,
        min_samples_split: params.min_samples_split,
        n_trees: 1,
        m: Some(max_features),
        keep_samples: true,
        seed,
    };
    Regressor::fit(&rows.x, &rows.y, parameters).map_err(|error| ForestError::Internal(error.to_string()))
}

/// How often smartcore draws each row for a forest of one tree with this seed.
fn bootstrap(rows: usize, seed: u64) -> Vec<u32> {
    let mut generator = SmallRng::seed_from_u64(seed);
    let mut draws = vec![0; rows];
    for _ in 0..rows {
        draws[generator.random_range(0..rows)] += 1;
    }
    draws
}

#[derive(Deserialize)]
struct MirrorRegressor {
    forest: Option<MirrorForest>,
}

#[derive(Deserialize)]
struct MirrorForest {
    trees: Option<Vec<MirrorTree>>,
    _num_features: Option<usize>,
    samples: Option<Vec<Vec<bool>>>,
}

#[derive(Deserialize)]
struct MirrorTree {
    nodes: Vec<MirrorNode>,
    _parameters: Option<MirrorParameters>,
    _depth: u16,
    _root_mass: f64,
}

#[derive(Deserialize)]
struct MirrorParameters {
    _max_depth: Option<u16>,
    _min_samples_leaf: usize,
    _min_samples_split: usize,
    _seed: Option<u64>,
    _splitter: MirrorSplitter,
}

#[derive(Deserialize)]
enum MirrorSplitter {
    Random,
    Best,
}

#[derive(Deserialize)]
struct MirrorNode {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    _split_score: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

fn read(bytes: &[u8]) -> Result<(Vec<MirrorNode>, Vec<bool>), ForestError> {
    let (regressor, rest): (MirrorRegressor, &[u8]) =
        postcard::take_from_bytes(bytes).map_err(|error| ForestError::Internal(error.to_string()))?;
    let forest = regressor.forest.filter(|_| rest.is_empty());
    let (trees, samples) = forest.map(|f| (f.trees, f.samples)).unwrap_or_default();
    match (trees.unwrap_or_default().pop(), samples.unwrap_or_default().pop()) {
        (Some(tree), Some(samples)) => Ok((tree.nodes, samples)),
        _ => Err(broken("it returned no tree")),
    }
}

/// One node of smartcore's tree: where it leads, and the draws that reach it.
#[derive(Clone, Copy)]
struct Reached {
    children: Option<(usize, usize)>,
    feature: usize,
    threshold: f64,
    positives: u64,
    draws: u64,
}

/// Sends the drawn rows down smartcore's tree, joins sibling leaves of one share, and builds the tree of ours. smartcore
/// splits pure nodes on, one value at a time; they are leaves here, for walking such chains would take most of the time.
fn convert(
    nodes: &[MirrorNode],
    columns: &[f64],
    features: usize,
    y: &[f64],
    draws: &[u32],
) -> Result<Tree, ForestError> {
    let mut reached = links(nodes, features)?;
    for (row, &n) in draws.iter().enumerate().filter(|(_, n)| **n > 0) {
        let mut at = 0;
        while let Some((left, right)) = reached[at].children {
            let value = columns[reached[at].feature * y.len() + row];
            at = if value <= reached[at].threshold { left } else { right };
        }
        reached[at].draws += u64::from(n);
        reached[at].positives += if y[row] == 1.0 { u64::from(n) } else { 0 };
    }
    // Children come after their parents, so the sums are complete when the parent is met.
    for at in (0..reached.len()).rev() {
        if let Some((left, right)) = reached[at].children {
            let (left, right) = (reached[left], reached[right]);
            let here = &mut reached[at];
            here.draws = left.draws + right.draws;
            here.positives = left.positives + right.positives;
            let leaves = left.children.is_none() && right.children.is_none();
            if leaves && left.positives * right.draws == right.positives * left.draws {
                here.children = None;
            }
        }
        // What lies below a pure node is not reached.
        let Reached { positives, draws, .. } = reached[at];
        if draws > 0 && positives as f64 / draws as f64 != nodes[at].output {
            return Err(broken("a node's value is not the share of failures that reach it"));
        }
    }
    let mut items = Vec::new();
    let mut todo = vec![0];
    while let Some(at) = todo.pop() {
        let node = &reached[at];
        match node.children {
            Some((left, right)) => {
                let feature = u32::try_from(node.feature).map_err(|_| broken("too many features"))?;
                items.push(Item::Split { feature, threshold: node.threshold });
                todo.extend([right, left]);
            }
            None => items.push(Item::Leaf { positives: node.positives as f64, cover: node.draws as f64 }),
        }
    }
    Tree::from_preorder(&items, features).map_err(ForestError::Internal)
}

fn links(nodes: &[MirrorNode], features: usize) -> Result<Vec<Reached>, ForestError> {
    if nodes.is_empty() {
        return Err(broken("it returned a tree without nodes"));
    }
    let one = |(at, node): (usize, &MirrorNode)| {
        let leaf = Reached { children: None, feature: 0, threshold: 0.0, positives: 0, draws: 0 };
        let pure = node.output == 0.0 || node.output == 1.0;
        match (node.true_child, node.false_child, node.split_value) {
            _ if pure => Ok(leaf),
            (None, None, _) => Ok(leaf),
            (Some(left), Some(right), Some(threshold))
                if at < left.min(right) && left.max(right) < nodes.len() && node.split_feature < features =>
            {
                Ok(Reached { children: Some((left, right)), feature: node.split_feature, threshold, ..leaf })
            }
            _ => Err(broken("it returned a tree with wrong links")),
        }
    };
    nodes.iter().enumerate().map(one).collect()
}

fn broken(what: &str) -> ForestError {
    ForestError::Internal(format!("smartcore: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::Forest;
    use crate::forest::seed::{Use, derive};

    /// `rows` of four features, two of them with many ties, failures where two of them are high, with noise.
    fn table(rows: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let random = |row: usize, column: u64| {
            derive(seed, Use::Split, column * 1_000_003 + row as u64) as f64 / u64::MAX as f64
        };
        let mut columns = Vec::new();
        columns.extend((0..rows).map(|row| random(row, 0)));
        columns.extend((0..rows).map(|row| (random(row, 1) * 5.0).floor()));
        columns.extend((0..rows).map(|row| random(row, 2) * 1e6 - 5e5));
        columns.extend((0..rows).map(|row| (random(row, 3) * 2.0).floor()));
        let fails = |row: usize| random(row, 0) + columns[rows + row] / 5.0 + random(row, 4) * 0.3 > 1.6;
        let y = (0..rows).map(|row| f64::from(u8::from(fails(row)))).collect();
        (columns, y)
    }

    #[test]
    fn the_walk_is_smartcores_own_prediction() {
        let (columns, y) = table(2_000, 1);
        let rows = Rows::new(columns.clone(), 4, y.clone()).unwrap();
        let (fresh, _) = table(2_000, 2);
        let unseen = DenseMatrix::new(2_000, 4, fresh.clone(), true).unwrap();
        for (seed, depth, leaf) in [(0, None, 1), (1, Some(1), 1), (2, Some(4), 3), (u64::MAX, None, 20)] {
            let params = Params { max_depth: depth, min_samples_leaf: leaf, ..Params::default() };
            let levels = depth.unwrap_or(FIRST_DEPTH) + 1;
            let theirs = fit(&rows, &params, 2, seed, levels).unwrap();
            let ours = grow(&rows, &columns, &params, 2, seed).unwrap();
            for (values, expected) in [(&columns, theirs.predict(&rows.x)), (&fresh, theirs.predict(&unseen))]
            {
                let expected: Vec<f64> = expected.unwrap();
                for (row, expected) in expected.iter().enumerate() {
                    let row: Vec<f64> = (0..4).map(|feature| values[feature * 2_000 + row]).collect();
                    assert_eq!(ours.tree.walk(&row), *expected);
                }
            }
            let names = ["a", "b", "c", "d"].map(String::from).to_vec();
            let forest = Forest::new(names, vec![ours.tree.clone()]).unwrap();
            let expected = theirs.compute_feature_importances().unwrap();
            for (found, expected) in forest.feature_importance().iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-12);
            }
            let levels = depth_of(&ours.tree);
            assert!(depth.is_none_or(|depth| levels <= usize::from(depth)), "{levels}");
            let least = ours.tree.nodes().iter().map(|node| node.cover).fold(f64::MAX, f64::min);
            assert!(least >= leaf as f64);
        }
    }

    fn depth_of(tree: &Tree) -> usize {
        let mut depth = vec![0; tree.nodes().len()];
        for at in 0..depth.len() {
            if let Some((left, right)) = tree.children(at) {
                depth[left] = depth[at] + 1;
                depth[right] = depth[at] + 1;
            }
        }
        depth.into_iter().max().unwrap()
    }

    #[test]
    fn joined_trees_have_no_equal_sibling_leaves() {
        let (columns, y) = table(1_000, 3);
        let rows = Rows::new(columns.clone(), 4, y).unwrap();
        let tree = grow(&rows, &columns, &Params::default(), 2, 9).unwrap().tree;
        for at in 0..tree.nodes().len() {
            if let Some((left, right)) = tree.children(at) {
                let leaves = tree.children(left).is_none() && tree.children(right).is_none();
                assert!(!leaves || tree.nodes()[left].value != tree.nodes()[right].value);
            }
        }
        assert_eq!(tree.nodes()[0].cover, 1_000.0);
    }

    #[test]
    fn a_branch_that_is_deeper_than_the_first_limit_is_grown_to_its_end() {
        // Labels that alternate along the only feature: each split does little more than peel off an end.
        let rows: usize = 600;
        let columns: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let y: Vec<f64> = (0..rows).map(|row| f64::from(u8::from(row % 2 == 0))).collect();
        let prepared = Rows::new(columns.clone(), 1, y).unwrap();
        let deepest = (0..20).map(|seed| {
            let grown = grow(&prepared, &columns, &Params::default(), 1, seed).unwrap();
            assert!(
                grown.tree.nodes().iter().all(|node| node.feature().is_some() || node.value.fract() == 0.0)
            );
            depth_of(&grown.tree)
        });
        assert!(deepest.max().unwrap() > usize::from(FIRST_DEPTH));
    }

    #[test]
    fn the_bag_holds_what_was_drawn() {
        let draws: Vec<u32> = (0..200).map(|row| row % 3).collect();
        let bag = Bag::new(&draws);
        assert!(draws.iter().enumerate().all(|(row, &n)| bag.contains(row) == (n > 0)));
    }
}
