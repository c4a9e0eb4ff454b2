#!/usr/bin/env bash
# The pipeline and transactions: blocks, two at a time, cancel, timeout, killed backends, a killed server, a failing step.
# Times are asserted generously (5 s) and printed; the promise is one second.
# shellcheck source=tests/cluster/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2119
cluster_up stellantis.threads=2
WORK=$CLUSTER/work
mkdir -p "$WORK"
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()'

said='' hint=''
fails() { # NAME SQLSTATE PART_OF_THE_SENTENCE PART_OF_THE_HINT COMMAND...
  said=$("${@:5}" 2>&1) && said="no error: $said"
  hint=$(sed -n 's/^HINT:  //p' <<<"$said" | head -n 1)
  ok "$1: SQLSTATE $2" contains "$said" "$2"
  ok "$1: says what" contains "$said" "$3"
  ok "$1: has a HINT" contains "${hint:-(none)}" "$4"
}
psql_v() { psql -X -A -t -q -v VERBOSITY=verbose "$@"; }
# Everything people read, and who runs: what a call that fails at once must leave as it was.
published() {
  sql "select count(*), md5(string_agg(f::text, ',' order by f::text)) from warehouse.fact_production_metrics f;
    select count(*), md5(string_agg(f::text, ',' order by f::text)) from warehouse.ml_maintenance_predictions f;
    select count(*), md5(string_agg(f::text, ',' order by f::text)) from warehouse.dim_equipment f;
    select count(*), md5(string_agg(f::text, ',' order by f::text)) from warehouse.agg_line_day f"
}
runs_on_record() { sql 'select count(*) from ops.pipeline_run'; }
locks() { sql "select count(*) from pg_locks where locktype = 'advisory'"; }
last_run() { sql "select state, coalesce(sqlstate, '') from ops.pipeline_run order by run_id desc limit 1"; }
steps() { sql "select string_agg(step_no || ' ' || state, ', ' order by step_no) from ops.pipeline_step_run where run_id = (select max(run_id) from ops.pipeline_run)"; }

