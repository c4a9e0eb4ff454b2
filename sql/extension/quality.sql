-- Data quality: the rules of ops.quality_rule over the staging rows of files, scored by dimension, and the gate before cleaning.

create function stellantis.do_quality_measure(p_table regclass, p_file_ids integer[], p_applies text[], p_fails text[])
returns bigint[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_counts bigint[];
begin
    -- Rules see the row as r and its file in the ledger as f. Each is asked once a row (offset 0): NULL where it does not apply.
    execute (
        select format('select array[%s]::bigint[] from (select %s from %s as r join ops.source_file as f on f.file_id = r.file_id '
                      'where r.file_id = any ($1) offset 0) as v',
            string_agg(format('count(v.r%1$s), count(*) filter (where v.r%1$s)', a.n), ', ' order by a.n),
            string_agg(format('case when (%s) then (%s) is true end as r%s', a.expression, p_fails[a.n], a.n), ', ' order by a.n), p_table)
        from unnest(p_applies) with ordinality as a (expression, n)
    ) into v_counts using p_file_ids;
    return v_counts;
end
$$;
comment on function stellantis.do_quality_measure(regclass, integer[], text[], text[]) is
    'Internal: for each pair of expressions the rows checked and failed (2n numbers) in one scan of the staging rows of these files.';

create function stellantis.do_assess_quality(p_run_id bigint, p_dataset text, p_file_ids integer[])
returns table (table_name text, dimension text, rows_checked bigint, rows_failed bigint, score float8, worst_column text,
               worst_score float8, status text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    -- one assessment, one time: it ties the rules' rows to their dimension's
    v_measured_at constant timestamptz := clock_timestamp();
    v_table text;
    v_regclass regclass;
    v_min_score float8;
    v_files integer[];
    v_rule record;
    v_ids text[];
    v_applies text[];
    v_fails text[];
    v_counts bigint[];
    v_checked jsonb := '{}';       -- rule_id -> [checked, failed]
    v_errors jsonb := '{}';        -- rule_id -> message
begin
    select d.staging_table, d.min_score into v_table, v_min_score from ops.dataset d where d.dataset = p_dataset;
    if not found then
        raise exception using errcode = '22023',
            message = format('there is no data set named %L', p_dataset),
            hint = 'SELECT dataset, description FROM ops.dataset ORDER BY dataset;';
    end if;
    v_regclass := to_regclass(v_table);
    if v_regclass is null then
        raise exception using errcode = '42P01',
            message = format('the staging table %s of data set %L does not exist', v_table, p_dataset),
            hint = format('SELECT staging_table FROM ops.dataset WHERE dataset = %L;', p_dataset);
    end if;
    v_files := coalesce(p_file_ids, array(select f.file_id from ops.source_file f where f.dataset = p_dataset and f.state = 'loaded'));

    select array_agg(q.rule_id order by q.rule_id), array_agg(q.applies_when order by q.rule_id), array_agg(q.fails_when order by q.rule_id)
    into v_ids, v_applies, v_fails
    from ops.quality_rule q where q.dataset = p_dataset and q.is_active and q.unique_columns is null;

    if v_ids is not null then
        begin
            v_counts := stellantis.do_quality_measure(v_regclass, v_files, v_applies, v_fails);
            select jsonb_object_agg(i.id, jsonb_build_array(v_counts[2 * i.n - 1], v_counts[2 * i.n])) into v_checked
            from unnest(v_ids) with ordinality as i (id, n);
        exception when others then
            -- One broken rule must not hide the others: each is asked alone, in its own subtransaction.
            for i in 1 .. cardinality(v_ids) loop
                begin
                    v_counts := stellantis.do_quality_measure(v_regclass, v_files, v_applies[i:i], v_fails[i:i]);
                    v_checked := v_checked || jsonb_build_object(v_ids[i], jsonb_build_array(v_counts[1], v_counts[2]));
                exception when others then
                    v_errors := v_errors || jsonb_build_object(v_ids[i], format('%s (SQLSTATE %s)', sqlerrm, sqlstate));
                end;
            end loop;
        end;
    end if;

    -- Uniqueness: surplus rows within a file; a file that brings a day again is no repetition.
    for v_rule in
        select q.rule_id, q.applies_when, q.unique_columns from ops.quality_rule q
        where q.dataset = p_dataset and q.is_active and q.unique_columns is not null
        order by q.rule_id
    loop
        begin
            execute (
                select format('select array[coalesce(sum(g.n), 0), coalesce(sum(g.n - 1), 0)]::bigint[] from (select count(*) as n '
                    'from %s as r join ops.source_file as f on f.file_id = r.file_id where r.file_id = any ($1) and (%s) group by r.file_id, %s) as g',
                    v_regclass, v_rule.applies_when, string_agg(format('r.%I', c.name), ', ' order by c.n))
                from unnest(v_rule.unique_columns) with ordinality as c (name, n)
            ) into v_counts using v_files;
            v_checked := v_checked || jsonb_build_object(v_rule.rule_id, jsonb_build_array(v_counts[1], v_counts[2]));
        exception when others then
            v_errors := v_errors || jsonb_build_object(v_rule.rule_id, format('%s (SQLSTATE %s)', sqlerrm, sqlstate));
        end;
    end loop;

    return query
        with measured as (
            select q.rule_id, q.dimension, q.severity, q.min_score, q.is_proxy,
                coalesce(q.column_name, array_to_string(array_remove(q.unique_columns, 'file_id'), ', ')) as column_name,
                coalesce((v_checked -> q.rule_id ->> 0)::bigint, 0) as checked,
                coalesce((v_checked -> q.rule_id ->> 1)::bigint, 0) as failed,
                v_errors ->> q.rule_id as error
            from ops.quality_rule q where q.dataset = p_dataset and q.is_active
        ), scored as (
            select m.*, case when m.error is null then 100 * (1 - m.failed::float8 / nullif(m.checked, 0)) end as score
            from measured m
        ), judged as (
            select s.*, case
                when s.error is not null then 'error'
                when s.checked = 0 then 'skipped'
                when s.score >= s.min_score then 'pass'
                when s.severity = 'warn' then 'warn' else 'fail' end as status
            from scored s
        ), totals as (
            select n.dimension, coalesce(sum(j.checked), 0)::bigint as checked, coalesce(sum(j.failed), 0)::bigint as failed,
                (array_agg(j.column_name order by j.score, j.rule_id) filter (where j.score is not null))[1] as worst_column,
                min(j.score) as worst_score,
                coalesce(bool_or(j.status = 'error'), false) as has_error,
                coalesce(bool_or(j.status = 'fail'), false) as has_fail,
                coalesce(bool_or(j.status = 'warn'), false) as has_warn,
                coalesce(bool_or(j.is_proxy), false) as is_proxy,
                n.position
            from unnest(array['completeness', 'uniqueness', 'validity', 'consistency', 'accuracy', 'timeliness'])
                 with ordinality as n (dimension, position)
            left join judged j on j.dimension = n.dimension
            group by n.dimension, n.position
        ), dimensions as (
            select t.*, s.score, case
                when t.has_error then 'error'
                when t.checked = 0 then 'skipped'
                when t.has_fail or s.score < v_min_score then 'fail'
                when t.has_warn then 'warn' else 'pass' end as status
            from totals t cross join lateral (select 100 * (1 - t.failed::float8 / nullif(t.checked, 0)) as score) as s
        ), logged_rules as (
            insert into warehouse.quality_metrics_log (run_id, table_name, column_name, dimension, rule_id, rows_checked, rows_failed,
                score, status, message, measured_at)
            select p_run_id, v_table, j.column_name, j.dimension, j.rule_id, j.checked, j.failed, j.score, j.status,
                coalesce(j.error, case when j.is_proxy then 'plausibility, no reference to compare with' end), v_measured_at
            from judged j order by j.rule_id
        ), logged_dimensions as (
            insert into warehouse.quality_metrics_log (run_id, table_name, column_name, dimension, rule_id, rows_checked, rows_failed,
                score, status, message, measured_at)
            select p_run_id, v_table, d.worst_column, d.dimension, null, d.checked, d.failed, d.score, d.status,
                case when d.is_proxy then 'plausibility, no reference to compare with' end, v_measured_at
            from dimensions d order by d.position
        )
        select v_table, d.dimension, d.checked, d.failed, d.score, d.worst_column, d.worst_score, d.status
        from dimensions d order by d.position;
end
$$;
comment on function stellantis.do_assess_quality(bigint, text, integer[]) is
    'Internal: scores the six dimensions of a data set (0-100 over the rows its rules checked; NULL where nothing was checked) and logs '
    'each rule and each dimension in warehouse.quality_metrics_log. NULL files: all loaded ones.';

create function stellantis.do_quality_gate(p_run_id bigint)
returns table (dataset text, files integer, min_dimension text, min_score float8, verdict text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_set record;
    v_worst record;
    v_hint text;
    v_problem text;
    v_stopped text[] := '{}';
    v_stop_hint text;
begin
    -- Whoever withdraws or cleans one of these files meanwhile waits, or has been waited for.
    perform from ops.source_file f where f.state = 'loaded' and f.cleaned_at is null order by f.file_id for update;
    for v_set in
        select d.dataset, d.gate, d.min_score, array_agg(f.file_id order by f.file_id) as file_ids,
            exists (select from ops.quality_acceptance a where a.dataset = d.dataset and a.valid_until > now()) as is_accepted
        from ops.dataset d join ops.source_file f on f.dataset = d.dataset and f.state = 'loaded' and f.cleaned_at is null
        where d.is_active
        group by d.dataset order by d.dataset
    loop
        -- A dimension that could not be measured comes before the lowest score.
        select a.dimension, a.score, a.status, a.worst_column into v_worst
        from stellantis.do_assess_quality(p_run_id, v_set.dataset, v_set.file_ids) as a
        order by a.status <> 'error', a.score nulls last, a.dimension
        limit 1;

        dataset := v_set.dataset;
        files := cardinality(v_set.file_ids);
        min_dimension := case when v_worst.score is not null or v_worst.status = 'error' then v_worst.dimension end;
        min_score := v_worst.score;
        verdict := 'passed';
        update ops.source_file f set quality_run_id = p_run_id, updated_at = now()
        where f.file_id = any (v_set.file_ids) and f.quality_run_id is distinct from p_run_id;

        if v_worst.status = 'error' or v_worst.score < v_set.min_score then
            v_problem := case when v_worst.status = 'error' then format('data set %s: a rule of dimension %s could not be evaluated', v_set.dataset, v_worst.dimension)
                else format('data set %s: %s scores %s, below %s%s', v_set.dataset, v_worst.dimension, round(v_worst.score::numeric, 2), v_set.min_score,
                            coalesce(' (worst column ' || v_worst.worst_column || ')', '')) end;
            v_hint := format('SELECT stellantis.accept_quality(%s, %L, ''why this is acceptable'', now() + interval ''1 day'');',
                             coalesce(p_run_id, 0), v_set.dataset);
            if v_set.is_accepted then
                verdict := 'accepted';
                raise notice '%; accepted, it goes on', v_problem;
            elsif v_set.gate = 'warn' then
                verdict := 'warned';
                raise warning using message = v_problem || '; it goes on', hint = v_hint;
            elsif v_set.gate = 'stop' then
                v_stopped := v_stopped || v_problem;
                v_stop_hint := coalesce(v_stop_hint, v_hint);
                verdict := 'stopped';
            else
                verdict := 'held';
                update ops.source_file f set state = 'held', message = v_problem, hint = v_hint, updated_at = now()
                where f.file_id = any (v_set.file_ids);
                raise notice using message = format('%s; %s file(s) are held, the other data sets go on', v_problem, files),
                    hint = v_hint || format(' -- or take it out: SELECT stellantis.withdraw_file(%s, ''why'');', v_set.file_ids[1]);
            end if;
        end if;
        return next;
    end loop;

    if cardinality(v_stopped) > 0 then
        raise exception using errcode = '22000', message = array_to_string(v_stopped, '; '), hint = v_stop_hint;
    end if;
end
$$;
comment on function stellantis.do_quality_gate(bigint) is
    'Internal: assesses the files that wait for cleaning; below the data set''s minimum they are held (hold_file), the run stops (stop) or '
    'goes on with a warning (warn); an unexpired acceptance lets them pass.';

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

comment on function stellantis.do_assess_quality(regclass) is 'Internal: assesses a staging table, or all, outside a run.';
