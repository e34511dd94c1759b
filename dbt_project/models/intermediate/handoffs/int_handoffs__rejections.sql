{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with rejections as (

    select * from {{ ref('int_handoffs__exits') }}

),

spans as (select * from {{ ref('int_fields__spans') }}),

reasons as (

    select * from {{ ref('stg_agreement__rejection_reasons') }}

),

-- A value that was set before the handoff opened belongs to an earlier rejection.
values_in_time as (

    select
        rejections.handoff_id,
        spans.position,
        case
            when {{ to_second('spans.set_at') }} >= {{ to_second('rejections.offered_at') }}
                then trim(spans.value)
        end as reason
    from rejections
    inner join spans
        on
            rejections.lead_id = spans.lead_id
            and rejections.source_system = spans.source_system
            and rejections.history_name = spans.history_name
            and trim(spans.value) <> ''
            and (
                rejections.exited_at is null
                or spans.from_at < {{ to_second('rejections.exited_at') }}
                or spans.from_at <= rejections.entered_second
            )
            and spans.to_at > rejections.entered_second

),

-- The field's value at the exit, else the first one it gets before the lead's next transition.
field_reasons as (

    {{ first_per('values_in_time', ['handoff_id'], ['position']) }}

),

reasoned as (

    select
        rejections.*,
        -- A machine's reason is nobody's.
        case
            when rejections.actor_type = 'automation' then null
            when rejections.history_name is not null then field_reasons.reason
            else nullif(trim(rejections.event_reason), '')
        end as rejection_reason
    from rejections
    left join field_reasons on rejections.handoff_id = field_reasons.handoff_id

),

final as (

    select
        reasoned.handoff_id,
        reasoned.transition_number as rejection_number,
        reasoned.rejection_at,
        reasoned.entered_second as rejection_second,
        reasoned.rejection_earliest_at,
        reasoned.rejection_latest_at,
        reasoned.rejection_stage,
        reasoned.source_system as rejection_source_system,
        reasoned.actor_type as rejection_actor_type,
        reasoned.rejection_reason,
        reasons.family as rejection_family,
        coalesce(reasons.is_overqualification, false) as is_overqualification,
        -- A missing or unlisted reason needs follow-up first.
        coalesce(reasons.needs_follow_up, true) as needs_follow_up
    from reasoned
    left join reasons
        on
            reasoned.judged_version = reasons.agreement_version
            and reasoned.rejection_reason = reasons.reason

)

select * from final
