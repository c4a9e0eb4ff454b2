# shellcheck shell=bash
# What every script needs: the tree's root, the PostgreSQL it works with, a way to become root. To be sourced.
# shellcheck disable=SC2034   # used by those who source it

PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
EXTENSION=stellantis_analytics
PG_CONFIG=${PGRX_PG_CONFIG_PATH:-/usr/bin/pg_config}
VERSION=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version *= *"\(.*\)"/\1/p' "$PROJECT/Cargo.toml")
export PGRX_PG_CONFIG_PATH=$PG_CONFIG
# Without it cargo-pgrx passes a linker flag that plain cargo does not, and every dependency is built twice.
export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1
export RUST_BACKTRACE=0
# A rustup toolchain is often not on the path of a plain shell.
[ -d "$HOME/.cargo/bin" ] && PATH=$PATH:$HOME/.cargo/bin

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Runs a command as root: directly, or by sudo. The first argument says what it is for; ROOT_COMMAND is what root may
# run instead where neither goes.
as_root() {
  local purpose=$1
  shift
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    sudo "$@"
  else
    die "$purpose needs root, and sudo is not usable here. Run once as root: ${ROOT_COMMAND:-$*}"
  fi
}

target_dir() { say "${CARGO_TARGET_DIR:-$PROJECT/target}"; }
