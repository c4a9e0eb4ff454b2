//! Makes and checks the warehouse: ordinary schemas and tables, owned by our roles, members of no extension.
//!
//! Migrations run once each and are recorded with a checksum; the repeatable part (comments, views, grants, policies)
//! is applied every time. All in one transaction, and a second call changes nothing.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::pg::as_owner::{self, AsRole, MARTS};
use crate::pg::ident::{quote_identifier, quote_literal};
use crate::pg::lookup;

/// Version of the library; `create_warehouse()` writes it into the comment of schema `ops`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

const SCHEMAS: [&str; 4] = ["staging", "warehouse", "marts", "ops"];

/// A file of sql/warehouse: its name and its text, whose first line says as whom it runs.
struct Script {
    name: &'static str,
    sql: &'static str,
}

macro_rules! scripts {
    ($($name:literal),* $(,)?) => {
        &[$(Script { name: $name, sql: include_str!(concat!("../sql/warehouse/", $name)) }),*]
    };
}

const ROLES: Script =
    Script { name: "0000_roles_schemas.sql", sql: include_str!("../sql/warehouse/0000_roles_schemas.sql") };

const MIGRATIONS: &[Script] = scripts![
    "0001_operations.sql",
    "0002_staging.sql",
    "0003_star.sql",
    "0004_seeds.sql",
    "0005_quality_rules.sql",
    "0006_data_tests.sql",
    "0007_features.sql",
    "0008_row_times.sql",
];

const REPEATABLE: &[Script] = scripts![
    "repeatable/10_comments_operations.sql",
    "repeatable/11_comments_staging.sql",
    "repeatable/12_comments_star.sql",
    "repeatable/20_marts_star.sql",
    "repeatable/21_marts_production.sql",
    "repeatable/22_marts_maintenance_quality.sql",
    "repeatable/23_marts_money.sql",
    "repeatable/24_marts_comments.sql",
    "repeatable/30_security.sql",
    "repeatable/35_library_rights.sql",
    "repeatable/40_calendar.sql",
];

impl Script {
    fn number(&self) -> i32 {
        self.name.get(..4).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    fn checksum(&self) -> String {
        Sha256::digest(self.sql).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Runs the script as its first line asks: `-- run as: superuser`, `owner` or `marts`.
    fn run(&self, client: &mut SpiClient<'_>) -> Result<(), Error> {
        let first = self.sql.lines().next().unwrap_or_default();
        let role = match first.strip_prefix("-- run as: ").map(str::trim) {
            Some("superuser") => None,
            Some("owner") => Some(AsRole::owner()?),
            Some("marts") => Some(AsRole::enter(MARTS)?),
            _ => {
                return Err(Error::new(
                    PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
                    format!("script {} does not say as whom it runs", self.name),
                ));
            }
        };
        client.update(self.sql, None, &[]).map_err(Error::spi)?;
        role.map_or(Ok(()), |role| role.fire_deferred(client))
    }
}

/// The version of the loaded library.
#[pg_extern(immutable, parallel_safe, strict)]
fn version() -> &'static str {
    VERSION
}

/// Makes the warehouse, or brings it up to this library's version.
#[pg_extern(sql = "
CREATE PROCEDURE stellantis.\"create_warehouse\"() LANGUAGE c
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON PROCEDURE stellantis.create_warehouse() IS
    'Makes the schemas staging, warehouse, marts and ops with their tables, views, roles and rights, or brings them up to this version. Idempotent. Superuser.';
")]
fn create_warehouse() -> Result<(), ErrorReport> {
    require_superuser("create_warehouse()")?;
    Spi::connect_mut(|client| {
        client
            .update("SELECT pg_advisory_xact_lock(hashtext('stellantis.create_warehouse'))", None, &[])
            .map_err(Error::spi)?;
        refuse_foreign_schemas(client)?;
        // A dump of notices ("already exists, skipping") would bury the one that matters.
        let level = quiet(client)?;
        ROLES.run(client)?;
        let applied = migrate(client)?;
        for script in REPEATABLE {
            script.run(client)?;
        }
        mark_version(client)?;
        set_message_level(client, &level)?;
        match applied {
            0 => notice!("the warehouse is up to date ({VERSION})"),
            n => notice!("the warehouse is ready ({VERSION}): {n} migrations applied"),
        }
        Ok(())
    })
    .map_err(|error: Error| error.into())
}

/// Drops the warehouse with everything in it.
#[pg_extern(sql = "
CREATE PROCEDURE stellantis.\"drop_warehouse\"(confirm text) LANGUAGE c
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
COMMENT ON PROCEDURE stellantis.drop_warehouse(text) IS
    'Drops the schemas staging, warehouse, marts and ops with all their data. confirm must be the name of the database. Superuser.';
")]
fn drop_warehouse(confirm: Option<&str>) -> Result<(), ErrorReport> {
    require_superuser(&format!("drop_warehouse({})", quote_literal(confirm.unwrap_or_default())))?;
    Spi::connect_mut(|client| {
        let database: String = client
            .select("SELECT current_database()::text", Some(1), &[])
            .and_then(|table| table.first().get_one())
            .map_err(Error::spi)?
            .unwrap_or_default();
        if confirm != Some(database.as_str()) {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                "dropping the warehouse deletes all its data: confirm with the name of the database",
            )
            .hint(format!("CALL stellantis.drop_warehouse({});", quote_literal(&database))));
        }
        refuse_foreign_schemas(client)?;
        let level = quiet(client)?;
        for schema in SCHEMAS {
            client
                .update(&format!("DROP SCHEMA IF EXISTS {} CASCADE", quote_identifier(schema)), None, &[])
                .map_err(Error::spi)?;
        }
        set_message_level(client, &level)?;
        Ok(())
    })
    .map_err(|error: Error| error.into())
}

