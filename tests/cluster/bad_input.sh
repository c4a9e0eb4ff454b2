#!/usr/bin/env bash
# What goes in wrong: each stop has an SQLSTATE, a sentence and a HINT that can be run, and leaves nothing half loaded.
# shellcheck source=tests/cluster/lib.sh
. "$(dirname "$0")/lib.sh"
cluster_up
WORK=$CLUSTER/work
mkdir -p "$WORK"

said='' hint=''
state_is() {
  local state
  state=$(sed -nE 's/^(psql:[^ ]* )?(ERROR|FATAL):  ([0-9A-Z]{5}): .*/\3/p' <<<"$said" | head -n 1)
  is "$state" "$1"
}
# fails NAME SQLSTATE PART_OF_THE_SENTENCE PART_OF_THE_HINT STATEMENT [psql argument...]
fails() {
  said=$(sql_error "$5" "${@:6}")
  hint=$(sed -n 's/^HINT:  //p' <<<"$said" | head -n 1)
  ok "$1: SQLSTATE $2" state_is "$2"
  ok "$1: says what" contains "$said" "$3"
  ok "$1: has a HINT" contains "${hint:-(none)}" "$4"
}
# The HINT of the last failure is a statement that runs, statement by statement as psql reads them.
hint_runs() { ok "$1: the HINT runs" runs "$hint" "${@:2}"; }
runs() {
  local out
  if out=$(sql - "${@:2}" <<<"$1" 2>&1 >/dev/null) && [ -n "$1" ]; then return; fi
  printf '# %s\n# %s\n' "$1" "${out//$'\n'/$'\n# '}"
  return 1
}
staged() {
  sql "select (select count(*) from staging.maintenance) || ' ' || (select count(*) from staging.quality) || ' '
    || (select count(*) from staging.vehicle) || ' ' || (select count(*) from staging.production)"
}
ledger() { sql "select file_id, dataset, path, state, rows_loaded from ops.source_file order by file_id"; }

# --- before there is a warehouse
sql 'create extension stellantis_analytics'
sql "create role visitor login" -d postgres
fails "no warehouse" 55000 "no warehouse" "CALL stellantis.create_warehouse();" "select * from stellantis.ingest()"
fails "no warehouse, the pipeline" 55000 "no warehouse" "CALL stellantis.create_warehouse();" "call stellantis.run_pipeline()"
fails "no warehouse, training" 55000 "no warehouse" "create_warehouse" \
  "select * from stellantis.train_forest('m', 'select 1 as a, true as b', 'b')"
fails "no warehouse, a prediction" 55000 "no warehouse" "create_warehouse" "select stellantis.predict('m', '{1}'::float8[])"
# The roles are made with the first warehouse, so there is nothing yet that could be granted.
fails "no warehouse, no rights" 55000 "no warehouse" "create_warehouse" "select * from stellantis.ingest()" -U visitor