# Starts a call in the background; its session then stays for a while, so that its process can be looked at.
in_background() {
  psql -X -q -v ON_ERROR_STOP=0 -v VERBOSITY=verbose "${@:2}" -c "$1" -c "select 'still here'" -c 'select pg_sleep(4)' >"$WORK/background" 2>&1 &
}
# The backend in which the newest run's step is running, once it has been for a moment.
backend_of_step() {
  local pid
  for _ in $(seq 600); do
    pid=$(sql "select r.backend_pid from ops.pipeline_run r join ops.pipeline_step_run s using (run_id)
        join pg_stat_activity a on a.pid = r.backend_pid and a.backend_start = r.backend_start
      where s.state = 'running' and r.state = 'running' and s.step_no = $1 and s.started_at < clock_timestamp() - interval '$2 s'")
    if [ -n "$pid" ]; then
      echo "$pid"
      return
    fi
    sleep 0.05
  done
  echo "# step $1 was never seen running" >&2
  return 1
}
# Signals a backend by a function of PostgreSQL and prints the seconds until the run was ended in its record.
stop_seconds() {
  local began
  began=$(sql "select clock_timestamp() from $1")
  for _ in $(seq 200); do
    [ "$(sql "select state from ops.pipeline_run order by run_id desc limit 1")" = running ] || break
    sleep 0.05
  done
  sql "select round(extract(epoch from ended_at - '$began'::timestamptz), 3) from ops.pipeline_run order by run_id desc limit 1"
}
# Seconds until a process has ended; who collects it (init, where its parent is dead too) may take longer.
gone_seconds() {
  local began=$EPOCHREALTIME
  while grep -Eqs '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$1/status" && awk -v b="$began" -v n="$EPOCHREALTIME" 'BEGIN { exit n - b > 20 }'; do sleep 0.02; done
  awk -v b="$began" -v n="$EPOCHREALTIME" 'BEGIN { printf "%.3f\n", n - b }'
}
quick() {
  echo "# $1 s"
  awk -v s="$1" 'BEGIN { exit !(s != "" && s < 5) }'
}
many_trees() { sql "update ops.model set params = '{\"n_estimators\": 9000}' where model = 'maintenance'"; }
few_trees() { sql "update ops.model set params = '{\"n_estimators\": 20}' where model = 'maintenance'"; }
server_lives_on() {
  for _ in $(seq 100); do
    sql 'select 1' >/dev/null 2>&1 && return
    sleep 0.1
  done
  return 1
}

for dataset in maintenance "quality 150" "vehicles 3000" production; do
  read -r name rows <<<"$dataset"
  sql "select stellantis.generate_dataset('$name', ${rows:-null})" >/dev/null
done

# --- inside a transaction block
call='call stellantis.run_pipeline()'
wanted='CALL stellantis.run_pipeline();'
sentence="can't run inside a transaction block"
fails "BEGIN" 2D000 "$sentence" "$wanted" psql_v -v ON_ERROR_STOP=1 -c begin -c "$call"
fails "psql -1" 2D000 "$sentence" "$wanted" psql_v -1 -c "$call"
fails "two statements in one -c" 2D000 "$sentence" "$wanted" psql_v -c "select 1; $call"
fails "the other way round" 2D000 "$sentence" "$wanted" psql_v -c "$call; select 1"
fails "a block with EXCEPTION" 2D000 "$sentence" "$wanted" psql_v -c "do \$\$begin begin $call; exception when division_by_zero then null; end; end\$\$"
sql "create function public.wraps() returns void language plpgsql as \$\$begin $call; end\$\$"
fails "a function that calls it" 2D000 "$sentence" "$wanted" psql_v -c "select public.wraps()"
ok "the DETAIL tells what to do in each client" contains "$said" "autocommit = True"
fails "psycopg2 without autocommit" 2D000 "$sentence" "$wanted" /usr/bin/python3 -c '
import psycopg2
try:
    psycopg2.connect("").cursor().execute("call stellantis.run_pipeline()")
except psycopg2.Error as error:
    print(error.pgcode, error)
    raise SystemExit(1)'
ok "none of them left a run" is "$(runs_on_record)" 0
ok "nor rows" is "$(sql 'select count(*) from ops.source_file')" 0
fails "in one session" 2D000 "$sentence" "$wanted" psql_v -c "select public.wraps()" -c "select 'locks held: ' || count(*) from pg_locks where locktype = 'advisory'" -c 'select 1/0'
ok "a session that tried holds no lock" contains "$said" "locks held: 0"

# --- cancel while a file is read: 300,000 rows
mv "$LANDING/maintenance/ai4i2020.csv" "$WORK/maintenance.csv"
sql "select stellantis.generate_dataset('maintenance', 300000)" >/dev/null
in_background "$call"
pid=$(backend_of_step 2 0.5)
ok "cancelled while a file is read, it returns quickly" quick "$(stop_seconds "pg_cancel_backend($pid)")"
wait
ok "the caller is told" contains "$(cat "$WORK/background")" "ERROR:  57014"
ok "the run is on record as cancelled" is "$(last_run)" "cancelled|57014"
ok "step by step" is "$(steps)" "1 success, 2 cancelled"
ok "the lock is free" is "$(locks)" 0
ok "no half-loaded file" is "$(sql "select (select count(*) from ops.source_file) + (select count(*) from staging.maintenance)")" 0
ok "no DETAIL is empty" is "$(grep -c '^DETAIL:  $' "$WORK/background" || true)" 0
in_background "$call" -c "set statement_timeout = '1500ms'"
sleep 2.5
wait
ok "statement_timeout: the caller is told" contains "$(cat "$WORK/background")" "ERROR:  57014"
ok "statement_timeout: on record as cancelled" is "$(last_run)" "cancelled|57014"

# --- two sessions ingest at the same time
for n in 1 2; do sql "select count(*) from stellantis.ingest()" >"$WORK/ingest$n" 2>&1 & done
wait
not_ok "two sessions ingest at once without an error" grep -h ERROR "$WORK"/ingest1 "$WORK"/ingest2
ok "each file once" is "$(sql "select count(*), count(distinct (dataset, sha256)), sum(rows_loaded) = (select count(*) from staging.maintenance)
    + (select count(*) from staging.quality) + (select count(*) from staging.vehicle) + (select count(*) from staging.production)
  from ops.source_file where state = 'loaded'")" "4|4|t"
ok "with all rows" is "$(sql 'select count(*) from staging.maintenance')" 300000
sql "select stellantis.withdraw_file(file_id, 'too large') from ops.source_file where dataset = 'maintenance'" >/dev/null
put "$WORK/maintenance.csv" maintenance/ai4i2020.csv

# --- cancel in training
many_trees
in_background "call stellantis.run_pipeline(resume => true)"
pid=$(backend_of_step 5 1)
ok "resumed, it skips what was done and does what failed" contains "$(steps)" "1 skipped, 2 success, 3 success, 4 success, 5 running"
threads=$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)
ok "training has two workers" is "$threads" 3
# HUP 1, INT 2, QUIT 3, USR1 10, USR2 12, PIPE 13, ALRM 14, TERM 15: bit n - 1
blocked() {
  local task mask
  for task in "/proc/$pid/task/"*; do
    [ "${task##*/}" = "$pid" ] && continue
    mask=$((16#$(awk '/^SigBlk:/ { print $2 }' "$task/status")))
    [ $((mask & 0x7a07)) = $((0x7a07)) ] || { printf '# %s blocks %x\n' "$task" "$mask"; return 1; }
  done
}
ok "its workers block every signal of PostgreSQL" blocked

# --- a second run meanwhile
runs=$(runs_on_record)
fails "a second run" 55P03 "another session is running the pipeline" "SELECT * FROM stellantis.pipeline_status();" psql_v -c "$call"
ok "its HINT runs and shows the step" contains "$(sql "$hint")" "|5|ml_predictions|running|"
ok "it is not on record" is "$(runs_on_record)" "$runs"

ok "cancelled in training, it returns quickly" quick "$(stop_seconds "pg_cancel_backend($pid)")"
ok "the session has one thread again" is "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" 1
wait
ok "and goes on" contains "$(cat "$WORK/background")" "still here"
ok "on record as cancelled" is "$(last_run)" "cancelled|57014"
ok "the lock is free again" is "$(locks)" 0
ok "no version was kept" is "$(sql 'select count(*) from ops.model_version')" 0
ok "status() names the next command" is "$(sql "select state, next_command from stellantis.status() where area = 'pipeline'")" \
  "cancelled|CALL stellantis.run_pipeline(resume => true);"

# --- terminate in training: the next run finds the old one and marks it
in_background "call stellantis.run_pipeline(resume => true)"
pid=$(backend_of_step 5 1)
sql "select pg_terminate_backend($pid)" >/dev/null
ok "terminated in training, the backend is gone quickly" quick "$(gone_seconds "$pid")"
wait
ok "the client is told" contains "$(cat "$WORK/background")" "57P01"
ok "nobody was left to record it" is "$(last_run)" "running|"
in_background "call stellantis.run_pipeline(resume => true)"
pid=$(backend_of_step 5 1)
ok "the next run marks it crashed" is "$(sql "select string_agg(state, ',') from (select state from ops.pipeline_run order by run_id desc offset 1 limit 1) r")" crashed
ok "and its step" is "$(sql "select state from ops.pipeline_step_run where step_no = 5 order by run_id desc offset 1 limit 1")" crashed
ok "and goes on at the step" is "$(steps)" "1 skipped, 2 skipped, 3 skipped, 4 skipped, 5 running"

# --- kill -9 in training: PostgreSQL restarts itself
kill -9 "$pid"
ok "after kill -9 of a backend the server comes back" server_lives_on
wait
# This crash was ours.
ok "only the killed process crashed" is "$(crashed | grep -c -v "PID $pid" || true)" 0
: >"$LOG"

# --- kill -9 of the postmaster in training
in_background "call stellantis.run_pipeline(resume => true)"
pid=$(backend_of_step 5 1)
old=$(postmaster)
kill -9 "$old"
ok "the backend sees that its postmaster is gone" quick "$(gone_seconds "$pid")"
# A process that nobody has collected yet still counts as running for pg_ctl.
for _ in $(seq 100); do [ -d "/proc/$old" ] || break; sleep 0.05; done
began=$EPOCHREALTIME
ok "the server can be started again at once" "$PROJECT/scripts/cluster.sh" start "$CLUSTER/c"
echo "# started in $(awk -v b="$began" -v n="$EPOCHREALTIME" 'BEGIN { printf "%.1f", n - b }') s"
wait
: >"$LOG"

# --- and it still ends well
few_trees
sql "$call" 2>"$WORK/run" || cat "$WORK/run"
ok "after all that a run ends well" is "$(last_run)" "success|"
ok "no run is called running" is "$(sql "select count(*) from ops.pipeline_run where state = 'running'")" 0
ok "crashed runs are" is "$(sql "select count(*) from ops.pipeline_run where state = 'crashed'")" 3
ok "it published" is "$(sql 'select count(*) from warehouse.fact_production_metrics')" 1350
ok "resuming a run that ended well starts a new one" contains "$(sql 'call stellantis.run_pipeline(resume => true)' 2>&1; steps)" "1 success, 2 success"

# --- cancel in the load
before=$(published)
python3 - "$LANDING/production/production_metrics.csv" "$WORK/next_day.csv" <<'PY'
import csv, datetime, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
last = max(row[0] for row in rows[1:])
next_day = str(datetime.date.fromisoformat(last) + datetime.timedelta(1))
with open(sys.argv[2], "w", newline="") as out:
    csv.writer(out, lineterminator="\n").writerows([rows[0]] + [[next_day] + row[1:] for row in rows[1:] if row[0] == last])
PY
put "$WORK/next_day.csv" production/next_day.csv
sql "insert into ops.data_test (test_no, test_name, dimension, relation, failing_rows)
  values (900, 'made_to_wait', 'validity', 'warehouse.fact_production_metrics', 'select pg_sleep(60)::text')"
in_background "$call"
pid=$(backend_of_step 6 1.5)
ok "cancelled in the load, it returns quickly" quick "$(stop_seconds "pg_cancel_backend($pid)")"
wait
ok "the load is on record as cancelled" is "$(steps)" "1 success, 2 success, 3 success, 4 success, 5 success, 6 cancelled"
ok "nothing of it is to be seen" is "$(published)" "$before"

# --- a step that fails
sql "update ops.data_test set test_name = 'made_to_fail', failing_rows = 'select ''key '' || f.metric_id from warehouse.fact_production_metrics f' where test_no = 900"
fails "a blocking test that fails" 23 "made_to_fail" "SELECT * FROM stellantis.run_data_tests() WHERE status <> 'pass';" psql_v -c 'call stellantis.run_pipeline(resume => true)'
ok "what was done is skipped" is "$(steps)" "1 skipped, 2 skipped, 3 skipped, 4 skipped, 5 skipped, 6 failed"
ok "nothing was published" is "$(published)" "$before"
ok "the run says why" is "$(sql "select state, left(sqlstate, 2), message ~ 'made_to_fail' from ops.pipeline_run order by run_id desc limit 1")" "failed|23|t"
ok "its step too" is "$(sql "select state, left(sqlstate, 2), message ~ 'made_to_fail' from ops.pipeline_step_run order by run_id desc, step_no desc limit 1")" "failed|23|t"
next=$(sql "select next_command from stellantis.status() where area = 'pipeline'")
ok "status() names the next command" is "$next" "$hint"
ok "which runs and shows the failing test" contains "$(sql "$next")" "made_to_fail"
ok "the lock is free after a failure" is "$(locks)" 0
sql "update ops.data_test set is_active = false where test_no = 900"
ok "mended, a resumed run" contains "$(PGOPTIONS='-c client_min_messages=notice' sql_error 'call stellantis.run_pipeline(resume => true)')" "ended with success"
ok "does the failed step only, and what follows" is "$(steps)" "1 skipped, 2 skipped, 3 skipped, 4 skipped, 5 skipped, 6 success, 7 success"
ok "and publishes the day" is "$(sql 'select count(*) from warehouse.fact_production_metrics')" 1365

# --- an error beside the steps: their list was damaged, their records cannot be written
sql "create table public.kept as select * from ops.pipeline_step; alter table ops.pipeline_step_run drop constraint pipeline_step_run_step_no_fkey;
  delete from ops.pipeline_step where step_no = 3"
said=$(psql_v -c "$call" -c "select 'locks held: ' || count(*) from pg_locks where locktype = 'advisory'" 2>&1)
ok "without its third step the run fails there" contains "$said" "step 3 of run"
ok "and the session holds no lock" contains "$said" "locks held: 0"
ok "the run is on record as failed" contains "$(last_run)" "failed|"
ok "no step is called running" is "$(steps)" "1 success, 2 success"
sql "insert into ops.pipeline_step select * from public.kept where step_no = 3;
  create function public.refuse() returns trigger language plpgsql as \$\$begin raise exception 'refused'; end\$\$;
  create trigger refuse before update on ops.pipeline_step_run for each row when (new.state = 'success' and new.step_no = 4) execute function public.refuse()"
said=$(psql_v -c "$call" -c "select 'locks held: ' || count(*) from pg_locks where locktype = 'advisory'" 2>&1)
ok "a step whose end can't be recorded fails" contains "$said" "refused"
ok "and the session holds no lock then" contains "$said" "locks held: 0"
ok "the step ended with its run" is "$(steps)" "1 success, 2 success, 3 success, 4 failed"
sql "drop trigger refuse on ops.pipeline_step_run"
ok "mended, a resumed run ends well" contains "$(sql 'call stellantis.run_pipeline(resume => true)' 2>&1; last_run)" "success|"
done_testing
