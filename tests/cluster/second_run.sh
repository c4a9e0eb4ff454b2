#!/usr/bin/env bash
# A second run changes nothing, to the md5 of every column; a corrected day replaces that day; a withdrawn file and
# synthetic files leave no row behind.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cluster/helpers/files.sh
. "$(dirname "$0")/helpers/files.sh"
helpers=$(dirname "$0")/helpers

# The tables of staging and warehouse that still hold rows of files, with their number of rows: left_of "CONDITION ON file_id"
left_of() {
  sql - <<SQL
select format('select %L, count(*) from %s where %s having count(*) > 0;', c.oid::regclass, c.oid::regclass, \$q\$$1\$q\$)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'file_id'
 where c.relnamespace in ('staging'::regnamespace, 'warehouse'::regnamespace) and c.relkind in ('r', 'p')
 order by c.oid::regclass::text \\gexec
SQL
}
counts() {
  sql - <<'SQL'
select format('select %L, count(*) from %s;', c.oid::regclass, c.oid::regclass)
  from pg_class c where c.relnamespace in ('staging'::regnamespace, 'warehouse'::regnamespace) and c.relkind in ('r', 'p')
   and not c.relispartition and c.relname <> 'quality_metrics_log'
 order by c.oid::regclass::text \gexec
SQL
}
# What is published of production, without keys and times that a replaced row cannot keep.
facts() {
  sql "select md5(string_agg(f::text, E'\n' order by f::text)) from (select plant_key, date_key, line_key, equipment_key, vehicle_key,
    shift_key, shift_start, calendar_minutes, planned_busy_minutes, run_minutes, ideal_run_minutes, ideal_good_minutes, produced_units,
    good_units, scrap_units, rework_units, failure_count, material_cost, scrap_cost, revenue, file_id
    from warehouse.fact_production_metrics) f"
}

cluster_up work_mem=16MB
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
small_forest
counts >"$CLUSTER/newborn"
lay_real_files || true
sql 'call stellantis.run_pipeline()' 2>/dev/null

# The same day again.
md5s first
files=$(sql 'select count(*), max(updated_at) from ops.source_file')
said=$(psql -X -q -c 'set client_min_messages = notice' -c 'call stellantis.run_pipeline()' 2>&1)
md5s second
ok "the second run ends with success and loads 0 files" contains "$said" 'ended with success'
ok "it says so" contains "$said" '0 rows loaded from 0 files, 0 rows published'
ok "each of its steps ended well, with 0 rows" is "$(sql 'select string_agg(distinct state, $$,$$), sum(rows_affected) from ops.pipeline_step_run where run_id = 2')" 'success|0'
ok "the ledger is as it was" is "$(sql 'select count(*), max(updated_at) from ops.source_file')" "$files"
echo "# $(wc -l <"$CLUSTER/first") columns of $(cut -d'|' -f1 "$CLUSTER/first" | sort -u | wc -l) tables of warehouse and views of marts compared"
ok "there is something to compare" is "$(grep -c '|updated_at|' "$CLUSTER/first")|$(grep -c '^warehouse.quality_metrics_log|' "$CLUSTER/first")" "$(sql "
  select (select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attname = 'updated_at' and not c.relispartition
            and (c.relnamespace = 'warehouse'::regnamespace and c.relkind in ('r', 'p') or c.relnamespace = 'marts'::regnamespace)),
         (select count(*) from pg_attribute where attrelid = 'warehouse.quality_metrics_log'::regclass and attnum > 0)")"
ok "the md5 of every column is unchanged, updated_at included" unchanged first second

