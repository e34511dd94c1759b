{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['handoff_id', 'leg_number'], 'unique': true}, {'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

owners as (

    select * from {{ ref('int_handoffs__owners') }}

),

responses as (

    select handoff_id, responded_at from {{ ref('int_handoffs__responses') }}

),

changes as (

    select * from {{ ref('int_handoffs__owner_changes') }}

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}

),

legs as (

    select
        changes.handoff_id,
        offers.lead_id,
        offers.judged_version,
        changes.owner_id,
        changes.step_number,
        coalesce(roster.calendar, offers.default_calendar) as calendar,
        changes.from_at,
        coalesce(
            lead(changes.from_at) over (
                partition by changes.handoff_id order by changes.step_number
            ),
            owners.waits_until
        ) as to_at,
        lead(changes.from_at) over (
            partition by changes.handoff_id order by changes.step_number
        ) is null
        and responses.responded_at is not null as responded
    from changes
    inner join offers on changes.handoff_id = offers.handoff_id
    inner join owners on changes.handoff_id = owners.handoff_id
    inner join responses on changes.handoff_id = responses.handoff_id
    {{ join_roster('offers.judged_version', 'changes.source_system', 'changes.owner_id') }}

),

final as (

    select
        handoff_id,
        lead_id,
        judged_version,
        row_number() over (partition by handoff_id order by step_number) as leg_number,
        owner_id,
        calendar,
        from_at,
        to_at,
        responded,
        {{ business_seconds_before('legs.judged_version', 'legs.calendar', 'legs.from_at') }}
            as working_seconds_before_start,
        case
            when to_at is not null
                then {{ business_seconds(
                    'legs.judged_version', 'legs.calendar', 'legs.from_at', 'legs.to_at'
                ) }}
        end as business_seconds_held
    from legs

)

select * from final
