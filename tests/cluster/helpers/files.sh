# shellcheck shell=bash
# The four files in the landing zone, and what two looks at the warehouse have in common; to be sourced after lib.sh.

# The public maintenance and quality files where STELLANTIS_REAL_DATA has them (then it ends with 0), the rest generated.
lay_real_files() {
  local real=${STELLANTIS_REAL_DATA:-} rc=0
  if [ -f "$real/maintenance/ai4i2020.csv" ] && [ -f "$real/quality/uci-secom.csv" ]; then
    put "$real/maintenance/ai4i2020.csv" maintenance/ai4i2020.csv
    put "$real/quality/uci-secom.csv" quality/uci-secom.csv
    generate vehicles production
  else
    generate maintenance quality vehicles production
    rc=1
  fi
  return $rc
}
generate() {
  local dataset
  for dataset; do
    sql "select path from stellantis.generate_dataset('$dataset', null, null)" >/dev/null
  done
}
# A forest of ten trees, where the test is not about the forest.
small_forest() { sql "update ops.model set params = '{\"n_estimators\": 10}' where model = 'maintenance'"; }
# The md5 of every column of warehouse and marts, or of other schemas, into a file: md5s NAME ['{staging,ops}']
md5s() {
  psql -X -q -A -t -v ON_ERROR_STOP=1 ${2:+-v "schemas=$2"} -f "$PROJECT/tests/cluster/helpers/md5.sql" >"$CLUSTER/$1"
}
# Passes if both files say the same; else prints the lines that differ: unchanged NAME NAME
unchanged() {
  diff "$CLUSTER/$1" "$CLUSTER/$2" >"$CLUSTER/differences" && return 0
  sed -n 's/^[<>]/# &/p' "$CLUSTER/differences" | head -40
  return 1
}
