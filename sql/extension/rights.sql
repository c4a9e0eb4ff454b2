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

comment on function stellantis.version() is 'The version of the loaded library.';
comment on function stellantis.leading_sensors_of_file(integer) is
    'Internal: for each failed inspection of a file the sensor that deviates most from the passed ones.';
comment on function stellantis.check_pipeline_call() is
    'Raises unless the caller may run the pipeline, the warehouse is of this version and no transaction block is open.';
comment on function stellantis.train_forest(text, text, text, text[], jsonb) is
    'Trains a new version of a model from a table, view or query read with the caller''s rights; the first version is deployed. params take scikit-learn''s names.';
comment on function stellantis.predict(text, float8[]) is 'Probability, 0 to 1, of features in the order of the model''s feature list.';
comment on function stellantis.predict(text, record) is 'Probability, 0 to 1, of a row that has the features among its columns.';
comment on function stellantis.predict_batch(text, text, text) is
    'Scores every row of a table, view or query; a row the version was trained on is scored by the trees that did not see it.';
comment on function stellantis.explain(text, float8[]) is 'What each feature adds to the probability, the base first; the contributions sum to predict().';
comment on function stellantis.kpi_add_pair(float8[], float8, float8) is 'Transition function of the aggregates of two arguments.';
comment on function stellantis.kpi_add_minutes(float8[], float8, float8, float8, float8, float8) is 'Transition function of oee_summary.';
comment on function stellantis.kpi_combine(float8[], float8[]) is 'Adds two states of a KPI aggregate.';
comment on function stellantis.kpi_ratio(float8[]) is 'Final function of the aggregates of two arguments.';
comment on function stellantis.kpi_factor_values(float8[]) is 'The factors of a state of five sums, as an array.';
