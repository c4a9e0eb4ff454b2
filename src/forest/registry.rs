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

/// Decoded forests kept in a session; the oldest goes first.
const KEPT_MODELS: usize = 4;

thread_local! {
    static DECODED: RefCell<Vec<(String, i32, String, Rc<Model>)>> = const { RefCell::new(Vec::new()) };
}

/// The deployed version of `model`, as this statement's snapshot sees it.
pub fn deployed(model: &str) -> Result<Rc<Model>, Error> {
    let _owner = AsRole::owner()?;
    warehouse::check_version()?;
    let deployed = look_up(model)?;
    let cached = DECODED.with_borrow(|kept| {
        kept.iter()
            .find(|(name, version, identity, _)| {
                name == model && *version == deployed.version && *identity == deployed.identity
            })
            .map(|(.., decoded)| decoded.clone())
    });
    if let Some(decoded) = cached {
        return Ok(decoded);
    }
    let bytes = stored_bytes(model, deployed.version, "forest")?;
    let decoded = Rc::new(Model {
        version: deployed.version,
        threshold: deployed.threshold,
        forest: codec::decode(&bytes)?,
    });
    DECODED.with_borrow_mut(|kept| {
        kept.retain(|(name, ..)| name != model);
        if kept.len() == KEPT_MODELS {
            kept.remove(0);
        }
        kept.push((model.to_owned(), deployed.version, deployed.identity, decoded.clone()));
    });
    Ok(decoded)
}

/// What the training of a version did with each of its rows.
pub fn training_rows(model: &str, version: i32) -> Result<TrainingRows, Error> {
    let _owner = AsRole::owner()?;
    Ok(training_rows::decode(&stored_bytes(model, version, "training_rows")?)?)
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

fn stored_bytes(model: &str, version: i32, column: &str) -> Result<Vec<u8>, Error> {
    let query = format!("SELECT {column} FROM ops.model_version WHERE model = $1 AND version = $2::integer");
    lookup::first(&query, &[model, &version.to_string()], |row| row.get::<Vec<u8>>(1))?.flatten().ok_or_else(
        || {
            Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
                format!("model \"{model}\" has no version {version}"),
            )
            .hint(format!("SELECT * FROM stellantis.model_metrics({});", quote_literal(model)))
        },
    )
}
