-- run as: superuser
-- Roles and schemas. Run at every create_warehouse(): makes what is missing, refuses roles with
-- too many rights, changes nothing else. Schemas of other owners were refused before (src/warehouse.rs).

do $roles$
declare
    v_wanted record;
    v_found record;
begin
    for v_wanted in
        select w.role_name, w.options, w.purpose
          from (values
            ('stellantis_pipeline', 'login', 'owns the warehouse and runs its jobs'),
            ('stellantis_marts', 'nologin', 'owns the views of marts, reads the warehouse through row-level security'),
            ('stellantis_audit', 'nologin', 'owns the audit log'),
            ('stellantis_executive', 'nologin', 'reader: every mart, money included'),
            ('stellantis_manager', 'nologin', 'reader: marts without money, assigned lines only'),
            ('stellantis_engineer', 'nologin', 'reader: marts without money, every line'),
            ('stellantis_loader', 'nologin', 'uploads and ingests files, reads nothing'),
            ('stellantis_bi', 'nologin', 'reader of Power BI: every mart, money included')
          ) as w(role_name, options, purpose)
    loop
        select r.rolsuper, r.rolbypassrls into v_found
          from pg_catalog.pg_roles r where r.rolname = v_wanted.role_name;
        if not found then
            execute format('create role %I %s nosuperuser nobypassrls nocreatedb nocreaterole noreplication inherit',
                           v_wanted.role_name, v_wanted.options);
            execute format('comment on role %I is %L', v_wanted.role_name, 'stellantis_analytics: ' || v_wanted.purpose);
        elsif v_found.rolsuper or v_found.rolbypassrls then
            raise exception using
                errcode = 'insufficient_privilege',
                message = format('role %I exists and is a superuser or bypasses row-level security', v_wanted.role_name),
                detail = 'The warehouse would run with more rights than it may have. Nothing was changed.',
                hint = format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS;', v_wanted.role_name);
        end if;
    end loop;

    if not pg_catalog.pg_has_role('stellantis_pipeline', 'pg_read_all_stats', 'member') then
        grant pg_read_all_stats to stellantis_pipeline;
    end if;
end
$roles$;

do $schemas$
declare
    v_schema text;
begin
    foreach v_schema in array array['staging', 'warehouse', 'marts', 'ops'] loop
        if pg_catalog.to_regnamespace(v_schema) is null then
            execute format('create schema %I authorization stellantis_pipeline', v_schema);
        end if;
    end loop;
end
$schemas$;

comment on schema staging is 'Typed copies of the files, their cleaned twins, and the views that models and transformations read.';
comment on schema warehouse is 'The star schema: facts, dimensions, predictions, quality scores and roll-ups.';
comment on schema marts is 'The reading face: plain views for dashboards, reports and Power BI.';

-- The publication works with temporary tables; a hardened database has taken that right from PUBLIC.
do $temporary$
begin
    if not pg_catalog.has_database_privilege('stellantis_pipeline', pg_catalog.current_database(), 'temporary') then
        execute pg_catalog.format('grant temporary on database %I to stellantis_pipeline', pg_catalog.current_database());
    end if;
end
$temporary$;

revoke all on schema staging, warehouse, marts, ops from public;
grant usage, create on schema marts to stellantis_marts;
grant usage on schema warehouse, ops to stellantis_marts;
