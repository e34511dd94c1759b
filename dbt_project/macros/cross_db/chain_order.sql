{#
    Changes of one field in one second come without an order. The one that leaves the fewest breaks
    between a new value and the next old value is taken, starting from the last value before (before
    the first change nothing is known, so nothing breaks there); of
    equally good ones the first in the order in which the changes are passed (stage rank, event id).
    Held and Karp's dynamic programme over subsets: exact, and small because seconds hold few changes.
#}
{% macro create_chain_order_function() %}
    create or replace function {{ target.schema }}.chain_order(
        has_start boolean, start_value text, old_values text[], new_values text[]
    )
    returns int[] language sql immutable parallel safe as $$
        with recursive walk (visited, last_item, breaks, path) as (
            select
                1::bigint << (item - 1),
                item,
                case when has_start and old_values[item] is distinct from start_value then 1 else 0 end,
                array[item]
            from generate_series(1, array_length(old_values, 1)) as item

            union all

            select
                best.visited | (1::bigint << (item - 1)),
                item,
                best.breaks
                + case when old_values[item] is distinct from new_values[best.last_item] then 1 else 0 end,
                best.path || item
            from (
                select
                    walk.*,
                    row_number() over (
                        partition by walk.visited, walk.last_item order by walk.breaks, walk.path
                    ) as preference
                from walk
            ) as best
            cross join generate_series(1, array_length(old_values, 1)) as item
            where best.preference = 1 and (best.visited & (1::bigint << (item - 1))) = 0
        )

        select path
        from walk
        where array_length(path, 1) = array_length(old_values, 1)
        order by breaks, path
        limit 1
    $$
{% endmacro %}

{#
    Positions (1..n) of a field's changes, given sorted by second and, within a second, by stage rank
    and event id. Seconds with one change cost nothing; the others go through chain_order.
#}
{% macro create_order_within_seconds_function() %}
    create or replace function {{ target.schema }}.order_within_seconds(
        seconds timestamptz[], old_values text[], new_values text[]
    )
    returns int[] language plpgsql immutable parallel safe as $$
    declare
        n int := coalesce(array_length(seconds, 1), 0);
        first_item int := 1;
        last_item int;
        last_value text := null;
        picked int[];
        positions int[] := array_fill(0, array[greatest(n, 1)]);
        k int;
    begin
        while first_item <= n loop
            last_item := first_item;
            while last_item < n and seconds[last_item + 1] = seconds[first_item] loop
                last_item := last_item + 1;
            end loop;
            if last_item = first_item then
                positions[first_item] := first_item;
                last_value := new_values[first_item];
            else
                picked := {{ target.schema }}.chain_order(
                    first_item > 1,
                    last_value,
                    old_values[first_item:last_item],
                    new_values[first_item:last_item]
                );
                for k in 1 .. array_length(picked, 1) loop
                    positions[first_item + picked[k] - 1] := first_item + k - 1;
                    last_value := new_values[first_item + picked[k] - 1];
                end loop;
            end if;
            first_item := last_item + 1;
        end loop;
        return positions;
    end
    $$
{% endmacro %}

{#
    For the changes of one group, numbered by second, rank and id: the list of the positions that chain
    order gives them. See order_within_seconds.
#}
{% macro positions_within_seconds(second, old_value, new_value, item) -%}
    {{ adapter.dispatch('positions_within_seconds', 'lead_handoff')(second, old_value, new_value, item) }}
{%- endmacro %}

{% macro postgres__positions_within_seconds(second, old_value, new_value, item) -%}
    {{ target.schema }}.order_within_seconds(
        array_agg({{ second }} order by {{ item }}),
        array_agg({{ old_value }} order by {{ item }}),
        array_agg({{ new_value }} order by {{ item }})
    )
{%- endmacro %}

{# The element of a list at a position, the first being 1. #}
{% macro nth(list, position) -%}
    {{ adapter.dispatch('nth', 'lead_handoff')(list, position) }}
{%- endmacro %}

{% macro postgres__nth(list, position) -%}
    {{ list }}[{{ position }}]
{%- endmacro %}
