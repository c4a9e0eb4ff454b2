#!/usr/bin/env bash
# Runs cargo-pgrx of the version that Cargo.toml pins, installed into .tools/ at the first call, for the server's pg_config.
# usage: scripts/cargo_pgrx.sh test|schema|... [argument...]
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

cd "$PROJECT"
version=$(sed -n 's/^pgrx = .*version = "=\([0-9.]*\)".*/\1/p' Cargo.toml)
export PGRX_HOME=$PROJECT/.tools/pgrx
tool=$PROJECT/.tools/bin/cargo-pgrx

if [ "$("$tool" pgrx --version 2>/dev/null | awk '{ print $2 }')" != "$version" ]; then
  # Optimised it would be built for six minutes instead of two; its default features want the headers of OpenSSL.
  cargo install cargo-pgrx --version "=$version" --debug --locked --no-default-features --root "$PROJECT/.tools" --target-dir "$(target_dir)/tools" >&2
fi
if ! grep -qsF "$PG_CONFIG" "$PGRX_HOME/config.toml"; then
  mkdir -p "$PGRX_HOME"
  "$tool" pgrx init --pg15 "$PG_CONFIG" >&2
fi
exec "$tool" pgrx "$@"
