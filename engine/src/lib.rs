//! Parsing and mathematics of `stellantis_analytics`.
//!
//! Nothing here knows PostgreSQL: a thread that touches a backend takes the whole cluster down, so the code that
//! runs on threads cannot even name it. One module a subject; each has the same name in `src/`, `sql/extension/`,
//! `tests/pg_regress/sql/` and `docs/`.

pub mod error;
pub mod forest;
pub mod kpi;
pub mod landing;
pub mod quality;
pub mod synthetic;
