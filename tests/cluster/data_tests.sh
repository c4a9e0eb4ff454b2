#!/usr/bin/env bash
# Every data test catches its fault, put in from outside: the failing rows are the injected rows, what else fails is listed,
# and with the fault in place nothing is published. A publication that fails rolls back as a whole.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cluster/helpers/files.sh
. "$(dirname "$0")/helpers/files.sh"
here=$(dirname "$0")

# A file that says one day again: one unit less of it good, its last row gone.
correct_day() {
  awk -F, -v OFS=, -v day="$1" 'NR == 1 { print; next } $1 == day { if (held != "") print held; if (!n++) { $14 -= 1; $15 += 1 } held = $0 }' \
    "$LANDING/production/production_metrics.csv" >"$CLUSTER/correction.csv"
  put "$CLUSTER/correction.csv" "production/correction_$1.csv"
}

cluster_up work_mem=16MB
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
small_forest
lay_real_files || true
sql 'call stellantis.run_pipeline()' 2>/dev/null
ok "all tests of the star pass" is "$(sql "select distinct status from stellantis.run_data_tests()")" pass
ok "at least 28 are built in" test "$(sql 'select count(*) from ops.data_test where is_built_in and is_active')" -ge 28

# Each fault, while a file waits for its publication.
day=$(sql 'select min(production_date) + 10 from staging.production')
correct_day "$day"
sql "select rows_loaded from stellantis.ingest('production'); select rows_changed from stellantis.clean('production')" >/dev/null
md5s before
psql -X -q -A -t -v ON_ERROR_STOP=1 -f "$here/data_test_faults.sql" >"$CLUSTER/outcome"
md5s after
ok "every built-in test has its fault" is "$(cut -d'|' -f1 "$CLUSTER/outcome" | paste -sd,)" \
  "$(sql "select string_agg(test_no::text, ',' order by test_no) from ops.data_test where is_built_in and is_active")"
blocking=$(sql "select ',' || string_agg(test_no::text, ',') || ',' from ops.data_test where is_blocking")
while IFS='|' read -r no name caught rows keys also publication; do
  echo "# $no: $rows failing: $keys$([ "$rows" -le 3 ] || echo ', ...')${also:+; also failing: $also}; load_warehouse: $publication"
  ok "test $no $name fails for the injected rows and no other" is "$caught" t
  case $blocking in
    # What load_warehouse() makes again from what it is made of may have put the fault right.
    *",$no,"*) ok "with it nothing is published, or the fault is mended" contains 'refused refused: mended' "${publication%% *}" ;;
    *) ok "it warns and does not stop a publication" is "$publication" published ;;
  esac
done <"$CLUSTER/outcome"
ok "after all of them warehouse and marts are as before" unchanged before after

# A committed fault: the whole publication goes back, with the waiting file's day.
fault="(select v.vehicle_key from warehouse.dim_vehicle v where v.vehicle_key > 0
  and not exists (select from warehouse.fact_production_metrics f where f.vehicle_key = v.vehicle_key) order by 1 limit 1)"
IFS='|' read -r vehicle code <<<"$(sql "select vehicle_key, vehicle_code from warehouse.dim_vehicle where vehicle_key = $fault")"
sql "update warehouse.dim_vehicle set vehicle_code = 'no code' where vehicle_key = $vehicle"
md5s before
said=$(sql_error 'select * from stellantis.load_warehouse()')
md5s after
ok "load_warehouse() fails with 23000" contains "$said" 'ERROR:  23000: nothing was published, blocking data tests failed:'
ok "it names the test" contains "$said" vehicle_code_well_formed
ok "facts, dimensions, predictions, roll-ups and marts are unchanged" unchanged before after
ok "the file still waits" is "$(sql "select state, published_at is null from ops.source_file where path like '%correction%'")" 'loaded|t'
hint=$(sed -n 's/^HINT:  //p' <<<"$said")
ok "the HINT runs and shows the failing row" contains "$(sql "$hint")" "|$vehicle"
ok "the HINT's other way is to take out the file" contains "$hint" "SELECT stellantis.withdraw_file($(sql "select file_id from ops.source_file where path like '%correction%'"), "

# The same through the pipeline. (The HINT's answer is in marts.mart_data_tests now.)
md5s before
said=$(sql_error 'call stellantis.run_pipeline()')
md5s after
ok "run_pipeline() stops at step 6 and says why" contains "$said" 'nothing was published, blocking data tests failed: '
ok "step 6 is recorded as failed with 23000, step 7 never began" is \
  "$(sql "select string_agg(format('%s %s %s', step_no, state, sqlstate), ', ') from ops.pipeline_step_run where run_id = (select max(run_id) from ops.pipeline_run) and step_no > 5")" '6 failed 23000'
ok "nothing was published" unchanged before after

# Mended, the resumed run publishes.
sql "update warehouse.dim_vehicle set vehicle_code = '$code' where vehicle_key = $vehicle"
sql 'call stellantis.run_pipeline(resume => true)' 2>/dev/null
ok "mended, the resumed run publishes the waiting file" is \
  "$(sql "select count(*) from warehouse.fact_production_metrics f join ops.source_file s using (file_id) where s.path like '%correction%'")" 14

# A test that cannot be asked has not passed.
sql "insert into ops.data_test (test_no, test_name, dimension, relation, failing_rows) values (900, 'broken', 'validity', 'warehouse.dim_shift', 'select no_such_column from warehouse.dim_shift')"
correct_day "$(sql "select date '$day' + 1")"
sql "select rows_loaded from stellantis.ingest('production'); select rows_changed from stellantis.clean('production')" >/dev/null
md5s before
ok "a blocking test whose SQL fails stops the publication" contains "$(sql_error 'select * from stellantis.load_warehouse()')" 'blocking data tests failed: 900 broken'
md5s after
ok "nothing was published" unchanged before after
ok "its status is error, not pass" is "$(sql 'select status from stellantis.run_data_tests() where test_no = 900')" error
done_testing
