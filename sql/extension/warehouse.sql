-- The one publication: dimensions, facts, predictions and roll-ups out of cleaned files, then the blocking tests.
-- A file counts when ops.source_file.published_at is set; the functions below bring the star in line with those files, for the
-- codes and days they are given, and touch a row only if it differs. Withdrawing a file uses the same functions.

create function stellantis.do_extend_calendar(p_from date, p_to date) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows bigint;
begin
    -- Without gaps: up to the day before the first one there is, and from the day after the last one.
    insert into warehouse.dim_date (date_key, full_date, year, quarter, month, month_name, day_of_month, day_of_year, iso_year, iso_week,
        iso_day_of_week, day_name, is_weekend, first_day_of_month, year_month)
    select to_char(d.day, 'YYYYMMDD')::integer, d.day, extract(year from d.day)::integer, extract(quarter from d.day)::integer,
        extract(month from d.day)::integer, to_char(d.day, 'FMMonth'), extract(day from d.day)::integer, extract(doy from d.day)::integer,
        extract(isoyear from d.day)::integer, extract(week from d.day)::integer, extract(isodow from d.day)::integer,
        to_char(d.day, 'FMDay'), extract(isodow from d.day) > 5, date_trunc('month', d.day::timestamp)::date, to_char(d.day, 'YYYY-MM')
    from (select min(full_date) as first_day, max(full_date) as last_day from warehouse.dim_date) as c
    cross join lateral (
        select g.at::date as day
        from generate_series(least(p_from, c.first_day)::timestamp, greatest(p_to, c.last_day)::timestamp, interval '1 day') as g (at)
    ) as d
    where c.first_day is null or d.day < c.first_day or d.day > c.last_day
    order by d.day;
    get diagnostics v_rows = row_count;
    return v_rows;
end
$$;
comment on function stellantis.do_extend_calendar(date, date) is
    'Internal: makes the calendar reach from one date to another, without gaps; returns the days added.';

create function stellantis.do_check_dates(p_logical_date date) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_first date;
    v_last date;
    v_file record;
begin
    if p_logical_date not between '1990-01-01' and current_date + 3660 then
        raise exception using errcode = '22008',
            message = format('logical date %s is outside the calendar of a plant', p_logical_date),
            hint = 'SELECT min(full_date), max(full_date) FROM warehouse.dim_date;';
    end if;
    select f.file_id, f.path, s.day into v_file
    from (
        select file_id, production_date as day from staging.clean_production
        union all select file_id, read_at::date from staging.clean_maintenance where read_at is not null
        union all select file_id, inspected_at::date from staging.clean_quality
    ) as s
    join ops.source_file f on f.file_id = s.file_id and f.published_at = now()
    where s.day not between '1990-01-01' and greatest(p_logical_date, current_date) + 3660
    order by s.day limit 1;
    if found then
        raise exception using errcode = '22008',
            message = format('file %s (%s) holds the date %s, which no calendar of a plant reaches', v_file.file_id, v_file.path, v_file.day),
            hint = format('SELECT stellantis.withdraw_file(%s, ''date %s is wrong'');', v_file.file_id, v_file.day);
    end if;
    select min(s.day), max(s.day) into v_first, v_last
    from (
        select min(p.production_date) as day from staging.clean_production p join ops.source_file f on f.file_id = p.file_id and f.published_at = now()
        union all select max(p.production_date) from staging.clean_production p join ops.source_file f on f.file_id = p.file_id and f.published_at = now()
        union all select min(m.read_at)::date from staging.clean_maintenance m join ops.source_file f on f.file_id = m.file_id and f.published_at = now()
        union all select max(m.read_at)::date from staging.clean_maintenance m join ops.source_file f on f.file_id = m.file_id and f.published_at = now()
        union all select min(q.inspected_at)::date from staging.clean_quality q join ops.source_file f on f.file_id = q.file_id and f.published_at = now()
        union all select max(q.inspected_at)::date from staging.clean_quality q join ops.source_file f on f.file_id = q.file_id and f.published_at = now()
        union all select p_logical_date
    ) as s;
    if exists (select from warehouse.dim_date having v_first < min(full_date) or v_last > max(full_date)) then
        perform stellantis.do_extend_calendar(v_first, v_last);
    end if;
end
$$;
comment on function stellantis.do_check_dates(date) is
    'Internal: refuses files with impossible dates and extends the calendar to the dates of the files of this publication.';

