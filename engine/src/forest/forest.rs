//! The forest itself: flat trees and the walk over them.

use super::data::check_names;
use super::error::ForestError;

/// `feature` of a leaf.
const LEAF: u32 = u32::MAX;

/// Rows of a batch that are sent through one tree before the next, so that the tree stays in the cache.
const BLOCK_ROWS: usize = 256;

/// One node, half a cache line. Nodes lie in preorder, so the left child of node `i` is node `i + 1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Where a row goes left: `value <= threshold`. 0 in a leaf.
    pub threshold: f64,
    /// Share of failures among the training weight here: 0 to 1.
    pub value: f64,
    /// Training weight that reached this node: with a bootstrap, the number of draws.
    pub cover: f64,
    /// Number of the feature that is compared.
    feature: u32,
    /// Number of the right child, greater than this node's own. 0 in a leaf.
    right: u32,
}

impl Node {
    /// Number of the feature that is compared, `None` in a leaf.
    pub fn feature(&self) -> Option<usize> {
        (self.feature != LEAF).then_some(self.feature as usize)
    }
}

/// What a tree is built from, in preorder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Item {
    /// An inner node; its left subtree follows, then its right one.
    Split {
        /// Number of the feature.
        feature: u32,
        /// `value <= threshold` goes left. Finite.
        threshold: f64,
    },
    /// A leaf.
    Leaf {
        /// Training weight of the failures, 0 to `cover`.
        positives: f64,
        /// Training weight, above 0.
        cover: f64,
    },
}

/// One tree of a forest. The links were checked when it was built: children come after their parent, features exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// Builds a tree for `features` features: links from the order, inner values and covers from the leaves' sums.
    /// Error: a sentence that names the node and what is wrong with it.
    pub fn from_preorder(items: &[Item], features: usize) -> Result<Self, String> {
        let mut nodes: Vec<Node> = Vec::with_capacity(items.len());
        let mut positives: Vec<f64> = Vec::with_capacity(items.len());
        // Splits whose right subtree has not begun.
        let mut open: Vec<usize> = Vec::new();
        let mut ended = false;
        for (number, item) in items.iter().enumerate() {
            if ended {
                return Err(format!("node {number} comes after the end of the tree"));
            }
            if matches!(items.get(number.wrapping_sub(1)), Some(Item::Leaf { .. }))
                && let Some(parent) = open.pop()
            {
                nodes[parent].right = u32::try_from(number)
                    .map_err(|_| format!("the tree has more than {} nodes", u32::MAX))?;
            }
            match *item {
                Item::Split { feature, threshold } => {
                    if feature as usize >= features {
                        return Err(format!(
                            "node {number} compares feature {feature}, there are {features} features"
                        ));
                    }
                    if !threshold.is_finite() {
                        return Err(format!("node {number} has the threshold {threshold}"));
                    }
                    open.push(number);
                    positives.push(0.0);
                    nodes.push(Node { threshold, value: 0.0, cover: 0.0, feature, right: 0 });
                }
                Item::Leaf { positives: hits, cover } => {
                    if !(cover.is_finite() && cover > 0.0 && (0.0..=cover).contains(&hits)) {
                        return Err(format!("leaf {number} has {hits} failures of {cover}"));
                    }
                    positives.push(hits);
                    nodes.push(Node { threshold: 0.0, value: hits / cover, cover, feature: LEAF, right: 0 });
                    ended = open.is_empty();
                }
            }
        }
        if !ended {
            return Err(format!("the tree ends after {} nodes within a branch", items.len()));
        }
        for number in (0..nodes.len()).rev() {
            if nodes[number].feature == LEAF {
                continue;
            }
            let (left, right) = (number + 1, nodes[number].right as usize);
            positives[number] = positives[left] + positives[right];
            let cover = nodes[left].cover + nodes[right].cover;
            nodes[number].cover = cover;
            nodes[number].value = positives[number] / cover;
        }
        if !nodes[0].cover.is_finite() {
            return Err("the weights of the tree are too large to add up".to_owned());
        }
        Ok(Self { nodes })
    }

    /// The nodes in preorder; the first is the root.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Numbers of the left and the right child, `None` in a leaf. `node` must be below `nodes().len()`.
    pub fn children(&self, node: usize) -> Option<(usize, usize)> {
        let right = self.nodes[node].right as usize;
        (self.nodes[node].feature != LEAF).then_some((node + 1, right))
    }

    /// Number of the child that `row` goes to, `None` in a leaf. A NaN goes right, as every comparison with it fails.
    pub(crate) fn step(&self, node: usize, row: &[f64]) -> Option<usize> {
        let here = &self.nodes[node];
        if here.feature == LEAF {
            return None;
        }
        Some(if row[here.feature as usize] <= here.threshold { node + 1 } else { here.right as usize })
    }

    /// The leaf's share of failures for a row as long as the forest has features.
    pub(crate) fn walk(&self, row: &[f64]) -> f64 {
        let mut node = 0;
        while let Some(next) = self.step(node, row) {
            node = next;
        }
        self.nodes[node].value
    }
}

