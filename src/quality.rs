//! Quality control over sensor readings: what takes one pass in Rust and a sort per sensor in SQL. Scores and gates are
//! in sql/extension/quality.sql.

use engine::quality::{Leading, Readings, leading_sensors};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::Error;
use crate::pg::transaction::{check_for_interrupts, interrupt_pending};
use crate::settings;

const FETCH_ROWS: std::ffi::c_long = 512;

/// For each failed inspection of a file the sensor (numbered from 0) that deviates most from the passed ones.
#[pg_extern(stable, parallel_unsafe, strict)]
fn leading_sensors_of_file(
    file_id: i32,
) -> Result<
    TableIterator<'static, (name!(line_number, i64), name!(sensor_no, i32), name!(robust_z, f64))>,
    ErrorReport,
> {
    let (lines, readings) = read(file_id)?;
    let Some(found) = leading_sensors(&readings, &mut || !interrupt_pending()) else {
        check_for_interrupts();
        return Err(Error::new(
            PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
            "the search for leading sensors was stopped",
        )
        .into());
    };
    let rows: Vec<_> = found
        .into_iter()
        .map(|Leading { row, sensor, robust_z }| (lines[row], sensor as i32, robust_z))
        .collect();
    Ok(TableIterator::new(rows))
}

fn read(file_id: i32) -> Result<(Vec<i64>, Readings), Error> {
    let limit = settings::max_memory_bytes();
    Spi::connect(|client| {
        let width: Option<i32> = client
            .select(
                "SELECT max(cardinality(sensors)) FROM staging.clean_quality WHERE file_id = $1",
                Some(1),
                &[file_id.into()],
            )
            .and_then(|table| table.first().get_one())
            .map_err(Error::spi)?;
        let mut readings = Readings::new(width.unwrap_or_default() as usize);
        let mut lines = Vec::new();
        let mut cursor = client
            .try_open_cursor(
                "SELECT line_number, passed, sensors FROM staging.clean_quality WHERE file_id = $1 ORDER BY line_number",
                &[file_id.into()],
            )
            .map_err(Error::spi)?;
        loop {
            check_for_interrupts();
            let batch = cursor.fetch(FETCH_ROWS).map_err(Error::spi)?;
            if batch.is_empty() {
                return Ok((lines, readings));
            }
            for row in batch {
                if !readings.reserve(limit) {
                    return Err(Error::new(
                        PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
                        format!(
                            "the sensors of file {file_id} take more than stellantis.max_memory ({limit} bytes)"
                        ),
                    )
                    .hint(settings::raise_memory_hint(2 * limit)));
                }
                let (Some(line), Some(passed), Some(sensors)) = (
                    row.get::<i64>(1).map_err(Error::spi)?,
                    row.get::<bool>(2).map_err(Error::spi)?,
                    row.get::<Array<'_, f64>>(3).map_err(Error::spi)?,
                ) else {
                    continue;
                };
                lines.push(line);
                readings.push(passed, sensors.iter());
            }
        }
    })
}
