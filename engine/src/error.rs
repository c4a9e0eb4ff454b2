//! What every error of the engine can say of itself, so that the PostgreSQL side reports all of them one way.

/// An error that knows its SQLSTATE and the user's way on.
pub trait Explain: std::error::Error {
    /// Five characters of SQLSTATE (`22023`, `22P02`, `54000`, ...).
    fn sqlstate(&self) -> &'static str;
    /// A sentence or a statement that the user can act on.
    fn hint(&self) -> Option<String> {
        None
    }
}
