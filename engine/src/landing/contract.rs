//! The contract of a data set: which columns its file has and what they become (`ops.dataset.columns`).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::error::LandingError;
use super::header::normalise;

/// A table of PostgreSQL has at most 1600 columns; two of a staging table are ours.
const MAX_COLUMNS: usize = 1598;
/// Elements of one gathered array.
const MAX_RANGE: u32 = 100_000;

/// Type of a staging column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataType {
    /// `text`
    #[serde(rename = "text")]
    Text,
    /// `integer`, 32 bits
    #[serde(rename = "integer")]
    Integer,
    /// `bigint`, 64 bits
    #[serde(rename = "bigint")]
    Bigint,
    /// `float8`, finite
    #[serde(rename = "float8")]
    Float8,
    /// `boolean`
    #[serde(rename = "boolean")]
    Boolean,
    /// `date`, ISO 8601
    #[serde(rename = "date")]
    Date,
    /// `timestamp` without time zone, ISO 8601
    #[serde(rename = "timestamp")]
    Timestamp,
    /// `float8[]`, gathered from the headers of `header_range`; elements may be NULL
    #[serde(rename = "float8[]")]
    Float8Array,
}

impl DataType {
    /// The type's name in SQL.
    pub fn sql_name(self) -> &'static str {
        match self {
            DataType::Text => "text",
            DataType::Integer => "integer",
            DataType::Bigint => "bigint",
            DataType::Float8 => "float8",
            DataType::Boolean => "boolean",
            DataType::Date => "date",
            DataType::Timestamp => "timestamp",
            DataType::Float8Array => "float8[]",
        }
    }
}

/// Headers `from` to `to`, both included, in that order the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRange {
    /// First header.
    pub from: u32,
    /// Last header.
    pub to: u32,
}

impl HeaderRange {
    /// Number of headers, and of the array's elements. The range must be a valid one.
    pub fn len(&self) -> usize {
        (self.to - self.from) as usize + 1
    }

    /// Never: a valid range holds at least one header.
    pub fn is_empty(&self) -> bool {
        self.to < self.from
    }
}

/// One staging column and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// Name of the staging column.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// The file's own header first, then aliases; compared by normalised name.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Whether a file without this column is refused.
    #[serde(default = "yes")]
    pub required: bool,
    /// Whether NULL is a value.
    #[serde(default = "yes")]
    pub nullable: bool,
    /// Text in the file -> text that is then converted. For a boolean column any other text is refused.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// For `float8[]`: the headers it gathers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header_range: Option<HeaderRange>,
}

fn yes() -> bool {
    true
}

/// What the file of a data set must look like.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Name of the data set, for messages and hints.
    pub dataset: String,
    /// The staging columns, in the order of the COPY stream.
    pub columns: Vec<ColumnSpec>,
    /// Texts that mean NULL, compared after trimming.
    pub null_tokens: Vec<String>,
}

impl Contract {
    /// Reads `ops.dataset.columns` (JSON text) and `ops.dataset.null_tokens`, and validates. Error: `Contract`, 22023.
    pub fn from_json(dataset: &str, columns: &str, null_tokens: Vec<String>) -> Result<Self, LandingError> {
        let columns = serde_json::from_str(columns).map_err(|error| LandingError::Contract {
            dataset: dataset.to_owned(),
            problem: format!("columns cannot be read: {error}"),
        })?;
        let contract = Contract { dataset: dataset.to_owned(), columns, null_tokens };
        contract.validate()?;
        Ok(contract)
    }

    /// Adds a header to a column (a row of `ops.dataset_mapping`), and validates. Error: `Contract`, 22023.
    pub fn map_header(&mut self, target_column: &str, source_header: &str) -> Result<(), LandingError> {
        let Some(column) = self.columns.iter_mut().find(|column| column.name == target_column) else {
            return Err(self.problem(format!("there is no column {target_column} to map a header to")));
        };
        if column.header_range.is_some() {
            return Err(
                self.problem(format!("column {target_column} gathers a range of headers and takes no other"))
            );
        }
        column.headers.push(source_header.to_owned());
        self.validate()
    }

    /// Checks that names are plain and unique, that no header means two columns, and that ranges belong to arrays.
    pub fn validate(&self) -> Result<(), LandingError> {
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            return Err(self
                .problem(format!("it has {} columns, allowed are 1 to {MAX_COLUMNS}", self.columns.len())));
        }
        let mut names = HashSet::from(["file_id", "line_number"]);
        let mut owners: HashMap<String, &str> = HashMap::new();
        let mut ranges: Vec<HeaderRange> = Vec::new();
        for column in &self.columns {
            self.validate_column(column)?;
            if !names.insert(&column.name) {
                return Err(
                    self.problem(format!("column {} is there twice or its name is reserved", column.name))
                );
            }
            for header in &column.headers {
                let normal = normalise(header);
                if normal.is_empty() {
                    return Err(self
                        .problem(format!("column {} has a header without a letter or digit", column.name)));
                }
                if let Some(owner) = owners.insert(normal, &column.name)
                    && owner != column.name
                {
                    return Err(self.problem(format!(
                        "header \"{header}\" belongs to both {owner} and {}",
                        column.name
                    )));
                }
            }
            if let Some(range) = column.header_range {
                if ranges.iter().any(|other| range.from <= other.to && other.from <= range.to) {
                    return Err(self.problem(format!("the header range of {} overlaps another", column.name)));
                }
                ranges.push(range);
            }
        }
        Ok(())
    }

    fn validate_column(&self, column: &ColumnSpec) -> Result<(), LandingError> {
        let name = &column.name;
        let mut bytes = name.bytes();
        let plain = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && name.len() <= 63;
        if !plain {
            return Err(self.problem(format!("\"{name}\" is not a plain lower-case column name")));
        }
        match (column.data_type, column.header_range) {
            (DataType::Float8Array, Some(range))
                if range.from <= range.to && range.to - range.from < MAX_RANGE =>
            {
                if !column.headers.is_empty() || !column.values.is_empty() {
                    return Err(self
                        .problem(format!("column {name} gathers a range, so it has no headers or values")));
                }
            }
            (DataType::Float8Array, _) => {
                return Err(self.problem(format!(
                    "column {name} of type float8[] needs a header_range of 1 to {MAX_RANGE} headers"
                )));
            }
            (_, Some(_)) => {
                return Err(self.problem(format!("column {name} has a header_range but is not float8[]")));
            }
            (_, None) => {}
        }
        if !column.required && !column.nullable {
            return Err(self.problem(format!("column {name} may be missing, so it must be nullable")));
        }
        Ok(())
    }

    fn problem(&self, problem: String) -> LandingError {
        LandingError::Contract { dataset: self.dataset.clone(), problem }
    }
}
