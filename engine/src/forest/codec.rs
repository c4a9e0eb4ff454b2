//! The bytes of a forest, kept in the model registry.
//!
//! | part | bytes |
//! |---|---|
//! | magic | `STLF` |
//! | format version | u16, little-endian: 1 |
//! | flags | u16: 0 |
//! | features | varint count, then each name as varint length and UTF-8 |
//! | trees | varint count, then each as varint node count and its nodes in preorder |
//! | inner node | varint feature + 1, threshold as f64 |
//! | leaf | varint 0, varint draws that failed, varint draws |
//! | checksum | SHA-256 of all bytes before it |
//!
//! Varints are LEB128 in their shortest form. Links between nodes follow from the preorder, so no bytes can make a
//! walk run in a circle or out of bounds; inner values are sums of the leaves, so no bytes can make them disagree.

use super::error::ForestError;
use super::forest::{Forest, Item, Node, Tree};
use super::wire::{Kind, Reader, put_varint};

const KIND: Kind = Kind { magic: *b"STLF", version: 1, name: "model" };

/// Largest number of draws a leaf can have, so that sums stay exact in f64.
const MAX_WEIGHT: u64 = 1 << 52;

/// Writes a forest. The same forest gives the same bytes. Error: `Unsupported` where a leaf's weights are not whole
/// numbers.
pub fn encode(forest: &Forest) -> Result<Vec<u8>, ForestError> {
    let mut out = KIND.begin();
    put_varint(&mut out, forest.feature_names().len() as u64);
    for name in forest.feature_names() {
        put_varint(&mut out, name.len() as u64);
        out.extend_from_slice(name.as_bytes());
    }
    put_varint(&mut out, forest.trees().len() as u64);
    for tree in forest.trees() {
        put_varint(&mut out, tree.nodes().len() as u64);
        for node in tree.nodes() {
            match node.feature() {
                Some(feature) => {
                    put_varint(&mut out, feature as u64 + 1);
                    out.extend_from_slice(&node.threshold.to_le_bytes());
                }
                None => {
                    let (positives, cover) = counts(node)?;
                    put_varint(&mut out, 0);
                    put_varint(&mut out, positives);
                    put_varint(&mut out, cover);
                }
            }
        }
    }
    Ok(KIND.seal(out))
}

/// Reads a forest. Never panics, whatever the bytes. Errors: `Corrupt` saying what is wrong, `Unsupported` for a newer
/// format.
pub fn decode(bytes: &[u8]) -> Result<Forest, ForestError> {
    let mut reader = KIND.open(bytes)?;
    let features = reader.count(2, "features")?;
    let mut names = Vec::with_capacity(features);
    for number in 0..features {
        let length = reader.count(1, "bytes of a feature name")?;
        let name = std::str::from_utf8(reader.bytes(length)?)
            .map_err(|_| KIND.corrupt(format!("the name of feature {number} is not UTF-8")))?;
        names.push(name.to_owned());
    }
    // The smallest tree is a count and one leaf of three bytes.
    let tree_count = reader.count(4, "trees")?;
    let mut trees = Vec::with_capacity(tree_count);
    for number in 0..tree_count {
        let tree = read_tree(&mut reader, features)?;
        trees.push(tree.map_err(|what| KIND.corrupt(format!("tree {number}: {what}")))?);
    }
    reader.end()?;
    Forest::new(names, trees).map_err(|what| KIND.corrupt(what))
}

/// The outer error is a shortage of bytes, the inner one names the node.
fn read_tree(reader: &mut Reader<'_>, features: usize) -> Result<Result<Tree, String>, ForestError> {
    let count = reader.count(3, "nodes")?;
    let mut items = Vec::with_capacity(count);
    for number in 0..count {
        let tag = reader.varint()?;
        items.push(if tag == 0 {
            let (positives, cover) = (reader.varint()?, reader.varint()?);
            if cover > MAX_WEIGHT || positives > cover {
                return Ok(Err(format!("leaf {number} has {positives} failures of {cover}")));
            }
            Item::Leaf { positives: positives as f64, cover: cover as f64 }
        } else {
            match u32::try_from(tag - 1) {
                Ok(feature) => Item::Split { feature, threshold: reader.f64()? },
                Err(_) => return Ok(Err(format!("node {number} compares feature {}", tag - 1))),
            }
        });
    }
    Ok(Tree::from_preorder(&items, features))
}

/// Failed draws and draws of a leaf; the quotient must be its value to the last bit.
fn counts(leaf: &Node) -> Result<(u64, u64), ForestError> {
    let positives = (leaf.value * leaf.cover).round();
    if leaf.cover.fract() == 0.0 && leaf.cover <= MAX_WEIGHT as f64 && positives / leaf.cover == leaf.value {
        return Ok((positives as u64, leaf.cover as u64));
    }
    Err(ForestError::Unsupported {
        what: "a forest with fractional training weights cannot be written in this format".to_owned(),
        hint: "Train without weights.".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::forest::tests::small;
    use super::*;
    use crate::error::Explain;

    fn sealed(payload: &[u8]) -> Vec<u8> {
        KIND.seal([KIND.begin(), payload.to_vec()].concat())
    }

    fn message(bytes: &[u8]) -> String {
        let error = decode(bytes).unwrap_err();
        assert_eq!(error.sqlstate(), "22P03");
        error.to_string()
    }

    #[test]
    fn a_round_trip_is_identical() {
        let bytes = encode(&small()).unwrap();
        let back = decode(&bytes).unwrap();
        assert_eq!(back, small());
        assert_eq!(encode(&back).unwrap(), bytes);
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let bytes = encode(&small()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(decode(&changed).is_err(), "byte {at}");
            assert!(decode(&bytes[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn hostile_payloads_are_named() {
        assert!(message(b"STLX").contains("too few"));
        let claims_much = [&[1, 1, b'a'][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
        assert!(message(&sealed(&claims_much)).contains("claims 4294967295 trees"));
        assert!(message(&sealed(&[1, 1, 0xff, 1, 1, 0, 0, 1])).contains("not UTF-8"));
        assert!(message(&sealed(&[1, 1, b'a', 1, 1, 0, 2, 1])).contains("2 failures of 1"));
        assert!(message(&sealed(&[1, 1, b'a', 1, 1, 0, 0, 0])).contains("of 0"));
        assert!(message(&sealed(&[1, 1, b'a', 1, 1, 0, 0, 1, 9])).contains("1 bytes follow"));
        assert!(message(&sealed(&[1, 1, b'a', 0])).contains("no tree"));
        let mut wild_feature = vec![1, 1, b'a', 1, 3, 2];
        wild_feature.extend_from_slice(&0.5_f64.to_le_bytes());
        wild_feature.extend_from_slice(&[0, 0, 1, 0, 0, 1]);
        assert!(message(&sealed(&wild_feature)).contains("tree 0: node 0 compares feature 1"));
    }

    #[test]
    fn a_newer_format_asks_for_a_newer_program() {
        let mut bytes = KIND.begin();
        bytes[4] = 2;
        let error = decode(&KIND.seal(bytes)).unwrap_err();
        assert_eq!(error.sqlstate(), "0A000");
    }
}
