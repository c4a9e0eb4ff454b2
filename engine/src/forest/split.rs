//! A stratified hold-out: both parts have the classes in the proportion of the whole.

use super::error::ForestError;
use super::seed::{Use, derive, shuffle};

/// Row numbers (from 0, ascending) of the two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows held out.
    pub test: Vec<usize>,
}

/// Splits rows with a 0/1 target. `n_test = ceil(test_size * n)`; the training part takes of each class its share
/// rounded down, and the row that may be left over goes to the class with the larger remainder (to the failures
/// where both are equal), which are the proportions of scikit-learn's `StratifiedShuffleSplit`. The same target,
/// size and seed give the same rows. `test_size` 0 trains on every row.
///
/// Errors: `InvalidData` where a part would lack a class.
pub fn stratified_split(target: &[f64], test_size: f64, random_state: u64) -> Result<Split, ForestError> {
    let rows = target.len();
    if test_size == 0.0 {
        return Ok(Split { train: (0..rows).collect(), test: Vec::new() });
    }
    let n_test = ((test_size * rows as f64).ceil() as usize).min(rows);
    let n_train = rows - n_test;
    let mut classes: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    for (row, &value) in target.iter().enumerate() {
        classes[usize::from(value == 1.0)].push(row);
    }
    let positives = classes[1].len();
    // Integers, so that no rounding decides: the share of the class is positives * n_train / rows.
    let product = positives as u128 * n_train as u128;
    let (whole, remainder) = ((product / rows.max(1) as u128) as usize, product % rows.max(1) as u128);
    let train_positives = whole + usize::from(remainder * 2 >= rows as u128 && remainder > 0);
    let in_train = [n_train.saturating_sub(train_positives), train_positives];

    let mut split = Split { train: Vec::with_capacity(n_train), test: Vec::with_capacity(n_test) };
    for (class, rows_of_class) in classes.iter_mut().enumerate() {
        let take = in_train[class];
        if take == 0 || take >= rows_of_class.len() {
            return Err(ForestError::InvalidData {
                what: format!(
                    "test_size {test_size} leaves the training or the test part without rows of class {class} \
                     ({} rows, {} of that class)",
                    rows,
                    rows_of_class.len()
                ),
                hint: "Use params '{\"test_size\": 0}' to train on every row, or more data.".to_owned(),
            });
        }
        shuffle(rows_of_class, derive(random_state, Use::Split, class as u64));
        split.train.extend_from_slice(&rows_of_class[..take]);
        split.test.extend_from_slice(&rows_of_class[take..]);
    }
    split.train.sort_unstable();
    split.test.sort_unstable();
    Ok(split)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(rows: usize, positives: usize) -> Vec<f64> {
        (0..rows).map(|row| f64::from(u8::from(row < positives))).collect()
    }

    #[test]
    fn proportions_are_those_of_scikit_learn() {
        // (rows, positives, test_size) -> test rows, test positives; scikit-learn 1.9.1,
        // next(StratifiedShuffleSplit(1, test_size=.., random_state=0).split(y, y)), cases without a tie.
        for (rows, positives, size, n_test, test_positives) in [
            (10_000, 339, 0.2, 2_000, 68),
            (1_567, 104, 0.25, 392, 26),
            (101, 13, 0.3, 31, 4),
            (50, 7, 0.2, 10, 1),
            (11, 4, 0.33, 4, 1),
        ] {
            let target = target(rows, positives);
            let split = stratified_split(&target, size, 0).unwrap();
            let found = split.test.iter().filter(|&&row| target[row] == 1.0).count();
            assert_eq!((split.test.len(), found), (n_test, test_positives), "{rows} {positives} {size}");
        }
    }

    #[test]
    fn parts_are_disjoint_complete_and_repeatable() {
        let target = target(1_000, 77);
        let split = stratified_split(&target, 0.2, 42).unwrap();
        assert_eq!(split, stratified_split(&target, 0.2, 42).unwrap());
        assert_ne!(split, stratified_split(&target, 0.2, 43).unwrap());
        let mut all = [split.train, split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn zero_trains_on_everything() {
        let split = stratified_split(&target(10, 3), 0.0, 1).unwrap();
        assert_eq!((split.train.len(), split.test.len()), (10, 0));
    }

    #[test]
    fn a_part_without_a_class_is_refused() {
        assert!(stratified_split(&target(10, 1), 0.2, 1).is_err());
        assert!(stratified_split(&target(2, 1), 0.5, 1).is_err());
        assert!(stratified_split(&target(10, 5), 0.99, 1).is_err());
    }
}
