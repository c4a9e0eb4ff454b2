#!/usr/bin/env bash
# Six faults, one a dimension, into the maintenance and the production file: each moves its own score and leaves the other
# five exactly. Then the gate: a data set below its threshold is held, the rest goes on, and the HINTs are the ways on.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cluster/helpers/files.sh
. "$(dirname "$0")/helpers/files.sh"
here=$(dirname "$0")
dimensions='completeness uniqueness validity consistency accuracy timeliness'

cluster_up work_mem=16MB
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
small_forest
lay_real_files || echo "# skipped: the public maintenance file (STELLANTIS_REAL_DATA names no folder that has it); a generated one stands in"
declare -A file=([maintenance]=maintenance/ai4i2020.csv [production]=production/production_metrics.csv)
declare -A late=([maintenance]='400 days' [production]='3 days')
for dataset in maintenance production; do cp "$LANDING/${file[$dataset]}" "$CLUSTER/$dataset.csv"; done

# Dimension and score of a file with a fault ('none': as it is), a line each. Ingested and assessed, then all undone.
scores() {
  local dataset=$1 fault=$2
  case $fault in
    none | timeliness) cp "$CLUSTER/$dataset.csv" "$CLUSTER/faulty.csv" ;;
    *) python3 "$here/helpers/faults.py" "$dataset" "$fault" "$CLUSTER/$dataset.csv" "$CLUSTER/faulty.csv" ;;
  esac
  put "$CLUSTER/faulty.csv" "${file[$dataset]}"
  # Older than the freshness of its data set, not thirty times older.
  [ "$fault" != timeliness ] || touch -d "${late[$dataset]} ago" "$LANDING/${file[$dataset]}"
  sql - <<SQL
begin;
select rows_loaded from stellantis.ingest('$dataset') \\gset
select dimension, score from stellantis.assess_quality('staging.$dataset');
rollback;
SQL
}

for dataset in maintenance production; do
  scores "$dataset" none >"$CLUSTER/none"
  ok "$dataset: six dimensions are scored" is "$(cut -d'|' -f1 "$CLUSTER/none" | xargs)" "$dimensions"
  for fault in $dimensions; do scores "$dataset" "$fault" >"$CLUSTER/$fault"; done
  echo "# $dataset: change of each score (columns) by each fault (rows)"
  # shellcheck disable=SC2086 # one argument a word
  printf '%-14s' '# ' '' $dimensions | sed 's/ *$/\n/; s/^# *\( \{14\}\)/# \1/'
  for fault in $dimensions; do
    printf '# %-14s' "$fault"
    join -t'|' "$CLUSTER/none" "$CLUSTER/$fault" --nocheck-order | awk -F'|' '{ printf "%-14s", $2 == $3 ? "0" : sprintf("%+.6f", $3 - $2) }'
    echo
  done
  for fault in $dimensions; do
    ok "$dataset: the $fault fault lowers its own score" is "$(join -t'|' --nocheck-order "$CLUSTER/none" "$CLUSTER/$fault" | awk -F'|' -v own="$fault" '$1 == own { print $3 < $2 }')" 1
    ok "$dataset: it leaves the other five exactly" is "$(grep -v "^$fault|" "$CLUSTER/$fault")" "$(grep -v "^$fault|" "$CLUSTER/none")"
  done
  put "$CLUSTER/$dataset.csv" "${file[$dataset]}"
done

