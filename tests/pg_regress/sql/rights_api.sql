-- The interface, member by member. A new or changed member fails here until it is put on the list, with its rights.
\set SHOW_CONTEXT never
select case p.prokind when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate' end as kind,
    case when p.pronargs > 12 then p.proname || '(' || p.pronargs || ' arguments)' else p.oid::regprocedure::text end as member,
    p.provolatile as volatile, p.proparallel as parallel, p.proisstrict as strict, p.prosecdef as definer,
    case when has_function_privilege('public', p.oid, 'execute') then 'all' else '' end as open_to,
    array_to_string(p.proconfig, '; ') as settings
from pg_depend d join pg_proc p on p.oid = d.objid
where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    and d.refobjid = (select oid from pg_extension where extname = 'stellantis_analytics')
order by 2;
-- Whatever else is a member.
select d.classid::regclass::text as class, pg_describe_object(d.classid, d.objid, 0) as member
from pg_depend d
where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and d.classid <> 'pg_proc'::regclass
    and d.refobjid = (select oid from pg_extension where extname = 'stellantis_analytics')
order by 1, 2;
-- Beside the owner and those who may call everything, nobody holds a right of their own.
select p.oid::regprocedure::text as member, a.grantee::regrole::text as grantee
from pg_proc p cross join lateral aclexplode(p.proacl) a
where p.pronamespace = 'stellantis'::regnamespace and a.grantee not in (0, p.proowner) and a.grantee <> 'stellantis_pipeline'::regrole
order by 1, 2;
select p.oid::regprocedure::text as not_the_owners_to_call from pg_proc p
where p.pronamespace = 'stellantis'::regnamespace and not has_function_privilege('stellantis_pipeline', p.oid, 'execute') order by 1;
-- Every public call says what it does.
select p.oid::regprocedure::text as without_comment from pg_proc p
where p.pronamespace = 'stellantis'::regnamespace and has_function_privilege('public', p.oid, 'execute') and obj_description(p.oid, 'pg_proc') is null order by 1;
select stellantis.version() ~ '^\d+\.\d+\.\d+$' as loaded;
select name, context, vartype, unit, boot_val, min_val, max_val from pg_settings where name like 'stellantis.%' and name <> 'stellantis.landing_zone' order by 1;
select name, context, vartype from pg_settings where name = 'stellantis.landing_zone';
select * from test.error('set stellantis.nothing = 1');
select * from test.error('set stellantis.threads = 1000');
select * from test.error('set stellantis.max_memory = ''1kB''');
