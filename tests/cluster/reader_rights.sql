-- What each reader sees, on a loaded warehouse. Run by psql as a superuser; users are made and undone in one transaction.
-- Ends with 'rights hold', or raises the first thing that does not.
\set ON_ERROR_STOP 1
begin;
set local client_min_messages = warning;

create role wr_manager in role stellantis_manager;
create role wr_engineer in role stellantis_engineer;
create role wr_executive in role stellantis_executive;
create role wr_bi in role stellantis_bi;
create role wr_loader in role stellantis_loader;
insert into ops.line_assignment (user_name, line_code) values ('wr_manager', 'L2'), ('wr_manager', 'L4');

create function pg_temp.expect(p_what text, p_got text, p_wanted text) returns void language plpgsql as $$
begin
    if p_got is distinct from p_wanted then
        raise exception '%: got %, wanted %', p_what, coalesce(p_got, 'null'), coalesce(p_wanted, 'null');
    end if;
end
$$;

do $check$
declare
    v_reader text;
    v_view record;
    v_got text;
    v_all_lines constant text := (select string_agg(distinct l.line_code, ',' order by l.line_code)
                                    from warehouse.agg_line_day a join warehouse.dim_production_line l using (line_key));
    v_money constant text[] := array(select distinct c.relname::text
                                       from pg_class c
                                       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.atttypid = 'numeric'::regtype
                                      where c.relnamespace = 'marts'::regnamespace);
begin
    foreach v_reader in array array['wr_manager', 'wr_engineer', 'wr_executive', 'wr_bi', 'wr_loader'] loop
        execute format('set local role %I', v_reader);
        select string_agg(distinct t.table_schema, ',') into v_got
          from information_schema.tables t
         where t.table_schema not in ('information_schema', 'pg_catalog') and t.table_schema not like 'pg\_temp%';
        perform pg_temp.expect(v_reader || ' lists schemas', v_got, case v_reader when 'wr_loader' then null else 'marts' end);

        select string_agg(t.table_name, ',') into v_got
          from information_schema.tables t where t.table_schema = 'marts' and t.table_name = any (v_money);
        perform pg_temp.expect(v_reader || ' sees money', (v_got is not null)::text, (v_reader in ('wr_executive', 'wr_bi'))::text);

        continue when v_reader = 'wr_loader';
        for v_view in select t.table_name from information_schema.tables t where t.table_schema = 'marts' loop
            execute format('select count(*) from marts.%I', v_view.table_name);
        end loop;
        for v_view in
            select c.table_name from information_schema.columns c
             where c.table_schema = 'marts' and c.column_name = 'line_key'
               and c.table_name not in ('dim_production_line', 'dim_equipment', 'security_map', 'fact_quality_inspection')
               and c.table_name not like '%maintenance%' and c.table_name <> 'fact_machine_condition'
        loop
            execute format('select string_agg(distinct l.line_code, '','' order by l.line_code) from marts.%I v '
                           'join marts.dim_production_line l on l.line_key = v.line_key', v_view.table_name) into v_got;
            perform pg_temp.expect(format('%s reads lines of %s', v_reader, v_view.table_name), v_got,
                                   case v_reader when 'wr_manager' then 'L2,L4' else v_all_lines end);
        end loop;
        -- Machines have no line of their own in these views' sums: count what is not on a visible line.
        execute 'select count(*)::text from marts.mart_maintenance_risk r where r.line_code not in (''L2'', ''L4'')' into v_got;
        if v_reader = 'wr_manager' then
            perform pg_temp.expect('wr_manager sees machines of other lines', v_got, '0');
        end if;
    end loop;
    reset role;
end
$check$;

-- No right outside marts, none on a partition, none but SELECT, nothing for PUBLIC.
select pg_temp.expect('rights beyond marts', string_agg(format('%s on %s to %s', a.privilege_type, c.oid::regclass, a.grantee::regrole), '; '), null)
  from pg_class c
 cross join aclexplode(c.relacl) a
 where c.relnamespace in (select oid from pg_namespace where nspname in ('staging', 'warehouse', 'marts', 'ops'))
   and (a.grantee = 0
        or (a.grantee::regrole::text in ('stellantis_executive', 'stellantis_manager', 'stellantis_engineer', 'stellantis_loader', 'stellantis_bi')
            and (c.relnamespace <> 'marts'::regnamespace or a.privilege_type <> 'SELECT'))
        or (c.relispartition and a.grantee <> c.relowner)
        or (a.privilege_type = 'REFERENCES' and a.grantee <> c.relowner));

-- Whatever carries a line or a machine is filtered for the reader, also where a view joins no dimension.
select pg_temp.expect('without row-level security', string_agg(c.oid::regclass::text, '; '), null)
  from pg_class c
 where c.relnamespace = 'warehouse'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('line_key', 'equipment_key'))
   and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid and 'stellantis_marts'::regrole = any (p.polroles)));

-- Column types that Power BI reads without loss.
select pg_temp.expect('types of marts', string_agg(format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)), '; '), null)
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'marts'::regnamespace and c.relkind = 'v'
   and format_type(a.atttypid, a.atttypmod) not in ('smallint', 'integer', 'bigint', 'double precision', 'boolean', 'text', 'date',
                                                    'timestamp without time zone', 'numeric(18,4)');

-- Everything is described.
select pg_temp.expect('without a comment', string_agg(format('%s.%s', c.oid::regclass, coalesce(a.attname, '')), '; '), null)
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace in (select oid from pg_namespace where nspname in ('staging', 'warehouse', 'marts', 'ops'))
   and c.relkind in ('r', 'p', 'v') and not c.relispartition
   and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null);

rollback;
select 'rights hold' as result;
