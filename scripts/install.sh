#!/usr/bin/env bash
# Builds the extension with plain cargo and puts it into the system's PostgreSQL directories. Needs no cargo-pgrx.
# usage: scripts/install.sh [--no-build] [--destdir DIR]      --destdir: into a tree of its own, for a package
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

build=yes destdir=
ROOT_COMMAND="$PROJECT/scripts/install.sh --no-build"
while [ $# -gt 0 ]; do
  case $1 in
    --no-build) build=no; shift ;;
    --destdir) destdir=$(realpath -m "$2"); shift 2 ;;
    *) die "usage: scripts/install.sh [--no-build] [--destdir DIR]" ;;
  esac
done
[ -x "$PG_CONFIG" ] || die "no pg_config at $PG_CONFIG. Run scripts/packages.sh demo, or set PGRX_PG_CONFIG_PATH."

cd "$PROJECT"
# The features as cargo-pgrx names them, so that it finds this build and does not make its own.
major=$("$PG_CONFIG" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/')
[ $build = no ] || cargo build --release --no-default-features --features "pg$major"
library=$(target_dir)/release/lib$EXTENSION.so
script=sql/$EXTENSION--$VERSION.sql
[ -f "$library" ] || die "$library is missing: build first."
[ -f "$script" ] || die "$script is missing: make schema writes it."

control=$(mktemp)
trap 'rm -f "$control"' EXIT
sed "s/@CARGO_VERSION@/$VERSION/" $EXTENSION.control >"$control"

# Copies one file if it differs, so that a second run changes nothing and needs no root.
put() {
  local from=$1 to=$destdir$2
  cmp -s "$from" "$to" && return
  if [ -n "$destdir" ]; then
    install -D -m 644 "$from" "$to"
  else
    # Beside it, then renamed: a running server keeps the library that it has mapped.
    as_root "installing into ${2%/*}" install -m 644 "$from" "$to.new"
    as_root "installing into ${2%/*}" mv -f "$to.new" "$to"
  fi
  say "installed $to"
}
put "$library" "$("$PG_CONFIG" --pkglibdir)/$EXTENSION.so"
share=$("$PG_CONFIG" --sharedir)/extension
put "$control" "$share/$EXTENSION.control"
for file in sql/"$EXTENSION"--*.sql; do put "$file" "$share/${file##*/}"; done
