//! Rows of a table, view or query as numbers, read with the caller's own rights.

use engine::forest::TrainingSet;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::error::Error;
use crate::pg::ident::quote_identifier;
use crate::pg::query::{base_type, is_one_query};
use crate::pg::transaction::check_for_interrupts;
use crate::settings;

const FETCH_ROWS: std::ffi::c_long = 4096;

/// Where rows come from: `FROM` clause of a checked relation or of a query.
pub struct Source {
    from: String,
    /// Names and types, a domain's being the one under it.
    columns: Vec<(String, pg_sys::Oid)>,
}

/// Rows of numbers in a fixed order.
pub struct Rows {
    /// The key of each row as text; empty where the source was read without one.
    pub keys: Vec<String>,
    /// Row-major features.
    pub values: Vec<f64>,
    /// The target of each row; empty where the source was read without one.
    pub target: Vec<f64>,
    /// Bytes of the keys' own texts.
    key_bytes: usize,
}

/// Bytes of a key beside its text: the string's header and the allocator's.
const KEY_BYTES: usize = size_of::<String>() + 16;

/// What a row takes, and all of them may.
struct Limit {
    features: usize,
    with_key: bool,
    with_target: bool,
    max_bytes: usize,
}

impl Source {
    /// Looks at a relation's or a query's columns. 42P01 where there is no such relation, 42601 where a query is none or
    /// more than one.
    pub fn open(client: &SpiClient<'_>, source: &str) -> Result<Self, Error> {
        let text = source.trim().trim_end_matches(';').trim_end();
        let from = if is_query(text) {
            if !is_one_query(text)? {
                return Err(Error::new(
                    PgSqlErrorCode::ERRCODE_SYNTAX_ERROR,
                    "the source is not one query that gives rows",
                )
                .hint("Give a single SELECT, WITH, VALUES or TABLE without a semicolon."));
            }
            // It may end in a comment.
            format!("({text}\n) AS source")
        } else {
            relation(client, text)?.ok_or_else(|| {
                Error::new(
                    PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
                    format!("source \"{text}\" is neither a relation nor a query"),
                )
                .hint("Give a table, a view or a query: 'staging.features_maintenance' or 'SELECT ... FROM ...'.")
            })?
        };
        let table = client.select(&format!("SELECT * FROM {from} LIMIT 0"), None, &[]).map_err(Error::spi)?;
        let mut columns = Vec::new();
        for ordinal in 1..=table.columns().map_err(Error::spi)? {
            let name = table.column_name(ordinal).map_err(Error::spi)?;
            let oid = table.column_type_oid(ordinal).map_err(Error::spi)?.value();
            columns.push((name, base_type(oid)));
        }
        Ok(Self { from, columns })
    }

    /// The columns that can be features: numbers and booleans, but for those named.
    pub fn numeric_columns(&self, but: &[&str]) -> Vec<String> {
        self.columns
            .iter()
            .filter(|(name, oid)| is_number(*oid) && !but.contains(&name.as_str()))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Reads everything, ordered by key and values so that the same rows come in the same order whatever their place.
    pub fn read(
        &self,
        client: &SpiClient<'_>,
        key: Option<&str>,
        features: &[String],
        target: Option<&str>,
        max_bytes: usize,
    ) -> Result<Rows, Error> {
        if features.is_empty() {
            return Err(Error::new(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                "the source has no number or boolean beside its key and target to be a feature",
            )
            .hint("Add numeric columns to the source query."));
        }
        let mut selected: Vec<String> = Vec::new();
        if let Some(key) = key {
            self.column_type(key)?;
            selected.push(format!("{}::pg_catalog.text", quote_identifier(key)));
        }
        for column in features.iter().map(String::as_str).chain(target) {
            selected.push(self.number(column)?);
        }
        // By position: the key may be a feature too, and then its name stands for two columns.
        let order: Vec<String> = (1..=selected.len()).map(|place| place.to_string()).collect();
        let query =
            format!("SELECT {} FROM {} ORDER BY {}", selected.join(", "), self.from, order.join(", "));
        let mut cursor = client.try_open_cursor(query.as_str(), &[]).map_err(Error::spi)?;
        let mut rows = Rows { keys: Vec::new(), values: Vec::new(), target: Vec::new(), key_bytes: 0 };
        let limit = Limit {
            features: features.len(),
            with_key: key.is_some(),
            with_target: target.is_some(),
            max_bytes,
        };
        let key_columns = usize::from(key.is_some());
        loop {
            check_for_interrupts();
            let batch = cursor.fetch(FETCH_ROWS).map_err(Error::spi)?;
            let fetched = batch.len();
            if fetched == 0 {
                return Ok(rows);
            }
            rows.reserve(fetched, &limit)?;
            for row in batch {
                if let Some(column) = key {
                    match row.get::<String>(1).map_err(Error::spi)? {
                        Some(key) => rows.push_key(key, &limit)?,
                        None => return Err(null_key(column, &self.from)),
                    }
                }
                for (at, feature) in features.iter().enumerate() {
                    match row.get::<f64>(key_columns + at + 1).map_err(Error::spi)? {
                        Some(value) => rows.values.push(value),
                        None => return Err(null_value(feature, &rows, &self.from)),
                    }
                }
                if let Some(target) = target {
                    match row.get::<f64>(key_columns + features.len() + 1).map_err(Error::spi)? {
                        Some(value) => rows.target.push(value),
                        None => return Err(null_value(target, &rows, &self.from)),
                    }
                }
            }
        }
    }

    fn column_type(&self, column: &str) -> Result<pg_sys::Oid, Error> {
        self.columns.iter().find(|(name, _)| name == column).map(|(_, oid)| *oid).ok_or_else(|| {
            let names: Vec<_> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
            Error::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("the source has no column \"{column}\""),
            )
            .hint(format!("Its columns are: {}.", names.join(", ")))
        })
    }

