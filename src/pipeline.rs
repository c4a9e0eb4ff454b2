//! What the pipeline's procedure (sql/extension/pipeline.sql) cannot ask in SQL.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::pg::as_owner::{AsRole, OWNER, require_one_of};
use crate::pg::transaction;
use crate::warehouse;

/// Raises unless the caller may run the pipeline, the warehouse is of this version, and no transaction block is open:
/// the pipeline commits after each step.
#[pg_extern(volatile, parallel_unsafe)]
fn check_pipeline_call() -> Result<(), ErrorReport> {
    require_one_of(&[OWNER], "run_pipeline")?;
    if transaction::in_transaction_block() {
        Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_TRANSACTION_TERMINATION,
            "run_pipeline() commits after each step and can't run inside a transaction block",
        )
        .detail(
            "psql: no BEGIN, no -1, and one statement a -c; pgAdmin and DBeaver: auto-commit on; psycopg: \
             connection.autocommit = True.",
        )
        .hint("CALL stellantis.run_pipeline();"))?;
    }
    let _owner = AsRole::owner()?;
    Ok(warehouse::check_version()?)
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::refused;

    #[pg_test]
    fn check_pipeline_call_sees_the_block() {
        refused("2D000", &["select stellantis.check_pipeline_call()"]);
        refused("42883", &["select stellantis.check_pipeline_call(1)"]);
    }
}