/// A forest: the mean of its trees' leaf shares is the probability of failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    feature_names: Vec<String>,
    trees: Vec<Tree>,
}

impl Forest {
    /// Puts trees together that were built for `feature_names.len()` features. Error: a sentence on what is wrong.
    pub fn new(feature_names: Vec<String>, trees: Vec<Tree>) -> Result<Self, String> {
        check_names(&feature_names)?;
        if trees.is_empty() {
            return Err("there is no tree".to_owned());
        }
        let features = feature_names.len();
        let fits = |node: &Node| node.feature().is_none_or(|feature| feature < features);
        match trees.iter().position(|tree| !tree.nodes.iter().all(fits)) {
            Some(tree) => Err(format!("tree {tree} was built for more than {features} features")),
            None => Ok(Self { feature_names, trees }),
        }
    }

    /// Names of the features, in the order a row has them.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Nodes of all trees.
    pub fn node_count(&self) -> usize {
        self.trees.iter().map(|tree| tree.nodes.len()).sum()
    }

    /// Memory the forest takes, bytes.
    pub fn memory_bytes(&self) -> usize {
        let names: usize = self.feature_names.iter().map(|name| name.capacity() + size_of::<String>()).sum();
        let nodes: usize = self.trees.iter().map(|tree| tree.nodes.capacity() * size_of::<Node>()).sum();
        size_of::<Self>() + names + nodes + self.trees.capacity() * size_of::<Tree>()
    }

    /// Probability of failure, 0 to 1, of a row with the features in the forest's order. Infinite values compare as
    /// such; NaN is refused, for the trees were grown on known values only. Errors: `InvalidRow`.
    pub fn predict(&self, row: &[f64]) -> Result<f64, ForestError> {
        self.check_row(row, None)?;
        Ok(self.predict_checked(row))
    }

