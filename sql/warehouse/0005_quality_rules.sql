-- run as: owner
-- Built-in quality rules: six dimensions for each of the four data sets.
--
-- Expressions see one staging row (alias r) and its file (alias f, ops.source_file). The rules divide the faults among
-- the dimensions so that one fault is counted once:
--   completeness  an empty required cell, and nothing else; every other rule leaves rows with that cell empty out
--   validity      a value outside its own domain or range; consistency and accuracy leave such rows out
--   consistency   columns (or neighbouring rows) that contradict each other
--   accuracy      disagreement with a reference: a recomputed label or sum; where none exists a proxy, marked is_proxy
--   uniqueness    surplus rows of one file by its business key; the same key in a later file is a correction
--   timeliness    how late the file came: data sets of past years are judged by arrival, not by their dates

-- Completeness: one rule a required column.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, fails_when, is_built_in)
select c.prefix || '_complete_' || n.column_name, c.dataset, n.column_name, 'completeness',
       n.column_name || ' is filled', format('r.%I is null', n.column_name), true
  from (values
        ('maintenance', 'maintenance', array['udi', 'product_id', 'type', 'air_temperature_k', 'process_temperature_k',
            'rotational_speed_rpm', 'torque_nm', 'tool_wear_min', 'machine_failure', 'twf', 'hdf', 'pwf', 'osf', 'rnf']),
        ('quality', 'quality', array['inspected_at', 'sensors', 'passed']),
        ('vehicle', 'vehicles', array['model_year', 'engine_hp', 'engine_cylinders', 'number_of_doors', 'highway_mpg',
            'city_mpg', 'popularity', 'msrp']),
        ('production', 'production', array['production_date', 'line_code', 'shift_code', 'equipment_code', 'vehicle_code',
            'calendar_minutes', 'planned_busy_minutes', 'run_minutes', 'setup_minutes', 'delay_minutes', 'down_minutes',
            'ideal_cycle_minutes', 'produced_units', 'good_units', 'scrap_units', 'rework_units', 'failure_count',
            'repair_minutes', 'energy_kwh', 'material_cost', 'scrap_cost', 'rework_cost', 'unit_price'])
       ) as c(prefix, dataset, columns)
 cross join unnest(c.columns) as n(column_name)
on conflict do nothing;

-- Texts of the vehicle file say "missing" in words.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, fails_when, severity, is_built_in)
select 'vehicle_complete_' || n.column_name, 'vehicles', n.column_name, 'completeness',
       n.column_name || ' is filled, and not by N/A or UNKNOWN',
       format('coalesce(upper(btrim(r.%I)), '''') in ('''', ''N/A'', ''UNKNOWN'')', n.column_name),
       case n.column_name when 'market_category' then 'warn' else 'error' end, true
  from unnest(array['make', 'model', 'engine_fuel_type', 'transmission_type', 'driven_wheels', 'market_category',
                    'vehicle_size', 'vehicle_style']) as n(column_name)
on conflict do nothing;

insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, applies_when, fails_when, severity, is_built_in) values
('quality_complete_sensor_cells', 'quality', 'sensors', 'completeness', 'At most one sensor cell in ten is empty',
 'cardinality(r.sensors) > 0', 'cardinality(array_positions(r.sensors, null)) > 0.1 * cardinality(r.sensors)', 'warn', true),
('production_complete_downtime_reason', 'production', 'downtime_reason', 'completeness', 'A shift with down time names its reason',
 'r.down_minutes > 0', 'coalesce(btrim(r.downtime_reason), '''') = ''''', 'error', true)
on conflict do nothing;

-- Uniqueness.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, applies_when, fails_when, unique_columns, is_built_in) values
('maintenance_unique_reading', 'maintenance', 'product_id', 'uniqueness', 'One reading a machine and time in a file',
 'r.product_id is not null', 'false', '{file_id,product_id,read_at}', true),
