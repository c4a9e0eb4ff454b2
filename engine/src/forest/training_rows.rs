//! Which rows a version was trained on, so that they are scored by their out-of-bag trees and never from memory.
//!
//! A row is known by a hash of its key and its features, so a machine whose reading changed is a new row. The bytes:
//! magic `STLR`, version u16 1, flags u16 0, varint count, then a row each 16 bytes ascending by hash: hash u64, out-of-bag
//! score f64 (NaN with the bits below: tested on; trained on by every tree), then SHA-256 of all that precedes it.

use sha2::{Digest, Sha256};

use super::error::ForestError;
use super::wire::{Kind, put_varint};

const KIND: Kind = Kind { magic: *b"STLR", version: 1, name: "list of training rows" };
const ROW_BYTES: usize = 16;
const TESTED: u64 = 0x7ff8_0000_0000_0001;
const IN_EVERY_BAG: u64 = 0x7ff8_0000_0000_0002;

/// What the training did with a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowUse {
    /// Held out: the forest has not seen it.
    Test,
    /// Trained on. The mean over the trees that did not see it, `None` where every tree did.
    Train {
        /// Out-of-bag probability, 0 to 1.
        oob: Option<f64>,
    },
}

/// The decoded list, for searching.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingRows {
    hashes: Vec<u64>,
    uses: Vec<RowUse>,
}

/// Identity of a row: the first eight bytes (little-endian) of SHA-256 over the bits of its features; -0 counts as 0.
/// A row with the same features under another key is as little unseen as the row itself.
pub fn row_identity(features: &[f64]) -> u64 {
    let mut hash = Sha256::new();
    for value in features {
        hash.update((value + 0.0).to_le_bytes());
    }
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

/// Writes the list in a form that does not depend on the order of `rows`. Of rows with one identity, a trained one wins
/// over a tested one, and out-of-bag scores are averaged.
pub fn encode(rows: &[(u64, RowUse)]) -> Vec<u8> {
    let mut sorted: Vec<(u64, u64)> = rows.iter().map(|&(hash, used)| (hash, bits(used))).collect();
    sorted.sort_unstable();
    let groups = || sorted.chunk_by(|a, b| a.0 == b.0);
    let mut out = KIND.begin();
    put_varint(&mut out, groups().count() as u64);
    for group in groups() {
        out.extend_from_slice(&group[0].0.to_le_bytes());
        out.extend_from_slice(&merged(group).to_le_bytes());
    }
    KIND.seal(out)
}

fn bits(used: RowUse) -> u64 {
    match used {
        RowUse::Test => TESTED,
        RowUse::Train { oob: None } => IN_EVERY_BAG,
        RowUse::Train { oob: Some(score) } => score.to_bits(),
    }
}

fn merged(group: &[(u64, u64)]) -> u64 {
    if let [(_, only)] = group {
        return *only;
    }
    let scores: Vec<f64> = group
        .iter()
        .filter(|(_, bits)| ![TESTED, IN_EVERY_BAG].contains(bits))
        .map(|(_, bits)| f64::from_bits(*bits))
        .collect();
    if !scores.is_empty() {
        return (scores.iter().sum::<f64>() / scores.len() as f64).to_bits();
    }
    if group.iter().any(|(_, bits)| *bits == IN_EVERY_BAG) { IN_EVERY_BAG } else { TESTED }
}

/// Reads a list. Never panics, whatever the bytes. Errors: `Corrupt`, or `Unsupported` for a newer format.
pub fn decode(bytes: &[u8]) -> Result<TrainingRows, ForestError> {
    let mut reader = KIND.open(bytes)?;
    let count = reader.count(ROW_BYTES, "rows")?;
    let mut rows = TrainingRows { hashes: Vec::with_capacity(count), uses: Vec::with_capacity(count) };
    for number in 0..count {
        let (hash, bits) = (reader.u64()?, reader.u64()?);
        if rows.hashes.last().is_some_and(|&last| last >= hash) {
            return Err(KIND.corrupt(format!("row {number} is out of order")));
        }
        let score = f64::from_bits(bits);
        rows.hashes.push(hash);
        rows.uses.push(match bits {
            TESTED => RowUse::Test,
            IN_EVERY_BAG => RowUse::Train { oob: None },
            _ if (0.0..=1.0).contains(&score) => RowUse::Train { oob: Some(score) },
            _ => return Err(KIND.corrupt(format!("row {number} has the out-of-bag score {score}"))),
        });
    }
    reader.end()?;
    Ok(rows)
}

impl TrainingRows {
    /// What the training did with the row of this identity, `None` if it was not part of it.
    pub fn lookup(&self, hash: u64) -> Option<RowUse> {
        self.hashes.binary_search(&hash).ok().map(|at| self.uses[at])
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_depends_on_all_features_in_their_order() {
        let one = row_identity(&[1.0, 2.0]);
        assert_eq!(one, row_identity(&[1.0, 2.0]));
        assert_eq!(row_identity(&[0.0]), row_identity(&[-0.0]));
        for other in [row_identity(&[1.0, 2.5]), row_identity(&[2.0, 1.0])] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn identity_is_sha256() {
        // python3: int.from_bytes(hashlib.sha256(struct.pack('<d', 1.5)).digest()[:8], 'little')
        assert_eq!(row_identity(&[1.5]), 12062733340084036577);
    }

    #[test]
    fn uses_come_back_in_any_order() {
        let rows = [
            (9, RowUse::Test),
            (3, RowUse::Train { oob: Some(0.25) }),
            (u64::MAX, RowUse::Train { oob: None }),
            (0, RowUse::Train { oob: Some(1.0) }),
        ];
        let bytes = encode(&rows);
        let mut reversed = rows;
        reversed.reverse();
        assert_eq!(encode(&reversed), bytes);
        let list = decode(&bytes).unwrap();
        assert_eq!(list.len(), 4);
        rows.iter().for_each(|&(hash, used)| assert_eq!(list.lookup(hash), Some(used)));
        assert_eq!(list.lookup(4), None);
        assert!(decode(&encode(&[])).unwrap().is_empty());
    }

    #[test]
    fn of_twins_the_trained_one_wins() {
        let rows = [
            (1, RowUse::Test),
            (1, RowUse::Train { oob: Some(0.5) }),
            (1, RowUse::Train { oob: Some(0.0) }),
            (2, RowUse::Train { oob: None }),
            (2, RowUse::Test),
        ];
        let list = decode(&encode(&rows)).unwrap();
        assert_eq!(list.lookup(1), Some(RowUse::Train { oob: Some(0.25) }));
        assert_eq!(list.lookup(2), Some(RowUse::Train { oob: None }));
    }

    #[test]
    fn changed_bytes_and_wild_rows_are_refused() {
        let bytes = encode(&[(1, RowUse::Test), (2, RowUse::Train { oob: Some(0.5) })]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            assert!(decode(&changed).is_err(), "byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "length {at}");
        }
        let sealed = |rows: &[(u64, u64)]| {
            let mut out = KIND.begin();
            put_varint(&mut out, rows.len() as u64);
            rows.iter().for_each(|(hash, bits)| {
                out.extend_from_slice(&hash.to_le_bytes());
                out.extend_from_slice(&bits.to_le_bytes());
            });
            decode(&KIND.seal(out)).unwrap_err().to_string()
        };
        assert!(sealed(&[(2, TESTED), (1, TESTED)]).contains("out of order"));
        assert!(sealed(&[(1, 2.0_f64.to_bits())]).contains("score 2"));
        assert!(sealed(&[(1, f64::NAN.to_bits() ^ 7)]).contains("score NaN"));
    }
}
