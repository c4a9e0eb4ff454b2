-- run as: owner
-- Comments on staging. '*' describes a column wherever it stands; the star and the marts take over what they share.

do $comments$
declare
    v_object record;
begin
    for v_object in
    with described as (
        select * from (values
        ('maintenance', null, 'Machine readings as loaded from maintenance files.'),
        ('quality', null, 'Inspections as loaded from quality files.'),
        ('vehicle', null, 'Vehicles as loaded from vehicle files; N/A and UNKNOWN still as text.'),
        ('production', null, 'Shift records as loaded from production files.'),
        ('clean_maintenance', null, 'Machine readings after cleaning; what models and facts are made from.'),
        ('clean_quality', null, 'Inspections after cleaning, in time order.'),
        ('clean_vehicle', null, 'Vehicles after cleaning.'),
        ('clean_production', null, 'Shift records after cleaning, codes normalised.'),
        ('maintenance_score', null, 'Score of each machine''s newest reading, private until published.'),
        ('features_maintenance', null, 'The eight features and the label, in the order of the model: one definition for training and prediction.'),
        ('latest_maintenance', null, 'Newest reading of each machine.'),
        ('features_secom', null, 'Sensors and result of each inspection, for the model secom.'),
        ('stg_products', null, 'Vehicles, one row a vehicle code.'),
        ('stg_vendors', null, 'Makes with their vehicles.'),
        ('stg_sales', null, 'Production value by day and vehicle: production value, not sales.'),
        ('*', 'file_id', 'Number of the file in ops.source_file.'),
        ('*', 'line_number', 'Line in the file.'),
        ('*', 'created_at', 'Time the row was made.'),
        ('*', 'updated_at', 'Time of the last change.'),
        ('*', 'udi', 'Running number of the row in its file.'),
        ('*', 'product_id', 'Product ID: type letter and number; the machine''s code.'),
        ('*', 'type', 'Type as in the file: L, M or H.'),
        ('*', 'product_type', 'Type: L 0, M 1, H 2.'),
        ('*', 'air_temperature_k', 'Air temperature, K.'),
        ('*', 'process_temperature_k', 'Process temperature, K.'),
        ('*', 'temperature_delta_k', 'Process less air temperature, K, in float8.'),
        ('*', 'rotational_speed_rpm', 'Rotational speed, revolutions a minute.'),
        ('*', 'torque_nm', 'Torque, Nm.'),
        ('*', 'tool_wear_min', 'Tool wear, minutes of use.'),
        ('*', 'power_w', 'Mechanical power, W: torque x 2 pi x speed / 60.'),
        ('*', 'strain_min_nm', 'Overstrain measure, min Nm: tool wear x torque.'),
        ('*', 'machine_failure', 'The machine failed at this reading.'),
        ('*', 'twf', 'Tool wear failure.'),
        ('*', 'hdf', 'Heat dissipation failure.'),
        ('*', 'pwf', 'Power failure.'),
        ('*', 'osf', 'Overstrain failure.'),
        ('*', 'rnf', 'Random failure.'),
        ('*', 'read_at', 'Local time of the reading, where the file has one.'),
        ('*', 'line_code', 'Code of the production line.'),
        ('*', 'is_outlier', 'A measure lies outside its usual range; flagged, not changed.'),
        ('*', 'inspected_at', 'Local time of the inspection.'),
        ('*', 'inspected_at_repaired', 'Day and month were swapped in the file and were put right.'),
        ('*', 'sensors', 'Sensor values 0 to 589 (array index from 1); NULL where the cell is empty.'),
        ('*', 'missing_sensors', 'Empty sensor cells.'),
        ('*', 'passed', 'The inspection passed.'),
        ('*', 'failed', 'The inspection failed.'),
        ('*', 'make', 'Make.'),
        ('*', 'vendor', 'Make of the vehicle.'),
        ('*', 'model', 'Model.'),
        ('*', 'model_year', 'Model year.'),
        ('*', 'engine_fuel_type', 'Fuel.'),
        ('*', 'engine_hp', 'Engine power, hp.'),
        ('*', 'engine_cylinders', 'Cylinders.'),
        ('*', 'transmission_type', 'Transmission.'),
        ('*', 'driven_wheels', 'Driven wheels.'),
        ('*', 'number_of_doors', 'Doors.'),
        ('*', 'market_category', 'Market categories, comma separated.'),
        ('*', 'vehicle_size', 'Size class.'),
        ('*', 'vehicle_style', 'Body style.'),
        ('*', 'highway_mpg', 'Fuel economy on highways, miles a US gallon.'),
        ('*', 'city_mpg', 'Fuel economy in cities, miles a US gallon.'),
        ('*', 'popularity', 'Popularity index of the make.'),
        ('*', 'msrp', 'List price, US dollars.'),
        ('*', 'is_placeholder_price', 'The list price is the placeholder 2,000.'),
        ('*', 'vehicle_code', 'Code of the vehicle: make, model, year and a hash of its attributes.'),
        ('*', 'vehicles', 'Vehicles.'),
        ('*', 'models', 'Models.'),
        ('*', 'first_model_year', 'First model year.'),
        ('*', 'last_model_year', 'Last model year.'),
        ('*', 'mean_msrp', 'Mean list price without placeholders, US dollars.'),
        ('*', 'production_date', 'Production date; a night shift belongs to the day it starts.'),
        ('*', 'shift_code', 'Code of the shift.'),
        ('*', 'equipment_code', 'Code of the machine.'),
        ('*', 'calendar_minutes', 'Calendar time, minutes.'),
        ('*', 'planned_busy_minutes', 'Planned busy time (PBT), minutes: run + set-up + delay + down.'),
        ('*', 'run_minutes', 'Actual production time (APT), minutes.'),
        ('*', 'setup_minutes', 'Actual set-up time (AUST), minutes.'),
        ('*', 'delay_minutes', 'Actual delay time (ADET), minutes: minor stops and waiting.'),
        ('*', 'down_minutes', 'Actual down time (ADOT), minutes.'),
        ('*', 'ideal_cycle_minutes', 'Ideal time a unit (PRI), minutes.'),
        ('*', 'produced_units', 'Produced units (PQ).'),
        ('*', 'good_units', 'Good units of the first pass (GQ); rework is not good.'),
        ('*', 'scrap_units', 'Scrapped units (SQ).'),
        ('*', 'rework_units', 'Units to rework (RQ).'),
        ('*', 'downtime_reason', 'Main reason of the down time.'),
        ('*', 'failure_count', 'Failures of the machine.'),
        ('*', 'repair_minutes', 'Repair time, minutes.'),
        ('*', 'energy_kwh', 'Energy, kWh.'),
        ('*', 'material_cost', 'Material cost, plant currency.'),
        ('*', 'scrap_cost', 'Cost of scrap, plant currency.'),
        ('*', 'rework_cost', 'Cost of rework, plant currency.'),
        ('*', 'unit_price', 'Price a unit, plant currency.'),
        ('*', 'production_value', 'Good units x unit price, plant currency: production value, not sales.'),
        ('*', 'model_version', 'Version of the model.'),
        ('*', 'score_basis', 'oob: scored by trees that did not see the row; unseen: the row was not trained on.'),
        ('*', 'failure_probability', 'Probability of failure (0-1).'),
        ('*', 'threshold', 'Probability (0-1) from which a failure is predicted.'),
        ('*', 'top_reason_1', 'Strongest reason for the score.'),
        ('*', 'top_reason_2', 'Second reason.'),
        ('*', 'top_reason_3', 'Third reason.'),
        ('*', 'failure_recorded', 'The newest reading is itself a recorded failure.'),
        ('*', 'failure_mode', 'Recorded or most likely failure mode.'),
        ('*', 'scored_at', 'Time of scoring.')
         ) as t(relation, column_name, comment)
    ), relations as (
        select c.oid, n.nspname, c.relname, c.relkind
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'staging' and c.relkind in ('r', 'p', 'v') and not c.relispartition
           and pg_catalog.pg_get_userbyid(c.relowner) = current_user
    ), wanted as (
        select r.*, 0 as attnum, null::name as attname, d.comment
          from relations r join described d on d.relation = r.relname and d.column_name is null
        union all
        select r.*, a.attnum, a.attname, coalesce(own.comment, shared.comment)
          from relations r
          join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
          left join described own on own.relation = r.relname and own.column_name = a.attname
          left join described shared on shared.relation = '*' and shared.column_name = a.attname
    )
    select w.nspname, w.relname, w.relkind, w.attname, w.comment
      from wanted w
     where w.comment is distinct from
           case w.attnum when 0 then pg_catalog.obj_description(w.oid, 'pg_class') else pg_catalog.col_description(w.oid, w.attnum) end
       and w.comment is not null
     order by w.relname, w.attnum
    loop
        if v_object.attname is null then
            execute format('comment on %s %I.%I is %L', case v_object.relkind when 'v' then 'view' else 'table' end,
                           v_object.nspname, v_object.relname, v_object.comment);
        else
            execute format('comment on column %I.%I.%I is %L', v_object.nspname, v_object.relname, v_object.attname, v_object.comment);
        end if;
    end loop;
end
$comments$;
