-- One fault for each built-in data test, put into a loaded star from outside and undone again.
-- Run by psql as a superuser after a pipeline run. Prints a row a test: caught, the failing keys, and what else failed.
\set ON_ERROR_STOP 1
set search_path = pg_catalog, pg_temp;
set client_min_messages = warning;

create temporary table fault (test_no integer primary key, statement text not null);
create temporary table outcome (test_no integer, test_name text, caught boolean, rows_failed bigint, keys text, also_failed text);

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

do $run$
declare
    v_fault record;
    v_test record;
    v_found record;
    v_name text;
    v_rows bigint;
    v_keys text;
    v_also text;
begin
    -- Foreign keys are checked by triggers; without them the tests have to see the orphans.
    set local session_replication_role = replica;
    for v_fault in select f.test_no, f.statement from pg_temp.fault f order by f.test_no loop
        v_name := null; v_rows := 0; v_keys := null; v_also := null;
        begin
            execute v_fault.statement;
            for v_test in select t.test_no, t.test_name, t.failing_rows from ops.data_test t where t.is_active order by t.test_no loop
                execute format('select count(*) as n, string_agg(key, '', '' order by key) filter (where no <= 3) as keys '
                               'from (select key, row_number() over (order by key) as no from (%s) as x) as y', v_test.failing_rows)
                   into v_found;
                if v_test.test_no = v_fault.test_no then
                    v_name := v_test.test_name; v_rows := v_found.n; v_keys := v_found.keys;
                elsif v_found.n > 0 then
                    v_also := concat_ws(', ', v_also, v_test.test_no);
                end if;
            end loop;
            raise exception using errcode = 'ZZ001', message = 'undo';
        exception when sqlstate 'ZZ001' then
            insert into pg_temp.outcome values (v_fault.test_no, v_name, v_rows > 0, v_rows, v_keys, v_also);
        end;
    end loop;
end
$run$;

table outcome;
select count(*) as tests, count(*) filter (where caught) as caught from outcome;
