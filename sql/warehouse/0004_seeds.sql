-- run as: owner
-- First members and settings. Rows that a user may change are only ever added, never overwritten.
-- The calendar is filled by repeatable/40_calendar.sql.

insert into warehouse.dim_plant (plant_key, plant_code, plant_name, country_code, time_zone) values
    (-1, 'UNKNOWN', 'Unknown', null, 'UTC')
on conflict do nothing;
insert into warehouse.dim_plant (plant_code, plant_name, country_code, time_zone) values
    ('PLT1', 'Plant 1', 'IT', 'Europe/Rome')
on conflict do nothing;

insert into warehouse.dim_production_line (line_key, line_id, line_code, line_name, plant_key) values
    (-1, -1, 'UNKNOWN', 'Unknown', -1)
on conflict do nothing;
insert into warehouse.dim_production_line (line_id, line_code, line_name, plant_key)
select s.n, 'L' || s.n, 'Assembly line ' || s.n, p.plant_key
  from generate_series(1, 5) as s(n)
  join warehouse.dim_plant p on p.plant_code = 'PLT1'
 order by s.n
on conflict do nothing;

insert into warehouse.dim_equipment (equipment_key, equipment_id, equipment_code, equipment_type, line_key) values
    (-1, -1, 'UNKNOWN', 'Unknown', -1)
on conflict do nothing;

insert into warehouse.dim_vehicle (vehicle_key, vehicle_id, vehicle_code, make, model) values
    (-1, -1, 'UNKNOWN', 'Unknown', 'Unknown')
on conflict do nothing;

insert into warehouse.dim_shift (shift_key, shift_code, shift_name, start_time, end_time) values
    (-1, 'UNKNOWN', 'Unknown', '00:00', '00:00')
on conflict do nothing;
insert into warehouse.dim_shift (shift_code, shift_name, start_time, end_time) values
    ('EARLY', 'Early shift', '06:00', '14:00'),
    ('LATE', 'Late shift', '14:00', '22:00'),
    ('NIGHT', 'Night shift', '22:00', '06:00')
on conflict do nothing;

insert into warehouse.dim_quality_defect (defect_key, defect_code, defect_name, defect_category, severity) values
    (-1, 'UNKNOWN', 'Unknown', 'Unknown', 0)
on conflict do nothing;
insert into warehouse.dim_quality_defect (defect_code, defect_name, defect_category, severity) values
    ('NONE', 'No defect', 'none', 0),
    ('UNATTRIBUTED', 'Failed, no leading sensor', 'unattributed', 3)
on conflict do nothing;
-- A failed inspection carries the sensor that deviates most: an association, not a cause.
insert into warehouse.dim_quality_defect (defect_code, defect_name, defect_category, severity)
select 'S' || lpad(n::text, 3, '0'), 'Sensor ' || n || ' deviates most', 'sensor', 3
  from generate_series(0, 589) as n order by n
on conflict do nothing;

