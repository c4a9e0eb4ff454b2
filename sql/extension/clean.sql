-- Cleaning: staging.<table> -> staging.clean_<table>. Every dropped, flagged or changed value is counted in ops.cleaning_log
-- under its rule. A measure is never imputed: a row that lacks one it needs is dropped and counted, a missing sensor stays NULL.

-- The three functions below are bound when they are created (SQL-standard bodies), so they need no search_path of their own and
-- can be inlined.

-- Text as it is compared everywhere: outer white space removed, nothing left is NULL.
create function stellantis.do_trimmed(p_text text) returns text
language sql immutable parallel safe
return nullif(btrim(p_text, E' \t\n\r\f\v'), '');
comment on function stellantis.do_trimmed(text) is
    'Internal: text without outer white space; empty text is NULL.';

-- A source code in our writing. ASCII upper case only, so that the result does not depend on the locale of the database.
create function stellantis.do_code(p_text text) returns text
language sql immutable parallel safe
return nullif(btrim(upper(p_text collate "C"), E' \t\n\r\f\v'), '');
comment on function stellantis.do_code(text) is
    'Internal: a code trimmed and in upper case (ASCII); empty text is NULL.';

create function stellantis.do_vehicle_code(
    p_make text, p_model text, p_model_year integer, p_engine_fuel_type text, p_engine_hp float8, p_engine_cylinders float8,
    p_transmission_type text, p_driven_wheels text, p_number_of_doors float8, p_market_category text, p_vehicle_size text,
    p_vehicle_style text) returns text
language sql stable
return concat_ws('-',
    regexp_replace(upper(p_make collate "C"), '[^A-Z0-9]+', '_', 'g'),
    regexp_replace(upper(p_model collate "C"), '[^A-Z0-9]+', '_', 'g'),
    p_model_year::text,
    left(md5(concat_ws('|', coalesce(p_make, ''), coalesce(p_model, ''), coalesce(p_model_year::text, ''),
        coalesce(p_engine_fuel_type, ''), coalesce(p_engine_hp::text, ''), coalesce(p_engine_cylinders::text, ''),
        coalesce(p_transmission_type, ''), coalesce(p_driven_wheels, ''), coalesce(p_number_of_doors::text, ''),
        coalesce(p_market_category, ''), coalesce(p_vehicle_size, ''), coalesce(p_vehicle_style, ''))), 8));
comment on function stellantis.do_vehicle_code(text, text, integer, text, float8, float8, text, text, float8, text, text, text) is
    'Internal: MAKE-MODEL-YEAR-hash8 of the twelve identifying attributes after cleaning; NULL attributes are empty texts in the hash.';

