{#
    What tells a day and no time of day, among what tells a time (ruling 119). Those with a time keep
    their order; one without stands among those of its day where the order within one second would put
    it. Days are taken as they begin; what lies before a day, or after it, stays there.
#}

{#
    Positions (1..n) of a field's changes in which days and times are mixed. In: changes sorted by second
    or day, stage rank and event id; their first and last second (one and the same with a time of day);
    their place by stage rank and event id alone.

    A day without times is ordered as one second is. Up to five changes without a time are put among
    those with one in the way of all that leaves the fewest breaks, the smallest of equally good ones;
    more of them go one after the other where the chain first goes on with them.
#}
{% macro create_order_within_days_function() %}
    create or replace function {{ target.schema }}.order_within_days(
        seconds timestamptz[], last_seconds timestamptz[], old_values text[], new_values text[],
        places int[]
    )
    returns int[] language plpgsql immutable parallel safe as $$
    declare
        n int := cardinality(seconds);
        timed int[] := array(
            select item from generate_subscripts(seconds, 1) as item
            where seconds[item] = last_seconds[item] order by item
        );
        in_order int[] := '{}';
        positions int[];
        next_timed int := 1;
        fixed int[];
        free int[];
        picked int[];
        until int;
        result int[] := '{}';
        taken int := 0;
        a_day record;
    begin
        if cardinality(timed) > 0 then
            positions := {{ target.schema }}.order_within_seconds(
                array(select seconds[item] from unnest(timed) with ordinality as t (item, place) order by place),
                array(select old_values[item] from unnest(timed) with ordinality as t (item, place) order by place),
                array(select new_values[item] from unnest(timed) with ordinality as t (item, place) order by place)
            );
            in_order := array(
                select timed[item] from unnest(positions) with ordinality as t (place, item) order by place
            );
        end if;
        for a_day in
            select days.starts, days.ends, array_agg(days.item order by days.item) as items
            from (
                select seconds[item] as starts, last_seconds[item] as ends, item
                from generate_subscripts(seconds, 1) as item
                where last_seconds[item] > seconds[item]
            ) as days
            group by days.starts, days.ends
            order by days.starts, days.ends
        loop
            free := a_day.items;
            while next_timed <= cardinality(in_order) and seconds[in_order[next_timed]] < a_day.starts loop
                taken := taken + 1;
                result[taken] := in_order[next_timed];
                next_timed := next_timed + 1;
            end loop;
            until := next_timed;
            while until <= cardinality(in_order) and seconds[in_order[until]] <= a_day.ends loop
                until := until + 1;
            end loop;
            fixed := in_order[next_timed:until - 1];
            picked := {{ target.schema }}.order_within_day(
                taken > 0,
                case when taken > 0 then new_values[result[taken]] end,
                array(select old_values[item] from unnest(fixed || free) with ordinality as t (item, place) order by place),
                array(select new_values[item] from unnest(fixed || free) with ordinality as t (item, place) order by place),
                array(select places[item] from unnest(fixed || free) with ordinality as t (item, place) order by place),
                cardinality(fixed)
            );
            -- Those with a time behind the last one without may still have to let the next day's in.
            until := cardinality(picked);
            while picked[until] <= cardinality(fixed) loop
                until := until - 1;
            end loop;
            for k in 1 .. until loop
                taken := taken + 1;
                if picked[k] <= cardinality(fixed) then
                    result[taken] := fixed[picked[k]];
                    next_timed := next_timed + 1;
                else
                    result[taken] := free[picked[k] - cardinality(fixed)];
                end if;
            end loop;
        end loop;
        result := result || in_order[next_timed:];
        return array(
            select place::int from unnest(result) with ordinality as t (item, place) order by item
        );
    end
    $$
{% endmacro %}

{# The order of one day's changes: of `fixed` with a time, which come first and keep their order, and the rest. #}
{% macro create_order_within_day_function() %}
    create or replace function {{ target.schema }}.order_within_day(
        has_start boolean, start_value text, old_values text[], new_values text[], places int[],
        fixed int
    )
    returns int[] language plpgsql immutable parallel safe as $$
    declare
        n int := cardinality(old_values);
        free int := n - fixed;
        masks int := 1 << (n - fixed);
        -- The fewest breaks still to come, by how many of the fixed are done, which free ones, and the
        -- last: 0 a fixed one (or none yet), else the free one.
        fewest int[];
        best int;
        cost int;
        state int;
        is_known boolean;
        value text;
        chosen int;
        picked int[] := '{}';
        sorted int[];
        done boolean[] := array_fill(false, array[n]);
        numbers int[];
        leaving int[];
        next_leaving int[] := array_fill(0, array[n]);
        current int;
        next_fixed int := 1;
        next_free int := 1;
        mask int := 0;
        i int := 0;
        last_item int := 0;
    begin
        if fixed = 0 then
            -- One second's order, after a change that brings the value before.
            return array(
                select place::int - has_start::int
                from unnest({{ target.schema }}.order_within_seconds(
                    array_fill('epoch'::timestamptz, array[has_start::int])
                    || array_fill('2000-01-01 00:00:00+00'::timestamptz, array[n]),
                    array_fill(null::text, array[has_start::int]) || old_values,
                    array_fill(start_value, array[has_start::int]) || new_values
                )) with ordinality as t (position, place)
                where place > has_start::int
                order by position
            );
        end if;

        if free <= 5 then
            fewest := array_fill(0, array[(fixed + 1) * masks * (free + 1)]);
            for i in reverse fixed .. 0 loop
                for mask in reverse masks - 1 .. 0 loop
                    continue when i = fixed and mask = masks - 1;
                    for last_item in 0 .. free loop
                        is_known := last_item > 0 or i > 0 or has_start;
                        value := case
                            when last_item > 0 then new_values[fixed + last_item]
                            when i > 0 then new_values[i]
                            else start_value
                        end;
                        best := 2 * n;
                        if i < fixed then
                            best := fewest[((i + 1) * masks + mask) * (free + 1) + 1]
                                + (is_known and value is distinct from old_values[i + 1])::int;
                        end if;
                        for k in 1 .. free loop
                            continue when mask & (1 << (k - 1)) > 0;
                            cost := fewest[(i * masks + (mask | (1 << (k - 1)))) * (free + 1) + k + 1]
                                + (is_known and value is distinct from old_values[fixed + k])::int;
                            best := least(best, cost);
                        end loop;
                        fewest[(i * masks + mask) * (free + 1) + last_item + 1] := best;
                    end loop;
                end loop;
            end loop;
            while cardinality(picked) < n loop
                is_known := last_item > 0 or i > 0 or has_start;
                value := case
                    when last_item > 0 then new_values[fixed + last_item]
                    when i > 0 then new_values[i]
                    else start_value
                end;
                best := fewest[(i * masks + mask) * (free + 1) + last_item + 1];
                chosen := 0;
                if i < fixed and best = fewest[((i + 1) * masks + mask) * (free + 1) + 1]
                    + (is_known and value is distinct from old_values[i + 1])::int
                then
                    chosen := i + 1;
                end if;
                for k in 1 .. free loop
                    continue when mask & (1 << (k - 1)) > 0;
                    cost := fewest[(i * masks + (mask | (1 << (k - 1)))) * (free + 1) + k + 1]
                        + (is_known and value is distinct from old_values[fixed + k])::int;
                    if cost = best and (chosen = 0 or places[fixed + k] < places[chosen]) then
                        chosen := fixed + k;
                    end if;
                end loop;
                picked[cardinality(picked) + 1] := chosen;
                if chosen <= fixed then
                    i := chosen;
                    last_item := 0;
                else
                    last_item := chosen - fixed;
                    mask := mask | (1 << (last_item - 1));
                end if;
            end loop;
            return picked;
        end if;

        -- Values as numbers, and the free changes that leave each value, smallest first.
        numbers := array(
            select numbered.number
            from (
                select given.place, dense_rank() over (order by given.value collate "C") as number
                from unnest(old_values || new_values || array[start_value]) with ordinality as given (value, place)
            ) as numbered
            order by numbered.place
        );
        leaving := array_fill(0, array[2 * n + 1]);
        sorted := array(select item from generate_series(fixed + 1, n) as item order by places[item]);
        for k in reverse free .. 1 loop
            next_leaving[sorted[k]] := leaving[numbers[sorted[k]]];
            leaving[numbers[sorted[k]]] := sorted[k];
        end loop;
        current := case when has_start then numbers[2 * n + 1] end;
        while cardinality(picked) < n loop
            while next_free <= free and done[sorted[next_free]] loop
                next_free := next_free + 1;
            end loop;
            if current is null then
                chosen := sorted[1];
            else
                while leaving[current] > 0 and done[leaving[current]] loop
                    leaving[current] := next_leaving[leaving[current]];
                end loop;
                chosen := leaving[current];
            end if;
            if next_fixed <= fixed
                and (current is null or numbers[next_fixed] = current or chosen = 0)
            then
                chosen := next_fixed;
                next_fixed := next_fixed + 1;
            elsif chosen = 0 then
                chosen := sorted[next_free];
            end if;
            done[chosen] := true;
            picked[cardinality(picked) + 1] := chosen;
            current := numbers[n + chosen];
        end loop;
        return picked;
    end
    $$
{% endmacro %}

{#
    Positions of a lead's events in which days and times are mixed, given in the order in which each day
    stands before its times: first and last second, number of the record that tells them, place among
    all by what decides between records. A record's events keep their order; at each step the smallest
    of those that may be next is taken.
#}
{% macro create_merge_days_function() %}
    create or replace function {{ target.schema }}.merge_days(
        seconds timestamptz[], last_seconds timestamptz[], chains int[], chain_places int[],
        places int[]
    )
    returns int[] language plpgsql immutable parallel safe as $$
    declare
        n int := cardinality(seconds);
        in_order int[] := array(
            select item from generate_subscripts(seconds, 1) as item
            where seconds[item] = last_seconds[item] order by item
        );
        next_timed int := 1;
        from_timed int;
        until int;
        result int[] := '{}';
        taken int := 0;
        -- Of each event of a day: how many of its record's without a time come before it, and the last
        -- with one that does.
        free_before int[] := array_fill(0, array[n]);
        fixed_before int[] := array_fill(0, array[n]);
        -- By record: its events without a time, and how many of them are taken.
        queues int[];
        queue_of int[] := array_fill(0, array[n]);
        queue_end int[] := array_fill(0, array[n]);
        free_taken int[];
        left_to_place int;
        chosen int;
        candidate int;
        records int[];
        a_day record;
        an_event record;
    begin
        for a_day in
            select days.starts, days.ends, array_agg(days.item order by days.item) as items
            from (
                select seconds[item] as starts, last_seconds[item] as ends, item
                from generate_subscripts(seconds, 1) as item
                where last_seconds[item] > seconds[item]
            ) as days
            group by days.starts, days.ends
            order by days.starts, days.ends
        loop
            while next_timed <= cardinality(in_order) and seconds[in_order[next_timed]] < a_day.starts loop
                taken := taken + 1;
                result[taken] := in_order[next_timed];
                next_timed := next_timed + 1;
            end loop;
            until := next_timed;
            while until <= cardinality(in_order) and seconds[in_order[until]] <= a_day.ends loop
                until := until + 1;
            end loop;
            queues := '{}';
            records := '{}';
            free_taken := array_fill(0, array[n]);
            for an_event in
                select
                    members.item,
                    members.is_free,
                    chains[members.item] as record_number,
                    count(*) filter (where members.is_free) over own - members.is_free::int as free_ones,
                    coalesce(max(members.turn) filter (where not members.is_free) over own, 0) as last_fixed
                from (
                    select item, true as is_free, null::bigint as turn from unnest(a_day.items) as item
                    union all
                    select item, false, next_timed - 1 + place
                    from unnest(in_order[next_timed:until - 1]) with ordinality as t (item, place)
                ) as members
                window own as (
                    partition by chains[members.item]
                    order by chain_places[members.item], places[members.item] rows unbounded preceding
                )
                order by chains[members.item], chain_places[members.item], places[members.item]
            loop
                free_before[an_event.item] := an_event.free_ones;
                fixed_before[an_event.item] := an_event.last_fixed;
                if an_event.is_free then
                    queues[cardinality(queues) + 1] := an_event.item;
                    if an_event.free_ones = 0 then
                        records[cardinality(records) + 1] := an_event.record_number;
                        queue_of[an_event.record_number] := cardinality(queues);
                    end if;
                    queue_end[an_event.record_number] := cardinality(queues);
                end if;
            end loop;
            left_to_place := cardinality(a_day.items);
            while left_to_place > 0 loop
                chosen := 0;
                if next_timed < until then
                    candidate := in_order[next_timed];
                    if free_taken[chains[candidate]] >= free_before[candidate] then
                        chosen := candidate;
                    end if;
                end if;
                for r in 1 .. cardinality(records) loop
                    continue when queue_of[records[r]] > queue_end[records[r]];
                    candidate := queues[queue_of[records[r]]];
                    if next_timed > fixed_before[candidate]
                        and (chosen = 0 or places[candidate] < places[chosen])
                    then
                        chosen := candidate;
                    end if;
                end loop;
                taken := taken + 1;
                result[taken] := chosen;
                if last_seconds[chosen] = seconds[chosen] then
                    next_timed := next_timed + 1;
                else
                    left_to_place := left_to_place - 1;
                    free_taken[chains[chosen]] := free_taken[chains[chosen]] + 1;
                    queue_of[chains[chosen]] := queue_of[chains[chosen]] + 1;
                end if;
            end loop;
        end loop;
        result := result || in_order[next_timed:];
        return array(
            select place::int from unnest(result) with ordinality as t (item, place) order by item
        );
    end
    $$
{% endmacro %}

{#
    For the changes of one group, numbered by second or day, rank and id: the list of the positions that
    they have, whether or not they tell times of day. `last_second` is the day's last, where one is told;
    `place` numbers them by rank and id alone.
#}
{% macro positions_within_days(second, last_second, old_value, new_value, item, place) -%}
    {{ adapter.dispatch('positions_within_days', 'lead_handoff')(
        second, last_second, old_value, new_value, item, place
    ) }}
{%- endmacro %}

{% macro postgres__positions_within_days(second, last_second, old_value, new_value, item, place) -%}
    case
        when bool_and({{ second }} = {{ last_second }})
            then {{ positions_within_seconds(second, old_value, new_value, item) }}
        else {{ target.schema }}.order_within_days(
            array_agg({{ second }} order by {{ item }}),
            array_agg({{ last_second }} order by {{ item }}),
            array_agg({{ old_value }} order by {{ item }}),
            array_agg({{ new_value }} order by {{ item }}),
            array_agg(cast({{ place }} as int) order by {{ item }})
        )
    end
{%- endmacro %}

{# The same for a lead's events: the number of the record that tells them, and their place in it. #}
{% macro positions_among_records(second, last_second, chain, chain_place, place, item) -%}
    {{ adapter.dispatch('positions_among_records', 'lead_handoff')(
        second, last_second, chain, chain_place, place, item
    ) }}
{%- endmacro %}

{% macro postgres__positions_among_records(second, last_second, chain, chain_place, place, item) -%}
    {{ target.schema }}.merge_days(
        array_agg({{ second }} order by {{ item }}),
        array_agg({{ last_second }} order by {{ item }}),
        array_agg(cast({{ chain }} as int) order by {{ item }}),
        array_agg(cast({{ chain_place }} as int) order by {{ item }}),
        array_agg(cast({{ place }} as int) order by {{ item }})
    )
{%- endmacro %}
