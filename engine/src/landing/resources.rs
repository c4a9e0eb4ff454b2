//! What one reading may use: memory up to a limit, and time until somebody says stop.

use super::error::LandingError;

/// Memory account and stop question of one reading.
pub(super) struct Resources<'c> {
    limit_bytes: usize,
    used_bytes: usize,
    check: &'c mut dyn FnMut() -> bool,
}

impl<'c> Resources<'c> {
    pub(super) fn new(limit_bytes: usize, check: &'c mut dyn FnMut() -> bool) -> Self {
        Resources { limit_bytes, used_bytes: 0, check }
    }

    /// Error 57014 when the caller wants to stop.
    pub(super) fn go_on(&mut self) -> Result<(), LandingError> {
        if (self.check)() { Err(LandingError::Cancelled) } else { Ok(()) }
    }

    /// Books bytes that the caller allocates itself.
    pub(super) fn book(&mut self, bytes: usize) -> Result<(), LandingError> {
        let used = self.used_bytes.saturating_add(bytes);
        if used > self.limit_bytes {
            return Err(self.exhausted(used));
        }
        self.used_bytes = used;
        Ok(())
    }

    /// Makes room for `additional` more elements, doubling where the limit allows.
    pub(super) fn reserve<T>(&mut self, vector: &mut Vec<T>, additional: usize) -> Result<(), LandingError> {
        let needed = vector.len().saturating_add(additional);
        if needed <= vector.capacity() {
            return Ok(());
        }
        let size = size_of::<T>().max(1);
        let others = self.used_bytes.saturating_sub(vector.capacity().saturating_mul(size));
        let allowed = self.limit_bytes.saturating_sub(others) / size;
        if needed > allowed {
            return Err(self.exhausted(others.saturating_add(needed.saturating_mul(size))));
        }
        let wanted = needed.max(vector.capacity().saturating_mul(2)).max(1024).min(allowed);
        if vector.try_reserve_exact(wanted - vector.len()).is_err() {
            return Err(self.exhausted(others.saturating_add(wanted.saturating_mul(size))));
        }
        self.used_bytes = others.saturating_add(vector.capacity().saturating_mul(size));
        Ok(())
    }

    fn exhausted(&self, needed_bytes: usize) -> LandingError {
        LandingError::OutOfMemory { needed_bytes, limit_bytes: self.limit_bytes }
    }
}
