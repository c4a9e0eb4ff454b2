#!/usr/bin/env bash
# Readers: a user in each role lists the views of marts and nothing else, a manager sees the assigned lines only, money is for
# executive and bi, and nobody calls what is internal.
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/cluster/helpers/files.sh
. "$(dirname "$0")/helpers/files.sh"

cluster_up work_mem=16MB
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
small_forest
generate maintenance quality vehicles production
sql 'call stellantis.run_pipeline()' 2>/dev/null
for role in executive manager engineer loader bi; do
  sql "create role reader_$role login in role stellantis_$role"
done
sql 'create role nobody_at_all login'
sql "insert into ops.line_assignment (user_name, line_code) values ('reader_manager', 'L2'), ('reader_manager', 'L4')"
as() { PGUSER=$1 sql "$2"; }
as_error() { PGUSER=$1 sql_error "$2"; }

# What Power BI's Navigator lists.
every=$(sql "select string_agg(relname, ',' order by relname) from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'v'")
money=$(sql "select string_agg(distinct c.relname, ',' order by c.relname) from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'marts'::regnamespace and a.attnum > 0 and a.atttypid = 'numeric'::regtype")
plain=$(sql "select string_agg(v, ',' order by v) from unnest(string_to_array('$every', ',')) v where v <> all (string_to_array('$money', ','))")
echo "# money: $money"
listed="select string_agg(table_name, ',' order by table_name), string_agg(distinct table_schema, ','), string_agg(distinct table_type, ',')
  from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')"
for role in executive bi; do
  ok "$role lists exactly the views of marts" is "$(as reader_$role "$listed")" "$every|marts|VIEW"
done
for role in manager engineer; do
  ok "$role lists exactly the views of marts without money" is "$(as reader_$role "$listed")" "$plain|marts|VIEW"
done
for user in reader_loader nobody_at_all; do
  ok "$user lists nothing" is "$(as $user "$listed")" '||'
done
ok "marts holds views only" is "$(sql "select string_agg(distinct relkind::text, ',') from pg_class where relnamespace = 'marts'::regnamespace and relkind not in ('c', 't', 'i')")" v
for role in executive manager engineer bi; do
  answers=$(as reader_$role "select format('select %L where (select count(*) from marts.%I) = 0;', table_name, table_name) from information_schema.tables where table_schema = 'marts'" |
    PGUSER=reader_$role sql - 2>&1 | paste -sd' ' || true)
  echo "# $role: without rows: ${answers:-none}"
  ok "$role reads every view that is listed" is "$(grep -o 'ERROR: .*' <<<"$answers")" ''
done

