-- run as: marts
-- Production: every ratio is a quotient of sums, and the sums stand beside it. A changed line appears once, under its last name.
-- Sums run in numeric: a sum of float8 would depend on the order in which a plan reads the rows.

create or replace view marts.mart_oee_by_line as
select s.line_key, s.line_code, s.line_name, s.first_date, s.last_date, s.days,
       s.calendar_minutes, s.planned_busy_minutes, s.run_minutes, s.setup_minutes, s.delay_minutes, s.down_minutes,
       s.ideal_run_minutes, s.ideal_good_minutes, s.repair_minutes,
       s.produced_units, s.good_units, s.scrap_units, s.rework_units, s.failure_count, s.energy_kwh,
       s.run_minutes / nullif(s.planned_busy_minutes, 0) as availability,
       s.ideal_run_minutes / nullif(s.run_minutes, 0) as performance,
       s.ideal_good_minutes / nullif(s.ideal_run_minutes, 0) as quality_ratio,
       s.ideal_good_minutes / nullif(s.planned_busy_minutes, 0) as oee,
       s.ideal_good_minutes / nullif(s.calendar_minutes, 0) as teep,
       s.good_units / nullif(s.produced_units, 0)::float8 as first_pass_yield,
       s.scrap_units / nullif(s.produced_units, 0)::float8 as scrap_ratio,
       s.rework_units / nullif(s.produced_units, 0)::float8 as rework_ratio,
       (s.run_minutes + s.setup_minutes) / nullif(s.failure_count, 0) as mtbf_minutes,
       s.repair_minutes / nullif(s.failure_count, 0) as mttr_minutes,
       s.energy_kwh / nullif(s.produced_units, 0) as energy_kwh_per_unit,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'production') as has_synthetic_data
  from (select l.line_key, l.line_code, l.line_name, min(d.full_date) as first_date, max(d.full_date) as last_date,
               count(distinct a.date_key) as days,
               sum(a.calendar_minutes::numeric)::float8 as calendar_minutes,
               sum(a.planned_busy_minutes::numeric)::float8 as planned_busy_minutes,
               sum(a.run_minutes::numeric)::float8 as run_minutes, sum(a.setup_minutes::numeric)::float8 as setup_minutes,
               sum(a.delay_minutes::numeric)::float8 as delay_minutes,
               sum(a.down_minutes::numeric)::float8 as down_minutes,
               sum(a.ideal_run_minutes::numeric)::float8 as ideal_run_minutes,
               sum(a.ideal_good_minutes::numeric)::float8 as ideal_good_minutes,
               sum(a.repair_minutes::numeric)::float8 as repair_minutes,
               sum(a.produced_units)::bigint as produced_units, sum(a.good_units)::bigint as good_units,
               sum(a.scrap_units)::bigint as scrap_units, sum(a.rework_units)::bigint as rework_units,
               sum(a.failure_count)::bigint as failure_count, sum(a.energy_kwh::numeric)::float8 as energy_kwh
          from warehouse.agg_line_day a
          join warehouse.dim_date d on d.date_key = a.date_key
          join warehouse.dim_production_line v on v.line_key = a.line_key
          join (select distinct on (n.line_id) n.line_id, n.line_key, n.line_code, n.line_name
                  from warehouse.dim_production_line n
                 order by n.line_id, n.valid_to desc) as l on l.line_id = v.line_id
         group by l.line_key, l.line_code, l.line_name) as s;

