//! What can go wrong with a forest, with its SQLSTATE and the way on.

use crate::error::Explain;

/// Every error of the module `forest`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ForestError {
    /// A key of the parameters that the forest does not know.
    #[error("unknown forest parameter \"{key}\"")]
    UnknownParameter {
        /// The key as given.
        key: String,
        /// The keys that exist.
        known: &'static [&'static str],
    },
    /// A parameter outside its allowed range.
    #[error("forest parameter \"{key}\" must be {allowed}, but it is {given}")]
    InvalidParameter {
        /// The key.
        key: &'static str,
        /// The value as JSON.
        given: String,
        /// The allowed range in words.
        allowed: String,
    },
    /// Something this version cannot do.
    #[error("{what}")]
    Unsupported {
        /// What is not supported.
        what: String,
        /// What to do instead.
        hint: String,
    },
    /// Training data that no forest can be grown from.
    #[error("{what}")]
    InvalidData {
        /// What is wrong and where.
        what: String,
        /// What to do.
        hint: String,
    },
    /// A row that does not fit the model.
    #[error("{what}")]
    InvalidRow {
        /// What is wrong and where.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The caller's stop flag was set.
    #[error("training of the forest was stopped after {trees_done} of {trees} trees")]
    Stopped {
        /// Trees that were finished.
        trees_done: usize,
        /// Trees that were asked for.
        trees: usize,
    },
    /// The forest needs more memory than it may use.
    #[error("training the forest needs about {needed} bytes, but only {allowed} bytes are allowed")]
    Memory {
        /// Estimated (before) or reached (while growing) bytes.
        needed: usize,
        /// The limit.
        allowed: usize,
    },
    /// The system has no memory left, although the limit allows more.
    #[error("the system had no {wanted} bytes of memory for training the forest")]
    NoMemory {
        /// Bytes of the allocation that failed.
        wanted: usize,
    },
    /// Bytes that are not a forest or not a list of training rows.
    #[error("invalid {artefact}: {what}")]
    Corrupt {
        /// "model" or "list of training rows".
        artefact: &'static str,
        /// What is wrong and where.
        what: String,
    },
    /// The engine library broke a promise: a fault of this program.
    #[error("the forest engine failed: {0}")]
    Internal(String),
}

impl Explain for ForestError {
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::UnknownParameter { .. }
            | Self::InvalidParameter { .. }
            | Self::InvalidData { .. }
            | Self::InvalidRow { .. } => "22023",
            Self::Unsupported { .. } => "0A000",
            Self::Stopped { .. } => "57014",
            Self::Memory { .. } | Self::NoMemory { .. } => "53200",
            Self::Corrupt { .. } => "22P03",
            Self::Internal(_) => "XX000",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownParameter { known, .. } => Some(format!("Known parameters: {}.", known.join(", "))),
            Self::InvalidParameter { key, .. } => {
                Some(format!("Leave \"{key}\" out of params to use its default."))
            }
            Self::Unsupported { hint, .. }
            | Self::InvalidData { hint, .. }
            | Self::InvalidRow { hint, .. } => Some(hint.clone()),
            Self::Stopped { .. } => None,
            Self::Memory { needed, .. } => Some(format!(
                "Train on fewer rows, or allow more: LOAD 'stellantis_analytics'; ALTER SYSTEM SET \
                 stellantis.max_memory = '{}MB'; SELECT pg_reload_conf();",
                needed.div_ceil(1 << 20)
            )),
            Self::NoMemory { .. } => {
                Some("Train on fewer rows, or on fewer threads: SET stellantis.threads = 1;".to_owned())
            }
            Self::Corrupt { .. } => {
                Some("Train the model again, or restore the row from a backup.".to_owned())
            }
            Self::Internal(_) => Some("Please report this with the parameters that were used.".to_owned()),
        }
    }
}
