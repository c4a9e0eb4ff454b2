//! Who may make which call. The rights on tables and views are in sql/warehouse/repeatable/30_security.sql.

use std::ffi::CStr;

use crate::pg::as_owner::OWNER;

const LOADER: &CStr = c"stellantis_loader";
const MANAGER: &CStr = c"stellantis_manager";
const EXECUTIVE: &CStr = c"stellantis_executive";
/// Trains models of its own and looks at those of the platform.
pub const ENGINEER: &CStr = c"stellantis_engineer";

/// Any role that may look at how the platform does. The narrowest that helps stands last: errors say to grant it.
pub const READERS: &[&CStr] = &[OWNER, EXECUTIVE, MANAGER, LOADER, ENGINEER];

/// Who may make a call through the door, besides superusers. What is not named here is the owner's alone.
pub fn allowed_roles(call: &str) -> &'static [&'static CStr] {
    match call {
        "ingest" | "landing_files" | "upload_file" => &[OWNER, LOADER],
        "status" | "pipeline_status" => READERS,
        "lineage" | "lineage_mermaid" | "model_metrics" | "feature_importance" | "run_data_tests" => {
            &[OWNER, ENGINEER]
        }
        _ => &[OWNER],
    }
}
