//! Generators of the four data sets, with their own headers, line ends and dirt. Nothing is copied from measured
//! data: the processes are re-created from published descriptions and summary figures. The same data set, rows, seed
//! and dirt give the same bytes.

mod maintenance;
mod production;
mod quality;
mod random;
mod sheet;
mod vehicle_models;
mod vehicles;

use crate::error::Explain;
use std::io::Write;
use std::str::FromStr;

/// The seed that is used when none is given: with it the maintenance file's failure counts lie near the published
/// file's (see `maintenance`).
pub const DEFAULT_SEED: u64 = 433;

/// A data set that can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dataset {
    /// Machine readings with recorded failures, the form of AI4I 2020.
    Maintenance,
    /// Inspections with 590 sensors, the form of SECOM.
    Quality,
    /// The vehicle catalogue with specifications and prices.
    Vehicles,
    /// Production by day, line and shift.
    Production,
}

impl Dataset {
    /// All four, in the order in which they are loaded.
    pub const ALL: [Self; 4] = [Self::Maintenance, Self::Quality, Self::Vehicles, Self::Production];

    /// The data set's name: `maintenance`, `quality`, `vehicles` or `production`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Quality => "quality",
            Self::Vehicles => "vehicles",
            Self::Production => "production",
        }
    }

    /// Rows of a file of the usual size.
    pub fn default_rows(self) -> usize {
        match self {
            Self::Maintenance => 10_000,
            Self::Quality => 1_567,
            Self::Vehicles => vehicles::USUAL_ROWS as usize,
            Self::Production => 1_350,
        }
    }

    /// The most rows that a file may have: ten million, of the 590 sensors one million.
    pub fn max_rows(self) -> usize {
        match self {
            Self::Quality => 1_000_000,
            _ => 10_000_000,
        }
    }

    /// Where the file lies in a landing zone, with `/` between folder and file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance/ai4i2020.csv",
            Self::Quality => "quality/uci-secom.csv",
            Self::Vehicles => "vehicles/data.csv",
            Self::Production => "production/production_metrics.csv",
        }
    }
}

impl FromStr for Dataset {
    type Err = SyntheticError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|dataset| dataset.name() == name)
            .ok_or_else(|| SyntheticError::Dataset { name: name.to_owned() })
    }
}

/// Why a file was not generated.
#[derive(Debug, thiserror::Error)]
pub enum SyntheticError {
    /// No data set has this name.
    #[error("no generator for data set \"{name}\"")]
    Dataset {
        /// The name that was given.
        name: String,
    },
    /// The number of rows is 0 or too large.
    #[error("a generated {} file cannot have {rows} rows", dataset.name())]
    Rows {
        /// The file.
        dataset: Dataset,
        /// The number that was given.
        rows: usize,
    },
    /// The share of spoiled rows is not in [0, 1].
    #[error("dirt is {dirt}, not a share between 0 and 1")]
    Dirt {
        /// The share that was given.
        dirt: f64,
    },
    /// The caller asked to stop.
    #[error("stopped after {rows} generated rows")]
    Stopped {
        /// Rows written until then.
        rows: u64,
    },
    /// The output refused the bytes.
    #[error("cannot write the generated file: {0}")]
    Io(#[from] std::io::Error),
}

impl Explain for SyntheticError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Dataset { .. } | Self::Rows { .. } | Self::Dirt { .. } => "22023",
            Self::Stopped { .. } => "57014",
            Self::Io(_) => "58030",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Dataset { .. } => "Give one of maintenance, quality, vehicles, production.".to_owned(),
            Self::Rows { dataset, .. } => {
                format!("Give a number of rows between 1 and {}.", dataset.max_rows())
            }
            Self::Dirt { .. } => {
                "Give 0 for the file's own dirt only, 0.05 to spoil 5 % of the rows.".to_owned()
            }
            Self::Stopped { .. } => {
                "Nothing was published; call it again, with fewer rows if it took too long.".to_owned()
            }
            Self::Io(_) => {
                "Check free space and write permission of the target folder, then call it again.".to_owned()
            }
        })
    }
}

/// Writes one CSV file and returns the number of its data rows.
///
/// `rows` counts the rows before the asked-for dirt; every file has the dirt of its own kind already (each module says
/// which). `dirt` adds to it, exactly `dirt` × `rows` rows (rounded) of each of four kinds, independently chosen:
/// one filled cell emptied; one number replaced by `#VALUE!`; one number replaced by `-999999`; the row written twice.
/// Kinds may meet in one row but not in one cell; a row written twice repeats its spoiled cells. So the file has
/// `rows` + round(`dirt` × `rows`) data rows. Identifiers and 0/1 flags of the maintenance file, its product type, and
/// dates, codes and texts of all files are never replaced by a spoiled number, but may be emptied.
///
/// `check` is polled every few hundred rows; true stops with [`SyntheticError::Stopped`]. What was written until then
/// stays in `out`: a caller who wants all or nothing writes beside the target and renames.
///
/// # Errors
/// `22023` for `rows` outside 1..=[`Dataset::max_rows`] or `dirt` outside [0, 1], `57014` when stopped, `58030` when `out` fails.
pub fn generate(
    dataset: Dataset,
    rows: usize,
    seed: u64,
    dirt: f64,
    out: &mut dyn Write,
    check: &mut dyn FnMut() -> bool,
) -> Result<u64, SyntheticError> {
    if rows == 0 || rows > dataset.max_rows() {
        return Err(SyntheticError::Rows { dataset, rows });
    }
    if !(0.0..=1.0).contains(&dirt) {
        return Err(SyntheticError::Dirt { dirt });
    }
    let order = Order { rows: rows as u64, seed, dirt };
    match dataset {
        Dataset::Maintenance => maintenance::write(&order, out, check),
        Dataset::Quality => quality::write(&order, out, check),
        Dataset::Vehicles => vehicles::write(&order, out, check),
        Dataset::Production => production::write(&order, out, check),
    }
}

/// What was asked for.
struct Order {
    rows: u64,
    seed: u64,
    dirt: f64,
}
