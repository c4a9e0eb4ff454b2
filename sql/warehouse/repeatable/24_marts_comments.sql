-- run as: marts
-- Comments on marts, the text that reports show. A column without an entry takes the comment of its namesake in the star, in ops or
-- in staging.

do $comments$
declare
    v_object record;
begin
    for v_object in
    with described as (
        select * from (values
        ('data_freshness', null, 'Each data set: files, rows, last arrival, and whether published data were written by our generators.'),
        ('dim_plant', null, 'Plants.'),
        ('dim_date', null, 'Calendar without gaps, with offsets from today in the plant.'),
        ('dim_production_line', null, 'Production lines and their versions; a manager sees the assigned ones.'),
        ('dim_equipment', null, 'Machines and their versions.'),
        ('dim_vehicle', null, 'Vehicles and their versions; list prices are in dim_vehicle_price.'),
        ('dim_shift', null, 'Shifts.'),
        ('dim_quality_defect', null, 'Defects; a sensor is an association, not a cause.'),
        ('fact_production_metrics', null, 'Production records: additive minutes and counts. Compute ratios from sums.'),
        ('fact_machine_condition', null, 'Machine readings.'),
        ('fact_quality_inspection', null, 'Inspections; sum failed_units and inspected_units.'),
        ('fact_maintenance_prediction', null, 'Predictions: a row a machine, date and model version.'),
        ('security_map', null, 'Lines a login may see, for row-level security inside a Power BI model.'),
        ('mart_oee_by_line', null, 'OEE and its factors of each line over all days, from sums, with the sums.'),
        ('mart_oee_daily', null, 'OEE and its factors of each day and line, from sums, with the sums.'),
        ('mart_shift_performance', null, 'OEE and its factors of each line and shift, from sums, with the sums.'),
        ('mart_six_losses', null, 'Six big losses of each line; with the fully productive time they add up to planned busy time.'),
        ('mart_downtime_pareto', null, 'Down time by main reason, largest first.'),
        ('mart_simulation_baseline', null, 'Sums of each line that a what-if changes and divides again.'),
        ('mart_maintenance_risk', null, 'Newest prediction of each machine with the reading behind it.'),
        ('mart_model_performance', null, 'Metrics of each model version on rows it did not see, beside its published predictions.'),
        ('mart_quality_control', null, 'p chart: share of failed inspections of each day with three-sigma limits.'),
        ('mart_defect_pareto', null, 'Failed inspections by defect, most frequent first: an association, not a cause.'),
        ('mart_data_quality', null, 'Last score of each data-quality dimension and data set.'),
        ('mart_data_tests', null, 'Last result of each data test.'),
        ('fact_production_value', null, 'Money of each production record.'),
        ('fact_cost_of_quality', null, 'Cost of quality by date, line, category and element.'),
        ('dim_vehicle_price', null, 'List price of each vehicle.'),
        ('mart_revenue_by_vendor', null, 'Production value by make: production value, not sales.'),
        ('mart_sales_by_category', null, 'Production value by market category: production value, not sales.'),
        ('mart_top_products', null, 'Production value by vehicle, largest first: production value, not sales.'),
        ('mart_cost_of_quality', null, 'Cost of quality by month, line, category and element.'),
        ('mart_simulation_value', null, 'Money of each line that a what-if needs.'),
        ('mart_executive_monthly', null, 'Key figures of each month; money is production value and cost.'),
        ('mart_executive_kpis', null, 'Key figures of the whole period in one row; money is production value and cost.'),
        ('*', 'files_loaded', 'Files loaded.'),
        ('*', 'files_held', 'Files held by the quality gate.'),
        ('*', 'rows_loaded', 'Rows loaded.'),
        ('*', 'rows_rejected', 'Rows rejected at loading.'),
        ('*', 'last_file_written_at', 'When the newest file was written, plant time.'),
        ('*', 'last_loaded_at', 'Last loading, plant time.'),
        ('*', 'last_published_at', 'Last publication, plant time.'),
        ('*', 'fresh_until', 'Until when the data count as fresh, plant time.'),
        ('*', 'is_stale', 'No file arrived within the freshness hours.'),
        ('*', 'has_synthetic_data', 'Data written by our generators are among the published ones.'),
        ('*', 'year_month_no', 'Month as a number, to sort by.'),
        ('*', 'day_offset', 'Days from today in the plant.'),
        ('*', 'week_offset', 'Weeks from this ISO week.'),
        ('*', 'month_offset', 'Months from this month.'),
        ('*', 'year_offset', 'Years from this year.'),
        ('*', 'shift_order', 'Order of the shift in the day.'),
        ('*', 'updated_at', 'Last change, plant time: for detecting changed data.'),
        ('fact_machine_condition', 'product_type', 'Type: L, M or H.'),
        ('*', 'user_name', 'Login name of the reader.'),
        ('*', 'role_name', 'manager (assigned lines), executive, engineer or bi (all lines).'),
        ('*', 'first_date', 'First production date.'),
        ('*', 'last_date', 'Last production date.'),
        ('*', 'days', 'Days with production.'),
        ('*', 'availability', 'Sum of run time / sum of planned busy time.'),
        ('*', 'performance', 'Sum of ideal time / sum of run time.'),
        ('*', 'quality_ratio', 'Sum of ideal time of good units / sum of ideal time.'),
        ('*', 'oee', 'Sum of fully productive time / sum of planned busy time.'),
        ('*', 'teep', 'Sum of fully productive time / sum of calendar time.'),
        ('*', 'first_pass_yield', 'Good units / produced units.'),
        ('*', 'scrap_ratio', 'Scrapped units / produced units.'),
        ('*', 'rework_ratio', 'Units to rework / produced units.'),
        ('*', 'mtbf_minutes', 'Run and set-up time / failures, minutes; NULL without failures.'),
        ('*', 'mttr_minutes', 'Repair time / failures, minutes; NULL without failures.'),
        ('*', 'energy_kwh_per_unit', 'Energy a produced unit, kWh.'),
        ('*', 'shifts_worked', 'Shifts with production.'),
        ('*', 'loss_no', 'Number of the loss; 0 is fully productive time.'),
        ('*', 'loss_name', 'Name of the loss.'),
        ('*', 'oee_factor', 'Factor of OEE that the loss lowers.'),
        ('*', 'is_measured', 'Recorded in the files; a loss that is not recorded shows 0.'),
        ('*', 'lost_minutes', 'Minutes of the loss.'),
        ('*', 'share_of_planned', 'Share of planned busy time (0-1).'),
        ('*', 'rank_no', 'Rank, largest first.'),
        ('*', 'stops', 'Shift records with down time for this reason.'),
        ('*', 'share', 'Share of the total (0-1).'),
        ('*', 'cumulative_share', 'Share of this and all larger ones (0-1).'),
        ('mart_simulation_baseline', 'ideal_cycle_minutes', 'Mean ideal time a unit, weighted by units, minutes.'),
        ('*', 'predicted_on', 'Date of the prediction.'),
        ('*', 'is_deployed', 'This version predicts.'),
        ('*', 'trained_at', 'Time of training, plant time.'),
        ('*', 'published_predictions', 'Published predictions of the version that the reader may see.'),
        ('*', 'published_true_positives', 'Of these, predicted and recorded failures.'),
        ('*', 'published_false_positives', 'Of these, predicted failures without a recorded one.'),
        ('*', 'published_false_negatives', 'Of these, recorded failures that were not predicted.'),
        ('*', 'published_f1', 'F1 over the published predictions.'),
        ('*', 'inspected_units', 'Inspections.'),
        ('*', 'failed_units', 'Failed inspections.'),
        ('*', 'failed_share', 'Failed inspections / inspections.'),
        ('*', 'center_line', 'Share of failed inspections over all days.'),
        ('*', 'lower_limit', 'Lower control limit of the share.'),
        ('*', 'upper_limit', 'Upper control limit of the share.'),
        ('*', 'is_out_of_control', 'The share lies beyond a limit.'),
        ('*', 'worst_column', 'Column that pulls the score down most.'),
        ('*', 'worst_rule_id', 'Rule that pulls the score down most.'),
        ('*', 'worst_score', 'Score of that rule.'),
        ('*', 'is_proxy', 'Measured by plausibility only, without a reference.'),
        ('*', 'measured_at', 'Time of the measurement, plant time.'),
        ('mart_data_tests', 'severity', 'error or warn.'),
        ('mart_data_tests', 'status', 'pass, warn, fail, error or not run.'),
        ('*', 'list_price', 'List price, US dollars.'),
        ('*', 'is_poor_quality', 'Internal or external failure: cost of poor quality.'),
        ('*', 'revenue_per_good_unit', 'Production value a good unit, plant currency.'),
        ('*', 'material_cost_per_unit', 'Material cost a produced unit, plant currency.'),
        ('*', 'machines_scored', 'Machines with a prediction.'),
        ('*', 'machines_predicted_to_fail', 'Machines predicted to fail that have not failed.'),
        ('*', 'machines_failed', 'Machines whose newest reading is a recorded failure.'),
        ('*', 'mean_health_score', 'Mean health score of the machines.'),
        ('*', 'lowest_quality_score', 'Lowest data-quality score of any dimension and data set.'),
        ('*', 'model', 'Model.'),
        ('mart_model_performance', 'model', 'Name of the prediction model.')
         ) as t(relation, column_name, comment)
    ), relations as (
        select c.oid, n.nspname, c.relname, c.relkind
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'marts' and c.relkind in ('r', 'p', 'v') and not c.relispartition
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
                              where bc.relnamespace in (pg_catalog.to_regnamespace('warehouse'), pg_catalog.to_regnamespace('ops'), pg_catalog.to_regnamespace('staging')) and bc.relkind in ('r', 'p', 'v') and b.attname = a.attname
                                and pg_catalog.col_description(b.attrelid, b.attnum) is not null
                              order by bc.relnamespace <> pg_catalog.to_regnamespace('warehouse'), bc.relnamespace <> pg_catalog.to_regnamespace('ops'), bc.relname limit 1) as same_name on true
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
