-- The model registry, and the scores of machines. Training and prediction are in src/forest.

create function stellantis.store_model_version(
    p_model text, p_source text, p_target text, p_features text[], p_params jsonb, p_seed bigint,
    p_rows_trained bigint, p_rows_tested bigint, p_positives bigint, p_threshold float8,
    p_accuracy float8, p_precision float8, p_recall float8, p_f1 float8, p_mcc float8, p_roc_auc float8, p_pr_auc float8,
    p_log_loss float8, p_brier float8, p_oob_f1 float8, p_oob_pr_auc float8, p_oob_brier float8,
    p_true_positives bigint, p_false_positives bigint, p_true_negatives bigint, p_false_negatives bigint,
    p_feature_importance float8[], p_train_seconds float8, p_forest bytea, p_training_rows bytea
)
returns table (version integer, deployed boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_deployed integer;
    v_is_new boolean;
begin
    insert into ops.model (model, description, source, target, features)
    values (p_model, 'Trained by ' || session_user, p_source, p_target, p_features)
    on conflict on constraint model_pkey do nothing;
    v_is_new := found;
    -- Two trainings at once get two numbers, one after the other.
    select m.deployed_version into strict v_deployed from ops.model m where m.model = p_model for update;
    select coalesce(max(v.version), 0) + 1 into version from ops.model_version v where v.model = p_model;
    insert into ops.model_version (
        model, version, engine, source, target, features, params, seed, rows_trained, rows_tested, positives, threshold,
        accuracy, precision_score, recall, f1, mcc, roc_auc, pr_auc, log_loss, brier, oob_f1, oob_pr_auc, oob_brier,
        true_positives, false_positives, true_negatives, false_negatives, feature_importance, train_seconds, forest, training_rows, is_synthetic)
    values (
        p_model, version, 'smartcore', p_source, p_target, p_features, p_params, p_seed, p_rows_trained, p_rows_tested,
        p_positives, p_threshold, p_accuracy, p_precision, p_recall, p_f1, p_mcc, p_roc_auc, p_pr_auc, p_log_loss, p_brier,
        p_oob_f1, p_oob_pr_auc, p_oob_brier, p_true_positives, p_false_positives, p_true_negatives, p_false_negatives,
        p_feature_importance, p_train_seconds, p_forest, p_training_rows,
        -- What the platform holds decides: a source may be any query.
        exists (select from ops.source_file f where f.dataset = 'maintenance' and f.state = 'loaded' and f.is_synthetic)
            and p_source like 'staging.%');
    -- Whoever may not deploy the platform's own models does not deploy them by training either.
    deployed := v_deployed is null and (v_is_new or pg_has_role(session_user, 'stellantis_pipeline', 'usage'));
    if deployed then
        perform stellantis.set_deployed_version(p_model, version, 'deploy');
    end if;
    return next;
end
$function$;
comment on function stellantis.store_model_version(
    text, text, text, text[], jsonb, bigint, bigint, bigint, bigint, float8, float8, float8, float8, float8, float8, float8,
    float8, float8, float8, float8, float8, float8, bigint, bigint, bigint, bigint, float8[], float8, bytea, bytea)
    is 'Stores what train_forest() trained, under the next version number.';

create function stellantis.set_deployed_version(p_model text, p_version integer, p_action text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
begin
    if not exists (select from ops.model_version v where v.model = p_model and v.version = p_version) then
        raise exception using
            errcode = 'undefined_object',
            message = format('model "%s" has no version %s', p_model, coalesce(p_version::text, '(NULL)')),
            hint = format('SELECT version, f1, pr_auc, trained_at FROM stellantis.model_metrics(%L);', p_model);
    end if;
    update ops.model m set deployed_version = p_version, updated_at = clock_timestamp() where m.model = p_model;
    insert into ops.model_deployment (model, version, action) values (p_model, p_version, p_action);
    insert into ops.audit_log (action, object_name, detail)
    values (p_action || '_model', p_model, jsonb_build_object('version', p_version));
end
$function$;
comment on function stellantis.set_deployed_version(text, integer, text) is 'Makes a version the one that predicts, and writes it down.';

create function stellantis.do_deploy_model(p_model text, p_version integer) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
begin
    perform stellantis.set_deployed_version(p_model, p_version, 'deploy');
    return p_version;
end
$function$;

create function stellantis.deploy_model(model text, version integer) returns integer
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.deploy_model(text, integer) is 'Makes a version of the model the one that predicts.';

create function stellantis.do_rollback_model(p_model text) returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_version integer;
begin
    -- The version that was deployed before the present one was; rolling back again goes further back.
    select d.version into v_version
    from ops.model_deployment d
    join ops.model m on m.model = d.model
    where d.model = p_model and d.version <> m.deployed_version and d.action = 'deploy'
        and d.deployment_id < (
            select max(n.deployment_id) from ops.model_deployment n
            where n.model = p_model and n.version = m.deployed_version and n.action = 'deploy')
    order by d.deployment_id desc limit 1;
    if v_version is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('model "%s" has no earlier deployed version', p_model),
            hint = format('SELECT version, f1, pr_auc, trained_at FROM stellantis.model_metrics(%L);', p_model);
    end if;
    perform stellantis.set_deployed_version(p_model, v_version, 'rollback');
    return v_version;
end
$function$;

create function stellantis.rollback_model(model text) returns integer
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.rollback_model(text) is 'Deploys the version that was deployed before, and returns it.';

create function stellantis.do_model_metrics(p_model text)
returns table (
    version integer, f1 float8, "precision" float8, recall float8, roc_auc float8, pr_auc float8, brier float8,
    accuracy float8, mcc float8, log_loss float8, oob_f1 float8, oob_pr_auc float8, oob_brier float8, threshold float8,
    true_positives bigint, false_positives bigint, true_negatives bigint, false_negatives bigint,
    rows_trained bigint, rows_tested bigint, engine text, params jsonb, features text[], is_deployed boolean,
    train_seconds float8, trained_at timestamptz
)
language sql stable set search_path = pg_catalog, pg_temp
as $function$
    select v.version, v.f1, v.precision_score, v.recall, v.roc_auc, v.pr_auc, v.brier, v.accuracy, v.mcc, v.log_loss,
        v.oob_f1, v.oob_pr_auc, v.oob_brier, v.threshold, v.true_positives, v.false_positives, v.true_negatives,
        v.false_negatives, v.rows_trained, v.rows_tested, v.engine, v.params, v.features, v.version = m.deployed_version,
        v.train_seconds, v.trained_at
    from ops.model_version v join ops.model m on m.model = v.model
    where v.model = p_model
    order by v.version desc
$function$;

create function stellantis.model_metrics(model text)
returns table (
    version integer, f1 float8, "precision" float8, recall float8, roc_auc float8, pr_auc float8, brier float8,
    accuracy float8, mcc float8, log_loss float8, oob_f1 float8, oob_pr_auc float8, oob_brier float8, threshold float8,
    true_positives bigint, false_positives bigint, true_negatives bigint, false_negatives bigint,
    rows_trained bigint, rows_tested bigint, engine text, params jsonb, features text[], is_deployed boolean,
    train_seconds float8, trained_at timestamptz
)
language c stable parallel restricted as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.model_metrics(text) is
    'Every version of a model, newest first, with its metrics on rows it was not trained on.';

create function stellantis.do_feature_importance(p_model text)
returns table (feature text, importance float8)
language sql stable set search_path = pg_catalog, pg_temp
as $function$
    select f.feature, f.importance
    from ops.model m
    join ops.model_version v on v.model = m.model and v.version = m.deployed_version
    cross join lateral unnest(v.features, v.feature_importance) as f (feature, importance)
    where m.model = p_model
    order by f.importance desc, f.feature
$function$;

create function stellantis.feature_importance(model text)
returns table (feature text, importance float8)
language c stable parallel restricted as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.feature_importance(text) is
    'Mean decrease in impurity of each feature of the deployed version; sums to 1.';

create function stellantis.do_predict_maintenance() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $function$
declare
    v_version integer;
    v_rows bigint;
begin
    select m.deployed_version into v_version from ops.model m where m.model = 'maintenance';
    if v_version is null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = 'model "maintenance" has no deployed version',
            hint = 'SELECT * FROM stellantis.train_forest(''maintenance'', ''staging.features_maintenance'', ''machine_failure'');';
    end if;
    -- Nothing to do where every machine's latest reading has its score from this version.
    if not exists (
        select from staging.latest_maintenance l
        left join staging.maintenance_score s
            on s.equipment_code = l.equipment_code and s.file_id = l.file_id and s.line_number = l.line_number
                and s.model_version = v_version
        where s.equipment_code is null
    ) and (select count(*) from staging.latest_maintenance) = (select count(*) from staging.maintenance_score)
    then
        return 0;
    end if;

    delete from staging.maintenance_score;
    insert into staging.maintenance_score (
        equipment_code, file_id, line_number, model_version, score_basis, failure_probability, threshold,
        top_reason_1, top_reason_2, top_reason_3, failure_recorded, failure_mode)
    select l.equipment_code, l.file_id, l.line_number, p.model_version, p.score_basis, p.failure_probability, p.threshold,
        p.top_reason_1, p.top_reason_2, p.top_reason_3, l.machine_failure,
        case
            -- A recorded failure has its recorded mode; otherwise the physical limit that the reading breaks.
            when l.machine_failure then case
                when l.hdf then 'heat dissipation' when l.pwf then 'power' when l.osf then 'overstrain'
                when l.twf then 'tool wear' else 'unattributed' end
            when p.failure_probability < p.threshold then null
            when f.temperature_delta_k < 8.6 and f.rotational_speed_rpm < 1380 then 'heat dissipation'
            when f.power_w < 3500 or f.power_w > 9000 then 'power'
            when f.strain_min_nm > (array[11000, 12000, 13000])[f.product_type::integer + 1] then 'overstrain'
            when f.tool_wear_min >= 200 then 'tool wear'
            else 'unattributed'
        end
    from staging.latest_maintenance l
    join staging.features_maintenance f on f.file_id = l.file_id and f.line_number = l.line_number
    join stellantis.predict_batch('maintenance',
        'select f.* from staging.features_maintenance f join staging.latest_maintenance l using (file_id, line_number, equipment_code)',
        'equipment_code') p on p.row_key = l.equipment_code;
    get diagnostics v_rows = row_count;
    return v_rows;
end
$function$;

create procedure stellantis.predict_maintenance()
language c as 'MODULE_PATHNAME', 'as_owner';
comment on procedure stellantis.predict_maintenance() is
    'Scores the latest reading of every machine with the deployed version into staging.maintenance_score; load_warehouse() publishes the scores.';

comment on function stellantis.do_deploy_model(text, integer) is 'Internal: deploys a version; audited.';
comment on function stellantis.do_rollback_model(text) is 'Internal: deploys an earlier deployed version; audited.';
comment on function stellantis.do_model_metrics(text) is 'Internal: versions of a model, newest first.';
comment on function stellantis.do_feature_importance(text) is 'Internal: importance of the features of the deployed version.';
comment on function stellantis.do_predict_maintenance() is 'Internal: scores the latest reading of every machine; returns 0 where every score is up to date.';
