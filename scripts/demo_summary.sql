-- What the demo shows at its end. usage: psql -f scripts/demo_summary.sql
-- Ratios are made from sums of minutes, never averaged.
\pset footer off
\pset null '-'
set search_path = pg_catalog, pg_temp;

\echo
\echo '== OEE by line (%), all days'
select coalesce(l.line_code, 'total') as line,
    round((100 * sum(a.run_minutes) / sum(a.planned_busy_minutes))::numeric, 2) as availability,
    round((100 * sum(a.ideal_run_minutes) / sum(a.run_minutes))::numeric, 2) as performance,
    round((100 * sum(a.ideal_good_minutes) / sum(a.ideal_run_minutes))::numeric, 2) as quality,
    round((100 * sum(a.ideal_good_minutes) / sum(a.planned_busy_minutes))::numeric, 2) as oee,
    sum(a.produced_units) as produced_units,
    sum(a.scrap_units) as scrap_units
from warehouse.agg_line_day as a
join warehouse.dim_production_line as l on l.line_key = a.line_key
group by rollup (l.line_code)
order by l.line_code nulls last;

\echo '== Data quality, six dimensions (0 to 100), latest measurement'
with latest as (
    select distinct on (q.table_name, q.dimension) q.table_name, q.dimension, round(q.score::numeric, 2) as score
    from warehouse.quality_metrics_log as q
    where q.rule_id is null
    order by q.table_name, q.dimension, q.log_id desc
)
select table_name as data_set,
    max(score) filter (where dimension = 'completeness') as completeness,
    max(score) filter (where dimension = 'uniqueness') as uniqueness,
    max(score) filter (where dimension = 'validity') as validity,
    max(score) filter (where dimension = 'consistency') as consistency,
    max(score) filter (where dimension = 'accuracy') as accuracy,
    max(score) filter (where dimension = 'timeliness') as timeliness
from latest
group by table_name
order by table_name;

\echo '== Failure model, measured on rows it was not trained on'
select v.model, v.version, v.rows_trained, v.rows_tested, round(v.threshold::numeric, 3) as threshold,
    round(v.f1::numeric, 3) as f1, round(v.precision_score::numeric, 3) as "precision",
    round(v.recall::numeric, 3) as recall, round(v.pr_auc::numeric, 3) as pr_auc,
    round(v.roc_auc::numeric, 3) as roc_auc, round(v.brier::numeric, 4) as brier
from ops.model as m
join ops.model_version as v on v.model = m.model and v.version = m.deployed_version
order by v.model;

\echo '== Ten machines most likely to fail (a recorded failure is not a forecast: counted below)'
select e.equipment_code as machine, l.line_code as line, round(p.failure_probability_pct::numeric, 1) as probability_pct,
    p.risk_band, p.top_reason_1, p.top_reason_2, p.top_reason_3
from warehouse.ml_maintenance_predictions as p
join warehouse.dim_equipment as e on e.equipment_key = p.equipment_key
join warehouse.dim_production_line as l on l.line_key = e.line_key
where p.date_key = (select max(date_key) from warehouse.ml_maintenance_predictions)
    and p.model_version = (select max(model_version) from warehouse.ml_maintenance_predictions)
    and not p.failure_recorded
order by p.failure_probability_pct desc, e.equipment_code
limit 10;

select count(*) as machines_scored,
    count(*) filter (where failure_recorded) as failed_already,
    count(*) filter (where not failure_recorded and predicted_failure) as likely_to_fail,
    count(*) filter (where score_basis = 'oob') as scored_out_of_bag
from warehouse.ml_maintenance_predictions
where date_key = (select max(date_key) from warehouse.ml_maintenance_predictions)
    and model_version = (select max(model_version) from warehouse.ml_maintenance_predictions);

\echo '== Where each number came from: file -> rows -> published'
with published as (
    select file_id, 'fact_production_metrics' as relation, count(*) as row_count
    from warehouse.fact_production_metrics group by file_id
    union all
    select file_id, 'fact_machine_condition', count(*) from warehouse.fact_machine_condition group by file_id
    union all
    select file_id, 'fact_quality_inspection', count(*) from warehouse.fact_quality_inspection group by file_id
    union all
    select c.file_id, 'dim_vehicle', count(distinct d.vehicle_key)
    from staging.clean_vehicle as c
    join warehouse.dim_vehicle as d on d.vehicle_code = c.vehicle_code and d.is_current
    group by c.file_id
)
select f.path, case when f.is_synthetic then 'generated' else 'real' end as origin, left(f.sha256, 12) as sha256_starts,
    f.state, f.rows_read, f.rows_loaded, f.rows_rejected,
    (select coalesce(sum(c.rows_changed), 0) from ops.cleaning_log as c where c.file_id = f.file_id) as values_cleaned,
    p.relation as published_to, p.row_count as rows_published
from ops.source_file as f
left join published as p on p.file_id = f.file_id
order by f.path, f.file_id;

\echo '== Data tests, latest result of each'
with latest as (
    select distinct on (test_no) test_no, status, seconds from ops.data_test_result order by test_no, tested_at desc
)
select count(*) as tests, count(*) filter (where status = 'pass') as passed,
    count(*) filter (where status = 'warn') as warnings, count(*) filter (where status in ('fail', 'error')) as failed,
    round(sum(seconds)::numeric, 2) as seconds
from latest;

\echo '== The last run'
select s.step_no, s.step_name, s.state, s.rows_affected, round(s.seconds::numeric, 2) as seconds
from ops.pipeline_step_run as s
where s.run_id = (select max(run_id) from ops.pipeline_run)
order by s.step_no;
