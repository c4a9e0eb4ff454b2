#!/usr/bin/env bash
# The four files from nothing to KPIs, and once more: a second run finds nothing new and changes no value anywhere,
# updated_at included; nor does a second create_warehouse().
# shellcheck source=tests/cluster/lib.sh
. "$(dirname "$0")/lib.sh"
cluster_up
warehouse_up

# One line a relation: its name, its rows, the md5 of all values of all columns.
fingerprint() {
  sql - <<'SQL'
select format('select %L || count(*) || '' '' || coalesce(md5(string_agg(t::text, chr(10) order by t::text collate "C")), '''') from %I.%I as t',
              n.nspname || '.' || c.relname || ' ', n.nspname, c.relname)
  from pg_class as c
  join pg_namespace as n on n.oid = c.relnamespace
 where n.nspname in ('warehouse', 'marts') and c.relkind in ('r', 'p', 'v', 'm')
 order by n.nspname, c.relname
\gexec
SQL
}

ok "the run ended well" is "$(sql "select state from ops.pipeline_run order by run_id desc limit 1")" success
ok "four files are published" is \
  "$(sql "select count(*) from ops.source_file where state = 'loaded' and published_at is not null")" 4
ok "1,350 facts" is "$(sql 'select count(*) from warehouse.fact_production_metrics')" 1350
ok "a prediction for each of 10,000 machines" is "$(sql 'select count(*) from marts.mart_maintenance_risk')" 10000
ok "every blocking test passes" is \
  "$(sql "select count(*) from marts.mart_data_tests where status in ('fail', 'error', 'not run')")" 0

before=$(fingerprint)
ok "there is something to compare" test "$(wc -l <<<"$before")" -gt 40
sql 'call stellantis.run_pipeline()' >/dev/null 2>&1
ok "a second run ends well" is "$(sql "select state from ops.pipeline_run order by run_id desc limit 1")" success
ok "it loads no file" is "$(sql 'select count(*) from ops.source_file')" 4
ok "it changes no value" is "$(fingerprint)" "$before"
sql 'call stellantis.create_warehouse()' >/dev/null 2>&1
ok "create_warehouse() again changes no value" is "$(fingerprint)" "$before"
done_testing
