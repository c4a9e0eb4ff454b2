-- run as: marts
-- The star as dashboards see it: no money (it has views of its own), no arrays, no json, times in the plant's zone,
-- the same key name on both sides of a relationship, no ratios of single rows.

-- Where the data of each data set comes from and how old it is.
create or replace view marts.data_freshness as
select d.dataset,
       d.description,
       count(f.file_id) filter (where f.state = 'loaded') as files_loaded,
       count(f.file_id) filter (where f.state = 'held') as files_held,
       coalesce(sum(f.rows_loaded) filter (where f.state = 'loaded'), 0)::bigint as rows_loaded,
       coalesce(sum(f.rows_rejected) filter (where f.state in ('loaded', 'held')), 0)::bigint as rows_rejected,
       max(f.modified_at) filter (where f.state = 'loaded') at time zone z.time_zone as last_file_written_at,
       max(f.loaded_at) filter (where f.state = 'loaded') at time zone z.time_zone as last_loaded_at,
       max(f.published_at) filter (where f.state = 'loaded') at time zone z.time_zone as last_published_at,
       d.freshness_hours,
       (max(f.loaded_at) filter (where f.state = 'loaded') + d.freshness_hours * interval '1 hour')
           at time zone z.time_zone as fresh_until,
       coalesce(max(f.loaded_at) filter (where f.state = 'loaded') + d.freshness_hours * interval '1 hour' < now(), true) as is_stale,
       coalesce(bool_or(f.is_synthetic) filter (where f.state = 'loaded' and f.published_at is not null), false) as has_synthetic_data
  from ops.dataset d
 cross join (select p.time_zone from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1) as z
  left join ops.source_file f on f.dataset = d.dataset
 where d.is_active
 group by d.dataset, d.description, d.freshness_hours, z.time_zone;

create or replace view marts.dim_plant as
select p.plant_key, p.plant_code, p.plant_name, p.country_code, p.time_zone
  from warehouse.dim_plant p;

-- Offsets are counted from today in the plant, so that relative date filters fold into SQL.
create or replace view marts.dim_date as
select d.date_key, d.full_date, d.year, d.quarter, d.month, d.month_name, d.day_of_month, d.day_of_year,
       d.iso_year, d.iso_week, d.iso_day_of_week, d.day_name, d.is_weekend, d.first_day_of_month, d.year_month,
       d.year * 100 + d.month as year_month_no,
       d.full_date - t.today as day_offset,
       ((d.full_date - d.iso_day_of_week) - (t.today - extract(isodow from t.today)::integer)) / 7 as week_offset,
       (d.year * 12 + d.month) - (extract(year from t.today) * 12 + extract(month from t.today))::integer as month_offset,
       d.year - extract(year from t.today)::integer as year_offset
  from warehouse.dim_date d
 cross join (select (now() at time zone p.time_zone)::date as today
               from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1) as t;

-- Power BI knows no dates before 1900.
create or replace view marts.dim_production_line as
select l.line_key, l.line_id, l.line_code, l.line_name, l.plant_key, l.is_inferred,
       greatest(l.valid_from, date '1900-01-01') as valid_from, l.valid_to, l.is_current
  from warehouse.dim_production_line l;

create or replace view marts.dim_equipment as
select e.equipment_key, e.equipment_id, e.equipment_code, e.equipment_type, e.line_key, e.is_line_assumed, e.is_inferred,
       greatest(e.valid_from, date '1900-01-01') as valid_from, e.valid_to, e.is_current
  from warehouse.dim_equipment e;

create or replace view marts.dim_vehicle as
select v.vehicle_key, v.vehicle_id, v.vehicle_code, v.make, v.model, v.model_year, v.engine_fuel_type, v.engine_hp,
       v.engine_cylinders, v.transmission_type, v.driven_wheels, v.number_of_doors, v.market_category, v.vehicle_size,
       v.vehicle_style, v.highway_mpg, v.city_mpg, v.popularity, v.is_stellantis_brand, v.is_inferred,
       greatest(v.valid_from, date '1900-01-01') as valid_from, v.valid_to, v.is_current
  from warehouse.dim_vehicle v;

