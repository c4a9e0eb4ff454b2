#!/usr/bin/env bash
# Files are UTF-8 whatever the client speaks: what is loaded and what is said of it arrive right under each encoding.
# shellcheck source=tests/cluster/lib.sh
. "$(dirname "$0")/lib.sh"
cluster_up
WORK=$CLUSTER/work
mkdir -p "$WORK"
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()'
sql "select stellantis.generate_dataset('vehicles', 60, 1)" >/dev/null
mv "$LANDING/vehicles/data.csv" "$WORK/good.csv"

for encoding in LATIN1:iso-8859-1 WIN1252:cp1252 SJIS:shift_jis UTF8:utf-8; do
  client=${encoding%:*} codec=${encoding#*:}
  # Shift JIS has no letters with diaeresis, so what is said of its file has Japanese ones.
  wrong=zwölf
  [ "$client" = SJIS ] && wrong=車
  python3 - "$WORK" "$client" "$wrong" <<'PY'
import csv, sys
work, client, wrong = sys.argv[1:]
rows = list(csv.reader(open(f"{work}/good.csv", encoding="utf-8", newline="")))
rows[1][0], rows[1][1] = "Citroën", f"Jumpy é 車 {client}"
rows[2][2] = wrong
csv.writer(open(f"{work}/{client}.csv", "w", encoding="utf-8", newline=""), lineterminator="\n").writerows(rows)
PY
  put "$WORK/$client.csv" "vehicles/$client.csv"
  ok "$client: the file is loaded" is "$(PGCLIENTENCODING=$client sql "select path, rows_loaded, rows_rejected, sqlstate from stellantis.ingest()")" \
    "vehicles/$client.csv|59|1|"
  ok "$client: its text is what the file says" is \
    "$(PGCLIENTENCODING=UTF8 sql "select make, model from staging.vehicle where model ~ '$client\$'")" "Citroën|Jumpy é 車 $client"
  ok "$client: what is said of the rejected row can be read" contains "$(PGCLIENTENCODING=$client sql "select r.message
    from ops.rejected_row r join ops.source_file f using (file_id) where f.path ~ '$client'" | iconv -f "$codec" -t utf-8)" "\"$wrong\" is not an integer"
  ok "$client: the session speaks it still, after a load that failed inside COPY too" is "$(PGCLIENTENCODING=$client sql - <<SQL | iconv -f "$codec" -t utf-8
create temporary table vehicle (like staging.vehicle including defaults, check (false));
do \$do\$ begin
  perform stellantis.load_zone_file((select max(file_id) from ops.source_file), 'vehicles', 'vehicles/$client.csv', stellantis.zone_sha256('vehicles/$client.csv'),
    (select columns::text from ops.dataset where dataset = 'vehicles'), '{}', 'pg_temp.vehicle', 100, 10);
  raise exception 'it was loaded';
exception when check_violation then
  null;
end \$do\$;
select count(*), pg_client_encoding(), convert_from('\x$(printf %s "$wrong" | od -An -tx1 | tr -d ' \n')', 'UTF8') from vehicle;
SQL
)" "0|$client|$wrong"
done
done_testing
