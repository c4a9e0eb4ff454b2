-- Files: how they come in, once, and what is refused.
\set SHOW_CONTEXT never
set client_min_messages = warning;
select dataset, path, state, reason, length(sha256) as digits, bytes > 0 as filled from stellantis.landing_files() order by path;
select dataset, path, state, is_synthetic, rows_read = rows_loaded + rows_rejected as adds_up, sqlstate from ops.source_file order by dataset;
select * from stellantis.ingest();

select stellantis.glob_pattern('quality/*.csv') as glob, 'quality/a.b.csv' ~ stellantis.glob_pattern('quality/*.csv') as inside,
    'quality/sub/a.csv' ~ stellantis.glob_pattern('quality/*.csv') as below, 'quality/axcsv' ~ stellantis.glob_pattern('quality/*.csv') as dot,
    'x1' ~ stellantis.glob_pattern('x?') as one, 'x12' ~ stellantis.glob_pattern('x?') as two, stellantis.glob_pattern(null) is null as none;

-- A file from a client: semicolons, padded cells, other headers; one row does not fit.
select path, bytes, length(sha256) from stellantis.upload_file('maintenance', 'plant.csv', convert_to(
    'UID;Product ID; Type ;Air temperature [K];Process temperature [K];Rotational speed [rpm];Torque [Nm];Tool wear [min];Machine failure;TWF;HDF;PWF;OSF;RNF
90001; Z90001 ;M;298,1;308,6;1551;42,8;0;0;0;0;0;0;0
90002;Z90002;L;298,2;308,7;fast;46,3;3;0;0;0;0;0;0
', 'UTF8'));
select path, state from stellantis.landing_files() where state = 'new';
select file_dataset, path, rows_read, rows_loaded, rows_rejected, sqlstate, message, hint from stellantis.ingest('maintenance');
select udi, product_id, air_temperature_k, rotational_speed_rpm, torque_nm, machine_failure, line_number from staging.maintenance where udi > 90000;
select line_number, byte_offset, column_name, convert_from(raw_line, 'UTF8') as raw_line, rule, sqlstate, message from ops.rejected_row r
where file_id = (select file_id from ops.source_file where path = 'maintenance/plant.csv');
-- The same bytes again: known, not loaded twice; the name again: refused.
select path from stellantis.upload_file('maintenance', 'plant again.csv', (select convert_to(
    'UID;Product ID; Type ;Air temperature [K];Process temperature [K];Rotational speed [rpm];Torque [Nm];Tool wear [min];Machine failure;TWF;HDF;PWF;OSF;RNF
90001; Z90001 ;M;298,1;308,6;1551;42,8;0;0;0;0;0;0;0
90002;Z90002;L;298,2;308,7;fast;46,3;3;0;0;0;0;0;0
', 'UTF8')));
select path, state, reason from stellantis.landing_files() where path like 'maintenance/plant%' order by path;
select * from stellantis.ingest();
select * from test.error($$select * from stellantis.upload_file('maintenance', 'plant.csv', 'x')$$);
-- Taken out again, with a reason.
select * from test.error($$select stellantis.withdraw_file(null, 'x')$$);
select * from test.error($$select stellantis.withdraw_file(-1, 'x')$$);
select e.state, regexp_replace(e.message, '\d+', 'N'), regexp_replace(e.hint, '\d+', 'N') from ops.source_file f cross join lateral test.error(format('select stellantis.withdraw_file(%s, '' '')', f.file_id)) e where f.path = 'maintenance/plant.csv';
select stellantis.withdraw_file(file_id, 'a test') from ops.source_file where path = 'maintenance/plant.csv';
select count(*) as left_in_staging from staging.maintenance where udi > 90000;
select path, state from ops.source_file where path = 'maintenance/plant.csv';
select action, object_name, detail ->> 'reason' as reason from ops.audit_log where object_name = 'maintenance/plant.csv' order by audit_id;

-- Arguments.
select f.call, e.* from (values
    (1, $$upload_file(null, 'a.csv', 'x')$$), (2, $$upload_file('nothing', 'a.csv', 'x')$$), (3, $$upload_file('maintenance', null, 'x')$$), (4, $$upload_file('maintenance', '', 'x')$$),
    (5, $$upload_file('maintenance', '../a.csv', 'x')$$), (6, $$upload_file('maintenance', 'a.txt', 'x')$$), (7, $$upload_file('maintenance', 'a.csv', null)$$), (8, $$upload_file('maintenance', 'a.csv', '')$$),
    (9, $$ingest('nothing')$$), (10, $$generate_dataset(null)$$), (11, $$generate_dataset('')$$), (12, $$generate_dataset('nothing')$$), (13, $$generate_dataset('quality', 0)$$), (14, $$generate_dataset('quality', -1)$$),
    (15, $$generate_dataset('quality', 10, 1, 1.5)$$), (16, $$generate_dataset('quality', 10, 1, 'NaN')$$), (17, $$generate_dataset('quality', 10)$$), (18, $$zone_sha256('../x')$$), (19, $$zone_sha256('/etc/passwd')$$),
    (20, $$zone_sha256('')$$), (21, $$zone_sha256('maintenance')$$), (22, $$write_zone_file('../x', 'x')$$), (23, $$zone_sha256('maintenance/none.csv')$$)
) f (n, call) cross join lateral test.error('select * from stellantis.' || f.call) e order by f.n;
set stellantis.landing_zone = '';
select f.call, e.* from (values (1, 'landing_files()'), (2, 'ingest()'), (3, $$generate_dataset('quality')$$)) f (n, call) cross join lateral test.error('select * from stellantis.' || f.call) e order by f.n;
set stellantis.landing_zone = '/nonexistent';
select e.state, e.message from test.error('select * from stellantis.landing_files()') e;
reset stellantis.landing_zone;
