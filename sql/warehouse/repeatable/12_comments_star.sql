-- run as: owner
-- Comments on warehouse. A column without an entry takes the comment of its namesake in staging.

do $comments$
declare
    v_object record;
begin
    for v_object in
    with described as (
        select * from (values
        ('dim_plant', null, 'Plants. Key -1 is Unknown.'),
        ('dim_date', null, 'Calendar without gaps; the key is yyyymmdd.'),
        ('dim_production_line', null, 'Production lines, slowly changing (type 2). Key -1 is Unknown.'),
        ('dim_equipment', null, 'Machines, slowly changing (type 2). Key -1 is Unknown.'),
        ('dim_vehicle', null, 'Vehicles, slowly changing (type 2). Key -1 is Unknown.'),
        ('dim_shift', null, 'Shifts. Key -1 is Unknown.'),
        ('dim_quality_defect', null, 'Defects: none, unattributed, or the sensor that deviates most (an association). Key -1 is Unknown.'),
        ('fact_production_metrics', null, 'Production: a row a date, line, shift, machine and vehicle; partitioned by month.'),
        ('fact_machine_condition', null, 'Machine readings.'),
        ('fact_quality_inspection', null, 'Inspections.'),
        ('fact_cost_of_quality', null, 'Cost of quality by date, line, category and element.'),
        ('ml_maintenance_predictions', null, 'Predicted failures: a row a machine, date and model version.'),
        ('quality_metrics_log', null, 'Data-quality scores: a row a rule, and one a dimension (rule_id NULL).'),
        ('agg_line_day', null, 'Sums a day and line of fact_production_metrics.'),
        ('*', 'plant_key', 'Key of the plant.'),
        ('*', 'plant_code', 'Code of the plant.'),
        ('*', 'plant_name', 'Name of the plant.'),
        ('*', 'country_code', 'Country, ISO 3166.'),
        ('*', 'time_zone', 'Time zone (IANA name).'),
        ('*', 'created_at', 'Time the row was made.'),
        ('*', 'updated_at', 'Time the row last changed.'),
        ('*', 'date_key', 'Date as yyyymmdd.'),
        ('*', 'full_date', 'Date.'),
        ('*', 'year', 'Year.'),
        ('*', 'quarter', 'Quarter, 1-4.'),
        ('*', 'month', 'Month, 1-12.'),
        ('*', 'month_name', 'Month, English.'),
        ('*', 'day_of_month', 'Day of the month.'),
        ('*', 'day_of_year', 'Day of the year.'),
        ('*', 'iso_year', 'Year of the ISO week.'),
        ('*', 'iso_week', 'ISO week.'),
        ('*', 'iso_day_of_week', 'Day of the week, Monday 1.'),
        ('*', 'day_name', 'Day of the week, English.'),
        ('*', 'is_weekend', 'Saturday or Sunday.'),
        ('*', 'first_day_of_month', 'First day of the month.'),
        ('*', 'year_month', 'Month as yyyy-mm.'),
        ('*', 'line_key', 'Key of the line''s version.'),
        ('*', 'line_id', 'Durable number of the line, the same in all versions.'),
        ('*', 'line_name', 'Name of the line.'),
        ('*', 'is_inferred', 'Made from a code met in data; master data are missing.'),
        ('*', 'valid_from', 'First day of the version.'),
        ('*', 'valid_to', 'Day after the last day of the version.'),
        ('*', 'is_current', 'Newest version.'),
        ('*', 'equipment_key', 'Key of the machine''s version.'),
        ('*', 'equipment_id', 'Durable number of the machine.'),
        ('*', 'equipment_type', 'Type of the machine.'),
        ('*', 'is_line_assumed', 'The line is derived from the code, not observed.'),
        ('*', 'vehicle_key', 'Key of the vehicle''s version.'),
        ('*', 'vehicle_id', 'Durable number of the vehicle.'),
        ('*', 'is_stellantis_brand', 'The make is a Stellantis brand.'),
        ('*', 'shift_key', 'Key of the shift.'),
        ('*', 'shift_name', 'Name of the shift.'),
        ('*', 'start_time', 'Start, local time.'),
        ('*', 'end_time', 'End, local time.'),
        ('*', 'defect_key', 'Key of the defect.'),
        ('*', 'defect_code', 'Code of the defect.'),
        ('*', 'defect_name', 'Name of the defect.'),
        ('*', 'defect_category', 'Category of the defect.'),
        ('*', 'severity', 'Severity, 0 none to 5.'),
        ('*', 'metric_id', 'Number of the record.'),
        ('*', 'shift_start', 'Start of the shift, local time.'),
        ('*', 'ideal_run_minutes', 'Ideal time of all units (PRI x PQ), minutes.'),
        ('*', 'ideal_good_minutes', 'Ideal time of the good units (PRI x GQ), minutes: fully productive time.'),
        ('*', 'revenue', 'Good units x unit price, plant currency: production value, not sales.'),
        ('*', 'availability', 'Run time / planned busy time, of this row only.'),
        ('*', 'performance', 'Ideal time / run time, of this row only; above 1 the ideal cycle is generous.'),
        ('*', 'quality_ratio', 'Ideal time of good units / ideal time, of this row only.'),
        ('*', 'oee', 'Fully productive time / planned busy time, of this row only: never average it.'),
        ('*', 'sensors_measured', 'Sensor values present.'),
        ('*', 'sensors_missing', 'Empty sensor cells.'),
        ('*', 'is_passed', 'The inspection passed.'),
        ('*', 'leading_sensor_z', 'Robust z of the leading sensor: how far it deviates from the passed inspections.'),
        ('*', 'cost_category', 'prevention, appraisal, internal failure or external failure.'),
        ('*', 'cost_element', 'Element of the category.'),
        ('*', 'amount', 'Amount, plant currency.'),
        ('*', 'failure_probability_pct', 'Probability of failure, percent.'),
        ('*', 'threshold_pct', 'Probability from which a failure is predicted, percent.'),
        ('*', 'predicted_failure', 'The probability reaches the threshold.'),
        ('*', 'health_score', '100 less the probability of failure in percent.'),
        ('*', 'risk_band', 'good (health 80 and more), watch (60), plan (40), act, or failed.'),
        ('*', 'log_id', 'Running number.'),
        ('*', 'run_id', 'Run that measured.'),
        ('*', 'table_name', 'Table measured.'),
        ('*', 'column_name', 'Column concerned; of a dimension''s row its worst column.'),
        ('*', 'dimension', 'completeness, uniqueness, validity, consistency, accuracy or timeliness.'),
        ('*', 'rule_id', 'Rule; NULL on the row of a whole dimension.'),
        ('*', 'rows_checked', 'Values or rows checked.'),
        ('*', 'rows_failed', 'Of these failed.'),
        ('*', 'score', '100 x (1 - failed / checked); NULL where nothing was checked.'),
        ('*', 'status', 'pass, warn, fail, error or skipped.'),
        ('*', 'message', 'Error or remark.'),
        ('*', 'measured_at', 'Time of the measurement.')
         ) as t(relation, column_name, comment)
    ), relations as (
        select c.oid, n.nspname, c.relname, c.relkind
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'warehouse' and c.relkind in ('r', 'p', 'v') and not c.relispartition
           and pg_catalog.pg_get_userbyid(c.relowner) = current_user
    ), wanted as (
        select r.*, 0 as attnum, null::name as attname, d.comment
          from relations r join described d on d.relation = r.relname and d.column_name is null
        union all
        select r.*, a.attnum, a.attname, coalesce(own.comment, shared.comment, same_name.comment)
          from relations r
          join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
          left join described own on own.relation = r.relname and own.column_name = a.attname
          left join described shared on shared.relation = '*' and shared.column_name = a.attname
          left join lateral (select pg_catalog.col_description(b.attrelid, b.attnum) as comment
                               from pg_catalog.pg_attribute b
                               join pg_catalog.pg_class bc on bc.oid = b.attrelid
                              where bc.relnamespace in (pg_catalog.to_regnamespace('staging')) and bc.relkind in ('r', 'p', 'v') and b.attname = a.attname
                                and pg_catalog.col_description(b.attrelid, b.attnum) is not null
                              order by 1, bc.relname limit 1) as same_name on true
    )
    select w.nspname, w.relname, w.relkind, w.attname, w.comment
      from wanted w
     where w.comment is distinct from
           case w.attnum when 0 then pg_catalog.obj_description(w.oid, 'pg_class') else pg_catalog.col_description(w.oid, w.attnum) end
       and w.comment is not null
     order by w.relname, w.attnum
    loop
        if v_object.attname is null then
            execute format('comment on %s %I.%I is %L', case v_object.relkind when 'v' then 'view' else 'table' end,
                           v_object.nspname, v_object.relname, v_object.comment);
        else
            execute format('comment on column %I.%I.%I is %L', v_object.nspname, v_object.relname, v_object.attname, v_object.comment);
        end if;
    end loop;
end
$comments$;
