-- run as: superuser
-- Rights. Readers hold grants on marts only; its views read the warehouse as stellantis_marts, whose policies look at the
-- reader (current_user) and at ops.line_assignment. Everything here may be run again.

alter table ops.audit_log owner to stellantis_audit;
revoke all on ops.audit_log from public, stellantis_pipeline;
grant insert, select on ops.audit_log to stellantis_pipeline;
grant usage on schema ops to stellantis_audit;
comment on table ops.audit_log is 'Who did what: the jobs append and may not change it (the owner of schema ops could still drop it).';
comment on column ops.audit_log.audit_id is 'Running number.';
comment on column ops.audit_log.action is 'What was done.';
comment on column ops.audit_log.object_name is 'What it was done to.';
comment on column ops.audit_log.detail is 'Arguments, reason and counts.';
comment on column ops.audit_log.session_role is 'Login of the session.';
comment on column ops.audit_log.effective_role is 'Role that wrote the entry.';
comment on column ops.audit_log.logged_at is 'Time of the entry.';

-- What the views of marts read: the star without its partitions, and these parts of ops.
do $grants$
declare
    v_table record;
begin
    for v_table in
        select c.oid::regclass as name, c.relispartition
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'warehouse' and c.relkind in ('r', 'p')
           and pg_catalog.pg_get_userbyid(c.relowner) = 'stellantis_pipeline'
         order by c.relname
    loop
        if v_table.relispartition then
            execute format('revoke all on table %s from public, stellantis_marts', v_table.name);
        else
            execute format('grant select on table %s to stellantis_marts', v_table.name);
        end if;
    end loop;
end
$grants$;
grant select on ops.dataset, ops.source_file, ops.quality_rule, ops.data_test, ops.data_test_result, ops.line_assignment
    to stellantis_marts;
grant select (model, description, deployed_version) on ops.model to stellantis_marts;
grant select (model, version, engine, threshold, rows_trained, rows_tested, positives, accuracy, precision_score, recall, f1, mcc,
              roc_auc, pr_auc, log_loss, brier, oob_f1, oob_pr_auc, oob_brier,
              true_positives, false_positives, true_negatives, false_negatives, trained_at)
    on ops.model_version to stellantis_marts;

-- Lines: a reader who is only a manager sees the assigned ones; tables below the line follow it.
do $policies$
declare
    v_all constant text :=
        '(select pg_catalog.pg_has_role(current_user, ''stellantis_executive'', ''usage'')'
        ' or pg_catalog.pg_has_role(current_user, ''stellantis_engineer'', ''usage'')'
        ' or pg_catalog.pg_has_role(current_user, ''stellantis_bi'', ''usage'')'
        ' or pg_catalog.pg_has_role(current_user, ''stellantis_pipeline'', ''usage'')'
        ' or pg_catalog.pg_has_role(current_user, ''stellantis_marts'', ''usage''))';
    v_of_line constant text := 'line_key in (select l.line_key from warehouse.dim_production_line l)';
    v_policy record;
begin
    for v_policy in
        select p.table_name, p.own_rows
          from (values
            ('ops.line_assignment', 'user_name = current_user'),
            ('warehouse.dim_production_line',
             'line_code in (select a.line_code from ops.line_assignment a where a.user_name = current_user)'),
            ('warehouse.dim_equipment', v_of_line),
            ('warehouse.fact_production_metrics', v_of_line),
            ('warehouse.fact_machine_condition', v_of_line),
            ('warehouse.fact_quality_inspection', v_of_line),
            ('warehouse.fact_cost_of_quality', v_of_line),
            ('warehouse.agg_line_day', v_of_line),
            ('warehouse.ml_maintenance_predictions',
             'equipment_key in (select e.equipment_key from warehouse.dim_equipment e)')
          ) as p(table_name, own_rows)
    loop
        execute format('alter table %s enable row level security', v_policy.table_name);
        if exists (select 1 from pg_catalog.pg_policy x
                    where x.polrelid = v_policy.table_name::regclass and x.polname = 'reader_lines') then
            execute format('drop policy reader_lines on %s', v_policy.table_name);
        end if;
        execute format('create policy reader_lines on %s for select to stellantis_marts using (%s or %s)',
                       v_policy.table_name, v_all, v_policy.own_rows);
    end loop;
end
$policies$;

-- Readers. Money is numeric(18,4) and every other number is not, so a view with a numeric column is money.
grant usage on schema marts to stellantis_executive, stellantis_manager, stellantis_engineer, stellantis_bi;
do $readers$
declare
    v_view record;
begin
    for v_view in
        select c.oid::regclass as name,
               exists (select 1 from pg_catalog.pg_attribute a
                        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                          and a.atttypid = 'pg_catalog.numeric'::regtype) as is_money
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'marts' and c.relkind = 'v'
           and pg_catalog.pg_get_userbyid(c.relowner) = 'stellantis_marts'
         order by c.relname
    loop
        execute format('revoke all on table %s from public', v_view.name);
        execute format('grant select on table %s to stellantis_executive, stellantis_bi', v_view.name);
        if v_view.is_money then
            execute format('revoke all on table %s from stellantis_manager, stellantis_engineer', v_view.name);
        else
            execute format('grant select on table %s to stellantis_manager, stellantis_engineer', v_view.name);
        end if;
    end loop;
end
$readers$;
