//! Prediction and explanation in SQL.

use std::rc::Rc;

use engine::forest::explain;
use engine::forest::training_rows::{RowUse, row_identity};
use pgrx::AnyElement;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::registry::{self, Model};
use super::source::Source;
use crate::error::Error;
use crate::pg::as_owner::require_one_of;
use crate::pg::dispatch::READERS;
use crate::pg::transaction::check_for_interrupts;
use crate::pg::{cache, record};
use crate::settings;

/// The model a call site uses, looked up once a statement.
struct CallSite {
    name: String,
    model: Rc<Model>,
}

fn model_of<'a>(name: &str, fcinfo: pg_sys::FunctionCallInfo) -> Result<&'a Model, Error> {
    let site = cache::per_call_site(
        fcinfo,
        |site: &CallSite| site.name == name,
        || {
            require_one_of(READERS, "predict")?;
            Ok::<_, Error>(CallSite { name: name.to_owned(), model: registry::deployed(name)? })
        },
    )?;
    Ok(&site.model)
}

/// Probability of failure, 0 to 1, of features given in the order of `model_metrics(model)`'s feature list.
#[pg_extern(stable, parallel_safe, strict)]
fn predict(
    model: &str,
    features: Array<'_, f64>,
    fcinfo: pg_sys::FunctionCallInfo,
) -> Result<f64, ErrorReport> {
    let model = model_of(model, fcinfo)?;
    let row = numbers(&features, model)?;
    Ok(model.forest.predict(&row).map_err(Error::from)?)
}

/// Probability of failure, 0 to 1, of a row that has the features among its columns.
#[pg_extern(
    stable,
    parallel_safe,
    strict,
    sql = "
CREATE FUNCTION stellantis.\"predict\"(model text, \"row\" record) RETURNS float8
    STRICT STABLE PARALLEL SAFE LANGUAGE c
    AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"
)]
fn predict_row(model: &str, row: AnyElement, fcinfo: pg_sys::FunctionCallInfo) -> Result<f64, ErrorReport> {
    let model = model_of(model, fcinfo)?;
    let row = record::numbers(&row, model.forest.feature_names())?;
    Ok(model.forest.predict(&row).map_err(Error::from)?)
}

/// Why the features have their probability: `(base)` first, then what each feature added; the contributions sum to
/// `predict`.
#[pg_extern(stable, parallel_safe, strict)]
fn explain(
    model: &str,
    features: Array<'_, f64>,
) -> Result<
    TableIterator<'static, (name!(feature, String), name!(value, Option<f64>), name!(contribution, f64))>,
    ErrorReport,
> {
    require_one_of(READERS, "explain")?;
    let model = registry::deployed(model)?;
    let row = numbers(&features, &model)?;
    let parts = explain::explain(&model.forest, &row).map_err(Error::from)?;
    let mut rows = vec![("(base)".to_owned(), None, parts.base)];
    for ((name, value), part) in model.forest.feature_names().iter().zip(&row).zip(parts.contributions) {
        rows.push((name.clone(), Some(*value), part));
    }
    Ok(TableIterator::new(rows))
}

/// Scores every row of a table, view or query with the model's deployed version. A row the version was trained on is
/// scored by the trees that did not see it (`score_basis` 'oob').
#[pg_extern(stable, parallel_restricted, strict)]
fn predict_batch(
    model: &str,
    source: &str,
    key: &str,
) -> Result<
    TableIterator<
        'static,
        (
            name!(row_key, String),
            name!(failure_probability, f64),
            name!(predicted_failure, bool),
            name!(health_score, f64),
            name!(top_reason_1, Option<String>),
            name!(top_reason_2, Option<String>),
            name!(top_reason_3, Option<String>),
            name!(score_basis, String),
            name!(threshold, f64),
            name!(model_version, i32),
        ),
    >,
    ErrorReport,
> {
    require_one_of(READERS, "predict_batch")?;
    let decoded = registry::deployed(model)?;
    let forest = &decoded.forest;
    let rows = Spi::connect(|client| {
        Source::open(client, source)?.read(
            client,
            Some(key),
            forest.feature_names(),
            None,
            settings::max_memory_bytes(),
        )
    })?;
    let seen = registry::training_rows(model, decoded.version)?;
    let probabilities = forest.predict_batch(&rows.values).map_err(Error::from)?;
    let width = forest.feature_names().len();
    let mut out = Vec::new();
    out.try_reserve_exact(rows.keys.len()).map_err(|_| {
        Error::new(
            PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
            format!("could not hold {} scores", rows.keys.len()),
        )
    })?;
    for (at, (row_key, values)) in rows.keys.into_iter().zip(rows.values.chunks_exact(width)).enumerate() {
        if at % 256 == 0 {
            check_for_interrupts();
        }
        let (probability, basis) = match seen.lookup(row_identity(values)) {
            Some(RowUse::Train { oob: Some(oob) }) => (oob, "oob"),
            // Every tree saw the row: what is left is the rate of failures in training, not a memory of its label.
            Some(RowUse::Train { oob: None }) => {
                (explain::explain(forest, values).map_err(Error::from)?.base, "oob")
            }
            Some(RowUse::Test) | None => (probabilities[at], "unseen"),
        };
        let mut reasons = explain::top_reasons(forest, values, 3)
            .map_err(Error::from)?
            .into_iter()
            .map(|reason| reason.to_string());
        out.push((
            row_key,
            probability,
            probability >= decoded.threshold,
            100.0 * (1.0 - probability),
            reasons.next(),
            reasons.next(),
            reasons.next(),
            basis.to_owned(),
            decoded.threshold,
            decoded.version,
        ));
    }
    Ok(TableIterator::new(out))
}

/// The array's numbers, as many as the model has features and none of them NULL.
fn numbers(features: &Array<'_, f64>, model: &Model) -> Result<Vec<f64>, Error> {
    let names = model.forest.feature_names();
    let expected = || format!("Give {} numbers: {}.", names.len(), names.join(", "));
    if features.len() != names.len() {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_ARRAY_ELEMENT_ERROR,
            format!("the model takes {} features, the array has {}", names.len(), features.len()),
        )
        .hint(expected()));
    }
    features
        .iter()
        .zip(names)
        .map(|(value, name)| {
            value.ok_or_else(|| {
                Error::new(
                    PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
                    format!("feature \"{name}\" is NULL"),
                )
                .hint(expected())
            })
        })
        .collect()
}
