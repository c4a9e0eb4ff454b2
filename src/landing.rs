//! Files of the landing zone to rows of the staging tables. The ledger is kept in SQL (sql/extension/landing.sql);
//! here is what SQL can't do: look at the directory, read, parse, and copy.
//!
//! All functions here are the owner's: they are called by `do_` functions behind the door (`pg::dispatch`).

use engine::landing::{self, Batch, Contract, Limits, Reject};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::pg::transaction::interrupt_pending;
use crate::pg::zone::Zone;
use crate::pg::{copy, transaction};
use crate::settings;

/// Rejects kept with their bytes, a file; the others are counted.
const MAX_KEPT_REJECTS: usize = 10_000;
/// Rejects written by one INSERT, which holds a copy of their bytes.
const REJECTS_A_BATCH: usize = 500;
/// Columns a note names, and characters of each; the others are counted.
const MAX_NOTED: usize = 20;
const NOTED_CHARACTERS: usize = 60;

/// Every file below the landing zone; `problem` says why one can't be read.
#[pg_extern(volatile, parallel_unsafe)]
fn zone_files() -> Result<
    TableIterator<
        'static,
        (
            name!(path, String),
            name!(bytes, i64),
            name!(modified_at, Option<TimestampWithTimeZone>),
            name!(problem, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let entries = Zone::open(settings::landing_zone()?)?.list()?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let modified_at = timestamp(entry.modified);
        // One file with a strange time does not hide the others.
        let no_time = modified_at.is_none().then(|| "its time of change is out of range".to_owned());
        rows.push((entry.path, entry.bytes as i64, modified_at, entry.problem.or(no_time)));
    }
    Ok(TableIterator::new(rows))
}

/// SHA-256 of a file in the landing zone, in hexadecimal.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn zone_sha256(path: &str) -> Result<String, ErrorReport> {
    let bytes = Zone::open(settings::landing_zone()?)?.read(path, settings::max_memory_bytes())?;
    Ok(sha256_of(&bytes)?)
}

/// Writes a new file into the landing zone and returns its SHA-256; never replaces one.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn write_zone_file(path: &str, content: &[u8]) -> Result<String, ErrorReport> {
    Zone::open(settings::landing_zone()?)?
        .write_new(path, |out| out.write_all(content).map_err(|error| Error::file(path, &error)))?;
    Ok(sha256_of(content)?)
}

/// SHA-256 in hexadecimal; lets a cancel act.
fn sha256_of(bytes: &[u8]) -> Result<String, Error> {
    let digest = landing::digest(bytes, &mut interrupt_pending);
    transaction::check_for_interrupts();
    Ok(digest?)
}