-- The files: our column, its type, the file's own header first, then headers met in re-exports.
-- Only a date may not be empty; other empty cells are loaded as NULL, measured as completeness and cleaned.
insert into ops.dataset (dataset, description, path_glob, staging_table, columns, business_key, null_tokens, freshness_hours, is_built_in)
values
('maintenance', 'Machine readings with recorded failures (AI4I 2020 layout)', 'maintenance/*.csv', 'staging.maintenance', $json$[
  {"name": "udi", "type": "integer", "headers": ["UDI", "UID", "id"], "required": true, "nullable": true},
  {"name": "product_id", "type": "text", "headers": ["Product ID", "product_id", "productId", "Equipment Code"], "required": true, "nullable": true},
  {"name": "type", "type": "text", "headers": ["Type", "product_type", "machine_type"], "required": true, "nullable": true},
  {"name": "air_temperature_k", "type": "float8", "headers": ["Air temperature [K]", "Air temperature", "air_temperature_k", "Air temp"], "required": true, "nullable": true},
  {"name": "process_temperature_k", "type": "float8", "headers": ["Process temperature [K]", "Process temperature", "process_temperature_k", "Process temp"], "required": true, "nullable": true},
  {"name": "rotational_speed_rpm", "type": "float8", "headers": ["Rotational speed [rpm]", "Rotational speed", "rotational_speed_rpm", "RPM"], "required": true, "nullable": true},
  {"name": "torque_nm", "type": "float8", "headers": ["Torque [Nm]", "Torque", "torque_nm"], "required": true, "nullable": true},
  {"name": "tool_wear_min", "type": "float8", "headers": ["Tool wear [min]", "Tool wear", "tool_wear_min"], "required": true, "nullable": true},
  {"name": "machine_failure", "type": "boolean", "headers": ["Machine failure", "Machine_failure", "machineFailure", "Target", "failure"], "required": true, "nullable": true},
  {"name": "twf", "type": "boolean", "headers": ["TWF", "Tool wear failure"], "required": true, "nullable": true},
  {"name": "hdf", "type": "boolean", "headers": ["HDF", "Heat dissipation failure"], "required": true, "nullable": true},
  {"name": "pwf", "type": "boolean", "headers": ["PWF", "Power failure"], "required": true, "nullable": true},
  {"name": "osf", "type": "boolean", "headers": ["OSF", "Overstrain failure"], "required": true, "nullable": true},
  {"name": "rnf", "type": "boolean", "headers": ["RNF", "Random failure", "Random failures"], "required": true, "nullable": true},
  {"name": "read_at", "type": "timestamp", "headers": ["read_at", "Timestamp", "Reading time"], "required": false, "nullable": true},
  {"name": "line_code", "type": "text", "headers": ["line_code", "Line", "Production line"], "required": false, "nullable": true}
]$json$, '{product_id}', '{"",NA,N/A,NaN,"null","NULL"}', 8760, true),
('quality', 'Inspections with 590 sensor values each (SECOM layout)', 'quality/*.csv', 'staging.quality', $json$[
  {"name": "inspected_at", "type": "timestamp", "headers": ["Time", "Timestamp", "inspected_at", "Date"], "required": true, "nullable": false},
  {"name": "sensors", "type": "float8[]", "headers": [], "header_range": {"from": 0, "to": 589}, "required": true, "nullable": true},
  {"name": "passed", "type": "boolean", "headers": ["Pass/Fail", "Pass_Fail", "passFail", "Label", "Class"], "required": true, "nullable": true, "values": {"-1": "true", "1": "false"}}
]$json$, '{inspected_at}', '{"",NA,N/A,NaN,"null","NULL"}', 8760, true),
('vehicles', 'Vehicle catalogue: one row a trim, with list price', 'vehicles/*.csv', 'staging.vehicle', $json$[
  {"name": "make", "type": "text", "headers": ["Make", "Brand", "Vendor"], "required": true, "nullable": true},
  {"name": "model", "type": "text", "headers": ["Model"], "required": true, "nullable": true},
  {"name": "model_year", "type": "integer", "headers": ["Year", "Model Year", "model_year"], "required": true, "nullable": true},
  {"name": "engine_fuel_type", "type": "text", "headers": ["Engine Fuel Type", "Fuel Type"], "required": true, "nullable": true},
  {"name": "engine_hp", "type": "float8", "headers": ["Engine HP", "Horsepower", "HP"], "required": true, "nullable": true},
  {"name": "engine_cylinders", "type": "float8", "headers": ["Engine Cylinders", "Cylinders"], "required": true, "nullable": true},
  {"name": "transmission_type", "type": "text", "headers": ["Transmission Type", "Transmission"], "required": true, "nullable": true},
  {"name": "driven_wheels", "type": "text", "headers": ["Driven_Wheels", "Driven Wheels", "Drive"], "required": true, "nullable": true},
  {"name": "number_of_doors", "type": "float8", "headers": ["Number of Doors", "Doors"], "required": true, "nullable": true},
  {"name": "market_category", "type": "text", "headers": ["Market Category", "Category"], "required": true, "nullable": true},
  {"name": "vehicle_size", "type": "text", "headers": ["Vehicle Size", "Size"], "required": true, "nullable": true},
  {"name": "vehicle_style", "type": "text", "headers": ["Vehicle Style", "Style"], "required": true, "nullable": true},
  {"name": "highway_mpg", "type": "float8", "headers": ["highway MPG", "Highway MPG", "highway_mpg"], "required": true, "nullable": true},
  {"name": "city_mpg", "type": "float8", "headers": ["city mpg", "City MPG", "city_mpg"], "required": true, "nullable": true},
  {"name": "popularity", "type": "float8", "headers": ["Popularity"], "required": true, "nullable": true},
  {"name": "msrp", "type": "float8", "headers": ["MSRP", "Price", "List Price"], "required": true, "nullable": true}
]$json$, '{make,model,model_year,engine_fuel_type,engine_hp,engine_cylinders,transmission_type,driven_wheels,number_of_doors,market_category,vehicle_size,vehicle_style}',
 -- 'N/A' and 'UNKNOWN' stay as text so that cleaning can count them
 '{""}', 8760, true),
