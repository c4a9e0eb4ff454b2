-- run as: marts
-- Maintenance, model, inspections and data quality.

-- The newest prediction of each machine (whatever version of its master data), with the reading it was made from.
create or replace view marts.mart_maintenance_risk as
select p.equipment_key, e.equipment_code, e.equipment_type, e.line_key, l.line_code, e.is_line_assumed,
       p.date_key, d.full_date as predicted_on, p.model_version, p.score_basis,
       p.failure_probability_pct, p.threshold_pct, p.predicted_failure, p.failure_recorded,
       p.health_score, p.risk_band, p.top_reason_1, p.top_reason_2, p.top_reason_3, p.failure_mode,
       c.air_temperature_k, c.process_temperature_k, c.rotational_speed_rpm, c.torque_nm, c.tool_wear_min,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'maintenance') as has_synthetic_data
  from (select distinct on (v.equipment_id) n.equipment_key, v.equipment_id, n.date_key, n.model_version, n.score_basis,
               n.failure_probability_pct, n.threshold_pct, n.predicted_failure, n.failure_recorded, n.health_score,
               n.risk_band, n.top_reason_1, n.top_reason_2, n.top_reason_3, n.failure_mode
          from warehouse.ml_maintenance_predictions n
          join warehouse.dim_equipment v on v.equipment_key = n.equipment_key
         order by v.equipment_id, n.date_key desc, n.model_version desc) as p
  join warehouse.dim_equipment e on e.equipment_key = p.equipment_key
  join warehouse.dim_production_line l on l.line_key = e.line_key
  join warehouse.dim_date d on d.date_key = p.date_key
  left join (select distinct on (v.equipment_id) v.equipment_id, m.air_temperature_k, m.process_temperature_k,
                    m.rotational_speed_rpm, m.torque_nm, m.tool_wear_min
               from warehouse.fact_machine_condition m
               join warehouse.dim_equipment v on v.equipment_key = m.equipment_key
              order by v.equipment_id, m.date_key desc, m.file_id desc, m.line_number desc) as c
    on c.equipment_id = p.equipment_id;

-- Test metrics of each version beside what the published predictions show.
create or replace view marts.mart_model_performance as
select v.model, v.version, v.version = m.deployed_version as is_deployed, v.engine,
       v.trained_at at time zone z.time_zone as trained_at,
       v.rows_trained, v.rows_tested, v.positives, v.threshold,
       v.accuracy, v.precision_score, v.recall, v.f1, v.mcc, v.roc_auc, v.pr_auc, v.log_loss, v.brier,
       v.oob_f1, v.oob_pr_auc, v.oob_brier,
       v.true_positives, v.false_positives, v.true_negatives, v.false_negatives,
       p.predictions as published_predictions, p.true_positives as published_true_positives,
       p.false_positives as published_false_positives, p.false_negatives as published_false_negatives,
       2 * p.true_positives / nullif(2 * p.true_positives + p.false_positives + p.false_negatives, 0)::float8 as published_f1,
       coalesce((select x.has_synthetic_data from marts.data_freshness x
                  where x.dataset = case v.model when 'secom' then 'quality' else v.model end), false) as has_synthetic_data
  from ops.model_version v
  join ops.model m on m.model = v.model
 cross join (select p.time_zone from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1) as z
  left join (select n.model_version, count(*) as predictions,
                    count(*) filter (where n.predicted_failure and n.failure_recorded) as true_positives,
                    count(*) filter (where n.predicted_failure and not n.failure_recorded) as false_positives,
                    count(*) filter (where not n.predicted_failure and n.failure_recorded) as false_negatives
               from warehouse.ml_maintenance_predictions n
              group by n.model_version) as p on v.model = 'maintenance' and p.model_version = v.version;

