-- What all files here share: the extension, a warehouse with one small run, and a function that shows an error.
-- Nothing printed may depend on the time, on paths or on the machine.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension stellantis_analytics;
call stellantis.create_warehouse();

create schema test;
-- SQLSTATE, message and hint of a statement; its effects are undone either way.
create function test.error(statement text, out state text, out message text, out hint text) language plpgsql as $$
begin
    execute statement;
    raise exception using errcode = '00001', message = 'no error';
exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text, hint = pg_exception_hint;
end
$$;
grant usage on schema test to public;

select path, rows_written, used_seed from stellantis.generate_dataset('maintenance', 2000, 7);
select path, rows_written, used_seed from stellantis.generate_dataset('quality', 200, 7);
select path, rows_written, used_seed from stellantis.generate_dataset('vehicles', 800, 7);
select path, rows_written, used_seed from stellantis.generate_dataset('production', 150, 7);
update ops.model set params = '{"n_estimators": 20}' where model = 'maintenance';
call stellantis.run_pipeline();
select step_no, step_name, step_state from stellantis.pipeline_status() order by step_no;
