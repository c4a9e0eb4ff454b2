-- run as: owner
-- Built-in data tests of the star. Each query returns the failing rows, their key as text first. All block the publication
-- but two that only warn: 28 (freshness) depends on the clock, 30 (line of a machine) on master data that follow later.

insert into ops.data_test (test_no, test_name, dimension, relation, severity, is_blocking, failing_rows, is_built_in) values
(1, 'fact_grain_unique', 'uniqueness', 'warehouse.fact_production_metrics', 'error', true, $sql$
select concat_ws('/', f.date_key, f.line_key, f.shift_key, f.equipment_key, f.vehicle_key) as key, count(*) as rows
  from warehouse.fact_production_metrics f
 group by f.date_key, f.line_key, f.shift_key, f.equipment_key, f.vehicle_key
having count(*) > 1
$sql$, true),
(2, 'date_key_equals_its_date_without_gaps', 'uniqueness', 'warehouse.dim_date', 'error', true, $sql$
select d.date_key::text as key
  from (select x.date_key, x.full_date, lag(x.full_date) over (order by x.full_date, x.date_key) as previous_date
          from warehouse.dim_date x) as d
 where d.date_key is distinct from to_char(d.full_date, 'YYYYMMDD')::integer
    or d.full_date - d.previous_date <> 1
$sql$, true),
(3, 'one_current_row_per_line', 'uniqueness', 'warehouse.dim_production_line', 'error', true, $sql$
select l.line_code as key, count(*) as rows from warehouse.dim_production_line l
 where l.is_current group by l.line_code having count(*) > 1
$sql$, true),
(4, 'one_current_row_per_equipment', 'uniqueness', 'warehouse.dim_equipment', 'error', true, $sql$
select e.equipment_code as key, count(*) as rows from warehouse.dim_equipment e
 where e.is_current group by e.equipment_code having count(*) > 1
$sql$, true),
(5, 'one_current_row_per_vehicle', 'uniqueness', 'warehouse.dim_vehicle', 'error', true, $sql$
select v.vehicle_code as key, count(*) as rows from warehouse.dim_vehicle v
 where v.is_current group by v.vehicle_code having count(*) > 1
$sql$, true),
(6, 'plant_shift_and_defect_codes_unique', 'uniqueness', 'warehouse.dim_shift', 'error', true, $sql$
select 'plant ' || p.plant_code as key from warehouse.dim_plant p group by p.plant_code having count(*) > 1
union all
select 'shift ' || s.shift_code from warehouse.dim_shift s group by s.shift_code having count(*) > 1
union all
select 'defect ' || d.defect_code from warehouse.dim_quality_defect d group by d.defect_code having count(*) > 1
$sql$, true),
(7, 'fact_keys_and_measures_filled', 'completeness', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where num_nulls(f.metric_id, f.plant_key, f.date_key, f.line_key, f.equipment_key, f.vehicle_key, f.shift_key, f.shift_start,
                 f.calendar_minutes, f.planned_busy_minutes, f.run_minutes, f.setup_minutes, f.delay_minutes, f.down_minutes,
                 f.ideal_run_minutes, f.ideal_good_minutes, f.repair_minutes,
                 f.produced_units, f.good_units, f.scrap_units, f.rework_units, f.failure_count,
                 f.energy_kwh, f.material_cost, f.scrap_cost, f.revenue, f.updated_at) > 0
$sql$, true),
(8, 'prediction_columns_filled', 'completeness', 'warehouse.ml_maintenance_predictions', 'error', true, $sql$
select concat_ws('/', coalesce(p.equipment_key::text, 'null'), p.date_key, p.model_version) as key
  from warehouse.ml_maintenance_predictions p
 where num_nulls(p.equipment_key, p.date_key, p.model_version, p.score_basis, p.failure_probability_pct, p.threshold_pct,
                 p.predicted_failure, p.failure_recorded, p.health_score, p.risk_band, p.created_at) > 0
$sql$, true),
(9, 'quality_log_columns_filled', 'completeness', 'warehouse.quality_metrics_log', 'error', true, $sql$
select q.log_id::text as key from warehouse.quality_metrics_log q
 where num_nulls(q.table_name, q.dimension, q.rows_checked, q.rows_failed, q.status, q.measured_at) > 0
    or (q.score is null and q.status in ('pass', 'warn', 'fail'))
$sql$, true),
(10, 'fact_has_date_and_plant', 'consistency', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where not exists (select 1 from warehouse.dim_date d where d.date_key = f.date_key)
    or not exists (select 1 from warehouse.dim_plant p where p.plant_key = f.plant_key)
$sql$, true),
(11, 'fact_has_line', 'consistency', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where not exists (select 1 from warehouse.dim_production_line l where l.line_key = f.line_key)
$sql$, true),
(12, 'fact_has_equipment', 'consistency', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where not exists (select 1 from warehouse.dim_equipment e where e.equipment_key = f.equipment_key)
$sql$, true),
(13, 'fact_has_vehicle', 'consistency', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where not exists (select 1 from warehouse.dim_vehicle v where v.vehicle_key = f.vehicle_key)
$sql$, true),
(14, 'fact_has_shift', 'consistency', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where not exists (select 1 from warehouse.dim_shift s where s.shift_key = f.shift_key)
$sql$, true),
(15, 'inspection_has_defect_date_and_line', 'consistency', 'warehouse.fact_quality_inspection', 'error', true, $sql$
select concat_ws(':', i.file_id, i.line_number) as key from warehouse.fact_quality_inspection i
 where not exists (select 1 from warehouse.dim_quality_defect d where d.defect_key = i.defect_key)
    or not exists (select 1 from warehouse.dim_date d where d.date_key = i.date_key)
    or not exists (select 1 from warehouse.dim_production_line l where l.line_key = i.line_key)
    or i.is_passed <> exists (select 1 from warehouse.dim_quality_defect d where d.defect_key = i.defect_key and d.defect_code = 'NONE')
$sql$, true),
(16, 'prediction_has_equipment_and_date', 'consistency', 'warehouse.ml_maintenance_predictions', 'error', true, $sql$
select concat_ws('/', p.equipment_key, p.date_key, p.model_version) as key from warehouse.ml_maintenance_predictions p
 where not exists (select 1 from warehouse.dim_equipment e where e.equipment_key = p.equipment_key)
    or not exists (select 1 from warehouse.dim_date d where d.date_key = p.date_key)
$sql$, true),
(17, 'minutes_and_counts_not_negative', 'validity', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where least(f.calendar_minutes, f.planned_busy_minutes, f.run_minutes, f.setup_minutes, f.delay_minutes, f.down_minutes,
             f.ideal_run_minutes, f.ideal_good_minutes, f.repair_minutes, f.energy_kwh) < 0
    or greatest(f.calendar_minutes, f.planned_busy_minutes, f.run_minutes, f.setup_minutes, f.delay_minutes, f.down_minutes,
                f.ideal_run_minutes, f.ideal_good_minutes, f.repair_minutes, f.energy_kwh) >= 'Infinity'::float8
    or least(f.produced_units, f.good_units, f.scrap_units, f.rework_units, f.failure_count) < 0
    or least(f.material_cost, f.scrap_cost, f.revenue) < 0
$sql$, true),
-- Performance may exceed 1 where an ideal cycle is generous (ISO 22400); beyond 1.5 the cycle is wrong.
(18, 'oee_and_factors_in_range', 'validity', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where f.availability not between 0 and 1
    or f.performance not between 0 and 1.5
    or f.quality_ratio not between 0 and 1
    or f.oee not between 0 and 1.5
$sql$, true),
(19, 'vehicle_code_well_formed', 'validity', 'warehouse.dim_vehicle', 'error', true, $sql$
select v.vehicle_key::text as key from warehouse.dim_vehicle v
 where v.vehicle_key <> -1 and not v.is_inferred
   and v.vehicle_code !~ '^[A-Z0-9_]+-[A-Z0-9_]+-[0-9]{4}-[0-9A-Fa-f]{8}$'
$sql$, true),
(20, 'shift_code_and_severity_accepted', 'validity', 'warehouse.dim_shift', 'error', true, $sql$
select 'shift ' || s.shift_code as key from warehouse.dim_shift s
 where s.shift_code !~ '^[A-Z0-9][A-Z0-9_./-]{0,40}$'
union all
select 'defect ' || d.defect_code from warehouse.dim_quality_defect d
 where d.severity not between 0 and 5 or (d.defect_code = 'NONE' and d.severity <> 0)
$sql$, true),
(21, 'prediction_percentages_in_range', 'validity', 'warehouse.ml_maintenance_predictions', 'error', true, $sql$
select concat_ws('/', p.equipment_key, p.date_key, p.model_version) as key from warehouse.ml_maintenance_predictions p
 where not (p.failure_probability_pct between 0 and 100)
    or not (p.threshold_pct between 0 and 100)
    or not (p.health_score between 0 and 100)
$sql$, true),
(22, 'quality_log_dimension_and_score_accepted', 'validity', 'warehouse.quality_metrics_log', 'error', true, $sql$
select q.log_id::text as key from warehouse.quality_metrics_log q
 where q.dimension not in ('completeness', 'uniqueness', 'validity', 'consistency', 'accuracy', 'timeliness')
    or q.score not between 0 and 100
    or q.rows_failed > q.rows_checked
$sql$, true),
(23, 'good_scrap_and_rework_add_up', 'accuracy', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where f.good_units + f.scrap_units + f.rework_units <> f.produced_units
$sql$, true),
(24, 'oee_is_product_of_its_factors', 'accuracy', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where abs(f.oee - f.availability * f.performance * f.quality_ratio) > 1e-9
    or abs(f.oee - f.ideal_good_minutes / nullif(f.planned_busy_minutes, 0)) > 1e-9
$sql$, true),
(25, 'prediction_flag_and_health_follow_probability', 'accuracy', 'warehouse.ml_maintenance_predictions', 'error', true, $sql$
select concat_ws('/', p.equipment_key, p.date_key, p.model_version) as key from warehouse.ml_maintenance_predictions p
 where p.predicted_failure <> (p.failure_probability_pct >= p.threshold_pct)
    or abs(p.health_score - (100 - p.failure_probability_pct)) > 1e-6
    or p.failure_recorded <> (p.risk_band = 'failed')
$sql$, true),
(26, 'history_does_not_overlap', 'consistency', 'warehouse.dim_equipment', 'error', true, $sql$
select 'line ' || l.line_key as key
  from (select x.line_key, x.valid_from, lag(x.valid_to) over (partition by x.line_id order by x.valid_from, x.line_key) as before_to,
               x.is_current, x.valid_to
          from warehouse.dim_production_line x) as l
 where l.before_to > l.valid_from or l.is_current <> (l.valid_to = date '9999-12-31')
union all
select 'equipment ' || e.equipment_key
  from (select x.equipment_key, x.valid_from, lag(x.valid_to) over (partition by x.equipment_id order by x.valid_from, x.equipment_key) as before_to,
               x.is_current, x.valid_to
          from warehouse.dim_equipment x) as e
 where e.before_to > e.valid_from or e.is_current <> (e.valid_to = date '9999-12-31')
union all
select 'vehicle ' || v.vehicle_key
  from (select x.vehicle_key, x.valid_from, lag(x.valid_to) over (partition by x.vehicle_id order by x.valid_from, x.vehicle_key) as before_to,
               x.is_current, x.valid_to
          from warehouse.dim_vehicle x) as v
 where v.before_to > v.valid_from or v.is_current <> (v.valid_to = date '9999-12-31')
$sql$, true),
-- A day that comes again replaces that day: the facts of a day are the rows of the newest published file that has it.
-- Both sides are laid together and sorted once: joins on so many columns become nested loops before the first statistics.
(27, 'facts_reconcile_with_staging', 'completeness', 'warehouse.fact_production_metrics', 'error', true, $sql$
with published as (
    select s.file_id, s.line_number, s.production_date, s.line_code, s.shift_code, s.equipment_code, s.vehicle_code,
           s.produced_units, s.good_units, s.run_minutes,
           max(s.file_id) over (partition by s.production_date) as newest_file_id
      from staging.clean_production s
      join ops.source_file f on f.file_id = s.file_id and f.state = 'loaded' and f.published_at is not null
), facts as (
    select f.metric_id, f.file_id, d.full_date, l.line_code, h.shift_code, e.equipment_code, v.vehicle_code,
           f.produced_units, f.good_units, f.run_minutes
      from warehouse.fact_production_metrics f
      join warehouse.dim_date d on d.date_key = f.date_key
      join warehouse.dim_production_line l on l.line_key = f.line_key
      join warehouse.dim_shift h on h.shift_key = f.shift_key
      join warehouse.dim_equipment e on e.equipment_key = f.equipment_key
      join warehouse.dim_vehicle v on v.vehicle_key = f.vehicle_key
)
select case when b.metric_id is null then format('file %s line %s has no fact', b.file_id, b.line_number)
            else format('metric %s of file %s has no row in staging', b.metric_id, b.file_id) end as key
  from (select a.*, count(a.line_number) over w as staged, count(a.metric_id) over w as published
          from (select s.file_id, s.production_date, s.line_code, s.shift_code, s.equipment_code, s.vehicle_code,
                       s.produced_units, s.good_units, s.run_minutes, s.line_number, null::bigint as metric_id
                  from published s where s.file_id = s.newest_file_id
                union all
                select f.file_id, f.full_date, f.line_code, f.shift_code, f.equipment_code, f.vehicle_code,
                       f.produced_units, f.good_units, f.run_minutes, null, f.metric_id
                  from facts f) as a
        window w as (partition by a.file_id, a.production_date, a.line_code, a.shift_code, a.equipment_code, a.vehicle_code,
                     a.produced_units, a.good_units, a.run_minutes)) as b
 where b.staged = 0 or b.published = 0
 order by b.metric_id nulls first, b.file_id, b.line_number
$sql$, true),
(28, 'data_and_scores_are_fresh', 'timeliness', 'ops.source_file', 'warn', false, $sql$
select 'data set ' || d.dataset as key
  from ops.dataset d
  join ops.source_file f on f.dataset = d.dataset and f.state = 'loaded'
 where d.is_active
 group by d.dataset, d.freshness_hours
having extract(epoch from now() - max(f.loaded_at)) / 3600 > d.freshness_hours
union all
select 'not scored: ' || m.equipment_code
  from staging.latest_maintenance m
  join ops.source_file f on f.file_id = m.file_id and f.published_at is not null
 where not exists (select 1 from warehouse.dim_equipment e
                     join warehouse.ml_maintenance_predictions p on p.equipment_key = e.equipment_key
                    where e.equipment_code = m.equipment_code)
$sql$, true),
(29, 'rollup_equals_facts', 'consistency', 'warehouse.agg_line_day', 'error', true, $sql$
select concat_ws('/', coalesce(a.date_key, s.date_key), coalesce(a.line_key, s.line_key)) as key
  from warehouse.agg_line_day a
  full join (select f.date_key, f.line_key,
                    sum(f.calendar_minutes) as calendar_minutes, sum(f.planned_busy_minutes) as planned_busy_minutes,
                    sum(f.run_minutes) as run_minutes, sum(f.setup_minutes) as setup_minutes, sum(f.delay_minutes) as delay_minutes,
                    sum(f.down_minutes) as down_minutes, sum(f.ideal_run_minutes) as ideal_run_minutes,
                    sum(f.ideal_good_minutes) as ideal_good_minutes, sum(f.repair_minutes) as repair_minutes,
                    sum(f.produced_units) as produced_units, sum(f.good_units) as good_units, sum(f.scrap_units) as scrap_units,
                    sum(f.rework_units) as rework_units, sum(f.failure_count) as failure_count, sum(f.energy_kwh) as energy_kwh,
                    sum(f.material_cost) as material_cost, sum(f.scrap_cost) as scrap_cost, sum(f.revenue) as revenue
               from warehouse.fact_production_metrics f
              group by f.date_key, f.line_key) as s
    on s.date_key = a.date_key and s.line_key = a.line_key
 where a.date_key is null or s.date_key is null
    or greatest(abs(a.calendar_minutes - s.calendar_minutes), abs(a.planned_busy_minutes - s.planned_busy_minutes),
                abs(a.run_minutes - s.run_minutes), abs(a.setup_minutes - s.setup_minutes), abs(a.delay_minutes - s.delay_minutes),
                abs(a.down_minutes - s.down_minutes), abs(a.ideal_run_minutes - s.ideal_run_minutes),
                abs(a.ideal_good_minutes - s.ideal_good_minutes), abs(a.repair_minutes - s.repair_minutes),
                abs(a.energy_kwh - s.energy_kwh)) > 1e-6
    or (a.produced_units, a.good_units, a.scrap_units, a.rework_units, a.failure_count, a.material_cost, a.scrap_cost, a.revenue)
       is distinct from
       (s.produced_units, s.good_units, s.scrap_units, s.rework_units, s.failure_count, s.material_cost, s.scrap_cost, s.revenue)
$sql$, true),
-- Lines compare by their durable number; a machine whose line is only assumed proves nothing. A machine that moved to
-- another line fails until its history is entered, which must not stop the day's publication.
(30, 'equipment_stands_on_the_line_of_the_fact', 'consistency', 'warehouse.fact_production_metrics', 'warn', false, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key
  from warehouse.fact_production_metrics f
  join warehouse.dim_equipment e on e.equipment_key = f.equipment_key and e.equipment_key <> -1 and not e.is_line_assumed
  join warehouse.dim_production_line el on el.line_key = e.line_key
  join warehouse.dim_production_line fl on fl.line_key = f.line_key
 where el.line_id <> fl.line_id
$sql$, true),
(31, 'time_model_adds_up', 'accuracy', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key from warehouse.fact_production_metrics f
 where abs(f.planned_busy_minutes - (f.run_minutes + f.setup_minutes + f.delay_minutes + f.down_minutes)) > 0.05
    or f.planned_busy_minutes > f.calendar_minutes + 0.05
$sql$, true),
(32, 'shift_start_and_partition_follow_the_date', 'consistency', 'warehouse.fact_production_metrics', 'error', true, $sql$
select format('file %s, %s, metric %s', f.file_id, f.date_key, f.metric_id) as key
  from warehouse.fact_production_metrics f
  join warehouse.dim_date d on d.date_key = f.date_key
 where f.shift_start::date <> d.full_date
union all
select 'default partition: ' || f.metric_id from warehouse.fact_production_metrics_default f
$sql$, true),
(33, 'readings_and_inspections_reconcile_with_staging', 'completeness', 'warehouse.fact_machine_condition', 'error', true, $sql$
select format('%s file %s: %s rows in staging, %s facts', r.dataset, r.file_id, r.in_staging, r.in_fact) as key
  from (select f.dataset, f.file_id,
               case f.dataset when 'maintenance' then (select count(*) from staging.clean_maintenance s where s.file_id = f.file_id)
                              else (select count(*) from staging.clean_quality s where s.file_id = f.file_id) end as in_staging,
               case f.dataset when 'maintenance' then (select count(*) from warehouse.fact_machine_condition x where x.file_id = f.file_id)
                              else (select count(*) from warehouse.fact_quality_inspection x where x.file_id = f.file_id) end as in_fact
          from ops.source_file f
         where f.dataset in ('maintenance', 'quality') and (f.published_at is not null or f.state <> 'loaded')) as r
 where r.in_staging <> r.in_fact
$sql$, true),
(34, 'unknown_members_exist', 'completeness', 'warehouse.dim_plant', 'error', true, $sql$
select u.dimension as key
  from (values ('dim_plant', (select count(*) from warehouse.dim_plant where plant_key = -1 and plant_code = 'UNKNOWN')),
               ('dim_production_line', (select count(*) from warehouse.dim_production_line where line_key = -1 and line_code = 'UNKNOWN')),
               ('dim_equipment', (select count(*) from warehouse.dim_equipment where equipment_key = -1 and equipment_code = 'UNKNOWN')),
               ('dim_vehicle', (select count(*) from warehouse.dim_vehicle where vehicle_key = -1 and vehicle_code = 'UNKNOWN')),
               ('dim_shift', (select count(*) from warehouse.dim_shift where shift_key = -1 and shift_code = 'UNKNOWN')),
               ('dim_quality_defect', (select count(*) from warehouse.dim_quality_defect where defect_key = -1 and defect_code = 'UNKNOWN'))
       ) as u(dimension, members)
 where u.members <> 1
$sql$, true)
on conflict do nothing;
