with run as (

    select as_of from {{ source('build', 'build_context') }}

),

former_ids as (

    select former_id, event_id from {{ ref('int_events__former_ids') }}

),

findings as (

    select former_finding_id, finding_id from {{ ref('int_integrity__findings') }}
    where former_finding_id is not null

),

ids as (

    select former_id, event_id as current_id, 'event' as kind from former_ids

    union all

    select former_finding_id, finding_id, 'finding' from findings

),

final as (

    select
        ids.former_id,
        ids.current_id,
        ids.kind,
        run.as_of as run_as_of
    from ids
    cross join run

)

select * from final
