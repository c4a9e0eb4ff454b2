//! From the bytes of a file to a COPY stream and rejects.

use sha2::{Digest, Sha256};

use super::contract::{ColumnSpec, Contract, DataType};
use super::copy_binary::{CopyStream, array_bytes};
use super::dialect::detect;
use super::error::LandingError;
use super::header::Source;
use super::record::{Defect, Record, Splitter};
use super::reject::{Fault, Reject};
use super::resources::Resources;
use super::types;

/// Original bytes that a reject keeps.
const MAX_RAW_BYTES: usize = 1 << 20;
/// Characters of a value that a message shows.
const SHOWN_CHARACTERS: usize = 60;
/// A value of PostgreSQL is smaller than 1 GiB.
const MAX_VALUE_BYTES: usize = (1 << 30) - 1024;

/// What one reading may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one field (`stellantis.max_field_bytes`).
    pub max_field_bytes: usize,
    /// Bytes allocated for the stream, the rejects and scratch space, the file itself not included
    /// (`stellantis.max_memory`).
    pub max_memory_bytes: usize,
    /// Rejects that are kept; the others are counted.
    pub max_kept_rejects: usize,
}

impl Limits {
    pub(super) fn field_limit(&self) -> usize {
        self.max_field_bytes.min(MAX_VALUE_BYTES)
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// A COPY BINARY stream: `file_id int4, line_number int8`, then the contract's columns in order.
    pub copy: Vec<u8>,
    /// The staging columns of the stream, for COPY's column list.
    pub columns: Vec<String>,
    /// Data rows, blank lines not counted: loaded and rejected ones.
    pub rows_read: u64,
    /// Rows in the stream.
    pub rows_loaded: u64,
    /// Rows that stay out, those whose reject was not kept included.
    pub rows_rejected: u64,
    /// The first rejects.
    pub rejects: Vec<Reject>,
    /// Headers that fill no column.
    pub unknown_headers: Vec<String>,
    /// Optional columns that the file lacks; they are NULL.
    pub missing_columns: Vec<String>,
}

/// SHA-256 of the bytes as 64 lower-case hexadecimal digits. `check` is asked every 16 MiB, `true` stops (`Cancelled`).
pub fn digest(bytes: &[u8], check: &mut dyn FnMut() -> bool) -> Result<String, LandingError> {
    let mut digest = Sha256::new();
    for chunk in bytes.chunks(16 << 20) {
        if check() {
            return Err(LandingError::Cancelled);
        }
        digest.update(chunk);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads a file. `check` is asked now and then, `true` stops. A bad row becomes a reject and stops nothing; errors are
/// about the file (`EmptyFile`, `HeaderMismatch`, `DuplicateHeader`, `Dialect`, `Encoding`, `HeaderTooLarge`), the
/// contract (`Contract`), the limits (`OutOfMemory`) or the caller's wish (`Cancelled`).
pub fn read(
    bytes: &[u8],
    contract: &Contract,
    limits: &Limits,
    file_id: i32,
    check: &mut dyn FnMut() -> bool,
) -> Result<Batch, LandingError> {
    contract.validate()?;
    let mut resources = Resources::new(limits.max_memory_bytes, check);
    let (dialect, fit, width) = detect(bytes, contract, limits.field_limit(), &mut resources)?;
    let writer = RowWriter {
        columns: contract.columns.iter().zip(&fit.sources).collect(),
        nulls: NullTokens::new(&contract.null_tokens),
        decimal_comma: dialect.decimal_comma,
        file_id,
        fixed_bytes: fixed_bytes(contract),
    };
    let mut splitter =
        Splitter::new(bytes, dialect.text_start(), dialect.delimiter, width, limits.field_limit());
    splitter.next(&mut resources)?;
    let mut stream = CopyStream::new(&mut resources)?;
    let (mut rows_read, mut rows_rejected) = (0, 0);
    let mut rejects = Vec::new();
    while let Some(record) = splitter.next(&mut resources)? {
        if record.is_blank() {
            continue;
        }
        rows_read += 1;
        if let Err(refusal) = writer.write(&record, width, &mut stream, &mut resources)? {
            rows_rejected += 1;
            if rejects.len() < limits.max_kept_rejects {
                let reject = writer.reject(&record, width, refusal);
                resources.book(size_of::<Reject>() + reject.raw_line.len() + reject.message.len())?;
                rejects.push(reject);
            }
        }
    }
    let mut columns = vec!["file_id".to_owned(), "line_number".to_owned()];
    columns.extend(contract.columns.iter().map(|column| column.name.clone()));
    Ok(Batch {
        copy: stream.finish(&mut resources)?,
        columns,
        rows_read,
        rows_loaded: rows_read - rows_rejected,
        rows_rejected,
        rejects,
        unknown_headers: fit.unknown.into_iter().map(|(_, header)| header).collect(),
        missing_columns: fit.missing_optional,
    })
}

/// Most bytes of a row's tuple besides the text of its fields.
fn fixed_bytes(contract: &Contract) -> usize {
    let column_bytes = contract.columns.iter().map(|column| {
        let longest_value = column.values.values().map(String::len).max().unwrap_or(0);
        match column.header_range {
            Some(range) => array_bytes(range.len()),
            None => 12 + longest_value,
        }
    });
    20 + column_bytes.sum::<usize>()
}

/// Why a row stays out.
enum Refusal {
    Unterminated,
    FieldCount,
    Field {
        column: usize,
        field: usize,
        fault: Fault,
    },
    /// A field that fills no column.
    Unmapped {
        field: usize,
        fault: Fault,
    },
}

struct RowWriter<'c> {
    columns: Vec<(&'c ColumnSpec, &'c Source)>,
    nulls: NullTokens<'c>,
    decimal_comma: bool,
    file_id: i32,
    fixed_bytes: usize,
}

impl RowWriter<'_> {
    /// Appends the record to the stream, or says why not and leaves the stream as it was.
    fn write(
        &self,
        record: &Record,
        width: usize,
        stream: &mut CopyStream,
        resources: &mut Resources,
    ) -> Result<Result<(), Refusal>, LandingError> {
        if record.defect == Some(Defect::UnterminatedQuote) {
            return Ok(Err(Refusal::Unterminated));
        }
        if record.field_count != width {
            return Ok(Err(Refusal::FieldCount));
        }
        if let Some(Defect::TooLong(field)) = record.defect {
            return Ok(Err(self.blame(field, Fault::TooLong)));
        }
        let text = match checked_text(record) {
            Ok(text) => text,
            Err(field) => return Ok(Err(self.blame(field, Fault::Encoding))),
        };
        stream.begin_row(
            self.columns.len() as u16 + 2,
            self.fixed_bytes.saturating_add(text.len()),
            resources,
        )?;
        stream.int4(self.file_id);
        stream.int8(record.line_number as i64);
        for (index, (column, source)) in self.columns.iter().enumerate() {
            let field_of = |field: usize| record.fields.get(field).and_then(|range| text.get(range.clone()));
            let written = match source {
                Source::Missing => {
                    stream.null();
                    Ok(())
                }
                Source::Field(field) => match field_of(*field) {
                    Some(text) => {
                        self.value(text.trim_ascii(), column, stream).map_err(|fault| (*field, fault))
                    }
                    None => Err((*field, Fault::Encoding)),
                },
                Source::Gather(fields) => self.array(fields, field_of, stream),
            };
            if let Err((field, fault)) = written {
                stream.drop_row();
                return Ok(Err(Refusal::Field { column: index, field, fault }));
            }
        }
        Ok(Ok(()))
    }

    fn value(&self, text: &str, column: &ColumnSpec, stream: &mut CopyStream) -> Result<(), Fault> {
        let mut text = text;
        let mut accepted = true;
        if !column.values.is_empty() {
            match column.values.get(text) {
                Some(mapped) => text = mapped,
                // A boolean under other names must not be read by the usual ones ("1" may be false).
                None if column.data_type == DataType::Boolean => {
                    accepted = column.values.values().any(|value| value == text);
                }
                None => {}
            }
        }
        if self.nulls.contains(text) {
            if !column.nullable {
                return Err(Fault::NotNull);
            }
            stream.null();
            return Ok(());
        }
        if !accepted {
            return Err(Fault::AcceptedValues);
        }
        match column.data_type {
            DataType::Text => stream.text(text),
            DataType::Integer => stream.int4(types::integer(text, self.decimal_comma)?),
            DataType::Bigint => stream.int8(types::bigint(text, self.decimal_comma)?),
            DataType::Float8 | DataType::Float8Array => {
                stream.float8(types::float8(text, self.decimal_comma)?);
            }
            DataType::Boolean => stream.boolean(types::boolean(text)?),
            DataType::Date => stream.int4(types::date(text)?),
            DataType::Timestamp => stream.int8(types::timestamp(text)?),
        }
        Ok(())
    }

    /// The array itself is never NULL when the file has it; its elements may be.
    fn array<'t>(
        &self,
        fields: &[Option<usize>],
        field_of: impl Fn(usize) -> Option<&'t str>,
        stream: &mut CopyStream,
    ) -> Result<(), (usize, Fault)> {
        let start = stream.begin_array(fields.len());
        let mut has_null = false;
        for &field in fields {
            let Some(field) = field else {
                has_null = true;
                stream.null();
                continue;
            };
            let text = field_of(field).ok_or((field, Fault::Encoding))?.trim_ascii();
            if self.nulls.contains(text) {
                has_null = true;
                stream.null();
            } else {
                stream.float8(types::float8(text, self.decimal_comma).map_err(|fault| (field, fault))?);
            }
        }
        stream.end_array(start, has_null);
        Ok(())
    }