    fn number(&self, column: &str) -> Result<String, Error> {
        let quoted = quote_identifier(column);
        match self.column_type(column)? {
            pg_sys::FLOAT8OID => Ok(quoted),
            pg_sys::BOOLOID => Ok(format!("{quoted}::pg_catalog.int4::pg_catalog.float8")),
            oid if is_number(oid) => Ok(format!("{quoted}::pg_catalog.float8")),
            _ => Err(Error::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("column \"{column}\" is neither a number nor a boolean"),
            )
            .hint("Leave it out of the features, or encode it as a number in the source query.")),
        }
    }
}

impl Limit {
    fn row_bytes(&self) -> usize {
        self.features * size_of::<f64>()
            + if self.with_key { KEY_BYTES } else { 0 }
            + if self.with_target { size_of::<f64>() } else { 0 }
    }

    fn exceeded(&self, rows: usize) -> Error {
        let (features, max_bytes) = (self.features, self.max_bytes);
        Error::new(
            PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
            format!("reading {rows} rows of {features} features takes more than stellantis.max_memory ({max_bytes} bytes)"),
        )
        .hint(settings::raise_memory_hint(2 * max_bytes))
    }
}

impl Rows {
    /// Makes room for `more` rows and for as many again as there are, within the limit.
    fn reserve(&mut self, more: usize, limit: &Limit) -> Result<(), Error> {
        let rows = self.values.len() / limit.features;
        let key_bytes = self.key_bytes.div_ceil(rows.max(1));
        let allowed = limit.max_bytes / (limit.row_bytes() + key_bytes);
        let exceeded = || limit.exceeded(rows + more);
        if rows + more > allowed {
            return Err(exceeded());
        }
        if self.values.capacity() >= (rows + more) * limit.features {
            return Ok(());
        }
        let room = more.max(rows).min(allowed - rows);
        self.values.try_reserve_exact(room * limit.features).map_err(|_| exceeded())?;
        self.keys.try_reserve_exact(if limit.with_key { room } else { 0 }).map_err(|_| exceeded())?;
        self.target.try_reserve_exact(if limit.with_target { room } else { 0 }).map_err(|_| exceeded())?;
        Ok(())
    }

    fn push_key(&mut self, key: String, limit: &Limit) -> Result<(), Error> {
        self.key_bytes += key.capacity();
        self.keys.push(key);
        if self.keys.len() * limit.row_bytes() + self.key_bytes > limit.max_bytes {
            return Err(limit.exceeded(self.keys.len()));
        }
        Ok(())
    }

    /// As the engine takes it.
    pub fn into_training_set(mut self, features: &[String]) -> TrainingSet {
        self.values.shrink_to_fit();
        self.target.shrink_to_fit();
        TrainingSet { features: features.to_vec(), values: self.values, target: self.target }
    }
}

/// The relation's name in full, so that the caller's search path decides once.
fn relation(client: &SpiClient<'_>, text: &str) -> Result<Option<String>, Error> {
    if !is_name(text) {
        return Ok(None);
    }
    client
        .select(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
             WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1)::pg_catalog.oid",
            Some(1),
            &[text.into()],
        )
        .and_then(|table| if table.is_empty() { Ok(None) } else { table.first().get_one() })
        .map_err(Error::spi)
}

/// Whether the text is one or two identifiers, plain or quoted: anything else the server's parser of names would
/// refuse without a hint.
fn is_name(text: &str) -> bool {
    let mut rest = text;
    for part in 1..=2 {
        let end = match rest.strip_prefix('"') {
            // A doubled quote stands for one inside the name.
            Some(quoted) => quoted.replace("\"\"", "__").find('"').filter(|end| *end > 0).map(|end| end + 2),
            None => rest
                .char_indices()
                .find(|(at, c)| {
                    !(c.is_alphabetic() || *c == '_' || *at > 0 && (c.is_ascii_digit() || *c == '$'))
                })
                .map_or(Some(rest.len()), |(at, _)| Some(at))
                .filter(|end| *end > 0),
        };
        rest = match end {
            Some(end) => &rest[end..],
            None => return false,
        };
        match rest.strip_prefix('.') {
            Some(next) if part == 1 => rest = next,
            _ => return rest.is_empty(),
        }
    }
    false
}

fn is_query(text: &str) -> bool {
    let first = text.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    text.starts_with('(')
        || ["select", "with", "values", "table"].iter().any(|word| first.eq_ignore_ascii_case(word))
}

fn is_number(oid: pg_sys::Oid) -> bool {
    matches!(
        oid,
        pg_sys::FLOAT8OID
            | pg_sys::FLOAT4OID
            | pg_sys::INT2OID
            | pg_sys::INT4OID
            | pg_sys::INT8OID
            | pg_sys::NUMERICOID
            | pg_sys::BOOLOID
    )
}

fn null_key(column: &str, from: &str) -> Error {
    Error::new(
        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("key column \"{column}\" is NULL in a row: a score without a key belongs to nothing"),
    )
    .hint(format!("SELECT * FROM {from} WHERE {} IS NULL;", quote_identifier(column)))
}

fn null_value(column: &str, rows: &Rows, from: &str) -> Error {
    let at = match rows.keys.last() {
        Some(key) => format!("the row with key \"{key}\""),
        None => "a row".to_owned(),
    };
    Error::new(
        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("column \"{column}\" is NULL in {at}; engine smartcore takes no missing values"),
    )
    .hint(format!("SELECT * FROM {from} WHERE {} IS NULL;", quote_identifier(column)))
}
