#!/usr/bin/env bash
# Installs the Debian packages that are missing, and nothing else.
# usage: scripts/packages.sh demo|test|lint
# The machine's own clusters are left alone: a PostgreSQL installed here comes without the `main` cluster.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

ROOT_COMMAND="$PROJECT/scripts/packages.sh ${1:-}"
build=(gcc libc6-dev postgresql-15 postgresql-server-dev-15)
case ${1:-} in
  demo) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" postgresql-15-cron python3 python3-psycopg2 sudo) ;;
  lint) wanted=("${build[@]}" python3 python3-venv shellcheck) ;;
  *) die "usage: scripts/packages.sh demo|test|lint" ;;
esac

missing=()
for package in "${wanted[@]}"; do
  # What a user built or installed another way (python3 of pyenv, gcc of a toolchain) is as good.
  case $package in
    gcc | python3 | sudo | shellcheck) command -v "$package" >/dev/null && continue ;;
  esac
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
need_rust() {
  command -v cargo >/dev/null || die "no Rust here. Install it from https://rustup.rs (1.89 or newer), then try again."
}
if [ ${#missing[@]} = 0 ]; then
  need_rust
  exit 0
fi

command -v apt-get >/dev/null || die "this machine has no apt-get; install by hand: ${missing[*]}"
say "Installing: ${missing[*]}"
apt() { as_root "installing ${missing[*]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }
install() { apt install -y -qq --no-install-recommends "$@" >/dev/null; }

apt update -qq
case " ${missing[*]} " in
  *" postgresql-15 "*)
    # A fresh postgresql-15 makes and starts a cluster `main`. Nobody asked for one: say no while it is installed.
    install postgresql-common
    drop_in=/etc/postgresql-common/createcluster.d/stellantis-no-main.conf
    as_root "installing postgresql-15" mkdir -p "${drop_in%/*}"
    trap 'as_root "tidying up" rm -f "$drop_in"' EXIT
    say "create_main_cluster = false" | as_root "installing postgresql-15" tee "$drop_in" >/dev/null
    ;;
esac
install "${missing[@]}"
need_rust
