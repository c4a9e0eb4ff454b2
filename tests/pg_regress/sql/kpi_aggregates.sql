-- Aggregates over additive minutes against plain SQL.
\set SHOW_CONTEXT never
create table test.shift (line text, shift_no integer, calendar float8, busy float8, run float8, ideal_run float8, ideal_good float8);
insert into test.shift values
    ('A', 1, 480, 400, 320, 280, 266), ('A', 2, 480, 420, 399, 350, 343), ('A', 3, 480, 0, 0, 0, 0),
    ('B', 1, 480, 450, 450, 460, 455), ('B', 2, 480, 440, null, 400, 390), ('B', 3, 480, 430, 301, 250, null),
    ('C', 1, 480, 0, 0, 0, 0), ('D', 1, null, null, null, null, null);

-- By line: NULL in either argument leaves the row out of both sums; nothing planned gives NULL, not an error.
select line,
    stellantis.oee(busy, ideal_good)
        is not distinct from sum(ideal_good) filter (where busy is not null) / nullif(sum(busy) filter (where ideal_good is not null), 0) as oee,
    stellantis.availability(busy, run)
        is not distinct from sum(run) / nullif(sum(busy) filter (where run is not null), 0) as availability,
    stellantis.performance(run, ideal_run)
        is not distinct from sum(ideal_run) filter (where run is not null) / nullif(sum(run), 0) as performance,
    stellantis.quality_ratio(ideal_run, ideal_good)
        is not distinct from sum(ideal_good) / nullif(sum(ideal_run) filter (where ideal_good is not null), 0) as quality_ratio,
    stellantis.teep(calendar, ideal_good)
        is not distinct from sum(ideal_good) / nullif(sum(calendar) filter (where ideal_good is not null), 0) as teep
from test.shift group by line order by line;
select line, round(stellantis.oee(busy, ideal_good)::numeric, 6) as oee, round(stellantis.performance(run, ideal_run)::numeric, 6) as performance
from test.shift group by line order by line;

-- The factors of one set: rows with any NULL are out of all of them, and availability x performance x quality = OEE.
select line, (s.f).*, abs((s.f).availability * (s.f).performance * (s.f).quality_ratio - (s.f).oee) < 1e-15 as product_is_oee
from (select line, stellantis.oee_summary(calendar, busy, run, ideal_run, ideal_good) as f from test.shift group by line) s order by line;

-- Empty, and the mean of ratios that OEE is not.
select stellantis.oee(busy, ideal_good), stellantis.availability(busy, run), stellantis.oee_summary(calendar, busy, run, ideal_run, ideal_good)
from test.shift where false;
select round(stellantis.oee(busy, ideal_good)::numeric, 6) as weighted, round(avg(ideal_good / nullif(busy, 0))::numeric, 6) as mean_of_ratios
from test.shift;
select stellantis.oee(busy, ideal_good) filter (where line = 'A') = 609.0 / 820 as filtered from test.shift;
select stellantis.oee(a, b) from (values ('NaN'::float8, 1.0::float8), (1, 1)) v (a, b);
select stellantis.oee(a, b) from (values ('Infinity'::float8, 1.0::float8), (1, 1)) v (a, b);

-- A moving window: two shifts at a time.
select line, shift_no, round(stellantis.oee(busy, ideal_good) over w::numeric, 6) as oee,
    stellantis.oee(busy, ideal_good) over w
        is not distinct from sum(ideal_good) over w / nullif(sum(busy) over w, 0) as equals_sums
from test.shift where line in ('A', 'C')
window w as (partition by line order by shift_no rows between 1 preceding and current row) order by line, shift_no;

-- In parallel: the plan has partial aggregates, and the result is that of one process to the last digits.
create table test.many as
select n, (n % 97 + 1)::float8 as busy, (n % 89)::float8 as run, (n % 83)::float8 as ideal_run, (n % 79)::float8 as ideal_good
from generate_series(1, 200000) n;
analyze test.many;
create table test.one as
select stellantis.oee(busy, ideal_good) as oee, stellantis.oee_summary(480, busy, run, ideal_run, ideal_good) as f from test.many;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set max_parallel_workers_per_gather = 2;
explain (costs off) select stellantis.oee(busy, ideal_good), stellantis.oee_summary(480, busy, run, ideal_run, ideal_good) from test.many;
select abs(p.oee - o.oee) < 1e-15 as oee, abs((p.f).teep - (o.f).teep) < 1e-15 as teep, abs((p.f).performance - (o.f).performance) < 1e-15 as performance
from (select stellantis.oee(busy, ideal_good) as oee, stellantis.oee_summary(480, busy, run, ideal_run, ideal_good) as f from test.many) p, test.one o;
reset parallel_setup_cost;
reset parallel_tuple_cost;
reset min_parallel_table_scan_size;
reset max_parallel_workers_per_gather;

-- The star's own OEE is that of its sums.
select stellantis.oee(planned_busy_minutes::float8, ideal_good_minutes::float8)
    - sum(ideal_good_minutes)::float8 / sum(planned_busy_minutes)::float8 between -1e-12 and 1e-12 as equal
from warehouse.fact_production_metrics;

-- States that nobody's aggregate made.
select * from test.error($$select stellantis.kpi_add_pair('{1,null,3}', 1, 1)$$);
select * from test.error($$select stellantis.kpi_combine('{1,2}', '{null}')$$);
select * from test.error($$select stellantis.kpi_ratio('{null,1}')$$);
select * from test.error($$select stellantis.kpi_factor_values('{1,2,null}')$$);
select stellantis.kpi_add_pair(null, 1, 1) is null as null_state, stellantis.kpi_add_pair('{}', 3, 2) as first, stellantis.kpi_ratio('{3,2,1}') as ratio,
    stellantis.kpi_ratio('{}') as empty, stellantis.kpi_factor_values('{1,2}') as short;
select * from test.error($$select stellantis.oee('a', 'b') from test.shift$$);
drop table test.shift, test.many, test.one;
