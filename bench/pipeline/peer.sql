-- The peers' own tables, as create_warehouse() makes ours: staging, star, fixed dimensions, 28 tests. Not timed.
create schema peer_staging;
create schema peer;

create table peer_staging.source_file (
    file_id integer primary key, dataset text not null, path text not null, sha256 text not null unique,
    rows_read bigint not null, loaded_at timestamptz not null default clock_timestamp()
);
create table peer_staging.maintenance (
    file_id integer, line_number bigint, udi integer, product_id text, type text,
    air_temperature_k float8, process_temperature_k float8, rotational_speed_rpm float8, torque_nm float8,
    tool_wear_min float8, machine_failure boolean, twf boolean, hdf boolean, pwf boolean, osf boolean, rnf boolean,
    primary key (file_id, line_number)
);
create table peer_staging.quality (
    file_id integer, line_number bigint, inspected_at timestamp, sensors float8[], passed boolean,
    primary key (file_id, line_number)
);
create table peer_staging.vehicle (
    file_id integer, line_number bigint, make text, model text, model_year integer, engine_fuel_type text,
    engine_hp float8, engine_cylinders float8, transmission_type text, driven_wheels text, number_of_doors float8,
    market_category text, vehicle_size text, vehicle_style text, highway_mpg float8, city_mpg float8,
    popularity float8, msrp float8,
    primary key (file_id, line_number)
);
create table peer_staging.production (
    file_id integer, line_number bigint, production_date date, line_code text, shift_code text, equipment_code text,
    vehicle_code text, calendar_minutes float8, planned_busy_minutes float8, run_minutes float8, setup_minutes float8,
    delay_minutes float8, down_minutes float8, ideal_cycle_minutes float8, produced_units integer, good_units integer,
    scrap_units integer, rework_units integer, downtime_reason text, failure_count integer, repair_minutes float8,
    energy_kwh float8, material_cost float8, scrap_cost float8, rework_cost float8, unit_price float8,
    primary key (file_id, line_number)
);
create table peer_staging.clean_maintenance (like peer_staging.maintenance including all, is_outlier boolean not null);
create table peer_staging.clean_quality (
    like peer_staging.quality including all, inspected_at_repaired boolean not null, missing_sensors integer not null
);
create table peer_staging.clean_vehicle (
    like peer_staging.vehicle including all, vehicle_code text not null, is_placeholder_price boolean not null,
    is_outlier boolean not null
);
create table peer_staging.clean_production (like peer_staging.production including all);
create table peer_staging.cleaning_log (dataset text, rule_id text, rows_changed bigint);

create table peer.dim_date (
    date_key integer primary key, full_date date not null unique, year integer, quarter integer, month integer,
    iso_week integer, is_weekend boolean
);
insert into peer.dim_date
select to_char(d, 'yyyymmdd')::integer, d, extract(year from d), extract(quarter from d), extract(month from d),
    extract(week from d), extract(isodow from d) > 5
