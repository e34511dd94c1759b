{{ config(materialized='view') }}

with stops as (

    select * from {{ ref('int_sources__stops') }}

),

final as (

    -- Which kind of fact a stopped object or column told.
    select
        case
            when field_role = 'owner' then 'owners'
            when field_role = 'score' then 'scores'
            when field_role = 'attribute' then 'attributes'
            when field_role = 'rejection_reason' then 'reasons'
            when {{ is_opportunity_object('object_name') }} then 'opportunities'
            when
                object_name in ('Task', 'Event', 'calls', 'emails', 'meetings', 'tasks')
                or (source_system = 'generic' and object_name = 'activities')
                then 'activities'
        end as kind,
        stopped_from,
        coalesce(resumed_at, {{ end_of_time() }}) as resumed_at
    from stops

)

select * from final
