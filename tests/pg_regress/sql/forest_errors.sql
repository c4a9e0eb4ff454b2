-- What training and prediction refuse, each with an SQLSTATE and a way on.
\set SHOW_CONTEXT never
create table test.press as
select n as id, (n % 10)::float8 as heat, (n % 7)::float8 as load, n % 10 > 6 as failed, 'text' as note, null::float8 as gap, false as never
from generate_series(1, 200) n;
select version from stellantis.train_forest('small', 'test.press', 'failed', array['heat', 'load'], '{"n_estimators": 3}');

select f.call, e.* from (values
    (1, $$stellantis.train_forest(null, 'test.press', 'failed')$$),
    (2, $$stellantis.train_forest('m', '', 'failed')$$),
    (3, $$stellantis.train_forest('m', 'test.press', null)$$),
    (4, $$stellantis.train_forest('m', 'test.nowhere', 'failed')$$),
    (5, $$stellantis.train_forest('m', 'test.press', 'nothing')$$),
    (6, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat,nothing}')$$),
    (7, $$stellantis.train_forest('m', 'test.press', 'failed', '{}')$$),
    (8, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat,null}')$$),
    (9, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat,note}')$$),
    (10, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat,gap}')$$),
    (11, $$stellantis.train_forest('m', 'test.press', 'never', '{heat,load}')$$),
    (12, $$stellantis.train_forest('m', 'test.press', 'heat', '{load}')$$),
    (13, $$stellantis.train_forest('m', 'select * from test.press where false', 'failed', '{heat}')$$),
    (14, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '{"n_trees": 5}')$$),
    (15, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '{"n_estimators": 0}')$$),
    (16, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '{"engine": "native"}')$$),
    (17, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '[]')$$),
    (18, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '{"key": 1}')$$),
    (19, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '{"key": "nothing"}')$$),
    (20, $$stellantis.train_forest('m', 'test.press; drop table test.press', 'failed')$$),
    (21, $$stellantis.train_forest('m', 'select 1 as a; select 2 as a', 'a')$$),
    (22, $$stellantis.train_forest('m', 'select true as b', 'b')$$),
    (23, $$stellantis.train_forest('m', 'select 1 as a) as x, (select 2 as b', 'a')$$),
    (24, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', '{"threshold": 1e400}')$$),
    (25, $$stellantis.train_forest('m', 'test.press', 'failed', '{heat}', (repeat('[', 500) || repeat(']', 500))::jsonb)$$)
) f (n, call) cross join lateral test.error('select * from ' || f.call) e order by f.n;
select f.call, e.* from (values
    (1, $$stellantis.predict('nothing', '{1,2}'::float8[])$$),
    (2, $$stellantis.predict('secom', '{1,2}'::float8[])$$),
    (3, $$stellantis.predict('small', '{1}'::float8[])$$),
    (4, $$stellantis.predict('small', '{1,2,3}'::float8[])$$),
    (5, $$stellantis.predict('small', '{}'::float8[])$$),
    (6, $$stellantis.predict('small', '{1,null}'::float8[])$$),
    (7, $$stellantis.predict('small', '{1,NaN}'::float8[])$$),
    (8, $$stellantis.predict('small', '{{1},{2}}'::float8[])$$),
    (9, $$stellantis.predict('small', array['a', 'b'])$$),
    (10, $$stellantis.predict('small', row(1, 2))$$),
    (11, $$stellantis.explain('small', '{1}')$$),
    (12, $$stellantis.explain('nothing', '{1}')$$),
    (13, $$stellantis.predict_batch('small', 'test.press', 'nothing')$$),
    (14, $$stellantis.predict_batch('small', 'select 1 as id, 2.0 as heat', 'id')$$),
    (15, $$stellantis.predict_batch('small', 'select 1 as id, 2.0 as heat, null::float8 as load', 'id')$$),
    (16, $$stellantis.predict_batch('small', 'test.nowhere', 'id')$$),
    (17, $$stellantis.deploy_model('small', 2)$$),
    (18, $$stellantis.deploy_model('small', null)$$),
    (19, $$stellantis.rollback_model('nothing')$$),
    (20, $$stellantis.predict_batch('small', 'select null::text as id, 2.0 as heat, 1 as load', 'id')$$),
    (21, $$stellantis.predict_batch('small', 'select n as id, case n when 300 then float8 ''NaN'' else 2 end as heat, 1 as load from generate_series(1, 600) n', 'id')$$)
) f (n, call) cross join lateral test.error('select * from ' || f.call) e order by f.n;
select e.* from test.error($$select stellantis.predict('small', r) from (select 1.0 as heat, null::float8 as load) r$$) e;
select e.* from test.error($$select stellantis.predict('small', r) from (select 1.0 as heat, 'a' as load) r$$) e;
select e.* from test.error($$select stellantis.predict('small', r) from (select 1e400::numeric as heat, 2 as load) r$$) e;
begin;
update ops.model set params = '{"threshold": 1e400}' where model = 'small';
select e.* from test.error($$select * from stellantis.train_forest('small', 'test.press', 'failed')$$) e;
rollback;
-- More memory than a call may take.
set stellantis.max_memory = '16MB';
select e.state, e.message, e.hint from test.error($$select * from stellantis.predict_batch('small', 'select repeat(''k'', 2000) || n as id, 2.0 as heat, 1 as load from generate_series(1, 20000) n', 'id')$$) e;
begin;
update ops.model_version set forest = forest || decode(repeat('00', 1000000), 'hex') where model = 'small';
select e.state, e.message, e.hint from test.error($$select stellantis.predict('small', '{1,2}'::float8[])$$) e;
rollback;
reset stellantis.max_memory;
-- NULL instead of a model, features or a row gives NULL; no rows instead of a source.
select stellantis.predict(null, '{1,2}'::float8[]) is null as model, stellantis.predict('small', null::float8[]) is null as features,
    stellantis.predict('small', null::record) is null as "row";
select * from stellantis.predict_batch('small', null, 'id');
select * from stellantis.explain(null, '{1}');
select * from stellantis.model_metrics('nothing');
select * from stellantis.feature_importance(null);
-- A blob that is not ours is refused, not believed.
begin;
update ops.model_version set forest = '\x00112233' where model = 'small';
select e.state, e.message from test.error($$select stellantis.predict('small', '{1,2}'::float8[])$$) e;
rollback;
begin;
update ops.model_version set forest = set_byte(forest, 100, get_byte(forest, 100) # 255) where model = 'small';
select e.state, e.message from test.error($$select stellantis.predict('small', '{1,2}'::float8[])$$) e;
rollback;
select count(*) as not_stored from ops.model where model = 'm';
drop table test.press;
