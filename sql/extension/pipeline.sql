-- manufacturing_analytics_pipeline: seven steps, a COMMIT after each, every one of them logged before it starts.
-- Steps 2 to 5 commit only private things; step 6 is the one publication.

-- What each step does: step_NAME(run, logical date) -> rows and a detail for the log.

create function stellantis.step_check_new_data(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    select coalesce(sum(s.files) filter (where s.state in ('new', 'changed')), 0)::bigint,
        coalesce(jsonb_object_agg(s.state, s.files), '{}')
    from (select f.state, count(*) as files from stellantis.do_landing_files() f group by f.state) s
$function$;

create function stellantis.step_ingest_data(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_file record;
begin
    rows_affected := 0;
    detail := '[]';
    for v_file in select * from stellantis.do_ingest(null) loop
        rows_affected := rows_affected + v_file.rows_loaded;
        detail := detail || jsonb_build_object(
            'dataset', v_file.dataset, 'path', v_file.path, 'file_id', v_file.file_id,
            'rows_loaded', v_file.rows_loaded, 'rows_rejected', v_file.rows_rejected, 'sqlstate', v_file.error_state);
        if v_file.error_state is not null then
            raise warning using errcode = '01000',
                message = format('refused: %s [%s]', v_file.error_message, v_file.error_state), hint = coalesce(nullif(v_file.error_hint, ''), 'SELECT * FROM stellantis.landing_files();');
        end if;
    end loop;
    return next;
end
$function$;

create function stellantis.step_data_quality_checks(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    select coalesce(sum(g.files), 0)::bigint, coalesce(jsonb_agg(to_jsonb(g)), '[]') from stellantis.do_quality_gate(p_run_id) g
$function$;

create function stellantis.step_clean_transform(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    select coalesce(sum(c.rows_changed), 0)::bigint,
        coalesce(jsonb_agg(jsonb_build_object('rule', c.rule_id, 'column', c.column_name, 'rows', c.rows_changed)), '[]')
    from stellantis.do_clean(null) c
$function$;

create function stellantis.step_ml_predictions(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_model ops.model;
begin
    detail := '{}';
    select m.* into strict v_model from ops.model m where m.model = 'maintenance';
    if not exists (select from staging.clean_maintenance) then
        rows_affected := 0;
        detail := jsonb_build_object('skipped', 'there is no clean maintenance reading');
        return next;
        return;
    end if;
    if v_model.retrain_policy = 'always' or (v_model.retrain_policy = 'when_missing' and v_model.deployed_version is null) then
        select to_jsonb(t) into detail
        from stellantis.train_forest('maintenance', v_model.source, v_model.target, v_model.features, v_model.params) t;
        if not (detail ->> 'deployed')::boolean then
            perform stellantis.do_deploy_model('maintenance', (detail ->> 'version')::integer);
        end if;
    end if;
    rows_affected := stellantis.do_predict_maintenance();
    return next;
end
$function$;

create function stellantis.step_load_warehouse(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    select coalesce(sum(w.rows_inserted + w.rows_updated), 0)::bigint, coalesce(jsonb_agg(to_jsonb(w)), '[]')
    from stellantis.do_load_warehouse(p_run_id, p_logical_date) w
$function$;

create function stellantis.step_transformations(p_run_id bigint, p_logical_date date)
returns table (rows_affected bigint, detail jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
begin
    rows_affected := stellantis.do_refresh_marts(p_run_id, p_logical_date);
    select coalesce(jsonb_object_agg(t.status, t.tests), '{}') into detail
    from (select r.status, count(*) as tests from ops.data_test_result r where r.run_id = p_run_id group by r.status) t;
    return next;
end
$function$;

-- Run and step records. They are committed by the driver, so they outlive what fails.

create function stellantis.do_pipeline_begin(p_logical_date date, p_resume boolean) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_date date;
    v_resumed bigint;
    v_run bigint;
begin
    -- The driver holds the lock, so whoever is still called running is dead.
    update ops.pipeline_run r
    set state = 'crashed', ended_at = clock_timestamp(), message = 'the backend ended without a word'
    where r.state = 'running';
    update ops.pipeline_step_run s
    set state = 'crashed', ended_at = clock_timestamp()
    where s.state = 'running';

    select coalesce(p_logical_date, (clock_timestamp() at time zone p.time_zone)::date) into strict v_date
    from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1;
    if not exists (select from warehouse.dim_date d where d.full_date = v_date) then
        raise exception using
            errcode = 'datetime_field_overflow',
            message = format('logical date %s is outside the calendar', v_date),
            hint = 'SELECT min(full_date), max(full_date) FROM warehouse.dim_date;';
    end if;
    if p_resume then
        select r.run_id into v_resumed
        from ops.pipeline_run r
        where r.run_id = (select max(l.run_id) from ops.pipeline_run l where l.logical_date = v_date)
            and r.state in ('failed', 'cancelled', 'crashed');
        if not found then
            raise notice 'no run of % is to be resumed: a new run starts', v_date;
        end if;
    end if;
    insert into ops.pipeline_run (logical_date, state, backend_start, resumed_run_id)
    values (v_date, 'running', (select a.backend_start from pg_stat_get_activity(pg_backend_pid()) a), v_resumed)
    returning run_id into v_run;
    return v_run;
end
$function$;

create function stellantis.pipeline_begin(logical_date date, resume boolean) returns bigint
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.pipeline_begin(date, boolean) is 'Records a run as running. Part of run_pipeline().';

create function stellantis.do_pipeline_step_begin(p_run_id bigint, p_step_no integer) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_name text;
begin
    select s.step_name into strict v_name from ops.pipeline_step s where s.step_no = p_step_no;
    if exists (
        with recursive earlier as (
            select r.resumed_run_id from ops.pipeline_run r where r.run_id = p_run_id
            union
            select r.resumed_run_id from ops.pipeline_run r join earlier e on r.run_id = e.resumed_run_id
        )
        select from earlier e
        join ops.pipeline_step_run s on s.run_id = e.resumed_run_id and s.step_no = p_step_no and s.state = 'success'
    ) then
        insert into ops.pipeline_step_run (run_id, step_no, step_name, state, ended_at)
        values (p_run_id, p_step_no, v_name, 'skipped', clock_timestamp());
        return null;
    end if;
    insert into ops.pipeline_step_run (run_id, step_no, step_name, state) values (p_run_id, p_step_no, v_name, 'running');
    return v_name;
end
$function$;

create function stellantis.pipeline_step_begin(run_id bigint, step_no integer) returns text
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.pipeline_step_begin(bigint, integer) is
    'Records a step as running and returns its name; NULL where a resumed run did it already. Part of run_pipeline().';

create function stellantis.do_pipeline_step(p_run_id bigint, p_step_no integer)
returns table (rows_affected bigint, detail jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_statement text;
    v_date date;
begin
    select s.statement into strict v_statement from ops.pipeline_step s where s.step_no = p_step_no;
    select r.logical_date into strict v_date from ops.pipeline_run r where r.run_id = p_run_id;
    execute v_statement into rows_affected, detail using p_run_id, v_date;
    return next;
end
$function$;

create function stellantis.pipeline_step(run_id bigint, step_no integer)
returns table (rows_affected bigint, detail jsonb)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.pipeline_step(bigint, integer) is 'Runs one step. Part of run_pipeline().';

create function stellantis.do_pipeline_step_end(
    p_run_id bigint, p_step_no integer, p_state text, p_rows bigint, p_detail jsonb, p_sqlstate text, p_message text, p_hint text)
returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $function$
    update ops.pipeline_step_run s
    set state = p_state, ended_at = clock_timestamp(), rows_affected = p_rows, detail = p_detail,
        sqlstate = p_sqlstate, message = p_message, hint = nullif(p_hint, '')
    where s.run_id = p_run_id and s.step_no = p_step_no
$function$;

create function stellantis.pipeline_step_end(
    run_id bigint, step_no integer, state text, row_count bigint, detail jsonb, sqlstate text, message text, hint text)
returns void
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.pipeline_step_end(bigint, integer, text, bigint, jsonb, text, text, text) is
    'Records how a step ended. Part of run_pipeline().';

create function stellantis.do_pipeline_end(p_run_id bigint, p_state text, p_sqlstate text, p_message text, p_hint text)
returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_summary jsonb;
    v_seconds numeric;
    v_text text;
begin
    -- A step whose end could not be recorded ended with its run.
    update ops.pipeline_step_run s
    set state = p_state, ended_at = clock_timestamp(), sqlstate = p_sqlstate, message = p_message, hint = nullif(p_hint, '')
    where s.run_id = p_run_id and s.state = 'running';
    select jsonb_object_agg(s.step_name, jsonb_build_object('state', s.state, 'rows', s.rows_affected, 'seconds', round(s.seconds::numeric, 3)))
    into v_summary
    from ops.pipeline_step_run s where s.run_id = p_run_id;
    update ops.pipeline_run r
    set state = p_state, ended_at = clock_timestamp(), sqlstate = p_sqlstate, message = p_message, hint = nullif(p_hint, ''),
        summary = v_summary
    where r.run_id = p_run_id
    returning round(extract(epoch from r.ended_at - r.started_at), 1) into v_seconds;
    select format('run %s of %s ended with %s in %s s: %s rows loaded from %s files, %s rows published, %s data tests passed, %s not',
        r.run_id, r.logical_date, p_state, v_seconds,
        coalesce(sum(s.rows_affected) filter (where s.step_name = 'ingest_data'), 0),
        coalesce(sum((select count(*) from jsonb_array_elements(s.detail) f where f ->> 'sqlstate' is null))
            filter (where s.step_name = 'ingest_data' and s.state = 'success'), 0),
        coalesce(sum(s.rows_affected) filter (where s.step_name = 'load_warehouse'), 0),
        (select count(*) from ops.data_test_result t where t.run_id = p_run_id and t.status = 'pass'),
        (select count(*) from ops.data_test_result t where t.run_id = p_run_id and t.status <> 'pass'))
    into v_text
    from ops.pipeline_run r left join ops.pipeline_step_run s on s.run_id = r.run_id
    where r.run_id = p_run_id
    group by r.run_id, r.logical_date;
    return v_text;
end
$function$;

create function stellantis.pipeline_end(run_id bigint, state text, sqlstate text, message text, hint text) returns text
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.pipeline_end(bigint, text, text, text, text) is
    'Records how a run ended and returns a summary. Part of run_pipeline().';

-- The driver has no SET clause and no block with EXCEPTION around a COMMIT: both forbid COMMIT. The caller's
-- search path is back after each COMMIT, so it is set again before anything else is named.
create procedure stellantis.run_pipeline(logical_date date default null, resume boolean default false)
language plpgsql
as $procedure$
#variable_conflict use_variable
declare
    c_lock constant bigint := pg_catalog.hashtextextended('stellantis.run_pipeline', 0);
    v_run bigint;
    v_step text;
    v_rows bigint;
    v_detail jsonb;
    v_state text := 'success';
    v_sqlstate text;
    v_message text;
    v_details text;
    v_hint text;
    v_started timestamptz;
    v_summary text;
begin
    set local search_path = pg_catalog, pg_temp;
    perform stellantis.check_pipeline_call();
    -- The session's lock, not the transaction's, which would end with the first COMMIT.
    if not pg_catalog.pg_try_advisory_lock(c_lock) then
        raise exception using
            errcode = 'lock_not_available',
            message = 'another session is running the pipeline; nothing was started',
            hint = 'SELECT * FROM stellantis.pipeline_status();';
    end if;
    begin
        v_run := stellantis.pipeline_begin(logical_date, resume);
    exception when others or query_canceled then
        perform pg_catalog.pg_advisory_unlock(c_lock);
        raise;
    end;
    commit;
    set local search_path = pg_catalog, pg_temp;

    for v_no in 1..7 loop
        v_started := pg_catalog.clock_timestamp();
        -- Every call stands in a block of its own: an error or a cancel between steps must free the lock too.
        begin
            v_step := stellantis.pipeline_step_begin(v_run, v_no);
        exception when others or query_canceled then
            get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text,
                v_details = pg_exception_detail, v_hint = pg_exception_hint;
            v_state := case v_sqlstate when '57014' then 'cancelled' else 'failed' end;
            v_step := v_no::text;
        end;
        commit;
        set local search_path = pg_catalog, pg_temp;
        exit when v_state <> 'success';
        continue when v_step is null;

        begin
            select s.rows_affected, s.detail into v_rows, v_detail from stellantis.pipeline_step(v_run, v_no) as s;
        exception when others or query_canceled then
            get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text,
                v_details = pg_exception_detail, v_hint = pg_exception_hint;
            v_state := case v_sqlstate when '57014' then 'cancelled' else 'failed' end;
            v_rows := null;
            -- What the step said goes down with it; its detail (such as the keys of failed tests) is kept here.
            v_detail := case when v_details <> '' then pg_catalog.jsonb_build_object('error_detail', v_details) end;
        end;
        begin
            perform stellantis.pipeline_step_end(v_run, v_no, v_state, v_rows, v_detail, v_sqlstate, v_message, v_hint);
        exception when others or query_canceled then
            get stacked diagnostics v_sqlstate = returned_sqlstate, v_message = message_text,
                v_details = pg_exception_detail, v_hint = pg_exception_hint;
            v_state := case v_sqlstate when '57014' then 'cancelled' else 'failed' end;
        end;
        commit;
        set local search_path = pg_catalog, pg_temp;

        raise notice 'step % of 7, %: % (% rows, % s)', v_no, v_step, v_state, coalesce(v_rows, 0),
            pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - v_started), 2);
        exit when v_state <> 'success';
    end loop;

    begin
        v_summary := stellantis.pipeline_end(v_run, v_state, v_sqlstate, v_message, v_hint);
    exception when others or query_canceled then
        perform pg_catalog.pg_advisory_unlock(c_lock);
        raise;
    end;
    perform pg_catalog.pg_advisory_unlock(c_lock);
    commit;
    set local search_path = pg_catalog, pg_temp;
    if v_state <> 'success' then
        v_message := pg_catalog.format('step %s of run %s: %s', v_step, v_run, v_message);
        v_hint := coalesce(nullif(v_hint, ''), 'CALL stellantis.run_pipeline(resume => true);');
        if v_details <> '' then
            raise exception using errcode = v_sqlstate, message = v_message, detail = v_details, hint = v_hint;
        end if;
        raise exception using errcode = v_sqlstate, message = v_message, hint = v_hint;
    end if;
    raise notice '%', v_summary;
end
$procedure$;
comment on procedure stellantis.run_pipeline(date, boolean) is
    'Runs the seven steps from new files to published marts for a logical date (default: today in the plant). Commits after each step: call it outside a transaction block. resume skips what the last failed run of that date did.';

create function stellantis.do_pipeline_status()
returns table (run_id bigint, logical_date date, run_state text, step_no integer, step_name text, step_state text,
    rows_affected bigint, seconds float8, message text, hint text)
language sql stable set search_path = pg_catalog, pg_temp
as $function$
    select r.run_id, r.logical_date, r.state, s.step_no, s.step_name, coalesce(t.state, 'pending'), t.rows_affected,
        coalesce(t.seconds, extract(epoch from clock_timestamp() - t.started_at)), t.message, t.hint
    from ops.pipeline_run r
    cross join ops.pipeline_step s
    left join ops.pipeline_step_run t on t.run_id = r.run_id and t.step_no = s.step_no
    where r.run_id = (select max(l.run_id) from ops.pipeline_run l)
    order by s.step_no
$function$;

create function stellantis.pipeline_status()
returns table (run_id bigint, logical_date date, run_state text, step_no integer, step_name text, step_state text,
    rows_affected bigint, seconds float8, message text, hint text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.pipeline_status() is 'The newest run, step by step.';

create function stellantis.do_status()
returns table (area text, state text, since timestamptz, what text, next_command text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_count bigint;
    v_run ops.pipeline_run;
    v_model record;
begin
    area := 'landing';
    begin
        select count(*) filter (where f.state = 'new'), min(f.modified_at) filter (where f.state = 'new'),
            format('%s files: %s new, %s loaded, %s held, %s withdrawn, %s changed, %s refused, %s unknown', count(*),
                count(*) filter (where f.state = 'new'), count(*) filter (where f.state = 'loaded'),
                count(*) filter (where f.state = 'held'), count(*) filter (where f.state = 'withdrawn'),
                count(*) filter (where f.state = 'changed'),
                count(*) filter (where f.state = 'refused'), count(*) filter (where f.state = 'unknown')),
            case when bool_or(f.state in ('refused', 'changed', 'unknown')) then 'attention'
                when bool_or(f.state = 'new') then 'waiting' else 'ok' end,
            case when bool_or(f.state in ('refused', 'changed', 'unknown', 'held')) then 'SELECT * FROM stellantis.landing_files();'
                when bool_or(f.state = 'new') then 'CALL stellantis.run_pipeline();' end
        into v_count, since, what, state, next_command
        from stellantis.do_landing_files() f;
        state := coalesce(state, 'ok');
    exception when others then
        get stacked diagnostics what = message_text, next_command = pg_exception_hint;
        state := 'error';
        since := null;
    end;
    return next;

    area := 'rejects';
    select count(*), max(r.created_at) into v_count, since from ops.rejected_row r where r.replayed_at is null;
    state := case v_count when 0 then 'ok' else 'attention' end;
    what := format('%s rejected rows kept', v_count);
    next_command := case when v_count > 0 then 'SELECT file_id, line_number, column_name, message FROM ops.rejected_row WHERE replayed_at IS NULL;' end;
    return next;

    area := 'quality';
    select count(*), max(f.updated_at) into v_count, since from ops.source_file f where f.state = 'held';
    state := case v_count when 0 then 'ok' else 'attention' end;
    what := format('%s files held by their quality gate', v_count);
    next_command := case when v_count > 0 then 'SELECT file_id, dataset, path, message, hint FROM ops.source_file WHERE state = ''held'';' end;
    return next;

    area := 'pipeline';
    select r.* into v_run from ops.pipeline_run r order by r.run_id desc limit 1;
    state := coalesce(v_run.state, 'never ran');
    since := coalesce(v_run.ended_at, v_run.started_at);
    what := case when v_run.run_id is not null then
        format('run %s of %s%s', v_run.run_id, v_run.logical_date, coalesce(': ' || v_run.message, '')) end;
    next_command := case
        when v_run.state = 'running' then 'SELECT * FROM stellantis.pipeline_status();'
        when v_run.state = 'success' then null
        when v_run.run_id is null then 'CALL stellantis.run_pipeline();'
        else coalesce(v_run.hint, 'CALL stellantis.run_pipeline(resume => true);') end;
    return next;

    area := 'model';
    for v_model in
        select m.model, m.deployed_version, v.f1, v.trained_at, m.source, m.target
        from ops.model m left join ops.model_version v on v.model = m.model and v.version = m.deployed_version
        where m.retrain_policy <> 'never' or m.deployed_version is not null
        order by m.model
    loop
        state := case when v_model.deployed_version is null then 'missing' else 'ok' end;
        since := v_model.trained_at;
        what := case when v_model.deployed_version is null then format('%s has no deployed version', v_model.model)
            else format('%s version %s, F1 %s', v_model.model, v_model.deployed_version, coalesce(round(v_model.f1::numeric, 3)::text, 'not measured')) end;
        next_command := case when v_model.deployed_version is null then
            format('SELECT * FROM stellantis.train_forest(%L, %L, %L);', v_model.model, v_model.source, v_model.target) end;
        return next;
    end loop;

    area := 'schedule';
    select case when s.is_active then 'active' else 'inactive' end, s.updated_at,
        format('%s at %s %s', s.pipeline, to_char(s.local_time, 'HH24:MI'), s.time_zone)
    into state, since, what
    from ops.schedule s order by s.pipeline limit 1;
    next_command := null;
    return next;

    area := 'notices';
    select count(*) filter (where n.state <> 'sent'), min(n.created_at) filter (where n.state <> 'sent') into v_count, since
    from ops.notification n;
    state := case v_count when 0 then 'ok' else 'waiting' end;
    what := format('%s notices not sent', v_count);
    next_command := null;
    return next;

    area := 'backup';
    select b.state, b.recorded_at, b.label into state, since, what from ops.backup_run b order by b.backup_id desc limit 1;
    if not found then
        state := 'none';
        since := null;
        what := 'no backup was recorded';
    end if;
    next_command := null;
    return next;
end
$function$;

create function stellantis.status()
returns table (area text, state text, since timestamptz, what text, next_command text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.status() is
    'How the platform does, area by area, and the next command where one is needed.';

comment on function stellantis.step_check_new_data(bigint, date) is 'Internal: step 1, files of the landing zone by state.';
comment on function stellantis.step_ingest_data(bigint, date) is 'Internal: step 2, loads new files; a refused one is a warning.';
comment on function stellantis.step_data_quality_checks(bigint, date) is 'Internal: step 3, scores new files and holds those below their gate.';
comment on function stellantis.step_clean_transform(bigint, date) is 'Internal: step 4, cleans what passed.';
comment on function stellantis.step_ml_predictions(bigint, date) is 'Internal: step 5, trains by the retrain policy and scores each machine''s latest reading.';
comment on function stellantis.step_load_warehouse(bigint, date) is 'Internal: step 6, the one publication with its blocking tests.';
comment on function stellantis.step_transformations(bigint, date) is 'Internal: step 7, what can be rebuilt, and the tests that do not block.';
comment on function stellantis.do_pipeline_begin(date, boolean) is 'Internal: records a run; marks dead ones as crashed.';
comment on function stellantis.do_pipeline_step_begin(bigint, integer) is 'Internal: records a step, or that a resumed run skips it.';
comment on function stellantis.do_pipeline_step(bigint, integer) is 'Internal: runs the statement of a step.';
comment on function stellantis.do_pipeline_step_end(bigint, integer, text, bigint, jsonb, text, text, text) is 'Internal: records how a step ended.';
comment on function stellantis.do_pipeline_end(bigint, text, text, text, text) is 'Internal: records how a run ended and sums it up.';
comment on function stellantis.do_pipeline_status() is 'Internal: the newest run, step by step.';
comment on function stellantis.do_status() is 'Internal: state of each area and the next command.';