-- p chart: share of failed inspections a day with three-sigma limits around the mean of all days.
create or replace view marts.mart_quality_control as
select s.date_key, d.full_date, s.inspected_units, s.failed_units,
       s.failed_units / s.inspected_units::float8 as failed_share,
       c.center_line,
       greatest(0, c.center_line - 3 * sqrt(c.center_line * (1 - c.center_line) / s.inspected_units)) as lower_limit,
       least(1, c.center_line + 3 * sqrt(c.center_line * (1 - c.center_line) / s.inspected_units)) as upper_limit,
       abs(s.failed_units / s.inspected_units::float8 - c.center_line)
           > 3 * sqrt(c.center_line * (1 - c.center_line) / s.inspected_units) as is_out_of_control,
       s.has_synthetic_data
  from (select i.date_key, count(*) as inspected_units, count(*) filter (where not i.is_passed) as failed_units,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_quality_inspection i
          left join ops.source_file x on x.file_id = i.file_id
         group by i.date_key) as s
  join warehouse.dim_date d on d.date_key = s.date_key
 cross join (select count(*) filter (where not i.is_passed) / nullif(count(*), 0)::float8 as center_line
               from warehouse.fact_quality_inspection i) as c;

create or replace view marts.mart_defect_pareto as
select row_number() over (order by s.failed_units desc, s.defect_code) as rank_no,
       s.defect_key, s.defect_code, s.defect_name, s.defect_category, s.severity, s.failed_units,
       s.failed_units / sum(s.failed_units) over ()::float8 as share,
       sum(s.failed_units) over (order by s.failed_units desc, s.defect_code rows unbounded preceding)
           / sum(s.failed_units) over ()::float8 as cumulative_share,
       s.has_synthetic_data
  from (select q.defect_key, q.defect_code, q.defect_name, q.defect_category, q.severity, count(*) as failed_units,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_quality_inspection i
          join warehouse.dim_quality_defect q on q.defect_key = i.defect_key
          left join ops.source_file x on x.file_id = i.file_id
         where not i.is_passed
         group by q.defect_key, q.defect_code, q.defect_name, q.defect_category, q.severity) as s;

-- The last score of each dimension, with the column that pulls it down most.
create or replace view marts.mart_data_quality as
select coalesce(d.dataset, q.table_name) as dataset, q.table_name, q.dimension, q.rows_checked, q.rows_failed, q.score, q.status,
       w.column_name as worst_column, w.rule_id as worst_rule_id, w.score as worst_score,
       coalesce(x.is_proxy, false) as is_proxy,
       d.min_score,
       q.measured_at at time zone z.time_zone as measured_at,
       coalesce(f.has_synthetic_data, false) as has_synthetic_data
  from (select distinct on (n.table_name, n.dimension) n.log_id, n.run_id, n.table_name, n.dimension, n.rows_checked,
               n.rows_failed, n.score, n.status, n.measured_at
          from warehouse.quality_metrics_log n
         where n.rule_id is null
         order by n.table_name, n.dimension, n.log_id desc) as q
 cross join (select p.time_zone from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1) as z
  left join ops.dataset d on q.table_name in (d.staging_table, d.dataset)
  left join lateral (select r.column_name, r.rule_id, r.score
                       from warehouse.quality_metrics_log r
                      where r.measured_at = q.measured_at and r.run_id is not distinct from q.run_id
                        and r.table_name = q.table_name and r.dimension = q.dimension and r.rule_id is not null and r.score < 100
                      order by r.score, r.log_id desc limit 1) as w on true
  left join (select r.dataset, r.dimension, bool_and(r.is_proxy) as is_proxy
               from ops.quality_rule r where r.is_active group by r.dataset, r.dimension) as x
    on x.dataset = d.dataset and x.dimension = q.dimension
  left join marts.data_freshness f on f.dataset = d.dataset;

create or replace view marts.mart_data_tests as
select t.test_no, t.test_name, t.dimension, t.relation, t.severity, t.is_blocking, coalesce(r.status, 'not run') as status, r.rows_failed
  from ops.data_test t
  left join (select distinct on (n.test_no) n.test_no, n.status, n.rows_failed
               from ops.data_test_result n order by n.test_no, n.tested_at desc) as r on r.test_no = t.test_no
 where t.is_active;
