{{ config(indexes=[{'columns': ['lead_id']}]) }}

with candidates as (

    select * from {{ ref('int_events__candidates') }}
    where stage is not null and stage <> 'none'

),

automation_users as (

    select agreement_version, source_system, user_id
    from {{ ref('stg_agreement__automation_users') }}

),

actors as (

    select source_system, user_id from {{ ref('int_events__actors') }}

),

stages as (

    select stage, stage_rank, kind from {{ ref('stg_agreement__stages') }}

),

final as (

    select
        {{ stage_event_id(
            'candidates.source_system', 'candidates.object_name', 'candidates.source_event_id'
        ) }} as event_id,
        candidates.*,
        stages.stage_rank,
        stages.kind as stage_kind,
        {{ actor_type(
            'candidates.actor_id', 'automation_users.user_id', 'actors.user_id',
            'candidates.campaign', 'candidates.reason'
        ) }} as actor_type
    from candidates
    inner join stages on candidates.stage = stages.stage
    left join automation_users
        on
            candidates.agreement_version = automation_users.agreement_version
            and candidates.source_system = automation_users.source_system
            and candidates.actor_id = automation_users.user_id
    left join actors
        on
            candidates.source_system = actors.source_system
            and candidates.actor_id = actors.user_id

)

select * from final