# A day that comes again replaces that day.
source=$LANDING/production/production_metrics.csv
day=$(sql 'select min(production_date) + 10 from staging.production')
key=${day//-/}
others=$(sql "select md5(string_agg(f::text, E'\n' order by f::text)) from warehouse.fact_production_metrics f where date_key <> $key")
# Its rows but the last, one unit of the first one scrapped.
awk -F, -v OFS=, -v day="$day" 'NR == 1 { print; next } $1 == day { if (held != "") print held; if (!n++) { $14 -= 1; $15 += 1 } held = $0 }' \
  "$source" >"$CLUSTER/correction.csv"
put "$CLUSTER/correction.csv" production/correction.csv
before=$(facts)
sql 'call stellantis.run_pipeline()' 2>/dev/null
correction=$(sql "select file_id from ops.source_file where path = 'production/correction.csv'")
ok "the corrected day has 14 facts, all of the corrected file" is \
  "$(sql "select count(*), count(*) filter (where file_id = $correction) from warehouse.fact_production_metrics where date_key = $key")" '14|14'
ok "no other day came with it" is "$(sql "select count(*) from warehouse.fact_production_metrics where file_id = $correction and date_key <> $key")" 0
ok "the other 89 days are as they were, updated_at included" is \
  "$(sql "select md5(string_agg(f::text, E'\n' order by f::text)) from warehouse.fact_production_metrics f where date_key <> $key")" "$others"
{ awk -F, -v day="$day" '$1 != day' "$source"; tail -n +2 "$CLUSTER/correction.csv"; } >"$CLUSTER/both.csv"
python3 "$helpers/oee_from_csv.py" "$CLUSTER/both.csv" >"$CLUSTER/oee.csv"
ok "OEE by line and in total is the corrected one, to 1e-12" is "$(sql - <<SQL
create temporary table from_csv (line_code text, availability float8, performance float8, quality_ratio float8, oee float8, teep float8);
\copy from_csv from '$CLUSTER/oee.csv' csv
select count(*), bool_and(abs(m.oee - c.oee) <= 1e-12) from (select line_code, oee from marts.mart_oee_by_line
  union all select '*', oee from marts.mart_executive_kpis) m join from_csv c using (line_code);
SQL
)" '6|t'

# Taken out again.
sql "select stellantis.withdraw_file($correction, 'the correction was wrong')" >/dev/null
ok "a withdrawn file leaves no row in staging or warehouse" is "$(left_of "file_id = $correction")" ''
ok "the day is what the first file says again" is "$(facts)" "$before"
machines=$(sql "select file_id from ops.source_file where dataset = 'maintenance'")
ok "the maintenance file is everywhere" is "$(left_of "file_id = $machines")" 'staging.clean_maintenance|10000
staging.maintenance|10000
staging.maintenance_score|10000
warehouse.fact_machine_condition|10000'
sql "select stellantis.withdraw_file($machines, 'a test')" >/dev/null
ok "withdrawn, it leaves no row in staging or warehouse" is "$(left_of "file_id = $machines")" ''
ok "nor a prediction" is "$(sql 'select count(*) from warehouse.ml_maintenance_predictions')" 0
ok "only machines of the production file remain" is "$(sql "select string_agg(equipment_code, ',' order by equipment_code) from warehouse.dim_equipment where equipment_key > 0")" \
  "$(sql "select string_agg(distinct equipment_code, ',' order by equipment_code) from staging.clean_production")"
ok "production is untouched" is "$(facts)" "$before"

inspections=$(sql "select md5(string_agg(f::text, E'\n' order by f::text)) from warehouse.fact_quality_inspection f")
synthetic=$(sql "select string_agg(file_id::text, ',') from ops.source_file where is_synthetic and state = 'loaded'")
ok "remove_synthetic() takes every loaded synthetic file" is "$(sql 'select stellantis.remove_synthetic()')" "$(tr , '\n' <<<"$synthetic" | wc -l)"
ok "it leaves no row of them" is "$(left_of "file_id in ($synthetic)")" ''
ok "nor a vehicle, a fact or a roll-up" is "$(sql "select (select count(*) from warehouse.dim_vehicle where vehicle_key > 0),
  (select count(*) from warehouse.fact_production_metrics), (select count(*) from warehouse.agg_line_day), (select count(*) from warehouse.fact_cost_of_quality)")" '0|0|0|0'
if [ "$(sql "select is_synthetic from ops.source_file where dataset = 'quality'")" = f ]; then
  ok "the public file stays" is "$(sql "select md5(string_agg(f::text, E'\n' order by f::text)) from warehouse.fact_quality_inspection f")" "$inspections"
  sql "select stellantis.withdraw_file(file_id, 'a test') from ops.source_file where state = 'loaded'" >/dev/null
else
  echo "# skipped: the public file stays (STELLANTIS_REAL_DATA names no folder that has it)"
fi
# The log of quality scores stays: it says what was measured, and holds no row of a file.
counts >"$CLUSTER/end"
ok "with every file withdrawn each table has as many rows as create_warehouse() gave it" unchanged newborn end
ok "each withdrawal is in the audit log" is "$(sql "select count(distinct x.file_id) from ops.source_file f
  join (select coalesce(e.v, a.detail -> 'file_id')::integer as file_id from ops.audit_log a left join jsonb_array_elements(a.detail -> 'files') as e(v) on true) x using (file_id)
  where f.state = 'withdrawn'")" 5
ok "a run finds no file to load again" contains "$(psql -X -q -c 'set client_min_messages = notice' -c 'call stellantis.run_pipeline()' 2>&1)" '0 rows loaded from 0 files'
done_testing