('quality_unique_inspection', 'quality', 'inspected_at', 'uniqueness', 'No inspection twice in a file',
 'r.inspected_at is not null', 'false', '{file_id,inspected_at,sensors}', true),
('vehicle_unique_row', 'vehicles', null, 'uniqueness', 'No vehicle twice in a file',
 'true', 'false', '{file_id,make,model,model_year,engine_fuel_type,engine_hp,engine_cylinders,transmission_type,driven_wheels,number_of_doors,market_category,vehicle_size,vehicle_style,highway_mpg,city_mpg,popularity,msrp}', true),
('production_unique_grain', 'production', null, 'uniqueness', 'One row a date, line, shift, equipment and vehicle in a file',
 'num_nulls(r.production_date, r.line_code, r.shift_code, r.equipment_code, r.vehicle_code) = 0', 'false',
 '{file_id,production_date,line_code,shift_code,equipment_code,vehicle_code}', true)
on conflict do nothing;

-- Validity: numbers within what is physically possible. NaN sorts above every number and fails.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, applies_when, fails_when, is_built_in)
select v.prefix || '_valid_' || v.column_name, v.dataset, v.column_name, 'validity',
       format('%s is between %s and %s', v.column_name, v.low, v.high),
       format('r.%I is not null', v.column_name),
       format('not (r.%I between %s and %s)', v.column_name, v.low, v.high), true
  from (values
        ('maintenance', 'maintenance', 'air_temperature_k', '250', '350'),
        ('maintenance', 'maintenance', 'process_temperature_k', '250', '400'),
        ('maintenance', 'maintenance', 'rotational_speed_rpm', '1', '10000'),
        ('maintenance', 'maintenance', 'torque_nm', '0', '200'),
        ('maintenance', 'maintenance', 'tool_wear_min', '0', '500'),
        ('vehicle', 'vehicles', 'engine_hp', '1', '2500'),
        ('vehicle', 'vehicles', 'engine_cylinders', '0', '16'),
        ('vehicle', 'vehicles', 'number_of_doors', '1', '6'),
        ('vehicle', 'vehicles', 'highway_mpg', '1', '150'),
        ('vehicle', 'vehicles', 'city_mpg', '1', '150'),
        ('vehicle', 'vehicles', 'popularity', '0', '1000000'),
        ('vehicle', 'vehicles', 'msrp', '1', '10000000'),
        ('production', 'production', 'calendar_minutes', '1', '1440'),
        ('production', 'production', 'planned_busy_minutes', '0', '1440'),
        ('production', 'production', 'run_minutes', '0', '1440'),
        ('production', 'production', 'setup_minutes', '0', '1440'),
        ('production', 'production', 'delay_minutes', '0', '1440'),
        ('production', 'production', 'down_minutes', '0', '1440'),
        ('production', 'production', 'ideal_cycle_minutes', '0.001', '480'),
        ('production', 'production', 'produced_units', '0', '100000'),
        ('production', 'production', 'good_units', '0', '100000'),
        ('production', 'production', 'scrap_units', '0', '100000'),
        ('production', 'production', 'rework_units', '0', '100000'),
        ('production', 'production', 'failure_count', '0', '1000'),
        ('production', 'production', 'repair_minutes', '0', '1440'),
        ('production', 'production', 'energy_kwh', '0', '10000000'),
        ('production', 'production', 'material_cost', '0', '1000000000'),
        ('production', 'production', 'scrap_cost', '0', '1000000000'),
        ('production', 'production', 'rework_cost', '0', '1000000000'),
        ('production', 'production', 'unit_price', '0', '100000000')
       ) as v(prefix, dataset, column_name, low, high)
on conflict do nothing;

-- Validity: codes, patterns, dates.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, applies_when, fails_when, is_built_in) values
('maintenance_valid_type', 'maintenance', 'type', 'validity', 'type is L, M or H',
 'r.type is not null', 'r.type not in (''L'', ''M'', ''H'')', true),