/// Reads one file into its staging table. Nothing is loaded where `sqlstate` is set; rejected rows are kept either way.
/// `note` tells what the file has and the table does not, and the reverse.
#[pg_extern(volatile, parallel_unsafe, strict)]
#[allow(clippy::too_many_arguments, reason = "one call of one SQL function; names stand in its declaration")]
fn load_zone_file(
    file_id: i32,
    dataset: &str,
    path: &str,
    sha256: &str,
    columns: &str,
    null_tokens: Vec<String>,
    staging_table: &str,
    reject_limit_pct: f64,
    reject_limit_rows: i64,
) -> Result<
    TableIterator<
        'static,
        (
            name!(rows_read, i64),
            name!(rows_loaded, i64),
            name!(rows_rejected, i64),
            name!(sqlstate, Option<String>),
            name!(message, Option<String>),
            name!(hint, Option<String>),
            name!(note, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let contract = Contract::from_json(dataset, columns, null_tokens).map_err(Error::from)?;
    let bytes = Zone::open(settings::landing_zone()?)?.read(path, settings::max_memory_bytes())?;
    if sha256_of(&bytes)? != sha256 {
        Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
            format!("{path} changed since it was listed"),
        )
        .hint("SELECT * FROM stellantis.ingest();"))?;
    }
    let limits = Limits {
        max_field_bytes: settings::max_field_bytes(),
        max_memory_bytes: settings::max_memory_bytes().saturating_sub(bytes.len()),
        max_kept_rejects: MAX_KEPT_REJECTS,
    };
    let read = landing::read(&bytes, &contract, &limits, file_id, &mut interrupt_pending);
    transaction::check_for_interrupts();
    let batch = match read {
        Ok(batch) => batch,
        Err(error) => {
            let (sqlstate, message, hint) = Error::from(error).into_parts();
            let message = format!("{path}: {message}");
            return Ok(TableIterator::once((0, 0, 0, Some(sqlstate), Some(message), hint, None)));
        }
    };
    keep_rejects(file_id, &batch.rejects)?;
    let allowed =
        (reject_limit_rows as f64).min(batch.rows_read as f64 * reject_limit_pct / 100.0).ceil() as u64;
    let (read, rejected) = (batch.rows_read as i64, batch.rows_rejected as i64);
    if batch.rows_rejected > allowed {
        let message = format!(
            "{path}: {rejected} of {read} rows were rejected, more than the {allowed} this data set allows; nothing was loaded"
        );
        let hint = format!(
            "SELECT line_number, column_name, message FROM ops.rejected_row WHERE file_id = {file_id} ORDER BY 1 LIMIT 20;"
        );
        return Ok(TableIterator::once((
            read,
            0,
            rejected,
            Some("22P04".to_owned()),
            Some(message),
            Some(hint),
            note(&batch),
        )));
    }
    let types = contract.columns.iter().map(|column| column.data_type.sql_name());
    let fields: Vec<_> = batch
        .columns
        .iter()
        .map(String::as_str)
        .zip(["integer", "bigint"].into_iter().chain(types))
        .collect();
    let loaded = copy::copy_binary(staging_table, &fields, &batch.copy)?;
    Ok(TableIterator::once((read, loaded as i64, rejected, None, None, None, note(&batch))))
}

/// Columns of the file that no column of the data set takes; `None` where every one is loaded. That a file lacks an
/// optional column is nothing lost.
fn note(batch: &Batch) -> Option<String> {
    (!batch.unknown_headers.is_empty())
        .then(|| format!("columns not loaded: {}", listed(&batch.unknown_headers)))
}

/// Names for a message: they come from a file, so they are cut where they get long, and stay on the line.
fn listed(names: &[String]) -> String {
    let shown = |name: &String| -> String {
        let plain = name.chars().map(|c| if c.is_control() { ' ' } else { c });
        let text: String = plain.take(NOTED_CHARACTERS).collect();
        if text.len() < name.len() { text + "..." } else { text }
    };
    let mut list = names.iter().take(MAX_NOTED).map(shown).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NOTED {
        list.push_str(&format!(" and {} more", names.len() - MAX_NOTED));
    }
    list
}

/// Keeps what was refused: line, byte offset, column, the original bytes and why.
fn keep_rejects(file_id: i32, rejects: &[Reject]) -> Result<(), Error> {
    for batch in rejects.chunks(REJECTS_A_BATCH) {
        // A connection a batch: the arguments go with it.
        Spi::connect_mut(|client| {
            client
                .update(
                    "INSERT INTO ops.rejected_row (file_id, line_number, byte_offset, column_name, raw_line, rule, sqlstate, message)
                     SELECT $1, t.* FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::text[])
                         AS t (line_number, byte_offset, column_name, raw_line, rule, sqlstate, message)",
                    None,
                    &[
                        file_id.into(),
                        collected(batch, |reject| reject.line_number as i64).into(),
                        collected(batch, |reject| reject.byte_offset as i64).into(),
                        collected(batch, |reject| reject.column_name.as_deref()).into(),
                        collected(batch, |reject| reject.raw_line.as_slice()).into(),
                        collected(batch, |reject| reject.rule).into(),
                        collected(batch, |reject| reject.sqlstate).into(),
                        collected(batch, |reject| reject.message.as_str()).into(),
                    ],
                )
                .map_err(Error::spi)
                .map(drop)
        })?;
        transaction::check_for_interrupts();
    }
    Ok(())
}

