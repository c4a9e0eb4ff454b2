//! An SPI connection of our own, for what the bindings' client can't do.

use pgrx::pg_sys;

/// An SPI connection, closed on every way out but an error (the abort of the transaction closes it then).
pub(super) struct SpiSession;

impl SpiSession {
    pub(super) fn open() -> Self {
        // SAFETY: paired with SPI_finish in Drop.
        unsafe { pg_sys::SPI_connect() };
        Self
    }
}

impl Drop for SpiSession {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: closes the connection `open` made.
            unsafe { pg_sys::SPI_finish() };
        }
    }
}
