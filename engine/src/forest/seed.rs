//! Seeds and random order that depend on nothing but the caller's seed: no library version, no thread.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood 2014).

/// What a derived seed is used for; different uses of one `random_state` must not share a stream.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    Split = 1,
    Tree = 2,
}

/// A seed for the `index`-th thing of one use.
pub(crate) fn derive(random_state: u64, purpose: Use, index: u64) -> u64 {
    mix(mix(random_state ^ mix(purpose as u64)).wrapping_add(index))
}

/// Puts `items` in a random order (Fisher and Yates) that is a function of the seed.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed;
    for last in (1..items.len()).rev() {
        state = state.wrapping_add(GAMMA);
        // The high half of the product is uniform on 0..=last up to a bias of 2^-64 a step.
        let pick = ((u128::from(mix(state)) * (last as u128 + 1)) >> 64) as usize;
        items.swap(last, pick);
    }
}

const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(GAMMA);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation_and_repeats() {
        let mut first: Vec<usize> = (0..100).collect();
        let mut second = first.clone();
        shuffle(&mut first, 7);
        shuffle(&mut second, 7);
        assert_eq!(first, second);
        shuffle(&mut second, 8);
        assert_ne!(first, second);
        first.sort_unstable();
        assert!(first.iter().enumerate().all(|(i, &v)| i == v));
    }

    #[test]
    fn every_place_is_equally_likely() {
        let mut counts = [[0_u32; 5]; 5];
        for seed in 0..50_000 {
            let mut items = [0, 1, 2, 3, 4];
            shuffle(&mut items, derive(seed, Use::Split, 0));
            items.iter().enumerate().for_each(|(place, &item)| counts[place][item] += 1);
        }
        assert!(counts.iter().flatten().all(|&c| (9_600..10_400).contains(&c)), "{counts:?}");
    }

    #[test]
    fn uses_and_indexes_have_their_own_seeds() {
        let mut seeds: Vec<u64> = (0..1_000)
            .flat_map(|i| [derive(42, Use::Tree, i), derive(42, Use::Split, i), derive(43, Use::Tree, i)])
            .collect();
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 3_000);
    }
}