# --- schemas of our names that are somebody else's
sql "create role somebody; create schema marts authorization somebody; create schema ops; create table ops.mine as select 1 as n"
before=$(sql "select nspname, pg_get_userbyid(nspowner) from pg_namespace where nspname !~ '^pg_' order by 1;
  select rolname from pg_roles order by 1; select oid::regclass from pg_class where relnamespace = 'ops'::regnamespace")
fails "foreign schemas" 42P06 "marts, ops" "ALTER SCHEMA marts RENAME TO marts_old;" "call stellantis.create_warehouse()"
ok "foreign schemas: nothing was changed" is "$(sql "select nspname, pg_get_userbyid(nspowner) from pg_namespace where nspname !~ '^pg_' order by 1;
  select rolname from pg_roles order by 1; select oid::regclass from pg_class where relnamespace = 'ops'::regnamespace")" "$before"
hint_runs "foreign schemas"
fails "the second foreign schema" 42P06 "not ours: ops;" "ALTER SCHEMA ops RENAME TO ops_old;" "call stellantis.create_warehouse()"
fails "foreign schemas are not dropped" 42P06 "not ours: ops;" "ALTER SCHEMA ops" "call stellantis.drop_warehouse('test')"
hint_runs "the second foreign schema"
ok "with them out of the way the warehouse is made" runs "call stellantis.create_warehouse();"
ok "what was renamed is whole" is "$(sql 'select n from ops_old.mine')" 1
fails "dropping it unasked" 22023 "confirm with the name" "CALL stellantis.drop_warehouse('test');" "call stellantis.drop_warehouse('tset')"
fails "dropping it with NULL" 22023 "confirm with the name" "CALL stellantis.drop_warehouse('test');" "call stellantis.drop_warehouse(null)"

# --- the landing zone
restart() {
  "$PROJECT/scripts/cluster.sh" stop "$CLUSTER/c" >/dev/null
  "$PROJECT/scripts/cluster.sh" start "$CLUSTER/c" >/dev/null
}
sed -i '/^stellantis.landing_zone/d' "$SA_PLACE/data/stellantis.conf"
restart
for call in "select * from stellantis.ingest()" "select * from stellantis.landing_files()" \
  "select * from stellantis.upload_file('maintenance', 'a.csv', 'x')" "select * from stellantis.generate_dataset('maintenance')"; do
  fails "zone unset, $(grep -oE '[a-z_]+\(' <<<"$call" | head -n 1))" 55000 "landing zone is not set" \
    "LOAD 'stellantis_analytics'; ALTER SYSTEM SET stellantis.landing_zone = '/srv/landing'; SELECT pg_reload_conf();" "$call"
done
unset_hint=$hint
fails "zone unset, the pipeline" 55000 ": the landing zone is not set" "ALTER SYSTEM SET stellantis.landing_zone" \
  "call stellantis.run_pipeline()"
ok "zone unset: the run is on record as failed" is "$(sql 'select state, sqlstate from ops.pipeline_run order by run_id desc limit 1')" "failed|55000"
ok "zone unset: status() names the way on" is \
  "$(sql "select state, next_command from stellantis.status() where area = 'landing'")" "error|$unset_hint"
ok "no error has an empty DETAIL" is "$(grep -c '^DETAIL:  $' <<<"$said" || true)" 0

# A fresh session has not loaded the library, so PostgreSQL does not know the setting: it says so.
said=$(sql_error "alter system set stellantis.landing_zone = '$LANDING'")
ok "ALTER SYSTEM in a fresh session: SQLSTATE 42704" state_is 42704
ok "ALTER SYSTEM in a fresh session: PostgreSQL's words" contains "$said" 'unrecognized configuration parameter "stellantis.landing_zone"'
ok "the documented form works" runs "${unset_hint//\/srv\/landing/$SA_PLACE/nowhere}"
sleep 0.3
fails "zone missing" 58P01 "landing zone $SA_PLACE/nowhere" "ALTER SYSTEM SET stellantis.landing_zone" "select * from stellantis.ingest()"
printf 'x\n' >"$SA_PLACE/nowhere"
fails "the zone is a file" 58030 "landing zone $SA_PLACE/nowhere" "choose another" "select * from stellantis.ingest()"
rm "$SA_PLACE/nowhere"
install -d -m 700 "$SA_PLACE/nowhere"
if [ "$(id -u)" = 0 ]; then
  fails "zone unreadable" 42501 "landing zone $SA_PLACE/nowhere" "operating system user" "select * from stellantis.ingest()"
  ok "zone unreadable: the HINT names the user" contains "$hint" "$(stat -c %U "$SA_PLACE/data")"
else
  echo "# skipped: whose directory is unreadable to the server needs root"
fi
rmdir "$SA_PLACE/nowhere"
said=$(sql_error "select stellantis.version(); set stellantis.landing_zone = '/etc'" -U visitor)
ok "a user's own zone: SQLSTATE 42501" state_is 42501
sql - <<<"load 'stellantis_analytics'; alter system set stellantis.landing_zone = '$LANDING'; select pg_reload_conf();" >/dev/null
sleep 0.3
# Set before the library is loaded it is a name like any other; the library then takes only what its setter may set.
sql "grant stellantis_loader to visitor"
ok "a user's zone set before loading is not taken" contains \
  "$(sql_error - -U visitor <<<"set stellantis.landing_zone = '/etc'; select count(*) from stellantis.landing_files();")" \
  'permission denied to set parameter "stellantis.landing_zone"'
ok "and the server's stands" is "$(sql - -U visitor <<<"set stellantis.landing_zone = '/etc'; select count(*) from stellantis.landing_files();" 2>/dev/null)" 0
sql "revoke stellantis_loader from visitor"

# --- files
sql "select stellantis.generate_dataset('maintenance', 60, 1)" >/dev/null
mv "$LANDING/maintenance/ai4i2020.csv" "$WORK/good.csv"
python3 - "$WORK" <<'PY'
import sys
work = sys.argv[1]
good = open(f"{work}/good.csv", "rb").read()
lines = good.split(b"\r\n")
assert lines[-1] == b"" and len(lines) == 62, len(lines)
def write(name, content):
    open(f"{work}/{name}", "wb").write(content)
def spoilt(count, first=10):
    out = list(lines)
    for i in range(first, first + count):
        cells = out[i].split(b",")
        cells[6] = b"12..5"
        out[i] = b",".join(cells)
    return out
one = spoilt(1)
write("one_bad.csv", b"\r\n".join(one))
write("one_bad.expected", b"11|%d|torque_nm|%s|type_float8|22P02" % (len(b"\r\n".join(one[:10])) + 2, one[10]))
write("many_bad.csv", b"\r\n".join(spoilt(30)))
write("empty.csv", b"")
write("header.csv", b"".join(b",".join(line.split(b",")[:3]) + b"\r\n" for line in lines[:-1]))
write("renamed.csv", good.replace(b"Torque [Nm]", b"Drehmoment", 1))
write("utf16.csv", good.decode("utf-8-sig").encode("utf-16"))
write("latin.csv", b"\r\n".join([lines[0], b"1,M\xe41,L" + b",1" * 11, b""]))
other = list(lines)
other[1] = other[2]
write("other.csv", b"\r\n".join(other))
PY
for file in empty header renamed one_bad many_bad; do put "$WORK/$file.csv" "maintenance/$file.csv"; done
sql "create table seen as select * from stellantis.ingest()"
refused() { # NAME FILE SQLSTATE SENTENCE HINT
  said=$(sql "select 'ERROR:  ' || coalesce(sqlstate, 'none') || ': ' || message || E'\nHINT:  ' || hint from seen where path = 'maintenance/$2'")
  hint=$(sed -n 's/^HINT:  //p' <<<"$said" | head -n 1)
  ok "$1: SQLSTATE $3" state_is "$3"
  ok "$1: says what and where" contains "$said" "$4"
  ok "$1: has a HINT" contains "${hint:-(none)}" "$5"
}
refused "an empty file" empty.csv 22P04 "maintenance/empty.csv: the file is empty" "header line"
refused "a header that does not fit" header.csv 22P04 "the header does not fit data set maintenance: missing" "SELECT jsonb_pretty(columns)"
hint_runs "a header that does not fit"
refused "too many rejects" many_bad.csv 22P04 "30 of 60 rows were rejected, more than the 3" "SELECT line_number"
hint_runs "too many rejects"
refused "a foreign header" renamed.csv 22P04 "torque_nm" "INSERT INTO ops.dataset_mapping"
mapping=$hint
ok "one bad row does not refuse its file" is "$(sql "select rows_read, rows_loaded, rows_rejected, sqlstate is null from seen where path = 'maintenance/one_bad.csv'")" "60|59|1|t"
ok "only its good rows are staged" is "$(staged)" "59 0 0 0"
ok "the bad row is kept: line, offset, column, bytes, rule, SQLSTATE" is \
  "$(sql "select line_number, byte_offset, column_name, convert_from(raw_line, 'UTF8'), rule, sqlstate from ops.rejected_row
    where file_id = (select file_id from seen where path = 'maintenance/one_bad.csv')")" "$(cat "$WORK/one_bad.expected")"
ok "its message names the value" contains "$(sql "select message from ops.rejected_row order by reject_id limit 1")" '12..5'
ok "rejects of the refused file are kept too" is "$(sql "select count(*) from ops.rejected_row
  where file_id = (select file_id from seen where path = 'maintenance/many_bad.csv')")" 30
ok "refused files are on record" is "$(sql "select path, state, sqlstate from ops.source_file where state <> 'loaded' order by path")" \
  "maintenance/empty.csv|refused|22P04
maintenance/header.csv|refused|22P04
maintenance/many_bad.csv|refused|22P04
maintenance/renamed.csv|refused|22P04"
ok "status() says so" is "$(sql "select state, next_command from stellantis.status() where area = 'landing'")" \
  "attention|SELECT * FROM stellantis.landing_files();"
ok "a second call does not try them again" is "$(sql 'select count(*) from stellantis.ingest()')" 0
ok "the raw file is as it was" cmp "$WORK/one_bad.csv" "$LANDING/maintenance/one_bad.csv"
hint=$mapping
hint_runs "a foreign header"
ok "after the mapping the file is taken" is "$(sql "select path, rows_loaded, sqlstate from stellantis.ingest() where path ~ 'renamed'")" "maintenance/renamed.csv|60|"

put "$WORK/utf16.csv" maintenance/utf16.csv
put "$WORK/latin.csv" maintenance/latin.csv
sql "drop table seen; create table seen as select * from stellantis.ingest()"
refused "a file in UTF-16" utf16.csv 22021 "not UTF-8" "iconv"
ok "a row that is not UTF-8 is kept with its bytes" is "$(sql "select line_number, column_name, rule, sqlstate, position('\xe4'::bytea in raw_line) from ops.rejected_row
  where file_id = (select file_id from seen where path = 'maintenance/latin.csv')")" "2|product_id|encoding|22021|4"

# --- a data set whose staging table is not what its columns say
sql "begin; create table mends as select dataset, columns, staging_table from ops.dataset where dataset = 'maintenance'; commit"
mend() {
  sql "update ops.dataset d set columns = m.columns, staging_table = m.staging_table from mends m where m.dataset = d.dataset"
  rm "$LANDING/maintenance/$1.csv"
}
spoil() { # NAME of a new file, SET clause
  sed "s/L47181/L4718$((++spoilt))/" "$WORK/good.csv" >"$WORK/$1.csv"
  put "$WORK/$1.csv" "maintenance/$1.csv"
  sql "update ops.dataset set $2 where dataset = 'maintenance'"
  sql "drop table seen; create table seen as select * from stellantis.ingest()"
}
spoilt=1
rows=$(staged)
spoil type "columns = (select jsonb_agg(case when c ->> 'name' = 'udi' then c || '{\"type\": \"bigint\"}' else c end) from jsonb_array_elements(columns) c)"
refused "another type" type.csv 42804 'column "udi" of staging.maintenance is of type integer, the data set'"'"'s columns say bigint' "SELECT dataset, jsonb_pretty(columns)"
hint_runs "another type"
mend type
spoil column "columns = columns || '{\"name\": \"shade\", \"type\": \"text\", \"required\": false}'"
refused "a column more" column.csv 42703 'staging.maintenance has no column "shade"' "ALTER TABLE staging.maintenance ADD COLUMN shade text;"
hint_runs "a column more"
sql "update ops.dataset set updated_at = now() where dataset = 'maintenance'"
ok "after its HINT the file is taken" is "$(sql "select path, rows_loaded, sqlstate from stellantis.ingest() where path ~ 'column'")" "maintenance/column.csv|60|"
sql "select stellantis.withdraw_file((select file_id from seen where path ~ 'column'), 'test')" >/dev/null 2>&1 || true
sql "select stellantis.withdraw_file(max(file_id), 'test') from ops.source_file where path ~ 'column' and state = 'loaded'" >/dev/null
sql "alter table staging.maintenance drop column shade"
mend column
for table in "staging.zz; drop" staging.zz nowhere.zz a.b.c '"' ""; do
  spoil table "staging_table = \$\$$table\$\$"
  refused "staging table '$table'" table.csv 42P01 "relation $table does not exist" "CALL stellantis.create_warehouse();"
  mend table
done
hint_runs "a staging table that is not there"
sql "drop table mends"
ok "none of them loaded a row" is "$(staged)" "$rows"

# --- what the COPY statement would refuse
sed "s/L47181/L47199/" "$WORK/good.csv" >"$WORK/direct.csv"
put "$WORK/direct.csv" maintenance/direct.csv
load="select * from stellantis.load_zone_file(1, 'maintenance', 'maintenance/direct.csv', stellantis.zone_sha256('maintenance/direct.csv'),
  (select columns::text from ops.dataset where dataset = 'maintenance'), '{}', 'staging.maintenance', 5, 10)"
