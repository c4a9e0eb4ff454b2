//! Synthetic data sets: files in the landing zone written by the engine's generators.

use engine::synthetic::{self, Dataset};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::pg::transaction::{check_for_interrupts, interrupt_pending};
use crate::pg::zone::Zone;
use crate::settings;

/// Writes one generated file into the landing zone and tells what it wrote; never replaces a file.
#[pg_extern(volatile, parallel_unsafe)]
fn generate_zone_file(
    dataset: Option<&str>,
    rows: Option<i64>,
    seed: Option<i64>,
    dirt: Option<f64>,
) -> Result<
    TableIterator<
        'static,
        (name!(path, String), name!(rows, i64), name!(seed, i64), name!(bytes, i64), name!(sha256, String)),
    >,
    ErrorReport,
> {
    let dataset: Dataset =
        dataset.unwrap_or("(NULL)").parse().map_err(|error: synthetic::SyntheticError| Error::from(error))?;
    let dirt = dirt.unwrap_or(0.0);
    let rows = match rows {
        None => dataset.default_rows(),
        Some(rows) => usize::try_from(rows).map_err(|_| {
            Error::new(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("rows must not be negative, got {rows}"),
            )
            .hint(format!("Give a number of rows between 1 and {}.", dataset.max_rows()))
        })?,
    };
    let seed = seed.unwrap_or(synthetic::DEFAULT_SEED as i64);
    let path = dataset.file_name();
    let mut written = (0, 0, String::new());
    let outcome = Zone::open(settings::landing_zone()?)?.write_new(path, |out| {
        let mut sink = Digesting { inner: out, digest: Sha256::new(), bytes: 0 };
        let rows = synthetic::generate(dataset, rows, seed as u64, dirt, &mut sink, &mut interrupt_pending)?;
        let sha256 = sink.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        written = (rows as i64, sink.bytes, sha256);
        Ok(())
    });
    check_for_interrupts();
    outcome?;
    let (rows, bytes, sha256) = written;
    Ok(TableIterator::once((path.to_owned(), rows, seed, bytes, sha256)))
}

/// Digests what passes through to the file.
struct Digesting<'a> {
    inner: &'a mut dyn std::io::Write,
    digest: Sha256,
    bytes: i64,
}

impl std::io::Write for Digesting<'_> {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let n = self.inner.write(buffer)?;
        self.digest.update(&buffer[..n]);
        self.bytes += n as i64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(any(test, feature = "pg_test"))]
#[pg_schema]
mod tests {
    use pgrx::prelude::*;

    use crate::testing::{LandingZone, holds, refused};

    #[pg_test]
    fn generate_zone_file_of_nothing_empty_and_wrong() {
        let _zone = LandingZone::new();
        refused(
            "22023",
            &[
                "select * from stellantis.generate_zone_file(null, 1, 1, 0)",
                "select * from stellantis.generate_zone_file('', 1, 1, 0)",
                "select * from stellantis.generate_zone_file('trucks', 1, 1, 0)",
                "select * from stellantis.generate_zone_file('vehicles', 0, 1, 0)",
                "select * from stellantis.generate_zone_file('vehicles', -1, 1, 0)",
                "select * from stellantis.generate_zone_file('vehicles', 5, 1, 1.5)",
                "select * from stellantis.generate_zone_file('vehicles', 5, 1, 'NaN')",
            ],
        );
        refused("22P02", &["select * from stellantis.generate_zone_file('vehicles', 'five', 1, 0)"]);
        holds(&[
            "not exists (select from stellantis.zone_files())",
            "(select path = 'vehicles/data.csv' and rows = 5 and seed is not null from stellantis.generate_zone_file('vehicles', 5, null, null))",
        ]);
        refused("58P02", &["select * from stellantis.generate_zone_file('vehicles', 5, 1, 0)"]);
    }
}
