#!/usr/bin/env bash
# The committed install script, sql/stellantis_analytics--X.sql, from the library's own metadata (needs cargo-pgrx).
# usage: scripts/schema.sh            write it, unless only the order of independent objects would change
#        scripts/schema.sh --check    compare: the difference is printed and the exit code is 1
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

script=$PROJECT/sql/$EXTENSION--$VERSION.sql
"$PROJECT/scripts/cargo_pgrx.sh" schema pg15 --release --out "$(target_dir)/schema.raw.sql" >&2

# Line numbers of the sources say nothing to a reader and change with every edit.
plain=$(target_dir)/schema.sql
sed -E -e 's/^(-- [A-Za-z0-9_./-]+\.rs):[0-9]+$/\1/' -e 's/[[:space:]]+$//' "$(target_dir)/schema.raw.sql" >"$plain"
[ "$(grep -c -iE '^ *create ' "$plain")" -gt 0 ] || die "the generated install script creates nothing"

# The order of objects that do not depend on each other follows the linker: compare the set of blocks.
blocks() {
  awk 'BEGIN { RS = "/\\* </end connected objects> \\*/\n?" } { gsub(/\n/, "\036"); print }' "$1" | sort
}
if [ -f "$script" ] && cmp -s <(blocks "$script") <(blocks "$plain"); then
  say "ok - $(basename "$script") is what the library says"
elif [ "${1:-}" = --check ]; then
  diff <(blocks "$script" 2>/dev/null | tr '\036' '\n') <(blocks "$plain" | tr '\036' '\n') | head -40 || true
  say "not ok - $(basename "$script") is not what the library says: run make schema and commit it"
  exit 1
else
  cp "$plain" "$script"
  say "wrote ${script#"$PROJECT"/}"
fi