# Money, by name and through a column that is asked for.
for view in ${money//,/ }; do
  for role in manager engineer loader; do
    ok "$role may not read $view" contains "$(as_error reader_$role "select * from marts.$view limit 1")" 'ERROR:  42501'
  done
done
ok "no column of what managers and engineers read speaks of money" is "$(as reader_manager "select string_agg(table_name || '.' || column_name, ',')
  from information_schema.columns where table_schema = 'marts' and column_name ~ 'cost|revenue|price|msrp|value\$'")" \
  "$(as reader_engineer "select string_agg(table_name || '.' || column_name, ',') from information_schema.columns
  where table_schema = 'marts' and data_type = 'numeric'")"

# A manager's lines.
lines() { as "$1" "select string_agg(distinct line_code, ',' order by line_code) from marts.$2"; }
for view in dim_production_line mart_oee_by_line mart_oee_daily mart_shift_performance mart_six_losses mart_maintenance_risk mart_simulation_baseline; do
  ok "a manager sees two lines in $view" is "$(lines reader_manager $view)" L2,L4
done
ok "an engineer sees five and the unknown one" is "$(lines reader_engineer dim_production_line)" L1,L2,L3,L4,L5,UNKNOWN
ok "facts of a manager are those of the two lines" is "$(as reader_manager 'select count(*) from marts.fact_production_metrics')" \
  "$(sql "select count(*) from warehouse.fact_production_metrics f join warehouse.dim_production_line l using (line_key) where l.line_code in ('L2', 'L4')")"
ok "also joined from a dimension that has no line" is "$(as reader_manager "select count(*) from marts.dim_date d join marts.fact_production_metrics f using (date_key) join marts.dim_vehicle v using (vehicle_key)")" \
  "$(as reader_manager 'select count(*) from marts.fact_production_metrics')"
ok "an outer join brings no other line" is "$(as reader_manager "select count(*), count(l.line_key) from generate_series(1, 5) n left join marts.dim_production_line l on l.line_code = 'L' || n")" '5|2'
# A function that tells what it is given, cheap enough to be asked before the policy, in the reader's own hands.
sql 'grant create on schema public to reader_manager'
# shellcheck disable=SC2016
as reader_manager 'create function public.tell(anyelement) returns boolean language plpgsql cost 0.0000001 as $$ begin raise warning $w$told %$w$, $1; return true; end $$'
told=$(as reader_manager 'select count(*) from marts.mart_oee_daily where public.tell(line_code)' 2>&1)
ok "a leaky function is told of the two lines only" is "$(grep -o 'told .*' <<<"$told" | sort -u | paste -sd,)" 'told L2,told L4'
told=$(as reader_manager 'select count(*) from marts.fact_production_metrics where public.tell(line_key)' 2>&1)
ok "also where the view joins no line" is "$(grep -o 'told .*' <<<"$told" | sort -u | paste -sd,)" \
  "$(sql "select string_agg('told ' || line_key, ',' order by 'told ' || line_key) from warehouse.dim_production_line where line_code in ('L2', 'L4')")"
told=$(as reader_manager 'select count(*) from marts.mart_maintenance_risk where public.tell(line_code)' 2>&1)
ok "and of machines" is "$(grep -o 'told .*' <<<"$told" | sort -u | paste -sd,)" 'told L2,told L4'
ok "a manager's map has the own lines only" is "$(as reader_manager "select string_agg(user_name || ' ' || line_code, ',' order by line_code) from marts.security_map")" 'reader_manager L2,reader_manager L4'
ok "becoming the views' owner is refused" contains "$(as_error reader_manager 'set role stellantis_marts')" 'ERROR:  42501'
ok "a manager without lines sees none" is "$(sql 'create role new_manager login in role stellantis_manager'; lines new_manager dim_production_line)" ''
ok "base tables are refused" contains "$(as_error reader_executive 'select * from warehouse.fact_production_metrics')" 'ERROR:  42501'
ok "partitions are refused" contains "$(as_error reader_executive "$(sql "select format('select * from %s', min(inhrelid::regclass::text)) from pg_inherits where inhparent = 'warehouse.fact_production_metrics'::regclass")")" 'ERROR:  42501'
ok "the rights of all of marts hold (reader_rights.sql)" contains "$(psql -X -q -A -t -f "$(dirname "$0")/reader_rights.sql" 2>&1)" 'rights hold'

# Who may call what.
for role in executive manager engineer loader bi; do
  ok "$role may call no internal function" is "$(sql "select string_agg(proname, ',') from pg_proc
    where pronamespace = 'stellantis'::regnamespace and (proname like 'do\_%' or proname like 'step\_%') and has_function_privilege('reader_$role', oid, 'execute')")" ''
done
ok "there are internal functions" test "$(sql "select count(*) from pg_proc where pronamespace = 'stellantis'::regnamespace and proname like 'do\_%'")" -gt 30
# Whoever adds a call that everybody may try adds it here, and makes it check its caller.
public=$(sort <<'LIST'
accept_quality
assess_quality
availability
check_pipeline_call
clean
create_warehouse
deploy_model
drop_warehouse
explain
feature_importance
generate_dataset
ingest
kpi_add_minutes
kpi_add_pair
kpi_combine
kpi_factor_values
kpi_ratio
kpi_summary
landing_files
lineage
lineage_mermaid
load_warehouse
model_metrics
oee
oee_summary
performance
pipeline_begin
pipeline_end
pipeline_status
pipeline_step
pipeline_step_begin
pipeline_step_end
predict
predict_batch
predict_maintenance
quality_ratio
refresh_marts
remove_synthetic
rollback_model
run_data_tests
run_pipeline
status
teep
train_forest
upload_file
version
withdraw_file
LIST
)
ok "PUBLIC may execute exactly the expected calls" is "$(sql "select distinct p.proname from pg_proc p
  cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  where p.pronamespace = 'stellantis'::regnamespace and a.grantee = 0 and a.privilege_type = 'EXECUTE'" | sort)" "$public"
# Each of them, as somebody who is nobody: refused with 42501, but what is harmless. A call that NULL alone cannot reach gets arguments.
harmless='availability kpi_add_minutes kpi_add_pair kpi_combine kpi_factor_values kpi_ratio kpi_summary oee oee_summary performance quality_ratio teep version'
declare -A arguments=([explain]="'maintenance', '{1,2,3,4,5,6,7,8}'" [predict]="'maintenance', '{1,2,3,4,5,6,7,8}'::float8[]"
  [predict_batch]="'maintenance', 'staging.features_maintenance', 'equipment_code'")
tried=0 let_in=
while IFS='|' read -r name verb nulls; do
  case " $harmless " in *" $name "*) continue ;; esac
  tried=$((tried + 1))
  said=$(as_error nobody_at_all "$verb stellantis.$name(${arguments[$name]:-$nulls})")
  case $said in *'ERROR:  42501'*) ;; *) let_in+="$name: $said"$'\n' ;; esac
done <<<"$(sql "select p.proname, case p.prokind when 'p' then 'call' else 'select' end,
    (select string_agg(format('null::%s', t.oid::regtype), ', ' order by t.n) from unnest(p.proargtypes::oid[]) with ordinality as t(oid, n))
  from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  where p.pronamespace = 'stellantis'::regnamespace and a.grantee = 0 order by 1")"
ok "each of the other calls ($tried) is refused to a user without rights with 42501" is "$let_in" ''
ok "they are more than thirty" test "$tried" -ge 30
said=$(as_error nobody_at_all 'call stellantis.run_pipeline()')
ok "with a HINT that can be run" contains "$said" 'HINT:  GRANT '
for role in executive manager engineer loader bi; do
  ok "$role may not change the warehouse" contains "$(as_error reader_$role 'select stellantis.remove_synthetic()')" 'ERROR:  42501'
done
done_testing
