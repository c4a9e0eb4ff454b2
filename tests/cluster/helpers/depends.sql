-- What depends on a member of the extension and is none itself: must be nothing, or DROP EXTENSION would need CASCADE and a
-- restore would lose it. A part that a member brings with it (a type's array type, a composite's class) counts as a member.
with recursive member as (
    select d.classid, d.objid
      from pg_depend d
      join pg_extension x on x.oid = d.refobjid and x.extname = 'stellantis_analytics'
     where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    union
    select d.classid, d.objid
      from pg_depend d
      join member m on m.classid = d.refclassid and m.objid = d.refobjid
     where d.deptype = 'i'
)
select pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends on ' || pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
  from pg_depend d
  join member m on m.classid = d.refclassid and m.objid = d.refobjid
 where not exists (select from member n where n.classid = d.classid and n.objid = d.objid);
