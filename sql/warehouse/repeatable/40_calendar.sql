-- run as: owner
-- The calendar reaches from 2008 to the end of the second year from now, without gaps; only missing days are added.
insert into warehouse.dim_date
    (date_key, full_date, year, quarter, month, month_name, day_of_month, day_of_year,
     iso_year, iso_week, iso_day_of_week, day_name, is_weekend, first_day_of_month, year_month)
select to_char(d.day, 'YYYYMMDD')::integer, d.day,
       extract(year from d.day)::integer, extract(quarter from d.day)::integer, extract(month from d.day)::integer,
       to_char(d.day, 'FMMonth'), extract(day from d.day)::integer, extract(doy from d.day)::integer,
       extract(isoyear from d.day)::integer, extract(week from d.day)::integer, extract(isodow from d.day)::integer,
       to_char(d.day, 'FMDay'), extract(isodow from d.day) > 5,
       date_trunc('month', d.day::timestamp)::date, to_char(d.day, 'YYYY-MM')
  from (select s.at::date as day
          from generate_series(timestamp '2008-01-01',
                               make_timestamp(extract(year from current_date)::integer + 2, 12, 31, 0, 0, 0),
                               interval '1 day') as s(at)) as d
 where not exists (select 1 from warehouse.dim_date x where x.full_date = d.day)
 order by d.day
on conflict do nothing;