from generate_series(date '2008-01-01', (current_date + interval '2 years')::date, interval '1 day') as d;
create table peer.dim_production_line (line_key integer primary key, line_code text not null unique);
insert into peer.dim_production_line values (-1, 'UNKNOWN'), (1, 'L1'), (2, 'L2'), (3, 'L3'), (4, 'L4'), (5, 'L5');
create table peer.dim_shift (shift_key integer primary key, shift_code text not null unique, start_time time);
insert into peer.dim_shift
values (-1, 'UNKNOWN', '00:00'), (1, 'EARLY', '06:00'), (2, 'LATE', '14:00'), (3, 'NIGHT', '22:00');
create table peer.dim_quality_defect (defect_key integer primary key, defect_code text not null unique);
insert into peer.dim_quality_defect
select -1, 'UNKNOWN' union all select 0, 'NONE' union all select 1, 'UNATTRIBUTED'
union all select 2 + i, 'SENSOR_' || i from generate_series(0, 589) as i;
create table peer.dim_equipment (
    equipment_key integer primary key, equipment_code text not null unique, equipment_type text not null,
    line_key integer not null references peer.dim_production_line, is_line_assumed boolean not null,
    created_at timestamptz not null default clock_timestamp()
);
create table peer.dim_vehicle (
    vehicle_key integer primary key, vehicle_code text not null unique, make text not null, model text not null,
    model_year integer not null, engine_fuel_type text, engine_hp float8, engine_cylinders float8,
    transmission_type text, driven_wheels text, number_of_doors float8, market_category text not null,
    vehicle_size text, vehicle_style text, highway_mpg float8, city_mpg float8, popularity float8, msrp float8,
    is_placeholder_price boolean not null, is_stellantis_brand boolean not null,
    created_at timestamptz not null default clock_timestamp()
);
create table peer.fact_production_metrics (
    metric_id bigint generated always as identity primary key,
    date_key integer not null references peer.dim_date,
    line_key integer not null references peer.dim_production_line,
    equipment_key integer not null references peer.dim_equipment,
    vehicle_key integer not null references peer.dim_vehicle,
    shift_key integer not null references peer.dim_shift,
    shift_start timestamp not null,
    calendar_minutes float8 not null, planned_busy_minutes float8 not null, run_minutes float8 not null,
    setup_minutes float8 not null, delay_minutes float8 not null, down_minutes float8 not null,
    ideal_run_minutes float8 not null, ideal_good_minutes float8 not null, repair_minutes float8 not null,
    produced_units bigint not null, good_units bigint not null, scrap_units bigint not null, rework_units bigint not null,
    failure_count bigint not null, downtime_reason text not null, energy_kwh float8 not null,
    material_cost numeric(18, 4) not null, scrap_cost numeric(18, 4) not null, revenue numeric(18, 4) not null,
    unique (date_key, line_key, shift_key, equipment_key, vehicle_key)
);
create table peer.fact_machine_condition (
    file_id integer, line_number bigint, equipment_key integer not null references peer.dim_equipment,
    date_key integer not null references peer.dim_date, line_key integer not null references peer.dim_production_line,
    product_type smallint not null, air_temperature_k float8 not null, process_temperature_k float8 not null,
    rotational_speed_rpm float8 not null, torque_nm float8 not null, tool_wear_min float8 not null,
    machine_failure boolean not null, twf boolean not null, hdf boolean not null, pwf boolean not null,
    osf boolean not null, rnf boolean not null, is_outlier boolean not null,
    primary key (file_id, line_number)
);
create table peer.fact_quality_inspection (
    file_id integer, line_number bigint, date_key integer not null references peer.dim_date,
    defect_key integer not null references peer.dim_quality_defect, inspected_at timestamp not null,
    inspected_at_repaired boolean not null, sensors_measured integer not null, sensors_missing integer not null,
    is_passed boolean not null, leading_sensor_z float8,
    primary key (file_id, line_number)
);
create table peer.model_version (
    version integer primary key, f1 float8, precision_score float8, recall float8, roc_auc float8, pr_auc float8,
    brier float8, threshold float8, rows_trained integer, rows_tested integer
);
create table peer.ml_maintenance_predictions (
    equipment_key integer references peer.dim_equipment, date_key integer references peer.dim_date,
    model_version integer references peer.model_version, score_basis text not null,
    failure_probability_pct float8 not null, threshold_pct float8 not null, predicted_failure boolean not null,
    failure_recorded boolean not null, health_score float8 not null,
    primary key (equipment_key, date_key, model_version)
);
create table peer.quality_metrics_log (
    table_name text not null, dimension text not null, rows_checked bigint not null, rows_failed bigint not null,
    score float8, measured_at timestamptz not null default clock_timestamp()
);
create table peer.agg_line_day (
    date_key integer, line_key integer, planned_busy_minutes float8 not null, run_minutes float8 not null,
    ideal_run_minutes float8 not null, ideal_good_minutes float8 not null, produced_units bigint not null,
    good_units bigint not null, scrap_units bigint not null, revenue numeric(18, 4) not null,
    primary key (date_key, line_key)
);

