#!/usr/bin/env bash
# Builds the extension and packs what a server needs, laid out to be unpacked at /.
# usage: scripts/package.sh
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

cd "$PROJECT"
major=$("$PG_CONFIG" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/')
name=$EXTENSION-$VERSION-pg$major-$(uname -m)
tree=build/$name
rm -rf "$tree"
scripts/install.sh --destdir "$tree"
install -D -m 644 LICENSE "$tree/usr/share/doc/$EXTENSION/LICENSE"
# Same content, same bytes: fixed order, owner and times.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct 2>/dev/null || echo 0)" \
  -C "$tree" -cf - -T <(cd "$tree" && find . -type f -printf '%P\n') | gzip -n >"build/$name.tar.gz"
rm -rf "$tree"
say "build/$name.tar.gz"
