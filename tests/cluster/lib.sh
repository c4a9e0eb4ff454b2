# shellcheck shell=bash
# Harness of the tests that need a whole server. To be sourced by tests/cluster/*.sh, each of which gets a throw-away
# cluster with checksums and a landing zone:
#
#   . "$(dirname "$0")/lib.sh"
#   cluster_up                              or: cluster_up max_connections=20 ...
#   ok "rows arrive" is "$(sql "select count(*) from t")" 3
#   done_testing
#
# It prints TAP lines (`ok 1 - name`, `not ok 2 - name`). Whatever happens, the cluster is taken down at the end, and the
# teardown is a test itself: no crash in the log, the server still answers, its postmaster has one thread.
set -euo pipefail
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CLUSTER=$(mktemp -d "${TMPDIR:-/tmp}/sa-test-XXXXXX")
LOG=
tests=0 failures=0

tap() {
  tests=$((tests + 1))
  if [ "$1" = ok ]; then
    echo "ok $tests - $2"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $2"
  fi
}
# Runs a command; the test passes if it ends with 0.
ok() {
  local name=$1
  shift
  if "$@"; then tap ok "$name"; else tap "not ok" "$name"; fi
}
# Runs a command; the test passes if it fails.
not_ok() {
  local name=$1
  shift
  if "$@"; then tap "not ok" "$name"; else tap ok "$name"; fi
}
is() {
  # With a number: a bare return in a trap tells the status from before the trap.
  [ "$1" = "$2" ] && return 0
  printf '# got      %s\n# expected %s\n' "${1//$'\n'/$'\n#          '}" "${2//$'\n'/$'\n#          '}"
  return 1
}
contains() {
  case $1 in *"$2"*) return 0 ;; esac
  printf '# no "%s" in: %s\n' "$2" "${1//$'\n'/$'\n# '}"
  return 1
}

# Unaligned answer of a query or script (standard input with `sql -`), errors verbose so that SQLSTATE and HINT show.
sql() {
  local from=(-c "$1")
  [ "$1" = - ] && from=(-f -)
  psql -X -A -t -q -v ON_ERROR_STOP=1 -v VERBOSITY=verbose "${@:2}" "${from[@]}"
}
# The same, for what is expected to fail: prints what it said, ends with 0.
sql_error() { sql "$@" 2>&1 || true; }

cluster_up() {
  "$PROJECT/scripts/cluster.sh" start "$CLUSTER/c" fsync=off stellantis.landing_zone=@PLACE@/landing \
    stellantis.export_zone=@PLACE@/export "$@" >/dev/null
  eval "$("$PROJECT/scripts/cluster.sh" env "$CLUSTER/c")"
  LANDING=$SA_PLACE/landing LOG=$SA_PLACE/log
  export PGDATABASE=test LANDING
  psql -X -q -d postgres -c 'create database test' -c "alter database test set client_min_messages = warning"
}
# The demo's own steps: extension, warehouse, the four files, one run.
warehouse_up() {
  sql 'create extension stellantis_analytics'
  sql 'call stellantis.create_warehouse()'
  for dataset in maintenance quality vehicles production; do
    sql "select stellantis.generate_dataset('$dataset', null, null)" >/dev/null
  done
  sql 'call stellantis.run_pipeline()' >/dev/null
}
# Puts a file into the landing zone, readable by the server: put FILE data_set/name.csv
put() {
  local owner
  owner=$(stat -c %u:%g "$LANDING")
  install -d -m 700 -o "${owner%:*}" -g "${owner#*:}" "$(dirname "$LANDING/$2")"
  install -m 600 -o "${owner%:*}" -g "${owner#*:}" "$1" "$LANDING/$2"
}
postmaster() { head -n 1 "$SA_PLACE/data/postmaster.pid"; }

crashed() { grep -E 'terminated by signal|PANIC|TRAP:' "$LOG"; }
one_thread() { is "$(awk '/^Threads:/ { print $2 }' "/proc/$(postmaster)/status")" 1; }

teardown() {
  local rc=$?
  trap - EXIT
  set +e
  if [ "$rc" != 0 ]; then tap "not ok" "the script came to its end (exit code $rc)"; fi
  if [ -n "$LOG" ]; then
    not_ok "nothing crashed" crashed
    ok "the server still answers" is "$(psql -X -At -d postgres -c 'select 1')" 1
    ok "the postmaster has one thread" one_thread
  fi
  "$PROJECT/scripts/cluster.sh" remove "$CLUSTER/c" >/dev/null
  rm -rf "$CLUSTER"
  echo "1..$tests"
  [ "$failures" = 0 ] && exit 0
  exit 1
}
trap teardown EXIT
done_testing() { exit 0; }
