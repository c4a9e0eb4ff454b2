#!/usr/bin/env bash
# The warehouse is data: it stays and answers when the extension is dropped, and a dump restored into a fresh cluster is the
# same to the md5 of every column and goes on.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cluster/helpers/files.sh
. "$(dirname "$0")/helpers/files.sh"
here=$(dirname "$0")

run() { psql -X -q -c 'set client_min_messages = notice' -c 'call stellantis.run_pipeline()' 2>&1 || true; }
predictions() {
  sql "select md5(string_agg(stellantis.predict('maintenance', array[product_type, air_temperature_k, temperature_delta_k,
    rotational_speed_rpm, torque_nm, tool_wear_min, power_w, strain_min_nm])::text, ',' order by equipment_code)) from staging.features_maintenance"
}
# Rights, comments, keys, policies and settings of our objects, as text.
catalogue() {
  sql "select 'r', c.oid::regclass, c.relkind, pg_get_userbyid(c.relowner), c.relrowsecurity, obj_description(c.oid, 'pg_class'),
         (select string_agg(a::text, ',' order by a::text) from unnest(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::\"char\", c.relowner))) a)
    from pg_class c where c.relnamespace in (select oid from pg_namespace where nspname in ('staging', 'warehouse', 'marts', 'ops'))
  union all select 'c', conrelid::regclass, contype, conname, convalidated, pg_get_constraintdef(oid), '' from pg_constraint
    where connamespace in (select oid from pg_namespace where nspname in ('staging', 'warehouse', 'marts', 'ops'))
  union all select 'p', polrelid::regclass, polcmd, polname, polpermissive, pg_get_expr(polqual, polrelid), polroles::regrole[]::text from pg_policy" | LC_ALL=C sort
}

cluster_up work_mem=16MB
# A second cluster comes later; it goes whatever happens.
trap 'rc=$?; set +e; "$PROJECT/scripts/cluster.sh" remove "$CLUSTER/d" >/dev/null 2>&1; (exit $rc); teardown' EXIT
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
small_forest
lay_real_files || true
sql 'call stellantis.run_pipeline()' 2>/dev/null
md5s first
md5s first_private '{staging,ops}'
catalogue >"$CLUSTER/first_catalogue"
predicted=$(predictions)

# Nothing of the warehouse depends on the library.
ok "no table, view, trigger, function or policy depends on a member" is "$(psql -X -q -A -t -f "$here/helpers/depends.sql")" ''
sql 'create view public.dependent as select stellantis.version()'
ok "one that did would be found" contains "$(psql -X -q -A -t -f "$here/helpers/depends.sql")" 'view dependent depends on function stellantis.version()'
sql 'drop view public.dependent'
ok "no function outside the library speaks of it in its text" is "$(sql "select string_agg(oid::regprocedure::text, ', ') from pg_proc
  where pronamespace in (select oid from pg_namespace where nspname in ('staging', 'warehouse', 'marts', 'ops')) and prosrc ~ 'stellantis\\.'")" ''
ok "no column has a type of ours" is "$(sql "select string_agg(attrelid::regclass || '.' || attname, ', ') from pg_attribute a join pg_type t on t.oid = a.atttypid
  join pg_class c on c.oid = a.attrelid where t.typnamespace = 'stellantis'::regnamespace and c.relnamespace <> 'stellantis'::regnamespace")" ''

# Dump, restore into a fresh cluster with four jobs.
pg_dumpall --roles-only >"$CLUSTER/roles.sql"
ok "pg_dump says nothing" is "$(pg_dump -Fd -j 2 -f "$CLUSTER/dump" 2>&1)" ''
"$PROJECT/scripts/cluster.sh" start "$CLUSTER/d" fsync=off max_wal_size=4GB stellantis.landing_zone=@PLACE@/landing \
  stellantis.export_zone=@PLACE@/export >/dev/null
# Runs a command with the second cluster's PGHOST, PGPORT and LANDING.
in_restored() {
  (
    eval "$("$PROJECT/scripts/cluster.sh" env "$CLUSTER/d")"
    export LANDING=$SA_PLACE/landing
    "$@"
  )
}
# The superuser is in a fresh cluster already; every other line must run.
roles() { grep -vE '^CREATE ROLE postgres;' "$CLUSTER/roles.sql" | psql -X -q -v ON_ERROR_STOP=1 -d postgres -f - 2>&1; }
restore() { createdb test && pg_restore -j 4 --exit-on-error -d test "$CLUSTER/dump" 2>&1; }
ok "the roles are restored without a line" is "$(in_restored roles)" ''
ok "pg_restore -j 4 --exit-on-error says nothing" is "$(in_restored restore && echo restored)" restored
in_restored md5s restored
in_restored md5s restored_private '{staging,ops}'
in_restored catalogue >"$CLUSTER/restored_catalogue"
echo "# $(cat "$CLUSTER/first" "$CLUSTER/first_private" | wc -l) columns of $(cat "$CLUSTER/first" "$CLUSTER/first_private" | cut -d'|' -f1 | sort -u | wc -l) relations of four schemas compared"
ok "every count and md5 of warehouse and marts is equal" unchanged first restored
ok "and of staging and ops" unchanged first_private restored_private
ok "owners, rights, keys, checks, policies and comments are equal" unchanged first_catalogue restored_catalogue
ok "there are policies and rights among them" is "$(grep -c '^p|' "$CLUSTER/first_catalogue")" "$(sql 'select count(*) from pg_policy')"
in_restored psql -X -q -A -t -v ON_ERROR_STOP=1 -f "$here/reader_rights.sql" >"$CLUSTER/rights" 2>&1 || true
ok "the readers' rights hold there" contains "$(cat "$CLUSTER/rights")" 'rights hold'
ok "the model predicts the same there" is "$(in_restored predictions)" "$predicted"

# Life goes on there.
place=$(in_restored printenv SA_PLACE)
cp -a "$SA_PLACE/landing/." "$place/landing/"
said=$(in_restored run)
ok "run_pipeline() goes on there with 0 new files" contains "$said" '0 rows loaded from 0 files, 0 rows published'
ok "successfully" contains "$said" 'ended with success'
in_restored md5s restored
ok "and changes nothing" unchanged first restored
day=$(sql 'select min(production_date) + 10 from staging.production')
awk -F, -v OFS=, -v day="$day" 'NR == 1 { print; next } $1 == day { $14 -= 1; $15 += 1; print }' "$place/landing/production/production_metrics.csv" >"$CLUSTER/correction.csv"
in_restored put "$CLUSTER/correction.csv" production/correction.csv
ok "a new file is published there: sequences go on" contains "$(in_restored run)" '15 rows loaded from 1 files'
ok "its day is replaced" is "$(in_restored sql "select count(*) from warehouse.fact_production_metrics f join ops.source_file s using (file_id) where s.path like '%correction%'")" 15
ok "nothing crashed there" is "$(grep -E 'terminated by signal|PANIC|TRAP:' "$place/log")" ''

# The extension goes, without CASCADE; the data and the views stay.
ok "DROP EXTENSION without CASCADE works" is "$(sql 'drop extension stellantis_analytics' 2>&1)" ''
ok "nothing of the library is left" is "$(sql "select count(*) from pg_proc where pronamespace = to_regnamespace('stellantis')")" 0
md5s dropped
ok "marts and warehouse answer with the same md5s" unchanged first dropped
md5s dropped_private '{staging,ops}'
ok "staging and ops too" unchanged first_private dropped_private
sql 'create extension stellantis_analytics'
ok "CREATE EXTENSION and create_warehouse() again" contains "$(psql -X -q -c 'set client_min_messages = notice' -c 'call stellantis.create_warehouse()' 2>&1)" 'the warehouse is up to date'
md5s again
ok "change nothing" unchanged first again
ok "the model predicts the same" is "$(predictions)" "$predicted"
ok "run_pipeline() goes on with 0 new files" contains "$(run)" '0 rows loaded from 0 files, 0 rows published'
md5s again
ok "and changes nothing" unchanged first again
done_testing