fails "loading in a read-only transaction" 25006 "read-only transaction" "BEGIN READ WRITE;" "begin read only; $load"
hint_runs "loading in a read-only transaction"
sql "create table secured (like staging.maintenance); alter table secured enable row level security;
  alter table secured force row level security; create role cannot_pass login in role stellantis_pipeline;
  grant insert, select on secured to cannot_pass; grant execute on all functions in schema stellantis to cannot_pass;
  create policy own on secured using (true)"
fails "loading past row security" 0A000 "row level security" "ALTER TABLE secured NO FORCE" \
  "${load//staging.maintenance/secured}" -U cannot_pass
sql "drop owned by cannot_pass; drop role cannot_pass; drop table secured"
rm "$LANDING/maintenance/direct.csv"
ok "neither loaded a row" is "$(staged)" "$rows"

# --- what a file has and the table has not
sed -e 's/L47181/L47200/' -e $'s/\r$/,x\r/' -e '1s/,x\r$/,Colour of\tit\r/' "$WORK/good.csv" >"$WORK/more.csv"
put "$WORK/more.csv" maintenance/more.csv
said=$(PGOPTIONS="-c client_min_messages=notice" sql "select path, rows_loaded from stellantis.ingest()" 2>&1)
ok "a file with columns more is loaded" contains "$said" "maintenance/more.csv|60"
ok "and they are named" contains "$said" \
  "maintenance/more.csv: columns not loaded: Colour of it"