create function stellantis.do_assume_lines(p_codes text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Observed: the line of the machine's latest production row, else of its latest reading.
    with wanted as (
        select distinct c.code as equipment_code from unnest(p_codes) as c (code)
    ), produced as (
        select distinct on (p.equipment_code) p.equipment_code, p.line_code
        from staging.clean_production p
        join ops.source_file f on f.file_id = p.file_id and f.published_at is not null
        join wanted w on w.equipment_code = p.equipment_code
        order by p.equipment_code, p.production_date desc, p.file_id desc, p.line_number desc
    ), read as (
        select distinct on (m.equipment_code) m.equipment_code, m.line_code
        from staging.clean_maintenance m
        join ops.source_file f on f.file_id = m.file_id and f.published_at is not null
        join wanted w on w.equipment_code = m.equipment_code
        where m.line_code is not null
        order by m.equipment_code, m.read_at desc nulls last, m.file_id desc, m.line_number desc
    ), lines as (
        select w.equipment_code, coalesce(p.line_code, r.line_code,
                   'L' || (coalesce(nullif(regexp_replace(w.equipment_code, '\D', '', 'g'), ''), '0')::numeric % 5 + 1)::integer) as line_code,
               p.line_code is null and r.line_code is null as is_assumed
        from wanted w left join produced p using (equipment_code) left join read r using (equipment_code)
    )
    insert into ops.equipment_line as e (equipment_code, line_code, is_assumed)
    select equipment_code, line_code, is_assumed from lines
    on conflict (equipment_code) do update set line_code = excluded.line_code, is_assumed = excluded.is_assumed
    -- A line that somebody assigned by hand gives way to an observation, not to an assumption.
    where not excluded.is_assumed and (e.line_code, e.is_assumed) is distinct from (excluded.line_code, excluded.is_assumed);
end
$$;
comment on function stellantis.do_assume_lines(text[]) is
    'Internal: fills ops.equipment_line for these machines: observed in production rows or readings, else assumed from the number of the code.';

create function stellantis.do_publish_lines(p_codes text[])
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_new text[];
begin
    with wanted as (
        select distinct c.code as line_code from unnest(p_codes) as c (code)
        where not exists (select from warehouse.dim_production_line d where d.line_code = c.code and d.is_current)
    ), added as (
        insert into warehouse.dim_production_line (line_id, line_code, line_name, plant_key, is_inferred)
        select coalesce((select max(line_id) from warehouse.dim_production_line where line_id > 0), 0) + row_number() over (order by w.line_code),
            w.line_code, 'Line ' || w.line_code,
            coalesce((select min(plant_key) from warehouse.dim_plant where plant_key > 0), -1), true
        from wanted w
        returning line_code
    )
    select array_agg(line_code order by line_code) into v_new from added;
    if v_new is not null then
        raise notice using message = format('%s line(s) unknown so far, inferred members were made: %s', cardinality(v_new), array_to_string(v_new[1:10], ', ')),
            hint = format('UPDATE warehouse.dim_production_line SET line_name = ''its name'', is_inferred = false WHERE line_code = %L AND is_current;', v_new[1]);
    end if;
    return query select 'warehouse.dim_production_line', coalesce(cardinality(v_new), 0)::bigint, 0::bigint,
        (select count(distinct c.code) from unnest(p_codes) as c (code)) - coalesce(cardinality(v_new), 0);
end
$$;
comment on function stellantis.do_publish_lines(text[]) is
    'Internal: makes inferred members for line codes that have none, with a notice.';

create function stellantis.do_publish_shifts(p_codes text[])
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_new text[];
begin
    with added as (
        insert into warehouse.dim_shift (shift_code, shift_name, start_time, end_time)
        select distinct c.code, 'Inferred: ' || c.code, time '00:00', time '00:00' from unnest(p_codes) as c (code)
        on conflict (shift_code) do nothing
        returning shift_code
    )
    select array_agg(shift_code order by shift_code) into v_new from added;
    if v_new is not null then
        raise notice using message = format('%s shift(s) unknown so far, inferred members starting at 00:00 were made: %s', cardinality(v_new),
                                            array_to_string(v_new[1:10], ', ')),
            hint = format('UPDATE warehouse.dim_shift SET shift_name = ''its name'', start_time = ''06:00'', end_time = ''14:00'' WHERE shift_code = %L;', v_new[1]);
    end if;
    return query select 'warehouse.dim_shift', coalesce(cardinality(v_new), 0)::bigint, 0::bigint,
        (select count(distinct c.code) from unnest(p_codes) as c (code)) - coalesce(cardinality(v_new), 0);
end
$$;
comment on function stellantis.do_publish_shifts(text[]) is
    'Internal: makes members for shift codes that have none, with a notice.';

create function stellantis.do_publish_equipment(p_codes text[], p_logical_date date, p_correct boolean)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_wanted bigint;
    v_updated bigint;
    v_closed bigint;
    v_opened bigint;
    v_inferred text[];
begin
    create temporary table wanted_equipment on commit drop as
    with codes as (
        select distinct c.code as equipment_code from unnest(p_codes) as c (code)
    ), typed as (
        select distinct on (m.equipment_code) m.equipment_code, (array['L', 'M', 'H'])[m.product_type + 1] as equipment_type
        from staging.clean_maintenance m
        join ops.source_file f on f.file_id = m.file_id and f.published_at is not null
        join codes c on c.equipment_code = m.equipment_code
        order by m.equipment_code, m.read_at desc nulls last, m.file_id desc, m.line_number desc
    )
    select c.equipment_code,
        -- A machine that only production knows keeps what somebody wrote about it; L, M and H are what readings said.
        coalesce(t.equipment_type, case when k.is_kept then d.equipment_type end, 'Unknown') as equipment_type,
        l.line_key, e.line_code, e.is_assumed as is_line_assumed,
        t.equipment_type is null and not k.is_kept as is_inferred,
        d.equipment_key, d.equipment_id,
        d.equipment_key is not null and (d.is_inferred or d.is_line_assumed or d.valid_from >= p_logical_date or p_correct) as in_place
    from codes c
    join ops.equipment_line e on e.equipment_code = c.equipment_code
    join warehouse.dim_production_line l on l.line_code = e.line_code and l.is_current
    left join typed t on t.equipment_code = c.equipment_code
    left join warehouse.dim_equipment d on d.equipment_code = c.equipment_code and d.is_current
    cross join lateral (
        select d.equipment_key is not null and not d.is_inferred
               and not (p_correct and d.equipment_type in ('L', 'M', 'H')) as is_kept
    ) as k;
    get diagnostics v_wanted = row_count;

    -- What was inferred or assumed is completed in place; anything else that changed gets a new version.
    update warehouse.dim_equipment d
    set equipment_type = w.equipment_type, line_key = w.line_key, is_line_assumed = w.is_line_assumed, is_inferred = w.is_inferred,
        updated_at = clock_timestamp()
    from pg_temp.wanted_equipment w, warehouse.dim_production_line l
    where d.equipment_key = w.equipment_key and w.in_place and l.line_key = d.line_key
      and (d.equipment_type, l.line_code, d.is_line_assumed, d.is_inferred)
          is distinct from (w.equipment_type, w.line_code, w.is_line_assumed, w.is_inferred);
    get diagnostics v_updated = row_count;

    update warehouse.dim_equipment d
    set valid_to = p_logical_date, is_current = false, updated_at = clock_timestamp()
    from pg_temp.wanted_equipment w, warehouse.dim_production_line l
    where d.equipment_key = w.equipment_key and not w.in_place and l.line_key = d.line_key
      and (d.equipment_type, l.line_code, d.is_line_assumed, d.is_inferred)
          is distinct from (w.equipment_type, w.line_code, w.is_line_assumed, w.is_inferred);
    get diagnostics v_closed = row_count;

    insert into warehouse.dim_equipment (equipment_id, equipment_code, equipment_type, line_key, is_line_assumed, is_inferred, valid_from)
    select coalesce(w.equipment_id, (select coalesce(max(equipment_id), 0) from warehouse.dim_equipment where equipment_id > 0)
                                    + row_number() over (partition by w.equipment_id order by w.equipment_code)),
        w.equipment_code, w.equipment_type, w.line_key, w.is_line_assumed, w.is_inferred,
        case when w.equipment_key is null then date '0001-01-01' else p_logical_date end
    from pg_temp.wanted_equipment w
    where not exists (select from warehouse.dim_equipment d where d.equipment_code = w.equipment_code and d.is_current)
    order by w.equipment_code;
    get diagnostics v_opened = row_count;

    -- A corrected line is also the line of the readings already published under this member.
    update warehouse.fact_machine_condition c
    set line_key = d.line_key, updated_at = clock_timestamp()
    from pg_temp.wanted_equipment w
    join warehouse.dim_equipment d on d.equipment_key = w.equipment_key
    where w.in_place and c.equipment_key = d.equipment_key and c.line_key <> d.line_key
      and not exists (select from staging.clean_maintenance m
                      where m.file_id = c.file_id and m.line_number = c.line_number and m.line_code is not null);

    select array_agg(equipment_code order by equipment_code) into v_inferred
    from pg_temp.wanted_equipment where is_inferred and equipment_key is null;
    if v_inferred is not null then
        raise notice using message = format('%s machine(s) unknown so far, inferred members were made: %s', cardinality(v_inferred),
                                            array_to_string(v_inferred[1:10], ', ')),
            hint = format('UPDATE warehouse.dim_equipment SET equipment_type = ''its type'', is_inferred = false WHERE equipment_code = %L AND is_current;', v_inferred[1]);
    end if;
    drop table pg_temp.wanted_equipment;
    return query select 'warehouse.dim_equipment', v_opened, v_updated + v_closed, v_wanted - v_opened - v_updated;
end
$$;
comment on function stellantis.do_publish_equipment(text[], date, boolean) is
    'Internal: brings these machines in line with published readings and ops.equipment_line, slowly changing (type 2) from the logical date on; '
    'inferred or assumed members are completed in place, with p_correct all are.';

create function stellantis.do_publish_vehicles(p_codes text[], p_logical_date date, p_correct boolean)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_wanted bigint;
    v_updated bigint;
    v_closed bigint;
    v_opened bigint;
    v_inferred text[];
begin
    create temporary table wanted_vehicle on commit drop as
    with codes as (
        select distinct c.code as vehicle_code from unnest(p_codes) as c (code)
    ), known as (
        select distinct on (v.vehicle_code) v.*
        from staging.clean_vehicle v
        join ops.source_file f on f.file_id = v.file_id and f.published_at is not null
        join codes c on c.vehicle_code = v.vehicle_code
        order by v.vehicle_code, v.file_id desc, v.line_number desc
    ), members as (
        select c.vehicle_code, d.vehicle_key, d.vehicle_id,
            k.vehicle_code is not null as is_known,
            d.vehicle_key is not null and (d.is_inferred or d.valid_from >= p_logical_date or p_correct) as in_place,
            -- A code that no vehicle file knows still says make, model and year.
            coalesce(k.make, nullif(split_part(c.vehicle_code, '-', 1), ''), 'Unknown') as make,
            coalesce(k.model, nullif(split_part(c.vehicle_code, '-', 2), ''), 'Unknown') as model,
            coalesce(k.model_year, substring(c.vehicle_code from '-((?:18|19|20)\d\d)-[0-9a-f]{8}$')::integer) as model_year,
            k.engine_fuel_type, k.engine_hp, k.engine_cylinders, k.transmission_type, k.driven_wheels, k.number_of_doors,
            coalesce(k.market_category, 'Unknown') as market_category, k.vehicle_size, k.vehicle_style, k.highway_mpg, k.city_mpg,
            k.popularity, k.msrp, coalesce(k.is_placeholder_price, false) as is_placeholder_price
        from codes c
        left join known k on k.vehicle_code = c.vehicle_code
        left join warehouse.dim_vehicle d on d.vehicle_code = c.vehicle_code and d.is_current
        -- A member that somebody completed by hand stays.
        where k.vehicle_code is not null or d.vehicle_key is null or p_correct
    )
    select m.*, not m.is_known as is_inferred,
        regexp_replace(upper(m.make collate "C"), '[^A-Z0-9]+', '_', 'g') = any ('{ABARTH,ALFA_ROMEO,CHRYSLER,CITROEN,CITRO_N,DODGE,DS,FIAT,JEEP,'
            'LANCIA,MASERATI,OPEL,PEUGEOT,RAM,VAUXHALL}') as is_stellantis_brand
    from members m;
    get diagnostics v_wanted = row_count;

    update warehouse.dim_vehicle d
    set make = w.make, model = w.model, model_year = w.model_year, engine_fuel_type = w.engine_fuel_type, engine_hp = w.engine_hp,
        engine_cylinders = w.engine_cylinders, transmission_type = w.transmission_type, driven_wheels = w.driven_wheels,
        number_of_doors = w.number_of_doors, market_category = w.market_category, vehicle_size = w.vehicle_size,
        vehicle_style = w.vehicle_style, highway_mpg = w.highway_mpg, city_mpg = w.city_mpg, popularity = w.popularity, msrp = w.msrp,
        is_placeholder_price = w.is_placeholder_price, is_stellantis_brand = w.is_stellantis_brand, is_inferred = w.is_inferred,
        updated_at = clock_timestamp()
    from pg_temp.wanted_vehicle w
    where d.vehicle_key = w.vehicle_key and w.in_place
      and (d.make, d.model, d.model_year, d.engine_fuel_type, d.engine_hp, d.engine_cylinders, d.transmission_type, d.driven_wheels,
           d.number_of_doors, d.market_category, d.vehicle_size, d.vehicle_style, d.highway_mpg, d.city_mpg, d.popularity, d.msrp,
           d.is_placeholder_price, d.is_stellantis_brand, d.is_inferred)
          is distinct from
          (w.make, w.model, w.model_year, w.engine_fuel_type, w.engine_hp, w.engine_cylinders, w.transmission_type, w.driven_wheels,
           w.number_of_doors, w.market_category, w.vehicle_size, w.vehicle_style, w.highway_mpg, w.city_mpg, w.popularity, w.msrp,
           w.is_placeholder_price, w.is_stellantis_brand, w.is_inferred);
    get diagnostics v_updated = row_count;

    update warehouse.dim_vehicle d
    set valid_to = p_logical_date, is_current = false, updated_at = clock_timestamp()
    from pg_temp.wanted_vehicle w
    where d.vehicle_key = w.vehicle_key and not w.in_place
      and (d.make, d.model, d.model_year, d.engine_fuel_type, d.engine_hp, d.engine_cylinders, d.transmission_type, d.driven_wheels,
           d.number_of_doors, d.market_category, d.vehicle_size, d.vehicle_style, d.highway_mpg, d.city_mpg, d.popularity, d.msrp,
           d.is_placeholder_price, d.is_stellantis_brand, d.is_inferred)
          is distinct from
          (w.make, w.model, w.model_year, w.engine_fuel_type, w.engine_hp, w.engine_cylinders, w.transmission_type, w.driven_wheels,
           w.number_of_doors, w.market_category, w.vehicle_size, w.vehicle_style, w.highway_mpg, w.city_mpg, w.popularity, w.msrp,
           w.is_placeholder_price, w.is_stellantis_brand, w.is_inferred);
    get diagnostics v_closed = row_count;

    insert into warehouse.dim_vehicle (vehicle_id, vehicle_code, make, model, model_year, engine_fuel_type, engine_hp, engine_cylinders,
        transmission_type, driven_wheels, number_of_doors, market_category, vehicle_size, vehicle_style, highway_mpg, city_mpg, popularity,
        msrp, is_placeholder_price, is_stellantis_brand, is_inferred, valid_from)
    select coalesce(w.vehicle_id, (select coalesce(max(vehicle_id), 0) from warehouse.dim_vehicle where vehicle_id > 0)
                                  + row_number() over (partition by w.vehicle_id order by w.vehicle_code)),
        w.vehicle_code, w.make, w.model, w.model_year, w.engine_fuel_type, w.engine_hp, w.engine_cylinders, w.transmission_type,
        w.driven_wheels, w.number_of_doors, w.market_category, w.vehicle_size, w.vehicle_style, w.highway_mpg, w.city_mpg, w.popularity,
        w.msrp, w.is_placeholder_price, w.is_stellantis_brand, w.is_inferred,
        case when w.vehicle_key is null then date '0001-01-01' else p_logical_date end
    from pg_temp.wanted_vehicle w
    where not exists (select from warehouse.dim_vehicle d where d.vehicle_code = w.vehicle_code and d.is_current)
    order by w.vehicle_code;
    get diagnostics v_opened = row_count;

    select array_agg(vehicle_code order by vehicle_code) into v_inferred
    from pg_temp.wanted_vehicle where is_inferred and vehicle_key is null;
    if v_inferred is not null then
        raise notice using message = format('%s vehicle(s) unknown so far, inferred members were made: %s', cardinality(v_inferred),
                                            array_to_string(v_inferred[1:10], ', ')),
            hint = format('UPDATE warehouse.dim_vehicle SET make = ''its make'', model = ''its model'', is_inferred = false WHERE vehicle_code = %L AND is_current;', v_inferred[1]);
    end if;
    drop table pg_temp.wanted_vehicle;
    return query select 'warehouse.dim_vehicle', v_opened, v_updated + v_closed, v_wanted - v_opened - v_updated;
end
$$;
comment on function stellantis.do_publish_vehicles(text[], date, boolean) is
    'Internal: brings these vehicles in line with published vehicle files, slowly changing (type 2) from the logical date on; a code no file knows '
    'becomes an inferred member; with p_correct every change is made in place.';

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
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_file_id integer;
    v_passed bigint;
    v_medians float8[];
    v_spreads float8[];
begin
    for v_file_id, v_passed in
        select q.file_id, count(*) filter (where q.passed)
        from staging.clean_quality q where q.file_id = any (p_file_ids)
        -- a file without a failure needs no reference
        group by q.file_id having not bool_and(q.passed) order by q.file_id
    loop
        -- The values of a sensor are gathered by hashing and sorted sensor by sensor: one scan of the file.
        with gathered as materialized (
            select v.n, array_agg(v.value) as sensor_values
            from (select generate_subscripts(q.sensors, 1) as n, unnest(q.sensors) as value
                  from staging.clean_quality q where q.file_id = v_file_id and q.passed) as v
            where v.value is not null
            group by v.n
            having count(*) * 2 >= v_passed
        ), middles as materialized (
            select g.n, g.sensor_values,
                (select percentile_cont(0.5) within group (order by u.value) from unnest(g.sensor_values) as u (value)) as median
            from gathered g
        ), spreads as (
            select m.n, m.median,
                (select percentile_cont(0.5) within group (order by abs(u.value - m.median)) from unnest(m.sensor_values) as u (value)) as deviation
            from middles m
        )
        select array_agg(s.median order by a.n), array_agg(1.4826 * nullif(s.deviation, 0) order by a.n)
        into v_medians, v_spreads
        from generate_series(1, (select max(n) from spreads)) as a (n) left join spreads s on s.n = a.n;

        return query
            select distinct on (z.line_number) v_file_id, z.line_number, z.n - 1, z.robust_z
            from (
                select u.line_number, u.n, (u.value - u.median) / u.spread as robust_z
                from (select q.line_number, generate_subscripts(q.sensors, 1) as n, unnest(q.sensors) as value,
                          unnest(v_medians) as median, unnest(v_spreads) as spread
                      from staging.clean_quality q where q.file_id = v_file_id and not q.passed) as u
            ) as z
            where z.robust_z is not null
            order by z.line_number, abs(z.robust_z) desc, z.n;
    end loop;
end
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

create function stellantis.do_load_warehouse(p_run_id bigint, p_logical_date date)
returns table (relation text, rows_inserted bigint, rows_updated bigint, rows_unchanged bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_date date := coalesce(p_logical_date, (select (now() at time zone p.time_zone)::date from warehouse.dim_plant p
                                             where p.plant_key > 0 order by p.plant_key limit 1), current_date);
    v_files integer[];
    v_machines text[];
    v_days date[];
    v_failed text;
    v_detail text;
begin
    -- One publication at a time; readers are not disturbed.
    lock table warehouse.fact_production_metrics in share row exclusive mode;

    with published as (
        update ops.source_file f set published_at = now(), updated_at = now()
        where f.state = 'loaded' and f.cleaned_at is not null and f.published_at is null
        returning f.file_id
    )
    select coalesce(array_agg(file_id order by file_id), '{}') into v_files from published;
    perform stellantis.do_check_dates(v_date);

    -- Machines of the files, and those whose line was assigned anew by hand.
    v_machines := array(
        select p.equipment_code from staging.clean_production p where p.file_id = any (v_files)
        union
        select m.equipment_code from staging.clean_maintenance m where m.file_id = any (v_files));
    perform stellantis.do_assume_lines(v_machines);
    v_machines := array(
        select c.code from unnest(v_machines) as c (code)
        union
        select e.equipment_code
        from ops.equipment_line e
        join warehouse.dim_equipment d on d.equipment_code = e.equipment_code and d.is_current
        join warehouse.dim_production_line l on l.line_key = d.line_key
        where (e.line_code, e.is_assumed) is distinct from (l.line_code, d.is_line_assumed));

    return query select * from stellantis.do_publish_lines(array(
        select p.line_code from staging.clean_production p where p.file_id = any (v_files)
        union
        select m.line_code from staging.clean_maintenance m where m.file_id = any (v_files) and m.line_code is not null
        union
        select e.line_code from ops.equipment_line e where e.equipment_code = any (v_machines)));
    return query select * from stellantis.do_publish_shifts(array(
        select distinct p.shift_code from staging.clean_production p where p.file_id = any (v_files)));
    return query select * from stellantis.do_publish_equipment(v_machines, v_date, false);
    return query select * from stellantis.do_publish_vehicles(array(
        select v.vehicle_code from staging.clean_vehicle v where v.file_id = any (v_files)
        union
        select p.vehicle_code from staging.clean_production p where p.file_id = any (v_files)), v_date, false);

    v_days := array(select distinct p.production_date from staging.clean_production p where p.file_id = any (v_files) order by 1);
    return query select * from stellantis.do_publish_production(v_days);
    return query select * from stellantis.do_publish_conditions(v_files, v_date);
    return query select * from stellantis.do_publish_inspections(v_files);
    return query select * from stellantis.do_publish_predictions(v_date);

    select string_agg(format('%s %s', t.test_no, t.test_name), ', ' order by t.test_no),
        string_agg(format('test %s: %s', t.test_no, coalesce(t.message, format('%s row(s): %s', t.rows_failed, array_to_string(t.sample_keys, ', ')))),
                   E'\n' order by t.test_no)
    into v_failed, v_detail
    from stellantis.do_run_data_tests(p_run_id, true) as t
    where t.status in ('fail', 'error');
    if v_failed is not null then
        raise exception using errcode = '23000',
            message = format('nothing was published, blocking data tests failed: %s', v_failed),
            detail = v_detail,
            hint = 'SELECT * FROM stellantis.run_data_tests() WHERE status <> ''pass'';'
                || case when cardinality(v_files) > 0 then format(
                    ' -- or take the file at fault (one of %s) out: SELECT stellantis.withdraw_file(%s, ''why'');',
                    array_to_string(v_files, ', '), v_files[cardinality(v_files)]) else '' end;
    end if;
end
$$;
comment on function stellantis.do_load_warehouse(bigint, date) is
    'Internal: the one publication of every cleaned file that was not published yet: dimensions, facts, predictions, roll-ups, then the blocking '
    'tests; a failed one raises and nothing is published. A second call changes nothing.';

create function stellantis.do_refresh_marts(p_run_id bigint, p_logical_date date) returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_mended bigint;
    v_since timestamptz := (select r.started_at from ops.pipeline_run r where r.run_id = p_run_id);
    v_table text;
begin
    lock table warehouse.fact_production_metrics in share row exclusive mode;
    select sum(r.rows_inserted + r.rows_updated) into v_mended
    from stellantis.do_roll_up_days(array(
        select f.date_key from warehouse.fact_production_metrics f
        union
        select a.date_key from warehouse.agg_line_day a)) as r;
    if v_mended > 0 then
        raise notice '% roll-up rows did not agree with the facts and were mended', v_mended;
    end if;

    -- Statistics, unless this run published nothing.
    if v_since is null or v_mended > 0 or exists (select from ops.source_file f where f.published_at >= v_since) then
        -- Arrays are left out: nothing is searched by them, and their elements take long.
        for v_table in
            select format('%I.%I (%s)', n.nspname, c.relname, string_agg(format('%I', a.attname), ', ' order by a.attnum))
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            join pg_type t on t.oid = a.atttypid and t.typcategory <> 'A'
            where n.nspname in ('staging', 'warehouse') and c.relkind in ('r', 'p') and c.relowner = current_user::regrole
              -- the partitions are analysed with their parent
              and not c.relispartition
            group by n.nspname, c.relname
            order by n.nspname, c.relname
        loop
            execute 'analyze ' || v_table;
        end loop;
    end if;

    perform t.test_no from stellantis.do_run_data_tests(p_run_id, null) as t;
    return v_mended;
end
$$;
comment on function stellantis.do_refresh_marts(bigint, date) is
    'Internal: verifies the roll-ups against the facts and mends them, refreshes statistics and runs the data tests that do not block; returns the rows mended.';
