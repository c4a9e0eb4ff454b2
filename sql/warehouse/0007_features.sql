-- run as: owner
-- What models read, and the staging views of the vehicle business.

-- One definition of the eight features for training and for prediction. Temperatures are subtracted in float8:
-- the trees' cuts depend on the last bit.
create view staging.features_maintenance as
select m.equipment_code,
       m.product_type::float8 as product_type,
       m.air_temperature_k,
       m.process_temperature_k - m.air_temperature_k as temperature_delta_k,
       m.rotational_speed_rpm,
       m.torque_nm,
       m.tool_wear_min,
       m.torque_nm * (2 * pi() * m.rotational_speed_rpm / 60) as power_w,
       m.tool_wear_min * m.torque_nm as strain_min_nm,
       m.machine_failure,
       m.file_id,
       m.line_number
  from staging.clean_maintenance m;

-- The newest reading of each machine: by its own time where the file has one, else by the arrival of the file, both in
-- the plant's time.
create view staging.latest_maintenance as
select distinct on (m.equipment_code)
       m.equipment_code, m.file_id, m.line_number, m.read_at, m.line_code,
       m.machine_failure, m.twf, m.hdf, m.pwf, m.osf, m.rnf
  from staging.clean_maintenance m
  join ops.source_file f on f.file_id = m.file_id
 order by m.equipment_code,
          coalesce(m.read_at, f.loaded_at at time zone (
              select p.time_zone from warehouse.dim_plant p where p.plant_key > 0 order by p.plant_key limit 1)) desc,
          m.file_id desc, m.line_number desc;

create view staging.features_secom as
select q.file_id, q.line_number, q.inspected_at, q.sensors, not q.passed as failed
  from staging.clean_quality q;

create view staging.stg_products as
select distinct on (v.vehicle_code)
       v.vehicle_code, v.make as vendor, v.model, v.model_year, v.market_category, v.vehicle_size, v.vehicle_style,
       v.engine_fuel_type, v.engine_hp, v.transmission_type, v.driven_wheels,
       v.msrp, v.is_placeholder_price, v.is_outlier, v.file_id, v.line_number
  from staging.clean_vehicle v
 order by v.vehicle_code, v.file_id desc, v.line_number desc;

create view staging.stg_vendors as
select p.vendor,
       count(*) as vehicles,
       count(distinct p.model) as models,
       min(p.model_year) as first_model_year,
       max(p.model_year) as last_model_year,
       avg(p.msrp) filter (where not p.is_placeholder_price) as mean_msrp
  from staging.stg_products p
 group by p.vendor;

-- Production value, not sales: first-pass good units at the price of the production file.
create view staging.stg_sales as
select s.production_date, s.vehicle_code, p.vendor, p.market_category,
       sum(s.good_units)::bigint as good_units,
       sum(s.unit_price * s.good_units) as production_value
  from staging.clean_production s
  left join staging.stg_products p on p.vehicle_code = s.vehicle_code
 group by s.production_date, s.vehicle_code, p.vendor, p.market_category;
