#!/usr/bin/env bash
# The pipeline on the public maintenance and quality files beside generated vehicles and production: counts, repairs, OEE
# against plain sums and against a script that reads the CSV, predictions without memory.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cluster/helpers/files.sh
. "$(dirname "$0")/helpers/files.sh"

cluster_up work_mem=16MB
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
if lay_real_files; then real=1; else real=0; fi
[ $real = 1 ] || echo "# skipped: the figures of the public files (STELLANTIS_REAL_DATA names no folder that has them)"
sql 'call stellantis.run_pipeline()' 2>/dev/null
ok "the run ended well, every step" is "$(sql "select r.state, count(*) filter (where s.state = 'success')
  from ops.pipeline_run r join ops.pipeline_step_run s using (run_id) group by r.run_id")" 'success|7'

# Rows.
ok "10,000 maintenance rows in staging, clean and fact" is "$(sql "select (select count(*) from staging.maintenance),
  (select count(*) from staging.clean_maintenance), (select count(*) from warehouse.fact_machine_condition)")" '10000|10000|10000'
ok "1,567 quality rows in staging, clean and fact" is "$(sql "select (select count(*) from staging.quality),
  (select count(*) from staging.clean_quality), (select count(*) from warehouse.fact_quality_inspection)")" '1567|1567|1567'
ok "1,350 production rows become 1,350 facts" is "$(sql "select (select count(*) from staging.production),
  (select count(*) from warehouse.fact_production_metrics)")" '1350|1350'
ok "no row was refused" is "$(sql 'select count(*) from ops.rejected_row')" 0
if [ $real = 1 ]; then
  ok "339 failures in staging and fact" is "$(sql "select (select count(*) from staging.maintenance where machine_failure),
    (select count(*) from warehouse.fact_machine_condition where machine_failure)")" '339|339'
  ok "104 fails in staging and fact" is "$(sql "select (select count(*) from staging.quality where not passed),
    (select count(*) from warehouse.fact_quality_inspection where not is_passed)")" '104|104'
  ok "41,951 sensor values are NULL in staging, clean and fact" is "$(sql "select
    (select sum(cardinality(array_positions(sensors, null))) from staging.quality),
    (select sum(cardinality(array_positions(sensors, null))) from staging.clean_quality),
    (select sum(sensors_missing) from warehouse.fact_quality_inspection)")" '41951|41951|41951'
  ok "every inspection has 590 cells" is "$(sql 'select min(cardinality(sensors)), max(cardinality(sensors)) from staging.quality')" '590|590'
  ok "582 timestamps are marked as repaired, in clean and fact" is "$(sql "select
    (select count(*) from staging.clean_quality where inspected_at_repaired),
    (select count(*) from warehouse.fact_quality_inspection where inspected_at_repaired)")" '582|582'
fi

# Timestamps.
descents() {
  sql "select count(*) from (select $2 < lag($2) over (order by file_id, line_number) as falls from $1) x where falls"
}
ok "the file's own timestamps do not ascend" test "$(descents staging.quality inspected_at)" -gt 0
ok "the repaired column ascends" is "$(descents staging.clean_quality inspected_at)" 0
ok "the published column ascends" is "$(descents warehouse.fact_quality_inspection inspected_at)" 0
ok "a repaired timestamp is the file's with day and month swapped, the others are the file's" is "$(sql "
  select count(*) from staging.quality r join staging.clean_quality c using (file_id, line_number)
   where c.inspected_at <> case when c.inspected_at_repaired
     then to_timestamp(to_char(r.inspected_at, 'YYYY-DD-MM HH24:MI:SS'), 'YYYY-MM-DD HH24:MI:SS')::timestamp
     else r.inspected_at end")" 0