create or replace view marts.dim_shift as
select s.shift_key, s.shift_code, s.shift_name,
       to_char(s.start_time, 'HH24:MI') as start_time, to_char(s.end_time, 'HH24:MI') as end_time,
       row_number() over (order by s.shift_key = -1, s.start_time) as shift_order
  from warehouse.dim_shift s;

create or replace view marts.dim_quality_defect as
select d.defect_key, d.defect_code, d.defect_name, d.defect_category, d.severity
  from warehouse.dim_quality_defect d;

create or replace view marts.fact_production_metrics as
select f.metric_id, f.plant_key, f.date_key, f.line_key, f.equipment_key, f.vehicle_key, f.shift_key, f.shift_start,
       f.calendar_minutes, f.planned_busy_minutes, f.run_minutes, f.setup_minutes, f.delay_minutes, f.down_minutes,
       f.ideal_run_minutes, f.ideal_good_minutes, f.repair_minutes,
       f.produced_units, f.good_units, f.scrap_units, f.rework_units, f.failure_count,
       f.downtime_reason, f.energy_kwh,
       coalesce(s.is_synthetic, false) as has_synthetic_data,
       f.updated_at at time zone p.time_zone as updated_at
  from warehouse.fact_production_metrics f
  join warehouse.dim_plant p on p.plant_key = f.plant_key
  left join ops.source_file s on s.file_id = f.file_id;

create or replace view marts.fact_machine_condition as
select f.equipment_key, f.date_key, f.line_key, f.file_id, f.line_number,
       (array['L', 'M', 'H'])[f.product_type + 1] as product_type,
       f.air_temperature_k, f.process_temperature_k, f.rotational_speed_rpm, f.torque_nm, f.tool_wear_min,
       f.machine_failure, f.twf, f.hdf, f.pwf, f.osf, f.rnf, f.is_outlier,
       coalesce(s.is_synthetic, false) as has_synthetic_data
  from warehouse.fact_machine_condition f
  left join ops.source_file s on s.file_id = f.file_id;

create or replace view marts.fact_quality_inspection as
select f.file_id, f.line_number, f.date_key, f.line_key, f.defect_key, f.inspected_at, f.inspected_at_repaired,
       f.sensors_measured, f.sensors_missing, f.is_passed,
       1 as inspected_units, (not f.is_passed)::integer as failed_units, f.leading_sensor_z,
       coalesce(s.is_synthetic, false) as has_synthetic_data
  from warehouse.fact_quality_inspection f
  left join ops.source_file s on s.file_id = f.file_id;

create or replace view marts.fact_maintenance_prediction as
select p.equipment_key, p.date_key, e.line_key, p.model_version, p.score_basis, p.failure_probability_pct, p.threshold_pct,
       p.predicted_failure, p.failure_recorded, p.health_score, p.risk_band,
       p.top_reason_1, p.top_reason_2, p.top_reason_3, p.failure_mode,
       (select x.has_synthetic_data from marts.data_freshness x where x.dataset = 'maintenance') as has_synthetic_data
  from warehouse.ml_maintenance_predictions p
  join warehouse.dim_equipment e on e.equipment_key = p.equipment_key;

-- Who may see which line, for row-level security inside a Power BI model: a row a user and line. A manager sees
-- the own rows, other readers see all.
create or replace view marts.security_map as
select a.user_name, 'manager' as role_name, l.line_key, l.line_code
  from ops.line_assignment a
  join warehouse.dim_production_line l on l.line_code = a.line_code
union all
select u.rolname::text, r.role_name, l.line_key, l.line_code
  from (values ('executive', 'stellantis_executive'), ('engineer', 'stellantis_engineer'), ('bi', 'stellantis_bi')) as r(role_name, group_name)
  join pg_catalog.pg_roles u on u.rolcanlogin and not u.rolsuper and pg_catalog.pg_has_role(u.oid, r.group_name, 'usage')
 cross join warehouse.dim_production_line l
 where u.rolname = current_user
    or pg_catalog.pg_has_role(current_user, 'stellantis_executive', 'usage')
    or pg_catalog.pg_has_role(current_user, 'stellantis_bi', 'usage');
