-- What cleaning changed in the generated files, by rule.
\set SHOW_CONTEXT never
set client_min_messages = warning;
select f.dataset, l.rule_id, t.kind, l.column_name, sum(l.rows_changed) as rows_changed
from ops.cleaning_log l join ops.source_file f using (file_id) join ops.transformation t using (rule_id)
where l.column_name is null or l.column_name !~ '^sensors' group by 1, 2, 3, 4 order by 1, 2, 4;
select dataset, rows_read, rows_loaded, rows_rejected, cleaned_at is not null as cleaned from ops.source_file order by dataset, file_id;
-- Staging keeps what came, the cleaned twin what counts; every difference is in the log.
select (select count(*) from staging.maintenance) as maintenance, (select count(*) from staging.clean_maintenance) as clean_maintenance,
    (select count(*) from staging.quality) as quality, (select count(*) from staging.clean_quality) as clean_quality,
    (select count(*) from staging.vehicle) as vehicle, (select count(*) from staging.clean_vehicle) as clean_vehicle,
    (select count(*) from staging.production) as production, (select count(*) from staging.clean_production) as clean_production;
-- The swapped timestamps of the inspections: repaired, marked, and in order.
select count(*) filter (where inspected_at_repaired) > 0 as repaired, bool_and(inspected_at >= before) as ascending
from (select inspected_at, inspected_at_repaired, lag(inspected_at, 1, '-infinity') over (order by file_id, line_number) as before from staging.clean_quality) q;
select count(*) as raw_steps_back from (select inspected_at < lag(inspected_at) over (order by file_id, line_number) as back from staging.quality) q where back
having count(*) = 0;
-- Nothing is left to clean, and a second call says so.
select * from stellantis.clean();
select * from stellantis.clean('maintenance');
select * from test.error('select * from stellantis.clean(''nothing'')');