create or replace view marts.mart_oee_daily as
select a.date_key, d.full_date, a.line_key, l.line_code,
       a.calendar_minutes, a.planned_busy_minutes, a.run_minutes, a.setup_minutes, a.delay_minutes, a.down_minutes,
       a.ideal_run_minutes, a.ideal_good_minutes, a.repair_minutes,
       a.produced_units, a.good_units, a.scrap_units, a.rework_units, a.failure_count, a.energy_kwh,
       a.run_minutes / nullif(a.planned_busy_minutes, 0) as availability,
       a.ideal_run_minutes / nullif(a.run_minutes, 0) as performance,
       a.ideal_good_minutes / nullif(a.ideal_run_minutes, 0) as quality_ratio,
       a.ideal_good_minutes / nullif(a.planned_busy_minutes, 0) as oee,
       a.ideal_good_minutes / nullif(a.calendar_minutes, 0) as teep,
       a.good_units / nullif(a.produced_units, 0)::float8 as first_pass_yield,
       a.scrap_units / nullif(a.produced_units, 0)::float8 as scrap_ratio,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'production') as has_synthetic_data
  from warehouse.agg_line_day a
  join warehouse.dim_date d on d.date_key = a.date_key
  join warehouse.dim_production_line l on l.line_key = a.line_key;

create or replace view marts.mart_shift_performance as
select s.line_key, s.line_code, s.shift_key, s.shift_code, s.shift_name, s.shifts_worked,
       s.calendar_minutes, s.planned_busy_minutes, s.run_minutes, s.setup_minutes, s.delay_minutes, s.down_minutes,
       s.ideal_run_minutes, s.ideal_good_minutes, s.repair_minutes,
       s.produced_units, s.good_units, s.scrap_units, s.rework_units, s.failure_count, s.energy_kwh,
       s.run_minutes / nullif(s.planned_busy_minutes, 0) as availability,
       s.ideal_run_minutes / nullif(s.run_minutes, 0) as performance,
       s.ideal_good_minutes / nullif(s.ideal_run_minutes, 0) as quality_ratio,
       s.ideal_good_minutes / nullif(s.planned_busy_minutes, 0) as oee,
       s.good_units / nullif(s.produced_units, 0)::float8 as first_pass_yield,
       s.scrap_units / nullif(s.produced_units, 0)::float8 as scrap_ratio,
       s.has_synthetic_data
  from (select l.line_key, l.line_code, h.shift_key, h.shift_code, h.shift_name, count(distinct f.date_key) as shifts_worked,
               sum(f.calendar_minutes::numeric)::float8 as calendar_minutes,
               sum(f.planned_busy_minutes::numeric)::float8 as planned_busy_minutes,
               sum(f.run_minutes::numeric)::float8 as run_minutes, sum(f.setup_minutes::numeric)::float8 as setup_minutes,
               sum(f.delay_minutes::numeric)::float8 as delay_minutes,
               sum(f.down_minutes::numeric)::float8 as down_minutes,
               sum(f.ideal_run_minutes::numeric)::float8 as ideal_run_minutes,
               sum(f.ideal_good_minutes::numeric)::float8 as ideal_good_minutes,
               sum(f.repair_minutes::numeric)::float8 as repair_minutes,
               sum(f.produced_units)::bigint as produced_units, sum(f.good_units)::bigint as good_units,
               sum(f.scrap_units)::bigint as scrap_units, sum(f.rework_units)::bigint as rework_units,
               sum(f.failure_count)::bigint as failure_count, sum(f.energy_kwh::numeric)::float8 as energy_kwh,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_production_metrics f
          join warehouse.dim_shift h on h.shift_key = f.shift_key
          join warehouse.dim_production_line v on v.line_key = f.line_key
          join (select distinct on (n.line_id) n.line_id, n.line_key, n.line_code
                  from warehouse.dim_production_line n
                 order by n.line_id, n.valid_to desc) as l on l.line_id = v.line_id
          left join ops.source_file x on x.file_id = f.file_id
         group by l.line_key, l.line_code, h.shift_key, h.shift_code, h.shift_name) as s;

