-- The one publication: dimensions, facts, predictions and roll-ups out of cleaned files, then the blocking tests.
-- A file counts when ops.source_file.published_at is set; the functions below bring the star in line with those files, for the
-- codes and days they are given, and touch a row only if it differs. Withdrawing a file uses the same functions.

create function stellantis.do_load_warehouse(p_run_id bigint, p_logical_date date)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_date date := coalesce(p_logical_date, (select (now() at time zone p.time_zone)::date from warehouse.dim_plant p
                                             where p.plant_key > 0 order by p.plant_key limit 1), current_date);
    v_files integer[];
    v_machines text[];
    v_days date[];
    v_failed text;
    v_detail text;
begin
    -- One publication at a time; readers are not disturbed.
    lock table warehouse.fact_production_metrics in share row exclusive mode;

    with published as (
        update ops.source_file f set published_at = now(), updated_at = now()
        where f.state = 'loaded' and f.cleaned_at is not null and f.published_at is null
        returning f.file_id
    )
    select coalesce(array_agg(file_id order by file_id), '{}') into v_files from published;
    perform stellantis.do_check_dates(v_date);

    -- Machines of the files, and those whose line was assigned anew by hand.
    v_machines := array(
        select p.equipment_code from staging.clean_production p where p.file_id = any (v_files)
        union
        select m.equipment_code from staging.clean_maintenance m where m.file_id = any (v_files));
    perform stellantis.do_assume_lines(v_machines);
    v_machines := array(
        select c.code from unnest(v_machines) as c (code)
        union
        select e.equipment_code
        from ops.equipment_line e
        join warehouse.dim_equipment d on d.equipment_code = e.equipment_code and d.is_current
        join warehouse.dim_production_line l on l.line_key = d.line_key
        where (e.line_code, e.is_assumed) is distinct from (l.line_code, d.is_line_assumed));

    return query select * from stellantis.do_publish_lines(array(
        select p.line_code from staging.clean_production p where p.file_id = any (v_files)
        union
        select m.line_code from staging.clean_maintenance m where m.file_id = any (v_files) and m.line_code is not null
        union
        select e.line_code from ops.equipment_line e where e.equipment_code = any (v_machines)));
    return query select * from stellantis.do_publish_shifts(array(
        select distinct p.shift_code from staging.clean_production p where p.file_id = any (v_files)));
    return query select * from stellantis.do_publish_equipment(v_machines, v_date, false);
    return query select * from stellantis.do_publish_vehicles(array(
        select v.vehicle_code from staging.clean_vehicle v where v.file_id = any (v_files)
        union
        select p.vehicle_code from staging.clean_production p where p.file_id = any (v_files)), v_date, false);

    v_days := array(select distinct p.production_date from staging.clean_production p where p.file_id = any (v_files) order by 1);
    return query select * from stellantis.do_publish_production(v_days);
    return query select * from stellantis.do_publish_conditions(v_files, v_date);
    return query select * from stellantis.do_publish_inspections(v_files);
    return query select * from stellantis.do_publish_predictions(v_date);

    select string_agg(format('%s %s', t.test_no, t.test_name), ', ' order by t.test_no),
        string_agg(format('test %s: %s', t.test_no, coalesce(t.message, format('%s row(s): %s', t.rows_failed, array_to_string(t.sample_keys, ', ')))),
                   E'\n' order by t.test_no)
    into v_failed, v_detail
    from stellantis.do_run_data_tests(p_run_id, true) as t
    where t.status in ('fail', 'error');
    if v_failed is not null then
        raise exception using errcode = '23000',
            message = format('nothing was published, blocking data tests failed: %s', v_failed),
            detail = v_detail,
            -- The keys of facts name their file; else any file of this load may be at fault.
            hint = 'SELECT * FROM stellantis.run_data_tests() WHERE status <> ''pass'';'
                || case when cardinality(v_files) > 0 then format(
                    ' -- or take the file at fault out: SELECT stellantis.withdraw_file(%s, ''why'');',
                    coalesce((regexp_match(v_detail, 'file (\d+)'))[1], v_files[cardinality(v_files)]::text)) else '' end;
    end if;
end
$$;
comment on function stellantis.do_load_warehouse(bigint, date) is
    'Internal: the one publication of every cleaned file that was not published yet: dimensions, facts, predictions, roll-ups, then the blocking '
    'tests; a failed one raises and nothing is published. A second call changes nothing.';

create function stellantis.do_refresh_marts(p_run_id bigint, p_logical_date date) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_mended bigint;
    v_since timestamptz := (select r.started_at from ops.pipeline_run r where r.run_id = p_run_id);
    v_table text;
begin
    lock table warehouse.fact_production_metrics in share row exclusive mode;
    select sum(r.rows_inserted + r.rows_updated) into v_mended
    from stellantis.do_roll_up_days(array(
        select f.date_key from warehouse.fact_production_metrics f
        union
        select a.date_key from warehouse.agg_line_day a)) as r;
    if v_mended > 0 then
        raise notice '% roll-up rows did not agree with the facts and were mended', v_mended;
    end if;

    -- Statistics, unless this run published nothing.
    if v_since is null or v_mended > 0 or exists (select from ops.source_file f where f.published_at >= v_since) then
        -- Of staging only the columns of an index: nothing else is searched by there. Arrays are left out, their elements take long.
        for v_table in
            select format('%I.%I (%s)', n.nspname, c.relname, string_agg(format('%I', a.attname), ', ' order by a.attnum))
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            join pg_type t on t.oid = a.atttypid and t.typcategory <> 'A'
            where n.nspname in ('staging', 'warehouse') and c.relkind in ('r', 'p') and c.relowner = current_user::regrole
              -- the partitions are analysed with their parent
              and not c.relispartition
              and (n.nspname = 'warehouse' or exists (select from pg_index i where i.indrelid = c.oid and a.attnum = any (i.indkey)))
            group by n.nspname, c.relname
            order by n.nspname, c.relname
        loop
            execute 'analyze ' || v_table;
        end loop;
    end if;

    perform t.test_no from stellantis.do_run_data_tests(p_run_id, null) as t;
    return v_mended;
end
$$;
comment on function stellantis.do_refresh_marts(bigint, date) is
    'Internal: verifies the roll-ups against the facts and mends them, refreshes statistics and runs the data tests that do not block; returns the rows mended.';

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

comment on function stellantis.do_load_warehouse(date) is 'Internal: publishes outside a run.';
comment on function stellantis.do_refresh_marts() is 'Internal: rebuilds outside a run.';