('maintenance_valid_product_id', 'maintenance', 'product_id', 'validity', 'product_id is a letter L, M or H and five digits',
 'r.product_id is not null', 'r.product_id !~ ''^[LMH][0-9]{5}$''', true),
('quality_valid_inspected_at', 'quality', 'inspected_at', 'validity', 'inspected_at lies between 2000 and the day after arrival',
 'r.inspected_at is not null',
 'not (r.inspected_at between timestamp ''2000-01-01'' and (f.loaded_at at time zone ''UTC'') + interval ''1 day'')', true),
('quality_valid_sensor_count', 'quality', 'sensors', 'validity', 'An inspection has 590 sensor values',
 'r.sensors is not null', 'cardinality(r.sensors) <> 590', true),
('quality_valid_sensor_numbers', 'quality', 'sensors', 'validity', 'Sensor values are finite',
 'r.sensors is not null', 'r.sensors && ''{NaN,Infinity,-Infinity}''::float8[]', true),
('vehicle_valid_model_year', 'vehicles', 'model_year', 'validity', 'model_year lies between 1886 and two years after arrival',
 'r.model_year is not null', 'not (r.model_year between 1886 and extract(year from f.loaded_at at time zone ''UTC'') + 2)', true),
('vehicle_valid_driven_wheels', 'vehicles', 'driven_wheels', 'validity', 'driven_wheels is one of four drives',
 'coalesce(upper(btrim(r.driven_wheels)), '''') not in ('''', ''N/A'', ''UNKNOWN'')',
 'lower(btrim(r.driven_wheels)) not in (''front wheel drive'', ''rear wheel drive'', ''all wheel drive'', ''four wheel drive'')', true),
('vehicle_valid_vehicle_size', 'vehicles', 'vehicle_size', 'validity', 'vehicle_size is Compact, Midsize or Large',
 'coalesce(upper(btrim(r.vehicle_size)), '''') not in ('''', ''N/A'', ''UNKNOWN'')',
 'lower(btrim(r.vehicle_size)) not in (''compact'', ''midsize'', ''large'')', true),
('production_valid_production_date', 'production', 'production_date', 'validity', 'production_date lies in the calendar',
 'r.production_date is not null', 'not exists (select 1 from warehouse.dim_date d where d.full_date = r.production_date)', true),
('production_valid_shift_code', 'production', 'shift_code', 'validity', 'shift_code is a shift of the plant, or mapped to one',
 'r.shift_code is not null',
 'upper(btrim(r.shift_code)) not in (select upper(s.shift_code) from warehouse.dim_shift s where s.shift_key > 0 union all select upper(btrim(m.source_code)) from ops.code_map m where m.code_kind = ''shift'')', true),
('production_valid_line_code', 'production', 'line_code', 'validity', 'line_code is written as a code',
 'r.line_code is not null', 'btrim(r.line_code) !~ ''^[A-Za-z0-9][A-Za-z0-9_./-]{0,40}$''', true),
('production_valid_equipment_code', 'production', 'equipment_code', 'validity', 'equipment_code is written as a code',
 'r.equipment_code is not null', 'btrim(r.equipment_code) !~ ''^[A-Za-z0-9][A-Za-z0-9_./-]{0,60}$''', true),
('production_valid_vehicle_code', 'production', 'vehicle_code', 'validity', 'vehicle_code is written as a code',
 'r.vehicle_code is not null', 'btrim(r.vehicle_code) !~ ''^[A-Za-z0-9][A-Za-z0-9_./-]{0,120}$''', true)
on conflict do nothing;

-- Consistency.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, applies_when, fails_when, is_built_in) values
('maintenance_consistent_temperatures', 'maintenance', 'process_temperature_k', 'consistency', 'The process is warmer than the air',
 'r.air_temperature_k between 250 and 350 and r.process_temperature_k between 250 and 400',
 'r.process_temperature_k <= r.air_temperature_k', true),
