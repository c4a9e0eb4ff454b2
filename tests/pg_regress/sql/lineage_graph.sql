-- Where each relation comes from.
\set SHOW_CONTEXT never
select target, source, kind, via from stellantis.lineage() where kind <> 'view' order by 1, 2, 3, 4;
-- Each mart leads back to a file: no relation of the reading face without a source.
with recursive up as (
    select v.table_schema || '.' || v.table_name as mart, v.table_schema || '.' || v.table_name as relation
    from information_schema.views v where v.table_schema = 'marts'
    union
    select u.mart, l.source from up u join stellantis.lineage() l on l.target = u.relation
)
select mart, string_agg(distinct relation, ' ' order by relation) filter (where relation like 'file:%') as files from up group by mart order by mart;
-- Every relation named exists.
select distinct r.name from stellantis.lineage() l cross join lateral (values (l.target), (l.source)) r (name)
where r.name not like 'file:%' and to_regclass(r.name) is null order by 1;
select (regexp_split_to_array(m, E'\n'))[1] as first_line, (select count(*) from regexp_matches(m, '-->', 'g')) = (select count(*) from stellantis.lineage()) as an_arrow_each
from stellantis.lineage_mermaid() m;
