//! The PostgreSQL side of `stellantis_analytics`: parse arguments, call the engine, give back rows or an error.
//!
//! One file a subject; `pg/` holds everything unsafe. Tables are made by `create_warehouse()`, not by
//! CREATE EXTENSION: the extension is code, the warehouse is data.

// Errors are large because they carry what the client needs; they are built once a statement.
#![allow(clippy::result_large_err)]
// pgrx makes the SQL declaration of a set-returning function from the row type in its signature.
#![allow(clippy::type_complexity)]
#![cfg_attr(any(test, feature = "pg_test"), allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

use pgrx::prelude::*;

mod error;
mod forest;
mod kpi;
mod landing;
mod pg;
mod pipeline;
mod quality;
mod rights;
mod settings;
mod synthetic;
#[cfg(any(test, feature = "pg_test"))]
mod testing;
mod warehouse;

::pgrx::pg_module_magic!(name, version);

#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::init();
    pg::dispatch::init(pg::dispatch::Gate {
        allowed_roles: rights::allowed_roles,
        check_warehouse: warehouse::check_version,
    });
    // SAFETY: called once, when the library is loaded, with a NUL-terminated name.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"stellantis".as_ptr()) };
}

extension_sql_file!("../sql/extension/bootstrap.sql", name = "bootstrap", bootstrap);
extension_sql_file!(
    "../sql/extension/landing.sql",
    name = "landing",
    requires = [
        landing::zone_files,
        landing::zone_sha256,
        landing::write_zone_file,
        landing::load_zone_file,
        synthetic::generate_zone_file
    ]
);
extension_sql_file!("../sql/extension/quality.sql", name = "quality", requires = ["landing"]);
extension_sql_file!(
    "../sql/extension/clean_timestamps.sql",
    name = "clean_timestamps",
    requires = ["quality"]
);
extension_sql_file!("../sql/extension/clean.sql", name = "clean", requires = ["clean_timestamps"]);
extension_sql_file!("../sql/extension/data_tests.sql", name = "data_tests", requires = ["clean"]);
extension_sql_file!(
    "../sql/extension/warehouse_dimensions.sql",
    name = "warehouse_dimensions",
    requires = ["data_tests"]
);
extension_sql_file!(
    "../sql/extension/warehouse_facts.sql",
    name = "warehouse_facts",
    requires = ["warehouse_dimensions"]
);
extension_sql_file!("../sql/extension/warehouse.sql", name = "warehouse", requires = ["warehouse_facts"]);
extension_sql_file!("../sql/extension/ways_on.sql", name = "ways_on", requires = ["warehouse"]);
extension_sql_file!("../sql/extension/lineage.sql", name = "lineage", requires = ["ways_on"]);
extension_sql_file!("../sql/extension/kpi.sql", name = "kpi", requires = ["lineage", kpi::kpi_add_pair]);
extension_sql_file!("../sql/extension/forest.sql", name = "forest", requires = ["kpi"]);
extension_sql_file!("../sql/extension/pipeline.sql", name = "pipeline", requires = ["forest"]);
extension_sql_file!("../sql/extension/rights.sql", name = "rights", finalize);

/// What cargo-pgrx's test runner asks for.
#[cfg(test)]
pub mod pg_test {
    pub fn setup(_options: Vec<&str>) {}

    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec!["stellantis.landing_zone = '/nonexistent'"]
    }
}
