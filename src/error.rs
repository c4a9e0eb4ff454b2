//! The one error type of the SQL face: an SQLSTATE, what happened and where, and a HINT that can be run.

use engine::error::Explain;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// An error on its way to the client.
///
/// Functions called by PostgreSQL return `Result<_, ErrorReport>` (pgrx reports any other error type as 22000 without
/// a hint); everything behind them returns this, and `?` converts.
#[derive(Debug)]
pub struct Error {
    code: PgSqlErrorCode,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl Error {
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None }
    }

    /// A statement or a sentence the user can act on.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A failure of the server programming interface itself; errors of the statements it runs never pass here.
    pub fn spi(error: spi::Error) -> Self {
        Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("server programming interface: {error}"))
    }

    /// An operating system error about a file, with the SQLSTATE PostgreSQL itself would use.
    pub fn file(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let code = match error.kind() {
            ErrorKind::NotFound => PgSqlErrorCode::ERRCODE_UNDEFINED_FILE,
            ErrorKind::PermissionDenied => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            ErrorKind::AlreadyExists => PgSqlErrorCode::ERRCODE_DUPLICATE_FILE,
            ErrorKind::StorageFull => PgSqlErrorCode::ERRCODE_DISK_FULL,
            ErrorKind::OutOfMemory => PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
            _ => PgSqlErrorCode::ERRCODE_IO_ERROR,
        };
        Self::new(code, format!("{what}: {error}"))
    }

    /// Whether it came from the operating system's answer about one file or directory.
    pub fn is_about_a_file(&self) -> bool {
        matches!(
            self.code,
            PgSqlErrorCode::ERRCODE_UNDEFINED_FILE
                | PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
                | PgSqlErrorCode::ERRCODE_IO_ERROR
        )
    }

    /// SQLSTATE, message and hint, for callers that store an error instead of raising it.
    pub fn into_parts(self) -> (String, String, Option<String>) {
        (sqlstate_text(self.code as i32), self.message, self.hint)
    }
}

impl<E: Explain> From<E> for Error {
    fn from(error: E) -> Self {
        let code = PgSqlErrorCode::from(sqlstate_code(error.sqlstate()));
        Self { code, message: error.to_string(), detail: None, hint: error.hint() }
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let mut report = ErrorReport::new(error.code, error.message, "stellantis_analytics");
        if let Some(detail) = error.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = error.hint {
            report = report.set_hint(hint);
        }
        report
    }
}

/// PostgreSQL packs the five characters of an SQLSTATE into six bits each, the first in the lowest bits.
fn sqlstate_code(sqlstate: &str) -> i32 {
    sqlstate.bytes().rev().fold(0, |code, c| (code << 6) | (i32::from(c.wrapping_sub(b'0')) & 0x3F))
}

fn sqlstate_text(code: i32) -> String {
    (0..5).map(|i| char::from(((code >> (6 * i)) & 0x3F) as u8 + b'0')).collect()
}
