-- depends_on: {{ ref('int_times__known_before') }}
{%- set shown = ['source_time', 'agreement_time', 'utc_time'] %}
{%- set days = ['source_day', 'agreement_day', 'utc_day'] %}

with by_people as (

    select * from {{ ref('int_times__rows') }}

),

sources as (

    select source_system, time_zone from {{ ref('stg_agreement__sources') }}

),

limits as (

    select one_time_of_day_share, one_time_of_day_rows, one_time_of_day_days
    from {{ ref('int_agreement__limits') }}
    where is_in_force

),

counted as (

    select
        time_column,
        {{ (shown + days) | join(', ') }},
        count(*) as shown_in
    from by_people
    group by grouping sets (
        {% for name in shown + days -%}
        (time_column, {{ name }}){{ ',' if not loop.last }}
        {% endfor %}
    )

),

totals as (

    select
        time_column,
        {% for name in shown %}
        max(shown_in) filter (where {{ name }} is not null) as most_{{ name }},
        count({{ days[loop.index0] }}) as {{ days[loop.index0] }}s,
        {% endfor %}
        sum(shown_in) filter (where utc_time is not null) as all_rows
    from counted
    group by time_column

),

-- Where nearly all rows, on many days, show one time of day, it is no time of day (ruling 119).
one_times as (

    select
        totals.time_column,
    {% for name in shown %}
    max(counted.{{ name }}) filter (
        where
        counted.shown_in = totals.most_{{ name }}
        and totals.most_{{ name }} >= limits.one_time_of_day_share * totals.all_rows
        and totals.{{ days[loop.index0] }}s >= limits.one_time_of_day_days
    ) as one_{{ name }}{{ ',' if not loop.last }}
    {% endfor %}
    from totals
    inner join counted on totals.time_column = counted.time_column
    inner join limits on totals.all_rows >= limits.one_time_of_day_rows
    group by totals.time_column

),

time_columns as (

    {% for time_column, relation, moment, user_id in time_columns() %}
    {% if not loop.first %}union all{% endif %}
    select '{{ time_column }}' as time_column, '{{ time_column.split('.')[0] }}' as source_system
    {% endfor %}

),

final as (

    select
        time_columns.time_column,
        time_columns.source_system,
        coalesce(sources.time_zone, 'UTC') as source_time_zone,
        one_times.one_source_time,
        one_times.one_agreement_time,
        one_times.one_utc_time
    from time_columns
    left join sources on time_columns.source_system = sources.source_system
    left join one_times on time_columns.time_column = one_times.time_column

)

select * from final