    /// The refusal for a field: its column is the one it fills.
    fn blame(&self, field: usize, fault: Fault) -> Refusal {
        let column = self.columns.iter().position(|(_, source)| match source {
            Source::Missing => false,
            Source::Field(at) => *at == field,
            Source::Gather(fields) => fields.contains(&Some(field)),
        });
        match column {
            Some(column) => Refusal::Field { column, field, fault },
            None => Refusal::Unmapped { field, fault },
        }
    }

    fn reject(&self, record: &Record, width: usize, refusal: Refusal) -> Reject {
        let (column, rule, sqlstate, mut message) = match refusal {
            Refusal::Unterminated => (
                None,
                "unterminated_quote",
                "22P04",
                "a quote that opens on this line is never closed; reading went on at the next line"
                    .to_owned(),
            ),
            Refusal::FieldCount => (
                None,
                "field_count",
                "22P04",
                format!("the row has {} fields, the header has {width}", record.field_count),
            ),
            Refusal::Unmapped { field, fault } => {
                let (rule, sqlstate, words) = fault.describe();
                (None, rule, sqlstate, format!("field {}: the text {words}", field + 1))
            }
            Refusal::Field { column, field, fault } => {
                let (spec, _) = self.columns[column];
                let (rule, sqlstate, words) = fault.describe();
                let value = match fault {
                    Fault::Encoding | Fault::TooLong => "the text".to_owned(),
                    _ => format!("\"{}\"", shown(record, field)),
                };
                let message = format!(
                    "column {} ({}), field {}: {value} {words}",
                    spec.name,
                    spec.data_type.sql_name(),
                    field + 1
                );
                (Some(spec.name.clone()), rule, sqlstate, message)
            }
        };
        let kept = &record.raw[..record.raw.len().min(MAX_RAW_BYTES)];
        if kept.len() < record.raw.len() {
            message.push_str(&format!("; {} of {} bytes are kept", kept.len(), record.raw.len()));
        }
        Reject {
            line_number: record.line_number,
            byte_offset: record.byte_offset,
            column_name: column,
            raw_line: kept.to_vec(),
            rule,
            sqlstate,
            message,
        }
    }
}

