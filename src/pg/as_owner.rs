//! Least privilege while a call runs: the owner role's rights and a safe search path, whoever calls.
//!
//! `SET ROLE` would not do: a trigger or a function that runs meanwhile can undo it with `RESET ROLE`. The user id with
//! `SECURITY_LOCAL_USERID_CHANGE` is what SECURITY DEFINER functions use; no statement inside can leave it. Deferred
//! triggers would (they fire at COMMIT, as whoever is the user then), so writers fire them before they give the role back.

use pgrx::pg_sys;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::error::Error;

/// Owns every table of the warehouse and runs the jobs.
pub const OWNER: &std::ffi::CStr = c"stellantis_pipeline";
/// Owns the views of schema `marts`.
pub const MARTS: &std::ffi::CStr = c"stellantis_marts";

/// While this lives, the current user is another role and `search_path` is `pg_catalog, pg_temp`.
pub struct AsRole {
    user: pg_sys::Oid,
    security_context: i32,
    guc_level: i32,
}

impl AsRole {
    /// Becomes the owner role. 55000 where there is no warehouse yet.
    pub fn owner() -> Result<Self, Error> {
        Self::enter(OWNER)
    }

    pub fn enter(role: &std::ffi::CStr) -> Result<Self, Error> {
        let role_oid = role_oid(role).ok_or_else(no_warehouse)?;
        let mut user = pg_sys::InvalidOid;
        let mut security_context = 0;
        // SAFETY: plain C calls on the main thread of a backend inside a transaction. The GUC nest level is closed by
        // Drop or, after an error, by the abort of the (sub)transaction, which also restores the user id.
        let guc_level = unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut security_context);
            let level = pg_sys::NewGUCNestLevel();
            pg_sys::set_config_option(
                c"search_path".as_ptr(),
                c"pg_catalog, pg_temp".as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_SESSION,
                pg_sys::GucAction::GUC_ACTION_SAVE,
                true,
                0,
                false,
            );
            pg_sys::SetUserIdAndSecContext(
                role_oid,
                security_context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32,
            );
            level
        };
        Ok(Self { user, security_context, guc_level })
    }
}

impl AsRole {
    /// Fires the deferred triggers that were queued in this transaction, with the role's rights. Constraints stay
    /// immediate for the rest of the transaction.
    pub fn fire_deferred(&self, client: &mut SpiClient<'_>) -> Result<(), Error> {
        client.update("SET CONSTRAINTS ALL IMMEDIATE", None, &[]).map(drop).map_err(Error::spi)
    }
}

impl Drop for AsRole {
    fn drop(&mut self) {
        // After an error the abort of the (sub)transaction restores both; doing it here too would pop a level twice.
        if std::thread::panicking() {
            return;
        }
        // SAFETY: restores what `enter` saved, in reverse order, on the same thread.
        unsafe {
            pg_sys::SetUserIdAndSecContext(self.user, self.security_context);
            pg_sys::AtEOXact_GUC(true, self.guc_level);
        }
    }
}

/// The role's oid, if it exists.
pub fn role_oid(role: &std::ffi::CStr) -> Option<pg_sys::Oid> {
    // SAFETY: a catalog look-up by a NUL-terminated name; `true` asks for InvalidOid instead of an error.
    let oid = unsafe { pg_sys::get_role_oid(role.as_ptr(), true) };
    (oid != pg_sys::InvalidOid).then_some(oid)
}

/// Whether the current user has the rights of one of these roles (superusers always).
pub fn current_user_is_one_of(roles: &[&std::ffi::CStr]) -> bool {
    // SAFETY: catalog look-ups on the main thread.
    unsafe {
        let user = pg_sys::GetUserId();
        pg_sys::superuser_arg(user)
            || roles
                .iter()
                .filter_map(|role| role_oid(role))
                .any(|role| pg_sys::has_privs_of_role(user, role))
    }
}

/// 42501 with the grant that helps, unless the caller has the rights of one of `roles`; the last one is the narrowest.
pub fn require_one_of(roles: &[&std::ffi::CStr], call: &str) -> Result<(), Error> {
    if current_user_is_one_of(roles) {
        return Ok(());
    }
    // The roles come with the first warehouse of the cluster; before it there is nothing to grant.
    if roles.first().is_some_and(|role| role_oid(role).is_none()) {
        return Err(no_warehouse());
    }
    let names: Vec<_> = roles.iter().map(|role| role.to_string_lossy()).collect();
    let user = current_user_name();
    Err(Error::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("role {user} may not call stellantis.{call}: it needs the rights of {}", names.join(" or ")),
    )
    .hint(format!(
        "GRANT {} TO {};",
        names.last().map_or("stellantis_pipeline", |name| name.as_ref()),
        pgrx::spi::quote_identifier(&user)
    )))
}

/// The name of the current user (not of the session's).
pub fn current_user_name() -> String {
    // SAFETY: returns a palloc'd, NUL-terminated name of an existing role.
    unsafe {
        let name = pg_sys::GetUserNameFromId(pg_sys::GetUserId(), false);
        std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

pub fn no_warehouse() -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, "this database has no warehouse yet")
        .hint("CALL stellantis.create_warehouse();")
}