# The gate. A hundred energy readings are missing (cleaning leaves such rows out), and production must be better than that.
run() { psql -X -q -c 'set client_min_messages = notice' -c 'call stellantis.run_pipeline()' 2>&1 || true; }
# The SQL of the HINT of a message that contains $2, out of what psql said: the HINT stands in the line after it.
hint_after() { grep -A 2 -F "$2" <<<"$1" | sed -n 's/^HINT:  //p' | head -n 1; }
facts() {
  sql 'select (select count(*) from warehouse.fact_production_metrics), (select count(*) from warehouse.fact_machine_condition),
    (select count(*) from warehouse.fact_quality_inspection)'
}
python3 "$here/helpers/faults.py" production completeness "$CLUSTER/production.csv" "$CLUSTER/faulty.csv"
put "$CLUSTER/faulty.csv" "${file[production]}"
sql "update ops.dataset set min_score = 99.9 where dataset = 'production'"
said=$(run)
echo "# $(grep -F 'data set production' <<<"$said")"
ok "the file below the threshold is held, and the run says so" contains "$said" 'data set production: completeness scores 99.69, below 99.9 (worst column energy_kwh); 1 file(s) are held'
ok "it ends well" contains "$said" 'ended with success'
ok "the other three data sets went on, production did not" is "$(facts)" '0|10000|1567'
ok "the ledger says why and what to do" is "$(sql "select state, message is not null, hint is not null from ops.source_file where dataset = 'production'")" 'held|t|t'
ok "status() shows it" contains "$(sql "select state, what from stellantis.status() where area = 'quality'")" 'attention|1 files held'
hint=$(hint_after "$said" 'data set production')
accept=${hint%% -- *} withdraw=${hint##*take it out: }
echo "# HINT: $accept"
echo "# HINT: $withdraw"
ok "a second run leaves it held" contains "$(run)" '0 rows published'
ok "the command in status() shows the file" contains "$(sql "$(sql "select next_command from stellantis.status() where area = 'quality'")")" production_metrics.csv
ok "the first HINT runs: it releases one file" is "$(sql "$accept")" 1
said=$(run)
ok "the next run publishes its 1,250 whole rows" is "$(facts)" '1250|10000|1567'
ok "the acceptance is in the audit log" is "$(sql "select action, object_name, detail ->> 'reason' from ops.audit_log where action = 'accept_quality'")" 'accept_quality|production|why this is acceptable'

# The acceptance is for a time: after it, the gate stands again.
sql "update ops.quality_acceptance set valid_until = now()"
sed 's/480\.0/480.00/' "$CLUSTER/faulty.csv" >"$CLUSTER/again.csv"
put "$CLUSTER/again.csv" production/again.csv
said=$(run)
ok "once it has ended, a file below the threshold is held again" contains "$said" '1 file(s) are held'
hint=$(hint_after "$said" 'data set production')
sql "${hint##*take it out: }" >/dev/null
ok "the second HINT runs: the file is withdrawn" is "$(sql "select state from ops.source_file where path = 'production/again.csv'")" withdrawn
ok "nothing of it is left, the rest is there" is "$(facts)" '1250|10000|1567'

# The other two gates.
sql "update ops.dataset set gate = 'stop' where dataset = 'production'"
sed 's/480\.0/480.000/' "$CLUSTER/faulty.csv" >"$CLUSTER/again.csv"
put "$CLUSTER/again.csv" production/stopped.csv
said=$(sql_error 'call stellantis.run_pipeline()')
ok "gate 'stop' ends the run with 22000" contains "$said" 'ERROR:  22000:'
ok "nothing was published" is "$(sql "select count(*) from ops.source_file where path = 'production/stopped.csv' and published_at is null")" 1
hint=$(sed -n 's/^HINT:  //p' <<<"$said")
echo "# HINT: $hint"
sql "$hint" >/dev/null
ok "its HINT runs, and the resumed run publishes" contains "$(psql -X -q -c 'set client_min_messages = notice' -c 'call stellantis.run_pipeline(resume => true)' 2>&1)" 'ended with success'
ok "the day's facts are the new file's" is "$(sql "select count(*) from warehouse.fact_production_metrics f join ops.source_file s using (file_id) where s.path = 'production/stopped.csv'")" 1250
sql "update ops.dataset set gate = 'warn' where dataset = 'production'; update ops.quality_acceptance set valid_until = now()"
sed 's/480\.0/480.0000/' "$CLUSTER/faulty.csv" >"$CLUSTER/again.csv"
put "$CLUSTER/again.csv" production/warned.csv
said=$(run)
ok "gate 'warn' warns and goes on" contains "$said" 'WARNING:  data set production: completeness scores 99.69, below 99.9'
ok "and publishes" is "$(sql "select count(*) from warehouse.fact_production_metrics f join ops.source_file s using (file_id) where s.path = 'production/warned.csv'")" 1250
done_testing
