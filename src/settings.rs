//! All settings (GUCs). Superusers set them: they decide which files and how much memory the server's user lends.

use std::ffi::CString;
use std::path::PathBuf;

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::prelude::*;

use crate::error::Error;

/// Directory in which CSV files land. Default: none; every call that needs it says how to set it.
static LANDING_ZONE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
/// Directory exports are written to. Default: none.
static EXPORT_ZONE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
/// Directory of files that each hold one secret (web hook address, password). Default: none.
static SECRET_DIR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
/// MB that one call may allocate outside PostgreSQL's own memory. Default 1024: the largest file of the built-in data
/// sets takes 6 MB, a forest on a million rows about 500.
static MAX_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(1024);
/// What `stellantis.max_memory` can be set to, MB.
const LARGEST_MEMORY_MB: i32 = 1 << 20;
/// Worker threads of one call; 0 (default) takes every core the server may use.
static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
/// Longest field of a CSV file in bytes. Default 1 MB.
static MAX_FIELD_BYTES: GucSetting<i32> = GucSetting::<i32>::new(1 << 20);
/// Whether notifications may be sent by a server process. Default off: the relay does it.
static DELIVER_IN_SERVER: GucSetting<bool> = GucSetting::<bool>::new(false);

pub fn init() {
    let none = GucFlags::default();
    let private = GucFlags::SUPERUSER_ONLY;
    GucRegistry::define_string_guc(
        c"stellantis.landing_zone",
        c"Directory in which CSV files land.",
        c"Files outside it are never read. One sub-directory a data set.",
        &LANDING_ZONE,
        GucContext::Suset,
        none,
    );
    GucRegistry::define_string_guc(
        c"stellantis.export_zone",
        c"Directory that exports are written to.",
        c"",
        &EXPORT_ZONE,
        GucContext::Suset,
        none,
    );
    GucRegistry::define_string_guc(
        c"stellantis.secret_dir",
        c"Directory of files that each hold one secret.",
        c"",
        &SECRET_DIR,
        GucContext::Suset,
        private,
    );
    GucRegistry::define_int_guc(
        c"stellantis.max_memory",
        c"Memory that one call may allocate outside PostgreSQL's own.",
        c"Larger work is refused beforehand with its estimate.",
        &MAX_MEMORY,
        16,
        LARGEST_MEMORY_MB,
        GucContext::Suset,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_int_guc(
        c"stellantis.threads",
        c"Worker threads of one call; 0 takes every core.",
        c"Results do not depend on it.",
        &THREADS,
        0,
        256,
        GucContext::Suset,
        none,
    );
    GucRegistry::define_int_guc(
        c"stellantis.max_field_bytes",
        c"Longest field of a CSV file.",
        c"A row with a longer field is rejected.",
        &MAX_FIELD_BYTES,
        1024,
        1 << 30,
        GucContext::Suset,
        GucFlags::UNIT_BYTE,
    );
    GucRegistry::define_bool_guc(
        c"stellantis.deliver_in_server",
        c"Let a server process send notifications.",
        c"Off: a relay outside the server sends them.",
        &DELIVER_IN_SERVER,
        GucContext::Suset,
        none,
    );
}

const SET_LANDING_ZONE: &str = "LOAD 'stellantis_analytics'; ALTER SYSTEM SET stellantis.landing_zone = '/srv/landing'; SELECT pg_reload_conf();";

/// The landing zone, or how to set one.
pub fn landing_zone() -> Result<PathBuf, Error> {
    match LANDING_ZONE.get().and_then(|path| path.into_string().ok()).filter(|path| !path.is_empty()) {
        Some(path) if !path.starts_with('/') => Err(Error::new(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("stellantis.landing_zone must be an absolute path, it is \"{path}\""),
        )
        .hint(SET_LANDING_ZONE)),
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(Error::new(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            "the landing zone is not set: stellantis.landing_zone is empty",
        )
        .hint(SET_LANDING_ZONE)),
    }
}

pub fn max_memory_bytes() -> usize {
    MAX_MEMORY.get() as usize * (1 << 20)
}

/// The statement that lets one call take this many bytes.
pub fn raise_memory_hint(bytes: usize) -> String {
    let megabytes = bytes.div_ceil(1 << 20).min(LARGEST_MEMORY_MB as usize);
    format!(
        "LOAD 'stellantis_analytics'; ALTER SYSTEM SET stellantis.max_memory = '{megabytes}MB'; SELECT pg_reload_conf();"
    )
}

pub fn max_field_bytes() -> usize {
    MAX_FIELD_BYTES.get() as usize
}

/// Worker threads to start, at least one.
pub fn threads() -> usize {
    match THREADS.get() {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n as usize,
    }
}
