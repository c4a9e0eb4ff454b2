//! What a call can know of the transaction it runs in.

use pgrx::pg_sys;

/// Whether the procedure that asks can't commit: inside BEGIN, inside the implicit block of a query string with several
/// statements, inside a block with EXCEPTION, or called from a function.
pub fn in_transaction_block() -> bool {
    // SAFETY: both read state; the second looks at the SPI context of the procedure that calls this.
    unsafe { pg_sys::IsTransactionBlock() || !pg_sys::SPI_inside_nonatomic_context() }
}

/// Lets a pending cancel or terminate act. Only outside the life of worker threads.
pub fn check_for_interrupts() {
    pgrx::check_for_interrupts!();
}

/// Whether a cancel, a terminate, a timeout of the transaction or the loss of the client is waiting to act, for loops
/// that must clean up before it does.
pub fn interrupt_pending() -> bool {
    #[cfg(any(feature = "pg15", feature = "pg16"))]
    let timed_out = false;
    // SAFETY: reads a flag of type sig_atomic_t which a signal handler sets.
    #[cfg(not(any(feature = "pg15", feature = "pg16")))]
    let timed_out = unsafe { std::ptr::read_volatile(&raw const pg_sys::TransactionTimeoutPending) != 0 };
    // SAFETY: reads flags of type sig_atomic_t which signal handlers and failed writes to the client set.
    unsafe {
        timed_out
            || std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) != 0
            || std::ptr::read_volatile(&raw const pg_sys::ProcDiePending) != 0
            || std::ptr::read_volatile(&raw const pg_sys::ClientConnectionLost) != 0
    }
}
