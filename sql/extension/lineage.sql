-- Lineage: views from the catalogue, steps from the list below (loads leave no trace in the catalogue).

create function stellantis.do_lineage()
returns table (target text, source text, kind text, via text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with steps (target, source, kind, via) as (values
        ('staging.clean_maintenance', 'staging.maintenance', 'clean', 'stellantis.clean'),
        ('staging.clean_maintenance', 'ops.code_map', 'clean', 'stellantis.clean'),
        ('staging.clean_quality', 'staging.quality', 'clean', 'stellantis.clean'),
        ('staging.clean_vehicle', 'staging.vehicle', 'clean', 'stellantis.clean'),
        ('staging.clean_production', 'staging.production', 'clean', 'stellantis.clean'),
        ('staging.clean_production', 'ops.code_map', 'clean', 'stellantis.clean'),
        ('ops.model_version', 'staging.features_maintenance', 'train', 'stellantis.train_forest'),
        ('staging.maintenance_score', 'ops.model_version', 'score', 'stellantis.predict_maintenance'),
        ('staging.maintenance_score', 'staging.features_maintenance', 'score', 'stellantis.predict_maintenance'),
        ('ops.equipment_line', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('ops.equipment_line', 'staging.clean_maintenance', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_production_line', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_production_line', 'ops.equipment_line', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_shift', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_equipment', 'staging.clean_maintenance', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_equipment', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_equipment', 'ops.equipment_line', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_vehicle', 'staging.clean_vehicle', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_vehicle', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('warehouse.dim_quality_defect', 'staging.clean_quality', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_production_metrics', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_production_metrics', 'warehouse.dim_production_line', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_production_metrics', 'warehouse.dim_equipment', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_production_metrics', 'warehouse.dim_vehicle', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_production_metrics', 'warehouse.dim_shift', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_cost_of_quality', 'staging.clean_production', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_cost_of_quality', 'warehouse.dim_production_line', 'load', 'stellantis.load_warehouse'),
        ('warehouse.agg_line_day', 'warehouse.fact_production_metrics', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_machine_condition', 'staging.clean_maintenance', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_machine_condition', 'warehouse.dim_equipment', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_quality_inspection', 'staging.clean_quality', 'load', 'stellantis.load_warehouse'),
        ('warehouse.fact_quality_inspection', 'warehouse.dim_quality_defect', 'load', 'stellantis.load_warehouse'),
        ('warehouse.ml_maintenance_predictions', 'staging.maintenance_score', 'load', 'stellantis.load_warehouse'),
        ('warehouse.ml_maintenance_predictions', 'warehouse.dim_equipment', 'load', 'stellantis.load_warehouse')
    ), files as (
        select d.staging_table as target, 'file:' || d.path_glob as source, 'ingest' as kind, 'stellantis.ingest' as via
        from ops.dataset d where d.is_active
        union all
        select 'warehouse.quality_metrics_log', d.staging_table, 'measure', 'stellantis.assess_quality'
        from ops.dataset d where d.is_active
    ), views as (
        select distinct format('%I.%I', vn.nspname, v.relname) as target, format('%I.%I', rn.nspname, r.relname) as source,
            'view' as kind, 'view definition' as via
        from pg_depend d
        join pg_rewrite w on w.oid = d.objid
        join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
        join pg_namespace vn on vn.oid = v.relnamespace
        join pg_class r on r.oid = d.refobjid
        join pg_namespace rn on rn.oid = r.relnamespace
        where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and r.oid <> v.oid
          and vn.nspname in ('staging', 'warehouse', 'marts')
    )
    select e.target, e.source, e.kind, e.via
    from (select * from steps union all select * from files union all select * from views) as e
    order by array_position(array['ingest', 'measure', 'clean', 'train', 'score', 'load', 'view'], e.kind), e.target, e.source
$$;
comment on function stellantis.do_lineage() is
    'Internal: what comes from what: files to staging to cleaned twins to the star by step, views by their definition in the catalogue.';

create function stellantis.do_lineage_mermaid() returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with edges as (
        select l.target, l.source, l.kind, row_number() over () as position from stellantis.do_lineage() as l
    ), nodes as (
        select n.name, row_number() over (order by n.name) as node_no
        from (select target as name from edges union select source from edges) as n
    )
    select E'graph LR\n'
        || (select string_agg(format('    n%s["%s"]', n.node_no, replace(n.name, '"', '#quot;')), E'\n' order by n.node_no) from nodes n)
        || E'\n'
        || (select string_agg(format('    n%s -->|%s| n%s', s.node_no, e.kind, t.node_no), E'\n' order by e.position)
            from edges e join nodes s on s.name = e.source join nodes t on t.name = e.target)
        || E'\n'
$$;
comment on function stellantis.do_lineage_mermaid() is
    'Internal: the lineage as a Mermaid graph.';

create function stellantis.lineage()
returns table (target text, source text, kind text, via text)
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.lineage() is 'Where each relation gets its rows from: views from the catalog, loads from the pipeline.';

create function stellantis.lineage_mermaid() returns text
language c volatile parallel unsafe as 'MODULE_PATHNAME', 'as_owner';
comment on function stellantis.lineage_mermaid() is 'The lineage as a Mermaid flow chart.';
