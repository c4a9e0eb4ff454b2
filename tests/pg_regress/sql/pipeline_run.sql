-- Runs on record. What needs two sessions or a signal is in tests/cluster/transactions.sh.
\set SHOW_CONTEXT never
set client_min_messages = warning;
select step_no, step_name, statement from ops.pipeline_step order by 1;
select state, sqlstate, message, hint, jsonb_object_length, resumed_run_id from (
    select r.*, (select count(*) from jsonb_object_keys(r.summary)) as jsonb_object_length from ops.pipeline_run r order by run_id desc limit 1) r;
select step_no, step_name, step_state, rows_affected > 0 as rows, seconds >= 0 as timed, message, hint from stellantis.pipeline_status() order by 1;
-- Again the same day: nothing new, and it ends well.
call stellantis.run_pipeline();
select step_no, step_state, rows_affected from stellantis.pipeline_status() where step_no < 7 order by 1;
-- Resuming what ended well is a new run.
call stellantis.run_pipeline(resume => true);
select run_id = (select max(run_id) from ops.pipeline_run) as newest, count(*) as steps, count(*) filter (where step_state = 'skipped') as skipped from stellantis.pipeline_status() group by 1;
call stellantis.run_pipeline(null, null);
-- A logical date of its own.
call stellantis.run_pipeline('2020-02-29');
select logical_date, state from ops.pipeline_run order by run_id desc limit 1;
-- Dates that no calendar has; nothing is recorded.
select count(*) as runs from ops.pipeline_run \gset
call stellantis.run_pipeline('infinity');
call stellantis.run_pipeline('0001-01-01');
call stellantis.run_pipeline('tomorrow-ish');
begin;
call stellantis.run_pipeline();
rollback;
select * from test.error('call stellantis.run_pipeline()');
select count(*) - :runs as recorded from ops.pipeline_run;
select count(*) as locks from pg_locks where locktype = 'advisory';
-- A step that fails: its SQLSTATE, message and the way on are on record, and the steps after it did not run.
update ops.pipeline_step set statement = 'select 1 / 0, null::jsonb' where step_no = 4;
\set VERBOSITY sqlstate
call stellantis.run_pipeline();
\set VERBOSITY default
select state, sqlstate, message, hint from ops.pipeline_run order by run_id desc limit 1;
select step_no, step_state, message, hint from stellantis.pipeline_status() order by 1;
select state, next_command from stellantis.status() where area = 'pipeline';
select count(*) as locks from pg_locks where locktype = 'advisory';
update ops.pipeline_step set statement = 'select * from stellantis.step_clean_transform($1, $2)' where step_no = 4;
call stellantis.run_pipeline(resume => true);
select step_no, step_state from stellantis.pipeline_status() order by 1;
select r.state, r.resumed_run_id = (select max(run_id) from ops.pipeline_run f where f.state = 'failed') as resumed from ops.pipeline_run r order by run_id desc limit 1;
-- Files that are refused do not fail a run; the caller is warned.
set client_min_messages = error;
select path from stellantis.upload_file('quality', 'broken.csv', 'a,b'::bytea);
call stellantis.run_pipeline();
select state from ops.pipeline_run order by run_id desc limit 1;
select area, state, what, next_command from stellantis.status() where area in ('landing', 'rejects', 'quality', 'schedule', 'notices', 'backup') order by 1;
select area, state, next_command from stellantis.status() where area in ('model', 'pipeline') order by 1;
-- The step's inner calls are no back door: arguments that fit nothing.
select f.call, e.* from (values
    (1, 'pipeline_step(null, null)'), (2, 'pipeline_step(-1, 1)'), (3, 'pipeline_step_begin(1, 99)'), (4, $$pipeline_begin('infinity', false)$$)
) f (n, call) cross join lateral test.error('select * from stellantis.' || f.call) e order by f.n;