sql "select stellantis.withdraw_file(max(file_id), 'test') from ops.source_file where path ~ 'more'" >/dev/null
rm "$LANDING/maintenance/more.csv"
ok "withdrawn, its rows are gone" is "$(staged)" "$rows"

# --- a file that was loaded
put "$WORK/good.csv" maintenance/ai4i2020.csv
sql "select * from stellantis.ingest()" >/dev/null
rows=$(staged)
put "$WORK/good.csv" maintenance/copy.csv
ok "the same bytes under another name are found" contains \
  "$(sql "select state, reason from stellantis.landing_files() where path = 'maintenance/copy.csv'")" "loaded|the same bytes as maintenance/"
ok "they are not loaded again" is "$(sql 'select count(*) from stellantis.ingest()')" 0
ok "nor are any rows" is "$(staged)" "$rows"
touch "$LANDING/maintenance/ai4i2020.csv"
ok "a touched file is not loaded again" is "$(sql 'select count(*) from stellantis.ingest()')" 0
put "$WORK/other.csv" maintenance/ai4i2020.csv
ok "a changed file under an old name is seen" contains \
  "$(sql "select state, reason from stellantis.landing_files() where path = 'maintenance/ai4i2020.csv'")" "changed|file "
sql "drop table seen; create table seen as select * from stellantis.ingest()"
refused "a changed file" ai4i2020.csv 55000 "was loaded with other bytes as file" "stellantis.withdraw_file("
ok "a changed file: nothing is loaded" is "$(staged)" "$rows"
hint_runs "a changed file"
ok "after its HINT it is the new file that counts" is "$(sql "select state from ops.source_file where path = 'maintenance/ai4i2020.csv' order by file_id")" "withdrawn
loaded"
ok "no row is there twice" is "$(staged)" "$rows"
rm "$LANDING/maintenance/copy.csv"

