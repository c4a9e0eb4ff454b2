-- Six dimensions, the gate, and the way on.
\set SHOW_CONTEXT never
set client_min_messages = warning;
-- The run's own log: a row a dimension and data set, scores from the sums of their rules.
select table_name, dimension, rows_checked > 0 as checked, score between 0 and 100 as in_range, status from warehouse.quality_metrics_log
where rule_id is null and run_id = (select min(run_id) from ops.pipeline_run) order by 1, 2;
select distinct d.status, d.score = 100 * (1 - r.failed / r.checked) or abs(d.score - 100 * (1 - r.failed / r.checked)) < 1e-9 as from_sums
from warehouse.quality_metrics_log d
join (select run_id, table_name, dimension, sum(rows_failed)::float8 as failed, sum(rows_checked)::float8 as checked
      from warehouse.quality_metrics_log where rule_id is not null group by 1, 2, 3) r using (run_id, table_name, dimension)
where d.rule_id is null and d.rows_checked > 0 and d.dimension <> 'timeliness' order by 1;

-- Measured on demand.
select table_name, dimension, rows_checked, rows_failed, round(score::numeric, 2) as score, worst_column from stellantis.assess_quality('staging.production') where dimension <> 'timeliness' order by 2;
-- A fault in one column moves its own dimension and no other.
begin;
create temporary table before_fault as select * from stellantis.assess_quality('staging.production');
update staging.production set energy_kwh = null where line_number % 3 = 0;
select b.dimension, a.score < b.score as lower, a.worst_column from before_fault b join stellantis.assess_quality('staging.production') a using (dimension) where a.score is distinct from b.score order by 1;
rollback;
-- A rule that can't be asked is an error, the others go on.
begin;
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, fails_when) values ('broken', 'production', 'energy_kwh', 'validity', 'a test', 'nothing > 1');
select dimension, status from stellantis.assess_quality('staging.production') where dimension in ('completeness', 'validity') order by 1;
rollback;
-- Below its minimum a data set is held with the way on; accepted with a reason it is let through.
begin;
update ops.dataset set min_score = 100 where dataset = 'vehicles';
update ops.source_file set cleaned_at = null, published_at = null where dataset = 'vehicles';
select dataset, files, verdict from stellantis.do_quality_gate(0);
select state, message ~ 'vehicles' as names_it, hint ~ 'accept_quality' as names_the_way from ops.source_file where dataset = 'vehicles';
select state, next_command from stellantis.status() where area = 'quality';
select stellantis.accept_quality(0, 'vehicles', 'a test', now() + interval '1 day') as released;
select state from ops.source_file where dataset = 'vehicles';
select dataset, files, verdict from stellantis.do_quality_gate(0);
rollback;
begin;
update ops.dataset set min_score = 100, gate = 'stop' where dataset = 'vehicles';
update ops.source_file set cleaned_at = null, published_at = null where dataset = 'vehicles';
select left(e.state, 2) as class, e.message ~ 'vehicles' as names_it, e.hint <> '' as hint from test.error('select * from stellantis.do_quality_gate(0)') e;
update ops.dataset set gate = 'warn' where dataset = 'vehicles';
select dataset, files, verdict from stellantis.do_quality_gate(0);
rollback;
select f.call, e.* from (values
    (1, $$accept_quality(null, null, null, null)$$), (2, $$accept_quality(1, 'nothing', 'x', now() + interval '1 day')$$), (3, $$accept_quality(1, 'quality', ' ', now() + interval '1 day')$$),
    (4, $$accept_quality(1, 'quality', 'x', null)$$), (5, $$assess_quality('pg_class')$$), (6, $$assess_quality('nothing')$$)
) f (n, call) cross join lateral test.error('select * from stellantis.' || f.call) e order by f.n;
