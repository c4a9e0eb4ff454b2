//! What a call can know of the transaction it runs in.

use pgrx::pg_sys;

/// Whether the session is inside BEGIN, or inside the implicit block of a query string with several statements.
/// A procedure that commits can't run there.
pub fn in_transaction_block() -> bool {
    // SAFETY: reads the transaction state; no preconditions.
    unsafe { pg_sys::IsTransactionBlock() }
}

/// Lets a pending cancel or terminate act. Only outside the life of worker threads.
pub fn check_for_interrupts() {
    pgrx::check_for_interrupts!();
}

/// Whether a cancel or a terminate is waiting to act, for loops that must clean up before it does.
pub fn interrupt_pending() -> bool {
    // SAFETY: reads two flags of type sig_atomic_t which signal handlers set.
    unsafe {
        std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) != 0
            || std::ptr::read_volatile(&raw const pg_sys::ProcDiePending) != 0
    }
}