# --- paths outside, and things that are not files
rows=$(staged)
for path in ../../../etc/passwd /etc/passwd maintenance/../../data/PG_VERSION .. "" maintenance//../../x; do
  fails "path '$path'" 42501 "does not lie inside the landing zone" "SELECT * FROM stellantis.landing_files();" "select stellantis.zone_sha256('$path')"
done
hint_runs "a path outside"
sql_error "select stellantis.write_zone_file('../outside/x.csv', 'x')" >/dev/null
sql_error "select stellantis.write_zone_file('$SA_PLACE/absolute/x.csv', 'x')" >/dev/null
not_ok "writing to a path outside makes no directory" test -e "$SA_PLACE/outside"
not_ok "nor does writing to an absolute one" test -e "$SA_PLACE/absolute"
mkdir "$SA_PLACE/elsewhere"
chown --reference="$LANDING" "$SA_PLACE/elsewhere"
ln -s "$SA_PLACE/elsewhere" "$LANDING/link"
fails "writing through a symbolic link" 42501 "symbolic link" "landing_files" "select stellantis.write_zone_file('link/made/x.csv', 'x')"
ok "makes nothing where it leads" is "$(ls -A "$SA_PLACE/elsewhere")" ""
rm "$LANDING/link"
sql "select stellantis.write_zone_file('made/of/parts.csv', 'x')" >/dev/null
ok "missing directories are made" is "$(cat "$LANDING/made/of/parts.csv")" x
ok "a written file has one name" is "$(stat -c %h "$LANDING/made/of/parts.csv"; ls -A "$LANDING/made/of")" "1
parts.csv"
ln -s nowhere "$LANDING/made/of/dangling.csv"
fails "writing onto a link that leads nowhere" 58P02 "nothing was overwritten" "landing_files" "select stellantis.write_zone_file('made/of/dangling.csv', 'x')"
fails "a name that is too long" 58030 "File name too long" "landing_files" "select stellantis.write_zone_file(repeat('x', 300), 'x')"
rm -r "$LANDING/made"
cp "$WORK/good.csv" "$SA_PLACE/secret.csv"
chown --reference="$LANDING" "$SA_PLACE/secret.csv"
ln -s "$SA_PLACE/secret.csv" "$LANDING/maintenance/link.csv"
ln -s "$SA_PLACE" "$LANDING/vehicles"
ln "$SA_PLACE/secret.csv" "$LANDING/maintenance/hard.csv"
mkfifo "$LANDING/maintenance/fifo.csv"
mkdir "$LANDING/maintenance/directory.csv"
chown -h --reference="$LANDING" "$LANDING"/maintenance/{link,fifo,directory}.csv "$LANDING/vehicles"
install -m 600 "$WORK/other.csv" "$LANDING/maintenance/unreadable.csv"
listed=$(timeout 20 psql -X -At -c "select path, state, reason from stellantis.landing_files() where state in ('refused', 'unknown')
  and path !~ '(empty|header|many_bad|utf16)' order by path") || listed="it hung"
wanted="maintenance/fifo.csv|refused|it is not a regular file
maintenance/hard.csv|refused|it has 2 names (hard links)
maintenance/link.csv|refused|it is a symbolic link"
if [ "$(id -u)" = 0 ]; then
  wanted+="
maintenance/unreadable.csv|refused|landing zone, maintenance/unreadable.csv: Permission denied (os error 13)"
fi
wanted+="
vehicles|refused|it is a symbolic link"
ok "links, FIFOs and unreadable files are listed as refused, with the reason" is "$listed" "$wanted"
for path in maintenance/link.csv vehicles/secret.csv; do
  fails "opening $path" 42501 "leads through a symbolic link" "landing_files" "select stellantis.zone_sha256('$path')"
done
started=$SECONDS
fails "opening a FIFO" 42809 "not a regular file" "Copy the file itself" "set statement_timeout = '10s'; select stellantis.zone_sha256('maintenance/fifo.csv')"
ok "opening a FIFO does not hang" test $((SECONDS - started)) -lt 8
fails "opening a hard link" 42809 "2 names" "Copy the file itself" "select stellantis.zone_sha256('maintenance/hard.csv')"
ok "nothing of these is loaded" is "$(timeout 20 psql -X -At -c 'select count(*) from stellantis.ingest()')" 0
if [ "$(id -u)" = 0 ]; then
  install -d -m 700 "$LANDING/closed"
  ok "a closed directory is listed and stops no one" contains \
    "$(sql_error "select path, state, reason from stellantis.landing_files() where path = 'closed'")" "closed|refused|"
  rmdir "$LANDING/closed"
fi
ok "and no row came" is "$(staged)" "$rows"
rm -r "$LANDING"/maintenance/{link,hard,fifo,directory,unreadable}.csv "$LANDING/vehicles"

# --- upload_file and generate_dataset
for name in ../x.csv /etc/x.csv sub/x.csv .hidden.csv x.txt x "" $'x\ty.csv' "x.csv " -rf.csv "$(printf 'x%.0s' {1..300}).csv"; do
  fails "upload_file, name '${name:0:12}'" 22023 "does not fit data set maintenance" "SELECT * FROM stellantis.landing_files();" \
    "select * from stellantis.upload_file('maintenance', '$name', 'x')"
done
sql "create role loader login in role stellantis_loader"
hint_runs "upload_file, a bad name, to whoever may upload" -U loader
fails "upload_file, no name" 22023 "does not fit" "SELECT * FROM stellantis.landing_files();" "select * from stellantis.upload_file('maintenance', null, 'x')"
fails "upload_file, unknown data set" 22023 'no data set "trucks"' "SELECT DISTINCT dataset FROM stellantis.landing_files();" "select * from stellantis.upload_file('trucks', 'x.csv', 'x')"
hint_runs "upload_file, unknown data set" -U loader
for content in "''" null; do
  fails "upload_file, content $content" 22023 "is empty" "Pass the bytes" "select * from stellantis.upload_file('maintenance', 'x.csv', $content)"
done
before=$(md5sum <"$LANDING/maintenance/ai4i2020.csv")
fails "upload_file onto a file" 58P02 "nothing was overwritten" "SELECT * FROM stellantis.landing_files();" \
  "select * from stellantis.upload_file('maintenance', 'ai4i2020.csv', 'x')"
hint_runs "upload_file onto a file"
ok "the file is as it was" is "$(md5sum <"$LANDING/maintenance/ai4i2020.csv")" "$before"
ln -s "$SA_PLACE" "$LANDING/quality"
fails "upload_file through a symbolic link" 42501 "symbolic link" "landing_files" "select * from stellantis.upload_file('quality', 'x.csv', 'x')"
not_ok "wrote nothing there" test -e "$SA_PLACE/x.csv"
rm "$LANDING/quality"
fails "generate_dataset onto a file" 58P02 "nothing was overwritten" "landing_files" "select * from stellantis.generate_dataset('maintenance')"
ok "the file is still as it was" is "$(md5sum <"$LANDING/maintenance/ai4i2020.csv")" "$before"
for arguments in "'trucks'" null "'production', 0" "'production', -1" "'production', 9223372036854775807" "'production', 9, 1, 2" "'production', 9, 1, 'NaN'"; do
  fails "generate_dataset($arguments)" 22023 "" "Give" "select * from stellantis.generate_dataset($arguments)"
done
ok "no temporary file is left" is "$(find "$LANDING" -name '.*' -o -name '*.tmp')" ""
ok "and no file that was refused" is "$(find "$LANDING" -name 'x*')" ""

# --- a user without rights, for every public call
sql "create role \"no body\" login; create table mine (a float8, b boolean); grant select on mine to \"no body\""
calls="select * from stellantis.ingest()
select * from stellantis.landing_files()
select * from stellantis.upload_file('maintenance', 'x.csv', 'x')
select * from stellantis.generate_dataset('maintenance')
select * from stellantis.assess_quality()
select * from stellantis.clean()
select * from stellantis.load_warehouse()
select * from stellantis.refresh_marts()
select * from stellantis.run_data_tests()
select * from stellantis.lineage()
select * from stellantis.lineage_mermaid()
select * from stellantis.withdraw_file(1, 'x')
select * from stellantis.remove_synthetic()
select * from stellantis.accept_quality(1, 'maintenance', 'x', now())
select * from stellantis.train_forest('m', 'mine', 'b')
select * from stellantis.predict('maintenance', '{1}'::float8[])
select * from stellantis.predict('maintenance', row(1))
select * from stellantis.predict_batch('maintenance', 'mine', 'a')
select * from stellantis.explain('maintenance', '{1}')
select * from stellantis.deploy_model('maintenance', 1)
select * from stellantis.rollback_model('maintenance')
select * from stellantis.model_metrics('maintenance')
select * from stellantis.feature_importance('maintenance')
call stellantis.predict_maintenance()
call stellantis.run_pipeline()
select * from stellantis.pipeline_begin(null, false)
select * from stellantis.pipeline_step_begin(1, 1)
select * from stellantis.pipeline_step(1, 1)
select * from stellantis.pipeline_step_end(1, 1, 'success', 1, null, null, null, null)
select * from stellantis.pipeline_end(1, 'success', null, null, null)
select * from stellantis.check_pipeline_call()
select * from stellantis.pipeline_status()
select * from stellantis.status()"
# Open to all because they only compute, or because they ask for a superuser (below).
harmless="version create_warehouse drop_warehouse kpi_add_pair kpi_add_minutes kpi_combine kpi_ratio kpi_factor_values kpi_summary"
ok "the list has every routine that is open to all" is "$(sql "select distinct p.proname from pg_proc p
  where p.pronamespace = 'stellantis'::regnamespace and p.prokind <> 'a' and has_function_privilege('no body', p.oid, 'execute')
    and p.proname <> all (string_to_array('$harmless', ' ')) order by 1")" "$(grep -oP '(?<=stellantis\.)[a-z_]+' <<<"$calls" | sort -u)"
before=$(ledger; sql 'select count(*) from ops.pipeline_run; select count(*) from ops.audit_log')
while read -r call; do
  fails "without rights: $call" 42501 'may not call stellantis.' 'GRANT stellantis_' "$call" -U "no body"
  hint_runs "without rights: $call"
  said=$(sql_error "begin; $call; rollback" -U "no body")
  not_ok "after its HINT: $call" grep -qE '42501|XX000' <<<"$said"
  sql "revoke stellantis_pipeline, stellantis_engineer, stellantis_loader, stellantis_manager, stellantis_executive from \"no body\"" 2>/dev/null
done <<<"$calls"
for call in "create_warehouse()" "drop_warehouse('test')"; do
  fails "without rights: $call" 42501 "needs a superuser" "CALL stellantis.$call;" "call stellantis.$call" -U "no body"
done
for name in do_ingest zone_files zone_sha256 load_zone_file write_zone_file generate_zone_file store_model_version set_deployed_version step_ingest_data; do
  ok "inner routine $name is closed" is "$(sql "select bool_or(has_function_privilege('no body', p.oid, 'execute')) from pg_proc p
    where p.pronamespace = 'stellantis'::regnamespace and p.proname = '$name'")" f
done
ok "none of it left a trace" is "$(ledger; sql 'select count(*) from ops.pipeline_run; select count(*) from ops.audit_log')" "$before"
not_ok "drop_warehouse dropped nothing" is "$(sql "select to_regnamespace('warehouse')")" ""

# --- a library and a warehouse of different versions
comment=$(sql "select obj_description('ops'::regnamespace)")
for call in "select * from stellantis.ingest()" "call stellantis.run_pipeline()" "select stellantis.predict('maintenance', '{1}'::float8[])" \
  "select * from stellantis.train_forest('m', 'mine', 'b')" "select * from stellantis.status()" "call stellantis.predict_maintenance()"; do
  sql "comment on schema ops is 'stellantis_analytics 0.0.9: operations'"
  fails "another version: $call" 55000 "the warehouse is of version 0.0.9, the library of version 0.1.0" "CALL stellantis.create_warehouse();" "$call"
done
hint_runs "another version"
ok "its HINT mends it" is "$(sql "select obj_description('ops'::regnamespace)")" "$comment"
sql "comment on schema ops is null"
fails "a warehouse without a version" 55000 "no warehouse" "CALL stellantis.create_warehouse();" "select * from stellantis.ingest()"
hint_runs "a warehouse without a version"
sql "update ops.schema_migration set checksum = repeat('0', 64) where migration_no = 3"
fails "a migration with another text" 55000 "0003_star.sql was applied with another text" "Install the release" "call stellantis.create_warehouse()"
sql "insert into ops.schema_migration values (9999, 'future', repeat('0', 64), '9.9.9')"
fails "a migration of a later release" 55000 "migration 9999" "ALTER EXTENSION stellantis_analytics UPDATE;" "call stellantis.create_warehouse()"
hint_runs "a migration of a later release"

# --- arguments: no call answers XX000 to NULL
while IFS='|' read -r name arguments; do
  said=$(sql_error "begin; select * from stellantis.$name($arguments); rollback")
  not_ok "$name($arguments) is no internal error" grep -q XX000 <<<"$said"
done < <(sql "select p.proname, (select string_agg('null::' || format_type(t, null), ', ' order by n)
  from unnest(p.proargtypes::oid[]) with ordinality as a (t, n)) from pg_proc p
  where p.pronamespace = 'stellantis'::regnamespace and p.prokind = 'f' and p.pronargs > 0 and 'record'::regtype <> all (p.proargtypes::oid[])
  order by 1, 2")
while read -r call; do
  said=$(sql_error "begin; $call; rollback")
  not_ok "no internal error: $call" grep -q XX000 <<<"$said"
  ok "an SQLSTATE of its own: $call" grep -qE '^ERROR:  (22|42)' <<<"$said"
done <<'CALLS'
select stellantis.kpi_add_pair('{1,null,3}', 1, 1)
select stellantis.kpi_add_minutes('{null}', 1, 1, 1, 1, 1)
select stellantis.kpi_combine('{1,null}', '{1,2}')
select stellantis.kpi_ratio('{null,1}')
select stellantis.kpi_factor_values('{1,2,null}')
select * from stellantis.train_forest('m', 'mine', 'b', array[null]::text[])
select * from stellantis.train_forest('m', 'mine', 'b', '{}')
select * from stellantis.train_forest('m', 'mine', 'b', null, '[]')
select * from stellantis.train_forest('m', 'mine', 'nothing')
select * from stellantis.train_forest('m', 'nowhere', 'b')
select * from stellantis.predict('nothing', '{1}'::float8[])
select * from stellantis.predict('nothing', row(1))
select * from stellantis.ingest('nothing')
select * from stellantis.clean('nothing')
select * from stellantis.assess_quality('pg_class')
select * from stellantis.load_warehouse('infinity')
select * from stellantis.load_warehouse('0001-01-01')
select * from stellantis.withdraw_file(-1, 'x')
select * from stellantis.deploy_model('maintenance', 7)
CALLS
fails "no deployed version" 55000 "no deployed version" "stellantis.train_forest('maintenance', 'staging.features_maintenance', 'machine_failure')" \
  "select stellantis.predict('maintenance', '{1}'::float8[])"
done_testing