-- The losses and the fully productive time of a line add up to its planned busy time.
create or replace view marts.mart_six_losses as
select o.line_key, o.line_code, w.loss_no, w.loss_name, w.oee_factor, w.is_measured,
       w.lost_minutes, o.planned_busy_minutes,
       w.lost_minutes / nullif(o.planned_busy_minutes, 0) as share_of_planned,
       o.has_synthetic_data
  from marts.mart_oee_by_line o
 cross join lateral (values
        (0, 'Fully productive time', 'productive', true, o.ideal_good_minutes),
        (1, 'Equipment failure', 'availability', true, o.down_minutes),
        (2, 'Set-up and adjustment', 'availability', true, o.setup_minutes),
        (3, 'Idling and minor stops', 'availability', true, o.delay_minutes),
        (4, 'Reduced speed', 'performance', true, o.run_minutes - o.ideal_run_minutes),
        (5, 'Process defects', 'quality', true, o.ideal_run_minutes - o.ideal_good_minutes),
        (6, 'Start-up rejects', 'quality', false, 0::float8)
       ) as w(loss_no, loss_name, oee_factor, is_measured, lost_minutes);

create or replace view marts.mart_downtime_pareto as
select row_number() over (order by s.down_minutes desc, s.downtime_reason) as rank_no,
       s.downtime_reason, s.stops, s.failure_count, s.down_minutes, s.repair_minutes,
       s.down_minutes / nullif((sum(s.down_minutes::numeric) over ())::float8, 0) as share,
       (sum(s.down_minutes::numeric) over (order by s.down_minutes desc, s.downtime_reason rows unbounded preceding))::float8
           / nullif((sum(s.down_minutes::numeric) over ())::float8, 0) as cumulative_share,
       s.has_synthetic_data
  from (select f.downtime_reason, count(*) as stops, sum(f.failure_count)::bigint as failure_count,
               sum(f.down_minutes::numeric)::float8 as down_minutes, sum(f.repair_minutes::numeric)::float8 as repair_minutes,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_production_metrics f
          left join ops.source_file x on x.file_id = f.file_id
         where f.down_minutes > 0
         group by f.downtime_reason) as s;

-- What a what-if needs from the past: sums a line, so that a scenario changes parts and recomputes ratios.
create or replace view marts.mart_simulation_baseline as
select s.line_key, s.line_code, s.days, s.shifts_worked,
       s.calendar_minutes, s.planned_busy_minutes, s.run_minutes, s.setup_minutes, s.delay_minutes, s.down_minutes,
       s.ideal_run_minutes, s.ideal_good_minutes, s.repair_minutes,
       s.produced_units, s.good_units, s.scrap_units, s.rework_units, s.failure_count, s.energy_kwh,
       s.ideal_run_minutes / nullif(s.produced_units, 0) as ideal_cycle_minutes,
       s.ideal_good_minutes / nullif(s.planned_busy_minutes, 0) as oee,
       s.has_synthetic_data
  from (select l.line_key, l.line_code, count(distinct f.date_key) as days,
               count(distinct (f.date_key, f.shift_key)) as shifts_worked,
               sum(f.calendar_minutes::numeric)::float8 as calendar_minutes,
               sum(f.planned_busy_minutes::numeric)::float8 as planned_busy_minutes,
               sum(f.run_minutes::numeric)::float8 as run_minutes, sum(f.setup_minutes::numeric)::float8 as setup_minutes,
               sum(f.delay_minutes::numeric)::float8 as delay_minutes,
               sum(f.down_minutes::numeric)::float8 as down_minutes,
               sum(f.ideal_run_minutes::numeric)::float8 as ideal_run_minutes,
               sum(f.ideal_good_minutes::numeric)::float8 as ideal_good_minutes,
               sum(f.repair_minutes::numeric)::float8 as repair_minutes,
               sum(f.produced_units)::bigint as produced_units, sum(f.good_units)::bigint as good_units,
               sum(f.scrap_units)::bigint as scrap_units, sum(f.rework_units)::bigint as rework_units,
               sum(f.failure_count)::bigint as failure_count, sum(f.energy_kwh::numeric)::float8 as energy_kwh,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_production_metrics f
          join warehouse.dim_production_line v on v.line_key = f.line_key
          join (select distinct on (n.line_id) n.line_id, n.line_key, n.line_code
                  from warehouse.dim_production_line n
                 order by n.line_id, n.valid_to desc) as l on l.line_id = v.line_id
          left join ops.source_file x on x.file_id = f.file_id
         group by l.line_key, l.line_code) as s;
