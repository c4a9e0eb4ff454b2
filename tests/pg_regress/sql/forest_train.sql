-- Training, versions and prediction on a small table whose rule is known: it fails where heat > 70 and load > 0.5.
\set SHOW_CONTEXT never
create table test.machine as
select n as machine_no, 'M' || lpad(n::text, 4, '0') as code, (n * 37 % 101)::float8 as heat, (n * 61 % 103 / 102.0)::real as load,
    (n * 17 % 7)::integer as shift_no, (n * 37 % 101 > 70 and n * 61 % 103 / 102.0 > 0.5) as failed
from generate_series(1, 600) n;
select count(*), count(*) filter (where failed) as failures from test.machine;

select trained_model, version, engine, rows_trained, rows_tested, positives, threshold, f1 > 0.9 as good_f1, pr_auc > 0.95 as good_pr_auc,
    roc_auc between 0.95 and 1 as good_roc_auc, brier between 0 and 0.05 as good_brier, oob_f1 > 0.85 as good_oob_f1, seconds >= 0 as took_time, deployed
from stellantis.train_forest('press', 'test.machine', 'failed', array['heat', 'load', 'shift_no'], '{"n_estimators": 30}');

-- The rule is learnt.
select stellantis.predict('press', '{90,0.9,1}'::float8[]) > 0.8 as hot_and_loaded, stellantis.predict('press', '{90,0.1,1}'::float8[]) < 0.2 as hot,
    stellantis.predict('press', '{20,0.9,1}'::float8[]) < 0.2 as loaded;
-- A row and an array give the same, whatever the columns' order and types; a column that is not a feature does not matter.
select count(*) as rows, count(*) filter (where stellantis.predict('press', m) <> stellantis.predict('press', array[m.heat, m.load, m.shift_no])) as different
from test.machine m;
select stellantis.predict('press', r) = stellantis.predict('press', '{90,0.9,1}'::float8[]) as reordered
from (select 1::smallint as shift_no, 'x' as note, 0.9::float8 as load, 90::numeric as heat) r;

-- Domains are what they are made of, and a query may end in a comment.
create domain test.heat_c as float8 check (value < 1000);
create domain test.yes_or_no as boolean;
select stellantis.predict('press', r) = stellantis.predict('press', '{90,0.9,1}'::float8[]) as of_domains
from (select 90::test.heat_c as heat, 0.9 as load, true::test.yes_or_no as shift_no) r;
begin;
select trained_model, version from stellantis.train_forest('press_domain', 'select heat::test.heat_c as heat, load, shift_no, failed::test.yes_or_no as failed from test.machine -- all',
    'failed', params => '{"n_estimators": 2}');
select features from stellantis.model_metrics('press_domain');
select count(*) as scores from stellantis.predict_batch('press_domain', $$select code, heat::test.heat_c as heat, load, shift_no from test.machine -- all$$, 'code');
-- Many models by turns at one place.
select count(*) as rows, bool_and(p between 0 and 1) as probabilities
from (select stellantis.predict(case n % 2 when 0 then 'press' else 'press_domain' end, '{90,0.9,1}'::float8[]) as p from generate_series(1, 1000) n) r;
rollback;

-- Explanations sum to the prediction, the base is the same for all rows.
select count(*) as rows, bool_and(abs(e.total - stellantis.predict('press', array[m.heat, m.load, m.shift_no])) < 1e-9) as sums_to_predict,
    count(distinct e.base) as bases, bool_and(e.first = '(base)' and e.parts = 4) as whole
from test.machine m
cross join lateral (
    select sum(x.contribution) as total, max(x.contribution) filter (where x.ordinality = 1) as base,
        max(x.feature) filter (where x.ordinality = 1) as first, count(*) as parts
    from stellantis.explain('press', array[m.heat, m.load, m.shift_no]) with ordinality x) e;
select ordinality, feature, value from stellantis.explain('press', '{90,0.9,1}'::float8[]) with ordinality;

-- In batch: unseen rows score as predict() does, rows of the training by the trees that did not see them.
select count(*) as rows, count(distinct row_key) as keys, count(*) filter (where score_basis = 'unseen') as unseen, count(*) filter (where score_basis = 'oob') as oob,
    bool_and(failure_probability between 0 and 1) as probabilities, bool_and(abs(health_score - 100 * (1 - failure_probability)) < 1e-9) as health,
    bool_and(predicted_failure = (failure_probability >= threshold)) as labels, min(model_version) as version
from stellantis.predict_batch('press', 'test.machine', 'code');
select bool_and(b.failure_probability = stellantis.predict('press', m)) as as_predict
from stellantis.predict_batch('press', 'test.machine', 'code') b join test.machine m on m.code = b.row_key where b.score_basis = 'unseen';
-- What was trained on is known by its features, whatever its key.
select n.score_basis = o.score_basis and n.failure_probability = o.failure_probability as same, count(*) as rows
from stellantis.predict_batch('press', 'select ''N'' || code as id, heat, load, shift_no from test.machine', 'id') n
join stellantis.predict_batch('press', 'test.machine', 'code') o on n.row_key = 'N' || o.row_key group by 1;
select count(*) as new_rows, bool_and(score_basis = 'unseen') as unseen
from stellantis.predict_batch('press', 'select code, heat + 0.5 as heat, load, shift_no from test.machine limit 10', 'code');
select * from stellantis.predict_batch('press', 'select * from test.machine where false', 'code');
select row_key, top_reason_1 like '%heat%' or top_reason_1 like '%load%' as reason
from stellantis.predict_batch('press', 'select 1 as code, 90.0 as heat, 0.9 as load, 1 as shift_no', 'code');

