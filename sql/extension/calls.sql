create function stellantis.do_assess_quality(p_relation regclass)
returns table (table_name text, dimension text, rows_checked bigint, rows_failed bigint, score float8, worst_column text, worst_score float8, status text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_dataset text;
begin
    if p_relation is not null and not exists (select from ops.dataset d where to_regclass(d.staging_table) = p_relation) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('%s is the staging table of no data set', p_relation),
            hint = 'SELECT dataset, staging_table FROM ops.dataset;';
    end if;
    for v_dataset in
        select d.dataset from ops.dataset d
        where d.is_active and (p_relation is null or to_regclass(d.staging_table) = p_relation)
        order by d.dataset
    loop
        return query select * from stellantis.do_assess_quality(null, v_dataset, null);
    end loop;
end
$function$;

create function stellantis.assess_quality(relation regclass default null)
returns table (table_name text, dimension text, rows_checked bigint, rows_failed bigint, score float8, worst_column text, worst_score float8, status text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.assess_quality(regclass) is
    'Scores the six dimensions of a staging table, or of all, by ops.quality_rule; logged in warehouse.quality_metrics_log.';

create function stellantis.clean(dataset text default null)
returns table (cleaned_dataset text, rule_id text, kind text, column_name text, rows_changed bigint)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.clean(text) is
    'Cleans the loaded files of a data set, or of all, into staging.clean_*: what was changed, by which rule.';

create function stellantis.do_load_warehouse(p_logical_date date)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    select * from stellantis.do_load_warehouse(null::bigint, coalesce(p_logical_date,
        (select (clock_timestamp() at time zone p.time_zone)::date from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1)))
$function$;

create function stellantis.load_warehouse(logical_date date default null)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.load_warehouse(date) is
    'The one publication: dimensions, facts, predictions and roll-ups of all clean files, then every blocking data test; one failure rolls back the whole.';

create function stellantis.do_refresh_marts() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    select stellantis.do_refresh_marts(null::bigint,
        (select (clock_timestamp() at time zone p.time_zone)::date from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1))
$function$;

create function stellantis.refresh_marts() returns bigint
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.refresh_marts() is
    'Rebuilds what can be rebuilt: verifies roll-ups against the facts, refreshes statistics, runs the non-blocking tests.';

create function stellantis.run_data_tests(run_id bigint default null, blocking_only boolean default false)
returns table (test_no integer, test_name text, dimension text, severity text, is_blocking boolean, status text, rows_failed bigint,
    sample_keys text[], message text, seconds float8)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.run_data_tests(bigint, boolean) is
    'Runs the data tests of ops.data_test on the star; the result is kept in ops.data_test_result.';

create function stellantis.lineage()
returns table (target text, source text, kind text, via text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.lineage() is 'Where each relation gets its rows from: views from the catalog, loads from the pipeline.';

create function stellantis.withdraw_file(file_id integer, reason text) returns void
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.withdraw_file(integer, text) is
    'Takes the rows of a file out of staging and of everything published. Audited.';

create function stellantis.remove_synthetic() returns integer
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.remove_synthetic() is
    'Withdraws every file that a generator wrote, and returns how many.';

create function stellantis.accept_quality(run_id bigint, dataset text, reason text, valid_until timestamptz) returns integer
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.accept_quality(bigint, text, text, timestamptz) is
    'Lets a data set pass its quality gate until a time, with a reason; held files come back and the next run publishes them. Audited.';

create function stellantis.lineage_mermaid() returns text
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.lineage_mermaid() is 'The lineage as a Mermaid flow chart.';
