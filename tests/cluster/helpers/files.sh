# shellcheck shell=bash
# The four files in the landing zone; to be sourced after lib.sh.

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
