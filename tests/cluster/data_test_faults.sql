-- One fault for each built-in data test, put into a loaded star from outside and undone again.
-- Run by psql as a superuser after a pipeline run, best with a cleaned file that waits for its publication.
-- Prints a row a test: its number, name, whether the failing rows are exactly the injected ones, how many they are, the
-- first of them, the numbers of other tests that failed too, and what load_warehouse() did with the fault in place:
-- 'refused' by this test, 'refused: ...' by something else, 'mended' (published, and the fault was gone), or 'published'.
\set ON_ERROR_STOP 1
set search_path = pg_catalog, pg_temp;
set client_min_messages = warning;

create temporary table fault (test_no integer primary key, statement text not null);
create temporary table injected (test_no integer primary key, keys text not null);
create temporary table outcome (test_no integer, test_name text, caught boolean, rows_failed bigint, keys text, also_failed text,
                                publication text);

-- Constraints that would refuse the fault are dropped with it, and come back with it.
create function pg_temp.unguard(p_table regclass, p_kinds text) returns void language plpgsql as $$
declare
    v_name name;
begin
    for v_name in select conname from pg_constraint where conrelid = p_table and strpos(p_kinds, contype::text) > 0 loop
        execute format('alter table %s drop constraint %I', p_table, v_name);
    end loop;
end
$$;

insert into fault values
(1, $$select pg_temp.unguard('warehouse.fact_production_metrics', 'u');
      insert into warehouse.fact_production_metrics (plant_key, date_key, line_key, equipment_key, vehicle_key, shift_key, shift_start,
          calendar_minutes, planned_busy_minutes, run_minutes, setup_minutes, delay_minutes, down_minutes, ideal_run_minutes,
          ideal_good_minutes, repair_minutes, produced_units, good_units, scrap_units, rework_units, failure_count, downtime_reason,
          energy_kwh, material_cost, scrap_cost, revenue, file_id)
      select plant_key, date_key, line_key, equipment_key, vehicle_key, shift_key, shift_start,
          calendar_minutes, planned_busy_minutes, run_minutes, setup_minutes, delay_minutes, down_minutes, ideal_run_minutes,
          ideal_good_minutes, repair_minutes, produced_units, good_units, scrap_units, rework_units, failure_count, downtime_reason,
          energy_kwh, material_cost, scrap_cost, revenue, file_id
        from warehouse.fact_production_metrics order by metric_id limit 1$$),
(2, $$delete from warehouse.dim_date where full_date = '2012-02-29'$$),
(3, $$drop index warehouse.dim_production_line_current;
      insert into warehouse.dim_production_line (line_id, line_code, line_name, plant_key) select 9999, 'L1', 'again', 1$$),
(4, $$drop index warehouse.dim_equipment_current;
      insert into warehouse.dim_equipment (equipment_id, equipment_code, equipment_type, line_key)
      select 99999999, equipment_code, 'again', -1 from warehouse.dim_equipment where equipment_key > 0 order by equipment_key limit 1$$),
(5, $$drop index warehouse.dim_vehicle_current;
      insert into warehouse.dim_vehicle (vehicle_id, vehicle_code, make, model)
      select 99999999, vehicle_code, 'again', 'again' from warehouse.dim_vehicle where vehicle_key > 0 order by vehicle_key limit 1$$),
(6, $$select pg_temp.unguard('warehouse.dim_shift', 'u');
      insert into warehouse.dim_shift (shift_code, shift_name, start_time, end_time) values ('EARLY', 'again', '06:00', '14:00')$$),
