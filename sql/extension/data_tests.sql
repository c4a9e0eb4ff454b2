-- Data tests: each active row of ops.data_test is a query whose rows are the failures.

create function stellantis.do_run_data_tests(p_run_id bigint, p_blocking_only boolean)
returns table (test_no integer, test_name text, dimension text, severity text, is_blocking boolean, status text, rows_failed bigint,
               sample_keys text[], message text, seconds float8)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_test record;
    v_started timestamptz;
begin
    for v_test in
        select t.* from ops.data_test t
        where t.is_active and (p_blocking_only is false or t.is_blocking = (p_blocking_only is true))
        order by t.test_no
    loop
        test_no := v_test.test_no;
        test_name := v_test.test_name;
        dimension := v_test.dimension;
        severity := v_test.severity;
        is_blocking := v_test.is_blocking;
        rows_failed := null;
        sample_keys := null;
        message := null;
        v_started := clock_timestamp();
        begin
            execute format(E'select count(*), array_agg(q.failed_key::text order by q.row_no) filter (where q.row_no <= 10) '
                'from (select f.*, row_number() over () as row_no from (%s\n) as f (failed_key)) as q', rtrim(v_test.failing_rows, E'; \n\t'))
            into rows_failed, sample_keys;
            status := case when rows_failed = 0 then 'pass' when severity = 'warn' then 'warn' else 'fail' end;
        exception when others then
            -- A test that cannot be asked has not passed.
            status := 'error';
            message := format('%s (SQLSTATE %s)', sqlerrm, sqlstate);
        end;
        seconds := extract(epoch from clock_timestamp() - v_started);
        insert into ops.data_test_result (run_id, test_no, status, rows_failed, sample_keys, message, seconds)
        values (p_run_id, test_no, status, rows_failed, sample_keys, message, seconds);
        return next;
    end loop;
end
$$;
comment on function stellantis.do_run_data_tests(bigint, boolean) is
    'Internal: runs the active data tests (true: the blocking ones, false: all, NULL: those that do not block), logs each in ops.data_test_result; up to ten keys of failing rows.';

create function stellantis.run_data_tests(run_id bigint default null, blocking_only boolean default false)
returns table (test_no integer, test_name text, dimension text, severity text, is_blocking boolean, status text, rows_failed bigint,
    sample_keys text[], message text, seconds float8)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.run_data_tests(bigint, boolean) is
    'Runs the data tests of ops.data_test on the star; the result is kept in ops.data_test_result.';
