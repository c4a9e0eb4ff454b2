-- The ways on: take files out again, let a failed gate through. Each call is one row in ops.audit_log.

create function stellantis.do_audit(p_action text, p_object_name text, p_detail jsonb) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into ops.audit_log (action, object_name, detail) values (p_action, p_object_name, p_detail)
$$;
comment on function stellantis.do_audit(text, text, jsonb) is
    'Internal: one row in the audit log.';

create function stellantis.do_merge_versions(p_dimension text, p_codes text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_table constant text := format('warehouse.dim_%I', p_dimension);
    v_key constant text := p_dimension || '_key';
    v_id constant text := p_dimension || '_id';
    v_earlier integer[];
    v_current integer[];
    v_fact text;
begin
    execute format($sql$
        select array_agg(b.%2$I order by d.%2$I), array_agg(d.%2$I order by d.%2$I)
        from %1$s d join %1$s b on b.%3$I = d.%3$I and b.valid_to = d.valid_from
        where d.%4$I = any ($1) and d.is_current and to_jsonb(b) - $2 = to_jsonb(d) - $2 $sql$,
        v_table, v_key, v_id, p_dimension || '_code')
    into v_earlier, v_current
    using p_codes, array[v_key, 'valid_from', 'valid_to', 'is_current', 'created_at', 'updated_at'];
    if v_current is null then
        return;
    end if;
    if p_dimension = 'equipment' then
        delete from warehouse.ml_maintenance_predictions p
        using unnest(v_earlier, v_current) as m (earlier, current), warehouse.ml_maintenance_predictions n
        where p.equipment_key = m.earlier and n.equipment_key = m.current and n.date_key = p.date_key and n.model_version = p.model_version;
    end if;
    foreach v_fact in array case p_dimension
        when 'equipment' then array['fact_production_metrics', 'fact_machine_condition', 'ml_maintenance_predictions']
        else array['fact_production_metrics'] end
    loop
        execute format($sql$
            update warehouse.%I f set %2$I = m.earlier, updated_at = clock_timestamp()
            from unnest($1, $2) as m (earlier, current) where f.%2$I = m.current $sql$, v_fact, v_key)
        using v_earlier, v_current;
    end loop;
    execute format('delete from %s d where d.%I = any ($1)', v_table, v_key) using v_current;
    execute format($sql$
        update %s d set valid_to = '9999-12-31', is_current = true, updated_at = clock_timestamp() where d.%I = any ($1) $sql$, v_table, v_key)
    using v_earlier;
end
$$;
comment on function stellantis.do_merge_versions(text, text[]) is
    'Internal: where the current version of a member (dimension vehicle or equipment) says the same as the one before it, the earlier one is '
    'reopened and takes the facts.';

create function stellantis.do_withdraw_files(p_file_ids integer[], p_reason text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days date[];
    v_machines text[];
    v_observed text[];
    v_vehicles text[];
    v_catalogued text[];
    v_table text;
begin
    lock table warehouse.fact_production_metrics in share row exclusive mode;

    v_days := array(select distinct p.production_date from staging.clean_production p
                    join ops.source_file f on f.file_id = p.file_id and f.published_at is not null
                    where p.file_id = any (p_file_ids) order by 1);
    v_observed := array(select p.equipment_code from staging.clean_production p where p.file_id = any (p_file_ids)
                        union select m.equipment_code from staging.clean_maintenance m where m.file_id = any (p_file_ids) and m.line_code is not null);
    v_machines := array(select c.code from unnest(v_observed) as c (code)
                        union select m.equipment_code from staging.clean_maintenance m where m.file_id = any (p_file_ids));
    v_catalogued := array(select distinct v.vehicle_code from staging.clean_vehicle v where v.file_id = any (p_file_ids));
    v_vehicles := array(select c.code from unnest(v_catalogued) as c (code)
                        union select p.vehicle_code from staging.clean_production p where p.file_id = any (p_file_ids));

    -- Predictions made from these readings: after the file was published and before a later file brought the machine again.
    delete from warehouse.ml_maintenance_predictions p
    using warehouse.dim_equipment e, staging.clean_maintenance m, ops.source_file f
    where e.equipment_key = p.equipment_key and m.equipment_code = e.equipment_code and m.file_id = any (p_file_ids)
      and f.file_id = m.file_id and f.published_at <= p.updated_at
      and not exists (select from staging.clean_maintenance n join ops.source_file g on g.file_id = n.file_id
                      where n.equipment_code = m.equipment_code and n.file_id <> all (p_file_ids)
                        and g.published_at > f.published_at and g.published_at <= p.updated_at);
    delete from staging.maintenance_score s where s.file_id = any (p_file_ids);
    delete from warehouse.fact_machine_condition c where c.file_id = any (p_file_ids);
    delete from warehouse.fact_quality_inspection q where q.file_id = any (p_file_ids);
    delete from staging.clean_maintenance where file_id = any (p_file_ids);
    delete from staging.clean_quality where file_id = any (p_file_ids);
    delete from staging.clean_vehicle where file_id = any (p_file_ids);
    delete from staging.clean_production where file_id = any (p_file_ids);
    for v_table in
        select distinct to_regclass(d.staging_table)::text from ops.dataset d
        join ops.source_file f on f.dataset = d.dataset and f.file_id = any (p_file_ids)
        where to_regclass(d.staging_table) is not null
    loop
        execute format('delete from %s where file_id = any ($1)', v_table) using p_file_ids;
    end loop;
    update ops.source_file f
    set state = 'withdrawn', published_at = null, cleaned_at = null, message = p_reason, hint = null, updated_at = now()
    where f.file_id = any (p_file_ids);

    -- An older file that brought these days gets them back.
    perform r.relation from stellantis.do_publish_production(v_days) as r;

    -- Members that nothing speaks of any more go.
    delete from warehouse.dim_vehicle d
    using unnest(v_vehicles) as c (code)
    where d.vehicle_code = c.code
      and not exists (select from staging.clean_vehicle v where v.vehicle_code = c.code)
      and not exists (select from staging.clean_production p where p.vehicle_code = c.code)
      and not exists (select from warehouse.fact_production_metrics f where f.vehicle_key = d.vehicle_key);
    delete from warehouse.dim_equipment d
    using unnest(v_machines) as c (code)
    where d.equipment_code = c.code
      and not exists (select from staging.clean_maintenance m where m.equipment_code = c.code)
      and not exists (select from staging.clean_production p where p.equipment_code = c.code)
      and not exists (select from warehouse.fact_production_metrics f where f.equipment_key = d.equipment_key)
      and not exists (select from warehouse.fact_machine_condition f where f.equipment_key = d.equipment_key)
      and not exists (select from warehouse.ml_maintenance_predictions f where f.equipment_key = d.equipment_key);
    -- What these files observed or made us assume about lines is forgotten; a line assigned by hand stays.
    delete from ops.equipment_line e
    using unnest(v_machines) as c (code)
    where e.equipment_code = c.code and (e.is_assumed or c.code = any (v_observed));
    v_machines := array(select d.equipment_code from warehouse.dim_equipment d where d.equipment_code = any (v_machines) and d.is_current);
    perform stellantis.do_assume_lines(v_machines);

    -- The other members are what the remaining files say.
    perform r.relation from stellantis.do_publish_lines(array(
        select e.line_code from ops.equipment_line e where e.equipment_code = any (v_machines))) as r;
    perform r.relation from stellantis.do_publish_equipment(v_machines, current_date, true) as r;
    perform r.relation from stellantis.do_publish_vehicles(array(
        select d.vehicle_code from warehouse.dim_vehicle d where d.vehicle_code = any (v_catalogued) and d.is_current), current_date, true) as r;
    perform stellantis.do_merge_versions('equipment', v_machines);
    perform stellantis.do_merge_versions('vehicle', v_catalogued);

    delete from warehouse.dim_production_line l
    where l.is_inferred and l.line_key > 0
      and not exists (select from ops.equipment_line e where e.line_code = l.line_code)
      and not exists (select from staging.clean_production p where p.line_code = l.line_code)
      and not exists (select from staging.clean_maintenance m where m.line_code = l.line_code)
      and not exists (select from warehouse.dim_equipment e where e.line_key = l.line_key)
      and not exists (select from warehouse.fact_production_metrics f where f.line_key = l.line_key)
      and not exists (select from warehouse.fact_cost_of_quality f where f.line_key = l.line_key)
      and not exists (select from warehouse.fact_machine_condition f where f.line_key = l.line_key);
    delete from warehouse.dim_shift s
    where s.shift_name = 'Inferred: ' || s.shift_code
      and not exists (select from staging.clean_production p where p.shift_code = s.shift_code)
      and not exists (select from warehouse.fact_production_metrics f where f.shift_key = s.shift_key);
end
$$;
comment on function stellantis.do_withdraw_files(integer[], text) is
    'Internal: takes these files'' rows out of staging and out of everything published; days that an older file brought too go back to it.';

create function stellantis.do_withdraw_file(p_file_id integer, p_reason text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_file record;
begin
    select f.file_id, f.dataset, f.path, f.sha256, f.state, f.rows_loaded, f.published_at into v_file
    from ops.source_file f where f.file_id = p_file_id for update;
    if not found then
        raise exception using errcode = '22023',
            message = format('there is no file %s in the ledger', coalesce(p_file_id::text, 'NULL')),
            hint = 'SELECT file_id, dataset, path, state FROM ops.source_file ORDER BY file_id;';
    elsif coalesce(btrim(p_reason), '') = '' then
        raise exception using errcode = '22023',
            message = format('withdrawing file %s needs a reason', p_file_id),
            hint = format('SELECT stellantis.withdraw_file(%s, ''why it is taken out'');', p_file_id);
    elsif v_file.state not in ('loaded', 'held') then
        raise exception using errcode = '55000',
            message = format('file %s (%s) is %s: there is nothing of it to take out', p_file_id, v_file.path, v_file.state),
            hint = 'SELECT file_id, path, state FROM ops.source_file WHERE state IN (''loaded'', ''held'');';
    end if;
    perform stellantis.do_withdraw_files(array[p_file_id], btrim(p_reason));
    perform stellantis.do_audit('withdraw_file', v_file.path, jsonb_build_object('file_id', p_file_id, 'dataset', v_file.dataset,
        'sha256', v_file.sha256, 'rows', v_file.rows_loaded, 'was_published_at', v_file.published_at, 'reason', btrim(p_reason)));
end
$$;
comment on function stellantis.do_withdraw_file(integer, text) is
    'Internal: takes one file''s rows out of staging and everything published, with a reason; audited.';

create function stellantis.do_remove_synthetic() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_files integer[] := array(select f.file_id from ops.source_file f where f.is_synthetic and f.state in ('loaded', 'held') order by f.file_id);
begin
    if cardinality(v_files) = 0 then
        return 0;
    end if;
    perform stellantis.do_withdraw_files(v_files, 'synthetic data removed');
    -- A model of generated rows knows nothing of the plant: the next run trains a new one.
    update ops.model m set deployed_version = null
    from ops.model_version v
    where v.model = m.model and v.version = m.deployed_version and v.is_synthetic;
    perform stellantis.do_audit('remove_synthetic', null, jsonb_build_object('files', to_jsonb(v_files)));
    return cardinality(v_files);
end
$$;
comment on function stellantis.do_remove_synthetic() is
    'Internal: withdraws every file that a generator wrote; returns how many; audited.';

create function stellantis.do_accept_quality(p_run_id bigint, p_dataset text, p_reason text, p_valid_until timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_files integer[];
begin
    if not exists (select from ops.dataset d where d.dataset = p_dataset) then
        raise exception using errcode = '22023',
            message = format('there is no data set named %L', p_dataset),
            hint = 'SELECT dataset, description FROM ops.dataset ORDER BY dataset;';
    elsif coalesce(btrim(p_reason), '') = '' then
        raise exception using errcode = '22023',
            message = format('accepting the quality of data set %s needs a reason', p_dataset),
            hint = format('SELECT stellantis.accept_quality(%s, %L, ''why this is acceptable'', now() + interval ''1 day'');',
                          coalesce(p_run_id, 0), p_dataset);
    elsif p_valid_until is null or p_valid_until <= now() then
        raise exception using errcode = '22023',
            message = format('an acceptance must end in the future, not at %s', coalesce(p_valid_until::text, 'NULL')),
            hint = format('SELECT stellantis.accept_quality(%s, %L, %L, now() + interval ''1 day'');', coalesce(p_run_id, 0), p_dataset, p_reason);
    end if;
    insert into ops.quality_acceptance (run_id, dataset, reason, valid_until)
    values (coalesce(p_run_id, 0), p_dataset, btrim(p_reason), p_valid_until);
    -- The next run cleans and publishes what was held.
    with released as (
        update ops.source_file f set state = 'loaded', message = null, hint = null, updated_at = now()
        where f.dataset = p_dataset and f.state = 'held'
        returning f.file_id
    )
    select coalesce(array_agg(file_id order by file_id), '{}') into v_files from released;
    perform stellantis.do_audit('accept_quality', p_dataset, jsonb_build_object('run_id', p_run_id, 'reason', btrim(p_reason),
        'valid_until', p_valid_until, 'files', to_jsonb(v_files)));
    return cardinality(v_files);
end
$$;
comment on function stellantis.do_accept_quality(bigint, text, text, timestamptz) is
    'Internal: lets a data set below its minimum score through until a time, with a reason; held files are loaded again and published by the '
    'next run; returns how many; audited.';

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
