-- run as: marts
-- Money: for executives and Power BI only. A column of type numeric marks a view as money (see 30_security.sql).
-- Minutes are summed in numeric and shown as float8, so that no plan changes a digit.
-- Revenue is production value, first-pass good units at their unit price, not sales.

create or replace view marts.fact_production_value as
select f.metric_id, f.plant_key, f.date_key, f.line_key, f.equipment_key, f.vehicle_key, f.shift_key, f.shift_start,
       f.material_cost, f.scrap_cost, f.revenue,
       coalesce(s.is_synthetic, false) as has_synthetic_data,
       f.updated_at at time zone p.time_zone as updated_at
  from warehouse.fact_production_metrics f
  join warehouse.dim_plant p on p.plant_key = f.plant_key
  left join ops.source_file s on s.file_id = f.file_id;

create or replace view marts.fact_cost_of_quality as
select c.date_key, c.line_key, c.cost_category, c.cost_element, c.amount
  from warehouse.fact_cost_of_quality c;

create or replace view marts.dim_vehicle_price as
select v.vehicle_key, v.vehicle_code, v.msrp::numeric(18,4) as list_price, v.is_placeholder_price
  from warehouse.dim_vehicle v
 where v.msrp between 0 and 1e13;

create or replace view marts.mart_revenue_by_vendor as
select row_number() over (order by s.revenue desc, s.vendor) as rank_no, s.vendor, s.is_stellantis_brand, s.vehicles,
       s.produced_units, s.good_units, s.revenue,
       s.revenue::float8 / nullif(sum(s.revenue) over (), 0)::float8 as share,
       s.has_synthetic_data
  from (select v.make as vendor, bool_or(v.is_stellantis_brand) as is_stellantis_brand, count(distinct v.vehicle_code) as vehicles,
               sum(f.produced_units)::bigint as produced_units, sum(f.good_units)::bigint as good_units,
               sum(f.revenue)::numeric(18,4) as revenue,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_production_metrics f
          join warehouse.dim_vehicle v on v.vehicle_key = f.vehicle_key
          left join ops.source_file x on x.file_id = f.file_id
         group by v.make) as s;

create or replace view marts.mart_sales_by_category as
select row_number() over (order by s.revenue desc, s.market_category) as rank_no, s.market_category, s.vehicles,
       s.produced_units, s.good_units, s.revenue,
       s.revenue::float8 / nullif(sum(s.revenue) over (), 0)::float8 as share,
       s.has_synthetic_data
  from (select v.market_category, count(distinct v.vehicle_code) as vehicles,
               sum(f.produced_units)::bigint as produced_units, sum(f.good_units)::bigint as good_units,
               sum(f.revenue)::numeric(18,4) as revenue,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_production_metrics f
          join warehouse.dim_vehicle v on v.vehicle_key = f.vehicle_key
          left join ops.source_file x on x.file_id = f.file_id
         group by v.market_category) as s;

create or replace view marts.mart_top_products as
select row_number() over (order by s.revenue desc, s.vehicle_code) as rank_no, s.vehicle_code, s.make, s.model, s.model_year,
       s.market_category, s.produced_units, s.good_units, s.revenue,
       s.revenue::float8 / nullif(sum(s.revenue) over (), 0)::float8 as share,
       s.has_synthetic_data
  from (select v.vehicle_code, max(v.make) as make, max(v.model) as model, max(v.model_year) as model_year,
               max(v.market_category) as market_category,
               sum(f.produced_units)::bigint as produced_units, sum(f.good_units)::bigint as good_units,
               sum(f.revenue)::numeric(18,4) as revenue,
               coalesce(bool_or(x.is_synthetic), false) as has_synthetic_data
          from warehouse.fact_production_metrics f
          join warehouse.dim_vehicle v on v.vehicle_key = f.vehicle_key
          left join ops.source_file x on x.file_id = f.file_id
         group by v.vehicle_code) as s;