('production', 'Shift records of the lines: minutes, units, downtime, energy, costs', 'production/*.csv', 'staging.production', $json$[
  {"name": "production_date", "type": "date", "headers": ["production_date", "Date"], "required": true, "nullable": false},
  {"name": "line_code", "type": "text", "headers": ["line_code", "Line"], "required": true, "nullable": true},
  {"name": "shift_code", "type": "text", "headers": ["shift_code", "Shift"], "required": true, "nullable": true},
  {"name": "equipment_code", "type": "text", "headers": ["equipment_code", "Equipment", "Machine"], "required": true, "nullable": true},
  {"name": "vehicle_code", "type": "text", "headers": ["vehicle_code", "Vehicle", "Product"], "required": true, "nullable": true},
  {"name": "calendar_minutes", "type": "float8", "headers": ["calendar_minutes"], "required": true, "nullable": true},
  {"name": "planned_busy_minutes", "type": "float8", "headers": ["planned_busy_minutes", "planned_minutes"], "required": true, "nullable": true},
  {"name": "run_minutes", "type": "float8", "headers": ["run_minutes"], "required": true, "nullable": true},
  {"name": "setup_minutes", "type": "float8", "headers": ["setup_minutes"], "required": true, "nullable": true},
  {"name": "delay_minutes", "type": "float8", "headers": ["delay_minutes"], "required": true, "nullable": true},
  {"name": "down_minutes", "type": "float8", "headers": ["down_minutes", "downtime_minutes"], "required": true, "nullable": true},
  {"name": "ideal_cycle_minutes", "type": "float8", "headers": ["ideal_cycle_minutes", "ideal_cycle_time"], "required": true, "nullable": true},
  {"name": "produced_units", "type": "integer", "headers": ["produced_units", "units_produced"], "required": true, "nullable": true},
  {"name": "good_units", "type": "integer", "headers": ["good_units", "units_good"], "required": true, "nullable": true},
  {"name": "scrap_units", "type": "integer", "headers": ["scrap_units", "units_scrap"], "required": true, "nullable": true},
  {"name": "rework_units", "type": "integer", "headers": ["rework_units", "units_rework"], "required": true, "nullable": true},
  {"name": "downtime_reason", "type": "text", "headers": ["downtime_reason"], "required": true, "nullable": true},
  {"name": "failure_count", "type": "integer", "headers": ["failure_count", "failures"], "required": true, "nullable": true},
  {"name": "repair_minutes", "type": "float8", "headers": ["repair_minutes"], "required": true, "nullable": true},
  {"name": "energy_kwh", "type": "float8", "headers": ["energy_kwh", "energy"], "required": true, "nullable": true},
  {"name": "material_cost", "type": "float8", "headers": ["material_cost"], "required": true, "nullable": true},
  {"name": "scrap_cost", "type": "float8", "headers": ["scrap_cost"], "required": true, "nullable": true},
  {"name": "rework_cost", "type": "float8", "headers": ["rework_cost"], "required": true, "nullable": true},
  {"name": "unit_price", "type": "float8", "headers": ["unit_price"], "required": true, "nullable": true}
]$json$, '{production_date,line_code,shift_code,equipment_code,vehicle_code}', '{"",NA,N/A,NaN,"null","NULL"}', 48, true)
on conflict do nothing;

insert into ops.pipeline_step (step_no, step_name, description, statement) values
    (1, 'check_new_data', 'Look for files that are new in the landing zone', 'select * from stellantis.step_check_new_data($1, $2)'),
    (2, 'ingest_data', 'Load new files into staging', 'select * from stellantis.step_ingest_data($1, $2)'),
    (3, 'data_quality_checks', 'Score six dimensions of each data set, hold what is below its threshold', 'select * from stellantis.step_data_quality_checks($1, $2)'),
    (4, 'clean_transform', 'Clean what passed', 'select * from stellantis.step_clean_transform($1, $2)'),
    (5, 'ml_predictions', 'Train where no model is deployed, score the latest reading of each machine', 'select * from stellantis.step_ml_predictions($1, $2)'),
    (6, 'load_warehouse', 'Publish dimensions, facts, predictions and roll-ups after the blocking tests', 'select * from stellantis.step_load_warehouse($1, $2)'),
    (7, 'transformations', 'Verify roll-ups, refresh statistics, run the remaining tests', 'select * from stellantis.step_transformations($1, $2)')
