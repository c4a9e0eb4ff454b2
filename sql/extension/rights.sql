-- Nobody may call anything but what is harmless. Calls that check the caller themselves before anything else (the door
-- and the procedures) are open, so that a user without rights is told which grant helps. create_warehouse() grants the
-- rest to the owner role.
revoke all on all routines in schema stellantis from public;
grant usage on schema stellantis to public;

do $rights$
declare
    v_routine regprocedure;
begin
    for v_routine in
        select p.oid
        from pg_catalog.pg_proc p
        join pg_catalog.pg_language l on l.oid operator(pg_catalog.=) p.prolang
        where p.pronamespace operator(pg_catalog.=) 'stellantis'::pg_catalog.regnamespace
            and (p.prosrc operator(pg_catalog.=) 'as_owner'
                or p.prokind operator(pg_catalog.=) 'a'
                or p.proname operator(pg_catalog.=) any (array[
                    'version', 'create_warehouse', 'drop_warehouse', 'run_pipeline', 'check_pipeline_call',
                    'predict', 'explain', 'predict_batch', 'train_forest',
                    'kpi_add_pair', 'kpi_add_minutes', 'kpi_combine', 'kpi_ratio', 'kpi_factor_values', 'kpi_summary'
                ]::pg_catalog.name[]))
    loop
        execute pg_catalog.format('grant execute on routine %s to public', v_routine);
    end loop;
end
$rights$;

-- After DROP EXTENSION and CREATE EXTENSION the warehouse and its owner are still there: the owner's rights on the new
-- routines come back at once.
do $owner$
begin
    if exists (
        select from pg_catalog.pg_namespace n
        join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) n.nspowner
        where n.nspname operator(pg_catalog.=) 'ops' and r.rolname operator(pg_catalog.=) 'stellantis_pipeline'
    ) then
        grant execute on all routines in schema stellantis to stellantis_pipeline;
    end if;
end
$owner$;
