#!/usr/bin/env bash
# scripts/cluster.sh itself: what it promises to the demo and to the other tests.
# shellcheck source=tests/cluster/lib.sh
. "$(dirname "$0")/lib.sh"
cluster_up "work_mem=7MB" "stellantis.note=it's kept"
cluster() { "$PROJECT/scripts/cluster.sh" "$@"; }

ok "it has data checksums" is "$(sql 'show data_checksums')" on
ok "it listens on no network" is "$(sql 'show listen_addresses')" ""
ok "settings are set" is "$(sql 'show work_mem')" 7MB
ok "a quote in a setting is kept" is "$(sql "select current_setting('stellantis.note')")" "it's kept"
ok "the landing zone is the server's to write" is "$(sql "copy (select 1) to '$LANDING/x.csv'" && ls "$LANDING")" x.csv
ok "only the owner enters the socket's directory" is "$(stat -c %a "$PGHOST")" 700
ok "a socket path fits into 107 bytes" test "$(printf %s "$PGHOST/.s.PGSQL.$PGPORT" | wc -c)" -le 107
ok "started twice, it is found running" contains "$(cluster start "$CLUSTER/c")" "running already"
cluster stop "$CLUSTER/c" >/dev/null
stopped() { cluster status "$CLUSTER/c" >/dev/null; }
not_ok "stopped, it has no status" stopped
ok "stopped twice, it says so" is "$(cluster stop "$CLUSTER/c")" "not running"
cluster start "$CLUSTER/c" >/dev/null
ok "started again, settings stay" is "$(sql 'show work_mem')" 7MB
done_testing
