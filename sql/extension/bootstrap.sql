-- The install script creates objects in schema stellantis only, and only if that schema is the installer's:
-- whoever owned it before could have put functions there that ours would call.
do $$
begin
    if (select nspowner from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) 'stellantis')
        operator(pg_catalog.<>) (select oid from pg_catalog.pg_roles where rolname operator(pg_catalog.=) current_user)
    then
        raise exception using
            errcode = 'duplicate_schema',
            message = 'schema stellantis exists and belongs to another role',
            hint = 'ALTER SCHEMA stellantis RENAME TO stellantis_old;';
    end if;
end
$$;
