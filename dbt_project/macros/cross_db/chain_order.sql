{#
    The order of one field's changes within a second (rulings 1 and 103): the one that leaves the fewest
    breaks between a new value and the next old value, starting from the last value before; of equally
    good ones the smallest in the order in which the changes are given (stage rank, event id).

    Values are nodes and changes are edges; an order is a set of trails, with a break before each that
    does not go on from the last value. A node left more often than reached has a surplus: as many
    trails begin there. So the next change is the first in the given order
    - of those that leave the current value; where that one has no surplus and lies in no round,
    - also of those with which a trail begins elsewhere: at a surplus, or anywhere in a part that is all
      rounds. (Where nothing is known before, every first change is such a one.)
    One kind of edge has to wait: a bridge that would leave rounds behind at its node, which could only
    be had by a break then; these rounds come before it. Rounds are walked by Hierholzer's way, which
    finds the smallest walk; whether an edge is such a bridge is found by searching from both its ends
    until they meet. So the time is near-linear in the number of changes.

    In: the value before (null where none is known) and each change's old and new value, as numbers from
    1 to `nodes`. Out: the changes' numbers in order.
#}
{% macro create_chain_order_function() %}
    create or replace function {{ target.schema }}.chain_order(
        last_value int, source int[], target int[], nodes int
    )
    returns int[] language plpgsql immutable parallel safe as $$
    declare
        n int := cardinality(source);
        picked int[] := '{}';
        -- Edges by the node that they leave, smallest first; used ones are passed over.
        leaving int[] := array_fill(0, array[nodes]);
        next_leaving int[] := array_fill(0, array[n]);
        -- Ends of edges by node: 2e - 1 is the end at the source, 2e that at the target.
        touching int[] := array_fill(0, array[nodes]);
        next_touching int[] := array_fill(0, array[2 * n]);
        used boolean[] := array_fill(false, array[n]);
        surplus int[] := array_fill(0, array[nodes]);
        left_to_go int[] := array_fill(0, array[nodes]);
        -- Which nodes hang together, and which of these parts are not all rounds.
        part int[] := array_fill(0, array[nodes]);
        is_uneven boolean[] := array_fill(false, array[nodes]);
        seen int[] := array_fill(0, array[nodes]);
        search int := 0;
        queue int[];
        other_queue int[];
        head int;
        other_head int;
        is_other boolean;
        current int := coalesce(last_value, 0);
        beginning int := 1;
        not_closed_after int := -1;
        own int;
        edge int;
        bridge int;
        ending int;
        before int;
        node int;
        neighbour int;
        starts boolean;
        asks boolean;
        hangs boolean;
        rounds_at int;
        stack int[];
        via int[];
        depth int;
        walked int[];
    begin
        for e in reverse n .. 1 loop
            next_leaving[e] := leaving[source[e]];
            leaving[source[e]] := e;
            next_touching[2 * e - 1] := touching[source[e]];
            touching[source[e]] := 2 * e - 1;
            next_touching[2 * e] := touching[target[e]];
            touching[target[e]] := 2 * e;
            surplus[source[e]] := surplus[source[e]] + 1;
            surplus[target[e]] := surplus[target[e]] - 1;
            left_to_go[source[e]] := left_to_go[source[e]] + 1;
        end loop;

        for start in 1 .. nodes loop
            continue when part[start] > 0;
            queue := array[start];
            head := 1;
            depth := 1;
            part[start] := start;
            while head <= depth loop
                node := queue[head];
                head := head + 1;
                if surplus[node] <> 0 then
                    is_uneven[start] := true;
                end if;
                ending := touching[node];
                while ending > 0 loop
                    edge := (ending + 1) / 2;
                    neighbour := case when ending % 2 = 1 then target[edge] else source[edge] end;
                    if part[neighbour] = 0 then
                        part[neighbour] := start;
                        depth := depth + 1;
                        queue[depth] := neighbour;
                    end if;
                    ending := next_touching[ending];
                end loop;
            end loop;
        end loop;

        while cardinality(picked) < n loop
            -- The candidate: the first edge that may be next, unless it has to wait.
            own := 0;
            if current > 0 then
                own := leaving[current];
                while own > 0 and used[own] loop
                    own := next_leaving[own];
                end loop;
                leaving[current] := own;
            end if;
            edge := own;
            bridge := 0;
            starts := false;
            asks := false;
            rounds_at := 0;
            if current > 0 and surplus[current] > 0 then
                null;
            elsif own > 0 and surplus[current] = 0 and not_closed_after < cardinality(picked) then
                -- Do only rounds hang together with the current value?
                asks := true;
                node := current;
            else
                while beginning <= n and (
                    used[beginning] or not (
                        surplus[source[beginning]] > 0
                        or (
                            surplus[source[beginning]] = 0
                            and not is_uneven[part[source[beginning]]]
                        )
                    )
                ) loop
                    beginning := beginning + 1;
                end loop;
                if beginning <= n and (own = 0 or beginning < own) then
                    edge := beginning;
                    starts := true;
                    if surplus[source[edge]] = 0 then
                        rounds_at := source[edge];
                    end if;
                end if;
            end if;
            if not asks and rounds_at = 0 then
                node := source[edge];
                bridge := edge;
                asks := surplus[node] = 1 and left_to_go[node] > 1 and target[edge] <> node;
            end if;

            -- Whether but rounds hang at the node, without the bridge if one is in question.
            hangs := false;
            if asks then
                search := search + 2;
                seen[node] := search;
                queue := array[node];
                head := 1;
                other_queue := '{}';
                other_head := 1;
                if bridge > 0 then
                    seen[target[bridge]] := search + 1;
                    other_queue := array[target[bridge]];
                end if;
                is_other := true;
                hangs := true;
                <<searching>>
                while head <= cardinality(queue) loop
                    is_other := not is_other and other_head <= cardinality(other_queue);
                    if is_other then
                        node := other_queue[other_head];
                        other_head := other_head + 1;
                    else
                        node := queue[head];
                        head := head + 1;
                    end if;
                    before := 0;
                    ending := touching[node];
                    while ending > 0 loop
                        own := (ending + 1) / 2;
                        if used[own] then
                            if before = 0 then
                                touching[node] := next_touching[ending];
                            else
                                next_touching[before] := next_touching[ending];
                            end if;
                        else
                            before := ending;
                            neighbour := case when ending % 2 = 1 then target[own] else source[own] end;
                            if own = bridge then
                                null;
                            elsif seen[neighbour] < search then
                                if is_other then
                                    other_queue[cardinality(other_queue) + 1] := neighbour;
                                    seen[neighbour] := search + 1;
                                elsif surplus[neighbour] <> 0 then
                                    hangs := false;
                                    exit searching;
                                else
                                    queue[cardinality(queue) + 1] := neighbour;
                                    seen[neighbour] := search;
                                end if;
                            elsif seen[neighbour] = search + (not is_other)::int then
                                hangs := false;
                                exit searching;
                            end if;
                        end if;
                        ending := next_touching[ending];
                    end loop;
                end loop;
            end if;

            if asks and bridge = 0 then
                not_closed_after := cardinality(picked);
                continue when not hangs;
                rounds_at := current;
            elsif hangs and starts then
                -- It cannot begin a trail any more: the trail that walks its rounds comes back to it.
                beginning := beginning + 1;
                continue;
            elsif hangs then
                rounds_at := source[edge];
            end if;

            if bridge > 0 then
                used[edge] := true;
                surplus[source[edge]] := surplus[source[edge]] - 1;
                surplus[target[edge]] := surplus[target[edge]] + 1;
                left_to_go[source[edge]] := left_to_go[source[edge]] - 1;
            end if;
            if rounds_at > 0 then
                stack := array[rounds_at];
                via := array[0];
                depth := 1;
                walked := '{}';
                while depth > 0 loop
                    node := stack[depth];
                    own := leaving[node];
                    while own > 0 and used[own] loop
                        own := next_leaving[own];
                    end loop;
                    leaving[node] := own;
                    if own = 0 then
                        if via[depth] > 0 then
                            walked[cardinality(walked) + 1] := via[depth];
                        end if;
                        depth := depth - 1;
                    else
                        used[own] := true;
                        left_to_go[node] := left_to_go[node] - 1;
                        depth := depth + 1;
                        stack[depth] := target[own];
                        via[depth] := own;
                    end if;
                end loop;
                for place in reverse cardinality(walked) .. 1 loop
                    picked[cardinality(picked) + 1] := walked[place];
                end loop;
                current := rounds_at;
            end if;
            if bridge > 0 then
                picked[cardinality(picked) + 1] := edge;
                current := target[edge];
            end if;
        end loop;
        return picked;
    end
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
        n int := cardinality(seconds);
        -- Numbers in place of texts: an element of an array of texts is not found at once.
        numbers int[];
        first_of_second int[];
        first_item int := 1;
        in_second int;
        nodes int;
        second_values int[];
        last_value int;
        picked int[];
        positions int[] := array_fill(0, array[n]);
    begin
        numbers := array(
            select numbered.number
            from (
                select
                    given.place,
                    dense_rank() over (order by given.value collate "C") as number
                from unnest(old_values || new_values) with ordinality as given (value, place)
            ) as numbered
            order by numbered.place
        );
        first_of_second := array(
            select min(given.item)
            from unnest(seconds) with ordinality as given (moment, item)
            group by given.moment
            order by 1
        );
        for place in 1 .. cardinality(first_of_second) loop
            first_item := first_of_second[place];
            in_second := coalesce(first_of_second[place + 1], n + 1) - first_item;
            if in_second = 1 then
                positions[first_item] := first_item;
                last_value := numbers[n + first_item];
                continue;
            end if;
            second_values := '{}';
            for k in 1 .. in_second loop
                second_values[k] := numbers[first_item + k - 1];
                second_values[in_second + k] := numbers[n + first_item + k - 1];
            end loop;
            second_values[2 * in_second + 1] := last_value;
            second_values := array(
                select numbered.number
                from (
                    select given.place, dense_rank() over (order by given.value) as number
                    from unnest(second_values) with ordinality as given (value, place)
                ) as numbered
                order by numbered.place
            );
            picked := {{ target.schema }}.chain_order(
                case when place > 1 then second_values[2 * in_second + 1] end,
                second_values[1:in_second],
                second_values[in_second + 1:2 * in_second],
                2 * in_second + 1
            );
            for k in 1 .. in_second loop
                positions[first_item + picked[k] - 1] := first_item + k - 1;
            end loop;
            last_value := numbers[n + first_item + picked[in_second] - 1];
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

{# A list's elements as rows of (element, number), the first being 1. #}
{% macro each_element(list) -%}
    {{ adapter.dispatch('each_element', 'lead_handoff')(list) }}
{%- endmacro %}

{% macro postgres__each_element(list) -%}
    lateral unnest({{ list }}) with ordinality
{%- endmacro %}
