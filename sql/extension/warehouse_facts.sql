-- Facts, predictions and roll-ups of the star in line with the published files.
-- Called by the publication (warehouse.sql) and by the ways on (ways_on.sql); a row is touched only if it differs.

create function stellantis.do_add_partitions(p_days date[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_month date;
    v_name text;
begin
    -- Made before the rows come, so that none ever lies in the default partition.
    for v_month in
        select distinct date_trunc('month', d.day::timestamp)::date from unnest(p_days) as d (day) order by 1
    loop
        v_name := 'fact_production_metrics_' || to_char(v_month, 'YYYYMM');
        if to_regclass(format('warehouse.%I', v_name)) is null then
            execute format('create table warehouse.%I partition of warehouse.fact_production_metrics for values from (%s) to (%s)',
                v_name, to_char(v_month, 'YYYYMMDD'), to_char(v_month + interval '1 month', 'YYYYMMDD'));
            execute format('comment on table warehouse.%I is %L', v_name, 'Production facts of ' || to_char(v_month, 'YYYY-MM'));
        end if;
    end loop;
end
$$;
comment on function stellantis.do_add_partitions(date[]) is
    'Internal: makes the month partitions of the production fact that these days need.';

create function stellantis.do_roll_up_days(p_date_keys integer[])
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_all bigint;
    v_updated bigint;
    v_inserted bigint;
begin
    -- Added up in one order, so that the same facts give the same bits.
    with sums as materialized (
        select f.date_key, f.line_key,
            sum(f.calendar_minutes) as calendar_minutes, sum(f.planned_busy_minutes) as planned_busy_minutes,
            sum(f.run_minutes) as run_minutes, sum(f.setup_minutes) as setup_minutes, sum(f.delay_minutes) as delay_minutes,
            sum(f.down_minutes) as down_minutes, sum(f.ideal_run_minutes) as ideal_run_minutes,
            sum(f.ideal_good_minutes) as ideal_good_minutes, sum(f.repair_minutes) as repair_minutes,
            sum(f.produced_units)::bigint as produced_units, sum(f.good_units)::bigint as good_units,
            sum(f.scrap_units)::bigint as scrap_units, sum(f.rework_units)::bigint as rework_units,
            sum(f.failure_count)::bigint as failure_count, sum(f.energy_kwh) as energy_kwh,
            sum(f.material_cost) as material_cost, sum(f.scrap_cost) as scrap_cost, sum(f.revenue) as revenue
        from (select * from warehouse.fact_production_metrics where date_key = any (p_date_keys)
              order by date_key, line_key, shift_key, equipment_key, vehicle_key) as f
        group by f.date_key, f.line_key
    ), removed as (
        delete from warehouse.agg_line_day a
        where a.date_key = any (p_date_keys)
          and not exists (select from sums s where s.date_key = a.date_key and s.line_key = a.line_key)
        returning 1
    ), changed as (
        update warehouse.agg_line_day a
        set calendar_minutes = s.calendar_minutes, planned_busy_minutes = s.planned_busy_minutes, run_minutes = s.run_minutes,
            setup_minutes = s.setup_minutes, delay_minutes = s.delay_minutes, down_minutes = s.down_minutes,
            ideal_run_minutes = s.ideal_run_minutes, ideal_good_minutes = s.ideal_good_minutes, repair_minutes = s.repair_minutes,
            produced_units = s.produced_units, good_units = s.good_units, scrap_units = s.scrap_units, rework_units = s.rework_units,
            failure_count = s.failure_count, energy_kwh = s.energy_kwh, material_cost = s.material_cost, scrap_cost = s.scrap_cost,
            revenue = s.revenue, updated_at = clock_timestamp()
        from sums s
        where a.date_key = s.date_key and a.line_key = s.line_key
          and ((a.produced_units, a.good_units, a.scrap_units, a.rework_units, a.failure_count, a.material_cost, a.scrap_cost, a.revenue)
               is distinct from
               (s.produced_units, s.good_units, s.scrap_units, s.rework_units, s.failure_count, s.material_cost, s.scrap_cost, s.revenue)
            -- minutes and kilowatt hours: the last bit depends on the order of the sum
            or greatest(abs(a.calendar_minutes - s.calendar_minutes), abs(a.planned_busy_minutes - s.planned_busy_minutes),
                        abs(a.run_minutes - s.run_minutes), abs(a.setup_minutes - s.setup_minutes), abs(a.delay_minutes - s.delay_minutes),
                        abs(a.down_minutes - s.down_minutes), abs(a.ideal_run_minutes - s.ideal_run_minutes),
                        abs(a.ideal_good_minutes - s.ideal_good_minutes), abs(a.repair_minutes - s.repair_minutes),
                        abs(a.energy_kwh - s.energy_kwh)) > 1e-9)
        returning 1
    ), added as (
        insert into warehouse.agg_line_day (date_key, line_key, calendar_minutes, planned_busy_minutes, run_minutes, setup_minutes,
            delay_minutes, down_minutes, ideal_run_minutes, ideal_good_minutes, repair_minutes, produced_units, good_units, scrap_units,
            rework_units, failure_count, energy_kwh, material_cost, scrap_cost, revenue)
        select * from sums s
        where not exists (select from warehouse.agg_line_day a where a.date_key = s.date_key and a.line_key = s.line_key)
        order by s.date_key, s.line_key
        returning 1
    )
    select (select count(*) from sums), (select count(*) from changed) + (select count(*) from removed), (select count(*) from added)
    into v_all, v_updated, v_inserted;
    return query select 'warehouse.agg_line_day', v_inserted, v_updated, greatest(v_all - v_inserted - v_updated, 0);
end
$$;
comment on function stellantis.do_roll_up_days(integer[]) is
    'Internal: brings the sums a day and line in line with the facts of these days; removed rows count as updated.';

create function stellantis.do_publish_production(p_days date[])
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_keys integer[] := array(select distinct to_char(d.day, 'YYYYMMDD')::integer from unnest(p_days) as d (day));
    v_all bigint;
    v_inserted bigint;
    v_updated bigint;
    v_removed bigint;
begin
    perform stellantis.do_add_partitions(p_days);

    -- A day belongs to the newest file that brings it. Each row takes the members that were valid on its day.
    create temporary table wanted_production on commit drop as
    with newest as (
        select p.production_date, max(p.file_id) as file_id
        from staging.clean_production p
        join ops.source_file f on f.file_id = p.file_id and f.published_at is not null
        where p.production_date = any (p_days)
        group by p.production_date
    )
    select l.plant_key, to_char(p.production_date, 'YYYYMMDD')::integer as date_key, l.line_key, e.equipment_key, v.vehicle_key, s.shift_key,
        p.production_date + s.start_time as shift_start,
        p.calendar_minutes, p.planned_busy_minutes, p.run_minutes, p.setup_minutes, p.delay_minutes, p.down_minutes,
        p.ideal_cycle_minutes * p.produced_units as ideal_run_minutes, p.ideal_cycle_minutes * p.good_units as ideal_good_minutes,
        p.repair_minutes, p.produced_units::bigint as produced_units, p.good_units::bigint as good_units,
        p.scrap_units::bigint as scrap_units, p.rework_units::bigint as rework_units, p.failure_count::bigint as failure_count,
        p.downtime_reason, p.energy_kwh,
        round(p.material_cost::numeric, 4)::numeric(18,4) as material_cost, round(p.scrap_cost::numeric, 4)::numeric(18,4) as scrap_cost,
        round(p.unit_price::numeric * p.good_units, 4)::numeric(18,4) as revenue,
        round(p.rework_cost::numeric, 4)::numeric(18,4) as rework_cost,
        p.file_id
    from staging.clean_production p
    join newest n on n.production_date = p.production_date and n.file_id = p.file_id
    join warehouse.dim_production_line l
        on l.line_code = p.line_code and l.valid_from <= p.production_date and p.production_date < l.valid_to
    join warehouse.dim_equipment e
        on e.equipment_code = p.equipment_code and e.valid_from <= p.production_date and p.production_date < e.valid_to
    join warehouse.dim_vehicle v
        on v.vehicle_code = p.vehicle_code and v.valid_from <= p.production_date and p.production_date < v.valid_to
    join warehouse.dim_shift s on s.shift_code = p.shift_code;
    get diagnostics v_all = row_count;

    delete from warehouse.fact_production_metrics f
    where f.date_key = any (v_keys)
      and not exists (select from pg_temp.wanted_production w
                      where w.date_key = f.date_key and w.line_key = f.line_key and w.shift_key = f.shift_key
                        and w.equipment_key = f.equipment_key and w.vehicle_key = f.vehicle_key);
    get diagnostics v_removed = row_count;
    if v_removed > 0 then
        raise notice '% production row(s) were removed: the newest file of their day does not have them', v_removed;
    end if;

    update warehouse.fact_production_metrics f
    set plant_key = w.plant_key, shift_start = w.shift_start, calendar_minutes = w.calendar_minutes,
        planned_busy_minutes = w.planned_busy_minutes, run_minutes = w.run_minutes, setup_minutes = w.setup_minutes,
        delay_minutes = w.delay_minutes, down_minutes = w.down_minutes, ideal_run_minutes = w.ideal_run_minutes,
        ideal_good_minutes = w.ideal_good_minutes, repair_minutes = w.repair_minutes, produced_units = w.produced_units,
        good_units = w.good_units, scrap_units = w.scrap_units, rework_units = w.rework_units, failure_count = w.failure_count,
        downtime_reason = w.downtime_reason, energy_kwh = w.energy_kwh, material_cost = w.material_cost, scrap_cost = w.scrap_cost,
        revenue = w.revenue, file_id = w.file_id, updated_at = clock_timestamp()
    from pg_temp.wanted_production w
    where w.date_key = f.date_key and w.line_key = f.line_key and w.shift_key = f.shift_key and w.equipment_key = f.equipment_key
      and w.vehicle_key = f.vehicle_key and f.date_key = any (v_keys)
      and (f.plant_key, f.shift_start, f.calendar_minutes, f.planned_busy_minutes, f.run_minutes, f.setup_minutes, f.delay_minutes,
           f.down_minutes, f.ideal_run_minutes, f.ideal_good_minutes, f.repair_minutes, f.produced_units, f.good_units, f.scrap_units,
           f.rework_units, f.failure_count, f.downtime_reason, f.energy_kwh, f.material_cost, f.scrap_cost, f.revenue, f.file_id)
          is distinct from
          (w.plant_key, w.shift_start, w.calendar_minutes, w.planned_busy_minutes, w.run_minutes, w.setup_minutes, w.delay_minutes,
           w.down_minutes, w.ideal_run_minutes, w.ideal_good_minutes, w.repair_minutes, w.produced_units, w.good_units, w.scrap_units,
           w.rework_units, w.failure_count, w.downtime_reason, w.energy_kwh, w.material_cost, w.scrap_cost, w.revenue, w.file_id);
    get diagnostics v_updated = row_count;

    insert into warehouse.fact_production_metrics (plant_key, date_key, line_key, equipment_key, vehicle_key, shift_key, shift_start,
        calendar_minutes, planned_busy_minutes, run_minutes, setup_minutes, delay_minutes, down_minutes, ideal_run_minutes,
        ideal_good_minutes, repair_minutes, produced_units, good_units, scrap_units, rework_units, failure_count, downtime_reason,
        energy_kwh, material_cost, scrap_cost, revenue, file_id)
    select w.plant_key, w.date_key, w.line_key, w.equipment_key, w.vehicle_key, w.shift_key, w.shift_start,
        w.calendar_minutes, w.planned_busy_minutes, w.run_minutes, w.setup_minutes, w.delay_minutes, w.down_minutes, w.ideal_run_minutes,
        w.ideal_good_minutes, w.repair_minutes, w.produced_units, w.good_units, w.scrap_units, w.rework_units, w.failure_count,
        w.downtime_reason, w.energy_kwh, w.material_cost, w.scrap_cost, w.revenue, w.file_id
    from pg_temp.wanted_production w
    where not exists (select from warehouse.fact_production_metrics f
                      where f.date_key = any (v_keys)
                        and w.date_key = f.date_key and w.line_key = f.line_key and w.shift_key = f.shift_key
                        and w.equipment_key = f.equipment_key and w.vehicle_key = f.vehicle_key)
    order by w.date_key, w.line_key, w.shift_start, w.equipment_key, w.vehicle_key;
    get diagnostics v_inserted = row_count;
    return query select 'warehouse.fact_production_metrics', v_inserted, v_updated + v_removed, v_all - v_inserted - v_updated;

    return query
        with costs as materialized (
            select w.date_key, w.line_key, c.cost_element, sum(c.amount)::numeric(18,4) as amount
            from pg_temp.wanted_production w
            cross join lateral (values ('scrap', w.scrap_cost), ('rework', w.rework_cost)) as c (cost_element, amount)
            group by w.date_key, w.line_key, c.cost_element
        ), removed as (
            delete from warehouse.fact_cost_of_quality q
            where q.date_key = any (v_keys) and q.cost_category = 'internal failure' and q.cost_element in ('scrap', 'rework')
              and not exists (select from costs c where c.date_key = q.date_key and c.line_key = q.line_key and c.cost_element = q.cost_element)
            returning 1
        ), changed as (
            update warehouse.fact_cost_of_quality q set amount = c.amount, updated_at = clock_timestamp()
            from costs c
            where q.date_key = c.date_key and q.line_key = c.line_key and q.cost_category = 'internal failure'
              and q.cost_element = c.cost_element and q.amount is distinct from c.amount
            returning 1
        ), added as (
            insert into warehouse.fact_cost_of_quality (date_key, line_key, cost_category, cost_element, amount)
            select c.date_key, c.line_key, 'internal failure', c.cost_element, c.amount
            from costs c
            where not exists (select from warehouse.fact_cost_of_quality q
                              where q.date_key = c.date_key and q.line_key = c.line_key and q.cost_category = 'internal failure'
                                and q.cost_element = c.cost_element)
            order by c.date_key, c.line_key, c.cost_element
            returning 1
        ), counted as (
            select (select count(*) from costs) as everything, (select count(*) from added) as inserted,
                (select count(*) from changed) as updated, (select count(*) from removed) as removed
        )
        select 'warehouse.fact_cost_of_quality', c.inserted, c.updated + c.removed, c.everything - c.inserted - c.updated from counted c;

    drop table pg_temp.wanted_production;
    return query select * from stellantis.do_roll_up_days(v_keys);
end
$$;
comment on function stellantis.do_publish_production(date[]) is
    'Internal: brings production facts, costs of quality and roll-ups of these days in line with the newest published file of each day; removed rows count as updated.';

create function stellantis.do_publish_conditions(p_file_ids integer[], p_logical_date date)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_all bigint;
    v_inserted bigint;
begin
    select count(*) into v_all from staging.clean_maintenance m where m.file_id = any (p_file_ids);
    insert into warehouse.fact_machine_condition (equipment_key, date_key, line_key, file_id, line_number, product_type, air_temperature_k,
        process_temperature_k, rotational_speed_rpm, torque_nm, tool_wear_min, machine_failure, twf, hdf, pwf, osf, rnf, is_outlier)
    select e.equipment_key, to_char(c.day, 'YYYYMMDD')::integer, coalesce(l.line_key, e.line_key), m.file_id, m.line_number, m.product_type,
        m.air_temperature_k, m.process_temperature_k, m.rotational_speed_rpm, m.torque_nm, m.tool_wear_min, m.machine_failure,
        m.twf, m.hdf, m.pwf, m.osf, m.rnf, m.is_outlier
    from staging.clean_maintenance m
    cross join lateral (select coalesce(m.read_at::date, p_logical_date) as day) as c
    join warehouse.dim_equipment e on e.equipment_code = m.equipment_code and e.valid_from <= c.day and c.day < e.valid_to
    left join warehouse.dim_production_line l on l.line_code = m.line_code and l.valid_from <= c.day and c.day < l.valid_to
    where m.file_id = any (p_file_ids)
    order by m.file_id, m.line_number
    on conflict (file_id, line_number) do nothing;
    get diagnostics v_inserted = row_count;
    return query select 'warehouse.fact_machine_condition', v_inserted, 0::bigint, v_all - v_inserted;
end
$$;
comment on function stellantis.do_publish_conditions(integer[], date) is
    'Internal: publishes the machine readings of these files; a reading without a time is of the logical date.';

create function stellantis.do_leading_sensors(p_file_ids integer[])
returns table (file_id integer, line_number bigint, sensor_no integer, robust_z float8)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select f.file_id, l.line_number, l.sensor_no, l.robust_z
    from unnest(p_file_ids) as f (file_id)
    cross join lateral stellantis.leading_sensors_of_file(f.file_id) as l
$$;
comment on function stellantis.do_leading_sensors(integer[]) is
    'Internal: for each failed inspection the sensor (numbered from 0) that deviates most: robust z from median and scaled MAD of the passing rows of its '
    'file, over sensors that are present in half of them and vary. An association, not a cause.';

create function stellantis.do_publish_inspections(p_file_ids integer[])
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_all bigint;
    v_inserted bigint;
    v_defects bigint;
begin
    -- A file with more sensors than the seeds know gets its defect members.
    with most as (
        select max(cardinality(q.sensors)) as sensors from staging.clean_quality q where q.file_id = any (p_file_ids)
    )
    insert into warehouse.dim_quality_defect (defect_code, defect_name, defect_category, severity)
    select 'S' || lpad(g.n::text, greatest(3, length(g.n::text)), '0'), 'Sensor ' || g.n || ' deviates most', 'sensor', 3
    from most m cross join lateral generate_series(0, m.sensors - 1) as g (n)
    order by g.n
    on conflict (defect_code) do nothing;
    get diagnostics v_defects = row_count;
    if v_defects > 0 then
        return query select 'warehouse.dim_quality_defect', v_defects, 0::bigint, 0::bigint;
    end if;

    select count(*) into v_all from staging.clean_quality q where q.file_id = any (p_file_ids);
    insert into warehouse.fact_quality_inspection (file_id, line_number, date_key, line_key, defect_key, inspected_at, inspected_at_repaired,
        sensors_measured, sensors_missing, is_passed, leading_sensor_z)
    select q.file_id, q.line_number, to_char(q.inspected_at, 'YYYYMMDD')::integer, -1, d.defect_key, q.inspected_at, q.inspected_at_repaired,
        cardinality(q.sensors) - q.missing_sensors, q.missing_sensors, q.passed, s.robust_z
    from staging.clean_quality q
    left join stellantis.do_leading_sensors(p_file_ids) s on s.file_id = q.file_id and s.line_number = q.line_number
    join warehouse.dim_quality_defect d on d.defect_code = case
        when q.passed then 'NONE'
        when s.sensor_no is null then 'UNATTRIBUTED'
        else 'S' || lpad(s.sensor_no::text, greatest(3, length(s.sensor_no::text)), '0') end
    where q.file_id = any (p_file_ids)
    order by q.file_id, q.line_number
    on conflict (file_id, line_number) do nothing;
    get diagnostics v_inserted = row_count;
    return query select 'warehouse.fact_quality_inspection', v_inserted, 0::bigint, v_all - v_inserted;
end
$$;
comment on function stellantis.do_publish_inspections(integer[]) is
    'Internal: publishes the inspections of these files; a failed one carries its leading sensor as defect, the line of an inspection is Unknown.';

create function stellantis.do_publish_predictions(p_logical_date date)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    -- A machine that got a new version today keeps no prediction of today under the version before.
    delete from warehouse.ml_maintenance_predictions p
    using warehouse.dim_equipment b, warehouse.dim_equipment d
    where p.date_key = to_char(p_logical_date, 'YYYYMMDD')::integer and b.equipment_key = p.equipment_key
      and d.equipment_id = b.equipment_id and d.equipment_key <> b.equipment_key
      and d.valid_from <= p_logical_date and p_logical_date < d.valid_to;

    return query
        with wanted as materialized (
            select e.equipment_key, to_char(p_logical_date, 'YYYYMMDD')::integer as date_key, s.model_version, s.score_basis,
                100 * s.failure_probability as failure_probability_pct, 100 * s.threshold as threshold_pct,
                s.failure_probability >= s.threshold as predicted_failure, s.failure_recorded,
                100 - 100 * s.failure_probability as health_score,
                case when s.failure_recorded then 'failed'
                     when 100 - 100 * s.failure_probability >= 80 then 'good'
                     when 100 - 100 * s.failure_probability >= 60 then 'watch'
                     when 100 - 100 * s.failure_probability >= 40 then 'plan'
                     else 'act' end as risk_band,
                s.top_reason_1, s.top_reason_2, s.top_reason_3, s.failure_mode
            from staging.maintenance_score s
            join ops.source_file f on f.file_id = s.file_id and f.state = 'loaded' and f.published_at is not null
            join warehouse.dim_equipment e
                on e.equipment_code = s.equipment_code and e.valid_from <= p_logical_date and p_logical_date < e.valid_to
        ), changed as (
            update warehouse.ml_maintenance_predictions p
            set score_basis = w.score_basis, failure_probability_pct = w.failure_probability_pct, threshold_pct = w.threshold_pct,
                predicted_failure = w.predicted_failure, failure_recorded = w.failure_recorded, health_score = w.health_score,
                risk_band = w.risk_band, top_reason_1 = w.top_reason_1, top_reason_2 = w.top_reason_2, top_reason_3 = w.top_reason_3,
                failure_mode = w.failure_mode, updated_at = clock_timestamp()
            from wanted w
            where p.equipment_key = w.equipment_key and p.date_key = w.date_key and p.model_version = w.model_version
              and (p.score_basis, p.failure_probability_pct, p.threshold_pct, p.predicted_failure, p.failure_recorded, p.health_score,
                   p.risk_band, p.top_reason_1, p.top_reason_2, p.top_reason_3, p.failure_mode)
                  is distinct from
                  (w.score_basis, w.failure_probability_pct, w.threshold_pct, w.predicted_failure, w.failure_recorded, w.health_score,
                   w.risk_band, w.top_reason_1, w.top_reason_2, w.top_reason_3, w.failure_mode)
            returning 1
        ), added as (
            insert into warehouse.ml_maintenance_predictions (equipment_key, date_key, model_version, score_basis,
                failure_probability_pct, threshold_pct, predicted_failure, failure_recorded, health_score, risk_band, top_reason_1,
                top_reason_2, top_reason_3, failure_mode)
            select w.* from wanted w
            where not exists (select from warehouse.ml_maintenance_predictions p
                              where p.equipment_key = w.equipment_key and p.date_key = w.date_key and p.model_version = w.model_version)
            order by w.equipment_key
            returning 1
        ), counted as (
            select (select count(*) from wanted) as everything, (select count(*) from added) as inserted,
                (select count(*) from changed) as updated
        )
        select 'warehouse.ml_maintenance_predictions', c.inserted, c.updated, c.everything - c.inserted - c.updated from counted c;
end
$$;
comment on function stellantis.do_publish_predictions(date) is
    'Internal: publishes the scores of staging.maintenance_score whose files are published, as the predictions of the logical date.';
