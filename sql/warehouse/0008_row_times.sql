-- run as: owner
-- Every table says when a row was made and changed last; those whose own columns do not say it get both here.

do $row_times$
declare
    v_table regclass;
    v_column text;
begin
    for v_table, v_column in
        select c.oid::regclass, t.column_name
        from pg_catalog.pg_class c
        cross join (values ('created_at'), ('updated_at')) as t (column_name)
        where c.relnamespace in ('staging'::regnamespace, 'warehouse'::regnamespace, 'ops'::regnamespace)
            and c.relkind in ('r', 'p') and not c.relispartition
            and not exists (
                select from pg_catalog.pg_attribute a
                where a.attrelid = c.oid and a.attname = t.column_name and not a.attisdropped)
        order by c.oid::regclass::text, t.column_name
    loop
        execute format('alter table %s add column %I timestamptz not null default clock_timestamp()', v_table, v_column);
    end loop;

    for v_table in
        select c.oid::regclass
        from pg_catalog.pg_class c
        where c.relnamespace = 'ops'::regnamespace and c.relkind = 'r'
            and not exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and t.tgname = 'set_updated_at')
        order by c.oid::regclass::text
    loop
        execute format('create trigger set_updated_at before update on %s for each row execute function ops.set_updated_at()', v_table);
    end loop;
end
$row_times$;
