-- Who may do what.
\set SHOW_CONTEXT never
set client_min_messages = warning;
select rolname, rolcanlogin as login, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit from pg_roles where rolname like 'stellantis\_%' order by 1;
select m.member::regrole::text, m.roleid::regrole::text, m.admin_option from pg_auth_members m
where m.member::regrole::text like 'stellantis\_%' or m.roleid::regrole::text like 'stellantis\_%' order by 1, 2;
-- Readers have marts and nothing else.
select g.grantee, g.table_schema, g.privilege_type, count(*)
from information_schema.role_table_grants g where g.grantee like 'stellantis\_%' and g.table_schema in ('staging', 'warehouse', 'marts', 'ops')
    and g.grantee not in ('stellantis_pipeline') and not (g.grantee = 'stellantis_marts' and g.table_schema = 'marts')
group by 1, 2, 3 order by 1, 2, 3;
select r.role_name, n.nspname as may_use from (values ('public'), ('stellantis_executive'), ('stellantis_manager'), ('stellantis_engineer'), ('stellantis_loader'), ('stellantis_bi'), ('stellantis_marts')) r (role_name)
join pg_namespace n on n.nspname in ('staging', 'warehouse', 'marts', 'ops', 'stellantis') where has_schema_privilege(r.role_name, n.oid, 'usage') order by 1, 2;
select r.role_name, n.nspname as may_create from (values ('public'), ('stellantis_executive'), ('stellantis_manager'), ('stellantis_engineer'), ('stellantis_loader'), ('stellantis_bi'), ('stellantis_marts')) r (role_name)
join pg_namespace n on n.nspname in ('staging', 'warehouse', 'marts', 'ops', 'stellantis') where has_schema_privilege(r.role_name, n.oid, 'create') order by 1, 2;

-- Each role by each public call: refused at the door (42501), or not.
create table test.door (role_name text, call text, refused boolean);
create function test.refused(role_name text, call text) returns boolean language plpgsql as $$
declare
    v_state text;
begin
    begin
        execute format('set local role %I', role_name);
        execute call;
        raise exception using errcode = '00001';
    exception when others then
        get stacked diagnostics v_state = returned_sqlstate;
    end;
    return v_state = '42501';
end
$$;
insert into test.door
select r.role_name, c.call, test.refused(r.role_name, 'select * from stellantis.' || c.call)
from (values ('stellantis_pipeline'), ('stellantis_executive'), ('stellantis_manager'), ('stellantis_engineer'), ('stellantis_loader'), ('stellantis_bi'), ('stellantis_marts'), ('pg_monitor')) r (role_name),
    (values ('version()'), ('status()'), ('pipeline_status()'), ('landing_files()'), ('ingest()'), ('upload_file(null, null, null)'), ('generate_dataset(''x'')'), ('assess_quality()'),
        ('clean()'), ('load_warehouse()'), ('refresh_marts()'), ('run_data_tests()'), ('lineage()'), ('lineage_mermaid()'), ('withdraw_file(-1, null)'), ('remove_synthetic()'), ('accept_quality(1, null, null, null)'),
        ('train_forest(null, null, null)'), ('predict(''maintenance'', ''{1}''::float8[])'), ('predict_batch(''maintenance'', ''select 1 as a'', ''a'')'), ('explain(''maintenance'', ''{1}'')'),
        ('deploy_model(null, null)'), ('rollback_model(null)'), ('model_metrics(null)'), ('feature_importance(null)'), ('check_pipeline_call()')) c (call);
select call, string_agg(replace(role_name, 'stellantis_', ''), ' ' order by role_name) filter (where not refused) as may from test.door group by call order by call;
-- Training reads with the caller's rights, not the owner's.
create table test.secret as select n::float8 as a, n % 2 = 0 as b from generate_series(1, 100) n;
set role stellantis_engineer;
select e.state, e.message from test.error($$select * from stellantis.train_forest('m', 'test.secret', 'b')$$) e;
select e.state, e.message from test.error($$select * from stellantis.predict_batch('maintenance', 'test.secret', 'a')$$) e;
reset role;
-- The door's search path is pinned: a shadow on the caller's path is not called.
create schema shadow;
create function shadow.format(text, text) returns text language plpgsql as $$begin raise exception 'shadow was called'; end$$;
create function shadow.count(anyelement) returns bigint language plpgsql as $$begin raise exception 'shadow was called'; end$$;
create function shadow.now() returns timestamptz language plpgsql as $$begin raise exception 'shadow was called'; end$$;
set search_path = shadow, pg_catalog;
select pg_catalog.count(*) > 0 as answers from stellantis.status();
select pg_catalog.count(*) > 0 as answers from stellantis.landing_files();
reset search_path;
drop schema shadow cascade;
drop table test.door, test.secret;
