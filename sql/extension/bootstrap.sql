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

-- Files, headers and model names are UTF-8 throughout.
do $$
begin
    if pg_catalog.getdatabaseencoding() operator(pg_catalog.<>) 'UTF8' then
        raise exception using
            errcode = 'feature_not_supported',
            message = pg_catalog.format('database %I has encoding %s; stellantis_analytics needs UTF8',
                pg_catalog.current_database(), pg_catalog.getdatabaseencoding()),
            hint = 'CREATE DATABASE manufacturing ENCODING ''UTF8'' TEMPLATE template0;';
    end if;
end
$$;