/// Raises the level of messages to warnings and returns the caller's own level.
fn quiet(client: &mut SpiClient<'_>) -> Result<String, Error> {
    let level: Option<String> = client
        .select("SELECT current_setting('client_min_messages')", Some(1), &[])
        .and_then(|table| table.first().get_one())
        .map_err(Error::spi)?;
    set_message_level(client, "warning")?;
    Ok(level.unwrap_or_else(|| "notice".to_owned()))
}

fn set_message_level(client: &mut SpiClient<'_>, level: &str) -> Result<(), Error> {
    client
        .update("SELECT set_config('client_min_messages', $1, true)", Some(1), &[level.into()])
        .map(drop)
        .map_err(Error::spi)
}

/// 55000 unless the warehouse exists and is of this library's version. Runs as the owner role.
pub fn check_version() -> Result<(), Error> {
    let query = "SELECT obj_description(to_regnamespace('ops')::oid, 'pg_namespace')";
    let comment: Option<String> = lookup::first(query, &[], |row| row.get(1))?.flatten();
    match comment.as_deref().and_then(|comment| comment.strip_prefix("stellantis_analytics ")) {
        None => Err(as_owner::no_warehouse()),
        Some(rest) if rest.split(':').next() == Some(VERSION) => Ok(()),
        Some(rest) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "the warehouse is of version {}, the library of version {VERSION}",
                rest.split(':').next().unwrap_or(rest)
            ),
        )
        .hint("CALL stellantis.create_warehouse();")),
    }
}

fn require_superuser(call: &str) -> Result<(), Error> {
    if as_owner::current_user_is_one_of(&[]) {
        return Ok(());
    }
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("stellantis.{call} creates or drops schemas and roles: it needs a superuser, connect as one"),
    )
    .hint(format!("CALL stellantis.{call};")))
}

/// Schemas of our names that another role owns are somebody else's.
fn refuse_foreign_schemas(client: &SpiClient<'_>) -> Result<(), Error> {
    let names = SCHEMAS.map(quote_literal).join(", ");
    let foreign: Vec<String> = client
        .select(
            &format!(
                "SELECT nspname::text, pg_get_userbyid(nspowner)::text FROM pg_namespace
                 WHERE nspname IN ({names}) AND pg_get_userbyid(nspowner) <> 'stellantis_pipeline' ORDER BY 1"
            ),
            None,
            &[],
        )
        .and_then(|table| {
            table.map(|row| Ok(row.get::<String>(1)?.unwrap_or_default())).collect::<Result<Vec<_>, _>>()
        })
        .map_err(Error::spi)?;
    let Some(first) = foreign.first() else { return Ok(()) };
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_DUPLICATE_SCHEMA,
        format!("these schemas exist and are not ours: {}; nothing was changed", foreign.join(", ")),
    )
    .hint(format!(
        "ALTER SCHEMA {0} RENAME TO {1};",
        quote_identifier(first),
        quote_identifier(format!("{first}_old"))
    )))
}

