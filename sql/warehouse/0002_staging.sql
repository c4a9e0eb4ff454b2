-- run as: owner
-- Staging: typed copies of the files, and their cleaned twins.

create table staging.maintenance (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    udi integer,
    product_id text,
    type text,
    air_temperature_k float8,
    process_temperature_k float8,
    rotational_speed_rpm float8,
    torque_nm float8,
    tool_wear_min float8,
    machine_failure boolean,
    twf boolean, hdf boolean, pwf boolean, osf boolean, rnf boolean,
    read_at timestamp,
    line_code text,
    primary key (file_id, line_number)
);

create table staging.quality (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    inspected_at timestamp,
    sensors float8[],
    passed boolean,
    primary key (file_id, line_number)
);

create table staging.vehicle (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    make text, model text, model_year integer,
    engine_fuel_type text, engine_hp float8, engine_cylinders float8,
    transmission_type text, driven_wheels text, number_of_doors float8,
    market_category text, vehicle_size text, vehicle_style text,
    highway_mpg float8, city_mpg float8, popularity float8, msrp float8,
    primary key (file_id, line_number)
);

create table staging.production (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    production_date date,
    line_code text, shift_code text, equipment_code text, vehicle_code text,
    calendar_minutes float8, planned_busy_minutes float8, run_minutes float8, setup_minutes float8,
    delay_minutes float8, down_minutes float8, ideal_cycle_minutes float8,
    produced_units integer, good_units integer, scrap_units integer, rework_units integer,
    downtime_reason text,
    failure_count integer, repair_minutes float8,
    energy_kwh float8, material_cost float8, scrap_cost float8, rework_cost float8, unit_price float8,
    primary key (file_id, line_number)
);

create table staging.clean_maintenance (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    equipment_code text not null,
    product_type smallint not null check (product_type between 0 and 2),
    air_temperature_k float8 not null,
    process_temperature_k float8 not null,
    rotational_speed_rpm float8 not null,
    torque_nm float8 not null,
    tool_wear_min float8 not null,
    machine_failure boolean not null,
    twf boolean not null, hdf boolean not null, pwf boolean not null, osf boolean not null, rnf boolean not null,
    read_at timestamp,
    line_code text,
    is_outlier boolean not null default false,
    primary key (file_id, line_number)
);
create index clean_maintenance_equipment on staging.clean_maintenance (equipment_code);

create table staging.clean_quality (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    inspected_at timestamp not null,
    inspected_at_repaired boolean not null default false,
    sensors float8[] not null,
    missing_sensors integer not null,
    passed boolean not null,
    primary key (file_id, line_number)
);

create table staging.clean_vehicle (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    vehicle_code text not null,
    make text not null, model text not null, model_year integer not null,
    engine_fuel_type text, engine_hp float8, engine_cylinders float8,
    transmission_type text, driven_wheels text, number_of_doors float8,
    market_category text not null, vehicle_size text, vehicle_style text,
    highway_mpg float8, city_mpg float8, popularity float8, msrp float8,
    is_placeholder_price boolean not null default false,
    is_outlier boolean not null default false,
    primary key (file_id, line_number)
);
create index clean_vehicle_code on staging.clean_vehicle (vehicle_code);

create table staging.clean_production (
    file_id integer not null references ops.source_file,
    line_number bigint not null,
    production_date date not null,
    line_code text not null, shift_code text not null, equipment_code text not null, vehicle_code text not null,
    calendar_minutes float8 not null, planned_busy_minutes float8 not null, run_minutes float8 not null,
    setup_minutes float8 not null, delay_minutes float8 not null, down_minutes float8 not null,
    ideal_cycle_minutes float8 not null,
    produced_units integer not null, good_units integer not null, scrap_units integer not null, rework_units integer not null,
    downtime_reason text not null,
    failure_count integer not null, repair_minutes float8 not null,
    energy_kwh float8 not null, material_cost float8 not null, scrap_cost float8 not null, rework_cost float8 not null,
    unit_price float8 not null,
    primary key (file_id, line_number)
);
create index clean_production_grain on staging.clean_production (production_date, line_code, shift_code);

-- The score of each machine's latest reading; published by step 6.
create table staging.maintenance_score (
    equipment_code text primary key,
    file_id integer not null,
    line_number bigint not null,
    model_version integer not null,
    score_basis text not null check (score_basis in ('oob', 'unseen')),
    failure_probability float8 not null check (failure_probability between 0 and 1),
    threshold float8 not null,
    top_reason_1 text, top_reason_2 text, top_reason_3 text,
    failure_recorded boolean not null,
    failure_mode text,
    scored_at timestamptz not null default clock_timestamp()
);

-- 590 floats of a row hardly compress, and trying costs more than writing them.
alter table staging.quality alter column sensors set storage external;
alter table staging.clean_quality alter column sensors set storage external;
