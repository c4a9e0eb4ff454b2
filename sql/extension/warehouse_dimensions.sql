-- Dimensions of the star: calendar, lines, shifts, equipment and vehicles in line with the published files.
-- Called by the publication (warehouse.sql) and by the ways on (ways_on.sql); a row is touched only if it differs.

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
