#!/usr/bin/env bash
# What the owner role puts in the way must never run with the rights of the superuser who calls: views in place of our
# tables, triggers, deferred triggers, hostile search paths. And what the library can't live with is refused.
. "$(dirname "$0")/lib.sh"
cluster_up
sql 'create extension stellantis_analytics'
sql 'call stellantis.create_warehouse()' 2>/dev/null
as_owner() { sql "set session authorization stellantis_pipeline; $1"; }
ran_as() { sql "select coalesce(string_agg(distinct who, ','), 'nobody') from ops.ran"; }

as_owner 'create table ops.ran (who text)'
as_owner 'create function ops.spy() returns integer language plpgsql as $$ begin insert into ops.ran values (current_user); return 0; end $$'
as_owner 'create function ops.spy_trigger() returns trigger language plpgsql as $$ begin perform ops.spy(); return null; end $$'

as_owner 'alter table ops.schema_migration rename to schema_migration_kept'
as_owner 'create view ops.schema_migration as select migration_no + ops.spy() as migration_no, checksum, name, library_version from ops.schema_migration_kept'
sql 'call stellantis.create_warehouse()' >/dev/null 2>&1 || true
ok "a view in place of the list of migrations runs as the owner" is "$(ran_as)" stellantis_pipeline
as_owner 'drop view ops.schema_migration; alter table ops.schema_migration_kept rename to schema_migration; truncate ops.ran'

as_owner 'create constraint trigger spy after insert on ops.source_file deferrable initially deferred for each row execute function ops.spy_trigger()'
sql "select path from stellantis.generate_dataset('production', 15)" >/dev/null
sql 'select path from stellantis.ingest()' >/dev/null
ok "a deferred trigger on the ledger fires as the owner" is "$(ran_as)" stellantis_pipeline
as_owner 'drop trigger spy on ops.source_file; truncate ops.ran'

# The driver's own statements run as the caller: their operators must not be found in the caller's search path.
sql 'create schema evil; grant usage on schema evil to public'
# shellcheck disable=SC2016
sql 'create function evil.differs(text, text) returns boolean language plpgsql as $$ begin insert into ops.ran values (current_user); return $1 operator(pg_catalog.<>) $2; end $$'
sql 'create operator evil.<> (function = evil.differs, leftarg = text, rightarg = text)'
PGOPTIONS='-c search_path=evil,pg_catalog' sql 'call stellantis.run_pipeline()' >/dev/null 2>&1
ok "the pipeline ran" is "$(sql 'select state from ops.pipeline_run order by run_id desc limit 1')" success
ok "no operator of the caller's search path ran" is "$(ran_as)" nobody

psql -X -q -d postgres -c "create database latin encoding 'LATIN1' locale 'C' template template0"
said=$(PGDATABASE=latin sql_error 'create extension stellantis_analytics')
ok "a database that is not UTF8 is refused with 0A000" contains "$said" 'ERROR:  0A000: database latin has encoding LATIN1'
ok "with a way on" contains "$said" "HINT:  CREATE DATABASE manufacturing ENCODING 'UTF8' TEMPLATE template0;"

ok "every routine has a comment" is "$(sql "select count(*) from pg_proc p where p.pronamespace = 'stellantis'::regnamespace and obj_description(p.oid, 'pg_proc') is null")" 0
done_testing
