-- run as: superuser
-- The owner role may call every routine of the library: the work behind the calls (do_NAME) runs as this role.
-- Others may call only what checks the caller itself (sql/extension/rights.sql).
grant execute on all routines in schema stellantis to stellantis_pipeline;
