//! Values kept at the place in a statement that calls a function, so that a function called a million times looks a
//! thing up once.

use std::any::Any;
use std::marker::PhantomData;
use std::rc::Rc;

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{PgMemoryContexts, pg_sys};

/// Values kept at one call site; the oldest goes first.
const KEPT: usize = 4;

/// The place a function is called from: an argument of a function that SQL does not see.
///
/// PostgreSQL keeps it for a statement at least, and for a whole transaction where plpgsql evaluates the call as a
/// simple expression. A value is therefore used again only by the same user and in a snapshot that sees the same.
pub struct CallSite<'fcx>(pg_sys::FunctionCallInfo, PhantomData<&'fcx ()>);

/// A value, the name it was looked up by, and what the look-up saw.
struct Kept {
    name: String,
    seen: Seen,
    value: Rc<dyn Any>,
}

/// Who looked, and what that one could see: equal ones see the same rows.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    user: pg_sys::Oid,
    xmin: pg_sys::TransactionId,
    xmax: pg_sys::TransactionId,
    command: pg_sys::CommandId,
    /// Transactions that had ended in the whole cluster; tells apart snapshots between which one between xmin and xmax
    /// ended.
    ended: u64,
}

impl Seen {
    /// `None` where no snapshot is active.
    fn now() -> Option<Self> {
        // SAFETY: reads of this backend's state; an active snapshot stays while the call runs.
        unsafe {
            if !pg_sys::ActiveSnapshotSet() {
                return None;
            }
            let snapshot = &*pg_sys::GetActiveSnapshot();
            Some(Self {
                user: pg_sys::GetUserId(),
                xmin: snapshot.xmin,
                xmax: snapshot.xmax,
                command: snapshot.curcid,
                ended: snapshot.snapXactCompletionCount,
            })
        }
    }
}

impl CallSite<'_> {
    /// The value kept under this name, else the one that `look_up` finds, which is then kept.
    pub fn keep<T: 'static, E>(
        &self,
        name: &str,
        look_up: impl FnOnce() -> Result<Rc<T>, E>,
    ) -> Result<Rc<T>, E> {
        let Some(seen) = Seen::now() else { return look_up() };
        let found = self.kept().iter().find(|kept| kept.seen == seen && kept.name == name);
        if let Some(Ok(value)) = found.map(|kept| kept.value.clone().downcast()) {
            return Ok(value);
        }
        // It may come back to this place, so nothing is borrowed meanwhile.
        let value = look_up()?;
        let kept = self.kept();
        kept.retain(|kept| kept.seen == seen);
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(Kept { name: name.to_owned(), seen, value: value.clone() });
        Ok(value)
    }

    #[allow(clippy::mut_from_ref, reason = "private; `keep` holds one of them at a time")]
    fn kept(&self) -> &mut Vec<Kept> {
        // SAFETY: the function manager's call info lives as long as the call, which self does not outlive. fn_extra is
        // the function's own: null, or the list put there. The list is leaked into fn_mcxt, which drops it when the
        // call site goes. There is one thread, and no reference is held over code that could ask for another.
        unsafe {
            let flinfo = (*self.0).flinfo;
            if (*flinfo).fn_extra.is_null() {
                let list =
                    PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(Vec::<Kept>::new());
                (*flinfo).fn_extra = list.cast();
            }
            &mut *(*flinfo).fn_extra.cast::<Vec<Kept>>()
        }
    }
}

// SAFETY: takes no argument of the call, like the bindings' own FunctionCallInfo that it is made of.
unsafe impl<'fcx> ArgAbi<'fcx> for CallSite<'fcx> {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: the caller's promise, passed on.
        Self(unsafe { pg_sys::FunctionCallInfo::unbox_arg_unchecked(arg) }, PhantomData)
    }

    fn is_virtual_arg() -> bool {
        true
    }
}

// SAFETY: the type has no place in an SQL signature.
unsafe impl SqlTranslatable for CallSite<'_> {
    const TYPE_IDENT: &'static str = pgrx::pgrx_resolved_type!(CallSite<'_>);
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::Skip);
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::Skip));
}