create table peer.data_test (test_no integer primary key, test_name text not null unique, failing_rows text not null);
insert into peer.data_test values
(1, 'fact grain is unique', 'select date_key from peer.fact_production_metrics group by date_key, line_key, shift_key, equipment_key, vehicle_key having count(*) > 1'),
(2, 'date key says its date', 'select date_key from peer.dim_date where date_key <> to_char(full_date, ''yyyymmdd'')::integer'),
(3, 'calendar has no gaps', 'select full_date from (select full_date, lag(full_date) over (order by full_date) as before from peer.dim_date) as d where full_date - before <> 1'),
(4, 'equipment code is unique', 'select equipment_code from peer.dim_equipment group by equipment_code having count(*) > 1'),
(5, 'vehicle code is unique', 'select vehicle_code from peer.dim_vehicle group by vehicle_code having count(*) > 1'),
(6, 'line and shift codes are unique', 'select line_code from peer.dim_production_line group by line_code having count(*) > 1 union all select shift_code from peer.dim_shift group by shift_code having count(*) > 1'),
(7, 'fact has no nulls', 'select metric_id from peer.fact_production_metrics where num_nulls(date_key, line_key, equipment_key, vehicle_key, shift_key, produced_units) > 0'),
(8, 'prediction has no nulls', 'select equipment_key from peer.ml_maintenance_predictions where num_nulls(failure_probability_pct, threshold_pct, predicted_failure) > 0'),
(9, 'six dimensions scored for each table', 'select table_name from peer.quality_metrics_log group by table_name having count(distinct dimension) <> 6'),
(10, 'fact has its date', 'select metric_id from peer.fact_production_metrics as f where not exists (select from peer.dim_date as d where d.date_key = f.date_key)'),
(11, 'fact has its line', 'select metric_id from peer.fact_production_metrics as f where not exists (select from peer.dim_production_line as d where d.line_key = f.line_key)'),
(12, 'fact has its equipment', 'select metric_id from peer.fact_production_metrics as f where not exists (select from peer.dim_equipment as d where d.equipment_key = f.equipment_key)'),
(13, 'fact has its vehicle', 'select metric_id from peer.fact_production_metrics as f where not exists (select from peer.dim_vehicle as d where d.vehicle_key = f.vehicle_key)'),
(14, 'fact has its shift', 'select metric_id from peer.fact_production_metrics as f where not exists (select from peer.dim_shift as d where d.shift_key = f.shift_key)'),
(15, 'inspection has its defect', 'select line_number from peer.fact_quality_inspection as f where not exists (select from peer.dim_quality_defect as d where d.defect_key = f.defect_key)'),
(16, 'prediction has its equipment', 'select equipment_key from peer.ml_maintenance_predictions as f where not exists (select from peer.dim_equipment as d where d.equipment_key = f.equipment_key)'),
(17, 'nothing is negative', 'select metric_id from peer.fact_production_metrics where least(produced_units, good_units, scrap_units, rework_units, run_minutes, down_minutes) < 0'),
(18, 'ratios lie in 0 to 1', 'select metric_id from peer.fact_production_metrics where run_minutes > planned_busy_minutes + 1e-6 or ideal_run_minutes > run_minutes + 1e-6 or ideal_good_minutes > ideal_run_minutes + 1e-6'),
(19, 'probability lies in 0 to 100', 'select equipment_key from peer.ml_maintenance_predictions where failure_probability_pct not between 0 and 100'),
(20, 'score lies in 0 to 100', 'select table_name from peer.quality_metrics_log where score not between 0 and 100'),
(21, 'shift is one of three', 'select metric_id from peer.fact_production_metrics as f join peer.dim_shift as s using (shift_key) where s.shift_code not in (''EARLY'', ''LATE'', ''NIGHT'')'),
(22, 'model year is plausible', 'select vehicle_key from peer.dim_vehicle where model_year not between 1900 and 2100'),
(23, 'good, scrap and rework are the produced', 'select metric_id from peer.fact_production_metrics where good_units + scrap_units + rework_units <> produced_units'),
(24, 'minutes add up', 'select metric_id from peer.fact_production_metrics where abs(run_minutes + setup_minutes + delay_minutes + down_minutes - planned_busy_minutes) > 1e-6'),
(25, 'label follows the threshold', 'select equipment_key from peer.ml_maintenance_predictions where predicted_failure <> (failure_probability_pct >= threshold_pct)'),
(26, 'roll-up equals the facts', 'select date_key from (select date_key, line_key, sum(planned_busy_minutes) as m from peer.fact_production_metrics group by date_key, line_key) as f full join peer.agg_line_day as a using (date_key, line_key) where abs(f.m - a.planned_busy_minutes) > 1e-6 or f.m is null or a.planned_busy_minutes is null'),
(27, 'staging reconciles with the facts', 'select 1 where (select count(*) from peer_staging.clean_production) <> (select count(*) from peer.fact_production_metrics) or (select count(*) from peer_staging.clean_maintenance) <> (select count(*) from peer.fact_machine_condition) or (select count(*) from peer_staging.clean_quality) <> (select count(*) from peer.fact_quality_inspection)'),
(28, 'every machine is scored', 'select equipment_key from peer.fact_machine_condition as f where not exists (select from peer.ml_maintenance_predictions as p where p.equipment_key = f.equipment_key)');
create table peer.data_test_result (test_no integer references peer.data_test, rows_failed bigint not null, seconds float8);
