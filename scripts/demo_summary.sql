-- What the demo shows at its end. usage: psql -f scripts/demo_summary.sql
-- Ratios are made from sums of minutes, never averaged.
\pset footer off
\pset null '-'
set search_path = pg_catalog, pg_temp;

\echo
\echo '== OEE by line, percent, all days'
select coalesce(line_code, 'total') as line,
    round((100 * sum(run_minutes) / sum(planned_busy_minutes))::numeric, 2) as availability,
    round((100 * sum(ideal_run_minutes) / sum(run_minutes))::numeric, 2) as performance,
    round((100 * sum(ideal_good_minutes) / sum(ideal_run_minutes))::numeric, 2) as quality,
    round((100 * sum(ideal_good_minutes) / sum(planned_busy_minutes))::numeric, 2) as oee,
    sum(produced_units) as produced_units, sum(scrap_units) as scrap_units
from marts.mart_oee_by_line
group by rollup (line_code)
order by line_code nulls last;

\echo '== Data quality, six dimensions (0 to 100), latest measurement'
select dataset as data_set,
    round(max(score) filter (where dimension = 'completeness')::numeric, 2) as completeness,
    round(max(score) filter (where dimension = 'uniqueness')::numeric, 2) as uniqueness,
    round(max(score) filter (where dimension = 'validity')::numeric, 2) as validity,
    round(max(score) filter (where dimension = 'consistency')::numeric, 2) as consistency,
    round(max(score) filter (where dimension = 'accuracy')::numeric, 2) as accuracy,
    round(max(score) filter (where dimension = 'timeliness')::numeric, 2) as timeliness
from marts.mart_data_quality
group by dataset
order by dataset;

\echo '== Failure model, measured on rows it was not trained on'
select model, version, rows_trained, rows_tested, round(threshold::numeric, 3) as threshold, round(f1::numeric, 3) as f1,
    round(precision_score::numeric, 3) as "precision", round(recall::numeric, 3) as recall,
    round(pr_auc::numeric, 3) as pr_auc, round(roc_auc::numeric, 3) as roc_auc, round(brier::numeric, 4) as brier,
    round(published_f1::numeric, 3) as f1_of_all_published
from marts.mart_model_performance
where is_deployed
order by model;

\echo '== Ten machines most likely to fail'
select equipment_code as machine, line_code as line, round(failure_probability_pct::numeric, 1) as probability_pct,
    risk_band, top_reason_1, top_reason_2, top_reason_3
from marts.mart_maintenance_risk
where not failure_recorded
order by failure_probability_pct desc, equipment_code
limit 10;

\echo '== All machines; one whose latest reading is a recorded failure has failed and is no forecast'
select count(*) as machines_scored,
    count(*) filter (where failure_recorded) as failed_already,
    count(*) filter (where not failure_recorded and predicted_failure) as likely_to_fail,
    count(*) filter (where score_basis = 'oob') as scored_out_of_bag,
    count(*) filter (where is_line_assumed) as line_assumed
from marts.mart_maintenance_risk;

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

\echo '== How fresh each data set is'
select dataset as data_set, files_loaded, files_held, rows_loaded, rows_rejected, last_loaded_at::timestamp(0),
    last_published_at::timestamp(0), is_stale, has_synthetic_data
from marts.data_freshness
order by dataset;

\echo '== Data tests, latest result of each'
select count(*) as tests, count(*) filter (where status = 'pass') as passed,
    count(*) filter (where status = 'warn') as warnings, count(*) filter (where status in ('fail', 'error')) as failed,
    count(*) filter (where status = 'not run') as not_run
from marts.mart_data_tests;

\echo '== The last run'
select s.step_no, s.step_name, s.state, s.rows_affected, round(s.seconds::numeric, 2) as seconds
from ops.pipeline_step_run as s
where s.run_id = (select max(run_id) from ops.pipeline_run)
order by s.step_no;