on conflict do nothing;

insert into ops.model (model, description, source, target, key_column, features, retrain_policy) values
    ('maintenance', 'Probability that a machine fails, from its latest reading', 'staging.features_maintenance', 'machine_failure', 'equipment_code',
     '{product_type,air_temperature_k,temperature_delta_k,rotational_speed_rpm,torque_nm,tool_wear_min,power_w,strain_min_nm}', 'when_missing'),
    ('secom', 'Probability that an inspection fails, from its sensors', 'staging.features_secom', 'failed', null,
     '{sensors}', 'never')
on conflict do nothing;

insert into ops.transformation (rule_id, dataset, kind, description) values
    ('maintenance_missing_measure', 'maintenance', 'missing', 'A row without product, type, measure or failure label cannot be scored and is left out'),
    ('maintenance_duplicate_row', 'maintenance', 'duplicate', 'Of rows equal in every column the first is kept'),
    ('maintenance_duplicate_machine', 'maintenance', 'duplicate', 'Of readings equal in all but the running number the first is kept; different readings of a machine all stay'),
    ('maintenance_outlier_flag', 'maintenance', 'outlier', 'A reading outside the physical range is flagged, not changed'),
    ('maintenance_type_code', 'maintenance', 'type', 'Type L, M, H becomes 0, 1, 2; spellings are normalised'),
    ('quality_missing_sensor', 'quality', 'missing', 'An empty sensor cell stays NULL and is counted'),
    ('quality_duplicate_row', 'quality', 'duplicate', 'Of inspections equal in every column the first is kept'),
    ('quality_swapped_timestamp', 'quality', 'repair', 'Day and month swapped: repaired from the order of the file and marked'),
    ('quality_missing_result', 'quality', 'missing', 'An inspection without a result is left out'),
    ('vehicle_missing_token', 'vehicles', 'missing', 'N/A, UNKNOWN and empty text become NULL'),
    ('vehicle_duplicate_row', 'vehicles', 'duplicate', 'Of rows equal in every column the first is kept'),
    ('vehicle_duplicate_code', 'vehicles', 'duplicate', 'Of rows with one vehicle code the last is kept'),
    ('vehicle_outlier_mpg', 'vehicles', 'outlier', 'Fuel economy beyond what is physical is flagged, not changed'),
    ('vehicle_placeholder_price', 'vehicles', 'outlier', 'A list price of 2,000 is a placeholder and flagged'),
    ('vehicle_missing_number', 'vehicles', 'missing', 'An empty number stays NULL and is counted'),
    ('production_duplicate_grain', 'production', 'duplicate', 'Of rows with one date, line, shift, equipment and vehicle the last is kept'),
    ('production_missing_measure', 'production', 'missing', 'A row without a key or measure, or with one below zero or beyond all measure, is left out'),
    ('production_code_normalised', 'production', 'type', 'Codes are trimmed, upper-cased and mapped by ops.code_map'),
    ('production_outlier_flag', 'production', 'outlier', 'A measure outside the physical range is counted, not changed')
on conflict do nothing;

insert into ops.schedule (pipeline, local_time, time_zone, is_active) values
    ('manufacturing_analytics_pipeline', '06:00', 'Europe/Rome', false)
on conflict do nothing;

-- The project's sample files, and the quality file in full, come from its own generators, wherever they are copied to.
insert into ops.synthetic_file (sha256, dataset, row_count, seed, dirt) values
    ('09cbb746af110b4eada7b85b74334103556a961ccf60ac49cea2f232f41db343', 'maintenance', 10000, 433, 0),
    ('43145e0272d871be090b98886038fe89c1715faf2beec08210a40a2f11a9eeb1', 'quality', 100, 433, 0),
    ('d0c743627839b4b58325ba647658d9fe1140d212fabf0e1f033624813ac1c82d', 'quality', 1567, 433, 0),
    ('7938fda296e02075f3e46ab3089517caa7ea2e9b1227fab525e1fa5094fdd088', 'vehicles', 11914, 433, 0),
    ('9432cd4d4549875a9cec500f703c620a1078afe725d40c5cd2f17aacb30109bd', 'production', 1350, 433, 0)
on conflict do nothing;
