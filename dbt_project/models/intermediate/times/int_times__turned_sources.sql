{{ config(materialized='view') }}

with known_before as (

    select * from {{ ref('int_times__known_before') }}

),

time_columns as (

    select * from {{ ref('int_times__columns') }}

),

final as (

    -- A column that begins to show one time of day, or ceases to, is read otherwise in each row.
    select distinct time_columns.source_system
    from time_columns
    inner join known_before on time_columns.time_column = known_before.time_column
    where
    {% for name in ['one_source_time', 'one_agreement_time', 'one_utc_time'] %}
        {{ 'or ' if not loop.first }}cast(time_columns.{{ name }} as {{ type_text() }})
        is distinct from cast(known_before.{{ name }} as {{ type_text() }})
    {% endfor %}

)

select * from final
