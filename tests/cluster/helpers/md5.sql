-- The md5 of every column of every relation that people read, rows sorted as text: relation, column, rows, md5.
-- Included: every table of warehouse (partitions through their parent) and every view of marts, created_at and updated_at too;
-- other schemas by psql's variable: -v schemas='{staging,ops}'.
-- Left out, because they follow the clock by definition (said in their comments):
--   marts.data_freshness.is_stale (compares with now()) and the offsets of marts.dim_date (counted from today).
set search_path = pg_catalog, pg_temp;
\if :{?schemas}
\else
\set schemas '{warehouse,marts}'
\endif
create function pg_temp.md5_of_columns(p_schemas text[]) returns table (relation text, column_name text, row_count bigint, md5 text)
language plpgsql as $$
declare
    v_relation record;
begin
    for v_relation in
        select c.oid::regclass::text as name, array_agg(a.attname::text order by a.attnum) as columns
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where not c.relispartition
           and n.nspname = any (p_schemas) and c.relkind in ('r', 'p', 'v', 'm')
           and (n.nspname || '.' || c.relname, a.attname) not in (
               ('marts.data_freshness', 'is_stale'), ('marts.dim_date', 'day_offset'), ('marts.dim_date', 'week_offset'),
               ('marts.dim_date', 'month_offset'), ('marts.dim_date', 'year_offset'))
         group by c.oid
         order by c.oid::regclass::text collate "C"
    loop
        return query execute (
            select format('select %L::text, u.name, x.n, x.sums[u.no] from (select count(*) as n, array[%s]::text[] as sums '
                'from (select t.* from (select %s from %s) as t order by t::text collate "C") as s) as x, unnest(%L::text[]) with ordinality as u(name, no)',
                v_relation.name, string_agg(format('md5(string_agg(coalesce(s.%I::text, ''NULL''), E''\n''))', c.name), ', ' order by c.no),
                string_agg(format('%I', c.name), ', ' order by c.no), v_relation.name, v_relation.columns)
              from unnest(v_relation.columns) with ordinality as c(name, no));
    end loop;
end
$$;
select * from pg_temp.md5_of_columns(:'schemas');