-- Poor quality costs are the internal and external failures.
create or replace view marts.mart_cost_of_quality as
select d.year_month, d.first_day_of_month, c.line_key, l.line_code, c.cost_category, c.cost_element,
       c.cost_category in ('internal failure', 'external failure') as is_poor_quality,
       sum(c.amount)::numeric(18,4) as amount,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'production') as has_synthetic_data
  from warehouse.fact_cost_of_quality c
  join warehouse.dim_date d on d.date_key = c.date_key
  join warehouse.dim_production_line l on l.line_key = c.line_key
 group by d.year_month, d.first_day_of_month, c.line_key, l.line_code, c.cost_category, c.cost_element;

create or replace view marts.mart_simulation_value as
select l.line_key, l.line_code,
       sum(a.good_units)::bigint as good_units, sum(a.produced_units)::bigint as produced_units,
       sum(a.revenue)::numeric(18,4) as revenue,
       sum(a.material_cost)::numeric(18,4) as material_cost,
       sum(a.scrap_cost)::numeric(18,4) as scrap_cost,
       (sum(a.revenue) / nullif(sum(a.good_units), 0))::numeric(18,4) as revenue_per_good_unit,
       (sum(a.material_cost) / nullif(sum(a.produced_units), 0))::numeric(18,4) as material_cost_per_unit,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'production') as has_synthetic_data
  from warehouse.agg_line_day a
  join warehouse.dim_production_line v on v.line_key = a.line_key
  join (select distinct on (n.line_id) n.line_id, n.line_key, n.line_code
          from warehouse.dim_production_line n
         order by n.line_id, n.valid_to desc) as l on l.line_id = v.line_id
 group by l.line_key, l.line_code;

create or replace view marts.mart_executive_monthly as
select s.year_month, s.first_day_of_month, s.days,
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
       s.revenue, s.material_cost, s.scrap_cost,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'production') as has_synthetic_data
  from (select d.year_month, d.first_day_of_month, count(distinct a.date_key) as days,
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
               sum(a.failure_count)::bigint as failure_count, sum(a.energy_kwh::numeric)::float8 as energy_kwh,
               sum(a.revenue)::numeric(18,4) as revenue, sum(a.material_cost)::numeric(18,4) as material_cost,
               sum(a.scrap_cost)::numeric(18,4) as scrap_cost
          from warehouse.agg_line_day a
          join warehouse.dim_date d on d.date_key = a.date_key
         group by d.year_month, d.first_day_of_month) as s;

-- One row: the whole period that the reader may see.
create or replace view marts.mart_executive_kpis as
select s.first_date, s.last_date, s.days,
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
       s.revenue, s.material_cost, s.scrap_cost,
       m.machines_scored, m.machines_predicted_to_fail, m.machines_failed, m.mean_health_score,
       i.inspected_units, i.failed_units, i.failed_units / nullif(i.inspected_units, 0)::float8 as failed_share,
       (select min(q.score) from marts.mart_data_quality q) as lowest_quality_score,
       (select coalesce(bool_or(x.has_synthetic_data), false) from marts.data_freshness x) as has_synthetic_data
  from (select min(d.full_date) as first_date, max(d.full_date) as last_date, count(distinct a.date_key) as days,
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
               sum(a.failure_count)::bigint as failure_count, sum(a.energy_kwh::numeric)::float8 as energy_kwh,
               sum(a.revenue)::numeric(18,4) as revenue, sum(a.material_cost)::numeric(18,4) as material_cost,
               sum(a.scrap_cost)::numeric(18,4) as scrap_cost
          from warehouse.agg_line_day a
          join warehouse.dim_date d on d.date_key = a.date_key) as s
 cross join (select count(*) as machines_scored,
                    count(*) filter (where r.predicted_failure and not r.failure_recorded) as machines_predicted_to_fail,
                    count(*) filter (where r.failure_recorded) as machines_failed,
                    avg(r.health_score::numeric)::float8 as mean_health_score
               from marts.mart_maintenance_risk r) as m
 cross join (select count(*) as inspected_units, count(*) filter (where not q.is_passed) as failed_units
               from warehouse.fact_quality_inspection q) as i;
