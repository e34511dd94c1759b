{#
    Which numbers hang together: for each of 1..n the smallest number that it is linked with, over however
    many links. Each number points at another one of its part, in the end at the smallest; looking one up
    shortens the way, so that neither a long chain nor a part of thousands costs more than its links.
#}
{% macro create_components_function() %}
    create or replace function {{ target.schema }}.components(n int, one int[], other int[])
    returns int[] language plpgsql immutable parallel safe as $$
    declare
        points_at int[] := array(select generate_series(1, n));
        a int;
        b int;
    begin
        for link in 1 .. coalesce(cardinality(one), 0) loop
            a := one[link];
            while points_at[a] <> a loop
                points_at[a] := points_at[points_at[a]];
                a := points_at[a];
            end loop;
            b := other[link];
            while points_at[b] <> b loop
                points_at[b] := points_at[points_at[b]];
                b := points_at[b];
            end loop;
            points_at[greatest(a, b)] := least(a, b);
        end loop;
        for place in 1 .. n loop
            -- Whatever it points at is smaller and was settled before.
            points_at[place] := points_at[points_at[place]];
        end loop;
        return points_at;
    end
    $$
{% endmacro %}

{# The list of each number's component, for rows of two linked numbers. See components. #}
{% macro components_of(n, one, other) -%}
    {{ adapter.dispatch('components_of', 'lead_handoff')(n, one, other) }}
{%- endmacro %}

{% macro postgres__components_of(n, one, other) -%}
    {{ target.schema }}.components(
        {{ n }},
        array_agg({{ one }}) filter (where {{ one }} is not null),
        array_agg({{ other }}) filter (where {{ one }} is not null)
    )
{%- endmacro %}
