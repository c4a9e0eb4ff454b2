//! Worker threads inside a backend, which PostgreSQL does not know of.
//!
//! Rules kept here (a thread that breaks one takes the whole cluster down): workers never call PostgreSQL; every signal
//! is blocked in them, so handlers run on the main thread only; the main thread waits on its latch, sees a cancel, a
//! terminate or the death of the postmaster within 20 ms, and stops and joins the workers before any of them acts,
//! because a terminate leaves the process without running Rust's destructors. Interrupts are held off meanwhile: even a
//! NOTICE ends in a check for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::transaction;
use crate::error::Error;

const POLL_MS: i64 = 20;
const STACK_BYTES: usize = 8 << 20;

/// Runs `job` on a pool of its own with `threads` workers and returns its result when every worker has ended.
///
/// `job` gets the pool and a flag that is set when it should stop; `tick` runs on the main thread every 20 ms while it
/// waits (progress) and must not raise; its notices do not let a cancel or a terminate act. A panic of the job is raised
/// here, after the join.
pub fn run<T: Send>(
    threads: usize,
    job: impl FnOnce(&rayon::ThreadPool, &AtomicBool) -> T + Send,
    mut tick: impl FnMut(),
) -> Result<T, Error> {
    let stop = AtomicBool::new(false);
    let mut postmaster_died = false;
    let hold = HoldInterrupts::new();
    let mask = SignalMask::block_all();
    let built = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .thread_name(|n| format!("stellantis {n}"))
        .build_scoped(rayon::ThreadBuilder::run, |pool| {
            drop(mask);
            let done = AtomicBool::new(false);
            let mut result = None;
            pool.in_place_scope(|scope| {
                // Whatever ends this closure early (an ERROR raised while waiting), the workers are told to stop; the
                // scope joins them before the error goes on.
                let _stop_on_unwind = StopOnUnwind(&stop);
                let (stop, done, slot) = (&stop, &done, &mut result);
                scope.spawn(move |_| {
                    let _done = SetOnDrop(done);
                    *slot = Some(job(pool, stop));
                });
                while !done.load(Ordering::Acquire) {
                    if postmaster_died {
                        // The latch returns at once from now on.
                        std::thread::sleep(Duration::from_millis(POLL_MS as u64));
                    } else if wait_latch(POLL_MS) {
                        postmaster_died = true;
                        stop.store(true, Ordering::Relaxed);
                    }
                    if transaction::interrupt_pending() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    absorb_barrier();
                    tick();
                }
            });
            result
        });
    drop(hold);
    if postmaster_died {
        // SAFETY: nothing of ours is alive; this is what a backend does that sees its postmaster gone.
        unsafe { pg_sys::proc_exit(1) };
    }
    transaction::check_for_interrupts();
    match built {
        Ok(Some(result)) => Ok(result),
        Ok(None) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
            "the worker threads ended without a result",
        )),
        Err(error) => Err(Error::new(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
            format!("could not start {threads} worker threads: {error}"),
        )
        .hint("LOAD 'stellantis_analytics'; SET stellantis.threads = 1;")),
    }
}

/// No cancel, terminate or other interrupt acts on this backend while it lives (HOLD_INTERRUPTS).
struct HoldInterrupts;

impl HoldInterrupts {
    fn new() -> Self {
        // SAFETY: a counter of this backend's main thread, which this runs on.
        unsafe { pg_sys::InterruptHoldoffCount += 1 };
        Self
    }
}

impl Drop for HoldInterrupts {
    fn drop(&mut self) {
        // SAFETY: as in `new`. An ERROR on its way has set the count to 0 already; a panic has not.
        unsafe {
            pg_sys::InterruptHoldoffCount =
                (&raw const pg_sys::InterruptHoldoffCount).read().saturating_sub(1);
        }
    }
}

/// Takes part in what all backends must do before another may go on (drop a database), which a held interrupt would
/// keep waiting until the job ends.
fn absorb_barrier() {
    // SAFETY: reads a flag of type sig_atomic_t and does what the check for interrupts does with it; main thread only.
    unsafe {
        if std::ptr::read_volatile(&raw const pg_sys::ProcSignalBarrierPending) != 0 {
            pg_sys::ProcessProcSignalBarrier();
        }
    }
}

struct StopOnUnwind<'a>(&'a AtomicBool);

impl Drop for StopOnUnwind<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Waits up to `ms` for the latch; true when the postmaster has died.
fn wait_latch(ms: i64) -> bool {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_POSTMASTER_DEATH;
    // SAFETY: MyLatch is this backend's own latch; called on the main thread only.
    unsafe {
        let seen = pg_sys::WaitLatch(pg_sys::MyLatch, events as i32, ms, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
        seen & pg_sys::WL_POSTMASTER_DEATH as i32 != 0
    }
}

/// Blocks every signal on this thread while it lives; threads started meanwhile inherit the mask for good.
struct SignalMask(libc::sigset_t);

impl SignalMask {
    fn block_all() -> Self {
        // SAFETY: both sets are initialised before use (sigfillset, pthread_sigmask's output).
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            Self(before)
        }
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: restores the mask this thread had.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut());
        }
    }
}
