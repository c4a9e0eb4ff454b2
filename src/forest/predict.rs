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
use crate::pg::cache::CallSite;
use crate::pg::transaction::check_for_interrupts;
use crate::pg::{array, record};
use crate::rights::READERS;
use crate::settings;

/// Rows that are scored between two looks for a cancel.
const BLOCK_ROWS: usize = 256;

/// The deployed version of a model, for a caller who may predict.
fn model_of(name: &str, site: &CallSite<'_>) -> Result<Rc<Model>, Error> {
    site.keep(name, || {
        require_one_of(READERS, "predict")?;
        registry::deployed(name)
    })
}

/// Probability of failure, 0 to 1, of features given in the order of `model_metrics(model)`'s feature list.
#[pg_extern(stable, parallel_safe, strict)]
fn predict(model: &str, features: Array<'_, f64>, site: CallSite<'_>) -> Result<f64, ErrorReport> {
    let model = model_of(model, &site)?;
    let row = numbers(features, &model)?;
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
fn predict_row(model: &str, row: AnyElement, site: CallSite<'_>) -> Result<f64, ErrorReport> {
    let model = model_of(model, &site)?;
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
    let row = numbers(features, &model)?;
    let parts = explain::explain(&model.forest, &row).map_err(Error::from)?;
    let mut rows = vec![("(base)".to_owned(), None, parts.base)];
    for ((name, value), part) in model.forest.feature_names().iter().zip(&row).zip(parts.contributions) {
        rows.push((name.clone(), Some(*value), part));
    }
    Ok(TableIterator::new(rows))
}

/// Scores every row of a table, view or query with the model's deployed version. A row the version was trained on is
/// scored by the trees that did not see it (`score_basis` 'oob').
#[pg_extern(stable, parallel_unsafe, strict)]
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
    let width = forest.feature_names().len();
    let mut out = Vec::new();
    out.try_reserve_exact(rows.keys.len()).map_err(|_| {
        Error::new(
            PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
            format!("could not hold {} scores", rows.keys.len()),
        )
    })?;
    let mut keys = rows.keys.into_iter();
    for block in rows.values.chunks(BLOCK_ROWS * width) {
        check_for_interrupts();
        let unseen = forest.predict_batch(block).map_err(|error| {
            // The engine counts the rows of the block; the user knows them by their keys.
            let refused = |(row, key)| forest.predict(row).err().map(|error| (error, key));
            match block.chunks_exact(width).zip(keys.as_slice()).find_map(refused) {
                Some((error, key)) => Error::from(error).detail(format!("The row has the key \"{key}\".")),
                None => Error::from(error),
            }
        })?;
        // The keys come last: a zip takes from its first part before it sees that the second has ended.
        for ((values, unseen), row_key) in block.chunks_exact(width).zip(unseen).zip(keys.by_ref()) {
            let (probability, basis) = match seen.lookup(row_identity(values)) {
                Some(RowUse::Train { oob: Some(oob) }) => (oob, "oob"),
                // Every tree saw the row: what is left is the rate of failures in training, not a memory of its label.
                Some(RowUse::Train { oob: None }) => {
                    (explain::explain(forest, values).map_err(Error::from)?.base, "oob")
                }
                Some(RowUse::Test) | None => (unseen, "unseen"),
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
    }
    Ok(TableIterator::new(out))
}

/// The array's numbers, as many as the model has features and none of them NULL.
fn numbers(features: Array<'_, f64>, model: &Model) -> Result<Vec<f64>, Error> {
    let names = model.forest.feature_names();
    let expected = || format!("Give {} numbers: {}.", names.len(), names.join(", "));
    if features.len() != names.len() {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_ARRAY_ELEMENT_ERROR,
            format!("the model takes {} features, the array has {}", names.len(), features.len()),
        )
        .hint(expected()));
    }
    let values: Vec<Option<f64>> = features.iter().collect();
    let dimensions = array::dimensions(features);
    if dimensions > 1 {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_ARRAY_ELEMENT_ERROR,
            format!("the features are an array of {dimensions} dimensions"),
        )
        .hint(expected()));
    }
    values
        .into_iter()
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

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::{holds, null, refused, warehouse};

    fn trained() {
        warehouse();
        Spi::run("create temporary table press as select n::float8 as heat, n % 7 as load, n > 60 as failed, 'x' as note, null::float8 as gap from generate_series(1, 100) n").unwrap();
        Spi::run(
            "select stellantis.train_forest('m', 'press', 'failed', '{heat,load}', '{\"n_estimators\": 5}')",
        )
        .unwrap();
    }

    #[pg_test]
    fn predict_of_nothing_empty_and_wrong() {
        trained();
        null(&["stellantis.predict(null, '{1,2}'::float8[])", "stellantis.predict('m', null::float8[])"]);
        refused("42704", &["select stellantis.predict('', '{1,2}'::float8[])"]);
        refused(
            "2202E",
            &[
                "select stellantis.predict('m', '{}'::float8[])",
                "select stellantis.predict('m', '{1}'::float8[])",
                "select stellantis.predict('m', '{{1},{2}}'::float8[])",
            ],
        );
        refused("22004", &["select stellantis.predict('m', '{1,null}'::float8[])"]);
        refused("42883", &["select stellantis.predict('m', 1)"]);
        holds(&[
            "stellantis.predict('m', array[90, 3]) > 0.5",
            "stellantis.predict('m', array[10, 3]) < 0.5",
        ]);
    }

    #[pg_test]
    fn predict_row_of_nothing_empty_and_wrong() {
        trained();
        null(&["stellantis.predict(null, row(1, 2))", "stellantis.predict('m', null::record)"]);
        refused(
            "42703",
            &[
                "select stellantis.predict('m', row(1, 2))",
                "select stellantis.predict('m', r) from (select 1 as heat) r",
            ],
        );
        refused(
            "22004",
            &["select stellantis.predict('m', r) from (select 1 as heat, null::integer as load) r"],
        );
        refused("42804", &["select stellantis.predict('m', r) from (select 1 as heat, 'a'::text as load) r"]);
        holds(&[
            "(select bool_and(stellantis.predict('m', p) = stellantis.predict('m', array[p.heat, p.load])) from press p)",
        ]);
    }

    #[pg_test]
    fn explain_of_nothing_empty_and_wrong() {
        trained();
        holds(&[
            "not exists (select from stellantis.explain(null, '{1,2}'))",
            "not exists (select from stellantis.explain('m', null))",
            "(select abs(sum(contribution) - stellantis.predict('m', array[90, 3])) < 1e-12 from stellantis.explain('m', '{90,3}'))",
        ]);
        refused("42704", &["select * from stellantis.explain('', '{1,2}')"]);
        refused("2202E", &["select * from stellantis.explain('m', '{}')"]);
        refused("22004", &["select * from stellantis.explain('m', '{1,null}')"]);
        refused("42883", &["select * from stellantis.explain('m', 1)"]);
    }

    #[pg_test]
    fn predict_batch_of_nothing_empty_and_wrong() {
        trained();
        holds(&[
            "not exists (select from stellantis.predict_batch(null, 'press', 'heat'))",
            "not exists (select from stellantis.predict_batch('m', 'select * from press where false', 'heat'))",
            "(select count(*) = 100 from stellantis.predict_batch('m', 'press', 'heat'))",
        ]);
        refused("42704", &["select * from stellantis.predict_batch('', 'press', 'heat')"]);
        refused("42P01", &["select * from stellantis.predict_batch('m', '', 'heat')"]);
        refused(
            "22004",
            &[
                "select * from stellantis.predict_batch('m', 'select 1 as k, 1 as heat, null::integer as load', 'k')",
            ],
        );
        refused(
            "42804",
            &[
                "select * from stellantis.predict_batch('m', 'select 1 as k, 1 as heat, ''a''::text as load', 'k')",
            ],
        );
        refused("42883", &["select * from stellantis.predict_batch('m', 1, 2)"]);
    }
}
