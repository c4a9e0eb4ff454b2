-- run as: owner
-- Operations: what runs, what came in, what was refused, what was changed.

create table ops.schema_migration (
    migration_no integer primary key,
    name text not null unique,
    checksum text not null,
    library_version text not null,
    applied_at timestamptz not null default clock_timestamp()
);

create table ops.dataset (
    dataset text primary key check (dataset ~ '^[a-z][a-z0-9_]{0,40}$'),
    description text not null,
    path_glob text not null,
    staging_table text not null,
    columns jsonb not null,
    business_key text[] not null default '{}',
    null_tokens text[] not null default '{"",NA,N/A,NaN,"null","NULL"}' check (array_position(null_tokens, null) is null),
    reject_limit_pct float8 not null default 5 check (reject_limit_pct between 0 and 100),
    reject_limit_rows bigint not null default 1000 check (reject_limit_rows >= 0),
    gate text not null default 'hold_file' check (gate in ('hold_file', 'stop', 'warn')),
    min_score float8 not null default 60 check (min_score between 0 and 100),
    freshness_hours float8 not null default 48 check (freshness_hours > 0),
    is_built_in boolean not null default false,
    is_active boolean not null default true,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

create table ops.synthetic_file (
    sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    dataset text not null,
    row_count bigint not null,
    seed bigint not null,
    dirt float8 not null,
    generated_at timestamptz not null default clock_timestamp()
);

create table ops.pipeline_run (
    run_id bigint generated always as identity primary key,
    logical_date date not null,
    state text not null check (state in ('running', 'success', 'failed', 'cancelled', 'crashed')),
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    started_by text not null default session_user,
    backend_pid integer not null default pg_backend_pid(),
    backend_start timestamptz,
    resumed_run_id bigint references ops.pipeline_run,
    sqlstate text,
    message text,
    hint text,
    summary jsonb
);
create unique index pipeline_run_one_running on ops.pipeline_run ((true)) where state = 'running';

create table ops.pipeline_step (
    step_no integer primary key,
    step_name text not null unique,
    description text not null,
    statement text not null
);

create table ops.pipeline_step_run (
    run_id bigint not null references ops.pipeline_run on delete cascade,
    step_no integer not null references ops.pipeline_step,
    step_name text not null,
    state text not null check (state in ('running', 'success', 'failed', 'cancelled', 'crashed', 'skipped')),
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    seconds float8 generated always as (extract(epoch from ended_at - started_at)) stored,
    rows_affected bigint,
    detail jsonb,
    sqlstate text,
    message text,
    hint text,
    primary key (run_id, step_no)
);

create table ops.source_file (
    file_id integer generated always as identity primary key,
    dataset text not null references ops.dataset,
    path text not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    bytes bigint not null check (bytes >= 0),
    modified_at timestamptz not null,
    state text not null check (state in ('loaded', 'held', 'withdrawn', 'refused')),
    is_synthetic boolean not null default false,
    rows_read bigint not null default 0,
    rows_loaded bigint not null default 0,
    rows_rejected bigint not null default 0,
    seconds float8,
    sqlstate text,
    message text,
    hint text,
    quality_run_id bigint,
    loaded_at timestamptz not null default clock_timestamp(),
    cleaned_at timestamptz,
    published_at timestamptz,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);
-- Exactly once: the same bytes are never in a data set twice.
create unique index source_file_loaded_once on ops.source_file (dataset, sha256) where state in ('loaded', 'held');
create index source_file_path on ops.source_file (dataset, path);

create table ops.rejected_row (
    reject_id bigint generated always as identity primary key,
    file_id integer not null references ops.source_file on delete cascade,
    line_number bigint not null,
    byte_offset bigint not null,
    column_name text,
    raw_line bytea not null,
    rule text not null,
    sqlstate text not null,
    message text not null,
    replayed_at timestamptz,
    created_at timestamptz not null default clock_timestamp()
);
create index rejected_row_file on ops.rejected_row (file_id, line_number);

create table ops.dataset_mapping (
    dataset text not null references ops.dataset,
    target_column text not null,
    source_header text,
    sql_expression text,
    unit text,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    primary key (dataset, target_column),
    check (num_nonnulls(source_header, sql_expression) = 1)
);

create table ops.code_map (
    code_kind text not null check (code_kind in ('line', 'shift', 'equipment', 'vehicle')),
    source_code text not null,
    target_code text not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (code_kind, source_code)
);

create table ops.equipment_line (
    equipment_code text primary key,
    line_code text not null,
    is_assumed boolean not null default true,
    created_at timestamptz not null default clock_timestamp()
);

create table ops.quality_rule (
    rule_id text primary key,
    dataset text not null references ops.dataset,
    column_name text,
    dimension text not null check (dimension in ('completeness', 'uniqueness', 'validity', 'consistency', 'accuracy', 'timeliness')),
    description text not null,
    -- boolean expressions over one row of the staging table (alias r)
    applies_when text not null default 'true',
    fails_when text not null,
    -- columns whose repetition counts as a surplus row (uniqueness only)
    unique_columns text[],
    severity text not null default 'error' check (severity in ('error', 'warn')),
    min_score float8 not null default 0 check (min_score between 0 and 100),
    is_proxy boolean not null default false,
    is_active boolean not null default true,
    is_built_in boolean not null default false,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

create table ops.transformation (
    rule_id text primary key,
    dataset text not null references ops.dataset,
    kind text not null check (kind in ('missing', 'duplicate', 'outlier', 'type', 'repair')),
    description text not null,
    is_active boolean not null default true
);

create table ops.cleaning_log (
    cleaning_id bigint generated always as identity primary key,
    file_id integer not null references ops.source_file on delete cascade,
    rule_id text not null references ops.transformation,
    column_name text,
    rows_changed bigint not null,
    cleaned_at timestamptz not null default clock_timestamp()
);

create table ops.quality_acceptance (
    acceptance_id bigint generated always as identity primary key,
    run_id bigint not null,
    dataset text not null references ops.dataset,
    reason text not null check (length(trim(reason)) > 0),
    valid_until timestamptz not null,
    accepted_by text not null default session_user,
    accepted_at timestamptz not null default clock_timestamp()
);

create table ops.data_test (
    test_no integer primary key,
    test_name text not null unique,
    dimension text not null check (dimension in ('completeness', 'uniqueness', 'validity', 'consistency', 'accuracy', 'timeliness')),
    relation text not null,
    severity text not null default 'error' check (severity in ('error', 'warn')),
    is_blocking boolean not null default true,
    -- a query whose rows are the failures, first column their key as text
    failing_rows text not null,
    is_active boolean not null default true,
    is_built_in boolean not null default false,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

create table ops.data_test_result (
    run_id bigint,
    test_no integer not null references ops.data_test,
    status text not null check (status in ('pass', 'warn', 'fail', 'error')),
    rows_failed bigint,
    sample_keys text[],
    message text,
    seconds float8 not null,
    tested_at timestamptz not null default clock_timestamp()
);
create index data_test_result_run on ops.data_test_result (run_id, test_no);

create table ops.model (
    model text primary key,
    description text not null,
    source text not null,
    target text not null,
    key_column text,
    features text[] not null,
    params jsonb not null default '{}',
    retrain_policy text not null default 'when_missing' check (retrain_policy in ('when_missing', 'never', 'always')),
    deployed_version integer,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

create table ops.model_version (
    model text not null references ops.model,
    version integer not null check (version > 0),
    engine text not null check (engine in ('native', 'smartcore')),
    source text not null,
    target text not null,
    features text[] not null,
    params jsonb not null,
    seed bigint not null,
    rows_trained bigint not null,
    rows_tested bigint not null,
    positives bigint not null,
    threshold float8 not null,
    accuracy float8, precision_score float8, recall float8, f1 float8, mcc float8,
    roc_auc float8, pr_auc float8, log_loss float8, brier float8,
    oob_f1 float8, oob_pr_auc float8, oob_brier float8,
    true_positives bigint, false_positives bigint, true_negatives bigint, false_negatives bigint,
    feature_importance float8[] not null,
    train_seconds float8 not null,
    forest bytea not null,
    training_rows bytea not null,
    -- trained while generated files were loaded
    is_synthetic boolean not null default false,
    trained_by text not null default session_user,
    trained_at timestamptz not null default clock_timestamp(),
    primary key (model, version)
);
alter table ops.model add foreign key (model, deployed_version) references ops.model_version (model, version);

create table ops.model_deployment (
    deployment_id bigint generated always as identity primary key,
    model text not null,
    version integer not null,
    action text not null check (action in ('deploy', 'rollback')),
    deployed_by text not null default session_user,
    deployed_at timestamptz not null default clock_timestamp(),
    foreign key (model, version) references ops.model_version
);

create table ops.line_assignment (
    user_name text not null,
    line_code text not null,
    assigned_by text not null default session_user,
    assigned_at timestamptz not null default clock_timestamp(),
    primary key (user_name, line_code)
);

create table ops.schedule (
    pipeline text primary key,
    local_time time not null,
    time_zone text not null,
    is_active boolean not null default false,
    updated_at timestamptz not null default clock_timestamp()
);

create table ops.notification (
    notification_id bigint generated always as identity primary key,
    channel text not null,
    subject text not null,
    body text not null,
    dedupe_key text unique,
    state text not null default 'pending' check (state in ('pending', 'sent', 'dead')),
    attempts integer not null default 0,
    next_at timestamptz not null default clock_timestamp(),
    last_error text,
    created_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz
);

create table ops.audit_log (
    audit_id bigint generated always as identity primary key,
    action text not null,
    object_name text,
    detail jsonb not null default '{}',
    session_role text not null default session_user,
    effective_role text not null default current_user,
    logged_at timestamptz not null default clock_timestamp()
);

create table ops.backup_run (
    backup_id bigint generated always as identity primary key,
    label text not null,
    state text not null check (state in ('success', 'failed')),
    bytes bigint,
    verified_at timestamptz,
    detail jsonb not null default '{}',
    recorded_at timestamptz not null default clock_timestamp()
);

-- When a row was changed last, whoever changes it: a mended data set or mapping lets refused files try again.
create function ops.set_updated_at() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $function$
begin
    new.updated_at := clock_timestamp();
    return new;
end
$function$;
comment on function ops.set_updated_at() is 'Trigger: sets updated_at to the time of the change.';
create trigger set_updated_at before update on ops.dataset
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
create trigger set_updated_at before update on ops.dataset_mapping
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
create trigger set_updated_at before update on ops.source_file
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
create trigger set_updated_at before update on ops.quality_rule
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
create trigger set_updated_at before update on ops.data_test
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
create trigger set_updated_at before update on ops.model
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
create trigger set_updated_at before update on ops.schedule
    for each row when (old.* is distinct from new.*) execute function ops.set_updated_at();
