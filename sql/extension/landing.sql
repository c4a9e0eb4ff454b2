-- The landing zone: which files lie there, loading each exactly once, adding files.
-- do_NAME is the work, run as the owner role behind stellantis.NAME (src/pg/dispatch.rs).

create function stellantis.do_landing_files()
returns table (dataset text, path text, bytes bigint, modified_at timestamptz, sha256 text, state text, reason text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_file record;
    v_known record;
begin
    for v_file in
        select d.dataset, z.path, z.bytes, z.modified_at, z.problem
        from stellantis.zone_files() z
        left join ops.dataset d on d.is_active and z.path ~ stellantis.glob_pattern(d.path_glob)
        order by d.dataset, z.path
    loop
        dataset := v_file.dataset;
        path := v_file.path;
        bytes := v_file.bytes;
        modified_at := v_file.modified_at;
        sha256 := null;
        reason := null;
        if v_file.problem is not null then
            state := 'refused';
            reason := v_file.problem;
            return next;
            continue;
        elsif v_file.dataset is null then
            state := 'unknown';
            reason := 'no data set has a path_glob that matches';
            return next;
            continue;
        end if;

        -- Size and time are enough to trust the digest taken before.
        select f.sha256 into sha256
        from ops.source_file f
        where f.dataset = v_file.dataset and f.path = v_file.path
            and f.bytes = v_file.bytes and f.modified_at = v_file.modified_at
        order by f.file_id desc limit 1;
        if sha256 is null then
            begin
                sha256 := stellantis.zone_sha256(v_file.path);
            exception when others then
                state := 'refused';
                reason := sqlerrm;
                return next;
                continue;
            end;
        end if;

        select f.file_id, f.path, f.state, f.message, f.sqlstate, f.loaded_at into v_known
        from ops.source_file f
        where f.dataset = v_file.dataset and f.sha256 = do_landing_files.sha256
        order by (f.state in ('loaded', 'held')) desc, f.file_id desc limit 1;
        if not found or (v_known.state = 'refused' and stellantis.may_retry_file(
            v_file.dataset, v_known.sqlstate, v_known.loaded_at))
        then
            select f.file_id into v_known
            from ops.source_file f
            where f.dataset = v_file.dataset and f.path = v_file.path and f.state in ('loaded', 'held')
            order by f.file_id desc limit 1;
            if found then
                state := 'changed';
                reason := format('file %s had this path and other bytes', v_known.file_id);
            else
                state := 'new';
            end if;
        else
            state := v_known.state;
            reason := case
                when v_known.state in ('refused', 'held', 'withdrawn') then v_known.message
                when v_known.path <> v_file.path then format('the same bytes as %s', v_known.path)
            end;
        end if;
        return next;
    end loop;
end
$function$;

create function stellantis.landing_files()
returns table (dataset text, path text, bytes bigint, modified_at timestamptz, sha256 text, state text, reason text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.landing_files() is
    'Every file in the landing zone with its state: new, loaded, changed, held, withdrawn, refused, unknown.';

create function stellantis.glob_pattern(p_glob text) returns text
language sql immutable parallel safe strict set search_path = pg_catalog, pg_temp
as $function$
    select '^' || replace(replace(regexp_replace(p_glob, '([.+^$(){}|\[\]\\])', '\\\1', 'g'), '*', '[^/]*'), '?', '[^/]') || '$'
$function$;
comment on function stellantis.glob_pattern(text) is 'The regular expression of a path glob: * and ? match within one directory.';

create function stellantis.may_retry_file(p_dataset text, p_sqlstate text, p_refused_at timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $function$
    select p_sqlstate in ('55006', '0A000') or left(p_sqlstate, 2) in ('53', '57', '58')
        or exists (select from ops.dataset d where d.dataset = p_dataset and d.updated_at > p_refused_at)
        or exists (select from ops.dataset_mapping m where m.dataset = p_dataset and m.updated_at > p_refused_at)
$function$;
comment on function stellantis.may_retry_file(text, text, timestamptz) is
    'Whether a refused file gets another try: the cause can heal, or its data set was mended since.';

create function stellantis.do_ingest(p_dataset text)
returns table (
    dataset text, path text, file_id integer, rows_read bigint, rows_loaded bigint, rows_rejected bigint,
    seconds float8, error_state text, error_message text, error_hint text
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_file record;
    v_set ops.dataset;
    v_result record;
    v_started timestamptz;
    v_constraint text;
begin
    if p_dataset is not null and not exists (select from ops.dataset d where d.dataset = p_dataset) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no data set "%s"', p_dataset),
            hint = 'SELECT DISTINCT dataset FROM stellantis.landing_files();';
    end if;
    for v_file in
        select f.* from stellantis.do_landing_files() f
        where f.state in ('new', 'changed') and (p_dataset is null or f.dataset = p_dataset)
        order by f.dataset, f.path
    loop
        v_started := clock_timestamp();
        dataset := v_file.dataset;
        path := v_file.path;
        file_id := null;
        rows_read := 0;
        rows_loaded := 0;
        rows_rejected := 0;
        error_state := null;
        error_message := null;
        error_hint := null;
        if v_file.state = 'changed' then
            select f.file_id into file_id
            from ops.source_file f
            where f.dataset = v_file.dataset and f.path = v_file.path and f.state in ('loaded', 'held')
            order by f.file_id desc limit 1;
            error_state := '55000';
            error_message := format('%s was loaded with other bytes as file %s', v_file.path, file_id);
            error_hint := format('SELECT * FROM stellantis.withdraw_file(%s, ''replaced by a corrected file''); SELECT * FROM stellantis.ingest();', file_id);
            seconds := 0;
            return next;
            continue;
        end if;
        select d.* into strict v_set from ops.dataset d where d.dataset = v_file.dataset;
        begin
            insert into ops.source_file (dataset, path, sha256, bytes, modified_at, state, is_synthetic)
            values (v_file.dataset, v_file.path, v_file.sha256, v_file.bytes, v_file.modified_at, 'loaded',
                exists (select from ops.synthetic_file s where s.sha256 = v_file.sha256))
            returning source_file.file_id into file_id;
            select * into strict v_result
            from stellantis.load_zone_file(file_id, v_set.dataset, v_file.path, v_file.sha256,
                stellantis.mapped_columns(v_set.dataset, v_set.columns)::text, v_set.null_tokens,
                v_set.staging_table, v_set.reject_limit_pct, v_set.reject_limit_rows);
            rows_read := v_result.rows_read;
            rows_loaded := v_result.rows_loaded;
            rows_rejected := v_result.rows_rejected;
            error_state := v_result.sqlstate;
            error_message := v_result.message;
            error_hint := v_result.hint;
            if v_result.note is not null then
                raise notice using message = format('%s: %s', v_file.path, v_result.note);
            end if;
        exception
            when others then
                get stacked diagnostics error_state = returned_sqlstate, error_message = message_text,
                    error_hint = pg_exception_hint, v_constraint = constraint_name;
                if v_constraint = 'source_file_loaded_once' then
                    -- Another session loaded the same bytes meanwhile.
                    continue;
                end if;
                insert into ops.source_file (dataset, path, sha256, bytes, modified_at, state)
                values (v_file.dataset, v_file.path, v_file.sha256, v_file.bytes, v_file.modified_at, 'refused')
                returning source_file.file_id into file_id;
        end;
        seconds := extract(epoch from clock_timestamp() - v_started);
        update ops.source_file f
        set rows_read = do_ingest.rows_read, rows_loaded = do_ingest.rows_loaded, rows_rejected = do_ingest.rows_rejected,
            seconds = do_ingest.seconds, sqlstate = error_state, message = error_message,
            hint = nullif(error_hint, ''), state = case when error_state is null then f.state else 'refused' end
        where f.file_id = do_ingest.file_id;
        return next;
    end loop;
end
$function$;

create function stellantis.ingest(dataset text default null)
returns table (
    file_dataset text, path text, file_id integer, rows_read bigint, rows_loaded bigint, rows_rejected bigint,
    seconds float8, sqlstate text, message text, hint text
)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.ingest(text) is
    'Loads all new files of the landing zone, or those of one data set, each exactly once. One bad file does not stop the others; sqlstate, message and hint say why a file was refused.';

create function stellantis.mapped_columns(p_dataset text, p_columns jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $function$
declare
    v_column text;
begin
    select m.target_column into v_column
    from ops.dataset_mapping m where m.dataset = p_dataset and m.sql_expression is not null limit 1;
    if found then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('column "%s" of data set %s is mapped by an SQL expression, which this version does not load', v_column, p_dataset),
            hint = format('DELETE FROM ops.dataset_mapping WHERE dataset = %L AND sql_expression IS NOT NULL;', p_dataset);
    end if;
    return (
        select coalesce(jsonb_agg(
            case when m.source_header is null then c.spec
                else jsonb_set(c.spec, '{headers}', coalesce(c.spec -> 'headers', '[]') || to_jsonb(m.source_header))
            end order by c.position), '[]')
        from jsonb_array_elements(p_columns) with ordinality as c (spec, position)
        left join ops.dataset_mapping m on m.dataset = p_dataset and m.target_column = c.spec ->> 'name'
    );
end
$function$;
comment on function stellantis.mapped_columns(text, jsonb) is
    'The columns of a data set, with the headers that ops.dataset_mapping adds.';

create function stellantis.do_upload_file(p_dataset text, p_name text, p_content bytea)
returns table (path text, bytes bigint, sha256 text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_glob text;
begin
    select d.path_glob into v_glob from ops.dataset d where d.dataset = p_dataset;
    if not found then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no data set "%s"', p_dataset),
            hint = 'SELECT DISTINCT dataset FROM stellantis.landing_files();';
    end if;
    path := regexp_replace(v_glob, '[^/]*$', '') || p_name;
    if p_name is null or p_name !~ '^[A-Za-z0-9][A-Za-z0-9._ -]{0,199}$' or path !~ stellantis.glob_pattern(v_glob) then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('file name %s does not fit data set %s: a plain name is needed whose path matches %s', coalesce('"' || p_name || '"', 'NULL'), p_dataset, v_glob),
            hint = 'SELECT * FROM stellantis.landing_files();';
    end if;
    if p_content is null or length(p_content) = 0 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('the content of "%s" is empty', p_name),
            hint = 'Pass the bytes of the file, for example pg_read_binary_file() or a bytea parameter of your driver.';
    end if;
    bytes := length(p_content);
    sha256 := stellantis.write_zone_file(path, p_content);
    insert into ops.audit_log (action, object_name, detail)
    values ('upload_file', path, jsonb_build_object('dataset', p_dataset, 'bytes', bytes, 'sha256', sha256));
    return next;
end
$function$;

create function stellantis.upload_file(dataset text, name text, content bytea)
returns table (path text, bytes bigint, sha256 text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.upload_file(text, text, bytea) is
    'Writes a new file into the landing zone from any client; never overwrites. ingest() loads it like every other file.';

create function stellantis.do_generate_dataset(p_name text, p_rows bigint, p_seed bigint, p_dirt float8)
returns table (path text, rows_written bigint, seed bigint, bytes bigint, sha256 text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
begin
    select g.path, g.rows, g.seed, g.bytes, g.sha256 into path, rows_written, seed, bytes, sha256
    from stellantis.generate_zone_file(p_name, p_rows, p_seed, coalesce(p_dirt, 0)) g;
    insert into ops.synthetic_file (sha256, dataset, row_count, seed, dirt)
    values (do_generate_dataset.sha256, p_name, rows_written, do_generate_dataset.seed, coalesce(p_dirt, 0))
    on conflict on constraint synthetic_file_pkey do nothing;
    insert into ops.audit_log (action, object_name, detail)
    values ('generate_dataset', path, jsonb_build_object(
        'dataset', p_name, 'rows', rows_written, 'seed', seed, 'dirt', coalesce(p_dirt, 0), 'sha256', sha256));
    return next;
end
$function$;

create function stellantis.generate_dataset(name text, rows bigint default null, seed bigint default null, dirt float8 default 0)
returns table (path text, rows_written bigint, used_seed bigint, bytes bigint, sha256 text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.generate_dataset(text, bigint, bigint, float8) is
    'Writes a synthetic CSV file (maintenance, quality, vehicles, production) into the landing zone. The ledger marks it synthetic, dashboards say so, and it never replaces a file. Owner role only. dirt (0 to 1) adds faults to the share of rows.';

comment on function stellantis.zone_files() is 'Internal: every file below the landing zone, and why one can''t be read.';
comment on function stellantis.zone_sha256(text) is 'Internal: SHA-256 of a file in the landing zone.';
comment on function stellantis.write_zone_file(text, bytea) is 'Internal: writes a new file into the landing zone; never replaces one.';
comment on function stellantis.generate_zone_file(text, bigint, bigint, float8) is 'Internal: writes a generated file into the landing zone; never replaces one.';
comment on function stellantis.do_landing_files() is 'Internal: the files of the landing zone held against the ledger.';
comment on function stellantis.do_ingest(text) is 'Internal: loads new files, each in a subtransaction of its own, and writes the ledger.';
comment on function stellantis.do_upload_file(text, text, bytea) is 'Internal: checks name and content and writes the file; audited.';
comment on function stellantis.do_generate_dataset(text, bigint, bigint, float8) is 'Internal: writes a generated file and marks its bytes as synthetic; audited.';
comment on function stellantis.load_zone_file(integer, text, text, text, text, text[], text, float8, bigint) is
    'Internal: reads one file into its staging table; keeps rejected rows; loads nothing where it answers an sqlstate.';