('maintenance_consistent_type', 'maintenance', 'type', 'consistency', 'type is the first letter of product_id',
 'r.type in (''L'', ''M'', ''H'') and r.product_id ~ ''^[LMH][0-9]{5}$''', 'r.type <> left(r.product_id, 1)', true),
-- A wrong power or overstrain flag is inaccurate, and counted there; here only the flags that physics confirms.
('maintenance_consistent_failure', 'maintenance', 'machine_failure', 'consistency', 'A failure mode implies a failure',
 'num_nulls(r.machine_failure, r.twf, r.hdf, r.pwf, r.osf, r.torque_nm, r.rotational_speed_rpm, r.tool_wear_min, r.type) = 0',
 'not r.machine_failure and (r.twf or r.hdf or (r.pwf and not (r.torque_nm * r.rotational_speed_rpm * pi() / 30 between 3500 and 9000)) or (r.osf and r.tool_wear_min * r.torque_nm > case r.type when ''M'' then 12000 when ''H'' then 13000 else 11000 end))', true),
-- The file is written in time order: a time before that of the row above contradicts it.
('quality_consistent_order', 'quality', 'inspected_at', 'consistency', 'Inspections are in time order',
 'r.inspected_at is not null',
 'exists (select 1 from staging.quality p where p.file_id = r.file_id and p.line_number = r.line_number - 1 and p.inspected_at > r.inspected_at)', true),
('vehicle_consistent_doors', 'vehicles', 'number_of_doors', 'consistency', 'A style named 2dr or 4dr has as many doors',
 'r.vehicle_style ~ ''^[24]dr'' and r.number_of_doors between 1 and 6', 'r.number_of_doors <> left(r.vehicle_style, 1)::float8', true),
('vehicle_consistent_electric', 'vehicles', 'engine_cylinders', 'consistency', 'An electric car has no cylinders',
 'lower(btrim(r.engine_fuel_type)) = ''electric'' and r.engine_cylinders between 0 and 16', 'r.engine_cylinders <> 0', true),
('production_consistent_busy', 'production', 'planned_busy_minutes', 'consistency', 'Planned busy time = run + set-up + delay + down',
 'least(r.planned_busy_minutes, r.run_minutes, r.setup_minutes, r.delay_minutes, r.down_minutes) >= 0 and greatest(r.planned_busy_minutes, r.run_minutes, r.setup_minutes, r.delay_minutes, r.down_minutes) <= 1440 and num_nulls(r.planned_busy_minutes, r.run_minutes, r.setup_minutes, r.delay_minutes, r.down_minutes) = 0',
 'abs(r.planned_busy_minutes - (r.run_minutes + r.setup_minutes + r.delay_minutes + r.down_minutes)) > 0.05', true),
('production_consistent_calendar', 'production', 'planned_busy_minutes', 'consistency', 'Planned busy time fits into calendar time',
 'r.planned_busy_minutes between 0 and 1440 and r.calendar_minutes between 1 and 1440',
 'r.planned_busy_minutes > r.calendar_minutes + 0.05', true),
-- Counts that do not add up are inaccurate, and counted there.
('production_consistent_pace', 'production', 'ideal_cycle_minutes', 'consistency', 'No line runs more than a tenth faster than its ideal cycle',
 'r.ideal_cycle_minutes between 0.001 and 480 and r.run_minutes between 0 and 1440 and r.produced_units between 0 and 100000 and least(r.good_units, r.scrap_units, r.rework_units) >= 0 and r.good_units::bigint + r.scrap_units + r.rework_units = r.produced_units',
 'r.ideal_cycle_minutes * r.produced_units > r.run_minutes * 1.1', true),
('production_consistent_repair', 'production', 'repair_minutes', 'consistency', 'Repair time belongs to a failure',
 'r.failure_count between 0 and 1000 and r.repair_minutes between 0 and 1440',
 'r.failure_count = 0 and r.repair_minutes > 0', true)
on conflict do nothing;

