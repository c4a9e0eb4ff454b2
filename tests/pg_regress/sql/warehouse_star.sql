-- The star after one run: grain, sums, ratios, roll-ups, and a second load that changes nothing.
\set SHOW_CONTEXT never
set client_min_messages = warning;
select count(*) as facts, count(distinct (date_key, line_key, shift_key, equipment_key, vehicle_key)) as grains, count(*) filter (where -1 in (line_key, shift_key, equipment_key, vehicle_key)) as unknown
from warehouse.fact_production_metrics;
select count(*) as conditions from warehouse.fact_machine_condition;
select count(*) as inspections, count(*) filter (where not f.is_passed) as failed from warehouse.fact_quality_inspection f;
-- Each measure equals the sum over the file's rows.
select abs(f.busy - p.busy) < 1e-6 as busy, abs(f.run - p.run) < 1e-6 as run, f.produced = p.produced as produced, f.good = p.good as good, abs(f.ideal_good - p.ideal_good) < 1e-6 as ideal_good
from (select sum(planned_busy_minutes) as busy, sum(run_minutes) as run, sum(produced_units) as produced, sum(good_units) as good, sum(ideal_good_minutes) as ideal_good from warehouse.fact_production_metrics) f,
    (select sum(planned_busy_minutes::numeric) as busy, sum(run_minutes::numeric) as run, sum(produced_units) as produced, sum(good_units) as good, sum(ideal_cycle_minutes::numeric * good_units) as ideal_good from staging.clean_production) p;
select bool_and(oee is not distinct from (ideal_good_minutes::float8 / nullif(planned_busy_minutes::float8, 0))) or bool_and(abs(oee - ideal_good_minutes::float8 / planned_busy_minutes::float8) < 1e-12) as oee,
    bool_and(abs(availability - run_minutes::float8 / planned_busy_minutes::float8) < 1e-12) as availability
from warehouse.fact_production_metrics where planned_busy_minutes > 0;
-- No row stays in the default partition; the partitions are months.
select count(*) as in_default from only warehouse.fact_production_metrics_default;
select bool_and(p.relname = 'fact_production_metrics_' || to_char(d.full_date, 'YYYYMM')) as months
from warehouse.fact_production_metrics f join pg_class p on p.oid = f.tableoid join warehouse.dim_date d using (date_key);
-- The roll-up is the fact's.
select count(*) as different from (
    select date_key, line_key, sum(planned_busy_minutes) as busy, sum(good_units) as good from warehouse.fact_production_metrics group by 1, 2
    except select date_key, line_key, planned_busy_minutes, good_units from warehouse.agg_line_day) d;
-- One prediction a machine and day, of the deployed version.
select count(*) = count(distinct (equipment_key, date_key, model_version)) as one_each, min(model_version) as version,
    bool_and(score_basis in ('oob', 'unseen')) as basis, bool_and(failure_probability_pct between 0 and 100) as pct
from warehouse.ml_maintenance_predictions;
select distinct count(*) = (select count(distinct equipment_code) from staging.clean_maintenance) as all_machines from warehouse.ml_maintenance_predictions group by date_key;
select test_no, test_name, is_blocking, status from stellantis.run_data_tests() where dimension <> 'timeliness' order by test_no;

create function test.star() returns text language sql as $$
    select md5(concat_ws('|',
        (select string_agg(f::text, ',' order by f::text) from warehouse.fact_production_metrics f),
        (select string_agg(f::text, ',' order by f::text) from warehouse.fact_machine_condition f),
        (select string_agg(f::text, ',' order by f::text) from warehouse.fact_quality_inspection f),
        (select string_agg(f::text, ',' order by f::text) from warehouse.ml_maintenance_predictions f),
        (select string_agg(f::text, ',' order by f::text) from warehouse.dim_equipment f),
        (select string_agg(f::text, ',' order by f::text) from warehouse.dim_vehicle f),
        (select string_agg(f::text, ',' order by f::text) from warehouse.agg_line_day f)))
$$;
select test.star() as before \gset
select relation, rows_inserted, rows_updated from stellantis.load_warehouse() where rows_inserted + rows_updated > 0;
select stellantis.refresh_marts() >= 0 as refreshed;
select test.star() = :'before' as unchanged;
select * from test.error($$select * from stellantis.load_warehouse('infinity')$$);
select * from test.error($$select * from stellantis.load_warehouse('0001-01-01')$$);
-- Versions of a member may touch, not overlap; members do not see each other. The constraint's box is what two ranges are.
create function test.versions(periods text) returns text language sql as $$
    select (test.error(format('insert into warehouse.dim_equipment (equipment_id, equipment_code, equipment_type, line_key, valid_from, valid_to, is_current) values %s',
        (select string_agg(format('(%s, ''V'', ''L'', -1, %L, %L, false)', split_part(p, ' ', 1), split_part(p, ' ', 2), split_part(p, ' ', 3)), ', ')
         from unnest(string_to_array(periods, ', ')) as p)))).state
$$;
select periods, test.versions(periods) as state from (values
    ('900001 0001-01-01 2020-01-01, 900001 2020-01-01 2020-01-02, 900001 2020-01-02 9999-12-31'),
    ('900001 0001-01-01 9999-12-31, 900002 0001-01-01 9999-12-31'),
    ('900001 0001-01-01 2020-01-02, 900001 2020-01-01 9999-12-31'),
    ('900001 0001-01-01 9999-12-31, 900001 0001-01-01 9999-12-31'),
    ('900001 2020-01-01 2020-01-02, 900001 0001-01-01 9999-12-31'),
    ('900001 9999-12-30 9999-12-31, 900001 0001-01-01 0001-01-02, 900001 0001-01-02 9999-12-30'),
    ('900001 9999-12-30 9999-12-31, 900001 9999-12-30 9999-12-31'),
    ('900001 0001-01-01 infinity')) as v (periods);
with days as (
    select d from unnest(array['0001-01-01', '0001-01-02', '0001-01-03', '1999-12-31', '2000-01-01', '2024-02-29', '2024-03-01', '9999-12-29', '9999-12-30', '9999-12-31']::date[]) as d
), versions as (
    select i as id, f.d as valid_from, t.d as valid_to
    from unnest(array[-1, 0, 1, 2, 2147483646]) as i, days f, days t where f.d < t.d
)
select count(*) as pairs, count(*) filter (where o.ranges) as overlapping, count(*) filter (where o.ranges <> o.boxes) as different
from versions a, versions b, lateral (select
    int4range(a.id, a.id, '[]') && int4range(b.id, b.id, '[]') and daterange(a.valid_from, a.valid_to) && daterange(b.valid_from, b.valid_to) as ranges,
    box(point(a.id, a.valid_from - date '0001-01-01'), point(a.id, a.valid_to - date '0001-01-02'))
    && box(point(b.id, b.valid_from - date '0001-01-01'), point(b.id, b.valid_to - date '0001-01-02')) as boxes) as o;
