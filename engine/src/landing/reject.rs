//! Rows that could not be loaded, and why.

/// A row that stays out, with all that is needed to find, understand and replay it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Physical line of the record's first byte; the first line of the file is 1.
    pub line_number: u64,
    /// Offset of that byte from the start of the file, byte order mark included.
    pub byte_offset: u64,
    /// Staging column, where one is to blame.
    pub column_name: Option<String>,
    /// The record's original bytes without its line end; at most 1 MiB of them.
    pub raw_line: Vec<u8>,
    /// Name of the rule that failed.
    pub rule: &'static str,
    /// SQLSTATE that PostgreSQL would give.
    pub sqlstate: &'static str,
    /// What is wrong, in words.
    pub message: String,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    NotNull,
    Integer,
    Bigint,
    Float8,
    Boolean,
    OutOfRange,
    NotFinite,
    DateFormat,
    DateRange,
    TimestampFormat,
    TimestampRange,
    AcceptedValues,
    Encoding,
    TooLong,
}

impl Fault {
    /// Rule, SQLSTATE, and the end of the sentence `"value" ...`.
    pub(super) fn describe(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Fault::NotNull => ("not_null", "23502", "means NULL, which the column does not take"),
            Fault::Integer => ("type_integer", "22P02", "is not an integer"),
            Fault::Bigint => ("type_bigint", "22P02", "is not an integer"),
            Fault::Float8 => ("type_float8", "22P02", "is not a number"),
            Fault::Boolean => ("type_boolean", "22P02", "is not true or false"),
            Fault::OutOfRange => ("out_of_range", "22003", "is out of the type's range"),
            Fault::NotFinite => ("not_finite", "22003", "is not a finite number"),
            Fault::DateFormat => ("type_date", "22007", "is not a date YYYY-MM-DD"),
            Fault::DateRange => ("date_range", "22008", "is no day of the calendar"),
            Fault::TimestampFormat => ("type_timestamp", "22007", "is not a time YYYY-MM-DD HH:MM[:SS]"),
            Fault::TimestampRange => ("timestamp_range", "22008", "is no time of the calendar"),
            Fault::AcceptedValues => ("accepted_values", "22023", "is not one of the accepted values"),
            Fault::Encoding => ("encoding", "22021", "holds a NUL or is not UTF-8"),
            Fault::TooLong => ("field_too_long", "54000", "is longer than stellantis.max_field_bytes"),
        }
    }
}