# OEE: three ways to it, to 1e-12.
python3 "$(dirname "$0")/helpers/oee_from_csv.py" "$LANDING/production/production_metrics.csv" >"$CLUSTER/oee.csv"
ok "the script that reads the CSV knows five lines and the total" is "$(wc -l <"$CLUSTER/oee.csv")" 6
oee=$(sql - <<SQL
create temporary table from_csv (line_code text, availability float8, performance float8, quality_ratio float8, oee float8, teep float8);
\copy from_csv from '$CLUSTER/oee.csv' csv
create temporary view from_sums as
select coalesce(upper(btrim(p.line_code)), '*') as line_code,
       sum(p.run_minutes) / sum(p.planned_busy_minutes) as availability,
       sum(p.ideal_cycle_minutes * p.produced_units) / sum(p.run_minutes) as performance,
       sum(p.ideal_cycle_minutes * p.good_units) / sum(p.ideal_cycle_minutes * p.produced_units) as quality_ratio,
       sum(p.ideal_cycle_minutes * p.good_units) / sum(p.planned_busy_minutes) as oee,
       sum(p.ideal_cycle_minutes * p.good_units) / sum(p.calendar_minutes) as teep
  from staging.production p group by rollup (upper(btrim(p.line_code)));
create temporary view from_marts as
select line_code, availability, performance, quality_ratio, oee, teep from marts.mart_oee_by_line
union all
select '*', availability, performance, quality_ratio, oee, teep from marts.mart_executive_kpis;
create temporary view from_summary as
select line_code, (s).*
  from (select coalesce(l.line_code, '*') as line_code,
               stellantis.oee_summary(f.calendar_minutes, f.planned_busy_minutes, f.run_minutes, f.ideal_run_minutes, f.ideal_good_minutes) as s
          from marts.fact_production_metrics f join marts.dim_production_line l using (line_key) group by rollup (l.line_code)) as x;
create temporary view from_aggregates as
select coalesce(l.line_code, '*') as line_code,
       stellantis.availability(f.planned_busy_minutes, f.run_minutes), stellantis.performance(f.run_minutes, f.ideal_run_minutes),
       stellantis.quality_ratio(f.ideal_run_minutes, f.ideal_good_minutes), stellantis.oee(f.planned_busy_minutes, f.ideal_good_minutes),
       stellantis.teep(f.calendar_minutes, f.ideal_good_minutes)
  from marts.fact_production_metrics f join marts.dim_production_line l using (line_key) group by rollup (l.line_code);
create temporary view worst as
select w.way, count(*) as lines,
       max(greatest(abs(w.availability - c.availability), abs(w.performance - c.performance), abs(w.quality_ratio - c.quality_ratio),
                    abs(w.oee - c.oee), abs(w.teep - c.teep))) as difference,
       bool_and(num_nulls(w.availability, w.performance, w.quality_ratio, w.oee, w.teep) = 0) as is_filled
  from (select 'sums' as way, * from from_sums union all select 'marts', * from from_marts
        union all select 'oee_summary', * from from_summary union all select 'aggregates', * from from_aggregates) as w
  join from_csv c using (line_code)
 group by w.way;
select 'line ' || line_code || ': OEE ' || oee from from_csv order by line_code;
select format('%s: %s lines and total within 1e-12: %s', way, lines, is_filled and difference <= 1e-12) from worst order by way;
select format('%s differs by %s', way, difference) from worst order by way;
SQL
)
echo "${oee//$'\n'/$'\n# '}" | sed '1s/^/# /'
for way in sums marts oee_summary aggregates; do
  ok "OEE, its factors and TEEP by $way equal the script's" contains "$oee" "$way: 6 lines and total within 1e-12: t"
done

# Predictions.
ok "one prediction a machine: 10,000" is "$(sql 'select count(*), count(distinct equipment_key), count(distinct date_key), count(distinct model_version)
  from warehouse.ml_maintenance_predictions')" '10000|10000|1|1'
ok "out-of-bag scores for exactly the rows trained on" is "$(sql "select count(*) filter (where p.score_basis = 'oob') = v.rows_trained,
  count(*) filter (where p.score_basis = 'unseen') = v.rows_tested, v.rows_trained + v.rows_tested
  from warehouse.ml_maintenance_predictions p, ops.model_version v group by v.rows_trained, v.rows_tested")" 't|t|10000'
ok "recorded failures of the predictions are those of the readings" is "$(sql "select count(*) from warehouse.ml_maintenance_predictions p
  join warehouse.fact_machine_condition c using (equipment_key) where p.failure_recorded <> c.machine_failure")" 0
IFS='|' read -r published test_f1 remembered close <<<"$(sql "
  with published as (
    select 2.0 * count(*) filter (where predicted_failure and failure_recorded)
           / (count(*) filter (where predicted_failure) + count(*) filter (where failure_recorded)) as f1
      from warehouse.ml_maintenance_predictions
  ), answers as (
    select stellantis.predict('maintenance', array[product_type, air_temperature_k, temperature_delta_k, rotational_speed_rpm,
             torque_nm, tool_wear_min, power_w, strain_min_nm]) >= v.threshold as predicted, machine_failure
      from staging.features_maintenance, ops.model_version v
  ), remembered as (
    select 2.0 * count(*) filter (where predicted and machine_failure)
           / (count(*) filter (where predicted) + count(*) filter (where machine_failure)) as f1 from answers
  )
  select round(p.f1, 4), round(v.f1::numeric, 4), round(r.f1, 4), abs(p.f1 - v.f1) <= 0.04
    from published p, remembered r, ops.model_version v")"
echo "# F1 of all published predictions $published, of the model's test $test_f1, of predict() over its own training rows $remembered"
ok "F1 of all published predictions is within 0.04 of the test's" is "$close" t
if [ $real = 1 ]; then
  ok "in-sample memory would have been seen: it is further than 0.04 away" is "$(sql "select $remembered - $test_f1 > 0.04")" t
fi
ok "a failed machine is listed as failed, not as likely to fail" is "$(sql "select count(*) from marts.mart_maintenance_risk
  where failure_recorded <> (risk_band = 'failed')")" 0

# Synthetic data says so.
ok "the ledger marks generated files" is "$(sql "select string_agg(dataset, ',' order by dataset) from ops.source_file where is_synthetic")" \
  "$([ $real = 1 ] && echo production,vehicles || echo maintenance,production,quality,vehicles)"
ok "dashboards of generated data say so" is "$(sql 'select bool_and(has_synthetic_data) from marts.mart_oee_by_line')" t
done_testing
