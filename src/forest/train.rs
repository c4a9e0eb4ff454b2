//! Training from SQL: read the rows with the caller's rights, grow the forest on worker threads, store the version.

use std::sync::atomic::{AtomicUsize, Ordering};

use engine::forest::training_rows::{self, RowUse, row_identity};
use engine::forest::{Params, Trained, codec};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{JsonB, datum::DatumWithOid};
use serde_json::{Value, json};

use super::source::Source;
use crate::error::Error;
use crate::pg::as_owner::{AsRole, OWNER, require_one_of};
use crate::pg::jsonb::JsonText;
use crate::pg::workers;
use crate::rights::ENGINEER;
use crate::settings;
use crate::warehouse;

/// Ticks of 20 ms between two progress notices.
const TICKS_PER_NOTICE: usize = 250;

/// What is known of the model before training: ops.model's row, or nothing.
#[derive(Default)]
struct Registered {
    features: Option<Vec<String>>,
    params: Option<Value>,
}

/// Trains a new version of `model` from a table, view or query and returns its metrics. The first version of a model is
/// deployed at once; later ones by `deploy_model`. `params` take scikit-learn's names.
#[pg_extern(volatile, parallel_unsafe)]
fn train_forest(
    model: Option<&str>,
    source: Option<&str>,
    target: Option<&str>,
    features: default!(Option<Vec<Option<String>>>, "NULL"),
    params: default!(Option<JsonText>, "'{}'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(trained_model, String),
            name!(version, i32),
            name!(engine, String),
            name!(rows_trained, i64),
            name!(rows_tested, i64),
            name!(positives, i64),
            name!(threshold, f64),
            name!(f1, Option<f64>),
            name!(precision, Option<f64>),
            name!(recall, Option<f64>),
            name!(roc_auc, Option<f64>),
            name!(pr_auc, Option<f64>),
            name!(brier, Option<f64>),
            name!(oob_f1, Option<f64>),
            name!(oob_pr_auc, Option<f64>),
            name!(seconds, f64),
            name!(deployed, bool),
        ),
    >,
    ErrorReport,
> {
    require_one_of(&[OWNER, ENGINEER], "train_forest")?;
    let (model, source, target) =
        (given(model, "model")?, given(source, "source")?, given(target, "target")?);
    let features = features.map(named).transpose()?;
    let registered = look_up(model)?;
    let given_params = params.map_or_else(|| Ok(json!({})), |text| parse(&text.0, "train_forest: params"))?;
    let forest_params = merge(registered.params, given_params);
    let parsed = Params::from_json(&forest_params).map_err(Error::from)?;
    let max_bytes = settings::max_memory_bytes();

    let (features, rows) = Spi::connect(|client| {
        let source = Source::open(client, source)?;
        let features = match features.or(registered.features) {
            Some(features) => features,
            None => source.numeric_columns(&[target]),
        };
        let rows = source.read(client, None, &features, Some(target), max_bytes)?;
        Ok::<_, Error>((features, rows))
    })?;
    let set = rows.into_training_set(&features);
    let left = max_bytes.saturating_sub((set.values.len() + set.target.len()) * size_of::<f64>());

    let progress = AtomicUsize::new(0);
    let mut ticks = 0;
    let trained = workers::run(
        settings::threads(),
        |pool, stop| engine::forest::train(&set, &parsed, pool, stop, &progress, left),
        || {
            ticks += 1;
            if ticks % TICKS_PER_NOTICE == 0 {
                notice!("{model}: {} of {} trees", progress.load(Ordering::Relaxed), parsed.n_estimators);
            }
        },
    )?
    .map_err(Error::from)?;

    let identity = |row: usize| row_identity(set.row(row));
    let used: Vec<(u64, RowUse)> = trained
        .train_rows
        .iter()
        .zip(&trained.oob)
        .map(|(&row, &oob)| (identity(row), RowUse::Train { oob }))
        .chain(trained.test_rows.iter().map(|&row| (identity(row), RowUse::Test)))
        .collect();
    let positives = set.target.iter().filter(|value| **value == 1.0).count() as i64;
    let (version, deployed) = store(model, source, target, &features, &parsed, &trained, &used, positives)?;

    let test = trained.test_metrics.as_ref();
    Ok(TableIterator::once((
        model.to_owned(),
        version,
        "smartcore".to_owned(),
        trained.train_rows.len() as i64,
        trained.test_rows.len() as i64,
        positives,
        trained.threshold,
        test.and_then(|m| m.f1),
        test.and_then(|m| m.precision),
        test.and_then(|m| m.recall),
        test.and_then(|m| m.roc_auc),
        test.and_then(|m| m.pr_auc),
        test.and_then(|m| m.brier),
        trained.oob_metrics.f1,
        trained.oob_metrics.pr_auc,
        trained.seconds,
        deployed,
    )))
}

fn given<'a>(argument: Option<&'a str>, name: &str) -> Result<&'a str, Error> {
    argument.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            format!("train_forest: argument \"{name}\" is missing"),
        )
        .hint("SELECT * FROM stellantis.train_forest('maintenance', 'staging.features_maintenance', 'machine_failure');")
    })
}

/// Names of columns, at least one and none of them NULL: the model's order of features.
fn named(features: Vec<Option<String>>) -> Result<Vec<String>, Error> {
    features.into_iter().collect::<Option<Vec<String>>>().filter(|names| !names.is_empty()).ok_or_else(|| {
        Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            "train_forest: features must name at least one column, and none of them may be NULL",
        )
        .hint("Leave features out to take every numeric column of the source.")
    })
}

