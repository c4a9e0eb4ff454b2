//! Model versions: stored by the owner, looked up and decoded once a statement, kept decoded in the session.

use std::cell::RefCell;
use std::rc::Rc;

use engine::forest::training_rows::TrainingRows;
use engine::forest::{Forest, codec, training_rows};
use pgrx::prelude::*;

use crate::error::Error;
use crate::pg::as_owner::AsRole;
use crate::pg::ident::quote_literal;
use crate::pg::lookup;
use crate::settings;
use crate::warehouse;

/// A decoded version of a model.
pub struct Model {
    pub version: i32,
    pub threshold: f64,
    pub forest: Forest,
}

/// Which version a model predicts with.
struct Deployed {
    version: i32,
    threshold: f64,
    /// Changes whenever the stored bytes do, also where a warehouse was dropped and made again.
    identity: String,
}

/// A row of ops.model that has a version to predict with, or what to train one from.
enum Found {
    Deployed(Deployed),
    Untrained { source: String, target: String },
}

/// Bytes that decoding takes for each stored byte: a leaf of three bytes becomes a node of 32, with 32 more while its tree
/// is built.
const FOREST_GROWTH: usize = 20;
/// The same for a list of training rows, whose 16 bytes become 32, beside the stored ones.
const ROWS_GROWTH: usize = 4;

/// A decoded version, kept in the session.
struct Kept {
    name: String,
    identity: String,
    model: Rc<Model>,
}

thread_local! {
    /// The oldest comes first, and goes first.
    static DECODED: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// The deployed version of `model`, as this statement's snapshot sees it.
pub fn deployed(model: &str) -> Result<Rc<Model>, Error> {
    let _owner = AsRole::owner()?;
    warehouse::check_version()?;
    let deployed = look_up(model)?;
    let kept = DECODED.with_borrow(|all| {
        let found = all.iter().find(|kept| {
            kept.name == model && kept.model.version == deployed.version && kept.identity == deployed.identity
        });
        found.map(|kept| kept.model.clone())
    });
    if let Some(decoded) = kept {
        return Ok(decoded);
    }
    let bytes = stored_bytes(model, deployed.version, "forest", FOREST_GROWTH)?;
    let decoded = Rc::new(Model {
        version: deployed.version,
        threshold: deployed.threshold,
        forest: codec::decode(&bytes)?,
    });
    keep(Kept { name: model.to_owned(), identity: deployed.identity, model: decoded.clone() });
    Ok(decoded)
}

/// Keeps a model; as many of the oldest go as the kept ones take more than a quarter of `stellantis.max_memory`.
fn keep(new: Kept) {
    DECODED.with_borrow_mut(|all| {
        all.retain(|kept| kept.name != new.name);
        all.push(new);
        let mut bytes: usize = all.iter().map(|kept| kept.model.forest.memory_bytes()).sum();
        while bytes > settings::max_memory_bytes() / 4 {
            bytes -= all.remove(0).model.forest.memory_bytes();
        }
    });
}

/// What the training of a version did with each of its rows.
pub fn training_rows(model: &str, version: i32) -> Result<TrainingRows, Error> {
    let _owner = AsRole::owner()?;
    Ok(training_rows::decode(&stored_bytes(model, version, "training_rows", ROWS_GROWTH)?)?)
}

fn look_up(model: &str) -> Result<Deployed, Error> {
    let query = "SELECT v.version, v.threshold, v.xmin::text || ' ' || v.trained_at::text, m.source, m.target
         FROM ops.model m LEFT JOIN ops.model_version v ON v.model = m.model AND v.version = m.deployed_version
         WHERE m.model = $1";
    let found = lookup::first(query, &[model], |row| match (row.get(1), row.get(2), row.get(3)) {
        (Some(version), Some(threshold), Some(identity)) => {
            Found::Deployed(Deployed { version, threshold, identity })
        }
        _ => Found::Untrained {
            source: row.get(4).unwrap_or_default(),
            target: row.get(5).unwrap_or_default(),
        },
    })?;
    match found {
        Some(Found::Deployed(deployed)) => Ok(deployed),
        Some(Found::Untrained { source, target }) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("model \"{model}\" has no deployed version"),
        )
        .hint(format!(
            "SELECT * FROM stellantis.train_forest({}, {}, {});",
            quote_literal(model),
            quote_literal(source),
            quote_literal(target)
        ))),
        None => Err(Error::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("there is no model \"{model}\""),
        )
        .hint("SELECT model, description, deployed_version FROM ops.model;")),
    }
}

/// A stored artefact that decodes within `stellantis.max_memory` where each byte becomes `growth` at most; else 53200.
fn stored_bytes(model: &str, version: i32, column: &str, growth: usize) -> Result<Vec<u8>, Error> {
    let from = "FROM ops.model_version WHERE model = $1 AND version = $2::integer";
    let arguments = [model, &version.to_string()];
    let length =
        lookup::first(&format!("SELECT octet_length({column}) {from}"), &arguments, |row| row.get::<i32>(1))?;
    let needed = length.flatten().map_or(0, |length| length as usize * growth);
    if needed > settings::max_memory_bytes() {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
            format!(
                "reading {column} of model \"{model}\", version {version}, may take {needed} bytes, more than \
                 stellantis.max_memory"
            ),
        )
        .hint(settings::raise_memory_hint(needed)));
    }
    let bytes = lookup::first(&format!("SELECT {column} {from}"), &arguments, |row| row.get::<Vec<u8>>(1))?;
    bytes.flatten().ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("model \"{model}\" has no version {version}"),
        )
        .hint(format!("SELECT * FROM stellantis.model_metrics({});", quote_literal(model)))
    })
}