create function stellantis.do_clean_maintenance(p_file_ids integer[], p_rules text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with mapped as (
        select distinct on (stellantis.do_code(source_code)) stellantis.do_code(source_code) as source_code, target_code
        from ops.code_map where code_kind = 'equipment' order by stellantis.do_code(source_code), source_code
    ), coded as (
        select r.*, coalesce(m.target_code, c.code) as equipment_code, c.type_code,
               case c.type_code when 'L' then 0 when 'M' then 1 when 'H' then 2 end::smallint as product_type
        from staging.maintenance r
        cross join lateral (select stellantis.do_code(r.product_id) as code, stellantis.do_code(r.type) as type_code) as c
        left join mapped m on m.source_code = c.code
        where r.file_id = any (p_file_ids)
    ), judged as (
        select c.*,
            array_remove(array[
                case when c.equipment_code is null then 'product_id' end,
                case when c.product_type is null then 'type' end,
                case when c.air_temperature_k is null then 'air_temperature_k' end,
                case when c.process_temperature_k is null then 'process_temperature_k' end,
                case when c.rotational_speed_rpm is null then 'rotational_speed_rpm' end,
                case when c.torque_nm is null then 'torque_nm' end,
                case when c.tool_wear_min is null then 'tool_wear_min' end,
                case when c.machine_failure is null then 'machine_failure' end], null) as missing,
            array_remove(array[
                case when c.twf is null then 'twf' end, case when c.hdf is null then 'hdf' end,
                case when c.pwf is null then 'pwf' end, case when c.osf is null then 'osf' end,
                case when c.rnf is null then 'rnf' end], null) as missing_modes,
            row_number() over (partition by c.equipment_code, c.file_id, c.udi, c.type_code, c.air_temperature_k,
                c.process_temperature_k, c.rotational_speed_rpm, c.torque_nm, c.tool_wear_min, c.machine_failure,
                c.twf, c.hdf, c.pwf, c.osf, c.rnf, c.read_at, c.line_code order by c.line_number) as copy_no,
            row_number() over (partition by c.equipment_code, c.file_id, c.type_code, c.air_temperature_k,
                c.process_temperature_k, c.rotational_speed_rpm, c.torque_nm, c.tool_wear_min, c.machine_failure,
                c.twf, c.hdf, c.pwf, c.osf, c.rnf, c.read_at, c.line_code order by c.line_number) as reading_no
        from coded c
    ), fated as materialized (
        select j.*,
            case when j.copy_no > 1 and 'maintenance_duplicate_row' = any (p_rules) then 'maintenance_duplicate_row'
                 when j.reading_no > j.copy_no and 'maintenance_duplicate_machine' = any (p_rules) then 'maintenance_duplicate_machine'
                 when cardinality(j.missing) > 0 then 'maintenance_missing_measure' end as dropped_by
        from judged j
    ), middle as (
        select file_id,
            percentile_cont(array[0.5]) within group (order by air_temperature_k) as air,
            percentile_cont(array[0.5]) within group (order by process_temperature_k) as process,
            percentile_cont(array[0.5]) within group (order by rotational_speed_rpm) as speed,
            percentile_cont(array[0.5]) within group (order by torque_nm) as torque,
            percentile_cont(array[0.5]) within group (order by tool_wear_min) as wear
        from fated where dropped_by is null group by file_id
    ), spread as (
        -- Scaled median absolute deviation: the standard deviation of a normal sample.
        select m.file_id, m.air[1] as air, m.process[1] as process, m.speed[1] as speed, m.torque[1] as torque, m.wear[1] as wear,
            1.4826 * percentile_cont(0.5) within group (order by abs(f.air_temperature_k - m.air[1])) as air_spread,
            1.4826 * percentile_cont(0.5) within group (order by abs(f.process_temperature_k - m.process[1])) as process_spread,
            1.4826 * percentile_cont(0.5) within group (order by abs(f.rotational_speed_rpm - m.speed[1])) as speed_spread,
            1.4826 * percentile_cont(0.5) within group (order by abs(f.torque_nm - m.torque[1])) as torque_spread,
            1.4826 * percentile_cont(0.5) within group (order by abs(f.tool_wear_min - m.wear[1])) as wear_spread
        from fated f join middle m using (file_id)
        where f.dropped_by is null
        group by m.file_id, m.air, m.process, m.speed, m.torque, m.wear
    ), flagged as materialized (
        -- Physically implausible, or more than six robust standard deviations off the file's median.
        select f.*, case when f.dropped_by is null and 'maintenance_outlier_flag' = any (p_rules) then array_remove(array[
                case when f.air_temperature_k not between 230 and 340
                       or abs(f.air_temperature_k - s.air) > 6 * nullif(s.air_spread, 0) then 'air_temperature_k' end,
                case when f.process_temperature_k not between 230 and 400
                       or abs(f.process_temperature_k - s.process) > 6 * nullif(s.process_spread, 0) then 'process_temperature_k' end,
                case when f.rotational_speed_rpm not between 0 and 30000
                       or abs(f.rotational_speed_rpm - s.speed) > 6 * nullif(s.speed_spread, 0) then 'rotational_speed_rpm' end,
                case when f.torque_nm not between 0 and 1000
                       or abs(f.torque_nm - s.torque) > 6 * nullif(s.torque_spread, 0) then 'torque_nm' end,
                case when f.tool_wear_min not between 0 and 1000
                       or abs(f.tool_wear_min - s.wear) > 6 * nullif(s.wear_spread, 0) then 'tool_wear_min' end], null)
            else '{}' end as outliers
        from fated f left join spread s using (file_id)
    ), written as (
        insert into staging.clean_maintenance (file_id, line_number, equipment_code, product_type, air_temperature_k,
            process_temperature_k, rotational_speed_rpm, torque_nm, tool_wear_min, machine_failure, twf, hdf, pwf, osf, rnf,
            read_at, line_code, is_outlier)
        select file_id, line_number, equipment_code, product_type, air_temperature_k, process_temperature_k, rotational_speed_rpm,
            torque_nm, tool_wear_min, machine_failure, coalesce(twf, false), coalesce(hdf, false), coalesce(pwf, false),
            coalesce(osf, false), coalesce(rnf, false), read_at, line_code, cardinality(outliers) > 0
        from flagged where dropped_by is null
    )
    insert into ops.cleaning_log (file_id, rule_id, column_name, rows_changed)
    select file_id, rule_id, column_name, count(*)
    from (
        select file_id, dropped_by as rule_id, null::text as column_name from flagged
        where dropped_by in ('maintenance_duplicate_row', 'maintenance_duplicate_machine')
        union all
        select file_id, dropped_by, unnest(missing) from flagged where dropped_by = 'maintenance_missing_measure'
        union all
        select file_id, 'maintenance_missing_measure', unnest(missing_modes) from flagged where dropped_by is null
        union all
        select file_id, 'maintenance_outlier_flag', unnest(outliers) from flagged
        union all
        select file_id, 'maintenance_type_code', 'type' from flagged where dropped_by is null
    ) as counted
    group by file_id, rule_id, column_name
    order by file_id, rule_id, column_name;
end
$$;
comment on function stellantis.do_clean_maintenance(integer[], text[]) is
    'Internal: cleans machine readings of these files under the active rules; exact repeats are dropped, outliers flagged, rows without a measure dropped, all counted.';

create function stellantis.do_clean_quality(p_file_ids integer[], p_rules text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_file_id integer;
    v_lines bigint[];
    v_printed timestamp[];
    v_verdict smallint[];
    v_unfit bigint;
begin
    foreach v_file_id in array p_file_ids loop
        select array_agg(line_number order by line_number), array_agg(inspected_at order by line_number)
        into v_lines, v_printed
        from staging.quality where file_id = v_file_id and inspected_at is not null;

        v_verdict := array_fill(0::smallint, array[coalesce(cardinality(v_lines), 0)]);
        if 'quality_swapped_timestamp' = any (p_rules) then
            v_verdict := stellantis.do_order_timestamps(v_printed);
            v_unfit := cardinality(array_positions(v_verdict, 2::smallint));
            -- A file that is not in time order has nothing to say about swaps.
            if v_unfit * 20 > cardinality(v_verdict) then
                raise notice 'file %: % of % inspection times fit neither as printed nor with day and month swapped; the file is not in time order and none was repaired',
                    v_file_id, v_unfit, cardinality(v_verdict);
                v_verdict := array_fill(0::smallint, array[cardinality(v_verdict)]);
                v_unfit := 0;
            elsif v_unfit > 0 then
                raise notice 'file %: % inspection times fit neither as printed nor with day and month swapped and stay as printed',
                    v_file_id, v_unfit;
            end if;
        end if;

        with judged as (
            select r.file_id, r.line_number, r.inspected_at, r.passed, r.sensors,
                row_number() over (partition by r.inspected_at, r.passed, r.sensors order by r.line_number) as copy_no
            from staging.quality r
            where r.file_id = v_file_id
        ), fated as (
            select j.*, v.verdict,
                case when j.copy_no > 1 and 'quality_duplicate_row' = any (p_rules) then 'quality_duplicate_row'
                     when j.passed is null or j.inspected_at is null or j.sensors is null then 'quality_missing_result' end as dropped_by
            from judged j
            left join unnest(v_lines, v_verdict) as v (line_number, verdict) using (line_number)
        ), written as (
            insert into staging.clean_quality (file_id, line_number, inspected_at, inspected_at_repaired, sensors, missing_sensors, passed)
            select f.file_id, f.line_number,
                case when verdict = 1 then make_date(extract(year from inspected_at)::integer, extract(day from inspected_at)::integer,
                                                     extract(month from inspected_at)::integer) + inspected_at::time
                     else inspected_at end,
                verdict = 1, c.sensors, cardinality(array_positions(c.sensors, null)), passed
            from fated f
            -- The arrays are read here only, and (offset 0) once.
            cross join lateral (
                select array_replace(array_replace(array_replace(f.sensors, 'NaN', null), 'Infinity', null), '-Infinity', null) as sensors offset 0
            ) as c
            where f.dropped_by is null
            returning missing_sensors
        )
        insert into ops.cleaning_log (file_id, rule_id, column_name, rows_changed)
        select v_file_id, rule_id, column_name, sum(n)
        from (
            select 'quality_duplicate_row' as rule_id, null::text as column_name, 1 as n from fated where dropped_by = 'quality_duplicate_row'
            union all
            select 'quality_missing_result', case when passed is null then 'passed' when inspected_at is null then 'inspected_at' else 'sensors' end, 1
            from fated where dropped_by = 'quality_missing_result'
            union all
            -- Counted in values, not rows: they stay NULL.
            select 'quality_missing_sensor', 'sensors', missing_sensors from written where missing_sensors > 0
            union all
            select 'quality_swapped_timestamp', case verdict when 1 then 'inspected_at' else 'inspected_at (unresolved)' end, 1
            from fated where dropped_by is null and verdict > 0 and (verdict = 1 or v_unfit > 0)
        ) as counted
        group by rule_id, column_name
        order by rule_id, column_name;
    end loop;
end
$$;
comment on function stellantis.do_clean_quality(integer[], text[]) is
    'Internal: cleans inspections of these files: missing sensors stay NULL and are counted, timestamps with day and month swapped are found from the order of the file and repaired.';

create function stellantis.do_clean_vehicle(p_file_ids integer[], p_rules text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
-- numbers in the hash of a vehicle code are written as the shortest text
set extra_float_digits = 1
as $$
begin
    with trimmed as (
        select r.file_id, r.line_number, r.model_year, r.engine_hp, r.engine_cylinders, r.number_of_doors, r.highway_mpg, r.city_mpg,
            r.popularity, r.msrp,
            array[stellantis.do_trimmed(r.make), stellantis.do_trimmed(r.model), stellantis.do_trimmed(r.engine_fuel_type),
                  stellantis.do_trimmed(r.transmission_type), stellantis.do_trimmed(r.driven_wheels),
                  stellantis.do_trimmed(r.market_category), stellantis.do_trimmed(r.vehicle_size),
                  stellantis.do_trimmed(r.vehicle_style)] as texts
        from staging.vehicle r where r.file_id = any (p_file_ids)
    ), cleaned as (
        -- (offset 0: each text is cleaned once)
        select t.*,
            array(select case when upper(u.value) not in ('N/A', 'UNKNOWN') then u.value end
                  from unnest(t.texts) with ordinality as u (value, place) order by u.place) as kept
        from trimmed t offset 0
    ), named as (
        select c.file_id, c.line_number, c.model_year, c.engine_hp, c.engine_cylinders, c.number_of_doors, c.highway_mpg, c.city_mpg,
            c.popularity, c.msrp, c.kept[1] as make, c.kept[2] as model, c.kept[3] as engine_fuel_type, c.kept[4] as transmission_type,
            c.kept[5] as driven_wheels, c.kept[6] as market_category, c.kept[7] as vehicle_size, c.kept[8] as vehicle_style,
            case when c.kept[1] is not null and c.kept[2] is not null and c.model_year is not null then
                stellantis.do_vehicle_code(c.kept[1], c.kept[2], c.model_year, c.kept[3], c.engine_hp, c.engine_cylinders, c.kept[4],
                    c.kept[5], c.number_of_doors, c.kept[6], c.kept[7], c.kept[8]) end as vehicle_code
        from cleaned c
    ), judged as (
        select n.*,
            row_number() over same_row as copy_no,
            -- The last row of a code wins; its own exact repeats are counted apart.
            max(n.line_number) over (partition by n.file_id, n.vehicle_code) as last_line
        from named n
        window same_row as (partition by n.file_id, n.vehicle_code, n.highway_mpg, n.city_mpg, n.popularity, n.msrp order by n.line_number desc)
    ), fated as materialized (
        select j.*,
            case when j.vehicle_code is null then 'vehicle_missing_token'
                 when j.copy_no > 1 and 'vehicle_duplicate_row' = any (p_rules) then 'vehicle_duplicate_row'
                 when j.line_number <> j.last_line and 'vehicle_duplicate_code' = any (p_rules) then 'vehicle_duplicate_code' end as dropped_by,
            'vehicle_outlier_mpg' = any (p_rules)
                and (j.highway_mpg not between 5 and 150 or j.city_mpg not between 5 and 150) is true as is_outlier,
            'vehicle_placeholder_price' = any (p_rules) and (j.msrp = 2000) is true as is_placeholder_price
        from judged j
    ), written as (
        insert into staging.clean_vehicle (file_id, line_number, vehicle_code, make, model, model_year, engine_fuel_type, engine_hp,
            engine_cylinders, transmission_type, driven_wheels, number_of_doors, market_category, vehicle_size, vehicle_style,
            highway_mpg, city_mpg, popularity, msrp, is_placeholder_price, is_outlier)
        select file_id, line_number, vehicle_code, make, model, model_year, engine_fuel_type, engine_hp, engine_cylinders,
            transmission_type, driven_wheels, number_of_doors, coalesce(market_category, 'Unknown'), vehicle_size, vehicle_style,
            highway_mpg, city_mpg, popularity, msrp, is_placeholder_price, is_outlier
        from fated where dropped_by is null
    )
    insert into ops.cleaning_log (file_id, rule_id, column_name, rows_changed)
    select s.file_id, c.rule_id, c.column_name, c.n
    from (
        select f.file_id,
            count(*) filter (where f.dropped_by = 'vehicle_duplicate_row') as same_row,
            count(*) filter (where f.dropped_by = 'vehicle_duplicate_code') as same_code,
            count(*) filter (where f.dropped_by = 'vehicle_missing_token' and f.make is null) as make,
            count(*) filter (where f.dropped_by = 'vehicle_missing_token' and f.make is not null and f.model is null) as model,
            count(*) filter (where f.dropped_by = 'vehicle_missing_token' and f.make is not null and f.model is not null) as model_year,
            count(*) filter (where f.dropped_by is null) as kept,
            -- of the rows kept: the values there are
            count(f.engine_fuel_type) filter (where f.dropped_by is null) as engine_fuel_type,
            count(f.transmission_type) filter (where f.dropped_by is null) as transmission_type,
            count(f.driven_wheels) filter (where f.dropped_by is null) as driven_wheels,
            count(f.market_category) filter (where f.dropped_by is null) as market_category,
            count(f.vehicle_size) filter (where f.dropped_by is null) as vehicle_size,
            count(f.vehicle_style) filter (where f.dropped_by is null) as vehicle_style,
            count(f.engine_hp) filter (where f.dropped_by is null) as engine_hp,
            count(f.engine_cylinders) filter (where f.dropped_by is null) as engine_cylinders,
            count(f.number_of_doors) filter (where f.dropped_by is null) as number_of_doors,
            count(f.highway_mpg) filter (where f.dropped_by is null) as highway_mpg,
            count(f.city_mpg) filter (where f.dropped_by is null) as city_mpg,
            count(f.popularity) filter (where f.dropped_by is null) as popularity,
            count(f.msrp) filter (where f.dropped_by is null) as msrp,
            count(*) filter (where f.dropped_by is null and f.is_outlier) as outliers,
            count(*) filter (where f.dropped_by is null and f.is_outlier and f.highway_mpg not between 5 and 150) as highway_outliers,
            count(*) filter (where f.dropped_by is null and f.is_placeholder_price) as placeholders
        from fated f group by f.file_id
    ) as s
    cross join lateral (values
        ('vehicle_duplicate_row', null, s.same_row), ('vehicle_duplicate_code', null, s.same_code),
        -- Rows without make, model or year have no identity and are dropped; other texts become NULL ('Unknown' in market category).
        ('vehicle_missing_token', 'make', s.make), ('vehicle_missing_token', 'model', s.model),
        ('vehicle_missing_token', 'model_year', s.model_year),
        ('vehicle_missing_token', 'engine_fuel_type', s.kept - s.engine_fuel_type),
        ('vehicle_missing_token', 'transmission_type', s.kept - s.transmission_type),
        ('vehicle_missing_token', 'driven_wheels', s.kept - s.driven_wheels),
        ('vehicle_missing_token', 'market_category', s.kept - s.market_category),
        ('vehicle_missing_token', 'vehicle_size', s.kept - s.vehicle_size),
        ('vehicle_missing_token', 'vehicle_style', s.kept - s.vehicle_style),
        ('vehicle_missing_number', 'engine_hp', s.kept - s.engine_hp),
        ('vehicle_missing_number', 'engine_cylinders', s.kept - s.engine_cylinders),
        ('vehicle_missing_number', 'number_of_doors', s.kept - s.number_of_doors),
        ('vehicle_missing_number', 'highway_mpg', s.kept - s.highway_mpg), ('vehicle_missing_number', 'city_mpg', s.kept - s.city_mpg),
        ('vehicle_missing_number', 'popularity', s.kept - s.popularity), ('vehicle_missing_number', 'msrp', s.kept - s.msrp),
        ('vehicle_outlier_mpg', 'highway_mpg', s.highway_outliers), ('vehicle_outlier_mpg', 'city_mpg', s.outliers - s.highway_outliers),
        ('vehicle_placeholder_price', 'msrp', s.placeholders)) as c (rule_id, column_name, n)
    where c.n > 0
    order by s.file_id, c.rule_id, c.column_name;
end
$$;
comment on function stellantis.do_clean_vehicle(integer[], text[]) is
    'Internal: cleans vehicles of these files: missing tokens to NULL, repeats dropped (the last row of a code wins), implausible mpg and placeholder prices flagged.';

create function stellantis.do_clean_production(p_file_ids integer[], p_rules text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    with mapped as (
        select distinct on (code_kind, stellantis.do_code(source_code)) code_kind, stellantis.do_code(source_code) as source_code, target_code
        from ops.code_map order by code_kind, stellantis.do_code(source_code), source_code
    ), coded as (
        select r.*, coalesce(l.target_code, c.line) as line, coalesce(s.target_code, c.shift) as shift,
            coalesce(e.target_code, c.equipment) as equipment, coalesce(v.target_code, c.vehicle) as vehicle,
            stellantis.do_code(r.downtime_reason) as reason
        from staging.production r
        cross join lateral (select stellantis.do_code(r.line_code) as line, stellantis.do_code(r.shift_code) as shift,
            stellantis.do_code(r.equipment_code) as equipment,
            -- The hash at the end of a vehicle code is written in lower case.
            regexp_replace(stellantis.do_code(r.vehicle_code), '[0-9A-F]{8}$', lower(right(stellantis.do_code(r.vehicle_code), 8))) as vehicle) as c
        left join mapped l on l.code_kind = 'line' and l.source_code = c.line
        left join mapped s on s.code_kind = 'shift' and s.source_code = c.shift
        left join mapped e on e.code_kind = 'equipment' and e.source_code = c.equipment
        left join mapped v on v.code_kind = 'vehicle' and v.source_code = stellantis.do_code(r.vehicle_code)
        where r.file_id = any (p_file_ids)
    ), judged as (
        select c.*,
            -- A negative count or time cannot be used: it is treated as missing.
            array_remove(array[
                case when c.production_date is null then 'production_date' end,
                case when c.line is null then 'line_code' end,
                case when c.shift is null then 'shift_code' end,
                case when c.equipment is null then 'equipment_code' end,
                case when c.vehicle is null then 'vehicle_code' end,
                case when (c.calendar_minutes >= 0) is not true then 'calendar_minutes' end,
                case when (c.planned_busy_minutes >= 0) is not true then 'planned_busy_minutes' end,
                case when (c.run_minutes >= 0) is not true then 'run_minutes' end,
                case when (c.setup_minutes >= 0) is not true then 'setup_minutes' end,
                case when (c.delay_minutes >= 0) is not true then 'delay_minutes' end,
                case when (c.down_minutes >= 0) is not true then 'down_minutes' end,
                case when (c.ideal_cycle_minutes >= 0) is not true then 'ideal_cycle_minutes' end,
                case when (c.produced_units >= 0) is not true then 'produced_units' end,
                case when (c.good_units >= 0) is not true then 'good_units' end,
                case when (c.scrap_units >= 0) is not true then 'scrap_units' end,
                case when (c.rework_units >= 0) is not true then 'rework_units' end,
                case when (c.failure_count >= 0) is not true then 'failure_count' end,
                case when (c.repair_minutes >= 0) is not true then 'repair_minutes' end,
                case when (c.energy_kwh >= 0 and c.energy_kwh < 1e12) is not true then 'energy_kwh' end,
                case when (c.material_cost >= 0 and c.material_cost < 1e12) is not true then 'material_cost' end,
                case when (c.scrap_cost >= 0 and c.scrap_cost < 1e12) is not true then 'scrap_cost' end,
                case when (c.rework_cost >= 0 and c.rework_cost < 1e12) is not true then 'rework_cost' end,
                case when (c.unit_price >= 0 and c.unit_price * greatest(c.good_units, 1) < 1e14) is not true then 'unit_price' end], null) as missing
        from coded c
    ), fated as materialized (
        select j.*, case
            when cardinality(j.missing) > 0 then 'production_missing_measure'
            when row_number() over (partition by j.file_id, j.production_date, j.line, j.shift, j.equipment, j.vehicle,
                cardinality(j.missing) > 0 order by j.line_number desc) > 1 then 'production_duplicate_grain' end as dropped_by
        from judged j
    ), written as (
        insert into staging.clean_production (file_id, line_number, production_date, line_code, shift_code, equipment_code, vehicle_code,
            calendar_minutes, planned_busy_minutes, run_minutes, setup_minutes, delay_minutes, down_minutes, ideal_cycle_minutes,
            produced_units, good_units, scrap_units, rework_units, downtime_reason, failure_count, repair_minutes, energy_kwh,
            material_cost, scrap_cost, rework_cost, unit_price)
        select file_id, line_number, production_date, line, shift, equipment, vehicle,
            calendar_minutes, planned_busy_minutes, run_minutes, setup_minutes, delay_minutes, down_minutes, ideal_cycle_minutes,
            produced_units, good_units, scrap_units, rework_units,
            coalesce(reason, case when down_minutes > 0 then 'UNKNOWN' else 'NONE' end),
            failure_count, repair_minutes, energy_kwh, material_cost, scrap_cost, rework_cost, unit_price
        from fated where dropped_by is null
    )
    insert into ops.cleaning_log (file_id, rule_id, column_name, rows_changed)
    select file_id, rule_id, column_name, count(*)
    from (
        select file_id, dropped_by as rule_id, null::text as column_name from fated where dropped_by = 'production_duplicate_grain'
        union all
        select file_id, dropped_by, unnest(missing) from fated where dropped_by = 'production_missing_measure'
        union all
        select file_id, 'production_missing_measure', 'downtime_reason' from fated
        where dropped_by is null and reason is null and down_minutes > 0
        union all
        select f.file_id, 'production_code_normalised', c.column_name
        from fated f
        cross join lateral (values ('line_code', f.line_code, f.line), ('shift_code', f.shift_code, f.shift),
            ('equipment_code', f.equipment_code, f.equipment), ('vehicle_code', f.vehicle_code, f.vehicle),
            ('downtime_reason', f.downtime_reason, f.reason)) as c (column_name, printed, code)
        where f.dropped_by is null and c.printed <> c.code
        union all
        -- Kept as they are; the count is the flag.
        select f.file_id, 'production_outlier_flag', c.column_name
        from fated f
        cross join lateral (values
            ('planned_busy_minutes', f.planned_busy_minutes > f.calendar_minutes),
            ('run_minutes', f.run_minutes > f.planned_busy_minutes),
            ('ideal_cycle_minutes', f.ideal_cycle_minutes * f.produced_units > 1.5 * f.run_minutes),
            ('repair_minutes', f.repair_minutes > f.calendar_minutes)) as c (column_name, is_outlier)
        where f.dropped_by is null and c.is_outlier and 'production_outlier_flag' = any (p_rules)
    ) as counted
    group by file_id, rule_id, column_name
    order by file_id, rule_id, column_name;
end
$$;
comment on function stellantis.do_clean_production(integer[], text[]) is
    'Internal: cleans production rows of these files: codes normalised and mapped, rows without a usable measure dropped, the last row of a grain wins, implausible times counted.';

create function stellantis.do_clean(p_dataset text)
returns table (dataset text, rule_id text, kind text, column_name text, rows_changed bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_dataset text;
    v_files integer[];
    v_all_files integer[] := '{}';
    v_rules text[];
begin
    if p_dataset is not null and not exists (select from ops.dataset d where d.dataset = p_dataset) then
        raise exception using errcode = '22023',
            message = format('there is no data set named %L', p_dataset),
            hint = 'SELECT dataset, description FROM ops.dataset ORDER BY dataset;';
    end if;
    -- Whoever withdraws, holds or cleans one of these files meanwhile waits, or has been waited for.
    perform from ops.source_file f
    where f.state = 'loaded' and f.cleaned_at is null and (p_dataset is null or f.dataset = p_dataset)
    order by f.file_id for update;
    for v_dataset, v_files in
        select f.dataset, array_agg(f.file_id order by f.file_id)
        from ops.source_file f
        where f.state = 'loaded' and f.cleaned_at is null and (p_dataset is null or f.dataset = p_dataset)
        group by f.dataset order by f.dataset
    loop
        v_rules := array(select t.rule_id from ops.transformation t where t.dataset = v_dataset and t.is_active);
        case v_dataset
            when 'maintenance' then perform stellantis.do_clean_maintenance(v_files, v_rules);
            when 'quality' then perform stellantis.do_clean_quality(v_files, v_rules);
            when 'vehicles' then perform stellantis.do_clean_vehicle(v_files, v_rules);
            when 'production' then perform stellantis.do_clean_production(v_files, v_rules);
            else null;      -- a data set of the user's own has no built-in rules
        end case;
        update ops.source_file f set cleaned_at = now(), updated_at = now() where f.file_id = any (v_files);
        v_all_files := v_all_files || v_files;
    end loop;

    return query
        select t.dataset, t.rule_id, t.kind, l.column_name, coalesce(sum(l.rows_changed), 0)::bigint
        from ops.transformation t
        left join ops.cleaning_log l on l.rule_id = t.rule_id and l.file_id = any (v_all_files)
        where t.dataset in (select f.dataset from ops.source_file f where f.file_id = any (v_all_files))
        group by t.dataset, t.rule_id, t.kind, l.column_name
        order by t.dataset, t.rule_id, l.column_name;
end
$$;
comment on function stellantis.do_clean(text) is
    'Internal: cleans every loaded file of a data set (NULL: of all) that was not cleaned yet, and says how many values each rule changed.';

create function stellantis.clean(dataset text default null)
returns table (cleaned_dataset text, rule_id text, kind text, column_name text, rows_changed bigint)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.clean(text) is
    'Cleans the loaded files of a data set, or of all, into staging.clean_*: what was changed, by which rule.';
