-- The warehouse: made once, ours, complete, described, and independent of the library's members.
\set SHOW_CONTEXT never
set client_min_messages = warning;
select migration_no, name, length(checksum) from ops.schema_migration order by 1;
-- A second call changes nothing: not a table, view, grant, comment or row.
create function test.fingerprint() returns text language sql as $$
    select md5(concat_ws('|',
        (select string_agg(concat_ws(' ', c.oid, c.relname, c.relacl, c.relrowsecurity, c.relforcerowsecurity), ',' order by c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('staging', 'warehouse', 'ops') and c.relkind in ('r', 'p') and not c.relispartition),
        (select string_agg(concat_ws(' ', c.relname, c.relacl, pg_get_viewdef(c.oid)), ',' order by n.nspname, c.relname) from pg_class c
         join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('staging', 'warehouse', 'ops', 'marts') and c.relkind = 'v'),
        (select string_agg(concat_ws(' ', n.nspname, c.relname, c.relacl), ',' order by n.nspname, c.relname) from pg_class c
         join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('staging', 'warehouse', 'ops', 'marts') and not c.relispartition),
        (select string_agg(d.description, ',' order by d.classoid, d.objoid, d.objsubid) from pg_description d where d.objoid >= 16384 and d.classoid = 'pg_class'::regclass),
        (select string_agg(concat_ws(' ', p.polname, p.polrelid::regclass, p.polroles, pg_get_expr(p.polqual, p.polrelid)), ',' order by p.polname, p.polrelid::regclass::text) from pg_policy p),
        (select string_agg(r::text, ',' order by r::text) from (select * from ops.dataset) r),
        (select string_agg(r::text, ',' order by r::text) from ops.quality_rule r),
        (select string_agg(r::text, ',' order by r::text) from ops.data_test r),
        (select count(*)::text from warehouse.dim_date)))
$$;
select test.fingerprint() as before \gset
call stellantis.create_warehouse();
select test.fingerprint() = :'before' as unchanged;
-- What a user changed stays.
begin;
update ops.dataset set min_score = 12 where dataset = 'quality';
update ops.data_test set is_active = false where test_no = 1;
create view marts.mine as select 1 as n;
call stellantis.create_warehouse();
select min_score from ops.dataset where dataset = 'quality';
select is_active from ops.data_test where test_no = 1;
select n from marts.mine;
rollback;

select nspname, pg_get_userbyid(nspowner) as owner, has_schema_privilege('public', oid, 'usage') as open
from pg_namespace where nspname in ('staging', 'warehouse', 'marts', 'ops') order by 1;
select n.nspname, c.relkind, pg_get_userbyid(c.relowner) as owner, count(*)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('staging', 'warehouse', 'marts', 'ops') and c.relkind in ('r', 'p', 'v', 'm', 'S') and not c.relispartition group by 1, 2, 3 order by 1, 2, 3;
-- No relation or column without a comment, but for the calendar's parts that say it in their names.
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('staging', 'warehouse', 'marts', 'ops') and c.relkind in ('r', 'p', 'v') and not c.relispartition and obj_description(c.oid, 'pg_class') is null order by 1, 2;
select n.nspname, c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname in ('staging', 'warehouse', 'marts') and c.relkind in ('r', 'p', 'v') and not c.relispartition and col_description(c.oid, a.attnum) is null order by 1, 2, 3;
-- Nothing outside the extension depends on a member.
select d.classid::regclass, d.objid, d.refobjid from pg_depend d
join pg_depend m on m.refclassid = 'pg_extension'::regclass and m.refobjid = (select oid from pg_extension where extname = 'stellantis_analytics')
    and m.classid = d.refclassid and m.objid = d.refobjid and m.deptype = 'e'
where d.deptype in ('n', 'a') and not exists (select from pg_depend o where o.classid = d.classid and o.objid = d.objid and o.deptype = 'e')
    and not exists (select from pg_type t join pg_depend o on o.classid = 'pg_type'::regclass and o.objid = t.typelem and o.deptype = 'e' where d.classid = 'pg_type'::regclass and t.oid = d.objid)
    and d.refclassid <> 'pg_namespace'::regclass
    and not exists (select from pg_proc p where d.classid = 'pg_proc'::regclass and p.oid = d.objid and p.pronamespace = 'test'::regnamespace);
-- Foreign keys are NOT NULL, and each dimension has its Unknown member.
select c.conrelid::regclass, a.attname from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
where c.contype = 'f' and c.connamespace = 'warehouse'::regnamespace and not a.attnotnull order by 1::text, 2;
select 'plant', plant_code from warehouse.dim_plant where plant_key = -1 union all
select 'line', line_code from warehouse.dim_production_line where line_key = -1 union all
select 'equipment', equipment_code from warehouse.dim_equipment where equipment_key = -1 union all
select 'vehicle', vehicle_code from warehouse.dim_vehicle where vehicle_key = -1 union all
select 'shift', shift_code from warehouse.dim_shift where shift_key = -1 union all
select 'defect', defect_code from warehouse.dim_quality_defect where defect_key = -1;
select min(full_date) <= '2008-01-01' as from_2008, max(full_date) >= current_date + 730 as two_years_ahead, count(*) = max(full_date) - min(full_date) + 1 as without_gaps,
    bool_and(date_key = to_char(full_date, 'YYYYMMDD')::integer) as keys from warehouse.dim_date;
select plant_code, time_zone from warehouse.dim_plant where plant_key > 0 order by 1;
select line_code, line_name, is_current from warehouse.dim_production_line where line_key > 0 order by 1;
select shift_code, start_time, end_time from warehouse.dim_shift where shift_key > 0 order by 1;
select dataset, path_glob, staging_table, gate, min_score, is_built_in from ops.dataset order by 1;
select count(*) >= 28 as enough_tests, count(*) filter (where is_blocking) as blocking from ops.data_test;
-- Refusals.
select * from test.error('call stellantis.drop_warehouse(null)');
select * from test.error('call stellantis.drop_warehouse(''another'')');
begin;
comment on schema ops is 'stellantis_analytics 0.0.1: operations';
select * from test.error('select * from stellantis.status()');
rollback;
begin;
alter schema marts owner to stellantis_marts;
select * from test.error('call stellantis.create_warehouse()');
rollback;