/// A field's text for a message, cut where it gets long.
fn shown(record: &Record, field: usize) -> String {
    let bytes = record.fields.get(field).map_or(&[][..], |range| &record.content[range.clone()]).trim_ascii();
    let start = &bytes[..bytes.len().min(4 * SHOWN_CHARACTERS)];
    let mut text: String = String::from_utf8_lossy(start).chars().take(SHOWN_CHARACTERS).collect();
    if text.len() < bytes.len() {
        text.push_str("...");
    }
    text
}

/// The record's content as text, or the field that holds a NUL or breaks UTF-8.
fn checked_text<'s>(record: &Record<'_, 's>) -> Result<&'s str, usize> {
    let end = record.fields.last().map_or(0, |field| field.end);
    let content = &record.content[..end];
    let nul = memchr::memchr(0, content);
    let (text, broken) = match std::str::from_utf8(content) {
        Ok(text) => (text, None),
        Err(error) => ("", Some(error.valid_up_to())),
    };
    match nul.into_iter().chain(broken).min() {
        None => Ok(text),
        Some(at) => Err(record.fields.iter().position(|field| field.contains(&at)).unwrap_or(0)),
    }
}

/// The texts that mean NULL, behind a table that turns most texts away by their first byte.
struct NullTokens<'c> {
    tokens: &'c [String],
    starts: [bool; 256],
    has_empty: bool,
}

impl<'c> NullTokens<'c> {
    fn new(tokens: &'c [String]) -> Self {
        let mut starts = [false; 256];
        for token in tokens {
            if let Some(&first) = token.as_bytes().first() {
                starts[usize::from(first)] = true;
            }
        }
        NullTokens { tokens, starts, has_empty: tokens.iter().any(String::is_empty) }
    }

    fn contains(&self, text: &str) -> bool {
        match text.as_bytes().first() {
            None => self.has_empty,
            Some(&first) => self.starts[usize::from(first)] && self.tokens.iter().any(|token| token == text),
        }
    }
}
