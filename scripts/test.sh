#!/usr/bin/env bash
# Runs the tests and counts them; the last line is `N passed, N failed`. A failing suite does not stop the others.
# usage: scripts/test.sh [engine|pgrx|schema|regress|cluster|docs]...      without arguments: all, from nothing
# Logs stay in .test/. A suite in which no test ran counts as one failure.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$PROJECT"

suites=("$@")
[ $# -gt 0 ] || suites=(engine pgrx schema regress cluster docs)
wants() { case " ${suites[*]} " in *" $1 "*) ;; *) return 1 ;; esac; }

logs=$PROJECT/.test
mkdir -p "$logs"
passed=0 failed=0

# Adds one suite's counts and says how it went; on failure shows the end of its log.
tally() {
  local name=$1 log=$2 ok=$3 bad=$4 rc=$5
  if [ "$bad" = 0 ] && { [ "$rc" != 0 ] || [ "$ok" = 0 ]; }; then
    bad=1
    [ "$rc" = 0 ] && echo "no test ran" >>"$log"
  fi
  passed=$((passed + ok)) failed=$((failed + bad))
  printf '%-34s %4d passed, %d failed  (%d s)\n' "$name" "$ok" "$bad" $((SECONDS - began))
  [ "$bad" = 0 ] || { grep -E '^(not ok|test .*FAILED|.*panicked)' "$log" | head -20 || true; tail -n 25 "$log"; } | sed 's/^/    /'
  return 0
}

# Runs a command into a log; its exit code is in rc.
run() {
  local log=$1
  shift
  began=$SECONDS rc=0
  "$@" >"$log" 2>&1 </dev/null || rc=$?
}

count() { grep -cE "$1" "$2" || true; }
# cargo prints `test result: ok. 12 passed; 0 failed; ...` once for every test program.
cargo_sum() { grep -E '^test result:' "$2" | grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'; }
tally_cargo() { tally "$1" "$2" "$(cargo_sum passed "$2")" "$(cargo_sum failed "$2")" "$rc"; }
tally_tap() { tally "$1" "$2" "$(count '^ok ' "$2")" "$(count '^not ok ' "$2")" "$rc"; }

suite_engine() {
  run "$logs/engine.log" cargo test -p engine
  tally_cargo engine "$logs/engine.log"
}

suite_pgrx() {
  local options=() data
  if [ "$(id -u)" = 0 ]; then
    # PostgreSQL does not run as root: its files go to a place of user postgres.
    data=$(runuser -u postgres -- mktemp -d /tmp/sa-pgrx-XXXXXX)
    options=(--runas postgres --pgdata "$data/data")
  fi
  run "$logs/pgrx.log" scripts/cargo_pgrx.sh test pg15 "${options[@]}"
  tally_cargo pgrx "$logs/pgrx.log"
  [ -z "${data:-}" ] || rm -rf "$data"
  # It leaves its own debug build where the server looks for libraries.
  scripts/install.sh >"$logs/install.log" 2>&1
}

suite_schema() {
  run "$logs/schema.log" scripts/schema.sh --check
  tally_tap schema "$logs/schema.log"
}

suite_regress() {
  local inputs=tests/pg_regress log=$logs/regress.log tests
  rc=1 began=$SECONDS
  : >"$log"
  mapfile -t tests < <(find $inputs/sql -name '*.sql' -printf '%f\n' 2>/dev/null | sed 's/\.sql$//' | grep -vx setup | LC_ALL=C sort)
  [ ! -f $inputs/sql/setup.sql ] || tests=(setup "${tests[@]}")
  rm -f .test/regress.rc .test/regression.diffs
  scripts/cluster.sh remove .test/regress
  scripts/cluster.sh start .test/regress fsync=off stellantis.landing_zone=@PLACE@/landing >/dev/null
  (
    eval "$(scripts/cluster.sh env .test/regress)"
    createdb regression
    # shellcheck disable=SC2030
    export PGTZ=UTC PGDATESTYLE=ISO
    run "$log" "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/regress/pg_regress" --use-existing --dbname=regression \
      --inputdir=$inputs --outputdir=.test --bindir="$("$PG_CONFIG" --bindir)" "${tests[@]}"
    [ ! -s .test/regression.diffs ] || [ "$rc" = 0 ] || head -n 200 .test/regression.diffs >>"$log"
    echo "$rc $began" >.test/regress.rc
  )
  [ -f .test/regress.rc ] && read -r rc began <.test/regress.rc
  tally regress "$log" "$(count '^test .* \.\.\. ok' "$log")" "$(count '^test .* \.\.\. FAILED' "$log")" "$rc"
  scripts/cluster.sh remove .test/regress
}

suite_cluster() {
  local script name runner
  for script in tests/cluster/*.sh tests/cluster/*.py; do
    name=$(basename "$script")
    case $name in
      lib.sh | lib.py | '*.sh' | '*.py') continue ;;
      *.sh) runner=bash ;;
      *.py) runner=python3 ;;
    esac
    run "$logs/cluster_$name.log" timeout 900 $runner "$script"
    tally_tap "cluster/$name" "$logs/cluster_$name.log"
  done
}

suite_docs() {
  run "$logs/docs.log" python3 scripts/docs_test.py
  tally_tap docs "$logs/docs.log"
  grep '^skipped' "$logs/docs.log" || true
}

scripts/packages.sh test
if wants regress || wants cluster || wants docs; then
  began=$SECONDS
  say "building"
  if ! scripts/install.sh >"$logs/install.log" 2>&1; then
    tail -n 40 "$logs/install.log"
    say "0 passed, 1 failed"
    exit 1
  fi
  say "built and installed  ($((SECONDS - began)) s)"
fi
for suite in "${suites[@]}"; do
  case $suite in
    # Whatever goes wrong inside ends in the counts, not in the end of this script.
    engine | pgrx | schema | regress | cluster | docs) "suite_$suite" || true ;;
    *) die "no suite '$suite'; there are engine, pgrx, schema, regress, cluster, docs" ;;
  esac
done

say "$passed passed, $failed failed"
[ "$failed" = 0 ]
