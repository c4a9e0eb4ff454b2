-- Timestamps whose day and month were swapped, found from the order of a file.

create function stellantis.do_order_timestamps(p_printed timestamp[]) returns smallint[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows constant integer := coalesce(cardinality(p_printed), 0);
    v_rank integer[];               -- dense rank of each candidate: 2i-1 as printed, 2i swapped (null where there is none)
    v_at float8[];                  -- seconds of each candidate
    v_ranks integer;
    v_tree bigint[];                -- prefix maximum (Fenwick) of the score of chains that end at or below a rank
    v_tree_state integer[];
    v_score bigint[];
    v_previous integer[];
    v_first integer[];              -- first candidate of the best chain that ends here
    v_best bigint;
    v_best_state integer;
    v_state integer;
    v_node integer;
    v_span float8;
    v_best_span float8;
    v_row_unit bigint;              -- score of one fitting row; a swap costs v_swap_unit
    v_swap_unit bigint;
    v_result smallint[] := array_fill(2::smallint, array[v_rows]);
    v_pass_score bigint[];
    v_pass_state integer[];
begin
    if v_rows = 0 then
        return '{}';
    end if;
    if not exists (
        select from (select t.at, lag(t.at) over (order by t.n) as before_at
                     from unnest(p_printed) with ordinality as t (at, n)) as s
        where s.at < s.before_at
    ) then
        return array_fill(0::smallint, array[v_rows]);
    end if;

    select array_agg(r.rank order by r.n, r.is_swapped), array_agg(extract(epoch from r.at)::float8 order by r.n, r.is_swapped),
           max(r.rank)
    into v_rank, v_at, v_ranks
    from (
        select c.n, c.is_swapped, c.at,
               case when c.at is not null then dense_rank() over (order by c.at nulls last) end::integer as rank
        from (
            select t.n, false as is_swapped, t.at
            from unnest(p_printed) with ordinality as t (at, n)
            union all
            select t.n, true,
                   case when extract(day from t.at) <= 12 and extract(day from t.at) <> extract(month from t.at)
                        then make_date(extract(year from t.at)::integer, extract(day from t.at)::integer,
                                       extract(month from t.at)::integer) + t.at::time end
            from unnest(p_printed) with ordinality as t (at, n)
        ) as c
    ) as r;

    -- One number compares chains: rows that fit, then fewest swaps, then the latest start (the shortest span for an end).
    v_swap_unit := v_ranks + 1;
    v_row_unit := v_swap_unit * (v_rows + 1);
    v_tree := array_fill(0::bigint, array[v_ranks]);
    v_tree_state := array_fill(0, array[v_ranks]);
    v_score := array_fill(0::bigint, array[2 * v_rows]);
    v_previous := array_fill(0, array[2 * v_rows]);
    v_first := array_fill(0, array[2 * v_rows]);

    for i in 1 .. v_rows loop
        -- Both candidates look at the rows before this one only, so the tree is updated after both were asked.
        v_pass_score := array[0, 0];
        v_pass_state := array[0, 0];
        for c in 1 .. 2 loop
            v_state := 2 * (i - 1) + c;
            v_node := v_rank[v_state];
            continue when v_node is null;
            v_best := 0;
            v_best_state := 0;
            while v_node > 0 loop
                if v_tree[v_node] > v_best then
                    v_best := v_tree[v_node];
                    v_best_state := v_tree_state[v_node];
                end if;
                v_node := v_node - (v_node & (- v_node));
            end loop;
            if v_best_state = 0 then
                v_best := v_rank[v_state];
                v_first[v_state] := v_state;
            else
                v_first[v_state] := v_first[v_best_state];
            end if;
            v_previous[v_state] := v_best_state;
            v_score[v_state] := v_best + v_row_unit - case when c = 2 then v_swap_unit else 0 end;
        end loop;
        for c in 1 .. 2 loop
            v_state := 2 * (i - 1) + c;
            v_node := v_rank[v_state];
            continue when v_node is null;
            v_best := v_score[v_state];
            while v_node <= v_ranks loop
                if v_best > v_tree[v_node] then
                    v_tree[v_node] := v_best;
                    v_tree_state[v_node] := v_state;
                end if;
                v_node := v_node + (v_node & (- v_node));
            end loop;
        end loop;
    end loop;

    -- Among the ends that fit most rows with fewest swaps, the shortest span.
    v_best := -1;
    for s in 1 .. 2 * v_rows loop
        continue when v_rank[s] is null;
        v_span := v_at[s] - v_at[v_first[s]];
        if v_score[s] / v_swap_unit > v_best or (v_score[s] / v_swap_unit = v_best and v_span < v_best_span) then
            v_best := v_score[s] / v_swap_unit;
            v_best_state := s;
            v_best_span := v_span;
        end if;
    end loop;
    while v_best_state > 0 loop
        v_result[(v_best_state + 1) / 2] := case when v_best_state % 2 = 1 then 0 else 1 end;
        v_best_state := v_previous[v_best_state];
    end loop;
    return v_result;
end
$$;
comment on function stellantis.do_order_timestamps(timestamp[]) is
    'Internal: for times that should ascend in array order, 0 = right as printed, 1 = day and month are swapped, 2 = fits neither way. '
    'Solved for the whole array: most rows that fit, then fewest swaps, then the shortest span; O(n log n).';