/// Runs the migrations that are not recorded yet; returns how many.
fn migrate(client: &mut SpiClient<'_>) -> Result<usize, Error> {
    let exists: bool = client
        .select("SELECT to_regclass('ops.schema_migration') IS NOT NULL", Some(1), &[])
        .and_then(|table| table.first().get_one())
        .map_err(Error::spi)?
        .unwrap_or(false);
    let mut recorded: Vec<(i32, String)> = Vec::new();
    if exists {
        // The table is the owner's, who may have put a view or a trigger in its place: never read it as a superuser.
        let _owner = AsRole::owner()?;
        let table = client
            .select("SELECT migration_no, checksum FROM ops.schema_migration ORDER BY 1", None, &[])
            .map_err(Error::spi)?;
        for row in table {
            let number = row.get::<i32>(1).map_err(Error::spi)?;
            let checksum = row.get::<String>(2).map_err(Error::spi)?;
            recorded.extend(number.zip(checksum));
        }
    }
    if let Some((newest, _)) = recorded.last()
        && MIGRATIONS.last().is_some_and(|last| last.number() < *newest)
    {
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("the warehouse has migration {newest}, which this library ({VERSION}) does not know"),
        )
        .hint("ALTER EXTENSION stellantis_analytics UPDATE;"));
    }
    let mut applied = 0;
    for script in MIGRATIONS {
        match recorded.iter().find(|(number, _)| *number == script.number()) {
            Some((_, checksum)) if *checksum == script.checksum() => {}
            Some(_) => {
                return Err(Error::new(
                    PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                    format!("migration {} was applied with another text than this library has", script.name),
                )
                .hint("Install the release that made this warehouse, then the current one."));
            }
            None => {
                script.run(client)?;
                let owner = AsRole::owner()?;
                client
                    .update(
                        "INSERT INTO ops.schema_migration (migration_no, name, checksum, library_version)
                         VALUES ($1, $2, $3, $4)",
                        None,
                        &[
                            script.number().into(),
                            script.name.into(),
                            script.checksum().into(),
                            VERSION.into(),
                        ],
                    )
                    .map_err(Error::spi)?;
                owner.fire_deferred(client)?;
                applied += 1;
            }
        }
    }
    Ok(applied)
}

fn mark_version(client: &mut SpiClient<'_>) -> Result<(), Error> {
    let comment =
        quote_literal(format!("stellantis_analytics {VERSION}: operations, the platform's own records"));
    client.update(&format!("COMMENT ON SCHEMA ops IS {comment}"), None, &[]).map_err(Error::spi)?;
    Ok(())
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::{failure, holds, null, refused, warehouse};

    #[pg_test]
    fn version_takes_nothing() {
        holds(&["stellantis.version() ~ '^\\d+[.]\\d+[.]\\d+$'"]);
        refused("42883", &["select stellantis.version(1)"]);
    }

    #[pg_test]
    fn create_warehouse_twice() {
        null(&["to_regnamespace('ops')"]);
        warehouse();
        warehouse();
        holds(&["(select count(*) = max(migration_no) from ops.schema_migration)"]);
        refused("42883", &["call stellantis.create_warehouse(1)"]);
    }

    #[pg_test]
    fn drop_warehouse_wants_the_name() {
        refused(
            "22023",
            &[
                "call stellantis.drop_warehouse(null)",
                "call stellantis.drop_warehouse('')",
                "call stellantis.drop_warehouse('another')",
            ],
        );
        refused("42883", &["call stellantis.drop_warehouse(1)"]);
        warehouse();
        let (_, _, hint) = failure("call stellantis.drop_warehouse(null)");
        Spi::run(&hint).unwrap();
        null(&["to_regnamespace('ops')", "to_regnamespace('marts')"]);
    }
}
