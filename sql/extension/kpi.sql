-- OEE and its factors as aggregates over additive minutes. Formulas: engine/src/kpi. Written by hand because
-- pgrx's aggregate macro declares the wrong functions for parallel ones.

create aggregate stellantis.oee (planned_busy float8, ideal_good float8) (
    sfunc = stellantis.kpi_add_pair, stype = float8[], initcond = '{}',
    finalfunc = stellantis.kpi_ratio, combinefunc = stellantis.kpi_combine, parallel = safe
);
comment on aggregate stellantis.oee (float8, float8) is
    'OEE = sum(ideal good minutes) / sum(planned busy minutes). A row with a NULL is left out. NULL where nothing was planned.';

create aggregate stellantis.availability (planned_busy float8, run float8) (
    sfunc = stellantis.kpi_add_pair, stype = float8[], initcond = '{}',
    finalfunc = stellantis.kpi_ratio, combinefunc = stellantis.kpi_combine, parallel = safe
);
comment on aggregate stellantis.availability (float8, float8) is
    'Availability = sum(run minutes) / sum(planned busy minutes). A row with a NULL is left out.';

create aggregate stellantis.performance (run float8, ideal_run float8) (
    sfunc = stellantis.kpi_add_pair, stype = float8[], initcond = '{}',
    finalfunc = stellantis.kpi_ratio, combinefunc = stellantis.kpi_combine, parallel = safe
);
comment on aggregate stellantis.performance (float8, float8) is
    'Performance = sum(ideal run minutes) / sum(run minutes); above 1 where the ideal cycle time is too long. A row with a NULL is left out.';

create aggregate stellantis.quality_ratio (ideal_run float8, ideal_good float8) (
    sfunc = stellantis.kpi_add_pair, stype = float8[], initcond = '{}',
    finalfunc = stellantis.kpi_ratio, combinefunc = stellantis.kpi_combine, parallel = safe
);
comment on aggregate stellantis.quality_ratio (float8, float8) is
    'Quality ratio weighted by run time = sum(ideal good minutes) / sum(ideal run minutes). A row with a NULL is left out.';

create aggregate stellantis.teep (calendar float8, ideal_good float8) (
    sfunc = stellantis.kpi_add_pair, stype = float8[], initcond = '{}',
    finalfunc = stellantis.kpi_ratio, combinefunc = stellantis.kpi_combine, parallel = safe
);
comment on aggregate stellantis.teep (float8, float8) is
    'TEEP = sum(ideal good minutes) / sum(calendar minutes). A row with a NULL is left out.';

create type stellantis.kpi_factors as (
    availability float8, performance float8, quality_ratio float8, oee float8, teep float8
);
comment on type stellantis.kpi_factors is 'OEE and its factors of one set of shifts, lines or products.';

create function stellantis.kpi_summary(p_state float8[]) returns stellantis.kpi_factors
language sql immutable parallel safe strict set search_path = pg_catalog, pg_temp
as $function$
    select row(f.v[1], f.v[2], f.v[3], f.v[4], f.v[5])::stellantis.kpi_factors
    from (select stellantis.kpi_factor_values(p_state)) as f (v)
$function$;
comment on function stellantis.kpi_summary(float8[]) is 'Final function of oee_summary.';

create aggregate stellantis.oee_summary (
    calendar float8, planned_busy float8, run float8, ideal_run float8, ideal_good float8
) (
    sfunc = stellantis.kpi_add_minutes, stype = float8[], initcond = '{}',
    finalfunc = stellantis.kpi_summary, combinefunc = stellantis.kpi_combine, parallel = safe
);
comment on aggregate stellantis.oee_summary (float8, float8, float8, float8, float8) is
    'Availability, performance, quality ratio, OEE and TEEP at once. A row with a NULL in any argument is left out of all of them.';