    /// Probabilities of many rows, row-major, the same to the last bit as [`predict`](Self::predict) one by one.
    /// Errors: `InvalidRow`, naming the row from 1.
    pub fn predict_batch(&self, rows: &[f64]) -> Result<Vec<f64>, ForestError> {
        let width = self.feature_names.len();
        if !rows.len().is_multiple_of(width) {
            return Err(self.wrong_width(rows.len() % width, Some(rows.len() / width)));
        }
        for (number, row) in rows.chunks_exact(width).enumerate() {
            self.check_row(row, Some(number))?;
        }
        let mut sums = vec![0.0; rows.len() / width];
        for (sums, rows) in sums.chunks_mut(BLOCK_ROWS).zip(rows.chunks(BLOCK_ROWS * width)) {
            for tree in &self.trees {
                for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(width)) {
                    *sum += tree.walk(row);
                }
            }
        }
        sums.iter_mut().for_each(|sum| *sum /= self.trees.len() as f64);
        Ok(sums)
    }

    /// [`predict`](Self::predict) for a row that [`check_row`](Self::check_row) has passed.
    pub(crate) fn predict_checked(&self, row: &[f64]) -> f64 {
        self.trees.iter().map(|tree| tree.walk(row)).sum::<f64>() / self.trees.len() as f64
    }

    /// A row must be as long as there are features, without NaN.
    pub(crate) fn check_row(&self, row: &[f64], number: Option<usize>) -> Result<(), ForestError> {
        if row.len() != self.feature_names.len() {
            return Err(self.wrong_width(row.len(), number));
        }
        match row.iter().position(|value| value.is_nan()) {
            Some(at) => Err(ForestError::InvalidRow {
                what: format!(
                    "{} has no value (NaN) for feature \"{}\"",
                    row_name(number),
                    self.feature_names[at]
                ),
                hint: "The model was trained on rows without missing values: give a number.".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Share of each feature in the decrease of impurity, averaged over the trees: as many values as features, which
    /// sum to 1, or are all 0 where no tree has a split (Breiman 2001; scikit-learn's `feature_importances_`).
    pub fn feature_importance(&self) -> Vec<f64> {
        let mut total = vec![0.0; self.feature_names.len()];
        for tree in &self.trees {
            let mut one = vec![0.0; total.len()];
            // Gini impurity of a node with its weight, but for a factor of two that cancels out.
            let impurity = |node: &Node| node.cover * node.value * (1.0 - node.value);
            for (number, node) in tree.nodes.iter().enumerate() {
                if let (Some(feature), Some((left, right))) = (node.feature(), tree.children(number)) {
                    one[feature] +=
                        impurity(node) - impurity(&tree.nodes[left]) - impurity(&tree.nodes[right]);
                }
            }
            let sum: f64 = one.iter().sum();
            if sum > 0.0 {
                total.iter_mut().zip(&one).for_each(|(total, one)| *total += (one / sum).max(0.0));
            }
        }
        let sum: f64 = total.iter().sum();
        if sum > 0.0 {
            total.iter_mut().for_each(|share| *share /= sum);
        }
        total
    }

    fn wrong_width(&self, found: usize, number: Option<usize>) -> ForestError {
        ForestError::InvalidRow {
            what: format!(
                "{} has {found} values, the model has {} features",
                row_name(number),
                self.feature_names.len()
            ),
            hint: format!("Give the features in this order: {}.", self.feature_names.join(", ")),
        }
    }
}

fn row_name(number: Option<usize>) -> String {
    number.map_or_else(|| "the row".to_owned(), |number| format!("row {}", number + 1))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two trees over features `a` and `b`, small enough to follow by hand.
    pub(crate) fn small() -> Forest {
        let leaf = |positives, cover| Item::Leaf { positives, cover };
        let first = [
            Item::Split { feature: 0, threshold: 1.5 },
            leaf(0.0, 6.0),
            Item::Split { feature: 1, threshold: -2.0 },
            leaf(1.0, 3.0),
            leaf(1.0, 1.0),
        ];
        let second = [
            Item::Split { feature: 1, threshold: 0.25 },
            Item::Split { feature: 0, threshold: 7.0 },
            leaf(1.0, 4.0),
            leaf(2.0, 2.0),
            leaf(0.0, 4.0),
        ];
        let trees = [&first, &second].map(|items| Tree::from_preorder(items, 2).unwrap()).to_vec();
        Forest::new(vec!["a".into(), "b".into()], trees).unwrap()
    }

    #[test]
    fn the_walk_goes_left_on_equal() {
        let forest = small();
        assert_eq!(forest.predict(&[1.5, 0.25]), Ok(0.125));
        assert_eq!(forest.predict(&[1.6, -2.0]), Ok((1.0 / 3.0 + 0.25) / 2.0));
        assert_eq!(forest.predict(&[f64::INFINITY, f64::NEG_INFINITY]), Ok((1.0 / 3.0 + 1.0) / 2.0));
        assert_eq!(forest.predict(&[9.0, 9.0]), Ok(0.5));
    }

    #[test]
    fn inner_values_are_sums_of_the_leaves() {
        let forest = small();
        let root = forest.trees()[0].nodes()[0];
        assert_eq!((root.value, root.cover), (0.2, 10.0));
        assert_eq!(forest.trees()[0].children(0), Some((1, 2)));
        assert_eq!(forest.trees()[1].children(0), Some((1, 4)));
    }

    #[test]
    fn a_batch_is_the_same_as_row_by_row() {
        let forest = small();
        let rows: Vec<f64> = (0..1_200).map(|i| f64::from(i * 7_919 % 97) / 9.0 - 5.0).collect();
        let batch = forest.predict_batch(&rows).unwrap();
        for (row, &found) in rows.chunks(2).zip(&batch) {
            assert_eq!(forest.predict(row), Ok(found));
        }
    }

    #[test]
    fn a_row_that_does_not_fit_is_named() {
        let forest = small();
        let message = |result: Result<Vec<f64>, ForestError>| result.unwrap_err().to_string();
        assert!(message(forest.predict_batch(&[1.0, 2.0, 3.0])).contains("row 2 has 1 values"));
        assert!(message(forest.predict_batch(&[1.0, 2.0, 3.0, f64::NAN])).contains("row 2 has no value"));
        assert!(forest.predict(&[1.0]).unwrap_err().to_string().contains("2 features"));
    }

    #[test]
    fn a_tree_that_is_none_is_refused() {
        let leaf = Item::Leaf { positives: 1.0, cover: 2.0 };
        let split = Item::Split { feature: 1, threshold: 0.0 };
        let refused = |items: &[Item]| Tree::from_preorder(items, 2).unwrap_err();
        assert!(refused(&[]).contains("within a branch"));
        assert!(refused(&[split, leaf]).contains("within a branch"));
        assert!(refused(&[leaf, leaf]).contains("after the end"));
        assert!(refused(&[Item::Split { feature: 2, threshold: 0.0 }]).contains("feature 2"));
        assert!(refused(&[Item::Split { feature: 0, threshold: f64::NAN }]).contains("threshold"));
        assert!(refused(&[Item::Leaf { positives: 3.0, cover: 2.0 }]).contains("3 failures"));
        assert!(refused(&[Item::Leaf { positives: 0.0, cover: 0.0 }]).contains("of 0"));
        assert!(refused(&[Item::Leaf { positives: f64::NAN, cover: 1.0 }]).contains("NaN"));
        let tree = Tree::from_preorder(&[split, leaf, leaf], 2).unwrap();
        assert!(Forest::new(vec!["only".into()], vec![tree]).is_err());
        assert!(Forest::new(vec!["only".into()], vec![]).is_err());
    }

    #[test]
    fn importance_sums_to_one() {
        let importance = small().feature_importance();
        assert!((importance.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let stump = Tree::from_preorder(&[Item::Leaf { positives: 1.0, cover: 2.0 }], 2).unwrap();
        let none = Forest::new(vec!["a".into(), "b".into()], vec![stump]).unwrap();
        assert_eq!(none.feature_importance(), [0.0, 0.0]);
    }
}