(7, $$alter table warehouse.fact_production_metrics alter column updated_at drop not null;
      update warehouse.fact_production_metrics set updated_at = null
       where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(8, $$alter table warehouse.ml_maintenance_predictions alter column created_at drop not null;
      update warehouse.ml_maintenance_predictions set created_at = null
       where equipment_key = (select min(equipment_key) from warehouse.ml_maintenance_predictions)$$),
(9, $$alter table warehouse.quality_metrics_log alter column measured_at drop not null;
      update warehouse.quality_metrics_log set measured_at = null where log_id = (select min(log_id) from warehouse.quality_metrics_log)$$),
(10, $$update warehouse.fact_production_metrics set plant_key = 9999
       where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(11, $$update warehouse.fact_production_metrics set line_key = 9999
       where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(12, $$update warehouse.fact_production_metrics set equipment_key = 99999999
       where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(13, $$update warehouse.fact_production_metrics set vehicle_key = 99999999
       where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(14, $$update warehouse.fact_production_metrics set shift_key = 9999
       where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(15, $$update warehouse.fact_quality_inspection set defect_key = 99999
       where line_number = (select min(line_number) from warehouse.fact_quality_inspection)$$),
(16, $$insert into warehouse.ml_maintenance_predictions (equipment_key, date_key, model_version, score_basis, failure_probability_pct,
           threshold_pct, predicted_failure, failure_recorded, health_score, risk_band)
       select 99999999, min(date_key), 1, 'unseen', 10, 50, false, false, 90, 'good' from warehouse.dim_date$$),
(17, $$select pg_temp.unguard('warehouse.fact_production_metrics', 'c');
       update warehouse.fact_production_metrics set repair_minutes = -1
        where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(18, $$update warehouse.fact_production_metrics set ideal_run_minutes = run_minutes * 2
        where metric_id = (select min(metric_id) from warehouse.fact_production_metrics where run_minutes > 0)$$),
(19, $$update warehouse.dim_vehicle set vehicle_code = 'no code'
        where vehicle_key = (select min(v.vehicle_key) from warehouse.dim_vehicle v where v.vehicle_key > 0 and not v.is_inferred
                                and not exists (select from warehouse.fact_production_metrics f where f.vehicle_key = v.vehicle_key))$$),
(20, $$select pg_temp.unguard('warehouse.dim_quality_defect', 'c');
       update warehouse.dim_quality_defect set severity = 9 where defect_code = 'S000'$$),
(21, $$select pg_temp.unguard('warehouse.ml_maintenance_predictions', 'c');
       update warehouse.ml_maintenance_predictions set failure_probability_pct = 120, health_score = -20, predicted_failure = true
        where equipment_key = (select min(equipment_key) from warehouse.ml_maintenance_predictions)$$),
(22, $$select pg_temp.unguard('warehouse.quality_metrics_log', 'c');
       update warehouse.quality_metrics_log set dimension = 'beauty'
        where log_id = (select min(log_id) from warehouse.quality_metrics_log where rule_id is null)$$),
(23, $$update warehouse.fact_production_metrics set scrap_units = scrap_units + 1
        where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(24, $$alter table warehouse.fact_production_metrics alter column oee drop expression;
       update warehouse.fact_production_metrics set oee = 0.123
        where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(25, $$update warehouse.ml_maintenance_predictions set predicted_failure = not predicted_failure
        where equipment_key = (select min(equipment_key) from warehouse.ml_maintenance_predictions)$$),
(26, $$select pg_temp.unguard('warehouse.dim_equipment', 'x');
       insert into warehouse.dim_equipment (equipment_id, equipment_code, equipment_type, line_key, valid_from, valid_to, is_current)
       select equipment_id, equipment_code, equipment_type, line_key, '2019-01-01', '2020-01-01', false
         from warehouse.dim_equipment where equipment_key > 0 order by equipment_key limit 1$$),
(27, $$delete from staging.clean_production where ctid = (select min(ctid) from staging.clean_production)$$),
(28, $$update ops.source_file set loaded_at = '2000-01-01'$$),
(29, $$update warehouse.agg_line_day set good_units = good_units + 1
        where (date_key, line_key) = (select date_key, line_key from warehouse.agg_line_day order by 1, 2 limit 1)$$),
(30, $$update warehouse.dim_equipment set line_key = case line_key when 1 then 2 else 1 end
        where equipment_key = (select min(f.equipment_key) from warehouse.fact_production_metrics f
                                 join warehouse.dim_equipment e on e.equipment_key = f.equipment_key and not e.is_line_assumed)$$),
(31, $$update warehouse.fact_production_metrics set calendar_minutes = 1
        where metric_id = (select min(metric_id) from warehouse.fact_production_metrics where planned_busy_minutes > 10)$$),
(32, $$update warehouse.fact_production_metrics set shift_start = shift_start + interval '2 days'
        where metric_id = (select min(metric_id) from warehouse.fact_production_metrics)$$),
(33, $$delete from warehouse.fact_machine_condition
        where line_number = (select min(line_number) from warehouse.fact_machine_condition)$$),
(34, $$delete from warehouse.dim_plant where plant_key = -1$$);

-- The keys that each fault makes fail: a query, asked before the fault is put in.
insert into injected values
(1, $$select concat_ws('/', date_key, line_key, shift_key, equipment_key, vehicle_key) from warehouse.fact_production_metrics order by metric_id limit 1$$),
(2, $$select '20120301'$$),
(3, $$select 'L1'$$),
(4, $$select equipment_code from warehouse.dim_equipment where equipment_key > 0 order by equipment_key limit 1$$),
(5, $$select vehicle_code from warehouse.dim_vehicle where vehicle_key > 0 order by vehicle_key limit 1$$),
(6, $$select 'shift EARLY'$$),
(15, $$select concat_ws(':', file_id, line_number) from warehouse.fact_quality_inspection order by line_number limit 1$$),
(16, $$select '99999999/' || min(date_key) || '/1' from warehouse.dim_date$$),
(18, $$select format('file %s, %s, metric %s', file_id, date_key, metric_id) from warehouse.fact_production_metrics where run_minutes > 0 order by metric_id limit 1$$),
(19, $$select min(v.vehicle_key)::text from warehouse.dim_vehicle v where v.vehicle_key > 0 and not v.is_inferred
        and not exists (select from warehouse.fact_production_metrics f where f.vehicle_key = v.vehicle_key)$$),
(20, $$select 'defect S000'$$),
(9, $$select min(log_id)::text from warehouse.quality_metrics_log$$),
(22, $$select min(log_id)::text from warehouse.quality_metrics_log where rule_id is null$$),
-- The key that the identity column gives next; asking takes one.
(26, $$select 'equipment ' || (nextval(pg_get_serial_sequence('warehouse.dim_equipment', 'equipment_key')) + 1)$$),
(27, $$select format('metric %s of file %s has no row in staging', f.metric_id, f.file_id)
         from staging.clean_production s
         join warehouse.dim_date d on d.full_date = s.production_date
         join warehouse.dim_production_line l on l.line_code = s.line_code
         join warehouse.dim_shift h on h.shift_code = s.shift_code
         join warehouse.fact_production_metrics f using (date_key, line_key, shift_key)
        where s.ctid = (select min(ctid) from staging.clean_production)$$),
(28, $$select 'data set ' || dataset from ops.dataset where is_active$$),
(29, $$select date_key || '/' || line_key from warehouse.agg_line_day order by date_key, line_key limit 1$$),
(30, $$select format('file %s, %s, metric %s', file_id, date_key, metric_id) from warehouse.fact_production_metrics
        where equipment_key = (select min(f.equipment_key) from warehouse.fact_production_metrics f
                                 join warehouse.dim_equipment e on e.equipment_key = f.equipment_key and not e.is_line_assumed)$$),
(31, $$select format('file %s, %s, metric %s', file_id, date_key, metric_id) from warehouse.fact_production_metrics where planned_busy_minutes > 10 order by metric_id limit 1$$),
(33, $$select format('maintenance file %s: %s rows in staging, %s facts', file_id, count(*), count(*) - 1)
         from warehouse.fact_machine_condition group by file_id$$),
(34, $$select 'dim_plant'$$);
insert into injected
select n, $$select format('file %s, %s, metric %s', file_id, date_key, metric_id) from warehouse.fact_production_metrics order by metric_id limit 1$$ from unnest('{7,10,11,12,13,14,17,23,24,32}'::integer[]) as n
union all
select n, 'select concat_ws(''/'', equipment_key, date_key, model_version) from warehouse.ml_maintenance_predictions order by equipment_key limit 1'
  from unnest('{8,21,25}'::integer[]) as n;

do $run$
declare
    v_fault record;
    v_test record;
    v_found text[];
    v_injected text[];
    v_left bigint;
    v_outcome pg_temp.outcome;
    v_date constant date := (select max(r.logical_date) from ops.pipeline_run r);
begin
    -- Foreign keys are checked by triggers; without them the tests have to see the orphans.
    set local session_replication_role = replica;
    for v_fault in select f.test_no, f.statement, i.keys from pg_temp.fault f join pg_temp.injected i using (test_no) order by f.test_no loop
        v_outcome := null;
        v_outcome.test_no := v_fault.test_no;
        execute format('select array_agg(x.key order by x.key) from (%s) as x(key)', v_fault.keys) into v_injected;
        begin
            execute v_fault.statement;
            for v_test in select t.test_no, t.test_name, t.failing_rows from ops.data_test t where t.is_active order by t.test_no loop
                execute format('select coalesce(array_agg(x.key order by x.key), ''{}'') from (%s) as x', v_test.failing_rows) into v_found;
                if v_test.test_no = v_fault.test_no then
                    v_outcome.test_name := v_test.test_name;
                    v_outcome.caught := v_found = v_injected;
                    v_outcome.rows_failed := cardinality(v_found);
                    v_outcome.keys := array_to_string(v_found[1:3], ', ');
                elsif v_found <> '{}' then
                    v_outcome.also_failed := concat_ws(', ', v_outcome.also_failed, v_test.test_no);
                end if;
            end loop;
            begin
                perform l.relation from stellantis.load_warehouse(v_date) as l;
                execute format('select count(*) from (%s) as x', (select t.failing_rows from ops.data_test t where t.test_no = v_fault.test_no)) into v_left;
                v_outcome.publication := case v_left when 0 then 'mended' else 'published' end;
            exception when others then
                v_outcome.publication := case
                    when sqlstate = '23000' and strpos(sqlerrm, v_outcome.test_name) > 0 then 'refused'
                    else format('refused: %s [%s]', sqlerrm, sqlstate) end;
            end;
            raise exception using errcode = 'ZZ001', message = 'undo';
        exception when sqlstate 'ZZ001' then
            insert into pg_temp.outcome values (v_outcome.*);
        end;
    end loop;
end
$run$;

select test_no, test_name, caught, rows_failed, keys, also_failed, publication from outcome order by test_no;