-- In a parallel plan the model is the same, also in a transaction that has written.
create table test.serial as select sum(stellantis.predict('press', array[heat, load, shift_no])) as s from test.machine;
begin;
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
set local min_parallel_table_scan_size = 0;
set local max_parallel_workers_per_gather = 2;
explain (costs off) select sum(stellantis.predict('press', array[heat, load, shift_no])) from test.machine;
select abs(sum(stellantis.predict('press', array[heat, load, shift_no])) - max(s)) < 1e-9 as equal from test.machine, test.serial;
update test.machine set heat = heat where machine_no = 1;
select abs(sum(stellantis.predict('press', array[heat, load, shift_no])) - max(s)) < 1e-9 as equal from test.machine, test.serial;
select abs(sum(stellantis.predict('press', m)) - max(s)) < 1e-9 as equal from test.machine m, test.serial;
set local force_parallel_mode = on;
select count(*) as features from stellantis.feature_importance('press');
select count(*) as versions from stellantis.model_metrics('press');
select count(*) as parts from stellantis.explain('press', '{90,0.9,1}');
select count(*) as scores from stellantis.predict_batch('press', 'test.machine', 'code');
rollback;

-- Importance sums to 1, and what does not matter comes last.
select feature, importance > 0.05 as matters from stellantis.feature_importance('press');
select abs(sum(importance) - 1) < 1e-9 as sums_to_one from stellantis.feature_importance('press');

-- The same data and seed give the same bytes, whatever the number of threads.
set stellantis.threads = 1;
select version, deployed from stellantis.train_forest('press', 'test.machine', 'failed', array['heat', 'load', 'shift_no'], '{"n_estimators": 30}');
set stellantis.threads = 4;
select version, deployed from stellantis.train_forest('press', 'test.machine', 'failed', array['heat', 'load', 'shift_no'], '{"n_estimators": 30}');
reset stellantis.threads;
select count(distinct md5(forest)) as forests, count(distinct md5(training_rows)) as row_lists from ops.model_version where model = 'press';
-- Another seed gives another forest; its features are those of the model's first version where none are named.
select version, deployed from stellantis.train_forest('press', 'select * from test.machine', 'failed', params => '{"n_estimators": 5, "random_state": 1}');
select version, rows_trained, rows_tested, features, params ->> 'n_estimators' as trees, is_deployed from stellantis.model_metrics('press');
select count(distinct md5(forest)) as forests from ops.model_version where model = 'press';

-- Deploy and roll back, step by step to the first: the next statement predicts with the version deployed.
select stellantis.predict('press', '{90,0.9,1}'::float8[]) as p \gset v1_
select stellantis.deploy_model('press', 4);
select stellantis.predict('press', '{71,0.5,1}'::float8[]) is not null as answers;
select distinct model_version from stellantis.predict_batch('press', 'test.machine', 'code');
select stellantis.deploy_model('press', 2);
select stellantis.rollback_model('press');
select stellantis.rollback_model('press');
select stellantis.predict('press', '{90,0.9,1}'::float8[]) = :v1_p as as_at_first;
select * from test.error($$select stellantis.rollback_model('press')$$);
-- Also within one transaction, where plpgsql keeps the place of a call: what is deployed counts, and who asks.
begin;
do $$
declare
    before float8;
    now float8;
    state text := 'no error';
begin
    for round in 1 .. 4 loop
        if round = 3 then
            perform stellantis.deploy_model('press', 4);
        end if;
        now := stellantis.predict('press', '{71,0.5,1}'::float8[]);
        raise notice 'round %: %', round, case when now is distinct from before then 'another' else 'the same' end;
        before := now;
    end loop;
    for round in 1 .. 2 loop
        begin
            if round = 2 then
                set local role stellantis_bi;
            end if;
            now := stellantis.predict('press', '{71,0.5,1}'::float8[]);
        exception when insufficient_privilege then
            state := sqlstate;
        end;
    end loop;
    reset role;
    raise notice 'as one who may not: %', state;
end $$;
rollback;
select version, action from ops.model_deployment where model = 'press' order by deployment_id;
select action, detail ->> 'version' as version from ops.audit_log where object_name = 'press' order by audit_id;

-- No split: every row trains, the metrics are those of the out-of-bag scores.
select rows_trained, rows_tested, f1, oob_f1 > 0.85 as good_oob_f1
from stellantis.train_forest('press_all', 'test.machine', 'failed', array['heat', 'load'], '{"n_estimators": 20, "test_size": 0, "max_depth": 4}');
