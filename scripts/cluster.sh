#!/usr/bin/env bash
# A private PostgreSQL cluster that belongs to one directory and to nobody else.
# usage: scripts/cluster.sh start DIR [name=value...]   create it if need be, start it if it does not run; settings are kept
#        scripts/cluster.sh stop|status|remove DIR
#        scripts/cluster.sh env DIR                     PGHOST, PGPORT, PGUSER and SA_PLACE as shell assignments
#        scripts/cluster.sh psql DIR [argument...]
# PostgreSQL does not run as root: then the cluster runs as user postgres in a place that postgres can read, noted in
# DIR/where. Otherwise it runs as oneself in DIR. @PLACE@ in a setting's value stands for that place.
# It listens on a socket in a directory that only its owner (and root) can enter, so `trust` lets nobody else in.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

usage() { die "usage: scripts/cluster.sh start|stop|status|env|psql|remove DIR [argument...]"; }
[ $# -ge 2 ] || usage
action=$1 dir=$(realpath -m "$2")
shift 2
[ -x "$PG_CONFIG" ] || die "no PostgreSQL: $PG_CONFIG is missing. Run scripts/packages.sh demo."
bin=$("$PG_CONFIG" --bindir)
owner=$(id -un)
[ "$(id -u)" = 0 ] && owner=postgres

# As the cluster's owner, from a directory that the owner can enter, with nothing of our environment.
as_owner() {
  local clean=(env -i "PATH=$bin:/usr/sbin:/usr/bin:/sbin:/bin" LANG=C.UTF-8 RUST_BACKTRACE=0)
  if [ "$(id -u)" = 0 ]; then
    (cd / && runuser -u postgres -- "${clean[@]}" "$@")
  else
    (cd / && "${clean[@]}" "$@")
  fi
}

place() { cat "$dir/where" 2>/dev/null; }
exists() { [ -f "$(place)/data/PG_VERSION" ]; }
runs() { exists && as_owner pg_ctl -D "$(place)/data" status >/dev/null; }
known() { exists || die "no cluster in $dir. Start one: scripts/cluster.sh start $dir"; }

# The directory of the socket: short, since a socket's path may have 107 bytes, and made anew if /tmp was emptied.
socket_dir() {
  local home=$1 socket
  socket=$(cat "$home/socket" 2>/dev/null || true)
  if [ "$(stat -c %U "$socket" 2>/dev/null)" != "$owner" ]; then
    socket=$(as_owner mktemp -d /tmp/sa-XXXXXX)
    say "$socket" | as_owner tee "$home/socket" >/dev/null
  fi
  say "$socket"
}

free_port() {
  local port
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 10000))
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { say "$port"; return; }
  done
  die "found no free port"
}

create() {
  mkdir -p "$dir"
  local home=$dir
  if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || die "no user postgres. Run scripts/packages.sh demo."
    home=$(as_owner mktemp -d /var/lib/postgresql/stellantis-XXXXXX)
  fi
  chmod 700 "$home"
  as_owner mkdir -p "$home/landing" "$home/export"
  as_owner initdb -D "$home/data" -U postgres --auth-local=trust --auth-host=scram-sha-256 \
    --data-checksums --encoding=UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 \
    || { tail -5 "$dir/initdb.log" >&2; die "initdb failed, see $dir/initdb.log"; }
  free_port | as_owner tee "$home/port" >/dev/null
  say "include_if_exists = 'stellantis.conf'" | as_owner tee -a "$home/data/postgresql.conf" >/dev/null
  say "$home" >"$dir/where"
}

# Writes the settings given; without any, those of the last start stay.
settings() {
  local home=$1 socket=$2 file=$1/data/stellantis.conf pair value
  shift 2
  if [ $# = 0 ] && [ -f "$file" ]; then
    local kept
    kept=$(grep -v '^unix_socket_directories ' "$file")
    printf "unix_socket_directories = '%s'\n%s\n" "$socket" "$kept" | as_owner tee "$file" >/dev/null
    return
  fi
  {
    say "unix_socket_directories = '$socket'"
    say "unix_socket_permissions = 0700"
    say "listen_addresses = ''"
    say "port = $(cat "$home/port")"
    for pair; do
      value=${pair#*=}
      value=${value//@PLACE@/$home}
      say "${pair%%=*} = '${value//\'/\'\'}'"
    done
  } | as_owner tee "$file" >/dev/null
}

case $action in
  start)
    exists || create
    home=$(place)
    [ "$(stat -c %U "$home/data")" = "$owner" ] || die "the cluster in $dir belongs to $(stat -c %U "$home/data"), not to $owner."
    if runs; then
      say "running already in $home"
    else
      socket=$(socket_dir "$home")
      settings "$home" "$socket" "$@"
      as_owner pg_ctl -D "$home/data" -l "$home/log" -w -t 60 start >/dev/null \
        || { tail -5 "$home/log" >&2; die "the cluster did not start, see $home/log"; }
      say "started in $home"
    fi
    ;;
  stop)
    known
    if runs; then
      as_owner pg_ctl -D "$(place)/data" -m fast -w stop >/dev/null
      say "stopped"
    else
      say "not running"
    fi
    ;;
  status)
    if runs; then
      say "running in $(place)"
    else
      say "not running"
      exit 3
    fi
    ;;
  env)
    known
    home=$(place)
    printf 'export PGHOST=%q PGPORT=%q PGUSER=postgres SA_PLACE=%q\n' "$(cat "$home/socket")" "$(cat "$home/port")" "$home"
    ;;
  psql)
    known
    home=$(place)
    exec "$bin/psql" -h "$(cat "$home/socket")" -p "$(cat "$home/port")" -U postgres "$@"
    ;;
  remove)
    if exists; then
      ! runs || as_owner pg_ctl -D "$(place)/data" -m fast -w stop >/dev/null
      home=$(place)
      socket=$(cat "$home/socket" 2>/dev/null || true)
      case $socket in /tmp/sa-*) rm -rf "$socket" ;; esac
      rm -rf "${home:?}/data" "${home:?}/landing" "${home:?}/export" "$home/log" "$home/port" "$home/socket"
      # A place that was made for the cluster goes whole, with whatever was put beside it.
      case $home in /var/lib/postgresql/stellantis-*) rm -rf "$home" ;; esac
    fi
    rm -f "$dir/where" "$dir/initdb.log" "$dir/code"
    rmdir "$dir" 2>/dev/null || true
    ;;
  *) usage ;;
esac