fn look_up(model: &str) -> Result<Registered, Error> {
    let _owner = AsRole::owner()?;
    warehouse::check_version()?;
    Spi::connect(|client| {
        let table = client
            .select("SELECT features, params::text FROM ops.model WHERE model = $1", Some(1), &[model.into()])
            .map_err(Error::spi)?;
        if table.is_empty() {
            return Ok(Registered::default());
        }
        let (features, params) = table.first().get_two::<Vec<String>, String>().map_err(Error::spi)?;
        let params = params.map(|text| parse(&text, &format!("ops.model: params of \"{model}\"")));
        Ok(Registered { features, params: params.transpose()? })
    })
}

/// JSON as a value. 22023 for numbers that no float8 holds and for deep nesting, which jsonb takes.
fn parse(text: &str, what: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} can't be read: {error}"))
            .hint("Give one flat object such as '{\"n_estimators\": 200, \"threshold\": 0.5}'.")
    })
}

/// The model's own parameters with those of the call on top.
fn merge(registered: Option<Value>, given: Value) -> Value {
    match (registered, given) {
        (Some(Value::Object(mut base)), Value::Object(top)) => {
            base.extend(top);
            Value::Object(base)
        }
        (_, given) => given,
    }
}

/// Stores the version as the owner, and deploys it if the model has none deployed.
#[allow(clippy::too_many_arguments, reason = "the columns of one row")]
fn store(
    model: &str,
    source: &str,
    target: &str,
    features: &[String],
    params: &Params,
    trained: &Trained,
    used: &[(u64, RowUse)],
    positives: i64,
) -> Result<(i32, bool), Error> {
    let forest = codec::encode(&trained.forest)?;
    let training_rows = training_rows::encode(used);
    let test = trained.test_metrics.as_ref();
    let measured = test.unwrap_or(&trained.oob_metrics);
    let values: Vec<DatumWithOid<'_>> = vec![
        model.into(),
        source.into(),
        target.into(),
        features.to_vec().into(),
        JsonB(params.to_json()).into(),
        (params.random_state as i64).into(),
        (trained.train_rows.len() as i64).into(),
        (trained.test_rows.len() as i64).into(),
        positives.into(),
        trained.threshold.into(),
        test.and_then(|m| m.accuracy).into(),
        test.and_then(|m| m.precision).into(),
        test.and_then(|m| m.recall).into(),
        test.and_then(|m| m.f1).into(),
        test.and_then(|m| m.mcc).into(),
        test.and_then(|m| m.roc_auc).into(),
        test.and_then(|m| m.pr_auc).into(),
        test.and_then(|m| m.log_loss).into(),
        test.and_then(|m| m.brier).into(),
        trained.oob_metrics.f1.into(),
        trained.oob_metrics.pr_auc.into(),
        trained.oob_metrics.brier.into(),
        (measured.true_positives as i64).into(),
        (measured.false_positives as i64).into(),
        (measured.true_negatives as i64).into(),
        (measured.false_negatives as i64).into(),
        trained.feature_importance.clone().into(),
        trained.seconds.into(),
        forest.into(),
        training_rows.into(),
    ];
    let owner = AsRole::owner()?;
    Spi::connect_mut(|client| {
        let table = client
            .update(
                "SELECT version, deployed FROM stellantis.store_model_version($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                     $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)",
                Some(1),
                &values,
            )
            .map_err(Error::spi)?;
        let (version, deployed) = table.first().get_two::<i32, bool>().map_err(Error::spi)?;
        owner.fire_deferred(client)?;
        Ok((version.unwrap_or_default(), deployed.unwrap_or_default()))
    })
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::{holds, refused, warehouse};

    #[pg_test]
    fn train_forest_of_nothing_empty_and_wrong() {
        refused("55000", &["select * from stellantis.train_forest('m', 'select 1 as a, true as b', 'b')"]);
        warehouse();
        Spi::run("create temporary table press as select n::float8 as heat, n % 7 as load, n > 60 as failed, 'x' as note, null::float8 as gap from generate_series(1, 100) n").unwrap();
        refused(
            "22004",
            &[
                "select * from stellantis.train_forest(null, 'press', 'failed')",
                "select * from stellantis.train_forest('m', ' ', 'failed')",
                "select * from stellantis.train_forest('m', 'press', null)",
                "select * from stellantis.train_forest('m', 'press', 'failed', '{gap}')",
            ],
        );
        refused(
            "22023",
            &[
                "select * from stellantis.train_forest('m', 'press', 'failed', '{}')",
                "select * from stellantis.train_forest('m', 'press', 'failed', '{heat,null}')",
                "select * from stellantis.train_forest('m', 'press', 'failed', '{heat}', '[]')",
                "select * from stellantis.train_forest('m', 'press', 'failed', '{heat}', '{\"n_trees\": 1}')",
                "select * from stellantis.train_forest('m', 'press', 'failed', '{heat}', '{\"threshold\": 1e400}')",
                "select * from stellantis.train_forest('m', 'press', 'failed', '{heat}', (repeat('[', 200) || repeat(']', 200))::jsonb)",
                "select * from stellantis.train_forest('m', 'select * from press where false', 'failed', '{heat}')",
            ],
        );
        refused("42804", &["select * from stellantis.train_forest('m', 'press', 'failed', '{note}')"]);
        refused("42P01", &["select * from stellantis.train_forest('m', 'nowhere', 'failed')"]);
        refused("42883", &["select * from stellantis.train_forest(1, 2, 3)"]);
        holds(&[
            "(select version = 1 and deployed from stellantis.train_forest('m', 'press', 'failed', '{heat,load}', null))",
        ]);
    }
}