-- Accuracy.
insert into ops.quality_rule (rule_id, dataset, column_name, dimension, description, applies_when, fails_when, is_proxy, is_built_in) values
('maintenance_accurate_product_number', 'maintenance', 'product_id', 'accuracy', 'The product number is the running number plus the offset of its type',
 'r.udi is not null and r.product_id ~ ''^[LMH][0-9]{5}$''',
 'substr(r.product_id, 2)::integer - r.udi::bigint <> case left(r.product_id, 1) when ''L'' then 47179 when ''M'' then 14859 else 29413 end', false, true),
('maintenance_accurate_power_failure', 'maintenance', 'pwf', 'accuracy', 'A power failure is flagged below 3,500 W and above 9,000 W, and only there',
 'r.pwf is not null and r.torque_nm between 0 and 200 and r.rotational_speed_rpm between 1 and 10000',
 'r.pwf <> (r.torque_nm * r.rotational_speed_rpm * pi() / 30 not between 3500 and 9000)', false, true),
('maintenance_accurate_overstrain', 'maintenance', 'osf', 'accuracy', 'An overstrain failure is flagged beyond 11,000 (L), 12,000 (M) or 13,000 (H) minNm, and only there',
 'r.osf is not null and r.torque_nm between 0 and 200 and r.tool_wear_min between 0 and 500 and r.type in (''L'', ''M'', ''H'') and (r.product_id ~ ''^[LMH][0-9]{5}$'' and r.type <> left(r.product_id, 1)) is not true',
 'r.osf <> (r.tool_wear_min * r.torque_nm > case r.type when ''M'' then 12000 when ''H'' then 13000 else 11000 end)', false, true),
('quality_accurate_sensors_move', 'quality', 'sensors', 'accuracy', 'Proxy without a reference: an inspection does not repeat all sensor values of the one before it',
 'r.sensors is not null',
 'exists (select 1 from staging.quality p where p.file_id = r.file_id and p.line_number = r.line_number - 1 and p.sensors = r.sensors and p.inspected_at is distinct from r.inspected_at)', true, true),
('vehicle_accurate_price', 'vehicles', 'msrp', 'accuracy', 'Proxy without a reference: the list price is not the placeholder 2,000',
 'r.msrp between 1 and 10000000', 'r.msrp = 2000', true, true),
('production_accurate_units', 'production', 'produced_units', 'accuracy', 'Good + scrap + rework = produced',
 'r.produced_units between 0 and 100000 and r.good_units between 0 and 100000 and r.scrap_units between 0 and 100000 and r.rework_units between 0 and 100000',
 'r.good_units::bigint + r.scrap_units + r.rework_units <> r.produced_units', false, true)
on conflict do nothing;

-- Timeliness: graded, so that a file some days late is seen but only a very old one holds its data set.
insert into ops.quality_rule (rule_id, dataset, dimension, description, fails_when, severity, is_built_in)
select d.prefix || t.suffix, d.dataset, 'timeliness', t.description, format(t.fails_when, d.dataset), t.severity, true
  from (values ('maintenance', 'maintenance'), ('quality', 'quality'), ('vehicle', 'vehicles'), ('production', 'production')) as d(prefix, dataset)
 cross join (values
        ('_timely_arrival', 'The file was loaded within the freshness hours of its data set', 'error',
         'extract(epoch from f.loaded_at - f.modified_at) / 3600 > (select d.freshness_hours from ops.dataset d where d.dataset = %L)'),
        ('_timely_not_stale', 'The file was loaded within thirty times the freshness hours of its data set', 'error',
         'extract(epoch from f.loaded_at - f.modified_at) / 3600 > 30 * (select d.freshness_hours from ops.dataset d where d.dataset = %L)'),
        ('_timely_clock', 'The file was not written after it was loaded', 'warn',
         'f.modified_at > f.loaded_at + interval ''5 minutes''')
       ) as t(suffix, description, severity, fails_when)
on conflict do nothing;
