//! Why a file as a whole cannot be read.

use crate::error::Explain;

/// A file (not a row) is refused, or reading it was stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LandingError {
    /// The data set's own description is wrong.
    #[error("the columns of data set {dataset} are not valid: {problem}")]
    Contract {
        /// Data set.
        dataset: String,
        /// What is wrong.
        problem: String,
    },
    /// Not a byte, or nothing but blank lines.
    #[error("the file is empty: it has no header line")]
    EmptyFile,
    /// Required columns are not in the header.
    #[error("the header does not fit data set {dataset}: missing {missing}; the file has {headers}")]
    HeaderMismatch {
        /// Data set.
        dataset: String,
        /// Missing columns.
        missing: String,
        /// The file's headers with their positions.
        headers: String,
        /// A missing column and the header that may be meant.
        suggestion: Option<(String, String)>,
    },
    /// Two headers fill one column.
    #[error("the header does not fit data set {dataset}: {duplicates}")]
    DuplicateHeader {
        /// Data set.
        dataset: String,
        /// Columns with the positions of their headers.
        duplicates: String,
    },
    /// Delimiter, newline or decimal mark cannot be told.
    #[error("the file's format is not clear: {problem}")]
    Dialect {
        /// What was found, with the candidates.
        problem: String,
    },
    /// Not UTF-8 from the first line on.
    #[error("the file is not UTF-8 text: {problem}")]
    Encoding {
        /// What was found and where.
        problem: String,
    },
    /// The header has too many fields or too long ones.
    #[error("the header line is too large: {problem}")]
    HeaderTooLarge {
        /// Size and limit.
        problem: String,
    },
    /// More memory than the setting allows, or than there is.
    #[error("reading the file needs {needed_bytes} bytes of memory, allowed are {limit_bytes}")]
    OutOfMemory {
        /// Bytes that would have been in use.
        needed_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The caller asked to stop.
    #[error("reading the file was cancelled")]
    Cancelled,
}

impl Explain for LandingError {
    fn sqlstate(&self) -> &'static str {
        match self {
            LandingError::Contract { .. } => "22023",
            LandingError::EmptyFile
            | LandingError::HeaderMismatch { .. }
            | LandingError::DuplicateHeader { .. }
            | LandingError::Dialect { .. } => "22P04",
            LandingError::Encoding { .. } => "22021",
            LandingError::HeaderTooLarge { .. } => "54000",
            LandingError::OutOfMemory { .. } => "53200",
            LandingError::Cancelled => "57014",
        }
    }

    fn hint(&self) -> Option<String> {
        let show_columns = |dataset: &str| {
            format!("SELECT jsonb_pretty(columns) FROM ops.dataset WHERE dataset = {};", literal(dataset))
        };
        match self {
            LandingError::Contract { dataset, .. } => Some(show_columns(dataset)),
            LandingError::EmptyFile => {
                Some("Put a file with a header line in its place; a header without rows is enough.".to_owned())
            }
            LandingError::HeaderMismatch { dataset, suggestion: Some((column, header)), .. } => Some(format!(
                "INSERT INTO ops.dataset_mapping(dataset, target_column, source_header) VALUES ({}, {}, {});",
                literal(dataset),
                literal(column),
                literal(header)
            )),
            LandingError::HeaderMismatch { dataset, .. } | LandingError::DuplicateHeader { dataset, .. } => {
                Some(show_columns(dataset))
            }
            LandingError::Dialect { .. } => Some(
                "Export the file again as CSV with a header, one delimiter among comma, semicolon, TAB and |, lines \
                 ended by LF or CRLF, and one decimal mark."
                    .to_owned(),
            ),
            LandingError::Encoding { .. } => {
                Some("Convert the file: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv".to_owned())
            }
            LandingError::HeaderTooLarge { .. } => Some(
                "See that the file's first line is its header. For long headers: LOAD 'stellantis_analytics'; ALTER \
                 SYSTEM SET stellantis.max_field_bytes = '8MB'; SELECT pg_reload_conf();"
                    .to_owned(),
            ),
            LandingError::OutOfMemory { needed_bytes, .. } => Some(format!(
                "LOAD 'stellantis_analytics'; ALTER SYSTEM SET stellantis.max_memory = '{}MB'; SELECT \
                 pg_reload_conf();",
                (needed_bytes / (1 << 20)).saturating_mul(2).max(64)
            )),
            LandingError::Cancelled => None,
        }
    }
}

/// A text as an SQL literal.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}