fn collected<'r, T>(rejects: &'r [Reject], pick: impl Fn(&'r Reject) -> T) -> Vec<T> {
    rejects.iter().map(pick).collect()
}

/// A file's time as PostgreSQL's, to the microsecond; `None` where that has no such time.
fn timestamp(time: std::time::SystemTime) -> Option<TimestampWithTimeZone> {
    /// Seconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
    const EPOCH_SECONDS: i64 = 946_684_800;
    let since_1970 = match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_micros()).ok()?,
    };
    TimestampWithTimeZone::try_from(since_1970.checked_sub(EPOCH_SECONDS * 1_000_000)?).ok()
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::{LandingZone, holds, null, refused};

    #[pg_test]
    fn zone_files_needs_a_zone() {
        refused("58P01", &["select * from stellantis.zone_files()"]);
        refused("42883", &["select * from stellantis.zone_files(1)"]);
        holds(&["set_config('stellantis.landing_zone', '', true) = ''"]);
        refused("55000", &["select * from stellantis.zone_files()"]);
        let _zone = LandingZone::new();
        holds(&["not exists (select from stellantis.zone_files())"]);
    }

    #[pg_test]
    fn zone_sha256_of_nothing_empty_and_wrong() {
        let _zone = LandingZone::new();
        null(&["stellantis.zone_sha256(null)"]);
        refused("42501", &["select stellantis.zone_sha256('')", "select stellantis.zone_sha256('../x')"]);
        refused("58P01", &["select stellantis.zone_sha256('none.csv')"]);
        refused("42883", &["select stellantis.zone_sha256(1)"]);
    }

    #[pg_test]
    fn write_zone_file_of_nothing_empty_and_wrong() {
        let _zone = LandingZone::new();
        null(&["stellantis.write_zone_file(null, 'x')", "stellantis.write_zone_file('x.csv', null)"]);
        refused(
            "42501",
            &["select stellantis.write_zone_file('', 'x')", "select stellantis.write_zone_file('..', 'x')"],
        );
        refused("42883", &["select stellantis.write_zone_file('x.csv', 1)"]);
        // SHA-256 of no bytes; written once, never again.
        holds(&[
            "stellantis.write_zone_file('sub/x.csv', '') = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
            "stellantis.zone_sha256('sub/x.csv') = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        ]);
        refused("58P02", &["select stellantis.write_zone_file('sub/x.csv', 'y')"]);
    }

    #[pg_test]
    fn load_zone_file_of_nothing_empty_and_wrong() {
        let _zone = LandingZone::new();
        holds(&[
            "not exists (select from stellantis.load_zone_file(null, 'd', 'x.csv', '', '[]', '{}', 't', 5, 10))",
            "not exists (select from stellantis.load_zone_file(1, 'd', 'x.csv', '', '[]', null, 't', 5, 10))",
            "length(stellantis.write_zone_file('empty.csv', '')) = 64",
        ]);
        refused(
            "22023",
            &[
                "select * from stellantis.load_zone_file(1, 'd', 'empty.csv', '', '', '{}', 't', 5, 10)",
                "select * from stellantis.load_zone_file(1, 'd', 'empty.csv', '', '{}', '{}', 't', 5, 10)",
                "select * from stellantis.load_zone_file(1, '', 'empty.csv', '', '[{\"name\": 1}]', '{}', 't', 5, 10)",
            ],
        );
        let columns =
            r#"[{"name": "a", "type": "integer", "headers": ["a"], "required": true, "nullable": true}]"#;
        let load = |sha256: &str| {
            format!(
                "select * from stellantis.load_zone_file(1, 'd', 'empty.csv', {sha256}, '{columns}', '{{}}', 't', 5, 10)"
            )
        };
        refused("55006", &[&load("''")]);
        holds(&[&format!(
            "(select sqlstate = '22P04' and rows_loaded = 0 from ({}) l)",
            load("stellantis.zone_sha256('empty.csv')")
        )]);
        refused("42883", &["select * from stellantis.load_zone_file('a', 'b')"]);
    }
}
